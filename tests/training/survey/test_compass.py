"""Directions and numbers where the run stands: A2 to A5, and twins in float64."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab.data.datasets import LinearCloud
from lab.learning.losses import SquaredError
from lab.learning.optimizers import SGD, Adam, Momentum
from lab.learning.regularization import Regularization
from lab.training.run import Run
from lab.training.surfaces import SurfaceProbe
from lab.training.survey import Surveyor
from tests.training.problems import LINEAR_NEURON, SMALL_CNN, XOR_MLP
from tests.training.survey.looking import (
    NEVER,
    as_other,
    compass,
    edited,
    neuron,
    seen,
    walked,
    with_others,
)

PROBE = SurfaceProbe(resolution=3)
CLOUD = edited(LINEAR_NEURON, data=LinearCloud(points=60), optimizer=SGD(rate=0.01), batch_size=1000)


def angle_between(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))


def forward(named: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    hidden = np.tanh(x @ named["hidden.weight"].T + named["hidden.bias"])
    return np.tanh(hidden @ named["output.weight"].T + named["output.bias"])


def twin(run: Run, examples: int) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian of the XOR network's error, by central differences in float64."""
    part = run.prepared.training
    x = part.inputs[:examples].reshape(examples, -1).astype(float)
    t = np.where(part.labels[:examples] == 1, 1.0, -1.0)[:, None]

    def error(w: np.ndarray) -> float:
        return 0.5 * float(((forward(run.program.split(w), x) - t) ** 2).sum()) / examples

    w, h = run.params.astype(float), 1e-4
    moves = h * np.eye(len(w))
    gradient = np.array([(error(w + m) - error(w - m)) / (2 * h) for m in moves])
    H = np.empty((len(w), len(w)))
    for i, a in enumerate(moves):
        for j, b in enumerate(moves[: i + 1]):
            four = error(w + a + b) - error(w + a - b) - error(w - a + b) + error(w - a - b)
            H[i, j] = H[j, i] = four / (4 * h * h)
    return gradient, H


@pytest.mark.parametrize("steps", [1, 5, 20])
@pytest.mark.parametrize("experiment", [CLOUD, neuron("unscaled", optimizer=SGD(rate=0.009))])
def test_batch_descent_is_at_right_angles_to_the_contour(experiment, steps) -> None:
    """A2."""
    found = compass(walked(experiment, steps), PROBE)
    assert found.step_to_contour == pytest.approx(90, abs=0.1)


def test_online_steps_go_towards_the_line_of_their_case() -> None:
    """A3: the step of one case is at right angles to its line, and the line is where its error is 0."""
    run = walked(edited(CLOUD, batch_size=1), 7)
    surface = seen(run, PROBE)
    a, b, c = surface.compass.constraint
    before = run.params.astype(float)
    run.advance(1)
    step = run.params - before
    assert abs(step @ np.array([-b, a])) < 1e-4 * np.linalg.norm(step) * np.hypot(a, b)
    assert (c - np.array([a, b]) @ before) * (step @ np.array([a, b])) > 0, "and towards the line"
    one = seen(run, SurfaceProbe(over="case", case=0, resolution=3))
    a, b, c = one.compass.constraint
    x, t = run.prepared.training.inputs[0].ravel(), run.prepared.training.targets[0, 0]
    assert (a, b, c) == pytest.approx((*x.tolist(), float(t)))
    assert compass(walked(CLOUD, 2), PROBE).constraint is None, "a batch has no line"


def test_a_batch_pulls_almost_where_all_examples_pull() -> None:
    """A4."""
    run = walked(edited(CLOUD, batch_size=20), 3)
    found = compass(run, PROBE)
    part, w = run.prepared.training, run.params.astype(float)
    X, t = part.inputs.reshape(len(part), -1).astype(float), part.targets[:, 0]
    full = X.T @ (X @ w - t)
    run.advance(1)
    batch = run.internals().gradient.astype(float)
    assert found.batch_cosine == pytest.approx(full @ batch / np.linalg.norm(full) / np.linalg.norm(batch))
    assert found.arrows["batch descent"].shadow == pytest.approx(tuple(-batch), rel=1e-5)
    assert found.arrows["descent"].shadow == pytest.approx(tuple(-full), rel=1e-5)
    assert compass(walked(CLOUD, 3), PROBE).batch_cosine == pytest.approx(1, abs=1e-6)


def test_the_full_gradient_is_that_of_all_examples() -> None:
    """However few the surface is over."""
    run = walked(edited(XOR_MLP, batch_size=10**4), 3)
    assert compass(run, SurfaceProbe(resolution=3, examples=20)).batch_cosine == pytest.approx(1, abs=1e-6)


def test_steepest_descent_misses_the_minimum() -> None:
    """A5, in two weights and in three."""
    for experiment in (CLOUD, neuron("portions", optimizer=SGD(rate=1e-3), batch_size=5)):
        run = walked(experiment, 2)
        found = compass(run, SurfaceProbe("weights", 0, 1, resolution=3))
        part, w = run.prepared.training, run.params.astype(float)
        X, t = part.inputs.reshape(len(part), -1).astype(float), part.targets[:, 0].astype(float)
        way = np.linalg.lstsq(X, t, rcond=None)[0] - w
        expected = angle_between(-X.T @ (X @ w - t), way)
        assert found.descent_to_minimum == pytest.approx(expected, abs=1e-3)
        assert expected > 5
    circle = compass(walked(neuron("shifted"), 1), PROBE)
    assert circle.descent_to_minimum == pytest.approx(0, abs=1e-3)


