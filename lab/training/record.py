"""A run as it can be kept: all that is needed to have it again, in values that share nothing with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.training.history import Curves
from lab.training.timeline import Edit, State


@dataclass(frozen=True, eq=False)
class Record:
    """`edits` and the start make any step; `checkpoints` spare the way there, `curves` and the path show it.

    `step` is where the run stands, `checkpoints` are in the order of their steps, the last is the furthest step's.
    """

    run: int
    name: str
    colour: int
    origin: tuple[int, int] | None
    step: int
    edits: tuple[Edit, ...]
    checkpoints: tuple[State, ...]
    curves: Curves
    path_steps: NDArray[np.int64]
    path_vectors: tuple[NDArray[np.float32], ...]
