from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Optimizer, Vector

TURNS = {"take back": kernel.TAKE_BACK, "wait": kernel.WAIT, "go on": kernel.GO_ON}


class Rprop(Optimizer, frozen=True, tag="rprop"):
    """Only the sign of the gradient counts; each weight has a step size Δ of its own (G2). For full batches (G3).

    Δ grows by 1.2 while the gradient keeps its sign and shrinks by 0.5 when it changes: the weight has jumped
    over a minimum. What it does then is published in three ways, and `turn` chooses:

    - "take back": its last move is undone, and the next gradient counts as a first one (Riedmiller and Braun,
      1993);
    - "wait": it stays for one update, and the next gradient counts as a first one (iRprop−; Igel and Hüsken,
      2003). This is torch.optim.Rprop, whose documentation names the paper of 1993;
    - "go on": it moves by the new step, like any other (Rprop−; Riedmiller, 1994; the lecture).

    The rate is only where every step size begins, 0.1 in the paper (PyTorch: 0.01); a schedule changes it for
    weights that have not begun, and no other.
    """

    rate: Annotated[
        float,
        msgspec.Meta(
            ge=0, le=1000, title="first step size Δ₀", description="How far every weight moves at first"
        ),
    ] = 0.1
    up: Annotated[
        float, msgspec.Meta(ge=1, le=10, title="η⁺", description="Growth of a step while the sign stays")
    ] = 1.2
    down: Annotated[
        float, msgspec.Meta(gt=0, le=1, title="η⁻", description="Shrinkage of a step when the sign changes")
    ] = 0.5
    least: Annotated[
        float, msgspec.Meta(gt=0, le=1, title="least step", description="No step size becomes smaller")
    ] = 1e-6
    most: Annotated[
        float, msgspec.Meta(gt=0, le=1e6, title="greatest step", description="No step size becomes greater")
    ] = 50.0
    turn: Annotated[
        Literal["take back", "wait", "go on"],
        msgspec.Meta(
            title="on a change of sign", description="What a weight does whose gradient changes its sign"
        ),
    ] = "take back"

    title = "rprop"
    formula = "Δ ← 1.2 Δ if g keeps its sign, else 0.5 Δ;  w ← w − sign(g) Δ"
    kind = kernel.RPROP
    slots = ("last gradient", "step size")

    @property
    def constants(self) -> tuple[float, ...]:
        return (self.up, self.down, self.least, self.most, TURNS[self.turn])

    def step_size(self, rate: float, gradient: Vector, slots: Vector, age: int) -> Vector:
        """The weight's own Δ, of the gradient's sign; on a change of sign it may have waited or gone back."""
        step: Vector = slots[1]
        return step
