"""Surfaces that are given by a formula: framed around what is worth seeing, true, and all facts of them exact."""

from __future__ import annotations

import numpy as np
import pytest

from lab.data.datasets import Tilts
from lab.experiment.of_layer import with_network
from lab.experiment.presets import preset
from lab.learning.optimizers import SGD
from lab.learning.regularization import Regularization
from lab.network.formula.facts import curvature
from lab.network.formula.jets import jet, value
from lab.network.formula.known import KNOWN
from lab.network.formula.reading import read
from lab.network.layers import Formula
from lab.network.network import Network, Node
from lab.training.next_batch import NextBatch
from lab.training.run import Run
from lab.training.surfaces import SurfaceProbe
from tests.training.survey.looking import compass, edited, seen, walked

PROBE = SurfaceProbe(resolution=21)


def on(text: str, x: float, y: float, **others):
    e = with_network(preset("ravine"), Network((Node("f", Formula(text, x, y)),)))
    return edited(e, optimizer=SGD(rate=0.01), **others)


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_surface_is_seen_with_its_start_and_its_minima(name) -> None:
    one = KNOWN[name]
    for steps in (0, 5):
        surface = seen(walked(preset(name), steps), PROBE)
        (low_x, high_x), (low_y, high_y) = one.frame
        assert surface.x[0] <= low_x + 1e-9
        assert surface.x[-1] >= high_x - 1e-9
        assert surface.y[0] <= low_y + 1e-9
        assert surface.y[-1] >= high_y - 1e-9
        assert surface.x[-1] - surface.x[0] <= 2 * (high_x - low_x)
        assert surface.axes == ("x", "y")
        wanted = value(one.tree, *np.meshgrid(surface.x, surface.y))
        np.testing.assert_allclose(surface.errors, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())
        assert surface.minimum in [pytest.approx(spot, abs=1e-6) for spot in one.minima]


def test_another_surface_is_framed_about_its_start_and_the_minimum_below() -> None:
    surface = seen(Run(on("(x - 3)^2 + 4*(y + 1)^4 + y", 2.0, 0.5)), PROBE)
    assert surface.minimum == pytest.approx((3, -1 - 0.0625 ** (1 / 3)), abs=1e-6)
    for x, y in (surface.minimum, (2.0, 0.5)):
        assert surface.x[0] < x < surface.x[-1]
        assert surface.y[0] < y < surface.y[-1]
    endless = seen(Run(on("x + 2*y", 0.0, 0.0)), PROBE)
    assert endless.minimum is None
    assert np.isfinite(endless.errors).all()


def test_the_compass_is_exact() -> None:
    run = walked(edited(preset("rosenbrock"), optimizer=SGD(rate=0.001)), 30)
    found, here = compass(run, PROBE), run.params.astype(float)
    wanted = curvature(KNOWN["rosenbrock"].tree, *here)
    assert found.exact
    np.testing.assert_allclose(found.eigenvalues, wanted.eigenvalues, rtol=1e-9)
    assert found.condition == pytest.approx(wanted.condition, rel=1e-9, nan_ok=True)
    assert found.largest_rate == pytest.approx(wanted.largest_rate, rel=1e-9)
    np.testing.assert_allclose(found.arrows["descent"].shadow, -wanted.gradient, rtol=1e-6)
    np.testing.assert_allclose(found.arrows["minimum"].shadow, 1 - here, rtol=1e-6)
    assert found.step_to_contour == pytest.approx(90, abs=0.1)  # A2
    away = 1 - here
    turn = np.degrees(
        np.arccos(-wanted.gradient @ away / np.linalg.norm(wanted.gradient) / np.linalg.norm(away))
    )
    assert found.descent_to_minimum == pytest.approx(turn, abs=1e-3)  # A5


def test_of_a_saddle_no_condition_is_said() -> None:
    found = compass(Run(on("x^2 - y^2", 0.5, 0.5)), PROBE)
    assert found.eigenvalues == pytest.approx((2, -2))
    assert np.isnan(found.condition)
    assert "minimum" not in found.arrows
    level = compass(Run(on("x^4 + y^2", 0.0, 1.0)), PROBE)
    assert np.isnan(level.condition)


@pytest.mark.parametrize("over", ["batch", "case"])
def test_the_surface_of_a_batch_is_tilted(over) -> None:
    e = on("x^2 + y^2", 1.0, 2.0, data=Tilts(cases=20, noise=3.0), batch_size=5)
    run = walked(e, 1)
    surface = seen(run, SurfaceProbe(resolution=11, over=over))
    # x² + n x is lowest at −n / 2
    moment = run.moment()
    rows = NextBatch(moment).indices if over == "batch" else np.array([0])
    n = moment.prepared.training.inputs[rows].reshape(-1, 2).mean(0, dtype=float)
    assert surface.minimum == pytest.approx(tuple(-n / 2), abs=1e-6)
    wanted = value(read("x^2 + y^2"), *np.meshgrid(surface.x, surface.y))
    x, y = np.meshgrid(surface.x, surface.y)
    np.testing.assert_allclose(surface.errors, wanted + n[0] * x + n[1] * y, rtol=1e-4, atol=1e-4)


def test_of_all_cases_it_is_the_formula_itself() -> None:
    run = walked(preset("noisy-ravine"), 10)
    surface = seen(run, PROBE)
    assert surface.examples == 64
    assert surface.minimum == pytest.approx((0, 0), abs=1e-9)
    found = compass(run, PROBE)
    assert found.condition == pytest.approx(100, rel=1e-6)
    assert -1 <= found.batch_cosine < 1


def test_with_a_penalty_the_objective_has_another_minimum() -> None:
    e = on("(x - 1)^2 + (y + 2)^2", 0.0, 0.0, regularization=Regularization(l2=2.0))
    assert seen(Run(e), PROBE).minimum == pytest.approx((1, -2), abs=1e-6)
    objective = SurfaceProbe(resolution=11, height="objective")
    assert seen(Run(e), objective).minimum == pytest.approx((0.5, -1), abs=1e-6)
    wanted = jet(read("(x - 1)^2 + (y + 2)^2 + x^2 + y^2"), 0, 0)
    np.testing.assert_allclose(
        compass(Run(e), objective).arrows["descent"].shadow, -wanted.gradient, rtol=1e-5
    )


def test_other_formulas_do_not_share_a_surface() -> None:
    run = Run(on("x^2 + y^2", 1.0, 1.0))
    first = seen(run, PROBE)
    run.edit(on("x^2 + 5*y^2", 1.0, 1.0))
    other = seen(run, PROBE)
    assert other.errors.max() > first.errors.max()
