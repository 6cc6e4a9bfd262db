"""Losses: Y, the network's outputs, and T, the targets, are [K, n] for n examples, flat.

Each returns the sum over the examples and how many the network gets right, and writes dY, the derivative times
`scale` (one over the batch size where a batch's error is a mean). dY of size 0 is not asked for.
"""

from __future__ import annotations

import math

from lab.kernels._jit import kernel
from lab.kernels.functions import exp

SOFTMAX_CROSS_ENTROPY, SQUARED_ERROR = range(2)


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
def loss(kind, Y, T, dY, K, n, scale):
    if kind == SOFTMAX_CROSS_ENTROPY:
        return softmax_cross_entropy(Y, T, dY, K, n, scale)
    return squared_error(Y, T, dY, K, n, scale)
