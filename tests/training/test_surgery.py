"""An edit keeps what survives of the weights and of the optimizer's memory, to the bit, and says what it was."""

from __future__ import annotations

from dataclasses import replace as with_fields

import numpy as np
import pytest
from drawn import wholes
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lab.data.datasets import Digits
from lab.data.datasets.random_images import RandomImages
from lab.data.preprocessing import Split
from lab.experiment.diff import renamings
from lab.experiment.experiment import Experiment, problems
from lab.learning.optimizers import OPTIMIZERS, Adam, Momentum, Nesterov
from lab.network.activations import ReLU, Tanh
from lab.network.initializers import Zero
from lab.network.layers import (
    LAYERS,
    ActivationLayer,
    Add,
    BatchNorm,
    Concat,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    LayerNorm,
    MaxPool2D,
    PReLU,
    TransposedConv2D,
)
from lab.network.network import Network, Node
from lab.network.shape import Shape
from lab.problem import Problem
from lab.training.machine import Machine, build, start
from lab.training.run import Run
from lab.training.surgery import Kept, Partly
from lab.training.timeline import State
from tests.training.grafting_twin import expected


def images(channels: int, height: int, width: int) -> RandomImages:
    return RandomImages(channels=channels, height=height, width=width, examples=20, number_of_classes=3)


def network(**layers) -> Network:
    """Layers by name, one after the other; (layer, *inputs) is one with inputs of its own."""
    return Network(
        tuple(Node(n, x[0], x[1:]) if isinstance(x, tuple) else Node(n, x) for n, x in layers.items())
    )


def experiment(**layers) -> Experiment:
    return Experiment(
        data=images(2, 6, 6),
        network=network(**layers),
        optimizer=Momentum(rate=0.01),
        batch_size=5,
        split=Split(1, 0, 0),
    )


def layers_of(e: Experiment) -> dict:
    return {n.name: (n.layer, *n.inputs) for n in e.network.nodes}


def changed(e: Experiment, **layers) -> Experiment:
    """With other layers under some of the names."""
    assert set(layers) <= set(layers_of(e))
    nodes = (replace(n, layer=layers.get(n.name, n.layer)) for n in e.network.nodes)
    return replace(e, network=Network(tuple(nodes)))


def inserted(e: Experiment, before: str, **layers) -> Experiment:
    old = list(layers_of(e).items())
    at = [name for name, _ in old].index(before)
    return replace(e, network=network(**dict([*old[:at], *layers.items(), *old[at:]])))


def removed(e: Experiment, *names: str) -> Experiment:
    return replace(e, network=network(**{n: x for n, x in layers_of(e).items() if n not in names}))


def renamed(e: Experiment, **names: str) -> Experiment:
    nodes = e.network.nodes
    return replace(
        e,
        network=Network(
            tuple(
                Node(names.get(n.name, n.name), n.layer, tuple(names.get(i, i) for i in n.inputs))
                for n in nodes
            )
        ),
    )


def numbered(e: Experiment) -> State:
    """A run of `e` in which every number is another one: the parameters, then each slot."""
    state = Run(e).state()
    count = np.float32(len(state.params))
    slots = np.arange(len(state.slots), dtype=np.float32) + count + 1
    return with_fields(state, params=np.arange(count, dtype=np.float32) + 1, slots=slots)


def named(machine: Machine) -> dict[str, np.ndarray]:
    return machine.program.split(machine.memory.params)


def operated(before: Experiment, after: Experiment) -> tuple[dict, dict, Kept]:
    """The parameters before and after an edit, and what is said of it."""
    old = numbered(before)
    machine = build(after, 1, old)
    check(old, machine)
    return old.split(old.params), named(machine), machine.surgery


