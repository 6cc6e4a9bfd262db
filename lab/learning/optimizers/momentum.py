from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Optimizer
from lab.learning.told import Before, Term, inside, setting, signed

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

    def told(self, at: Before) -> tuple[Term, ...]:
        velocity = velocity_term(at, self.momentum, self.velocity_of == "gradients")
        if self.velocity_of == "weights":
            return (velocity,)
        v = velocity.value
        return (
            velocity,
            Term("a step along it", "Δw = −ε v(t)", f"−{setting(at.rate)} × {inside(v)}", -at.rate * v),
        )

    @property
    def constants(self) -> tuple[float, float]:
        return (self.momentum, float(self.velocity_of == "gradients"))

    @property
    def meaning(self) -> tuple[float, ...]:
        return (self.kind, self.velocity_of == "gradients")


def velocity_term(at: Before, alpha: float, of_gradients: bool) -> Term:
    """How the velocity goes on, in units of the weight or of the gradient."""
    kept = f"{setting(alpha)} × {inside(at.slots[0])}"
    if of_gradients:
        return Term(
            "the velocity: what is kept of the last one, and the gradient",
            "v(t) = α v(t−1) + g",
            f"{kept} {signed(at.g)}",
            alpha * at.slots[0] + at.g,
        )
    return Term(
        "the velocity: what is kept of the last one, and a step down the slope",
        "Δw(t) = α Δw(t−1) − ε g",
        f"{kept} − {setting(at.rate)} × {inside(at.g)}",
        alpha * at.slots[0] - at.rate * at.g,
    )
