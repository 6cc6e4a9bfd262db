"""The trainer with several runs, and within an update: what the window's time machine relies on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lab.training.listing import listing
from lab.training.mailbox import Diverged, Refused
from lab.training.probes import OperationProbe, WeightsProbe
from lab.training.race import MOST_RUNS
from lab.training.record import Record
from lab.training.run import Run
from lab.training.snapshot import Snapshot
from lab.training.trainer import Trainer
from tests.training.problems import SMALL_CNN, XOR_MLP, with_rate
from tests.training.test_trainer import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    trainer = Trainer()
    trainer.start()
    yield Desk(trainer)
    trainer.close()


def settled(desk: Desk) -> Snapshot:
    """The first snapshot that shows what all commands have done."""
    sent = desk.trainer.sent
    desk.until(lambda: desk.snapshot is not None and desk.snapshot.heard >= sent)
    assert desk.snapshot is not None
    return desk.snapshot


def test_a_branch_goes_its_own_way_beside_the_first_run(desk: Desk) -> None:
    desk.trainer.load(XOR_MLP)
    desk.trainer.advance(100)
    desk.stands_at(100)
    desk.trainer.go_to(40)
    desk.trainer.branch(2, with_rate(XOR_MLP, 0.001))
    seen = settled(desk)
    assert (seen.run, seen.step, seen.furthest, seen.origin) == (2, 40, 40, (1, 40))
    assert [(s.run, s.name, s.colour, s.step, s.furthest) for s in seen.runs] == [
        (1, "A", 0, 40, 100),
        (2, "B", 1, 40, 40),
    ]
    assert [e.experiment.optimizer.rate for e in seen.edits] == [0.05, 0.001]
    desk.trainer.advance(60)
    both = desk.stands_at(100).runs
    assert [s.step for s in both] == [100, 100]
    first, second = Run(XOR_MLP), Run(XOR_MLP)
    first.advance(100)
    second.advance(40)
    second.edit(with_rate(XOR_MLP, 0.001))
    second.advance(60)
    assert np.array_equal(both[0].curves.loss, first.curves().loss)
    assert np.array_equal(both[1].curves.loss, second.curves().loss)


def test_more_runs_than_there_may_be_are_refused(desk: Desk) -> None:
    desk.trainer.load(XOR_MLP)
    for number in range(2, MOST_RUNS + 2):
        desk.trainer.branch(number)
    assert len(settled(desk).runs) == MOST_RUNS
    refused = desk.event(Refused)
    assert isinstance(refused, Refused)
    assert "Close one" in str(refused.problems[0])
    desk.trainer.close_run(3)
    desk.trainer.branch(99)
    names = [s.name for s in settled(desk).runs]
    assert sorted(names) == list("ABCDEFGH"), "the name that became free is taken again"


def test_what_is_asked_of_another_run_is_answered_of_it(desk: Desk) -> None:
    probe = WeightsProbe()
    desk.trainer.load(XOR_MLP)
    desk.trainer.branch(2, with_rate(XOR_MLP, 0.2))
    desk.trainer.watch(frozenset({probe}), {1: frozenset({probe})})
    desk.trainer.advance(30)
    desk.stands_at(30)

    def answered() -> bool:
        runs = desk.snapshot.runs if desk.snapshot else ()
        return len(runs) == 2 and all(s.reading(probe) is not None for s in runs) and desk.snapshot.step == 30

    desk.until(answered)
    assert desk.snapshot is not None
    wanted = [Run(XOR_MLP), Run(with_rate(XOR_MLP, 0.2))]

    def agree() -> bool:
        for run, seen in zip(wanted, desk.snapshot.runs, strict=True):
            run.advance(30 - run.step)
            reading = seen.reading(probe)
            if reading is None or not all(
                np.array_equal(reading.parameters[n], v) for n, v in run.parameters.items()
            ):
                return False
        return True

    desk.until(agree)


def test_operations_lead_from_one_update_to_the_next_and_back(desk: Desk) -> None:
    many = len(listing(XOR_MLP))
    desk.trainer.load(XOR_MLP)
    desk.trainer.advance_operations(3)
    assert (settled(desk).step, settled(desk).operation) == (0, 3)
    desk.trainer.go_to_operation(many - 1)
    assert settled(desk).operation == many - 1
    desk.trainer.advance_operations(2)
    assert (settled(desk).step, settled(desk).operation) == (1, 1), "the last one makes the update"
    desk.trainer.advance_operations(-2)
    assert (settled(desk).step, settled(desk).operation) == (0, many - 1)
    desk.trainer.advance_operations(-many)
    assert (settled(desk).step, settled(desk).operation) == (0, 0), "there is nothing before the start"
    desk.trainer.advance_operations(5)
    desk.trainer.advance(1)
    assert (desk.stands_at(1).step, settled(desk).operation) == (1, 0), "an update is finished as a whole"


def test_an_operation_is_looked_at_where_the_run_stands(desk: Desk) -> None:
    probe = OperationProbe(1, operation=2)
    desk.trainer.load(XOR_MLP)
    desk.trainer.watch(frozenset({probe}))
    desk.trainer.advance_operations(2)
    desk.until(lambda: desk.snapshot is not None and desk.snapshot.reading(probe) is not None)


def test_of_many_wishes_where_to_go_the_last_counts(desk: Desk) -> None:
    desk.trainer.load(SMALL_CNN)
    desk.trainer.advance(120)
    desk.stands_at(120)
    for step in range(119, 20, -1):
        desk.trainer.go_to(step)
    assert settled(desk).step == 21


def test_the_runs_of_a_document_come_back_as_they_were(desk: Desk) -> None:
    desk.trainer.load(SMALL_CNN)
    desk.trainer.advance(60)
    desk.stands_at(60)
    desk.trainer.branch(2, with_rate(SMALL_CNN, 0.01))
    desk.trainer.rename_run(2, "slow")
    desk.trainer.advance(30)
    desk.stands_at(90)
    desk.trainer.go_to(75)
    records: list[tuple[Record, ...]] = []
    desk.trainer.record(records.append)
    before = settled(desk)
    desk.trainer.load(XOR_MLP)
    desk.trainer.restore(records[0], 2)
    after = settled(desk)
    for one, other in zip(before.runs, after.runs, strict=True):
        assert (one.run, one.name, one.step, one.furthest, one.origin, one.colour) == (
            other.run, other.name, other.step, other.furthest, other.origin, other.colour,
        )  # fmt: skip
        assert np.array_equal(one.curves.loss, other.curves.loss)
    assert after.run == 2
    again: list[tuple[Record, ...]] = []
    desk.trainer.record(again.append)
    settled(desk)
    for one, other in zip(records[0], again[0], strict=True):
        states = [next(s for s in r.checkpoints if s.step == 75) for r in (one, other)]
        assert states[0].is_same_as(states[1])


def test_of_one_run_that_diverges_is_told_and_the_others_go_on_without_it(desk: Desk) -> None:
    desk.trainer.load(SMALL_CNN)
    desk.trainer.branch(2, with_rate(SMALL_CNN, 1000.0))
    desk.trainer.activate(1)
    desk.trainer.play(300)
    found = desk.event(Diverged)
    assert isinstance(found, Diverged)
    assert (found.run, found.going) == (2, True)
    seen = desk.stands_at(300)
    assert seen.runs[1].step == found.step
    assert seen.runs[1].stopped
    assert not seen.stopped


def test_the_active_run_that_diverges_stops_all_until_they_are_to_go_on(desk: Desk) -> None:
    desk.trainer.load(SMALL_CNN)
    desk.trainer.branch(2, with_rate(SMALL_CNN, 1000.0))
    desk.trainer.play(300)
    found = desk.event(Diverged)
    assert isinstance(found, Diverged)
    assert (found.run, found.going) == (2, False)
    desk.until(lambda: desk.snapshot is not None and bool(desk.snapshot.runs[1].stopped))
    assert desk.snapshot.steps_per_second == 0
    desk.trainer.activate(1)
    desk.trainer.play(300)
    seen = desk.stands_at(300)
    assert seen.runs[1].step == found.step


def test_weights_are_set_and_unset_between_two_steps(desk: Desk) -> None:
    desk.trainer.load(XOR_MLP)
    desk.trainer.advance(20)
    desk.stands_at(20)
    name = "hidden.weight"
    desk.trainer.change(lambda run: run.set_parameters({name: run.parameters[name] * 2}))
    assert settled(desk).edits[-1].weights is not None
    desk.trainer.change(lambda run: run.unset_parameters({name}))
    assert len(settled(desk).edits) == 1
    desk.trainer.advance(20)
    fresh = Run(XOR_MLP)
    fresh.advance(40)
    assert np.array_equal(desk.stands_at(40).curves.loss, fresh.curves().loss)
