from __future__ import annotations

import math
from typing import Annotated

import msgspec
import numpy as np

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Epsilon, Optimizer, Rate, Vector
from lab.learning.told import Before, Term, inside, said, setting


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

    def told(self, at: Before) -> tuple[Term, ...]:
        d, M0 = self.decay, at.slots[0]
        M = d * M0 + (1 - d) * at.g**2
        return (
            Term(
                "the running mean of the squared gradient",
                "M(t) = β M(t−1) + (1 − β) g²",
                f"{setting(d)} × {said(M0)} + {setting(1 - d)} × {inside(at.g)}²",
                M,
            ),
            Term(
                "a step down the slope, divided by the root of it",
                "Δw = −ε g / (√M(t) + ε₀)",
                f"−{setting(at.rate)} × {inside(at.g)} / ({said(math.sqrt(M))} + {setting(self.epsilon)})",
                -at.rate * at.g / (math.sqrt(M) + self.epsilon),
            ),
        )

    @property
    def constants(self) -> tuple[float, float]:
        return (self.decay, self.epsilon)

    def step_size(self, rate: float, gradient: Vector, slots: Vector, age: int) -> Vector:
        """ε / (√M + ε₀), of the gradient."""
        step: Vector = rate / (np.sqrt(slots[0]) + self.epsilon)
        return step
