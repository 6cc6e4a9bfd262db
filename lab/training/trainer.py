"""The one compute thread: it takes commands, advances the run, and publishes snapshots and events."""

from __future__ import annotations

import queue
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable

from lab.experiment.experiment import Experiment
from lab.problem import Problem, ProblemError
from lab.training.mailbox import Compiling, Event, Failed, Loaded, Mailbox, Paused, Playing, Refused
from lab.training.observer import Observer
from lab.training.probes import Probe, SurfaceProbe
from lab.training.run import Run
from lab.training.snapshot import Snapshot

SLICE = 0.012
"""Seconds of training between two looks at the commands."""
FRAME = 1 / 40
"""Seconds between snapshots at least: what the eye takes for motion, and a window has the time to draw."""
SWITCH = 0.0005
"""Seconds until a thread of Python has to make room for another: a frame must not wait for an observer."""


class Trainer:
    """All methods return at once and may be called from the window's thread; the work happens on the trainer's.

    `snapshots` holds the newest picture; whoever shows it takes it out. Commands are carried out in their order.
    """

    def __init__(self, threads: int = 1) -> None:
        self.snapshots: Mailbox[Snapshot] = Mailbox()
        self.threads = threads
        self._commands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._events: deque[Event] = deque()
        self._thread = threading.Thread(target=self._live, name="trainer", daemon=True)
        self._closing = False
        self._run: Run | None = None
        self._goal: int | None = None  # the step to stand at; None: stand now
        self._pace = 0.0  # updates a second wanted; 0: as fast as it goes
        self._due = 0.0
        self._speed = 0.0  # updates a second
        self._shown_at = 0.0
        self._shown: tuple[int, Experiment | None, int, int] = (
            -1,
            None,
            0,
            0,
        )  # what the last snapshot showed
        self._probes: frozenset[Probe] = frozenset()
        # surfaces take long: they have an observer of their own, so that maps and filters stay quick
        self._quick, self._slow = Observer("observer", 0.4), Observer("surveyor", 0.3)

    # -- what anybody may call --------------------------------------------------------------------------

    def start(self) -> None:
        sys.setswitchinterval(SWITCH)
        self._thread.start()

    def close(self) -> None:
        """Stop and join all threads."""
        self._closing = True
        self._commands.put(lambda: None)
        for observer in (self._quick, self._slow):  # while the trainer makes its last update
            observer.dismiss()
        if self._thread.is_alive():
            self._thread.join()
        self._quick.close()
        self._slow.close()

    def events(self) -> list[Event]:
        """All events since the last call, in order."""
        found = []
        while self._events:
            found.append(self._events.popleft())
        return found

    def load(self, experiment: Experiment) -> None:
        """A new run from the start."""
        self._commands.put(lambda: self._load(experiment))

    def edit(self, experiment: Experiment) -> None:
        """Change the running experiment between two steps; nothing resets that need not."""
        self._commands.put(lambda: self._edit(experiment))

    def play(self, until: int | None = None) -> None:
        """Train until told otherwise, or until the run stands at step `until`."""
        self._commands.put(lambda: self._play(until))

    def pause(self) -> None:
        self._commands.put(lambda: self._pause(""))

    def advance(self, updates: int) -> None:
        """Train so many updates, then stand."""
        self._commands.put(lambda: self._play(self._standing() + updates))

    def advance_epochs(self, epochs: int) -> None:
        """Train to the end of the epoch, `epochs` times."""
        self._commands.put(lambda: self._play_epochs(epochs))

    def rewind(self, step: int) -> None:
        """Go back to an earlier step, exactly as it was; 0 is the start."""
        self._commands.put(lambda: self._rewind(step))

    def reset(self) -> None:
        """Back to the same start, under the experiment as it is now."""
        self._commands.put(lambda: self._load(self._run.experiment) if self._run else None)

    def pace(self, updates_per_second: float) -> None:
        """Train no faster than this; 0 for as fast as it goes."""
        self._commands.put(lambda: self._set_pace(updates_per_second))

    def watch(self, probes: frozenset[Probe]) -> None:
        """Answer these probes from now on, no others."""
        self._commands.put(lambda: self._watch(probes))

    def save_weights(self, write: Callable[[dict], None], done: Callable[[], None] | None = None) -> None:  # type: ignore[type-arg]
        """Call `write` on the trainer's thread with copies of all parameters by name."""
        self._commands.put(lambda: self._save(write, done))

    def set_weights(self, read: Callable[[dict], dict]) -> None:  # type: ignore[type-arg]
        """Call `read` on the trainer's thread with the parameters by name and take what it gives instead."""
        self._commands.put(lambda: self._set_weights(read))

    # -- the trainer's thread ---------------------------------------------------------------------------

    def _live(self) -> None:
        try:
            self._compile()
            while not self._closing:
                self._take_commands()
                if self._goal is not None and self._run is not None:
                    self._slice(self._run, self._goal)
                self._publish()
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
        idle = self._goal is None or self._run is None
        wait = idle and not self._observers_have_news()
        try:
            command = (
                self._commands.get(timeout=0.01 if idle else 0)
                if wait or not self._commands.empty()
                else None
            )
        except queue.Empty:
            return
        while command is not None:
            try:
                command()
            except ProblemError as error:
                self._events.append(Refused(error.problems))
            except MemoryError:
                self._events.append(
                    Refused(
                        (
                            Problem(
                                "memory",
                                "there is not enough of it for this",
                                "Make the network or the batch smaller",
                            ),
                        )
                    )
                )
            except Exception:
                self._pause("")
                self._events.append(Failed(traceback.format_exc()))
            command = None if self._commands.empty() else self._commands.get()

    def _slice(self, run: Run, goal: int) -> None:
        steps = goal - run.step if goal >= 0 else 1 << 30
        now = time.perf_counter()
        if self._pace:
            if now < self._due:
                time.sleep(min(self._due - now, 0.01))
                return
            allowed = max(1, int(self._pace * FRAME))
            self._due = max(self._due + allowed / self._pace, now - 0.1)
            steps = min(steps, allowed)
        steps = min(steps, max(1, int(self._speed * SLICE)))
        if steps > 0:
            made = run.advance(steps)
            took = time.perf_counter() - now
            # a smoothed speed: the first slice of one update tells little
            fresh = made.done / max(took, 1e-7)
            self._speed = fresh if self._speed == 0 else self._speed * 0.7 + fresh * 0.3
            if made.diverged:
                self._goal = None
                self._events.append(run.diagnose())
                return
        if goal >= 0 and run.step >= goal:
            self._pause("")

    def _publish(self) -> None:
        run, now = self._run, time.perf_counter()
        if run is None or not self.snapshots.is_empty or now - self._shown_at < FRAME:
            return
        stamp = (run.step, run.experiment, self._quick.version, self._slow.version)
        self._observe(run)
        if stamp == self._shown:
            return
        self._shown_at, self._shown = now, stamp
        self.snapshots.put(self._snapshot(run))

    def _snapshot(self, run: Run) -> Snapshot:
        return Snapshot(
            experiment=run.experiment,
            step=run.step,
            examples=run.examples,
            epoch=run.epoch,
            rate=run.rate,
            steps_per_second=self._steps_per_second(),
            curves=run.curves(),
            readings={**self._quick.readings(run.experiment), **self._slow.readings(run.experiment)},
        )

    def _steps_per_second(self) -> float:
        if self._goal is None:
            return 0.0
        return min(self._speed, self._pace) if self._pace else self._speed

    def _observe(self, run: Run) -> None:
        """Hand a moment to the observers that have looked at the last one."""
        for observer in (self._quick, self._slow):
            if failure := observer.take_failure():
                self._events.append(Failed(failure))
            if observer.wants(run.step, run.experiment, self._goal is not None):
                observer.look(run.moment(observer.wants_internals))

    def _observers_have_news(self) -> bool:
        return (self._quick.version, self._slow.version) != self._shown[2:]

    # -- commands ---------------------------------------------------------------------------------------

    def _standing(self) -> int:
        return self._run.step if self._run else 0

    def _load(self, experiment: Experiment) -> None:
        self._run = Run(experiment, self.threads)
        self._speed = 0.0
        if self._goal is not None:
            self._goal = None
            self._events.append(Paused(0))
        self._events.append(Loaded(experiment, 0))

    def _edit(self, experiment: Experiment) -> None:
        if self._run is None:
            return self._load(experiment)
        kept = self._run.edit(experiment).surgery
        self._speed = 0.0
        self._events.append(Loaded(experiment, self._run.step, kept.whole, kept.renewed, kept))
        return None

    def _play(self, until: int | None) -> None:
        if self._run is None:
            return
        self._goal = -1 if until is None else until
        self._due = time.perf_counter()
        self._events.append(Playing())

    def _play_epochs(self, epochs: int) -> None:
        if self._run is not None:
            run = self._run
            self._play(run.step + run.steps_to_epoch_end() + (epochs - 1) * run.steps_per_epoch)

    def _pause(self, reason: str) -> None:
        if self._goal is not None and self._run is not None:
            self._goal = None
            self._events.append(Paused(self._run.step, reason))

    def _rewind(self, step: int) -> None:
        if self._run is None:
            return
        self._pause("")
        self._run.rewind(step)
        self._quick.forget()
        self._slow.forget()
        self._events.append(Loaded(self._run.experiment, self._run.step))

    def _set_pace(self, updates_per_second: float) -> None:
        self._pace = max(updates_per_second, 0.0)
        self._due = time.perf_counter()

    def _watch(self, probes: frozenset[Probe]) -> None:
        slow = frozenset(p for p in probes if isinstance(p, SurfaceProbe))
        self._slow.watch(slow)
        self._quick.watch(probes - slow)

    def _save(self, write: Callable[[dict], None], done: Callable[[], None] | None) -> None:  # type: ignore[type-arg]
        if self._run is None:
            return
        write(self._run.parameters)
        if done is not None:
            done()

    def _set_weights(self, read: Callable[[dict], dict]) -> None:  # type: ignore[type-arg]
        if self._run is None:
            return
        self._run.set_parameters(read(self._run.parameters))
        self._events.append(Loaded(self._run.experiment, self._run.step))
