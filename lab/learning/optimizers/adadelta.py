from __future__ import annotations

from typing import Annotated

import msgspec

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Epsilon, Optimizer, Rate


class Adadelta(Optimizer, frozen=True, tag="adadelta"):
    """Steps in the units of the weight: Zeiler, 2012, algorithm 1, with ρ and ε₀ of its experiments.

    The paper has no learning rate: leave it at 1. PyTorch has it too and computes the same, with ρ = 0.9 unless
    told otherwise.
    """

    rate: Rate = 1.0
    rho: Annotated[
        float,
        msgspec.Meta(ge=0, lt=1, title="decay ρ", description="Share of the old mean squares that is kept"),
    ] = 0.95
    epsilon: Epsilon = 1e-6

    title = "Adadelta"
    formula = "G ← ρG + (1−ρ)g²;  d = −√((D + ε₀) / (G + ε₀)) g;  D ← ρD + (1−ρ)d²;  w ← w + ε d"
    kind = kernel.ADADELTA
    slots = ("mean square gradient", "mean square change")

    @property
    def constants(self) -> tuple[float, float]:
        return (self.rho, self.epsilon)