def check(old: State, machine: Machine) -> None:
    """Every number is where the twin says, in the parameters and in each slot; every other is as at the start."""
    e, program = machine.experiment, machine.program
    names = renamings(old.experiment.network, e.network)
    found = expected(old.experiment.analysis, e.analysis, names)
    params, slots = named(machine), machine.memory.slots.reshape(-1, program.parameter_count)
    remembers = old.experiment.optimizer.meaning == e.optimizer.meaning
    for p in program.parameters:
        at, value = found[p.name], params[p.name].ravel()
        assert np.array_equal(value, np.where(at < 0, start(p, e.seed).ravel(), old.params[at])), p.name
        for slot, was in zip(slots, old.slots.reshape(-1, len(old.params)), strict=False):
            there = program.split(slot)[p.name].ravel()
            assert np.array_equal(there, np.where((at < 0) | (not remembers), 0, was[at])), p.name
    check_words(old, machine.surgery, found)


def check_words(old: State, kept: Kept, found: dict[str, np.ndarray]) -> None:
    counts = {name: int((at >= 0).sum()) for name, at in found.items()}
    partly = {p.name: p for p in kept.partly}
    assert sorted((*kept.whole, *partly, *kept.renewed)) == sorted(found)
    assert all(counts[name] == len(found[name]) for name in kept.whole)
    assert all(counts[name] == 0 for name in kept.renewed)
    for name, p in partly.items():
        assert (p.kept, p.after) == (counts[name], len(found[name]))
        assert 0 < p.kept < max(p.before, p.after)
        assert p.words
    every = np.concatenate([np.zeros(0, int), *found.values()])
    assert kept.unmoved == np.array_equal(every, np.arange(len(old.params)))
    assert (kept.said() == "") == (not partly and not kept.renewed and not kept.gone)


CONV = Conv2D(4, 3, padding="same", activation=ReLU())
CNN = experiment(
    conv1=CONV, pool=MaxPool2D(), conv2=CONV, flat=Flatten(), dense=Dense(12, Tanh()), output=Dense(3)
)


# -- what is kept, and where --------------------------------------------------------------------------------


def test_a_wider_layer_keeps_its_units_and_the_next_one_the_weights_from_them() -> None:
    was, now, kept = operated(CNN, changed(CNN, dense=Dense(20, Tanh())))
    assert np.array_equal(now["dense.weight"][:12], was["dense.weight"])
    assert np.array_equal(now["dense.bias"], [*was["dense.bias"], *[0] * 8])
    assert np.array_equal(now["output.weight"][:, :12], was["output.weight"])
    assert np.array_equal(now["output.bias"], was["output.bias"])
    assert kept == Kept(
        whole=("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "output.bias"),
        partly=(
            Partly("dense.weight", 12 * 36, 12 * 36, 20 * 36, "12 of 20 units"),
            Partly("dense.bias", 12, 12, 20, "12 of 20 units"),
            Partly("output.weight", 36, 36, 60, "12 of 20 inputs"),
        ),
    )


def test_a_dense_layer_behind_a_flattened_image_keeps_the_columns_of_the_channels_that_are_left() -> None:
    was, now, _ = operated(CNN, changed(CNN, conv2=replace(CONV, filters=3)))
    assert np.array_equal(now["conv2.weight"], was["conv2.weight"][:3])
    assert np.array_equal(now["dense.weight"], was["dense.weight"][:, : 3 * 9])
    was, now, _ = operated(CNN, changed(CNN, conv2=replace(CONV, filters=6)))
    assert np.array_equal(now["dense.weight"][:, : 4 * 9], was["dense.weight"])


def test_where_the_image_has_other_pixels_the_weights_from_them_are_new_and_the_biases_are_not() -> None:
    _, _, kept = operated(CNN, changed(CNN, pool=MaxPool2D(kernel=3, stride=3)))
    assert kept.renewed == ("dense.weight",)
    assert {"dense.bias", "conv2.weight"} <= set(kept.whole)
    a = experiment(conv=Conv2D(8, 5), flat=Flatten(), output=Dense(3))
    _, _, kept = operated(a, changed(a, conv=Conv2D(2, 3)))
    assert kept.renewed == ("output.weight",), "as many numbers, but 8 channels of 2×2 are not 2 of 4×4"


def test_another_data_set_of_the_same_channels_keeps_the_convolutions() -> None:
    small = replace(CNN, data=Digits(size=8), network=changed(CNN, output=Dense(10)).network)
    _, _, kept = operated(small, replace(small, data=Digits(size=28)))
    assert set(kept.renewed) == {"dense.weight"}
    _, _, kept = operated(CNN, replace(CNN, data=images(3, 6, 6)))
    assert kept.renewed == ("conv1.weight",), "red is not what was the first of two channels"


def test_a_kernel_keeps_its_middle() -> None:
    was, now, _ = operated(CNN, changed(CNN, conv1=replace(CONV, kernel=(5, 3))))
    assert np.array_equal(now["conv1.weight"][:, :, 1:4], was["conv1.weight"])
    was, now, _ = operated(CNN, changed(CNN, conv1=replace(CONV, kernel=1)))
    assert np.array_equal(now["conv1.weight"], was["conv1.weight"][:, :, 1:2, 1:2])
    was, now, _ = operated(CNN, changed(CNN, conv1=replace(CONV, kernel=(4, 2))))
    assert np.array_equal(now["conv1.weight"][:, :, :3], was["conv1.weight"][:, :, :, 1:])


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, (1, 4)])
def test_a_larger_kernel_that_begins_at_zero_changes_no_output(kernel) -> None:
    """For every size with padding "same": the middle is where the layer looked."""
    a = changed(CNN, conv1=replace(CONV, kernel=kernel))
    run = Run(a)
    for larger in (5, (6, 5), 7):
        run.advance(1)
        before = run.evaluate("training").outputs
        run.edit(changed(a, conv1=replace(CONV, kernel=larger, start=Zero())))
        assert np.allclose(run.evaluate("training").outputs, before, atol=1e-5)
        run.edit(a)
        assert np.allclose(run.evaluate("training").outputs, before, atol=1e-5)


