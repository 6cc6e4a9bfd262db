"""Softmax as a layer: channels become shares of 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.kernels import opcodes as op
from lab.network.layers.layer import Layer
from lab.network.shape import Shape

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering


class Softmax(Layer, frozen=True, tag="softmax"):
    """y_c = eˣᶜ / Σ_j eˣʲ over the channels; of an image, pixel by pixel.

    For attention, and for losses that take shares as they are. The loss softmax cross entropy has a softmax of its
    own: it takes logits, and one before it would flatten its gradient.
    """

    title = "Softmax"
    summary = "Turns the channels into positive shares that add up to 1"
    stem = "softmax"
    group = "Activation"

    def output_shape(self, x: Shape) -> Shape:
        return x

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        y = to.buffer(x.shape, "y")
        to.row(op.SOFTMAX, x, y, aux=to.buffer(Shape(1, x.shape.height, x.shape.width), "sum"))
        return y
