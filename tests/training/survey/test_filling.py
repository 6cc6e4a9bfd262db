"""Coarse first, then finer; on one core or on all; broken off and gone on with."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lab.kernels.threads import cores
from lab.training.surfaces import SurfaceProbe
from lab.training.survey import Surveyor, effort, framing, surveyor
from lab.training.survey.error import ErrorOf, Vector
from tests.training.problems import SMALL_CNN, XOR_MLP
from tests.training.survey.looking import NEVER, as_other, edited, seen, walked, with_others

PROBE = SurfaceProbe(resolution=17)


def test_all_cores_make_the_same_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveyor, "cores", lambda: 3)
    moment = with_others(walked(SMALL_CNN, 12), as_other(walked(SMALL_CNN, 5)))
    one = Surveyor().look(PROBE, moment, np.inf, NEVER)
    many = Surveyor().look(PROBE, moment, np.inf, NEVER, at_rest=True)
    np.testing.assert_array_equal(one.errors, many.errors)
    np.testing.assert_array_equal(one.path_errors, many.path_errors)
    np.testing.assert_array_equal(one.others[0].path_errors, many.others[0].path_errors)
    assert one.compass.eigenvalues == many.compass.eigenvalues
    assert one.complete
    assert many.complete
    assert cores() >= 1


def test_what_goes_wrong_on_another_thread_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveyor, "cores", lambda: 2)
    made = ErrorOf.at

    def failing(self: ErrorOf, points: np.ndarray, stop: np.ndarray, hand: int = 0) -> np.ndarray:
        if hand:
            raise RuntimeError("a fault")
        return made(self, points, stop, hand)

    monkeypatch.setattr(ErrorOf, "at", failing)
    monkeypatch.setattr(effort, "IN_ONE_CALL", 0.0)
    moment = walked(SMALL_CNN, 3).moment()
    with pytest.raises(RuntimeError, match="a fault"):
        Surveyor().look(replace(PROBE, resolution=65), moment, np.inf, NEVER, at_rest=True)


def one_point_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many are worked out together decides, in the matrix products of some processors, about the last bit."""
    monkeypatch.setattr(effort, "IN_ONE_CALL", 0.0)


def tick(monkeypatch: pytest.MonkeyPatch, tasks: int) -> None:
    """Time that is told by work: each look may ask so many times whether it is over, and a task is a single point."""
    asked: dict[int, int] = {}
    clocks = []  # kept, so that no two have one identity

    def is_over(clock: effort.Clock) -> bool:
        clocks.append(clock)
        asked[id(clock)] = asked.get(id(clock), 0) + 1
        return asked[id(clock)] > tasks

    monkeypatch.setattr(effort.Clock, "is_over", property(is_over))
    monkeypatch.setattr(effort.Clock, "with_as_much_again", lambda clock, at_most: clock)
    one_point_a_call(monkeypatch)


def test_it_becomes_finer_look_by_look_and_changes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    run = walked(SMALL_CNN, 8)
    moment = run.moment(internals=True)
    one_point_a_call(monkeypatch)
    whole = seen(moment, PROBE)
    tick(monkeypatch, 5)
    patient, sizes = Surveyor(), []
    known = np.full((17, 17), np.nan)
    for _ in range(3000):
        surface = seen(moment, PROBE, patient)
        sizes.append(len(surface.x))
        every = 16 // (len(surface.x) - 1)
        here = known[::every, ::every]
        was = np.isfinite(here)
        np.testing.assert_array_equal(surface.errors[was], here[was])
        known[::every, ::every] = surface.errors
        if not patient.has_more:
            break
    assert not patient.has_more
    assert surface.complete
    assert surface.compass.arrows.keys() == whole.compass.arrows.keys()
    assert surface.compass.eigenvalues == whole.compass.eigenvalues
    assert sizes == sorted(sizes)
    assert sizes[0] < 17
    np.testing.assert_array_equal(surface.errors, whole.errors)
    np.testing.assert_array_equal(surface.path_errors, whole.path_errors)


