"""The one compute thread: it takes commands, advances the runs, and publishes snapshots and events."""

from __future__ import annotations

import queue
import sys
import threading
import time
import traceback
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
from lab.training.mailbox import Compiling, Event, Failed, Loaded, Mailbox, Paused, Playing, Refused
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
NO_MEMORY = Problem("memory", "there is not enough of it for this", "Make the network or the batch smaller")
SWITCH = 0.002
"""Seconds until a thread of Python has to make room for another: a frame must not wait long for an observer, nor be
broken off between two slices of training what the trainer does there.
"""


class Trainer:
    """All methods return at once and may be called from the window's thread; the work happens on the trainer's.

    `snapshots` holds the newest picture; whoever shows it takes it out. Commands are carried out in their order.
    """

    def __init__(self, threads: int = 1) -> None:
        self.snapshots: Mailbox[Snapshot] = Mailbox()
        self.threads = threads
        self.sent = 0
        """Commands given so far. A snapshot whose `heard` is as many shows what they have done."""
        self._heard = 0
        self._commands: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._events: deque[Event] = deque()
        self._thread = threading.Thread(target=self._live, name="trainer", daemon=True)
        self._closing = False
        self._race: Race | None = None
        self._goal: int | None = None  # the leader's step to stand at; FOREVER; None: stand now
        self._operating = False  # whether it goes on operation by operation
        self._operation = 0  # how many operations of the update that comes next have been made
        self._wanted = 0  # the step that was last asked for
        self._wanted_start: Mapping[int, Start] = {}  # that was last asked for
        self._pace = 0.0  # updates, or operations, a second wanted; 0: as fast as it goes
        self._due = 0.0
        self._speed = 0.0  # updates a second
        self._breakpoints: tuple[AnyBreakpoint, ...] = ()
        self._quantities: tuple[AnyQuantity, ...] = ()
        self._publisher = Publisher(self.snapshots, self._events.append)

    # -- what anybody may call --------------------------------------------------------------------------

    def start(self) -> None:
        sys.setswitchinterval(SWITCH)
        self._thread.start()

    def close(self) -> None:
        """Stop and join all threads."""
        self._closing = True
        self._commands.put(lambda: None)  # which wakes the thread
        self._publisher.dismiss()  # while the trainer makes its last update
        if self._thread.is_alive():
            self._thread.join()
        self._publisher.close()

    def events(self) -> list[Event]:
        """All events since the last call, in order."""
        found = []
        while self._events:
            found.append(self._events.popleft())
        return found

    def load(self, experiment: Experiment) -> None:
        """A race of one new run, number 1, at its start."""
        self._command(lambda: self._begin(Race.of(experiment, self.threads)))

    def restore(self, records: tuple[Record, ...], active: int) -> None:
        """The runs of a document, as they were when it was saved, in place of all there are."""
        self._command(lambda: self._begin(Race.restored(records, active, self.threads)))

    def race(
        self, entrants: tuple[Entrant, ...], active: int, from_here: bool = False, kept: Keep | None = None
    ) -> None:
        """These runs in place of all there are, each from the start, or from where the active run stands.

        `kept` is called on the trainer's thread with the runs that were there, for `swap` to have them back.
        """
        self._command(lambda: self._enter(entrants, active, from_here, kept))

    def swap(self, wanted: Callable[[], Field | None], kept: Keep) -> None:
        """The runs that `wanted` gives in place of all there are; where it gives none, nothing happens."""
        self._command(lambda: self._swap(wanted, kept))

    def edit(self, experiment: Experiment) -> None:
        """Change the active run's experiment between two steps; nothing resets that need not.

        If the run stands in its past, what came after is forgotten: `branch` keeps it.
        """
        self._command(lambda: self._edit(experiment))

    def branch(self, run: int, experiment: Experiment | None = None, origin: int | None = None) -> None:
        """A new run number `run` that stands where `origin`, or the active run, stands, and is the active one then.

        It has the same past and no future. With an experiment it is edited at once.
        """
        self._command(lambda: self._branch(run, experiment, origin))

    def close_run(self, run: int) -> None:
        """Take a run away. The last one stays."""
        self._command(lambda: self._close(run))

    def reopen_run(self, run: int) -> None:
        """Open again what was closed lately."""
        self._command(lambda: self._reopen(run))

    def activate(self, run: int) -> None:
        """Make it the run that commands and probes are for."""
        self._command(lambda: self._activate(run))

    def rename_run(self, run: int, name: str) -> None:
        self._command(lambda: self._rename(run, name))

    def record(self, receive: Callable[[tuple[Record, ...]], None]) -> None:
        """Call `receive` on the trainer's thread with all that is needed to have the runs again."""
        self._command(lambda: receive(self._race.recorded() if self._race is not None else ()))

    def play(self, until: int | None = None) -> None:
        """Train until told otherwise, or until the leading run stands at step `until`."""
        self._command(lambda: self._play(FOREVER if until is None else until))

    def play_operations(self) -> None:
        """Make one operation after the other, at the pace, until told otherwise."""
        self._command(self._play_operations)

    def pause(self) -> None:
        self._command(lambda: self._pause(""))

    def advance(self, updates: int) -> None:
        """Train so many updates, then stand."""
        self._command(lambda: self._play(self._standing() + updates))

    def advance_epochs(self, epochs: int) -> None:
        """Train to the end of the epoch, `epochs` times."""
        self._command(lambda: self._play_epochs(epochs))

    def advance_operations(self, count: int) -> None:
        """Make so many operations of the update that comes next; back, where `count` is negative.

        After the last operation of the listing the update is made, and the next begins.
        """
        self._command(lambda: self._advance_operations(count))

    def go_to_operation(self, row: int) -> None:
        """Stand before operation `row` of the listing, within the update that comes next."""
        self._command(lambda: self._advance_operations(row - self._operation))

    def go_to(self, step: int) -> None:
        """Stand at a step that has been already, exactly as it was; 0 is the start. Its future stays.

        Of several wishes that come before the first is granted, the last one counts.
        """
        self._wanted = step
        self._command(lambda: self._go_to(step) if step == self._wanted else None)

    def start_from(self, starts: Mapping[int, Start], final: bool = True) -> None:
        """Other weights at step 0, by runs and names; each run goes its way again to where it stands.

        Of several starts that come before the first is granted, the last one counts. Those that are not `final` are
        worked out in a hurry: a final one has to follow.
        """
        self._wanted_start = starts
        self._command(
            lambda: self._start_from(starts, final) if final or starts is self._wanted_start else None
        )

    def reset(self) -> None:
        """All runs back to the start, under their experiments as they are now."""
        self._command(self._reset)

    def pace(self, per_second: float) -> None:
        """Make no more updates, or operations, a second than this; 0 for as fast as it goes."""
        self._command(lambda: self._set_pace(per_second))

    def guard(self, breakpoints: tuple[AnyBreakpoint, ...]) -> None:
        """Stop where one of these strikes."""
        self._command(lambda: self._guard(breakpoints))

    def watch_list(self, quantities: tuple[AnyQuantity, ...]) -> None:
        """Follow these quantities in every run."""
        self._command(lambda: self._watch_list(quantities))

    def watch(self, probes: frozenset[Probe], of_runs: Asked | None = None) -> None:
        """Answer these probes of the active run from now on, and others of runs by their numbers; no others."""
        self._command(lambda: self._watch(probes, of_runs or {}))

    def save_weights(self, write: Callable[[Named], None], done: Callable[[], None] | None = None) -> None:
        """Call `write` on the trainer's thread with copies of all parameters of the active run by name."""
        self._command(lambda: self._save(write, done))

    def set_weights(self, read: Callable[[Named], Named]) -> None:
        """Call `read` on the trainer's thread with the parameters by name and set those that it gives."""
        self.change(lambda run: run.set_parameters(read(run.parameters)))

    def change(self, work: Callable[[Run], None]) -> None:
        """Call `work` on the trainer's thread with the active run, which may be changed there, between two steps."""
        self._command(lambda: self._change(work))

    def _command(self, command: Callable[[], object]) -> None:
        self.sent += 1
        self._commands.put(command)

    # -- the trainer's thread ---------------------------------------------------------------------------

    def _live(self) -> None:
        try:
            self._compile()
            while not self._closing:
                self._take_commands()
                if self._race is not None and self._goal is not None:
                    if self._operating:
                        self._next_operation()
                    else:
                        self._slice(self._race, self._goal)
                if self._race is not None:
                    self._publisher.publish(self._race, self._stand())
        except Exception:  # the last resort: the window shows it and the person can save
            self._events.append(Failed(traceback.format_exc()))

    def _compile(self) -> None:
        from lab.kernels.warmup import STAGES, compiling  # here, so that the window is up before Numba is

        last = -1
        for done in compiling():
            if self._closing:
                return
            if done != last:
                self._events.append(Compiling(done, len(STAGES)))
            last = done

    def _take_commands(self) -> None:
        idle = self._goal is None or self._race is None
        command: Callable[[], object] | None
        try:
            command = self._commands.get(idle, self._publisher.patience)
        except queue.Empty:
            return
        while command is not None:
            number = self._heard + 1
            try:
                command()
            except ProblemError as error:
                self._events.append(Refused(error.problems, number))
            except MemoryError:
                self._events.append(Refused((NO_MEMORY,), number))
            except Exception:
                self._pause("")
                self._events.append(Failed(traceback.format_exc()))
            self._heard += 1
            command = None if self._commands.empty() else self._commands.get()

    def _slice(self, race: Race, goal: int) -> None:
        """Some milliseconds of training, as far as the pace and the goal allow."""
        leader = race.leader
        steps = goal - leader.run.step if goal != FOREVER else FOREVER
        now = time.perf_counter()
        if self._pace:
            if (allowed := self._allowed(now)) == 0:
                return
            steps = min(steps, allowed)
        due = self._publisher.due(now)
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
                self._pause(reason)
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
            self._pause("")
        elif leader.stopped:
            self._pause(f"run {leader.name} does not go on: {leader.stopped}")

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

    def _stand(self) -> Stand:
        return Stand(
            trains=self._goal is not None and not self._operating,
            waits=self._goal is None,
            steps_per_second=self._steps_per_second(),
            operation=self._operation,
            heard=self._heard,
        )

    def _steps_per_second(self) -> float:
        if self._goal is None or self._operating:
            return 0.0
        return min(self._speed, self._pace) if self._pace else self._speed

    # -- commands ---------------------------------------------------------------------------------------

    @property
    def _open(self) -> Race:
        """The race; a command that needs one before there is one is refused."""
        if self._race is None:
            raise ProblemError(Problem("run", "there is none yet", "Open an experiment"))
        return self._race

    def _enter(self, entrants: tuple[Entrant, ...], active: int, from_here: bool, kept: Keep | None) -> None:
        old = self._open
        race = old.with_entrants(entrants, active, from_here)
        self._keep(old, kept)
        self._begin(race)

    def _swap(self, wanted: Callable[[], Field | None], kept: Keep) -> None:
        old, field = self._open, wanted()
        if field is not None:
            race = Race.restored(*field, self.threads)
            self._keep(old, kept)
            self._begin(race)

    @staticmethod
    def _keep(race: Race, kept: Keep | None) -> None:
        if kept is not None:
            kept((tuple(condensed(record, IN_AN_AUTOSAVE) for record in race.recorded()), race.active))

    def _standing(self) -> int:
        return self._open.leader.run.step

    def _begin(self, race: Race) -> None:
        self._race = race
        self._publisher.forget()
        self._speed, self._operation = 0.0, 0
        self._follow()
        if self._goal is not None:
            self._goal = None
            self._events.append(Paused(0))
        self._publisher.ask(self._open)
        self._tell(race.front)

    def _tell(self, lane: Lane, machine: Machine | None = None) -> None:
        """That a run stands where a command wanted it."""
        run, kept = lane.run, machine.surgery if machine else Kept()
        self._events.append(Loaded(run.experiment, run.step, lane.number, kept))

    def _edit(self, experiment: Experiment) -> None:
        if self._race is None:
            return self._begin(Race.of(experiment, self.threads))
        lane = self._race.front
        machine = lane.run.edit(experiment)
        lane.stopped = ""
        self._speed, self._operation = 0.0, 0
        self._tell(lane, machine)
        return None

    def _branch(self, number: int, experiment: Experiment | None, origin: int | None) -> None:
        race = self._open
        lane = race.branch(number, experiment, race.active if origin is None else origin)
        self._speed, self._operation = 0.0, 0
        self._publisher.ask(self._open)
        self._tell(lane)

    def _close(self, number: int) -> None:
        self._open.close(number)
        self._publisher.ask(self._open)
        self._tell(self._open.front)

    def _reopen(self, number: int) -> None:
        lane = self._open.reopen(number)
        self._publisher.ask(self._open)
        self._tell(lane)

    def _activate(self, number: int) -> None:
        self._open.lane(number)
        self._open.active = number
        self._speed, self._operation = 0.0, 0
        self._publisher.ask(self._open)
        self._tell(self._open.front)

    def _rename(self, number: int, name: str) -> None:
        self._open.lane(number).name = name

    def _play(self, goal: int) -> None:
        race = self._open
        self._goal, self._operating = goal, False
        self._due = time.perf_counter()
        for lane in race:
            if lane.number == race.active:
                lane.stopped = ""  # it is asked for once more
        self._events.append(Playing())

    def _play_operations(self) -> None:
        self._play(FOREVER)
        self._operating = True

    def _play_epochs(self, epochs: int) -> None:
        run = self._open.leader.run
        self._play(run.step + run.steps_to_epoch_end() + (epochs - 1) * run.steps_per_epoch)

    def _pause(self, reason: str) -> None:
        if self._goal is not None and self._race is not None:
            self._goal, self._operating = None, False
            self._events.append(Paused(self._standing(), reason, self._race.active))

    def _advance_operations(self, count: int) -> None:
        self._pause("")
        for _ in range(abs(count)):
            self._move_operation(1 if count > 0 else -1)

    def _move_operation(self, way: int) -> None:
        """One operation on, or back: over the end of an update to the next, over its start to the one before."""
        race = self._open
        here = self._operation + way
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
        if operation != self._operation:
            self._operation = operation
            self._open.front.run.touch()

    def _go_to(self, step: int) -> None:
        self._pause("")
        self._stand_before(0)
        self._open.go_to(step)
        self._publisher.hurry()  # who drags the handle of time looks at nothing else
        self._tell(self._open.front)

    def _start_from(self, starts: Mapping[int, Start], final: bool) -> None:
        self._pause("")
        self._stand_before(0)
        self._open.start_from(starts, final)
        self._publisher.hurry(is_moving=not final)
        if final:
            self._tell(self._open.front)

    def _reset(self) -> None:
        self._pause("")
        self._speed, self._operation = 0.0, 0
        self._open.reset()
        self._tell(self._open.front)

    def _set_pace(self, per_second: float) -> None:
        self._pace = max(per_second, 0.0)
        self._due = time.perf_counter()

    def _guard(self, breakpoints: tuple[AnyBreakpoint, ...]) -> None:
        self._breakpoints = breakpoints
        self._follow()

    def _watch_list(self, quantities: tuple[AnyQuantity, ...]) -> None:
        self._quantities = quantities
        self._follow()

    def _follow(self) -> None:
        if self._race is not None:
            self._race.follow(self._quantities, self._breakpoints)
            self._race.front.run.touch()

    def _watch(self, probes: frozenset[Probe], of_runs: Asked) -> None:
        self._publisher.watch(probes, of_runs)
        if self._race is not None:
            self._publisher.ask(self._race)

    def _save(self, write: Callable[[Named], None], done: Callable[[], None] | None) -> None:
        write(self._open.front.run.parameters)
        if done is not None:
            done()

    def _change(self, work: Callable[[Run], None]) -> None:
        lane = self._open.front
        work(lane.run)
        lane.stopped = ""
        self._tell(lane)
