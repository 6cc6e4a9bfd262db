"""A plane and what it was folded to: grid, points and border, anywhere on the way from the one to the other."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from lab.gui.theme import Theme, blended, diverging
from lab.gui.widgets.plot import Plot
from lab.training.bending import BentGrid, Points

LINES = 21
"""Grid lines each way."""
SYMBOLS = ("o", "s", "t1", "d", "p", "star", "t", "h", "t2", "t3")
"""A shape for each class, so that colour is not alone."""
MARGIN = 0.06
"""Of the picture's extent, around it."""
SHRUNK = 0.6
"""The frame stays while what is in it takes at least this share: it does not tremble while the run trains."""
NEAR = 0.04
"""Of the picture's extent: within so much of the mouse an example is meant."""
ROOMY, LARGE, SMALL = 300, 6, 4
"""Pixels: from this size of the plot on points are large."""


class BentPlot(Plot):
    """`places` [n, 2] is where the examples are shown now."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Bent grid")
        self.keep_units_equal(True)
        self.places: Points = np.empty((0, 2))
        self._grid: BentGrid | None = None
        self._extent: tuple[Points, Points] | None = None  # corners of what the frame was made for
        self._groups: list[np.ndarray] = []  # which examples each item of points shows
        self._points: list[pg.ScatterPlotItem] = []
        self._lines = [
            self.add_line(lambda theme, k=k: line_colour(theme, k % LINES), smooth=True)  # type: ignore[misc]
            for k in range(2 * LINES)
        ]
        self._border = self.add_line(lambda theme: theme.text, width=2, smooth=True)

    def show_grid(self, grid: BentGrid, way: float, fresh: bool = False) -> None:
        """At 0 the plane, in its own units; at 1 what became of it. `fresh`: in a frame of its own."""
        self._grid = grid
        if fresh:
            self._extent = None
        lines, self.places, border = (
            between(grid, pair, way) for pair in (grid.lines, grid.points, grid.border)
        )
        for item, line in zip(self._lines, lines, strict=True):
            item.setData(line[:, 0], line[:, 1])
        self._border.setData(border[:, 0], border[:, 1])
        self._place_points()
        self._fit_frame(lines.reshape(-1, 2), way)

    def show_points(self, theme: Theme, shown: bool) -> None:
        """The examples anew, as many and of such classes as there are."""
        for item in self._points:
            self.removeItem(item)
        self._points, self._groups = [], []
        grid = self._grid
        if grid is None or not shown:
            return
        if grid.labels is None:
            self._add_points(np.arange(len(grid.points[0])), "o", theme.muted, theme.surface)
        else:
            for k in range(int(grid.labels.max(initial=0)) + 1):
                of = np.flatnonzero(grid.labels == k)
                self._add_points(of, SYMBOLS[k % len(SYMBOLS)], theme.classes[k % 10], theme.surface)
        self._place_points()

    def _add_points(self, of: np.ndarray, symbol: str, colour: str, ground: str) -> None:
        points = self.add_points(LARGE if min(self.width(), self.height()) > ROOMY else SMALL, symbol)
        points.setPen(pg.mkPen(ground, width=1))
        points.setBrush(pg.mkBrush(colour))
        self._points.append(points)
        self._groups.append(of)

    def _place_points(self) -> None:
        for item, of in zip(self._points, self._groups, strict=True):
            if not len(of) or of[-1] < len(self.places):
                item.setData(self.places[of, 0], self.places[of, 1])

    def _fit_frame(self, places: Points, way: float) -> None:
        low, high = corners(places)
        if self._extent is not None and way:
            first, last = self._extent
            fits = (low >= first).all() and (high <= last).all()
            if fits and (high - low).max() > SHRUNK * (last - first).max():
                low, high = first, last
        if way:
            self._extent = low, high
        room = MARGIN * max(float((high - low).max()), 1e-9)
        self.frame((low[0] - room, high[0] + room), (low[1] - room, high[1] + room))

    def example_at(self, point: tuple[float, float] | None) -> int | None:
        """The example near a place, None where there is none."""
        if point is None or not len(self.places) or not self._points:
            return None
        (x0, x1), (y0, y1) = self.box.viewRange()
        away = np.hypot(
            (self.places[:, 0] - point[0]) / max(x1 - x0, 1e-12),
            (self.places[:, 1] - point[1]) / max(y1 - y0, 1e-12),
        )
        near = int(np.nan_to_num(away, nan=np.inf).argmin())
        return near if away[near] < NEAR else None


def between(grid: BentGrid, pair: tuple[Points, Points], way: float) -> Points:
    """On the way from the plane to the layer's space: the plane is brought to the size and place of the other."""
    plane, bent = pair
    if way == 0:
        return plane
    (low, high), (first, last) = (corners(lines.reshape(-1, 2)) for lines in grid.lines)
    scale = (last - first).max() / max((high - low).max(), 1e-12)
    brought = (first + last) / 2 + scale * (plane - (low + high) / 2)
    return np.asarray((1 - way) * brought + way * bent)


def line_colour(theme: Theme, line: int) -> str:
    """By the number that stays as it is along it: blue where it is low, orange where it is high."""
    red, green, blue = diverging(theme)[round(255 * line / (LINES - 1))]
    strength = 0.35 + 0.65 * math.fabs(2 * line / (LINES - 1) - 1)
    return blended(QColor(int(red), int(green), int(blue)).name(), theme.muted, strength)


def class_colour(number_of_class: int) -> Callable[[Theme], str]:
    return lambda theme: theme.classes[number_of_class % len(theme.classes)]


def corners(places: Points) -> tuple[Points, Points]:
    """The lowest and the highest of both coordinates."""
    finite = places[np.isfinite(places).all(1)]
    if not len(finite):
        return np.zeros(2), np.ones(2)
    return finite.min(0), finite.max(0)
