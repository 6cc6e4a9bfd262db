"""Where a run has gone on a plane since its surface was looked at: as the plane itself projects it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.experiment.presets import preset
from lab.landscape.plane import Plane
from lab.training.run import Run
from lab.training.surfaces import SurfaceProbe
from lab.training.walks import MOST, Trodden, walks_of
from tests.training.problems import LINEAR_NEURON, XOR_MLP
from tests.training.survey.looking import seen, walked

PROBE = SurfaceProbe(plane="random", resolution=9)


def test_it_goes_on_from_where_the_surface_saw_the_run() -> None:
    run = walked(XOR_MLP, 100)
    surface = seen(run, PROBE)
    assert surface.plane is not None
    run.advance(300)
    (walk,) = walks_of(run, 1, [surface, surface], Trodden())
    assert walk.plane is surface.plane
    assert walk.steps[0] > 100
    assert walk.steps[-1] == 400
    assert len(walk.steps) <= MOST + 1
    steps, vectors = run.path.points(run.step)
    by_step = {**dict(zip(steps.tolist(), vectors, strict=True)), 400: run.params}
    wanted, _ = surface.plane.project([by_step[step] for step in walk.steps.tolist()])
    np.testing.assert_allclose(walk.points, wanted, rtol=1e-4, atol=1e-5)


def test_a_run_that_went_back_is_where_it_stands() -> None:
    run = walked(XOR_MLP, 100)
    surface = seen(run, PROBE)
    run.go_to(40)
    (walk,) = walks_of(run, 1, [surface], Trodden())
    assert walk.steps.tolist() == [40]
    np.testing.assert_allclose(walk.points, surface.plane.project([run.params])[0], rtol=1e-4, atol=1e-5)


def test_two_weights_need_no_surface() -> None:
    run = walked(LINEAR_NEURON, 30)
    assert run.program.parameter_count == 2
    (walk,) = walks_of(run, 1, [], Trodden())
    assert walk.plane is None
    assert walk.points[-1].tolist() == run.params.tolist()
    assert len(walk.steps) == 32


def test_other_networks_and_very_large_ones_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    surface = seen(walked(XOR_MLP, 5), PROBE)
    assert not walks_of(Run(preset("spiral")), 1, [surface], Trodden())
    monkeypatch.setattr("lab.training.walks.NUMBERS", 5)
    assert not walks_of(walked(XOR_MLP, 9), 1, [surface], Trodden())


@given(st.integers(0, 10_000), st.integers(2, 60), st.booleans())
def test_places_are_those_of_the_projection(seed: int, size: int, line: bool) -> None:
    rng = np.random.default_rng(seed)
    origin, d1, d2 = rng.normal(size=(3, size)).astype(np.float32)
    plane = Plane(origin, d1, d2 * (not line), ("a", "b"))
    points = list((origin + rng.normal(size=(4, size))).astype(np.float32))
    wanted, _ = plane.project(points)
    np.testing.assert_allclose(plane.places(points), wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())
    assert plane.places([]).shape == (0, 2)
