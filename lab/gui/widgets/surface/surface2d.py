"""An error surface from above: colours, lines of equal error with their values, the paths, and what points where."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from lab.gui.theme import Theme, rgb, sequential
from lab.gui.widgets.colour import rows_of_map, with_alpha
from lab.gui.widgets.plot import Plot
from lab.gui.widgets.surface.compass_items import CompassItems
from lab.gui.widgets.surface.contour_items import ContourItems
from lab.gui.widgets.surface.contours import placed
from lab.gui.widgets.surface.path_items import NamesItem, PathItem, WaysItem
from lab.gui.widgets.surface.scales import ScalesItem
from lab.gui.widgets.surface.scene import Scene
from lab.gui.widgets.surface.terrain import Terrain
from lab.gui.widgets.surface.trails import Trail, differs, spaced

GRIP = 13
"""Pixels from the start within which the mouse takes hold of it."""
RINGS, MOST_RINGS = 0.045, 14
"""Rings are at least this share of the frame apart, and there are no more of a run."""
NUDGE = 1 / 40
"""Of the frame: how far a key moves the start."""
NUDGES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
NONE = np.empty((0, 2))


class Surface2D(Plot):
    """`start_moved` carries where the start is dragged to, and whether it has been let go: (x, y), or None where the
    drag was given up, and a bool.
    """

    start_moved = Signal(object, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Error surface")
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._image = pg.ImageItem()
        self._image.setZValue(-10)
        self.addItem(self._image)
        self._scene: Scene | None = None
        self._drawn: tuple[Terrain | None, ...] = (None, None)
        self._grip: tuple[float, float] | None = None
        self._dragged = False
        self.contours = ContourItems(self)
        self.laid_over = ContourItems(self, Qt.PenStyle.DashLine, named=False)
        self.compass = CompassItems(self)
        self.scales = ScalesItem(self)
        self.paths: list[PathItem] = []
        self.ways, self.names = WaysItem(self), NamesItem(self)
        self._halos, self.rings = self.add_points(13), self.add_points(13)
        self.minimum = self.add_points(14, "+")
        self.here = self.add_points(9, "+")
        for item, height in ((self._halos, 49), (self.rings, 50), (self.minimum, 1), (self.here, 110)):
            item.setZValue(height)
            item.hide()
        self.styled(self._restyle)

    def _restyle(self, theme: Theme) -> None:
        self._halos.setPen(pg.mkPen(with_alpha(theme.surface, 0.55), width=3.2))
        self.rings.setPen(pg.mkPen(theme.danger, width=1.4))
        for points in (self._halos, self.rings):
            points.setBrush(None)
        for points in (self.minimum, self.here):
            points.setPen(pg.mkPen(theme.surface, width=0.6))
            points.setBrush(pg.mkBrush(theme.text))
        self._paint_image()

    def show_scene(self, scene: Scene) -> None:
        self._scene = scene
        land, surface = scene.land, scene.surface
        if self._drawn != (land, scene.over):
            self._drawn = (land, scene.over)
            walked = [trail.points for trail in scene.trails if len(trail)]
            avoid = np.concatenate(walked)[:: max(1, sum(map(len, walked)) // 400)] if walked else NONE
            self.name_axes(*map(names, surface.axes))
            (left, right), (low, high) = land.frame
            self.keep_units_equal(scene.equal and 0.4 < (right - left) / (high - low) < 2.5)
            self.frame((left, right), (low, high))
            self._paint_image()
            self.contours.show_land(land, avoid)
            self.laid_over.show_land(scene.over, NONE)
        self._show_trails(scene)
        show_points(self.minimum, NONE if surface.minimum is None else np.array([surface.minimum]))
        self.compass.show_scene(scene)
        self.scales.show_scene(scene)

    def _paint_image(self) -> None:
        if self._scene is None:
            return
        land = self._scene.land
        x, y, errors = land.fine()
        colours = np.vstack([sequential(self._theme), [rgb(self._theme.surface)]]).astype(np.uint8)
        rows = rows_of_map(land.scale.share(errors), 0.0, 1.0)
        self._image.setImage(colours[rows], autoLevels=False, levels=(0, 255))
        self._image.setRect(QRectF(*placed(x, y)))

    def _show_trails(self, scene: Scene) -> None:
        while len(self.paths) < len(scene.trails):
            self.paths.append(PathItem(self, len(self.paths)))
        for k, items in enumerate(self.paths):
            trail = scene.trails[k] if k < len(scene.trails) else None
            items.show_trail(trail, scene.land, scene.movable and trail is scene.front)
        self.ways.show_ways(self.paths)
        self.names.show_names(self.paths)
        rings = rings_of(scene)
        for points in (self._halos, self.rings):
            show_points(points, rings)

    def mark(self, point: tuple[float, float] | None) -> None:
        """Show the place that is pointed at, here or on another face."""
        show_points(self.here, NONE if point is None else np.array([point]))

    def arrow_at(self, point: tuple[float, float]) -> str:
        """The key of the arrow whose tip is where the mouse is; "" where none is."""
        return self.compass.arrow_at(self.box.mapViewToScene(QPointF(*point)))

    def run_at(self, point: tuple[float, float]) -> Trail | None:
        """The run that stands where the mouse is."""
        scene = self._scene
        for trail in reversed(scene.trails if scene is not None else ()):
            if trail.end is not None and self._pixels_between(trail.end, point) <= GRIP:
                return trail
        return None

    def _pixels_between(self, a: tuple[float, float], b: tuple[float, float]) -> float:
        way = self.box.mapViewToScene(QPointF(*a)) - self.box.mapViewToScene(QPointF(*b))
        return float(np.hypot(way.x(), way.y()))

    # the start

    @property
    def _start(self) -> tuple[float, float] | None:
        """Where the start is that can be dragged."""
        scene = self._scene
        front = scene.front if scene is not None and scene.movable else None
        return (
            None
            if front is None or not len(front)
            else (float(front.points[0, 0]), float(front.points[0, 1]))
        )

    def _under(self, event: QMouseEvent) -> tuple[float, float]:
        """The place under the mouse, kept within the frame."""
        point = self.box.mapSceneToView(self.mapToScene(event.position().toPoint()))
        (left, right), (low, high) = self.box.viewRange()
        return min(max(point.x(), left), right), min(max(point.y(), low), high)

    def _takes_hold(self, event: QMouseEvent) -> bool:
        start = self._start
        return start is not None and self._pixels_between(start, self._under(event)) <= GRIP

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._takes_hold(event):
            self._grip, self._dragged = self._start, False
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            event.accept()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is None:
            if not event.buttons():
                open_hand = self._takes_hold(event)
                self.viewport().setCursor(
                    Qt.CursorShape.OpenHandCursor if open_hand else Qt.CursorShape.ArrowCursor
                )
            super().mouseMoveEvent(event)
            return
        self._dragged = True
        self.start_moved.emit(self._under(event), False)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._grip is None:
            super().mouseReleaseEvent(event)
            return
        self._grip = None
        self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        if self._dragged:
            self.start_moved.emit(self._under(event), True)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """As all plots; Shift and an arrow move the start, Escape gives a drag up."""
        way, start = NUDGES.get(Qt.Key(event.key())), self._start
        if event.key() == Qt.Key.Key_Escape and self._grip is not None:
            self._grip = None
            self.start_moved.emit(None, True)
        elif way is not None and start is not None and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            (left, right), (low, high) = self.box.viewRange()
            x, y = (right - left) * NUDGE * way[0], (high - low) * NUDGE * way[1]
            self.start_moved.emit((start[0] + x, start[1] + y), True)
        else:
            super().keyPressEvent(event)


def show_points(item: pg.ScatterPlotItem, points: np.ndarray) -> None:
    """Points [n, 2]; where there are none, it is not asked to paint any either."""
    if len(points) or item.isVisible():
        item.setData(points[:, 0], points[:, 1])
        item.setVisible(len(points) > 0)


def rings_of(scene: Scene) -> np.ndarray:
    """Points of the paths that the surface tells falsely, so many as can be told apart."""
    if not scene.marks.truth or scene.is_whole:
        return NONE
    (left, right), (low, high) = scene.land.frame
    least = np.array([right - left, high - low])
    found = []
    for trail in scene.trails:
        points = trail.points[differs(trail, scene.land)]
        apart = RINGS
        while len(kept := spaced(points / least, apart)) > MOST_RINGS:
            apart *= 1.3
        found.append(points[kept])
    return np.concatenate(found) if found else NONE


def names(axis: str) -> tuple[str, ...]:
    """An axis' name, and shorter ones for where it has no room."""
    short = axis.replace(" main ", " ").replace(" random ", " ").rsplit(".", 1)[-1]
    return axis, short, short.replace("direction ", ""), short.split(" (")[0]
