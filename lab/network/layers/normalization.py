"""BatchNorm and LayerNorm: mean 0 and variance 1, then a scale and a shift that are learned."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

from lab.kernels import opcodes as op
from lab.kernels.normalization import LAYER_NORM_PLANES
from lab.network.initializers import Constant, Zero
from lab.network.layers.layer import Axis, Layer, Line, Parameter, Positions, Window
from lab.network.shape import Shape

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering

Epsilon = Annotated[
    float,
    msgspec.Meta(ge=1e-12, le=1, title="ε", description="Added to the variance, so that it is never 0"),
]


class BatchNorm(Layer, frozen=True, tag="batch_norm"):
    """y = scale · (x − mean) / √(variance + ε) + shift, channel by channel, over all examples and pixels of a batch.

    In training mean and variance are the batch's own, so a batch is worked on in one piece. In use they are running
    ones, of which each update renews the share `momentum` (Ioffe and Szegedy, 2015). As in PyTorch the batch's
    variance has M in its divisor where it normalizes and M − 1 where the running one is renewed. A batch of one
    vector has no spread: it is normalized to 0, its output is the shift, no derivative passes, and the running
    variance stays. Scale and shift are not penalised.
    """

    momentum: Annotated[
        float, msgspec.Meta(gt=0, le=1, description="Share of the running mean and variance that is renewed")
    ] = 0.1
    epsilon: Epsilon = 1e-5

    title = "Batch normalization"
    summary = "Gives each channel mean 0 and variance 1 over the batch, then a learned scale and shift"
    stem = "batchnorm"
    group = "Normalization and dropout"
    whole_batch = True

    def output_shape(self, x: Shape) -> Shape:
        return x

    def parameters(self, x: Shape) -> tuple[Parameter, ...]:
        shape = (x.channels,)
        one, zero, m = Constant(1.0), Zero(), self.momentum
        axes: tuple[Axis, ...] = ("input",)
        return (
            Parameter("scale", shape, 1, 1, one, penalised=False, axes=axes),
            Parameter("shift", shape, 1, 1, zero, penalised=False, axes=axes),
            Parameter("mean", shape, 1, 1, zero, False, learned=False, momentum=m, axes=axes),
            Parameter("variance", shape, 1, 1, one, False, learned=False, momentum=m, axes=axes),
        )

    def multiply_adds(self, x: Shape) -> int:
        return x.size

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        y = to.buffer(x.shape, "y")
        to.row(
            op.BATCH_NORM,
            x,
            y,
            aux=to.buffer(Shape(2 * x.shape.channels), "moments") if to.training else None,
            constants=(self.epsilon,),
            W=to.parameter("scale"),
            B=to.parameter("shift"),
            MEAN=to.parameter("mean"),
            VARIANCE=to.parameter("variance"),
            TRAINING=int(to.training),
        )
        return y


class LayerNorm(Layer, frozen=True, tag="layer_norm"):
    """y = scale · (x − mean) / √(variance + ε) + shift, over all numbers of each example by itself.

    The same in training and in use (Ba, Kiros and Hinton, 2016). Each number has a scale and a shift of its own, as
    in PyTorch's LayerNorm over channels, height and width; they are not penalised.
    """

    epsilon: Epsilon = 1e-5

    title = "Layer normalization"
    summary = "Gives each example mean 0 and variance 1, then a learned scale and shift for each number"
    stem = "layernorm"
    group = "Normalization and dropout"

    def output_shape(self, x: Shape) -> Shape:
        return x

    def parameters(self, x: Shape) -> tuple[Parameter, ...]:
        shape = (x.channels,) if x.is_vector else (x.channels, x.height, x.width)
        axes: tuple[Axis, ...] = ("input",) if x.is_vector else ("input", "place", "place")
        return (
            Parameter("scale", shape, 1, 1, Constant(1.0), penalised=False, axes=axes),
            Parameter("shift", shape, 1, 1, Zero(), penalised=False, axes=axes),
        )

    def multiply_adds(self, x: Shape) -> int:
        return x.size

    def window(self, x: Shape) -> Window | None:
        return Window() if x.is_vector else None

    def sees(self, at: Positions, axis: int, xs: tuple[Shape, ...], source: int) -> Positions:
        """Every number has a say in its example's mean."""
        return np.arange((xs[source].height, xs[source].width)[axis])

    def middle(self, axis: int, xs: tuple[Shape, ...], source: int) -> Line:
        """But each stays in its place."""
        return Fraction(1), Fraction(0)

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        y = to.buffer(x.shape, "y")
        beside = to.buffer(Shape(LAYER_NORM_PLANES, 1, x.shape.width), "moments")
        scale, shift = to.parameter("scale"), to.parameter("shift")
        to.row(op.LAYER_NORM, x, y, aux=beside, constants=(self.epsilon,), W=scale, B=shift)
        return y
