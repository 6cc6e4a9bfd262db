"""One line that says the value under the mouse or at the selected place."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from lab.gui.theme import number_font


class Readout(QLabel):
    """Elides what does not fit and shows it whole as a tool tip. `rest` is what it says at rest."""

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

    def sizeHint(self) -> QSize:
        return QSize(120, self.fontMetrics().height() + 6)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.fontMetrics().height() + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = self.contentsRect().adjusted(2, 0, -2, 0)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, area.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
