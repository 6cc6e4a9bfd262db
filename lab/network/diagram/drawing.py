"""A network as a drawing: where each box lies and how each edge runs. Values only, in pixels at 100 %."""

from __future__ import annotations

from typing import Literal

import msgspec

Point = tuple[float, float]
"""(x, y), y downwards."""

Lettering = Literal["beside", "on", "along"]
"""How words stand to a line at a point: right of it, interrupting it, or interrupting it and turned to run with it."""

WIDTH, HEIGHT = 248.0, 66.0
"""Of a layer's box that has nothing to complain of."""
INPUT_WIDTH, INPUT_HEIGHT = 156.0, 44.0
OUTPUT_WIDTH, OUTPUT_HEIGHT = 112.0, 30.0
GAP = 44.0
"""Between two rows: room for a line, an arrow's head and a shape."""
COLUMN_GAP = 32.0
LANE = 20.0
"""Between two skips that run side by side: room for a shape, written along the line."""


class Box(msgspec.Struct, frozen=True):
    """A layer, the input or the output. `x` and `y` are of its upper left corner.

    `index` is the layer's place in the network; -1 for the input, and the number of layers for the output, whose
    name is empty. `rank` counts layers from the input along the longest way; `column` is 0 on the main way.
    """

    name: str
    index: int
    rank: int
    column: float
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height


class Edge(msgspec.Struct, frozen=True):
    """What flows out of one box into another, as the `place`-th of the target's inputs.

    `start` and `end` are places in `Diagram.boxes`. `points` are the corners of its way, to be rounded off. `text`
    is the shape that flows, empty where it is unknown, to be written at `label` as `lettering` says. A skip runs
    beside the layers that it leaves out.
    """

    source: str
    target: str
    place: int
    start: int
    end: int
    text: str
    points: tuple[Point, ...]
    label: Point
    lettering: Lettering = "beside"
    is_skip: bool = False


class Diagram(msgspec.Struct, frozen=True):
    """`boxes` are the input, the layers in their order, and the output. All lies within the rectangle given."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    left: float
    top: float
    width: float
    height: float
    is_folded: bool = False
    """Whether it goes down and up again, a U, instead of down alone."""


class Way(msgspec.Struct, frozen=True):
    """How one edge runs."""

    points: tuple[Point, ...]
    label: Point
    lettering: Lettering = "beside"
    is_skip: bool = False
