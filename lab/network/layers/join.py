"""Joins: layers that take several inputs, so that a network can branch and meet again (skip connections)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from lab.kernels import opcodes as op
from lab.network.layers.layer import Layer, Window
from lab.network.shape import Shape
from lab.problem import Problem

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering

CropToSmallest = Annotated[
    bool,
    msgspec.Meta(
        title="centre crop",
        description="Cut larger images to the height and width of the smallest, about their middle",
    ),
]


class Join(Layer, frozen=True):
    """What joins share: all images are brought to one height and width, the smallest, by cutting their borders."""

    crop: CropToSmallest = False

    takes_many = True

    def output_shape(self, x: Shape) -> Shape | Problem:
        return self.joined_shape((x,))

    def window_of(self, xs: tuple[Shape, ...]) -> tuple[int, int] | Problem:
        """The common height and width."""
        height, width = min(x.height for x in xs), min(x.width for x in xs)
        if not self.crop and any((x.height, x.width) != (height, width) for x in xs):
            rows, columns = max(x.height for x in xs) - height, max(x.width for x in xs) - width
            if rows == columns and not rows % 2:
                cut = f"{rows // 2} from each side"
            else:
                cut = f"{rows} rows and {columns} columns"
            return Problem(
                "",
                "its inputs differ in height and width",
                f"Switch on the centre crop, which cuts {cut}, or pad the convolutions of the smaller",
            )
        return height, width

    def windows(self, xs: tuple[Shape, ...]) -> tuple[Window, ...]:
        return tuple(Window(padding=(-top, -left)) for top, left in self.cuts(xs))

    def cuts(self, xs: tuple[Shape, ...]) -> list[tuple[int, int]]:
        """What is cut from each input above and on the left."""
        size = self.window_of(xs)
        assert not isinstance(size, Problem)
        return [((x.height - size[0]) // 2, (x.width - size[1]) // 2) for x in xs]

    def place(self, to: Lowering, x: Buffer, y: Buffer, channel: int, plus: bool) -> None:
        """Write x's middle to y, from `channel` on."""
        top, left = (x.shape.height - y.shape.height) // 2, (x.shape.width - y.shape.width) // 2
        to.row(op.COPY, x, y, CHANNEL=channel, TOP=top, LEFT=left, PLUS=int(plus))

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        return self.lower_joined(to, [x])


class Concat(Join, frozen=True, tag="concat"):
    """The channels of all inputs, one after the other, in the order in which they are connected."""

    title = "Concat"
    summary = "Stacks the channels of several layers: the long skips of a U-Net"
    stem = "concat"
    group = "Joining"

    def joined_shape(self, xs: tuple[Shape, ...]) -> Shape | Problem:
        window = self.window_of(xs)
        return window if isinstance(window, Problem) else Shape(sum(x.channels for x in xs), *window)

    def lower_joined(self, to: Lowering, xs: list[Buffer]) -> Buffer:
        shape = self.joined_shape(tuple(x.shape for x in xs))
        assert isinstance(shape, Shape)
        y, channel = to.buffer(shape, "y"), 0
        for x in xs:
            self.place(to, x, y, channel, plus=False)
            channel += x.shape.channels
        return y


class Add(Join, frozen=True, tag="add"):
    """The sum of all inputs, number by number: the skips of a residual network."""

    title = "Add"
    summary = "Adds several layers number by number: the skips of a residual network"
    stem = "add"
    group = "Joining"

    def joined_shape(self, xs: tuple[Shape, ...]) -> Shape | Problem:
        if len({x.channels for x in xs}) > 1:
            return Problem("", "its inputs differ in channels", "Give them equally many, or use Concat")
        window = self.window_of(xs)
        return window if isinstance(window, Problem) else Shape(xs[0].channels, *window)

    def lower_joined(self, to: Lowering, xs: list[Buffer]) -> Buffer:
        shape = self.joined_shape(tuple(x.shape for x in xs))
        assert isinstance(shape, Shape)
        y = to.buffer(shape, "y")
        for number, x in enumerate(xs):
            self.place(to, x, y, 0, plus=number > 0)
        return y
