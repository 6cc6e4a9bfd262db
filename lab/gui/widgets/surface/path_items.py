"""The path of a run as it is drawn on a plane: where it began, its way, where it stands, and its name.

They are painted in pixels by few items of our own: a path that follows the hand has a frame's time for all of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPaintEngine, QPainter, QPainterPath, QPen, QTransform
from PySide6.QtWidgets import QGraphicsItem, QWidget

from lab.gui.theme import LIGHT, Theme, blended
from lab.gui.widgets.colour import image_of
from lab.gui.widgets.plot import Plot
from lab.gui.widgets.surface.run_names import Name, paint_names
from lab.gui.widgets.surface.terrain import Terrain, Values
from lab.gui.widgets.surface.trails import Exit, Trail, clipped, exit_of
from lab.kernels.render import Stroke, draw_strokes

MOST_POINTS = 1500
"""Of a longer path every so-and-so-many-th point is drawn, the last always."""
TAIL = 40
"""Points behind where a run stands that are drawn thicker."""
CASING, LINE, THICK = 4.0, 2.0, 3.2
"""Pixels of the line's casing, the line, and its tail."""
START, MOVABLE, NOW, GONE = 10, 15, 12, 15
"""Pixels across the marks: of the start, one that can be dragged, where a run stands, and where it has gone."""
INWARDS = 8
"""Pixels from the border to the mark of a run that has gone, so that all of it is to be seen."""
OUTWARDS = {(1.0, 0.0): "t2", (-1.0, 0.0): "t3", (0.0, 1.0): "t1", (0.0, -1.0): "t"}
"""Triangles that point right, left, up and down."""
NOTHING = np.empty((0, 2))


class OverPlane(QGraphicsItem):
    """What is painted in pixels, at places of the plane: it is as large as all that is seen of it."""

    def __init__(self, plot: Plot, height: float) -> None:
        super().__init__()
        self._plot = plot
        self._theme = LIGHT
        self.setZValue(height)
        plot.addItem(self, ignoreBounds=True)
        plot.box.sigRangeChanged.connect(lambda *_: self.prepareGeometryChange())
        plot.styled(self._dress)

    def _dress(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def boundingRect(self) -> QRectF:
        return self._plot.box.viewRect()  # type: ignore[no-any-return]

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None = None) -> None:
        to_pixels = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint_pixels(painter, to_pixels)
        painter.restore()

    def paint_pixels(self, painter: QPainter, to_pixels: QTransform) -> None:
        raise NotImplementedError


class WaysItem(OverPlane):
    """The lines of all paths, each with a casing and its last piece thicker: on a screen by a kernel of ours, for Qt's
    thick smooth lines take most of a frame; as shapes where a figure is made of shapes.
    """

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot, 2)
        self._paths: Sequence[PathItem] = ()

    def show_ways(self, paths: Sequence[PathItem]) -> None:
        """Those of the paths that are there; a later one covers an earlier one."""
        self._paths = [path for path in paths if path.trail is not None]
        self.update()

    def paint_pixels(self, painter: QPainter, to_pixels: QTransform) -> None:
        engine = painter.paintEngine()
        if engine is None or engine.type() != QPaintEngine.Type.Raster:
            self._paint_shapes(painter, to_pixels)
            return
        lines = list(self._lines(to_pixels))
        seen = to_pixels.mapRect(self.boundingRect()) & area_of([points for points, *_ in lines])
        if seen.isEmpty():
            return
        ratio, corner = (
            painter.device().devicePixelRatioF(),
            QPointF(math.floor(seen.left()), math.floor(seen.top())),
        )
        size = (
            math.ceil(ratio * (seen.right() - corner.x())) + 1,
            math.ceil(ratio * (seen.bottom() - corner.y())) + 1,
        )
        away, casing = np.array([corner.x(), corner.y()]), QColor(self._theme.surface).rgba()
        strokes = [
            Stroke(ratio * (points - away), colour.rgba(), casing, ratio * width / 2, ratio * border)
            for points, colour, width, border in lines
        ]
        image = image_of(draw_strokes(strokes, size), veiled=True)
        image.setDevicePixelRatio(ratio)
        painter.drawImage(corner, image)

    def _lines(self, to_pixels: QTransform) -> Iterator[tuple[Values, QColor, float, float]]:
        """Points in pixels, colours, widths, and the casing beside them."""
        for path in self._paths:
            if path.trail is not None:
                colour = QColor(self._theme.run(path.trail.colour))
                points = path.drawn * _scale(to_pixels) + _shift(to_pixels)
                yield points, colour, LINE, (CASING - LINE) / 2
                yield points[-TAIL:], colour, THICK, 0.0

    def _paint_shapes(self, painter: QPainter, to_pixels: QTransform) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for points, colour, width, border in self._lines(to_pixels):
            shape = _path(points)
            if border:
                painter.setPen(_line_pen(QColor(self._theme.surface), width + 2 * border))
                painter.drawPath(shape)
            painter.setPen(_line_pen(colour, width))
            painter.drawPath(shape)


