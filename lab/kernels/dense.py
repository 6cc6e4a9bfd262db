"""The dense layer: W is [m, k], X is [k, n] and Y [m, n] for n examples, all flat."""

from __future__ import annotations

from lab.kernels._jit import kernel
from lab.kernels.memory import gemm

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
