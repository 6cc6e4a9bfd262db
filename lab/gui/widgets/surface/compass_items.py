"""What a compass knows, drawn on the plane: arrows, the axes of the ellipse, the constraint line of a case."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QGraphicsItem, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.colour import with_alpha
from lab.gui.widgets.plot import Plot
from lab.gui.widgets.surface.arrows import (
    ARROWS,
    CLEAR,
    LENGTH,
    SHORTEST,
    ArrowKind,
    drawn_length,
    paint_arrow,
    tip_of,
)
from lab.gui.widgets.surface.curve import add_curve
from lab.gui.widgets.surface.scene import Scene
from lab.gui.widgets.surface.terrain import Terrain, Values
from lab.training.surfaces import Arrow

SMALLEST = 110
"""Pixels of the picture's shorter side from which on there are arrows."""
OTHERS, SMALLER = ("descent", "step", "velocity"), 0.6
"""What is drawn of runs beside the one whose surface it is, and how much smaller."""
NEAR = 10
"""Pixels from an arrow's tip within which the mouse means it."""


class ArrowItem(QGraphicsItem):
    """One arrow in pixels, wherever the plane is zoomed; its sign stands at its tip."""

    def __init__(self, kind: ArrowKind) -> None:
        super().__init__()
        self.kind = kind
        self.colour, self.ground = QColor(LIGHT.text), QColor(LIGHT.surface)
        self.tip = QPointF()
        self.signed = False
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setZValue(60)

    def point_to(self, tip: QPointF, signed: bool) -> None:
        self.prepareGeometryChange()
        self.tip, self.signed = tip, signed
        self.update()

    def boundingRect(self) -> QRectF:
        reach = math.hypot(self.tip.x(), self.tip.y()) + 90
        return QRectF(-reach, -reach, 2 * reach, 2 * reach)

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None = None) -> None:
        length = math.hypot(self.tip.x(), self.tip.y())
        if length < 1:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        start = self.tip * (8 / length)
        ground = QColor(self.ground)
        ground.setAlphaF(0.85)
        paint_arrow(painter, self.kind, start, self.tip, self.colour, ground)
        if self.signed:
            self._paint_sign(painter)

    def _paint_sign(self, painter: QPainter) -> None:
        font = number_font(8.0, bold=True)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        wide, tall = metrics.horizontalAdvance(self.kind.sign) + 6, metrics.height()
        length = math.hypot(self.tip.x(), self.tip.y())
        right, down = self.tip.x() / length, self.tip.y() / length
        middle = self.tip + QPointF(right * (wide / 2 + 5), down * (tall / 2 + 5))
        area = QRectF(middle.x() - wide / 2, middle.y() - tall / 2, wide, tall)
        ground = QColor(self.ground)
        ground.setAlphaF(0.78)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(area, 3, 3)
        painter.setPen(self.colour)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self.kind.sign)


