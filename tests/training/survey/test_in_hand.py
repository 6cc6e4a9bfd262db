"""What optimizers keep of two weights: the numbers that the update itself was made with."""

from __future__ import annotations

import numpy as np
import pytest

from lab.experiment.presets import preset
from lab.landscape.plane import weights_plane
from lab.learning.optimizers import SGD, Adagrad, Adam, Momentum, RMSprop
from lab.training.surfaces import SurfaceProbe
from lab.training.survey.in_hand import scales
from tests.training.problems import XOR_MLP
from tests.training.survey.looking import as_other, compass, edited, seen, walked, with_others

RAVINE = preset("ravine")
PROBE = SurfaceProbe(resolution=9)


def on_ravine(optimizer, steps: int = 7):
    return walked(edited(RAVINE, optimizer=optimizer), steps)


def test_rmsprop_divides_by_the_root_of_what_it_shows() -> None:
    run = on_ravine(RMSprop(rate=0.01))
    found = compass(run, PROBE).scales
    inside = run.internals()
    assert found["running square"] == pytest.approx(np.sqrt(inside.slots[0]))
    moved = -np.array(found["step size"]) * inside.gradient
    np.testing.assert_allclose(moved, inside.last_update, rtol=1e-3)


@pytest.mark.parametrize(
    ("optimizer", "kept"),
    [
        (SGD(rate=0.01), {"step size"}),
        (Momentum(rate=0.01), {"step size"}),
        (Adam(rate=0.01), {"step size", "running square"}),
        (Adagrad(rate=0.1), {"step size", "running square"}),
    ],
)
def test_each_optimizer_shows_what_it_has(optimizer, kept) -> None:
    found = compass(on_ravine(optimizer), PROBE).scales
    assert set(found) == kept
    if len(kept) == 1:
        assert found["step size"] == pytest.approx((optimizer.rate, optimizer.rate))


def test_nothing_is_kept_before_the_first_update_or_on_oblique_planes() -> None:
    assert compass(on_ravine(RMSprop(rate=0.01), 0), PROBE).scales == {}
    run = walked(edited(XOR_MLP, optimizer=Adam(rate=0.01)), 5)
    assert compass(run, SurfaceProbe(plane="random", resolution=9)).scales == {}


def test_of_a_larger_network_those_of_the_two_weights() -> None:
    run = walked(edited(XOR_MLP, optimizer=Adam(rate=0.01)), 5)
    inside = run.internals()
    found = scales(inside, weights_plane(run.params, 4, 1, ("a", "b")))
    assert found["running square"] == pytest.approx(np.sqrt(inside.slots[1][[4, 1]]))
    flat = np.concatenate([v["step size"].ravel() for v in inside.named().values()])
    assert found["step size"] == pytest.approx(flat[[4, 1]])


def test_other_runs_have_theirs_and_their_velocities() -> None:
    first, second = on_ravine(SGD(rate=0.01)), on_ravine(Momentum(rate=0.01))
    (other,) = seen(with_others(first, as_other(second)), PROBE).others
    assert set(other.arrows) == {"step", "descent", "velocity"}
    assert set(other.scales) == {"step size"}
