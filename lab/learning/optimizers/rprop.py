from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from lab.kernels import update as kernel
from lab.learning.optimizers.optimizer import Optimizer, Vector
from lab.learning.told import Before, Term, said, setting

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

    def told(self, at: Before) -> tuple[Term, ...]:
        last, size = at.slots
        now, then = _sign(at.g), _sign(last)
        agreement = now * then
        words = {
            1: "the gradient has kept its sign",
            -1: "the gradient has changed its sign: the weight has jumped over a minimum",
            0: "there are no two signs to compare",
        }
        signs = Term(
            words[agreement], "s = sign g(t) · sign g(t−1)", f"{SIGNS[now]} × {SIGNS[then]}", agreement
        )
        step = self._size_term(agreement, at.rate if size == 0 else size, is_new=size == 0)
        if agreement < 0 and self.turn == "wait":
            return signs, step, Term("it stays for one update", "Δw = 0", "", 0.0)
        if agreement < 0 and self.turn == "take back":
            return (
                signs,
                step,
                Term(
                    "its last move is taken back",
                    "Δw = sign(g(t−1)) Δ(t−1)",
                    f"{SIGNS[then]} × {said(size)}",
                    then * size,
                ),
            )
        move = Term(
            "a step of its own size, by the sign alone",
            "Δw = −sign(g) Δ(t)",
            f"−{SIGNS[now]} × {said(step.value)}",
            -now * step.value,
        )
        return signs, step, move

    def _size_term(self, agreement: int, size: float, is_new: bool) -> Term:
        factor = {1: self.up, -1: self.down, 0: 1.0}[agreement]
        wanted = size * factor
        value = min(max(wanted, self.least), self.most)
        held = "" if value == wanted else ", held within its limits"
        if agreement == 0:
            words = "its step begins" if is_new else "its step stays as it is"
            return Term(f"{words}{held}", "Δ(t) = Δ₀" if is_new else "Δ(t) = Δ(t−1)", said(size), value)
        words = "its step grows" if agreement > 0 else "its step shrinks"
        symbol = "Δ(t) = η⁺ Δ(t−1)" if agreement > 0 else "Δ(t) = η⁻ Δ(t−1)"
        return Term(f"{words}{held}", symbol, f"{setting(factor)} × {said(size)}", value)

    @property
    def constants(self) -> tuple[float, ...]:
        return (self.up, self.down, self.least, self.most, TURNS[self.turn])

    def step_size(self, rate: float, gradient: Vector, slots: Vector, age: int) -> Vector:
        """The weight's own Δ, of the gradient's sign; on a change of sign it may have waited or gone back."""
        step: Vector = slots[1]
        return step


SIGNS = {1: "(+1)", 0: "0", -1: "(−1)"}


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
