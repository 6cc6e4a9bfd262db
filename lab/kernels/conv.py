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
def conv2d(X, W, b, Y, scratch, n, CI, HI, WI, CO, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW):
    """Y[o] = b[o] + W[o] * X, the sliding dot product.

    X [CI, HI, n, WI], W [CO, CI, KH, KW], b [CO], Y [CO, HO, n, WO]; `scratch` holds S and the packed W.
    """
    rows = stacked_rows(HO, KH, SH, DH)
    width = n * WO
    taps = CI * KW
    extent = SH * rows * width
    S = span(scratch, 0, taps * extent)
    P = span(scratch, taps * extent, CO * taps * KH)
    stack(X, S, n, CI, HI, WI, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW)
    pack(W, P, CO, CI, KH, KW)
    add_bias(Y, b, HO * width)
    for ky in range(KH):
        row = ky * DH
        A = span(P, ky * CO * taps, CO * taps)
        start = ((row % SH) * rows + row // SH) * width
        B = span(S, start, taps * extent - start)
        gemm(0, 0, CO, HO * width, taps, A, taps, B, extent, 1.0, Y, HO * width)


@kernel
def conv2d_backward(X, W, dY, dW, db, dX, scratch, n, CI, HI, WI, CO, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW):
    """dW += dY S^T, db += the sums of dY, dX += W^T dY; dX of size 0 is not asked for.

    `scratch` holds S, dS, the packed W and the packed dW.
    """
    rows = stacked_rows(HO, KH, SH, DH)
    width = n * WO
    taps = CI * KW
    extent = SH * rows * width
    S = span(scratch, 0, taps * extent)
    P = span(scratch, taps * extent, CO * taps * KH)
    stack(X, S, n, CI, HI, WI, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW)
    sum_rows(dY, db, HO * width)
    for ky in range(KH):
        row = ky * DH
        start = ((row % SH) * rows + row // SH) * width
        B = span(S, start, taps * extent - start)
        gemm(
            0,
            1,
            CO,
            taps,
            HO * width,
            dY,
            HO * width,
            B,
            extent,
            0.0,
            span(P, ky * CO * taps, CO * taps),
            taps,
        )
    unpack(P, dW, CO, CI, KH, KW)
    if dX.size == 0:
        return
    dS = S  # S has been used up
    dS[:] = 0
    pack(W, P, CO, CI, KH, KW)
    for ky in range(KH):
        row = ky * DH
        start = ((row % SH) * rows + row // SH) * width
        B = span(dS, start, taps * extent - start)
        A = span(P, ky * CO * taps, CO * taps)
        gemm(1, 0, taps, HO * width, CO, A, taps, dY, HO * width, 1.0, B, extent)
    unstack(dS, dX, n, CI, HI, WI, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW)


def scratch_size(CI: int, CO: int, HO: int, WO: int, KH: int, KW: int, SH: int, DH: int) -> tuple[int, int]:
    """Numbers of scratch that conv2d needs: per example, and besides."""
    reach = (HO - 1) * SH + (KH - 1) * DH + 1
    rows = -(-reach // SH)
    return CI * KW * SH * rows * WO, CO * CI * KW * KH
