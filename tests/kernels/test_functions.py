"""exp and tanh against float64, on every exponent that float32 has."""

import numpy as np
import pytest

from lab.kernels import functions
from lab.kernels._jit import kernel


@kernel
def exp_of(x, y):
    for i in range(x.size):
        y[i] = functions.exp(x[i])


@kernel
def tanh_of(x, y):
    for i in range(x.size):
        y[i] = functions.tanh(x[i])


def every_exponent(highest):
    """300 numbers of either sign with each exponent from -126 to `highest`."""
    rng = np.random.default_rng(0)
    numbers = np.exp2(np.arange(-126, highest + 1)[:, None] + rng.random((1, 300)))
    return np.concatenate([numbers.ravel(), -numbers.ravel()]).astype(np.float32)


def units_in_the_last_place(ours, exact):
    return np.abs(ours - exact) / np.spacing(np.abs(exact).astype(np.float32))


def computed(function, x):
    y = np.empty_like(x)
    function(x, y)
    return y


def test_exp_is_within_2_units_in_the_last_place():
    x = every_exponent(6)
    x = x[(x > -87.33) & (x < 88.37)]
    assert units_in_the_last_place(computed(exp_of, x), np.exp(x.astype(float))).max() < 2


def test_tanh_is_within_2_units_in_the_last_place():
    x = every_exponent(126)
    assert units_in_the_last_place(computed(tanh_of, x), np.tanh(x.astype(float))).max() < 2


def test_exp_is_finite_and_positive_at_both_ends():
    x = np.array([-np.inf, -1e30, -1000, -87.34, 88.38, 1000, np.inf], np.float32)
    y = computed(exp_of, x)
    assert (y[:4] > 0).all()
    assert (y[:4] < 1.2e-38).all()
    assert np.isfinite(y).all()
    assert (y[4:] > 2.4e38).all()


def test_tanh_of_infinity_is_one():
    x = np.array([-np.inf, -50, 0, 50, np.inf], np.float32)
    np.testing.assert_array_equal(computed(tanh_of, x), [-1, -1, 0, 1, 1])


@pytest.mark.parametrize("function", [exp_of, tanh_of])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_stays_nan(function, dtype):
    # long enough for vector registers and for what is left over
    assert np.isnan(computed(function, np.full(37, np.nan, dtype))).all()


def test_float64_is_exact():
    x = np.linspace(-30, 30, 101)
    np.testing.assert_allclose(computed(exp_of, x), np.exp(x), rtol=1e-15)
    np.testing.assert_allclose(computed(tanh_of, x), np.tanh(x), rtol=1e-15)
