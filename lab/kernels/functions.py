"""exp, tanh and their kin that fit vector registers.

The C library's are called one number at a time. These are branch-free polynomials in float32; each says how far
it is from the truth, and tests/kernels/test_activation_functions.py measures it against float64. In float64 the C
library's are used, since only gradient checks run there. NaN stays NaN.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from lab.kernels._jit import OPTIONS

LOG2E = np.float32(1.4426950408889634)
# ln 2 in two parts: n * LN2_HIGH is exact for |n| < 2**9
LN2_HIGH = np.float32(0.693359375)
LN2_LOW = np.float32(-2.12194440054690583e-4)
EXP_LEAST, EXP_MOST = np.float32(-87.33654), np.float32(88.37626)

# a sum may not be re-associated here: n * LN2_HIGH + n * LN2_LOW would become n * ln 2, and the low part be lost
EXACT = OPTIONS | {"fastmath": {"contract", "nsz", "arcp"}}


@intrinsic
def _power_of_two(typingctx, n):
    """2**n as float32 for an int32 n in -126..127, by writing the exponent."""
    signature = types.float32(types.int32)

    def codegen(context, builder, signature, arguments):
        i32 = ir.IntType(32)
        biased = builder.add(arguments[0], ir.Constant(i32, 127))
        return builder.bitcast(builder.shl(biased, ir.Constant(i32, 23)), ir.FloatType())

    return signature, codegen


@numba.njit(**EXACT)
def _exp32(x):
    x = EXP_MOST if x > EXP_MOST else x
    x = EXP_LEAST if x < EXP_LEAST else x
    n = np.float32(math.floor(x * LOG2E + np.float32(0.5)))
    r = x - n * LN2_HIGH - n * LN2_LOW
    # Taylor's series of e**r on |r| <= ln(2)/2, its last coefficients bent to a minimax fit
    p = np.float32(1.9875691500e-4)
    p = p * r + np.float32(1.3981999507e-3)
    p = p * r + np.float32(8.3334519073e-3)
    p = p * r + np.float32(4.1665795894e-2)
    p = p * r + np.float32(1.6666665459e-1)
    p = p * r + np.float32(5.0000001201e-1)
    return (p * r * r + r + np.float32(1)) * _power_of_two(np.int32(n))


@numba.njit(**EXACT)
def _tanh32(x):
    # near 0 the odd polynomial keeps the relative error; elsewhere 1 - 2 / (e**2x + 1)
    a = abs(x)
    s = x * x
    p = np.float32(-5.70498872745e-3)
    p = p * s + np.float32(2.06390887954e-2)
    p = p * s + np.float32(-5.37397155531e-2)
    p = p * s + np.float32(1.33314422036e-1)
    p = p * s + np.float32(-3.33332819422e-1)
    near = p * s * x + x
    far = np.float32(1) - np.float32(2) / (_exp32(a + a) + np.float32(1))
    far = -far if x < 0 else far
    return near if a < np.float32(0.625) else far


@numba.njit(**EXACT)
def _expm1_32(x):
    x = EXP_MOST if x > EXP_MOST else x
    x = EXP_LEAST if x < EXP_LEAST else x
    n = np.float32(math.floor(x * LOG2E + np.float32(0.5)))
    r = x - n * LN2_HIGH - n * LN2_LOW
    # as in exp, but 1 is taken away from 2**n, exactly, and not from the rounded result
    p = np.float32(1.9875691500e-4)
    p = p * r + np.float32(1.3981999507e-3)
    p = p * r + np.float32(8.3334519073e-3)
    p = p * r + np.float32(4.1665795894e-2)
    p = p * r + np.float32(1.6666665459e-1)
    p = p * r + np.float32(5.0000001201e-1)
    scale = _power_of_two(np.int32(n))
    return (p * r * r + r) * scale + (scale - np.float32(1))


@numba.njit(**EXACT)
def _log1p_small32(u):
    # 2 artanh(s) with s = u / (2 + u) <= 1/3: s**2 <= 1/9, so eight terms of the series are enough
    s = u / (np.float32(2) + u)
    q = s * s
    p = np.float32(1 / 15)
    p = p * q + np.float32(1 / 13)
    p = p * q + np.float32(1 / 11)
    p = p * q + np.float32(1 / 9)
    p = p * q + np.float32(1 / 7)
    p = p * q + np.float32(1 / 5)
    p = p * q + np.float32(1 / 3)
    return np.float32(2) * (s + s * q * p)


@numba.njit(**EXACT)
def _softplus32(x):
    positive = x if x > 0 else np.float32(0)
    return positive + _log1p_small32(_exp32(-abs(x)))


@numba.njit(**EXACT)
def _softplus64(x):
    positive = x if x > 0 else 0.0
    return positive + math.log1p(math.exp(-abs(x)))


@numba.njit(**EXACT)
def _erf32(x):
    # a rational minimax fit, odd over even; beyond 4 erf is 1 to the last bit
    x = np.float32(4) if x > np.float32(4) else x
    x = np.float32(-4) if x < np.float32(-4) else x
    s = x * x
    p = np.float32(-2.72614225801306e-10)
    p = p * s + np.float32(2.77068142495902e-08)
    p = p * s + np.float32(-2.10102402082508e-06)
    p = p * s + np.float32(-5.69250639462346e-05)
    p = p * s + np.float32(-7.34990630326855e-04)
    p = p * s + np.float32(-2.95459980854025e-03)
    p = p * s + np.float32(-1.60960333262415e-02)
    q = np.float32(-1.45660718464996e-05)
    q = q * s + np.float32(-2.13374055278905e-04)
    q = q * s + np.float32(-1.68282697438203e-03)
    q = q * s + np.float32(-7.37332916720468e-03)
    q = q * s + np.float32(-1.42647390514189e-02)
    return x * p / q


@numba.njit(**EXACT)
def _sine_of_half_turn(r, odd):
    """sin r for |r| <= pi/2, its sign turned where `odd` is 1."""
    s = r * r
    p = np.float32(2.6083159809786593e-06)
    p = p * s + np.float32(-1.981069071916863e-04)
    p = p * s + np.float32(8.33307858556509e-03)
    p = p * s + np.float32(-1.6666659712791443e-01)
    y = r + r * s * p
    return -y if odd else y


@numba.njit(**EXACT)
def _sin32(x):
    # the nearest multiple of pi is taken away in float64: in float32 nothing would be left of the last places
    wide = np.float64(x)
    k = math.floor(wide * (1 / math.pi) + 0.5)
    return _sine_of_half_turn(np.float32(wide - k * math.pi), np.int64(k) & 1)


@numba.njit(**EXACT)
def _cos32(x):
    # cos x = sin(x + pi/2)
    wide = np.float64(x)
    k = math.floor(wide * (1 / math.pi) + 1.0)
    return _sine_of_half_turn(np.float32(wide - (k - 0.5) * math.pi), np.int64(k) & 1)


def exp(x):
    """e**x within 2 units in the last place; float32 saturates at the ends of its normal range."""
    return math.exp(x)


def expm1(x):
    """e**x - 1 within 2 units in the last place, near 0 too; saturates like exp."""
    return math.expm1(x)


def tanh(x):
    """Within 2 units in the last place."""
    return math.tanh(x)


def softplus(x):
    """log(1 + e**x) within 4 units in the last place; never overflows. Far left it saturates like exp."""
    return _softplus64(x)


def erf(x):
    """2 / sqrt(pi) times the integral of e**-t**2 from 0 to x, within 8 units in the last place."""
    return math.erf(x)


def sin(x):
    """Within 2e-7 for |x| up to 10**6."""
    return math.sin(x)


def cos(x):
    """Within 2e-7 for |x| up to 10**6."""
    return math.cos(x)


def _choose(single, double):
    def chooser(x):
        return (lambda x: single(x)) if x == types.float32 else (lambda x: double(x))

    return chooser


for _function, _single, _double in (
    (exp, _exp32, math.exp),
    (expm1, _expm1_32, math.expm1),
    (tanh, _tanh32, math.tanh),
    (softplus, _softplus32, _softplus64),
    (erf, _erf32, math.erf),
    (sin, _sin32, math.sin),
    (cos, _cos32, math.cos),
):
    overload(_function, jit_options=dict(OPTIONS))(_choose(_single, _double))
