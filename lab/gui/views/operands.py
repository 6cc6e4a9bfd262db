"""What an operation reads and makes: as images, as numbers or as histograms."""

from __future__ import annotations

from functools import partial
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.gui.theme import Theme
from lab.gui.views.filter_groups import as_blocks, first_of, side_of
from lab.gui.widgets.histogram import Histogram, Histograms
from lab.gui.widgets.mosaic import Group, Place
from lab.gui.widgets.number_table import NumberTable
from lab.gui.widgets.scrolled import ScrolledMosaic
from lab.gui.widgets.sections import Formula
from lab.gui.widgets.wording import number
from lab.training.listing import Line
from lab.training.probes import Operand, Operation

Manner = Literal["image", "numbers", "histogram"]
MANNERS: tuple[tuple[Manner, str, str], ...] = (
    ("image", "Image", "Every number a pixel: blue negative, orange positive"),
    ("numbers", "Numbers", "Every number of one array"),
    ("histogram", "Histogram", "How the numbers are spread, over the examples of the batch"),
)
VECTOR = 4096
"""Numbers from which a vector of parameters is shown as lines of so many: nobody looks at a thousand squares."""
LINE = 256


class Operands(QWidget):
    """The line's name and formula, and its arrays in the manner that was chosen last.

    `manners`, the switch for that, is for whoever holds this to place.
    """

    said = Signal(str)
    """The number under the pointer in words; "" where there is none."""
    weight_picked = Signal(str, tuple)
    """A number of a parameter was clicked: the parameter's name, and its indices."""
    turned = Signal(int)
    """Another example of the batch is wanted, so many further on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._operation: Operation | None = None
        self._operands: list[tuple[Operand, str]] = []
        self._tab = ""
        self._is_brief = False
        self.heading = QLabel()
        self.heading.setProperty("heading", True)
        self.heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.formula = Formula()
        self.detail = QLabel()
        self.detail.setProperty("caption", True)
        self.detail.setWordWrap(True)
        self.coming = QLabel()
        self.coming.setProperty("caption", True)
        self.coming.setWordWrap(True)
        self.manners = QComboBox()
        self.manners.setAccessibleName("Show arrays as")
        self.manners.setToolTip("How an operation's inputs and outputs are shown")
        for k, (name, title, tip) in enumerate(MANNERS):
            self.manners.addItem(title, name)
            self.manners.setItemData(k, tip, Qt.ItemDataRole.ToolTipRole)
        self.manners.currentIndexChanged.connect(self._show)
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.heading, 1)
        for sign, which, by in (("‹", "Previous", -1), ("›", "Next", 1)):
            button = QToolButton()
            button.setText(sign)
            button.setProperty("flat", True)
            button.setAccessibleName(f"{which} example")
            button.setToolTip(f"{which} example of the batch")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(partial(self.turned.emit, by))
            head.addWidget(button)
        self._scroll = ScrolledMosaic(
            "Inputs and outputs of the operation", "One number a pixel: blue negative, orange positive"
        )
        self.mosaic = self._scroll.mosaic
        self.tabs = QTabBar()
        self.tabs.setAccessibleName("Which array")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.currentChanged.connect(self._turn)
        self.numbers = NumberTable()
        self.numbers.setAccessibleName("Numbers of the array")
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.tabs)
        column.addWidget(self.numbers, 1)
        self.histograms = Histograms()
        self.histograms.setAccessibleName("Histograms")
        self.histograms.setToolTip(
            "How many numbers lie where; heights go by the root of the count, so that few are seen too"
        )
        spreads = QScrollArea()
        spreads.setWidget(self.histograms)
        spreads.setWidgetResizable(True)
        spreads.setFrameShape(QFrame.Shape.NoFrame)
        spreads.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        spreads.viewport().setAutoFillBackground(False)
        self.histograms.setAutoFillBackground(False)
        self._pages = QStackedWidget()
        for widget in (self._scroll, page, spreads):
            self._pages.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(head)
        layout.addWidget(self.formula)
        layout.addWidget(self.detail)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.coming)
        self.mosaic.hovered.connect(self._hover)
        self.mosaic.clicked.connect(self._pick)
        self.numbers.clicked.connect(self._pick_number)
        self.be_brief(False)

    # what is shown

    @property
    def manner(self) -> Manner:
        return MANNERS[self.manners.currentIndex()][0]

    def show_as(self, manner: Manner) -> None:
        self.manners.setCurrentIndex(self.manners.findData(manner))

    def be_brief(self, brief: bool) -> None:
        """Leave out all but the name and the arrays; the rest is the name's tool tip."""
        self.formula.setVisible(not brief)
        self.detail.setVisible(not brief)
        self.setMinimumSize(200, 90 if brief else 140)
        self._is_brief = brief
        self.coming.setVisible(bool(self.coming.text()) and not brief)

    def name(self, line: Line, state: str) -> None:
        """Which operation it is, before its arrays are there. `state`: "done", "comes next", "to come"."""
        layer = "" if line.direction == "loss" else line.layer
        way = ", backward" if line.direction == "backward" else ""
        words = " · ".join(word for word in (layer, line.operation + way) if word)
        self.heading.setText(f"{line.number}  {words}")
        self.heading.setToolTip(f"Operation {line.number} of the update: {words}, {state}\n{line.formula}")
        self.formula.setText(line.formula.replace(";  ", "\n"))

    def clear(self) -> None:
        self._operation, self._operands = None, []
        self.detail.setText("")
        self._show()

    def show_operation(self, operation: Operation) -> None:
        self._operation = operation
        both = ((operation.inputs, "input"), (operation.outputs, "output"))
        self._operands = [(operand, side) for operands, side in both for operand in operands]
        if any(not operand.parameter and len(operand.shape) == 3 for operand, _ in self._operands):
            words = f"Example {operation.example + 1} of the batch's {operation.batch}"
            words += f" (number {operation.index} of the training part)"
            if operation.examples < operation.batch:
                words += f"; histograms over the first {operation.examples}"
        else:
            words = f"Of all {operation.batch} examples of the batch"
        self.detail.setText(words)
        self._show()

    @Slot()
    def _show(self) -> None:
        there = [(operand, side) for operand, side in self._operands if operand.values is not None]
        coming = [f"{title_of(o)} ({shape_of(o.shape)})" for o, _ in self._operands if o.values is None]
        self.coming.setText(f"To come: {', '.join(coming)}" if coming else "")
        self.coming.setVisible(bool(coming) and not self._is_brief)
        self._pages.setCurrentIndex(self.manners.currentIndex())
        if self.manner == "image":
            self.mosaic.show_groups(tuple(group_of(k, *each) for k, each in enumerate(there)))
        elif self.manner == "numbers":
            self._list(there)
        else:
            examples = self._operation.examples if self._operation else 0
            self.histograms.show_histograms(
                tuple(
                    Histogram(title_of(o), self._of_what(o, side, examples), o.spread)
                    for o, side in there
                    if o.spread is not None
                )
            )

    @staticmethod
    def _of_what(operand: Operand, side: str, examples: int) -> str:
        many = operand.spread is not None and operand.spread.total > int(np.prod(operand.shape))
        return f"{side} · {shape_of(operand.shape)}" + (f" · {examples} examples" if many else "")

    def _list(self, there: list[tuple[Operand, str]]) -> None:
        """One tab an array; the same stays chosen by its name."""
        names = [title_of(operand) for operand, _ in there]
        if names != [self.tabs.tabText(k) for k in range(self.tabs.count())]:
            self.tabs.blockSignals(True)
            while self.tabs.count():
                self.tabs.removeTab(0)
            for name in names:
                self.tabs.addTab(name)
            if self._tab in names:
                self.tabs.setCurrentIndex(names.index(self._tab))
            elif names:  # what is made says most
                self.tabs.setCurrentIndex(next((k for k, (_, s) in enumerate(there) if s == "output"), 0))
            self.tabs.blockSignals(False)
        self._fill()

    def _turn(self, _: int) -> None:
        self._tab = self.tabs.tabText(self.tabs.currentIndex())
        self._fill()

    def _fill(self) -> None:
        there = self._there
        at = self.tabs.currentIndex()
        values = there[at].values if 0 <= at < len(there) else None
        self.numbers.show_array(np.zeros(0, np.float32) if values is None else values)

    @property
    def _there(self) -> list[Operand]:
        return [operand for operand, _ in self._operands if operand.values is not None]

    def _pick(self, place: Place) -> None:
        there = self._there
        if int(place.group) < len(there) and (operand := there[int(place.group)]).parameter:
            self.weight_picked.emit(operand.parameter, spot_of(operand, place))

    def _pick_number(self, cell: QModelIndex) -> None:
        there, at = self._there, self.tabs.currentIndex()
        if 0 <= at < len(there) and there[at].parameter and cell.data() is not None:
            spot = self.numbers.numbers.spot(cell.row(), cell.column())
            self.weight_picked.emit(there[at].parameter, spot)

    def _hover(self, place: Place | None) -> None:
        there = self._there
        if place is None or int(place.group) >= len(there):
            self.said.emit("")
            return
        operand, value = there[int(place.group)], self.mosaic.value(place)
        spot = ", ".join(map(str, spot_of(operand, place)))
        self.said.emit(f"{title_of(operand)}[{spot}] = {number(value if value is not None else np.nan, 4)}")

    def show_theme(self, theme: Theme) -> None:
        for part in (self.mosaic, self.numbers, self.histograms):
            part.show_theme(theme)


