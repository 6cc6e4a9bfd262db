from __future__ import annotations

import math

import numpy as np

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Epsilon, Optimizer, Rate, Vector
from lab.learning.told import Before, Term, inside, said, setting


class Adagrad(Optimizer, frozen=True, tag="adagrad"):
    """Every weight's rate falls with the squares of all its gradients: Duchi, Hazan and Singer, 2011, figure 1,
    with the diagonal of its matrix and δ, here ε₀, outside the root.

    PyTorch computes the same (`lr_decay` and `initial_accumulator_value` are its own, and 0 unless told otherwise).
    """

    rate: Rate = 0.01
    epsilon: Epsilon = 1e-10

    title = "Adagrad"
    formula = "S ← S + g²;  w ← w − ε g / (√S + ε₀)"
    kind = kernel.ADAGRAD
    slots = ("sum of squares",)

    def told(self, at: Before) -> tuple[Term, ...]:
        S = at.slots[0] + at.g**2
        return (
            Term(
                "the sum of all squared gradients",
                "S(t) = S(t−1) + g²",
                f"{said(at.slots[0])} + {inside(at.g)}²",
                S,
            ),
            Term(
                "a step down the slope, divided by the root of it",
                "Δw = −ε g / (√S(t) + ε₀)",
                f"−{setting(at.rate)} × {inside(at.g)} / ({said(math.sqrt(S))} + {setting(self.epsilon)})",
                -at.rate * at.g / (math.sqrt(S) + self.epsilon),
            ),
        )

    @property
    def constants(self) -> tuple[float]:
        return (self.epsilon,)

    def step_size(self, rate: float, gradient: Vector, slots: Vector, age: int) -> Vector:
        """ε / (√S + ε₀), of the gradient."""
        step: Vector = rate / (np.sqrt(slots[0]) + self.epsilon)
        return step
