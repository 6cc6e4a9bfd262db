from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Optimizer

Alpha = Annotated[
    float,
    msgspec.Meta(ge=0, lt=1, title="momentum α", description="Share of the last change that is kept"),
]
VelocityOf = Annotated[
    Literal["weights", "gradients"],
    msgspec.Meta(
        title="velocity of",
        description="What the velocity sums up: changes of the weights, as published, or gradients, as in "
        "PyTorch; the path differs where the rate changes",
    ),
]


class Momentum(Optimizer, frozen=True, tag="momentum"):
    """Δw(t) = α Δw(t−1) − ε g (G1; Rumelhart, Hinton and Williams, 1986, equation 9).

    As published the velocity is in units of the weight, so a lower rate acts on new gradients only. PyTorch's
    SGD sums gradients instead, v ← α v + g, w ← w − ε v: the same path while the rate is constant, and a lower
    rate brakes at once. `velocity_of` chooses.
    """

    momentum: Alpha = 0.9
    velocity_of: VelocityOf = "weights"

    title = "momentum"
    formula = "Δw ← α Δw − ε g;  w ← w + Δw"
    kind = kernel.MOMENTUM
    slots = ("velocity",)

    @property
    def constants(self) -> tuple[float, float]:
        return (self.momentum, float(self.velocity_of == "gradients"))

    @property
    def meaning(self) -> tuple[float, ...]:
        return (self.kind, self.velocity_of == "gradients")