def test_the_error_where_the_run_stands_is_there_in_any_case() -> None:
    run = walked(SMALL_CNN, 8)
    hurried = seen(run, PROBE, seconds=0.0)
    assert np.isfinite(hurried.path_errors[-1])
    assert np.isnan(hurried.path_errors[:-1]).all()
    assert not hurried.complete


def test_where_it_takes_long_to_lay_the_paths_a_first_picture_comes_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr(effort, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    monkeypatch.setattr(framing.Frame, "still_serves", lambda *_: False)
    lay = framing.Frame.places

    def slowly(frame: framing.Frame, vectors: list[Vector]) -> list[framing.Place]:
        now[0] += 0.1
        return lay(frame, vectors)

    monkeypatch.setattr(framing.Frame, "places", slowly)
    run, hurried = walked(SMALL_CNN, 8), Surveyor()
    assert np.isfinite(seen(run, PROBE, hurried, seconds=0.05).errors).all()


def test_of_a_dear_network_there_is_a_first_look_on_fewer_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "FIRST_LOOK", 1e-6)
    monkeypatch.setattr(effort, "IN_HASTE", 0.0)
    tick(monkeypatch, 5)
    run, patient = walked(SMALL_CNN, 8), Surveyor()
    few = many = None
    for _ in range(3000):
        surface = seen(run, PROBE, patient)
        if surface.examples == effort.FEWEST and np.isfinite(surface.errors).all():
            few = surface
        if surface.examples == 256 and np.isfinite(surface.errors).all():
            many = surface
        if surface.complete:
            break
    assert few is not None
    assert many is not None
    assert "first look, on 8 of 256 examples" in few.why
    assert not surface.why
    monkeypatch.undo()
    one_point_a_call(monkeypatch)
    expected = seen(run, replace(PROBE, examples=8))
    np.testing.assert_array_equal(few.errors, expected.errors[::8, ::8])


def test_a_dear_network_is_surveyed_on_fewer_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    run = walked(SMALL_CNN, 2)
    macs = SMALL_CNN.analysis.multiply_adds
    monkeypatch.setattr(effort, "DEAREST", 20 * macs * 17**2)
    assert seen(run, PROBE).examples == 20
    assert seen(run, replace(PROBE, examples=5)).examples == 5
    assert seen(run, replace(PROBE, over="batch")).examples == 20
    assert "of the batch's 64 examples the first 20" in seen(run, replace(PROBE, over="batch")).why


def test_the_surface_of_a_batch_is_finished_before_the_next_is_begun() -> None:
    """Else none would ever be whole while training goes on. At rest it is the batch that comes next, at once."""
    run, patient, probe = walked(SMALL_CNN, 8), Surveyor(), replace(PROBE, over="batch")
    seen(run, probe, patient, seconds=0.0)
    run.advance(1)
    finished = seen(run, probe, patient)
    run.go_to(8)
    np.testing.assert_array_equal(finished.errors, seen(run, probe).errors)
    run.advance(1)
    newer = seen(run, probe, patient)
    assert not np.array_equal(newer.errors, finished.errors)
    assert np.array_equal(newer.errors, seen(run, probe, patient).errors)
    seen(run, probe, Surveyor(), seconds=0.0)
    run.advance(1)
    rest = patient.look(probe, run.moment(), 0.0, NEVER, at_rest=True)
    assert rest.path_errors[-1] == pytest.approx(_loss_of_next(run), rel=1e-6)


def _loss_of_next(run) -> float:
    at = run.step
    run.advance(1)
    loss = run.curves().loss[-1]
    run.go_to(at)
    return float(loss)


def test_another_penalty_changes_the_objective_alone() -> None:
    run, patient = walked(XOR_MLP, 10), Surveyor()
    both = [replace(PROBE, height=height) for height in ("loss", "objective")]
    loss, objective = (seen(run, probe, patient) for probe in both)
    heavier = edited(XOR_MLP.regularization, l2=1.0)
    run.edit(edited(XOR_MLP, regularization=heavier))
    same, other = (seen(run, probe, patient) for probe in both)
    np.testing.assert_array_equal(same.errors, loss.errors)
    assert (other.errors > objective.errors).all()
