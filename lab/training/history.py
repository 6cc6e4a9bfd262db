"""The curves of a run: growing columns, handed out as slices, so that a dropped frame loses no point.

Small networks make tens of thousands of updates a second: of what lies far back only some rows are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_ROWS, LATE = 1 << 18, 1 << 16
"""Updates that are remembered, and of how many of the last ones each is; before these it is every second, and so on."""


class Column:
    """A growing array. A slice once handed out never changes: growth copies to new memory."""

    def __init__(self, dtype: type) -> None:
        self._memory: NDArray[Any] = np.empty(1024, dtype)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, values: NDArray[Any]) -> None:
        end = self._length + len(values)
        if end > len(self._memory):
            memory = np.empty(max(end, 2 * len(self._memory)), self._memory.dtype)
            memory[: self._length] = self._memory[: self._length]
            self._memory = memory
        self._memory[self._length : end] = values
        self._length = end

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Forget all others. What was handed out keeps its numbers."""
        memory = np.empty(len(self._memory), self._memory.dtype)
        np.take(self._memory, rows, out=memory[: len(rows)], mode="clip")  # which any other mode would buffer
        self._memory, self._length = memory, len(rows)

    def cut(self, length: int) -> None:
        """Forget everything from `length` on. What was handed out keeps its numbers."""
        if length == self._length:
            return
        self._memory = self._memory[:length].copy() if length else np.empty(1024, self._memory.dtype)
        self._length = length

    def view(self) -> NDArray[Any]:
        return self._memory[: self._length]


@dataclass(frozen=True)
class Curves:
    """Slices of a run's history. Row k of a training column belongs to update `step[k]` (from 1 on).

    Training numbers are of the batch, taken before its update; accuracies are shares 0..1, NaN for regression.
    Validation columns have rows of their own, at `validation_step`, taken after that many updates.
    """

    step: NDArray[np.int64]
    examples: NDArray[np.int64]
    loss: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    rate: NDArray[np.float64]
    gradient_norm: NDArray[np.float64]
    """Euclidean, of all that is learned, before clipping and penalties."""
    seconds: NDArray[np.float64]
    """Of training up to and with this update."""
    validation_step: NDArray[np.int64]
    validation_loss: NDArray[np.float64]
    validation_accuracy: NDArray[np.float64]


TRAINING = ("step", "examples", "loss", "accuracy", "rate", "gradient_norm", "seconds")
VALIDATION = ("validation_step", "validation_loss", "validation_accuracy")


class History:
    """What a run has logged so far, to its furthest step. Written by the compute thread only."""

    def __init__(self, curves: Curves | None = None) -> None:
        self._columns = {
            name: Column(np.int64 if kind == "NDArray[np.int64]" else np.float64)
            for name, kind in Curves.__annotations__.items()
        }
        if curves is not None:
            self.append(**vars(curves))

    def append(self, **columns: NDArray[Any]) -> None:
        for name, values in columns.items():
            self._columns[name].append(values)
        if len(self._columns["step"]) > MOST_ROWS - LATE // 2:  # before they have to grow beyond that
            self._thin()

    def _thin(self) -> None:
        """Of all but the last updates keep those at multiples of a power of two: half as many in all, or fewer."""
        steps = self._columns["step"].view()
        old, stride = np.arange(len(steps) - LATE), 1
        while len(old) > MOST_ROWS // 2 - LATE:
            stride *= 2
            old = old[steps[old] & (stride - 1) == 0]
        rows = np.concatenate([old, np.arange(len(steps) - LATE, len(steps))])
        for name in TRAINING:
            self._columns[name].keep(rows)

    def validated(self, step: int) -> bool:
        """Whether the last validation was at `step` or later."""
        steps = self._columns["validation_step"].view()
        return bool(len(steps)) and int(steps[-1]) >= step

    def forget_after(self, step: int) -> None:
        """Forget what came after update `step`."""
        for names in (TRAINING, VALIDATION):
            keep = self._rows(names[0], step)
            for name in names:
                self._columns[name].cut(keep)

    def seconds(self, step: int) -> float:
        """Of training up to `step`."""
        row = self._rows("step", step) - 1
        return float(self._columns["seconds"].view()[row]) if row >= 0 else 0.0

    def step_at(self, examples: int) -> int:
        """The last step at which no more than `examples` had been seen."""
        row = int(np.searchsorted(self._columns["examples"].view(), examples, side="right")) - 1
        return int(self._columns["step"].view()[row]) if row >= 0 else 0

    def examples_at(self, step: int) -> int:
        """How many had been seen at `step`."""
        row = self._rows("step", step) - 1
        return int(self._columns["examples"].view()[row]) if row >= 0 else 0

    def _rows(self, axis: str, step: int) -> int:
        return int(np.searchsorted(self._columns[axis].view(), step, side="right"))

    def curves(self) -> Curves:
        return Curves(**{name: column.view() for name, column in self._columns.items()})
