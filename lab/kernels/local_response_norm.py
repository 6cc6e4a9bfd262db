"""Local response normalization: a number is divided by the strength of its neighbours in other channels.

X and Y are images [channel, row, example, column]. With N(c) the channels from c - size // 2 to
c + (size - 1) // 2, as far as there are any:

    s_c = k + alpha * sum of x_j**2 over j in N(c);  y_c = x_c s_c**-beta
    dx_i = dy_i s_i**-beta - 2 alpha beta x_i * sum of dy_c y_c / s_c over the c with i in N(c)

Source: Krizhevsky, Sutskever, Hinton, ImageNet Classification with Deep Convolutional Neural Networks, 2012,
section 3.3.
"""

from __future__ import annotations

import math

from lab.kernels import opcodes as op
from lab.kernels._jit import inlined, kernel
from lab.kernels.memory import span
from lab.kernels.operation import (
    aux_of,
    begin_input_gradient,
    input_of,
    output_gradient_of,
    output_of,
    row_kernel,
)

PUBLISHED = 0.75


@inlined
def falling_power(s, beta, one, published):
    """s**-beta; of the published beta, 3/4, by two roots, which fit vector registers. `one` is 1, of s's type."""
    return one / math.sqrt(s * math.sqrt(s)) if published else s**-beta


@kernel
def local_response_norm(X, S, Y, size, alpha, beta, k, C, H, width):
    """S, as large as X, gets the sums s. `width` counts the columns of all examples."""
    number = Y.dtype.type
    a, b, first, one = number(alpha), number(beta), number(k), number(1)
    published = beta == PUBLISHED
    for row in range(C * H):
        c, y = row // H, row % H
        s = span(S, row * width, width)
        s[:] = first
        for j in range(max(0, c - size // 2), min(C, c + (size - 1) // 2 + 1)):
            x = span(X, (j * H + y) * width, width)
            for i in range(width):
                s[i] += a * x[i] * x[i]
        x, to = span(X, row * width, width), span(Y, row * width, width)
        if published:
            for i in range(width):
                to[i] = x[i] * falling_power(s[i], b, one, True)
        else:
            for i in range(width):
                to[i] = x[i] * falling_power(s[i], b, one, False)


@kernel
def local_response_norm_backward(X, S, dY, dX, size, alpha, beta, C, H, width):
    """Adds to dX. S ends as dY Y / S."""
    number = dX.dtype.type
    b, factor, one = number(beta), number(2.0 * alpha * beta), number(1)
    published = beta == PUBLISHED
    for i in range(dX.size):
        if published:
            share = dY[i] * falling_power(S[i], b, one, True)
        else:
            share = dY[i] * falling_power(S[i], b, one, False)
        dX[i] += share
        S[i] = share * X[i] / S[i]
    for row in range(C * H):
        c, y = row // H, row % H
        x, to = span(X, row * width, width), span(dX, row * width, width)
        # the channels whose sums channel c is part of: its neighbourhood, mirrored
        for j in range(max(0, c - (size - 1) // 2), min(C, c + size // 2 + 1)):
            s = span(S, (j * H + y) * width, width)
            for i in range(width):
                to[i] -= factor * x[i] * s[i]


@row_kernel
def local_response_norm_row(row, n, store):
    X, Y = input_of(row, n, store), output_of(row, n, store)
    at = row[op.NUMBER] * op.CONSTANTS
    alpha, beta, k = store.constants[at], store.constants[at + 1], store.constants[at + 2]
    S = aux_of(row, Y.size, store)
    local_response_norm(X, S, Y, row[op.KH], alpha, beta, k, row[op.CI], row[op.HI], n * row[op.WI])


@row_kernel
def local_response_norm_backward_row(row, n, store):
    X, dY, dX = (
        input_of(row, n, store),
        output_gradient_of(row, n, store),
        begin_input_gradient(row, n, store),
    )
    if dX.size:
        at = row[op.NUMBER] * op.CONSTANTS
        alpha, beta = store.constants[at], store.constants[at + 1]
        S = aux_of(row, dY.size, store)
        C, H, width = row[op.CI], row[op.HI], n * row[op.WI]
        local_response_norm_backward(X, S, dY, dX, row[op.KH], alpha, beta, C, H, width)
