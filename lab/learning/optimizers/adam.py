from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Epsilon, Optimizer, Rate, Vector

Beta1 = Annotated[
    float, msgspec.Meta(ge=0, lt=1, title="β₁", description="Share of the old mean gradient that is kept")
]
Beta2 = Annotated[
    float, msgspec.Meta(ge=0, lt=1, title="β₂", description="Share of the old mean square that is kept")
]


class Adam(Optimizer, frozen=True, tag="adam"):
    """Kingma and Ba, 2015, algorithm 1, with its bias correction and its ε₀ outside the root; as in PyTorch."""

    rate: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    epsilon: Epsilon = 1e-8

    title = "Adam"
    formula = "m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  w ← w − ε m̂ / (√v̂ + ε₀)"
    kind = kernel.ADAM
    slots = ("first moment", "second moment")

    @property
    def constants(self) -> tuple[float, float, float]:
        return (self.beta1, self.beta2, self.epsilon)

    def step_size(self, rate: float, gradient: Vector, slots: Vector, age: int) -> Vector:
        """ε / (√v̂ + ε₀), of the first moment without its bias, m̂."""
        return corrected(rate, slots[1], self.beta2, self.epsilon, age)


def corrected(rate: float, second_moment: Vector, beta2: float, epsilon: float, age: int) -> Vector:
    """ε / (√v̂ + ε₀) with v̂ = v / (1 − β₂ᵗ) after t = `age` updates (Kingma and Ba, algorithm 1)."""
    step: Vector = rate / (np.sqrt(second_moment / (1 - beta2**age)) + epsilon)
    return step
