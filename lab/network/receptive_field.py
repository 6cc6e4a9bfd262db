"""What part of the input a unit can see: exact propagation of size, stride and padding from layer to layer.

Source: A. Araujo, W. Norris, J. Sim, Computing Receptive Fields of Convolutional Neural Networks,
Distill, 2019.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lab.network.layers import Window
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
    transposed convolution or a join, ask `field_of`.
    """
    found = {INPUT: ReceptiveField()}
    for facts in analyse(network, x).nodes:
        before = found.get(facts.inputs[0])
        if before is None or facts.input is None or facts.output is None:
            continue
        if (window := facts.layer.window(facts.input)) is not None:
            found[facts.name] = before.through(window)
    del found[INPUT]
    return found


def field_of(network: Network, x: Shape, layer: str, row: int, column: int) -> Region:
    """What unit (row, column) of `layer` sees of the input, padding included.

    Goes back from the unit, layer by layer, by the stretch of units it sees along each axis; where paths meet,
    the stretch that holds both. KeyError for a layer that is not there or whose shape is unknown.
    """
    analysis = analyse(network, x)
    top, bottom = _stretch(analysis, layer, row, axis=0)
    left, right = _stretch(analysis, layer, column, axis=1)
    return Region(top, left, bottom - top + 1, right - left + 1)


def _stretch(analysis: Analysis, layer: str, at: int, axis: int) -> Pair:
    """First and last input index that unit `at` of `layer` sees along an axis."""
    shapes = {INPUT: analysis.input} | {f.name: f.output for f in analysis.nodes if f.output is not None}
    if layer not in shapes:
        raise KeyError(layer)
    seen: dict[str, Pair] = {layer: (at, at)}
    for facts in reversed(analysis.nodes):
        if facts.name not in seen:
            continue
        xs = tuple(shapes[name] for name in facts.inputs)
        for source, name in enumerate(facts.inputs):
            first, last = facts.layer.reach(*seen[facts.name], axis, xs, source)
            known = seen.get(name, (first, last))
            seen[name] = min(first, known[0]), max(last, known[1])
    return seen[INPUT]


def _pair(values: Iterable[int]) -> Pair:
    vertical, horizontal = values
    return vertical, horizontal
