"""The dense layer: W is [m, k], X is [k, n] and Y [m, n] for n examples, all flat."""

from __future__ import annotations

import numpy as np

from lab.kernels import opcodes as op
from lab.kernels._jit import kernel
from lab.kernels.memory import gemm, span, whole_numbers
from lab.kernels.operation import (
    input_gradient_of,
    input_of,
    output_gradient_of,
    parameter_of,
    part_of_output,
    row_kernel,
    scratch_of,
)
from lab.kernels.tiles import (
    ADD,
    INNER_ROWS,
    INNER_TERMS,
    ROWS,
    SLACK,
    VECTORS,
    WIDTH,
    ZERO,
    inner,
    outer,
)

TILE = np.array(VECTORS)
FEW = 12
"""Examples up to which tiles beat BLAS."""
AT_A_TIME = 16
"""Rows of W that the backward pass reads side by side."""

# multiply-adds below which plain loops beat the call into BLAS
SMALL = 512


@kernel
def add_bias(Y, b, n):
    """Every number of row o of Y [rows, n] becomes b[o]: the products are then added to it."""
    for o in range(b.size):
        bias = b[o]
        for e in range(n):
            Y[o * n + e] = bias


@kernel
def sum_rows(dY, db, n):
    """db[o] += the sum of row o of dY [rows, n]."""
    for o in range(db.size):
        total = db.dtype.type(0)
        for e in range(n):
            total += dY[o * n + e]
        db[o] += total


@kernel
def dense(X, W, Y, m, n, k, add):
    """Y = W X + add Y"""
    if m * n * k <= SMALL:
        if add == 0:
            Y[:] = 0
        for o in range(m):
            for i in range(k):
                w = W[o * k + i]
                for e in range(n):
                    Y[o * n + e] += w * X[i * n + e]
    else:
        gemm(0, 0, m, n, k, W, k, X, n, add, Y, n)


@kernel
def dense_backward_weights(X, dY, dW, m, n, k):
    """dW += dY X^T"""
    if m * n * k <= SMALL:
        for o in range(m):
            for i in range(k):
                total = dW.dtype.type(0)
                for e in range(n):
                    total += dY[o * n + e] * X[i * n + e]
                dW[o * k + i] += total
    else:
        gemm(0, 1, m, k, n, dY, n, X, n, 1.0, dW, k)


@kernel
def dense_backward_input(dY, W, dX, m, n, k, add):
    """dX = W^T dY + add dX"""
    if m * n * k <= SMALL:
        if add == 0:
            dX[:] = 0
        for o in range(m):
            for i in range(k):
                w = W[o * k + i]
                for e in range(n):
                    dX[i * n + e] += w * dY[o * n + e]
    else:
        gemm(1, 0, k, n, m, W, k, dY, n, add, dX, n)


# Of few examples the weights are the larger operand by far, and BLAS would copy them to work on them. Tiles read
# them where they lie, once; it is the examples that are turned, so that each lies in a row: Xt [n, k], dXt [n, k].


@kernel
def turn(X, Xt, n, k):
    """Xt[e, i] = X[i, e]"""
    for i in range(k):
        for e in range(n):
            Xt[e * k + i] = X[i * n + e]


@kernel
def dense_of_few(Xt, W, Y, places, m, n, k):
    """Y += W X"""
    for e in range(n):
        places[e] = e * k
    for o in range(0, m, INNER_ROWS):
        for e in range(0, n, INNER_TERMS):
            inner(
                min(INNER_ROWS, m - o), span(W, o * k, 1), k, Xt, span(places, e, 1), min(INNER_TERMS, n - e), k,
                span(Y, o * n + e, 1), n,
            )  # fmt: skip


