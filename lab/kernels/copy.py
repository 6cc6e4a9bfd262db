"""Copies between images that lie as [channel, row, example, column]: cropping, joining channels, adding."""

from __future__ import annotations

from lab.kernels import opcodes as op
from lab.kernels._jit import kernel
from lab.kernels.memory import span
from lab.kernels.operation import (
    begin_input_gradient,
    input_of,
    output_gradient_of,
    output_of,
    row_kernel,
)


@kernel
def copy(X, Y, n, CI, HI, WI, HO, WO, channel, top, left, plus):
    """Y[channel + c, y, e, x] = X[c, top + y, e, left + x], or += where `plus`.

    X [CI, HI, n, WI]; Y has height HO and width WO, and channels of its own.
    """
    if WI == WO:  # nothing is cut from a row: those of all examples are one long row
        n, WI, WO = 1, n * WI, n * WO
    for row in range(CI * HO):
        c, y = row // HO, row % HO
        for e in range(n):
            source = span(X, ((c * HI + top + y) * n + e) * WI + left, WO)
            to = span(Y, (((channel + c) * HO + y) * n + e) * WO, WO)
            if plus:
                for x in range(WO):
                    to[x] += source[x]
            else:
                for x in range(WO):
                    to[x] = source[x]


@kernel
def copy_backward(dY, dX, n, CI, HI, WI, HO, WO, channel, top, left):
    """dX += dY, put back where it came from."""
    if WI == WO:
        n, WI, WO = 1, n * WI, n * WO
    for row in range(CI * HO):
        c, y = row // HO, row % HO
        for e in range(n):
            to = span(dX, ((c * HI + top + y) * n + e) * WI + left, WO)
            source = span(dY, (((channel + c) * HO + y) * n + e) * WO, WO)
            for x in range(WO):
                to[x] += source[x]


@row_kernel
def copy_row(row, n, store):
    X = input_of(row, n, store)
    Y = output_of(row, n, store)
    CI, HI, WI, HO, WO = row[op.CI], row[op.HI], row[op.WI], row[op.HO], row[op.WO]
    copy(X, Y, n, CI, HI, WI, HO, WO, row[op.CHANNEL], row[op.TOP], row[op.LEFT], row[op.PLUS])


@row_kernel
def copy_backward_row(row, n, store):
    dY, dX = output_gradient_of(row, n, store), begin_input_gradient(row, n, store)
    CI, HI, WI, HO, WO = row[op.CI], row[op.HI], row[op.WI], row[op.HO], row[op.WO]
    if dX.size:
        copy_backward(dY, dX, n, CI, HI, WI, HO, WO, row[op.CHANNEL], row[op.TOP], row[op.LEFT])
