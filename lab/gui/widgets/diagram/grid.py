"""How the maps of a layer lie side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QSizeF

from lab.network.shape import Shape

TILE, CELL = 21.0, 7.0
"""Scene pixels of a map, and of a single number, that are wanted at least."""
SMALLEST_TILE, SMALLEST_CELL = 12.0, 2.5
LARGEST_TILE, LARGEST_CELL = 62.0, 19.0
LARGEST_INPUT = 118.0
NARROWEST = 30.0


@dataclass(frozen=True)
class Grid:
    """`columns` x `rows` tiles of `side` (height, width), `gap` between them; `count` of the units are drawn."""

    columns: int
    rows: int
    side: tuple[float, float]
    gap: float
    count: int

    @property
    def pitch(self) -> tuple[float, float]:
        return self.side[0] + self.gap, self.side[1] + self.gap

    @property
    def size(self) -> QSizeF:
        return QSizeF(self.columns * self.pitch[1] - self.gap, self.rows * self.pitch[0] - self.gap)


def grid_of(shape: Shape, across: float, along: float, upright: bool, opened: bool) -> Grid:
    """The maps of a layer in a room that is `across` the flow, taking as little of it `along` as they can be seen in.

    What does not fit is left out, unless it is `opened`.
    """
    count, cell = shape.channels, shape.is_vector
    aspect = shape.width / shape.height
    least, most = (CELL, LARGEST_CELL) if cell else (TILE, LARGEST_TILE)
    smallest = SMALLEST_CELL if cell else SMALLEST_TILE
    high, wide = min(1 / aspect, 1.0), min(aspect, 1.0)  # of a tile whose longer side is 1
    tall, long = (wide, high) if upright else (high, wide)  # across the flow, and along it

    def side_for(lines: int) -> float:
        """The longer side of a tile where so many lines of them lie one beside the other along the flow."""
        pitch = across / math.ceil(count / lines)
        return min((pitch - _gap(pitch)) / tall, most)

    lines = 1
    while (
        side_for(lines) < least and lines < count and (lines + 1) * (side_for(lines + 1) * long + 2) <= along
    ):
        lines += 1
    side, shown = side_for(lines), count
    if side < smallest:
        side, gap = smallest, _gap(smallest)
        each = max(int((across + gap) / (side * tall + gap)), 1)
        lines = max(int((along + gap) / (side * long + gap)), 1)
        if opened:
            lines = math.ceil(count / each)
        shown = min(each * lines, count)
    each = math.ceil(shown / lines)
    lines = math.ceil(shown / each)
    rows, columns = (lines, each) if upright else (each, lines)
    return Grid(columns, rows, (side * high, side * wide), _gap(side), shown)


def _gap(side: float) -> float:
    return 3.0 if side > 18 else 2.0 if side > 9 else 1.0 if side > 4 else 0.0
