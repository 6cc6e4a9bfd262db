"""Softmax over the channels of each pixel.

    y_c = e**x_c / sum_j e**x_j;  dx_c = y_c (dy_c - sum_j y_j dy_j)

X and Y are flat [C, M], M = height x examples x width. The loops run along M, which fits vector registers.
"""

from __future__ import annotations

from lab.kernels import opcodes as op
from lab.kernels._jit import kernel
from lab.kernels.functions import exp
from lab.kernels.memory import span
from lab.kernels.operation import (
    aux_of,
    begin_input_gradient,
    input_of,
    output_gradient_of,
    output_of,
    row_kernel,
)


@kernel
def softmax(X, Y, beside, C, M):
    """`beside` [M] is working space. The largest x is taken away first, so that nothing overflows. NaN spreads."""
    beside[:] = span(X, 0, M)
    for c in range(1, C):
        x = span(X, c * M, M)
        for i in range(M):
            beside[i] = x[i] if x[i] > beside[i] else beside[i]
    for c in range(C):
        x, y = span(X, c * M, M), span(Y, c * M, M)
        for i in range(M):
            y[i] = exp(x[i] - beside[i])
    beside[:] = 0
    for c in range(C):
        y = span(Y, c * M, M)
        for i in range(M):
            beside[i] += y[i]
    one = Y.dtype.type(1)
    for i in range(M):
        beside[i] = one / beside[i]
    for c in range(C):
        y = span(Y, c * M, M)
        for i in range(M):
            y[i] *= beside[i]


@kernel
def softmax_backward(Y, dY, dX, beside, C, M):
    """Adds to dX. `beside` [M] becomes the sum of y dy over the channels."""
    beside[:] = 0
    for c in range(C):
        y, dy = span(Y, c * M, M), span(dY, c * M, M)
        for i in range(M):
            beside[i] += y[i] * dy[i]
    for c in range(C):
        y, dy, dx = span(Y, c * M, M), span(dY, c * M, M), span(dX, c * M, M)
        for i in range(M):
            dx[i] += y[i] * (dy[i] - beside[i])


@row_kernel
def softmax_row(row, n, store):
    M = row[op.HI] * n * row[op.WI]
    softmax(input_of(row, n, store), output_of(row, n, store), aux_of(row, M, store), row[op.CI], M)


@row_kernel
def softmax_backward_row(row, n, store):
    Y, dY, dX = (
        output_of(row, n, store),
        output_gradient_of(row, n, store),
        begin_input_gradient(row, n, store),
    )
    M = row[op.HI] * n * row[op.WI]
    if dX.size:
        softmax_backward(Y, dY, dX, aux_of(row, M, store), row[op.CI], M)
