from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from lab.kernels import update as kernel
from lab.learning.optimizers.adam import Beta1, Beta2, corrected, moments
from lab.learning.optimizers.optimizer import Epsilon, Optimizer, Rate, Vector
from lab.learning.told import Before, Term, inside, said, setting, signed


class AdamW(Optimizer, frozen=True, tag="adamw"):
    """Adam, and apart from its gradient every weight shrinks a little: Loshchilov and Hutter, 2019, algorithm 2.

    In the paper a weight loses the share η λ in each update, where η is the schedule's factor alone. PyTorch also
    multiplies by the rate, ε η λ: its 0.01 at a rate of 0.001 is the paper's 0.00001. `decay_times` chooses.
    Both paper and PyTorch let all parameters decay; here biases are spared unless `decay_of` says "all", as
    with the other penalties.
    """

    rate: Rate = 0.001
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    epsilon: Epsilon = 1e-8
    decay: Annotated[
        float,
        msgspec.Meta(ge=0, le=1, title="weight decay λ", description="Share of itself that a weight loses"),
    ] = 0.01
    decay_times: Annotated[
        Literal["rate", "schedule"],
        msgspec.Meta(
            title="decay times",
            description="The whole rate, as in PyTorch, or its schedule alone, as published",
        ),
    ] = "rate"
    decay_of: Annotated[
        Literal["weights", "all"], msgspec.Meta(title="decay of", description="Weights alone, or biases too")
    ] = "weights"

    title = "AdamW"
    formula = "as Adam;  w ← w − ε m̂ / (√v̂ + ε₀) − ε λ w"
    kind = kernel.ADAMW
    slots = ("first moment", "second moment")

    def told(self, at: Before) -> tuple[Term, ...]:
        *most, step = moments(at, self.beta1, self.beta2, self.epsilon)
        if not (at.penalised or self.decay_of == "all"):
            return (*most, step)
        share = at.rate * self.constants[3]
        published = self.decay_times == "schedule"
        decay = Term(
            "the decay: the weight loses a share of itself, apart from its gradient",
            "D = −η λ w" if published else "D = −ε λ w",
            f"−{setting(share)} × {inside(at.w)}",
            -share * at.w,
        )
        # the weight shrinks first, and the step is added to what is left: the same sum
        step = Term(step.words, step.symbols.replace("Δw", "S"), step.numbers, step.value)
        total = Term(
            "both together",
            "Δw = S + D",
            f"{said(step.value)} {signed(decay.value)}",
            step.value + decay.value,
        )
        return (*most, step, decay, total)

    @property
    def constants(self) -> tuple[float, ...]:
        # the kernel multiplies by the rate of the step, which is ε η: at ε = 0 nothing moves
        per_rate = self.decay / self.rate if self.decay_times == "schedule" and self.rate else self.decay
        return (self.beta1, self.beta2, self.epsilon, per_rate, float(self.decay_of == "all"))

    def step_size(self, rate: float, gradient: Vector, slots: Vector, age: int) -> Vector:
        """ε / (√v̂ + ε₀), of the first moment without its bias, m̂, as in Adam; the decay comes besides."""
        return corrected(rate, slots[1], self.beta2, self.epsilon, age)
