"""One example's derivatives: those of a plain twin, of differences, and of the update that a run makes."""

from __future__ import annotations

import ctypes
import mmap
import sys
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import twins
from drawn import image_layers
from hypothesis import given
from hypothesis import strategies as st
from machine import quick

from lab.experiment.experiment import Experiment
from lab.learning.losses import SquaredError
from lab.learning.optimizers import SGD
from lab.network.activations import ReLU, Tanh
from lab.network.layers import Add, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from lab.network.network import Network, Node
from lab.network.shape import Shape
from lab.training.probes import Activations, ActivationsProbe, Gradients, GradientsProbe
from lab.training.readings import answer
from lab.training.run import Run
from tests.training.problems import SMALL_CNN, XOR_MLP

new = msgspec.structs.replace


def chain(*layers) -> Network:
    return Network(tuple(Node(f"l{i}", layer) for i, layer in enumerate(layers)))


def gradients(run: Run, *given, **more) -> Gradients:
    reading = answer(GradientsProbe(*given, **more), run.moment())
    assert isinstance(reading, Gradients)
    return reading


def activations(run: Run, *given, **more) -> Activations:
    reading = answer(ActivationsProbe(*given, **more), run.moment())
    assert isinstance(reading, Activations)
    return reading


def digits(**changed) -> Experiment:
    return new(SMALL_CNN, **changed)


def twin_of(run: Run, example: int, x: np.ndarray | None = None, parameters=None):
    """What twins.network says of one example of the validation part of digits."""
    part = run.prepared.validation
    layers = [node.layer for node in run.experiment.network.nodes]
    x = part.inputs[example].astype(float) if x is None else x
    weights = {name: w.astype(float) for name, w in (parameters or run.parameters).items()}
    target = np.eye(10)[part.labels[example : example + 1]]
    return twins.network(layers, weights, x[None], target, run.experiment.loss)


@st.composite
def chains(draw) -> tuple:
    layers, shape = [], Shape(1, 8, 8)
    for _ in range(draw(st.integers(1, 3))):
        layers.append(draw(image_layers(shape)))
        shape = layers[-1].output_shape(shape)
    return (*layers, Flatten(), Dense(draw(st.integers(1, 12)), Tanh()), Dense(10))


def close(ours: np.ndarray, expected: np.ndarray, said: str) -> None:
    size = max(np.abs(expected).max(initial=0), 1e-3)
    np.testing.assert_allclose(ours, expected.reshape(ours.shape), atol=3e-4 * size, rtol=1e-3, err_msg=said)


@quick(25)
@given(chains(), st.integers(0, 200))
def test_every_derivative_is_the_twin_s(layers, example):
    run = Run(digits(network=chain(*layers)))
    error, _, grads, flows, derivatives = twin_of(run, example)
    seen, forward = gradients(run, example=example), activations(run, example=example)
    assert seen.error == pytest.approx(error, rel=1e-4)
    assert seen.outputs.keys() == forward.outputs.keys()
    assert seen.preactivations.keys() == forward.preactivations.keys()
    kinks = [
        i
        for i, layer in enumerate(layers)
        if isinstance(layer, MaxPool2D) or (np.abs(flows[i][0]) < 1e-5).any()
    ]
    for i, (dz, dy) in enumerate(derivatives):
        assert seen.outputs[f"l{i}"].shape == forward.outputs[f"l{i}"].shape
        if any(i <= kink for kink in kinks):  # float32 and float64 may choose differently
            continue
        close(seen.outputs[f"l{i}"], dy, f"dE/dy of l{i}")
        if f"l{i}" in seen.preactivations:
            close(seen.preactivations[f"l{i}"], dz, f"dE/dz of l{i}")
    for name, expected in grads.items():
        if int(name[1 : name.index(".")]) > max(kinks, default=-1):
            close(seen.parameters[name], expected, name)
    peak = np.abs(seen.outputs["l0"]).max((1, 2))
    np.testing.assert_array_equal(seen.peaks["l0"], peak)


