"""TransposedConv2D: each pixel stamps a filter onto a larger image."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

from lab.kernels import opcodes as op
from lab.network.activations import AnyActivation, Linear
from lab.network.initializers import AnyInitializer, FanIn
from lab.network.layers.geometry import Kernel, Padding, Stride, columns, window_on
from lab.network.layers.layer import Axis, Layer, Line, Parameter, Positions, told_like
from lab.network.shape import Shape
from lab.problem import Problem
from lab.value import Pair, both, told

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering


class TransposedConv2D(Layer, frozen=True, tag="transposed_conv2d"):
    """Each pixel stamps its filter onto a larger image: the adjoint of a convolution, not its inverse.

    W is [channels, filters, kernel height, kernel width]. Along each axis the output is (extent - 1) stride +
    kernel - 2 padding + output padding wide, as in PyTorch.
    """

    filters: Annotated[int, msgspec.Meta(ge=1, le=65_536, description="How many feature maps it makes")] = 8
    kernel: Kernel = 2
    stride: Stride = 2
    padding: Padding = 0
    activation: Annotated[AnyActivation, msgspec.Meta(description="The function f applied to each z")] = (
        Linear()
    )
    start: Annotated[
        AnyInitializer,
        msgspec.Meta(title="initial weights", description="How the weights start; biases start at zero"),
    ] = FanIn()
    output_padding: Annotated[
        Pair[Annotated[int, msgspec.Meta(ge=0, le=1023)]],
        msgspec.Meta(description="Rows and columns more below and on the right: which of the sizes that a convolution"
                     " of this stride would make equally small"),
    ] = 0  # fmt: skip
    bias: Annotated[bool, msgspec.Meta(description="Whether each filter adds a number of its own")] = True

    title = "Transposed convolution"
    summary = "Makes an image larger with filters that are learned"
    stem = "deconv"
    group = "Units and filters"

    def output_shape(self, x: Shape) -> Shape | Problem:
        stride, more = both(self.stride), both(self.output_padding)
        if more[0] >= stride[0] or more[1] >= stride[1]:
            most = told_like(self.output_padding, (stride[0] - 1, stride[1] - 1))
            what = f"an output padding of {told(self.output_padding)} is not smaller than the stride"
            return Problem("", what, f"Use at most {most}")
        axes = zip((x.height, x.width), stride, both(self.kernel), more, strict=True)
        rows, columns = ((extent - 1) * s + k + added for extent, s, k, added in axes)
        down, across = both(self.padding)
        if rows - 2 * down < 1 or columns - 2 * across < 1:
            most = told_like(self.padding, ((rows - 1) // 2, (columns - 1) // 2))
            return Problem("", f"a padding of {told(self.padding)} leaves nothing", f"Use at most {most}")
        return Shape(self.filters, rows - 2 * down, columns - 2 * across)

    def parameters(self, x: Shape) -> tuple[Parameter, ...]:
        taps = both(self.kernel)
        # a pixel of the output is fed by kernel / stride pixels of the input along each axis, on average
        fan_in = max(1, x.channels * math.prod(taps) // math.prod(both(self.stride)))
        fan_out = self.filters * math.prod(taps)
        shape = (x.channels, self.filters, *taps)
        axes: tuple[Axis, ...] = ("input", "unit", "tap", "tap")
        weight = Parameter("weight", shape, fan_in, fan_out, self.start, axes=axes)
        biases = self.start.of_biases
        bias = Parameter("bias", (self.filters,), fan_in, fan_out, biases, penalised=False, axes=("unit",))
        return (weight, bias) if self.bias else (weight,)

    def multiply_adds(self, x: Shape) -> int:
        return x.size * self.filters * math.prod(both(self.kernel))

    def weights_into(self, unit: int) -> tuple[slice, int]:
        return slice(None), unit

    def unit_of(self, spot: tuple[int, ...]) -> int:
        return spot[1]

    def window(self, x: Shape) -> None:
        return None

    def sees(self, at: Positions, axis: int, xs: tuple[Shape, ...], source: int) -> Positions:
        # pixel i stamps its filter onto i * stride - padding and the kernel - 1 pixels after it
        stride, padding, kernel = (both(p)[axis] for p in (self.stride, self.padding, self.kernel))
        stamps = at[:, None] + padding - np.arange(kernel)
        return np.unique(stamps[stamps % stride == 0] // stride)

    def middle(self, axis: int, xs: tuple[Shape, ...], source: int) -> Line:
        stride, padding, kernel = (both(p)[axis] for p in (self.stride, self.padding, self.kernel))
        return Fraction(1, stride), (padding - Fraction(kernel - 1, 2)) / stride

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        shape = self.output_shape(x.shape)
        assert isinstance(shape, Shape)
        z = to.buffer(shape, "z")
        # the window of the convolution that it is the adjoint of
        window = window_on(shape, self.kernel, self.stride, self.padding)
        bias = to.parameter("bias") if self.bias else -1
        to.row(op.TRANSPOSED_CONV2D, x, z, W=to.parameter("weight"), B=bias, **columns(window))
        return to.activate(z, self.activation)
