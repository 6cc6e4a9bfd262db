"""Convolution by shifted matrix products, without im2col.

Images lie as [channel, row, example, column]. `stack` copies each input row once per horizontal filter tap, as
wide as an output row: S[(channel, horizontal tap), row, example, output column]. In S the input that belongs to
one *vertical* tap is S again from a later row on, so the convolution is one matrix product a vertical tap on a
shifted pointer, over all examples and output rows at once and with nothing computed in vain:

    Y[o, :] = b[o] + sum over ky of W[o, (channel, kx), ky] S[(channel, kx), ky ...]

im2col would copy each number kernel-height times more. With a vertical stride s the rows of S lie sorted by
their remainder modulo s, so that every s-th row is contiguous; horizontal stride, dilation and padding are the
copy's business. The backward pass is the same run in reverse: `unstack` is the exact adjoint of `stack`.
"""

from __future__ import annotations

from typing import NamedTuple

from lab.kernels import opcodes as op
from lab.kernels._jit import inlined, kernel
from lab.kernels.dense import add_bias, sum_rows
from lab.kernels.memory import gemm, span
from lab.kernels.operation import (
    begin_input_gradient,
    input_of,
    output_gradient_of,
    output_of,
    parameter_of,
    row_kernel,
    scratch_of,
)

FAST = 1_000_000
"""Multiply-adds up to which OpenBLAS works on a product without packing it: twice as fast where m and k are small."""


class Geometry(NamedTuple):
    """The window's way over the image: n examples, input and output [C, H, W], kernel, stride, padding, dilation.

    Padding counts the rows above and the columns to the left; what lies beyond the image's other ends follows
    from the output's size.
    """

    n: int
    CI: int
    HI: int
    WI: int
    CO: int
    HO: int
    WO: int
    KH: int
    KW: int
    SH: int = 1
    SW: int = 1
    PH: int = 0
    PW: int = 0
    DH: int = 1
    DW: int = 1


@inlined
def geometry_of(row, n):
    """The geometry that a row's columns tell."""
    return Geometry(
        n, row[op.CI], row[op.HI], row[op.WI], row[op.CO], row[op.HO], row[op.WO], row[op.KH], row[op.KW],
        row[op.SH], row[op.SW], row[op.PH], row[op.PW], row[op.DH], row[op.DW],
    )  # fmt: skip


@inlined
def adjoint_of(g):
    """The geometry of the convolution that a transposed convolution is the adjoint of: from its output to its input."""
    return Geometry(g.n, g.CO, g.HO, g.WO, g.CI, g.HI, g.WI, g.KH, g.KW, g.SH, g.SW, g.PH, g.PW, g.DH, g.DW)


@kernel
def stacked_rows(g):
    """Rows of S for one remainder of the vertical stride; S has SH times as many."""
    reach = (g.HO - 1) * g.SH + (g.KH - 1) * g.DH + 1
    return (reach + g.SH - 1) // g.SH


@kernel
def columns_inside(WI, WO, SW, shift):
    """First and one past the last output column whose input column, SW * column + shift, exists."""
    first = 0 if shift >= 0 else (-shift + SW - 1) // SW
    last = 0 if shift >= WI else (WI - 1 - shift) // SW + 1
    return min(first, WO), max(min(first, WO), min(last, WO))


@kernel
def stack(X, S, g):
    """S[(c, kx), r % SH, r // SH, e, x] = X[c, r - PH, e, SW x + DW kx - PW], 0 outside of X."""
    n, CI, HI, WI, WO, KW, SH, SW = g.n, g.CI, g.HI, g.WI, g.WO, g.KW, g.SH, g.SW
    rows = stacked_rows(g)
    width = n * WO
    for c in range(CI):
        for kx in range(KW):
            shift = g.DW * kx - g.PW
            first, last = columns_inside(WI, WO, SW, shift)
            for r in range(SH * rows):
                y = (r % rows) * SH + r // rows - g.PH
                to = span(S, ((c * KW + kx) * SH * rows + r) * width, width)
                if y < 0 or y >= HI:
                    to[:] = 0
                    continue
                source = span(X, (c * HI + y) * n * WI, n * WI)
                if SW == 1:
                    for e in range(n):
                        here = span(to, e * WO, WO)
                        for x in range(first):
                            here[x] = 0
                        there = span(source, e * WI + first + shift, last - first)
                        inside = span(here, first, last - first)
                        for x in range(last - first):
                            inside[x] = there[x]
                        for x in range(last, WO):
                            here[x] = 0
                else:
                    for e in range(n):
                        for x in range(first):
                            to[e * WO + x] = 0
                        for x in range(first, last):
                            to[e * WO + x] = source[e * WI + x * SW + shift]
                        for x in range(last, WO):
                            to[e * WO + x] = 0


