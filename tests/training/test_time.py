"""Time as a person walks through it: whatever was done, each run stands where a fresh replay of its edits stands."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.data.datasets import XOR
from lab.experiment.experiment import Experiment
from lab.experiment.of_layer import with_network
from lab.learning.clipping import Clipping
from lab.learning.optimizers import SGD, Adam, Momentum, Rprop
from lab.learning.schedules import RiseAndFall, Step
from lab.network.activations import ReLU, Tanh
from lab.network.layers import BatchNorm, Dense, Dropout
from lab.network.network import Network, Node
from lab.training import machine
from lab.training.race import MOST_RUNS, Race
from lab.training.run import Run
from tests.training.problems import SMALL_CNN, XOR_MLP, with_rate

TINY = msgspec.structs.replace(
    XOR_MLP,
    data=XOR(points=30),
    network=Network((Node("hidden", Dense(3, Tanh())), Node("output", Dense(1, Tanh())))),
    batch_size=4,
)


def with_nodes(experiment: Experiment, *hidden: Node) -> Experiment:
    return with_network(experiment, Network((*hidden, experiment.network.nodes[-1])))


EDITS: dict[str, Callable[[Experiment], Experiment]] = {
    "slower": lambda e: with_rate(e, 0.01),
    "faster": lambda e: with_rate(e, 0.2),
    "adam": lambda e: msgspec.structs.replace(e, optimizer=Adam(rate=0.01)),
    "momentum": lambda e: msgspec.structs.replace(e, optimizer=Momentum(rate=0.05)),
    "rprop": lambda e: msgspec.structs.replace(e, optimizer=Rprop(rate=0.01), batch_size=30),
    "sgd": lambda e: msgspec.structs.replace(e, optimizer=SGD(rate=0.1)),
    "small batches": lambda e: msgspec.structs.replace(e, batch_size=3),
    "large batches": lambda e: msgspec.structs.replace(e, batch_size=8),
    "narrow": lambda e: with_nodes(e, Node("hidden", Dense(2, Tanh()))),
    "wide": lambda e: with_nodes(e, Node("hidden", Dense(5, ReLU()))),
    "deep": lambda e: with_nodes(e, Node("hidden", Dense(4, Tanh())), Node("more", Dense(2, Tanh()))),
    "renamed": lambda e: with_nodes(e, Node("first", Dense(4, Tanh()))),
    "dropout": lambda e: with_nodes(e, Node("hidden", Dense(4, Tanh())), Node("drop", Dropout(0.5))),
    "normed": lambda e: with_nodes(e, Node("hidden", Dense(4, Tanh())), Node("norm", BatchNorm())),
    "reacting": lambda e: msgspec.structs.replace(e, schedule=RiseAndFall(window=2, steady=1)),
    "stepping": lambda e: msgspec.structs.replace(e, schedule=Step(every=5, factor=0.5)),
    "clipped": lambda e: msgspec.structs.replace(e, clipping=Clipping(by="norm", limit=0.1)),
    "other data": lambda e: msgspec.structs.replace(e, data=XOR(points=50)),
    "other seed": lambda e: msgspec.structs.replace(e, seed=e.seed + 1),
}

ACTIONS = st.one_of(
    st.tuples(st.just("advance"), st.integers(1, 60)),
    st.tuples(st.just("go to"), st.integers(0, 150)),
    st.tuples(st.just("edit"), st.sampled_from(sorted(EDITS))),
    st.tuples(st.just("edit"), st.sampled_from(sorted(EDITS))),
    st.tuples(st.just("undo"), st.just(0)),
    st.tuples(st.just("weight"), st.integers(0, 20)),
    st.tuples(st.just("branch"), st.sampled_from(["", *sorted(EDITS)])),
    st.tuples(st.just("activate"), st.integers(0, 7)),
    st.tuples(st.just("close"), st.integers(0, 7)),
    st.tuples(st.just("keep"), st.just(0)),
)


def fresh(run: Run) -> Run:
    """A new run that is led through the edits of this one, and to its step, by a straight way."""
    first, *later = [edit for edit in run.timeline.edits if edit.step <= run.step]
    other = Run(first.experiment)
    for edit in (first, *later):
        other.advance(edit.step - other.step)
        if edit is not first:
            other.edit(edit.experiment)
        if edit.weights:
            other.set_parameters(edit.weights)
    other.advance(run.step - other.step)
    return other


def do(race: Race, action: str, what: object, undone: list[Experiment]) -> Race:
    run = race.front.run
    if action == "advance":
        race.advance(what)
    elif action == "go to":
        race.go_to(what)
    elif action == "edit":
        undone.append(run.experiment)
        run.edit(EDITS[what](run.experiment))
    elif action == "undo" and undone:
        run.edit(undone.pop())
    elif action == "weight":
        name, values = sorted(run.parameters.items())[what % len(run.parameters)]
        values.flat[what % values.size] += 0.5
        run.set_parameters({name: values})
    elif action == "branch" and len(race.lanes) < MOST_RUNS:
        number = max(lane.number for lane in race) + 1
        race.branch(number, EDITS[what](run.experiment) if what else None, race.active)
    elif action == "activate":
        race.active = race.lanes[what % len(race.lanes)].number
    elif action == "close" and len(race.lanes) > 1:
        race.close(race.lanes[what % len(race.lanes)].number)
    elif action == "keep":
        return Race.restored(tuple(lane.recorded() for lane in race), race.active, 1)
    return race


@settings(max_examples=2000, deadline=None, derandomize=True)
@given(st.lists(ACTIONS, min_size=2, max_size=12))
def test_any_way_through_time_ends_where_the_straight_way_ends(actions) -> None:
    race, undone = Race.of(TINY, 1), []
    for action, what in actions:
        race = do(race, action, what, undone)
    for lane in race:
        run = lane.run
        assert fresh(run).state().is_same_as(run.state()), lane.name
        steps = run.curves().step
        assert steps.tolist() == list(range(1, run.furthest + 1))
        assert run.timeline.steps[0] == 0
        assert max(run.timeline.steps) <= run.furthest
        if not lane.stopped and lane.origin is None:
            assert abs(run.examples - race.leader.run.examples) <= 60


def test_what_was_known_is_not_logged_again_and_the_future_comes_with_its_edits() -> None:
    run = Run(TINY)
    run.advance(40)
    run.edit(EDITS["wide"](TINY))
    run.advance(40)
    run.edit(EDITS["adam"](run.experiment))
    run.advance(40)
    there, curves = run.state(), run.curves()
    for step in (0, 39, 40, 41, 79, 80, 81, 119):
        run.go_to(step)
        assert len(run.experiment.network.nodes) == 2
        assert run.program.parameters[0].shape[0] == (3 if step < 40 else 5)
        assert fresh(run).state().is_same_as(run.state())
        run.advance(120 - step)
        assert run.state().is_same_as(there)
    assert run.curves().loss.tobytes() == curves.loss.tobytes()
    assert len(run.curves().loss) == 120


def test_edits_at_one_step_are_one_edit() -> None:
    """As when a slider is dragged: narrow and wide again at the same moment, and nothing is lost."""
    run = Run(TINY)
    run.advance(25)
    before = run.state()
    for width in (2, 1, 5, 3):
        run.edit(with_nodes(TINY, Node("hidden", Dense(width, Tanh()))))
    assert run.state().is_same_as(before)
    assert len(run.timeline.edits) == 1, "what was undone at once leaves no trace"
    run.edit(with_rate(TINY, 0.01))
    run.edit(with_rate(TINY, 0.02))
    assert [edit.experiment.optimizer.rate for edit in run.timeline.edits] == [TINY.optimizer.rate, 0.02]


def test_an_edit_at_the_start_is_the_start() -> None:
    run = Run(TINY)
    run.edit(msgspec.structs.replace(TINY, seed=5))
    assert run.state().is_same_as(Run(msgspec.structs.replace(TINY, seed=5)).state())


@pytest.mark.parametrize("batch", [4, 2, 7, 1, 30])
def test_runs_go_in_lockstep_by_the_examples_they_have_seen(batch: int) -> None:
    race = Race.of(TINY, 1)
    race.branch(2, msgspec.structs.replace(TINY, batch_size=batch), 1)
    a, b = (lane.run for lane in race)
    race.active = 1
    for steps in (1, 2, 5, 11, 40):
        race.advance(steps)
        assert 0 <= a.examples - b.examples < batch
    race.go_to(9)
    assert a.step == 9
    assert 0 <= a.examples - b.examples < batch
    same_batches = Run(msgspec.structs.replace(TINY, batch_size=batch))
    same_batches.advance(b.step)
    assert same_batches.state().is_same_as(b.state())


def test_a_branch_in_the_past_leaves_the_first_run_its_future() -> None:
    race = Race.of(TINY, 1)
    race.advance(50)
    there = race.front.run.state()
    race.go_to(20)
    race.branch(2, with_rate(TINY, 0.001), 1)
    one, two = (lane.run for lane in race)
    assert (one.step, one.furthest, two.step, two.furthest) == (20, 50, 20, 20)
    assert race.lane(2).origin == (1, 20)
    race.advance(30)
    assert one.state().is_same_as(there)
    assert two.furthest == 50
    assert not np.array_equal(one.params, two.params)


def test_a_run_whose_loss_is_not_finite_is_left_behind_and_comes_back_with_the_past() -> None:
    race = Race.of(SMALL_CNN, 1)
    race.branch(2, with_rate(SMALL_CNN, 1000.0), 1)
    race.active = 1
    stopped = race.advance(200).diverged
    assert [lane.number for lane in stopped] == [2]
    assert "not finite" in race.lane(2).stopped
    here = race.lane(2).run.step
    race.advance(50)
    assert race.lane(1).run.step == 250
    assert race.lane(2).run.step == here
    race.go_to(max(here - 2, 0))
    assert race.lane(2).run.step == race.lane(1).run.step == max(here - 2, 0)
    assert not race.lane(2).stopped


def test_a_closed_run_can_be_opened_again() -> None:
    race = Race.of(TINY, 1)
    race.advance(10)
    race.branch(2, with_rate(TINY, 0.001), 1)
    race.advance(30)
    kept = race.lane(2).run.state()
    race.close(2)
    assert [lane.number for lane in race] == [1]
    race.advance(10)
    again = race.reopen(2)
    assert again.run.step == 40
    assert again.run.state().is_same_as(kept)
    assert race.active == 2


@pytest.mark.parametrize("steps", [1, 3, 7, 50])
def test_checkpoints_lie_nearly_as_far_apart_however_many_updates_are_made_at_once(
    steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "REPLAY", 4.5 * machine.UPDATE)
    run, last = Run(XOR_MLP), Run(XOR_MLP)
    assert run.machine.marks(1).checkpoint == 4
    while run.step < 100:
        run.advance(steps)
    gaps = np.diff(run.timeline.steps)
    assert gaps.min() >= 4
    assert gaps.max() < 8
    assert run.step - run.timeline.steps[-1] < 4
    for step in (97, 42, 5):
        run.go_to(step)
        last.go_to(0)
        last.advance(step)
        assert run.state().is_same_as(last.state())
