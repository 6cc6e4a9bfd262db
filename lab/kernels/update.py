"""Optimizers: element-wise updates of flat vectors. w weights, g gradients; the rest is what a rule remembers."""

from __future__ import annotations

import math

import numpy as np
from numba import types
from numba.extending import intrinsic

from lab.kernels._jit import Linked, inlined, kernel
from lab.kernels.memory import call_of, span

SGD, MOMENTUM, RMSPROP, ADAM, NESTEROV, RPROP, ADAMW, ADADELTA, ADAGRAD = range(9)

# a block is a stretch of the parameter vector with one setting: columns of its integers and of its numbers
FIRST, COUNT, STATISTIC = 0, 1, 2  # STATISTIC 1: no weights, but running means; see `update`
BLOCK = 3
FACTOR, L1, L2, PENALISED = 0, 1, 2, 3
NUMBERS = 4

MOST_SETTINGS = 8
"""Constants that a rule may have."""

# what rprop does with a weight whose gradient has changed its sign
TAKE_BACK, WAIT, GO_ON = range(3)

# how a gradient is clipped
NONE, BY_VALUE, BY_NORM = range(3)

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
def squared_norm(g):
    """The sum of g**2, in float64."""
    square = 0.0
    for i in range(g.size):
        square += float(g[i]) * float(g[i])
    return square


@kernel
def clip(g, how, limit):
    """The whole gradient, number by number into [-limit, limit], or shortened to the length `limit`.

    By norm: g *= limit / |g| where |g| > limit (Pascanu, Mikolov, Bengio 2013, algorithm 1). NaN stays NaN.
    """
    if how == BY_VALUE:
        high = g.dtype.type(limit)
        low = -high
        for i in range(g.size):
            x = g[i]
            x = high if x > high else x
            g[i] = low if x < low else x
    elif how == BY_NORM:
        square = squared_norm(g)
        if square > limit * limit:
            share = g.dtype.type(limit / math.sqrt(square))
            for i in range(g.size):
                g[i] *= share


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
def momentum_of_gradients(w, g, velocity, rate, alpha):
    """v = alpha v + g; w -= rate v"""
    r, a = w.dtype.type(rate), w.dtype.type(alpha)
    for i in range(w.size):
        velocity[i] = remembered(a * velocity[i] + g[i])
        w[i] -= r * velocity[i]


@kernel
def nesterov(w, g, velocity, rate, alpha):
    """dw = alpha dw - rate g; w += alpha dw - rate g: w is the point ahead, where g was taken."""
    r, a = w.dtype.type(rate), w.dtype.type(alpha)
    for i in range(w.size):
        velocity[i] = remembered(a * velocity[i] - r * g[i])
        w[i] += a * velocity[i] - r * g[i]


@kernel
def nesterov_of_gradients(w, g, velocity, rate, alpha):
    """v = alpha v + g; w -= rate (g + alpha v)"""
    r, a = w.dtype.type(rate), w.dtype.type(alpha)
    for i in range(w.size):
        velocity[i] = remembered(a * velocity[i] + g[i])
        w[i] -= r * (g[i] + a * velocity[i])


@kernel
def rprop(w, g, last, step, begin, up, down, least, most, turn):
    """w -= sign(g) step; step *= up where g keeps its sign, *= down where it changes it, within least..most.

    `last` is the gradient before, 0 where the next one is to be taken as if it were the first. A step of 0 has
    not begun: it begins at `begin`. `turn` says what a weight does whose gradient has changed its sign: TAKE_BACK
    its last move (Riedmiller and Braun 1993), WAIT (iRprop-, Igel and Hüsken 2003) or GO_ON (Riedmiller 1994).
    """
    number = w.dtype.type
    start, grow, shrink = number(begin), number(up), number(down)
    low, high, zero = number(least), number(most), number(0)
    for i in range(w.size):
        x, before = g[i], step[i]
        now = number(x > 0) - number(x < 0)
        then = number(last[i] > 0) - number(last[i] < 0)
        s = start if before == 0 else before
        if now * then > 0:
            s *= grow
        elif now * then < 0:
            s *= shrink
        s = min(max(s, low), high)
        step[i] = s
        if now * then < 0 and turn != GO_ON:
            if turn == TAKE_BACK:
                w[i] += then * before
            last[i] = zero
        else:
            w[i] -= now * s
            last[i] = x


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
def decay(w, share):
    """w -= share w"""
    kept = w.dtype.type(1.0 - share)
    for i in range(w.size):
        w[i] *= kept