@kernel
def unstack(dS, dX, g):
    """dX += what `stack` copied, back to where it came from."""
    n, CI, HI, WI, WO, KW, SH, SW = g.n, g.CI, g.HI, g.WI, g.WO, g.KW, g.SH, g.SW
    rows = stacked_rows(g)
    width = n * WO
    for c in range(CI):
        for kx in range(KW):
            shift = g.DW * kx - g.PW
            first, last = columns_inside(WI, WO, SW, shift)
            for r in range(SH * rows):
                y = (r % rows) * SH + r // rows - g.PH
                if y < 0 or y >= HI:
                    continue
                source = span(dS, ((c * KW + kx) * SH * rows + r) * width, width)
                to = span(dX, (c * HI + y) * n * WI, n * WI)
                if SW == 1:
                    for e in range(n):
                        there = span(source, e * WO + first, last - first)
                        inside = span(to, e * WI + first + shift, last - first)
                        for x in range(last - first):
                            inside[x] += there[x]
                else:
                    for e in range(n):
                        for x in range(first, last):
                            to[e * WI + x * SW + shift] += source[e * WO + x]


@kernel
def pack(W, P, links, CO, CI, KH, KW):
    """P[ky, o, c, kx] = W[o, c, ky, kx]: one matrix a vertical tap.

    `links`, [connections, 2] flat, are the pairs (filter o, channel c) that are connected, where not all are: W
    is then [connections, ky, kx], and what is not connected is 0 in P.
    """
    if links.size:
        P[:] = 0
    for link in range(links.size // 2 if links.size else CO * CI):
        o, c = (links[2 * link], links[2 * link + 1]) if links.size else (link // CI, link % CI)
        for ky in range(KH):
            to, source = span(P, ((ky * CO + o) * CI + c) * KW, KW), span(W, (link * KH + ky) * KW, KW)
            for kx in range(KW):
                to[kx] = source[kx]


@kernel
def unpack(dP, dW, links, CO, CI, KH, KW):
    """dW[o, c, ky, kx] += dP[ky, o, c, kx], for those that are connected."""
    for link in range(links.size // 2 if links.size else CO * CI):
        o, c = (links[2 * link], links[2 * link + 1]) if links.size else (link // CI, link % CI)
        for ky in range(KH):
            to, source = span(dW, (link * KH + ky) * KW, KW), span(dP, ((ky * CO + o) * CI + c) * KW, KW)
            for kx in range(KW):
                to[kx] += source[kx]


@kernel
def columns_at_once(m, k, n):
    """How many of n columns one product [m, k] [k, n] should have: all, or as many as BLAS does fastest."""
    most = FAST // (m * k) // 16 * 16
    return n if most < 128 else min(n, most)


@kernel
def tap_start(ky, rows, width, g):
    """Where in S the rows of vertical tap ky begin."""
    row = ky * g.DH
    return ((row % g.SH) * rows + row // g.SH) * width


@kernel
def products(S, P, Y, g, groups):
    """Y += sum over ky of P[ky] S[ky ...], group by group"""
    rows, width, N = stacked_rows(g), g.n * g.WO, g.HO * g.n * g.WO
    extent, taps, CO = g.SH * rows * width, g.CI // groups * g.KW, g.CO // groups
    block = columns_at_once(CO, taps, N)
    for group in range(groups):
        for first in range(0, N, block):
            count = min(block, N - first)
            C = span(Y, group * CO * N + first, CO * N - first)
            for ky in range(g.KH):
                start = tap_start(ky, rows, width, g) + first
                A = span(P, (ky * g.CO + group * CO) * taps, CO * taps)
                B = span(S, group * taps * extent + start, taps * extent - start)
                gemm(0, 0, CO, count, taps, A, taps, B, extent, 1.0, C, N)


@kernel
def products_backward_weights(S, dY, dP, g, groups):
    """dP[ky] = dY S[ky ...]^T, group by group"""
    rows, width, N = stacked_rows(g), g.n * g.WO, g.HO * g.n * g.WO
    extent, taps, CO = g.SH * rows * width, g.CI // groups * g.KW, g.CO // groups
    block = columns_at_once(CO, taps, N)
    for group in range(groups):
        for first in range(0, N, block):
            count = min(block, N - first)
            A = span(dY, group * CO * N + first, CO * N - first)
            for ky in range(g.KH):
                start = tap_start(ky, rows, width, g) + first
                B = span(S, group * taps * extent + start, taps * extent - start)
                C = span(dP, (ky * g.CO + group * CO) * taps, CO * taps)
                gemm(0, 1, CO, taps, count, A, N, B, extent, 0.0 if first == 0 else 1.0, C, taps)


@kernel
def products_backward_input(dS, P, dY, g, groups):
    """dS[ky ...] = sum over ky of P[ky]^T dY, group by group"""
    rows, width, N = stacked_rows(g), g.n * g.WO, g.HO * g.n * g.WO
    extent, taps, CO = g.SH * rows * width, g.CI // groups * g.KW, g.CO // groups
    block = columns_at_once(CO, taps, N)
    dS[:] = 0
    for group in range(groups):
        for first in range(0, N, block):
            count = min(block, N - first)
            B = span(dY, group * CO * N + first, CO * N - first)
            for ky in range(g.KH):
                start = tap_start(ky, rows, width, g) + first
                A = span(P, (ky * g.CO + group * CO) * taps, CO * taps)
                C = span(dS, group * taps * extent + start, taps * extent - start)
                gemm(1, 0, taps, count, CO, A, taps, B, N, 1.0, C, extent)


@inlined
def divided(scratch, g, groups):
    """S, and P or dP, in scratch."""
    size = g.CI * g.KW * g.SH * stacked_rows(g) * g.n * g.WO
    return span(scratch, 0, size), span(scratch, size, g.CO * (g.CI // groups) * g.KW * g.KH)


@kernel
def conv2d(X, W, b, Y, scratch, g, groups, links):
    """Y[o] = b[o] + W[o] * X, the sliding dot product.

    X [CI, HI, n, WI], W [CO, CI / groups, KH, KW] or, with links, [connections, KH, KW], b [CO] or of size 0,
    Y [CO, HO, n, WO]; `scratch` holds S and the packed W. With groups the channels and the filters are divided
    into so many, and each filter sees the channels of its own group (Krizhevsky et al., 2012).
    """
    S, P = divided(scratch, g, groups)
    stack(X, S, g)
    pack(W, P, links, g.CO, g.CI // groups, g.KH, g.KW)
    begin_with_bias(Y, b, g.HO * g.n * g.WO)
    products(S, P, Y, g, groups)


@kernel
def begin_with_bias(Y, b, n):
    """Y = b, or 0 where there is none."""
    if b.size:
        add_bias(Y, b, n)
    else:
        Y[:] = 0


@kernel
def conv2d_backward(X, W, dY, dW, db, dX, scratch, g, groups, links):
    """dW += dY S^T, db += the sums of dY, dX += W^T dY; dX of size 0 is not asked for.

    `scratch` holds S or dS, and the packed W or dW.
    """
    S, P = divided(scratch, g, groups)
    stack(X, S, g)
    sum_rows(dY, db, g.HO * g.n * g.WO)
    products_backward_weights(S, dY, P, g, groups)
    unpack(P, dW, links, g.CO, g.CI // groups, g.KH, g.KW)
    if dX.size:
        pack(W, P, links, g.CO, g.CI // groups, g.KH, g.KW)
        products_backward_input(S, P, dY, g, groups)
        unstack(S, dX, g)


@kernel
def transposed_conv2d(X, W, b, Y, scratch, g, links):
    """Y = b + the adjoint of a convolution from Y's shape to X's: each pixel of X stamps its filter onto Y.

    X [CI, HI, n, WI], W [CI, CO, KH, KW], b [CO], Y [CO, HO, n, WO] (Dumoulin and Visin, 2016, section 4).
    """
    h = adjoint_of(g)
    S, P = divided(scratch, h, 1)
    pack(W, P, links, h.CO, h.CI, h.KH, h.KW)
    products_backward_input(S, P, X, h, 1)
    begin_with_bias(Y, b, g.HO * g.n * g.WO)
    unstack(S, Y, h)


@kernel
def transposed_conv2d_backward(X, W, dY, dW, db, dX, scratch, g, links):
    """dW += X S(dY)^T, db += the sums of dY, dX += W * dY; dX of size 0 is not asked for."""
    h = adjoint_of(g)
    S, P = divided(scratch, h, 1)
    stack(dY, S, h)
    sum_rows(dY, db, g.HO * g.n * g.WO)
    products_backward_weights(S, X, P, h, 1)
    unpack(P, dW, links, h.CO, h.CI, h.KH, h.KW)
    if dX.size:
        pack(W, P, links, h.CO, h.CI, h.KH, h.KW)
        products(S, P, dX, h, 1)


def scratch_size(CI: int, CO: int, HO: int, WO: int, KH: int, KW: int, SH: int, DH: int) -> tuple[int, int]:
    """Numbers of scratch that conv2d needs: per example, and besides.

    A transposed convolution needs those of the convolution that it is the adjoint of.
    """
    reach = (HO - 1) * SH + (KH - 1) * DH + 1
    rows = -(-reach // SH)
    return CI * KW * SH * rows * WO, CO * CI * KW * KH


@inlined
def links_of(row, store):
    """The connected pairs (filter, channel), flat; of size 0 where all are connected."""
    return span(store.lists, row[op.LIST], row[op.LENGTH])


@inlined
def weights_of(row, params):
    """W, flat."""
    each = row[op.KH] * row[op.KW]
    count = row[op.LENGTH] // 2 if row[op.LENGTH] else row[op.CO] * (row[op.CI] // row[op.GROUPS])
    return parameter_of(row, op.W, count * each, params)


@inlined
def conv_scratch_of(row, g, store):
    """For S and P."""
    size = g.CI * g.KW * g.SH * stacked_rows(g) * g.n * g.WO + g.CO * g.CI * g.KW * g.KH
    return scratch_of(row, size, store)


@row_kernel
def conv2d_row(row, n, store):
    g = geometry_of(row, n)
    W, b = weights_of(row, store.params), parameter_of(row, op.B, row[op.CO], store.params)
    X, Y, scratch = input_of(row, n, store), output_of(row, n, store), conv_scratch_of(row, g, store)
    conv2d(X, W, b, Y, scratch, g, row[op.GROUPS], links_of(row, store))


@row_kernel
def conv2d_backward_row(row, n, store):
    g = geometry_of(row, n)
    W, dW = weights_of(row, store.params), weights_of(row, store.grads)
    db = parameter_of(row, op.B, row[op.CO], store.grads)
    X, dY, dX = (
        input_of(row, n, store),
        output_gradient_of(row, n, store),
        begin_input_gradient(row, n, store),
    )
    scratch = conv_scratch_of(row, g, store)
    conv2d_backward(X, W, dY, dW, db, dX, scratch, g, row[op.GROUPS], links_of(row, store))


@row_kernel
def transposed_conv2d_row(row, n, store):
    g = geometry_of(row, n)
    W, b = weights_of(row, store.params), parameter_of(row, op.B, row[op.CO], store.params)
    X, Y, scratch = (
        input_of(row, n, store),
        output_of(row, n, store),
        conv_scratch_of(row, adjoint_of(g), store),
    )
    transposed_conv2d(X, W, b, Y, scratch, g, links_of(row, store))


@row_kernel
def transposed_conv2d_backward_row(row, n, store):
    g = geometry_of(row, n)
    W, dW = weights_of(row, store.params), weights_of(row, store.grads)
    db = parameter_of(row, op.B, row[op.CO], store.grads)
    X, dY, dX = (
        input_of(row, n, store),
        output_gradient_of(row, n, store),
        begin_input_gradient(row, n, store),
    )
    scratch = conv_scratch_of(row, adjoint_of(g), store)
    transposed_conv2d_backward(X, W, dY, dW, db, dX, scratch, g, links_of(row, store))
