"""A sweep of learning rates: every contestant at every rate of a grid, from the same start and with the same batches.

So a comparison of rules is one of each at its best. It runs on a thread of its own, coarse first, and each trial is an
ordinary run: the same numbers, bit for bit.
"""

from __future__ import annotations

import math
import os
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.experiment.variants import with_rate
from lab.problem import ProblemError
from lab.training.comparison import final_training_error
from lab.training.history import Curves
from lab.training.level import MEAN_OVER, Judged, running_means
from lab.training.mailbox import Mailbox
from lab.training.restart import start_as
from lab.training.run import Run
from lab.training.timeline import Edit

Values = NDArray[np.float64]

SLICE = 0.008
"""Seconds between two looks at whether it is to end."""
SHARE = 0.3
"""Of the time that it takes while training goes on."""
TOLD = 0.1
"""Seconds between two words on how far it is."""
NICENESS = 5
"""Training goes first where cores are scarce."""
DECADES, A_DECADE = 4, 3
"""How wide the grid is, and how many rates a power of ten has."""
COARSE = (4, 2, 1)
"""Every fourth rate first, then every second, then all."""
MOST_POINTS = 400
"""Of a trial's curve that are kept to be drawn."""
ALIKE, GONE, NEAR = 1e-3, 1e-9, 0.01
"""Errors are alike that differ by such a share, or are such a share of that at the start; and within such a share of
them a trial has arrived."""
TRIAL, SPEED = 0.5, 10e9
"""Seconds that a trial should take where nobody says otherwise, at so many operations a second."""


@dataclass(frozen=True)
class Contestant:
    """What is tried at each of the rates, in their order. Where it has weights of its own to begin with, `own_start` is
    set; else those that were set by hand are its own too."""

    name: str
    experiment: Experiment
    rates: tuple[float, ...]
    own_start: bool = False


@dataclass(frozen=True, eq=False)
class Trial:
    """What came of one rate after so many `steps`. `diverged` is the step at which the loss was not finite any more, -1
    where it stayed so; errors are NaN then. `validation_error` is NaN without a validation part.

    The curve has the error, a mean over batches, over the `examples` seen, [n] each; of two weights there
    is the `path` [n, 2].
    """

    rate: float
    steps: int
    diverged: int
    training_error: float
    validation_error: float
    examples: Values
    errors: Values
    path: NDArray[np.float32] | None = None

    def examples_to(self, level: float) -> float:
        """Seen until a batch's error was first at a level or below; infinite where none was."""
        low = np.flatnonzero(self.errors <= level)
        return float(self.examples[low[0]]) if len(low) else math.inf

    def error(self, judged: Judged) -> float:
        return self.validation_error if judged == "validation" else self.training_error


@dataclass(frozen=True, eq=False)
class Row:
    """A contestant and its trials by the place of their rate; None where there has been none yet. `why` says why there
    cannot be any.
    """

    contestant: Contestant
    trials: tuple[Trial | None, ...]
    why: str = ""

    def best(self, judged: Judged) -> Trial | None:
        """The trial of the lowest error; of those that have come down as far as it, the one that was there first."""
        known = [t for t in self.trials if t is not None and math.isfinite(t.error(judged))]
        if not known:
            return None
        lowest = min(trial.error(judged) for trial in known)
        enough = max(lowest * (1 + ALIKE), GONE * max(float(trial.errors[0]) for trial in known))
        alike = [trial for trial in known if trial.error(judged) <= enough]
        level = (1 + NEAR) * max(max(trial.training_error for trial in alike), 0.0)
        return min(alike, key=lambda trial: (trial.examples_to(level), trial.error(judged)))

    @property
    def diverged(self) -> int:
        return sum(trial is not None and trial.diverged >= 0 for trial in self.trials)


