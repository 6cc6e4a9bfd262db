"""PReLU: a leaky ReLU that learns its slopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from lab.kernels import opcodes as op
from lab.network.initializers import Constant
from lab.network.layers.layer import Axis, Layer, Parameter
from lab.network.shape import Shape

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering


class PReLU(Layer, frozen=True, tag="prelu"):
    """y = x for x > 0, else αx, where α is learned.

    He et al., 2015, section 2.1. As there, α is not penalised: that would draw it to 0, a ReLU. PyTorch's PReLU
    with num_parameters = channels, or 1.
    """

    slopes: Annotated[
        Literal["channel", "layer"],
        msgspec.Meta(title="a slope for each", description="Each channel's own, or one that all share"),
    ] = "channel"
    slope: Annotated[
        float, msgspec.Meta(ge=-10, le=10, title="initial slope α", description="Where the slopes begin")
    ] = 0.25

    title = "PReLU"
    summary = "A leaky ReLU whose slope for negative numbers is learned"
    stem = "prelu"
    group = "Activation"

    def output_shape(self, x: Shape) -> Shape:
        return x

    def _count(self, x: Shape) -> int:
        return x.channels if self.slopes == "channel" else 1

    def parameters(self, x: Shape) -> tuple[Parameter, ...]:
        axes: tuple[Axis, ...] = ("input",) if self.slopes == "channel" else ()
        start = Constant(self.slope)
        return (Parameter("slope", (self._count(x),), 1, 1, start, penalised=False, axes=axes),)

    def multiply_adds(self, x: Shape) -> int:
        return x.size

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        y = to.buffer(x.shape, "y")
        to.row(op.PRELU, x, y, W=to.parameter("slope"), KH=self._count(x.shape))
        return y
