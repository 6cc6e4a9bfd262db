from __future__ import annotations

import math
from typing import Annotated

import msgspec
import numpy as np

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Epsilon, Optimizer, Rate, Vector
from lab.learning.told import Before, Term, inside, said, setting


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

    def told(self, at: Before) -> tuple[Term, ...]:
        rho, e, (G0, D0) = self.rho, self.epsilon, at.slots
        G = rho * G0 + (1 - rho) * at.g**2
        d = -math.sqrt((D0 + e) / (G + e)) * at.g
        kept, new = setting(rho), setting(1 - rho)
        return (
            Term(
                "the running mean of the squared gradient",
                "G(t) = ρ G(t−1) + (1 − ρ) g²",
                f"{kept} × {said(G0)} + {new} × {inside(at.g)}²",
                G,
            ),
            Term(
                "a step in the units of the weight: as large as its last changes were, against its gradients",
                "d(t) = −√((D(t−1) + ε₀) / (G(t) + ε₀)) g",
                f"−√(({said(D0)} + {setting(e)}) / ({said(G)} + {setting(e)})) × {inside(at.g)}",
                d,
            ),
            Term(
                "the running mean of the squared change, for the next update",
                "D(t) = ρ D(t−1) + (1 − ρ) d(t)²",
                f"{kept} × {said(D0)} + {new} × {inside(d)}²",
                rho * D0 + (1 - rho) * d**2,
            ),
            Term("the change", "Δw = ε d(t)", f"{setting(at.rate)} × {inside(d)}", at.rate * d),
        )

    @property
    def constants(self) -> tuple[float, float]:
        return (self.rho, self.epsilon)

    def step_size(self, rate: float, gradient: Vector, slots: Vector, age: int) -> Vector:
        """ε √((D + ε₀) / (G + ε₀)), of the gradient, with D from before the update.

        The update has made D′ = ρD + (1 − ρ)d² of it, with d² = k (D + ε₀) and k = g² / (G + ε₀): so D + ε₀ is
        (D′ + ρε₀) / (ρ + (1 − ρ)k). Where ρ and g are both 0 nothing is left of D: NaN.
        """
        mean_square, mean_change = slots
        k = gradient**2 / (mean_square + self.epsilon)
        with np.errstate(invalid="ignore", divide="ignore"):
            before = (mean_change + self.rho * self.epsilon) / (self.rho + (1 - self.rho) * k)
            step: Vector = rate * np.sqrt(before / (mean_square + self.epsilon))
        return step
