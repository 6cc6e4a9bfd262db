"""Which plane is chosen, how it is framed, and for how long it serves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab.learning.optimizers import SGD
from lab.network.layers import Conv2D, Dense
from lab.training.run import Run
from lab.training.surfaces import SurfaceProbe
from lab.training.survey import Surveyor
from lab.training.survey.anchors import weights_at
from lab.training.survey.framing import Frame
from tests.training.problems import SMALL_CNN, XOR_MLP, with_rate
from tests.training.survey.looking import (
    NEVER,
    as_other,
    edited,
    neuron,
    seen,
    walked,
    with_others,
)
from tests.training.survey.test_compass import CLOUD, twin

PLANES = ("path", "random", "weights", "gradient", "curvature", "moments")


def frame_of(run: Run, probe: SurfaceProbe) -> Frame:
    surveyor = Surveyor()
    seen(run, probe, surveyor)
    (framed,) = surveyor.framed
    return framed.frame


def probe_of(plane: str, steps: int, **more: object) -> SurfaceProbe:
    return SurfaceProbe(plane, resolution=9, anchors=((1, 0), (1, steps)), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("experiment", [XOR_MLP, SMALL_CNN, neuron("portions", optimizer=SGD(rate=1e-3))])
@pytest.mark.parametrize("plane", PLANES)
def test_every_plane_and_line_is_there_and_true(experiment, plane) -> None:
    run = walked(experiment, 20)
    surface = seen(run, probe_of(plane, 20))
    assert surface.complete
    assert surface.errors.shape == (9, 9)
    assert np.isfinite(surface.errors).all()
    assert all(surface.axes)
    line = seen(run, probe_of(plane, 20, line=True))
    assert line.complete
    assert (line.y.tolist(), line.errors.shape, line.axes[1]) == ([0], (1, 9), "")
    assert not line.path[:, 1].any()
    plane_of_line = frame_of(run, probe_of(plane, 20, line=True)).plane
    points = plane_of_line.points(line.x, 0.0)
    frame = frame_of(run, probe_of(plane, 20))
    np.testing.assert_allclose(frame.error.at(points, NEVER), line.errors[0], rtol=1e-6)
    for point, error in zip(
        frame.plane.points(surface.x, surface.y[3]), surface.errors[3].tolist(), strict=True
    ):
        assert frame.error.at(point[None], NEVER)[0] == error


def test_down_the_gradient_and_conjugate_to_it() -> None:
    run = walked(XOR_MLP, 60)
    gradient, H = twin(run, 80)
    frame = frame_of(run, SurfaceProbe("gradient", resolution=5, examples=80))
    d1, d2 = frame.plane.basis
    np.testing.assert_allclose(d1, -gradient / np.linalg.norm(gradient), atol=1e-3)
    assert np.linalg.norm(d2) == pytest.approx(1, rel=1e-5)
    assert abs(d1 @ H @ d2) < 5e-3 * np.linalg.norm(H, 2)
    assert frame.holds(np.zeros(1), np.zeros(1))


def test_on_a_quadratic_its_minimum_is_two_line_searches_away() -> None:
    run = walked(neuron("portions", optimizer=SGD(rate=1e-3)), 2)
    surface = seen(run, SurfaceProbe("gradient", resolution=9))
    assert surface.axes == ("down the gradient", "conjugate direction")
    X = run.prepared.training.inputs.reshape(5, 3).astype(float)
    t, w = run.prepared.training.targets[:, 0], run.params.astype(float)
    g, H = X.T @ (X @ w - t), X.T @ X
    first = np.linalg.norm(g) ** 3 / (g @ H @ g)
    assert surface.minimum[0] == pytest.approx(first, rel=1e-3)
    assert surface.minimum[1] > 0
    assert surface.x[0] < 0 < surface.minimum[0] < surface.x[-1]
    assert surface.minimum[1] < surface.y[-1]


def test_the_largest_curvature_is_that_of_the_whole_hessian() -> None:
    run = walked(XOR_MLP, 60)
    _, H = twin(run, 80)
    values, vectors = np.linalg.eigh(H)
    frame = frame_of(run, SurfaceProbe("curvature", resolution=5, examples=80))
    for k, d in enumerate(frame.plane.basis, 1):
        assert d @ H @ d == pytest.approx(values[-k], rel=0.01)
        assert abs(d @ vectors[:, -k]) > 0.99
    assert f"λ = {values[-1]:.2f}" in frame.plane.axes[0]
    assert not frame.choice.why


def test_what_takes_long_is_done_in_slices() -> None:
    """A search that is broken off goes on at the next look, for the moment that it began at."""
    run = walked(SMALL_CNN, 10)
    probe, surveyor = SurfaceProbe("curvature", resolution=5), Surveyor()
    first = seen(run, probe, surveyor, seconds=0.0)
    assert not first.complete
    assert first.why
    assert np.isnan(first.errors).all()
    began = run.params.copy()
    run.advance(1)
    looks = 1
    while not (found := seen(run, probe, surveyor, seconds=0.0)).path.size:
        looks += 1
        assert looks < 2000
    assert looks > 2
    (framed,) = surveyor.framed
    np.testing.assert_array_equal(framed.frame.plane.origin, began)
    assert found.chosen_at == 10
    assert found.path_steps[-1] == 11


def test_while_a_new_plane_is_looked_for_the_old_one_is_shown() -> None:
    run = walked(XOR_MLP, 5)
    probe, surveyor = SurfaceProbe("curvature", resolution=5), Surveyor()
    before = seen(run, probe, surveyor)
    run.advance(3000)
    meanwhile = seen(run, probe, surveyor, seconds=0.0)
    assert meanwhile.axes == before.axes
    assert meanwhile.path_steps[-1] == 3005
    assert seen(run, probe, surveyor).axes != before.axes


def test_a_search_can_be_broken_off_for_good() -> None:
    run, now = walked(SMALL_CNN, 4), np.ones(1, np.int64)
    for plane in PLANES:
        surveyor = Surveyor()
        surface = surveyor.look(probe_of(plane, 4), run.moment(), np.inf, now)
        assert np.isnan(surface.errors).all()
        assert not surface.complete
        assert seen(run, probe_of(plane, 4), surveyor).complete


def test_through_moments_of_several_runs() -> None:
    a, b = walked(with_rate(XOR_MLP, 0.02), 40), walked(with_rate(XOR_MLP, 0.2), 40)
    moment = with_others(a, as_other(b))
    probe = SurfaceProbe("moments", resolution=5, anchors=((1, 0), (1, 40), (2, 40)))
    surface = seen(moment, probe)
    assert "run A, step 0 → run A, step 40" in surface.axes[0]
    assert "run B, step 40" in surface.axes[1]
    np.testing.assert_allclose(surface.path[[0, -1]], [[0, 0], [1, 0]], atol=1e-5)
    assert surface.path_distances[-1] < 1e-4
    assert surface.others[0].path_distances[-1] < 1e-4
    inside = (surface.x[0], surface.x[-1], surface.y[0], surface.y[-1])
    x, y = surface.others[0].path[-1]
    assert inside[0] < x < inside[1]
    assert inside[2] < y < inside[3]
    line = seen(moment, replace(probe, line=True, resolution=81))
    at = int(np.argmin(np.abs(line.x)))
    assert abs(line.x[at]) < 0.05
    assert line.errors[0, at] == pytest.approx(line.path_errors[0], rel=0.05)


def test_a_moment_that_is_not_kept_is_the_nearest_one_unless_it_is_carried_along() -> None:
    run = walked(XOR_MLP, 2000)
    moment = run.moment()
    kept = moment.path_steps.tolist()
    step = next(s for s in range(1500, 2000) if s not in kept)
    probe = SurfaceProbe("moments", resolution=3, anchors=((1, 0), (1, step)))
    nearest = seen(run, probe)
    assert f"step {step:,} is not" in nearest.why
    assert f"step {step:,}" not in nearest.axes[0]
    run.go_to(step)
    vector = weights_at(run, step)
    run.go_to(2000)
    assert vector is not None
    exact = replace(run.moment(), anchors={(1, step): vector})
    surface = seen(exact, probe)
    assert not surface.why
    assert f"step {step:,}" in surface.axes[0]


def test_moments_that_are_not_there_are_named() -> None:
    run = walked(XOR_MLP, 20)
    for anchors in ((), ((1, 3),), ((1, 3), (1, 3)), ((1, 0), (9, 4))):
        surface = seen(run, SurfaceProbe("moments", resolution=3, anchors=anchors))
        assert "two moments" in surface.why
        assert ("run 9" in surface.why) == ((9, 4) in anchors)
        assert surface.complete


def test_weights_that_a_run_holds_are_had_exactly() -> None:
    run = walked(XOR_MLP, 300)
    for step in (0, 17, 300):
        held = weights_at(run, step)
        run.go_to(step)
        np.testing.assert_array_equal(held, run.params)
        run.go_to(300)
    assert weights_at(run, 10**6) is None


def test_what_is_shown_does_not_move_the_plane() -> None:
    run = walked(XOR_MLP, 30)
    for plane in PLANES:
        surveyor = Surveyor()
        probe = probe_of(plane, 30)
        shown = [
            seen(run, replace(probe, over=over, case=case, height=height), surveyor)
            for over, case, height in (
                ("training", 0, "loss"),
                ("batch", 0, "loss"),
                ("case", 4, "objective"),
                ("validation", 0, "accuracy"),
            )
        ]
        for other in shown[1:]:
            assert other.axes == shown[0].axes
            np.testing.assert_array_equal(other.x, shown[0].x)
            np.testing.assert_allclose(other.path, shown[0].path, atol=1e-12)
            assert not np.array_equal(other.errors, shown[0].errors)
        again = seen(run, replace(probe, over="batch"), Surveyor())
        np.testing.assert_array_equal(again.errors, shown[1].errors), "whatever was asked for first"


def test_what_is_pinned_stays() -> None:
    run, surveyor = walked(XOR_MLP, 30), Surveyor()
    probe = SurfaceProbe(resolution=5)
    before = seen(run, probe, surveyor)
    pinned = replace(probe, pinned=True)
    np.testing.assert_array_equal(seen(run, pinned, surveyor).x, before.x)
    run.advance(4000)
    stays, follows = seen(run, pinned, surveyor), seen(run, probe, surveyor)
    np.testing.assert_array_equal(stays.errors, before.errors)
    assert stays.axes == before.axes
    assert (stays.chosen_at, follows.chosen_at) == (30, 4030)
    assert follows.axes != before.axes
    run.edit(edited(XOR_MLP, network=SMALL_CNN.network, data=SMALL_CNN.data, loss=SMALL_CNN.loss))
    assert seen(run, pinned, surveyor).axes != before.axes, "no plane survives another network"


def test_random_directions_are_drawn_by_the_seed() -> None:
    run = walked(XOR_MLP, 5)
    own, same, other = (
        frame_of(run, SurfaceProbe("random", resolution=3, seed=seed)).plane for seed in (0, XOR_MLP.seed, 77)
    )
    np.testing.assert_array_equal(own.d1, same.d1)
    assert not np.allclose(own.d1, other.d1)
    biases = slice(run.program.offsets["hidden.bias"], run.program.offsets["hidden.bias"] + 8)
    assert not own.d1[biases].any()
    moved = frame_of(run, SurfaceProbe("random", resolution=3, set_aside=False)).plane
    assert np.linalg.norm(moved.d1[biases]) == pytest.approx(np.linalg.norm(run.params[biases]), rel=1e-5)


def test_a_filter_with_few_connections_is_one_filter() -> None:
    network = edited(
        SMALL_CNN.network,
        nodes=(
            SMALL_CNN.network.nodes[0],
            edited(
                SMALL_CNN.network.nodes[0],
                name="second",
                layer=Conv2D(2, 3, connections=((0, 1), (1, 2, 3))),
            ),
            *SMALL_CNN.network.nodes[2:],
        ),
    )
    run = walked(edited(SMALL_CNN, network=network), 1)
    d1 = frame_of(run, SurfaceProbe("random", resolution=3, examples=8)).plane.d1
    own, drawn = (run.program.split(v)["second.weight"] for v in (run.params, d1))
    for links in (slice(0, 2), slice(2, 5)):
        assert np.linalg.norm(drawn[links]) == pytest.approx(np.linalg.norm(own[links]), rel=1e-5)
    assert np.linalg.norm(drawn[0]) != pytest.approx(np.linalg.norm(own[0]), rel=1e-3)


def test_a_run_that_diverges_leaves_the_picture_and_it_is_said() -> None:
    good, bad = walked(CLOUD, 12), walked(edited(CLOUD, optimizer=SGD(rate=0.5)), 12)
    surface = seen(with_others(good, as_other(bad)), SurfaceProbe(resolution=9))
    alone = seen(good, SurfaceProbe(resolution=9))
    assert "run B has left the picture" in surface.why
    assert np.ptp(surface.x) == pytest.approx(np.ptp(alone.x))
    own = seen(bad, SurfaceProbe(resolution=9))
    assert "run A has left" in own.why
    assert np.ptp(own.x) < 1e3
    assert np.abs(own.path).max() > 1e3


def test_far_goals_are_not_taken_for_divergence() -> None:
    """Prices of 150 from a start near 0."""
    run = walked(neuron("portions", optimizer=SGD(rate=0.01)), 400)
    surface = seen(run, SurfaceProbe("weights", 0, 1, resolution=9))
    assert "left" not in surface.why
    assert surface.x[0] < run.params[0] < surface.x[-1]
    assert run.params[0] > 100


def test_at_a_standstill_there_is_something_to_see() -> None:
    """No path, no slope, no weights: whatever is asked for, there is a picture, and a word why it is another one."""
    layer = edited(XOR_MLP.network.nodes[1], layer=Dense(1))
    dead = edited(XOR_MLP, network=edited(XOR_MLP.network, nodes=(XOR_MLP.network.nodes[0], layer)))
    run = Run(dead)
    run.set_parameters({name: np.zeros_like(w) for name, w in run.parameters.items()})
    for plane in PLANES:
        for line in (False, True):
            surface = seen(run, probe_of(plane, 0, line=line))
            assert surface.complete, (plane, line)
            assert np.isfinite(surface.x).all()
            assert np.isfinite(surface.errors).all()
    assert "two random ones" in seen(run, probe_of("path", 0)).why