def test_stamps_keep_channels_filters_and_the_middle() -> None:
    a = experiment(conv=CONV, up=TransposedConv2D(4, 3, 2, 1), flat=Flatten(), output=Dense(3))
    b = changed(a, conv=replace(CONV, filters=3), up=TransposedConv2D(6, 5, 2, 2))
    was, now, _ = operated(a, b)
    assert np.array_equal(now["up.weight"][:, :4, 1:4, 1:4], was["up.weight"][:3])


# -- layers that come and go --------------------------------------------------------------------------------


def test_inserting_a_layer_keeps_the_rest() -> None:
    everything = {p.name for p in CNN.analysis.parameters}
    for layer in (CONV, BatchNorm(), PReLU(), ActivationLayer(), Dropout(), LayerNorm()):
        for before in ("conv2", "flat"):
            _, _, kept = operated(CNN, inserted(CNN, before, new=layer))
            assert set(kept.whole) == everything, layer
            assert {name.split(".")[0] for name in kept.renewed} <= {"new"}
    _, _, kept = operated(CNN, inserted(CNN, "output", new=Dense(12)))
    assert set(kept.whole) == everything
    _, _, kept = operated(CNN, inserted(CNN, "output", new=Dense(11)))
    assert everything - set(kept.whole) == {"output.weight"}
    assert kept.partly == (), "eleven other units are not what the output has listened to"


def test_a_layer_without_units_does_not_hide_what_is_wider_before_it() -> None:
    a = inserted(CNN, "conv2", norm=BatchNorm(), act=ActivationLayer())
    b = removed(changed(a, conv1=replace(CONV, filters=6)), "act")
    was, now, _ = operated(a, b)
    assert np.array_equal(now["conv2.weight"][:, :4], was["conv2.weight"])
    assert np.array_equal(now["norm.scale"], [*was["norm.scale"], 1, 1])


def test_removing_a_layer_keeps_the_rest_and_says_what_is_gone() -> None:
    _, _, kept = operated(CNN, removed(CNN, "conv2"))
    assert kept.gone == ("conv2.weight", "conv2.bias")
    assert kept.renewed == kept.partly == ()


