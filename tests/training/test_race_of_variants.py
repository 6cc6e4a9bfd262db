"""The runs of a document replaced by those of a race, and back, in the trainer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lab.experiment.variants import ASPECTS, variants
from lab.learning.optimizers import SGD, Adam
from lab.training.conductor import Field
from lab.training.mailbox import Refused
from lab.training.probes import DistancesProbe, ToldProbe
from lab.training.race import MOST_RUNS, Entrant
from lab.training.run import Run
from lab.training.surfaces import SurfaceProbe
from lab.training.trainer import Trainer
from tests.training.problems import LINEAR_NEURON, SMALL_CNN, XOR_MLP, with_rate
from tests.training.test_trainer import Desk
from tests.training.test_trainer_of_runs import settled


@pytest.fixture
def desk() -> Iterator[Desk]:
    trainer = Trainer()
    trainer.start()
    yield Desk(trainer)
    trainer.close()


def entrants(base, *rates, first=2):
    return tuple(Entrant(first + k, f"ε {rate}", with_rate(base, rate)) for k, rate in enumerate(rates))


def test_all_begin_at_the_start_and_see_the_same_examples(desk):
    desk.trainer.load(SMALL_CNN)
    desk.trainer.advance(20)
    desk.stands_at(20)
    kept: list[Field] = []
    desk.trainer.race(entrants(SMALL_CNN, 0.1, 0.05, 0.01), 3, kept=kept.append)
    seen = settled(desk)
    assert seen.run == 3
    assert [(s.run, s.name, s.step, s.furthest, s.colour, s.origin) for s in seen.runs] == [
        (2, "ε 0.1", 0, 0, 0, None),
        (3, "ε 0.05", 0, 0, 1, None),
        (4, "ε 0.01", 0, 0, 2, None),
    ]
    ((records, active),) = kept
    assert ([r.step for r in records], active) == ([20], 1)
    desk.trainer.advance(30)
    for one in desk.stands_at(30).runs:
        alone = Run(one.experiment)
        alone.advance(30)
        assert np.array_equal(one.curves.loss, alone.curves().loss), "as if it ran alone"


def test_from_here_they_share_the_past(desk):
    desk.trainer.load(XOR_MLP)
    desk.trainer.advance(40)
    desk.stands_at(40)
    desk.trainer.race(entrants(XOR_MLP, 0.05, 0.01), 2, from_here=True)
    seen = settled(desk)
    assert [(s.step, s.furthest, s.origin) for s in seen.runs] == [(40, 40, (1, 40))] * 2
    desk.trainer.advance(20)
    changed = desk.stands_at(60).runs[1]
    alone = Run(XOR_MLP)
    alone.advance(40)
    alone.edit(with_rate(XOR_MLP, 0.01))
    alone.advance(20)
    assert np.array_equal(changed.curves.loss, alone.curves().loss)


def test_back_and_forth_nothing_is_lost(desk):
    desk.trainer.load(SMALL_CNN)
    desk.trainer.advance(25)
    before = desk.stands_at(25)
    old: list[Field] = []
    new: list[Field] = []
    desk.trainer.race(entrants(SMALL_CNN, 0.1, 0.05), 2, kept=old.append)
    desk.trainer.advance(35)
    raced = desk.stands_at(35)
    desk.trainer.swap(lambda: old[-1], new.append)
    back = settled(desk)
    assert [(s.run, s.name, s.step) for s in back.runs] == [(1, "A", 25)]
    assert np.array_equal(back.curves.loss, before.curves.loss)
    desk.trainer.advance(10)
    desk.stands_at(35)
    desk.trainer.swap(lambda: new[-1], old.append)
    again = settled(desk)
    assert [(s.run, s.name, s.step) for s in again.runs] == [(2, "ε 0.1", 35), (3, "ε 0.05", 35)]
    for one, other in zip(again.runs, raced.runs, strict=True):
        assert np.array_equal(one.curves.loss, other.curves.loss)
    desk.trainer.swap(lambda: old[-1], new.append)
    assert settled(desk).step == 35, "what was trained since the first time back is there"


def test_weights_that_were_set_by_hand_at_the_start_are_taken_over(desk):
    desk.trainer.load(XOR_MLP)
    desk.trainer.change(lambda run: run.set_parameters({"output.weight": np.full((1, 8), 0.25)}))
    own = (*entrants(XOR_MLP, 0.1), Entrant(9, "own", with_rate(XOR_MLP, 0.2), own_start=True))
    desk.trainer.race(own, 2)
    first, second = settled(desk).runs
    assert first.edits[0].weights is not None
    assert second.edits[0].weights is None


def test_what_cannot_run_leaves_all_as_it_was(desk):
    desk.trainer.load(XOR_MLP)
    desk.trainer.advance(10)
    desk.stands_at(10)
    kept: list[Field] = []
    desk.trainer.race(
        (Entrant(2, "wrong", SMALL_CNN), Entrant(3, "x", with_rate(XOR_MLP, -1.0))), 2, kept=kept.append
    )
    assert isinstance(desk.event(Refused), Refused)
    assert (settled(desk).run, settled(desk).step, kept) == (1, 10, [])
    desk.trainer.race(entrants(XOR_MLP, *[0.1] * (MOST_RUNS + 1)), 2)
    assert [s.run for s in settled(desk).runs] == [1]
    desk.trainer.swap(lambda: None, kept.append)
    assert ([s.run for s in settled(desk).runs], kept) == ([1], [])


def test_a_race_pauses_who_played(desk):
    desk.trainer.load(XOR_MLP)
    desk.trainer.play()
    desk.trainer.race(entrants(XOR_MLP, 0.1, 0.2), 2)
    seen = settled(desk)
    assert (seen.step, seen.steps_per_second) == (0, 0.0)


def test_distances_and_updates_are_told_of_every_run(desk):
    aspect = next(aspect for aspect in ASPECTS if aspect.key == "optimizers")
    found = [
        one for one in variants(LINEAR_NEURON, aspect, 2) if isinstance(one.experiment.optimizer, SGD | Adam)
    ]
    desk.trainer.load(LINEAR_NEURON)
    desk.trainer.race(tuple(Entrant(k + 2, v.name, v.experiment) for k, v in enumerate(found)), 2)
    asked = frozenset({DistancesProbe(), ToldProbe((0, 1))})
    desk.trainer.watch(frozenset(), {k + 2: asked for k in range(len(found))})
    desk.trainer.advance(50)
    desk.stands_at(50)

    def answered() -> bool:
        runs = desk.snapshot.runs if desk.snapshot else ()
        told = [run.reading(ToldProbe((0, 1))) for run in runs]
        return all(t is not None and t.updates[0].terms and "50" not in t.updates[0].why for t in told)

    desk.until(answered)
    for variant in found:
        run = Run(variant.experiment)
        start = run.params.copy()
        run.advance(50)
        wanted = np.linalg.norm(run.params.astype(float) - start)

        def agrees(name=variant.name, run=run, wanted=wanted) -> bool:
            seen = next(s for s in desk.snapshot.runs if s.name == name)
            here, told = seen.reading(DistancesProbe()), seen.reading(ToldProbe((0, 1)))
            return (
                here is not None
                and here.from_start == pytest.approx(wanted, rel=1e-6)
                and here.to_minimum
                == pytest.approx(np.linalg.norm(run.params - [1.0, 1.0]), rel=1e-4, abs=1e-6)
                and [u.value for u in told.updates] == run.params.tolist()
            )

        desk.until(agrees)


def test_runs_that_begin_elsewhere_walk_through_the_same_space(desk):
    """Whatever their weights begin as, they are seen on one surface."""
    aspect = next(aspect for aspect in ASPECTS if aspect.key == "starts")
    found = variants(XOR_MLP, aspect, 140)[:3]
    desk.trainer.load(XOR_MLP)
    desk.trainer.race(tuple(Entrant(k + 2, v.name, v.experiment, True) for k, v in enumerate(found)), 2)
    probe = SurfaceProbe(plane="random", resolution=3, examples=20)
    desk.trainer.watch(frozenset({probe}))
    desk.trainer.advance(5)
    desk.stands_at(5)

    def seen() -> bool:
        surface = desk.snapshot.reading(probe) if desk.snapshot else None
        return surface is not None and {other.name for other in surface.others} == {v.name for v in found[1:]}

    desk.until(seen)
