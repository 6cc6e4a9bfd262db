"""Error surfaces with the paths of several runs on them: one plane, one frame, true places and errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab.experiment.experiment import Experiment
from lab.training.moment import Moment, OtherPath
from lab.training.run import Run
from lab.training.surfaces import Surface, SurfaceProbe
from lab.training.survey import OTHER_POINTS, Surveyor
from lab.training.survey.error import ErrorOf
from tests.training.problems import LINEAR_NEURON, SMALL_CNN, XOR_MLP, with_rate

NEVER = np.zeros(1, np.int64)


def walked(experiment: Experiment, steps: int) -> Run:
    run = Run(experiment)
    run.advance(steps)
    return run


def as_other(run: Run, number: int = 2) -> OtherPath:
    moment = run.moment()
    return OtherPath(number, "B", 1, moment.step, moment.params, moment.path_steps, moment.path_vectors)


def with_others(run: Run, *others: OtherPath) -> Moment:
    return replace(run.moment(), others=others)


def seen(surveyor: Surveyor, probe: SurfaceProbe, moment: Moment, seconds: float = np.inf) -> Surface:
    surface = surveyor.look(probe, moment, seconds, NEVER)
    assert surface is not None
    return surface


def inside(surface: Surface, path: np.ndarray) -> bool:
    x, y = path.T
    return bool(
        ((surface.x[0] <= x) & (x <= surface.x[-1]) & (surface.y[0] <= y) & (y <= surface.y[-1])).all()
    )


@pytest.mark.parametrize("plane", ["path", "weights"])
def test_all_paths_lie_within_the_frame(plane: str) -> None:
    a, b = walked(with_rate(XOR_MLP, 0.02), 120), walked(with_rate(XOR_MLP, 0.2), 120)
    probe = SurfaceProbe(plane=plane, resolution=9)  # type: ignore[arg-type]
    surface = seen(Surveyor(), probe, with_others(a, as_other(b)))
    (other,) = surface.others
    assert (other.run, other.name, other.colour) == (2, "B", 1)
    assert inside(surface, surface.path)
    assert inside(surface, other.path)
    assert not inside(seen(Surveyor(), probe, a.moment()), other.path)


def test_both_paths_start_at_one_place_and_go_apart() -> None:
    a, b = walked(with_rate(XOR_MLP, 0.02), 60), walked(with_rate(XOR_MLP, 0.2), 60)
    surface = seen(Surveyor(), SurfaceProbe(resolution=9), with_others(a, as_other(b)))
    (other,) = surface.others
    np.testing.assert_allclose(other.path[0], surface.path[0], atol=1e-6)
    assert np.linalg.norm(other.path[-1] - surface.path[-1]) > 0.1
    assert other.path_errors[0] == surface.path_errors[0]
    assert other.path_steps.tolist() == [*b.moment().path_steps.tolist(), 60]


def test_places_and_errors_are_those_of_a_surface_of_its_own() -> None:
    """With two weights the plane is all there is: a path is the same whoever's surface it is drawn on."""
    slow, fast = with_rate(LINEAR_NEURON, 0.02), with_rate(LINEAR_NEURON, 0.3)
    a, b = walked(slow, 12), walked(fast, 12)
    probe = SurfaceProbe(resolution=9)
    (other,) = seen(Surveyor(), probe, with_others(a, as_other(b))).others
    own = seen(Surveyor(), probe, b.moment())
    np.testing.assert_allclose(other.path, own.path, atol=1e-6)
    np.testing.assert_allclose(other.path_errors, own.path_errors, rtol=1e-6)
    np.testing.assert_allclose(other.path_distances, 0, atol=1e-6)


def test_the_main_directions_are_those_of_all_paths() -> None:
    a, b = walked(with_rate(XOR_MLP, 0.001), 80), walked(with_rate(XOR_MLP, 0.2), 80)
    alone = seen(Surveyor(), SurfaceProbe(resolution=9), with_others(a))
    both = seen(Surveyor(), SurfaceProbe(resolution=9), with_others(a, as_other(b)))
    assert both.axes != alone.axes
    far = np.linalg.norm(b.moment().params - a.moment().params)
    assert both.others[0].path_distances.max() < 0.5 * far


