"""What would make a layer fit what comes into it: candidates for mends, not yet known to mend anything."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from lab.network.editing import between, connected, inserted, removed
from lab.network.layers import (
    Add,
    Concat,
    Conv2D,
    Crop,
    Dense,
    Flatten,
    GlobalAveragePool2D,
    MaxPool2D,
    TransposedConv2D,
    Upsample,
)
from lab.network.layers.geometry import largest_kernel, least_padding
from lab.network.layers.layer import Layer
from lab.network.network import INPUT, Analysis, Facts, Network, analyse
from lab.network.shape import Shape
from lab.problem import Problem, ProblemError
from lab.value import Pair, both, changed, told

Candidate = tuple[str, Callable[[], Network]]
"""What is done, in the imperative, and the network that comes of it; making it may raise a ProblemError."""


def put(network: Network, layer: Layer, source: str, target: str) -> Network:
    """The network with a layer on this connection."""
    return between(network, layer, source, target)[0]


def of_layer(network: Network, facts: Facts, x: Shape) -> Iterator[Candidate]:
    """Of a layer that cannot work on what comes in."""
    name, layer, source = facts.name, facts.layer, facts.inputs[0]

    def setting(**changes: Any) -> Callable[[], Network]:
        return partial(with_fields, network, name, **changes)

    if isinstance(layer, Dense):
        for new in (Flatten(), GlobalAveragePool2D()):
            yield f"Put {a(new)} before it", partial(put, network, new, source, name)
    elif isinstance(layer, TransposedConv2D):
        down, across = both(layer.stride)
        most = _like(layer.output_padding, (down - 1, across - 1))
        yield f"Output padding {told(most)}", setting(output_padding=most)
        for padding in range(max(both(layer.padding)) - 1, -1, -1):
            if not isinstance(changed(layer, padding=padding).output_shape(x), Problem):
                yield f"Padding {padding}", setting(padding=padding)
                break
        more = max(both(layer.output_padding)) + 1
        yield f"Stride {more}", setting(stride=more)
    elif isinstance(layer, Crop):
        border = _like(layer.border, ((x.height - 1) // 2, (x.width - 1) // 2))
        yield f"Cut {told(border)} a side", setting(border=border)
    elif hasattr(layer, "kernel"):
        yield from _of_window(layer, x, setting)
    if not hasattr(layer, "start"):  # it has no weights that would be lost
        yield "Remove it", partial(removed, network, {name})


def _of_window(layer: Any, x: Shape, setting: Callable[..., Callable[[], Network]]) -> Iterator[Candidate]:
    """Of a kernel that does not fit, of padding that is too wide, of filters that cannot be divided among maps."""
    dilation, padding = getattr(layer, "dilation", 1), getattr(layer, "padding", 0)
    added = padding if not isinstance(padding, str) else 0
    kernel = _like(layer.kernel, largest_kernel(x, added, dilation))
    if min(both(kernel)) >= 1 and kernel != layer.kernel:
        yield f"Kernel {told(kernel)}", setting(kernel=kernel)
    if hasattr(layer, "dilation"):
        yield "Padding same", setting(padding="same")
        yield "Dilation 1", setting(dilation=1)
    if hasattr(layer, "padding"):
        least, (down, across) = least_padding(x, layer.kernel, dilation), both(added)
        rows, columns = max(least[0], down), max(least[1], across)
        is_one = isinstance(added, int) and isinstance(layer.kernel, int)
        wide: Pair[int] = max(rows, columns) if is_one else (rows, columns)
        yield f"Padding {told(wide)}", setting(padding=wide)
        half = _like(added, (both(layer.kernel)[0] // 2, both(layer.kernel)[1] // 2))
        yield f"Padding {told(half)}", setting(padding=half)
    if isinstance(layer, Conv2D):
        if layer.connections:
            yield "Let every filter see every map", setting(connections=(), groups=1)
            yield f"{len(layer.connections)} filters", setting(filters=len(layer.connections))
            yield "1 group", setting(groups=1)
        common = math.gcd(x.channels, layer.filters)
        groups = min(
            (d for d in range(1, common + 1) if common % d == 0), key=lambda d: abs(d - layer.groups)
        )
        yield f"{groups} groups" if groups > 1 else "1 group", setting(groups=groups)


def _like(pair: Pair[int], limits: tuple[int, int]) -> Pair[int]:
    """A pair as far as the limits allow, as one number where it is one."""
    rows, columns = (min(number, limit) for number, limit in zip(both(pair), limits, strict=True))
    return min(rows, columns) if isinstance(pair, int) else (rows, columns)


# --- joins


def of_join(network: Network, analysis: Analysis, facts: Facts, xs: tuple[Shape, ...]) -> Iterator[Candidate]:
    """Of inputs that differ in their channels, or in height and width."""
    name, join = facts.name, facts.layer
    branches = list(dict(zip(facts.inputs, xs, strict=True)).items())
    height, width = min(x.height for x in xs), min(x.width for x in xs)
    larger = [(source, x) for source, x in branches if (x.height, x.width) != (height, width)]
    if isinstance(join, Add) and len({x.channels for x in xs}) > 1:
        yield from _of_channels(network, analysis, facts, branches)
    elif isinstance(join, Add | Concat):
        yield "Switch on its centre crop", partial(with_fields, network, name, crop=True)
    even = all((x.height - height) % 2 == (x.width - width) % 2 == 0 for _, x in larger)
    if larger and even:
        borders = {source: ((x.height - height) // 2, (x.width - width) // 2) for source, x in larger}

        def cropped() -> Network:
            there = network
            for source, (down, across) in borders.items():
                border: Pair[int] = down if down == across else (down, across)
                there = put(there, Crop(border), source, name)
            return there

        parts = [f"{s} by {told(cut[0] if cut[0] == cut[1] else cut)}" for s, cut in borders.items()]
        if not any(x.is_vector for x in xs):
            yield f"Crop {listed(parts)} on each side", cropped
    most = max(xs, key=lambda x: x.height * x.width)
    wide = [source for source, x in branches if (x.height, x.width) == (most.height, most.width)]
    small = [(source, x) for source, x in branches if source not in wide]
    if small:
        apart = set[str]().union(*(_upstream(analysis, source) for source, _ in small))
        if mend := padded(network, apart.difference(*(_upstream(analysis, source) for source in wide))):
            yield mend
    if len(small) == 1:
        yield from _of_smaller(network, analysis, facts, *small[0], most)
    flat = [source for source, x in branches if not x.is_vector]
    if isinstance(join, Concat) and len(flat) < len(branches):

        def flattened() -> Network:
            there = network
            for source in flat:
                there = put(there, Flatten(), source, name)
            return there

        yield f"Put a Flatten after {listed(flat)}", flattened


def _of_smaller(
    network: Network, analysis: Analysis, facts: Facts, source: str, x: Shape, most: Shape
) -> Iterator[Candidate]:
    """Of one input that is smaller than the others, which are of size `most`."""
    rows, columns = most.height - x.height, most.width - x.width
    made_by = analysis.facts(source).layer if source != INPUT else None
    if isinstance(made_by, TransposedConv2D):
        more = (both(made_by.output_padding)[0] + rows, both(made_by.output_padding)[1] + columns)
        pair: Pair[int] = more[0] if more[0] == more[1] else more
        yield (
            f"Output padding {told(pair)} in {source}",
            partial(with_fields, network, source, output_padding=pair),
        )
    down, across = most.height // x.height, most.width // x.width
    if (down * x.height, across * x.width) == (most.height, most.width) and not x.is_vector:
        factor: Pair[int] = down if down == across else (down, across)
        up = Upsample(factor)
        yield f"Upsample {source} by {told(factor)}", partial(put, network, up, source, facts.name)
        if len(facts.inputs) == 2:
            other = next(each for each in facts.inputs if each != source)
            pool = MaxPool2D(factor, factor)
            yield f"Pool {other} by {told(factor)}", partial(put, network, pool, other, facts.name)


def _of_channels(
    network: Network, analysis: Analysis, facts: Facts, branches: list[tuple[str, Shape]]
) -> Iterator[Candidate]:
    """Of an Add whose inputs differ in channels."""
    height, width = (min(sizes) for sizes in zip(*((x.height, x.width) for _, x in branches), strict=True))
    if len(branches) == 2:
        for (source, x), (_, other) in (branches[::-1], branches):
            with suppress(ProblemError):
                text, there = sized(network, analysis, source, other.channels)
                yield text, partial(_itself, there)
            if x.is_vector:
                dense = Dense(other.channels)
                yield (
                    f"Put a Dense of {other.channels} after {source}",
                    partial(put, network, dense, source, facts.name),
                )
                continue
            stride = (x.height // height, x.width // width)
            pair: Pair[int] = stride[0] if stride[0] == stride[1] else stride
            conv = Conv2D(other.channels, 1, pair)
            text = f"Bring {source} to {other.channels} channels by a 1×1 convolution"
            yield (
                text + (f" of stride {told(pair)}" if pair != 1 else ""),
                partial(put, network, conv, source, facts.name),
            )
    crop = bool(getattr(facts.layer, "crop", False))
    for cut in (crop, True):
        words = "Make it a Concat" + (" with centre crop" if cut and not crop else "")
        yield words, partial(with_layer, network, facts.name, Concat(crop=cut))


def _upstream(analysis: Analysis, name: str) -> set[str]:
    """The names of a layer and of all that it takes, directly or not."""
    facts = {each.name: each for each in analysis.nodes}
    seen: set[str] = set()
    todo = [name]
    while todo:
        one = todo.pop()
        if one in facts and one not in seen:
            seen.add(one)
            todo += facts[one].inputs
    return seen


# --- the means


def a(layer: Layer) -> str:
    return f"an {layer.title}" if layer.title[0] in "AEIOU" else f"a {layer.title}"


def sized(network: Network, analysis: Analysis, name: str, channels: int) -> tuple[str, Network]:
    """What to do so that so many channels come out of the layer `name`, and the network that comes of it.

    The last layer with units or filters before it gets so many. ProblemError where there is none, or a join is
    between them.
    """
    facts = analysis.facts(name) if name != INPUT else None
    while facts is not None:
        for field, what in (("units", "units"), ("filters", "filters")):
            if hasattr(facts.layer, field):
                words = what if channels != 1 else what[:-1]
                changes = {field: channels, "connections": ()} if field == "filters" else {field: channels}
                return f"Give {facts.name} {channels} {words}", with_fields(network, facts.name, **changes)
        before = facts.inputs[0]
        if len(facts.inputs) > 1 or before == INPUT:
            break
        facts = analysis.facts(before)
    raise ProblemError(Problem(name, "no layer says how many channels it has", "Add a layer with units"))


def _itself(network: Network) -> Network:
    return network


def with_layer(network: Network, name: str, layer: Layer) -> Network:
    """The network with another layer in this place."""
    nodes = (
        msgspec.structs.replace(node, layer=layer) if node.name == name else node for node in network.nodes
    )
    return Network(tuple(nodes))


def with_fields(network: Network, name: str, **changes: Any) -> Network:
    """The network with other settings of a layer (ProblemError beyond their limits); those it lacks are left out."""
    layer = next(node.layer for node in network.nodes if node.name == name)
    there = {field: value for field, value in changes.items() if hasattr(layer, field)}
    return with_layer(network, name, changed(layer, **there))


def padded(network: Network, names: set[str]) -> Candidate | None:
    """Padding "same" in those of these layers that are convolutions without any padding."""
    convolutions = [
        node.name
        for node in network.nodes
        if node.name in names
        and isinstance(node.layer, Conv2D)
        and node.layer.padding in ("valid", 0, (0, 0))
        and max(both(node.layer.kernel)) > 1
    ]
    if not convolutions:
        return None

    def with_padding() -> Network:
        there = network
        for name in convolutions:
            there = with_fields(there, name, padding="same")
        return there

    words = listed(convolutions) if len(convolutions) < 4 else f"{len(convolutions)} convolutions"
    return f"Use padding “same” in {words}", with_padding


def listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


NEAREST = 24
"""How many earlier layers are tried for a join's second input."""


def with_join(network: Network, x: Shape, join: Layer, after: str | None) -> tuple[Network, str]:
    """A join put in the chain behind `after`, and its name; it also takes the nearest earlier output that fits.

    If none fits, one that fits after a centre crop; if there is none either, nothing more. `x` is the input's shape.
    """
    alone, name = inserted(network, join, after)
    here = next(place for place, node in enumerate(alone.nodes) if node.name == name)
    (first,) = alone.sources(here)
    earlier = [INPUT, *(node.name for node in alone.nodes[:here])]
    for crop in (False, True):
        for source in [other for other in reversed(earlier) if other != first][:NEAREST]:
            there = with_fields(connected(alone, source, name), name, crop=crop)
            if analyse(there, x).facts(name).output is not None:
                return there, name
    return alone, name
