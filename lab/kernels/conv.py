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

from lab.kernels._jit import kernel
from lab.kernels.dense import add_bias, sum_rows
from lab.kernels.memory import gemm, span

FAST = 1_000_000
"""Multiply-adds up to which OpenBLAS works on a product without packing it: twice as fast where m and k are small."""


@kernel
def stacked_rows(HO, KH, SH, DH):
    """Rows of S for one remainder of the vertical stride; S has SH times as many."""
    reach = (HO - 1) * SH + (KH - 1) * DH + 1
    return (reach + SH - 1) // SH


@kernel
def columns_inside(WI, WO, SW, shift):
    """First and one past the last output column whose input column, SW * column + shift, exists."""
    first = 0 if shift >= 0 else (-shift + SW - 1) // SW
    last = 0 if shift >= WI else (WI - 1 - shift) // SW + 1
    return min(first, WO), max(min(first, WO), min(last, WO))


@kernel
def stack(X, S, n, CI, HI, WI, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW):
    """S[(c, kx), r % SH, r // SH, e, x] = X[c, r - PH, e, SW x + DW kx - PW], 0 outside of X."""
    rows = stacked_rows(HO, KH, SH, DH)
    width = n * WO
    for c in range(CI):
        for kx in range(KW):
            shift = DW * kx - PW
            first, last = columns_inside(WI, WO, SW, shift)
            for r in range(SH * rows):
                y = (r % rows) * SH + r // rows - PH
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
def unstack(dS, dX, n, CI, HI, WI, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW):
    """dX += what `stack` copied, back to where it came from."""
    rows = stacked_rows(HO, KH, SH, DH)
    width = n * WO
    for c in range(CI):
        for kx in range(KW):
            shift = DW * kx - PW
            first, last = columns_inside(WI, WO, SW, shift)
            for r in range(SH * rows):
                y = (r % rows) * SH + r // rows - PH
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
def pack(W, P, CO, CI, KH, KW):
    """P[ky, o, c, kx] = W[o, c, ky, kx]: one matrix a vertical tap."""
    for o in range(CO):
        for c in range(CI):
            for ky in range(KH):
                for kx in range(KW):
                    P[((ky * CO + o) * CI + c) * KW + kx] = W[((o * CI + c) * KH + ky) * KW + kx]


@kernel
def unpack(dP, dW, CO, CI, KH, KW):
    """dW[o, c, ky, kx] += dP[ky, o, c, kx]"""
    for o in range(CO):
        for c in range(CI):
            for ky in range(KH):
                for kx in range(KW):
                    dW[((o * CI + c) * KH + ky) * KW + kx] += dP[((ky * CO + o) * CI + c) * KW + kx]


@kernel
def columns_at_once(m, k, n):
    """How many of n columns one product [m, k] [k, n] should have: all, or as many as BLAS does fastest."""
    most = FAST // (m * k) // 16 * 16
    return n if most < 128 else min(n, most)


@kernel
def products(S, P, Y, width, HO, CO, taps, extent, rows, KH, SH, DH):
    """Y += sum over ky of P[ky] S[ky ...]"""
    N = HO * width
    block = columns_at_once(CO, taps, N)
    for first in range(0, N, block):
        count = min(block, N - first)
        C = span(Y, first, CO * N - first)
        for ky in range(KH):
            start = tap_start(ky, rows, width, SH, DH) + first
            B = span(S, start, taps * extent - start)
            gemm(0, 0, CO, count, taps, span(P, ky * CO * taps, CO * taps), taps, B, extent, 1.0, C, N)


@kernel
def products_backward_weights(S, dY, dP, width, HO, CO, taps, extent, rows, KH, SH, DH):
    """dP[ky] = dY S[ky ...]^T"""
    N = HO * width
    block = columns_at_once(CO, taps, N)
    for first in range(0, N, block):
        count = min(block, N - first)
        A = span(dY, first, CO * N - first)
        for ky in range(KH):
            start = tap_start(ky, rows, width, SH, DH) + first
            B = span(S, start, taps * extent - start)
            C = span(dP, ky * CO * taps, CO * taps)
            gemm(0, 1, CO, taps, count, A, N, B, extent, 0.0 if first == 0 else 1.0, C, taps)


@kernel
def products_backward_input(dS, P, dY, width, HO, CO, taps, extent, rows, KH, SH, DH):
    """dS[ky ...] = sum over ky of P[ky]^T dY"""
    N = HO * width
    block = columns_at_once(CO, taps, N)
    dS[:] = 0
    for first in range(0, N, block):
        count = min(block, N - first)
        B = span(dY, first, CO * N - first)
        for ky in range(KH):
            start = tap_start(ky, rows, width, SH, DH) + first
            C = span(dS, start, taps * extent - start)
            gemm(1, 0, taps, count, CO, span(P, ky * CO * taps, CO * taps), taps, B, N, 1.0, C, extent)


