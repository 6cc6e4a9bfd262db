"""The receptive fields of all layers at a glance: size, stride and start along each axis, by phase where they differ.

Here borders cut nothing: zeros of padding count as seen, as in the published tables. What one unit sees with
everything that borders take away, `lab.network.receptive_field.field_of` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from lab.network.alignment import middles
from lab.network.layers import Layer
from lab.network.layers.layer import Positions
from lab.network.network import INPUT, Analysis, Facts, Network, analyse
from lab.network.receptive_field import known_shapes
from lab.network.shape import Shape

NOWHERE = np.int64(1) << 40
"""Where a stretch begins that holds nothing; it ends at its negative."""


@dataclass(frozen=True)
class Along:
    """The fields of a layer along one axis, in pixels of the input.

    Sizes go from `least` to `most` by a unit's position, after upsamplings and transposed convolutions; of all other
    layers they are one. `stride` is how far the field moves from unit to unit, on the mean over the phases. The field
    of the first unit begins at pixel `start`, which is minus the effective padding, and has its middle at `centre`.
    `reaches` is the greatest part of the input's `extent` that any unit sees.
    """

    least: int
    most: int
    stride: Fraction
    start: int
    centre: Fraction
    reaches: int
    extent: int

    @property
    def is_one(self) -> bool:
        """Whether the field has one size, whatever the unit's position."""
        return self.least == self.most

    @property
    def has_outgrown(self) -> bool:
        """Whether some unit's field is larger than the input: its border is padding wherever it stands."""
        return self.most > self.extent


@dataclass(frozen=True)
class FieldRow:
    """One layer's line of the table, (vertical, horizontal). `share` of the input is what any unit sees at most."""

    layer: str
    kind: str
    output: Shape
    axes: tuple[Along, Along]
    share: float

    @property
    def has_outgrown(self) -> bool:
        return any(axis.has_outgrown for axis in self.axes)


@lru_cache(maxsize=16)
def field_table(network: Network, x: Shape) -> tuple[FieldRow, ...]:
    """A line for each layer of known shape, in order; none where the input is a vector, which has no places."""
    if x.is_vector:
        return ()
    analysis = analyse(network, x)
    lines, looks = middles(network, x), _Looks(analysis)
    rows = []
    for facts in analysis.nodes:
        if facts.output is None:
            continue
        extents = (facts.output.height, facts.output.width), (x.height, x.width)
        axes = []
        for axis, (units, extent) in enumerate(zip(*extents, strict=True)):
            stretches = looks.back(facts.name, axis, np.arange(units))
            axes.append(along(*stretches, lines[facts.name][axis][0], extent))
        share = axes[0].reaches * axes[1].reaches / (x.height * x.width)
        rows.append(FieldRow(facts.name, facts.layer.title, facts.output, (axes[0], axes[1]), share))
    return tuple(rows)


def along(first: Positions, last: Positions, stride: Fraction, extent: int) -> Along:
    """What the stretches from `first` to `last` of all units along an axis come to."""
    sizes = np.maximum(last - first + 1, 0)
    seen = np.minimum(last, extent - 1) - np.maximum(first, 0) + 1
    there = np.flatnonzero(sizes)
    start, end = (int(first[there[0]]), int(last[there[0]])) if there.size else (0, -1)
    return Along(
        least=int(sizes.min()),
        most=int(sizes.max()),
        stride=stride,
        start=start,
        centre=Fraction(start + end, 2),
        reaches=max(int(seen.max()), 0),
        extent=extent,
    )


class _Looks:
    """Goes back from units to what they see, padding included, a whole axis of a layer at a time."""

    def __init__(self, analysis: Analysis) -> None:
        self._nodes = analysis.nodes
        self._shapes = known_shapes(analysis)
        self._steps: dict[tuple[str, int, int], dict[int, tuple[int, int]]] = {}

    def back(self, layer: str, axis: int, units: Positions) -> tuple[Positions, Positions]:
        """The first and the last pixel of the input that each unit sees along an axis; NOWHERE if none."""
        reached: dict[str, tuple[Positions, Positions]] = {layer: (units, units)}
        for facts in reversed(self._nodes):
            if facts.name not in reached:
                continue
            for source, name in enumerate(facts.inputs):
                first, last = self._through(facts, axis, source, *reached[facts.name])
                if name in reached:
                    first, last = np.minimum(first, reached[name][0]), np.maximum(last, reached[name][1])
                reached[name] = first, last
        nothing = np.full(units.shape, NOWHERE)
        return reached.get(INPUT, (nothing, -nothing))

    def _through(
        self, facts: Facts, axis: int, source: int, first: Positions, last: Positions
    ) -> tuple[Positions, Positions]:
        """From stretches of a layer's outputs to those of its input number `source`."""
        xs = tuple(self._shapes[name] for name in facts.inputs)
        window = facts.layer.windows(xs)[source]
        is_empty = first > last
        if window is not None:
            before = first * window.stride[axis] - window.padding[axis]
            beyond = last * window.stride[axis] - window.padding[axis] + window.size[axis] - 1
        else:
            before, beyond = self._by_phase(facts, axis, source, xs, first, last)
        return np.where(is_empty, NOWHERE, before), np.where(is_empty, -NOWHERE, beyond)

    def _by_phase(
        self, facts: Facts, axis: int, source: int, xs: tuple[Shape, ...], first: Positions, last: Positions
    ) -> tuple[Positions, Positions]:
        """Position by position; of those that see nothing the next inside the stretch counts."""
        there = first <= last
        if not there.any():
            return first, last
        low, high = int(first[there].min()), int(last[there].max())
        known = self._steps.setdefault((facts.name, axis, source), {})
        for at in range(low, high + 1):
            if at not in known:
                known[at] = _ends(facts.layer, at, axis, xs, source)
        ends = np.array([known[at] for at in range(low, high + 1)], np.int64)
        begins = np.minimum.accumulate(ends[::-1, 0])[::-1]
        finishes = np.maximum.accumulate(ends[:, 1])
        inside = (np.where(there, at, low) - low for at in (first, last))
        before, beyond = (table[at] for table, at in zip((begins, finishes), inside, strict=True))
        is_empty = before > beyond  # all of the stretch lies between two stamps
        return np.where(is_empty, NOWHERE, before), np.where(is_empty, -NOWHERE, beyond)


def _ends(layer: Layer, at: int, axis: int, xs: tuple[Shape, ...], source: int) -> tuple[int, int]:
    seen = layer.sees(np.array([at]), axis, xs, source)
    return (int(seen[0]), int(seen[-1])) if seen.size else (int(NOWHERE), -int(NOWHERE))
