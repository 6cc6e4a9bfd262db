"""The height of a surface: over which examples, of what. Against the run's own evaluation and a plain computation."""

from __future__ import annotations

import numpy as np
import pytest

from lab.learning.losses import Hinge, SquaredError
from lab.learning.regularization import LayerPenalty, Regularization
from lab.network.layers import BatchNorm, Dense, Dropout
from lab.network.network import Network, Node
from lab.training.next_batch import NextBatch
from lab.training.surfaces import SurfaceProbe
from lab.training.survey.error import Chosen, ErrorOf, batch_gradient, error_of
from tests.training.problems import LINEAR_NEURON, SMALL_CNN, XOR_MLP
from tests.training.survey.looking import NEVER, edited, neuron, seen, walked

PENALTY = Regularization(l1=0.01, l2=0.3, layers=(LayerPenalty("output", l1=0.2, l2=0.0),))
ALL = 1 << 20


@pytest.mark.parametrize(
    ("experiment", "part"),
    [
        (XOR_MLP, "training"),
        (XOR_MLP, "validation"),
        (SMALL_CNN, "training"),
        (SMALL_CNN, "validation"),
        (LINEAR_NEURON, "training"),
    ],
)
def test_it_is_the_error_that_the_run_evaluates(experiment, part) -> None:
    run = walked(experiment, 7)
    found = run.evaluate(part)
    probe = SurfaceProbe(over=part, examples=ALL)
    assert error_of(probe, run.moment()).at(run.params[None], NEVER)[0] == pytest.approx(found.loss, rel=1e-6)
    if found.accuracy is not None:
        probe = SurfaceProbe(over=part, examples=ALL, height="accuracy")
        assert error_of(probe, run.moment()).at(run.params[None], NEVER)[0] == pytest.approx(found.accuracy)


def test_the_objective_has_what_regularisation_adds() -> None:
    run = walked(edited(XOR_MLP, regularization=PENALTY), 5)
    loss, objective = (
        error_of(SurfaceProbe(height=height), run.moment()).at(run.params[None], NEVER)[0]
        for height in ("loss", "objective")
    )
    named = {name: w.astype(float) for name, w in run.parameters.items()}
    hidden, output = named["hidden.weight"], named["output.weight"]
    added = 0.01 * np.abs(hidden).sum() + 0.15 * (hidden**2).sum() + 0.2 * np.abs(output).sum()
    assert objective - loss == pytest.approx(added, rel=1e-6)


def test_the_batch_is_the_one_that_training_takes_next() -> None:
    run = walked(XOR_MLP, 9)
    probe = SurfaceProbe(over="batch")
    before = error_of(probe, run.moment())
    height = before.at(run.params[None], NEVER)[0]
    np.testing.assert_array_equal(before.examples.indices, NextBatch(run.moment()).indices)
    run.advance(1)
    assert height == pytest.approx(run.curves().loss[-1], rel=1e-6)
    assert not np.array_equal(error_of(probe, run.moment()).examples.indices, before.examples.indices)


def test_one_case_is_that_case() -> None:
    run = walked(XOR_MLP, 9)
    heights = [
        error_of(SurfaceProbe(over="case", case=k), run.moment()).at(run.params[None], NEVER)[0]
        for k in range(10)
    ]
    ten = error_of(SurfaceProbe(examples=10), run.moment())
    assert ten.count == 10
    assert np.mean(heights) == pytest.approx(ten.at(run.params[None], NEVER)[0], rel=1e-6)
    beyond = error_of(SurfaceProbe(over="case", case=10**6), run.moment())
    assert beyond.examples.indices.tolist() == [len(run.prepared.training) - 1]


def test_what_there_is_not_is_said() -> None:
    run = walked(LINEAR_NEURON, 1)
    surface = seen(run, SurfaceProbe(over="validation", height="accuracy", resolution=3))
    assert "no validation examples" in surface.why
    assert "no classes" in surface.why
    assert surface.errors[0, 0] == seen(run, SurfaceProbe(resolution=3)).errors[0, 0]


