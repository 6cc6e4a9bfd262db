"""An error surface from above: colours, lines of equal error with their values, and the paths."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QWidget

from lab.gui.theme import Theme, number_font, rgb, sequential
from lab.gui.widgets.colour import rows_of_map
from lab.gui.widgets.plot import Plot, pen
from lab.gui.widgets.surface.contours import contour_lines, placed
from lab.gui.widgets.surface.terrain import Terrain, Trail
from lab.gui.widgets.wording import tick
from lab.training.surfaces import Surface

LABELS = 8
SHORT = 10
"""Characters of a run's name."""
MOST_POINTS = 3000
"""Of a longer path every so-and-so-many-th point is drawn, the last always."""


class PathItems:
    """The path of a run as it is drawn: start, line with a casing, where it stands, its name."""

    def __init__(self, plot: Plot, height: int) -> None:
        self.casing = plot.add_line(lambda theme: theme.surface, width=4, smooth=True)
        self.line = plot.add_line(lambda theme: theme.text, width=2, smooth=True)
        self.start, self.now = plot.add_points(10), plot.add_points(11)
        self.name = pg.TextItem(anchor=(-0.35, 0.5))
        self.name.textItem.document().setDocumentMargin(1)
        plot.addItem(self.name, ignoreBounds=True)
        for item in self.items:
            item.setZValue(1 + height)
        self.name.setZValue(100)
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
        return self.casing, self.line, self.start, self.now, self.name

    def show_trail(self, trail: Trail | None) -> None:
        for item in self.items:
            item.setVisible(trail is not None)
        if trail is None:
            return
        path = trail.path[:: -(-len(trail.path) // MOST_POINTS) or 1]
        if len(path):
            path = np.vstack([path, trail.path[-1:]])
            self.name.setPos(*path[-1])
        for line in (self.casing, self.line):
            line.setData(path[:, 0], path[:, 1])
        self.start.setData(path[:1, 0], path[:1, 1])
        self.now.setData(path[-1:, 0], path[-1:, 1])

    def dress(self, theme: Theme, trail: Trail, named: bool) -> None:
        self.name.setVisible(named and bool(len(trail.path)))
        worn = (theme, trail.colour, trail.name)
        if worn == self._worn:
            return
        self._worn, self._look = worn, (trail, named)
        run, ground = theme.run(trail.colour), theme.surface
        self.casing.setPen(pen(ground, 4))
        self.line.setPen(pen(run, 2))
        self.start.setPen(pg.mkPen(run, width=2))
        self.start.setBrush(pg.mkBrush(ground))
        self.now.setPen(pg.mkPen(ground, width=1.5))
        self.now.setBrush(pg.mkBrush(run))
        self.name.setText(trail.name[:SHORT])
        self.name.setFont(number_font(bold=True))
        self.name.setColor(run)
        self.name.fill = pg.mkBrush(_with_alpha(ground, 0.8))


class Surface2D(Plot):
    def __init__(self, parent: QWidget | None = None) -> None:
        self._labels: list[pg.TextItem] = []
        self._drawn: tuple[Terrain, list[tuple[np.ndarray, np.ndarray]]] | None = None
        super().__init__(parent)
        self.setAccessibleName("Error surface")
        self._image = pg.ImageItem()
        self._image.setZValue(-10)
        self.addItem(self._image)
        self._lines = self.add_line(lambda theme: theme.text, smooth=True)
        self.paths: list[PathItems] = []
        self._trails: tuple[Trail, ...] = ()
        self._labels = [pg.TextItem(anchor=(0.5, 0.5)) for _ in range(LABELS)]
        for label in self._labels:
            label.hide()
            self.addItem(label, ignoreBounds=True)
        self._minimum = self.add_points(13, "+")
        self.styled(self._restyle)

    def _restyle(self, theme: Theme) -> None:
        self._lines.setPen(pg.mkPen(_with_alpha(theme.text, 0.45), width=1))
        self._dress_paths()
        self._minimum.setPen(pg.mkPen(theme.text, width=1))
        self._minimum.setBrush(pg.mkBrush(theme.text))
        for label in self._labels:
            label.setColor(theme.text)
            label.fill = pg.mkBrush(_with_alpha(theme.surface, 0.72))

    def show_surface(
        self, surface: Surface, land: Terrain, trails: tuple[Trail, ...], equal: bool = False
    ) -> None:
        """The last trail is on top. With `equal` units on both axes steepest descent crosses the lines at right
        angles, as it should."""
        x, y, errors = land.fine()
        colours = np.vstack([sequential(self._theme), [rgb(self._theme.surface)]]).astype(np.uint8)
        self._image.setImage(
            colours[rows_of_map(land.heights(errors), 0.0, 1.0)], autoLevels=False, levels=(0, 255)
        )
        self._image.setRect(QRectF(*placed(x, y)))
        lines = [contour_lines(land.x, land.y, land.errors, [level]) for level in land.levels]
        drawn = [line for line in lines if len(line[0])]
        if drawn:
            self._lines.setData(*(np.concatenate(part) for part in zip(*drawn, strict=True)))
        else:
            self._lines.setData([], [])
        self._drawn = (land, lines)
        self._place_labels()
        self._show_trails(trails)
        lowest = np.array([surface.minimum]) if surface.minimum is not None else np.empty((0, 2))
        self._minimum.setData(lowest[:, 0], lowest[:, 1])
        self.name_axes(*map(_names, surface.axes))
        wide, high = float(surface.x[-1] - surface.x[0]), float(surface.y[-1] - surface.y[0])
        self.keep_units_equal(equal and 0.4 < wide / high < 2.5)
        self.frame((surface.x[0], surface.x[-1]), (surface.y[0], surface.y[-1]))

    def _show_trails(self, trails: tuple[Trail, ...]) -> None:
        self._trails = trails
        while len(self.paths) < len(trails):
            self.paths.append(PathItems(self, len(self.paths)))
        for k, items in enumerate(self.paths):
            items.show_trail(trails[k] if k < len(trails) else None)
        self._dress_paths()

    def _dress_paths(self) -> None:
        for items, trail in zip(self.paths, self._trails, strict=False):
            items.dress(self._theme, trail, named=len(self._trails) > 1)

    def _place_labels(self) -> None:
        """A line's value in the middle of what it has well inside the picture; none where that is small."""
        places: list[tuple[float, float, str]] = []
        if self._drawn is not None and self.height() > 260 and self.width() > 320:
            land, lines = self._drawn
            (left, right), (low, high) = (
                (a[0] + 0.06 * (a[-1] - a[0]), a[-1] - 0.06 * (a[-1] - a[0])) for a in (land.x, land.y)
            )
            every = max(-(-len(land.levels) // LABELS), 1)
            for level, (x, y) in list(zip(land.levels, lines, strict=True))[::every]:
                inside = np.flatnonzero((x > left) & (x < right) & (y > low) & (y < high))
                if len(inside) >= 12:
                    at = inside[len(inside) // 2]
                    places.append((float(x[at]), float(y[at]), tick(level)))
        for label, place in zip_longest(self._labels, places[:LABELS]):
            label.setVisible(place is not None)
            if place is not None:
                label.setPos(*place[:2])
                label.setText(place[2])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_labels()


def _names(axis: str) -> tuple[str, ...]:
    """An axis' name, and shorter ones for where it has no room."""
    short = axis.replace(" main ", " ").replace(" random ", " ")
    return axis, short, short.replace("direction ", ""), short.split(" (")[0]


def _with_alpha(colour: str, share: float) -> QColor:
    result = QColor(colour)
    result.setAlphaF(share)
    return result
