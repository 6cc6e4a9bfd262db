"""An error surface in three dimensions: drag to turn it, wheel to come nearer, arrow keys for both."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget

from lab.gui.theme import LIGHT, Theme, number_font, sequential
from lab.gui.widgets.colour import image_of, pixel_table
from lab.gui.widgets.surface.surface2d import SHORT
from lab.gui.widgets.surface.terrain import Trail
from lab.gui.widgets.wording import tick
from lab.kernels.render import project, render_surface

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Relief:
    """A surface within the box x, y in -1..1, heights and levels in 0..1 (NaN where unknown).

    `trails` lie in the box, the last on top. `axes` names x and y, `ends` are their values at the box's corners.
    """

    heights: Values
    levels: Values
    trails: tuple[Trail, ...]
    axes: tuple[str, str]
    ends: tuple[tuple[float, float], tuple[float, float]]


class Surface3D(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._relief: Relief | None = None
        self.azimuth, self.elevation, self.zoom = 0.55, 0.62, 1.0
        self._grip: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(120, 90)
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def show_relief(self, relief: Relief) -> None:
        self._relief = relief
        self.update()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def turn(self, azimuth: float, elevation: float) -> None:
        """Turn by so many radians; never below the ground, never over the top."""
        self.azimuth = (self.azimuth + azimuth) % (2 * math.pi)
        self.elevation = min(max(self.elevation + elevation, 0.05), math.pi / 2)
        self.update()

    def come_nearer(self, factor: float) -> None:
        self.zoom = min(max(self.zoom * factor, 0.4), 6.0)
        self.update()

    def _scale(self) -> float:
        return min(0.32 * self.width(), 0.4 * self.height()) * self.zoom

    def _on_screen(self, points: Values) -> list[QPointF]:
        at = project(
            points, self.azimuth, self.elevation, self._scale(), float(self.width()), float(self.height())
        )
        return [QPointF(x, y) for x, y, _ in at]

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._relief is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_box(painter)
        ratio = self.devicePixelRatioF()
        relief = self._relief
        pixels = render_surface(
            relief.heights,
            pixel_table(sequential(self._theme), self._theme.danger),
            relief.levels,
            [(trail.path, QColor(self._theme.run(trail.colour)).rgba()) for trail in relief.trails],
            QColor(self._theme.surface).rgba(),
            view=(self.azimuth, self.elevation, self._scale() * ratio),
            size=(max(round(self.width() * ratio), 1), max(round(self.height() * ratio), 1)),
            thickness=1.5 * ratio,
        )
        image = image_of(pixels)
        image.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(0, 0), image)
        for trail in relief.trails:
            self._paint_end(painter, trail, named=len(relief.trails) > 1)
        # ended by hand: a kernel compiled in here leaves this frame, and so the painter, to the garbage collector
        painter.end()

    def _paint_end(self, painter: QPainter, trail: Trail, named: bool) -> None:
        """Where a run stands, and its name."""
        if not len(trail.path) or not np.isfinite(trail.path[-1]).all():
            return
        colour = QColor(self._theme.run(trail.colour))
        at = self._on_screen(np.ascontiguousarray(trail.path[-1:]))[0]
        painter.setPen(QPen(QColor(self._theme.surface), 1.5))
        painter.setBrush(colour)
        painter.drawEllipse(at, 5, 5)
        if named:
            painter.setFont(number_font(bold=True))
            metrics, name = painter.fontMetrics(), trail.name[:SHORT]
            area = QRectF(at.x() + 9, at.y() - metrics.height() / 2, metrics.horizontalAdvance(name) + 6, 0)
            area.setHeight(metrics.height())
            ground = QColor(self._theme.surface)
            ground.setAlphaF(0.8)
            painter.fillRect(area, ground)
            painter.setPen(colour)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, name)

    def _paint_box(self, painter: QPainter) -> None:
        """The floor under the surface, with the names and ends of the two axes at the sides that face us."""
        assert self._relief is not None
        corners = np.array([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
        floor = self._on_screen(corners)
        painter.setPen(QPen(QColor(self._theme.border), 1))
        painter.setBrush(QColor(self._theme.raised))
        painter.drawPolygon(floor)
        painter.setFont(number_font(max(self.font().pointSizeF() - 1, 7)))
        middle = self._on_screen(np.zeros((1, 3)))[0]
        taken = QRectF()
        roomy = self.width() > 300 and self.height() > 220
        for axis in (0, 1):
            sides = ((0, 1), (3, 2)) if axis == 0 else ((0, 3), (1, 2))
            side = max(sides, key=lambda s: floor[s[0]].y() + floor[s[1]].y())
            ends = [floor[k] for k in side]
            centre = between(ends[0], ends[1], 0.5)
            for point, value in zip(ends, self._relief.ends[axis] if roomy else (), strict=roomy):
                inwards = between(point, centre, 0.3)  # the ends of two axes share a corner
                self._label(
                    painter, inwards, middle, tick(float(f"{value:.3g}")), 4, QColor(self._theme.muted)
                )
            taken = self._label(
                painter, centre, middle, self._relief.axes[axis], 10, QColor(self._theme.text), taken
            )

    def _label(
        self,
        painter: QPainter,
        point: QPointF,
        middle: QPointF,
        text: str,
        away: float,
        colour: QColor,
        taken: QRectF | None = None,
    ) -> QRectF:
        """Words outside the floor, `away` pixels from a point of its edge, within the widget, off `taken`."""
        out = point - middle
        length = math.hypot(out.x(), out.y()) or 1.0
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(text) + 2, metrics.height()
        at = point + QPointF(out.x() * (away + width / 2) / length, out.y() * (away + height / 2) / length)
        area = QRectF(at.x() - width / 2, at.y() - height / 2, width, height)
        area.moveLeft(min(max(area.left(), 2), max(self.width() - width - 2, 2)))
        area.moveTop(min(max(area.top(), 0), self.height() - height))
        if taken is not None and area.intersects(taken):
            area.moveBottom(taken.top())
        painter.setPen(colour)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
        return area

    # turning

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grip = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            moved = event.position() - self._grip
            self._grip = event.position()
            self.turn(0.008 * moved.x(), 0.008 * moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.come_nearer(1.0015 ** event.angleDelta().y())
        event.accept()

    own_keys = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        turn = {
            Qt.Key.Key_Left: (-0.1, 0.0),
            Qt.Key.Key_Right: (0.1, 0.0),
            Qt.Key.Key_Up: (0.0, 0.07),
            Qt.Key.Key_Down: (0.0, -0.07),
        }.get(key)
        nearer = {Qt.Key.Key_Plus: 1.15, Qt.Key.Key_Equal: 1.15, Qt.Key.Key_Minus: 1 / 1.15}.get(key)
        if turn is not None:
            self.turn(*turn)
        elif nearer is not None:
            self.come_nearer(nearer)
        else:
            super().keyPressEvent(event)


def between(a: QPointF, b: QPointF, share: float) -> QPointF:
    """The point a `share` of the way from a to b."""
    return QPointF(a.x() + share * (b.x() - a.x()), a.y() + share * (b.y() - a.y()))
