from __future__ import annotations

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Optimizer
from lab.learning.told import Before, Term, inside, setting


class SGD(Optimizer, frozen=True, tag="sgd"):
    """Plain gradient descent; with the whole set as batch, steepest descent (A2)."""

    title = "SGD"
    formula = "w ← w − ε g"
    kind = kernel.SGD

    def told(self, at: Before) -> tuple[Term, ...]:
        change = -at.rate * at.g
        return (Term("a step down the slope", "Δw = −ε g", f"−{setting(at.rate)} × {inside(at.g)}", change),)
