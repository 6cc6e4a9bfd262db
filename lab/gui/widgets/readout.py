"""What says the value under the mouse or at the selected place: one line, or two where it is narrow."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from lab.gui.theme import number_font

SEPARATOR = "  ·  "
ONE_LINE = 560
"""Pixels of width from which a sentence has room on one line."""


class Readout(QLabel):
    """Elides what does not fit and shows it whole as a tool tip. `rest` is what it says at rest."""

    rested = Signal(str)
    """What it says at rest from now on: the value at the selected place, or nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rest = self.hint = ""
        self.setFont(number_font())
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Value under the pointer")

    def rest(self, text: str) -> None:
        """What to say while nothing is hovered; without it the hint."""
        self.rested.emit(text)
        text = text or self.hint
        self._rest = text
        if not self.underMouse():
            self.say(text)

    def say(self, text: str) -> None:
        """Say `text`, or what is said at rest if it is empty."""
        text = text or self._rest
        if text != self.text():
            self.setText(text)
            self.setToolTip(text)

    @property
    def lines(self) -> int:
        low = self.maximumHeight() < 2 * self.fontMetrics().height()
        return 1 if low or self.width() >= ONE_LINE else 2

    def sizeHint(self) -> QSize:
        return QSize(120, self.lines * self.fontMetrics().height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.height() != self.sizeHint().height():
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = self.contentsRect().adjusted(2, 0, -2, 0)
        role = QPalette.ColorRole.PlaceholderText if self.text() == self.hint else self.foregroundRole()
        painter.setPen(self.palette().color(role))
        metrics, height = self.fontMetrics(), self.fontMetrics().height()
        lines = broken(self.text(), metrics, area.width(), self.lines)
        top = area.top() + (area.height() - height * len(lines)) // 2
        for k, line in enumerate(lines):
            text = shortened(line, metrics, area.width())
            painter.drawText(area.left(), top + k * height + metrics.ascent(), text)


def shortened(line: str, metrics: QFontMetrics, width: int) -> str:
    """The line, its end left out where it has no room. (Qt elides what just fits, too.)"""
    if metrics.horizontalAdvance(line) <= width:
        return line
    return metrics.elidedText(line, Qt.TextElideMode.ElideRight, width)


def broken(text: str, metrics: QFontMetrics, width: int, most: int) -> list[str]:
    """The text in at most so many lines, broken where a dot separates if all has room then, else between words; the
    last line has all that is left."""
    for between in (SEPARATOR, " "):
        lines = [""]
        for part in text.split(between):
            longer = f"{lines[-1]}{between}{part}" if lines[-1] else part
            if len(lines) < most and lines[-1] and metrics.horizontalAdvance(longer) > width:
                lines.append(part)
            else:
                lines[-1] = longer
        if all(metrics.horizontalAdvance(line) <= width for line in lines):
            break
    # what separates two words is said by the break
    return [line.strip(" ·") for line in lines] if len(lines) > 1 else lines
