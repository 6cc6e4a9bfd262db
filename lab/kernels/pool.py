"""Pooling and flattening of images that lie as [channel, row, example, column].

Where windows tile a row exactly, the rows of all examples are one long row, and one long loop.
"""

from __future__ import annotations

import numpy as np

from lab.kernels import opcodes as op
from lab.kernels._jit import inlined, kernel
from lab.kernels.memory import span
from lab.kernels.operation import (
    aux_of,
    begin_input_gradient,
    input_gradient_of,
    input_of,
    output_gradient_of,
    output_of,
    row_kernel,
)
from lab.kernels.stacking import columns_inside, geometry_of


@kernel
def merged(g):
    """(examples, input width, output width), with examples merged into the row where windows tile it."""
    if g.PW == 0 and g.KW == g.SW and g.WI == g.WO * g.SW:
        return 1, g.n * g.WI, g.n * g.WO
    return g.n, g.WI, g.WO


@inlined
def challenge(source, best, place, tap, count, stride):
    """best = max(best, every stride-th of source); place = tap where that changed it. NaN wins and stays."""
    # unsigned: an index that cannot be negative needs no wrapping round, and the loop fits vector registers
    step = np.uint64(stride)
    for x in range(np.uint64(count)):
        v = source[x * step]
        better = (v > best[x]) | ((v != v) & (best[x] == best[x]))
        best[x] = v if better else best[x]
        place[x] = tap if better else place[x]


@inlined
def reward(to, source, place, tap, count, stride):
    """Every stride-th of to += source where place is tap."""
    step = np.uint64(stride)
    zero = source.dtype.type(0)
    for x in range(np.uint64(count)):
        to[x * step] += source[x] if place[x] == tap else zero


@kernel
def tiles_of_two(g):
    """Whether windows of 2 x 2 tile the image: the pooling of most networks."""
    square = g.KH == 2 and g.KW == 2 and g.SH == 2 and g.SW == 2
    return square and g.PH == 0 and g.PW == 0 and g.HI == 2 * g.HO and g.WI == 2 * g.WO


@inlined
def beats(v, best):
    """Whether v takes the place of the best one before it: NaN wins over everything, and stays."""
    return (v > best) | ((v != v) & (best == best))


@kernel
def max_pool_of_two(X, Y, winner, rows, width):
    """Windows of 2 x 2 that tile, `rows` of the output with so many columns: every number is touched once."""
    zero, one, two, three = (
        winner.dtype.type(0),
        winner.dtype.type(1),
        winner.dtype.type(2),
        winner.dtype.type(3),
    )
    for row in range(rows):
        above, below = span(X, 4 * row * width, 2 * width), span(X, (4 * row + 2) * width, 2 * width)
        to, place = span(Y, row * width, width), span(winner, row * width, width)
        for x in range(np.uint64(width)):
            a, b, c, d = above[2 * x], above[2 * x + 1], below[2 * x], below[2 * x + 1]
            right, under = beats(b, a), beats(d, c)
            upper, lower = b if right else a, d if under else c
            down = beats(lower, upper)
            to[x] = lower if down else upper
            place[x] = (three if under else two) if down else (one if right else zero)


@kernel
def max_pool_of_two_backward(dY, winner, dX, add, rows, width):
    """dX = dY at the place that won and 0 elsewhere, or += where `add`."""
    zero = dY.dtype.type(0)
    for row in range(rows):
        above, below = span(dX, 4 * row * width, 2 * width), span(dX, (4 * row + 2) * width, 2 * width)
        source, place = span(dY, row * width, width), span(winner, row * width, width)
        if add:
            for x in range(np.uint64(width)):
                d, p = source[x], place[x]
                above[2 * x] += d if p == 0 else zero
                above[2 * x + 1] += d if p == 1 else zero
                below[2 * x] += d if p == 2 else zero
                below[2 * x + 1] += d if p == 3 else zero
        else:
            for x in range(np.uint64(width)):
                d, p = source[x], place[x]
                above[2 * x] = d if p == 0 else zero
                above[2 * x + 1] = d if p == 1 else zero
                below[2 * x] = d if p == 2 else zero
                below[2 * x + 1] = d if p == 3 else zero


@kernel
def max_pool(X, Y, winner, g):
    """Y = the largest of each window; winner = its place ky * KW + kx, the first where several are equal.

    A NaN wins over everything. Padding never wins.
    """
    if tiles_of_two(g):
        max_pool_of_two(X, Y, winner, g.CI * g.HO, g.n * g.WO)
        return
    n, WI, WO = merged(g)
    HI, HO, KH, KW, SH, SW, PH, PW = g.HI, g.HO, g.KH, g.KW, g.SH, g.SW, g.PH, g.PW
    width = n * WO
    for row in range(g.CI * HO):
        c, y = row // HO, row % HO
        span(Y, row * width, width)[:] = -np.inf
        span(winner, row * width, width)[:] = 0
        for ky in range(KH):
            source_row = y * SH + ky - PH
            if source_row < 0 or source_row >= HI:
                continue
            for kx in range(KW):
                tap = winner.dtype.type(ky * KW + kx)
                first, last = columns_inside(WI, WO, SW, kx - PW)
                for e in range(n):
                    source = span(X, ((c * HI + source_row) * n + e) * WI + first * SW + kx - PW, WI)
                    best = span(Y, row * width + e * WO + first, last - first)
                    place = span(winner, row * width + e * WO + first, last - first)
                    if SW == 2:  # a stride known to the compiler is a shuffle, an unknown one a gather
                        challenge(source, best, place, tap, last - first, 2)
                    else:
                        challenge(source, best, place, tap, last - first, SW)


