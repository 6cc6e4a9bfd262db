"""Losses: Y, the network's outputs, and T, the targets, are [K, n] for n examples, flat.

Where the output is an image, n counts the pixels of all examples: each pixel is judged by its own K channels.
Each returns the sum over the examples and writes dY, the derivative times `scale` (one over the batch size where
a batch's error is a mean). dY of size 0 is not asked for. Sums over examples and outputs are float64.
"""

from __future__ import annotations

import math

from lab.kernels import opcodes as op
from lab.kernels._jit import kernel
from lab.kernels.functions import exp, softplus
from lab.kernels.memory import span
from lab.kernels.operation import aux_of, input_gradient_of, input_of, row_kernel

SOFTMAX_CROSS_ENTROPY, SQUARED_ERROR, ABSOLUTE_ERROR, HUBER = range(4)
BINARY_CROSS_ENTROPY, HINGE, HINGE_WORST, OUTPUT = range(4, 8)

# a loss's constants: outputs above THRESHOLD are the second class where there is one output; the loss's own
# NUMBER (Huber's delta, the hinge's margin); OVER 0: a sum over the outputs; else OVER times their mean, where
# softmax counts an image's pixels and all others its numbers
THRESHOLD, NUMBER, OVER = 0, 1, 2


@kernel
def softmax_cross_entropy(Y, T, dY, K, n, scale):
    """E = sum_k t_k (log sum_j e**y_j - y_k); dE/dy_k = p_k - t_k for targets that add up to 1."""
    total = 0.0
    s = Y.dtype.type(scale)
    for e in range(n):
        highest = Y[e]
        for k in range(1, K):
            highest = max(highest, Y[k * n + e])
        sum_exp = Y.dtype.type(0)
        linear = Y.dtype.type(0)
        for k in range(K):
            z = Y[k * n + e] - highest
            sum_exp += exp(z)
            linear += T[k * n + e] * z
        total += math.log(sum_exp) - linear
        if dY.size:
            share = s / sum_exp
            for k in range(K):
                dY[k * n + e] = exp(Y[k * n + e] - highest) * share - s * T[k * n + e]
    return total


@kernel
def squared_error(Y, T, dY, K, n, scale):
    """E = 1/2 sum_k (t_k - y_k)**2; dE/dy_k = -(t_k - y_k)"""
    total = 0.0
    s = Y.dtype.type(scale)
    for i in range(K * n):
        d = Y[i] - T[i]
        total += d * d
    if dY.size:
        for i in range(K * n):
            dY[i] = (Y[i] - T[i]) * s
    return 0.5 * total


@kernel
def absolute_error(Y, T, dY, K, n, scale):
    """E = sum_k |t_k - y_k|; dE/dy_k = sign(y_k - t_k), 0 where they are equal"""
    total = 0.0
    s = Y.dtype.type(scale)
    for i in range(K * n):
        total += abs(Y[i] - T[i])
    if dY.size:
        for i in range(K * n):
            dY[i] = s * (Y.dtype.type(Y[i] > T[i]) - Y.dtype.type(Y[i] < T[i]))
    return total


@kernel
def huber(Y, T, dY, K, n, scale, delta):
    """E = sum_k d**2 / 2 for |d| <= delta, else delta (|d| - delta / 2); d = y_k - t_k

    Its derivative is d, held within [-delta, delta]. Huber, 1964.
    """
    total = 0.0
    s, most = Y.dtype.type(scale), Y.dtype.type(delta)
    half = Y.dtype.type(0.5)
    for i in range(K * n):
        a = abs(Y[i] - T[i])
        inner = most if a > most else a
        total += inner * (a - half * inner)
    if dY.size:
        for i in range(K * n):
            d = Y[i] - T[i]
            d = most if d > most else d
            d = -most if d < -most else d
            dY[i] = d * s
    return total


@kernel
def binary_cross_entropy(Y, T, dY, K, n, scale):
    """E = sum_k log(1 + e**y_k) - t_k y_k, outputs being logits; dE/dy_k = sigmoid(y_k) - t_k

    Written as (max(y, 0) - t y) + log(1 + e**-|y|) it neither overflows nor loses its last places.
    """
    total = 0.0
    s, one, zero = Y.dtype.type(scale), Y.dtype.type(1), Y.dtype.type(0)
    for i in range(K * n):
        y = Y[i]
        total += float((y if y > 0 else zero) - T[i] * y) + float(softplus(-abs(y)))
    if dY.size:
        for i in range(K * n):
            dY[i] = (one / (one + exp(-Y[i])) - T[i]) * s
    return total


