"""What a person does to an architecture: put in, take out, connect, move, copy. Each gives another network.

A change may leave something wrong, a join of two sizes or a layer that nobody takes: then it is a draft, and
`analyse` says so. Only what cannot be written down is refused with a ProblemError: a layer that is not there, a
circle, a name that is taken. Layers are found by their names; of two with one name it is the later one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import Annotated, cast

import msgspec

from lab.network.layers import AnyLayer
from lab.network.layers.layer import Layer
from lab.network.network import INPUT, Network, Node
from lab.problem import Problem, ProblemError
from lab.value import changed, to_json, validated


class Clip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Layers on the clipboard, with all their inputs written out."""

    layers: Annotated[tuple[Node, ...], msgspec.Meta(min_length=1, max_length=1000)]


def explicit(network: Network) -> Network:
    """The same network with the inputs of every layer written out."""
    nodes = (
        msgspec.structs.replace(node, inputs=network.sources(index))
        for index, node in enumerate(network.nodes)
    )
    return Network(tuple(nodes))


def compact(network: Network) -> Network:
    """The same network with inputs left away where they are simply the node before."""
    nodes: list[Node] = []
    for node in network.nodes:
        before = nodes[-1].name if nodes else INPUT
        nodes.append(msgspec.structs.replace(node, inputs=()) if node.inputs == (before,) else node)
    return Network(tuple(nodes))


# --- layers put in and taken out


def inserted(network: Network, layer: Layer, after: str | None, name: str = "") -> tuple[Network, str]:
    """A new layer behind `after`, and its name: all that took the output of `after` now takes the new one's.

    "input" is the front of the network, None its end. `name` is a wish: one that is taken becomes a fresh one.
    """
    nodes = _written_out(network)
    after = _end(nodes) if after is None else after
    place = 0 if after == INPUT else _place(nodes, after) + 1
    new = _new_node(network, layer, (after,), name)
    nodes = [_taking(node, {after: new.name}) for node in nodes]
    nodes.insert(place, new)
    return compact(Network(tuple(nodes))), new.name


def beside(network: Network, layer: Layer, sources: tuple[str, ...]) -> tuple[Network, str]:
    """A new layer that takes these sources, the network's input where there are none, and its name.

    Its output goes nowhere yet, and the network's output stays what it was. So ProblemError where a source is the
    network's last layer: what takes that comes after it, and would be the output.
    """
    nodes = _written_out(network)
    if nodes and nodes[-1].name in sources:
        what = "is the network's output, and what takes it would be the output in its place"
        raise ProblemError(Problem(nodes[-1].name, what, "Put the layer after it, or take an earlier one"))
    places = [_place(nodes, source) for source in sources if source != INPUT]
    new = _new_node(network, layer, sources or (INPUT,))
    nodes.insert(1 + max(places, default=-1), new)
    return compact(Network(tuple(nodes))), new.name


def between(network: Network, layer: Layer, source: str, target: str) -> tuple[Network, str]:
    """A new layer on the connection from `source` to `target`, and its name: no other connection is touched."""
    nodes = _written_out(network)
    here = _place(nodes, target)
    if source not in nodes[here].inputs:
        raise ProblemError(Problem(target, f"“{source}” does not flow into it", "Choose one of its inputs"))
    new = _new_node(network, layer, (source,))
    nodes[here] = _taking(nodes[here], {source: new.name})
    nodes.insert(here, new)
    return compact(Network(tuple(nodes))), new.name


def removed(network: Network, names: Collection[str]) -> Network:
    """The network without these layers: what took one of them takes its first source instead.

    Where a join takes that already, it takes it once.
    """
    nodes = _written_out(network)
    gone = {name: nodes[_place(nodes, name)].inputs[0] for name in names}
    left = {}
    for name, source in gone.items():
        seen = {name}
        while source in gone and source not in seen:
            seen.add(source)
            source = gone[source]
        left[name] = INPUT if source in gone else source  # a circle that a file brought has no source
    return compact(Network(tuple(_taking(node, left) for node in nodes if node.name not in gone)))


def duplicated(network: Network, names: Collection[str]) -> tuple[Network, tuple[str, ...]]:
    """Copies of these layers, put in the chain after the last of them, and the copies' names in order.

    Connections among the layers are among the copies, too. What came in from outside now comes from the last of the
    layers; only a join of the copies goes on taking what came from elsewhere: the long skip of a U-Net.
    """
    nodes = _written_out(network)
    chosen = _chosen(nodes, names)
    return _put_in(nodes, chosen, chosen[-1].name) if chosen else (compact(network), ())


def copied(network: Network, names: Collection[str]) -> bytes:
    """These layers as JSON for a clipboard; ProblemError where there is none of them."""
    nodes = _chosen(_written_out(network), names)
    if not nodes:
        raise ProblemError(Problem("clipboard", "there is no layer to copy", "Choose one"))
    return to_json(Clip(tuple(nodes)))


