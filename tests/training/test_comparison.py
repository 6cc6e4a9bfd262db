"""Runs side by side: figures at the same point, differences in words, fairness in sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.data.preprocessing import Split
from lab.learning.losses import SquaredError
from lab.learning.schedules import Step
from lab.network.activations import ReLU
from lab.network.layers import Conv2D
from lab.network.network import Network, Node
from lab.training.comparison import (
    best,
    compare,
    difference,
    fairness,
    listed,
    shared_limit,
)
from lab.training.history import Curves
from lab.training.level import MEAN_OVER
from lab.training.snapshot import Snapshot
from lab.training.timeline import Edit
from tests.gui.fake_snapshots import LENET, curves, race, snapshot, with_rate

FAIR = ("Same seed, same start, same batches: a fair comparison.",)


def cut(of: Curves, steps: int, seconds: float = 0.004) -> Curves:
    """The first so many steps, each taking so long."""
    rows, judged = of.step <= steps, of.validation_step <= steps
    along = {
        name: getattr(of, name)[judged if name.startswith("validation") else rows]
        for name in Curves.__annotations__
    }
    return Curves(**along | {"seconds": of.step[rows] * seconds})


def standing_at(steps: int, seconds: float = 0.004) -> dict[str, Any]:
    return {
        "step": steps,
        "furthest": steps,
        "examples": steps * 64,
        "epoch": steps * 64 / 1000,
        "seconds": steps * seconds,
        "curves": cut(curves(600), steps, seconds),
    }


def of(run: str, **changes: Any) -> tuple[Snapshot, ...]:
    return race(**{run: changes}).runs


def edited(**changes: Any) -> dict[str, Any]:
    experiment = msgspec.structs.replace(LENET, **changes)
    return {"experiment": experiment, "edits": (Edit(0, experiment),)}


# --- figures


def test_the_present_is_what_each_run_shows() -> None:
    a, b = compare(race(B=standing_at(300)).runs)
    made = curves(600)
    assert (a.step, a.examples, a.seconds) == (600, 38_400, pytest.approx(2.4))
    assert (b.step, b.examples) == (300, 19_200)
    assert a.validation_error == made.validation_loss[-1]
    assert a.accuracy == made.validation_accuracy[-1]
    batches = MEAN_OVER // 64 + 1
    assert a.training_error == pytest.approx(made.loss[-batches:].mean())
    assert (a.best_error, a.best_step) == (made.validation_loss.min(), 600)
    assert a.parameters == LENET.analysis.parameter_count
    assert a.state == b.state == "goes on"


def test_what_lies_ahead_of_a_run_in_the_past_is_not_counted() -> None:
    past = race(A={"step": 200, "examples": 12_800, "seconds": 0.8}).runs
    a = compare(past)[0]
    made = curves(600)
    assert a.validation_error == made.validation_loss[made.validation_step == 200][0]
    assert a.best_step == 200
    assert a.state == "in the past"


def test_at_equal_examples_every_run_is_read_where_the_last_of_them_stands() -> None:
    runs = race(B=standing_at(300)).runs
    a, b = compare(runs, "examples")
    assert (a.step, b.step, a.examples, b.examples) == (300, 300, 19_200, 19_200)
    assert a.epochs == pytest.approx(b.epochs * runs[0].epoch / 38.4)
    assert a.validation_error == pytest.approx(b.validation_error)


def test_at_equal_seconds_the_slow_network_has_made_fewer_steps() -> None:
    slow = standing_at(600, seconds=0.02)
    runs = race(B=slow).runs
    a, b = compare(runs, "seconds")
    assert a.step == 600
    assert b.step == 120
    assert b.seconds == pytest.approx(2.4)


def test_nothing_is_known_before_the_start() -> None:
    runs = race(steps=0, B=standing_at(0)).runs
    for at in ("present", "examples", "seconds"):
        for row in compare(runs, at):  # type: ignore[arg-type]
            assert row.step == row.examples == 0
            assert np.isnan(row.training_error)
            assert row.best_step == 0  # the start is validated


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 30)), min_size=1, max_size=6),
    st.sampled_from(["examples", "seconds"]),
)
def test_no_run_is_read_beyond_what_all_have_reached(places: list[tuple[int, int]], at: Any) -> None:
    one = snapshot()
    runs = [
        replace(one, run=k, name=str(k), **standing_at(steps, 0.001 * slow))
        for k, (steps, slow) in enumerate(places)
    ]
    limit = shared_limit(runs, at)
    for run, row in zip(runs, compare(runs, at), strict=True):
        assert getattr(row, at) <= limit
        assert row.step <= run.step
        if row.step < run.step:  # and no further behind than one batch
            after = int(np.searchsorted(run.curves.step, row.step, side="right"))
            assert getattr(run.curves, at)[after] > limit


def test_the_best_are_marked_where_there_is_a_difference() -> None:
    runs = race(count=3, C=standing_at(600)).runs
    rows = compare(runs)
    top = best(rows, runs)
    assert top["validation_error"] == {1, 3}
    assert "accuracy" not in top, "all have the same"
    assert "seconds" not in top
    quick = race(B=standing_at(600, seconds=0.001)).runs
    assert best(compare(quick, "examples"), quick, "examples")["seconds"] == {2}


def test_errors_of_two_losses_have_no_best() -> None:
    runs = of("B", **edited(loss=SquaredError()))
    assert not {"validation_error", "training_error"} & best(compare(runs), runs).keys()


def test_a_run_that_has_lost_its_numbers_is_never_best() -> None:
    broken = standing_at(600)
    broken["curves"].validation_loss[-1] = np.nan
    runs = race(A=broken).runs
    assert best(compare(runs), runs)["validation_error"] == {2}


# --- differences


def test_differences_in_words() -> None:
    runs = race(count=3).runs
    assert [row.difference for row in compare(runs)] == [
        "the beginning",
        "learning rate 0.01 → 0.05",
        "learning rate 0.01 → 0.025",
    ]


def test_a_branch_says_from_where() -> None:
    runs = race(count=3, B={"origin": (1, 500)}, C={"origin": (2, 550)}).runs
    assert difference(runs[1], runs) == "from A at step 500: learning rate 0.01 → 0.05"
    assert difference(runs[2], runs) == "from B at step 550: learning rate 0.05 → 0.025"
    assert "a closed run at step 550, compared with A:" in difference(runs[2], (runs[0], runs[2]))
    assert difference(runs[2], runs[2:]) == "the beginning"


def test_the_same_but_for_its_name() -> None:
    runs = of("B", experiment=msgspec.structs.replace(LENET, name="Mine", description="Other"))
    assert difference(runs[1], runs) == "the same as A"


# --- fairness


def test_one_run_is_not_compared() -> None:
    assert fairness(race(count=1).runs) == ()


def test_a_fair_race() -> None:
    assert fairness(race(count=8).runs) == FAIR


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({"seed": 2}, None, "B: other seed (another split, start and order of the examples)."),
        (
            {"split": Split(training=0.5, validation=0.3, test=0.2)},
            "Same seed, same start.",
            "B: other split (",
        ),
        ({"batch_size": 32}, "Same seed, same start.", "B: other batch size ("),
        ({"loss": SquaredError()}, "Same seed, same start, same batches.", "B: other loss ("),
    ],
)
def test_what_differs_is_said(changes: dict[str, Any], verdict: str | None, said: str) -> None:
    sentences = fairness(of("B", **edited(**changes)))
    assert any(said in sentence for sentence in sentences)
    assert (sentences[0] == verdict) if verdict else not sentences[0].startswith("Same")


def test_another_network_costs_more_or_less() -> None:
    larger = Network((Node("conv1", Conv2D(12, 5, activation=ReLU())), *LENET.network.nodes[1:]))
    sentences = fairness(of("B", **edited(network=larger)))
    assert sentences[0] == "Same seed, same batches."
    assert any("B computes 1.9 times as much for an example as A" in said for said in sentences)
    assert any(said.startswith("B: other start (") for said in sentences)


def test_several_are_named_in_one_sentence() -> None:
    other = edited(seed=2)
    sentences = fairness(race(count=4, B=other, D=other).runs)
    assert sentences[0].startswith("B and D: other seed")
    assert len(sentences) == 1


def test_two_things_at_once_cannot_be_told_apart() -> None:
    twice = msgspec.structs.replace(with_rate(LENET, 0.5), schedule=Step())
    sentences = fairness(of("B", experiment=twice))
    assert any("2 things differ at once" in said for said in sentences)


def test_a_change_on_the_way_is_said() -> None:
    after = with_rate(LENET, 0.5)
    sentences = fairness(of("B", experiment=after, edits=(Edit(0, LENET), Edit(300, after))))
    assert sentences == (
        "Same seed, same start, same batches.",
        "B was changed at step 300: learning rate 0.01 → 0.5.",
    )


def test_a_past_that_all_share_and_the_change_that_made_a_branch_are_no_unfairness() -> None:
    after = with_rate(LENET, 0.5)
    shared = (Edit(0, LENET), Edit(100, after))
    branched = with_rate(LENET, 0.2)
    runs = race(
        A={"experiment": after, "edits": shared},
        B={"experiment": branched, "edits": (*shared, Edit(300, branched)), "origin": (1, 300)},
    ).runs
    assert fairness(runs) == FAIR


def test_weights_set_by_hand() -> None:
    weights = {"conv1.weight": np.zeros((6, 1, 5, 5), np.float32)}
    at_start = fairness(of("B", edits=(Edit(0, LENET, weights),)))
    assert at_start[0] == "Same seed, same batches."
    assert "B starts from weights that were set by hand." in at_start
    later = fairness(of("B", edits=(Edit(0, LENET), Edit(40, LENET, weights))))
    assert "B was changed at step 40: weights set by hand." in later


def test_different_points_matter_only_in_the_present() -> None:
    runs = race(B=standing_at(300)).runs
    assert "They stand at different points: A has seen 38,400 examples, B 19,200." in fairness(runs)
    more = race(count=4, C=standing_at(300)).runs
    assert "They stand at different points: C has seen 19,200 examples, the others 38,400." in fairness(more)
    assert fairness(runs, "examples") == FAIR


def test_a_stopped_run_is_said() -> None:
    runs = of("B", stopped="the loss is not finite")
    assert "B stopped at step 600: the loss is not finite." in fairness(runs)
    assert compare(runs)[1].state == "diverged: the loss is not finite"


def test_a_list_in_words() -> None:
    assert [listed("ABC"[:n]) for n in range(4)] == ["", "A", "A and B", "A, B and C"]
