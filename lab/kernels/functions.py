"""exp and tanh that fit vector registers.

The C library's are called one number at a time. These are branch-free polynomials in float32, within 2 units
in the last place (tests/kernels/test_functions.py measures them against float64 on every exponent). In float64
the C library's are used, since only gradient checks run there. NaN stays NaN.
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


def exp(x):
    """e**x; float32 saturates at the ends of its normal range instead of reaching 0 or infinity."""
    return math.exp(x)


def tanh(x):
    return math.tanh(x)


def _choose(single, double):
    def chooser(x):
        return (lambda x: single(x)) if x == types.float32 else (lambda x: double(x))

    return chooser


overload(exp, jit_options=dict(OPTIONS))(_choose(_exp32, math.exp))
overload(tanh, jit_options=dict(OPTIONS))(_choose(_tanh32, math.tanh))
