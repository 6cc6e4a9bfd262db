"""Conv2D: the same features are looked for everywhere in the image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.kernels import opcodes as op
from lab.network.activations import AnyActivation, Linear
from lab.network.initializers import AnyInitializer, FanIn, Given, Initializer
from lab.network.layers.connections import Connections, FilterByFilter, pairs, table_problem
from lab.network.layers.geometry import Dilation, Kernel, PaddingOrWord, Stride, columns, slid, window_on
from lab.network.layers.layer import Axis, Layer, Parameter, Window
from lab.network.shape import Shape
from lab.problem import Problem
from lab.value import both

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering


class Conv2D(Layer, frozen=True, tag="conv2d"):
    """A filter a map: slid over all channels of the input, a dot product at each place, plus a bias, then f.

    What deep learning calls convolution is a cross-correlation: the filter is not flipped. W is
    [filters, channels / groups, kernel height, kernel width]. With a table of connections it is [connections,
    kernel height, kernel width], filter by filter, and each filter starts by its own fan-in; the fans that are
    told are then means.
    """

    filters: Annotated[
        int, msgspec.Meta(ge=1, le=65_536, description="How many filters, and so feature maps")
    ] = 8
    kernel: Kernel = 3
    stride: Stride = 1
    padding: PaddingOrWord = 0
    activation: Annotated[AnyActivation, msgspec.Meta(description="The function f applied to each z")] = (
        Linear()
    )
    start: Annotated[
        AnyInitializer,
        msgspec.Meta(title="initial weights", description="How the weights start; biases start at zero"),
    ] = FanIn()
    dilation: Dilation = 1
    groups: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=65_536,
            description="Into how many groups maps and filters are divided; each keeps to its own",
        ),
    ] = 1
    connections: Connections = ()
    bias: Annotated[bool, msgspec.Meta(description="Whether each filter adds a number of its own")] = True

    title = "Convolution"
    summary = "Slides filters over the image: the same features are looked for everywhere"
    stem = "conv"
    group = "Units and filters"

    def output_shape(self, x: Shape) -> Shape | Problem:
        problem = self._division_problem(x.channels)
        return problem or slid(x, self.filters, self.kernel, self.stride, self.padding, self.dilation)

    def _division_problem(self, channels: int) -> Problem | None:
        """What keeps the filters from being divided among the maps as the groups or the connections say."""
        if self.connections and self.groups > 1:
            return Problem(
                "", "it has both groups and a table of connections", "Set the groups to 1 or empty the table"
            )
        if self.connections:
            return table_problem(self.connections, self.filters, channels)
        if channels % self.groups or self.filters % self.groups:
            what = f"{channels} maps and {self.filters} filters cannot be divided into {self.groups} groups"
            common = math.gcd(channels, self.filters)
            divisors = [d for d in range(1, common + 1) if common % d == 0]
            near = sorted(sorted(divisors, key=lambda d: abs(d - self.groups))[:6])
            some = f"{', '.join(map(str, near[:-1]))} or " if near[:-1] else ""
            return Problem("", what, f"Use {some}{near[-1]} {'groups' if near[-1] > 1 else 'group'}")
        return None

    def _weight_shape(self, channels: int) -> tuple[int, ...]:
        taps = both(self.kernel)
        if self.connections:
            return (sum(map(len, self.connections)), *taps)
        return (self.filters, channels // self.groups, *taps)

    def parameters(self, x: Shape) -> tuple[Parameter, ...]:
        shape = self._weight_shape(x.channels)
        size = math.prod(shape)
        fan_in = max(1, size // self.filters)
        fan_out = max(1, size // x.channels)
        start: Initializer = self.start
        if self.connections and not isinstance(start, Given):
            start = FilterByFilter(self.start, tuple(map(len, self.connections)))
        axes: tuple[Axis, ...] = ("unit", "input", "tap", "tap")
        if self.connections or self.groups > 1:
            axes = ("link", "tap", "tap")
        weight = Parameter("weight", shape, fan_in, fan_out, start, axes=axes)
        biases = self.start.of_biases
        bias = Parameter("bias", (self.filters,), fan_in, fan_out, biases, penalised=False, axes=("unit",))
        return (weight, bias) if self.bias else (weight,)

    def multiply_adds(self, x: Shape) -> int:
        y = self.output_shape(x)
        return 0 if isinstance(y, Problem) else y.height * y.width * math.prod(self._weight_shape(x.channels))

    def weights_into(self, unit: int) -> int | slice:
        if not self.connections:
            return unit
        before = sum(map(len, self.connections[:unit]))
        return slice(before, before + len(self.connections[unit]))

    def unit_of(self, spot: tuple[int, ...]) -> int:
        return pairs(self.connections)[2 * spot[0]] if self.connections else spot[0]

    def links(self, x: Shape) -> NDArray[np.int64]:
        if self.connections:
            return np.array(pairs(self.connections), np.int64).reshape(-1, 2)
        own = x.channels // self.groups  # each filter sees the channels of its group
        filters = np.repeat(np.arange(self.filters), own)
        channels = filters // (self.filters // self.groups) * own + np.tile(np.arange(own), self.filters)
        return np.stack([filters, channels], axis=1)

    def window(self, x: Shape) -> Window:
        return window_on(x, self.kernel, self.stride, self.padding, self.dilation)

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        shape = self.output_shape(x.shape)
        assert isinstance(shape, Shape)
        z, links = to.buffer(shape, "z"), pairs(self.connections)
        to.row(
            op.CONV2D,
            x,
            z,
            W=to.parameter("weight"),
            B=to.parameter("bias") if self.bias else -1,
            GROUPS=self.groups,
            LIST=len(to.lists),
            LENGTH=len(links),
            **columns(self.window(x.shape)),
        )
        to.lists += links
        return to.activate(z, self.activation)
