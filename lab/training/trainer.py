"""The one compute thread: it takes commands, has the conductor carry them out, and lets the runs advance in between."""

from __future__ import annotations

import queue
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Mapping

from lab.experiment.experiment import Experiment
from lab.problem import Problem, ProblemError
from lab.training.breakpoints import AnyBreakpoint
from lab.training.conductor import FOREVER, Conductor, Field, Keep, Named
from lab.training.mailbox import Compiling, Event, Failed, Mailbox, Refused
from lab.training.observer import Asked
from lab.training.probes import Probe
from lab.training.quantities import AnyQuantity
from lab.training.race import Entrant
from lab.training.record import Record
from lab.training.restart import Start
from lab.training.run import Run
from lab.training.snapshot import Snapshot

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
        self._wanted = 0  # the step that was last asked for
        self._wanted_start: Mapping[int, Start] = {}  # that was last asked for
        self._conductor = Conductor(self.snapshots, self._events, threads)

    # -- what anybody may call --------------------------------------------------------------------------

    def start(self) -> None:
        sys.setswitchinterval(SWITCH)
        self._thread.start()

    def close(self) -> None:
        """Stop and join all threads."""
        self._closing = True
        self._commands.put(lambda: None)  # which wakes the thread
        self._conductor.publisher.dismiss()  # while the trainer makes its last update
        if self._thread.is_alive():
            self._thread.join()
        self._conductor.publisher.close()

    def events(self) -> list[Event]:
        """All events since the last call, in order."""
        found = []
        while self._events:
            found.append(self._events.popleft())
        return found

    def load(self, experiment: Experiment) -> None:
        """A race of one new run, number 1, at its start."""
        self._command(lambda: self._conductor.load(experiment))

    def restore(self, records: tuple[Record, ...], active: int) -> None:
        """The runs of a document, as they were when it was saved, in place of all there are."""
        self._command(lambda: self._conductor.restore(records, active))

    def race(
        self, entrants: tuple[Entrant, ...], active: int, from_here: bool = False, kept: Keep | None = None
    ) -> None:
        """These runs in place of all there are, each from the start, or from where the active run stands.

        `kept` is called on the trainer's thread with the runs that were there, for `swap` to have them back.
        """
        self._command(lambda: self._conductor.enter(entrants, active, from_here, kept))

    def swap(self, wanted: Callable[[], Field | None], kept: Keep) -> None:
        """The runs that `wanted` gives in place of all there are; where it gives none, nothing happens."""
        self._command(lambda: self._conductor.swap(wanted, kept))

    def edit(self, experiment: Experiment) -> None:
        """Change the active run's experiment between two steps; nothing resets that need not.

        If the run stands in its past, what came after is forgotten: `branch` keeps it.
        """
        self._command(lambda: self._conductor.edit(experiment))

    def branch(self, run: int, experiment: Experiment | None = None, origin: int | None = None) -> None:
        """A new run number `run` that stands where `origin`, or the active run, stands, and is the active one then.

        It has the same past and no future. With an experiment it is edited at once.
        """
        self._command(lambda: self._conductor.branch(run, experiment, origin))

    def close_run(self, run: int) -> None:
        """Take a run away. The last one stays."""
        self._command(lambda: self._conductor.close(run))

    def reopen_run(self, run: int) -> None:
        """Open again what was closed lately."""
        self._command(lambda: self._conductor.reopen(run))

    def activate(self, run: int) -> None:
        """Make it the run that commands and probes are for."""
        self._command(lambda: self._conductor.activate(run))

    def rename_run(self, run: int, name: str) -> None:
        self._command(lambda: self._conductor.rename(run, name))

    def record(self, receive: Callable[[tuple[Record, ...]], None]) -> None:
        """Call `receive` on the trainer's thread with all that is needed to have the runs again."""
        self._command(lambda: receive(self._conductor.recorded()))

    def play(self, until: int | None = None) -> None:
        """Train until told otherwise, or until the leading run stands at step `until`."""
        self._command(lambda: self._conductor.play(FOREVER if until is None else until))

    def play_operations(self) -> None:
        """Make one operation after the other, at the pace, until told otherwise."""
        self._command(self._conductor.play_operations)

    def pause(self) -> None:
        self._command(lambda: self._conductor.pause(""))

    def advance(self, updates: int) -> None:
        """Train so many updates, then stand."""
        self._command(lambda: self._conductor.advance(updates))

    def advance_epochs(self, epochs: int) -> None:
        """Train to the end of the epoch, `epochs` times."""
        self._command(lambda: self._conductor.play_epochs(epochs))

    def advance_operations(self, count: int) -> None:
        """Make so many operations of the update that comes next; back, where `count` is negative.

        After the last operation of the listing the update is made, and the next begins.
        """
        self._command(lambda: self._conductor.advance_operations(count))

    def go_to_operation(self, row: int) -> None:
        """Stand before operation `row` of the listing, within the update that comes next."""
        self._command(lambda: self._conductor.advance_operations(row - self._conductor.operation))

    def go_to(self, step: int) -> None:
        """Stand at a step that has been already, exactly as it was; 0 is the start. Its future stays.

        Of several wishes that come before the first is granted, the last one counts.
        """
        self._wanted = step
        self._command(lambda: self._conductor.go_to(step) if step == self._wanted else None)

    def start_from(self, starts: Mapping[int, Start], final: bool = True) -> None:
        """Other weights at step 0, by runs and names; each run goes its way again to where it stands.

        Of several starts that come before the first is granted, the last one counts. Those that are not `final` are
        worked out in a hurry: a final one has to follow.
        """
        self._wanted_start = starts
        self._command(
            lambda: (
                self._conductor.start_from(starts, final) if final or starts is self._wanted_start else None
            )
        )

    def reset(self) -> None:
        """All runs back to the start, under their experiments as they are now."""
        self._command(self._conductor.reset)

    def pace(self, per_second: float) -> None:
        """Make no more updates, or operations, a second than this; 0 for as fast as it goes."""
        self._command(lambda: self._conductor.set_pace(per_second))

    def guard(self, breakpoints: tuple[AnyBreakpoint, ...]) -> None:
        """Stop where one of these strikes."""
        self._command(lambda: self._conductor.guard(breakpoints))

    def watch_list(self, quantities: tuple[AnyQuantity, ...]) -> None:
        """Follow these quantities in every run."""
        self._command(lambda: self._conductor.watch_list(quantities))

    def watch(self, probes: frozenset[Probe], of_runs: Asked | None = None) -> None:
        """Answer these probes of the active run from now on, and others of runs by their numbers; no others."""
        self._command(lambda: self._conductor.watch(probes, of_runs or {}))

    def save_weights(self, write: Callable[[Named], None], done: Callable[[], None] | None = None) -> None:
        """Call `write` on the trainer's thread with copies of all parameters of the active run by name."""
        self._command(lambda: self._conductor.save(write, done))

    def set_weights(self, read: Callable[[Named], Named]) -> None:
        """Call `read` on the trainer's thread with the parameters by name and set those that it gives."""
        self.change(lambda run: run.set_parameters(read(run.parameters)))

    def change(self, work: Callable[[Run], None]) -> None:
        """Call `work` on the trainer's thread with the active run, which may be changed there, between two steps."""
        self._command(lambda: self._conductor.change(work))

    def _command(self, command: Callable[[], object]) -> None:
        self.sent += 1
        self._commands.put(command)

    # -- the trainer's thread ---------------------------------------------------------------------------

    def _live(self) -> None:
        try:
            self._compile()
            while not self._closing:
                self._take_commands()
                self._conductor.go_on(self._heard)
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
        command: Callable[[], object] | None
        try:
            command = self._commands.get(self._conductor.is_idle, self._conductor.publisher.patience)
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
                self._conductor.pause("")
                self._events.append(Failed(traceback.format_exc()))
            self._heard += 1
            command = None if self._commands.empty() else self._commands.get()
