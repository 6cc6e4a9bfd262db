"""Activation functions as values: one class each, and the table of all of them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec

from lab.kernels import activation as kernel


class Activation(msgspec.Struct, frozen=True, tag_field="function", forbid_unknown_fields=True):
    """f(z), applied number by number."""

    title: ClassVar[str]
    formula: ClassVar[str]
    derivative: ClassVar[str]

    @property
    def kind(self) -> int:
        """Which arithmetic of lab.kernels.activation."""
        raise NotImplementedError

    @property
    def needs_z(self) -> bool:
        """Whether the derivative is taken from z, which must then be kept, and not from f(z)."""
        return self.kind in kernel.NEEDS_Z

    @property
    def alpha(self) -> float:
        """The one constant an activation may have; 0 where it has none."""
        return 0.0

    @property
    def dies(self) -> bool:
        """Whether f′ is 0 all along one side: a unit that stays there learns no more."""
        return False

    @property
    def steepest(self) -> float | None:
        """The greatest |f′| where f′ fades away in a tail, in which a unit is saturated; None where it does not."""
        return None


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
    steepest = 0.25


class Tanh(Activation, frozen=True, tag="tanh"):
    """Bounded -1..1; the gradient vanishes in the tails."""

    title = "tanh"
    formula = "f(z) = tanh z"
    derivative = "f′(z) = 1 − f(z)²"
    kind = kernel.TANH
    steepest = 1.0


class ScaledTanh(Activation, frozen=True, tag="scaled_tanh"):
    """Goes through (1, 1) and (-1, -1), where its curvature is greatest: targets of ±1 do not saturate it. LeNet-5's
    (LeCun et al., 1998)."""

    title = "scaled tanh"
    formula = "f(z) = 1.7159 tanh(2z/3)"
    derivative = "f′(z) = ⅔ (1.7159 − f(z)² / 1.7159)"
    kind = kernel.SCALED_TANH
    steepest = kernel.AMPLITUDE * kernel.STEEPNESS


class ReLU(Activation, frozen=True, tag="relu"):
    """Cheap, with a gradient that does not vanish for z > 0; a unit whose z is never positive is dead."""

    title = "ReLU"
    formula = "f(z) = max(0, z)"
    derivative = "f′(z) = 1 for z > 0, else 0"
    kind = kernel.RELU
    dies = True


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

    @property
    def dies(self) -> bool:
        return self.slope == 0


class ELU(Activation, frozen=True, tag="elu"):
    """A ReLU that goes over smoothly into -α, so that the mean of its outputs is nearer to 0 (Clevert et al., 2016)."""

    limit: Annotated[
        float, msgspec.Meta(ge=0, le=10, title="limit α", description="−α is where f goes for small z")
    ] = 1.0

    title = "ELU"
    formula = "f(z) = z for z > 0, else α(eᶻ − 1)"
    derivative = "f′(z) = 1 for z > 0, else f(z) + α"
    kind = kernel.ELU

    @property
    def alpha(self) -> float:
        return self.limit

    @property
    def dies(self) -> bool:
        return self.limit == 0

    @property
    def steepest(self) -> float | None:
        return max(1.0, self.limit) if self.limit else None


class Softplus(Activation, frozen=True, tag="softplus"):
    """A smooth ReLU, always above it; its derivative is the sigmoid (Dugas et al., 2001)."""

    title = "softplus"
    formula = "f(z) = log(1 + eᶻ)"
    derivative = "f′(z) = 1 / (1 + e⁻ᶻ) = 1 − e⁻ᶠ"
    kind = kernel.SOFTPLUS
    steepest = 1.0


class SiLU(Activation, frozen=True, tag="silu"):
    """z, let through by its own sigmoid: smooth, and with a dip below 0 (Elfwing et al., 2018); also called swish."""

    title = "SiLU"
    formula = "f(z) = z σ(z)"
    derivative = "f′(z) = σ(z)(1 + z(1 − σ(z)))"
    kind = kernel.SILU
    steepest = 1.0998393


class GELU(Activation, frozen=True, tag="gelu"):
    """z times the chance that a normal number lies below it (Hendrycks and Gimpel, 2016).

    The exact form has the error function; the other is the paper's approximation by tanh, off by up to 5e-4, that
    BERT and GPT-2 were trained with. PyTorch's `approximate` "none" and "tanh".
    """

    form: Annotated[
        Literal["exact", "tanh"], msgspec.Meta(description="By the error function or by tanh")
    ] = "exact"

    title = "GELU"
    formula = "f(z) = z Φ(z) = z · ½ (1 + erf(z / √2))"
    derivative = "f′(z) = Φ(z) + z φ(z)"

    @property
    def kind(self) -> int:
        return kernel.GELU if self.form == "exact" else kernel.GELU_TANH

    @property
    def steepest(self) -> float:
        return 1.1289042 if self.form == "exact" else 1.1289931


class Sine(Activation, frozen=True, tag="sine"):
    """For networks that are an image or a sound, position in, colour out: SIREN has ω = 30 (Sitzmann et al., 2020)."""

    frequency: Annotated[
        float, msgspec.Meta(gt=0, le=1000, title="frequency ω", description="How fast it waves")
    ] = 1.0

    title = "sine"
    formula = "f(z) = sin(ωz)"
    derivative = "f′(z) = ω cos(ωz)"
    kind = kernel.SINE

    @property
    def alpha(self) -> float:
        return self.frequency


AnyActivation = Linear | Sigmoid | Tanh | ScaledTanh | ReLU | LeakyReLU | ELU | Softplus | SiLU | GELU | Sine
ACTIVATIONS: tuple[type[Activation], ...] = (
    Linear,
    Sigmoid,
    Tanh,
    ScaledTanh,
    ReLU,
    LeakyReLU,
    ELU,
    Softplus,
    SiLU,
    GELU,
    Sine,
)