def pasted(network: Network, data: bytes, after: str | None) -> tuple[Network, tuple[str, ...]]:
    """The layers of a clipboard put in the chain behind `after` (as in `inserted`), and their names, fresh ones.

    They are connected as `duplicated` connects copies. ProblemError where `data` is anything else.
    """
    try:
        clip = msgspec.json.decode(data, type=Clip)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ProblemError(Problem("clipboard", "there are no layers in it", "Copy some first")) from None
    nodes = _written_out(network)
    return _put_in(nodes, explicit(Network(clip.layers)).nodes, _end(nodes) if after is None else after)


def renamed(network: Network, old: str, new: str) -> Network:
    """The layer `old` under its new name; ProblemError where that cannot be a name, or is taken."""
    nodes = _written_out(network)
    here = _place(nodes, old)
    if new == old:
        return compact(network)
    if new == INPUT or any(node.name == new for node in nodes):
        what = f"the name “{new}” is taken" + (" by what comes into the network" if new == INPUT else "")
        raise ProblemError(Problem(old, what, "Choose another one"))
    takers = [
        node if _found(nodes, old, at) != here else _taking(node, {old: new}) for at, node in enumerate(nodes)
    ]
    try:
        takers[here] = changed(takers[here], name=new)
    except ProblemError:
        what, mend = f"it cannot be called “{new}”", "Use 1 to 60 characters, and no slash among them"
        raise ProblemError(Problem(old, what, mend)) from None
    return compact(Network(tuple(takers)))


# --- connections


def may_take(network: Network, target: str) -> tuple[str, ...]:
    """All that can flow into `target` without a circle, in order: the network's input and other layers."""
    nodes = _written_out(network)
    after = _downstream(nodes, _place(nodes, target))
    return (INPUT, *(node.name for place, node in enumerate(nodes) if place not in after))


def connected(network: Network, source: str, target: str, place: int | None = None) -> Network:
    """The network in which `source` flows into `target`, too.

    A join gets one more input, if it does not have this one; in a layer that takes one it stands instead of what
    was there. With `place` it stands instead of that input; a join that has it elsewhere swaps the two. Where
    `source` comes later, the order changes, and no more than it must. ProblemError where `target` would feed itself.
    """
    nodes = _written_out(network)
    here = _place(nodes, target)
    if source != INPUT and _place(nodes, source) in _downstream(nodes, here):
        through = "" if source == target else f" through “{source}”"
        raise ProblemError(
            Problem(target, f"it would feed itself{through}", "Connect it to a layer before it")
        )
    inputs = list(nodes[here].inputs)
    if place is None:
        if not nodes[here].layer.takes_many:
            inputs = [source]
        elif source not in inputs:
            inputs.append(source)
    elif 0 <= place < len(inputs):
        if source in inputs:
            inputs[inputs.index(source)] = inputs[place]
        inputs[place] = source
    else:
        raise ProblemError(Problem(target, f"it has no input number {place + 1}", "Choose one that it has"))
    nodes[here] = msgspec.structs.replace(nodes[here], inputs=tuple(inputs))
    return compact(Network(tuple(_ordered(nodes))))


def disconnected(network: Network, source: str, target: str) -> Network:
    """The network in which `source` does not flow into `target`.

    A layer without any other input takes the network's: every layer takes something, and that is always there.
    ProblemError where it takes nothing else already, or `source` does not flow into it.
    """
    nodes = _written_out(network)
    here = _place(nodes, target)
    inputs = nodes[here].inputs
    if source not in inputs:
        raise ProblemError(Problem(target, f"“{source}” does not flow into it", "Choose one of its inputs"))
    left = tuple(name for name in inputs if name != source) or (INPUT,)
    if left == inputs:
        raise ProblemError(
            Problem(target, "it takes nothing but the network's input", "Connect another first")
        )
    nodes[here] = msgspec.structs.replace(nodes[here], inputs=left)
    return compact(Network(tuple(nodes)))


def moved(network: Network, name: str, place: int) -> Network:
    """The layer taken out, as `removed` does, and put in the chain as the layer number `place`, as `inserted` does.

    A join goes on taking its further inputs, as far as they come before its new place.
    """
    nodes = _written_out(network)
    here = _place(nodes, name)
    place = min(max(place, 0), len(nodes) - 1)
    if place == here:
        return compact(network)
    node = nodes.pop(here)
    rest = [_taking(each, {name: node.inputs[0]}) for each in nodes]
    before = rest[place - 1].name if place else INPUT
    there = {INPUT, *(each.name for each in rest[:place])}
    further = (source for source in node.inputs[1:] if source in there and source != before)
    rest = [_taking(each, {before: name}) for each in rest]
    rest.insert(place, msgspec.structs.replace(node, inputs=(before, *further)))
    return compact(Network(tuple(rest)))


