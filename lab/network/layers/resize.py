"""Layers that change the size of an image without learning: crop and upsample."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np

from lab.kernels import opcodes as op
from lab.network.layers.layer import Layer, Line, Positions, Window, told_like
from lab.network.shape import Shape
from lab.problem import Problem
from lab.value import Pair, both

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering


class Crop(Layer, frozen=True, tag="crop"):
    """The middle of an image: `border` rows are cut above and below, and columns on the left and right."""

    border: Annotated[
        Pair[Annotated[int, msgspec.Meta(ge=0, le=4096)]],
        msgspec.Meta(description="Rows cut above and below, and columns cut on the left and right"),
    ] = 1

    title = "Crop"
    summary = "Cuts the border of an image away"
    stem = "crop"
    group = "Size"

    def output_shape(self, x: Shape) -> Shape | Problem:
        down, across = both(self.border)
        height, width = x.height - 2 * down, x.width - 2 * across
        if height < 1 or width < 1:
            most = ((x.height - 1) // 2, (x.width - 1) // 2)
            return Problem(
                "",
                f"nothing of the {x.height}×{x.width} input is left",
                f"Cut at most {told_like(self.border, most)} a side",
            )
        return Shape(x.channels, height, width)

    def window(self, x: Shape) -> Window:
        down, across = both(self.border)
        return Window(padding=(-down, -across))

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        shape = self.output_shape(x.shape)
        assert isinstance(shape, Shape)
        y, (top, left) = to.buffer(shape, "y"), both(self.border)
        to.row(op.COPY, x, y, TOP=top, LEFT=left)
        return y


class Upsample(Layer, frozen=True, tag="upsample"):
    """Each pixel becomes `factor` pixels along each axis.

    They are equal to the nearest old pixel, or lie between the nearest two on the straight line along each axis
    (bilinear): pixels are squares, and new pixel u has its middle at old coordinate (u + 1/2) / factor - 1/2, but
    not before the first. It is PyTorch's interpolation with align_corners=False.
    """

    factor: Annotated[
        Pair[Annotated[int, msgspec.Meta(ge=1, le=64)]],
        msgspec.Meta(description="How many times higher and wider the image becomes"),
    ] = 2
    method: Annotated[
        Literal["nearest", "bilinear"],
        msgspec.Meta(description="Repeats the old pixels, or goes straight from each to the next"),
    ] = "nearest"

    title = "Upsample"
    summary = "Makes an image larger, with nothing to learn"
    stem = "upsample"
    group = "Size"

    def output_shape(self, x: Shape) -> Shape:
        down, across = both(self.factor)
        return Shape(x.channels, x.height * down, x.width * across)

    def window(self, x: Shape) -> None:
        return None

    def sees(self, at: Positions, axis: int, xs: tuple[Shape, ...], source: int) -> Positions:
        factor = both(self.factor)[axis]
        if self.method == "nearest":
            return np.unique(at // factor)
        last = (xs[source].height, xs[source].width)[axis] - 1
        place = np.maximum(2 * at + 1 - factor, 0)  # in the old image, times 2 factor
        before, beyond = place // (2 * factor), place % (2 * factor) > 0
        return np.unique(np.concatenate([before, np.minimum(before[beyond] + 1, last)]))

    def middle(self, axis: int, xs: tuple[Shape, ...], source: int) -> Line:
        factor = both(self.factor)[axis]
        return Fraction(1, factor), Fraction(1 - factor, 2 * factor)

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        y, (down, across) = to.buffer(self.output_shape(x.shape), "y"), both(self.factor)
        to.row(op.UPSAMPLE if self.method == "nearest" else op.BILINEAR, x, y, KH=down, KW=across)
        return y