class CompassItems:
    """Arrows at where the run stands; the two axes, in the middle where the ellipse has its minimum; the line."""

    def __init__(self, plot: Plot) -> None:
        self._plot = plot
        self.arrows = {kind.key: ArrowItem(kind) for kind in ARROWS}
        for item in self.arrows.values():
            item.hide()
            plot.addItem(item, ignoreBounds=True)
        self.others: list[ArrowItem] = []  # of other runs
        self._made: list[ArrowItem] = []  # for these, whether there are so many now or not
        self.axes = add_curve(
            plot, lambda theme: with_alpha(theme.surface, 0.75), 1.4, Qt.PenStyle.DashDotLine, height=1
        )
        self.constraint = add_curve(plot, lambda theme: theme.danger, 2, Qt.PenStyle.DashLine, height=1)
        self._theme = LIGHT
        self._scene: Scene | None = None
        plot.styled(self._dress)
        plot.box.sigRangeChanged.connect(lambda *_: self._point())
        plot.box.sigResized.connect(lambda *_: self._point())

    def _dress(self, theme: Theme) -> None:
        self._theme = theme
        for item in self.arrows.values():
            item.ground = QColor(theme.surface)
        if self._scene is not None:
            self.show_scene(self._scene)

    def show_scene(self, scene: Scene) -> None:
        self._scene = scene
        compass = scene.compass
        axes: Values = np.empty((0, 2))
        line: Values = np.empty((0, 2))
        if compass is not None and scene.marks.ellipse and compass.eigenvectors is not None:
            axes = ellipse_axes(scene, compass.eigenvalues, compass.eigenvectors)
        if compass is not None and scene.marks.constraint and compass.constraint is not None:
            line = line_through(scene.land, *compass.constraint)
        for curve, points in ((self.axes, axes), (self.constraint, line)):
            curve.setData(points[:, 0], points[:, 1])
            curve.setVisible(len(points) > 0)  # what is empty is asked to paint itself all the same
        self._point()

    def arrow_at(self, place: QPointF) -> str:
        """The key of the arrow whose tip is near a place of the scene; "" where none is."""
        for key, item in self.arrows.items():
            way = item.scenePos() + item.tip - place
            if item.isVisible() and math.hypot(way.x(), way.y()) <= NEAR:
                return key
        return ""

    def _point(self) -> None:
        scene = self._scene
        if scene is None:
            return
        front = scene.front
        end = None if front is None else front.seen_at
        shown: Mapping[str, Arrow] = {}
        roomy = min(self._plot.box.width(), self._plot.box.height()) >= SMALLEST
        if (
            roomy
            and scene.compass is not None
            and end is not None
            and scene.land.contains(np.array([end]))[0]
        ):
            shown = {key: a for key, a in scene.compass.arrows.items() if key in scene.marks.arrows}
        run = self._theme.text if front is None else self._theme.run(front.colour)
        signed = self._plot.box.width() > 260 and self._plot.box.height() > 180
        tips: list[QPointF] = []
        for key, item in self.arrows.items():
            tip = self._tip(key, end, shown.get(key))
            item.setVisible(tip is not None)
            if tip is not None and end is not None:
                item.setPos(*end)
                item.colour = QColor(run if key in ("step", "velocity") else self._theme.text)
                # where two arrows end at one place, only the first is signed
                clear = all(math.hypot(tip.x() - t.x(), tip.y() - t.y()) > 26 for t in tips)
                item.point_to(tip, signed and clear)
                tips.append(tip)
        self._point_others(scene)

    def _point_others(self, scene: Scene) -> None:
        """Gradients, steps and velocities of the other runs at their marks, small and without a sign."""
        wanted = [
            (trail, key, arrow)
            for trail in scene.trails[:-1]
            for key, arrow in trail.arrows.items()
            if key in OTHERS and key in scene.marks.arrows
        ]
        spare, self.others = self._made, []
        for trail, key, arrow in wanted:
            end = trail.seen_at
            tip = self._tip(key, end, arrow, SMALLER)
            if tip is not None and end is not None and scene.land.contains(np.array([end]))[0]:
                if len(self.others) == len(spare):
                    spare.append(self._small_arrow())
                item = spare[len(self.others)]
                item.kind = self.arrows[key].kind
                item.colour, item.ground = QColor(self._theme.run(trail.colour)), QColor(self._theme.surface)
                item.setPos(*end)
                item.point_to(tip, False)
                item.show()
                self.others.append(item)
        for item in spare[len(self.others) :]:
            item.hide()

    def _small_arrow(self) -> ArrowItem:
        item = ArrowItem(ARROWS[0])
        item.setZValue(59)
        self._plot.addItem(item, ignoreBounds=True)
        return item

    def _tip(
        self, key: str, end: tuple[float, float] | None, arrow: Arrow | None, size: float = 1.0
    ) -> QPointF | None:
        """Where an arrow's tip lies, in pixels from its start; None where it points nowhere."""
        if arrow is None or end is None or not np.isfinite(arrow.shadow).all():
            return None
        (left, right), (low, high) = self._plot.box.viewRange()
        wide, tall = self._plot.box.width(), self._plot.box.height()
        dx, dy = arrow.shadow[0] / (right - left) * wide, -arrow.shadow[1] / (high - low) * tall
        if math.hypot(dx, dy) < 1e-9 * (wide + tall):
            return None
        if key == "minimum":  # as far as it is: where the minimum lies can be seen
            reach = max(math.hypot(dx, dy) - CLEAR, SHORTEST)
            return tip_of(dx, dy, min(reach, 2 * (wide + tall)))
        room = size * min(LENGTH, 0.24 * min(wide, tall))
        return tip_of(dx, dy, drawn_length(arrow.share, room))


def ellipse_axes(scene: Scene, eigenvalues: tuple[float, float], eigenvectors: Values) -> Values:
    """The two axes of the ellipse on which the run stands, as pieces [n, 2] with gaps; within twice the frame.

    In their direction the ellipse is as far away as 1 / sqrt(eigenvalue) says; of a saddle only directions are known.
    """
    middle = scene.surface.minimum or (scene.front.seen_at if scene.front is not None else None)
    if middle is None or not np.isfinite(eigenvectors).all():
        return np.empty((0, 2))
    (left, right), (low, high) = scene.land.frame
    most = 0.5 * math.hypot(right - left, high - low)
    values = np.array(eigenvalues)
    if (values > 0).all():
        reach = np.sqrt(values.min() / values) * most
    else:
        reach = np.full(2, 0.3 * most)
    pieces = []
    for direction, length in zip(eigenvectors, reach.tolist(), strict=True):
        unit = direction / (float(np.hypot(*direction)) or 1.0)
        ends = np.array([np.array(middle) - length * unit, np.array(middle) + length * unit])
        pieces += [ends, np.full((1, 2), np.nan)]
    return np.concatenate(pieces)


def line_through(land: Terrain, a: float, b: float, c: float) -> Values:
    """The piece of the line a x + b y = c within the frame, [2, 2]; nothing where it passes the frame by."""
    (left, right), (low, high) = land.frame
    found = []
    if b:
        found += [(x, (c - a * x) / b) for x in (left, right)]
    if a:
        found += [((c - b * y) / a, y) for y in (low, high)]
    wide, tall = 1e-9 * (right - left), 1e-9 * (high - low)
    inside = sorted(
        p for p in found if left - wide <= p[0] <= right + wide and low - tall <= p[1] <= high + tall
    )
    return np.array([inside[0], inside[-1]]) if len(inside) >= 2 else np.empty((0, 2))