def shape_of(shape: tuple[int, ...]) -> str:
    """6×28×28; of a vector its length."""
    if len(shape) == 3 and shape[1:] == (1, 1):
        shape = shape[:1]
    return "×".join(map(str, shape))


def title_of(operand: Operand) -> str:
    """The operand's name, with the parameter's where the name does not say it: "w after, weight"."""
    own = operand.parameter.rpartition(".")[2]
    unclear = own and (operand.name == "g" or operand.name.endswith((" before", " after")))
    return f"{operand.name}, {own}" if unclear else operand.name


def blocks_of(operand: Operand) -> NDArray[np.float32]:
    """The values as [tiles, panes, height, width]: a channel or a filter a tile, a matrix as one."""
    values = cast("NDArray[np.float32]", operand.values)
    if not operand.parameter and values.ndim == 3:
        return values[:, None]
    if values.ndim == 1 and len(values) > VECTOR:
        return values[: len(values) // LINE * LINE].reshape(1, 1, -1, LINE)
    return as_blocks(values, None)


def spot_of(operand: Operand, place: Place) -> tuple[int, ...]:
    """The indices of the number that a place of the mosaic shows."""
    shape = operand.shape
    if len(shape) == 4:
        return place.tile, place.pane, place.row, place.column
    if len(shape) == 3:
        return (place.tile,) if shape[1:] == (1, 1) else (place.tile, place.row, place.column)
    if len(shape) == 2:
        return place.row, place.column
    return (place.row * LINE + place.column,) if shape[0] > VECTOR else (place.tile,)


def group_of(k: int, operand: Operand, side: str) -> Group:
    blocks = blocks_of(operand)
    detail = f"{side} · {shape_of(operand.shape)}"
    shown = first_of(blocks)
    if shown.size < np.prod(operand.shape):
        detail += f" · the first {shown.size:,}"
    finite = shown[np.isfinite(shown)]
    limit = float(np.abs(finite).max(initial=0.0)) or 1.0
    if shown.shape[2:] != (1, 1) and not operand.parameter and len(operand.shape) == 3:
        side_wished = 60
    elif shown.shape[2:] == (1, 1):
        side_wished = 28 if len(shown) <= 24 else 14 if len(shown) <= 200 else 8
    else:
        side_wished = min(side_of(shown), 320)
    return Group(str(k), title_of(operand), detail, shown, np.array([limit]), side_wished)
