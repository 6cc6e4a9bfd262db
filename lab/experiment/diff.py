"""What differs between two experiments, in words: for the undo list and for runs side by side."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import msgspec

from lab.experiment.experiment import Experiment
from lab.learning.rates import LayerRates
from lab.learning.regularization import Regularization
from lab.network.network import INPUT, Network, Node
from lab.value import both, fields, told

LONGEST = 60
"""Characters of one difference in a label; a path may be thousands long."""
REWRITTEN = "settings of layers written in another way"
"""A difference that changes no number."""


def differences(a: Experiment, b: Experiment) -> tuple[str, ...]:
    """How `b` differs from `a`, a phrase each: "learning rate 0.1 → 0.01". Empty only if they are equal."""
    found: list[str] = []
    for field in fields(Experiment):
        old, new = getattr(a, field.name), getattr(b, field.name)
        if old == new:
            continue
        if isinstance(old, Network):
            found += _networks(old, new)
        elif isinstance(old, LayerRates | Regularization):
            found += _of_layers(old, new, renamings(a.network, b.network))
        elif field.name == "description":
            found.append("description changed")
        elif field.name == "optimizer":  # its fields' titles speak for themselves
            found += _values(field.title, old, new)
        else:
            found += _values(field.title, old, new, field.kind, inside=f"{field.title}: ")
    return tuple(found)


def brief(old: Experiment, new: Experiment, most: int = 1) -> str:
    """What sets the run of `new` apart from that of `old`, short enough for a table and a legend.

    The first `most` differences, and how many there are besides: "learning rate 0.1 → 0.01, 2 more". Name and
    description do not count. Empty where nothing differs that decides the numbers.
    """
    alike = msgspec.structs.replace(new, name=old.name, description=old.description)
    found = [phrase for phrase in differences(old, alike) if phrase != REWRITTEN]
    words = [p if len(p) <= LONGEST else f"{p[: LONGEST - 1].rstrip()}…" for p in found[:most]]
    return ", ".join([*words, *([f"{len(found) - most} more"] if len(found) > most else [])])


def _values(
    title: str, old: object, new: object, kind: str = "other", inside: str = "", of: str = ""
) -> Iterator[str]:
    """The differences of one field called `title`, or, in a value of the same class, of the fields inside.

    `inside` goes before the titles of those, `of` (" of conv1") behind every title.
    """
    if old == new:
        return
    if isinstance(old, msgspec.Struct) and type(old) is type(new):
        for field in fields(type(old)):
            ours, theirs = getattr(old, field.name), getattr(new, field.name)
            yield from _values(inside + _spoken(field.title), ours, theirs, field.kind, of=of)
    elif kind in ("table", "numbers") or (kind == "other" and isinstance(old, tuple)):
        yield f"{title}{of} changed"
    elif kind in ("pair", "padding"):
        before, after = _pairs(old, new)
        yield f"{title}{of} {before} → {after}"
    else:
        yield f"{title}{of} {_change(old, new, kind)}"


def _of_layers(
    old: LayerRates | Regularization, new: LayerRates | Regularization, names: dict[str, str]
) -> Iterator[str]:
    """The differences of what all layers have, then of what each has of its own: "L2 of conv1 as all → 0.1"."""
    for field in fields(type(old)):
        if field.name != "layers":
            yield from _values(
                _spoken(field.title), getattr(old, field.name), getattr(new, field.name), field.kind
            )
    before = tuple(
        msgspec.structs.replace(each, layer=names.get(each.layer, each.layer)) for each in old.layers
    )
    if before == new.layers:
        return
    any_own = False
    for name in dict.fromkeys(each.layer for each in (*before, *new.layers)):
        ours, theirs = ([each for each in side if each.layer == name] for side in (before, new.layers))
        cls = type((ours or theirs)[0])
        one, other = (ours or [cls(name)])[0], (theirs or [cls(name)])[0]
        for field in fields(cls):
            own = [getattr(side, field.name) for side in (one, other)]
            if own[0] != own[1]:
                any_own = True
                said = ["as all" if value is None else _said(value) for value in own]
                yield f"{_spoken(field.title)} of {name} {said[0]} → {said[1]}"
    if not any_own:
        yield REWRITTEN


def renamings(old: Network, new: Network) -> dict[str, str]:
    """What layers of the old network are called in the new one, where it is not the same.

    A layer is taken for renamed where an equal one stands between the same neighbours.
    """
    renamed = _renamings(_keyed(old.nodes), _keyed(new.nodes))
    return {_name(before): _name(after) for before, after in renamed.items()}


def _pairs(old: Any, new: Any) -> tuple[str, str]:
    """Two values of a pair or of padding: as 3×3 and 3×5 where one of them has two numbers, else as they are."""
    values = [old, new]
    wide = [both(value) if isinstance(value, int | tuple) else value for value in values]
    if any(isinstance(value, tuple) for value in values) and wide[0] != wide[1]:
        values = wide
    before, after = (told(value) if isinstance(value, int | tuple) else _said(value) for value in values)
    return before, after


def _networks(old: Network, new: Network) -> Iterator[str]:
    before, after = _keyed(old.nodes), _keyed(new.nodes)
    renamed = _renamings(before, after)
    before = {renamed.get(key, key): node for key, node in before.items()}
    for (old_name, _), (new_name, _) in renamed.items():
        yield f"layer {old_name} renamed to {new_name}"
    for key in before:
        if key not in after:
            yield f"layer {_name(key)} removed"
    place = dict(zip(after, [INPUT, *map(_name, after)], strict=False))
    for key in after:
        if key not in before:
            yield f"layer {_name(key)} added after {place[key]}"
    shared_before = [key for key in before if key in after]
    shared_after = [key for key in after if key in before]
    for key in _moved(shared_before, shared_after):
        yield f"layer {_name(key)} moved after {place[key]}"
    for key in shared_after:
        yield from _layers(_name(key), before[key], after[key])


Key = tuple[str, int]
"""A layer's name, and which of several of that name it is: a network that is being edited may have such."""


