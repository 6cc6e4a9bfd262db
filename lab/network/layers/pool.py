"""Pooling: feature maps made smaller, by the largest or by the mean of each window."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from lab.kernels import opcodes as op
from lab.network.layers.conv2d import Kernel, Padding, Stride, slid
from lab.network.layers.layer import Layer, Window
from lab.network.shape import Shape
from lab.problem import Problem

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering


class Pool(Layer, frozen=True):
    """What both ways of pooling share. Each channel is pooled by itself; there is nothing to learn."""

    kernel: Kernel = 2
    stride: Stride = 2
    padding: Padding = 0

    operation: ClassVar[int]
    stem = "pool"

    def output_shape(self, x: Shape) -> Shape | Problem:
        if 2 * self.padding > self.kernel:
            return Problem(
                "",
                f"a padding of {self.padding} would put whole {self.kernel}×{self.kernel} windows into the padding",
                f"Use a padding of at most {self.kernel // 2}",
            )
        return slid(x, x.channels, self.kernel, self.stride, self.padding)

    def window(self, x: Shape) -> Window:
        return Window((self.kernel,) * 2, (self.stride,) * 2, (self.padding,) * 2)

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        shape = slid(x.shape, x.shape.channels, self.kernel, self.stride, self.padding)
        assert isinstance(shape, Shape)
        y = to.buffer(shape, "y")
        aux = to.buffer(shape, "winner") if self.operation == op.MAX_POOL else None
        to.row(
            self.operation,
            x,
            y,
            aux=aux,
            KH=self.kernel,
            KW=self.kernel,
            SH=self.stride,
            SW=self.stride,
            PH=self.padding,
            PW=self.padding,
            DH=1,
            DW=1,
        )
        return y


class MaxPool2D(Pool, frozen=True, tag="max_pool2d"):
    """The largest value of each window; the gradient goes to the one that won. Padding never wins."""

    title = "Max pooling"
    summary = "Keeps the largest value of each window"
    operation = op.MAX_POOL


class AveragePool2D(Pool, frozen=True, tag="average_pool2d"):
    """The mean of each window, zeros of the padding counted, as in PyTorch's default."""

    title = "Average pooling"
    summary = "Keeps the mean of each window"
    operation = op.AVERAGE_POOL
