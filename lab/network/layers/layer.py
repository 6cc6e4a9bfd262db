"""What every layer is: a frozen description that knows its shapes, its parameters, its cost and its lowering."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.network.initializers import Initializer, Zero
from lab.network.shape import Shape
from lab.problem import Problem
from lab.value import Pair, told

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering

Positions = NDArray[np.int64]
"""Places along one axis, in order."""
Line = tuple[Fraction, Fraction]
"""(a, b) of a u + b."""
Axis = Literal["unit", "input", "tap", "place", "link"]
"""What an axis of a parameter runs along: the units or filters that the layer has; the channels that come in, of a
vector its numbers; a kernel; the height or width of what comes in; connections of a unit with a channel."""


def told_like(pair: Pair[int], limits: tuple[int, int], hold: Callable[[tuple[int, int]], int] = min) -> str:
    """A limit to each number of `pair`, as one number where the pair is one: then the one that holds for both."""
    return told(hold(limits) if isinstance(pair, int) else limits)


class Parameter(msgspec.Struct, frozen=True):
    """One array of trainable numbers of a layer.

    `shape` is the order of PyTorch: [out, in] for dense weights, [out, in, kernel height, kernel width] for
    convolutions, [out] for biases. `penalised` says whether L1 and L2 regularisation apply. A parameter that is
    not `learned` is a running statistic: the share `momentum` of it is renewed at every update. `axes` says what
    each axis runs along, so that an edit of the network can keep the part that fits; axes before those that it
    names go together with the first of them. A parameter without is kept whole or not at all.
    """

    name: str
    shape: tuple[int, ...]
    fan_in: int
    fan_out: int
    start: Initializer = Zero()
    penalised: bool = True
    learned: bool = True
    momentum: float = 0.1
    axes: tuple[Axis, ...] = ()

    @property
    def size(self) -> int:
        size = 1
        for extent in self.shape:
            size *= extent
        return size


class Window(msgspec.Struct, frozen=True):
    """What one output of a layer sees of the layer's input, per axis as (vertical, horizontal).

    `size` counts input positions spanned, of which every `dilation`-th is seen; `padding` is what is added before
    the first one. A layer that sees its whole input has the input's extent as its size and stride 1.
    """

    size: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    @property
    def taps(self) -> tuple[int, int]:
        """How many positions are seen."""
        return (self.size[0] - 1) // self.dilation[0] + 1, (self.size[1] - 1) // self.dilation[1] + 1


class Layer(msgspec.Struct, frozen=True, tag_field="layer", forbid_unknown_fields=True):
    """The description of one layer. Everything is asked with the shape of what flows in.

    Shapes are of one example. A layer that cannot work on an input answers `output_shape` with a Problem whose
    `where` is empty: the network fills in the layer's name.
    """

    title: ClassVar[str]
    summary: ClassVar[str]
    stem: ClassVar[str]
    """What an unnamed layer of this kind is called, before its number: conv1."""
    group: ClassVar[str]
    """With which others a menu lists it."""
    takes_many: ClassVar[bool] = False
    """Whether it may have several inputs."""
    whole_batch: ClassVar[bool] = False
    """Whether, in training, it must see all examples of a batch at once."""

    alone: ClassVar[bool] = False
    """Whether it is a whole network: no other layer stands beside it."""

    def output_shape(self, x: Shape) -> Shape | Problem:
        raise NotImplementedError

    def joined_shape(self, xs: tuple[Shape, ...]) -> Shape | Problem:
        """Like `output_shape`, for a layer that may take several inputs. Most take one."""
        if len(xs) > 1:
            return Problem(
                "", f"takes one input, and {len(xs)} come in", "Disconnect all but one, or use Add or Concat"
            )
        return self.output_shape(xs[0])

    def parameters(self, x: Shape) -> tuple[Parameter, ...]:
        return ()

    def multiply_adds(self, x: Shape) -> int:
        """Multiplications with a weight in one forward pass of one example; 0 for layers without weights."""
        return 0

    def window(self, x: Shape) -> Window | None:
        """What one output sees of the input; None where outputs differ in how they see it (see `sees`)."""
        return Window()

    def weights_into(self, unit: int) -> int | slice | tuple[slice, int]:
        """Which weights lead into a unit, a filter of a convolution: an index of the parameter `weight`."""
        return unit

    def unit_of(self, spot: tuple[int, ...]) -> int:
        """The unit that the weight at these indices of `weight` leads into."""
        return spot[0]

    def links(self, x: Shape) -> NDArray[np.int64]:
        """[n, 2], the unit and the channel that each weight connects, in the weights' order.

        Only asked of a kind of layer whose weights may have an axis "link".
        """
        raise NotImplementedError

    def windows(self, xs: tuple[Shape, ...]) -> tuple[Window | None, ...]:
        """Like `window`, for each input of a layer that may take several inputs."""
        return tuple(self.window(x) for x in xs)

    def sees(self, at: Positions, axis: int, xs: tuple[Shape, ...], source: int) -> Positions:
        """The positions of input `source` that outputs at the positions `at` see along an axis.

        Axis 0 is vertical, 1 horizontal. What lies outside of the input is padding.
        """
        window = self.windows(xs)[source]
        assert window is not None, "a layer without a window says itself what it sees"
        taps = np.arange(0, window.size[axis], window.dilation[axis])
        return np.unique(at[:, None] * window.stride[axis] - window.padding[axis] + taps)

    def middle(self, axis: int, xs: tuple[Shape, ...], source: int) -> Line:
        """Where along an axis the middle lies of what output u sees of input `source`: at a u + b.

        Where outputs differ in how they see it, the mean over them.
        """
        window = self.windows(xs)[source]
        assert window is not None, "a layer without a window says itself where it looks"
        return Fraction(window.stride[axis]), Fraction(window.size[axis] - 1, 2) - window.padding[axis]

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        """Write the layer's rows into a program and give the buffer that holds its output."""
        raise NotImplementedError

    def lower_joined(self, to: Lowering, xs: list[Buffer]) -> Buffer:
        """Like `lower`, for a layer that may take several inputs."""
        return self.lower(to, xs[0])
