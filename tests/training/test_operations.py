"""One operation under the microscope: what is seen there is what a run then does, and what a plain twin computes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import twins
from drawn import image_layers, others
from hypothesis import given
from hypothesis import strategies as st
from machine import quick

from lab.experiment.experiment import Experiment
from lab.experiment.presets import preset
from lab.kernels import opcodes as op
from lab.kernels.operations import OPERATIONS
from lab.learning.clipping import Clipping
from lab.learning.losses import SquaredError
from lab.learning.optimizers import SGD, Adam, AdamW, Momentum, RMSprop, Rprop
from lab.learning.regularization import Regularization
from lab.learning.schedules import Exponential, RiseAndFall
from lab.network.activations import ReLU, Tanh
from lab.network.layers import Add, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from lab.network.network import Network, Node
from lab.network.shape import Shape
from lab.training import formulas, operations
from lab.training.listing import group_of, groups, listing
from lab.training.moment import Moment
from lab.training.probes import Operand, Operation, OperationProbe
from lab.training.readings import answer
from lab.training.run import Run
from tests.training.problems import SMALL_CNN, XOR_MLP

new = msgspec.structs.replace


def chain(*layers) -> Network:
    return Network(tuple(Node(f"l{i}", layer) for i, layer in enumerate(layers)))


def moment_of(run: Run) -> Moment:
    return replace(run.moment(), examples=run.examples, state=run.state())


def seen(run: Run, line: int, **more) -> Operation:
    reading = answer(OperationProbe(line, **more), moment_of(run))
    assert isinstance(reading, Operation)
    return reading


def named(operands: tuple[Operand, ...]) -> dict[str, Operand]:
    return {o.name: o for o in operands}


def lines_of(experiment: Experiment, direction: str, layer: str = ""):
    return [line for line in listing(experiment) if line.direction == direction and layer in ("", line.layer)]


def gradient_seen(run: Run) -> dict[str, np.ndarray]:
    """Each parameter's derivative as the line says that computes it."""
    return {
        o.parameter: o.values
        for line in lines_of(run.experiment, "backward")
        if line.parameters
        for o in seen(run, line.number).outputs
        if o.parameter
    }


def check_update(experiment: Experiment, before: int, threads: int = 1) -> None:
    """Gradients, and what each update line leaves, are to the last bit what the run then has."""
    run = Run(experiment, threads)
    run.advance(before)
    gradient = gradient_seen(run)
    loss = seen(run, lines_of(experiment, "loss")[0].number)
    clipped = [seen(run, line.number) for line in lines_of(experiment, "clip")]
    updates = [seen(run, line.number) for line in lines_of(experiment, "update")]
    assert run.advance(1).done == 1
    program = run.program
    E = named(loss.outputs)["E"].values[0]
    assert np.float32(run.curves().loss[-1]) == E
    raw = program.split(run.machine.memory.grads[0])
    penalised = experiment.regularization.l1 or experiment.regularization.l2
    if not penalised and not clipped:
        assert gradient.keys() == raw.keys()
        for name, values in gradient.items():
            np.testing.assert_array_equal(values, raw[name], err_msg=name)
    for reading in clipped:
        learned = sum(p.size for p in program.parameters if p.learned)
        flat = np.concatenate([gradient[p.name].ravel() for p in program.parameters if p.learned])
        np.testing.assert_array_equal(named(reading.inputs)["g"].values, flat)
        if not penalised:
            after = named(reading.outputs)["g clipped"].values
            np.testing.assert_array_equal(after, run.machine.memory.grads[0][:learned])
    slots = run.state().slots
    P = program.parameter_count
    made = {"w": program.split(run.params)}
    made |= {
        name: program.split(slots[k * P : (k + 1) * P]) for k, name in enumerate(experiment.optimizer.slots)
    }
    told = {o.parameter for reading in updates for o in reading.outputs}
    assert told == {p.name for p in program.parameters}
    for reading in updates:
        for o in reading.outputs:
            name = o.name.removesuffix(" after")
            np.testing.assert_array_equal(o.values, made[name][o.parameter], err_msg=f"{o.parameter} {name}")
        for o in reading.inputs:
            if o.name == "g":
                np.testing.assert_array_equal(o.values, raw[o.parameter])


def cnn(**changed) -> Experiment:
    return new(SMALL_CNN, **changed)


