"""Which number is looked at: its layer, its unit and its place, to be chosen or typed."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QWidget

from lab.gui.widgets.numbers import WholeNumber, has_manners
from lab.network.shape import Shape
from lab.training.microscope import Spot

WIDE = 70


class PlaceBar(QWidget):
    """`moved` carries the Spot that a person wants to see."""

    moved = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._spot: Spot | None = None
        self._brief = self._is_vector = False
        self.layer = QComboBox()
        self.layer.setAccessibleName("Layer")
        self.layer.setToolTip("The layer whose arithmetic is shown")
        self.layer.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        has_manners(self.layer)
        self.layer.activated.connect(self._choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.layer)
        self._fields: list[tuple[QLabel, WholeNumber]] = []
        for name, tip in (
            ("unit", "Which unit, or feature map, counted from 0 (Page Up, Page Down)"),
            ("row", "Where in its map, counted from 0 (arrow keys)"),
            ("column", "Where in its map, counted from 0 (arrow keys)"),
        ):
            caption, field = QLabel(name), WholeNumber()
            caption.setProperty("caption", True)
            caption.setBuddy(field)
            field.setFixedWidth(WIDE)
            field.setToolTip(tip)
            field.setAccessibleName(name.capitalize())
            field.setWrapping(True)
            field.edited.connect(self._type)
            row.addWidget(caption)
            row.addWidget(field)
            self._fields.append((caption, field))
        row.addStretch(1)

    def be_brief(self, brief: bool) -> bool:
        """Leave the names of the fields to their tool tips, where it is narrow; whether that is another width."""
        changed = brief != self._brief
        self._brief = brief
        if changed:
            self._dress()
        return changed

    def _dress(self) -> None:
        for k, (caption, field) in enumerate(self._fields):
            there = k == 0 or not self._is_vector
            caption.setVisible(there and not self._brief)
            field.setVisible(there)

    def show_layers(self, names: tuple[str, ...]) -> None:
        if names != tuple(self.layer.itemText(k) for k in range(self.layer.count())):
            self.layer.blockSignals(True)
            self.layer.clear()
            self.layer.addItems(list(names))
            self.layer.blockSignals(False)

    def show_spot(self, spot: Spot, shape: Shape) -> bool:
        """Whether it takes another width now."""
        self._spot, before = spot, self.sizeHint()
        self.layer.setCurrentIndex(self.layer.findText(spot.layer))
        extents = (shape.channels, shape.height, shape.width)
        for (_, field), value, extent in zip(self._fields, spot.at, extents, strict=True):
            field.blockSignals(True)
            field.setRange(0, extent - 1)
            field.blockSignals(False)
            field.show_value(value)
        self._is_vector = shape.is_vector
        self._dress()
        return self.sizeHint() != before

    def _choose(self, _: int) -> None:
        self.moved.emit(Spot(self.layer.currentText(), -1, -1, -1))

    def _type(self, _: object) -> None:
        if self._spot is not None:
            self.moved.emit(Spot(self._spot.layer, *(field.value() for _, field in self._fields)))


class ExampleSteps(QWidget):
    """Two buttons: the example before, and the next."""

    turned = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for sign, name, tip, by in (
            ("‹", "Previous example", "The example before this one (P)", -1),
            ("›", "Next example", "The next example (N)", 1),
        ):
            button = QToolButton()
            button.setText(sign)
            button.setToolTip(tip)
            button.setAccessibleName(name)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(partial(self._turn, by))
            row.addWidget(button)

    def _turn(self, by: int, *_: object) -> None:
        self.turned.emit(by)
