"""Copies between images that lie as [channel, row, example, column]: cropping, joining channels, adding."""

from __future__ import annotations

from lab.kernels._jit import kernel
from lab.kernels.memory import span


@kernel
def copy(X, Y, n, CI, HI, WI, HO, WO, channel, top, left, plus):
    """Y[channel + c, y, e, x] = X[c, top + y, e, left + x], or += where `plus`.

    X [CI, HI, n, WI]; Y has height HO and width WO, and channels of its own.
    """
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
    for row in range(CI * HO):
        c, y = row // HO, row % HO
        for e in range(n):
            to = span(dX, ((c * HI + top + y) * n + e) * WI + left, WO)
            source = span(dY, (((channel + c) * HO + y) * n + e) * WO, WO)
            for x in range(WO):
                to[x] += source[x]


@kernel
def upsample(X, Y, n, C, HI, WI, factor):
    """Y[c, y, e, x] = X[c, y // factor, e, x // factor]: each pixel becomes a square."""
    WO = WI * factor
    for row in range(C * HI * factor):
        for e in range(n):
            source = span(X, (row // factor * n + e) * WI, WI)
            to = span(Y, (row * n + e) * WO, WO)
            for x in range(WO):
                to[x] = source[x // factor]


@kernel
def upsample_backward(dY, dX, n, C, HI, WI, factor):
    """dX += the sum of dY over each square."""
    WO = WI * factor
    for row in range(C * HI * factor):
        for e in range(n):
            to = span(dX, (row // factor * n + e) * WI, WI)
            source = span(dY, (row * n + e) * WO, WO)
            for x in range(WO):
                to[x // factor] += source[x]
