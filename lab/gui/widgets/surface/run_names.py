"""The names of runs beside where they stand: no two on one another, none out of the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from lab.gui.theme import Theme, number_font
from lab.gui.widgets.surface.trails import Trail

SHORT = 10
"""Characters of a run's name."""
BESIDE, AROUND = 9.0, 3.0
"""Pixels from a mark to its name; and on both sides of the letters."""
LINES = 9
"""A name goes up or down by no more lines to find room."""


@dataclass(frozen=True)
class Name:
    """What is written of a run, the mark it belongs to, and in which of the theme's colours."""

    text: str
    at: QPointF
    colour: int

    @classmethod
    def of(cls, trail: Trail, at: QPointF) -> Name:
        return cls(trail.name[:SHORT], at, trail.colour)


def place_names(names: Sequence[Name], metrics: QFontMetricsF, within: QRectF) -> list[QRectF]:
    """Where each stands: nearest to its mark where it is within the picture and off those before it.

    Where there is no such place it stands at its mark's right, whatever is there.
    """
    taken: list[QRectF] = []
    for name in names:
        inside = (place for place in _places(name, metrics) if within.contains(place))
        free = (place for place in inside if not any(place.intersects(other) for other in taken))
        taken.append(next(free, None) or next(_places(name, metrics)))
    return taken


def _places(name: Name, metrics: QFontMetricsF) -> Iterator[QRectF]:
    """Right and left of the mark, then ever farther below and above."""
    wide, high = metrics.horizontalAdvance(name.text) + 2 * AROUND, metrics.height()
    for line in sorted(range(-LINES, LINES + 1), key=lambda k: (abs(k), -k)):
        for left in (name.at.x() + BESIDE, name.at.x() - BESIDE - wide):
            yield QRectF(left, name.at.y() + (line - 0.5) * high, wide, high)


def paint_names(painter: QPainter, names: Sequence[Name], within: QRectF, theme: Theme) -> None:
    """The first of them on top."""
    font = number_font(bold=True)
    painter.setFont(font)
    ground = QColor(theme.surface)
    ground.setAlphaF(0.8)
    areas = place_names(names, QFontMetricsF(font), within)
    for name, area in reversed(list(zip(names, areas, strict=True))):
        painter.fillRect(area, ground)
        painter.setPen(QColor(theme.run(name.colour)))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, name.text)
