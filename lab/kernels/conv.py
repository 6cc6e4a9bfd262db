"""Convolution by tiles of shifted rows, without im2col.

Images lie as [channel, row, example, column]. lab.kernels.stacking lays the input out as S, in which each term of

    Y[o, x] = b[o] + sum over terms t = (channel, ky, kx) of W[o, t] S[t, x]

is a contiguous row at an offset, over all examples and output rows at once and with nothing computed in vain:
lab.kernels.tiles adds them up.

Backwards, the weights' gradient is the same sum along x, and the input's gradient, where the stride is 1, is the
convolution of dY with the filters turned round, or else the exact adjoint, by `unstack`, of what the forward pass
did.
"""

from __future__ import annotations

import numpy as np

from lab.kernels import opcodes as op
from lab.kernels._jit import kernel
from lab.kernels.dense import sum_rows
from lab.kernels.memory import span, whole_numbers
from lab.kernels.operation import (
    input_gradient_of,
    input_of,
    output_gradient_of,
    output_of,
    parameter_of,
    part_of_output,
    row_kernel,
    scratch_of,
)
from lab.kernels.stacking import (
    Geometry,
    adjoint_of,
    at_once,
    copies_nothing,
    geometry_of,
    is_wide,
    laid,
    part_of,
    place_of,
    plane_of,
    stack_on,
    stacked_size,
    turned,
    unstack,
    write_places,
    write_terms,
)
from lab.kernels.tiles import (
    ADD,
    BIAS,
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

ALONG = 1024
"""Columns that `inner` adds up at a time: ten rows of them lie in a core's first-level cache."""
TILE = np.array(VECTORS)


@kernel
def correlate(X, W, stride, each, flipped, Y, begin, b, terms, S, g, groups, top, end):
    """Rows top to end - 1 of Y[o] = begin + W[o] * X, group by group. `begin`: ZERO, BIAS (b), ADD.

    The weights of an output map lie `stride` after those of the one before, those of a channel `each`.
    """
    CI, CO, width, taps = g.CI // groups, g.CO // groups, g.n * g.WO, g.KH * g.KW
    count, per_group = CI * taps, CI * CO * taps
    whole = copies_nothing(g)
    wide = not whole and is_wide(g)
    s = laid(g, wide)
    block = max(end - top, 1) if whole else at_once(s, 0)
    row_blocks = (CO + ROWS - 1) // ROWS
    step = TILE[(CO + row_blocks - 1) // row_blocks] * (WIDTH // Y.itemsize)
    for y in range(top, end, block):
        h = part_of(s, y, min(block, end - y))
        if not whole:
            stack_on(X, S, s, y, end, block, y > top)
        source = span(X, y * width, 1) if whole else S
        frame = part_of(s, 0, g.HO) if whole else h  # X itself has all its rows
        write_terms(terms, CI, taps, flipped, each, frame, wide)
        # a stretch of columns is contiguous both in S and in Y: all of them, or those of one row and example
        stretches, length = (h.HO * g.n, g.WO) if wide else (1, h.HO * width)
        for group in range(groups):
            for stretch in range(stretches):
                B = span(source, group * CI * plane_of(frame) + stretch * h.WO, SLACK)
                C = span(Y, (group * CO * g.HO + y) * width + stretch * g.WO, 1)
                for x in range(0, length, step):
                    o = 0
                    for at in range(row_blocks):
                        rows = (CO - o + row_blocks - at - 1) // (row_blocks - at)
                        outer(
                            rows, span(W, group * per_group + o * stride, 1), stride, span(B, x, SLACK), terms, count,
                            span(C, o * g.HO * width + x, 1), g.HO * width, min(step, length - x),
                            begin, span(b, group * CO + o if b.size else 0, 1),
                        )  # fmt: skip
                        o += rows


@kernel
def spread(dY, D, y, g, h):
    """D[o, r, e, x] = dY[o, y + r, e, x], with zeros behind each row of an example, as long as those of S."""
    for row in range(g.CO * h.HO):
        o, r = row // h.HO, row % h.HO
        for e in range(g.n):
            source = span(dY, ((o * g.HO + y + r) * g.n + e) * g.WO, g.WO)
            to = span(D, (row * g.n + e) * h.WO, h.WO)
            for x in range(g.WO):
                to[x] = source[x]
            for x in range(g.WO, h.WO):
                to[x] = 0


@kernel
def gather_weights(X, dY, dW, places, S, g, groups):
    """dW[o, t] += sum over x of dY[o, x] S[t, x], group by group.

    Where S is wide, dY is spread as far, so that columns are one stretch all the same; if that is less to copy.
    """
    CI, CO, taps = g.CI // groups, g.CO // groups, g.KH * g.KW
    count = CI * taps
    whole = copies_nothing(g)
    wide = not whole and is_wide(g) and g.CI + g.CO < g.CI * g.KW
    s = laid(g, wide)
    beside = g.CO if wide else 0
    block = g.HO if whole else at_once(s, beside)
    D = span(S, g.CI * plane_of(part_of(s, 0, block)) if wide else 0, beside * block * s.n * s.WO)
    for y in range(0, g.HO, block):
        h = part_of(s, y, min(block, g.HO - y))
        if not whole:
            stack_on(X, S, s, y, g.HO, block, y > 0)
        if wide:
            spread(dY, D, y, g, h)
        source, channel = X if whole else S, plane_of(h)
        write_places(places, CI, taps, h, wide)
        # what lies behind the last row of the last example is no column: S ends there
        N = h.HO * h.n * h.WO - (h.WO - g.WO)
        each = h.HO * h.n * h.WO if wide else g.HO * h.n * g.WO
        for group in range(groups):
            A = span(D if wide else dY, group * CO * each + (0 if wide else y * h.n * g.WO), 1)
            for x in range(0, N, ALONG):
                B = span(source, group * CI * channel + x, 1)
                for t in range(0, count, INNER_TERMS):
                    for o in range(0, CO, INNER_ROWS):
                        inner(
                            min(INNER_ROWS, CO - o), span(A, o * each + x, 1), each,
                            B, span(places, t, 1), min(INNER_TERMS, count - t), min(ALONG, N - x),
                            span(dW, (group * CO + o) * count + t, 1), count,
                        )  # fmt: skip


@kernel
def scatter(dY, W, dX, terms, dS, g, groups):
    """dX += W^T dY, group by group: the exact adjoint of `correlate`, for any stride."""
    CI, CO, width, taps = g.CI // groups, g.CO // groups, g.n * g.WO, g.KH * g.KW
    block = at_once(g, 0)
    rows = min(ROWS, g.KW)
    step = TILE[rows] * (WIDTH // dX.itemsize)
    for o in range(CO):
        terms[2 * o], terms[2 * o + 1] = o * CI * taps, o * g.HO * width
    for y in range(0, g.HO, block):
        h = part_of(g, y, min(block, g.HO - y))
        channel = plane_of(h)
        begin = ZERO
        if g.KH != g.SH or g.DH != 1:  # rows of dS that several taps, or none, have a share in
            begin = ADD
            span(dS, 0, g.CI * channel)[:] = 0
        N = h.HO * width
        for c in range(g.CI):
            group = c // CI
            B = span(dY, (group * CO * g.HO + y) * width, SLACK)
            for ky in range(g.KH):
                for kx in range(0, g.KW, rows):
                    A = span(W, (group * CO * CI + c % CI) * taps + ky * g.KW + kx, 1)
                    C = span(dS, place_of(c, ky, kx, h, False), 1)
                    for x in range(0, N, step):
                        outer(
                            min(rows, g.KW - kx), A, 1, span(B, x, SLACK), terms, CO, span(C, x, 1),
                            channel // h.KW, min(step, N - x), begin, span(dX, 0, 0),
                        )  # fmt: skip
        unstack(dS, dX, h)


@kernel
def expand(W, dense, links, CI, taps):
    """dense[o, c] = W of the link between filter o and channel c, 0 where there is none."""
    dense[:] = 0
    for link in range(links.size // 2):
        to, source = (
            span(dense, (links[2 * link] * CI + links[2 * link + 1]) * taps, taps),
            span(W, link * taps, taps),
        )
        for t in range(taps):
            to[t] = source[t]


@kernel
def contract(dense, dW, links, CI, taps):
    """dW of each link += its part of `dense`."""
    for link in range(links.size // 2):
        to, source = (
            span(dW, link * taps, taps),
            span(dense, (links[2 * link] * CI + links[2 * link + 1]) * taps, taps),
        )
        for t in range(taps):
            to[t] += source[t]


@kernel
def divided(scratch, g, groups, links):
    """What scratch is for: terms, the weights with all their zeros where links say so, S."""
    terms = 2 * max(g.CI, g.CO) // groups * g.KH * g.KW
    dense = g.CO * g.CI * g.KH * g.KW if links.size else 0
    first = 2 * terms  # of 8 bytes, where a number has 4, or has 8 too
    rest = scratch.size - first - dense
    return whole_numbers(scratch, 0, terms), span(scratch, first, dense), span(scratch, first + dense, rest)


@kernel
def conv2d(X, W, b, Y, scratch, g, groups, links, top, end):
    """Rows top to end - 1 of Y[o] = b[o] + W[o] * X, the sliding dot product.

    X [CI, HI, n, WI], W [CO, CI / groups, KH, KW] or, with links, [connections, KH, KW], b [CO] or of size 0,
    Y [CO, HO, n, WO]. With groups the channels and the filters are divided into so many, and each filter sees the
    channels of its own group (Krizhevsky et al., 2012). `links`, [connections, 2] flat, are the pairs (filter,
    channel) that are connected, where not all are (LeCun et al., 1998, table I).
    """
    terms, dense, S = divided(scratch, g, groups, links)
    taps, CI = g.KH * g.KW, g.CI // groups
    if links.size:
        expand(W, dense, links, CI, taps)
    begin = BIAS if b.size else ZERO
    correlate(
        X, dense if links.size else W, CI * taps, taps, False, Y, begin, b, terms, S, g, groups, top, end
    )


@kernel
def conv2d_backward(X, W, dY, dW, db, dX, add, scratch, g, groups, links):
    """dW += dY S^T, db += the sums of dY, dX = W^T dY, or += where `add`; dX of size 0 is not asked for."""
    terms, dense, S = divided(scratch, g, groups, links)
    taps, CI = g.KH * g.KW, g.CI // groups
    sum_rows(dY, db, g.HO * g.n * g.WO)
    if links.size:
        dense[:] = 0
        gather_weights(X, dY, dense, terms, S, g, groups)
        contract(dense, dW, links, CI, taps)
        if dX.size:
            expand(W, dense, links, CI, taps)
    else:
        gather_weights(X, dY, dW, terms, S, g, groups)
    if dX.size:
        weights = dense if links.size else W
        if g.SH == 1 and g.SW == 1 and g.HI * g.WI <= 1.5 * g.HO * g.WO:
            begin = ADD if add else ZERO
            correlate(dY, weights, taps, CI * taps, True, dX, begin, db, terms, S, turned(g), groups, 0, g.HI)
        else:
            if not add:
                dX[:] = 0
            scatter(dY, weights, dX, terms, S, g, groups)


@kernel
def transposed_conv2d(X, W, b, Y, scratch, g, links):
    """Y = b + the adjoint of a convolution from Y's shape to X's: each pixel of X stamps its filter onto Y.

    X [CI, HI, n, WI], W [CI, CO, KH, KW], b [CO] or of size 0, Y [CO, HO, n, WO] (Dumoulin and Visin, 2016,
    section 4).
    """
    terms, _, S = divided(scratch, adjoint_of(g), 1, links)
    size = g.HO * g.n * g.WO
    for o in range(g.CO):
        span(Y, o * size, size)[:] = b[o] if b.size else 0
    scatter(X, W, Y, terms, S, adjoint_of(g), 1)


@kernel
def transposed_conv2d_backward(X, W, dY, dW, db, dX, add, scratch, g, links):
    """dW += X S(dY)^T, db += the sums of dY, dX = W * dY, or += where `add`; dX of size 0 is not asked for."""
    h = adjoint_of(g)
    terms, _, S = divided(scratch, h, 1, links)
    sum_rows(dY, db, g.HO * g.n * g.WO)
    gather_weights(dY, X, dW, terms, S, h, 1)
    if dX.size:
        taps = h.KH * h.KW
        correlate(dY, W, h.CI * taps, taps, False, dX, ADD if add else ZERO, db, terms, S, h, 1, 0, h.HO)


def scratch_size(g: Geometry, groups: int = 1, links: int = 0) -> int:
    """Numbers of scratch that a convolution of this geometry needs, for up to g.n examples.

    A transposed convolution needs those of the convolution that it is the adjoint of.
    """
    needed = stacked_size(g)
    if g.SH == 1 and g.SW == 1:
        back = Geometry(g.n, g.CO, g.HO, g.WO, g.CI, g.HI, g.WI, g.KH, g.KW, DH=g.DH, DW=g.DW)  # see `turned`
        needed = max(needed, stacked_size(back))
    terms = 4 * (max(g.CI, g.CO) // groups) * g.KH * g.KW
    dense = g.CO * g.CI * g.KH * g.KW if links else 0
    return terms + dense + needed + SLACK


@kernel
def links_of(row, store):
    """The connected pairs (filter, channel), flat; of size 0 where all are connected."""
    return span(store.lists, row[op.LIST], row[op.LENGTH])


@kernel
def weights_of(row, params):
    """W, flat."""
    each = row[op.KH] * row[op.KW]
    count = row[op.LENGTH] // 2 if row[op.LENGTH] else row[op.CO] * (row[op.CI] // row[op.GROUPS])
    return parameter_of(row, op.W, count * each, params)


@row_kernel
def conv2d_row(row, n, store):
    W, b = weights_of(row, store.params), parameter_of(row, op.B, row[op.CO], store.params)
    X, Y, scratch = input_of(row, n, store), output_of(row, n, store), scratch_of(row, store)
    top, end = part_of_output(row[op.HO], store)
    conv2d(X, W, b, Y, scratch, geometry_of(row, n), row[op.GROUPS], links_of(row, store), top, end)


@row_kernel
def conv2d_backward_row(row, n, store):
    W, dW = weights_of(row, store.params), weights_of(row, store.grads)
    db = parameter_of(row, op.B, row[op.CO], store.grads)
    X, dY, dX = input_of(row, n, store), output_gradient_of(row, n, store), input_gradient_of(row, n, store)
    g, links = geometry_of(row, n), links_of(row, store)
    conv2d_backward(X, W, dY, dW, db, dX, row[op.ADD], scratch_of(row, store), g, row[op.GROUPS], links)


@row_kernel
def transposed_conv2d_row(row, n, store):
    W, b = weights_of(row, store.params), parameter_of(row, op.B, row[op.CO], store.params)
    X, Y, scratch = input_of(row, n, store), output_of(row, n, store), scratch_of(row, store)
    transposed_conv2d(X, W, b, Y, scratch, geometry_of(row, n), links_of(row, store))


@row_kernel
def transposed_conv2d_backward_row(row, n, store):
    W, dW = weights_of(row, store.params), weights_of(row, store.grads)
    db = parameter_of(row, op.B, row[op.CO], store.grads)
    X, dY, dX = input_of(row, n, store), output_gradient_of(row, n, store), input_gradient_of(row, n, store)
    g, links = geometry_of(row, n), links_of(row, store)
    transposed_conv2d_backward(X, W, dY, dW, db, dX, row[op.ADD], scratch_of(row, store), g, links)