def _name(key: Key) -> str:
    return key[0]


def _keyed(nodes: Sequence[Node]) -> dict[Key, Node]:
    seen: Counter[str] = Counter()
    keyed = {}
    for node in nodes:
        keyed[node.name, seen[node.name]] = node
        seen[node.name] += 1
    return keyed


def _renamings(before: dict[Key, Node], after: dict[Key, Node]) -> dict[Key, Key]:
    """Which of the lost names became which of the new ones: an equal layer between the same neighbours."""
    old, new = list(before), list(after)
    pairs = {}
    for step, i, j, k, m in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if step != "replace" or j - i != m - k:
            continue
        for lost, gained in zip(old[i:j], new[k:m], strict=True):
            if lost not in after and gained not in before and before[lost].layer == after[gained].layer:
                pairs[lost] = gained
    return pairs


def _moved(before: Sequence[Hashable], after: Sequence[Key]) -> list[Key]:
    """A few layers whose move makes the one order the other."""
    stayed: set[Key] = set()
    for match in difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_matching_blocks():
        stayed.update(after[match.b : match.b + match.size])
    return [key for key in after if key not in stayed]


def _layers(name: str, old: Node, new: Node) -> Iterator[str]:
    if type(old.layer) is not type(new.layer):
        yield f"layer {name}: {_said(old.layer)} → {_said(new.layer)}"
    else:
        for field in fields(type(old.layer)):
            ours, theirs = getattr(old.layer, field.name), getattr(new.layer, field.name)
            title = _spoken(field.title)
            yield from _values(title, ours, theirs, field.kind, inside=f"{title}: ", of=f" of {name}")
    if old.inputs != new.inputs:
        yield f"input of {name} {_inputs(old)} → {_inputs(new)}"


def _inputs(node: Node) -> str:
    return ", ".join(node.inputs) or "the layer before"


def _spoken(title: str) -> str:
    """A title within a sentence: "learning rate ε" without its symbol, "Points" without its capital."""
    words = title.split(" ")
    if len(words) > 1 and not words[-1].isascii():
        words.pop()
    spoken = " ".join(words)
    return spoken[0].lower() + spoken[1:] if spoken[1:2].islower() else spoken


def _change(old: Any, new: Any, kind: str) -> str:
    """From the one to the other. Of floats no more digits than a person needs to tell them apart."""
    if isinstance(old, float) and isinstance(new, float):
        short = [f"{value:.4g}" for value in (old, new)]
        if short[0] != short[1]:
            old, new = map(float, short)
    return f"{_said(old, kind)} → {_said(new, kind)}"


def _said(value: Any, kind: str = "other") -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):  # as many digits as tell it from every other number
        return repr(value).removesuffix(".0")
    if kind == "text":
        return f"“{value}”"
    if isinstance(value, msgspec.Struct):
        return str(getattr(type(value), "title", type(value).__name__))
    return str(value)
