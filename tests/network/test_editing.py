"""Edits of a network: what they make is a network again, and what they did not concern is as it was."""

from __future__ import annotations

import itertools
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.network import editing
from lab.network.layers import Add, Concat, Conv2D, Crop, Dense, Dropout, Flatten, MaxPool2D
from lab.network.network import INPUT, Network, Node, analyse
from lab.network.shape import Shape
from lab.problem import ProblemError

X = Shape(2, 12, 12)
LAYERS = (Conv2D(2, 3, padding=1), Conv2D(3, 3), MaxPool2D(), Flatten(), Dense(4), Dropout(), Add(), Concat())


@st.composite
def networks(draw, least=1):
    """Layers in order, each taking earlier ones; sizes need not fit."""
    nodes: list[Node] = []
    for number in range(draw(st.integers(least, 8))):
        layer = draw(st.sampled_from(LAYERS))
        before = [INPUT, *(node.name for node in nodes)]
        most = 3 if layer.takes_many else 1
        inputs = draw(st.lists(st.sampled_from(before[-3:]), max_size=most, unique=True))
        nodes.append(Node(f"n{number}", layer, tuple(inputs)))
    return Network(tuple(nodes))


@st.composite
def drafts(draw):
    """Anything that a file may say: names twice, sources that are not there, come later or go in circles."""
    names = st.sampled_from(("a", "b", "c", INPUT, "nobody"))
    node = st.builds(Node, names, st.sampled_from(LAYERS), st.lists(names, max_size=3).map(tuple))
    return Network(tuple(draw(st.lists(node, max_size=6))))


def names(network):
    return [node.name for node in network.nodes]


def sources(network):
    return {node.name: network.sources(at) for at, node in enumerate(network.nodes)}


def layers(network):
    return {node.name: node.layer for node in network.nodes}


def sound(network):
    """It can be looked at, names are its layers' own, and each layer comes after what it takes."""
    analyse(network, X)
    assert network == editing.compact(editing.explicit(network))
    there = {INPUT}
    for at, node in enumerate(network.nodes):
        assert node.name not in there
        assert set(network.sources(at)) <= there
        there.add(node.name)


def some(data, network):
    return data.draw(st.sampled_from(names(network)))


def kept(after, before, but=()):
    """Layers that the edit did not concern are what they were."""
    old, new = layers(before), layers(after)
    assert all(new[name] == layer for name, layer in old.items() if name not in but)


@settings(deadline=None)
@given(networks(least=0))
def test_inputs_written_out_and_left_away_say_the_same(network):
    long, short = editing.explicit(network), editing.compact(network)
    assert sources(long) == sources(short) == sources(network)
    assert all(node.inputs for node in long.nodes)
    assert editing.compact(long) == editing.compact(short) == short
    assert editing.explicit(short) == long


@settings(deadline=None)
@given(networks(least=0), st.data())
def test_a_layer_put_in_the_chain_and_taken_out_again(network, data):
    after = data.draw(st.sampled_from([None, INPUT, *names(network)]))
    there, name = editing.inserted(network, Dropout(), after)
    sound(there)
    kept(there, network)
    source = (names(network) or [INPUT])[-1] if after is None else after
    assert sources(there)[name] == (source,)
    assert all(source not in taken for other, taken in sources(there).items() if other != name)
    assert editing.removed(there, {name}) == editing.compact(network)


@settings(deadline=None)
@given(networks(least=0), st.data())
def test_a_layer_beside_leaves_the_output_what_it_was(network, data):
    free = st.sampled_from([INPUT, *names(network)[:-1]])
    wanted = tuple(data.draw(st.lists(free, max_size=3, unique=True)))
    there, name = editing.beside(network, Concat(), wanted)
    sound(there)
    kept(there, network)
    assert sources(there)[name] == (wanted or (INPUT,))
    assert sources(there) == {**sources(network), name: wanted or (INPUT,)}
    assert not network.nodes or names(there)[-1] == names(network)[-1]
    assert editing.removed(there, {name}) == editing.compact(network)


def test_what_takes_the_output_cannot_be_beside_it():
    network = Network((Node("a", Dense()), Node("b", Dense())))
    with pytest.raises(ProblemError, match="is the network's output"):
        editing.beside(network, Dense(), ("b",))


@settings(deadline=None)
@given(networks(), st.data())
def test_a_layer_on_a_connection_and_taken_off_again(network, data):
    target = some(data, network)
    source = data.draw(st.sampled_from(sources(network)[target]))
    there, name = editing.between(network, Dropout(), source, target)
    sound(there)
    kept(there, network)
    assert sources(there)[name] == (source,)
    left = tuple(name if each == source else each for each in sources(network)[target])
    assert sources(there) == {**sources(network), name: (source,), target: left}
    assert editing.removed(there, {name}) == editing.compact(network)