SMOOTH = chain(
    Conv2D(3, 3, 2, 1, Tanh()), Conv2D(4, 2, padding="same", groups=1), Flatten(), Dense(6, Tanh()), Dense(10)
)


def test_it_is_the_slope_of_the_error():
    """Central differences of the twin's error, by weights, biases and pixels."""
    run = Run(digits(network=SMOOTH))
    seen, rng = gradients(run, example=5), np.random.default_rng(2)
    h = 1e-4
    for name, array in seen.parameters.items():
        for _ in range(4):
            spot = tuple(int(rng.integers(n)) for n in array.shape)
            errors = []
            for way in (-h, h):
                moved = {key: w.astype(float) for key, w in run.parameters.items()}
                moved[name][spot] += way
                errors.append(twin_of(run, 5, parameters=moved)[0])
            slope = (errors[1] - errors[0]) / (2 * h)
            assert array[spot] == pytest.approx(slope, rel=1e-3, abs=1e-5), (name, spot)
    for spot in ((0, 0, 0), (0, 3, 4), (0, 7, 7)):
        errors = []
        for way in (-h, h):
            x = run.prepared.validation.inputs[5].astype(float)
            x[spot] += way
            errors.append(twin_of(run, 5, x)[0])
        slope = (errors[1] - errors[0]) / (2 * h)
        assert seen.input[spot] == pytest.approx(slope, rel=1e-3, abs=1e-5), spot


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
DROPPED = chain(
    Conv2D(4, 3, padding=1, activation=ReLU()), Dropout(0.3), MaxPool2D(), Flatten(), Dropout(0.5), Dense(10)
)


@pytest.mark.parametrize("network", [SMALL_CNN.network, JOINED, DROPPED], ids=["cnn", "joins", "dropout"])
def test_a_batch_of_one_is_the_update_that_the_run_makes(network):
    run = Run(digits(network=network, batch_size=1, optimizer=SGD(rate=0.01)))
    run.advance(3)
    seen = gradients(run, batch=True)
    assert run.advance(1).done == 1
    raw = run.program.split(run.machine.memory.grads[0])
    assert seen.parameters.keys() == raw.keys()
    for name, values in seen.parameters.items():
        size = np.abs(raw[name]).max()
        np.testing.assert_allclose(values, raw[name], atol=1e-6 * size, err_msg=name)
    assert run.curves().loss[-1] == pytest.approx(seen.error, rel=1e-6)


def test_the_examples_of_a_batch_add_up_to_its_gradient():
    run = Run(digits(network=DROPPED, batch_size=20, optimizer=SGD(rate=0.01)))
    run.advance(2)
    each = [gradients(run, example=k, batch=True) for k in range(20)]
    indices = {activations(run, example=k, batch=True).index for k in range(20)}
    assert len(indices) == 20
    run.advance(1)
    for name, values in run.program.split(run.machine.memory.grads[0]).items():
        mean = np.mean([one.parameters[name] for one in each], axis=0)
        np.testing.assert_allclose(mean, values, atol=1e-5 * np.abs(values).max(), err_msg=name)


def test_a_batch_that_is_normalized_goes_through_as_a_whole():
    norm = chain(
        Conv2D(4, 3, bias=False), BatchNorm(), Conv2D(5, 3, 2, activation=ReLU()), Flatten(), Dense(10)
    )
    run = Run(digits(network=norm, batch_size=30))
    run.advance(2)
    seen, forward = gradients(run, example=7, batch=True), activations(run, example=7, batch=True)
    x = [activations(run, example=k, batch=True).outputs["l0"] for k in range(30)]
    mean, variance = np.mean(x, axis=(0, 2, 3)), np.var(x, axis=(0, 2, 3))
    np.testing.assert_allclose(forward.statistics["l1"], [mean, variance], rtol=1e-3, atol=1e-4)
    scale, shift = run.parameters["l1.scale"], run.parameters["l1.shift"]
    y = (x[7] - mean[:, None, None]) / np.sqrt(variance + 1e-5)[:, None, None]
    expected = y * scale[:, None, None] + shift[:, None, None]
    np.testing.assert_allclose(forward.outputs["l1"], expected, rtol=1e-3, atol=1e-4)
    run.advance(1)
    raw = run.program.split(run.machine.memory.grads[0])
    for name, values in seen.parameters.items():
        np.testing.assert_allclose(values / 30, raw[name], atol=1e-5 * np.abs(raw[name]).max() + 1e-9)
    assert run.curves().loss[-1] == pytest.approx(seen.error / 30, rel=1e-5)
    # as in use it goes by the running statistics, and an example stands for itself
    assert not activations(run, example=7).statistics


