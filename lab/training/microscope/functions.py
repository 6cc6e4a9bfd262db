"""Activation functions in plain NumPy and float64, with their derivatives, and how they are written with a number in.

They are the formulas of lab.network.activations, not the kernels: what the engine computes can be held against them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lab.kernels import activation as kernel
from lab.network.activations import Activation
from lab.training.microscope.lines import Real, bracketed, said

Function = Callable[[Real, float], Real]
A, S = kernel.AMPLITUDE, kernel.STEEPNESS
ROOT = math.sqrt(2 / math.pi)
CUBE = kernel.CUBE
BEYOND = 700.0
"""e to a higher power than this is no float64 any more."""


def sigmoid(z: Real) -> Real:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -BEYOND, BEYOND))))


def erf(z: Real) -> Real:
    found = [math.erf(v) for v in np.ravel(z).tolist()]
    return np.array(found, np.float64).reshape(np.shape(z))


def normal_share(z: Real) -> Real:
    """Φ(z), how much of a normal distribution lies below z."""
    return np.asarray(0.5 * (1 + erf(z / math.sqrt(2))))


def normal_density(z: Real) -> Real:
    """φ(z)"""
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi))


def inner(z: Real) -> Real:
    """What GELU's approximation takes the tanh of."""
    return ROOT * (z + CUBE * z**3)


def gelu_tanh_slope(z: Real, a: float) -> Real:
    t = np.tanh(inner(z))
    return np.asarray(0.5 * (1 + t) + 0.5 * z * (1 - t * t) * ROOT * (1 + 3 * CUBE * z * z))


VALUES: dict[int, Function] = {
    kernel.LINEAR: lambda z, a: np.array(z),
    kernel.SIGMOID: lambda z, a: sigmoid(z),
    kernel.TANH: lambda z, a: np.tanh(z),
    kernel.RELU: lambda z, a: np.where(z <= 0, 0, z),
    kernel.LEAKY_RELU: lambda z, a: np.where(z <= 0, a * z, z),
    kernel.SCALED_TANH: lambda z, a: A * np.tanh(S * z),
    kernel.ELU: lambda z, a: np.where(z > 0, z, a * np.expm1(np.minimum(z, 0))),
    kernel.SOFTPLUS: lambda z, a: np.logaddexp(0, z),
    kernel.SILU: lambda z, a: z * sigmoid(z),
    kernel.GELU: lambda z, a: z * normal_share(z),
    kernel.GELU_TANH: lambda z, a: 0.5 * z * (1 + np.tanh(inner(z))),
    kernel.SINE: lambda z, a: np.sin(a * z),
}
SLOPES: dict[int, Function] = {
    kernel.LINEAR: lambda z, a: np.ones_like(z),
    kernel.SIGMOID: lambda z, a: sigmoid(z) * (1 - sigmoid(z)),
    kernel.TANH: lambda z, a: 1 - np.tanh(z) ** 2,
    kernel.RELU: lambda z, a: np.where(z <= 0, 0.0, 1.0),
    kernel.LEAKY_RELU: lambda z, a: np.where(z <= 0, a, 1.0),
    kernel.SCALED_TANH: lambda z, a: A * S * (1 - np.tanh(S * z) ** 2),
    kernel.ELU: lambda z, a: np.where(z > 0, 1.0, a * np.exp(np.minimum(z, 0))),
    kernel.SOFTPLUS: lambda z, a: sigmoid(z),
    kernel.SILU: lambda z, a: sigmoid(z) * (1 + z * (1 - sigmoid(z))),
    kernel.GELU: lambda z, a: normal_share(z) + z * normal_density(z),
    kernel.GELU_TANH: gelu_tanh_slope,
    kernel.SINE: lambda z, a: a * np.cos(a * z),
}
"""At a kink the slope of the left side, as in the kernels."""

KINKED = frozenset({kernel.RELU, kernel.LEAKY_RELU, kernel.ELU})
"""Whose slope may jump at 0."""

WRITTEN: dict[int, Callable[[str, float], str]] = {
    kernel.LINEAR: lambda z, a: z,
    kernel.SIGMOID: lambda z, a: f"1 / (1 + exp(−{z}))",
    kernel.TANH: lambda z, a: f"tanh {z}",
    kernel.RELU: lambda z, a: f"max(0, {z.strip('()')})",
    kernel.SCALED_TANH: lambda z, a: f"1.7159 tanh(⅔ × {z})",
    kernel.SOFTPLUS: lambda z, a: f"log(1 + exp {z})",
    kernel.SILU: lambda z, a: f"{z} · σ({z.strip('()')})",
    kernel.GELU: lambda z, a: f"{z} · Φ({z.strip('()')})",
    kernel.GELU_TANH: lambda z, a: f"½ × {z} × (1 + tanh u)",
    kernel.SINE: lambda z, a: f"sin({said(a)} × {z})",
}


def value_of(activation: Activation, z: Real | float) -> Real:
    """f(z)"""
    return VALUES[activation.kind](np.asarray(z, np.float64), activation.alpha)


def slope_of(activation: Activation, z: Real | float) -> Real:
    """f′(z)"""
    return SLOPES[activation.kind](np.asarray(z, np.float64), activation.alpha)


def written_value(activation: Activation, z: float) -> str:
    """f(z) with the number in its place: "max(0, −25)"."""
    if activation.kind in (kernel.LEAKY_RELU, kernel.ELU):
        if z > 0:
            return said(z)
        if activation.kind == kernel.LEAKY_RELU:
            return f"{said(activation.alpha)} × {bracketed(z)}"
        return f"{said(activation.alpha)} · (exp {bracketed(z)} − 1)"
    return WRITTEN[activation.kind](bracketed(z), activation.alpha)


@dataclass(frozen=True)
class Curve:
    """An activation function, and the point on it where a unit stands."""

    activation: Activation
    z: float

    @property
    def y(self) -> float:
        return float(value_of(self.activation, self.z))

    @property
    def slope(self) -> float:
        return float(slope_of(self.activation, self.z))

    @property
    def reach(self) -> float:
        """From −reach to reach the curve is drawn: the point is on it, and the middle is seen."""
        least = 4.0
        if self.activation.kind == kernel.SINE:
            least = min(least, 2 * math.pi / self.activation.alpha)
        return max(least, 1.25 * abs(self.z)) if math.isfinite(self.z) else least

    def samples(self, count: int = 121) -> tuple[Real, Real, Real]:
        """z, f(z) and f′(z) along the curve."""
        z = np.linspace(-self.reach, self.reach, count)
        return z, value_of(self.activation, z), slope_of(self.activation, z)
