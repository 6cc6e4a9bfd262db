"""The path walked through weight space, for drawing: evenly spread over the run, bounded in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST = 256
ROOM = 96 << 20
"""Bytes the path may take."""


class Path:
    """Parameter vectors at some steps. When it is full every second one goes and the spacing doubles."""

    def __init__(self, parameters: int) -> None:
        self._most = int(np.clip(ROOM // (4 * max(parameters, 1)), 4, MOST))
        self._spacing = 0
        self._steps: list[int] = []
        self._vectors: list[NDArray[np.float32]] = []

    def append(self, step: int, params: NDArray[np.float32]) -> None:
        """Keep a copy of `params` if the last one lies far enough back."""
        if self._steps and step - self._steps[-1] < max(self._spacing, 1):
            return
        self._steps.append(step)
        self._vectors.append(params.copy())
        if len(self._steps) > self._most:
            del self._steps[1::2], self._vectors[1::2]
            self._spacing = (self._steps[-1] - self._steps[0]) // (len(self._steps) - 1)

    def rewind(self, step: int, parameters: int) -> None:
        """Forget what came after `step`, and vectors of another length."""
        keep = [i for i, s in enumerate(self._steps) if s <= step and self._vectors[i].size == parameters]
        self._steps = [self._steps[i] for i in keep]
        self._vectors = [self._vectors[i] for i in keep]

    def points(self) -> tuple[NDArray[np.int64], list[NDArray[np.float32]]]:
        """Steps, and the vectors (not copies: nobody writes to them)."""
        return np.array(self._steps, np.int64), list(self._vectors)