@settings(deadline=None)
@given(networks(), st.data())
def test_what_took_a_removed_layer_takes_its_source(network, data):
    gone = data.draw(st.sets(st.sampled_from(names(network))))
    there = editing.removed(network, gone)
    sound(there)
    kept(there, network, gone)
    assert names(there) == [name for name in names(network) if name not in gone]

    def left(source):
        return left(sources(network)[source][0]) if source in gone else source

    for name, taken in sources(there).items():
        assert taken == tuple(dict.fromkeys(map(left, sources(network)[name])))


@settings(deadline=None)
@given(networks(), st.data())
def test_copies_come_after_the_last_of_their_originals(network, data):
    chosen = data.draw(st.sets(st.sampled_from(names(network)), min_size=1))
    originals = [name for name in names(network) if name in chosen]
    there, copies = editing.duplicated(network, chosen)
    sound(there)
    kept(there, network)
    assert [layers(there)[name] for name in copies] == [layers(network)[name] for name in originals]
    after = names(there).index(originals[-1]) + 1
    assert names(there)[after : after + len(copies)] == list(copies)
    copy_of = dict(zip(originals, copies, strict=True))
    for name in originals:
        inside = [copy_of[source] for source in sources(network)[name] if source in chosen]
        assert set(inside) <= set(sources(there)[copy_of[name]])
    if not any(set(sources(network)[name]) & chosen for name in originals):  # then they are a chain
        for before, copy in itertools.pairwise((originals[-1], *copies)):
            assert before in sources(there)[copy]
    last = {name for name, each in sources(network).items() if originals[-1] in each}
    assert last == {
        name for name, each in sources(there).items() if copies[-1] in each and name not in copies
    }


def test_a_residual_block_is_stacked_on_itself():
    block = (
        Node("a", Conv2D(2, 3, padding=1), (INPUT,)), Node("b", Conv2D(2, 3, padding=1)),
        Node("add1", Add(), ("b", INPUT)), Node("out", Flatten()),
    )  # fmt: skip
    there, copies = editing.duplicated(Network(block), {"a", "b", "add1"})
    one, two, join = copies
    assert sources(there)[one] == ("add1",)
    assert sources(there)[two] == (one,)
    assert sources(there)[join] == (two, "add1")
    assert sources(there)["out"] == (join,)
    assert not analyse(there, X).problems


@settings(deadline=None)
@given(networks(), st.data())
def test_a_new_connection_changes_the_order_no_more_than_it_must(network, data):
    target = some(data, network)
    free = editing.may_take(network, target)
    source = data.draw(st.sampled_from([INPUT, *names(network)]))
    if source not in free:
        with pytest.raises(ProblemError, match="feed itself"):
            editing.connected(network, source, target)
        return
    there = editing.connected(network, source, target)
    sound(there)
    assert layers(there) == layers(network)
    assert source in sources(there)[target]
    others = {name: each for name, each in sources(network).items() if name != target}
    assert sources(there).items() >= others.items()
    if source == INPUT or names(network).index(source) < names(network).index(target):
        assert names(there) == names(network)
    if network.nodes[names(network).index(target)].layer.takes_many:
        assert set(sources(there)[target]) == {*sources(network)[target], source}
        if source not in sources(network)[target] and names(there) == names(network):
            assert editing.disconnected(there, source, target) == editing.compact(network)
    else:
        assert sources(there)[target] == (source,)


@settings(deadline=None)
@given(networks(), st.data())
def test_an_input_by_its_number_is_replaced_or_swapped(network, data):
    target = some(data, network)
    source = data.draw(st.sampled_from(editing.may_take(network, target)))
    before = sources(network)[target]
    place = data.draw(st.integers(0, len(before) - 1))
    there = editing.connected(network, source, target, place)
    sound(there)
    assert sources(there)[target][place] == source
    if source in before:
        assert sorted(sources(there)[target]) == sorted(before)
    with pytest.raises(ProblemError, match="no input number"):
        editing.connected(network, source, target, len(before))


def test_the_order_after_a_connection_from_later_on():
    nodes = (
        Node("t", Add()),
        Node("m", Flatten(), (INPUT,)),
        Node("s", Dense()),
        Node("o", Concat(), ("s", "t")),
    )
    there = editing.connected(Network(nodes), "s", "t")
    assert names(there) == ["m", "s", "t", "o"]


