"""Where blocks of maps lie: from left to right, or as a U; each as long as its maps need."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF

from lab.gui.widgets.diagram.grid import LARGEST_INPUT, NARROWEST, Grid, grid_of
from lab.network.diagram import GAP, WIDTH, Box, Diagram, Edge, diagram
from lab.network.layers import Flatten
from lab.network.network import INPUT, Analysis
from lab.network.shape import Shape

HEADER, MORE = 50.0, 18.0
"""Scene pixels above a block for its name, shape and parameters, and below it for how many maps are folded."""
HANG = GAP / 2 - 3
"""So far a name may hang over its block at each side."""
BESIDE = 128.0
"""Where the network is drawn as a U, they stand beside it."""
ROOM = WIDTH - HEADER - MORE
"""What is left across for the maps where there are several ways beside one another."""
ROOMS = (140.0, ROOM, 240.0, 320.0, 420.0, 560.0)
"""What can be chosen where there is one way: the more, the fewer maps lie side by side."""
ALONG, SLIM = 200.0, 34.0
"""How long a layer is at most, as long as nobody unfolds it; and one that only lays its input out anew."""
SCROLLED = 0.62
"""The scale of what is scrolled at the most: a layer and its neighbours are seen together."""
LABELS = 74.0
"""For the names of classes beside the last layer."""


@dataclass(frozen=True)
class Block:
    """A layer, or the input, in its place: `area` is all of it, `maps` where its maps lie, `head` where its name."""

    name: str
    shape: Shape
    area: QRectF
    maps: QRectF
    head: QRectF
    grid: Grid
    is_open: bool = False

    @property
    def folded(self) -> int:
        return 0 if self.name == INPUT else self.shape.channels - self.grid.count

    @property
    def more(self) -> QRectF | None:
        if not self.folded and not self.is_open:
            return None
        wide = max(self.maps.width(), 90.0)
        return QRectF(self.maps.center().x() - wide / 2, self.maps.bottom() + 3, wide, MORE)

    def tile(self, unit: int) -> QRectF:
        row, column = divmod(unit, self.grid.columns)
        down, across = self.grid.pitch
        corner = QPointF(self.maps.left() + column * across, self.maps.top() + row * down)
        return QRectF(corner, QSizeF(self.grid.side[1], self.grid.side[0]))

    def unit_at(self, point: QPointF) -> int | None:
        if not self.maps.contains(point):
            return None
        down, across = self.grid.pitch
        row, column = int((point.y() - self.maps.top()) / down), int((point.x() - self.maps.left()) / across)
        unit = min(row, self.grid.rows - 1) * self.grid.columns + min(column, self.grid.columns - 1)
        return unit if unit < self.grid.count else None


@dataclass(frozen=True)
class Band:
    """What flows from one block to another: straight across, or along `points`."""

    start: str
    end: str
    points: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Strata:
    blocks: tuple[Block, ...]
    bands: tuple[Band, ...]
    extent: QSizeF
    upright: bool
    by_name: dict[str, Block]


def strata(
    analysis: Analysis, size: QSizeF, opened: Collection[str], labelled: bool, readable: float
) -> Strata:
    """Blocks for the input and every layer, and what flows between them; as it is seen best in a window of `size`.

    `readable` is the scale below which it is scrolled. With `labelled` there is room for names beside the last one.
    """
    plain = diagram(analysis)
    one_way = not plain.is_folded and all(box.column == 0 for box in plain.boxes)
    rooms = ROOMS if one_way else (ROOM,)
    found = [_strata(analysis, plain.is_folded, room, opened, labelled) for room in rooms]
    return max(found, key=lambda one: _seen(one, size, readable))


def fitting(extent: QSizeF, size: QSizeF, upright: bool, readable: float) -> float:
    """The scale at which all of it is seen, or, where that cannot be read, as much as is as high as the window."""
    across, down = size.width() / max(extent.width(), 1.0), size.height() / max(extent.height(), 1.0)
    whole = min(across, down)
    return whole if whole >= readable or upright else max(min(down, SCROLLED), whole)


def _seen(found: Strata, size: QSizeF, readable: float) -> tuple[bool, float]:
    """Whether all of it is, and how large its maps are on the screen, by the mean logarithm of their sides."""
    scale = min(fitting(found.extent, size, found.upright, readable), 1.6)
    sides = [math.log(math.sqrt(b.grid.side[0] * b.grid.side[1]) * scale) for b in found.blocks]
    whole = scale * found.extent.width() <= size.width() + 1
    return whole, sum(sides) / max(len(sides), 1)


def _strata(
    analysis: Analysis, upright: bool, room: float, opened: Collection[str], labelled: bool
) -> Strata:
    shapes = {INPUT: analysis.input} | {f.name: f.output for f in analysis.nodes if f.output is not None}
    flat = {f.name for f in analysis.nodes if isinstance(f.layer, Flatten)}
    grids = {
        name: _grid(name, shape, upright, room, SLIM if name in flat else ALONG, name in opened)
        for name, shape in shapes.items()
    }
    lengths = {name: max(_along(grid, upright), NARROWEST) for name, grid in grids.items()}
    drawing = diagram(analysis, lengths)
    tall = room + HEADER + MORE
    blocks = tuple(
        _block(box, drawing, shapes[box.name], grids[box.name], upright, tall, box.name in opened)
        for box in drawing.boxes
        if box.name in shapes
    )
    there = {block.name: block for block in blocks}
    ranks = {box.name: box.rank for box in drawing.boxes}
    bands = tuple(
        Band(edge.source, edge.target, _points(edge, drawing, upright, ranks))
        for edge in drawing.edges
        if edge.source in there and edge.target in there
    )
    extent = _extent(blocks, drawing, upright)
    if labelled:
        extent.setWidth(extent.width() + LABELS)
    return Strata(blocks, bands, extent, upright, there)


def _block(
    box: Box, drawing: Diagram, shape: Shape, grid: Grid, upright: bool, tall: float, is_open: bool
) -> Block:
    x, y, size = box.x - drawing.left, box.y - drawing.top, grid.size
    if upright:
        area = QRectF(x + BESIDE, y, box.width, box.height)
        maps = QRectF(area.center() - QPointF(size.width() / 2, size.height() / 2), size)
        on_left = box.column == 0
        high = max(maps.height() + GAP / 2, 56.0)
        left = area.left() - BESIDE if on_left else area.right() + 8
        head = QRectF(left, maps.center().y() - high / 2, BESIDE - 8, high)
        return Block(box.name, shape, area, maps, head, grid, is_open)
    # across, the boxes of a chain are as wide as they like
    middle = x + box.width / 2 if tall <= WIDTH else tall / 2
    area = QRectF(y + HANG, middle - tall / 2, box.height, tall)
    below = area.center() + QPointF(0, (HEADER - MORE) / 2)
    maps = QRectF(below - QPointF(size.width() / 2, size.height() / 2), size)
    half = area.width() / 2 + HANG
    head = QRectF(area.center().x() - half, maps.top() - HEADER, 2 * half, HEADER)
    return Block(box.name, shape, area, maps, head, grid, is_open)


def _extent(blocks: tuple[Block, ...], drawing: Diagram, upright: bool) -> QSizeF:
    if upright:
        return QSizeF(drawing.width + 2 * BESIDE, max((b.area.bottom() for b in blocks), default=0.0) + MORE)
    wide = max((block.head.right() for block in blocks), default=1.0) + 4
    return QSizeF(wide, max(drawing.width, *(block.area.bottom() for block in blocks)) if blocks else 1.0)


def _grid(name: str, shape: Shape, upright: bool, room: float, along: float, opened: bool) -> Grid:
    if name == INPUT and not shape.is_vector:
        scale = LARGEST_INPUT / max(shape.height, shape.width)
        return Grid(1, 1, (shape.height * scale, shape.width * scale), 0.0, 1)
    across = min(WIDTH, 156.0 if name == INPUT else WIDTH) if upright else room
    return grid_of(shape, across, min(along, 120.0) if upright else along, upright, opened)


def _along(grid: Grid, upright: bool) -> float:
    return grid.size.height() if upright else grid.size.width()


def _points(
    edge: Edge, drawing: Diagram, upright: bool, ranks: dict[str, int]
) -> tuple[tuple[float, float], ...]:
    """None where the two lie one after the other: the band goes from maps to maps then."""
    if not edge.is_skip and ranks[edge.target] - ranks[edge.source] == 1:
        return ()
    moved = [(x - drawing.left, y - drawing.top) for x, y in edge.points]
    return tuple((x + BESIDE, y) if upright else (y + HANG, x) for x, y in moved)