class PathItem(OverPlane):
    """A hollow mark at the start, and a mark where the run stands; the line between them is that of a `WaysItem`.

    A run that has left the picture has a triangle at its border, one that has stopped a cross. `drawn` [n, 2] are the
    points of the line, with gaps where NaN.
    """

    def __init__(self, plot: Plot, rank: int) -> None:
        super().__init__(plot, 3 + rank)
        self.trail: Trail | None = None
        self.exit: Exit | None = None
        self.drawn: Values = NOTHING
        self.movable = False

    def show_trail(self, trail: Trail | None, land: Terrain, movable: bool = False) -> None:
        self.setVisible(trail is not None)
        self.trail, self.movable = trail, movable
        if trail is None:
            return
        gone = self.exit = exit_of(trail, land)
        path = trail.points if gone is None else trail.points[: gone.after + 1]
        path = np.vstack([path[:: -(-len(path) // MOST_POINTS) or 1], path[-1:]])
        self.drawn = clipped(path, land) if gone is None else np.vstack([clipped(path, land), [gone.at]])
        self.update()

    @property
    def start(self) -> tuple[float, float] | None:
        """Where the mark of the start is."""
        first = None if self.trail is None or not len(self.trail) else self.trail.points[0]
        return None if first is None or not np.isfinite(first).all() else (float(first[0]), float(first[1]))

    @property
    def now(self) -> tuple[float, float] | None:
        """Where the mark is of where the run stands, or left the picture."""
        if self.exit is not None:
            return self.exit.at
        return None if self.trail is None else self.trail.end

    @property
    def symbol(self) -> str:
        """Of that mark, as pyqtgraph calls it."""
        if self.exit is not None:
            right, up = self.exit.out
            return OUTWARDS[(right, 0.0) if right else (0.0, up)]
        return "x" if self.trail is not None and self.trail.stopped else "o"

    def place(self, to_pixels: QTransform) -> QPointF | None:
        """The middle of that mark, in pixels."""
        if self.now is None:
            return None
        at = to_pixels.map(QPointF(*self.now))
        right, up = (0.0, 0.0) if self.exit is None else self.exit.out
        return at + QPointF(-INWARDS * right, INWARDS * up)

    def paint_pixels(self, painter: QPainter, to_pixels: QTransform) -> None:
        if self.trail is None:
            return
        run, ground = QColor(self._theme.run(self.trail.colour)), QColor(self._theme.surface)
        if self.start is not None:
            painter.setPen(QPen(run, 2))
            painter.setBrush(QColor(blended(run.name(), self._theme.surface, 0.12)))
            size = MOVABLE if self.movable else START
            painter.drawEllipse(to_pixels.map(QPointF(*self.start)), size / 2, size / 2)
        at = self.place(to_pixels)
        if at is not None:
            painter.setPen(QPen(ground, 1.5))
            painter.setBrush(run)
            size = NOW if self.exit is None else GONE
            painter.drawPath(QTransform(size, 0, 0, size, at.x(), at.y()).map(Symbols[self.symbol]))


class NamesItem(OverPlane):
    """The names of runs beside where they stand, over everything."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot, 100)
        self._paths: Sequence[PathItem] = ()

    def show_names(self, paths: Sequence[PathItem]) -> None:
        """The last one's has the first choice of its place; nothing where there is but one."""
        named = [path for path in paths if path.trail is not None and len(path.trail)]
        self._paths = named if len(named) > 1 else ()
        self.update()

    def names(self, to_pixels: QTransform) -> list[Name]:
        """What is written, at which places in pixels."""
        found = []
        for path in reversed(self._paths):
            at = path.place(to_pixels)
            if at is not None and path.trail is not None:
                found.append(Name.of(path.trail, at))
        return found

    def paint_pixels(self, painter: QPainter, to_pixels: QTransform) -> None:
        seen = to_pixels.mapRect(self.boundingRect())
        paint_names(painter, self.names(to_pixels), seen, self._theme)


def area_of(lines: Sequence[Values]) -> QRectF:
    """In which lines lie, each of points [n, 2], with their casings."""
    points = np.concatenate([NOTHING, *lines])
    points = points[np.isfinite(points[:, 0])]
    if not len(points):
        return QRectF()
    (left, top), (right, bottom) = points.min(axis=0) - CASING, points.max(axis=0) + CASING
    return QRectF(left, top, right - left, bottom - top)


def _scale(to_pixels: QTransform) -> Values:
    return np.array([to_pixels.m11(), to_pixels.m22()])


def _shift(to_pixels: QTransform) -> Values:
    return np.array([to_pixels.dx(), to_pixels.dy()])


def _path(points: Values) -> QPainterPath:
    path: QPainterPath = pg.functions.arrayToQPath(points[:, 0].copy(), points[:, 1].copy(), connect="finite")
    return path


def _line_pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.RoundJoin)