DROPPED = chain(
    Conv2D(4, 3, padding=1, activation=ReLU()), Dropout(0.3), MaxPool2D(), Flatten(), Dropout(0.5), Dense(10)
)
NORMED = chain(
    Conv2D(4, 3, padding=1, bias=False), BatchNorm(), Conv2D(5, 3, 2), BatchNorm(), Flatten(), Dense(10)
)
JOINED = Network(
    (
        Node("a", Conv2D(4, 3, padding="same", activation=Tanh())),
        Node("b", Conv2D(4, 3, padding="same", activation=ReLU())),
        Node("sum", Add(), ("a", "b")),
        Node("c", Conv2D(3, 3, activation=ReLU())),
        Node("both", Concat(crop=True), ("sum", "c", "b")),
        Node("flat", Flatten()),
        Node("out", Dense(10)),
    )
)
CASES = {
    "momentum": XOR_MLP,
    "several shards": cnn(batch_size=128),
    "adam": cnn(optimizer=Adam(rate=0.01), batch_size=7),
    "adamw": cnn(optimizer=AdamW(rate=0.01, decay=0.1), schedule=Exponential(half_life=2)),
    "rprop": cnn(optimizer=Rprop(), batch_size=2000),
    "a rate that answers to the error": new(XOR_MLP, schedule=RiseAndFall()),
    "rmsprop, clipped by norm": new(
        XOR_MLP, optimizer=RMSprop(rate=0.01), clipping=Clipping(by="norm", limit=0.01)
    ),
    "clipped by value": cnn(optimizer=SGD(rate=0.1), clipping=Clipping(by="value", limit=1e-3)),
    "penalties": cnn(regularization=Regularization(l1=1e-3, l2=1e-2), clipping=Clipping(by="norm")),
    "dropout": cnn(network=DROPPED, batch_size=50),
    "batch normalization": cnn(network=NORMED, batch_size=40, clipping=Clipping(by="norm", limit=0.1)),
    "joins": cnn(network=JOINED, batch_size=33),
    "sums": new(XOR_MLP, loss=SquaredError(low=-1, high=1, over_examples="sum"), optimizer=SGD(rate=0.001)),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_seen_is_what_the_run_does(case):
    check_update(CASES[case], before=5)


def test_the_last_batch_of_an_epoch_is_smaller():
    run = Run(cnn(batch_size=500))
    run.advance(run.batches.per_epoch - 1)
    reading = seen(run, 0)
    assert 0 < reading.batch == len(run.prepared.training) % 500
    check_update(run.experiment, before=run.batches.per_epoch - 1)
    check_update(run.experiment, before=run.batches.per_epoch)


@st.composite
def experiments(draw) -> Experiment:
    """Digits through layers of every kind, with joins, drop-outs and norms."""
    shapes, nodes = {"input": Shape(1, 8, 8)}, []
    last = "input"

    def add(layer, *inputs) -> None:
        nonlocal last
        last = f"n{len(nodes)}"
        shapes[last] = layer.joined_shape(tuple(shapes[name] for name in inputs))
        assert isinstance(shapes[last], Shape)
        nodes.append(Node(last, layer, inputs))

    for _ in range(draw(st.integers(1, 4))):
        before = last
        add(draw(image_layers(shapes[last]) if draw(st.booleans()) else others(shapes[last])), before)
        if draw(st.integers(0, 2)) == 0:
            same = shapes[last].channels == shapes[before].channels
            add((Add if same and draw(st.booleans()) else Concat)(crop=True), last, before)
    add(Flatten(), last)
    add(Dense(10), last)
    optimizer = draw(st.sampled_from([SGD(rate=0.01), Momentum(rate=0.01), Adam(rate=0.001)]))
    clipping = draw(st.sampled_from([Clipping(), Clipping(by="norm", limit=0.5)]))
    batch = draw(st.integers(1, 90))
    network = Network(tuple(nodes))
    return cnn(network=network, optimizer=optimizer, clipping=clipping, batch_size=batch)


@quick(20)
@given(experiments())
def test_any_network(experiment):
    check_update(experiment, before=2)


@st.composite
def chains(draw) -> tuple:
    layers, shape = [], Shape(1, 8, 8)
    for _ in range(draw(st.integers(1, 3))):
        layers.append(draw(image_layers(shape)))
        shape = layers[-1].output_shape(shape)
    return (*layers, Flatten(), Dense(draw(st.integers(1, 12)), Tanh()), Dense(10))


@quick(20)
@given(chains(), st.integers(1, 40), st.integers(0, 50))
def test_flows_are_those_of_the_twin(layers, batch, example):
    """What goes into each row and comes out of it, for one example and over the batch."""
    run = Run(cnn(network=chain(*layers), batch_size=batch))
    at = seen(run, 0, example=example)
    rows = named(at.inputs)["batch"].values.astype(int)
    assert at.index == rows[at.example]
    part = run.prepared.training
    X, T = part.inputs[rows].astype(float), np.eye(10)[part.labels[rows]]
    np.testing.assert_array_equal(named(at.outputs)["x"].values, part.inputs[at.index])
    parameters = {name: values.astype(float) for name, values in run.parameters.items()}
    error, _, grads, flows, derivatives = twins.network(layers, parameters, X, T, run.experiment.loss)
    E = named(seen(run, lines_of(run.experiment, "loss")[0].number).outputs)["E"]
    np.testing.assert_allclose(E.values[0], error / len(rows), rtol=1e-4)

    def close(operand: Operand, expected: np.ndarray) -> None:
        size = max(np.abs(expected).max(), 1e-3)
        one = expected[at.example].reshape(operand.shape)
        np.testing.assert_allclose(operand.values, one, atol=2e-4 * size, rtol=1e-3)
        assert operand.spread.total == expected.size
        assert operand.spread.greatest == pytest.approx(expected.max(), abs=2e-4 * size, rel=1e-3)
        assert operand.spread.mean == pytest.approx(expected.mean(), abs=2e-4 * size, rel=1e-3)

    into = X
    for i in range(len(layers)):
        forward = [
            seen(run, line.number, example=example) for line in lines_of(run.experiment, "forward", f"l{i}")
        ]
        (z, y), (dz, dy) = flows[i], derivatives[i]
        if forward:
            close(named(forward[0].inputs)["x"], into)
            close(named(forward[0].outputs)["y"], z)
            close(named(forward[-1].outputs)["y"], y)
        backward = [
            seen(run, line.number, example=example) for line in lines_of(run.experiment, "backward", f"l{i}")
        ]
        if backward and not ties(layers, flows, i):
            close(named(backward[0].inputs)["dY"], dy / len(rows))
            close(named(backward[-1].inputs)["dY"], dz / len(rows))
            for o in backward[-1].outputs:
                if o.parameter:
                    size = max(np.abs(grads[o.parameter]).max() / len(rows), 1e-3)
                    expected = grads[o.parameter] / len(rows)
                    np.testing.assert_allclose(o.values, expected, atol=3e-4 * size, rtol=1e-3)
        into = y


def ties(layers, flows, i) -> bool:
    """Whether a later maximum is shared, or a kink is hit: then float32 and float64 may choose differently."""
    return any(isinstance(layer, MaxPool2D) for layer in layers[i + 1 :]) or any(
        (np.abs(z) < 1e-5).any() for z, _ in flows[i:]
    )


# -- to come -------------------------------------------------------------------------------------------


def there(operands: tuple[Operand, ...]) -> dict[str, bool]:
    return {o.name: o.values is not None for o in operands}


def test_what_has_not_been_made_is_to_come():
    run = Run(SMALL_CNN)
    lines = listing(SMALL_CNN)
    (conv, relu), (pool,) = lines_of(SMALL_CNN, "forward", "conv"), lines_of(SMALL_CNN, "forward", "pool")
    start = seen(run, 0, operation=0)
    assert not start.made
    assert there(start.inputs) == {"batch": True}
    assert there(start.outputs) == {"x": False, "t": False}
    at = seen(run, conv.number, operation=0)
    assert there(at.inputs) == {"x": False, "W": True, "b": True}
    assert there(at.outputs) == {"y": False}
    assert at.outputs[0].shape == (4, 8, 8)
    at = seen(run, conv.number, operation=conv.number)
    assert not at.made
    assert there(at.inputs) == {"x": True, "W": True, "b": True}
    assert there(at.outputs) == {"y": False}
    assert seen(run, conv.number, operation=conv.number + 1).made
    # its input is there as soon as the row before has been made, and not before
    assert not there(seen(run, pool.number, operation=relu.number).inputs)["x"]
    assert there(seen(run, pool.number, operation=relu.number + 1).inputs)["x"]
    back = lines_of(SMALL_CNN, "backward", "output")[0]
    at = seen(run, back.number, operation=back.number)
    assert there(at.inputs) == {"dY": True, "x": True, "W": True, "b": True}
    assert there(at.outputs) == {"dX": False, "dW": False, "db": False}
    assert not there(seen(run, back.number, operation=back.number - 1).inputs)["dY"]
    first, last = lines_of(SMALL_CNN, "update")[0].number, len(lines) - 1
    at = seen(run, last, operation=first - 1)
    assert there(at.inputs) == {"w before": True, "velocity before": True, "g": False}
    at = seen(run, last, operation=last)
    assert there(at.inputs) == {"w before": True, "velocity before": True, "g": True}
    assert there(at.outputs) == {"w after": False, "velocity after": False}
    assert all(there(seen(run, last, operation=last + 1).outputs).values())


def test_inputs_to_come_and_inputs_made_are_the_same_numbers():
    run = Run(CASES["joins"])
    run.advance(1)
    for line in listing(run.experiment):
        before, after = seen(run, line.number, operation=line.number), seen(run, line.number)
        for a, b in zip(before.inputs, after.inputs, strict=True):
            np.testing.assert_array_equal(a.values, b.values, err_msg=f"{line} {a.name}")
        assert before.inputs, line


def test_joins_write_their_own_channels():
    run = Run(CASES["joins"])
    copies = lines_of(run.experiment, "forward", "both")
    for line in copies:
        reading = seen(run, line.number, example=3)
        x, y = named(reading.inputs)["x"], named(reading.outputs)["y"]
        top = (x.shape[1] - y.shape[1]) // 2
        cut = slice(top, top + y.shape[1])
        np.testing.assert_array_equal(y.values, x.values[:, cut, cut])
    first, second = lines_of(run.experiment, "forward", "sum")
    added = seen(run, second.number)
    values = {name: o.values for name, o in named(added.inputs).items()}
    np.testing.assert_array_equal(added.outputs[0].values, values["x"] + values["y before"])
    assert (first.operation, second.operation) == ("copy", "add")


def test_dropout_draws_as_the_run_will():
    run = Run(CASES["dropout"])
    run.advance(3)
    (line,) = lines_of(run.experiment, "forward", "l1")
    first, again = seen(run, line.number, example=7), seen(run, line.number, example=7)
    np.testing.assert_array_equal(first.outputs[0].values, again.outputs[0].values)
    x, y = first.inputs[0].values, first.outputs[0].values
    kept = twins.kept(Dropout(0.3), (1, *x.shape), (run.experiment.seed, "l1", run.examples + 7))[0]
    np.testing.assert_allclose(y, x * kept / np.float32(0.7), rtol=1e-6)
    run.advance(1)
    assert (seen(run, line.number, example=7).outputs[0].values != y).any()


def test_the_batch_is_normalized_by_its_own_statistics():
    run = Run(CASES["batch normalization"])
    run.advance(2)
    (line,) = lines_of(run.experiment, "forward", "l1")
    reading = seen(run, line.number)
    x = named(reading.inputs)["x"]
    mean = named(reading.outputs)["batch mean"].values.ravel()
    assert x.spread.mean == pytest.approx(mean.mean(), rel=1e-4)
    assert reading.examples == reading.batch == 40


def test_spreads_count_every_number():
    run = Run(SMALL_CNN)
    relu = lines_of(SMALL_CNN, "forward", "conv")[1]
    y = seen(run, relu.number).outputs[0].spread
    assert y.total == y.counts.sum() == 64 * 4 * 8 * 8
    assert 0 < y.zeros < y.total
    assert (y.least, y.not_finite) == (0.0, 0)
    flat = operations.spread_of(np.array([np.nan, 1.0, 1.0, np.inf], np.float32))
    assert (flat.total, flat.not_finite, flat.mean, flat.counts.sum()) == (4, 2, 1.0, 2)
    nothing = operations.spread_of(np.full(3, np.nan, np.float32))
    assert np.isnan(nothing.mean)
    assert nothing.counts.sum() == 0


def test_large_flows_are_looked_at_for_fewer_examples_and_gradients_are_whole(monkeypatch):
    run = Run(SMALL_CNN)
    line = lines_of(SMALL_CNN, "backward", "conv")[-1]
    conv = lines_of(SMALL_CNN, "forward", "conv")[0]
    full = seen(run, line.number)
    monkeypatch.setattr(operations, "MOST", 4 * 8 * 8 * 3)
    few = seen(run, line.number, example=60)
    assert (full.examples, few.examples, few.batch) == (64, 3, 64)
    assert named(few.inputs)["dY"].spread.total == 3 * 4 * 8 * 8
    for a, b in zip(few.outputs, full.outputs, strict=True):
        np.testing.assert_array_equal(a.values, b.values)
    some = seen(run, conv.number, example=60)
    monkeypatch.undo()
    every = seen(run, conv.number, example=60)
    np.testing.assert_array_equal(some.outputs[0].values, every.outputs[0].values)


def test_a_loss_that_is_not_finite_updates_nothing():
    run = Run(SMALL_CNN)
    parameters = run.parameters
    parameters["output.bias"][0] = np.nan
    run.set_parameters(parameters)
    line = lines_of(SMALL_CNN, "update")[-1]
    reading = seen(run, line.number)
    assert there(reading.inputs) == {"w before": True, "velocity before": True, "g": True}
    assert not any(there(reading.outputs).values())


def test_nothing_without_a_state_or_beyond_the_listing():
    run = Run(SMALL_CNN)
    assert answer(OperationProbe(0), run.moment()) is None
    assert answer(OperationProbe(len(listing(SMALL_CNN))), moment_of(run)) is None
    assert answer(OperationProbe(-1), moment_of(run)) is None
    assert answer(OperationProbe(5), moment_of(run), np.ones(1, np.int64)) is None


def test_looking_changes_nothing():
    run, other = Run(SMALL_CNN), Run(SMALL_CNN)
    for line in listing(SMALL_CNN):
        seen(run, line.number)
    run.advance(3)
    other.advance(3)
    np.testing.assert_array_equal(run.params, other.params)


# -- the listing ---------------------------------------------------------------------------------------


def test_the_listing_of_lenet():
    e = preset("lenet")
    lines = listing(e)
    assert [line.number for line in lines] == list(range(len(lines)))
    assert [line.direction for line in lines].index("loss") == 13
    conv = lines[1]
    assert (conv.layer, conv.operation) == ("conv1", "convolution")
    assert (conv.inputs, conv.output) == ((Shape(1, 32, 32),), Shape(6, 28, 28))
    assert [p.name for p in conv.parameters] == ["conv1.weight", "conv1.bias"]
    assert conv.formula == "y[c] = b[c] + Σₖ W[c,k] ∗ x[k],  5×5 taps, stride 1"
    forward = sum(line.multiply_adds for line in lines if line.direction == "forward")
    assert forward == e.analysis.multiply_adds
    # nobody asks for the derivative by the image: the first layer's backward row costs half
    back = {line.layer: line for line in lines if line.direction == "backward" and line.parameters}
    assert back["conv1"].output is None
    assert back["conv1"].multiply_adds == conv.multiply_adds
    assert back["conv2"].multiply_adds == 2 * lines[4].multiply_adds
    assert [line.layer for line in lines if line.direction == "update"] == [
        "conv1", "conv2", "dense1", "dense2", "dense3",
    ]  # fmt: skip
    assert listing(e) is lines
    assert listing(new(e, batch_size=3)) is lines


def test_clipping_is_an_operation():
    plain, clipped = listing(XOR_MLP), listing(new(XOR_MLP, clipping=Clipping(by="norm", limit=2)))
    assert len(clipped) == len(plain) + 1
    assert clipped[-3].operation == "clip by norm"
    assert "2 / |g|" in clipped[-3].formula


@pytest.mark.parametrize("case", ["joins", "dropout", "batch normalization"])
def test_groups_cut_the_listing_into_layers(case):
    lines = listing(CASES[case])
    cut = groups(lines)
    assert [k for group in cut for k in group] == list(range(len(lines)))
    for group in cut:
        assert len({(lines[k].direction, lines[k].layer) for k in group}) == 1
        assert all(group_of(lines, k) == group for k in group)
    for before, after in itertools.pairwise(cut):
        assert (lines[before[0]].direction, lines[before[0]].layer) != (
            lines[after[0]].direction,
            lines[after[0]].layer,
        )


@pytest.mark.parametrize("name", ["small-u-net", "lenet-5-1998", "convnetjs-cifar-10"])
def test_every_row_has_words(name):
    lines = listing(preset(name))
    assert all(line.operation and line.formula for line in lines)


def test_every_operation_of_the_machine_has_a_formula():
    words = set(OPERATIONS) - {op.LOSS}
    assert set(formulas.FORWARD) == set(formulas.BACKWARD) == words
