"""ActivationLayer: an activation function as a layer of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from lab.kernels import opcodes as op
from lab.network.activations import AnyActivation, ReLU
from lab.network.layers.layer import Layer
from lab.network.shape import Shape

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering


class ActivationLayer(Layer, frozen=True, tag="activation"):
    """y = f(x), number by number: for where f does not follow its weights at once, as behind a normalization or a sum.

    It works on a copy of its input: others may read that too, and give it derivatives of their own.
    """

    activation: Annotated[
        AnyActivation, msgspec.Meta(description="The function f applied to each number")
    ] = ReLU()

    title = "Activation"
    summary = "Applies an activation function as a layer of its own"
    stem = "act"
    group = "Activation"

    def output_shape(self, x: Shape) -> Shape:
        return x

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        z = to.buffer(x.shape, "z")
        to.row(op.COPY, x, z)
        return to.activate(z, self.activation)
