"""Which function a layer has, and the one constant that it may have: chosen, dragged or typed."""

from __future__ import annotations

from typing import cast

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QWidget

from lab.gui.widgets.numbers import Number, has_manners
from lab.network.activations import ACTIVATIONS, Activation
from lab.value import Field, fields

FURTHEST = 3.0
"""Where the slider ends, if the constant may be larger; more can be typed."""
STEPS = 300


class FunctionKnob(QWidget):
    """`turned` carries the Activation that a person wants."""

    turned = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._activation: Activation | None = None
        self.kind = QComboBox()
        self.kind.setAccessibleName("Activation function")
        self.kind.setToolTip(
            "The function f of this layer; another one is an edit of the network, and can be undone"
        )
        for cls in ACTIVATIONS:
            self.kind.addItem(cls.title, cls)
        has_manners(self.kind)
        self.kind.activated.connect(self._choose)
        self.caption, self.slider, self.number = (
            QLabel(),
            QSlider(Qt.Orientation.Horizontal),
            Number(steps="linear"),
        )
        self.caption.setProperty("caption", True)
        self.caption.setBuddy(self.number)
        self.slider.setRange(0, STEPS)
        self.slider.setFixedWidth(110)
        self.slider.valueChanged.connect(self._drag)
        self.number.setFixedWidth(76)
        self.number.edited.connect(self._type)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for widget in (self.kind, self.caption, self.slider, self.number):
            row.addWidget(widget)
        row.addStretch(1)

    def show_function(self, activation: Activation | None) -> bool:
        """Whether it takes another width now."""
        before, self._activation = self.sizeHint(), activation
        self.setVisible(activation is not None)
        constant = constant_of(activation)
        for widget in (self.caption, self.slider, self.number):
            widget.setVisible(constant is not None)
        if activation is not None:
            self.kind.setCurrentIndex(ACTIVATIONS.index(type(activation)))
        if constant is not None and activation is not None:
            value = float(getattr(activation, constant.name))
            self.caption.setText(constant.title)
            for widget in (self.slider, self.number):
                widget.setAccessibleName(constant.title)
                widget.setToolTip(f"{constant.description}. {activation.formula}")
            low, high = self._ends(constant)
            self.number.setRange(low, constant.most if constant.most is not None else high)
            self.number.show_value(value)
            self.slider.blockSignals(True)
            self.slider.setValue(round(STEPS * (min(max(value, low), high) - low) / (high - low)))
            self.slider.blockSignals(False)
        return self.sizeHint() != before

    @staticmethod
    def _ends(constant: Field) -> tuple[float, float]:
        low = float(constant.least or 0.0)
        most = float(constant.most) if constant.most is not None else FURTHEST
        return (low or (0.01 if constant.above is not None else 0.0)), min(most, FURTHEST)

    def _choose(self, _: int) -> None:
        cls = self.kind.currentData()
        if self._activation is not None and cls is not type(self._activation):
            self.turned.emit(cls())

    def _drag(self, place: int) -> None:
        constant = constant_of(self._activation)
        if constant is not None:
            low, high = self._ends(constant)
            self._set(round(low + place / STEPS * (high - low), 4))

    def _type(self, value: object) -> None:
        self._set(float(cast(float, value)))

    def _set(self, value: float) -> None:
        constant = constant_of(self._activation)
        if (
            constant is not None
            and self._activation is not None
            and getattr(self._activation, constant.name) != value
        ):
            self.turned.emit(msgspec.structs.replace(self._activation, **{constant.name: value}))


def constant_of(activation: Activation | None) -> Field | None:
    """The number that a function may have: leaky ReLU's slope, ELU's limit, the sine's frequency."""
    if activation is None:
        return None
    return next((field for field in fields(type(activation)) if field.kind == "float"), None)