@settings(deadline=None)
@given(networks(), st.data())
def test_a_layer_that_is_cut_off_takes_the_networks_input(network, data):
    target = some(data, network)
    before = sources(network)[target]
    source = data.draw(st.sampled_from(before))
    if before == (INPUT,):
        with pytest.raises(ProblemError, match="nothing but the network's input"):
            editing.disconnected(network, source, target)
        return
    there = editing.disconnected(network, source, target)
    sound(there)
    assert names(there) == names(network)
    left = tuple(name for name in before if name != source) or (INPUT,)
    assert sources(there) == {**sources(network), target: left}


@settings(deadline=None)
@given(networks(), st.data())
def test_moving_in_the_list(network, data):
    name, place = some(data, network), data.draw(st.integers(-1, 9))
    there = editing.moved(network, name, place)
    sound(there)
    assert layers(there) == layers(network)
    order = [other for other in names(network) if other != name]
    order.insert(min(max(place, 0), len(order)), name)
    assert names(there) == order
    if order == names(network):
        assert there == editing.compact(network)
    elif place > 0:
        assert sources(there)[name][0] == order[order.index(name) - 1]


def test_moving_in_a_chain_leaves_a_chain():
    chain = Network(tuple(Node(name, Dense()) for name in "abcd"))
    for name, place in itertools.product("abcd", range(4)):
        there = editing.moved(chain, name, place)
        assert all(not node.inputs for node in there.nodes)
        assert editing.moved(there, name, "abcd".index(name)) == chain


@settings(deadline=None)
@given(networks(), st.data())
def test_copying_and_pasting_is_duplicating(network, data):
    chosen = data.draw(st.sets(st.sampled_from(names(network)), min_size=1))
    last = max(chosen, key=names(network).index)
    clip = editing.copied(network, chosen)
    assert editing.pasted(network, clip, last) == editing.duplicated(network, chosen)


@settings(deadline=None)
@given(networks(), networks(least=0), st.data())
def test_pasting_into_another_network(network, other, data):
    clip = editing.copied(network, names(network))
    after = data.draw(st.sampled_from([None, INPUT, *names(other)]))
    there, new = editing.pasted(other, clip, after)
    sound(there)
    kept(there, other)
    assert [layers(there)[name] for name in new] == [node.layer for node in network.nodes]


@pytest.mark.parametrize(
    "text",
    [b"", b"hello", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"layers": []}', b'{"layers": [{"name": "a"}]}',
     b'{"layers": [{"name": "a", "layer": {"layer": "dense", "units": 0}}]}',
     b'{"layers": [{"name": "a/b", "layer": {"layer": "dense"}}]}'],
)  # fmt: skip
def test_a_clipboard_of_anything_else(text):
    with pytest.raises(ProblemError, match="no layers in it"):
        editing.pasted(Network(), text, None)


@settings(deadline=None)
@given(networks(), st.data())
def test_a_new_name_is_taken_along(network, data):
    old = some(data, network)
    there = editing.renamed(network, old, "new name")
    sound(there)
    assert "new name" in names(there)
    assert old not in names(there)
    assert editing.renamed(there, "new name", old) == editing.compact(network)
    assert editing.renamed(network, old, old) == editing.compact(network)


@pytest.mark.parametrize("new", ["", "a/b", "b", INPUT, "x" * 61])
def test_names_that_cannot_be(new):
    with pytest.raises(ProblemError):
        editing.renamed(Network((Node("a", Dense()), Node("b", Dense()))), "a", new)


def test_of_two_layers_with_one_name_the_later_is_renamed():
    twice = Network((Node("a", Flatten()), Node("b", Add()), Node("a", Dense()), Node("c", Dense(), ("a",))))
    there = editing.renamed(twice, "a", "d")
    assert names(there) == ["a", "b", "d", "c"]
    assert sources(there) == {"a": (INPUT,), "b": ("a",), "d": ("b",), "c": ("d",)}


@settings(max_examples=300, deadline=None)
@given(drafts(), drafts(), st.data())
def test_whatever_a_file_says_nothing_but_a_problem_is_raised(network, other, data):
    one, two = (data.draw(st.sampled_from(("a", "b", "c", INPUT, "nobody"))) for _ in range(2))
    for edit in (
        lambda: editing.inserted(network, Crop(), one, two)[0],
        lambda: editing.beside(network, Crop(), (one, two))[0],
        lambda: editing.between(network, Crop(), one, two)[0],
        lambda: editing.removed(network, {one, two}),
        lambda: editing.duplicated(network, {one, two})[0],
        lambda: editing.connected(network, one, two),
        lambda: editing.connected(network, one, two, 0),
        lambda: editing.disconnected(network, one, two),
        lambda: editing.moved(network, one, 1),
        lambda: editing.renamed(network, one, two),
        lambda: editing.pasted(network, editing.copied(other, {one, two}), one)[0],
    ):
        with suppress(ProblemError):
            analyse(edit(), X)
