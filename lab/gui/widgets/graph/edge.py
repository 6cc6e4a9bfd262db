"""What flows from block to block: a line with rounded corners, an arrow's head, and the shape in small figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPainterPathStroker, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from lab.gui.widgets.graph.block import LEGIBLE
from lab.gui.widgets.graph.look import Look
from lab.network.diagram import Edge, Point

ROUND = 26.0
"""The radius of corners where there is room for it."""
HEAD = 7.0
BESIDE = 8.0
"""From a line to the words beside it."""
REACH = 9.0
"""How far from a line it can still be grasped."""


class EdgeItem(QGraphicsItem):
    """It is told what to show and draws it."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.edge: Edge | None = None
        self.chosen = self.hovered = self.targeted = self.near_chosen = self.detached = False
        self._path, self._grasp, self._bounds = QPainterPath(), QPainterPath(), QRectF()
        self._head = QPolygonF()
        self._label = QRectF()  # before it is turned, around (0, 0)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def show_edge(self, edge: Edge) -> None:
        if edge == self.edge:
            return
        if self.edge is None or (edge.points, edge.text) != (self.edge.points, self.edge.text):
            self.prepareGeometryChange()
            self.edge = edge
            self._lay_out()
        self.edge = edge
        self.update()

    def show_state(self, *, chosen: bool, near_chosen: bool) -> None:
        if (chosen, near_chosen) != (self.chosen, self.near_chosen):
            self.chosen, self.near_chosen = chosen, near_chosen
            self.setZValue(1 if chosen or near_chosen else 0)
            self.update()

    def show_hovered(self, hovered: bool) -> None:
        if hovered != self.hovered:
            self.hovered = hovered
            self.update()

    def show_targeted(self, targeted: bool) -> None:
        """Whether a block would be put here."""
        self.targeted = targeted
        self.setZValue(3 if targeted else 0)
        self.update()

    def show_detached(self, detached: bool) -> None:
        """Whether its end has been taken off, so that another line is drawn in its place."""
        self.detached = detached
        self.update()

    def set_look(self, look: Look) -> None:
        self.look = look
        self.update()

    @property
    def end(self) -> QPointF:
        """Where it comes in."""
        assert self.edge is not None
        return QPointF(*self.edge.points[-1])

    @property
    def middle(self) -> QPointF:
        return self._path.pointAtPercent(0.5)

    def boundingRect(self) -> QRectF:
        return self._bounds

    def shape(self) -> QPainterPath:
        return self._grasp

    def _lay_out(self) -> None:
        assert self.edge is not None
        self._path = rounded(self.edge.points)
        stroker = QPainterPathStroker()
        stroker.setWidth(2 * REACH)
        self._grasp = stroker.createStroke(self._path)
        self._head = head(self.edge.points[-2], self.edge.points[-1])
        metrics = QFontMetricsF(self.look.figures)
        width = metrics.horizontalAdvance(self.edge.text) + 8
        self._label = QRectF(-width / 2, -8, width, 16)
        x, y = self.edge.label
        reach = max(width / 2, 8) + 2
        label = QRectF(x - reach, y - reach, 2 * reach, 2 * reach)
        if self.edge.lettering == "beside":
            label.setRight(x + BESIDE + width + 2)
        self._bounds = self._path.boundingRect().adjusted(-REACH, -REACH, REACH, REACH) | label

    def _colour(self) -> QColor:
        if self.chosen or self.targeted:
            return self.look.accent
        return self.look.text if self.hovered else self.look.accent if self.near_chosen else self.look.line

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        if self.edge is None or self.detached:
            return
        scale = option.levelOfDetailFromTransform(painter.worldTransform())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = self._colour()
        pen = QPen(colour, 2.4 if self.chosen or self.targeted else 1.4)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._path)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(self._head)
        if self.targeted:
            self._paint_mark(painter)
        elif self.edge.text and scale >= LEGIBLE:
            self._paint_label(painter)

    def _paint_label(self, painter: QPainter) -> None:
        assert self.edge is not None
        x, y = self.edge.label
        painter.save()
        painter.translate(x, y)
        if self.edge.lettering == "along":
            painter.rotate(-90)
        rect = self._label
        if self.edge.lettering == "beside":
            rect = rect.translated(rect.width() / 2 + BESIDE - 4, 0)
        else:
            painter.fillRect(rect, self.look.ground)
        painter.setFont(self.look.figures)
        painter.setPen(self.look.accent if self.chosen else self.look.muted)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self.edge.text)
        painter.restore()

    def _paint_mark(self, painter: QPainter) -> None:
        """That a block would land here."""
        at = self.middle
        painter.drawRoundedRect(QRectF(at.x() - 40, at.y() - 3, 80, 6), 3, 3)


def rounded(points: Sequence[Point]) -> QPainterPath:
    """A way along these corners, each rounded as far as the stretches beside it are long."""
    path = QPainterPath(QPointF(*points[0]))
    last = len(points) - 1
    for place in range(1, last):
        before, corner, after = (QPointF(*points[place + step]) for step in (-1, 0, 1))
        # a stretch between two corners is shared by both; the first and the last belong to one
        into = _length(before, corner) * (1.0 if place == 1 else 0.5)
        out = _length(corner, after) * (1.0 if place == last - 1 else 0.5)
        radius = min(ROUND, into, out)
        if radius > 0:
            path.lineTo(_towards(corner, before, radius))
            path.quadTo(corner, _towards(corner, after, radius))
    path.lineTo(QPointF(*points[-1]))
    return path


def head(before: Point, end: Point) -> QPolygonF:
    """An arrow's head at `end`, pointing away from `before`."""
    length = math.hypot(end[0] - before[0], end[1] - before[1]) or 1.0
    x, y = (end[0] - before[0]) / length, (end[1] - before[1]) / length
    back = QPointF(end[0] - HEAD * x, end[1] - HEAD * y)
    half = QPointF(-y, x) * (HEAD * 0.52)
    return QPolygonF([QPointF(*end), back + half, back - half])


def _length(a: QPointF, b: QPointF) -> float:
    return math.hypot(b.x() - a.x(), b.y() - a.y())


def _towards(start: QPointF, end: QPointF, distance: float) -> QPointF:
    length = _length(start, end) or 1.0
    return start + (end - start) * (distance / length)
