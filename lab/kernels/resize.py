"""Upsampling of images that lie as [channel, row, example, column], by a whole factor along each axis."""

from __future__ import annotations

from lab.kernels import opcodes as op
from lab.kernels._jit import inlined, kernel
from lab.kernels.memory import span
from lab.kernels.operation import (
    begin_input_gradient,
    input_of,
    output_gradient_of,
    output_of,
    row_kernel,
)


@kernel
def upsample(X, Y, n, C, HI, WI, FH, FW):
    """Y[c, y, e, x] = X[c, y // FH, e, x // FW]: each pixel becomes a block."""
    WO = WI * FW
    for row in range(C * HI * FH):
        for e in range(n):
            source = span(X, (row // FH * n + e) * WI, WI)
            to = span(Y, (row * n + e) * WO, WO)
            for x in range(WO):
                to[x] = source[x // FW]


@kernel
def upsample_backward(dY, dX, n, C, HI, WI, FH, FW):
    """dX += the sum of dY over each block."""
    WO = WI * FW
    for row in range(C * HI * FH):
        for e in range(n):
            to = span(dX, (row // FH * n + e) * WI, WI)
            source = span(dY, (row * n + e) * WO, WO)
            for x in range(WO):
                to[x // FW] += source[x]


@inlined
def between(u, factor, extent):
    """The two old pixels that new pixel u lies between, and the share of the second: 0 where there is no second.

    The middle of u lies at old coordinate (u + 1/2) / factor - 1/2, taken for 0 where that is negative.
    """
    place = max(2 * u + 1 - factor, 0)  # times 2 factor, in whole numbers
    first = place // (2 * factor)
    return first, min(first + 1, extent - 1), (place % (2 * factor)) / (2.0 * factor)


@kernel
def bilinear(X, Y, n, C, HI, WI, FH, FW):
    """Y = X between its pixels, on a straight line along each axis; PyTorch's align_corners=False.

    X [C, HI, n, WI], Y [C, HI FH, n, WI FW].
    """
    HO, WO = HI * FH, WI * FW
    one = Y.dtype.type(1)
    for row in range(C * HO):
        c = row // HO
        top, bottom, down = between(row % HO, FH, HI)
        v = Y.dtype.type(down)
        for e in range(n):
            above, below = (
                span(X, ((c * HI + top) * n + e) * WI, WI),
                span(X, ((c * HI + bottom) * n + e) * WI, WI),
            )
            to = span(Y, (row * n + e) * WO, WO)
            for x in range(WO):
                left, right, across = between(x, FW, WI)
                h = Y.dtype.type(across)
                to[x] = (one - v) * ((one - h) * above[left] + h * above[right]) + v * (
                    (one - h) * below[left] + h * below[right]
                )


@kernel
def bilinear_backward(dY, dX, n, C, HI, WI, FH, FW):
    """dX += dY, by the shares in which each new pixel was made of old ones."""
    HO, WO = HI * FH, WI * FW
    one = dX.dtype.type(1)
    for row in range(C * HO):
        c = row // HO
        top, bottom, down = between(row % HO, FH, HI)
        v = dX.dtype.type(down)
        for e in range(n):
            above = span(dX, ((c * HI + top) * n + e) * WI, WI)
            below = span(dX, ((c * HI + bottom) * n + e) * WI, WI)
            source = span(dY, (row * n + e) * WO, WO)
            for x in range(WO):
                left, right, across = between(x, FW, WI)
                h = dX.dtype.type(across)
                over, under = (one - v) * source[x], v * source[x]
                above[left] += (one - h) * over
                above[right] += h * over
                below[left] += (one - h) * under
                below[right] += h * under


@row_kernel
def upsample_row(row, n, store):
    X, Y = input_of(row, n, store), output_of(row, n, store)
    upsample(X, Y, n, row[op.CI], row[op.HI], row[op.WI], row[op.KH], row[op.KW])


@row_kernel
def upsample_backward_row(row, n, store):
    dY, dX = output_gradient_of(row, n, store), begin_input_gradient(row, n, store)
    if dX.size:
        upsample_backward(dY, dX, n, row[op.CI], row[op.HI], row[op.WI], row[op.KH], row[op.KW])


@row_kernel
def bilinear_row(row, n, store):
    X, Y = input_of(row, n, store), output_of(row, n, store)
    bilinear(X, Y, n, row[op.CI], row[op.HI], row[op.WI], row[op.KH], row[op.KW])


@row_kernel
def bilinear_backward_row(row, n, store):
    dY, dX = output_gradient_of(row, n, store), begin_input_gradient(row, n, store)
    if dX.size:
        bilinear_backward(dY, dX, n, row[op.CI], row[op.HI], row[op.WI], row[op.KH], row[op.KW])
