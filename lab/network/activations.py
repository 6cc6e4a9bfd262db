"""Activation functions as values: one class each, and the table of all of them."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from lab.kernels import activation as kernel


class Activation(msgspec.Struct, frozen=True, tag_field="function", forbid_unknown_fields=True):
    """f(z), applied number by number. `kind` names its arithmetic in lab.kernels.activation."""

    title: ClassVar[str]
    formula: ClassVar[str]
    derivative: ClassVar[str]
    kind: ClassVar[int]

    @property
    def alpha(self) -> float:
        """The one constant an activation may have; 0 where it has none."""
        return 0.0


class Linear(Activation, frozen=True, tag="linear"):
    title = "linear"
    formula = "f(z) = z"
    derivative = "f′(z) = 1"
    kind = kernel.LINEAR


class Sigmoid(Activation, frozen=True, tag="sigmoid"):
    """Bounded 0..1; the gradient vanishes in the tails."""

    title = "sigmoid"
    formula = "f(z) = 1 / (1 + e⁻ᶻ)"
    derivative = "f′(z) = f(z)(1 − f(z))"
    kind = kernel.SIGMOID


class Tanh(Activation, frozen=True, tag="tanh"):
    """Bounded -1..1; the gradient vanishes in the tails."""

    title = "tanh"
    formula = "f(z) = tanh z"
    derivative = "f′(z) = 1 − f(z)²"
    kind = kernel.TANH


class ReLU(Activation, frozen=True, tag="relu"):
    """Cheap, with a gradient that does not vanish for z > 0; a unit whose z is never positive is dead."""

    title = "ReLU"
    formula = "f(z) = max(0, z)"
    derivative = "f′(z) = 1 for z > 0, else 0"
    kind = kernel.RELU


class LeakyReLU(Activation, frozen=True, tag="leaky_relu"):
    """A ReLU that keeps a small slope for z <= 0, so that no unit dies."""

    slope: Annotated[float, msgspec.Meta(ge=0, le=1, title="slope α", description="Slope for z ≤ 0")] = 0.01

    title = "leaky ReLU"
    formula = "f(z) = z for z > 0, else αz"
    derivative = "f′(z) = 1 for z > 0, else α"
    kind = kernel.LEAKY_RELU

    @property
    def alpha(self) -> float:
        return self.slope


AnyActivation = Linear | Sigmoid | Tanh | ReLU | LeakyReLU
ACTIVATIONS: tuple[type[Activation], ...] = (Linear, Sigmoid, Tanh, ReLU, LeakyReLU)
