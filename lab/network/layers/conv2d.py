"""Conv2D: the same features are looked for everywhere in the image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from lab.kernels import opcodes as op
from lab.network.activations import AnyActivation, Linear
from lab.network.initializers import AnyInitializer, FanIn, Zero
from lab.network.layers.layer import Layer, Parameter, Window
from lab.network.shape import Shape
from lab.problem import Problem

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering

Kernel = Annotated[int, msgspec.Meta(ge=1, le=1024, description="Width and height of the window, in pixels")]
Stride = Annotated[int, msgspec.Meta(ge=1, le=1024, description="How many pixels the window moves at a time")]
Padding = Annotated[
    int, msgspec.Meta(ge=0, le=1024, description="Rows and columns of zeros added on every side")
]


def slid(x: Shape, channels: int, kernel: int, stride: int, padding: int) -> Shape | Problem:
    """The shape that a window leaves when it slides over x: floor((extent + 2 padding - kernel) / stride) + 1."""
    rows, columns = x.height + 2 * padding - kernel, x.width + 2 * padding - kernel
    if rows < 0 or columns < 0:
        room = min(x.height, x.width) + 2 * padding
        need = -(-(kernel - min(x.height, x.width)) // 2)
        return Problem(
            "",
            f"a {kernel}×{kernel} window does not fit into the {x.height}×{x.width} input with padding {padding}",
            f"Use a kernel of at most {room} or a padding of at least {need}",
        )
    return Shape(channels, rows // stride + 1, columns // stride + 1)


class Conv2D(Layer, frozen=True, tag="conv2d"):
    """A filter a map: slid over all channels of the input, a dot product at each place, plus a bias, then f.

    What deep learning calls convolution is a cross-correlation: the filter is not flipped. W is
    [filters, channels, kernel, kernel].
    """

    filters: Annotated[
        int, msgspec.Meta(ge=1, le=65_536, description="How many filters, and so feature maps")
    ] = 8
    kernel: Kernel = 3
    stride: Stride = 1
    padding: Padding = 0
    activation: Annotated[AnyActivation, msgspec.Meta(description="The function f applied to each z")] = (
        Linear()
    )
    start: Annotated[
        AnyInitializer,
        msgspec.Meta(title="initial weights", description="How the weights start; biases start at zero"),
    ] = FanIn()

    title = "Convolution"
    summary = "Slides filters over the image: the same features are looked for everywhere"
    stem = "conv"

    def output_shape(self, x: Shape) -> Shape | Problem:
        return slid(x, self.filters, self.kernel, self.stride, self.padding)

    def parameters(self, x: Shape) -> tuple[Parameter, ...]:
        fan_in = x.channels * self.kernel**2
        fan_out = self.filters * self.kernel**2
        shape = (self.filters, x.channels, self.kernel, self.kernel)
        return (
            Parameter("weight", shape, fan_in, fan_out, self.start),
            Parameter("bias", (self.filters,), fan_in, fan_out, Zero(), penalised=False),
        )

    def multiply_adds(self, x: Shape) -> int:
        y = self.output_shape(x)
        return 0 if isinstance(y, Problem) else y.size * x.channels * self.kernel**2

    def window(self, x: Shape) -> Window:
        return Window((self.kernel,) * 2, (self.stride,) * 2, (self.padding,) * 2)

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        shape = slid(x.shape, self.filters, self.kernel, self.stride, self.padding)
        assert isinstance(shape, Shape)
        z = to.buffer(shape, "z")
        to.row(
            op.CONV2D,
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
            DH=1,
            DW=1,
        )
        return to.activate(z, self.activation)
