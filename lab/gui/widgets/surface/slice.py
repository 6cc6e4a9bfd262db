"""The error along a line: a curve, and the runs where they stand before it, with their true errors beside."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from lab.gui.theme import Theme, blended
from lab.gui.widgets.plot import Plot, pen, positive
from lab.gui.widgets.surface.curve import add_curve
from lab.gui.widgets.surface.scene import Scene
from lab.gui.widgets.surface.surface2d import names
from lab.gui.widgets.surface.terrain import Values
from lab.gui.widgets.surface.trails import Trail

MOST_POINTS = 400
"""Of a longer path every so-and-so-many-th point is drawn."""
MARGIN = 0.06


class Footprints:
    """A run before a line: its true errors over where it stood along it, and how far the line is from the last."""

    def __init__(self, plot: Plot) -> None:
        self.true = plot.add_points(5)
        self.fall = plot.add_line(lambda theme: theme.text, Qt.PenStyle.DotLine)
        self.shadow, self.now = plot.add_points(10), plot.add_points(12)
        self._plot = plot
        for item, height in ((self.true, 1), (self.fall, 2), (self.shadow, 3), (self.now, 4)):
            item.setZValue(height)

    def show_trail(self, trail: Trail | None, scene: Scene, theme: Theme, log: bool) -> None:
        for item in (self.true, self.fall, self.shadow, self.now):
            item.setVisible(trail is not None and len(trail) > 0)
        if trail is None or not len(trail):
            return
        colour = theme.run(trail.colour)
        some = slice(None, None, -(-len(trail) // MOST_POINTS) or 1)
        x, errors = trail.points[some, 0], positive(trail.errors[some], log)
        end, error = float(trail.points[-1, 0]), float(trail.errors[-1])
        on_line = float(height_at(scene, np.array([end]))[0])
        self.true.setData(
            x, on_axis(errors, log), pen=None, brush=pg.mkBrush(blended(colour, theme.surface, 0.55))
        )
        self.now.setData(
            [end],
            on_axis(np.array([error]), log),
            pen=pg.mkPen(theme.surface, width=1.5),
            brush=pg.mkBrush(colour),
        )
        self.shadow.setData(
            [end],
            on_axis(np.array([on_line]), log),
            pen=pg.mkPen(colour, width=2),
            brush=pg.mkBrush(theme.surface),
        )
        self.fall.setPen(pen(colour, 1, Qt.PenStyle.DotLine))
        self.fall.setData([end, end], [on_line, error])


class Slice(Plot):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Error along a line")
        self._scene: Scene | None = None
        self.over = add_curve(self, lambda theme: theme.muted, 2, Qt.PenStyle.DashLine)
        self.curve = add_curve(self, lambda theme: theme.text, 2)
        self.runs: list[Footprints] = []
        self.here = pg.InfiniteLine(angle=90, movable=False)
        self.here.hide()
        self.addItem(self.here, ignoreBounds=True)
        self.styled(self._restyle)

    def _restyle(self, theme: Theme) -> None:
        self.here.setPen(pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DotLine))
        if self._scene is not None:
            self._show_runs(self._scene)

    def show_scene(self, scene: Scene) -> None:
        self._scene = scene
        scale = scene.land.scale
        self.set_log(False, scale.logarithmic) if scale.logarithmic != self._log[1] else None
        x = scene.land.x
        self.curve.setData(x, on_axis(positive(height_at(scene, x), scale.logarithmic), scale.logarithmic))
        laid = scene.over
        self.over.setVisible(laid is not None)
        if laid is not None:
            heights = laid.at(laid.x, np.full(len(laid.x), float(np.mean(laid.y))))
            self.over.setData(laid.x, on_axis(positive(heights, scale.logarithmic), scale.logarithmic))
        self._show_runs(scene)
        self.name_axes(names(scene.surface.axes[0]), (height_name(scene.look.height), "error"))
        self._frame_line(scene)

    def _frame_line(self, scene: Scene) -> None:
        scale = scene.land.scale
        if scale.logarithmic:
            room = (scale.high / scale.low) ** MARGIN
            heights = scale.low / room, scale.high * room
        else:
            heights = (
                scale.low - MARGIN * (scale.high - scale.low),
                scale.high + MARGIN * (scale.high - scale.low),
            )
        self.frame(scene.land.frame[0], heights)

    def _show_runs(self, scene: Scene) -> None:
        while len(self.runs) < len(scene.trails):
            self.runs.append(Footprints(self))
        for items, trail in zip_longest(self.runs, scene.trails):
            items.show_trail(trail, scene, self._theme, scene.land.scale.logarithmic)

    def mark(self, point: tuple[float, float] | None) -> None:
        """Show the place that is pointed at, here or on another face."""
        self.here.setVisible(point is not None)
        if point is not None:
            self.here.setValue(point[0])


def height_at(scene: Scene, x: Values) -> Values:
    """The height of the line, or of a plane along its first direction where the run stands."""
    land, front = scene.land, scene.front
    y = float(np.mean(land.y))
    if len(scene.surface.errors) > 1 and front is not None and front.end is not None:
        y = min(max(front.end[1], float(land.y[0])), float(land.y[-1]))
    return land.at(x, np.full(len(x), y))


def on_axis(values: Values, log: bool) -> Values:
    """As a scatter takes them, which knows of no logarithms."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log10(values) if log else values


def height_name(height: str) -> str:
    """What a height is called on an axis."""
    return {"loss": "error E", "objective": "objective E + penalty", "accuracy": "accuracy (share of 1)"}[
        height
    ]