def test_a_renamed_layer_keeps_its_weights_its_memory_and_what_it_gives() -> None:
    run = Run(CNN)
    run.advance(10)
    before, state = run.evaluate("training"), run.state()
    kept = run.edit(renamed(CNN, conv2="edges", dense="hidden")).surgery
    assert kept.everything
    assert kept.unmoved
    assert kept.said() == ""
    assert "edges.weight" in kept.whole
    assert run.state().params.tobytes() == state.params.tobytes()
    assert run.state().slots.tobytes() == state.slots.tobytes()
    assert np.array_equal(run.evaluate("training").outputs, before.outputs)
    assert len(run.moment().path_steps) == 11, "the way so far is still the way of these weights"


def test_layers_that_change_places_keep_their_weights_but_not_their_places() -> None:
    a = experiment(flat=Flatten(), one=Dense(72), two=Dense(72), output=Dense(3))
    b = replace(a, network=network(flat=Flatten(), two=Dense(72), one=Dense(72), output=Dense(3)))
    run = Run(a)
    run.advance(5)
    kept = run.edit(b).surgery
    assert kept.everything
    assert not kept.unmoved
    run.advance(1)
    assert len(run.moment().path_steps) < 6, "the way so far was that of other numbers"


def test_another_kind_of_layer_under_a_name_is_another_layer() -> None:
    _, _, kept = operated(CNN, changed(CNN, conv2=TransposedConv2D(4, 3, 1, 1)))
    assert set(kept.renewed) == {"conv2.weight", "conv2.bias"}
    assert "dense.weight" in kept.whole


def test_a_bias_that_goes_and_comes() -> None:
    bare = changed(CNN, conv1=replace(CONV, bias=False))
    _, _, kept = operated(CNN, bare)
    assert kept.gone == ("conv1.bias",)
    _, _, kept = operated(bare, CNN)
    assert kept.renewed == ("conv1.bias",)


# -- groups, tables and joins -------------------------------------------------------------------------------

WIDE = replace(CONV, filters=8)
GROUPS = experiment(conv1=WIDE, conv2=replace(WIDE, groups=2), flat=Flatten(), output=Dense(3))


def test_filters_of_a_group_keep_to_it() -> None:
    was, now, _ = operated(GROUPS, changed(GROUPS, conv2=replace(WIDE, filters=12, groups=2)))
    assert np.array_equal(now["conv2.weight"][:4], was["conv2.weight"][:4])
    assert np.array_equal(now["conv2.weight"][6:10], was["conv2.weight"][4:])
    assert np.array_equal(now["output.weight"][:, 6 * 36 : 10 * 36], was["output.weight"][:, 4 * 36 :])


def test_a_weight_between_the_same_filter_and_channel_survives_other_groups() -> None:
    was, now, kept = operated(GROUPS, changed(GROUPS, conv2=WIDE))
    assert np.array_equal(now["conv2.weight"][:4, :4], was["conv2.weight"][:4])
    assert np.array_equal(now["conv2.weight"][4:, 4:], was["conv2.weight"][4:])
    assert [p.words for p in kept.partly] == ["32 of 64 connections"]
    was, now, _ = operated(GROUPS, changed(GROUPS, conv2=replace(WIDE, groups=4)))
    assert np.array_equal(now["conv2.weight"][2:4], was["conv2.weight"][2:4, 2:])


def test_a_filter_for_each_channel_follows_its_channel() -> None:
    each = replace(CONV, filters=12, groups=6)
    a = experiment(
        one=CONV,
        two=(CONV, "input"),
        both=(Concat(), "one", "two"),
        each=replace(each, filters=16, groups=8),
        flat=Flatten(),
        output=Dense(3),
    )
    was, now, _ = operated(a, changed(a, one=replace(CONV, filters=2), each=each))
    assert np.array_equal(now["each.weight"][:4], was["each.weight"][:4])
    assert np.array_equal(now["each.weight"][4:], was["each.weight"][8:])
    assert np.array_equal(now["output.weight"][:, 4 * 36 :], was["output.weight"][:, 8 * 36 :])


