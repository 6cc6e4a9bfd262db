"""Activation functions, in place: z becomes f(z), and dE/df becomes dE/dz.

Where it can be, a derivative is taken from the function's own value f, so that z need not be kept. For the kinds
in NEEDS_Z it cannot, because the function takes a value twice: their backward functions take z.
"""

from __future__ import annotations

import math

from lab.kernels import opcodes as op
from lab.kernels._jit import inlined, kernel
from lab.kernels.functions import cos, erf, exp, expm1, sin, softplus, tanh
from lab.kernels.operation import (
    input_gradient_of,
    input_of,
    output_gradient_of,
    output_of,
    row_kernel,
)

LINEAR, SIGMOID, TANH, RELU, LEAKY_RELU, SCALED_TANH, ELU, SOFTPLUS, SILU, GELU, GELU_TANH, SINE = range(12)

NEEDS_Z = frozenset({SILU, GELU, GELU_TANH, SINE})
"""Kinds whose derivative is a function of z and not of f(z): z must be kept until the backward pass."""

# LeCun et al., 1998: f(1) = 1 and f(-1) = -1, and the second derivative is greatest there
AMPLITUDE, STEEPNESS = 1.7159, 2 / 3

ROOT_HALF = math.sqrt(1 / 2)
NORMAL_PEAK = 1 / math.sqrt(2 * math.pi)
ROOT_2_OVER_PI = math.sqrt(2 / math.pi)
CUBE = 0.044715


@inlined
def needs_z(kind):
    """Whether `kind` is in NEEDS_Z, for kernels."""
    return kind >= SILU


@kernel
def sigmoid(y):
    """1 / (1 + e**-z)"""
    one = y.dtype.type(1)
    for i in range(y.size):
        y[i] = one / (one + exp(-y[i]))


@kernel
def sigmoid_backward(y, dy):
    """dz = dy f (1 - f)"""
    one = y.dtype.type(1)
    for i in range(y.size):
        dy[i] = dy[i] * y[i] * (one - y[i])


@kernel
def tanh_forward(y):
    """tanh z"""
    for i in range(y.size):
        y[i] = tanh(y[i])


@kernel
def tanh_backward(y, dy):
    """dz = dy (1 - f**2)"""
    one = y.dtype.type(1)
    for i in range(y.size):
        dy[i] = dy[i] * (one - y[i] * y[i])


@kernel
def scaled_tanh(y):
    """A tanh(S z), A = 1.7159, S = 2/3"""
    a, s = y.dtype.type(AMPLITUDE), y.dtype.type(STEEPNESS)
    for i in range(y.size):
        y[i] = a * tanh(s * y[i])


@kernel
def scaled_tanh_backward(y, dy):
    """dz = dy S (A - f**2 / A)"""
    a, b = y.dtype.type(AMPLITUDE * STEEPNESS), y.dtype.type(STEEPNESS / AMPLITUDE)
    for i in range(y.size):
        dy[i] = dy[i] * (a - b * y[i] * y[i])


@kernel
def relu(y):
    """max(0, z). NaN stays NaN."""
    zero = y.dtype.type(0)
    for i in range(y.size):
        y[i] = zero if y[i] <= 0 else y[i]


@kernel
def relu_backward(y, dy):
    """dz = dy for f > 0, else 0"""
    zero = y.dtype.type(0)
    for i in range(y.size):
        dy[i] = zero if y[i] <= 0 else dy[i]


@kernel
def leaky_relu(y, alpha):
    """z for z > 0, else alpha z. NaN stays NaN."""
    a = y.dtype.type(alpha)
    for i in range(y.size):
        z = y[i]
        y[i] = a * z if z <= 0 else z


@kernel
def leaky_relu_backward(y, dy, alpha):
    """dz = dy for f > 0, else alpha dy (f has the sign of z; at 0 the slope of the left side is taken)"""
    a = y.dtype.type(alpha)
    for i in range(y.size):
        d = dy[i]
        dy[i] = a * d if y[i] <= 0 else d


@kernel
def elu(y, alpha):
    """z for z > 0, else alpha (e**z - 1). NaN stays NaN."""
    a, zero = y.dtype.type(alpha), y.dtype.type(0)
    for i in range(y.size):
        z = y[i]
        # both sides are always computed, one of them of 0: no branch keeps the loop from vector registers
        y[i] = (z if z > 0 else zero) + a * expm1(zero if z > 0 else z)


@kernel
def elu_backward(y, dy, alpha):
    """dz = dy for f > 0, else (f + alpha) dy; at 0 the left side's slope, alpha"""
    a, one = y.dtype.type(alpha), y.dtype.type(1)
    for i in range(y.size):
        dy[i] = dy[i] * (one if y[i] > 0 else y[i] + a)


@kernel
def softplus_forward(y):
    """log(1 + e**z)"""
    for i in range(y.size):
        y[i] = softplus(y[i])


@kernel
def softplus_backward(y, dy):
    """dz = dy (1 - e**-f), which is dy sigmoid(z)"""
    for i in range(y.size):
        dy[i] = dy[i] * -expm1(-y[i])


@kernel
def silu(y):
    """z sigmoid(z)"""
    one = y.dtype.type(1)
    for i in range(y.size):
        y[i] = y[i] / (one + exp(-y[i]))


