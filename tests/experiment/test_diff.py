"""Differences are empty exactly when two experiments are equal, and say what a person would."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.data.datasets import DATASETS, Digits, Rings
from lab.data.files.table_file import TableFile
from lab.data.preprocessing import Preprocessing, Split
from lab.experiment.diff import LONGEST, REWRITTEN, _values, brief, differences, renamings
from lab.experiment.experiment import Experiment
from lab.experiment.of_layer import OfLayer, of_layer, with_layer, with_network
from lab.experiment.presets import preset
from lab.learning.losses import LOSSES, SquaredError
from lab.learning.optimizers import OPTIMIZERS, Adam, Momentum
from lab.learning.rates import LayerRate, LayerRates
from lab.learning.regularization import LayerPenalty, Regularization
from lab.learning.schedules import SCHEDULES, Exponential
from lab.network.activations import ACTIVATIONS, LeakyReLU, Tanh
from lab.network.initializers import He, Xavier
from lab.network.layers import LAYERS, Dense, MaxPool2D
from lab.network.network import Network, Node

LENET = preset("lenet")


def replaced(**new):
    return msgspec.structs.replace(LENET, **new)


def relayered(name, **new):
    """LeNet with fields of one layer changed."""
    return replaced(
        network=Network(
            tuple(
                Node(n.name, msgspec.structs.replace(n.layer, **new), n.inputs) if n.name == name else n
                for n in LENET.network.nodes
            )
        )
    )


def rearranged(change):
    nodes = list(LENET.network.nodes)
    change(nodes)
    return replaced(network=Network(tuple(nodes)))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (LENET, ()),
        (replaced(seed=7), ("seed 1 → 7",)),
        (replaced(name="Mine"), ("name “LeNet on handwritten digits” → “Mine”",)),
        (replaced(description="x"), ("description changed",)),
        (replaced(batch_size=1), ("batch size 64 → 1",)),
        (replaced(optimizer=Momentum(rate=0.1)), ("learning rate 0.01 → 0.1",)),
        (replaced(optimizer=Momentum(rate=0.01, momentum=0.5)), ("momentum 0.9 → 0.5",)),
        (replaced(optimizer=Adam()), ("optimizer momentum → Adam",)),
        (replaced(data=Rings()), ("data Handwritten digits → Rings",)),
        (replaced(data=Digits(size=8)), ("data: size 32 → 8",)),
        (replaced(regularization=Regularization(l1=0.5, l2=0.003)), ("L1 0 → 0.5",)),
        (with_layer(LENET, "conv1", OfLayer(0.5)), ("rate factor of conv1 1 → 0.5",)),
        (with_layer(LENET, "conv1", OfLayer(l2=0.0)), ("L2 of conv1 as all → 0",)),
        (replaced(rates=LayerRates("1/fan-in")), ("scale rates by none → 1/fan-in",)),
        (
            replaced(regularization=Regularization(0.5, 0.003, (LayerPenalty("dense1", 0.1, 0.2),))),
            ("L1 0 → 0.5", "L1 of dense1 as all → 0.1", "L2 of dense1 as all → 0.2"),
        ),
        (
            replaced(rates=LayerRates(layers=(LayerRate("conv1", 1.0),))),
            ("settings of layers written in another way",),
        ),
        (replaced(schedule=Exponential()), ("schedule constant → exponential decay",)),
        (replaced(loss=SquaredError()), ("loss softmax cross-entropy → squared error",)),
        (
            replaced(preprocessing=Preprocessing("none", "deviation", "all")),
            ("preprocessing: shift mean → none",),
        ),
        (
            replaced(split=Split(0.6, 0.25, 0.15)),
            ("split: training 0.7 → 0.6", "split: validation 0.15 → 0.25"),
        ),
        (relayered("conv1", kernel=3), ("kernel of conv1 5 → 3",)),
        (relayered("conv1", activation=Tanh()), ("activation of conv1 ReLU → tanh",)),
        (relayered("dense1", start=Xavier()), ("initial weights of dense1 He → Xavier",)),
        (
            relayered("dense1", start=He("uniform")),
            ("initial weights: distribution of dense1 normal → uniform",),
        ),
        (relayered("dense1", bias=False), ("bias of dense1 on → off",)),
        (rearranged(lambda n: n.insert(2, Node("conv3", n[0].layer))), ("layer conv3 added after pool1",)),
        (rearranged(lambda n: n.insert(0, Node("conv3", n[0].layer))), ("layer conv3 added after input",)),
        (rearranged(lambda n: n.pop(3)), ("layer pool2 removed",)),
        (rearranged(lambda n: n.insert(0, n.pop(3))), ("layer pool2 moved after input",)),
        (
            rearranged(lambda n: n.__setitem__(0, Node("edges", n[0].layer))),
            ("layer conv1 renamed to edges",),
        ),
        (
            rearranged(lambda n: n.__setitem__(5, Node("dense1", MaxPool2D()))),
            ("layer dense1: Dense → Max pooling",),
        ),
        (
            rearranged(lambda n: n.__setitem__(5, Node("dense1", n[5].layer, ("pool2",)))),
            ("input of dense1 the layer before → pool2",),
        ),
    ],
)
def test_words(other, said):
    assert differences(LENET, other) == said


def test_settings_of_a_renamed_layer_are_no_difference_of_their_own():
    a = with_layer(LENET, "conv1", OfLayer(0.5, l1=0.1))
    nodes = [msgspec.structs.replace(n, name="edges") if n.name == "conv1" else n for n in a.network.nodes]
    b = with_network(a, Network(tuple(nodes)), {"conv1": "edges"})
    assert of_layer(b, "edges") == OfLayer(0.5, l1=0.1)
    assert differences(a, b) == ("layer conv1 renamed to edges",)


def test_inside_an_activation():
    a, b = relayered("conv1", activation=LeakyReLU()), relayered("conv1", activation=LeakyReLU(slope=0.2))
    assert differences(a, b) == ("activation: slope of conv1 0.01 → 0.2",)


def test_numbers_are_told_apart_to_the_last_digit():
    (said,) = differences(LENET, replaced(optimizer=Momentum(rate=0.010000000000000002)))
    assert said == "learning rate 0.01 → 0.010000000000000002"


@pytest.mark.parametrize(
    ("kind", "old", "new", "said"),
    [
        ("pair", 3, 5, "size of conv1 3 → 5"),
        ("pair", 3, (3, 5), "size of conv1 3×3 → 3×5"),
        ("pair", (3, 5), (5, 3), "size of conv1 3×5 → 5×3"),
        ("pair", 3, (3, 3), "size of conv1 3 → 3×3"),
        ("padding", "same", 2, "size of conv1 same → 2"),
        ("padding", (1, 2), "valid", "size of conv1 1×2 → valid"),
        ("padding", (1, 2), 1, "size of conv1 1×2 → 1×1"),
        ("table", (), ((0, 1), (1, 2)), "size of conv1 changed"),
    ],
)
def test_two_axes_and_tables(kind, old, new, said):
    assert list(_values("size", old, new, kind, of=" of conv1")) == [said]


def one_of(classes, **fields):
    return st.sampled_from(classes).map(lambda cls: cls(**fields))


layers = st.one_of(
    one_of(LAYERS),
    st.builds(Dense, units=st.integers(1, 3), activation=one_of(ACTIVATIONS), bias=st.booleans()),
)
names = st.sampled_from(["a", "b", "c", "d"])  # few, so that names are shared and doubled
networks = st.lists(
    st.builds(Node, name=names, layer=layers, inputs=st.lists(names, max_size=1).map(tuple)), max_size=5
).map(lambda nodes: Network(tuple(nodes)))
experiments = st.builds(
    Experiment,
    name=st.sampled_from(["x", "y"]),
    seed=st.integers(0, 2),
    data=one_of(DATASETS),
    network=networks,
    loss=one_of(LOSSES),
    optimizer=st.one_of(one_of(OPTIMIZERS), st.builds(Momentum, rate=st.floats(0, 1000))),
    schedule=one_of(SCHEDULES),
    rates=st.builds(
        LayerRates, layers=st.lists(st.builds(LayerRate, names, st.sampled_from([0.5, 1.0]))).map(tuple)
    ),
    regularization=st.builds(
        Regularization,
        l1=st.sampled_from([0.0, 1.0]),
        layers=st.lists(st.builds(LayerPenalty, names, st.sampled_from([None, 0.0, 1.0]))).map(tuple),
    ),
    batch_size=st.integers(1, 3),
)


@settings(max_examples=300, deadline=None)
@given(a=experiments, b=experiments)
def test_empty_only_if_equal(a, b):
    said = differences(a, b)
    assert (said == ()) == (a == b)
    assert all(phrase and "\n" not in phrase for phrase in said)


@settings(max_examples=300, deadline=None)
@given(a=networks, b=networks)
def test_networks_alone(a, b):
    said = differences(Experiment(network=a), Experiment(network=b))
    assert (said == ()) == (a == b)


# -- a label ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "most", "said"),
    [
        (LENET, 1, ""),
        (replaced(name="Mine", description="x"), 1, ""),
        (replaced(rates=LayerRates(layers=(LayerRate("conv1", 1.0),))), 1, ""),
        (replaced(optimizer=Momentum(rate=0.1), name="Mine"), 1, "learning rate 0.01 → 0.1"),
        (replaced(seed=7, batch_size=1, loss=SquaredError()), 1, "seed 1 → 7, 2 more"),
        (
            replaced(seed=7, batch_size=1, loss=SquaredError()),
            2,
            "seed 1 → 7, loss softmax cross-entropy → squared error, 1 more",
        ),
        (replaced(seed=7, batch_size=1), 2, "seed 1 → 7, batch size 64 → 1"),
        (replaced(seed=7, batch_size=1), 0, "2 more"),
    ],
)
def test_a_label(other, most, said):
    assert brief(LENET, other, most) == said


def test_a_label_is_short():
    a, b = (replaced(data=TableFile(path=f"/home/{'x' * 2000}/{n}.csv")) for n in "ab")
    said = brief(a, b)
    assert len(said) == LONGEST
    assert said.startswith("data: file “/home/xxx")
    assert said.endswith("…")


@settings(max_examples=200, deadline=None)
@given(a=experiments, b=experiments, most=st.integers(0, 9))
def test_a_label_tells_the_first_differences_and_counts_the_others(a, b, most):
    alike = msgspec.structs.replace(b, name=a.name, description=a.description)
    phrases = [phrase for phrase in differences(a, alike) if phrase != REWRITTEN]
    said = brief(a, b, most)
    assert (said == "") == (phrases == [])
    assert all(phrase[: LONGEST - 1] in said for phrase in phrases[:most])
    assert said.endswith(f"{len(phrases) - most} more") == (len(phrases) > most)


def test_a_layer_is_renamed_where_an_equal_one_stands_in_its_place():
    other = rearranged(lambda n: n.__setitem__(0, Node("edges", n[0].layer)))
    assert renamings(LENET.network, other.network) == {"conv1": "edges"}
    assert renamings(other.network, LENET.network) == {"edges": "conv1"}
    assert renamings(LENET.network, LENET.network) == {}
    wider = rearranged(
        lambda n: n.__setitem__(0, Node("edges", msgspec.structs.replace(n[0].layer, filters=9)))
    )
    assert renamings(LENET.network, wider.network) == {}
