from __future__ import annotations

from lab.kernels import update as kernel
from lab.learning.optimizers.momentum import Alpha, VelocityOf
from lab.learning.optimizers.optimizer import Optimizer


class Nesterov(Optimizer, frozen=True, tag="nesterov"):
    """First the jump, then the correction: the gradient is taken at w + α Δw, where the velocity leads.

    Nesterov, 1983, as Sutskever, Martens, Dahl and Hinton, 2013, equations 3 and 4, write it:
    Δw ← α Δw − ε ∇E(w + α Δw), w ← w + Δw. The point ahead, a = w + α Δw, is what lies in the parameters and
    what is evaluated and drawn, so that one gradient serves: a ← a + α Δw − ε g (Bengio, Boulanger-Lewandowski
    and Pascanu, 2013). The paper's w is a − α Δw: the same sequence to the last digit.

    PyTorch's SGD(nesterov=True) walks on the points ahead too, but sums gradients in its velocity: the same
    path while the rate is constant. `velocity_of` chooses.
    """

    momentum: Alpha = 0.9
    velocity_of: VelocityOf = "weights"

    title = "Nesterov"
    formula = "Δw ← α Δw − ε ∇E(w + α Δw);  w ← w + Δw"
    kind = kernel.NESTEROV
    slots = ("velocity",)

    @property
    def constants(self) -> tuple[float, float]:
        return (self.momentum, float(self.velocity_of == "gradients"))

    @property
    def meaning(self) -> tuple[float, ...]:
        return (self.kind, self.velocity_of == "gradients")