# --- the means


def _written_out(network: Network) -> list[Node]:
    return list(explicit(network).nodes)


def _end(nodes: Sequence[Node]) -> str:
    return nodes[-1].name if nodes else INPUT


def _place(nodes: Sequence[Node], name: str) -> int:
    """Where the layer is; the later one where two have the name."""
    for place in reversed(range(len(nodes))):
        if nodes[place].name == name:
            return place
    raise ProblemError(Problem(name, "there is no such layer", "Choose one that there is"))


def _found(nodes: Sequence[Node], name: str, at: int) -> int | None:
    """The layer that the node at a place means by a name: the last before it, else the first after it."""
    places = [place for place, node in enumerate(nodes) if node.name == name]
    later = None if name == INPUT else min(places, default=None)
    return max((p for p in places if p < at), default=later)


def _chosen(nodes: Sequence[Node], names: Collection[str]) -> list[Node]:
    places = {_place(nodes, name) for name in names}
    return [nodes[place] for place in sorted(places)]


def _new_node(network: Network, layer: Layer, inputs: tuple[str, ...], name: str = "") -> Node:
    """The node of a layer that is not there yet."""
    taken = {INPUT, *(node.name for node in network.nodes)}
    if not name or name in taken:
        name = network.fresh_name(layer)
    return validated(Node(name, cast(AnyLayer, layer), inputs))


def _taking(node: Node, instead: dict[str, str]) -> Node:
    """The node with other sources; where two become one, it is taken once."""
    inputs: list[str] = []
    comes_from: dict[str, str] = {}
    for source in node.inputs:
        other = instead.get(source, source)
        if comes_from.setdefault(other, source) == source:
            inputs.append(other)
    return msgspec.structs.replace(node, inputs=tuple(inputs))


def _downstream(nodes: Sequence[Node], start: int) -> set[int]:
    """The places of a node and of all that its output comes to."""
    takers: dict[int, list[int]] = {}
    for at, source in _edges(nodes):
        takers.setdefault(source, []).append(at)
    seen, todo = {start}, [start]
    while todo:
        fresh = [at for at in takers.get(todo.pop(), ()) if at not in seen]
        seen.update(fresh)
        todo += fresh
    return seen


def _edges(nodes: Sequence[Node]) -> list[tuple[int, int]]:
    """(the place of a node, the place of a source of it) for all sources that are there."""
    found = ((at, _found(nodes, name, at)) for at, node in enumerate(nodes) for name in node.inputs)
    return [(at, place) for at, place in found if place is not None]


def _ordered(nodes: Sequence[Node]) -> list[Node]:
    """The nodes in an order in which each comes after its sources: of all that could be next, what was first is."""
    edges = set(_edges(nodes))
    waits = [0] * len(nodes)
    for at, _ in edges:
        waits[at] += 1
    ready = [place for place, count in enumerate(waits) if not count]
    heapify(ready)
    order: list[int] = []
    while ready:
        order.append(heappop(ready))
        for at, source in edges:
            if source == order[-1]:
                waits[at] -= 1
                if not waits[at]:
                    heappush(ready, at)
    order += sorted(
        set(range(len(nodes))) - set(order)
    )  # a circle that a file brought stays for a Problem to say
    return [nodes[place] for place in order]


def _put_in(nodes: list[Node], new: Iterable[Node], after: str) -> tuple[Network, tuple[str, ...]]:
    """Copies of `new`, which lie in order with their inputs written out, in the chain behind `after`; their names.

    A copy takes copies where its original takes originals. For what comes from outside it takes the end of the
    chain: at first `after`, then the last copy that no other takes. Only what a join takes beside these stays.
    """
    new = list(new)
    place = 0 if after == INPUT else _place(nodes, after) + 1
    there = {INPUT, *(node.name for node in nodes[:place])}
    inside = {source for node in new for source in node.inputs}
    entry, tail = new[0].inputs[0], after
    copies: list[Node] = []
    names: dict[str, str] = {}
    for node in new:
        inputs: list[str] = []
        begins = not any(source in names for source in node.inputs)
        for number, source in enumerate(node.inputs):
            if source in names:
                inputs.append(names[source])
            elif source == entry or not node.layer.takes_many or (begins and number == 0):
                inputs.append(tail)
            elif source in there:
                inputs.append(source)
        name = Network((*nodes, *copies)).fresh_name(node.layer)
        copies.append(Node(name, node.layer, tuple(dict.fromkeys(inputs)) or (tail,)))
        names[node.name] = name
        if node.name not in inside:
            tail = name
    rest = [_taking(node, {after: tail}) for node in nodes]
    rest[place:place] = copies
    return compact(Network(tuple(rest))), tuple(node.name for node in copies)
