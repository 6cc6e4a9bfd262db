"""Weights that are single numbers: one as it is, for every example; and a surface tilted by each example's inputs.

    WEIGHT  c = w                       dw = sum of dc
    TILT    c = a + n1 w1 + n2 w2       da = dc,  dw_k = sum of dc n_k,  dn_k = dc w_k

A and C are [1, examples]; the tilts N, the second input, are [2, examples]. Sums are float64: where derivatives dc are
alike, tilts of few bits that add up to 0 give a derivative of exactly 0.
"""

from __future__ import annotations

import numpy as np

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
def total(dC):
    """The sum over the examples."""
    found = 0.0
    for i in range(dC.size):
        found += np.float64(dC[i])
    return found


@kernel
def tilt(A, N, first, second, C):
    """C = A + N[0] first + N[1] second"""
    n = C.size
    for i in range(n):
        C[i] = A[i] + (N[i] * first + N[n + i] * second)


@kernel
def tilt_backward_weight(N, dC, k):
    """The sum of dC n_k over the examples."""
    n, found = dC.size, 0.0
    for i in range(n):
        found += np.float64(dC[i]) * np.float64(N[k * n + i])
    return found


@row_kernel
def weight_row(row, n, store):
    output_of(row, n, store)[:] = parameter_of(row, op.W, 1, store.params)[0]


@row_kernel
def weight_backward_row(row, n, store):
    begin_input_gradient(row, n, store)  # nothing of it comes from the input
    parameter_of(row, op.W, 1, store.grads)[0] += total(output_gradient_of(row, n, store))


@row_kernel
def tilt_row(row, n, store):
    N = span(store.arena, row[op.SECOND], 2 * n)
    first, second = parameter_of(row, op.W, 1, store.params), parameter_of(row, op.B, 1, store.params)
    tilt(input_of(row, n, store), N, first[0], second[0], output_of(row, n, store))


@row_kernel
def tilt_backward_row(row, n, store):
    dC, dA = output_gradient_of(row, n, store), begin_input_gradient(row, n, store)
    for i in range(dA.size):
        dA[i] += dC[i]
    N = span(store.arena, row[op.SECOND], 2 * n)
    wanted = row[op.D_SECOND] >= 0
    dN = span(store.arena, row[op.D_SECOND] if wanted else 0, 2 * n if wanted else 0)
    if wanted and row[op.ADD_SECOND] == 0:
        dN[:] = 0
    for k in range(2):
        column = op.W if k == 0 else op.B
        w, dw = parameter_of(row, column, 1, store.params)[0], parameter_of(row, column, 1, store.grads)
        dw[0] += tilt_backward_weight(N, dC, k)
        for i in range(dN.size // 2):
            dN[k * n + i] += dC[i] * w
