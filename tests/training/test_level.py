"""When an error came down to a level, against looking through the whole history at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.training.comparison import best, compare
from lab.training.history import Curves
from lab.training.level import MEAN_OVER, Levels, Reached, Scan, running_means, span_of, suggested_level
from tests.gui.fake_snapshots import curves, race, snapshot


def plain_means(errors, examples, span):
    """The mean of the batches of the last `span` examples, row by row."""
    found = np.full(len(errors), np.nan)
    for k in range(len(errors)):
        if examples[k] >= span:
            inside = np.flatnonzero(examples[: k + 1] > examples[k] - span)
            found[k] = errors[(inside[0] if len(inside) else k) : k + 1].mean()
    return found


def cut(of: Curves, steps: int) -> Curves:
    rows, judged = of.step <= steps, of.validation_step <= steps
    return Curves(
        **{
            name: getattr(of, name)[judged if name.startswith("validation") else rows]
            for name in Curves.__annotations__
        }
    )


def run_of(losses, batch=10, whole=500, step=None):
    """A run that has logged these losses, without a validation part."""
    n = len(losses)
    nothing = np.zeros(0)
    of = Curves(
        step=np.arange(1, n + 1),
        examples=np.arange(1, n + 1) * batch,
        loss=np.asarray(losses, float),
        accuracy=np.full(n, np.nan),
        rate=np.full(n, 0.1),
        gradient_norm=np.ones(n),
        seconds=np.arange(n) * 0.001,
        validation_step=nothing.astype(np.int64),
        validation_loss=nothing,
        validation_accuracy=nothing,
    )
    step = n if step is None else step
    return replace(
        snapshot(), curves=of, step=step, furthest=n, examples=step * batch, epoch=step * batch / whole
    )


@given(
    st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=200),
    st.integers(1, 64),
    st.integers(1, 400),
    st.data(),
)
def test_running_means(errors, batch, span, data):
    errors = np.array(errors)
    examples = np.arange(1, len(errors) + 1) * batch
    start = data.draw(st.integers(0, len(errors) - 1))
    end = data.draw(st.integers(start + 1, len(errors)))
    found = running_means(errors, examples, span, start, end)
    np.testing.assert_allclose(found, plain_means(errors, examples, span)[start:end], rtol=1e-6)


def test_small_errors_are_not_lost_beside_large_ones():
    errors = np.concatenate([np.full(300, 1e20), np.full(300, 1e-3)])
    found = running_means(errors, np.arange(1, 601) * 5, 100, 0, 600)
    assert found[-1] == pytest.approx(1e-3, rel=1e-12)
    assert (found[19:] > 0).all()


@given(
    st.lists(st.floats(1e-3, 10), min_size=1, max_size=120),
    st.lists(st.integers(1, 120), max_size=4),
    st.floats(1e-3, 10),
)
def test_looking_again_and_again_finds_what_looking_once_does(losses, stops, level):
    whole = run_of(losses)
    levels = Levels("training", level)
    for stop in sorted(min(stop, len(losses)) for stop in stops):
        levels.see(run_of(losses[:stop]))
    scan = levels.see(whole)
    means = plain_means(whole.curves.loss, whole.curves.examples, span_of(whole))
    low = np.flatnonzero(means <= level)
    assert scan.found == (Reached(int(low[0]) + 1, (int(low[0]) + 1) * 10) if len(low) else None)
    known = means[np.isfinite(means)]
    if len(known):
        assert scan.lowest == pytest.approx(known.min())
        assert scan.first == pytest.approx(known[0])


def test_a_history_that_is_another_one_is_looked_at_anew():
    levels = Levels("training", 0.5)
    run = run_of(np.linspace(1, 0.1, 200), whole=10)
    assert levels.see(run).found is not None
    other = run_of(np.linspace(1, 0.9, 200), whole=10)
    assert levels.see(other).found is None
    assert levels.see(run_of(np.linspace(1, 0.9, 100), whole=10)).found is None


def test_a_span_is_a_pass_at_most():
    assert span_of(run_of([1.0], batch=2, whole=2)) == 2
    assert span_of(run_of([1.0], whole=50_000)) == MEAN_OVER
    assert span_of(replace(run_of([1.0]), step=0, examples=0, epoch=0.0)) == MEAN_OVER


def test_on_the_validation_part_each_error_stands_for_itself():
    made = curves(600)
    level = float(made.validation_loss[10])
    scan = Levels("validation", level).see(snapshot())
    step = int(made.validation_step[10])
    assert scan.found == Reached(step, step * 64)
    assert scan.first == made.validation_loss[0]


def test_rows_tell_when_and_the_soonest_is_the_best():
    runs = race(count=3).runs
    level = 0.3
    rows = compare(runs, "present", Levels("validation", level))
    made = curves(600)
    for row, run in zip(rows, runs, strict=True):
        first = np.flatnonzero(run.curves.validation_loss <= level)[0]
        assert row.reached_step == made.validation_step[first]
        assert row.reached_examples == row.reached_step * 64
    assert best(rows, runs)["reached_step"] == {1}
    none = compare(runs, "present", Levels("validation", 1e-9))
    assert [row.reached_step for row in none] == [-1] * 3
    assert "reached_step" not in best(none, runs)


def test_what_lies_ahead_has_not_been_reached():
    levels = Levels("validation", 0.3)
    past = race(A={"step": 20, "examples": 1280, "seconds": 0.08}).runs
    assert compare(past, "present", levels)[0].reached_step == -1
    assert compare(past, "present", levels)[1].reached_step > 20


def test_without_a_validation_part_the_best_is_of_full_batches():
    full = run_of([4.0, 2.0, 3.0], batch=500, whole=500)
    (row,) = compare((full,))
    assert (row.best_error, row.best_step) == (2.0, 2)
    assert row.training_error == 3.0
    (noisy,) = compare((run_of([4.0, 2.0, 3.0]),))
    assert np.isnan(noisy.best_error)


def test_a_level_half_of_the_way():
    scans = [Scan(first=24.0, lowest=0.3), Scan(first=24.0, lowest=2e-6)]
    assert suggested_level(scans) == 0.005
    assert suggested_level([Scan(first=1.0, lowest=0.0)]) == 1e-6
    assert np.isnan(suggested_level([Scan()]))
