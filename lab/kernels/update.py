"""Optimizers: element-wise updates of flat vectors. w weights, g gradients; the rest is what a rule remembers."""

from __future__ import annotations

import math

import numpy as np

from lab.kernels._jit import inlined, kernel
from lab.kernels.memory import span

SGD, MOMENTUM, RMSPROP, ADAM = range(4)

# a block is a stretch of the parameter vector with one setting: columns of its integers and of its numbers
FIRST, COUNT = 0, 1
FACTOR, L1, L2 = 0, 1, 2

LEAST = np.finfo(np.float32).tiny
"""The smallest float32 of full precision. Arithmetic on smaller ones takes some hundred times as long."""


@inlined
def remembered(x):
    """x, or 0 below LEAST: where gradients have stopped, what a rule remembers fades for ever. NaN stays."""
    return x - x if abs(x) < LEAST else x


@kernel
def penalise(w, g, l1, l2):
    """g += l1 sign(w) + l2 w"""
    a, b = w.dtype.type(l1), w.dtype.type(l2)
    for i in range(w.size):
        sign = w.dtype.type(w[i] > 0) - w.dtype.type(w[i] < 0)
        g[i] += a * sign + b * w[i]


@kernel
def sgd(w, g, rate):
    """w -= rate g"""
    r = w.dtype.type(rate)
    for i in range(w.size):
        w[i] -= r * g[i]


@kernel
def momentum(w, g, velocity, rate, alpha):
    """dw = alpha dw - rate g; w += dw"""
    r, a = w.dtype.type(rate), w.dtype.type(alpha)
    for i in range(w.size):
        velocity[i] = remembered(a * velocity[i] - r * g[i])
        w[i] += velocity[i]


@kernel
def rmsprop(w, g, mean_square, rate, decay, epsilon):
    """M = decay M + (1 - decay) g**2; w -= rate g / (sqrt(M) + epsilon). Hinton, lecture 6e, 2012."""
    number = w.dtype.type
    r, d, d1, e = number(rate), number(decay), number(1.0 - decay), number(epsilon)
    for i in range(w.size):
        mean_square[i] = remembered(d * mean_square[i] + d1 * g[i] * g[i])
        w[i] -= r * g[i] / (math.sqrt(mean_square[i]) + e)


@kernel
def adam(w, g, m, v, rate, beta1, beta2, epsilon, age):
    """Kingma and Ba, 2015, algorithm 1; `age` counts the updates made so far, this one included."""
    number = w.dtype.type
    b1, c1, b2, c2 = number(beta1), number(1.0 - beta1), number(beta2), number(1.0 - beta2)
    r = number(rate / (1.0 - beta1**age))
    s = number(1.0 / math.sqrt(1.0 - beta2**age))
    e = number(epsilon)
    for i in range(w.size):
        m[i] = remembered(b1 * m[i] + c1 * g[i])
        v[i] = remembered(b2 * v[i] + c2 * g[i] * g[i])
        w[i] -= r * m[i] / (math.sqrt(v[i]) * s + e)


@kernel
def update(kind, settings, blocks, numbers, params, grads, slots, rate, age):
    """One update of all parameters.

    `settings` are the rule's constants; `blocks` int64 [stretches, 2] and `numbers` float64 [stretches, 3] say
    where each stretch lies, the factor on its rate and its penalties. `slots` is the rule's memory, slot after
    slot, each as long as `params`.
    """
    whole = params.size
    for k in range(blocks.shape[0]):
        first, count = blocks[k, FIRST], blocks[k, COUNT]
        w, g = span(params, first, count), span(grads, first, count)
        r = rate * numbers[k, FACTOR]
        if numbers[k, L1] != 0 or numbers[k, L2] != 0:
            penalise(w, g, numbers[k, L1], numbers[k, L2])
        if kind == SGD:
            sgd(w, g, r)
        elif kind == MOMENTUM:
            momentum(w, g, span(slots, first, count), r, settings[0])
        elif kind == RMSPROP:
            rmsprop(w, g, span(slots, first, count), r, settings[0], settings[1])
        elif kind == ADAM:
            second = span(slots, whole + first, count)
            adam(w, g, span(slots, first, count), second, r, settings[0], settings[1], settings[2], age)
