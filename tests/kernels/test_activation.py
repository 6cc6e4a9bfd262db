"""Every activation: its formula in NumPy, central differences in float64, and PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from lab.kernels import activation as kernel
from lab.network.activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    LeakyReLU,
    Linear,
    ReLU,
    ScaledTanh,
    Sigmoid,
    SiLU,
    Sine,
    Softplus,
    Tanh,
)

ROOT = np.sqrt(2 / np.pi)
# (activation, f(z), f'(z)), from the formulas
FORMULAS = [
    (Linear(), lambda z: z, lambda z: np.ones_like(z)),
    (Sigmoid(), special.expit, lambda z: special.expit(z) * special.expit(-z)),
    (Tanh(), np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    (
        ScaledTanh(),
        lambda z: 1.7159 * np.tanh(2 * z / 3),
        lambda z: 1.7159 * 2 / 3 / np.cosh(2 * z / 3) ** 2,
    ),
    (ReLU(), lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    (LeakyReLU(0.2), lambda z: np.where(z > 0, z, 0.2 * z), lambda z: np.where(z > 0, 1, 0.2)),
    (ELU(), lambda z: np.where(z > 0, z, np.expm1(z)), lambda z: np.where(z > 0, 1, np.exp(z))),
    (
        ELU(0.3),
        lambda z: np.where(z > 0, z, 0.3 * np.expm1(z)),
        lambda z: np.where(z > 0, 1, 0.3 * np.exp(z)),
    ),
    (Softplus(), lambda z: np.logaddexp(0, z), special.expit),
    (
        SiLU(),
        lambda z: z * special.expit(z),
        lambda z: special.expit(z) + z * special.expit(z) * special.expit(-z),
    ),
    (
        GELU(),
        lambda z: z * special.ndtr(z),
        lambda z: special.ndtr(z) + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi),
    ),
    (
        GELU("tanh"),
        lambda z: 0.5 * z * (1 + np.tanh(ROOT * (z + 0.044715 * z**3))),
        lambda z: (
            0.5 * (1 + np.tanh(ROOT * (z + 0.044715 * z**3)))
            + 0.5 * z * (1 - np.tanh(ROOT * (z + 0.044715 * z**3)) ** 2) * ROOT * (1 + 3 * 0.044715 * z**2)
        ),
    ),
    (Sine(), np.sin, np.cos),
    (Sine(30.0), lambda z: np.sin(30 * z), lambda z: 30 * np.cos(30 * z)),
]
every = pytest.mark.parametrize(("function", "f", "slope"), FORMULAS, ids=[repr(a[0]) for a in FORMULAS])


def numbers(dtype=np.float32):
    rng = np.random.default_rng(3)
    spread = np.concatenate([rng.uniform(-8, 8, 4000), rng.normal(0, 1e-3, 500), rng.uniform(-60, 60, 500)])
    return spread.astype(np.float32).astype(dtype)


def forward(function, z):
    y = z.copy()
    kernel.activate(y, function.kind, function.alpha)
    return y


def backward(function, z, dy):
    """dE/dz, from z or from f(z) as the kind wants it."""
    known, d = (z.copy() if function.needs_z else forward(function, z)), dy.copy()
    kernel.activate_backward(known, d, function.kind, function.alpha)
    return d


def test_the_list_is_complete():
    assert {type(f[0]) for f in FORMULAS} == set(ACTIVATIONS)


@every
def test_formula_and_derivative_in_single_precision(function, f, slope):
    z = numbers()
    wide = z.astype(float)
    scale = np.maximum(np.abs(f(wide)), 1)
    # sin(30 z) in float32 is as wrong as 30 z is rounded
    fast = getattr(function, "frequency", 1) > 1
    assert (np.abs(forward(function, z) - f(wide)) / scale).max() < (1e-4 if fast else 1e-6)
    dy = np.random.default_rng(4).standard_normal(z.size).astype(np.float32)
    assert np.abs(backward(function, z, dy) - dy * slope(wide)).max() < (1e-2 if fast else 2e-6)


@every
def test_formula_in_double_precision(function, f, slope):
    z = numbers(float)
    np.testing.assert_allclose(forward(function, z), f(z), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(backward(function, z, np.ones(z.size)), slope(z), rtol=1e-10, atol=1e-12)


@every
def test_central_differences(function, f, slope):
    z = np.random.default_rng(5).uniform(-4, 4, 300)
    z = z[np.abs(z) > 1e-2]  # away from the kinks at 0
    h = 1e-3 / max(1.0, getattr(function, "frequency", 1.0))
    e = [forward(function, z + k * h) for k in (-2, -1, 1, 2)]
    numeric = (e[0] - 8 * e[1] + 8 * e[2] - e[3]) / (12 * h)
    analytic = backward(function, z, np.ones(z.size))
    assert (np.abs(analytic - numeric) / np.maximum(np.abs(analytic), 1e-3)).max() < 1e-6


@every
def test_nan_stays_nan_and_tails_stay_finite(function, f, slope):
    z = np.array([np.nan, -1e4, 1e4], np.float32)
    y = forward(function, z)
    assert np.isnan(y[0])
    assert np.isfinite(y[1:]).all()
    d = backward(function, z, np.ones(3, np.float32))
    assert np.isfinite(d[1:]).all()
    # a step function's derivative forgets the NaN; the value has carried it on already
    assert np.isnan(d[0]) or isinstance(function, Linear | ReLU | LeakyReLU)


@every
def test_as_pytorch(function, f, slope):
    torch = pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
    F = torch.nn.functional
    theirs = {
        Linear: lambda z: z * 1,
        Sigmoid: torch.sigmoid,
        Tanh: torch.tanh,
        ScaledTanh: lambda z: 1.7159 * torch.tanh(2 * z / 3),
        ReLU: torch.relu,
        LeakyReLU: lambda z: F.leaky_relu(z, function.alpha),
        ELU: lambda z: F.elu(z, function.alpha),
        Softplus: F.softplus,
        SiLU: F.silu,
        GELU: lambda z: F.gelu(z, approximate="none" if getattr(function, "form", "") == "exact" else "tanh"),
        Sine: lambda z: torch.sin(function.alpha * z),
    }[type(function)]
    z = numbers()
    dy = np.random.default_rng(4).standard_normal(z.size).astype(np.float32)
    leaf = torch.tensor(z, requires_grad=True)
    y = theirs(leaf)
    y.backward(torch.tensor(dy))
    wanted, slopes = y.detach().numpy(), leaf.grad.numpy()
    assert np.abs(forward(function, z) - wanted).max() <= 1e-5 * np.abs(wanted).max()
    assert np.abs(backward(function, z, dy) - slopes).max() <= 1e-5 * np.abs(slopes).max()


def test_who_needs_z():
    """Of each that does not, the derivative has been taken from f(z) above; those that do take some value twice."""
    assert {type(f[0]) for f in FORMULAS if f[0].needs_z} == {SiLU, GELU, Sine}
    assert {f[0].kind for f in FORMULAS if f[0].needs_z} == kernel.NEEDS_Z
    for function, _, _ in FORMULAS:
        assert kernel.needs_z.py_func(function.kind) == function.needs_z


def test_scaled_tanh_goes_through_one():
    """LeCun et al., 1998: f(1) = 1, f(-1) = -1."""
    assert forward(ScaledTanh(), np.array([1.0, -1.0])) == pytest.approx([1, -1], abs=1e-4)
