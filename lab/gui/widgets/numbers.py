"""Fields for numbers: whole ones, and others that take 3e-4 as well as 0.0003."""

from __future__ import annotations

import math
from typing import Literal

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QDoubleSpinBox, QSpinBox, QWidget

from lab.gui.theme import number_font

Steps = Literal["linear", "log", "to one"]


def words(value: float) -> str:
    """A number as briefly as it can be said: 0.001, 1e-8, 12,000."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    if abs(value) >= 1000 and float(value).is_integer() and abs(value) < 1e9:
        return f"{int(value):,}"
    text = f"{value:.6g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}e{int(exponent)}"
    return text


UNDO = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)


class FieldManners(QObject):
    """Two things that a field leaves to others.

    The wheel, where the field merely lies under the pointer while a panel is scrolled; undo and redo, which are
    the window's: a field's own would only take back letters.
    """

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QWheelEvent) and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        if isinstance(event, QKeyEvent) and any(map(event.matches, UNDO)):
            event.ignore()
            return True
        return False


def has_manners(widget: QAbstractSpinBox | QComboBox) -> None:
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(FieldManners(widget))


class WholeNumber(QSpinBox):
    """An int. `edited` comes on Enter, on leaving, and on each arrow; never in the middle of typing."""

    edited = Signal(object)

    def __init__(self, least: int = 0, most: int = 2**31 - 1, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # 12 on the way to 128 would be a network of 12 units, and the weights of the others lost
        self.setKeyboardTracking(False)
        self.setRange(least, most)
        self.setFont(number_font())
        self.setAccelerated(True)
        has_manners(self)
        self.valueChanged.connect(self._report)

    @Slot(int)
    def _report(self, value: int) -> None:
        self.edited.emit(value)

    def show_value(self, value: int) -> None:
        if value != self.value():
            self.blockSignals(True)
            self.setValue(value)
            self.blockSignals(False)


class Number(QDoubleSpinBox):
    """A float, scientific notation accepted. Arrows go 1, 2, 5, 10, by hundredths, or 0.9, 0.95, 0.98."""

    edited = Signal(object)
    complained = Signal(str)  # why what is typed cannot be taken; "" when it can

    def __init__(
        self,
        least: float = -math.inf,
        most: float = math.inf,
        steps: Steps = "log",
        above: float | None = None,
        below: float | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._above, self._below, self._steps = above, below, steps
        self._least = least if above is None else above
        self._most = most if below is None else below
        self.setDecimals(18)
        self.setRange(max(self._least, -1e300), min(self._most, 1e300))
        self.setKeyboardTracking(False)
        self.setFont(number_font())
        has_manners(self)
        self.valueChanged.connect(self._report)
        self.lineEdit().textEdited.connect(self._judge)
        self.editingFinished.connect(self._settle)

    @Slot(float)
    def _report(self, value: float) -> None:
        self.edited.emit(value)

    def show_value(self, value: float) -> None:
        if value != self.value():
            self.blockSignals(True)
            self.setValue(value)
            self.blockSignals(False)
            self._settle()

    # --- text

    def textFromValue(self, value: float) -> str:
        return words(value)

    def valueFromText(self, text: str) -> float:
        number = parsed(text)
        return self.value() if number is None else number

    def validate(self, text: str, position: int) -> object:
        state = QValidator.State.Intermediate if self._complaint(text) else QValidator.State.Acceptable
        return state, text, position

    def fixup(self, _text: str) -> str:
        return words(self.value())

    def _complaint(self, text: str) -> str:
        number = parsed(text)
        if number is None:
            return "Type a number, such as 0.01 or 1e-2"
        if number < self._least or (self._above is not None and number <= self._above):
            return f"{'More than' if self._above is not None else 'At least'} {words(self._least)}"
        if number > self._most or (self._below is not None and number >= self._below):
            return f"{'Less than' if self._below is not None else 'At most'} {words(self._most)}"
        return ""

    @Slot(str)
    def _judge(self, text: str) -> None:
        self._show_complaint(self._complaint(text))

    @Slot()
    def _settle(self) -> None:
        self._show_complaint("")

    def _show_complaint(self, complaint: str) -> None:
        if bool(self.property("problem")) != bool(complaint):
            self.setProperty("problem", bool(complaint))
            self.style().polish(self)
        self.complained.emit(complaint)

    # --- arrows

    def stepBy(self, steps: int) -> None:
        value = self.value()
        for _ in range(abs(steps)):
            value = self._neighbour(value, 1 if steps > 0 else -1)
        if not self._complaint(repr(value)):
            self.setValue(value)
            self.selectAll()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        flags = QAbstractSpinBox.StepEnabledFlag.StepNone
        if self.value() < self._most:
            flags |= QAbstractSpinBox.StepEnabledFlag.StepUpEnabled
        if self.value() > self._least:
            flags |= QAbstractSpinBox.StepEnabledFlag.StepDownEnabled
        return flags

    def _neighbour(self, value: float, way: int) -> float:
        if self._steps == "linear":
            return round(value + 0.01 * way, 10)
        if self._steps == "to one":
            return round(1 - beside(1 - value, -way), 12) if value < 1 else value
        if value == 0:
            return 1e-5 * way
        if value < 0:
            return -beside(-value, -way)
        if way < 0 and value <= 1e-5 and self._least >= 0 and self._above is None:
            return 0.0
        return beside(value, way)


class OptionalNumber(Number):
    """A float or None: an empty field, in which stands palely what holds instead."""

    def __init__(
        self,
        least: float = -math.inf,
        most: float = math.inf,
        steps: Steps = "log",
        above: float | None = None,
        below: float | None = None,
        parent: QWidget | None = None,
    ) -> None:
        self._empty = True
        self._typed: str | None = None  # since the last edit
        super().__init__(least, most, steps, above, below, parent)
        self.editingFinished.connect(self._take)

    def show_instead(self, value: float) -> None:
        """What holds while the field is empty, and where its arrows start from."""
        self.lineEdit().setPlaceholderText(words(value))
        if self._empty and self._typed is None:
            self._set(value)

    def show_value(self, value: float | None) -> None:
        if value is None and not self._empty:
            self._empty = True
            self._set(parsed(self.lineEdit().placeholderText()) or 0.0)
            self._settle()
        elif value is not None and (self._empty or value != self.value()):
            self._empty = False
            self._set(value)
            self._settle()

    def _set(self, value: float) -> None:
        self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(False)
        # a value that is the same may have another text
        self.lineEdit().setText(self.textFromValue(value))

    @Slot(float)
    def _report(self, value: float) -> None:
        self._empty = False
        self.edited.emit(value)

    @Slot(str)
    def _judge(self, text: str) -> None:
        self._typed = text
        super()._judge(text)

    @Slot()
    def _take(self) -> None:
        """Tell what Qt does not: a value that stays, and counts from now on or no longer."""
        typed, self._typed = self._typed, None
        if typed is None or self._complaint(typed):
            return
        empty = not typed.strip()
        if empty != self._empty:
            self._empty = empty
            self._set(self.value())
            self.edited.emit(None if empty else self.value())

    def textFromValue(self, value: float) -> str:
        cleared = self._typed is not None and not self._typed.strip()
        return "" if cleared or (self._empty and self._typed is None) else words(value)

    def fixup(self, _text: str) -> str:
        return "" if self._empty else words(self.value())

    def _complaint(self, text: str) -> str:
        return super()._complaint(text) if text.strip() else ""

    def stepBy(self, steps: int) -> None:
        self._empty, self._typed = False, None
        super().stepBy(steps)


def parsed(text: str) -> float | None:
    """The number in `text`, None if there is none. Commas group thousands."""
    try:
        number = float(text.replace(",", "").replace("−", "-"))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def beside(value: float, way: int) -> float:
    """The next of ..., 0.1, 0.2, 0.5, 1, 2, 5, ... above (+1) or below (-1) a positive `value`."""
    if value <= 0:
        return value
    decade = math.floor(math.log10(value))
    ladder = [m * 10.0**e for e in range(decade - 1, decade + 2) for m in (1, 2, 5)]
    if way > 0:
        found = next(v for v in [*ladder, 10.0 ** (decade + 2)] if v > value * (1 + 1e-9))
    else:
        found = next(v for v in reversed(ladder) if v < value * (1 - 1e-9))
    return float(f"{found:.3g}")
