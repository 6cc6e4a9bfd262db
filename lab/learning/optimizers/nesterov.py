from __future__ import annotations

from lab.kernels import update as kernel
from lab.learning.optimizers.momentum import Alpha, VelocityOf, velocity_term
from lab.learning.optimizers.optimizer import Optimizer
from lab.learning.told import Before, Term, inside, said, setting


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

    def told(self, at: Before) -> tuple[Term, ...]:
        """What lies in the parameters, and moves here, is the point ahead, a = w + α Δw."""
        of_gradients, alpha = self.velocity_of == "gradients", self.momentum
        velocity = velocity_term(at, alpha, of_gradients)
        v, words = velocity.value, "the point ahead, where the next gradient is taken, moves"
        if of_gradients:
            numbers = f"−{setting(at.rate)} × ({said(at.g)} + {setting(alpha)} × {inside(v)})"
            return (
                velocity,
                Term(words, "Δa = −ε (g + α v(t))", numbers, -at.rate * (at.g + alpha * v)),
            )
        numbers = f"{setting(alpha)} × {inside(v)} − {setting(at.rate)} × {inside(at.g)}"
        return velocity, Term(words, "Δa = α Δw(t) − ε g", numbers, alpha * v - at.rate * at.g)

    @property
    def constants(self) -> tuple[float, float]:
        return (self.momentum, float(self.velocity_of == "gradients"))

    @property
    def meaning(self) -> tuple[float, ...]:
        return (self.kind, self.velocity_of == "gradients")
