"""A smooth line of few points, as wide on a fine screen and in a figure as on any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPen

from lab.gui.theme import Theme
from lab.gui.widgets.plot import Plot

NOTHING = np.empty(0)


class Curve(pg.PlotCurveItem):  # type: ignore[misc]
    """Gaps where it is NaN. Its pen's width is in pixels of a screen at 100 %: Qt's own cosmetic pens count those of
    the device.
    """

    def __init__(self) -> None:
        super().__init__(NOTHING, NOTHING, connect="finite", antialias=True)
        self.setSegmentedLineMode("off")

    def paint(self, painter: QPainter, option: Any, widget: Any) -> None:
        pen = self.opts["pen"]
        if pen.style() == Qt.PenStyle.NoPen:
            return
        wide = QPen(pen)
        figure = self._exportOpts or {}
        wide.setWidthF(pen.widthF() * figure.get("ratio", painter.device().devicePixelRatioF()))
        self.opts["pen"] = wide
        try:
            super().paint(painter, option, widget)
        finally:
            self.opts["pen"] = pen


def pen_of(colour: str | QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """So many pixels wide at every zoom."""
    result = QPen(QColor(colour), width, style, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.RoundJoin)
    result.setCosmetic(True)
    return result


def add_curve(
    plot: Plot,
    colour: Callable[[Theme], str | QColor],
    width: float = 1.0,
    style: Qt.PenStyle = Qt.PenStyle.SolidLine,
    height: float = 0.0,
) -> Curve:
    """A line in a plot, and how high it lies over others."""
    curve = Curve()
    curve.setZValue(height)
    plot.addItem(curve, ignoreBounds=True)
    plot.styled(lambda theme: curve.setPen(pen_of(colour(theme), width, style)))
    return curve
