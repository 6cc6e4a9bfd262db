"""The bent grid: where a layer puts each place of the plane, by a plain twin in NumPy."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.data.datasets import Gaussians, Waves
from lab.experiment.experiment import Experiment
from lab.learning.losses import SquaredError
from lab.network.activations import Tanh
from lab.network.layers import Dense
from lab.network.network import Network, Node
from lab.training.bending import BentGridProbe
from lab.training.bent_grid import turn
from lab.training.readings import answer
from lab.training.run import Run
from tests.training.problems import SMALL_CNN, XOR_MLP


def through(run: Run, raw: np.ndarray) -> list[np.ndarray]:
    """Each layer's outputs [units, n] for raw places [n, 2]."""
    x, found = (raw - run.prepared.shift[:, 0, 0]) / run.prepared.scale[:, 0, 0], []
    x = x.T
    for node in run.experiment.network.nodes:
        W, b = (run.parameters[f"{node.name}.{p}"].astype(np.float64) for p in ("weight", "bias"))
        x = np.tanh(W @ x + b[:, None])
        found.append(x)
    return found


def widths(*units: int, data=XOR_MLP.data) -> Experiment:
    nodes = [Node(f"l{k}", Dense(units=n, activation=Tanh())) for k, n in enumerate((*units, 1))]
    return msgspec.structs.replace(XOR_MLP, data=data, network=Network(tuple(nodes)))


@pytest.fixture(scope="module")
def run() -> Run:
    run = Run(XOR_MLP)
    run.advance(200)
    return run


def test_along_two_units_it_is_what_they_say(run: Run) -> None:
    grid = answer(BentGridProbe("hidden", (5, 2)), run.moment())
    assert (grid.width, grid.units) == (8, (5, 2))
    for plane, bent in (grid.lines, grid.points):
        expected = through(run, plane.reshape(-1, 2))[0][[5, 2]].T
        np.testing.assert_allclose(bent.reshape(-1, 2), expected, atol=2e-6)
    plane = grid.lines[0]
    assert plane.shape == (42, 121, 2)
    assert (np.ptp(plane[:21, :, 0], axis=1) == 0).all()  # first those of one x
    assert (np.ptp(plane[21:, :, 1], axis=1) == 0).all()
    np.testing.assert_allclose(grid.points[0], run.prepared.training.raw[:, :, 0, 0])


def test_the_border_is_where_the_output_is_zero_and_is_moved_with_the_plane(run: Run) -> None:
    grid = answer(BentGridProbe("hidden", (0, 1)), run.moment())
    there = ~np.isnan(grid.border[0][:, 0])
    hidden, output = through(run, grid.border[0][there])
    assert np.abs(output).max() < 0.05
    np.testing.assert_allclose(grid.border[1][there], hidden[:2].T, atol=2e-6)


def test_the_main_directions_are_those_of_the_examples_and_lie_like_the_plane(run: Run) -> None:
    grid = answer(BentGridProbe("hidden"), run.moment())
    made = through(run, grid.points[0])[0]
    centred = made - made.mean(1, keepdims=True)
    lengths = np.linalg.svd(centred, compute_uv=False)
    assert grid.units is None
    assert grid.share == pytest.approx((lengths[:2] ** 2).sum() / (lengths**2).sum(), rel=1e-5)
    assert (grid.points[1] ** 2).sum() == pytest.approx((lengths[:2] ** 2).sum(), rel=1e-4)
    places = grid.points[0] - grid.points[0].mean(0)
    asis = np.trace(grid.points[1].T @ places)
    for angle in np.linspace(0, 2 * np.pi, 37):
        c, s = np.cos(angle), np.sin(angle)
        for other in (np.array([[c, -s], [s, c]]), np.array([[c, s], [s, -c]])):
            assert np.trace((grid.points[1] @ other).T @ places) <= asis + 1e-6


def test_two_units_need_no_choice_and_one_makes_a_line() -> None:
    run = Run(widths(2, 1))
    two, one = (answer(BentGridProbe(name), run.moment()) for name in ("l0", "l1"))
    assert (two.units, two.share) == ((0, 1), pytest.approx(1))
    assert one.width == 1
    assert (one.lines[1][..., 1] == 0).all()


def test_of_regression_there_is_no_border_and_of_pictures_no_grid() -> None:
    run = Run(widths(3, data=Waves(points=50)))
    grid = answer(BentGridProbe("l0"), run.moment())
    assert len(grid.border[0]) == len(grid.border[1]) == 0
    assert grid.labels is None
    assert grid.targets.shape == (len(run.prepared.training), 1)
    assert answer(BentGridProbe("conv"), Run(SMALL_CNN).moment()) is None
    assert answer(BentGridProbe("nowhere"), run.moment()) is None


def test_preprocessing_is_gone_through() -> None:
    e = widths(3, data=Gaussians(points=60))
    run = Run(msgspec.structs.replace(e, loss=SquaredError(low=-1, high=1)))
    grid = answer(BentGridProbe("l0", (0, 1)), run.moment())
    np.testing.assert_allclose(grid.points[1], through(run, grid.points[0])[0][:2].T, atol=2e-6)


@given(st.integers(0, 10**6), st.floats(0, 6.2), st.booleans())
def test_turning_finds_the_turn(seed: int, angle: float, mirrored: bool) -> None:
    places = np.random.default_rng(seed).normal(size=(2, 40))
    c, s = np.cos(angle), np.sin(angle)
    by = np.array([[c, -s], [s, c]]) @ np.diag([1, -1 if mirrored else 1])
    seen = by.T @ (places - places.mean(1, keepdims=True))
    np.testing.assert_allclose(turn(seen, places).T @ seen, places - places.mean(1, keepdims=True), atol=1e-9)
