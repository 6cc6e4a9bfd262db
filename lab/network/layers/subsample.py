"""Subsample: LeNet-5's way of making a map smaller, with two numbers to learn for each map."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import msgspec

from lab.kernels import opcodes as op
from lab.network.activations import AnyActivation, ScaledTanh
from lab.network.initializers import Constant, Zero
from lab.network.layers.geometry import Kernel, Stride, columns, slid, window_on
from lab.network.layers.layer import Axis, Layer, Parameter, Window
from lab.network.shape import Shape
from lab.problem import Problem
from lab.value import both

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering


class Subsample(Layer, frozen=True, tag="subsample"):
    """z = coefficient · (sum of the window) + bias, y = f(z), with one coefficient and one bias a map.

    S2 and S4 of LeNet-5, which have 12 and 32 parameters (LeCun et al., 1998, section II.B). The paper adds the
    window's numbers and does not average them. A coefficient begins at gain / (the window's area), so that with a
    gain of 1 the layer begins as an average pooling.
    """

    kernel: Kernel = 2
    stride: Stride = 2
    activation: Annotated[AnyActivation, msgspec.Meta(description="The function f applied to each z")] = (
        ScaledTanh()
    )
    gain: Annotated[
        float,
        msgspec.Meta(
            ge=-100, le=100, title="initial gain", description="1 begins with the mean of the window"
        ),
    ] = 1.0

    title = "Subsampling"
    summary = "Shrinks each map by the sum of each window, with a coefficient and a bias that are learned"
    stem = "subsample"
    group = "Pooling"

    def output_shape(self, x: Shape) -> Shape | Problem:
        return slid(x, x.channels, self.kernel, self.stride, 0)

    def parameters(self, x: Shape) -> tuple[Parameter, ...]:
        area = math.prod(both(self.kernel))
        shape, start = (x.channels,), Constant(self.gain / area)
        axes: tuple[Axis, ...] = ("input",)
        return (
            Parameter("coefficient", shape, area, area, start, penalised=False, axes=axes),
            Parameter("bias", shape, area, area, Zero(), penalised=False, axes=axes),
        )

    def multiply_adds(self, x: Shape) -> int:
        """Each window's sum is multiplied once."""
        y = self.output_shape(x)
        return 0 if isinstance(y, Problem) else y.size

    def window(self, x: Shape) -> Window:
        return window_on(x, self.kernel, self.stride, 0)

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        shape = self.output_shape(x.shape)
        assert isinstance(shape, Shape)
        z = to.buffer(shape, "z")
        coefficient, bias = to.parameter("coefficient"), to.parameter("bias")
        sums = to.buffer(shape, "sum")
        to.row(op.SUBSAMPLE, x, z, aux=sums, W=coefficient, B=bias, **columns(self.window(x.shape)))
        return to.activate(z, self.activation)