def test_a_table_of_connections() -> None:
    table = ((0, 1), (1, 2, 3), (3,), (0, 2))
    a = changed(CNN, conv2=replace(CONV, connections=table))
    for other in (((1, 0), (1, 3), (2,), (0, 1, 2)), (), ((0, 1),)):
        b = changed(a, conv2=replace(CONV, connections=other, filters=len(other) or 4))
        operated(a, b)
        operated(b, a)
    was, now, _ = operated(a, CNN)
    assert np.array_equal(now["conv2.weight"][1, 1:], was["conv2.weight"][2:5])


SKIP = experiment(
    one=CONV, two=WIDE, both=(Concat(), "two", "one"), norm=BatchNorm(), last=CONV, flat=Flatten(), output=Dense(3)
)  # fmt: skip


def test_removing_a_skip_keeps_what_the_other_branch_has_taught() -> None:
    was, now, kept = operated(SKIP, removed(SKIP, "both"))
    assert np.array_equal(now["last.weight"], was["last.weight"][:, :8])
    assert np.array_equal(now["norm.variance"], was["norm.variance"][:8])
    assert "last keeps 8 of 12 channels" in kept.said()


def test_branches_keep_their_own_channels_when_one_grows_or_they_change_places() -> None:
    was, now, _ = operated(SKIP, changed(SKIP, two=replace(WIDE, filters=10)))
    assert np.array_equal(now["last.weight"][:, :8], was["last.weight"][:, :8])
    assert np.array_equal(now["last.weight"][:, 10:], was["last.weight"][:, 8:])
    turned = layers_of(SKIP) | {"both": (Concat(), "one", "two")}
    run = Run(SKIP)
    run.advance(10)
    before = run.evaluate("training").outputs
    kept = run.edit(replace(SKIP, network=network(**turned))).surgery
    assert kept.everything
    assert not kept.unmoved
    assert np.allclose(run.evaluate("training").outputs, before, atol=1e-4)


def test_a_sum_keeps_its_channels_and_gives_way_to_its_summand() -> None:
    a = experiment(one=CONV, two=CONV, sum=(Add(), "two", "one"), last=CONV, flat=Flatten(), output=Dense(3))
    _, _, kept = operated(a, removed(a, "sum"))
    assert kept.everything
    narrow = replace(CONV, filters=3)
    was, now, _ = operated(a, changed(a, one=narrow, two=narrow))
    assert np.array_equal(now["last.weight"], was["last.weight"][:, :3])


# -- the optimizer's memory ---------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.title)
def test_every_rule_remembers_what_survives_number_by_number(optimizer) -> None:
    run = Run(replace(CNN, optimizer=optimizer(rate=0.001)))
    run.advance(7)
    old = run.state()
    edited = changed(run.experiment, conv2=replace(CONV, filters=3), dense=Dense(15))
    run.edit(edited)
    check(old, run.machine)
    assert run.state().age == 7
    assert run.advance(5).done == 5
    assert np.isfinite(run.params).all()


def test_another_rule_remembers_nothing_of_the_last_one() -> None:
    old = numbered(CNN)
    for optimizer in (Adam(), Nesterov(), Momentum(velocity_of="gradients")):
        machine = build(replace(changed(CNN, dense=Dense(15)), optimizer=optimizer), 1, old)
        assert not machine.memory.slots.any()
        check(old, machine)


def test_running_statistics_survive_with_their_channels() -> None:
    a = inserted(CNN, "conv2", norm=BatchNorm())
    run = Run(a)
    run.advance(20)
    was = run.parameters
    kept = run.edit(changed(a, conv1=replace(CONV, filters=6))).surgery
    now = run.parameters
    for name, fresh in (("norm.mean", 0), ("norm.variance", 1)):
        assert np.array_equal(now[name][:4], was[name])
        assert not np.array_equal(was[name], np.full(4, fresh))
        assert np.array_equal(now[name][4:], [fresh] * 2)
    assert "norm keeps 4 of 6 channels" in kept.said()


