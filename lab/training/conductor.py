"""The runs as the trainer's thread has them: what each command does to them, and how they advance in between."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.problem import Problem, ProblemError
from lab.training.archive import IN_AN_AUTOSAVE, condensed
from lab.training.breakpoints import AnyBreakpoint
from lab.training.listing import listing
from lab.training.machine import Machine
from lab.training.mailbox import Event, Loaded, Mailbox, Paused, Playing
from lab.training.observer import Asked
from lab.training.probes import Probe
from lab.training.publishing import FRAME, Publisher, Stand
from lab.training.quantities import AnyQuantity
from lab.training.race import Entrant, Lane, Race
from lab.training.record import Record
from lab.training.restart import Start
from lab.training.run import Run
from lab.training.snapshot import Snapshot
from lab.training.surgery import Kept

SLICE = 0.008
"""Seconds of training between two looks at the commands while somebody waits for an answer, or for a picture."""
FOREVER = sys.maxsize
"""The goal of who plays until told otherwise."""
FASTEST_OPERATIONS = 30.0
"""Operations a second where no pace is set: more would not be seen."""
Field = tuple[tuple[Record, ...], int]
"""All runs of a document as they can be kept, and the number of the active one."""
Keep = Callable[[Field], None]
Named = dict[str, NDArray[np.float32]]
"""Parameters by name."""


class Conductor:
    """Belongs to the trainer's thread. A command that is refused raises ProblemError, and has changed nothing."""

    def __init__(self, snapshots: Mailbox[Snapshot], events: deque[Event], threads: int) -> None:
        self._events, self._threads = events, threads
        self.publisher = Publisher(snapshots, events.append)
        self.race: Race | None = None
        self.operation = 0
        """How many operations of the update that comes next have been made."""
        self._goal: int | None = None  # the leader's step to stand at; FOREVER; None: stand now
        self._operating = False  # whether it goes on operation by operation
        self._pace = 0.0  # updates, or operations, a second wanted; 0: as fast as it goes
        self._due = 0.0
        self._speed = 0.0  # updates a second
        self._breakpoints: tuple[AnyBreakpoint, ...] = ()
        self._quantities: tuple[AnyQuantity, ...] = ()

    # -- on its own -------------------------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do until a command comes."""
        return self._goal is None or self.race is None

    def go_on(self, heard: int) -> None:
        """Train for some milliseconds, if it is to, and publish where it is time; so many commands were carried out."""
        if self.race is None:
            return
        if self._goal is not None:
            if self._operating:
                self._next_operation()
            else:
                self._slice(self.race, self._goal)
        self.publisher.publish(self.race, self._stand(heard))

    def _slice(self, race: Race, goal: int) -> None:
        """Some milliseconds of training, as far as the pace and the goal allow."""
        leader = race.leader
        steps = goal - leader.run.step if goal != FOREVER else FOREVER
        now = time.perf_counter()
        if self._pace:
            if (allowed := self._allowed(now)) == 0:
                return
            steps = min(steps, allowed)
        due = self.publisher.due(now)
        steps = min(steps, max(1, round(self._speed * (due if due > SLICE / 2 else SLICE))))
        if steps > 0:
            self._stand_before(0)
            began = {lane.number: (lane.run.step, lane.run.furthest) for lane in race}
            made = race.advance(steps)
            took = time.perf_counter() - now
            # a smoothed speed: the first slice of one update tells little
            fresh = made.done / max(took, 1e-7)
            self._speed = fresh if self._speed == 0 else self._speed * 0.7 + fresh * 0.3
            if reason := race.stop(began, self._breakpoints):
                self.pause(reason)
                return
            if made.diverged:
                # the others go on without it, unless it is the one that commands are for
                going = not race.front.stopped
                self._goal = goal if going else None
                for lane in made.diverged:
                    self._events.append(replace(lane.run.diagnose(), run=lane.number, going=going))
                if not going:
                    return
        if goal != FOREVER and leader.run.step >= goal:
            self.pause("")
        elif leader.stopped:
            self.pause(f"run {leader.name} does not go on: {leader.stopped}")

    def _allowed(self, now: float) -> int:
        """How many updates or operations the pace lets be made now; it waits a little where there are none."""
        if now < self._due:
            time.sleep(min(self._due - now, 0.01))
            return 0
        allowed = max(1, int(self._pace * FRAME))
        self._due = max(self._due + allowed / self._pace, now - 0.1)
        return allowed

    def _next_operation(self) -> None:
        pace = self._pace or FASTEST_OPERATIONS
        now = time.perf_counter()
        if now < self._due:
            time.sleep(min(self._due - now, 0.01))
            return
        self._due = max(self._due + 1 / pace, now - 0.1)
        self._move_operation(1)

    def _stand(self, heard: int) -> Stand:
        return Stand(
            trains=self._goal is not None and not self._operating,
            waits=self._goal is None,
            steps_per_second=self._steps_per_second(),
            operation=self.operation,
            heard=heard,
            update=1 / self._speed if self._speed else 0.0,
        )

    def _steps_per_second(self) -> float:
        if self._goal is None or self._operating:
            return 0.0
        return min(self._speed, self._pace) if self._pace else self._speed

    # -- commands ---------------------------------------------------------------------------------------

    @property
    def _open(self) -> Race:
        """The race; a command that needs one before there is one is refused."""
        if self.race is None:
            raise ProblemError(Problem("run", "there is none yet", "Open an experiment"))
        return self.race

    def load(self, experiment: Experiment) -> None:
        self.begin(Race.of(experiment, self._threads))

    def restore(self, records: tuple[Record, ...], active: int) -> None:
        self.begin(Race.restored(records, active, self._threads))

    def recorded(self) -> tuple[Record, ...]:
        return self.race.recorded() if self.race is not None else ()

    def enter(self, entrants: tuple[Entrant, ...], active: int, from_here: bool, kept: Keep | None) -> None:
        old = self._open
        race = old.with_entrants(entrants, active, from_here)
        self._keep(old, kept)
        self.begin(race)

    def swap(self, wanted: Callable[[], Field | None], kept: Keep) -> None:
        old, field = self._open, wanted()
        if field is not None:
            race = Race.restored(*field, self._threads)
            self._keep(old, kept)
            self.begin(race)

    @staticmethod
    def _keep(race: Race, kept: Keep | None) -> None:
        if kept is not None:
            kept((tuple(condensed(record, IN_AN_AUTOSAVE) for record in race.recorded()), race.active))

    def begin(self, race: Race) -> None:
        self.race = race
        self.publisher.forget()
        self._speed, self.operation = 0.0, 0
        self._follow()
        if self._goal is not None:
            self._goal = None
            self._events.append(Paused(0))
        self.publisher.ask(self._open)
        self._tell(race.front)

    def _tell(self, lane: Lane, machine: Machine | None = None) -> None:
        """That a run stands where a command wanted it."""
        run, kept = lane.run, machine.surgery if machine else Kept()
        self._events.append(Loaded(run.experiment, run.step, lane.number, kept))

    def edit(self, experiment: Experiment) -> None:
        if self.race is None:
            return self.begin(Race.of(experiment, self._threads))
        lane = self.race.front
        machine = lane.run.edit(experiment)
        lane.stopped = ""
        self._speed, self.operation = 0.0, 0
        self._tell(lane, machine)
        return None

    def branch(self, number: int, experiment: Experiment | None, origin: int | None) -> None:
        race = self._open
        lane = race.branch(number, experiment, race.active if origin is None else origin)
        self._speed, self.operation = 0.0, 0
        self.publisher.ask(self._open)
        self._tell(lane)

    def close(self, number: int) -> None:
        self._open.close(number)
        self.publisher.ask(self._open)
        self._tell(self._open.front)

    def reopen(self, number: int) -> None:
        lane = self._open.reopen(number)
        self.publisher.ask(self._open)
        self._tell(lane)

    def activate(self, number: int) -> None:
        self._open.lane(number)
        self._open.active = number
        self._speed, self.operation = 0.0, 0
        self.publisher.ask(self._open)
        self._tell(self._open.front)

    def rename(self, number: int, name: str) -> None:
        self._open.lane(number).name = name

    def play(self, goal: int) -> None:
        race = self._open
        self._goal, self._operating = goal, False
        self._due = time.perf_counter()
        for lane in race:
            if lane.number == race.active:
                lane.stopped = ""  # it is asked for once more
        self._events.append(Playing())

    def play_operations(self) -> None:
        self.play(FOREVER)
        self._operating = True

    def play_epochs(self, epochs: int) -> None:
        run = self._open.leader.run
        to_end = run.batches.to_epoch_end(run.examples)
        self.play(run.step + to_end + (epochs - 1) * run.batches.per_epoch)

    def advance(self, updates: int) -> None:
        self.play(self._standing() + updates)

    def pause(self, reason: str) -> None:
        if self._goal is not None and self.race is not None:
            self._goal, self._operating = None, False
            self._events.append(Paused(self._standing(), reason, self.race.active))

    def _standing(self) -> int:
        return self._open.leader.run.step

    def advance_operations(self, count: int) -> None:
        self.pause("")
        for _ in range(abs(count)):
            self._move_operation(1 if count > 0 else -1)

    def _move_operation(self, way: int) -> None:
        """One operation on, or back: over the end of an update to the next, over its start to the one before."""
        race = self._open
        here = self.operation + way
        if here < 0:
            if race.front.run.step == 0:
                return
            race.go_to(race.front.run.step - 1)
            here = len(listing(race.front.run.experiment)) - 1
        elif here >= len(listing(race.front.run.experiment)):
            here = 0
            for lane in race.advance(1).diverged:
                self._goal, self._operating = None, False
                self._events.append(replace(lane.run.diagnose(), run=lane.number))
        self._stand_before(here)

    def _stand_before(self, operation: int) -> None:
        if operation != self.operation:
            self.operation = operation
            self._open.front.run.touch()

    def go_to(self, step: int) -> None:
        self.pause("")
        self._stand_before(0)
        self._open.go_to(step)
        self.publisher.hurry()  # who drags the handle of time looks at nothing else
        self._tell(self._open.front)

    def start_from(self, starts: Mapping[int, Start], final: bool) -> None:
        self.pause("")
        self._stand_before(0)
        self._open.start_from(starts, final)
        self.publisher.hurry(is_moving=not final)
        if final:
            self._tell(self._open.front)

    def reset(self) -> None:
        self.pause("")
        self._speed, self.operation = 0.0, 0
        self._open.reset()
        self._tell(self._open.front)

    def set_pace(self, per_second: float) -> None:
        self._pace = max(per_second, 0.0)
        self._due = time.perf_counter()

    def guard(self, breakpoints: tuple[AnyBreakpoint, ...]) -> None:
        self._breakpoints = breakpoints
        self._follow()

    def watch_list(self, quantities: tuple[AnyQuantity, ...]) -> None:
        self._quantities = quantities
        self._follow()

    def _follow(self) -> None:
        if self.race is not None:
            self.race.follow(self._quantities, self._breakpoints)
            self.race.front.run.touch()

    def watch(self, probes: frozenset[Probe], of_runs: Asked) -> None:
        self.publisher.watch(probes, of_runs)
        if self.race is not None:
            self.publisher.ask(self.race)

    def save(self, write: Callable[[Named], None], done: Callable[[], None] | None) -> None:
        write(self._open.front.run.parameters)
        if done is not None:
            done()

    def change(self, work: Callable[[Run], None]) -> None:
        lane = self._open.front
        work(lane.run)
        lane.stopped = ""
        self._tell(lane)
