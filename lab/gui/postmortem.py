"""What happened, when a loss is not finite: where the first such number came up, the values before it, ways on."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from lab.gui.document import Document
from lab.gui.rescue import Rescue
from lab.gui.theme import Theme, number_font
from lab.gui.views.smoothing import leap
from lab.gui.widgets.legend import Entry, Legend
from lab.gui.widgets.plot import Plot, positive
from lab.gui.widgets.wording import counted, number
from lab.training.postmortem import Postmortem
from lab.training.row_by_row import Values

WIDE, HIGH = 900, 560
CHAIN_HIGH = 190
"""Pixels: of the dialog, and of the chain of layers and of the curve beside it."""

PLACES = {
    "data": "the data",
    "weights": "the weights of {layer}",
    "forward": "{layer} ({operation}), forward",
    "loss": "the loss",
    "gradient": "{layer} ({operation}), backward, in the gradient",
    "update": "{layer} ({operation}), in the update of the weights",
}


class PostmortemDialog(QDialog):
    """Calm: it explains, and offers; nothing happens until a person chooses. The window behind can be used."""

    def __init__(
        self, found: Postmortem, document: Document, ways: tuple[tuple[str, Rescue | int], ...], theme: Theme,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        """`ways` are offers in their order: words, and a Rescue or a step to go back to."""
        super().__init__(parent)
        self.setWindowTitle("What happened?")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._document = document
        head = QLabel(f"The loss is not finite at step {found.step:,}")
        font = head.font()
        font.setPointSizeF(font.pointSizeF() + 3)
        font.setWeight(font.Weight.DemiBold)
        head.setFont(font)
        self.sentence = QLabel(found.sentence)
        self.sentence.setWordWrap(True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(head)
        column.addWidget(self.sentence)
        middle = QHBoxLayout()
        middle.setSpacing(18)
        middle.addWidget(titled("The layers, in their order", self._chain(found)), 6)
        middle.addWidget(titled(ending(found), Ending(found, theme)), 4)
        column.addLayout(middle, 3)
        if found.taken:
            where = PLACES[found.direction].format(layer=found.layer, operation=found.operation)
            when = f", at step {found.at:,}" if found.at != found.step else ""
            column.addWidget(titled(f"The values there: {where}{when}", self._values(found)), 2)
        column.addLayout(self._buttons(ways))
        self.resize(WIDE, HIGH)

    def _chain(self, found: Postmortem) -> QWidget:
        """One line a layer; the offender has a sign and words."""
        body = QWidget()
        grid = table(body, ("", "", "greatest |w|", "greatest |y|", ""))
        names = [link.layer for link in found.chain]
        at = names.index(found.layer) if found.layer in names else len(names)
        for row, link in enumerate(found.chain, 1):
            is_it = row - 1 == at
            said = (
                "⚠ not finite here"
                if is_it
                else ""
                if row - 1 < at or found.direction == "gradient"
                else "after it"
            )
            if link.broken and is_it:
                said = f"⚠ {counted(link.broken, 'number')} not finite"
            cells = ("▸" if is_it else "", link.layer, known(link.weights), known(link.outputs), said)
            for column, text in enumerate(cells):
                label = cell(text, is_number=column in (2, 3), is_bold=is_it)
                if column == 4:
                    label.setProperty("problem" if is_it else "caption", True)
                grid.addWidget(label, row, column)
        if at == len(names) and found.layer == "loss":
            for column, text in ((0, "▸"), (1, "loss"), (4, "⚠ not finite here")):
                label = cell(text, is_number=False, is_bold=True)
                label.setProperty("problem", column == 4)
                grid.addWidget(label, len(names) + 1, column)
        grid.setRowStretch(grid.rowCount(), 1)
        self.chain = scrolled(body, "The layers, in their order")
        return self.chain

    def _values(self, found: Postmortem) -> QWidget:
        body = QWidget()
        grid = table(body, ("", "", "least", "greatest", "mean |x|", "not finite", "of"))
        lines = [("takes", v) for v in found.taken] + [("gives", v) for v in found.made]
        for row, (way, values) in enumerate(lines, 1):
            first = row == 1 or lines[row - 2][0] != way
            for column, text in enumerate((way if first else "", *described(values))):
                label = cell(text, is_number=column > 1, is_bold=column == 5 and values.broken > 0)
                if column == 0:
                    label.setProperty("caption", True)
                grid.addWidget(label, row, column)
        grid.setRowStretch(grid.rowCount(), 1)
        return scrolled(body, "The values there")

    def _buttons(self, ways: tuple[tuple[str, Rescue | int], ...]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        close = QPushButton("Close")
        close.setToolTip("Leave the run where it stands (Esc)")
        close.clicked.connect(self.close)
        row.addWidget(close)
        row.addStretch(1)
        for index, (words, way) in reversed(list(enumerate(ways))):
            button = QPushButton(words)
            button.setAutoDefault(index == 0)
            button.setDefault(index == 0)
            button.setProperty("primary", index == 0)
            button.clicked.connect(lambda _=False, way=way: self._take(way))
            row.addWidget(button)
        return row

    def _take(self, way: Rescue | int) -> None:
        self.close()
        if isinstance(way, Rescue):
            way.take(self._document)
        else:
            self._document.playback.go_back(way)


class Ending(QWidget):
    """The losses and gradient norms of the last updates."""

    def __init__(self, found: Postmortem, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.legend, self.plot = Legend(), Plot()
        self.legend.show_entries(
            (
                Entry("loss", lambda theme: theme.runs[0]),
                Entry("gradient norm", lambda theme: theme.muted, Qt.PenStyle.DashLine),
            )
        )
        self.plot.setAccessibleName("The last losses and gradient norms")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.legend)
        column.addWidget(self.plot, 1)
        self.plot.set_log(False, True)
        self.plot.name_axes("step (updates)", "")
        loss = self.plot.add_line(lambda theme: theme.runs[0])
        norm = self.plot.add_line(lambda theme: theme.muted, Qt.PenStyle.DashLine)
        steps = found.steps.astype(np.float64)
        for line, values in ((loss, found.losses), (norm, found.norms)):
            line.setData(steps, positive(np.where(np.isfinite(values), values, np.nan), True))
        both = np.concatenate([found.losses, found.norms])
        both = both[np.isfinite(both) & (both > 0)]
        low, high = (float(both.min()), float(both.max())) if len(both) else (0.1, 1.0)
        first, last = (float(steps[0]), float(steps[-1])) if len(steps) else (0.0, 1.0)
        self.plot.frame((first, max(last, first + 1)), (low / 1.5, leap(high) * 1.2))
        self.plot.show_theme(theme)
        self.legend.show_theme(theme)
        self.setMinimumHeight(CHAIN_HIGH)


def ending(found: Postmortem) -> str:
    return (
        f"The last {counted(len(found.steps), 'update')}" if len(found.steps) else "No update had been made"
    )


def described(values: Values) -> tuple[str, ...]:
    """Name, least, greatest, mean magnitude, how many are not finite, and of how many."""
    numbers = (known(v) for v in (values.least, values.greatest, values.magnitude))
    return (values.name, *numbers, f"{values.broken:,}", f"{values.size:,}")


def known(value: float) -> str:
    return "–" if np.isnan(value) else number(value)


def titled(title: str, widget: QWidget) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(6)
    label = QLabel(title)
    label.setProperty("heading", True)
    column.addWidget(label)
    column.addWidget(widget, 1)
    return holder


def table(body: QWidget, titles: tuple[str, ...]) -> QGridLayout:
    """A grid with a line of quiet titles; the first wide column is for names."""
    grid = QGridLayout(body)
    grid.setContentsMargins(10, 8, 10, 8)
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(4)
    for column, title in enumerate(titles):
        label = cell(title, is_number=column > 1, is_bold=False)
        label.setProperty("caption", True)
        grid.addWidget(label, 0, column)
    grid.setColumnStretch(1, 1)
    return grid


def cell(text: str, is_number: bool, is_bold: bool) -> QLabel:
    label = QLabel(text)
    label.setFont(number_font(bold=is_bold))
    if is_number:
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label


def scrolled(body: QWidget, name: str) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(body)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setProperty("card", True)
    for inner in (area.viewport(), body):  # which would paint the window's colour over the card's
        inner.setAutoFillBackground(False)
    area.setAccessibleName(name)
    return area
