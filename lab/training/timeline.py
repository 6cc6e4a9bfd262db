"""Time: edits at steps, and checkpoints that thin out with age. Any step can be had again, exactly."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.experiment.plan import CHECKPOINTS, MOST_CHECKPOINTS
from lab.network.layers import Parameter


@dataclass(frozen=True)
class State:
    """Everything of a run that changes, copied at one moment. `slots` is the optimizer's memory."""

    experiment: Experiment
    parameters: tuple[Parameter, ...]
    step: int
    examples: int
    age: int
    params: NDArray[np.float32]
    slots: NDArray[np.float32]
    progress: NDArray[np.float64]
    """What a schedule that answers to the error has seen, as lab.kernels.schedule keeps it."""

    def split(self, vector: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """A vector as long as `params` as named arrays, without copying."""
        named, at = {}, 0
        for p in self.parameters:
            named[p.name] = vector[at : at + p.size].reshape(p.shape)
            at += p.size
        return named

    @property
    def nbytes(self) -> int:
        return self.params.nbytes + self.slots.nbytes


@dataclass(frozen=True, eq=False)
class Edit:
    """From `step` on, `experiment` is what runs. `weights` are parameters that were set by hand at this step."""

    step: int
    experiment: Experiment
    weights: Mapping[str, NDArray[np.float32]] | None = None


class Timeline:
    """What a run has been through. Belongs to the run's thread."""

    def __init__(self, experiment: Experiment) -> None:
        self.edits = [Edit(0, experiment)]
        self._steps: list[int] = []
        self._kept: list[State] = []

    @property
    def first(self) -> int:
        """The earliest step that can be had again."""
        return self._steps[0] if self._steps else 0

    @property
    def nbytes(self) -> int:
        return sum(state.nbytes for state in self._kept)

    def has(self, step: int) -> bool:
        return bool(self._steps) and self._steps[-1] >= step

    def keep(self, state: State) -> None:
        """Add a checkpoint; thin out the old ones where room or number run out."""
        self._steps.append(state.step)
        self._kept.append(state)
        while len(self._kept) > 2 and (len(self._kept) > MOST_CHECKPOINTS or self.nbytes > CHECKPOINTS):
            self._thin()

    def _thin(self) -> None:
        """Drop the checkpoint whose loss lengthens a replay least, seen from now: gaps may grow with age."""
        now = self._steps[-1]
        edges = {edit.step for edit in self.edits}

        def price(i: int) -> float:
            if self._steps[i] in edges:  # a state after an edit spares replaying it
                return float("inf")
            return (self._steps[i + 1] - self._steps[i - 1]) / (now - self._steps[i] + 1)

        i = min(range(1, len(self._steps) - 1), key=price)
        del self._steps[i], self._kept[i]

    def edit(self, after: State) -> None:
        """The experiment changed at this step: `after` is how the run stands on the new one."""
        self.edits = [e for e in self.edits if e.step < after.step] + [Edit(after.step, after.experiment)]
        while self._steps and self._steps[-1] >= after.step:
            del self._steps[-1], self._kept[-1]
        self.keep(after)

    def begin_again(self, state: State) -> None:
        """Nothing before `state` can be had any more: its numbers came from outside."""
        self.edits = [Edit(state.step, state.experiment)]
        self._steps, self._kept = [], []
        self.keep(state)

    def before(self, step: int) -> State:
        """The nearest checkpoint at or before `step`."""
        return self._kept[max(0, bisect_right(self._steps, step) - 1)]

    def edits_between(self, first: int, last: int) -> list[Edit]:
        """Edits after step `first`, up to `last`."""
        return [e for e in self.edits if first < e.step <= last]

    def forget_after(self, step: int) -> None:
        keep = bisect_right(self._steps, step)
        del self._steps[keep:], self._kept[keep:]
        self.edits = [e for e in self.edits if e.step <= step]
