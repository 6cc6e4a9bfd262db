"""The one colour bar: a scale with its numbers, painted into a corner or standing as a widget."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.colour import Scale, image_of, pixel_table
from lab.gui.widgets.wording import tick


def ticks(low: float, high: float, most: int, logarithmic: bool = False) -> list[float]:
    """At most `most` round values from `low` to `high`, in 1-2-5 steps, or powers of ten."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low or most < 1:
        return []
    if logarithmic and low > 0:
        for factors in ((1, 2, 5), (1, 3), (1,)):
            exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            found = [f * 10.0**e for e in exponents for f in factors if low <= f * 10.0**e <= high]
            if len(found) <= most:
                break
        if len(found) >= min(2, most):
            return found[:: -(-len(found) // most)]
        # between two powers of ten there may be none of them: then steps as on any scale
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(f * power for f in (1, 2, 5, 10, 20) if f * power >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)] or ([low] if logarithmic else [])


def paint_bar(painter: QPainter, area: QRectF, scale: Scale, theme: Theme, vertical: bool = False) -> None:
    """The bare bar, framed: low at the left or at the bottom."""
    table = pixel_table(scale.colours, theme.danger)[:256]
    strip = table[::-1, None] if vertical else table[None, :]
    painter.drawImage(area, image_of(strip))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(theme.border), 1))
    painter.drawRect(area)


class ColourBar(QWidget):
    """A standing colour bar with ticks at its right and the name of the quantity above."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._scale: Scale | None = None
        self._title = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def show_scale(self, scale: Scale, title: str, theme: Theme) -> None:
        if (title, theme) == (self._title, self._theme) and is_same(scale, self._scale):
            return  # a path grows on the same ground
        self._scale = scale
        self._title, self._theme = title, theme
        self.setAccessibleName(f"Colour scale of the {title}: {tick(scale.low)} to {tick(scale.high)}")
        self.updateGeometry()  # numbers with a sign are wider
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self._font())
        sign = "−" if self._scale is not None and self._scale.low < 0 else ""
        widest = max(metrics.horizontalAdvance(f"{sign}{text}") for text in ("0.000", "3·10⁻⁴"))
        return QSize(round(24 + widest), 120)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.sizeHint().width(), 60)

    def _font(self) -> QFont:
        return number_font(self.font().pointSizeF() - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._scale is None:
            return
        painter = QPainter(self)
        painter.setFont(self._font())
        metrics = painter.fontMetrics()
        height = metrics.height()
        painter.setPen(QColor(self._theme.muted))
        painter.drawText(QRectF(0, 0, self.width(), height + 2), Qt.AlignmentFlag.AlignLeft, self._title)
        bar = QRectF(4, height + 8.5, 12, max(self.height() - 2 * height - 12, 10))
        paint_bar(painter, bar, self._scale, self._theme, vertical=True)
        scale = self._scale
        painter.setPen(QColor(self._theme.text))
        # a short bar has its numbers closer together: one alone says nothing of the scale
        most = max(int(bar.height() / (2.2 * height)), min(int(bar.height() / (1.2 * height)), 5), 1)
        for value in ticks(scale.low, scale.high, most, scale.logarithmic):
            y = bar.bottom() - bar.height() * self._along(value)
            painter.setPen(QPen(QColor(self._theme.muted), 1))
            painter.drawLine(round(bar.right()) + 1, round(y), round(bar.right()) + 4, round(y))
            painter.setPen(QColor(self._theme.text))
            place = QRectF(bar.right() + 7, y - height / 2, self.width(), height)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, tick(value))

    def _along(self, value: float) -> float:
        assert self._scale is not None
        low, high = self._scale.low, self._scale.high
        if self._scale.logarithmic:
            value, low, high = (float(np.log10(max(v, 1e-300))) for v in (value, low, high))
        return min(max((value - low) / max(high - low, 1e-300), 0.0), 1.0)


def is_same(one: Scale, other: Scale | None) -> bool:
    """Whether two scales are drawn alike."""
    ends = (one.low, one.high, one.logarithmic)
    return (
        other is not None
        and one.colours is other.colours
        and ends == (other.low, other.high, other.logarithmic)
    )
