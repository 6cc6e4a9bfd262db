"""What the colours of several pictures stand for: a line of named colour bars."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.colorbar import paint_bar
from lab.gui.widgets.colour import Scale
from lab.gui.widgets.wording import number

BAR, GAP = 56, 18
"""Pixels: of a bar, and between two scales."""


class Scales(QWidget):
    """Those that have no room are left out, the last ones first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._scales: tuple[tuple[str, Scale], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_scales(self, scales: tuple[tuple[str, Scale], ...], theme: Theme) -> None:
        """Each with the name of its quantity."""
        self._scales, self._theme = scales, theme
        words = (f"{name}: {number(s.low, 2)} to {number(s.high, 2)}" for name, s in scales)
        self.setAccessibleName("Colour scales: " + "; ".join(words))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(number_font(max(self.font().pointSizeF() - 1, 6)))
        metrics, x = painter.fontMetrics(), 4.0
        for name, scale in self._scales:
            parts = name, number(scale.low, 2), number(scale.high, 2)
            wide = [metrics.horizontalAdvance(text) for text in parts]
            if x + sum(wide) + BAR + 20 > self.width():
                break
            for text, room in zip(parts, wide, strict=True):
                painter.setPen(QColor(self._theme.text if text is name else self._theme.muted))
                area = QRectF(x, 0, room + 2, self.height())
                painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, text)
                x += room + 6
                if text is parts[1]:
                    bar = QRectF(round(x) + 0.5, round(self.height() / 2 - 4) + 0.5, BAR, 8)
                    paint_bar(painter, bar, scale, self._theme)
                    x += BAR + 6
            x += GAP
