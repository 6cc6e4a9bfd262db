"""The watch list: quantities that are followed while a run goes on, each a curve of its own.

What is logged at every update costs nothing more. All else has to be looked at: at steps that are a function of the
experiment and the step alone, densely at first, then ever more sparsely, so that the curve of a run is the same
however it was played.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

import numpy as np

from lab.experiment.experiment import Experiment
from lab.training.health import examples_looked_at
from lab.training.history import Column, Curves
from lab.training.machine import spacing
from lab.training.quantities import AnyQuantity, Logged, Look, Looking, Seen
from lab.training.snapshot import Series

if TYPE_CHECKING:
    from lab.training.run import Run

S = TypeVar("S", bound=Seen)

SHARE = 0.04
"""Looking at examples may cost this share of training."""
QUICK = 1e6
"""Multiply-adds of a look that takes about a millisecond: then the first looks are at every step."""
LOOKS = 64
"""Looks at examples at full density; then every second one, and so on."""


@runtime_checkable
class Guard(Protocol):
    """Who needs a quantity besides the watch list: a breakpoint that has to look at the network."""

    @property
    def enabled(self) -> bool: ...
    def needs(self, experiment: Experiment) -> tuple[Seen, ...]: ...


class Known:
    """The values of a quantity so far, in the order of their steps."""

    def __init__(self, series: Series | None = None) -> None:
        self.steps, self.values = Column(np.int64), Column(np.float64)
        if series is not None:
            self.steps.append(series.steps)
            self.values.append(series.values)

    def has(self, step: int) -> bool:
        steps = self.steps.view()
        at = int(np.searchsorted(steps, step))
        return at < len(steps) and int(steps[at]) == step

    def add(self, step: int, value: float) -> None:
        """Put a value in its place: in the past it may be new as well, where it was not followed then."""
        steps, values = self.steps.view(), self.values.view()
        at = int(np.searchsorted(steps, step))
        later = steps[at:].copy(), values[at:].copy()
        self.steps.cut(at)
        self.values.cut(at)
        self.steps.append(np.concatenate([[step], later[0]]))
        self.values.append(np.concatenate([[value], later[1]]))

    def forget_after(self, step: int) -> None:
        keep = int(np.searchsorted(self.steps.view(), step, side="right"))
        self.steps.cut(keep)
        self.values.cut(keep)

    @property
    def series(self) -> Series:
        return Series(self.steps.view(), self.values.view())


class Watched:
    """What is followed of one run, to its furthest step. Belongs to the run's thread.

    `look` takes what is to be taken at the step at which the run stands; `next_look` says where a call of training
    has to end for that. What is known of a step already is not taken again.
    """

    def __init__(self, known: Mapping[Seen, Series] | None = None) -> None:
        self._known = {quantity: Known(series) for quantity, series in (known or {}).items()}
        self._quantities: tuple[AnyQuantity, ...] = ()
        self._guards: tuple[Guard, ...] = ()
        self._wanted: tuple[Seen, ...] = ()
        self._wanted_of: Experiment | None = None

    def follow(self, quantities: Iterable[AnyQuantity], guards: Sequence[object] = ()) -> None:
        """Follow these from now on, and what the breakpoints among `guards` need; forget all others."""
        self._quantities = tuple(dict.fromkeys(quantities))
        self._guards = tuple(guard for guard in guards if isinstance(guard, Guard))
        self._wanted_of = None
        if not any(guard.enabled for guard in self._guards):
            self._known = {q: known for q, known in self._known.items() if q in self._quantities}

    def next_look(self, run: Run) -> int | None:
        """The next step at which there is something to look at; None if there never is."""
        steps = [self._every(run, quantity.looks) for quantity in self._to_see(run.experiment)]
        return min(((run.step // every + 1) * every for every in steps), default=None)

    def look(self, run: Run) -> None:
        """Take the values that are due where the run stands."""
        due = [
            quantity
            for quantity in self._to_see(run.experiment)
            if run.step % self._every(run, quantity.looks) == 0
            and not (quantity in self._known and self._known[quantity].has(run.step))
        ]
        if not due:
            return
        at = Look(run, gradients=any(quantity.looks == "gradients" for quantity in due))
        for quantity in due:
            self._known.setdefault(quantity, Known()).add(run.step, quantity.value(at))

    def forget_after(self, step: int) -> None:
        """What came after `step` no longer follows."""
        for known in self._known.values():
            known.forget_after(step)

    def twin(self, step: int) -> Watched:
        """The same list with what was seen up to `step`: for a run that goes another way from there."""
        other = Watched(self.recorded())
        other.follow(self._quantities, self._guards)
        other.forget_after(step)
        return other

    def recorded(self) -> dict[Seen, Series]:
        """All that was looked at, to begin another `Watched` with."""
        return {quantity: known.series for quantity, known in self._known.items()}

    def series(self, curves: Curves) -> dict[str, Series]:
        """The watch list, by the words of its quantities."""
        return {
            q.words: q.series(curves) if isinstance(q, Logged) else self.values(q) for q in self._quantities
        }

    def values(self, quantity: Seen) -> Series:
        """All values of a quantity that has to be looked at."""
        return self._known[quantity].series if quantity in self._known else Known().series

    def of(self, kind: type[S]) -> list[tuple[S, Series]]:
        """All that was looked at of a kind, also for breakpoints."""
        return [(q, known.series) for q, known in self._known.items() if isinstance(q, kind)]

    def _to_see(self, experiment: Experiment) -> tuple[Seen, ...]:
        if experiment is not self._wanted_of:
            wanted: list[Seen] = [q for q in self._quantities if isinstance(q, Seen)]
            wanted += [q for guard in self._guards if guard.enabled for q in guard.needs(experiment)]
            self._wanted, self._wanted_of = tuple(dict.fromkeys(wanted)), experiment
        return self._wanted

    def _every(self, run: Run, looks: Looking) -> int:
        """Every so many steps, from the one where the run stands on: a function of the step alone."""
        if looks == "numbers":
            return spacing(run.step + 1, 1)
        n = examples_looked_at(run.experiment, len(run.prepared.training))
        work = n * (run.experiment.analysis.multiply_adds or 0)
        # a look without gradients takes as long as an update of half as many examples, about; the rest is counting
        cost = n * (2 if looks == "gradients" else 1) / run.batches.size
        unit = 1 if work <= QUICK else math.ceil(cost / SHARE)
        return unit << max(0, math.ceil(math.log2((run.step + 1) / (unit * LOOKS))))
