"""The parametric ReLU: a leaky ReLU whose slopes are learned.

X and Y are flat [C, M], M numbers a channel; a has C slopes, or one for all channels.

    y = x for x > 0, else a x;  dx = dy for x > 0, else a dy;  da = sum of dy x over the x <= 0

Source: He, Zhang, Ren, Sun, Delving Deep into Rectifiers, 2015, section 2.1.
"""

from __future__ import annotations

from lab.kernels import opcodes as op
from lab.kernels._jit import kernel
from lab.kernels.memory import span
from lab.kernels.operation import (
    begin_input_gradient,
    input_of,
    output_gradient_of,
    output_of,
    parameter_of,
    row_kernel,
)


@kernel
def prelu(X, a, Y):
    """NaN stays NaN."""
    M = X.size // a.size
    for c in range(a.size):
        x, y, slope = span(X, c * M, M), span(Y, c * M, M), a[c]
        for i in range(M):
            y[i] = x[i] if x[i] > 0 else slope * x[i]


@kernel
def prelu_backward_slopes(X, dY, da):
    """Adds to da."""
    M = X.size // da.size
    zero = X.dtype.type(0)
    for c in range(da.size):
        x, dy, total = span(X, c * M, M), span(dY, c * M, M), zero
        for i in range(M):
            total += zero if x[i] > 0 else x[i] * dy[i]
        da[c] += total


@kernel
def prelu_backward_input(X, a, dY, dX):
    """Adds to dX."""
    M = X.size // a.size
    one = X.dtype.type(1)
    for c in range(a.size):
        x, dy, dx, slope = span(X, c * M, M), span(dY, c * M, M), span(dX, c * M, M), a[c]
        for i in range(M):
            dx[i] += dy[i] * (one if x[i] > 0 else slope)


@row_kernel
def prelu_row(row, n, store):
    a = parameter_of(row, op.W, row[op.KH], store.params)
    prelu(input_of(row, n, store), a, output_of(row, n, store))


@row_kernel
def prelu_backward_row(row, n, store):
    X, dY, dX = (
        input_of(row, n, store),
        output_gradient_of(row, n, store),
        begin_input_gradient(row, n, store),
    )
    prelu_backward_slopes(X, dY, parameter_of(row, op.W, row[op.KH], store.grads))
    if dX.size:
        prelu_backward_input(X, parameter_of(row, op.W, row[op.KH], store.params), dY, dX)
