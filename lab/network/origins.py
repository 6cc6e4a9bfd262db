"""From which layer each channel comes: what the weights that read it have learned to expect."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.network.layers import Concat, Flatten
from lab.network.network import INPUT, Analysis, Facts


@dataclass(frozen=True)
class Stretch:
    """`count` channels, one after the other, that the layer `origin` makes, or that are the network's input.

    Where they have been flattened, each is a row of height times width numbers, `area`.
    """

    origin: str
    count: int
    area: tuple[int, int] = (1, 1)

    @property
    def pixels(self) -> int:
        """Numbers of a channel that lie side by side."""
        return self.area[0] * self.area[1]

    @property
    def size(self) -> int:
        return self.count * self.pixels


Flow = tuple[Stretch, ...]


def origins(analysis: Analysis) -> dict[str, Flow]:
    """What flows out of each node, and of INPUT, of a network without problems, along its channels.

    What layers without units of their own give is what they get: a pooling between two convolutions leaves to the
    second the channels of the first. A sum is a layer of its own: its channels are not those of any summand.
    """
    flows: dict[str, Flow] = {INPUT: (Stretch(INPUT, analysis.input.channels),)}
    for facts in analysis.nodes:
        flows[facts.name] = _out_of(facts, [flows[name] for name in facts.inputs])
    return flows


def coming(facts: Facts, flows: dict[str, Flow]) -> Flow:
    """What flows into a node: of several inputs one after the other."""
    return tuple(stretch for name in facts.inputs for stretch in flows[name])


def _out_of(facts: Facts, inputs: list[Flow]) -> Flow:
    x, y = facts.input, facts.output
    assert x is not None, "a network without problems"
    assert y is not None, "a network without problems"
    if isinstance(facts.layer, Concat):
        return tuple(stretch for flow in inputs for stretch in flow)
    if isinstance(facts.layer, Flatten):
        return inputs[0] if x.is_vector else tuple(replace(s, area=(x.height, x.width)) for s in inputs[0])
    if facts.layer.takes_many:
        return tuple(replace(stretch, origin=facts.name) for stretch in inputs[0])
    own = any({"unit", "link"} & set(p.axes) for p in facts.parameters)
    return (Stretch(facts.name, y.channels),) if own or y.channels != x.channels else inputs[0]
