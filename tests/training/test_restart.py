"""Another start of runs that have been under way: to the last bit the way that a fresh run would go."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.experiment.presets import preset
from lab.learning.optimizers import Adam, Momentum, RMSprop
from lab.training.race import Race
from lab.training.recording import replayed
from lab.training.restart import Past, Start, go_again, hurry_again
from lab.training.run import Run
from lab.training.timeline import Edit
from lab.training.trainer import Trainer
from tests.training.problems import LINEAR_NEURON, XOR_MLP, with_rate
from tests.training.test_trainer import Desk
from tests.training.test_trainer_of_runs import settled

BOWL = preset("linear-neuron")
NAME = BOWL.analysis.parameters[0].name
FOREVER = 1e9


def start(x: float, y: float) -> dict[str, np.ndarray]:
    return {NAME: np.array([[x, y]], np.float32)}


def optimizers() -> list:
    return [
        BOWL,
        msgspec.structs.replace(BOWL, optimizer=Momentum(rate=0.005)),
        msgspec.structs.replace(BOWL, optimizer=Adam(rate=0.05)),
        msgspec.structs.replace(BOWL, optimizer=RMSprop(rate=0.02), batch_size=8),
    ]


def raced(steps: int) -> Race:
    """Four optimizers from one start, the last on small batches."""
    first, *others = optimizers()
    race = Race.of(first, 1)
    for number, experiment in enumerate(others, 2):
        race.branch(number, experiment, 1)
    race.active = 1
    race.advance(steps)
    return race


def led(edits: tuple[Edit, ...], weights: Start, step: int) -> Run:
    """A fresh run under these edits, led by the straight way, from weights set at its start."""
    first = Edit(0, edits[0].experiment, {**(edits[0].weights or {}), **(weights or {})})
    return replayed((first, *edits[1:]), step)


def path_of(run: Run) -> tuple[bytes, bytes]:
    steps, vectors = run.path.points(run.step)
    return steps.tobytes(), np.stack(vectors).tobytes()


def assert_same(run: Run, twin: Run) -> None:
    assert run.state().is_same_as(twin.state())
    for ours, theirs in zip(run.curves().__dict__.items(), twin.curves().__dict__.items(), strict=True):
        if "seconds" not in ours[0] and "validation" not in ours[0]:
            assert np.array_equal(ours[1], theirs[1], equal_nan=True), ours[0]
    assert path_of(run) == path_of(twin)


@pytest.mark.parametrize("final", [False, True])
def test_every_run_goes_as_a_fresh_one_from_there(final: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.training.race.A_DRAG", FOREVER)
    race = raced(150)
    steps = [lane.run.step for lane in race]
    wanted = start(-1.5, 2.25)
    race.start_from({lane.number: wanted for lane in race}, False)
    race.start_from({lane.number: start(3, 3) for lane in race}, False)
    race.start_from({lane.number: wanted for lane in race}, final)
    assert [lane.run.step for lane in race] == steps
    for lane, experiment in zip(race, optimizers(), strict=True):
        assert lane.run.experiment == experiment
        assert_same(lane.run, led(tuple(lane.run.timeline.edits), wanted, lane.run.step))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.sampled_from([0.001, 0.01, 0.05])), max_size=4),
    st.integers(1, 60),
    st.integers(0, 60),
    st.tuples(st.floats(-3, 3, width=32), st.floats(-3, 3, width=32)),
    st.booleans(),
)
def test_edits_on_the_way_are_made_again(
    changes: list[tuple[int, float]], more: int, back: int, to: tuple[float, float], final: bool
) -> None:
    run = Run(BOWL)
    for steps, rate in changes:
        run.advance(steps)
        run.edit(with_rate(BOWL, rate))
    run.advance(more)
    furthest = run.step
    run.go_to(max(furthest - back, 0))
    past = Past.of(run)
    moved = past.from_start(start(*to))
    assert go_again(run, moved) if final else hurry_again(run, moved, FOREVER)
    assert run.step == past.step
    edits = tuple(edit for edit in past.edits if edit.step <= past.step)
    twin = led(edits, start(*to), past.step)
    assert run.state().is_same_as(twin.state())
    assert path_of(run) == path_of(twin)
    if final:
        assert run.furthest == furthest
        assert [(e.step, e.experiment) for e in run.timeline.edits] == [
            (e.step, e.experiment) for e in past.edits
        ]
        run.go_to(furthest)
        assert run.state().is_same_as(led(past.edits, start(*to), furthest).state())


def test_what_is_known_of_the_start_is_of_this_start() -> None:
    run = Run(BOWL)
    run.advance(20)
    go_again(run, Past.of(run).from_start(start(5, -5)))
    first = run.curves().validation_loss[0]
    run.go_to(0)
    assert first == run.evaluate("validation").loss


def test_dragging_back_leaves_no_trace() -> None:
    race, twin = raced(80), raced(80)
    race.start_from({lane.number: start(1, 1) for lane in race}, False)
    race.start_from({lane.number: None for lane in race}, True)
    for ours, theirs in zip(race, twin, strict=True):
        assert ours.run.state().is_same_as(theirs.run.state())
        assert path_of(ours.run) == path_of(theirs.run)
        assert np.array_equal(ours.run.curves().validation_loss, theirs.run.curves().validation_loss)


def test_a_start_from_which_it_diverges_and_one_from_which_it_does_not() -> None:
    """A run thrown out goes its whole way again as soon as the hand has moved on."""
    race = Race.of(with_rate(LINEAR_NEURON, 1000), 1)
    name = LINEAR_NEURON.analysis.parameters[0].name
    there = np.zeros((1, 2), np.float32)
    lane = race.front
    race.advance(1)
    steps = lane.run.step
    assert steps == 1
    race.start_from({1: {name: np.full((1, 2), 3e38, np.float32)}}, False)
    assert lane.run.step < steps
    assert "not finite at step 0" in lane.stopped
    race.start_from({1: {name: there}}, True)
    assert (lane.run.step, lane.stopped) == (steps, "")


def test_a_network_without_such_weights_stays_as_it_is() -> None:
    race = Race.of(XOR_MLP, 1)
    race.advance(30)
    before = race.front.run.state()
    race.start_from({1: start(1, 1)}, True)
    assert race.front.run.state().is_same_as(before)


def test_the_start_that_was_chosen_is_that_of_a_reset_too() -> None:
    race = raced(30)
    race.start_from({lane.number: start(2, 1) for lane in race}, True)
    race.reset()
    assert all(np.array_equal(lane.run.params, np.float32([2, 1])) for lane in race)
    assert all(lane.run.step == 0 for lane in race)


def test_a_long_way_is_gone_as_far_as_the_time_goes() -> None:
    run = Run(BOWL)
    run.advance(2000)
    past = Past.of(run)
    assert hurry_again(run, past, 0.0)
    assert 0 < run.step < 2000
    assert hurry_again(run, past, FOREVER)
    assert run.step == 2000
    assert path_of(run) == path_of(replayed(past.edits, 2000))


@pytest.fixture
def desk() -> Iterator[Desk]:
    trainer = Trainer()
    trainer.start()
    yield Desk(trainer)
    trainer.close()


def test_a_dragged_start_is_seen_at_once_with_all_paths(desk: Desk) -> None:
    desk.trainer.load(BOWL)
    desk.trainer.advance(50)
    desk.stands_at(50)
    desk.trainer.branch(2, with_rate(BOWL, 0.001))
    for x in (1.0, 2.0, 3.0):
        desk.trainer.start_from({1: start(x, 0), 2: start(x, 0)}, False)
    seen = settled(desk)
    assert [run.step for run in seen.runs] == [50, 50]
    for run in seen.runs:
        (walk,) = run.walks
        assert walk.steps.tolist() == [*range(51), 50]
        assert walk.points[0].tolist() == [3, 0]
    desk.trainer.start_from({1: start(3, 0), 2: start(3, 0)})
    seen = settled(desk)
    assert seen.edits[0].weights is not None
    assert len(seen.curves.validation_step) > 1
    desk.trainer.load(XOR_MLP)
    assert not settled(desk).walks
