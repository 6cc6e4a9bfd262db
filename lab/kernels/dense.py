"""The dense layer: W is [m, k], X is [k, n] and Y [m, n] for n examples, all flat."""

from __future__ import annotations

from lab.kernels import opcodes as op
from lab.kernels._jit import kernel
from lab.kernels.memory import gemm
from lab.kernels.operation import (
    input_gradient_of,
    input_of,
    output_gradient_of,
    output_of,
    parameter_of,
    row_kernel,
)

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


@row_kernel
def dense_row(row, n, store):
    k, m = row[op.CI], row[op.CO]
    X, Y, W = input_of(row, n, store), output_of(row, n, store), parameter_of(row, op.W, m * k, store.params)
    b = parameter_of(row, op.B, m, store.params)
    add_bias(Y, b, n)
    dense(X, W, Y, m, n, k, 1.0 if b.size else 0.0)


@row_kernel
def dense_backward_row(row, n, store):
    k, m = row[op.CI], row[op.CO]
    X, dY, dX = input_of(row, n, store), output_gradient_of(row, n, store), input_gradient_of(row, n, store)
    sum_rows(dY, parameter_of(row, op.B, m, store.grads), n)
    dense_backward_weights(X, dY, parameter_of(row, op.W, m * k, store.grads), m, n, k)
    if dX.size:
        dense_backward_input(
            dY, parameter_of(row, op.W, m * k, store.params), dX, m, n, k, float(row[op.ADD])
        )
