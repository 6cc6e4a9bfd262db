"""The drawing of a network: nothing covers anything, every way goes down, skips lie within skips."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.network.architectures.unet import SMALL_ENCODER_DECODER, SMALL_U_NET, U_NET
from lab.network.diagram import Box, Diagram, Edge, diagram
from lab.network.layers import Add, Concat, Conv2D, Dense, Flatten, GlobalAveragePool2D
from lab.network.network import INPUT, Network, Node, analyse
from lab.network.shape import Shape

IMAGE = Shape(3, 16, 16)


def residual(blocks: int) -> Network:
    """A convolution, blocks of two with a skip around them, and a head: 3 blocks + 3 layers."""
    nodes, before = [Node("first", Conv2D(4, 3, padding=1))], "first"
    for block in range(1, blocks + 1):
        nodes.append(Node(f"{block}a", Conv2D(4, 3, padding=1), (before,)))
        nodes.append(Node(f"{block}b", Conv2D(4, 3, padding=1)))
        nodes.append(Node(f"{block}+", Add(), (before, f"{block}b")))
        before = f"{block}+"
    return Network((*nodes, Node("pool", GlobalAveragePool2D()), Node("out", Dense(10))))


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Layers that take one to three earlier ones, anything goes: shapes need not fit."""
    nodes: list[Node] = []
    for index in range(draw(st.integers(0, 14))):
        before = [INPUT, *(node.name for node in nodes)]
        many = draw(st.integers(1, 3))
        inputs = tuple(dict.fromkeys(draw(st.sampled_from(before[-6:])) for _ in range(many)))
        nodes.append(Node(f"n{index}", Concat() if len(inputs) > 1 else Conv2D(2, 1), inputs))
    return Network(tuple(nodes))


def drawn(network: Network, x: Shape = IMAGE, fold: bool = True) -> Diagram:
    return diagram(analyse(network, x), fold=fold)


def overlap(a: Box, b: Box) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.bottom and b.y < a.bottom


def lane(edge: Edge) -> tuple[float, float, float]:
    """x, upper and lower end of the longest stretch of an arc that runs up or down."""
    pairs = zip(edge.points, edge.points[1:], strict=False)
    a, b = max((p for p in pairs if p[0][0] == p[1][0]), key=lambda p: abs(p[0][1] - p[1][1]))
    return a[0], min(a[1], b[1]), max(a[1], b[1])


def check(found: Diagram, network: Network) -> None:
    assert [box.index for box in found.boxes] == list(range(-1, len(network.nodes) + 1))
    for place, box in enumerate(found.boxes):
        assert not any(overlap(box, other) for other in found.boxes[:place])
        assert found.left <= box.x
        assert box.x + box.width <= found.left + found.width
        assert found.top <= box.y
        assert box.bottom <= found.top + found.height
    for edge in found.edges:
        assert all(found.left <= x <= found.left + found.width for x, _ in edge.points)
        # a corner lies beside what follows it: stretches run up, down or across
        assert all(a == b or c == d for (a, c), (b, d) in zip(edge.points, edge.points[1:], strict=False))
    ends = {(edge.source, edge.target, edge.place) for edge in found.edges}
    wanted = {
        (source, node.name, place)
        for index, node in enumerate(network.nodes)
        for place, source in enumerate(network.sources(index))
    }
    last = network.nodes[-1].name if network.nodes else INPUT
    assert ends == wanted | {(last, "", 0)}


@given(networks())
@settings(max_examples=150, deadline=None)
def test_any_network_lies_in_rows(network: Network) -> None:
    found = drawn(network, fold=False)
    check(found, network)
    for edge in found.edges:
        start, end = found.boxes[edge.start], found.boxes[edge.end]
        assert start.bottom < end.y
        assert start.rank < end.rank
        heights = [y for _, y in edge.points]
        assert heights == sorted(heights)
    assert found == drawn(network, fold=False)


@given(networks())
@settings(max_examples=100, deadline=None)
def test_any_network_folded_or_not(network: Network) -> None:
    check(drawn(network), network)


@given(networks())
@settings(max_examples=150, deadline=None)
def test_arcs_lie_within_arcs_and_beside_boxes(network: Network) -> None:
    found = drawn(network, fold=False)
    arcs = [edge for edge in found.edges if edge.is_skip]
    for edge in arcs:
        x, top, bottom = lane(edge)
        for box in found.boxes:
            if edge.start != box.index + 1 != edge.end and top < box.y and box.bottom < bottom:
                assert not box.x <= x <= box.x + box.width
    for place, edge in enumerate(arcs):
        for other in arcs[:place]:
            ranks = [(found.boxes[e.start].rank, found.boxes[e.end].rank) for e in (edge, other)]
            (a, b), (c, d) = ranks
            x, z = lane(edge)[0], lane(other)[0]
            right = x > 0 and z > 0 and min(x, z) > max(box.middle for box in found.boxes)
            if right and a <= c < d <= b and (a, b) != (c, d):
                assert z < x


