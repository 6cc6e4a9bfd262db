"""Where the numbers of a mosaic lie: groups of tiles of panes of cells, in pixels.

A tile is what a unit or a filter has; it holds one pane (a feature map) or several side by side (a filter's
input channels). The number that a pixel shows is the sum of an index along the rows and an index along the
columns; it is remembered, so a frame costs one look-up a pixel, whatever the number of tiles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF

MARGIN, GAP, PANE_GAP, HEADER, BETWEEN = 4, 4, 1, 26, 14
NOWHERE = -(2**40)
"""An index so low that no sum with another one reaches a value: a gap."""


@dataclass(frozen=True)
class Place:
    """One number of a group."""

    group: str
    tile: int
    pane: int = 0
    row: int = 0
    column: int = 0


Shading = Literal["sign", "magnitude", "colour"]
"""Numbers with a sign, from -limit to limit; magnitudes, from 0 to it; or three panes as red, green and blue, each from
-limit (none of it) to limit (all of it), which are shown as one pane."""


@dataclass(frozen=True, eq=False)
class Group:
    """Maps that belong together. `values` is [tiles, panes, height, width].

    `limits` are the magnitudes at the ends of the colours, one for all tiles or one each. `side` is the wished
    longest side of a pane in pixels. Where values are samples of something `smooth`, maps are as large as fill the
    rows; else all numbers take the same whole number of pixels.
    """

    key: str
    title: str
    detail: str
    values: NDArray[np.float32]
    limits: NDArray[np.float64]
    side: int = 60
    smooth: bool = False
    shading: Shading = "sign"
    low: float | None = None
    """What stands at the lower end of the colours, where that is not what the shading says."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Tiles, and panes as they are shown, their height and their width."""
        tiles, panes, height, width = self.values.shape
        return tiles, 1 if self.shading == "colour" else panes, height, width


@dataclass(frozen=True)
class Mark:
    """A rectangle of values in a group's first tile; what lies outside it is dimmed."""

    group: str
    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True, eq=False)
class Part:
    """What is seen of a block: `corner` is the place of its first pixel of the device; `index` tells for each of these
    which of the group's values it shows, -1 or their number where it shows none.
    """

    seen: QRect
    ratio: float
    corner: QPointF
    index: NDArray[np.int64]


@dataclass
class Block:
    """Where a group lies. Sizes in pixels of the widget."""

    group: Group
    top: int
    left: int
    columns: int
    pane_columns: int
    pane: tuple[float, float]
    tile: tuple[float, float]
    pitch: tuple[float, float]
    area: QRectF
    pixels: tuple[float, NDArray[np.int64], NDArray[np.int64]] | None = field(default=None)
    painted: Part | None = field(default=None)

    def corner(self, tile: int, pane: int = 0) -> QPointF:
        row, column = divmod(tile, self.columns)
        pane_row, pane_column = divmod(pane, self.pane_columns)
        return QPointF(
            self.area.left() + column * self.pitch[1] + pane_column * (self.pane[1] + PANE_GAP),
            self.area.top() + row * self.pitch[0] + pane_row * (self.pane[0] + PANE_GAP),
        )

    def tile_area(self, tile: int) -> QRectF:
        corner = self.corner(tile)
        return QRectF(corner.x(), corner.y(), self.tile[1], self.tile[0])

    def tiles_between(self, top: float, bottom: float) -> range:
        """The tiles in the rows that lie between two heights of the widget."""
        first, last = (int((y - self.area.top()) // self.pitch[0]) for y in (top, bottom))
        return range(max(first, 0) * self.columns, min((last + 1) * self.columns, len(self.group.values)))

    def cells(self, place: Place, height: int = 1, width: int = 1) -> QRectF:
        corner = self.corner(place.tile, place.pane)
        _, _, h, w = self.group.shape
        y, x = self.pane[0] / h, self.pane[1] / w
        return QRectF(corner.x() + place.column * x, corner.y() + place.row * y, width * x, height * y)

    def index(self, ratio: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For each row and each column of device pixels, what it adds to the index of the value shown there."""
        if self.pixels is None or self.pixels[0] != ratio:
            _, panes, h, w = self.group.shape
            size = panes * h * w
            sides = (
                (self.area.height(), self.pitch[0], self.pane[0], h, self.columns * size, self.pane_columns * h * w, w),
                (self.area.width(), self.pitch[1], self.pane[1], w, size, h * w, 1),
            )  # fmt: skip
            pane_counts = (panes // self.pane_columns, self.pane_columns)
            found = []
            for (extent, pitch, pane, cells, per_tile, per_pane, per_cell), count in zip(
                sides, pane_counts, strict=True
            ):
                at = (np.arange(round(extent * ratio)) + 0.5) / ratio
                tile, rest = np.divmod(at, pitch)
                which, inside = np.divmod(rest, pane + PANE_GAP)
                cell = np.minimum((inside * (cells / pane)).astype(np.int64), cells - 1)
                index = tile.astype(np.int64) * per_tile + which.astype(np.int64) * per_pane + cell * per_cell
                found.append(np.where((inside < pane) & (which < count), index, NOWHERE))
            self.pixels = (ratio, found[0], found[1])
        return self.pixels[1], self.pixels[2]

    def part(self, visible: QRect, ratio: float) -> Part | None:
        """What is seen of it there. Remembered: while a network learns, the same part is painted again and again."""
        seen = self.area.toAlignedRect().intersected(visible)
        if seen.isEmpty():
            return None
        if self.painted is None or (self.painted.seen, self.painted.ratio) != (seen, ratio):
            rows, columns = self.index(ratio)
            top = max(int((seen.top() - self.area.top()) * ratio), 0)
            left = max(int((seen.left() - self.area.left()) * ratio), 0)
            rows = rows[top : top + int((seen.height() + 1) * ratio)]
            columns = columns[left : left + int((seen.width() + 1) * ratio)]
            none, size = -1, math.prod(self.group.shape)
            index = np.clip(rows[:, None] + columns[None, :], none, size)
            corner = QPointF(self.area.left() + left / ratio, self.area.top() + top / ratio)
            self.painted = Part(seen, ratio, corner, index)
        return self.painted
