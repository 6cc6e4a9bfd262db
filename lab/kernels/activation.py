"""Activation functions, in place: z becomes f(z), and dE/df becomes dE/dz.

Each derivative is taken from the function's own value f, so z need not be kept.
"""

from __future__ import annotations

from lab.kernels._jit import kernel
from lab.kernels.functions import exp, tanh

LINEAR, SIGMOID, TANH, RELU, LEAKY_RELU = range(5)


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


@kernel
def activate_backward(y, dy, kind, alpha):
    """dy, dE/df at activations y, becomes dE/dz."""
    if kind == RELU:
        relu_backward(y, dy)
    elif kind == TANH:
        tanh_backward(y, dy)
    elif kind == SIGMOID:
        sigmoid_backward(y, dy)
    elif kind == LEAKY_RELU:
        leaky_relu_backward(y, dy, alpha)
