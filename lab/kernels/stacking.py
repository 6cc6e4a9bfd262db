"""The input of a convolution, laid out so that each term of its sum is one contiguous row.

`stack` copies each input row once per horizontal filter tap, as wide as an output row: S[(channel, horizontal tap),
row, example, output column]. In S the input that belongs to one *vertical* tap is S again from a later row on. Where
output rows are long, S is *wide*: each input row stands there once, with its padding, and a horizontal tap is S from a
later column on. im2col would copy each number kernel-height times more. With a vertical stride s the rows of S lie
sorted by their remainder modulo s, so that every s-th row is contiguous; horizontal stride, dilation and padding are
the copy's business. As many output rows are laid out at a time as keep S in a core's own cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lab.kernels import opcodes as op
from lab.kernels._jit import inlined, kernel
from lab.kernels.memory import span

STACKED = 1 << 18
"""Numbers of S that are worked on at a time, unless a single output row takes more: a megabyte."""
WIDE = 28
"""Output columns from which a row of one example makes tiles of its own."""


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


@kernel
def geometry_of(row, n):
    """The geometry that a row's columns tell."""
    return Geometry(
        n, row[op.CI], row[op.HI], row[op.WI], row[op.CO], row[op.HO], row[op.WO], row[op.KH], row[op.KW],
        row[op.SH], row[op.SW], row[op.PH], row[op.PW], row[op.DH], row[op.DW],
    )  # fmt: skip


@kernel
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


@inlined
def take(to, source, count, stride):
    """to = every stride-th of source"""
    step = np.uint64(stride)  # unsigned: it needs no wrapping round, and the loop fits vector registers
    for x in range(np.uint64(count)):
        to[x] = source[x * step]


@inlined
def put(to, source, count, stride):
    """Every stride-th of to += source"""
    step = np.uint64(stride)
    for x in range(np.uint64(count)):
        to[x * step] += source[x]


@kernel
def stack(X, S, g, known):
    """S[(c, kx), r % SH, r // SH, e, x] = X[c, r - PH, e, SW x + DW kx - PW], 0 outside of X.

    The first `known` rows of each (c, kx) are there already.
    """
    n, HI, WI, WO, SW = g.n, g.HI, g.WI, g.WO, g.SW
    rows, width = stacked_rows(g), g.n * g.WO
    for c in range(g.CI):
        for kx in range(g.KW):
            shift = g.DW * kx - g.PW
            first, last = columns_inside(WI, WO, SW, shift)
            inside = last - first
            for r in range(known, g.SH * rows):
                y = (r % rows) * g.SH + r // rows - g.PH
                to = span(S, ((c * g.KW + kx) * g.SH * rows + r) * width, width)
                if y < 0 or y >= HI:
                    to[:] = 0
                    continue
                source = span(X, (c * HI + y) * n * WI, n * WI)
                for e in range(n):
                    here = span(to, e * WO, WO)
                    there = span(source, e * WI + first * SW + shift, SW * inside)
                    for x in range(first):
                        here[x] = 0
                    if SW == 1:
                        take(span(here, first, inside), there, inside, 1)
                    elif SW == 2:  # a stride known to the compiler is a shuffle, an unknown one a gather
                        take(span(here, first, inside), there, inside, 2)
                    else:
                        take(span(here, first, inside), there, inside, SW)
                    for x in range(last, WO):
                        here[x] = 0


@kernel
def keep(S, g, rows, kept):
    """The last `kept` of so many rows of each (c, kx) of S become the first ones, of S for the geometry g."""
    width, now = g.n * g.WO, stacked_rows(g)
    for row in range(g.CI * g.KW):
        # to the front, and towards the front: nothing is overwritten before it has moved
        to, source = (
            span(S, row * now * width, kept * width),
            span(S, (row * rows + rows - kept) * width, kept * width),
        )
        for x in range(kept * width):
            to[x] = source[x]


@kernel
def unstack(dS, dX, g):
    """dX += what `stack` copied, back to where it came from."""
    n, HI, WI, WO, SW = g.n, g.HI, g.WI, g.WO, g.SW
    rows, width = stacked_rows(g), g.n * g.WO
    pairs = g.KW == 2 and SW == 2 and g.DW == 1 and g.PW == 0 and WI == 2 * WO
    for c in range(g.CI):
        for kx in range(1 if pairs else g.KW):
            shift = g.DW * kx - g.PW
            first, last = columns_inside(WI, WO, SW, shift)
            inside = last - first
            for r in range(g.SH * rows):
                y = (r % rows) * g.SH + r // rows - g.PH
                if y < 0 or y >= HI:
                    continue
                at = ((c * g.KW + kx) * g.SH * rows + r) * width
                to = span(dX, (c * HI + y) * n * WI, n * WI)
                if pairs:
                    left, right = span(dS, at, width), span(dS, at + g.SH * rows * width, width)
                    for x in range(np.uint64(width)):
                        to[2 * x] += left[x]
                        to[2 * x + 1] += right[x]
                    continue
                source = span(dS, at, width)
                for e in range(n):
                    there = span(source, e * WO + first, inside)
                    here = span(to, e * WI + first * SW + shift, SW * inside)
                    if SW == 1:
                        put(here, there, inside, 1)
                    elif SW == 2:
                        put(here, there, inside, 2)
                    else:
                        put(here, there, inside, SW)