def test_what_was_worked_out_is_not_worked_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = walked(XOR_MLP, 40), walked(with_rate(XOR_MLP, 0.1), 40)
    surveyor, probe = Surveyor(), SurfaceProbe(resolution=9)
    moment = with_others(a, as_other(b))
    first = seen(surveyor, probe, moment)
    calls: list[int] = []
    for work in ("at", "gradient"):
        monkeypatch.setattr(ErrorOf, work, lambda *_, **__: calls.append(1))
    again = seen(surveyor, probe, moment)
    assert calls == []
    np.testing.assert_array_equal(again.others[0].path_errors, first.others[0].path_errors)


def test_without_time_there_are_places_but_no_errors_of_others() -> None:
    a, b = walked(XOR_MLP, 40), walked(with_rate(XOR_MLP, 0.1), 40)
    surveyor, probe = Surveyor(), SurfaceProbe(resolution=9)
    moment = with_others(a, as_other(b))
    hurried = seen(surveyor, probe, moment, seconds=0.0)
    assert np.isfinite(hurried.others[0].path).all()
    assert np.isnan(hurried.others[0].path_errors).all()
    assert np.isfinite(seen(surveyor, probe, moment).others[0].path_errors).all()


def test_a_run_that_leaves_the_frame_calls_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = walked(with_rate(XOR_MLP, 0.02), 30), walked(with_rate(XOR_MLP, 0.2), 30)
    surveyor, probe = Surveyor(), SurfaceProbe(resolution=9)
    before = seen(surveyor, probe, with_others(a, as_other(b)))
    same = seen(surveyor, probe, with_others(a, as_other(b)))
    assert same.x.tolist() == before.x.tolist()
    b.advance(300)
    after = seen(surveyor, probe, with_others(a, as_other(b)))
    assert inside(after, after.others[0].path)
    assert after.x.tolist() != before.x.tolist()


def test_a_run_that_explodes_does_not_make_the_others_too_small() -> None:
    a, b = walked(XOR_MLP, 60), as_other(walked(XOR_MLP, 60))
    far = replace(b, run=3, params=b.params * 1e4)
    lost = replace(
        b, run=4, params=b.params * np.float32(np.nan), path_vectors=[], path_steps=np.empty(0, np.int64)
    )
    probe = SurfaceProbe(resolution=9)
    alone = seen(Surveyor(), probe, with_others(a, b))
    with_it = seen(Surveyor(), probe, replace(a.moment(), others=(b, far, lost)))
    assert np.ptp(with_it.x) * 1.0 < 40 * np.ptp(alone.x)
    assert all(np.isfinite(other.path).all() for other in with_it.others)


def test_at_the_start_the_surface_is_finished_though_nobody_has_moved() -> None:
    runs = [Run(XOR_MLP) for _ in range(4)]
    moment = with_others(runs[0], *(as_other(run, k) for k, run in enumerate(runs[1:], 2)))
    surveyor, probe = Surveyor(), SurfaceProbe(resolution=9)
    for _ in range(500):
        surface = seen(surveyor, probe, moment, seconds=0.001)
        if surface.complete:
            break
    assert surface.complete


def test_other_networks_are_left_out_and_long_paths_thinned() -> None:
    a = walked(XOR_MLP, 400)
    surface = seen(
        Surveyor(), SurfaceProbe(resolution=9), with_others(a, as_other(walked(SMALL_CNN, 3)), as_other(a, 3))
    )
    (other,) = surface.others
    assert other.run == 3
    assert len(other.path) <= OTHER_POINTS + 1
    np.testing.assert_allclose(other.path[-1], surface.path[-1])


def test_going_back_keeps_the_surface_while_the_path_stays_on_it() -> None:
    run = walked(XOR_MLP, 60)
    surveyor, probe = Surveyor(), SurfaceProbe(resolution=9)
    before = seen(surveyor, probe, run.moment())
    run.go_to(59)
    assert seen(surveyor, probe, run.moment()).x.tolist() == before.x.tolist()
