"""A block dropped on an edge: the layer stands there, and nowhere else."""

import pytest

from lab.network.layers import Add, Conv2D
from lab.network.network import INPUT, Network, Node
from lab.network.splicing import spliced
from lab.problem import ProblemError

CHAIN = Network(tuple(Node(name, Conv2D(4, 1)) for name in "abcd"))


def inputs(network: Network) -> dict[str, tuple[str, ...]]:
    return {node.name: network.sources(at) for at, node in enumerate(network.nodes)}


def test_along_a_chain_both_ways_and_to_its_ends() -> None:
    assert [n.name for n in spliced(CHAIN, "a", "c", "d").nodes] == ["b", "c", "a", "d"]
    assert [n.name for n in spliced(CHAIN, "d", INPUT, "a").nodes] == ["d", "a", "b", "c"]
    assert [n.name for n in spliced(CHAIN, "b", "d", "").nodes] == ["a", "c", "d", "b"]
    assert all(not n.inputs for n in spliced(CHAIN, "a", "c", "d").nodes)


def test_onto_a_skip_leaves_the_way_beside_it_alone() -> None:
    network = Network((*CHAIN.nodes, Node("sum", Add(), ("a", "d"))))
    there = inputs(spliced(network, "c", "a", "sum"))
    assert there["sum"] == ("c", "d")
    assert there["c"] == ("a",)
    assert there["d"] == ("b",)


def test_what_cannot_be() -> None:
    for layer, source, target in (("a", "a", "b"), ("gone", "a", "b"), ("a", "b", "d")):
        with pytest.raises(ProblemError):
            spliced(CHAIN, layer, source, target)
