"""What is remembered of a run's updates: all of a while, and of what lies far back as many as are of use."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.training import history
from lab.training.history import TRAINING, History
from lab.training.machine import multiples, spacing
from lab.training.run import Run
from tests.training.problems import SMALL_CNN, XOR_MLP


def rows(first: int, count: int) -> dict[str, np.ndarray]:
    steps = np.arange(first, first + count)
    return {name: steps if name == "step" else steps * 3.0 + len(name) for name in TRAINING}


@given(st.lists(st.integers(1, 700), min_size=1, max_size=20))
def test_a_long_history_stays_within_its_room_and_tells_no_lies(lengths: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "MOST_ROWS", 400)
        patch.setattr(history, "LATE", 100)
        known, step = History(), 0
        for length in lengths:
            earlier = known.curves()
            told = [getattr(earlier, name).copy() for name in TRAINING]
            known.append(**rows(step + 1, length))
            step += length
            curves = known.curves()
            assert len(curves.step) <= 400
            assert np.array_equal(curves.step[-min(100, step) :], np.arange(step - min(100, step), step) + 1)
            assert (np.diff(curves.step) > 0).all()
            for name, before in zip(TRAINING, told, strict=True):
                if name != "step":
                    assert np.array_equal(getattr(curves, name), curves.step * 3.0 + len(name))
                assert np.array_equal(getattr(earlier, name), before), "what was handed out keeps its numbers"
        gaps = np.diff(curves.step[: max(len(curves.step) - 200, 0)])
        assert not len(gaps) or gaps.max() <= 2 * max(step // 100, 1), "no part of the past is left out"


@given(st.integers(1, 70), st.integers(0, 5000), st.integers(0, 900))
def test_multiples_are_those_that_each_step_says_of_itself(unit: int, after: int, count: int) -> None:
    wanted = [s for s in range(after + 1, after + count + 1) if s % spacing(s + 1, unit) == 0]
    assert multiples(unit, after, after + count) == wanted


@pytest.mark.parametrize("experiment", [XOR_MLP, SMALL_CNN])
def test_what_is_taken_on_the_way_does_not_depend_on_how_far_a_call_goes(experiment) -> None:
    whole, piecewise = Run(experiment), Run(experiment)
    whole.advance(300)
    for steps in (1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 68):
        piecewise.advance(steps)
    ours, theirs = whole.curves(), piecewise.curves()
    for name in ("step", "loss", "examples", "validation_step", "validation_loss", "validation_accuracy"):
        assert np.array_equal(getattr(ours, name), getattr(theirs, name), equal_nan=True), name
    (steps, vectors), (their_steps, their_vectors) = whole.path.points(300), piecewise.path.points(300)
    assert np.array_equal(steps, their_steps)
    assert all(np.array_equal(a, b) for a, b in zip(vectors, their_vectors, strict=True))


def test_validation_on_the_way_is_what_an_evaluation_there_finds() -> None:
    run = Run(SMALL_CNN)
    run.advance(110)
    curves = run.curves()
    assert len(curves.validation_step) > 2
    for row, step in enumerate(curves.validation_step.tolist()):
        run.go_to(step)
        found = run.evaluate("validation")
        assert (found.loss, found.accuracy) == (curves.validation_loss[row], curves.validation_accuracy[row])
