"""Flatten: an image becomes a vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.kernels import opcodes as op
from lab.network.layers.layer import Layer, Window
from lab.network.shape import Shape

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering


class Flatten(Layer, frozen=True, tag="flatten"):
    """Channels x height x width numbers in a row: channel by channel, row by row."""

    title = "Flatten"
    summary = "Turns an image into a vector"
    stem = "flatten"
    group = "Size"

    def output_shape(self, x: Shape) -> Shape:
        return Shape(x.size)

    def window(self, x: Shape) -> Window:
        return Window((x.height, x.width))

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        y = to.buffer(Shape(x.shape.size), "y")
        to.row(op.FLATTEN, x, y)
        return y
