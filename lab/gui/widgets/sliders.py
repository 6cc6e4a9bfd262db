"""Sliders over several powers of ten."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QSlider, QWidget


class LogSlider(QSlider):
    """From `least` to `most`, equal ways for equal factors. `moved` carries values of two significant digits.

    `whole` rounds to whole numbers.
    """

    moved = Signal(float)

    RESOLUTION = 1000

    def __init__(self, least: float, most: float, whole: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._least, self._most, self._whole = least, most, whole
        self.setRange(0, self.RESOLUTION)
        self.setPageStep(self.RESOLUTION // 10)
        self.setSingleStep(self.RESOLUTION // 50)
        self.valueChanged.connect(self._report)

    def set_bounds(self, least: float, most: float) -> None:
        value = self.number()
        self._least, self._most = least, max(most, least * 1.0001)
        self.show_value(value)

    def number(self) -> float:
        """The value where the handle is."""
        if self.value() == self.RESOLUTION:
            return self._most
        exact = self._least * (self._most / self._least) ** (self.value() / self.RESOLUTION)
        return float(max(round(exact), 1)) if self._whole else float(f"{exact:.2g}")

    def show_value(self, value: float) -> None:
        """Put the handle at `value`, or at the nearer end if it lies outside."""
        inside = min(max(value, self._least), self._most)
        where = math.log(inside / self._least) / math.log(self._most / self._least)
        self.blockSignals(True)
        self.setValue(round(where * self.RESOLUTION))
        self.blockSignals(False)

    @Slot()
    def _report(self) -> None:
        self.moved.emit(self.number())