def test_wider_and_back_again_is_where_it_was() -> None:
    run = Run(CNN)
    run.advance(12)
    before = run.state()
    run.edit(changed(CNN, conv1=WIDE, dense=Dense(30, Tanh())))
    run.edit(CNN)
    assert run.state().params.tobytes() == before.params.tobytes()
    assert run.state().slots.tobytes() == before.slots.tobytes()
    plain = Run(CNN)
    plain.advance(30)
    run.advance(18)
    assert run.params.tobytes() == plain.params.tobytes()


def test_an_edited_run_can_be_had_again() -> None:
    run = Run(CNN)
    run.advance(5)
    run.edit(changed(CNN, conv1=WIDE))
    run.advance(5)
    run.edit(removed(run.experiment, "conv2"))
    run.advance(5)
    state = run.state()
    run.go_to(3)
    run.edit(changed(CNN, conv1=WIDE))
    run.advance(4)
    again = Run(CNN)
    for step, edit in ((5, changed(CNN, conv1=WIDE)), (10, removed(changed(CNN, conv1=WIDE), "conv2"))):
        again.advance(step - again.step)
        again.edit(edit)
    again.advance(5)
    assert again.state().params.tobytes() == state.params.tobytes()
    again.go_to(12)
    again.advance(3)
    assert again.state().params.tobytes() == state.params.tobytes()
    assert again.state().slots.tobytes() == state.slots.tobytes()


# -- networks and edits at random ---------------------------------------------------------------------------


@st.composite
def edited(draw, network: Network) -> Network:
    """A random edit; it may leave a network that cannot run."""
    nodes = list(network.nodes)
    at = draw(st.integers(0, len(nodes) - 1))
    node = nodes[at]
    kind = draw(
        st.sampled_from(["size", "size", "kernel", "insert", "remove", "rename", "bias", "turn", "groups"])
    )
    layer = node.layer
    if kind == "insert":
        layer = draw(
            st.sampled_from(
                [CONV, BatchNorm(), PReLU(), ActivationLayer(), LayerNorm(), Dense(5), MaxPool2D((1, 2), 1)]
            )
        )
        new = Node(f"new{len(nodes)}", layer, node.inputs)
        return Network(
            (*nodes[:at], new, replace(node, inputs=(new.name, *node.inputs[1:])), *nodes[at + 1 :])
        )
    if kind == "remove":
        source = network.sources(at)[0]
        rest = (replace(n, inputs=tuple(source if i == node.name else i for i in n.inputs)) for n in nodes)
        return Network(tuple(n for n in rest if n.name != node.name))
    if kind == "rename":
        name = f"{node.name}x"
        return Network(
            tuple(
                replace(
                    n,
                    name=name if n is node else n.name,
                    inputs=tuple(name if i == node.name else i for i in n.inputs),
                )
                for n in nodes
            )
        )
    if kind == "turn":
        nodes[at] = replace(node, inputs=node.inputs[::-1])
        return Network(tuple(nodes))
    few = draw(st.integers(1, 6))
    if kind == "size" and isinstance(layer, Dense) and at < len(nodes) - 1:
        layer = replace(layer, units=few)
    elif kind == "size" and isinstance(layer, Conv2D) and layer.connections:
        layer = replace(layer, connections=(layer.connections * few)[:few], filters=few)
    elif kind == "size" and isinstance(layer, Conv2D):
        layer = replace(layer, filters=few * layer.groups)
    elif kind == "size" and isinstance(layer, TransposedConv2D):
        layer = replace(layer, filters=few)
    elif kind == "kernel" and isinstance(layer, Conv2D | TransposedConv2D):
        layer = replace(layer, kernel=draw(st.one_of(st.integers(1, 4), st.tuples(*[st.integers(1, 3)] * 2))))
    elif kind == "bias" and isinstance(layer, Conv2D | TransposedConv2D | Dense):
        layer = replace(layer, bias=not layer.bias)
    elif kind == "groups" and isinstance(layer, Conv2D):
        layer = replace(layer, groups=draw(st.integers(1, 4)), connections=())
    nodes[at] = replace(node, layer=layer)
    return Network(tuple(nodes))


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_every_number_is_kept_in_its_place_or_as_at_the_start(data: st.DataObject) -> None:
    whole = data.draw(wholes())
    x = whole.x
    before = replace(
        CNN,
        data=images(x.channels, x.height, x.width),
        network=whole.network,
        optimizer=Adam(),
        split=Split(1, 0, 0),
    )
    after = replace(before, seed=2)
    for _ in range(data.draw(st.integers(1, 4))):
        tried = replace(after, network=data.draw(edited(after.network)))
        after = after if problems(tried) else tried
    old = numbered(before)
    machine = build(after, 1, old)
    check(old, machine)
    again = build(machine.experiment, 1, old)
    assert again.memory.params.tobytes() == machine.memory.params.tobytes()
    assert again.memory.slots.tobytes() == machine.memory.slots.tobytes()


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("x", [Shape(4), Shape(4, 3, 3)])
def test_every_axis_of_every_parameter_has_its_meaning(layer, x) -> None:
    """What has none is kept whole or not at all: see lab.network.layers.layer.Parameter."""
    known = not isinstance(layer().output_shape(x), Problem)
    for p in layer().parameters(x) if known else ():
        assert len(p.axes) == len(p.shape)
        extents = {"unit": getattr(layer(), "filters", getattr(layer(), "units", None)), "input": x.channels}
        assert all(extents.get(axis, n) == n for axis, n in zip(p.axes, p.shape, strict=True))


