"""What is shown of the runs: moments go to observers, their answers and the runs' numbers into snapshots."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lab.training.comparing import ChangesProbe
from lab.training.filters import FiltersProbe
from lab.training.mailbox import Event, Failed, Mailbox
from lab.training.marks import Marks
from lab.training.moment import OF_THE_UPDATE, Moment, OtherPath
from lab.training.observer import Asked, Observer, Versions
from lab.training.probes import OperationProbe, Probe, Reading, ToldProbe
from lab.training.question import Who
from lab.training.race import Lane, Race
from lab.training.run import Run
from lab.training.snapshot import Snapshot, Walk
from lab.training.surfaces import Surface, SurfaceProbe
from lab.training.survey import too_dear
from lab.training.survey.anchors import weights_at
from lab.training.walks import Trodden, walks_of

FRAME = 0.025
"""Seconds between snapshots: who shows them finds a new one whenever there is time to draw."""
EARLY = 0.004
"""Seconds by which one may come before its time, if half an update is not longer: a slice of training ends nearly when
it is due, and another call for the rest would cost more.
"""
Seen = tuple[int, tuple[int, ...]]
"""The version of a run, and by their ids the surfaces that it is seen on."""
STILL, PATIENT = 0.03, 0.25
"""Seconds for which a hand has to hold still until observers look at what is in it, and until they do all the same."""
SHARES: dict[Who, float] = {"watcher": 0.4, "reader": 0.12, "surveyor": 0.27, "climber": 0.3}
"""Of the observers: for how much of the time each may look while runs train."""
EACH_WEIGHT = 1e-6
"""Seconds for which a walk stays while its run trains, for each weight: the 60,000 of a LeNet are projected 16 times a
second.
"""
SOON = 0.1
"""Seconds after a question in which its answer is looked for at once."""


@dataclass(frozen=True)
class Stand:
    """How the trainer stands: whether it `trains` by updates, or `waits` for commands; in the update that comes next so
    many operations have been made, and so many commands have been carried out. An update takes `update` seconds: less
    than what the pace leaves for it, where there is one.
    """

    trains: bool
    waits: bool
    steps_per_second: float
    operation: int
    heard: int
    update: float = 0.0


class Publisher:
    """Belongs to the trainer's thread. `tell` takes what observers have failed in."""

    def __init__(self, snapshots: Mailbox[Snapshot], tell: Callable[[Event], object]) -> None:
        self._snapshots, self._tell = snapshots, tell
        self._is_urgent = False  # whether the next one takes the place of one that nobody has taken yet
        self._moved_at = 0.0  # when a hand moved a start
        self._looked_at = 0.0  # when observers were asked to look
        self._shown_at = 0.0
        self._shown: object = None  # what the last snapshot showed
        self._trodden = Trodden()
        # of each run: its version and the surfaces that its walks were made for, and these
        self._walked = dict[int, tuple[Seen, tuple[Surface, ...], tuple[Walk, ...]]]()
        self._walked_at = dict[int, float]()  # when
        self._is_asked, self._asked_at = False, 0.0  # whether somebody waits for answers to other questions
        self._probes: frozenset[Probe] = frozenset()  # of the active run
        self._of_runs: Asked = {}
        self._marks = Marks()
        self._observers = {name: Observer(name, share) for name, share in SHARES.items()}
        self._watcher, self._surveyor = self._observers["watcher"], self._observers["surveyor"]

    def dismiss(self) -> None:
        """Observers begin nothing more."""
        for observer in self._observers.values():
            observer.dismiss()

    def close(self) -> None:
        """Join their threads."""
        for observer in self._observers.values():
            observer.close()

    # -- what is asked

    def watch(self, probes: frozenset[Probe], of_runs: Asked) -> None:
        """These of the active run, and others of runs by their numbers; `ask` passes them on."""
        self._probes, self._of_runs = probes, of_runs
        self._is_asked, self._asked_at = True, time.perf_counter()

    def forget(self) -> None:
        """Other runs take the place of those that were seen."""
        self._walked.clear()
        self._marks.forget()

    def ask(self, race: Race) -> None:
        """Pass the probes on to the observers, those for the active run under its number."""
        asked = {run: set(probes) for run, probes in self._of_runs.items()}
        asked.setdefault(race.active, set()).update(self._probes)
        self._marks.follow(asked, {lane.number: lane.run for lane in race})
        for name, observer in self._observers.items():
            observer.watch({run: frozenset(p for p in some if p.asks == name) for run, some in asked.items()})

    @property
    def patience(self) -> float:
        """Seconds until it is to be looked again whether there is something to publish, where no command comes."""
        if self._is_asked and time.perf_counter() < self._asked_at + SOON:
            return 0.001
        return 0.002 if self._observers_have_news() else 0.01

    # -- what is shown

    def hurry(self, is_moving: bool = False) -> None:
        """The next snapshot is for a hand that waits for it; while it is moving, observers would only be in its way."""
        self._is_urgent = True
        if is_moving:
            self._moved_at = time.perf_counter()

    def due(self, now: float) -> float:
        """Seconds until there is to be a snapshot; 0 where somebody waits for one."""
        return 0.0 if self._is_asked or self._is_urgent else max(self._shown_at + FRAME - now, 0.0)

    def publish(self, race: Race, stand: Stand) -> None:
        """A snapshot, where there is something new and it is time for one."""
        now = time.perf_counter()
        versions = {lane.number: lane.run.version for lane in race}
        early = max(EARLY, stand.update / 2)
        waits = not self._snapshots.is_empty or now - self._shown_at < FRAME - early
        if self._is_asked and not self._is_urgent:
            if not self._watcher.has_answered:
                self._observe(race, versions, stand)
            soon = stand.waits and now < self._asked_at + FRAME  # a picture without the answer is not wanted
            waits = not self._watcher.has_answered and (waits or soon)
        if waits and not self._is_urgent:
            return
        names = tuple((lane.number, lane.name, lane.stopped) for lane in race)
        stamp = (versions, race.active, names, self._seen, stand.heard)
        self._observe(race, versions, stand)
        self._is_asked = self._is_asked and not self._watcher.has_answered
        if stamp == self._shown:
            return
        self._shown_at, self._shown, self._is_urgent = now, stamp, False
        self._snapshots.put(self._snapshot(race, stand))

    def _snapshot(self, race: Race, stand: Stand) -> Snapshot:
        """The active run's, with those of all."""
        runs = tuple(self._snapshot_of(lane, race, stand) for lane in race)
        front = next(one for one in runs if one.run == race.active)
        return replace(front, runs=runs)

    def _snapshot_of(self, lane: Lane, race: Race, stand: Stand) -> Snapshot:
        run, number = lane.run, lane.number
        readings: dict[Probe, Reading] = {}
        for observer in self._observers.values():
            readings |= observer.readings(number, run.experiment)
        return replace(
            snapshot_of(run, readings),
            steps_per_second=stand.steps_per_second,
            furthest=run.furthest,
            seconds=run.seconds,
            edits=tuple(run.timeline.edits),
            checkpoints=run.timeline.steps,
            history_bytes=run.timeline.nbytes,
            history_limit=run.timeline.limit,
            operation=stand.operation if number == race.active else 0,
            stopped=lane.stopped,
            run=number,
            name=lane.name,
            colour=lane.colour,
            origin=lane.origin,
            heard=stand.heard,
            watched=run.watched.series(run.curves()),
            walks=self._walks(lane, race, stand),
        )

    def _surfaces(self, lane: Lane, race: Race) -> tuple[Surface, ...]:
        """Those on which its path may be shown: its own, and those of the active run."""
        own = self._surveyor.readings(lane.number, lane.run.experiment)
        front = race.front
        others = {} if lane is front else self._surveyor.readings(front.number, front.run.experiment)
        return tuple(r for r in (*own.values(), *others.values()) if isinstance(r, Surface))

    def _walks(self, lane: Lane, race: Race, stand: Stand) -> tuple[Walk, ...]:
        """The same ones while the run stands and is seen on the same surfaces: views draw nothing anew then. Where
        there are many weights, which take long, they stay for a while also when the run goes on.
        """
        run, now = lane.run, time.perf_counter()
        surfaces = self._surfaces(lane, race)
        seen = run.version, tuple(map(id, surfaces))
        known = self._walked.get(lane.number)
        until = self._walked_at.get(lane.number, 0.0) + EACH_WEIGHT * run.params.size
        is_young = stand.trains and now < until
        if known is None or (known[0] != seen and not (is_young and known[0][1] == seen[1])):
            known = seen, surfaces, walks_of(run, lane.number, surfaces, self._trodden)
            self._walked[lane.number], self._walked_at[lane.number] = known, now
        return known[2]

    def _observe(self, race: Race, versions: Versions, stand: Stand) -> None:
        """Hand moments to the observers that have looked at the last ones."""
        now = time.perf_counter()
        if now < self._moved_at + STILL and now < self._looked_at + PATIENT:
            return
        self._looked_at = now
        for lane in race:
            lane.run.remembers = bool(self._watcher.wanted_of(lane.number, ToldProbe))
        for observer in self._observers.values():
            if failure := observer.take_failure():
                self._tell(Failed(failure))
            if runs := observer.wants(versions, stand.trains):
                observer.look(
                    {run: self._moment(race, race.lane(run), observer, stand) for run in runs}, versions
                )

    def _moment(self, race: Race, lane: Lane, observer: Observer, stand: Stand) -> Moment:
        number, run = lane.number, lane.run
        if run.remembers and stand.waits:
            run.make_last_update_again()
        surfaces = [
            probe
            for probe in observer.wanted_of(number, SurfaceProbe)
            if isinstance(probe, SurfaceProbe) and not too_dear(run.experiment, probe)
        ]
        filters = observer.wanted_of(number, FiltersProbe)
        updates = any(isinstance(probe, FiltersProbe) and probe.what == "update" for probe in filters)
        moment = run.moment(
            internals=bool(surfaces or updates or observer.wanted_of(number, *OF_THE_UPDATE)),
            whole=bool(observer.wanted_of(number, OperationProbe)),
        )
        if not surfaces:
            compared = (*filters, *observer.wanted_of(number, ChangesProbe))
            return replace(moment, run=number, anchors=self._marks.of(number, run, compared))
        return replace(
            moment,
            run=number,
            name=lane.name,
            others=tuple(other_paths(race, lane)),
            anchors=anchors_held(race, surfaces),
        )

    def _observers_have_news(self) -> bool:
        return isinstance(self._shown, tuple) and self._shown[3] != self._seen

    @property
    def _seen(self) -> tuple[int, ...]:
        """How often each observer had something new."""
        return tuple(observer.version for observer in self._observers.values())


