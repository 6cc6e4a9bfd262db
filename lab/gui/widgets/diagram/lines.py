"""The lines between two columns of units: where they run, which of them are drawn, which one is pointed at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath

from lab.gui.widgets.diagram.placing import Placed

MOST = 240
"""Lines that are drawn at once, the largest weights: more could not be told apart."""
REACH = 5.0
"""Pixels around a line in which the mouse points at it."""
BEND = 0.5
"""Of the way across, a line runs level so far at its ends."""
SHARES = np.linspace(0.0, 1.0, 13)

Indices = NDArray[np.int64]


class Lines:
    """From the units of `start` to those of `end`. `targets` and `sources` are the units of each line's ends."""

    def __init__(self, start: Placed, end: Placed) -> None:
        self.start, self.end = start, end
        if end.column.weight:
            targets, sources = np.meshgrid(np.array(end.units), _sources(start), indexing="ij")
            self.targets, self.sources = targets.ravel(), sources.ravel()
        else:
            both = [unit for unit in end.units if start.picture is not None or unit in start.units]
            self.targets = self.sources = np.array(both, np.int64)
        self._from = {unit: _right(start, unit) for unit in np.unique(self.sources).tolist()}
        self._to = {unit: _left(end, unit) for unit in end.units}
        self._paths: dict[int, QPainterPath] = {}
        self._points: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def path(self, line: int) -> QPainterPath:
        """Made when it is first drawn, and kept."""
        path = self._paths.get(line)
        if path is None:
            (x0, y0), (x1, y1) = self._ends(line)
            bend = BEND * (x1 - x0)
            path = QPainterPath(QPointF(x0, y0))
            path.cubicTo(x0 + bend, y0, x1 - bend, y1, x1, y1)
            self._paths[line] = path
        return path

    def _ends(self, line: int) -> tuple[tuple[float, float], tuple[float, float]]:
        return self._from[int(self.sources[line])], self._to[int(self.targets[line])]

    def nearest(self, point: QPointF, among: Indices, reach: float) -> tuple[float, int] | None:
        """How far away the nearest of these lines is, and which it is; None where none is within reach."""
        first, last = self.start.x, self.end.x + self.end.width
        if not len(among) or not first <= point.x() <= last:
            return None
        x, y = self._along()
        dx, dy = x[among] - point.x(), y[among] - point.y()
        # to the pieces between the points, not to the points
        step_x, step_y = np.diff(x[among], axis=1), np.diff(y[among], axis=1)
        length = np.maximum(step_x**2 + step_y**2, 1e-9)
        share = np.clip(-(dx[:, :-1] * step_x + dy[:, :-1] * step_y) / length, 0, 1)
        apart = np.hypot(dx[:, :-1] + share * step_x, dy[:, :-1] + share * step_y).min(axis=1)
        best = int(apart.argmin())
        return (float(apart[best]), int(among[best])) if apart[best] <= reach else None

    def _along(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points of all lines, x and y [lines, points]."""
        if self._points is None:
            a = np.array([self._from[unit] for unit in self.sources.tolist()])
            b = np.array([self._to[unit] for unit in self.targets.tolist()])
            t = SHARES[None, :]
            level = 3 * t**2 * (1 - t) + t**3  # of the height, between two level ends
            across = 3 * (1 - t) ** 2 * t * BEND + 3 * (1 - t) * t**2 * (1 - BEND) + t**3
            self._points = (
                a[:, :1] + (b - a)[:, :1] * across,
                a[:, 1:] + (b - a)[:, 1:] * level,
            )
        return self._points


def _sources(column: Placed) -> Indices:
    return np.arange(column.column.count) if column.picture is not None else np.array(column.units)


def _right(column: Placed, unit: int) -> tuple[float, float]:
    area = column.area(unit)
    if column.picture is not None and column.column.image is not None:
        # at the picture's edge, each pixel of a row at a height of its own
        _, height, width = column.column.image
        share = (unit % (height * width) + 0.5) / (height * width)
        return column.picture.right(), column.picture.top() + share * column.picture.height()
    return area.right(), area.center().y()


def _left(column: Placed, unit: int) -> tuple[float, float]:
    area = column.area(unit)
    return area.left(), area.center().y()


def strongest(magnitudes: NDArray[np.floating], most: int) -> Indices:
    """Which of them are the largest, at most so many."""
    if len(magnitudes) <= most:
        return np.arange(len(magnitudes))
    found: Indices = np.argpartition(magnitudes, -most)[-most:]
    return found