@dataclass(frozen=True, eq=False)
class Sweep:
    """How far it has come: of `total` trials `done` (with a share of the one that is under way)."""

    rows: tuple[Row, ...]
    budget: int
    """Examples that each trial sees."""
    done: float = 0.0
    going: bool = True

    @property
    def total(self) -> int:
        return sum(len(row.trials) for row in self.rows)

    @property
    def judged(self) -> Judged:
        """By which error they are told apart where nobody says: that of the validation part, if there is one."""
        seen = [t for row in self.rows for t in row.trials if t is not None]
        return "validation" if any(math.isfinite(t.validation_error) for t in seen) else "training"


@dataclass(frozen=True)
class Order:
    """What is to be swept: each contestant until it has seen `budget` examples. `beginning` has the weights that were
    set by hand at the start."""

    contestants: tuple[Contestant, ...]
    budget: int
    beginning: Edit | None = field(default=None, compare=False)


def grid(middle: float, decades: float = DECADES, a_decade: int = A_DECADE) -> tuple[float, ...]:
    """A geometric grid of rates, `a_decade` to a power of ten, around one that is exactly among them."""
    half = round(decades * a_decade / 2)
    wide = [middle * 10 ** (k / a_decade) for k in range(-half, half + 1)]
    return tuple(middle if k == half else float(f"{rate:.3g}") for k, rate in enumerate(wide))


def order_of_trials(rates: int) -> tuple[tuple[int, ...], ...]:
    """Places in the grid: those of the coarse one, then those that are new in each finer one."""
    seen: set[int] = set()
    rounds = []
    for stride in COARSE:
        new = tuple(k for k in range(0, rates, stride) if k not in seen)
        seen.update(new)
        rounds.append(new)
    return tuple(rounds)


def suggested_steps(experiment: Experiment, examples: int) -> int:
    """So many updates that a trial takes about half a second; a round number from 50 to 2,000."""
    work = 6.0 * (experiment.analysis.multiply_adds or 1) * min(experiment.batch_size, examples)
    steps = TRIAL / (work / SPEED + 2e-5)
    return next((n for n in (1000, 500, 200, 100) if n <= steps), 50) if steps < 2000 else 2000


# --- one trial


def trial(
    contestant: Contestant, rate: float, budget: int, beginning: Edit | None = None
) -> Iterator[float | Trial]:
    """Make it slice by slice: the share that is done, again and again, and at last the trial. ProblemError if the
    experiment cannot run."""
    run = Run(with_rate(contestant.experiment, rate))
    if beginning is not None and not contestant.own_start:
        start_as(run, beginning.weights)
    has_path = run.params.size == 2
    steps, speed, diverged = run.batches.between(run.examples, budget), 0.0, False
    while run.step < steps and not diverged:
        began, some = time.perf_counter(), min(steps - run.step, max(1, int(speed * SLICE)))
        made = run.walk(some) if has_path else run.hurry(some).done
        fresh = made / max(time.perf_counter() - began, 1e-7)
        speed = fresh if speed == 0 else 0.7 * speed + 0.3 * fresh
        diverged = made < some
        yield run.step / steps
    path = np.array([*run.path.points(run.step)[1], run.params], np.float32) if has_path else None
    yield _result(run, rate, diverged, path)


def _result(run: Run, rate: float, diverged: bool, path: NDArray[np.float32] | None) -> Trial:
    curves = run.curves()
    places = np.linspace(0, len(curves.loss) - 1, min(MOST_POINTS, len(curves.loss)))
    kept: NDArray[np.int64] = np.unique(places.astype(np.int64))
    lost = diverged or not np.isfinite(run.params).all()
    validated = len(run.prepared.validation) and not lost
    return Trial(
        rate=rate,
        steps=run.step,
        diverged=run.step if lost else -1,
        training_error=math.nan if lost else final_training_error(curves, len(run.prepared.training)),
        validation_error=run.evaluate("validation").loss if validated else math.nan,
        examples=curves.examples[kept].astype(np.float64),
        errors=_means(curves, len(run.prepared.training))[kept],
        path=path,
    )


