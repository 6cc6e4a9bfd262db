"""One layer of the architecture panel: a line of numbers, and its form while it is selected."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QFrame, QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from lab.experiment.of_layer import OfLayer
from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.connections import ALL, written
from lab.gui.widgets.forms import GAP, LABEL_WIDTH, TextLine, ValueForm
from lab.gui.widgets.formula_words import told_formula
from lab.gui.widgets.inputs import InputsLine
from lab.gui.widgets.mend_row import MendRow
from lab.gui.widgets.numbers import OptionalNumber, words
from lab.gui.widgets.sections import MARGIN, NoticeLabel, ProblemLabel
from lab.network.layers.layer import Layer
from lab.network.network import Facts
from lab.value import fields, told

UNKNOWN = "–"
BAR = 3
"""Width of the bar on the left of a layer that is chosen or has a problem."""


def count(number: int | None) -> str:
    """A count as exactly as a narrow column allows."""
    if number is None:
        return UNKNOWN
    if number < 10_000_000:
        return f"{number:,}"
    return f"{number / 1e6:,.1f} M" if number < 1e9 else f"{number / 1e9:,.1f} G"


PLAIN = frozenset({"stride", "dilation", "padding", "output_padding", "groups"})
"""Settings that go without saying while they are at their least, and so change nothing."""


def sentence(layer: Layer) -> str:
    """The main settings of a layer in a few words: 6 filters · kernel 3×5 · padding same · ReLU."""
    parts = [layer.title]
    for field in fields(type(layer)):
        value = getattr(layer, field.name)
        if value is None or value == "valid" or (field.name in PLAIN and value == field.least):
            continue
        if field.kind == "int":
            many = field.title.removesuffix("s") if value == 1 else field.title
            parts.append(f"{value:,} {many}" if field.name.endswith("s") else f"{field.title} {value:,}")
        elif field.kind in ("pair", "padding"):
            parts.append(f"{field.title} {spoken(value)}")
        elif field.kind == "formula":
            parts.append(told_formula(value))
        elif field.kind == "table" and value:
            parts.append(f"{field.title} by a table")
        elif field.name == "activation":
            parts.append(value.title)
    return " · ".join(parts)


class Columns:
    """Where the columns of numbers lie, from the right: output shape, parameters, multiply-adds."""

    TITLES = ("Output", "Parameters", "Mult-adds")
    HINTS = (
        "Shape of one example after the layer: channels × height × width",
        "Numbers that are learned: weights and biases",
        "Multiplications with a weight in one forward pass of one example",
    )

    def __init__(self) -> None:
        plain, bold = QFontMetricsF(number_font()), QFontMetricsF(number_font(bold=True))  # of the totals
        samples = (("16×28×28", "Output"), ("123,456", "Parameters"), ("1,234,567", "Mult-adds"))
        fonts = plain, bold, bold
        self.widths = [
            max(metrics.horizontalAdvance(text) for text in pair) + 10
            for metrics, pair in zip(fonts, samples, strict=True)
        ]

    @property
    def total(self) -> float:
        return sum(self.widths)

    def cells(self, width: float) -> list[tuple[float, float]]:
        """(left, width) of each column in a line `width` wide."""
        left = width - MARGIN - self.total
        found = []
        for extent in self.widths:
            found.append((left, extent))
            left += extent
        return found


class TableLine(QWidget):
    """Titles or totals above and below the blocks, in the blocks' own columns."""

    def __init__(self, label: str, texts: tuple[str, str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = LIGHT
        self._label, self.texts, self.bold = label, texts, False
        self._inset = 0
        self.setFixedHeight(28)

    def show_texts(self, label: str, texts: tuple[str, str, str]) -> None:
        self._label, self.texts = label, texts
        self.setAccessibleName(" ".join((label, *texts)))
        self.update()

    def set_inset(self, inset: int) -> None:
        """How much narrower the blocks are than this line: the scroll bar beside them."""
        if inset != self._inset:
            self._inset = inset
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = number_font(self.font().pointSizeF() - (0 if self.bold else 1))
        font.setBold(self.bold)
        painter.setFont(font)
        painter.setPen(QColor(self.theme.text if self.bold else self.theme.muted))
        height, columns = self.height(), Columns()
        painter.drawText(QRectF(MARGIN, 0, 160, height), Qt.AlignmentFlag.AlignVCenter, self._label)
        if self.bold:
            painter.fillRect(QRectF(0, 0, self.width(), 1), QColor(self.theme.border))
        for (left, width), text in zip(columns.cells(self.width() - self._inset), self.texts, strict=True):
            align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(QRectF(left, 0, width, height), align, text)
        painter.end()


class BlockHead(QWidget):
    """The always visible part of a block: name and numbers, and under them the settings in words."""

    pressed = Signal(object)  # the keyboard's modifiers
    dragged = Signal(QPointF)  # global position
    dropped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = LIGHT
        self.facts: Facts | None = None
        self.selected = self.chosen = False
        self._sources = ""
        self._from: QPointF | None = None
        self._dragging = False
        self._hovered = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(int(Columns().total) + 64 + 2 * MARGIN, 2 * metrics.height() + 17)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def show_facts(self, facts: Facts, selected: bool, chosen: bool, before: str) -> None:
        """`before` is the layer before it in the list: inputs are named where they are not simply that."""
        sources = "" if facts.inputs == (before,) else f"from {', '.join(facts.inputs)} · "
        if (facts, selected, chosen, sources) == (self.facts, self.selected, self.chosen, self._sources):
            return
        self.facts, self.selected, self.chosen, self._sources = facts, selected, chosen, sources
        macs = f"{facts.multiply_adds:,}" if facts.multiply_adds is not None else UNKNOWN
        self.setToolTip(f"{facts.layer.summary}\n{sources}{sentence(facts.layer)}\nMultiply-adds: {macs}")
        self.setAccessibleName(f"{facts.name}: {sources}{sentence(facts.layer)}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.facts is None:
            return
        theme, facts = self.theme, self.facts
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.chosen and not self.selected:  # with the one whose form is open
            wash = QColor(theme.accent)
            wash.setAlphaF(0.1)
            painter.fillRect(self.rect(), wash)
            painter.fillRect(0, 0, BAR, self.height(), QColor(theme.accent))
        elif self._hovered and not self.selected:
            painter.fillRect(self.rect(), QColor(theme.raised))
        line = self.fontMetrics().height() + 2
        top = 7.0
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(QColor(theme.text))
        cells = Columns().cells(self.width())
        shape = UNKNOWN if facts.output is None else str(facts.output)
        # the name has what the shape leaves: a shape that lost its first figure would be another one
        end, extent = sum(cells[0]), QFontMetricsF(number_font()).horizontalAdvance(shape) + 1
        cells[0] = end - extent, extent
        room = cells[0][0] - MARGIN - GAP
        name = QFontMetricsF(bold).elidedText(facts.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(MARGIN, top, room, line), Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(number_font())
        texts = (shape, count(facts.parameter_count), count(facts.multiply_adds))
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        for (left, width), text in zip(cells, texts, strict=True):
            painter.setPen(QColor(theme.muted if text in ("0", UNKNOWN) else theme.text))
            painter.drawText(QRectF(left, top, width, line), align, text)
        small = number_font(self.font().pointSizeF() - 0.5)
        painter.setFont(small)
        painter.setPen(QColor(theme.muted))
        room = self.width() - 2 * MARGIN
        text = QFontMetricsF(small).elidedText(
            self._sources + sentence(facts.layer), Qt.TextElideMode.ElideRight, room
        )
        painter.drawText(QRectF(MARGIN, top + line, room, line), Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._from, self._dragging = event.globalPosition(), False
            self.pressed.emit(event.modifiers())
        elif event.button() == Qt.MouseButton.RightButton and not self.chosen:
            self.pressed.emit(Qt.KeyboardModifier.NoModifier)  # the menu that opens is of what is chosen

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is None:
            return
        moved = (event.globalPosition() - self._from).manhattanLength()
        if self._dragging or moved >= QApplication.startDragDistance():
            self._dragging = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.dragged.emit(event.globalPosition())

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._from = None
        if self._dragging:
            self._dragging = False
            self.unsetCursor()
            self.dropped.emit()

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.HoverEnter, QEvent.Type.HoverLeave):
            self._hovered = event.type() == QEvent.Type.HoverEnter
            self.update()
        return super().event(event)


class LayerBlock(QFrame):
    """A layer: head, problems, and while selected the form with all its settings."""

    edited = Signal(object, str)  # the new layer, the field
    learning_edited = Signal(object, str)  # the new OfLayer, the field
    renamed = Signal(object)
    connected = Signal(str, object)  # the source, instead of which input
    disconnected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.head = BlockHead()
        self.mends = MendRow(MARGIN)
        self.inputs: InputsLine | None = None
        self.form: ValueForm | None = None
        self.learning: ValueForm | None = None
        self._body: QWidget | None = None
        self._class: type[Layer] | None = None
        self._problem, self._notice = ProblemLabel(), NoticeLabel()
        self.name_line = TextLine()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.head)
        for label in (self._problem, self._notice):
            label.setContentsMargins(MARGIN, 0, MARGIN, 8)
        for widget in (self._problem, self.mends, self._notice):
            self._column.addWidget(widget)
        self.setProperty("block", True)

    @property
    def facts(self) -> Facts | None:
        return self.head.facts

    def set_theme(self, theme: Theme) -> None:
        self.head.theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        is_chosen = self.head.selected or self.head.chosen
        if is_chosen or self._problem.isVisibleTo(self):
            theme = self.head.theme
            painter = QPainter(self)
            colour = theme.accent if is_chosen else theme.danger
            painter.fillRect(0, 0, BAR, self.height(), QColor(colour))
            painter.end()

    def show_facts(
        self,
        facts: Facts,
        selected: bool,
        problems: list[str],
        own: OfLayer | None = None,
        all_layers: OfLayer | None = None,
        notices: Sequence[str] = (),
        chosen: bool = False,
        before: str = "",
    ) -> None:
        """The form is open while the layer is `selected`; others may be `chosen` with it.

        `own` is what the layer has of its own in learning, `all_layers` what holds where it has nothing.

        `problems` keep the network from running, `notices` do not. `before` is the layer before it in the list.
        """
        self.head.show_facts(facts, selected, chosen or selected, before)
        self.update()
        self._problem.show_sentences(problems)
        self._notice.show_sentences(list(notices))
        if selected:
            self._open(facts, facts.layer.takes_many or facts.inputs != (before,))
            if self.learning is not None and own is not None:
                for name in ("l1", "l2"):
                    field = self.learning.editor(name)
                    assert isinstance(field, OptionalNumber)
                    field.show_instead(getattr(all_layers, name) or 0.0)
                self.learning.show_value(own)
        elif self._body is not None:
            self._close()

    def _open(self, facts: Facts, with_inputs: bool) -> None:
        cls = type(facts.layer)
        if self._body is None or cls is not self._class or with_inputs != (self.inputs is not None):
            self._close()
            self._class = cls
            self._body = QWidget()
            grid = QGridLayout(self._body)
            grid.setContentsMargins(MARGIN, 4, MARGIN, MARGIN)
            grid.setHorizontalSpacing(GAP)
            grid.setVerticalSpacing(GAP)
            grid.setColumnMinimumWidth(0, LABEL_WIDTH)
            grid.setColumnStretch(1, 1)
            label = QLabel("Name")
            label.setProperty("caption", True)
            self.name_line = TextLine()
            self.name_line.setObjectName("name")
            self.name_line.edited.connect(self.renamed)
            self.form = ValueForm(cls)
            self.form.edited.connect(self.edited)
            grid.addWidget(label, 0, 0)
            grid.addWidget(self.name_line, 0, 1)
            if with_inputs:
                flowing = QLabel("Inputs")
                flowing.setProperty("caption", True)
                flowing.setContentsMargins(0, 8, 0, 0)
                self.inputs = InputsLine()
                self.inputs.connected.connect(self.connected)
                self.inputs.disconnected.connect(self.disconnected)
                grid.addWidget(flowing, 1, 0, Qt.AlignmentFlag.AlignTop)
                grid.addWidget(self.inputs, 1, 1)
            grid.addWidget(self.form, 2, 0, 1, 2)
            if hasattr(facts.layer, "start"):  # it has weights
                self.learning = ValueForm(OfLayer)
                self.learning.edited.connect(self.learning_edited)
                grid.addWidget(self.learning, 3, 0, 1, 2)
            self._column.addWidget(self._body)
        assert self.form is not None
        self.name_line.show_value(facts.name)
        self.form.show_value(facts.layer)

    def _close(self) -> None:
        if self._body is not None:
            self._body.hide()
            self._column.removeWidget(self._body)
            self._body.deleteLater()
            self._body, self.form, self.learning, self.inputs = None, None, None, None


def spoken(value: object) -> str:
    """A setting as it is named in the undo menu."""
    if isinstance(value, tuple):
        if len(value) == 2 and all(isinstance(number, int) for number in value):
            return told(value)
        return shortened(written(value)) if value else ALL
    if isinstance(value, str):
        return shortened(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return words(value) if isinstance(value, float) else str(getattr(value, "title", value))


def shortened(text: str, most: int = 24) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
