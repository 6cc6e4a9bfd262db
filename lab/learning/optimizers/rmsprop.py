from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Epsilon, Optimizer, Rate, Vector


class RMSprop(Optimizer, frozen=True, tag="rmsprop"):
    """M = 0.9 M + 0.1 g²; the gradient is divided by √M (G4; Hinton's lecture 6e, 2012).

    The lecture has no ε₀. It is added outside the root, as PyTorch does (whose `alpha`, our decay, is 0.99 unless
    told otherwise).
    """

    rate: Rate = 0.001
    decay: Annotated[
        float,
        msgspec.Meta(ge=0, lt=1, title="decay", description="Share of the old mean square that is kept"),
    ] = 0.9
    epsilon: Epsilon = 1e-8

    title = "RMSprop"
    formula = "M ← 0.9 M + 0.1 g²;  w ← w − ε g / (√M + ε₀)"
    kind = kernel.RMSPROP
    slots = ("mean square",)

    @property
    def constants(self) -> tuple[float, float]:
        return (self.decay, self.epsilon)

    def step_size(self, rate: float, gradient: Vector, slots: Vector, age: int) -> Vector:
        """ε / (√M + ε₀), of the gradient."""
        step: Vector = rate / (np.sqrt(slots[0]) + self.epsilon)
        return step
