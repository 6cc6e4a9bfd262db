"""Time: edits at steps, and checkpoints that lie densely around the present. Any step can be had again, exactly."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.experiment.plan import CHECKPOINTS, MOST_CHECKPOINTS
from lab.network.layers import Parameter

EDGE = 4.0
"""So many times as dear as another is a checkpoint after an edit: it spares making the edit again."""


@dataclass(frozen=True, eq=False)
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

    def is_same_as(self, other: State) -> bool:
        """Whether the two are alike to the last bit."""
        mine, theirs = (
            (s.experiment, s.step, s.examples, s.age, *(a.tobytes() for a in (s.params, s.slots, s.progress)))
            for s in (self, other)
        )
        return mine == theirs

    @cached_property
    def nbytes(self) -> int:
        return self.params.nbytes + self.slots.nbytes


@dataclass(frozen=True, eq=False)
class Edit:
    """From `step` on, `experiment` is what runs. `weights` are parameters that were set by hand at this step."""

    step: int
    experiment: Experiment
    weights: Mapping[str, NDArray[np.float32]] | None = None


class Timeline:
    """What a run has been through, to the `furthest` step. Belongs to the run's thread.

    There is one edit a step at most, and a state kept of a step is the one after its edit. `limit` is what the
    checkpoints may take, in bytes.
    """

    def __init__(self, beginning: Edit) -> None:
        self.edits = [beginning]
        self.furthest = 0
        self.limit = CHECKPOINTS
        self._steps: list[int] = []
        self._kept: list[State] = []
        self.nbytes = 0
        """What the checkpoints take."""

    @property
    def checkpoints(self) -> tuple[State, ...]:
        """In the order of their steps; the first is the start."""
        return tuple(self._kept)

    @property
    def steps(self) -> tuple[int, ...]:
        """Those of the checkpoints."""
        return tuple(self._steps)

    @property
    def last(self) -> int | None:
        """The step of the last checkpoint; None before there is one."""
        return self._steps[-1] if self._steps else None

    def has(self, step: int) -> bool:
        at = bisect_left(self._steps, step)
        return at < len(self._steps) and self._steps[at] == step

    def keep(self, state: State, present: int) -> None:
        """Add a checkpoint, in place of one of its step; thin out where room or number run out.

        Around the step `present` they stay dense: gaps may grow with the distance from it.
        """
        at = bisect_left(self._steps, state.step)
        if at < len(self._steps) and self._steps[at] == state.step:
            self.nbytes -= self._kept[at].nbytes
            self._kept[at] = state
        else:
            self._steps.insert(at, state.step)
            self._kept.insert(at, state)
        self.nbytes += state.nbytes
        self.thin(present)

    def thin(self, present: int) -> None:
        """Keep to the limits."""
        edges = [edit.step for edit in self.edits]
        while len(self._kept) > 2 and (len(self._kept) > MOST_CHECKPOINTS or self.nbytes > self.limit):
            steps = np.array(self._steps, np.int64)
            # how much the loss of each would lengthen a replay, against the distance from here
            prices = (steps[2:] - steps[:-2]) * np.where(np.isin(steps[1:-1], edges), EDGE, 1.0)
            i = 1 + int((prices / (np.abs(present - steps[1:-1]) + 1)).argmin())
            self.nbytes -= self._kept[i].nbytes
            del self._steps[i], self._kept[i]

    def before(self, step: int) -> State:
        """The nearest checkpoint at or before `step`. The start is always there."""
        return self._kept[bisect_right(self._steps, step) - 1]

    def edit_at(self, step: int) -> Edit | None:
        """The edit that was made at `step`."""
        return next((edit for edit in reversed(self.edits) if edit.step == step), None)

    def edit_before(self, step: int) -> Edit | None:
        """What was in force just before `step`; None before the start."""
        return next((edit for edit in reversed(self.edits) if edit.step < step), None)

    def edit_after(self, step: int) -> Edit | None:
        """The next edit that is recorded."""
        return next((edit for edit in self.edits if edit.step > step), None)

    def record(self, edit: Edit) -> None:
        """Put an edit in its place, where it is the last; one that changes nothing leaves no trace."""
        self.edits = [one for one in self.edits if one.step < edit.step]
        nothing = self.edits and self.edits[-1].experiment == edit.experiment and not edit.weights
        if not nothing:
            self.edits.append(edit)

    def forget_after(self, step: int) -> None:
        """What was seen after `step` no longer follows."""
        keep = bisect_right(self._steps, step)
        self.nbytes -= sum(state.nbytes for state in self._kept[keep:])
        del self._steps[keep:], self._kept[keep:]
        self.edits = [e for e in self.edits if e.step <= step]
        self.furthest = min(self.furthest, step)
