"""Bars with names and numbers: what the network says to one example."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, number_font


@dataclass(frozen=True)
class Bar:
    """One line: `length` is 0..1, `text` the number; `strong` lines stand out, `note` follows the name."""

    name: str
    length: float
    text: str
    strong: bool = False
    note: str = ""


class Bars(QWidget):
    """One bar a line. Where not all fit, the longest are shown, and how many are not."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._bars: tuple[Bar, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(90, 40)

    def show_bars(self, bars: tuple[Bar, ...]) -> None:
        if bars != self._bars:
            self._bars = bars
            self.setAccessibleDescription(", ".join(f"{b.name}{b.note}: {b.text}" for b in bars))
            self.update()

    @property
    def bars(self) -> tuple[Bar, ...]:
        return self._bars

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, 12 + len(self._bars) * (self.fontMetrics().height() + 4))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(number_font())
        metrics = painter.fontMetrics()
        line = metrics.height() + 4
        room = max(self.height() // line, 1)
        shown = list(self._bars)
        if len(shown) > room:
            longest = sorted(shown, key=lambda bar: -bar.length)[: max(room - 1, 1)]
            shown = [bar for bar in shown if bar in longest]
        bold = QFontMetrics(number_font(bold=True))
        fonts = {True: bold, False: metrics}
        names = max((fonts[b.strong].horizontalAdvance(b.name + b.note) for b in shown), default=0) + 10
        names = min(names, self.width() // 2)
        numbers = max((fonts[b.strong].horizontalAdvance(b.text) for b in shown), default=0) + 2
        space = max(self.width() - names - numbers - 8, 4)
        for row, bar in enumerate(shown):
            y = row * line
            painter.setFont(number_font(bold=bar.strong))
            painter.setPen(QColor(self._theme.text if bar.strong or bar.note else self._theme.muted))
            middle = Qt.AlignmentFlag.AlignVCenter
            name = painter.fontMetrics().elidedText(
                bar.name + bar.note, Qt.TextElideMode.ElideRight, names - 4
            )
            painter.drawText(QRectF(0, y, names, line), middle, name)
            track = QRectF(names, y + line / 2 - 4, space, 8)
            painter.fillRect(track, QColor(self._theme.grid))
            filled = QRectF(track.left(), track.top(), track.width() * min(max(bar.length, 0), 1), 8)
            painter.fillRect(filled, QColor(self._theme.accent if bar.strong else self._theme.muted))
            end = QRectF(self.width() - numbers, y, numbers, line)
            painter.drawText(end, middle | Qt.AlignmentFlag.AlignRight, bar.text)
        if len(shown) < len(self._bars):
            painter.setFont(number_font())
            painter.setPen(QColor(self._theme.muted))
            area = QRectF(0, len(shown) * line, self.width(), line)
            painter.drawText(
                area, Qt.AlignmentFlag.AlignVCenter, f"… and {len(self._bars) - len(shown)} smaller"
            )
