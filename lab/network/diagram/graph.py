"""The network as numbers: which box takes from which, and how far each lies from the input."""

from __future__ import annotations

import msgspec

from lab.network.network import INPUT, Analysis


class Link(msgspec.Struct, frozen=True):
    """From box `start` to box `end`, as its `place`-th input."""

    start: int
    end: int
    place: int

    @property
    def ends(self) -> tuple[int, int]:
        return self.start, self.end


class Graph(msgspec.Struct, frozen=True):
    """Box 0 is the input, box i + 1 the layer i, the last one the output. Links go from lower to higher numbers.

    `ranks` are the lengths of the longest ways from the input.
    """

    links: tuple[Link, ...]
    sources: tuple[tuple[int, ...], ...]
    targets: tuple[tuple[int, ...], ...]
    ranks: tuple[int, ...]

    @property
    def output(self) -> int:
        return len(self.ranks) - 1

    @property
    def rows(self) -> int:
        return max(self.ranks) + 1


def graph_of(analysis: Analysis) -> Graph:
    """Left out are connections with what is not there or comes later: of those the layer's Problem tells."""
    numbers = {INPUT: 0}
    count = len(analysis.nodes) + 2
    links: list[Link] = []
    sources: list[tuple[int, ...]] = [()] * count
    targets: list[list[int]] = [[] for _ in range(count)]
    ranks = [0] * count
    for index, facts in enumerate(analysis.nodes, 1):
        coming = [(place, numbers[name]) for place, name in enumerate(facts.inputs) if name in numbers]
        links += [Link(start, index, place) for place, start in coming]
        sources[index] = tuple(start for _, start in coming)
        # what takes from nothing stays with the layer before it
        ranks[index] = 1 + max((ranks[start] for _, start in coming), default=ranks[index - 1])
        for _, start in coming:
            targets[start].append(index)
        numbers[facts.name] = index
    last = count - 1
    links.append(Link(last - 1, last, 0))
    sources[last] = (last - 1,)
    targets[last - 1].append(last)
    ranks[last] = ranks[last - 1] + 1
    return Graph(tuple(links), tuple(sources), tuple(map(tuple, targets)), tuple(ranks))


def spine_of(graph: Graph) -> list[int]:
    """The main way from the input, or what takes from nothing, to the output: the longest one."""
    way = [graph.output]
    while sources := graph.sources[way[-1]]:
        way.append(max(sources, key=lambda number: graph.ranks[number]))  # of equals the first
    return way[::-1]
