"""The path of a run as it is drawn on a plane: where it began, its way, where it stands, and its name.

They are painted in pixels by few items of our own: a path that follows the hand has a frame's time for all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QTransform
from PySide6.QtWidgets import QGraphicsItem, QWidget

from lab.gui.theme import LIGHT, Theme, blended, number_font
from lab.gui.widgets.plot import Plot
from lab.gui.widgets.surface.terrain import Terrain, Values
from lab.gui.widgets.surface.trails import Exit, Trail, clipped, exit_of

SHORT = 10
"""Characters of a run's name."""
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
NEAR = 24, 14
"""Names whose runs stand closer than this are written one below the other."""
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


class PathItem(OverPlane):
    """A hollow mark at the start, a line with a casing, its last piece thicker, a mark where the run stands.

    A run that has left the picture has a triangle at its border, one that has stopped a cross. `drawn` [n, 2] are the
    points of the line, with gaps where NaN.
    """

    def __init__(self, plot: Plot, rank: int) -> None:
        super().__init__(plot, 2 + rank)
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
        path, tail = (
            _path(points * _scale(to_pixels) + _shift(to_pixels))
            for points in (self.drawn, self.drawn[-TAIL:])
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for line, colour, width in ((path, ground, CASING), (path, run, LINE), (tail, run, THICK)):
            painter.setPen(_line_pen(colour, width))
            painter.drawPath(line)
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
    """The names of runs beside where they stand, over everything; one below the other where that is one place."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot, 100)
        self.paths: Sequence[PathItem] = ()

    def show_names(self, paths: Sequence[PathItem]) -> None:
        """That of the last one stays where it is; nothing where there is but one."""
        self.paths = [path for path in paths if path.trail is not None and len(path.trail)]
        self.paths = self.paths if len(self.paths) > 1 else ()
        self.update()

    @property
    def shown(self) -> tuple[str, ...]:
        return tuple(path.trail.name[:SHORT] for path in self.paths if path.trail is not None)

    def areas(self, to_pixels: QTransform) -> list[tuple[PathItem, QRectF]]:
        """Where the names stand, in pixels, the last run's first."""
        metrics = QFontMetricsF(number_font(bold=True))
        found: list[tuple[PathItem, QRectF]] = []
        places: list[QPointF] = []
        for path in reversed(self.paths):
            at = path.place(to_pixels)
            if at is None or path.trail is None:
                continue
            rank = sum(abs(at.x() - p.x()) < NEAR[0] and abs(at.y() - p.y()) < NEAR[1] for p in places)
            places.append(at)
            wide, high = metrics.horizontalAdvance(path.trail.name[:SHORT]) + 2, metrics.height() + 2
            to_the_left = path.exit is not None and path.exit.out[0] > 0
            left = at.x() - 1.3 * wide if to_the_left else at.x() + 0.35 * wide
            found.append((path, QRectF(left, at.y() + (0.92 * rank - 0.5) * high, wide, high)))
        return found

    def paint_pixels(self, painter: QPainter, to_pixels: QTransform) -> None:
        ground = QColor(self._theme.surface)
        ground.setAlphaF(0.8)
        painter.setFont(number_font(bold=True))
        for path, area in reversed(self.areas(to_pixels)):
            if path.trail is not None:
                painter.fillRect(area, ground)
                painter.setPen(QColor(self._theme.run(path.trail.colour)))
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, path.trail.name[:SHORT])


def _scale(to_pixels: QTransform) -> Values:
    return np.array([to_pixels.m11(), to_pixels.m22()])


def _shift(to_pixels: QTransform) -> Values:
    return np.array([to_pixels.dx(), to_pixels.dy()])


def _path(points: Values) -> QPainterPath:
    path: QPainterPath = pg.functions.arrayToQPath(points[:, 0].copy(), points[:, 1].copy(), connect="finite")
    return path


def _line_pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.RoundJoin)