# -- words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (CNN, CNN, ""),
        (CNN, replace(CNN, seed=5, batch_size=2), ""),
        (
            CNN,
            changed(CNN, dense=Dense(5)),
            "Kept conv1 and conv2; dense keeps 5 of 12 units and output keeps 5 of 12 inputs",
        ),
        (CNN, inserted(CNN, "conv2", deep=CONV), "Kept conv1, conv2, dense and output; new: deep"),
        (
            CNN,
            inserted(CNN, "output", more=Dense(5)),
            "Kept conv1, conv2, dense and the bias of output; new: more and the weight of output",
        ),
        (CNN, removed(CNN, "conv2"), "Kept conv1, dense and output; gone: conv2"),
        (
            CNN,
            changed(CNN, conv1=replace(CONV, kernel=5)),
            "Kept conv2, dense and output; conv1 keeps 3×3 of the 5×5 kernel",
        ),
        (
            CNN,
            changed(CNN, conv1=replace(CONV, kernel=1)),
            "Kept conv2, dense and output; conv1 keeps 1×1 of the 3×3 kernel",
        ),
        (
            CNN,
            changed(CNN, conv1=replace(CONV, filters=2)),
            "Kept dense and output; conv1 keeps 2 of 4 filters and conv2 keeps 2 of 4 channels",
        ),
        (
            CNN,
            changed(CNN, conv1=replace(CONV, bias=False)),
            "Kept the weight of conv1, conv2, dense and output; gone: the bias of conv1",
        ),
        (CNN, experiment(flat=Flatten(), out=Dense(3)), "All weights are new"),
        (
            experiment(flat=Flatten(), **{f"d{i}": Dense(72) for i in range(8)}, output=Dense(3)),
            experiment(flat=Flatten(), **{f"d{i}": Dense(72) for i in range(12)}, output=Dense(3)),
            "Kept d0, d1, d2 and 6 more; new: d8, d9, d10 and d11",
        ),
    ],
)  # fmt: skip
def test_it_is_said_in_a_sentence(before: Experiment, after: Experiment, said: str) -> None:
    assert operated(before, after)[2].said() == said


def test_at_the_start_there_is_nothing_to_say() -> None:
    assert Run(CNN).machine.surgery.whole == ()
    assert Kept().said() == ""