@kernel
def max_pool_backward(dY, winner, dX, add, g):
    """dX = dY at the place that won and 0 elsewhere, or += where `add`."""
    if tiles_of_two(g):
        max_pool_of_two_backward(dY, winner, dX, add, g.CI * g.HO, g.n * g.WO)
        return
    if not add:
        dX[:] = 0
    n, WI, WO = merged(g)
    HI, HO, KH, KW, SH, SW, PH, PW = g.HI, g.HO, g.KH, g.KW, g.SH, g.SW, g.PH, g.PW
    width = n * WO
    for row in range(g.CI * HO):
        c, y = row // HO, row % HO
        for ky in range(KH):
            target_row = y * SH + ky - PH
            if target_row < 0 or target_row >= HI:
                continue
            for kx in range(KW):
                tap = winner.dtype.type(ky * KW + kx)
                first, last = columns_inside(WI, WO, SW, kx - PW)
                for e in range(n):
                    to = span(dX, ((c * HI + target_row) * n + e) * WI + first * SW + kx - PW, WI)
                    source = span(dY, row * width + e * WO + first, last - first)
                    place = span(winner, row * width + e * WO + first, last - first)
                    if SW == 2:
                        reward(to, source, place, tap, last - first, 2)
                    else:
                        reward(to, source, place, tap, last - first, SW)


@kernel
def average_pool(X, Y, g):
    """Y = the mean of each window, zeros of the padding counted."""
    n, WI, WO = merged(g)
    HI, HO, KH, KW, SH, SW, PH, PW = g.HI, g.HO, g.KH, g.KW, g.SH, g.SW, g.PH, g.PW
    width = n * WO
    share = Y.dtype.type(1.0 / (KH * KW))
    for row in range(g.CI * HO):
        c, y = row // HO, row % HO
        to = span(Y, row * width, width)
        to[:] = 0
        for ky in range(KH):
            source_row = y * SH + ky - PH
            if source_row < 0 or source_row >= HI:
                continue
            source = span(X, (c * HI + source_row) * n * WI, n * WI)
            for kx in range(KW):
                shift = kx - PW
                first, last = columns_inside(WI, WO, SW, shift)
                for e in range(n):
                    for x in range(first, last):
                        to[e * WO + x] += share * source[e * WI + x * SW + shift]


@kernel
def average_pool_backward(dY, dX, g):
    """dX += the share of each window's dY."""
    n, WI, WO = merged(g)
    HI, HO, KH, KW, SH, SW, PH, PW = g.HI, g.HO, g.KH, g.KW, g.SH, g.SW, g.PH, g.PW
    width = n * WO
    share = dX.dtype.type(1.0 / (KH * KW))
    for row in range(g.CI * HO):
        c, y = row // HO, row % HO
        source = span(dY, row * width, width)
        for ky in range(KH):
            target_row = y * SH + ky - PH
            if target_row < 0 or target_row >= HI:
                continue
            to = span(dX, (c * HI + target_row) * n * WI, n * WI)
            for kx in range(KW):
                shift = kx - PW
                first, last = columns_inside(WI, WO, SW, shift)
                for e in range(n):
                    for x in range(first, last):
                        to[e * WI + x * SW + shift] += share * source[e * WO + x]


@kernel
def flatten(X, Y, n, rows, W):
    """Y[(row, x), e] = X[row, e, x], `rows` counting the rows of all channels."""
    for row in range(rows):
        for x in range(W):
            for e in range(n):
                Y[(row * W + x) * n + e] = X[(row * n + e) * W + x]


@kernel
def flatten_backward(dY, dX, n, rows, W):
    """dX += dY, put back."""
    for row in range(rows):
        for e in range(n):
            for x in range(W):
                dX[(row * n + e) * W + x] += dY[(row * W + x) * n + e]


@row_kernel
def max_pool_row(row, n, store):
    Y = output_of(row, n, store)
    max_pool(input_of(row, n, store), Y, aux_of(row, Y.size, store), geometry_of(row, n))


@row_kernel
def max_pool_backward_row(row, n, store):
    dY, dX = output_gradient_of(row, n, store), input_gradient_of(row, n, store)
    if dX.size:
        max_pool_backward(dY, aux_of(row, dY.size, store), dX, row[op.ADD], geometry_of(row, n))


@row_kernel
def average_pool_row(row, n, store):
    average_pool(input_of(row, n, store), output_of(row, n, store), geometry_of(row, n))


@row_kernel
def average_pool_backward_row(row, n, store):
    dY, dX = output_gradient_of(row, n, store), begin_input_gradient(row, n, store)
    if dX.size:
        average_pool_backward(dY, dX, geometry_of(row, n))


@row_kernel
def flatten_row(row, n, store):
    flatten(input_of(row, n, store), output_of(row, n, store), n, row[op.CI] * row[op.HI], row[op.WI])


@row_kernel
def flatten_backward_row(row, n, store):
    dY, dX = output_gradient_of(row, n, store), begin_input_gradient(row, n, store)
    if dX.size:
        flatten_backward(dY, dX, n, row[op.CI] * row[op.HI], row[op.WI])
