"""An error surface in three dimensions: drag to turn it, wheel to come nearer, arrow keys for both."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from lab.gui.theme import LIGHT, Theme, rgb, sequential
from lab.gui.widgets.colour import image_of, pixel_table
from lab.gui.widgets.surface.relief import Ground, Pointer, Route, in_box, pointers_of, routes_of, stems_of
from lab.gui.widgets.surface.relief_marks import Marker
from lab.gui.widgets.surface.scene import Scene
from lab.gui.widgets.surface.terrain import Values
from lab.kernels.render import Relief, Stroke, View, project, relief

QUIET = 220
"""Milliseconds without a change after which the picture is drawn again with smooth edges."""
SMOOTHEST = 3e6
"""Pixels up to which that is done."""
WALL = 0.34
"""How much of the surface's colour the walls under its edges have."""
TURNS = {
    Qt.Key.Key_Left: (-0.1, 0.0),
    Qt.Key.Key_Right: (0.1, 0.0),
    Qt.Key.Key_Up: (0.0, 0.07),
    Qt.Key.Key_Down: (0.0, -0.07),
}
NEARER = {Qt.Key.Key_Plus: 1.15, Qt.Key.Key_Equal: 1.15, Qt.Key.Key_Minus: 1 / 1.15}


class Surface3D(QWidget):
    """`pointed` carries (x, y) on the plane under the mouse, or None."""

    pointed = Signal(object)
    own_keys = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right})

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._scene: Scene | None = None
        self._ground: Ground | None = None
        self.routes: tuple[Route, ...] = ()
        self._pointers: tuple[Pointer, ...] = ()
        self._stems: list[tuple[Values, Values]] = []
        self._here: tuple[float, float] | None = None
        self.azimuth, self.elevation, self.zoom = 0.55, 0.74, 1.0
        self.sharpness = 1.0  # pixels for each of the screen: more in a figure
        self._grip: QPointF | None = None
        self._relief: Relief | None = None  # the surface alone
        self._drawn: tuple[tuple[int, int], float] | None = None  # size and ratio of the image
        self._image: QImage | None = None
        self._depth = np.empty((0, 0), np.float32)
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(QUIET)
        self._quiet.timeout.connect(self.update)
        self.setAccessibleName("Error surface in three dimensions")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(120, 90)
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def show_scene(self, scene: Scene) -> None:
        self._scene = scene
        self.routes, self._pointers, self._stems = routes_of(scene), pointers_of(scene), stems_of(scene)
        self._image = None
        if self._ground is None or self._ground.land is not scene.land:
            self._ground = Ground.of(scene.land)
            self._relief = None
        self._quiet.start()
        self.update()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._change()

    def mark(self, point: tuple[float, float] | None) -> None:
        """Show the place that is pointed at, here or on another face."""
        if point != self._here:
            self._here = point
            self.update()

    def turn(self, azimuth: float, elevation: float) -> None:
        """Turn by so many radians; never below the ground, never over the top."""
        self.azimuth = (self.azimuth + azimuth) % (2 * math.pi)
        self.elevation = min(max(self.elevation + elevation, 0.05), math.pi / 2)
        self._change()

    def come_nearer(self, factor: float) -> None:
        self.zoom = min(max(self.zoom * factor, 0.4), 6.0)
        self._change()

    def _change(self) -> None:
        """The surface is seen otherwise."""
        self._relief = None
        self._quiet.start()
        self.update()

    def _scale(self) -> float:
        return min(0.315 * self.width(), 0.345 * self.height()) * self.zoom

    @property
    def view(self) -> View:
        return View(self.azimuth, self.elevation, self._scale())

    def on_screen(self, points: Values) -> list[tuple[QPointF, float]]:
        """Where points [n, 3] of the box are seen, and how near they are."""
        at = project(
            np.ascontiguousarray(points, np.float64), self.azimuth, self.elevation, self._scale(),
            float(self.width()), float(self.height()),
        )  # fmt: skip
        return [(QPointF(x, y), near) for x, y, near in at]

    def is_hidden(self, at: QPointF, near: float) -> bool:
        """Whether the surface stands before a point."""
        rows, columns = self._depth.shape
        x, y = at.x() * columns / max(self.width(), 1), at.y() * rows / max(self.height(), 1)
        if not (0 <= x < columns and 0 <= y < rows):
            return False
        return bool(self._depth[int(y), int(x)] > near + 0.04)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._scene is None or self._ground is None:
            return
        ratio = max(self.devicePixelRatioF(), self.sharpness)
        size = max(round(self.width() * ratio), 1), max(round(self.height() * ratio), 1)
        moving = self._quiet.isActive() and self.sharpness == 1.0
        samples = 1 if moving or size[0] * size[1] > SMOOTHEST / 2 else 2
        if self._drawn != (size, ratio) or self._relief is None or self._relief.samples != samples:
            self._drawn, self._image = (size, ratio), None
            self._relief = self._drawn_ground(self._ground, ratio, size, samples)
        if self._image is None:
            pixels, self._depth = self._relief.with_strokes(self._strokes(ratio))
            self._image = image_of(pixels, veiled=True)
            self._image.setDevicePixelRatio(ratio)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        marker = Marker(painter, self, self._scene, self._theme)
        marker.paint_floor()
        painter.drawImage(QPointF(0, 0), self._image)
        marker.paint_axes()
        marker.paint_marks(self.routes, self._pointers, self._stems)
        if self._here is not None:
            marker.paint_here(in_box(np.array([self._here]), self._scene.land)[0])
        # ended by hand: a kernel compiled in here leaves this frame, and so the painter, to the garbage collector
        painter.end()

    def _drawn_ground(self, ground: Ground, ratio: float, size: tuple[int, int], samples: int) -> Relief:
        theme, colours = self._theme, sequential(self._theme)
        faded = np.rint(WALL * colours + (1 - WALL) * np.array(rgb(theme.surface))).astype(np.uint8)
        return relief(
            ground.heights,
            pixel_table(colours, theme.danger),
            ground.lines(theme),
            View(self.azimuth, self.elevation, self._scale() * ratio),
            size,
            brightness=ground.brightness,
            walls=pixel_table(faded, theme.danger),
            samples=samples,
        )

    def _strokes(self, ratio: float) -> list[Stroke]:
        casing = QColor(self._theme.surface).rgba()
        paths = [
            Stroke(r.points, QColor(self._theme.run(r.trail.colour)).rgba(), casing, 1.5 * ratio)
            for r in self.routes
        ]
        return paths + [
            Stroke(p.points, self.colour_of(p).rgba(), casing, 0.9 * ratio)
            for p in self._pointers
            if p.kind.key != "minimum"
        ]

    def colour_of(self, pointer: Pointer) -> QColor:
        scene = self._scene
        own = pointer.kind.key in ("step", "velocity") and scene is not None and scene.front is not None
        return QColor(
            self._theme.run(scene.front.colour) if own and scene and scene.front else self._theme.text
        )

    # turning

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grip = event.position()
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            moved = event.position() - self._grip
            self._grip = event.position()
            self.turn(0.008 * moved.x(), 0.008 * moved.y())
        else:
            self.pointed.emit(self.place_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed.emit(None)

    def place_at(self, at: QPointF) -> tuple[float, float] | None:
        """The place of the plane whose surface is seen at a pixel."""
        rows, columns = self._depth.shape
        x, y = int(at.x() * columns / max(self.width(), 1)), int(at.y() * rows / max(self.height(), 1))
        if self._scene is None or not (0 <= x < columns and 0 <= y < rows) or self._depth[y, x] == -np.inf:
            return None
        across, up, _ = self.view.place(
            at.x(), at.y(), float(self._depth[y, x]), (self.width(), self.height())
        )
        (left, right), (low, high) = self._scene.land.frame
        if max(abs(across), abs(up)) > 1.001:
            return None
        return left + (across + 1) / 2 * (right - left), low + (up + 1) / 2 * (high - low)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.come_nearer(1.0015 ** event.angleDelta().y())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in TURNS:
            self.turn(*TURNS[key])
        elif key in NEARER:
            self.come_nearer(NEARER[key])
        else:
            super().keyPressEvent(event)
