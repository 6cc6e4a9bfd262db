"""Whether two experiments can be compared: the same data, start and batches, and one thing that differs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from lab.experiment.diff import REWRITTEN, brief, differences, renamings
from lab.experiment.experiment import Experiment
from lab.experiment.of_layer import with_network
from lab.network.initializers import Initializer
from lab.network.layers import AnyLayer, Dropout, Parameter
from lab.network.layers.connections import FilterByFilter
from lab.network.network import Network, Node
from lab.problem import ProblemError
from lab.value import fields

MOST_NAMED = 3
"""Things and layers that a sentence names; the rest is counted."""


def fairness(a: Experiment, b: Experiment) -> tuple[str, ...]:
    """Which conditions of a fair comparison differ from `a` to `b`, a phrase each: "other seed: …".

    The seed draws the split, the order of the examples and the start of the weights, those of each parameter by its
    full name: a renamed layer, or one of another shape, starts with other numbers. Names and descriptions decide
    nothing. Empty if all of it is the same and at most one other thing differs: what is being compared.
    """
    return tuple(_conditions(a, b))


def _conditions(a: Experiment, b: Experiment) -> Iterator[str]:
    if a.seed != b.seed:
        yield "other seed: another split, start and order of the examples"
    for field in ("data", "preprocessing", "split"):
        if said := differences(a, msgspec.structs.replace(a, **{field: getattr(b, field)})):
            inside = [phrase.removeprefix(field).lstrip(": ") for phrase in said]
            yield f"other {field}: {', '.join(inside)}"
    yield from _starts(a, b)
    if a.batch_size != b.batch_size:
        how = "fewer" if b.batch_size > a.batch_size else "more"
        yield f"other batch size: {how} updates for the same examples"
    if a.loss != b.loss:
        yield "other loss: the errors are on different scales"
    things = list(_compared(a, b))
    if len(things) > 1:
        yield f"{len(things)} things differ at once: {'; '.join(_some(things))}"


# -- the start ----------------------------------------------------------------------------------------------


def _starts(a: Experiment, b: Experiment) -> Iterator[str]:
    """Where layers that both have begin with other weights under the same seed, and why."""
    names = renamings(a.network, b.network)
    ours, theirs = _parameters(a), _parameters(b)
    rules: list[str] = []
    sizes: list[str] = []
    drawn: set[str] = set()
    for p in ours.values():
        layer, _, own = p.name.rpartition(".")
        q = theirs.get(f"{names.get(layer, layer)}.{own}")
        if q is None:
            continue
        random = max(_spread(p), _spread(q)) > 0
        if random:
            drawn.add(layer)
        if _rule(p) != _rule(q):
            rules.append(layer)
        elif random and (p.start, p.shape, _spread(p)) != (q.start, q.shape, _spread(q)):
            sizes.append(layer)
    if rules := list(dict.fromkeys(rules)):
        which = (
            f"initializers of {_listed(rules)} differ" if rules[1:] else f"initializer of {rules[0]} differs"
        )
        yield f"other start: {which}"
    if sizes := list(dict.fromkeys(sizes)):
        have = "have" if sizes[1:] else "has"
        yield f"other start: {_listed(sizes)} {have} weights of another shape or spread"
    for node in a.network.nodes:
        drops = isinstance(node.layer, Dropout) and node.layer.rate > 0
        if node.name in names and (drops or node.name in drawn):
            what = "dropout" if drops else "start"
            yield f"other {what}: {node.name} is called {names[node.name]}, and draws by its name"


def _parameters(experiment: Experiment) -> dict[str, Parameter]:
    """By full name; none where a file of the user's cannot be read."""
    try:
        return {p.name: p for p in experiment.analysis.parameters}
    except ProblemError:
        return {}


def _rule(parameter: Parameter) -> Initializer:
    start = parameter.start
    return start.rule if isinstance(start, FilterByFilter) else start


def _spread(parameter: Parameter) -> float:
    """Of the start; 0 where nothing is drawn."""
    return parameter.start.deviation(parameter.fan_in, parameter.fan_out)


# -- what is compared ---------------------------------------------------------------------------------------


def _compared(a: Experiment, b: Experiment) -> Iterator[str]:
    """What differs besides the conditions: the network, apart from how it starts, is one thing."""
    b = _as_in(a, b)
    if a.network != b.network:
        yield brief(a, msgspec.structs.replace(a, network=b.network))
    for field in ("loss", "optimizer", "schedule", "regularization", "clipping", "rates"):
        said = differences(a, msgspec.structs.replace(a, **{field: getattr(b, field)}))
        yield from (phrase for phrase in said if phrase != REWRITTEN)


def _as_in(a: Experiment, b: Experiment) -> Experiment:
    """`b` with its layers called as in `a`, and with initial weights as there."""
    back = {new: old for old, new in renamings(a.network, b.network).items()}
    layers = {node.name: node.layer for node in a.network.nodes}
    nodes = []
    for node in b.network.nodes:
        name = back.get(node.name, node.name)
        inputs = tuple(back.get(source, source) for source in node.inputs)
        nodes.append(Node(name, _starting_as(node.layer, layers.get(name)), inputs))
    return with_network(b, Network(tuple(nodes)), back)


def _starting_as(layer: AnyLayer, other: AnyLayer | None) -> AnyLayer:
    if type(layer) is not type(other):
        return layer
    initial = [field.name for field in fields(type(layer)) if field.title.startswith("initial")]
    return msgspec.structs.replace(layer, **{name: getattr(other, name) for name in initial})


def _listed(words: list[str]) -> str:
    *most, last = _some(words)
    return f"{', '.join(most)} and {last}" if most else last


def _some(words: list[str]) -> list[str]:
    return words if len(words) <= MOST_NAMED + 1 else [*words[:MOST_NAMED], f"{len(words) - MOST_NAMED} more"]