@kernel
def at_once(g, beside):
    """How many output rows to work on at a time, the same for all but the last; `beside` maps lie beside S."""
    one = (g.CI * g.KW + beside) * g.n * g.WO  # numbers in one row, over all channels and taps
    rest = (g.KH - 1) * g.DH + 1
    most = (STACKED // max(one, 1) - rest) // g.SH + 1
    most = min(max(most, 1), g.HO)
    blocks = (g.HO + most - 1) // most
    return (g.HO + blocks - 1) // blocks


@kernel
def part_of(g, y, rows):
    """The geometry of output rows y to y + rows - 1 alone."""
    return Geometry(
        g.n, g.CI, g.HI, g.WI, g.CO, rows, g.WO, g.KH, g.KW, g.SH, g.SW, g.PH - y * g.SH, g.PW, g.DH, g.DW
    )


@kernel
def stack_on(X, S, g, y, end, block, goes_on):
    """S for output rows y to y + block - 1, before `end`; where it goes on, that for the rows before is there."""
    h = part_of(g, y, min(block, end - y))
    known = 0
    if goes_on and g.SH == 1:
        known = (g.KH - 1) * g.DH
        keep(S, h, stacked_rows(part_of(g, y - block, block)), known)
    stack(X, S, h, known)


@kernel
def turned(g):
    """The geometry of the convolution from dY to dX, of stride 1, with the filters turned round."""
    return Geometry(
        g.n, g.CO, g.HO, g.WO, g.CI, g.HI, g.WI, g.KH, g.KW, 1, 1,
        (g.KH - 1) * g.DH - g.PH, (g.KW - 1) * g.DW - g.PW, g.DH, g.DW,
    )  # fmt: skip


@kernel
def copies_nothing(g):
    """Whether S would be X itself: a window of one pixel."""
    return (
        g.KH == 1
        and g.KW == 1
        and g.SH == 1
        and g.SW == 1
        and g.PH == 0
        and g.PW == 0
        and g.HI == g.HO
        and g.WI == g.WO
    )


@kernel
def laid(g, wide):
    """The geometry by which S is laid out: where `wide`, each row once, with its padding, for all horizontal taps."""
    return Geometry(
        g.n, g.CI, g.HI, g.WI, g.CO, g.HO, g.WO + (g.KW - 1) * g.DW if wide else g.WO, g.KH,
        1 if wide else g.KW, g.SH, g.SW, g.PH, g.PW, g.DH, g.DW,
    )  # fmt: skip


@kernel
def is_wide(g):
    """Whether output rows are so long that each makes whole tiles: then S need hold each input row only once."""
    return g.SH == 1 and g.SW == 1 and g.WO >= WIDE and (g.KW - 1) * g.DW <= g.WO


@kernel
def plane_of(s):
    """Numbers of S of one channel."""
    return s.KW * s.SH * stacked_rows(s) * s.n * s.WO


@kernel
def place_of(c, ky, kx, s, wide):
    """Where in S, laid out as s says, the row of a term begins: channel c, taps ky and kx."""
    rows, row = stacked_rows(s), ky * s.DH
    tap = 0 if wide else kx
    return (((c * s.KW + tap) * s.SH + row % s.SH) * rows + row // s.SH) * s.n * s.WO + (
        kx * s.DW if wide else 0
    )


@kernel
def write_terms(terms, channels, taps, flipped, each, s, wide):
    """For each term (channel, ky, kx) where its weights and its row of S lie, relative to its group's.

    `each` is how far the weights of one channel lie from the next one's; `flipped` turns the filters round.
    """
    KW = taps // s.KH
    next_column = place_of(0, 0, 1, s, wide)
    for c in range(channels):
        for ky in range(s.KH):
            place = place_of(c, ky, 0, s, wide)
            for kx in range(KW):
                tap = ky * KW + kx
                k = 2 * (c * taps + tap)
                terms[k] = c * each + (taps - 1 - tap if flipped else tap)
                terms[k + 1] = place + kx * next_column


@kernel
def write_places(places, channels, taps, s, wide):
    """For each term (channel, ky, kx) where its row of S lies, relative to its group's."""
    KW = taps // s.KH
    next_column = place_of(0, 0, 1, s, wide)
    for c in range(channels):
        for ky in range(s.KH):
            place = place_of(c, ky, 0, s, wide)
            for kx in range(KW):
                places[c * taps + ky * KW + kx] = place + kx * next_column


def stacked_size(g: Geometry) -> int:
    """Numbers of S and of what lies beside it, for up to g.n examples: fewer of them never need more."""
    one = g.CI * g.KW * g.WO * g.n
    if g.SH == 1 and g.SW == 1:  # S may be wide, and dY beside it where that is less to copy
        one = max(one, min(g.CI * g.KW, g.CI + g.CO) * min(2 * g.WO, g.WO + (g.KW - 1) * g.DW) * g.n)
    whole, least = (
        one * g.SH * (((rows - 1) * g.SH + (g.KH - 1) * g.DH + g.SH) // g.SH) for rows in (g.HO, 1)
    )
    return min(whole, max(least, STACKED + one * g.SH))
