"""Layers that change the size of an image without pooling it: crop, upsample, transposed convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from lab.kernels import opcodes as op
from lab.network.activations import AnyActivation, Linear
from lab.network.initializers import AnyInitializer, FanIn, Zero
from lab.network.layers.conv2d import Kernel, Padding, Stride
from lab.network.layers.layer import Layer, Parameter, Window
from lab.network.shape import Shape
from lab.problem import Problem

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering


class Crop(Layer, frozen=True, tag="crop"):
    """The middle of an image: `border` rows and columns are cut from every side."""

    border: Annotated[
        int, msgspec.Meta(ge=0, le=4096, description="Rows and columns cut from every side")
    ] = 1

    title = "Crop"
    summary = "Cuts the border of an image away"
    stem = "crop"

    def output_shape(self, x: Shape) -> Shape | Problem:
        height, width = x.height - 2 * self.border, x.width - 2 * self.border
        if height < 1 or width < 1:
            most = (min(x.height, x.width) - 1) // 2
            return Problem(
                "", f"nothing of the {x.height}×{x.width} input is left", f"Cut at most {most} a side"
            )
        return Shape(x.channels, height, width)

    def window(self, x: Shape) -> Window:
        return Window(padding=(-self.border,) * 2)

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        shape = self.output_shape(x.shape)
        assert isinstance(shape, Shape)
        y = to.buffer(shape, "y")
        to.row(op.COPY, x, y, TOP=self.border, LEFT=self.border)
        return y


class Upsample(Layer, frozen=True, tag="upsample"):
    """Each pixel becomes a square of factor x factor equal pixels."""

    factor: Annotated[
        int, msgspec.Meta(ge=2, le=64, description="How many times higher and wider the image becomes")
    ] = 2

    title = "Upsample"
    summary = "Makes an image larger by repeating its pixels"
    stem = "upsample"

    def output_shape(self, x: Shape) -> Shape:
        return Shape(x.channels, x.height * self.factor, x.width * self.factor)

    def window(self, x: Shape) -> None:
        return None

    def reach(self, first: int, last: int, axis: int, xs: tuple[Shape, ...], source: int) -> tuple[int, int]:
        return first // self.factor, last // self.factor

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        y = to.buffer(self.output_shape(x.shape), "y")
        to.row(op.UPSAMPLE, x, y, KH=self.factor)
        return y


class TransposedConv2D(Layer, frozen=True, tag="transposed_conv2d"):
    """Each pixel stamps its filter onto a larger image: the adjoint of a convolution, not its inverse.

    W is [channels, filters, kernel, kernel]. The output is (extent - 1) stride + kernel - 2 padding wide.
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

    title = "Transposed convolution"
    summary = "Makes an image larger with filters that are learned"
    stem = "deconv"

    def output_shape(self, x: Shape) -> Shape | Problem:
        height, width = ((e - 1) * self.stride + self.kernel - 2 * self.padding for e in (x.height, x.width))
        if height < 1 or width < 1:
            return Problem(
                "", f"a padding of {self.padding} leaves nothing", f"Use at most {(self.kernel - 1) // 2}"
            )
        return Shape(self.filters, height, width)

    def parameters(self, x: Shape) -> tuple[Parameter, ...]:
        # a pixel of the output is fed by kernel / stride pixels of the input along each axis, on average
        fan_in = max(1, x.channels * self.kernel**2 // self.stride**2)
        fan_out = self.filters * self.kernel**2
        shape = (x.channels, self.filters, self.kernel, self.kernel)
        return (
            Parameter("weight", shape, fan_in, fan_out, self.start),
            Parameter("bias", (self.filters,), fan_in, fan_out, Zero(), penalised=False),
        )

    def multiply_adds(self, x: Shape) -> int:
        return x.size * self.filters * self.kernel**2

    def window(self, x: Shape) -> None:
        return None

    def reach(self, first: int, last: int, axis: int, xs: tuple[Shape, ...], source: int) -> tuple[int, int]:
        # pixel i stamps its filter onto i * stride - padding and the kernel - 1 pixels after it
        return -((self.kernel - 1 - first - self.padding) // self.stride), (
            last + self.padding
        ) // self.stride

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        shape = self.output_shape(x.shape)
        assert isinstance(shape, Shape)
        z = to.buffer(shape, "z")
        to.row(
            op.TRANSPOSED_CONV2D,
            x,
            z,
            W=to.parameter("weight"),
            B=to.parameter("bias"),
            KH=self.kernel,
            KW=self.kernel,
            SH=self.stride,
            SW=self.stride,
            PH=self.padding,
            PW=self.padding,
        )
        return to.activate(z, self.activation)
