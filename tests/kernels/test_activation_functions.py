"""How far the float32 functions are from the truth, over all exponents; and that NaN stays NaN."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from scipy import special

from lab.kernels import functions

# name: (truth, units in the last place allowed), as the docstrings of lab.kernels.functions say
TRUTHS = {
    "exp": (np.exp, 2),
    "expm1": (np.expm1, 2),
    "tanh": (np.tanh, 2),
    "softplus": (lambda x: np.logaddexp(0, x), 4),
    "erf": (special.erf, 8),
}
WAVES = {"sin": np.sin, "cos": np.cos}


def compiled(name):
    function = getattr(functions, name)

    def run(x, y):
        for i in range(x.size):
            y[i] = function(x[i])

    return numba.njit(error_model="numpy")(run)


@pytest.fixture(scope="module")
def numbers():
    rng = np.random.default_rng(0)
    return np.concatenate(
        [
            rng.uniform(-10, 10, 200_000),
            rng.uniform(-80, 80, 100_000),
            rng.choice([-1, 1], 200_000) * 10 ** rng.uniform(-35, 1.9, 200_000),
            [0.0, -0.0],
        ]
    ).astype(np.float32)


@pytest.mark.parametrize("name", TRUTHS)
def test_single_precision(name, numbers):
    truth, allowed = TRUTHS[name]
    run, y = compiled(name), np.empty_like(numbers)
    run(numbers, y)
    wanted = truth(numbers.astype(float))
    assert (np.abs(y - wanted) / np.spacing(np.abs(wanted).astype(np.float32))).max() <= allowed
    z = np.empty(1, np.float32)
    run(np.array([np.nan], np.float32), z)
    assert np.isnan(z[0])


@pytest.mark.parametrize("name", WAVES)
def test_waves_in_single_precision(name, numbers):
    x = np.concatenate([numbers, np.random.default_rng(1).uniform(-1e6, 1e6, 200_000).astype(np.float32)])
    run, y = compiled(name), np.empty_like(x)
    run(x, y)
    assert np.abs(y - WAVES[name](x.astype(float))).max() <= 2e-7
    z = np.empty(1, np.float32)
    run(np.array([np.nan], np.float32), z)
    assert np.isnan(z[0])


@pytest.mark.parametrize("name", [*TRUTHS, *WAVES])
def test_double_precision(name):
    x = np.random.default_rng(2).uniform(-20, 20, 1000)
    run, y = compiled(name), np.empty(1000)
    run(x, y)
    truth = TRUTHS[name][0] if name in TRUTHS else WAVES[name]
    np.testing.assert_allclose(y, truth(x), rtol=1e-14, atol=1e-300)


def test_the_ends_of_the_range():
    ends = np.array([np.inf, -np.inf, 1e30, -1e30], np.float32)
    wanted = {
        "expm1": [None, -1, None, -1],
        "tanh": [1, -1, 1, -1],
        "softplus": [np.inf, 0, 1e30, 0],
        "erf": [1, -1, 1, -1],
    }
    for name, expected in wanted.items():
        y = np.empty_like(ends)
        compiled(name)(ends, y)
        for got, want in zip(y, expected, strict=True):
            if want is None:
                assert got > 1e38, "saturates"
            else:
                assert got == pytest.approx(np.float32(want), abs=2e-38)
