"""An activation function and its slope, with the point on it where the unit stands."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.training.microscope import Curve, said

WIDE, HIGH = 216, 144


class CurvePicture(QWidget):
    """f(z) as a line, f′(z) dashed, each named where it ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._curve: Curve | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Activation function")
        self.hide()

    def show_curve(self, curve: Curve | None) -> None:
        self._curve = curve
        self.setVisible(curve is not None)
        if curve is not None:
            words = f"z = {said(curve.z)}, f(z) = {said(curve.y)}, f′(z) = {said(curve.slope)}"
            self.setAccessibleDescription(f"{curve.activation.title}: {words}")
            self.setToolTip(f"{curve.activation.formula}\n{curve.activation.derivative}\n{words}")
        self.update()

    @property
    def curve(self) -> Curve | None:
        return self._curve

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(WIDE, HIGH)

    def paintEvent(self, event: QPaintEvent) -> None:
        curve = self._curve
        if curve is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self._theme
        z, y, slope = curve.samples()
        both = np.concatenate([y, slope, [0.0]])
        low, high = float(both.min()), float(both.max())
        room = (high - low or 1.0) * 0.08
        low, high = low - room, high + room
        painter.setFont(number_font(8))
        line = painter.fontMetrics().height()
        area = QRectF(8, 6, self.width() - 16, self.height() - 12 - line)

        def at(a: float, b: float) -> QPointF:
            across = (a - z[0]) / (z[-1] - z[0])
            return QPointF(
                area.left() + across * area.width(), area.bottom() - (b - low) / (high - low) * area.height()
            )

        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawLine(at(z[0], 0.0), at(z[-1], 0.0))
        painter.drawLine(at(0.0, low), at(0.0, high))
        for values, colour, style in (
            (slope, theme.muted, Qt.PenStyle.DashLine),
            (y, theme.accent, Qt.PenStyle.SolidLine),
        ):
            painter.setPen(QPen(QColor(colour), 1.8, style))
            across = area.left() + (z - z[0]) * (area.width() / (z[-1] - z[0]))
            up = area.bottom() - (values - low) * (area.height() / (high - low))
            points = zip(across.tolist(), up.tolist(), strict=True)
            painter.drawPolyline(QPolygonF([QPointF(*point) for point in points]))
        if not math.isfinite(curve.z):
            return
        point = at(curve.z, curve.y)
        painter.setPen(QPen(QColor(theme.text), 1, Qt.PenStyle.DotLine))
        painter.drawLine(at(curve.z, 0.0), point)
        painter.drawLine(at(0.0, curve.y), point)
        painter.setPen(QPen(QColor(theme.surface), 2))
        painter.setBrush(QColor(theme.text))
        painter.drawEllipse(point, 5, 5)
        painter.setPen(QColor(theme.muted))
        words = f"z {said(curve.z, 3)}   f {said(curve.y, 3)}   f′ {said(curve.slope, 3)}"
        below = QRectF(0, self.height() - line - 1, self.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, words)
        painter.setPen(QColor(theme.accent))
        painter.drawText(self._beside(at(z[-1], y[-1]), area, line), Qt.AlignmentFlag.AlignRight, "f")
        painter.setPen(QColor(theme.muted))
        painter.drawText(self._beside(at(z[0], slope[0]), area, line), Qt.AlignmentFlag.AlignLeft, "f′")

    def _beside(self, end: QPointF, area: QRectF, line: int) -> QRectF:
        """Room for a name over the end of a curve, or under it where it runs along the top."""
        top = end.y() - line - 1 if end.y() - line > area.top() else end.y() + 3
        left = max(end.x() - 24, area.left()) if end.x() > area.center().x() else area.left()
        return QRectF(left, top, 24, line)
