"""An activation function and its slope over a histogram of what the layer really feeds it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, blended, number_font
from lab.gui.widgets.colorbar import ticks
from lab.gui.widgets.colour import with_alpha
from lab.gui.widgets.health.words import tail_words
from lab.gui.widgets.wording import share, tick
from lab.training.conditions import FLAT, Preactivations

MOST_STEEP = 6.0
"""Where a curve is taller than so many times its middle part, the rest is cut off."""


class FunctionPicture(QWidget):
    """f(z) as a line, f′(z) dashed, the layer's z as bars behind them; where hardly any gradient passes is shaded."""

    hovered = Signal(object)
    """z under the mouse, or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._found: Preactivations | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 110)
        self.setAccessibleName("Activation function over the layer's pre-activations")

    def show_numbers(self, found: Preactivations) -> None:
        self._found = found
        self.setAccessibleDescription(tail_words(found))
        self.setToolTip(f"{found.activation.formula}\n{found.activation.derivative}")
        self.update()

    @property
    def found(self) -> Preactivations | None:
        return self._found

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(420, 280)

    # where it lies

    def area(self) -> QRectF:
        """Where the curves lie."""
        line = self.fontMetrics().height()
        left = self.fontMetrics().horizontalAdvance("−0.00") + 10
        return QRectF(
            left, line + 8, max(self.width() - left - 12, 20), max(self.height() - 3 * line - 16, 20)
        )

    def _heights(self) -> tuple[float, float]:
        """The lowest and the highest number of the axis."""
        assert self._found is not None
        both = np.concatenate([self._found.y, self._found.slope, [0.0, 1.0]])
        low, high = float(both.min()), float(both.max())
        steep = MOST_STEEP * max(1.0, float(np.abs(self._found.slope).max()))
        low, high = max(low, -steep), min(high, steep)
        return low - 0.06 * (high - low), high + 0.06 * (high - low)

    def at(self, z: float, value: float) -> QPointF:
        """Where a point of a curve lies."""
        assert self._found is not None
        area, (low, high) = self.area(), self._heights()
        first, last = float(self._found.edges[0]), float(self._found.edges[-1])
        return QPointF(
            area.left() + (z - first) / (last - first) * area.width(),
            area.bottom() - (value - low) / (high - low) * area.height(),
        )

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        found = self._found
        if found is None:
            return
        painter, area, theme = QPainter(self), self.area(), self._theme
        painter.save()
        painter.setClipRect(area.adjusted(-1, -1, 1, 1))
        self._paint_tails(painter, found, area)
        self._paint_bars(painter, found, area)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawLine(self.at(float(found.edges[0]), 0.0), self.at(float(found.edges[-1]), 0.0))
        zero = self.at(0.0, 0.0).x()
        painter.drawLine(QPointF(zero, area.top()), QPointF(zero, area.bottom()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for values, colour, style in (
            (found.slope, theme.muted, Qt.PenStyle.DashLine),
            (found.y, theme.accent, Qt.PenStyle.SolidLine),
        ):
            painter.setPen(QPen(QColor(colour), 2.2, style))
            points = zip(found.z.tolist(), values.tolist(), strict=True)
            painter.drawPolyline(QPolygonF([self.at(*point) for point in points]))
        painter.restore()
        self._paint_axes(painter, found, area)
        self._paint_words(painter, found, area)

    def _idle(self, found: Preactivations) -> NDArray[np.bool_]:
        """Where along the curve hardly any gradient passes."""
        slope = np.abs(found.slope)
        steepest = found.activation.steepest
        idle = slope < FLAT * steepest if steepest else np.zeros(slope.shape, bool)
        return idle | ((slope == 0) if found.activation.dies else False)

    def _paint_tails(self, painter: QPainter, found: Preactivations, area: QRectF) -> None:
        idle = self._idle(found)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], idle, [False]]).astype(int)))
        shade = with_alpha(self._theme.warning, 0.13)
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            left, right = self.at(found.z[first], 0).x(), self.at(found.z[last - 1], 0).x()
            strip = QRectF(left, area.top(), right - left, area.height())
            painter.fillRect(strip, shade)
            painter.setPen(QPen(with_alpha(self._theme.warning, 0.35), 1))
            for k in range(int(strip.height() // 14) + int(strip.width() // 14) + 2):  # not by colour alone
                x = strip.left() + k * 14 - strip.height()
                ends = max(x, strip.left()), min(x + strip.height(), strip.right())
                if ends[0] < ends[1]:
                    painter.drawLine(
                        QPointF(ends[0], strip.bottom() - (ends[0] - x)),
                        QPointF(ends[1], strip.bottom() - (ends[1] - x)),
                    )

    def _paint_bars(self, painter: QPainter, found: Preactivations, area: QRectF) -> None:
        most = int(found.counts.max(initial=0))
        if not most:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(blended(self._theme.accent, self._theme.surface, 0.34)))
        wide = area.width() / len(found.counts)
        for k, count in enumerate(found.counts.tolist()):
            if count:  # the root, so that rare numbers are seen beside a mass of equal ones
                high = max(0.92 * area.height() * (count / most) ** 0.5, 1.0)
                painter.drawRect(
                    QRectF(area.left() + k * wide, area.bottom() - high, max(wide - 0.6, 0.6), high)
                )
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_axes(self, painter: QPainter, found: Preactivations, area: QRectF) -> None:
        painter.setFont(number_font(8))
        metrics = painter.fontMetrics()
        painter.setPen(QColor(self._theme.muted))
        low, high = self._heights()
        for value in ticks(low, high, max(int(area.height() / 40), 2)):
            y = self.at(0.0, value).y()
            box = QRectF(0, y - 8, area.left() - 6, 16)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, tick(value))
        first, last = float(found.edges[0]), float(found.edges[-1])
        for value in ticks(first, last, max(int(area.width() / 60), 2)):
            x = self.at(value, 0.0).x()
            box = QRectF(x - 30, area.bottom() + 2, 60, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, tick(value))
        below = QRectF(area.left(), area.bottom() + metrics.height() + 3, area.width(), metrics.height() + 2)
        most = int(found.counts.max(initial=0))
        tallest = f"   (bars: how many, by the root of their number; the tallest {most:,} of {found.total:,})"
        text = "z" + (tallest if metrics.horizontalAdvance("z" + tallest) < below.width() else "")
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_words(self, painter: QPainter, found: Preactivations, area: QRectF) -> None:
        """Names of the curves above, and the tails' shares at their sides."""
        painter.setFont(number_font(bold=True))
        line, x = painter.fontMetrics().height(), area.left()
        theme = self._theme
        named = (
            (f"f: {found.activation.title}", theme.accent, Qt.PenStyle.SolidLine),
            ("f′", theme.muted, Qt.PenStyle.DashLine),
        )
        for text, colour, style in named:
            painter.setPen(QPen(QColor(colour), 2.2, style))
            painter.drawLine(QPointF(x, 2 + line / 2), QPointF(x + 20, 2 + line / 2))
            painter.setPen(QColor(colour))
            wide = painter.fontMetrics().horizontalAdvance(text) + 4
            painter.drawText(QRectF(x + 25, 2, wide, line), Qt.AlignmentFlag.AlignVCenter, text)
            x += 25 + wide + 16
        idle = self._idle(found)
        painter.setPen(QColor(theme.warning))
        sides = zip(
            found.tails, (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight), (0, -1), strict=True
        )
        for value, side, end in sides:
            if idle[end] and not math.isnan(value):
                painter.drawText(area.adjusted(6, 4, -6, 0), side | Qt.AlignmentFlag.AlignTop, share(value))

    # pointing

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._found is None:
            return
        area, x = self.area(), event.position().x()
        first, last = float(self._found.edges[0]), float(self._found.edges[-1])
        inside = area.left() <= x <= area.right()
        self.hovered.emit(first + (x - area.left()) / area.width() * (last - first) if inside else None)

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)
