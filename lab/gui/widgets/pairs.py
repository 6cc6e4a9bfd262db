"""Fields for what has two axes: one number for height and width, or one for each; and padding, which may be a word."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from lab.gui.icons import icon
from lab.gui.theme import DARK, LIGHT
from lab.gui.widgets.numbers import WholeNumber, has_manners
from lab.value import Pair, both

BY_HAND = "by hand"
SAME, APART = "Same height and width", "Height and width apart"
WORDS = {
    "valid": "Nothing is added: the window stays within the image",
    "same": "As many zeros around the image that, at stride 1, height and width stay the same",
}
"""What the words for padding mean."""


class Link(QToolButton):
    """On while height and width are one number. It wears the colours of the palette, whatever theme that is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setProperty("link", True)
        self.setIconSize(QSize(16, 16))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.toggled.connect(self._draw)
        self.setChecked(True)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._draw()

    @Slot()
    def _draw(self) -> None:
        theme = DARK if self.palette().color(QPalette.ColorRole.ButtonText).lightness() > 128 else LIGHT
        if self.isChecked():
            self.setIcon(icon("link", theme, theme.muted))
        else:
            self.setIcon(icon("unlink", theme))
        self.setToolTip(SAME if self.isChecked() else APART)


class PairField(QWidget):
    """A whole number for both axes, "3"; taken apart by the button at its end, one for each, "3 × 5".

    What it says is an int wherever both are equal.
    """

    edited = Signal(object)

    def __init__(self, least: int, most: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.height_box, self.width_box = WholeNumber(least, most), WholeNumber(least, most)
        self._times = QLabel("×")
        self._times.setProperty("caption", True)
        self.link = Link()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for box in (self.height_box, self.width_box):
            box.setMinimumWidth(40)
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            box.edited.connect(self._report)
        row.addWidget(self.height_box, 1)
        row.addWidget(self._times)
        row.addWidget(self.width_box, 1)
        row.addWidget(self.link)
        self.setFocusProxy(self.height_box)
        self.link.clicked.connect(self._toggle)
        self._title, self._tip = "", ""
        self._dress()

    @property
    def pair(self) -> Pair[int]:
        """What is shown."""
        height, width = self.height_box.value(), self.width_box.value()
        return height if self.link.isChecked() or height == width else (height, width)

    def describe(self, title: str, tip: str) -> None:
        """Name the parts for whoever hears them, and say which is which to whoever points at them."""
        self._title, self._tip = title, tip
        self._dress()

    def show_value(self, value: Pair[int]) -> None:
        height, width = both(value)
        if (height, width) == (self.height_box.value(), self.width_box.value()):
            return  # an echo: whoever has taken them apart is about to type
        self.height_box.show_value(height)
        self.width_box.show_value(width)
        self.link.setChecked(height == width)
        self._dress()

    @Slot()
    def _report(self) -> None:
        if self.link.isChecked():
            self.width_box.show_value(self.height_box.value())
        self.edited.emit(self.pair)

    @Slot(bool)
    def _toggle(self, linked: bool) -> None:
        was = self.height_box.value(), self.width_box.value()
        if linked:
            self.width_box.show_value(was[0])
        self._dress()
        if linked and was[0] != was[1]:
            self.edited.emit(self.pair)

    def _dress(self) -> None:
        apart = not self.link.isChecked()
        self._times.setVisible(apart)
        self.width_box.setVisible(apart)
        for box, axis in ((self.height_box, "height"), (self.width_box, "width")):
            if bool(box.property("bare")) != apart:  # two boxes with arrows have no room for four digits
                symbols = box.ButtonSymbols.NoButtons if apart else box.ButtonSymbols.UpDownArrows
                box.setButtonSymbols(symbols)
                box.setProperty("bare", apart)
                box.style().polish(box)
            box.setAccessibleName(f"{self._title}, {axis}" if apart else self._title)
            box.setToolTip(f"{axis.capitalize()}. {self._tip}".strip() if apart else self._tip)
        self.link.setAccessibleName(f"{self._title}: {SAME.lower()}" if self._title else SAME)


class PaddingField(QWidget):
    """A word, or "by hand" and under it the numbers. The combo may be placed elsewhere."""

    edited = Signal(object)

    def __init__(self, words: tuple[str, ...], least: int, most: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.combo = QComboBox()
        for word in (*words, BY_HAND):
            self.combo.addItem(word, word)
            tip = WORDS.get(word, "Rows and columns added on every side" if word == BY_HAND else "")
            self.combo.setItemData(self.combo.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        has_manners(self.combo)
        self.pair = PairField(least, most)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.pair)
        self.setFocusProxy(self.combo)
        self.combo.activated.connect(self._choose)
        self.pair.edited.connect(self.edited)
        self.hide()

    def describe(self, title: str, tip: str) -> None:
        self.combo.setAccessibleName(title)
        self.combo.setToolTip(tip)
        self.pair.describe(title, tip)

    def show_value(self, value: str | Pair[int]) -> None:
        if isinstance(value, str):
            self.combo.setCurrentIndex(self.combo.findData(value))
            self.hide()
        else:
            self.pair.show_value(value)
            self.combo.setCurrentIndex(self.combo.findData(BY_HAND))
            self.show()

    @Slot(int)
    def _choose(self, index: int) -> None:
        word = self.combo.itemData(index)
        self.edited.emit(self.pair.pair if word == BY_HAND else word)
