"""The linear neuron's bowl: the published figures, and what the engine itself computes."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.data.datasets.linear import CASES, LinearCases, LinearCloud
from lab.data.prepare import prepare
from lab.data.preprocessing import Preprocessing, Split
from lab.experiment.experiment import Experiment
from lab.experiment.presets import preset
from lab.landscape.linear_neuron import LinearNeuron, linear_neuron
from lab.learning.losses import AbsoluteError, SquaredError
from lab.learning.optimizers import SGD
from lab.network.activations import Tanh
from lab.network.layers import Dense
from lab.network.network import Network, Node
from lab.training.run import Run

SUM = SquaredError(over_examples="sum")
WHOLE = Split(training=1.0, validation=0.0, test=0.0)


def experiment(data, loss=SUM, bias=False, preprocessing=Preprocessing(), rate=0.0):  # noqa: B008
    return Experiment(
        data=data,
        preprocessing=preprocessing,
        split=WHOLE,
        network=Network((Node("neuron", Dense(1, bias=bias)),)),
        loss=loss,
        optimizer=SGD(rate=rate),
        batch_size=10_000,
    )


def neuron_of(e: Experiment) -> LinearNeuron:
    found = linear_neuron(e.network, e.loss, prepare(e.data, e.preprocessing, e.split, e.seed).training)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("cases", "condition", "eigenvalues"),
    [
        ("unshifted", 40_005.92, None),
        ("shifted", 1.0, (2.0, 2.0)),
        ("unscaled", 10_000.0, (200.0, 0.02)),
        ("scaled", 1.0, (2.0, 2.0)),
    ],
)
def test_the_lectures_cases_have_their_published_condition_numbers(cases, condition, eigenvalues):
    found = neuron_of(experiment(LinearCases(cases=cases)))
    assert found.condition == pytest.approx(condition, rel=1e-6)
    if eigenvalues is not None:
        np.testing.assert_allclose(found.eigenvalues, eigenvalues, rtol=1e-6)
    assert found.largest_rate == pytest.approx(2 / found.eigenvalues[0], rel=1e-12)
    X = np.array([x for x, _ in CASES[cases]])
    trace, determinant = np.sum(X**2), (X[0, 0] * X[1, 1] - X[0, 1] * X[1, 0]) ** 2
    root = math.sqrt(trace**2 / 4 - determinant)
    assert found.eigenvalues[0] == pytest.approx(trace / 2 + root, rel=1e-6)
    assert found.eigenvalues[1] == pytest.approx(determinant / (trace / 2 + root), rel=1e-6)


@pytest.mark.parametrize(
    ("cases", "minimum"),
    [
        ("unshifted", (-99 / 101, 1.0)),
        ("shifted", (1.0, 1.0)),
        ("unscaled", (10.0, 0.1)),
        ("scaled", (1.0, 1.0)),
    ],
)
def test_the_minimum_lies_where_the_constraint_lines_cross(cases, minimum):
    """101 (w₁ + w₂) = 2 and 101 w₁ + 99 w₂ = 0 give w₂ = 1."""
    found = neuron_of(experiment(LinearCases(cases=cases)))
    np.testing.assert_allclose(found.minimum, minimum, rtol=1e-6)
    assert found.error(found.minimum) == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(found.gradient(found.minimum), 0, atol=1e-9)
    for case in range(2):
        x1, x2, t = found.constraint(case)
        assert x1 * minimum[0] + x2 * minimum[1] == pytest.approx(t, abs=1e-5)


def test_scaling_in_the_preprocessing_makes_the_round_bowl():
    """F6, by the experiment's own switch."""
    found = neuron_of(
        experiment(LinearCases(cases="unscaled"), preprocessing=Preprocessing(scale="deviation"))
    )
    assert found.condition == pytest.approx(1, rel=1e-6)
    assert found.largest_rate == pytest.approx(1, rel=1e-6)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.integers(2, 60), st.floats(-0.9, 0.9), st.floats(1, 20), st.booleans(), st.sampled_from(["mean", "sum"]),
    st.sampled_from(["mean", "sum"]), st.integers(0, 1000),
)  # fmt: skip
def test_the_bowl_is_that_of_the_engine(points, correlation, stretch, bias, over, outputs, seed):
    loss = SquaredError(over_examples=over, over_outputs=outputs)
    e = msgspec.structs.replace(experiment(LinearCloud(points, correlation, stretch), loss, bias), seed=seed)
    found, run = neuron_of(e), Run(e)
    w = run.params.astype(np.float64)
    assert float(found.error(w)) == pytest.approx(run.evaluate("training").loss, rel=1e-4)
    run.advance(1)
    slope = run.machine.memory.grads[0]
    np.testing.assert_allclose(found.gradient(w), slope, rtol=1e-3, atol=1e-4 * np.abs(slope).max())
    h = np.eye(len(w))
    columns = [found.gradient(w + h[k]) - found.gradient(w) for k in range(len(w))]
    np.testing.assert_allclose(found.hessian, columns, rtol=1e-9, atol=1e-9 * found.eigenvalues[0])
    np.testing.assert_allclose(
        found.eigenvalues,
        np.linalg.eigvalsh(found.hessian)[::-1],
        rtol=1e-6,
        atol=1e-9 * found.eigenvalues[0],
    )
    for value, vector in zip(found.eigenvalues, found.eigenvectors, strict=True):
        np.testing.assert_allclose(found.hessian @ vector, value * vector, atol=1e-9 * found.eigenvalues[0])
    np.testing.assert_allclose(found.gradient(found.minimum), 0, atol=1e-7 * (1 + found.eigenvalues[0]))


@pytest.mark.parametrize("cases", ["unshifted", "unscaled", "shifted"])
def test_beyond_the_largest_rate_descent_climbs(cases):
    bowl = experiment(LinearCases(cases=cases))
    most = neuron_of(bowl).largest_rate
    for share, falls in ((0.98, True), (1.02, False)):
        run = Run(msgspec.structs.replace(bowl, optimizer=SGD(rate=share * most)))
        before = run.evaluate("training").loss
        run.advance(60)
        assert (run.evaluate("training").loss < before) == falls


def test_a_trough_has_no_condition():
    """Shifted by their mean, the first input of the two cases is always 0."""
    found = neuron_of(experiment(LinearCases(cases="unshifted"), preprocessing=Preprocessing(shift="mean")))
    assert found.condition == math.inf
    assert found.eigenvalues[1] == 0
    assert neuron_of(experiment(LinearCases(cases="portions"))).condition < 1e3
    three = neuron_of(experiment(LinearCases(cases="shifted"), bias=True))  # three weights, two cases
    assert three.condition == math.inf


def test_the_presets_are_the_lectures():
    for name, condition in (("shift-the-inputs", 40_005.92), ("scale-the-inputs", 10_000)):
        e = preset(name)
        found = neuron_of(e)
        assert found.condition == pytest.approx(condition, rel=1e-6)
        assert e.optimizer.rate < found.largest_rate
    assert neuron_of(preset("linear-neuron")).condition > 1


def test_what_is_no_linear_neuron():
    data = LinearCloud()
    part = prepare(data, Preprocessing(), WHOLE, 1).training

    def of(*layers, loss=SUM):
        return linear_neuron(
            Network(tuple(Node(f"l{i}", layer) for i, layer in enumerate(layers))), loss, part
        )

    assert of(Dense(1)) is not None
    assert of(Dense(2)) is None
    assert of(Dense(1, Tanh())) is None
    assert of(Dense(1), Dense(1)) is None
    assert of(Dense(1), loss=AbsoluteError()) is None
    assert of() is None