@kernel
def weights_of_few(Xt, dY, dW, terms, m, n, k):
    """dW += dY X^T"""
    for e in range(n):
        terms[2 * e], terms[2 * e + 1] = e, e * k
    step = TILE[min(m, ROWS)] * (WIDTH // dW.itemsize)
    for o in range(0, m, ROWS):
        for x in range(0, k, step):
            outer(
                min(ROWS, m - o), span(dY, o * n, 1), n, span(Xt, x, SLACK), terms, n,
                span(dW, o * k + x, 1), k, min(step, k - x), ADD, span(dW, 0, 0),
            )  # fmt: skip


@kernel
def input_of_few(dY, W, dXt, terms, m, n, k):
    """dX = W^T dY, a few rows of W at a time: each row is read along its length"""
    step = TILE[min(n, ROWS)] * (WIDTH // dXt.itemsize)
    for o in range(AT_A_TIME):
        terms[2 * o], terms[2 * o + 1] = o * n, o * k
    for o in range(0, m, AT_A_TIME):
        for e in range(0, n, ROWS):
            for x in range(0, k, step):
                outer(
                    min(ROWS, n - e), span(dY, o * n + e, 1), 1, span(W, o * k + x, SLACK), terms,
                    min(AT_A_TIME, m - o), span(dXt, e * k + x, 1), k, min(step, k - x),
                    ADD if o else ZERO, span(dXt, 0, 0),
                )  # fmt: skip


@kernel
def are_few(m, n, k):
    return n <= FEW and m * n * k > SMALL


@kernel
def divided(scratch, n, k):
    """Terms, Xt and dXt."""
    first = 4 * max(FEW, AT_A_TIME)
    terms = whole_numbers(scratch, 0, first // 2)
    return terms, span(scratch, first, n * k), span(scratch, first + n * k, n * k)


def scratch_size(n: int, k: int) -> int:
    """Numbers of scratch that up to n examples of k inputs need."""
    return 4 * max(FEW, AT_A_TIME) + 2 * min(n, FEW) * k + SLACK


@row_kernel
def dense_row(row, n, store):
    """Of few examples, a part of the units; else BLAS does all of them at once: its sums differ with their number."""
    k, units = row[op.CI], row[op.CO]
    few = are_few(units, n, k)
    first, end = part_of_output(units if few else 1, store)
    first, end = (first, end) if few else (0, units if end > first else 0)
    m = end - first
    X, Y = input_of(row, n, store), span(store.arena, row[op.Y] + first * n, m * n)
    W = span(store.params, row[op.W] + first * k, m * k)
    if row[op.B] >= 0:
        add_bias(Y, span(store.params, row[op.B] + first, m), n)
    if few:
        terms, Xt, _ = divided(scratch_of(row, store), n, k)
        if n > 1:
            turn(X, Xt, n, k)
        if row[op.B] < 0:
            Y[:] = 0
        dense_of_few(Xt if n > 1 else X, W, Y, terms, m, n, k)
    elif m:
        dense(X, W, Y, m, n, k, 1.0 if row[op.B] >= 0 else 0.0)


@row_kernel
def dense_backward_row(row, n, store):
    k, m = row[op.CI], row[op.CO]
    X, dY, dX = input_of(row, n, store), output_gradient_of(row, n, store), input_gradient_of(row, n, store)
    W, dW = parameter_of(row, op.W, m * k, store.params), parameter_of(row, op.W, m * k, store.grads)
    sum_rows(dY, parameter_of(row, op.B, m, store.grads), n)
    if not are_few(m, n, k):
        dense_backward_weights(X, dY, dW, m, n, k)
        if dX.size:
            dense_backward_input(dY, W, dX, m, n, k, float(row[op.ADD]))
        return
    terms, Xt, dXt = divided(scratch_of(row, store), n, k)
    if n > 1:
        turn(X, Xt, n, k)
    weights_of_few(Xt if n > 1 else X, dY, dW, terms, m, n, k)
    if dX.size:
        input_of_few(dY, W, dXt, terms, m, n, k)
        if row[op.ADD] == 0:
            dX[:] = 0
        for e in range(n):
            for i in range(k):
                dX[i * n + e] += dXt[e * k + i]
