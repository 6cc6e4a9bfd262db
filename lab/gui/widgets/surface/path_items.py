"""The path of a run as it is drawn on a plane: where it began, its way, where it stands, and its name."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg

from lab.gui.theme import Theme, blended, number_font
from lab.gui.widgets.colour import with_alpha
from lab.gui.widgets.plot import Plot
from lab.gui.widgets.surface.curve import NOTHING, add_curve, pen_of
from lab.gui.widgets.surface.terrain import Terrain
from lab.gui.widgets.surface.trails import Exit, Trail, clipped, exit_of

SHORT = 10
"""Characters of a run's name."""
MOST_POINTS = 1500
"""Of a longer path every so-and-so-many-th point is drawn, the last always."""
TAIL = 40
"""Points behind where a run stands that are drawn thicker."""
OUTWARDS = {(1.0, 0.0): "t2", (-1.0, 0.0): "t3", (0.0, 1.0): "t1", (0.0, -1.0): "t"}
"""Triangles that point right, left, up and down."""


class PathItems:
    """A hollow mark at the start, a line with a casing, its last piece thicker, a mark where the run stands.

    A run that has left the picture has a triangle at its border, one that has stopped a cross.
    """

    def __init__(self, plot: Plot, height: int) -> None:
        self._plot = plot
        self.casing = add_curve(plot, lambda theme: theme.surface, 4)
        self.line, self.tail = (add_curve(plot, lambda theme: theme.text) for _ in range(2))
        self.start, self.now = plot.add_points(10), plot.add_points(12)
        self.name = pg.TextItem(anchor=(-0.35, 0.5))
        self.name.textItem.document().setDocumentMargin(1)
        plot.addItem(self.name, ignoreBounds=True)
        for item in self.items:
            item.setZValue(2 + height)
        self.name.setZValue(100)
        self._side = -0.35
        self._worn: tuple[object, ...] = ()
        self._look: tuple[Trail, bool] | None = None
        plot.styled(
            self._dress_again
        )  # after the lines: a theme gives them the colour that they were made with

    def _dress_again(self, theme: Theme) -> None:
        self._worn = ()
        if self._look is not None:
            self.dress(theme, *self._look)

    @property
    def items(self) -> tuple[pg.GraphicsObject, ...]:
        return self.casing, self.line, self.tail, self.start, self.now, self.name

    def show_trail(self, trail: Trail | None, land: Terrain, movable: bool = False) -> None:
        for item in self.items:
            item.setVisible(trail is not None)
        if trail is None:
            return
        gone = exit_of(trail, land)
        path = trail.points if gone is None else trail.points[: gone.after + 1]
        path = np.vstack([path[:: -(-len(path) // MOST_POINTS) or 1], path[-1:]])
        drawn = clipped(path, land) if gone is None else np.vstack([clipped(path, land), [gone.at]])
        for line, points in ((self.casing, drawn), (self.line, drawn), (self.tail, drawn[-TAIL:])):
            line.setData(points[:, 0], points[:, 1])
        first = trail.points[:1][np.isfinite(trail.points[:1]).all(axis=1)]
        self.start.setData(first[:, 0], first[:, 1], size=15 if movable else 10)
        self._show_end(trail, gone)

    def _show_end(self, trail: Trail, gone: Exit | None) -> None:
        end = trail.end
        if end is None:
            self.now.setData(NOTHING, NOTHING)
        elif gone is not None:
            (x, y), (right, up) = gone.at, gone.out
            wide, tall = (abs(v) for v in self._plot.box.viewPixelSize())
            x, y = x - 8 * wide * right, y - 8 * tall * up  # so that all of it is to be seen
            self.now.setData([x], [y], symbol=OUTWARDS[(right, 0.0) if right else (0.0, up)], size=15)
            self.name.setPos(x, y)
            self._side = 1.3 if right > 0 else -0.35
        else:
            self.now.setData([end[0]], [end[1]], symbol="x" if trail.stopped else "o", size=12)
            self.name.setPos(*end)
            self._side = -0.35

    def stack(self, rank: int) -> None:
        """So many names of other runs already stand where this one would."""
        self.name.setAnchor((self._side, 0.5 - 0.92 * rank))

    def dress(self, theme: Theme, trail: Trail, named: bool) -> None:
        self.name.setVisible(named and bool(len(trail)))
        worn = (theme, trail.colour, trail.name)
        if worn == self._worn:
            return
        self._worn, self._look = worn, (trail, named)
        run, ground = theme.run(trail.colour), theme.surface
        self.line.setPen(pen_of(run, 2))
        self.tail.setPen(pen_of(run, 3.2))
        self.start.setPen(pg.mkPen(run, width=2))
        self.start.setBrush(pg.mkBrush(blended(run, ground, 0.12)))
        self.now.setPen(pg.mkPen(ground, width=1.5))
        self.now.setBrush(pg.mkBrush(run))
        self.name.setText(trail.name[:SHORT])
        self.name.setFont(number_font(bold=True))
        self.name.setColor(run)
        self.name.fill = pg.mkBrush(with_alpha(ground, 0.8))