def _means(curves: Curves, whole: int) -> Values:
    """The error of each batch and those before it, as many as a training error is a mean of; fewer at the start."""
    count = len(curves.loss)
    if not count:
        return curves.loss
    means = running_means(curves.loss, curves.examples, min(MEAN_OVER, whole), 0, count)
    first = int(np.searchsorted(np.isfinite(means), True)) if np.isfinite(means).any() else count
    means[:first] = np.cumsum(curves.loss[:first]) / np.arange(1, first + 1)
    return means


# --- all of them, on a thread


class Sweeper:
    """Makes one sweep at a time; a newer order takes the place of an older one. `results` holds the newest picture.

    Its methods may be called from the window's thread and return at once. While `training` is set it takes but a share
    of the time, so that training has the cores.
    """

    def __init__(self) -> None:
        self.results: Mailbox[Sweep] = Mailbox()
        self.training = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure = ""

    def start(self, order: Order) -> None:
        """Begin; what was under way ends."""
        self.cancel()
        self._stop = threading.Event()
        arguments = (order, self._stop, self._thread)
        self._thread = threading.Thread(target=self._live, args=arguments, name="sweep", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """End soon; what has been found stays."""
        self._stop.set()

    def close(self) -> None:
        """End, and wait for the thread."""
        self.cancel()
        if self._thread is not None:
            self._thread.join()

    @property
    def is_going(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and not self._stop.is_set()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self._thread is None or not self._thread.is_alive()

    def take_failure(self) -> str:
        """The traceback of a bug, once; "" if there was none."""
        failure, self._failure = self._failure, ""
        return failure

    # -- its own thread ---------------------------------------------------------------------------------

    def _live(self, order: Order, stop: threading.Event, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()
        if hasattr(os, "setpriority"):
            # on Linux a thread has a niceness of its own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        rows = [Row(one, (None,) * len(one.rates)) for one in order.contestants]
        sweep = Sweep(tuple(rows), order.budget)
        self.results.put(sweep)
        try:
            sweep = self._sweep(order, sweep, stop)
        except Exception:
            self._failure = traceback.format_exc()
        if not stop.is_set() or self._stop is stop:  # else another has begun
            self.results.put(replace(sweep, going=False))

    def _sweep(self, order: Order, sweep: Sweep, stop: threading.Event) -> Sweep:
        most = max((len(one.rates) for one in order.contestants), default=0)
        for places in order_of_trials(most):
            for place in places:
                for k, one in enumerate(order.contestants):
                    if stop.is_set():
                        return sweep
                    if place < len(one.rates) and not sweep.rows[k].why:
                        sweep = self._try(order, sweep, k, place, stop)
        return sweep

    def _try(self, order: Order, sweep: Sweep, k: int, place: int, stop: threading.Event) -> Sweep:
        row, done, told = sweep.rows[k], sweep.done, time.perf_counter()
        began = told
        try:
            for seen in trial(row.contestant, row.contestant.rates[place], order.budget, order.beginning):
                if isinstance(seen, Trial):
                    trials = (*row.trials[:place], seen, *row.trials[place + 1 :])
                    return self._publish(sweep, k, replace(row, trials=trials), done + 1)
                if stop.is_set():
                    return sweep
                now = time.perf_counter()
                if now > told + TOLD:
                    told = now
                    self.results.put(replace(sweep, done=done + seen))
                if self.training:
                    stop.wait((now - began) * (1 / SHARE - 1))
                began = time.perf_counter()
        except ProblemError as error:
            left = sum(one is None for one in row.trials)
            return self._publish(sweep, k, replace(row, why=str(error)), done + left)
        except MemoryError:
            left = sum(one is None for one in row.trials)
            return self._publish(sweep, k, replace(row, why="There is not enough memory for it"), done + left)
        return sweep

    def _publish(self, sweep: Sweep, k: int, row: Row, done: float) -> Sweep:
        rows = (*sweep.rows[:k], row, *sweep.rows[k + 1 :])
        sweep = replace(sweep, rows=rows, done=done)
        self.results.put(sweep)
        return sweep
