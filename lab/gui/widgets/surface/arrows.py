"""The arrows at the point where a run stands: what each is, and its shape, which tells it from the others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPolygonF

LENGTH, SHORTEST = 62.0, 18.0
"""Pixels of an arrow that lies wholly in the plane, and of one that hardly does."""
CLEAR = 8.0
"""Pixels that an arrow keeps from the point it starts at, which has a marker."""
HEAD = 10.0

Head = Literal["full", "hollow", "double", "open", "ring"]


@dataclass(frozen=True)
class ArrowKind:
    """A direction that a compass may know by its `key`. `sign` is how a formula calls it, `brief` what
    it is called where there is little room."""

    key: str
    title: str
    sign: str
    brief: str
    dash: Qt.PenStyle
    head: Head
    tip: str


ARROWS = (
    ArrowKind(
        "descent",
        "steepest descent",
        "−∇E",
        "descent",
        Qt.PenStyle.SolidLine,
        "full",
        "−∇E: down the gradient of the error that the surface shows, at right angles to the contour line",
    ),
    ArrowKind(
        "batch descent",
        "batch's descent",
        "−∇E(batch)",
        "batch descent",
        Qt.PenStyle.DashLine,
        "hollow",
        "−∇E of the batch that comes next: where plain descent goes from here",
    ),
    ArrowKind(
        "step",
        "last step",
        "Δw",
        "last step",
        Qt.PenStyle.SolidLine,
        "double",
        "Δw = w(t) − w(t−1): the update that was made last",
    ),
    ArrowKind(
        "velocity",
        "velocity",
        "v",
        "velocity",
        Qt.PenStyle.DashDotLine,
        "open",
        "v: what the optimizer carries over from one update to the next",
    ),
    ArrowKind(
        "minimum",
        "to the minimum",
        "w* − w",
        "minimum",
        Qt.PenStyle.DotLine,
        "ring",
        "w* − w: straight to the known minimum. Steepest descent points there only where contours are circles",
    ),
)
KINDS = {kind.key: kind for kind in ARROWS}
SHOWN = ("descent", "batch descent", "step", "velocity", "minimum")


def drawn_length(share: float, room: float = LENGTH) -> float:
    """Pixels of an arrow of which a share lies in the plane."""
    return max(room * share, min(SHORTEST, room))


def tip_of(dx: float, dy: float, length: float) -> QPointF:
    """Where an arrow from the origin ends, in the direction (dx, dy)."""
    size = math.hypot(dx, dy) or 1.0
    return QPointF((CLEAR + length) * dx / size, (CLEAR + length) * dy / size)


def paint_arrow(
    painter: QPainter,
    kind: ArrowKind,
    start: QPointF,
    end: QPointF,
    colour: QColor,
    casing: QColor,
    width: float = 2.0,
) -> None:
    """An arrow from one point to another, in pixels, with a casing that lifts it off what is below."""
    way = end - start
    length = math.hypot(way.x(), way.y())
    if length < 1e-6:
        return
    painter.save()
    painter.translate(start)
    painter.rotate(math.degrees(math.atan2(way.y(), way.x())))
    head, back = _head(kind.head, length)
    shaft = QPainterPath(QPointF(0, 0))
    shaft.lineTo(back, 0)
    round_ends = (Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(casing, width + 3, Qt.PenStyle.SolidLine, *round_ends))
    painter.drawPath(shaft)
    painter.drawPath(head)
    painter.setPen(QPen(colour, width, kind.dash, Qt.PenCapStyle.FlatCap))
    painter.drawPath(shaft)
    painter.setPen(QPen(colour, width - 0.4, Qt.PenStyle.SolidLine, *round_ends))
    filled = {
        "full": QBrush(colour),
        "double": QBrush(colour),
        "hollow": QBrush(casing),
        "ring": QBrush(casing),
    }
    painter.setBrush(filled.get(kind.head, QBrush(Qt.BrushStyle.NoBrush)))
    painter.drawPath(head)
    painter.restore()


def _head(head: Head, length: float) -> tuple[QPainterPath, float]:
    """The head of an arrow along x that ends at `length`, and where its shaft ends."""
    size = min(HEAD, 0.6 * length)
    half, path = 0.42 * size, QPainterPath()
    if head == "ring":
        path.addEllipse(QPointF(length - half, 0), half, half)
        return path, length - 2 * half
    if head == "open":
        path.moveTo(length - 0.8 * size, -half)
        path.lineTo(length, 0)
        path.lineTo(length - 0.8 * size, half)
        return path, length
    for tip in (length, length - 0.75 * size) if head == "double" else (length,):
        path.addPolygon(
            QPolygonF(
                [QPointF(tip, 0), QPointF(tip - size, -half), QPointF(tip - size, half), QPointF(tip, 0)]
            )
        )
    return path, length - size
