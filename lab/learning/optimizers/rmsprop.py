from __future__ import annotations

from typing import Annotated

import msgspec

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Optimizer


class RMSprop(Optimizer, frozen=True, tag="rmsprop"):
    """M = 0.9 M + 0.1 g²; the gradient is divided by √M (G4; Hinton's lecture 6e, 2012)."""

    rate: Annotated[
        float,
        msgspec.Meta(
            ge=0,
            le=1000,
            title="learning rate ε",
            description="Factor on each step; often the most important number",
        ),
    ] = 0.001
    decay: Annotated[
        float,
        msgspec.Meta(ge=0, lt=1, title="decay", description="Share of the old mean square that is kept"),
    ] = 0.9
    epsilon: Annotated[
        float, msgspec.Meta(gt=0, le=1, title="ε₀", description="Added to the root, against division by zero")
    ] = 1e-8

    title = "RMSprop"
    formula = "M ← 0.9 M + 0.1 g²;  w ← w − ε g / (√M + ε₀)"
    kind = kernel.RMSPROP
    slots = ("mean square",)

    @property
    def constants(self) -> tuple[float, float, float]:
        return (self.decay, self.epsilon, 0.0)
