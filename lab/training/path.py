"""The path walked through weight space, for drawing: evenly spread over the run, bounded in memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lab.experiment.plan import MOST_POINTS, PATH

FIRST = 64
"""Steps at the start that stay, each of them: there the path turns most."""

Vector = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Era:
    """Vectors of one space: from its `first` step on a run has this architecture, and its weights did not jump."""

    first: int
    steps: tuple[int, ...] = ()
    vectors: tuple[Vector, ...] = field(default=(), repr=False)

    def keeping(self, places: list[int]) -> Era:
        return replace(
            self, steps=tuple(self.steps[i] for i in places), vectors=tuple(self.vectors[i] for i in places)
        )

    def until(self, step: int) -> Era:
        return self.keeping([i for i, s in enumerate(self.steps) if s <= step])


class Path:
    """Parameter vectors at some steps, to the furthest. As the run grows longer, points in between are dropped."""

    def __init__(self, eras: tuple[Era, ...] = (Era(0),)) -> None:
        self.eras = eras
        self._every = 0  # the present era has no points but multiples of it; 0: that is not known

    @staticmethod
    def holds(params: Vector) -> bool:
        """Whether there is room for two of them at least; else there is no path."""
        return 2 * params.nbytes <= PATH

    def append(self, step: int, params: Vector, every: int) -> None:
        """Keep a copy of `params`, and of the older points those at multiples of `every` and the first ones."""
        era = self.eras[-1]
        if self.holds(params) and not (era.steps and era.steps[-1] >= step):
            self.extend([step], [params.copy()], every)

    def extend(self, steps: Sequence[int], vectors: Sequence[Vector], every: int) -> None:
        """Keep later points, which nobody writes to, and of all those at multiples of `every` and the first ones."""
        *past, era = self.eras
        era = replace(era, steps=(*era.steps, *steps), vectors=(*era.vectors, *vectors))
        last = len(era.steps) - 1
        if every != self._every:
            self._every = every
            era = era.keeping(
                [i for i, s in enumerate(era.steps) if i in (0, last) or s <= FIRST or s % every == 0]
            )
        while len(era.steps) > min(MOST_POINTS, PATH // vectors[0].nbytes):
            last = len(era.steps) - 1
            era = era.keeping([i for i in range(last + 1) if i % 2 == 0 or i == last])
        while past and sum(v.nbytes for e in (*past, era) for v in e.vectors) > PATH:
            past[0] = past[0].keeping(list(range(1, len(past[0].steps))))
            if not past[0].steps:
                del past[0]  # what was longest ago
        self.eras = (*past, era)

    def turn(self, step: int, params: Vector, is_new: bool) -> None:
        """A change at `step`. Where it `is_new`, another architecture or a jump, what comes is drawn by itself."""
        self._every = 0
        past = [era.until(step) for era in self.eras if era.first < step] or [Era(0)]
        if is_new:
            past = [*past, Era(step)] if step else [Era(0)]
        self.eras = tuple(past)
        if is_new:
            self.append(step, params, 1)

    def forget_after(self, step: int) -> None:
        self._every = 0
        self.eras = tuple(era.until(step) for era in self.eras if era.first <= step) or (Era(0),)

    def points(self, step: int) -> tuple[NDArray[np.int64], list[Vector]]:
        """Steps and vectors up to `step`, of the era in which it lies (not copies: nobody writes to them)."""
        era = self._era_of(step).until(step)
        return np.array(era.steps, np.int64), list(era.vectors)

    def points_after(self, seen: int, step: int) -> tuple[list[int], list[Vector]]:
        """Those of `points` that lie after a step that was seen already."""
        era = self._era_of(step)
        first, last = bisect_right(era.steps, seen), bisect_right(era.steps, step)
        return list(era.steps[first:last]), list(era.vectors[first:last])

    def _era_of(self, step: int) -> Era:
        return [era for era in self.eras if era.first <= step or era is self.eras[0]][-1]
