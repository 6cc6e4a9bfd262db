from __future__ import annotations

from typing import Annotated

import msgspec

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Optimizer


class Momentum(Optimizer, frozen=True, tag="momentum"):
    """Δw(t) = α Δw(t−1) − ε g (G1).

    PyTorch writes v ← α v + g, w ← w − ε v: the same path while the rate is constant. Here, as in the
    lecture, the velocity is in units of the weight, so a lower rate acts on new gradients only.
    """

    momentum: Annotated[
        float,
        msgspec.Meta(ge=0, lt=1, title="momentum α", description="Share of the last change that is kept"),
    ] = 0.9

    title = "momentum"
    formula = "Δw ← α Δw − ε g;  w ← w + Δw"
    kind = kernel.MOMENTUM
    slots = ("velocity",)

    @property
    def constants(self) -> tuple[float, float, float]:
        return (self.momentum, 0.0, 0.0)