def test_a_chain_is_straight() -> None:
    network = Network((Node("conv", Conv2D(4, 3)), Node("flat", Flatten()), Node("dense", Dense(10))))
    found = drawn(network)
    assert {box.column for box in found.boxes} == {0.0}
    assert [edge.text for edge in found.edges] == ["3×16×16", "4×14×14", "784", "10"]
    assert all(len(edge.points) == 2 and not edge.is_skip for edge in found.edges)


def test_nothing_is_a_drawing_too() -> None:
    found = drawn(Network())
    assert [box.name for box in found.boxes] == [INPUT, ""]
    assert len(found.edges) == 1


def test_skips_of_residual_blocks_are_arcs_of_one_depth() -> None:
    found = drawn(residual(5))
    assert {box.column for box in found.boxes} == {0.0}
    arcs = [edge for edge in found.edges if edge.is_skip]
    assert len(arcs) == 5
    assert len({lane(edge)[0] for edge in arcs}) == 1
    assert all(edge.lettering == "along" for edge in arcs)


def test_towers_stand_side_by_side_and_a_shortcut_beside_the_way() -> None:
    towers = Network(
        (
            Node("stem", Conv2D(4, 1)),
            Node("a1", Conv2D(4, 1), ("stem",)),
            Node("a2", Conv2D(4, 1)),
            Node("b1", Conv2D(4, 1), ("stem",)),
            Node("b2", Conv2D(4, 1)),
            Node("join", Concat(), ("a2", "b2")),
            Node("c1", Conv2D(4, 1)),
            Node("c2", Conv2D(4, 1)),
            Node("short", Conv2D(4, 1), ("join",)),
            Node("sum", Add(), ("c2", "short")),
        )
    )
    columns = {box.name: box.column for box in drawn(towers).boxes}
    assert (columns["a1"], columns["a2"], columns["b1"], columns["b2"]) == (-0.5, -0.5, 0.5, 0.5)
    assert (columns["c1"], columns["c2"], columns["short"]) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("architecture", [U_NET, SMALL_U_NET], ids=lambda a: a.name)
def test_a_u_net_is_a_u(architecture) -> None:
    network = architecture.network
    found = drawn(network, architecture.input)
    assert found.is_folded
    check(found, network)
    boxes = {box.name: box for box in found.boxes}
    levels = [name for name in boxes if name.startswith("join")]
    assert len(levels) == (4 if architecture is U_NET else 2)
    for join in levels:
        down = boxes[f"down{join[4:]}_2"]
        assert down.y == boxes[join].y  # straight across
        assert down.column == 0 < boxes[join].column
    assert boxes["up1"].y > boxes["join1"].y  # and up again
    assert not drawn(network, architecture.input, fold=False).is_folded


def test_without_skips_across_nothing_folds() -> None:
    assert not drawn(SMALL_ENCODER_DECODER.network, SMALL_ENCODER_DECODER.input).is_folded
    assert not drawn(residual(6)).is_folded


def test_what_is_not_there_is_not_drawn() -> None:
    network = Network((Node("a", Conv2D(4, 1), ("gone",)), Node("a", Conv2D(4, 1), ("a",))))
    found = drawn(network)
    assert [(edge.source, edge.target) for edge in found.edges] == [("a", "a"), ("a", "")]
    assert [box.rank for box in found.boxes] == [0, 1, 2, 3]


def test_a_taller_box_pushes_down_what_is_below_it_alone() -> None:
    analysis = analyse(residual(2), IMAGE)
    plain, tall = diagram(analysis), diagram(analysis, {"1b": 140.0})
    for before, after in zip(plain.boxes, tall.boxes, strict=True):
        assert after.x == before.x
        assert after.y - before.y == (74.0 if before.rank > 3 else 0.0)


def test_an_edit_at_the_end_moves_nothing_before_it() -> None:
    before = drawn(residual(4))
    longer = residual(4)
    after = drawn(Network((*longer.nodes, Node("more", Dense(3)))))
    assert after.boxes[:-2] == before.boxes[:-1]


def test_200_layers_have_a_box_each() -> None:
    assert len(diagram(analyse(residual(66), IMAGE)).boxes) == 203
