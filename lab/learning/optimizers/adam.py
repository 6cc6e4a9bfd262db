from __future__ import annotations

import math
from typing import Annotated

import msgspec
import numpy as np

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Epsilon, Optimizer, Rate, Vector
from lab.learning.told import Before, Term, inside, said, setting

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

    def told(self, at: Before) -> tuple[Term, ...]:
        return moments(at, self.beta1, self.beta2, self.epsilon)

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


def moments(at: Before, beta1: float, beta2: float, epsilon: float) -> tuple[Term, ...]:
    """Algorithm 1 of Kingma and Ba, line by line; the last term is the change."""
    m = beta1 * at.slots[0] + (1 - beta1) * at.g
    v = beta2 * at.slots[1] + (1 - beta2) * at.g**2
    fair_m, fair_v = m / (1 - beta1**at.age), v / (1 - beta2**at.age)
    root = math.sqrt(fair_v)
    b1, c1, b2, c2 = map(setting, (beta1, 1 - beta1, beta2, 1 - beta2))
    return (
        Term(
            "the running mean of the gradient",
            "m(t) = β₁ m(t−1) + (1 − β₁) g",
            f"{b1} × {inside(at.slots[0])} + {c1} × {inside(at.g)}",
            m,
        ),
        Term(
            "the running mean of the squared gradient",
            "v(t) = β₂ v(t−1) + (1 − β₂) g²",
            f"{b2} × {said(at.slots[1])} + {c2} × {inside(at.g)}²",
            v,
        ),
        Term(
            "both began at 0: what is still missing is made up for",
            "m̂ = m(t) / (1 − β₁ᵗ)",
            f"{inside(m)} / (1 − {b1}^{at.age})",
            fair_m,
        ),
        Term("and so of the squares", "v̂ = v(t) / (1 − β₂ᵗ)", f"{said(v)} / (1 − {b2}^{at.age})", fair_v),
        Term(
            "a step along the mean, divided by the root of the mean square",
            "Δw = −ε m̂ / (√v̂ + ε₀)",
            f"−{setting(at.rate)} × {inside(fair_m)} / ({said(root)} + {setting(epsilon)})",
            -at.rate * fair_m / (root + epsilon),
        ),
    )
