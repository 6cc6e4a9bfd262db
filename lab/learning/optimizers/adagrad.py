from __future__ import annotations

import numpy as np

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Epsilon, Optimizer, Rate, Vector


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

    @property
    def constants(self) -> tuple[float]:
        return (self.epsilon,)

    def step_size(self, rate: float, gradient: Vector, slots: Vector, age: int) -> Vector:
        """ε / (√S + ε₀), of the gradient."""
        step: Vector = rate / (np.sqrt(slots[0]) + self.epsilon)
        return step
