"""Subsampling with two numbers to learn a map, as in LeNet-5: the sum of each window, times one, plus the other.

Images lie as [channel, row, example, column]. Windows have no padding.

Source: LeCun, Bottou, Bengio, Haffner, Gradient-Based Learning Applied to Document Recognition, 1998, section II.B.
"""

from __future__ import annotations

import numpy as np

from lab.kernels import opcodes as op
from lab.kernels._jit import inlined, kernel
from lab.kernels.memory import span
from lab.kernels.operation import (
    aux_of,
    begin_input_gradient,
    input_of,
    output_gradient_of,
    output_of,
    parameter_of,
    row_kernel,
)


@inlined
def add_every(source, to, count, stride):
    """to += every stride-th of source"""
    # unsigned: an index that cannot be negative needs no wrapping round, and the loop fits vector registers
    step = np.uint64(stride)
    for x in range(np.uint64(count)):
        to[x] += source[x * step]


@inlined
def add_to_every(source, to, factor, count, stride):
    """Every stride-th of to += factor source"""
    step = np.uint64(stride)
    for x in range(np.uint64(count)):
        to[x * step] += factor * source[x]


@kernel
def window_sums(X, S, n, C, HI, WI, HO, WO, KH, KW, SH, SW):
    """S[c, y, e, x] = the sum of the KH x KW numbers of X[c, :, e] from (y SH, x SW) on."""
    if KW == SW and WI == WO * SW:  # windows tile the row: those of all examples are one long row
        n, WI, WO = 1, n * WI, n * WO
    for row in range(C * HO):
        c, y = row // HO, row % HO
        sums = span(S, row * n * WO, n * WO)
        sums[:] = 0
        for ky in range(KH):
            for kx in range(KW):
                for e in range(n):
                    source = span(X, ((c * HI + y * SH + ky) * n + e) * WI + kx, WI - kx)
                    to = span(sums, e * WO, WO)
                    if SW == 2:  # a stride known to the compiler is a shuffle, an unknown one a gather
                        add_every(source, to, WO, 2)
                    else:
                        add_every(source, to, WO, SW)


@kernel
def window_sums_backward(dY, factors, dX, n, C, HI, WI, HO, WO, KH, KW, SH, SW):
    """dX[c] += factors[c] dY[c], for every number of the window"""
    if KW == SW and WI == WO * SW:
        n, WI, WO = 1, n * WI, n * WO
    for row in range(C * HO):
        c, y = row // HO, row % HO
        for ky in range(KH):
            for kx in range(KW):
                for e in range(n):
                    to = span(dX, ((c * HI + y * SH + ky) * n + e) * WI + kx, WI - kx)
                    source = span(dY, (row * n + e) * WO, WO)
                    if SW == 2:
                        add_to_every(source, to, factors[c], WO, 2)
                    else:
                        add_to_every(source, to, factors[c], WO, SW)


@kernel
def scale_and_shift(S, factors, shifts, Y):
    """Y[c] = factors[c] S[c] + shifts[c]"""
    M = Y.size // factors.size
    for c in range(factors.size):
        factor, shift = factors[c], shifts[c]
        source, to = span(S, c * M, M), span(Y, c * M, M)
        for i in range(M):
            to[i] = factor * source[i] + shift


@kernel
def scale_and_shift_backward_weights(dY, S, d_factors, d_shifts):
    """d_factors[c] += sum of dY[c] S[c], d_shifts[c] += sum of dY[c]"""
    M = dY.size // d_factors.size
    for c in range(d_factors.size):
        dy, s = span(dY, c * M, M), span(S, c * M, M)
        of_factor, of_shift = dy.dtype.type(0), dy.dtype.type(0)
        for i in range(M):
            of_factor += dy[i] * s[i]
            of_shift += dy[i]
        d_factors[c] += of_factor
        d_shifts[c] += of_shift


@row_kernel
def subsample_row(row, n, store):
    """Leaves the sums for the backward row."""
    C, Y = row[op.CI], output_of(row, n, store)
    S = aux_of(row, Y.size, store)
    window_sums(
        input_of(row, n, store), S, n, C, row[op.HI], row[op.WI], row[op.HO], row[op.WO],
        row[op.KH], row[op.KW], row[op.SH], row[op.SW],
    )  # fmt: skip
    coefficient, bias = (
        parameter_of(row, op.W, C, store.params),
        parameter_of(row, op.B, C, store.params),
    )
    scale_and_shift(S, coefficient, bias, Y)


@row_kernel
def subsample_backward_row(row, n, store):
    C, dY, dX = row[op.CI], output_gradient_of(row, n, store), begin_input_gradient(row, n, store)
    S = aux_of(row, dY.size, store)
    scale_and_shift_backward_weights(
        dY, S, parameter_of(row, op.W, C, store.grads), parameter_of(row, op.B, C, store.grads)
    )
    if dX.size:
        window_sums_backward(
            dY, parameter_of(row, op.W, C, store.params), dX, n, C, row[op.HI], row[op.WI],
            row[op.HO], row[op.WO], row[op.KH], row[op.KW], row[op.SH], row[op.SW],
        )  # fmt: skip
