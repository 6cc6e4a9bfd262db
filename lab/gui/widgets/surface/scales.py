"""What an optimizer keeps of each of two weights, drawn around where its run stands."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QTransform

from lab.gui.widgets.plot import Plot
from lab.gui.widgets.surface.path_items import OverPlane
from lab.gui.widgets.surface.scene import Scene

REACH, LEAST = 34.0, 2.0
"""Pixels from the marker to where a scale reaches along its longer axis, and at least along the other."""


@dataclass(frozen=True)
class ScaleKind:
    """A pair of numbers that a compass may know by its `key`; `sign` is how a formula calls it."""

    key: str
    title: str
    sign: str
    round: bool
    tip: str


SCALES = (
    ScaleKind(
        "step size",
        "per-weight step",
        "ε_w",
        True,
        "By what the optimizer multiplied each weight's gradient last: an ellipse of where it makes gradients of one "
        "length go. A circle (with equal units) where all weights have one rate",
    ),
    ScaleKind(
        "running square",
        "running square",
        "√M",
        False,
        "The root of the running square of each weight's gradient: a box as wide and as high as gradients along the "
        "two weights have been of late",
    ),
)


@dataclass(frozen=True)
class Shape:
    """Where it stands, what it is of, in which of the theme's colours, and its half-axes in the plane's units."""

    kind: ScaleKind
    at: tuple[float, float]
    colour: int
    half: tuple[float, float]

    def area(self, to_pixels: QTransform) -> QRectF:
        """In pixels. Only the proportion of the two is shown."""
        across, up = self.half[0] * abs(to_pixels.m11()), self.half[1] * abs(to_pixels.m22())
        times = REACH / max(across, up)
        across, up = max(times * across, LEAST), max(times * up, LEAST)
        middle = to_pixels.map(QPointF(*self.at))
        return QRectF(middle.x() - across, middle.y() - up, 2 * across, 2 * up)


class ScalesItem(OverPlane):
    """Ellipses of step sizes and boxes of running squares, all runs'."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot, 58)
        self.shapes: tuple[Shape, ...] = ()

    def show_scene(self, scene: Scene) -> None:
        wanted = [kind for kind in SCALES if kind.key in scene.marks.scales]
        self.shapes = tuple(
            Shape(kind, trail.seen_at, trail.colour, trail.scales[kind.key])
            for trail in scene.trails
            for kind in wanted
            if kind.key in trail.scales and trail.seen_at is not None
        )
        self.setVisible(bool(self.shapes))
        self.update()

    def paint_pixels(self, painter: QPainter, to_pixels: QTransform) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        ground = QColor(self._theme.surface)
        for shape in self.shapes:
            draw = painter.drawEllipse if shape.kind.round else painter.drawRect
            for colour, width in ((ground, 4.0), (QColor(self._theme.run(shape.colour)), 1.6)):
                dash = Qt.PenStyle.SolidLine if shape.kind.round else Qt.PenStyle.DashLine
                painter.setPen(QPen(colour, width, dash))
                draw(shape.area(to_pixels))
