"""Two weights as a plane's axes: stepped through, typed by name or number, or clicked anywhere in the window."""

from __future__ import annotations

import re

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QFocusEvent, QValidator
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QWidget

from lab.gui.views.weights import flat_index, weight_name
from lab.network.network import Analysis

PATTERN = re.compile(r"\s*([\w.]+)\s*\[([\d,\s]*)\]\s*")
WIDEST, NARROWEST = 200, 110
"""Pixels."""


class WeightBox(QSpinBox):
    """A weight by its flat index, written as its name. Where it has the focus, it is the one that a click sets."""

    focused = Signal()

    def __init__(self, axis: str, start: int) -> None:
        super().__init__()
        self._analysis: Analysis | None = None
        self.axis = axis
        self.setMaximum(2**31 - 1)
        self.setValue(start)
        self.setKeyboardTracking(False)
        self.setAccessibleName(f"Weight along {axis}")
        self.setMinimumWidth(NARROWEST)

    def name_weights(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self.setMaximum(max((analysis.parameter_count or 1) - 1, 0))
        self.setValue(self.value())
        last = np.cumsum([parameter.size for parameter in analysis.parameters]) - 1
        names = (self.textFromValue(int(k)) for k in last)
        longest = max(map(self.fontMetrics().horizontalAdvance, names), default=0)
        self.setFixedWidth(min(max(longest + 42, NARROWEST), WIDEST))
        self.show_tip(False)

    def show_tip(self, is_next: bool) -> None:
        name = "" if self._analysis is None else weight_name(self._analysis, self.value())
        turn = "The next weight that is clicked becomes it." if is_next else "Clicked weights set it in turn."
        self.setToolTip(f"The weight along {self.axis}: {name}, number {self.value()} of all weights. {turn}")

    def textFromValue(self, value: int) -> str:
        return str(value) if self._analysis is None else weight_name(self._analysis, value).replace(", ", ",")

    def valueFromText(self, text: str) -> int:
        found = self._read(text)
        return self.value() if found is None else found

    def validate(self, text: str, position: int) -> object:
        state = QValidator.State.Intermediate if self._read(text) is None else QValidator.State.Acceptable
        return state, text, position

    def _read(self, text: str) -> int | None:
        """The flat index that a text says; None where it says none."""
        if text.strip().isdigit():
            number = int(text)
            return number if number <= self.maximum() else None
        match = PATTERN.fullmatch(text)
        if match is None or self._analysis is None:
            return None
        place = tuple(int(k) for k in match[2].split(",") if k.strip())
        try:
            found = flat_index(self._analysis, match[1], place)
        except ValueError:
            return None
        return found if found >= 0 else None

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit()


class WeightBoxes(QObject):
    """`chosen` when another plane is wanted. Clicks set the two in turn, beginning with the one that has the focus.

    `rows` are the two widgets, each with its caption.
    """

    chosen = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.boxes = WeightBox("x", 0), WeightBox("y", 1)
        self.rows = tuple(captioned(box.axis, box) for box in self.boxes)
        self.next = 0
        self._clicked = -1
        for k, box in enumerate(self.boxes):
            box.valueChanged.connect(lambda _: self._report())
            box.focused.connect(lambda k=k: self._take_turn(k))
        self._take_turn(0)

    @property
    def pair(self) -> tuple[int, int]:
        return self.boxes[0].value(), self.boxes[1].value()

    def set_pair(self, pair: tuple[int, int]) -> None:
        if pair != self.pair:
            for box, value in zip(self.boxes, pair, strict=True):
                box.blockSignals(True)
                box.setValue(value)
                box.blockSignals(False)
            self._report()

    def name_weights(self, analysis: Analysis) -> None:
        for box in self.boxes:
            box.blockSignals(True)
            box.name_weights(analysis)
            box.blockSignals(False)
        self._take_turn(self.next)

    def click(self, weight: int, listening: bool) -> None:
        """A weight was clicked somewhere; while nobody is `listening`, it is only remembered."""
        if weight < 0 or weight == self._clicked:
            return
        self._clicked = weight
        if listening and weight not in self.pair:
            k, other = self.next, 1 - self.next
            self._take_turn(other)
            self.boxes[k].setValue(weight)

    def _take_turn(self, k: int) -> None:
        self.next = k
        for place, box in enumerate(self.boxes):
            box.show_tip(place == k)

    def _report(self) -> None:
        self._take_turn(self.next)
        self.chosen.emit()


def captioned(caption: str, field: QWidget) -> QWidget:
    """A field behind its name."""
    pair = QWidget()
    row = QHBoxLayout(pair)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(5)
    label = QLabel(caption)
    label.setProperty("caption", True)
    label.setBuddy(field)
    row.addWidget(label)
    row.addWidget(field)
    return pair
