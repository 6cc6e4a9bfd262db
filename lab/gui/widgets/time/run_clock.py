"""Where epochs end, and where other runs stand, counted in the steps of one run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.training.history import Curves, History
from lab.training.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class RunClock:
    """Steps, examples and epochs of a run. `epoch_size` is how many examples an epoch has; 0 where it is unknown."""

    curves: Curves
    epoch_size: int = 0

    @classmethod
    def none(cls) -> RunClock:
        """Of a run that has not begun."""
        return cls(History().curves())

    def epoch_at(self, step: float) -> float:
        """How many epochs had been seen after `step` updates."""
        row = int(np.searchsorted(self.curves.step, int(step), side="right")) - 1
        return float(self.curves.examples[row]) / self.epoch_size if row >= 0 and self.epoch_size else 0.0

    def epoch_end(self, epoch: int) -> int | None:
        """The step with which an epoch (from 1 on) is over; 0 for none, None where that is not known yet."""
        if epoch <= 0:
            return 0
        # of whole numbers: for a fraction NumPy would first make the whole column one of fractions
        row = int(np.searchsorted(self.curves.examples, epoch * self.epoch_size))
        return int(self.curves.step[row]) if self.epoch_size and row < len(self.curves.step) else None

    def next_epoch(self, step: int, way: int) -> int | None:
        """The end of an epoch after (+1) or before (-1) `step`; None where there is none after it."""
        epoch = int(self.epoch_at(step))
        if way > 0:
            return self.epoch_end(epoch + 1)
        end = self.epoch_end(epoch)
        return end if end is not None and end < step else self.epoch_end(epoch - 1)

    def step_for(self, examples: int, batch: int) -> float:
        """The step after which so many examples have been seen; batches of `batch` beyond what is known."""
        known = self.curves.examples
        row = int(np.searchsorted(known, examples))
        if row < len(known):
            return float(self.curves.step[row])
        last = (float(known[-1]), float(self.curves.step[-1])) if len(known) else (0.0, 0.0)
        return last[1] + (examples - last[0]) / max(batch, 1)


@dataclass(frozen=True)
class Alongside:
    """Another run in the steps of the active one: from where it is its own, up to how far. `parent`: 0 for none."""

    run: int
    name: str
    colour: int
    parent: int
    first: float
    last: float


def alongside(active: Snapshot, clock: RunClock) -> tuple[Alongside, ...]:
    """The other runs. Steps are the same where batches are as large, else as many examples are as far."""
    found = []
    for other in active.runs:
        if other.run == active.run:
            continue
        parent, first = other.origin or (0, 0)
        last: float = max(other.furthest, other.step)
        batch = active.experiment.batch_size
        if other.experiment.batch_size != batch:
            rows = other.curves.examples
            last = clock.step_for(int(rows[-1]) if len(rows) else other.examples, batch)
        found.append(Alongside(other.run, other.name, other.colour, parent, min(first, last), last))
    return tuple(found)
