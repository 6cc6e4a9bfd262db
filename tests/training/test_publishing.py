"""What is shown of the runs, and when: a hand that moves is not kept waiting by those who look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from lab.training import publishing
from lab.training.mailbox import Mailbox
from lab.training.mistaken import MistakesProbe
from lab.training.probes import OutputsProbe, WeightsProbe
from lab.training.publishing import EACH_WEIGHT, FRAME, PATIENT, STILL, Publisher, Stand
from lab.training.question import Question
from lab.training.race import Race
from lab.training.snapshot import Snapshot
from lab.training.surfaces import SurfaceProbe
from tests.training.problems import LINEAR_NEURON, SMALL_CNN

STANDS = Stand(trains=False, waits=True, steps_per_second=0.0, operation=0, heard=0)
TRAINS = Stand(trains=True, waits=False, steps_per_second=1.0, operation=0, heard=0)


class Clock:
    """`time` as the publisher sees it."""

    now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(publishing, "time", clock)
    return clock


@pytest.fixture
def race() -> Race:
    return Race.of(LINEAR_NEURON, 1)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    publisher = Publisher(Mailbox[Snapshot](), lambda event: None)
    yield publisher
    publisher.close()


def test_observers_let_a_moving_hand_pass_but_not_for_long(
    publisher: Publisher, race: Race, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    monkeypatch.setattr(publisher._watcher, "look", lambda moments, versions: looks.append(clock.now))
    publisher.watch(frozenset({WeightsProbe()}), {})
    publisher.ask(race)
    publisher.publish(race, STANDS)
    assert len(looks) == 1
    clock.now += 1.0
    moves, shown = 100, 0
    for _ in range(moves):
        race.front.run.touch()
        publisher.hurry(is_moving=True)
        publisher.publish(race, STANDS)
        shown += publisher._snapshots.take() is not None
        clock.now += STILL / 3
    assert shown == moves, "each move is shown at once"
    assert 1 < len(looks) - 1 <= moves * STILL / 3 / PATIENT + 2
    looks.clear()
    publisher.publish(race, STANDS)
    clock.now += STILL
    publisher.publish(race, STANDS)
    assert looks, "the hand holds still"


def test_a_snapshot_is_due_once_a_frame_and_at_once_where_somebody_waits(
    publisher: Publisher, race: Race, clock: Clock
) -> None:
    publisher.publish(race, TRAINS)
    assert publisher.due(clock.now) == pytest.approx(FRAME)
    assert publisher.due(clock.now + 2 * FRAME) == 0
    publisher.hurry()
    assert publisher.due(clock.now) == 0


def test_half_an_update_before_its_time_a_snapshot_comes_but_not_for_a_pace(
    publisher: Publisher, race: Race, clock: Clock
) -> None:
    def is_shown(after: float, stand: Stand) -> bool:
        found = []
        for pause in (2 * FRAME, after):
            clock.now += pause
            race.front.run.touch()
            publisher.publish(race, stand)
            found.append(publisher._snapshots.take() is not None)
        assert found[0]
        return found[1]

    slow = replace(TRAINS, update=0.8 * FRAME)
    assert is_shown(0.7 * FRAME, slow), "another update would be later than this one is early"
    assert not is_shown(0.5 * FRAME, slow)
    paced = replace(TRAINS, steps_per_second=1.0, update=1e-5)
    assert not is_shown(0.7 * FRAME, paced)
    assert is_shown(FRAME, paced)


def test_walks_of_many_weights_stay_for_a_while_only_while_they_grow(
    publisher: Publisher, race: Race, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "EACH_WEIGHT", 1.0)  # so that two are many
    run = race.front.run
    size = run.params.size

    def walk(stand: Stand) -> int:
        (walk,) = publisher._walks(race.front, race, stand)
        return int(walk.steps[-1])

    assert EACH_WEIGHT * 60_000 < 0.1
    assert walk(TRAINS) == 0
    run.advance(3)
    assert walk(TRAINS) == 0
    clock.now += size + 0.1
    assert walk(TRAINS) == 3
    run.advance(2)
    assert walk(STANDS) == 5, "where they stand, they are shown where they stand"
    assert np.array_equal(publisher._walks(race.front, race, STANDS)[0].points[-1], run.params)


def test_who_watches_does_not_wait_for_what_is_costly() -> None:
    publisher, race = Publisher(Mailbox(), lambda event: None), Race.of(SMALL_CNN, 1)
    of_all = {OutputsProbe(), MistakesProbe(), SurfaceProbe(), WeightsProbe()}
    publisher.watch(frozenset(of_all), {})
    publisher.ask(race)
    asked = {name: set(some.wanted_of(1, Question)) for name, some in publisher._observers.items()}
    assert asked == {
        "watcher": {WeightsProbe()},
        "reader": {OutputsProbe(), MistakesProbe()},
        "surveyor": {SurfaceProbe()},
        "climber": set(),
    }
