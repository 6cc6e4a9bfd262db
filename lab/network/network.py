"""A network: named layers, each with its inputs; and what can be said of it before it runs."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

import msgspec

from lab.network.layers import AnyLayer, Parameter
from lab.network.layers.layer import Layer
from lab.network.shape import Shape
from lab.problem import Problem

INPUT = "input"
"""The name under which layers refer to the network's input."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f-\x9f/]+$")]


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A layer in its place. No `inputs` means: the node before it, or the network's input for the first."""

    name: Name
    layer: AnyLayer
    inputs: tuple[Name, ...] = ()


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Layers in an order in which each comes after its inputs. The last one's output is the network's."""

    nodes: tuple[Node, ...] = ()

    def sources(self, index: int) -> tuple[str, ...]:
        """The names of what flows into node `index`."""
        node = self.nodes[index]
        if node.inputs:
            return node.inputs
        return (self.nodes[index - 1].name if index else INPUT,)

    @property
    def whole_batch(self) -> bool:
        """Whether, in training, a batch must go through in one piece: some layer looks at all of it."""
        return any(node.layer.whole_batch for node in self.nodes)

    def fresh_name(self, layer: Layer) -> str:
        """A name for a new layer that no node has: conv3."""
        taken = {node.name for node in self.nodes}
        number = 1 + sum(node.layer.stem == layer.stem for node in self.nodes)
        while f"{layer.stem}{number}" in taken:
            number += 1
        return f"{layer.stem}{number}"


class Facts(msgspec.Struct, frozen=True):
    """What is known of one node: its input and output shape, its parameters and its cost for one example.

    `output` and what follows from it are None where a problem keeps them from being known.
    """

    name: str
    layer: AnyLayer
    inputs: tuple[str, ...]
    input: Shape | None
    output: Shape | None
    parameters: tuple[Parameter, ...] = ()
    multiply_adds: int | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def parameter_count(self) -> int | None:
        return None if self.output is None else sum(p.size for p in self.parameters)


class Analysis(msgspec.Struct, frozen=True):
    """What is known of a network on an input. Totals are None while any layer has a problem."""

    input: Shape
    nodes: tuple[Facts, ...]
    problems: tuple[Problem, ...]

    @property
    def output(self) -> Shape | None:
        return self.nodes[-1].output if self.nodes else self.input

    @property
    def parameter_count(self) -> int | None:
        return None if self.problems else sum(f.parameter_count or 0 for f in self.nodes)

    @property
    def multiply_adds(self) -> int | None:
        """Multiply-adds of one forward pass of one example."""
        return None if self.problems else sum(f.multiply_adds or 0 for f in self.nodes)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters in the order in which they lie in the flat vector, under their full names.

        Running statistics lie at its end, behind all that is learned.
        """
        named = (
            msgspec.structs.replace(p, name=f"{facts.name}.{p.name}")
            for facts in self.nodes
            for p in facts.parameters
        )
        return tuple(sorted(named, key=lambda p: not p.learned))

    def facts(self, name: str) -> Facts:
        return next(f for f in self.nodes if f.name == name)


@lru_cache(maxsize=64)
def analyse(network: Network, x: Shape) -> Analysis:
    """Shapes, parameters, cost and problems of every layer of `network` on inputs of shape `x`."""
    shapes: dict[str, Shape | None] = {INPUT: x}
    found: list[Facts] = []
    for index, node in enumerate(network.nodes):
        sources = network.sources(index)
        problems = list(_naming_problems(node, sources, shapes))
        coming = tuple(s for name in sources if (s := shapes.get(name)) is not None)
        source = coming[0] if len(coming) == len(sources) and not problems else None
        output: Shape | None = None
        if source is not None:
            answer = node.layer.joined_shape(coming)
            if isinstance(answer, Problem):
                problems.append(_placed(answer, node.name, sources, coming))
            else:
                output = answer
        known = output is not None and source is not None
        found.append(
            Facts(
                name=node.name,
                layer=node.layer,
                inputs=sources,
                input=source,
                output=output,
                parameters=node.layer.parameters(source) if known and source else (),
                multiply_adds=node.layer.multiply_adds(source) if known and source else None,
                problems=tuple(problems),
            )
        )
        shapes[node.name] = output
    for index, facts in enumerate(found):
        if facts.layer.alone and len(found) > 1:
            what = f"a {facts.layer.title} is a whole network, and other layers stand beside it"
            problem = Problem(facts.name, what, "Remove it, or the others")
            found[index] = msgspec.structs.replace(facts, problems=(*facts.problems, problem))
    taken = {source for facts in found for source in facts.inputs}
    for index, facts in enumerate(found[:-1]):
        if facts.name not in taken:
            loose = Problem(facts.name, "its output goes nowhere", "Let a later layer take it or remove it")
            found[index] = msgspec.structs.replace(facts, problems=(*facts.problems, loose))
    return Analysis(x, tuple(found), tuple(p for f in found for p in f.problems))


def _placed(problem: Problem, name: str, sources: tuple[str, ...], shapes: tuple[Shape, ...]) -> Problem:
    """A layer's problem at its place; where several things flow in, each is named with its shape."""
    what = problem.what
    if len(sources) > 1:
        said = [f"“{s}” is {x}" for s, x in zip(sources, shapes, strict=True)]
        what += f": {', '.join(said[:-1])} and {said[-1]}"
    return msgspec.structs.replace(problem, where=name, what=what)


def _naming_problems(node: Node, sources: tuple[str, ...], shapes: dict[str, Shape | None]) -> list[Problem]:
    problems = []
    if node.name in shapes:
        problems.append(Problem(node.name, "two layers have this name", "Rename one of them"))
    for source in sources:
        if source not in shapes:
            problems.append(
                Problem(
                    node.name,
                    f"its input “{source}” is not there or comes after it",
                    "Choose a layer before it",
                )
            )
    return problems