@kernel
def hinge(Y, T, dY, K, n, scale, margin, worst):
    """The right class c is to lead by a margin: E = sum over k != c of max(0, margin - y_c + y_k)

    (Weston and Watkins, 1999), or, where `worst`, the largest of these terms alone (Crammer and Singer, 2001;
    of several that are equal the first). c is where the target is largest. With one output, whose target is -1
    or 1: E = max(0, margin - t y). At a kink the derivative is 0.
    """
    total = 0.0
    s, m, zero = Y.dtype.type(scale), Y.dtype.type(margin), Y.dtype.type(0)
    if dY.size:
        for i in range(K * n):
            dY[i] = zero
    if K == 1:
        for e in range(n):
            short = m - T[e] * Y[e]
            if not short <= 0:  # so that NaN counts
                total += short
                if dY.size:
                    dY[e] = -s * T[e]
        return total
    for e in range(n):
        c = 0
        for k in range(1, K):
            if T[k * n + e] > T[c * n + e]:
                c = k
        most, at = zero, -1
        for k in range(K):
            short = m - Y[c * n + e] + Y[k * n + e]
            if k == c or short <= 0:
                continue
            if worst:
                if not short <= most:
                    most, at = short, k
            else:
                total += short
                if dY.size:
                    dY[k * n + e] += s
                    dY[c * n + e] -= s
        if worst and at >= 0:
            total += most
            if dY.size:
                dY[at * n + e] = s
                dY[c * n + e] = -s
    return total


@kernel
def output(Y, dY, K, n, scale):
    """E = sum_k y_k; dE/dy_k = 1. There is nothing to be met."""
    total = 0.0
    for i in range(K * n):
        total += Y[i]
    dY[:] = Y.dtype.type(scale)
    return total


@kernel
def count_right(Y, T, K, n, threshold):
    """Examples whose largest output is at the largest target; with one output, on its side of the threshold."""
    right = 0
    for e in range(n):
        if K == 1:
            right += (Y[e] > threshold) == (T[e] > threshold)
        else:
            best, wanted = 0, 0
            for k in range(1, K):
                if Y[k * n + e] > Y[best * n + e]:
                    best = k
                if T[k * n + e] > T[wanted * n + e]:
                    wanted = k
            right += best == wanted
    return right


@kernel
def loss(kind, Y, T, dY, K, n, pixels, scale, constants):
    """The loss called `kind` of n examples with K channels of so many pixels, as `constants` say."""
    outputs = pixels if kind == SOFTMAX_CROSS_ENTROPY else K * pixels
    part = constants[OVER] / outputs if constants[OVER] != 0 else 1.0
    s = scale * part
    n *= pixels
    if kind == SOFTMAX_CROSS_ENTROPY:
        total = softmax_cross_entropy(Y, T, dY, K, n, s)
    elif kind == SQUARED_ERROR:
        total = squared_error(Y, T, dY, K, n, s)
    elif kind == ABSOLUTE_ERROR:
        total = absolute_error(Y, T, dY, K, n, s)
    elif kind == HUBER:
        total = huber(Y, T, dY, K, n, s, constants[NUMBER])
    elif kind == BINARY_CROSS_ENTROPY:
        total = binary_cross_entropy(Y, T, dY, K, n, s)
    elif kind == OUTPUT:
        total = output(Y, dY, K, n, s)
    else:
        total = hinge(Y, T, dY, K, n, s, constants[NUMBER], kind == HINGE_WORST)
    return total * part


@row_kernel
def loss_row(row, n, store):
    """Compare the outputs with the targets: the loss and the examples right are added to the tally.

    Of an image the share of its pixels that are right counts.
    """
    K, pixels = row[op.CI], row[op.HI] * row[op.WI]
    Y, T, dY = input_of(row, n, store), aux_of(row, K * pixels * n, store), input_gradient_of(row, n, store)
    constants = span(store.constants, row[op.NUMBER] * op.CONSTANTS, op.CONSTANTS)
    store.tally[0] += loss(row[op.KIND], Y, T, dY, K, n, pixels, store.scale, constants)
    store.tally[1] += count_right(Y, T, K, n * pixels, constants[THRESHOLD]) / pixels
