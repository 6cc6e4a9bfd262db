"""Pooling: feature maps made smaller, by the largest or by the mean of each window."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from lab.kernels import opcodes as op
from lab.network.layers.geometry import Kernel, Padding, Stride, columns, slid, window_on
from lab.network.layers.layer import Layer, Window, told_like
from lab.network.shape import Shape
from lab.problem import Problem
from lab.value import both, told

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering


def pooled(operation: int, to: Lowering, x: Buffer, shape: Shape, window: Window) -> Buffer:
    """Write the row that pools x, window by window, into an image of `shape`."""
    y = to.buffer(shape, "y")
    aux = to.buffer(shape, "winner") if operation == op.MAX_POOL else None
    to.row(operation, x, y, aux=aux, **columns(window))
    return y


class Pool(Layer, frozen=True):
    """What both ways of pooling share. Each channel is pooled by itself; there is nothing to learn."""

    kernel: Kernel = 2
    stride: Stride = 2
    padding: Padding = 0

    operation: ClassVar[int]
    stem = "pool"
    group = "Pooling"

    def output_shape(self, x: Shape) -> Shape | Problem:
        sizes, padding = both(self.kernel), both(self.padding)
        if any(2 * added > size for added, size in zip(padding, sizes, strict=True)):
            most = (sizes[0] // 2, sizes[1] // 2)
            return Problem(
                "",
                f"a padding of {told(self.padding)} would put whole {told(sizes)} windows into the padding",
                f"Use a padding of at most {told_like(self.padding, most)}",
            )
        return slid(x, x.channels, self.kernel, self.stride, self.padding)

    def window(self, x: Shape) -> Window:
        return window_on(x, self.kernel, self.stride, self.padding)

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        shape = self.output_shape(x.shape)
        assert isinstance(shape, Shape)
        return pooled(self.operation, to, x, shape, self.window(x.shape))


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


class GlobalPool(Layer, frozen=True):
    """Pooling whose window is the whole map: one number a channel, whatever the image's size."""

    operation: ClassVar[int]
    stem = "pool"
    group = "Pooling"

    def output_shape(self, x: Shape) -> Shape:
        return Shape(x.channels)

    def window(self, x: Shape) -> Window:
        return Window((x.height, x.width))

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        whole = (x.shape.height, x.shape.width)
        # a stride of its own size lets the kernel take the rows of all examples for one
        return pooled(self.operation, to, x, self.output_shape(x.shape), Window(whole, whole))


class GlobalMaxPool2D(GlobalPool, frozen=True, tag="global_max_pool2d"):
    """The largest value of each map; the gradient goes to the one that won."""

    title = "Global max pooling"
    summary = "Keeps the largest value of each whole map"
    operation = op.MAX_POOL


class GlobalAveragePool2D(GlobalPool, frozen=True, tag="global_average_pool2d"):
    """The mean of each map (Lin, Chen and Yan, Network in Network, 2014): what a dense layer needs no Flatten for."""

    title = "Global average pooling"
    summary = "Keeps the mean of each whole map"
    operation = op.AVERAGE_POOL
