"""What survives an edit, found in another way: by giving every number of a network a name for what it does.

A weight is named by its layer, the unit that it leads into, the channel that it comes from, and its place about the
middle of the kernel. What has the same name before and after is the same weight.
"""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np

from lab.network.layers import (
    Concat,
    Conv2D,
    Dense,
    Flatten,
    LayerNorm,
    PReLU,
    TransposedConv2D,
)
from lab.network.network import INPUT, Analysis, Facts
from lab.value import both


def expected(old: Analysis, new: Analysis, renamed: dict[str, str]) -> dict[str, np.ndarray]:
    """For each parameter of `new`, flat, the place in the old flat vector of what it goes on from, or -1."""
    before = {renamed.get(f.name, f.name): f for f in old.nodes}
    after = {f.name: f for f in new.nodes}
    one = Names(old, renamed, after, {})
    two = Names(new, {}, before, one.inputs)
    there, at = {}, 0
    for p in old.parameters:
        layer, _, name = p.name.rpartition(".")
        layer = renamed.get(layer, layer)
        for name_of_weight in one.weights[f"{layer}.{name}"]:
            there[type(before[layer].layer), layer, name, name_of_weight] = at
            at += 1
    found = {}
    for p in new.parameters:
        layer, _, name = p.name.rpartition(".")
        keys = [(type(after[layer].layer), layer, name, weight) for weight in two.weights[p.name]]
        found[p.name] = np.array([there.get(key, -1) for key in keys])
    return found


class Names:
    """The names in one of two networks: of the channels that come into each layer, and of its weights.

    A channel is (origin, which stretch of that origin, which channel there, which pixel); an origin is a layer's
    name and kind. `others` are the layers of the other network, `inputs` what comes into those.
    """

    def __init__(
        self, analysis: Analysis, renamed: dict[str, str], others: dict[str, Facts], inputs: dict[str, list]
    ) -> None:
        self.inputs: dict[str, list] = {}
        self.weights: dict[str, list] = {}
        C = analysis.input.channels
        flows = {INPUT: [((INPUT, None), [(k, C) for k in range(C)], [0])]}
        for facts in analysis.nodes:
            name, layer = renamed.get(facts.name, facts.name), facts.layer
            stretches = [stretch for source in facts.inputs for stretch in flows[source]]
            coming = listed(stretches)
            self.inputs[name] = coming
            if name in inputs and type(others[name].layer) is type(layer):
                coming = adopted(inputs[name], coming)
            other = others.get(name)
            units = names_of_units(facts, coming, other)
            for parameter, weights in weights_of(facts, coming, units):
                self.weights[f"{name}.{parameter}"] = weights
            origin, x = (name, type(layer)), facts.input
            if isinstance(layer, Dense | Conv2D | TransposedConv2D):
                flows[facts.name] = [(origin, units, [0])]
            elif isinstance(layer, Flatten) and not x.is_vector:
                pixels = [(x.height, x.width, p) for p in range(x.height * x.width)]
                flows[facts.name] = [(o, ks, pixels) for o, ks, _ in stretches]
            elif layer.takes_many and not isinstance(layer, Concat):
                flows[facts.name] = [
                    (origin, list(range(len(ks))), ps) for _, ks, ps in flows[facts.inputs[0]]
                ]
            else:
                flows[facts.name] = stretches


def listed(stretches: list) -> list:
    seen: Counter = Counter()
    names = []
    for origin, channels, pixels in stretches:
        names += [(origin, seen[origin], k, p) for k in channels for p in pixels]
        seen[origin] += 1
    return names


def adopted(before: list, after: list) -> list:
    """Channels of new origins take the names of those of lost ones where they are as many."""
    known, there = {n[:2] for n in before}, {n[:2] for n in after}
    lost, gained = [n for n in before if n[:2] not in there], [n for n in after if n[:2] not in known]
    return (
        [dict(zip(gained, lost, strict=True)).get(n, n) for n in after] if len(lost) == len(gained) else after
    )


def names_of_units(facts: Facts, coming: list, other: Facts | None) -> list:
    count, layer = facts.output.channels, facts.layer
    if not isinstance(layer, Conv2D) or other is None or type(other.layer) is not Conv2D:
        return list(range(count))
    each = count // layer.groups
    if layer.groups == facts.input.channels and other.layer.groups == other.input.channels:
        return [(coming[u // each], u % each) for u in range(count)]
    if layer.groups == other.layer.groups:
        return [(u // each, u % each) for u in range(count)]
    return list(range(count))


def weights_of(facts: Facts, coming: list, units: list):
    layer, x = facts.layer, facts.input
    if isinstance(layer, Dense):
        yield "weight", list(product(units, coming))
    elif isinstance(layer, Conv2D | TransposedConv2D):
        taps = list(product(*([j - (k - 1) // 2 for j in range(k)] for k in both(layer.kernel))))
        if isinstance(layer, TransposedConv2D):
            links = [(u, c) for c in coming for u in units]
        elif layer.connections:
            links = [(units[f], coming[c]) for f, row in enumerate(layer.connections) for c in row]
        else:
            each, own = len(units) // layer.groups, len(coming) // layer.groups
            links = [(u, coming[f // each * own + c]) for f, u in enumerate(units) for c in range(own)]
        yield "weight", [(*link, *tap) for link in links for tap in taps]
    elif isinstance(layer, LayerNorm):
        places = list(product(range(x.height), range(x.width), [(x.height, x.width)]))
        for p in facts.parameters:
            yield p.name, list(product(coming, places))
    elif isinstance(layer, PReLU) and layer.slopes == "layer":
        yield "slope", ["all"]
    else:
        for p in facts.parameters:
            yield p.name, coming
        return
    if any(p.name == "bias" for p in facts.parameters):
        yield "bias", units
