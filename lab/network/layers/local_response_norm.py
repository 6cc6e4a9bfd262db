"""LocalResponseNorm: neighbouring channels damp each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from lab.kernels import opcodes as op
from lab.network.layers.layer import Layer
from lab.network.shape import Shape

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering


class LocalResponseNorm(Layer, frozen=True, tag="local_response_norm"):
    """y_c = x_c / (k + α Σ x_j²)^β, the sum over the `size` channels around c, at the same pixel.

    AlexNet's (Krizhevsky et al., 2012, section 3.3), with its constants. PyTorch's LocalResponseNorm has the mean
    of the squares, zeros counted where there is no channel, in place of the sum, and k = 1. Of an even size the
    channel more is before c, as there.
    """

    size: Annotated[
        int, msgspec.Meta(ge=1, le=65_536, description="Over how many channels around its own it sums")
    ] = 5
    alpha: Annotated[
        float, msgspec.Meta(ge=0, le=1000, title="strength α", description="Weight of the squares")
    ] = 1e-4
    beta: Annotated[
        float, msgspec.Meta(ge=0, le=10, title="exponent β", description="How steeply the strong are damped")
    ] = 0.75
    k: Annotated[
        float, msgspec.Meta(ge=1e-6, le=1000, title="offset k", description="Divisor where all is silent")
    ] = 2.0
    alpha_over: Annotated[
        Literal["sum", "mean"],
        msgspec.Meta(title="α times the", description="The sum of the squares, as published, or their mean"),
    ] = "sum"

    title = "Local response normalization"
    summary = "Divides each number by the strength of its neighbours in other channels"
    stem = "lrn"
    group = "Normalization and dropout"

    def output_shape(self, x: Shape) -> Shape:
        return x

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        y, sums = to.buffer(x.shape, "y"), to.buffer(x.shape, "sum")
        alpha = self.alpha if self.alpha_over == "sum" else self.alpha / self.size
        constants = (alpha, self.beta, self.k)
        to.row(op.LOCAL_RESPONSE_NORM, x, y, aux=sums, constants=constants, KH=self.size)
        return y
