"""The shapes of bands: from a block's whole side to the next one's, or along a way around others."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

CORNER = 14.0


def between(start: QRectF, end: QRectF, upright: bool) -> QPainterPath:
    """A band from the whole side of one to the whole side of the other."""
    path = QPainterPath()
    if upright and (end.top() >= start.bottom() or end.bottom() <= start.top()):
        down = end.top() >= start.bottom()
        y0, y1 = (start.bottom(), end.top()) if down else (start.top(), end.bottom())
        middle = (y0 + y1) / 2
        path.moveTo(start.left(), y0)
        path.cubicTo(start.left(), middle, end.left(), middle, end.left(), y1)
        path.lineTo(end.right(), y1)
        path.cubicTo(end.right(), middle, start.right(), middle, start.right(), y0)
    else:
        x0, x1 = (start.right(), end.left()) if end.left() >= start.right() else (start.left(), end.right())
        middle = (x0 + x1) / 2
        path.moveTo(x0, start.top())
        path.cubicTo(middle, start.top(), middle, end.top(), x1, end.top())
        path.lineTo(x1, end.bottom())
        path.cubicTo(middle, end.bottom(), middle, start.bottom(), x0, start.bottom())
    path.closeSubpath()
    return path


def along(points: tuple[tuple[float, float], ...]) -> QPainterPath:
    """Straight pieces, their corners rounded off."""
    corners = [QPointF(x, y) for x, y in points]
    path = QPainterPath(corners[0])
    for before, at, after in zip(corners, corners[1:], corners[2:], strict=False):
        for toward, is_end in ((before, False), (after, True)):
            way = toward - at
            long = max((way.x() ** 2 + way.y() ** 2) ** 0.5, 1e-9)
            near = at + way * (min(CORNER, long / 2) / long)
            if is_end:
                path.quadTo(at, near)
            else:
                path.lineTo(near)
    path.lineTo(corners[-1])
    return path
