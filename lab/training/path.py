"""The path walked through weight space, for drawing: evenly spread over the run, bounded in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.experiment.plan import PATH

FIRST = 64
"""Steps at the start that stay, each of them: there the path turns most."""


class Path:
    """Parameter vectors at some steps. As the run grows longer, points in between are dropped."""

    def __init__(self, parameters: int) -> None:
        self._most = PATH // (4 * max(parameters, 1))
        self._steps: list[int] = []
        self._vectors: list[NDArray[np.float32]] = []

    def append(self, step: int, params: NDArray[np.float32], every: int) -> None:
        """Keep a copy of `params`, and of the older points those at multiples of `every` and the first ones."""
        if self._most < 2 or (self._steps and self._steps[-1] >= step):
            return
        self._steps.append(step)
        self._vectors.append(params.copy())
        self._keep([i for i, s in enumerate(self._steps) if i == 0 or s <= FIRST or s % every == 0])
        while len(self._steps) > self._most:
            self._keep([i for i in range(len(self._steps)) if i % 2 == 0 or i == len(self._steps) - 1])

    def rewind(self, step: int, parameters: int) -> None:
        """Forget what came after `step`, and vectors of another length."""
        self._keep(
            [i for i, s in enumerate(self._steps) if s <= step and self._vectors[i].size == parameters]
        )

    def _keep(self, places: list[int]) -> None:
        if len(places) < len(self._steps):
            self._steps = [self._steps[i] for i in places]
            self._vectors = [self._vectors[i] for i in places]

    def points(self) -> tuple[NDArray[np.int64], list[NDArray[np.float32]]]:
        """Steps, and the vectors (not copies: nobody writes to them)."""
        return np.array(self._steps, np.int64), list(self._vectors)
