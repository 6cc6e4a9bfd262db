"""What a published architecture is: a network under its name, with the input it was made for and where it stands."""

from __future__ import annotations

import msgspec

from lab.network.layers import AnyLayer
from lab.network.network import Analysis, Network, Node, analyse
from lab.network.shape import Shape


class Architecture(msgspec.Struct, frozen=True):
    """A network as it was published, on the input it was published for.

    `unpublished` names layers that stand for something there that has no parameters: published counts leave
    them out. `summary` is a sentence for people.
    """

    name: str
    title: str
    year: int
    source: str
    summary: str
    network: Network
    input: Shape
    unpublished: tuple[str, ...] = ()

    @property
    def analysis(self) -> Analysis:
        return analyse(self.network, self.input)

    @property
    def published_parameters(self) -> int:
        """Trainable parameters as its authors count them."""
        counted = (f for f in self.analysis.nodes if f.name not in self.unpublished)
        return sum(facts.parameter_count or 0 for facts in counted)


def chain(*layers: tuple[str, AnyLayer]) -> Network:
    """Named layers one after the other."""
    return Network(tuple(Node(name, layer) for name, layer in layers))