@pytest.mark.parametrize("height", ["loss", "objective"])
@pytest.mark.parametrize("experiment", [XOR_MLP, SMALL_CNN, edited(XOR_MLP, loss=Hinge())])
def test_its_gradient_is_that_of_central_differences(experiment, height) -> None:
    run = walked(edited(experiment, regularization=Regularization(l2=0.1)), 4)
    error = error_of(SurfaceProbe(height=height, examples=60), run.moment())
    gradient = error.gradient(run.params, NEVER)
    rng = np.random.default_rng(1)
    for _ in range(4):
        d = rng.standard_normal(len(run.params)).astype(np.float32)
        d /= np.linalg.norm(d)
        h = 0.01
        high, low = error.at(np.stack([run.params + h * d, run.params - h * d]), NEVER)
        assert (high - low) / (2 * h) == pytest.approx(
            float(gradient @ d), rel=0.03, abs=0.003 * np.linalg.norm(gradient)
        )


def test_it_is_of_the_network_in_use() -> None:
    """With running statistics and nothing dropped; those statistics have no slope. The batch's own is of training."""
    network = Network(
        (
            Node("hidden", Dense(8)),
            Node("norm", BatchNorm()),
            Node("drop", Dropout(rate=0.5)),
            Node("output", Dense(1)),
        )
    )
    run = walked(edited(XOR_MLP, network=network), 6)
    error = error_of(SurfaceProbe(examples=ALL), run.moment())
    assert error.at(run.params[None], NEVER)[0] == pytest.approx(run.evaluate("training").loss, rel=1e-6)
    learned = sum(p.size for p in run.program.parameters if p.learned)
    assert learned < len(run.params)
    gradient, batch = error.gradient(run.params, NEVER), batch_gradient(run.moment(), None, NEVER)
    for found in (gradient, batch):
        assert not found[learned:].any()
        assert found[:learned].any()
    run.advance(1)
    np.testing.assert_array_equal(batch[:learned].astype(np.float32), run.internals().gradient[:learned])


def test_many_points_at_once_are_what_single_ones_are() -> None:
    """Examples are put in place once for many points: no row may write where they lie."""
    for experiment in (XOR_MLP, SMALL_CNN):
        run = walked(experiment, 3)
        error = error_of(SurfaceProbe(examples=300), run.moment())
        rng = np.random.default_rng(0)
        points = run.params + 0.1 * rng.standard_normal((70, len(run.params))).astype(np.float32)
        together = error.at(points, NEVER)
        np.testing.assert_array_equal(together, [error.at(p[None], NEVER)[0] for p in points])


def test_errors_added_up_stay_so() -> None:
    run = walked(neuron("portions"), 0)
    summed = error_of(SurfaceProbe(), run.moment()).at(run.params[None], NEVER)[0]
    mean = walked(edited(neuron("portions"), loss=SquaredError()), 0)
    assert summed == pytest.approx(
        5 * error_of(SurfaceProbe(), mean.moment()).at(mean.params[None], NEVER)[0]
    )


def test_what_is_not_finite_is_infinite() -> None:
    run = walked(LINEAR_NEURON, 0)
    error = ErrorOf(run.moment(), "training", "loss", Chosen(run.prepared.training, np.arange(2)))
    points = np.array([[np.nan, 1], [3e38, 3e38], [1, 1]], np.float32)
    assert error.at(points, NEVER).tolist() == [np.inf, np.inf, 0.0]


def test_it_can_be_broken_off() -> None:
    run = walked(SMALL_CNN, 0)
    error = error_of(SurfaceProbe(), run.moment())
    now = np.ones(1, np.int64)
    assert len(error.at(np.stack([run.params] * 3), now)) == 0
    assert error.gradient(run.params, now) is None
    assert batch_gradient(run.moment(), None, now) is None