def test_of_a_network_slopes_and_curvature_are_those_of_a_twin() -> None:
    run = walked(XOR_MLP, 60)
    gradient, H = twin(run, 80)
    for plane in ("path", "random", "weights"):
        probe = SurfaceProbe(plane, 3, 17, resolution=3, examples=80)
        moment = run.moment(internals=True)
        surveyor = Surveyor()
        surface = surveyor.look(probe, moment, np.inf, NEVER)
        frame = surveyor.framed[0].frame
        B = frame.plane.basis
        descent = surface.compass.arrows["descent"]
        assert descent.length == pytest.approx(np.linalg.norm(gradient), rel=1e-4)
        shadow = np.linalg.lstsq(B.T, -gradient, rcond=None)[0]
        assert descent.shadow == pytest.approx(tuple(shadow), rel=1e-3, abs=1e-4 * np.linalg.norm(gradient))
        # in an orthonormal basis of the same plane
        Q, R = np.linalg.qr(B.T)
        values, vectors = np.linalg.eigh(Q.T @ H @ Q)
        scale = np.abs(values).max()
        assert surface.compass.eigenvalues == pytest.approx(tuple(values[::-1]), abs=5e-3 * scale)
        first = R @ surface.compass.eigenvectors[0]
        assert np.linalg.norm(first) == pytest.approx(1, rel=1e-6), "of length 1 in weight space"
        assert abs(first @ vectors[:, 1]) == pytest.approx(1, abs=1e-2)
        assert surface.compass.largest_rate == pytest.approx(2 / values[1], rel=1e-2)
        assert not surface.compass.exact


def test_what_is_drawn_of_an_arrow_is_its_share_of_the_whole() -> None:
    found = compass(walked(SMALL_CNN, 12), SurfaceProbe("random", resolution=3))
    for arrow in found.arrows.values():
        assert 0 <= arrow.share < 0.5
    whole = compass(walked(CLOUD, 2), PROBE)
    for arrow in whole.arrows.values():
        assert arrow.share == pytest.approx(1)
        assert np.hypot(*arrow.shadow) == pytest.approx(arrow.length)


@pytest.mark.parametrize("velocity_of", ["weights", "gradients"])
def test_step_and_velocity_are_the_runs(velocity_of) -> None:
    run = walked(edited(CLOUD, optimizer=Momentum(rate=0.001, velocity_of=velocity_of)), 5)
    found = compass(run, PROBE)
    step = run.last_update.astype(float)
    assert found.arrows["step"].shadow == pytest.approx(tuple(step), rel=1e-5)
    assert found.arrows["velocity"].shadow == pytest.approx(tuple(step), rel=1e-3)


def test_what_is_not_there_is_left_out() -> None:
    start = compass(Run(CLOUD), PROBE)
    assert set(start.arrows) == {"descent", "batch descent", "minimum"}
    assert np.isnan(start.step_to_contour)
    assert "velocity" not in compass(walked(edited(CLOUD, optimizer=Adam()), 2), PROBE).arrows
    accuracy = compass(walked(XOR_MLP, 5), SurfaceProbe(height="accuracy", resolution=3))
    assert "descent" not in accuracy.arrows
    assert np.isnan(accuracy.eigenvalues).all()
    assert np.isnan(accuracy.step_to_contour)
    assert "step" in accuracy.arrows


def test_at_the_minimum_nothing_has_a_direction() -> None:
    run = walked(neuron("shifted", optimizer=SGD(rate=0.3)), 300)
    found = compass(run, PROBE)
    assert np.isnan(found.step_to_contour)
    assert found.arrows["minimum"].length < 1e-6 if "minimum" in found.arrows else True


def test_with_a_penalty_the_objective_is_meant() -> None:
    penalised = edited(CLOUD, regularization=Regularization(l2=30.0), loss=SquaredError())
    run = walked(penalised, 4)
    part = run.prepared.training
    X, t = part.inputs.reshape(len(part), -1).astype(float), part.targets[:, 0].astype(float)
    H = X.T @ X / len(X) + 30 * np.eye(2)
    probe = replace(PROBE, height="objective")
    surface = seen(run, probe)
    assert surface.compass.eigenvalues == pytest.approx(np.linalg.eigvalsh(H)[::-1])
    assert surface.minimum == pytest.approx(np.linalg.solve(H, X.T @ t / len(X)), rel=1e-6)
    assert surface.compass.step_to_contour == pytest.approx(90, abs=0.1), "steps go down the objective"
    assert compass(run, PROBE).exact
    rough = edited(penalised, regularization=Regularization(l1=1.0))
    assert not compass(walked(rough, 3), probe).exact


def test_other_runs_have_arrows_too() -> None:
    a, b = walked(CLOUD, 3), walked(edited(CLOUD, optimizer=SGD(rate=0.02)), 3)
    (other,) = seen(with_others(a, as_other(b)), PROBE).others
    own = compass(b, PROBE)
    assert other.arrows["step"].shadow == pytest.approx(own.arrows["step"].shadow)
    assert other.arrows["descent"].shadow == pytest.approx(own.arrows["descent"].shadow)


def test_on_a_line_there_is_one_curvature() -> None:
    run = walked(CLOUD, 3)
    X = run.prepared.training.inputs.reshape(-1, 2).astype(float)
    found = compass(run, SurfaceProbe("weights", 1, line=True, resolution=3))
    assert found.eigenvalues[0] == pytest.approx((X[:, 1] ** 2).sum())
    assert np.isnan(found.eigenvalues[1])
    assert found.arrows["descent"].shadow[1] == 0