@kernel
def tap_start(ky, rows, width, SH, DH):
    """Where in S the rows of vertical tap ky begin."""
    row = ky * DH
    return ((row % SH) * rows + row // SH) * width


@kernel
def conv2d(X, W, b, Y, scratch, n, CI, HI, WI, CO, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW):
    """Y[o] = b[o] + W[o] * X, the sliding dot product.

    X [CI, HI, n, WI], W [CO, CI, KH, KW], b [CO], Y [CO, HO, n, WO]; `scratch` holds S and the packed W.
    """
    rows, width, taps = stacked_rows(HO, KH, SH, DH), n * WO, CI * KW
    extent = SH * rows * width
    S, P = span(scratch, 0, taps * extent), span(scratch, taps * extent, CO * taps * KH)
    stack(X, S, n, CI, HI, WI, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW)
    pack(W, P, CO, CI, KH, KW)
    add_bias(Y, b, HO * width)
    products(S, P, Y, width, HO, CO, taps, extent, rows, KH, SH, DH)


@kernel
def conv2d_backward(X, W, dY, dW, db, dX, scratch, n, CI, HI, WI, CO, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW):
    """dW += dY S^T, db += the sums of dY, dX += W^T dY; dX of size 0 is not asked for.

    `scratch` holds S or dS, and the packed W or dW.
    """
    rows, width, taps = stacked_rows(HO, KH, SH, DH), n * WO, CI * KW
    extent = SH * rows * width
    S, P = span(scratch, 0, taps * extent), span(scratch, taps * extent, CO * taps * KH)
    stack(X, S, n, CI, HI, WI, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW)
    sum_rows(dY, db, HO * width)
    products_backward_weights(S, dY, P, width, HO, CO, taps, extent, rows, KH, SH, DH)
    unpack(P, dW, CO, CI, KH, KW)
    if dX.size:
        pack(W, P, CO, CI, KH, KW)
        products_backward_input(S, P, dY, width, HO, CO, taps, extent, rows, KH, SH, DH)
        unstack(S, dX, n, CI, HI, WI, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW)


@kernel
def transposed_conv2d(X, W, b, Y, scratch, n, CI, HI, WI, CO, HO, WO, KH, KW, SH, SW, PH, PW):
    """Y = b + the adjoint of a convolution from Y's shape to X's: each pixel of X stamps its filter onto Y.

    X [CI, HI, n, WI], W [CI, CO, KH, KW], b [CO], Y [CO, HO, n, WO] (Dumoulin and Visin, 2016, section 4).
    """
    rows, width, taps = stacked_rows(HI, KH, SH, 1), n * WI, CO * KW
    extent = SH * rows * width
    S, P = span(scratch, 0, taps * extent), span(scratch, taps * extent, CI * taps * KH)
    pack(W, P, CI, CO, KH, KW)
    products_backward_input(S, P, X, width, HI, CI, taps, extent, rows, KH, SH, 1)
    add_bias(Y, b, HO * n * WO)
    unstack(S, Y, n, CO, HO, WO, HI, WI, KH, KW, SH, SW, PH, PW, 1, 1)


@kernel
def transposed_conv2d_backward(
    X, W, dY, dW, db, dX, scratch, n, CI, HI, WI, CO, HO, WO, KH, KW, SH, SW, PH, PW
):
    """dW += X S(dY)^T, db += the sums of dY, dX += W * dY; dX of size 0 is not asked for."""
    rows, width, taps = stacked_rows(HI, KH, SH, 1), n * WI, CO * KW
    extent = SH * rows * width
    S, P = span(scratch, 0, taps * extent), span(scratch, taps * extent, CI * taps * KH)
    stack(dY, S, n, CO, HO, WO, HI, WI, KH, KW, SH, SW, PH, PW, 1, 1)
    sum_rows(dY, db, HO * n * WO)
    products_backward_weights(S, X, P, width, HI, CI, taps, extent, rows, KH, SH, 1)
    unpack(P, dW, CI, CO, KH, KW)
    if dX.size:
        pack(W, P, CI, CO, KH, KW)
        products(S, P, dX, width, HI, CI, taps, extent, rows, KH, SH, 1)


def scratch_size(CI: int, CO: int, HO: int, WO: int, KH: int, KW: int, SH: int, DH: int) -> tuple[int, int]:
    """Numbers of scratch that conv2d needs: per example, and besides.

    A transposed convolution needs those of the convolution that it is the adjoint of.
    """
    reach = (HO - 1) * SH + (KH - 1) * DH + 1
    rows = -(-reach // SH)
    return CI * KW * SH * rows * WO, CO * CI * KW * KH