def snapshot_of(run: Run, readings: Mapping[Probe, Reading]) -> Snapshot:
    """Where a run stands by itself, with answers."""
    return Snapshot(
        experiment=run.experiment,
        step=run.step,
        examples=run.examples,
        epoch=run.epoch,
        rate=run.rate,
        steps_per_second=0.0,
        curves=run.curves(),
        readings=readings,
    )


def anchors_held(race: Race, surfaces: list[SurfaceProbe]) -> dict[tuple[int, int], NDArray[np.float32]]:
    """The moments that planes are wanted through, as far as the runs hold them exactly."""
    runs = {lane.number: lane.run for lane in race}
    wanted = {anchor for probe in surfaces for anchor in probe.anchors if anchor[0] in runs}
    found = {(number, step): weights_at(runs[number], step) for number, step in wanted}
    return {anchor: weights for anchor, weights in found.items() if weights is not None}


def other_paths(race: Race, lane: Lane) -> Iterator[OtherPath]:
    """Where the other runs with the same weights have gone."""
    for other in race:
        run = other.run
        if other is not lane and space_of(run) == space_of(lane.run):
            yield OtherPath(
                other.number,
                other.name,
                other.colour,
                run.step,
                run.params.copy(),
                *run.path.points(run.step),
                internals=run.internals(),
            )


def space_of(run: Run) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """By which the weight space of a run is told from others: what its parameters are called, and their shapes."""
    return tuple((p.name, p.shape) for p in run.program.parameters)