@kernel
def adadelta(w, g, mean_square, mean_change, rate, rho, epsilon):
    """E[g2] = rho E[g2] + (1 - rho) g**2; d = -sqrt((E[d2] + eps) / (E[g2] + eps)) g; likewise E[d2]; w += rate d

    Zeiler, 2012, algorithm 1.
    """
    number = w.dtype.type
    r, p, q, e = number(rate), number(rho), number(1.0 - rho), number(epsilon)
    for i in range(w.size):
        mean_square[i] = remembered(p * mean_square[i] + q * g[i] * g[i])
        d = math.sqrt(mean_change[i] + e) / math.sqrt(mean_square[i] + e) * g[i]
        mean_change[i] = remembered(p * mean_change[i] + q * d * d)
        w[i] -= r * d


@kernel
def adagrad(w, g, squares, rate, epsilon):
    """S += g**2; w -= rate g / (sqrt(S) + epsilon). Duchi, Hazan, Singer, 2011, with a diagonal matrix."""
    r, e = w.dtype.type(rate), w.dtype.type(epsilon)
    for i in range(w.size):
        squares[i] += g[i] * g[i]
        w[i] -= r * g[i] / (math.sqrt(squares[i]) + e)


@kernel
def update(kind, settings, blocks, numbers, params, grads, slots, rate, age):
    """One update of all parameters.

    `settings`, float64, are the rule's constants; `blocks` int64 [stretches, BLOCK] and `numbers` float64
    [stretches, NUMBERS] say where each stretch lies, the factor on its rate, its penalties, and whether it is of
    the kind that is penalised. `slots` is the rule's memory, slot after slot, each as long as `params`.

    A stretch of running statistics s has s - (the batch's own) as its gradient, and its factor is the share that
    the batch gets: s -= factor g, whatever the rule and the rate.
    """
    whole = params.size
    for k in range(blocks.shape[0]):
        first, count = blocks[k, FIRST], blocks[k, COUNT]
        w, g = span(params, first, count), span(grads, first, count)
        if blocks[k, STATISTIC]:
            sgd(w, g, numbers[k, FACTOR])
            continue
        r = rate * numbers[k, FACTOR]
        if kind == RPROP and numbers[k, FACTOR] == 0:
            continue  # frozen: its steps have a least size, whatever they begin with
        if numbers[k, L1] != 0 or numbers[k, L2] != 0:
            penalise(w, g, numbers[k, L1], numbers[k, L2])
        if kind == SGD:
            sgd(w, g, r)
            continue
        one = span(slots, first, count)
        if kind == MOMENTUM:
            if settings[1] == 0:
                momentum(w, g, one, r, settings[0])
            else:
                momentum_of_gradients(w, g, one, r, settings[0])
        elif kind == NESTEROV:
            if settings[1] == 0:
                nesterov(w, g, one, r, settings[0])
            else:
                nesterov_of_gradients(w, g, one, r, settings[0])
        elif kind == RMSPROP:
            rmsprop(w, g, one, r, settings[0], settings[1])
        elif kind == ADAGRAD:
            adagrad(w, g, one, r, settings[0])
        else:
            two = span(slots, whole + first, count)
            if kind == ADAMW and (numbers[k, PENALISED] != 0 or settings[4] != 0):
                decay(w, r * settings[3])
            if kind in (ADAM, ADAMW):
                adam(w, g, one, two, r, settings[0], settings[1], settings[2], age)
            elif kind == ADADELTA:
                adadelta(w, g, one, two, r, settings[0], settings[1])
            elif kind == RPROP:
                up, down, least, most = settings[0], settings[1], settings[2], settings[3]
                rprop(w, g, one, two, r, up, down, least, most, settings[4])


@intrinsic
def linked_update(typingctx, kind, settings, blocks, count, numbers, params, grads, slots, size, rate, age):
    """`update` of `size` parameters by `count` blocks, called and not merged."""
    whole, wide = types.int64, types.float64
    kinds = (whole, settings, blocks, whole, numbers, params, grads, slots, whole, wide, whole)
    return call_of("update", kinds, 5)


def _arguments(real):
    numbers, whole, wide = types.CPointer(real), types.CPointer(types.int64), types.CPointer(types.float64)
    return (
        types.int64, wide, whole, types.int64, wide, numbers, numbers, numbers, types.int64, types.float64, types.int64,
    )  # fmt: skip


def _update(kind, settings, blocks, count, numbers, params, grads, slots, size, rate, age):
    update(
        kind,
        span(settings, 0, MOST_SETTINGS),
        span(blocks, 0, count * BLOCK).reshape((count, BLOCK)),
        span(numbers, 0, count * NUMBERS).reshape((count, NUMBERS)),
        span(params, 0, size),
        span(grads, 0, size),
        span(slots, 0, 2 * size),
        rate,
        age,
    )


LINKED = Linked(_update, _arguments, "update")
