"""Grafting: which numbers of an old network's parameters go on in which places of a new network's.

Layers are matched by name, or as renamed. Of each parameter of a matching layer of the same kind every axis is
matched by itself: units and filters in their order, taps of a kernel about its middle, and channels that come in by
the layer that makes them, whatever stands between. So a wider layer keeps its units, the layer behind it the weights
from them, and of a concatenation each branch keeps its own. Where other channels come in, as behind a layer that was
inserted, they take the place of the old ones if they are as many; else the weights from them are new.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.network.layers import Conv2D, Dense, Parameter
from lab.network.layers.layer import Axis
from lab.network.network import INPUT, Analysis, Facts
from lab.network.origins import Flow, Stretch, coming, origins
from lab.network.shape import Shape

Source = NDArray[np.int64]
"""For each index along an axis the index along the old axis that it goes on from; -1 where it is new."""


@dataclass(frozen=True, eq=False)
class Graft:
    """Where the numbers of a parameter come from: `new` goes on from `old`, axis by axis as `sources` say.

    Axes that go together are one here: each parameter has as many as there are sources.
    """

    new: Parameter
    old: Parameter
    sources: tuple[Source, ...]
    words: str = ""

    @property
    def kept(self) -> int:
        return math.prod(int((source >= 0).sum()) for source in self.sources)

    @property
    def whole(self) -> bool:
        return self.kept == self.old.size == self.new.size

    @property
    def unmoved(self) -> bool:
        return self.whole and all(np.array_equal(source, np.arange(len(source))) for source in self.sources)

    def put(self, to: NDArray[np.float32], source: NDArray[np.float32]) -> None:
        """Write what is kept of `source`, shaped as the old parameter, into `to`, shaped as the new one."""
        if self.unmoved:
            to.reshape(-1)[:] = source.reshape(-1)
            return
        axes = len(self.sources)
        there, here = to.reshape(_extents(self.new, axes)), source.reshape(_extents(self.old, axes))
        kept = [np.flatnonzero(s >= 0) for s in self.sources]
        there[np.ix_(*kept)] = here[np.ix_(*(s[at] for s, at in zip(self.sources, kept, strict=True)))]


def grafts(old: Analysis, new: Analysis, renamed: Mapping[str, str]) -> list[Graft]:
    """One for each parameter of `new` of which something is kept, in the order of the flat vector.

    Neither network may have problems. `renamed` says what layers of the old one are called in the new one.
    """
    return _Matching(old, new, renamed).grafts()


class _Matching:
    """Two networks, layer by layer."""

    def __init__(self, old: Analysis, new: Analysis, renamed: Mapping[str, str]) -> None:
        self.old, self.new = old, new
        self.before, self.after = origins(old), origins(new)
        by_name = {renamed.get(facts.name, facts.name): facts for facts in old.nodes}
        self.pairs = {
            facts.name: (by_name[facts.name], facts)
            for facts in new.nodes
            if facts.name in by_name and type(by_name[facts.name].layer) is type(facts.layer)
        }
        self.partner = {name: old.name for name, (old, _) in self.pairs.items()} | {INPUT: INPUT}
        self.inputs: dict[str, Source] = {}
        self.units: dict[str, Source] = {}
        for name, (ours, theirs) in self.pairs.items():  # each after what flows into it
            self.inputs[name] = self._channels(coming(ours, self.before), coming(theirs, self.after))
            self.units[name] = self._units(ours, theirs)

    def grafts(self) -> list[Graft]:
        """One for each parameter of which something is kept, in the order of the flat vector."""
        old = {p.name: p for p in self.old.parameters}
        found = []
        for p in self.new.parameters:
            layer, _, name = p.name.rpartition(".")
            q = old.get(f"{self.partner.get(layer)}.{name}")
            if q is not None and (graft := self._graft(layer, p, q)) is not None:
                found.append(graft)
        return found

    def _graft(self, layer: str, new: Parameter, old: Parameter) -> Graft | None:
        """None where nothing is kept."""
        axes: tuple[Axis, ...] = new.axes
        if axes != old.axes and {"link"} & {*new.axes, *old.axes}:
            axes = ("link", "tap", "tap")  # where only one of them is sparse, the other has all links
        elif axes != old.axes or not axes:
            same = tuple(map(np.arange, new.shape))
            return Graft(new, old, same) if new.shape == old.shape else None
        sources = []
        was, now = (_extents(p, len(axes)) for p in (old, new))
        for axis, before, after in zip(axes, was, now, strict=True):
            if axis == "unit":
                sources.append(self.units[layer])
            elif axis == "input":
                sources.append(self.inputs[layer])
            elif axis == "link":
                sources.append(self._links(*self.pairs[layer]))
            elif axis == "tap":
                sources.append(_middle(before, after))
            else:  # what was learned of one place says nothing of the places of another image
                sources.append(_first(before if before == after else 0, after))
        if not all((source >= 0).any() for source in sources):
            return None
        return Graft(new, old, tuple(sources), self._words(layer, axes, sources, was, now))

    def _channels(self, old: Flow, new: Flow) -> Source:
        """Which of the channels that came in each one is that comes in now."""
        before, after = _placed(old), _placed(new)
        source = np.full(sum(stretch.size for stretch in new), -1)
        gained = []
        for (origin, number), (at, stretch) in after.items():
            there = before.pop((self.partner.get(origin, ""), number), None)
            if there is None:
                gained.append(np.arange(at, at + stretch.size))
            elif there[1].area == stretch.area:  # else its pixels are others
                own = _by_pixel(self._own(origin, there[1].count, stretch.count), stretch.pixels)
                source[at : at + stretch.size] = np.where(own < 0, -1, there[0] + own)
        lost = [np.arange(at, at + stretch.size) for at, stretch in before.values()]
        if gained and sum(map(len, gained)) == sum(map(len, lost)):
            source[np.concatenate(gained)] = np.concatenate(lost)
        return source

    def _own(self, origin: str, was: int, now: int) -> Source:
        """Which of the `was` channels that a layer or the input gave each of the `now` is that it gives."""
        if origin == INPUT:  # columns of another table are other columns
            return _first(was if was == now else 0, now)
        all_of_old, source = _shapes(self.pairs[origin][0])[1].channels, self.units[origin]
        # a part of what it gives: it is a sum of concatenations, and has no units
        return source if (was, now) == (all_of_old, len(source)) else _first(was, now)

    def _units(self, old: Facts, new: Facts) -> Source:
        """Which old unit or filter each one is: by their order, in a convolution by groups within each group."""
        (x_old, y_old), (x_new, y_new) = _shapes(old), _shapes(new)
        was, now = y_old.channels, y_new.channels
        one, other = old.layer, new.layer
        if not isinstance(one, Conv2D) or not isinstance(other, Conv2D):
            return _first(was, now)
        if one.groups == x_old.channels and other.groups == x_new.channels:  # each group is a channel
            groups = self.inputs[new.name]
        elif one.groups == other.groups:
            groups = np.arange(other.groups)
        else:
            return _first(was, now)
        each = _first(was // one.groups, now // other.groups)
        source = groups[:, None] * (was // one.groups) + each
        source[groups < 0] = -1
        source[:, each < 0] = -1
        return source.reshape(-1)

    def _links(self, old: Facts, new: Facts) -> Source:
        """Which old connection each one is: that of the same filter with the same channel."""
        x_old, x_new = _shapes(old)[0], _shapes(new)[0]
        width = x_old.channels
        ours, theirs = old.layer.links(x_old), new.layer.links(x_new)
        unit, channel = self.units[new.name][theirs[:, 0]], self.inputs[new.name][theirs[:, 1]]
        there, wanted = ours[:, 0] * width + ours[:, 1], unit * width + channel
        order = np.argsort(there)
        source = order[np.minimum(np.searchsorted(there, wanted, sorter=order), len(there) - 1)]
        return np.where((unit >= 0) & (channel >= 0) & (there[source] == wanted), source, -1)

    def _words(
        self, layer: str, axes: tuple[Axis, ...], sources: list[Source], was: list[int], now: list[int]
    ) -> str:
        """What changed of a parameter, as a person says it: its units before its kernel before what comes in."""
        old, new = self.pairs[layer]
        nouns = {"unit": "filters", "input": "channels", "link": "connections"}
        if isinstance(new.layer, Dense):
            nouns = {"unit": "units", "input": "inputs"}
        if {"unit", "link"} & set(axes):
            some, most = int((self.units[layer] >= 0).sum()), max(_shapes(f)[1].channels for f in (old, new))
            if some < most:
                return f"{some:,} of {most:,} {nouns['unit']}"
        kept = [int((source >= 0).sum()) for source in sources]
        taps = [at for at, axis in enumerate(axes) if axis == "tap"]
        if any(was[at] != now[at] for at in taps):
            larger = max(was, now, key=lambda extents: math.prod(extents[at] for at in taps))
            each = ["×".join(str(extents[at]) for at in taps) for extents in (kept, larger)]
            return f"{each[0]} of the {each[1]} kernel"
        for axis, some, before, after in zip(axes, kept, was, now, strict=True):
            if some < max(before, after):
                return f"{some:,} of {max(before, after):,} {nouns[axis]}"
        return ""


def _shapes(facts: Facts) -> tuple[Shape, Shape]:
    """What flows in and what flows out."""
    assert facts.input is not None, "a network without problems"
    assert facts.output is not None, "a network without problems"
    return facts.input, facts.output


def _placed(flow: Flow) -> dict[tuple[str, int], tuple[int, Stretch]]:
    """Where each stretch begins, under its origin and which of that origin's it is."""
    seen: Counter[str] = Counter()
    placed, at = {}, 0
    for stretch in flow:
        placed[stretch.origin, seen[stretch.origin]] = at, stretch
        seen[stretch.origin] += 1
        at += stretch.size
    return placed


def _extents(parameter: Parameter, axes: int) -> list[int]:
    """The parameter's shape with only so many axes: those in front become one."""
    cut = len(parameter.shape) - axes + 1
    return [math.prod(parameter.shape[:cut]), *parameter.shape[cut:]]


def _first(was: int, now: int) -> Source:
    """As many as fit, in their order."""
    source = np.arange(now)
    source[was:] = -1
    return source


def _middle(was: int, now: int) -> Source:
    """As many as fit about the middle, of an even number the left one: where padding "same" looks through it."""
    source = np.arange(now) + (was - 1) // 2 - (now - 1) // 2
    source[(source < 0) | (source >= was)] = -1
    return source


def _by_pixel(channels: Source, pixels: int) -> Source:
    """The source of each number where each channel is so many numbers in a row."""
    source = channels[:, None] * pixels + np.arange(pixels)
    source[channels < 0] = -1
    return source.reshape(-1)