@kernel
def silu_backward(z, dy):
    """dz = dy s (1 + z (1 - s)), s = sigmoid(z)"""
    one = z.dtype.type(1)
    for i in range(z.size):
        s = one / (one + exp(-z[i]))
        dy[i] = dy[i] * s * (one + z[i] * (one - s))


@kernel
def gelu(y):
    """z Phi(z), Phi(z) = (1 + erf(z / sqrt(2))) / 2"""
    half, one, root = y.dtype.type(0.5), y.dtype.type(1), y.dtype.type(ROOT_HALF)
    for i in range(y.size):
        y[i] = half * y[i] * (one + erf(root * y[i]))


@kernel
def gelu_backward(z, dy):
    """dz = dy (Phi(z) + z phi(z)), phi the normal density"""
    half, one, root = z.dtype.type(0.5), z.dtype.type(1), z.dtype.type(ROOT_HALF)
    peak = z.dtype.type(NORMAL_PEAK)
    for i in range(z.size):
        x = z[i]
        dy[i] = dy[i] * (half * (one + erf(root * x)) + x * peak * exp(-half * x * x))


@kernel
def gelu_tanh(y):
    """z (1 + tanh u) / 2, u = sqrt(2/pi) (z + 0.044715 z**3)"""
    half, one = y.dtype.type(0.5), y.dtype.type(1)
    root, cube = y.dtype.type(ROOT_2_OVER_PI), y.dtype.type(CUBE)
    for i in range(y.size):
        x = y[i]
        y[i] = half * x * (one + tanh(root * x * (one + cube * x * x)))


@kernel
def gelu_tanh_backward(z, dy):
    """dz = dy ((1 + tanh u) / 2 + z (1 - tanh(u)**2) u' / 2)"""
    half, one = z.dtype.type(0.5), z.dtype.type(1)
    root, cube, cube3 = z.dtype.type(ROOT_2_OVER_PI), z.dtype.type(CUBE), z.dtype.type(3 * CUBE)
    for i in range(z.size):
        x = z[i]
        t = tanh(root * x * (one + cube * x * x))
        slope = root * (one + cube3 * x * x)
        dy[i] = dy[i] * half * (one + t + x * (one - t * t) * slope)


@kernel
def sine(y, omega):
    """sin(omega z)"""
    w = y.dtype.type(omega)
    for i in range(y.size):
        y[i] = sin(w * y[i])


@kernel
def sine_backward(z, dy, omega):
    """dz = dy omega cos(omega z)"""
    w = z.dtype.type(omega)
    for i in range(z.size):
        dy[i] = dy[i] * w * cos(w * z[i])


@kernel
def activate(y, kind, alpha):
    """y, a flat array of pre-activations, becomes activations."""
    if kind == RELU:
        relu(y)
    elif kind == TANH:
        tanh_forward(y)
    elif kind == SIGMOID:
        sigmoid(y)
    elif kind == LEAKY_RELU:
        leaky_relu(y, alpha)
    elif kind == SCALED_TANH:
        scaled_tanh(y)
    elif kind == ELU:
        elu(y, alpha)
    elif kind == SOFTPLUS:
        softplus_forward(y)
    elif kind == SILU:
        silu(y)
    elif kind == GELU:
        gelu(y)
    elif kind == GELU_TANH:
        gelu_tanh(y)
    elif kind == SINE:
        sine(y, alpha)


@kernel
def activate_backward(known, dy, kind, alpha):
    """dy, dE/df, becomes dE/dz. `known` is z for the kinds in NEEDS_Z and f(z) for all others."""
    if kind == RELU:
        relu_backward(known, dy)
    elif kind == TANH:
        tanh_backward(known, dy)
    elif kind == SIGMOID:
        sigmoid_backward(known, dy)
    elif kind == LEAKY_RELU:
        leaky_relu_backward(known, dy, alpha)
    elif kind == SCALED_TANH:
        scaled_tanh_backward(known, dy)
    elif kind == ELU:
        elu_backward(known, dy, alpha)
    elif kind == SOFTPLUS:
        softplus_backward(known, dy)
    elif kind == SILU:
        silu_backward(known, dy)
    elif kind == GELU:
        gelu_backward(known, dy)
    elif kind == GELU_TANH:
        gelu_tanh_backward(known, dy)
    elif kind == SINE:
        sine_backward(known, dy, alpha)


@row_kernel
def activation_row(row, n, store):
    Y = output_of(row, n, store)
    if row[op.X] != row[op.Y]:
        Y[:] = input_of(row, n, store)
    activate(Y, row[op.KIND], store.constants[row[op.NUMBER] * op.CONSTANTS])


@row_kernel
def activation_backward_row(row, n, store):
    """dX is this row's alone, and may lie where dY lies."""
    if row[op.DX] < 0:
        return
    kind, alpha = row[op.KIND], store.constants[row[op.NUMBER] * op.CONSTANTS]
    known = input_of(row, n, store) if needs_z(kind) else output_of(row, n, store)
    dY, dX = output_gradient_of(row, n, store), input_gradient_of(row, n, store)
    if row[op.DX] != row[op.DY]:
        dX[:] = dY
    activate_backward(known, dX, kind, alpha)