def test_what_is_changed_is_changed_on_a_copy():
    run = Run(SMALL_CNN)
    before = run.prepared.validation.inputs[3].copy()
    plain = activations(run, example=3)
    spots = ((0, 2, 3, 0.75), (0, 4, 4, -1.0), (0, 99, 0, 5.0))  # the last lies outside
    other = activations(run, example=3, changed=spots)
    assert other.input[0, 2, 3] == 0.75
    assert other.input[0, 4, 4] == -1.0
    np.testing.assert_array_equal(other.raw, plain.raw)
    assert (other.input != plain.input).sum() == 2
    assert np.abs(other.outputs["output"] - plain.outputs["output"]).max() > 0
    np.testing.assert_array_equal(run.prepared.validation.inputs[3], before)
    slope = gradients(run, example=3)
    h = 1e-2
    moved = gradients(run, example=3, changed=((0, 5, 5, float(before[0, 5, 5]) + h),))
    assert moved.error - slope.error == pytest.approx(h * slope.input[0, 5, 5], rel=0.1, abs=1e-5)


def test_an_error_that_is_summed_or_meant_is_the_example_s_own():
    for over in ("sum", "mean"):
        run = Run(new(XOR_MLP, loss=SquaredError(low=-1, high=1, over_examples=over)))
        seen, forward = gradients(run, "training", 4), activations(run, "training", 4)
        y, t = forward.outputs[run.experiment.network.nodes[-1].name].ravel(), forward.target.ravel()
        assert seen.error == pytest.approx(0.5 * ((t - y) ** 2).sum(), rel=1e-5)
        last = seen.outputs[run.experiment.network.nodes[-1].name].ravel()
        np.testing.assert_allclose(last, -(t - y), rtol=1e-5)


def test_examples_beyond_the_end_are_the_last():
    run = Run(SMALL_CNN)
    last = len(run.prepared.validation) - 1
    assert activations(run, example=10**9).index == last
    np.testing.assert_array_equal(gradients(run, example=10**9).input, gradients(run, example=last).input)
    assert activations(run, example=10**9, batch=True).index == activations(run, example=63, batch=True).index


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a page is closed by Linux's mprotect")
def test_nothing_is_read_behind_the_weights() -> None:
    """Kernels read whole vectors: weights that end where their page ends, before one that is closed, must do."""
    run = Run(SMALL_CNN)
    moment = run.moment()
    page = mmap.PAGESIZE
    room = -(-moment.params.nbytes // page) * page
    memory = mmap.mmap(-1, room + page)
    whole = np.frombuffer(memory, np.uint8)
    libc = ctypes.CDLL(None, use_errno=True)
    behind = ctypes.c_void_p(whole.ctypes.data + room)
    assert libc.mprotect(behind, ctypes.c_size_t(page), 0) == 0
    try:
        params = whole[room - moment.params.nbytes : room].view(np.float32)
        params[:] = moment.params
        found = answer(GradientsProbe("validation", 3), replace(moment, params=params))
        assert found.error == answer(GradientsProbe("validation", 3), moment).error
    finally:
        libc.mprotect(behind, ctypes.c_size_t(page), mmap.PROT_READ | mmap.PROT_WRITE)
