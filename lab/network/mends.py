"""Repairs of what `analyse` finds wrong: each a network in which it is right, to be had with one click.

Candidates are made from what stands at the layer, and each is analysed before it is offered: the problem must be gone,
and nothing new may be wrong where the shapes were known before. So a mend never needs to be right by construction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache, partial

import msgspec

from lab.network.editing import beside, between, connected, disconnected, inserted, removed, renamed
from lab.network.layers import Add, Concat
from lab.network.layers.layer import Layer
from lab.network.network import INPUT, Analysis, Facts, Network, analyse
from lab.network.refits import Candidate, a, listed, of_join, of_layer
from lab.network.shape import Shape
from lab.problem import Problem, ProblemError

MOST = 4
"""Mends that are offered of one problem."""


class Mend(msgspec.Struct, frozen=True):
    """What is done, in the imperative, short enough for a button; and the network that comes of it."""

    text: str
    network: Network


@lru_cache(maxsize=8)
def all_mends(network: Network, x: Shape) -> Mapping[Problem, tuple[Mend, ...]]:
    """For each problem of the network on inputs of shape `x` its mends, perhaps none."""
    return {problem: mends(network, x, problem) for problem in analyse(network, x).problems}


def mends(network: Network, x: Shape, problem: Problem) -> tuple[Mend, ...]:
    """Mends of a problem that `analyse` gives, at most four, those first that leave the fewest problems."""
    analysis = analyse(network, x)
    places = [at for at, facts in enumerate(analysis.nodes) if problem in facts.problems]
    found: dict[str, Network] = {}
    for text, network_of in _candidates(network, analysis, places[0]) if places else ():
        with suppress(ProblemError):
            mended = network_of()
            if mended not in found.values() and is_mended(analysis, analyse(mended, x), problem):
                found.setdefault(text, mended)
    best = sorted(found, key=lambda text: len(analyse(found[text], x).problems))
    return tuple(Mend(text, found[text]) for text in best[:MOST])


def is_mended(before: Analysis, after: Analysis, problem: Problem) -> bool:
    """Whether the problem is gone, and nothing is wrong where nothing was: but for layers of which nothing was known
    on account of it."""
    said = {(p.where, p.what) for p in before.problems} - {(problem.where, problem.what)}
    elsewhere = {f.name for f in before.nodes if f.output is None or f.problems} - {problem.where}
    return all((p.where, p.what) in said or p.where in elsewhere for p in after.problems)


# --- candidates


def _candidates(network: Network, analysis: Analysis, place: int) -> Iterator[Candidate]:
    facts = analysis.nodes[place]
    earlier = {INPUT, *(each.name for each in analysis.nodes[:place])}
    if facts.name in earlier:
        fresh = network.fresh_name(facts.layer)
        yield f"Call it {fresh}", partial(renamed, network, facts.name, fresh)
        return
    if facts.layer.alone and len(analysis.nodes) > 1:
        yield f"Remove {facts.name}", partial(removed, network, {facts.name})
        others = {each.name for each in analysis.nodes} - {facts.name}
        yield f"Keep {facts.name} alone", partial(removed, network, others)
        return
    strangers = [source for source in facts.inputs if source not in earlier]
    if strangers:
        for source in strangers:
            yield from _of_source(network, analysis, place, source)
    elif facts.input is not None and facts.output is None:
        xs = tuple(_shape(analysis, source) for source in facts.inputs)
        if len(xs) > 1 and not facts.layer.takes_many:
            yield from _of_many(network, facts)
        elif len(xs) > 1:
            yield from of_join(network, analysis, facts, xs)
        else:
            yield from of_layer(network, facts, facts.input)
    elif facts.output is not None:
        yield from _of_loose(network, analysis, place)


def _shape(analysis: Analysis, source: str) -> Shape:
    shape = analysis.input if source == INPUT else analysis.facts(source).output
    assert shape is not None
    return shape


def _of_source(network: Network, analysis: Analysis, place: int, source: str) -> Iterator[Candidate]:
    """Of an input that is not there, or comes later."""
    name, inputs = analysis.nodes[place].name, analysis.nodes[place].inputs
    number = inputs.index(source)
    yield f"Put {source} before it", partial(connected, network, source, name, number)
    before = analysis.nodes[place - 1].name if place else INPUT
    if before not in inputs:
        yield f"Take {before} instead", partial(connected, network, before, name, number)
    if len(inputs) > 1:
        yield f"Leave {source} out", partial(disconnected, network, source, name)


def _of_many(network: Network, facts: Facts) -> Iterator[Candidate]:
    """Of several inputs to a layer that takes one."""

    def joined(join: Layer) -> Network:
        there, name = beside(network, join, facts.inputs)
        return connected(there, name, facts.name)

    for join in (Concat(), Concat(crop=True), Add(), Add(crop=True)):
        cut = " with centre crop" if join.crop else ""
        yield f"Put {a(join)}{cut} before it", partial(joined, join)
    for source in facts.inputs[:2]:
        yield f"Take {source} alone", partial(connected, network, source, facts.name)


def _of_loose(network: Network, analysis: Analysis, place: int) -> Iterator[Candidate]:
    """Of an output that goes nowhere."""
    name, later = analysis.nodes[place].name, analysis.nodes[place + 1 :]
    for facts in [facts for facts in later if facts.layer.takes_many][:1]:
        yield f"Let {facts.name} take it, too", partial(connected, network, name, facts.name)
    alone = {name}
    for facts in reversed(analysis.nodes[:place]):
        takers = {each.name for each in analysis.nodes if facts.name in each.inputs}
        if takers and takers <= alone:
            alone.add(facts.name)
    before = [facts.name for facts in analysis.nodes[:place] if facts.name in alone]
    if len(before) > 3:
        before = [f"the {len(before)} layers before it"]
    yield f"Remove it and {listed(before)}" if before else "Remove it", partial(removed, network, alone)
    for facts in later[:1]:
        # beside the layer that comes next, unless that gives the network's output: then beside what flows into it
        other = facts.inputs[0] if len(later) == 1 else facts.name

        def joined(join: Layer, other: str = other, facts: Facts = facts) -> Network:
            put_in = (
                inserted(network, join, other)
                if other == facts.name
                else between(network, join, other, facts.name)
            )
            return connected(put_in[0], name, put_in[1])

        if other != name and not facts.layer.takes_many and facts.output is not None:
            for join in (Concat(), Add(), Concat(crop=True)):
                words = "Add it to" if isinstance(join, Add) else "Concat it with"
                cut = ", with centre crop" if join.crop else ""
                yield f"{words} {other}{cut}", partial(joined, join)
        yield f"Let {facts.name} take it", partial(connected, network, name, facts.name)
