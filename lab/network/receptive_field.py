"""What part of the input a unit can see: exact propagation of size, stride and padding from layer to layer.

Source: A. Araujo, W. Norris, J. Sim, Computing Receptive Fields of Convolutional Neural Networks,
Distill, 2019.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from lab.network.layers import Window
from lab.network.layers.layer import Positions
from lab.network.network import INPUT, Analysis, Network, analyse
from lab.network.shape import Shape

Pair = tuple[int, int]
"""(vertical, horizontal)"""


class ReceptiveField(msgspec.Struct, frozen=True):
    """The field of every unit of one layer, in pixels of the input.

    Unit (row, column) sees `size` pixels from `row * stride - padding` on, per axis.
    """

    size: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)

    def through(self, window: Window) -> ReceptiveField:
        """The field after one more layer, whose window slides over this one's units."""
        axes = (0, 1)
        return ReceptiveField(
            size=_pair(self.size[a] + (window.size[a] - 1) * self.stride[a] for a in axes),
            stride=_pair(self.stride[a] * window.stride[a] for a in axes),
            padding=_pair(self.padding[a] + window.padding[a] * self.stride[a] for a in axes),
        )

    def of_unit(self, row: int, column: int) -> Region:
        return Region(
            row * self.stride[0] - self.padding[0],
            column * self.stride[1] - self.padding[1],
            *self.size,
        )


class Region(msgspec.Struct, frozen=True):
    """A rectangle of input pixels. `top` and `left` may be negative: what lies outside is padding."""

    top: int
    left: int
    height: int
    width: int

    def clipped(self, shape: Shape) -> Region:
        """The part that lies on an input of `shape`; a height or width of 0 where there is none."""
        top, left = min(max(self.top, 0), shape.height), min(max(self.left, 0), shape.width)
        bottom = min(max(self.top + self.height, top), shape.height)
        right = min(max(self.left + self.width, left), shape.width)
        return Region(top, left, bottom - top, right - left)


def receptive_fields(network: Network, x: Shape) -> dict[str, ReceptiveField]:
    """The field of each layer on inputs of shape `x`, in order.

    Left out are layers of unknown shape, and those whose units do not all see alike: after an upsampling, a
    transposed convolution or a join of unequal strides, ask `field_of`.
    """
    analysis = analyse(network, x)
    shapes = known_shapes(analysis)
    found = {INPUT: ReceptiveField()}
    for facts in analysis.nodes:
        if facts.output is None or any(name not in found for name in facts.inputs):
            continue
        windows = facts.layer.windows(tuple(shapes[name] for name in facts.inputs))
        seen = [
            found[name].through(w) for name, w in zip(facts.inputs, windows, strict=True) if w is not None
        ]
        if len(seen) == len(windows) and len({field.stride for field in seen}) == 1:
            found[facts.name] = joined(seen)
    del found[INPUT]
    return found


def joined(fields: list[ReceptiveField]) -> ReceptiveField:
    """The field of a unit that sees what units of several fields of one stride see: the stretch that holds them."""
    axes = (0, 1)
    padding = _pair(max(f.padding[a] for f in fields) for a in axes)
    ends = _pair(max(f.size[a] - f.padding[a] for f in fields) for a in axes)
    return ReceptiveField(_pair(ends[a] + padding[a] for a in axes), fields[0].stride, padding)


def field_of(
    network: Network, x: Shape, layer: str, row: int, column: int, *, padding: bool = True
) -> Region:
    """What unit (row, column) of `layer` sees of the input, with the input's own padding or without.

    Goes back from the unit, layer by layer, by the positions it sees along each axis. Zeros of the padding of
    layers in between have seen nothing. Where paths meet, the region holds what is seen on any; it is 0 x 0 for a
    unit that sees nothing. Without the padding it may be less than what `clipped` leaves: the first pixels of a
    dilated window may lie outside, and its next ones well inside. KeyError for a layer that is not there or whose
    shape is unknown.
    """
    analysis = analyse(network, x)
    shapes = known_shapes(analysis)
    if layer not in shapes:
        raise KeyError(layer)
    seen: dict[str, tuple[Positions, Positions]] = {layer: (np.array([row]), np.array([column]))}
    for facts in reversed(analysis.nodes):
        if facts.name not in seen:
            continue
        xs = tuple(shapes[name] for name in facts.inputs)
        for source, name in enumerate(facts.inputs):
            rows, columns = (facts.layer.sees(seen[facts.name][axis], axis, xs, source) for axis in (0, 1))
            if name != INPUT or not padding:
                rows, columns = _inside(rows, shapes[name].height), _inside(columns, shapes[name].width)
            if not rows.size or not columns.size:
                continue
            if known := seen.get(name):
                rows, columns = np.union1d(rows, known[0]), np.union1d(columns, known[1])
            seen[name] = rows, columns
    if INPUT not in seen:
        return Region(0, 0, 0, 0)
    rows, columns = seen[INPUT]
    top, left = int(rows[0]), int(columns[0])
    return Region(top, left, int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left)


def known_shapes(analysis: Analysis) -> dict[str, Shape]:
    """What flows out of the input and of every layer of known shape, by name."""
    return {INPUT: analysis.input} | {f.name: f.output for f in analysis.nodes if f.output is not None}


def _inside(at: Positions, extent: int) -> Positions:
    return at[(at >= 0) & (at < extent)]


def _pair(values: Iterable[int]) -> Pair:
    vertical, horizontal = values
    return vertical, horizontal
