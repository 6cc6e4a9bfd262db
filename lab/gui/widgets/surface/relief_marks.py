"""What is painted over and under a relief: the box with its axes, the marks of the runs, arrow heads, stems."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from lab.gui.theme import Theme, number_font
from lab.gui.widgets.surface.arrows import paint_arrow
from lab.gui.widgets.surface.relief import Pointer, Route, height_ticks, in_box
from lab.gui.widgets.surface.run_names import Name, paint_names
from lab.gui.widgets.surface.scene import Scene
from lab.gui.widgets.surface.surface2d import names
from lab.gui.widgets.surface.terrain import Values
from lab.gui.widgets.wording import tick

if TYPE_CHECKING:
    from lab.gui.widgets.surface.surface3d import Surface3D

HIDDEN = 0.35
"""How strongly a mark is drawn that stands behind the surface."""
ROOMY = (300, 220)
CORNERS = np.array([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])


class Marker:
    """Paints on one face, in one paint event."""

    def __init__(self, painter: QPainter, face: Surface3D, scene: Scene, theme: Theme) -> None:
        self.painter, self.face, self.scene, self.theme = painter, face, scene, theme
        self.roomy = face.width() > ROOMY[0] and face.height() > ROOMY[1]

    # the box

    def paint_floor(self) -> None:
        """What lies under the surface, where that is not known yet."""
        self.painter.setPen(QPen(QColor(self.theme.border), 1))
        self.painter.setBrush(QColor(self.theme.raised))
        self.painter.drawPolygon(QPolygonF([at for at, _ in self.face.on_screen(CORNERS)]))

    def paint_axes(self) -> None:
        """The names and ends of the two axes at the sides that face us, and the heights."""
        floor = [at for at, _ in self.face.on_screen(CORNERS)]
        self.painter.setFont(number_font(max(self.face.font().pointSizeF() - 1, 7)))
        middle = self.face.on_screen(np.zeros((1, 3)))[0][0]
        self._paint_heights(floor)
        taken = QRectF()
        for axis in (0, 1):
            sides = ((0, 1), (3, 2)) if axis == 0 else ((0, 3), (1, 2))
            side = max(sides, key=lambda s: floor[s[0]].y() + floor[s[1]].y())
            ends = [floor[k] for k in side]
            centre = between(ends[0], ends[1], 0.5)
            for point, value in zip(
                ends, self.scene.land.frame[axis] if self.roomy else (), strict=self.roomy
            ):
                inwards = between(point, centre, 0.3)  # the ends of two axes share a corner
                words = tick(float(f"{value:.3g}"))
                self._label(inwards, ends, middle, words, 4, QColor(self.theme.muted))
            for name in names(self.scene.surface.axes[axis]):  # the first that has room
                area = self._area(centre, ends, middle, name, 9)
                if area.left() >= 2 and area.right() <= self.face.width() - 2:
                    break
            taken = self._label(centre, ends, middle, name, 9, QColor(self.theme.text), taken)

    def _paint_heights(self, floor: list[QPointF]) -> None:
        """The upright axis, at the corner farthest to the left."""
        if not self.roomy:
            return
        corner = CORNERS[min(range(4), key=lambda k: floor[k].x())]
        values = height_ticks(self.scene.land)
        at = self.face.on_screen(np.array([[*corner[:2], z] for z in (0.0, 1.0, *(z for _, z in values))]))
        painter, metrics = self.painter, self.painter.fontMetrics()
        painter.setPen(QPen(QColor(self.theme.border), 1))
        painter.drawLine(at[0][0], at[1][0])
        for (value, _), (point, _near) in zip(values, at[2:], strict=True):
            painter.setPen(QPen(QColor(self.theme.muted), 1))
            painter.drawLine(point, point - QPointF(4, 0))
            text = tick(value)
            area = QRectF(
                point.x() - 8 - metrics.horizontalAdvance(text), point.y() - metrics.height() / 2, 0, 0
            )
            area.setSize(QRectF(0, 0, metrics.horizontalAdvance(text) + 2, metrics.height()).size())
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)

    def _label(
        self,
        point: QPointF,
        edge: list[QPointF],
        middle: QPointF,
        text: str,
        away: float,
        colour: QColor,
        taken: QRectF | None = None,
    ) -> QRectF:
        """Words at a point of an edge of the floor, within the picture and off `taken`."""
        painter, face = self.painter, self.face
        area = self._area(point, edge, middle, text, away)
        area.moveLeft(min(max(area.left(), 2), max(face.width() - area.width() - 2, 2)))
        area.moveTop(min(max(area.top(), 0), face.height() - area.height()))
        if taken is not None and area.intersects(taken):
            area.moveBottom(taken.top())
        painter.setPen(colour)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
        return area

    def _area(self, point: QPointF, edge: list[QPointF], middle: QPointF, text: str, away: float) -> QRectF:
        """Where words have room, wholly outside an edge and `away` pixels from its point."""
        metrics = self.painter.fontMetrics()
        width, height = metrics.horizontalAdvance(text) + 2, metrics.height()
        way = edge[1] - edge[0]
        size = math.hypot(way.x(), way.y()) or 1.0
        right, down = way.y() / size, -way.x() / size  # at right angles to the edge, and outwards
        if right * (point.x() - middle.x()) + down * (point.y() - middle.y()) < 0:
            right, down = -right, -down
        off = away + abs(right) * width / 2 + abs(down) * height / 2
        at = point + QPointF(off * right, off * down)
        return QRectF(at.x() - width / 2, at.y() - height / 2, width, height)

    # marks

    def paint_marks(
        self, routes: Sequence[Route], pointers: Sequence[Pointer], stems: Sequence[tuple[Values, Values]]
    ) -> None:
        self._paint_stems(stems)
        self._paint_minimum()
        for pointer in pointers:
            self._paint_head(pointer)
        self._paint_names(routes)
        for route in routes:
            self._paint_route_ends(route)

    def _paint_stems(self, stems: Sequence[tuple[Values, Values]]) -> None:
        """From the surface to the true error: a thin line with a ring at its end."""
        painter, colour = self.painter, QColor(self.theme.danger)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        ends = self.face.on_screen(np.array(stems).reshape(-1, 3))
        for (below, near), (above, _) in zip(ends[::2], ends[1::2], strict=True):
            painter.setOpacity(HIDDEN if self.face.is_hidden(below, near) else 1.0)
            painter.setPen(QPen(colour, 1.4))
            painter.drawLine(below, above)
            painter.drawEllipse(above, 3.5, 3.5)
        painter.setOpacity(1.0)

    def _paint_minimum(self) -> None:
        lowest = self.scene.surface.minimum
        if lowest is None:
            return
        point = in_box(np.array([lowest]), self.scene.land)
        if np.isfinite(point).all():
            self._cross(point[0], 6)

    def paint_here(self, point: Values) -> None:
        """The place that is pointed at."""
        if np.isfinite(point).all():
            self._cross(point, 5)

    def _cross(self, point: Values, size: float) -> None:
        at, near = self.face.on_screen(point[None])[0]
        painter = self.painter
        painter.setOpacity(HIDDEN if self.face.is_hidden(at, near) else 1.0)
        for colour, width in ((self.theme.surface, 4.0), (self.theme.text, 2.0)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawLine(at - QPointF(size, 0), at + QPointF(size, 0))
            painter.drawLine(at - QPointF(0, size), at + QPointF(0, size))
        painter.setOpacity(1.0)

    def _paint_head(self, pointer: Pointer) -> None:
        at = self.face.on_screen(pointer.points)
        casing = QColor(self.theme.surface)
        if pointer.kind.key == "minimum":  # dotted as on the plane, from where the run stands
            painter = self.painter
            painter.setPen(QPen(self.face.colour_of(pointer), 1.6, Qt.PenStyle.DotLine))
            painter.drawPolyline(QPolygonF([point for point, _ in at]))
            return
        tip = at[-1][0]
        back = next(
            (p for p, _ in reversed(at) if math.hypot(p.x() - tip.x(), p.y() - tip.y()) > 13), at[0][0]
        )
        paint_arrow(self.painter, pointer.kind, back, tip, self.face.colour_of(pointer), casing)

    def _paint_route_ends(self, route: Route) -> None:
        """Where a run began, and where it stands."""
        if route.ends is None:
            return
        colour, ground = QColor(self.theme.run(route.trail.colour)), QColor(self.theme.surface)
        painter = self.painter
        (start, near_start), (at, near) = self.face.on_screen(np.array(route.ends))
        painter.setOpacity(HIDDEN if self.face.is_hidden(start, near_start) else 1.0)
        painter.setPen(QPen(colour, 2))
        painter.setBrush(ground)
        painter.drawEllipse(start, 4.2, 4.2)
        painter.setOpacity(HIDDEN + 0.2 if self.face.is_hidden(at, near) else 1.0)
        painter.setPen(QPen(ground, 1.5))
        painter.setBrush(colour)
        if route.gone:  # a triangle upwards: it has gone out of the picture
            painter.drawPolygon(QPolygonF([at + QPointF(0, -8), at + QPointF(7, 5), at + QPointF(-7, 5)]))
        else:
            painter.drawEllipse(at, 5.5, 5.5)
        painter.setOpacity(1.0)

    def _paint_names(self, routes: Sequence[Route]) -> None:
        """Beside where the runs stand, where there are several; the last of them has the first choice."""
        ends = [(route, route.ends) for route in reversed(routes) if route.ends is not None]
        if len(routes) > 1 and ends:
            at = [place for place, _ in self.face.on_screen(np.array([end[1] for _, end in ends]))]
            names = [Name.of(route.trail, place) for (route, _), place in zip(ends, at, strict=True)]
            paint_names(self.painter, names, QRectF(self.face.rect()), self.theme)


def between(a: QPointF, b: QPointF, share: float) -> QPointF:
    """The point a `share` of the way from a to b."""
    return QPointF(a.x() + share * (b.x() - a.x()), a.y() + share * (b.y() - a.y()))
