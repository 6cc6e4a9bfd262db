from __future__ import annotations

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Optimizer


class SGD(Optimizer, frozen=True, tag="sgd"):
    """Plain gradient descent; with the whole set as batch, steepest descent (A2)."""

    title = "SGD"
    formula = "w ← w − ε g"
    kind = kernel.SGD
