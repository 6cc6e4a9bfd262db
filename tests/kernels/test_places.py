"""Every place that convolution and the dense layer read and write, one by one.

The kernels run as plain Python on memory that knows its ends and what has been written to it. Tiles become the
sums that they promise, and read whole vectors as the real ones do. The machine is made tiny (short vectors, little
room for S), so that small images take every way through the code that large ones take.
"""

from __future__ import annotations

from collections import Counter
from types import FunctionType

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from machine import quick

from lab.kernels import conv, dense, memory, stacking, tiles
from lab.kernels.stacking import Geometry

ITEM = 4  # bytes of a number, as in training
UNWRITTEN = np.nan


class Region:
    """Memory: `size` numbers, and as many behind them that may be read, though nobody knows what they are."""

    def __init__(self, name, size, behind=0):
        self.name, self.size = name, size
        self.numbers = np.full(size + behind, UNWRITTEN)

    def readable(self, start, count):
        assert start >= 0, f"{self.name} read at {start}"
        assert start + count <= len(self.numbers), f"{self.name} [{self.size}] read up to {start + count}"

    def writable(self, start, count):
        assert start >= 0, f"{self.name} written at {start}"
        assert start + count <= self.size, f"{self.name} [{self.size}] written up to {start + count}"


class View:
    """A span of a region. What is asked of it by index must lie in it; tiles may go beyond it."""

    itemsize = ITEM

    class dtype:  # noqa: N801
        type = float

    def __init__(self, region, start, length):
        assert length >= 0
        self.region, self.start, self.size = region, int(start), int(length)

    def _place(self, index):
        assert 0 <= int(index) < self.size, f"{self.region.name}: index {index} of {self.size}"
        return self.start + int(index)

    def __getitem__(self, index):
        place = self._place(index)
        self.region.readable(place, 1)
        value = self.region.numbers[place]
        assert not np.isnan(value), f"{self.region.name} read at {place} before it was written"
        return value

    def __setitem__(self, index, value):
        if isinstance(index, slice):
            assert index == slice(None)
            self.region.writable(self.start, self.size)
            self.region.numbers[self.start : self.start + self.size] = value
            return
        place = self._place(index)
        self.region.writable(place, 1)
        self.region.numbers[place] = value


class Whole:
    """int64 in the memory of a view, two numbers each. Nobody else may write there while they are needed."""

    def __init__(self, view, start, length, written):
        self.view, self.start, self.size, self.written = view, int(start), int(length), written

    def _numbers(self, index):
        place = self.view.start + 2 * (self.start + int(index))
        self.view.region.writable(place, 2)
        return self.view.region.numbers[place : place + 2]

    def __setitem__(self, index, value):
        assert 0 <= index < self.size, f"term {index} of {self.size}"
        self._numbers(index)[:] = UNWRITTEN
        self.written[self.start + int(index)] = int(value)

    def __getitem__(self, index):
        assert np.isnan(self._numbers(index)).all(), f"term {index} is overwritten"
        return self.written[self.start + int(index)]


def span(array, start, length):
    if isinstance(array, Whole):
        return Whole(array.view, array.start + start, length, array.written)
    return View(array.region, array.start + start, length)


def whole_numbers(array, start, length):
    return Whole(array, start // 2, length, {})


def read(view, at, columns, most):
    """Columns of a row of B, of whose last vector all lanes are read."""
    place = view.start + int(at)
    view.region.readable(place, most)
    values = view.region.numbers[place : place + columns]
    assert not np.isnan(values).any(), f"{view.region.name} read at {place} before it was written"
    return values


class Machine:
    """The kernels of modules as plain Python on vectors of so many lanes; `seen` counts which ways were taken."""

    def __init__(self, modules, lanes, vectors, inner, **sizes):
        self.lanes, self.vectors, self.rows, self.seen = lanes, vectors, len(vectors) - 1, Counter()
        self.inner_rows, self.inner_terms = inner
        self.slack = max(vectors) * lanes
        self.names = {name: value for module in modules for name, value in vars(module).items()}
        for name, value in self.names.items():
            body = getattr(value, "py_func", value)
            if isinstance(body, FunctionType) and body.__module__.startswith("lab.kernels"):
                self.names[name] = FunctionType(body.__code__, self.names, name, body.__defaults__)
        self.names |= {
            "span": span, "whole_numbers": whole_numbers, "outer": self.outer, "inner": self.inner,
            "WIDTH": lanes * ITEM, "VECTORS": vectors, "TILE": np.array(vectors), "ROWS": self.rows,
            "INNER_ROWS": inner[0], "INNER_TERMS": inner[1], "SLACK": self.slack, **sizes,
        }  # fmt: skip

    def __getattr__(self, name):
        return self.names[name]

    def watch(self, name, describe):
        """Count what `describe(result, *arguments)` says of each call of a kernel."""
        kernel = self.names[name]

        def watched(*arguments):
            result = kernel(*arguments)
            self.seen[describe(result, *arguments)] += 1
            return result

        self.names[name] = watched

    def outer(self, rows, A, stride, B, terms, count, C, ldc, columns, begin, bias):
        assert 1 <= rows <= self.rows
        assert 1 <= columns <= self.vectors[rows] * self.lanes
        width = next(w for w in (1, 2, self.vectors[rows]) if columns <= w * self.lanes) * self.lanes
        self.seen[f"begin {begin}"] += 1
        pairs = [(terms[2 * k], terms[2 * k + 1]) for k in range(count)]
        for r in range(rows):
            place = C.start + r * ldc
            C.region.writable(place, columns)
            if begin == tiles.ADD:
                total = read(View(C.region, 0, 0), place, columns, columns)
            else:
                total = float(read(bias, r, 1, 1)[0]) if begin == tiles.BIAS else 0.0
            for in_a, in_b in pairs:
                weight = read(A, r * stride + in_a, 1, 1)[0]
                total = total + weight * read(B, in_b, columns, width)
            C.region.numbers[place : place + columns] = total

    def inner(self, rows, A, lda, B, places, count, columns, C, ldc):
        assert 1 <= rows <= self.inner_rows
        assert 1 <= count <= self.inner_terms
        for r in range(rows):
            for k in range(count):
                left, right = read(A, r * lda, columns, columns), read(B, places[k], columns, columns)
                place = C.start + r * ldc + k
                C.region.writable(place, 1)
                C.region.numbers[place] += left @ right


def filled(name, numbers, behind=0):
    region = Region(name, numbers.size, behind)
    region.numbers[: numbers.size] = numbers.ravel()
    return View(region, 0, numbers.size)


def empty(name, size, behind=0):
    return View(Region(name, size, behind), 0, size)


def numbers_of(view, shape):
    return view.region.numbers[: view.size].reshape(shape)


@st.composite
def machines(draw, *modules):
    lanes, vectors, inner = draw(
        st.sampled_from([(2, (0, 4, 3), (2, 3)), (1, (0, 6, 5, 3, 3), (3, 3)), (2, tiles.VECTORS, (4, 6))])
    )
    sizes = {
        "STACKED": draw(st.sampled_from([1, 60, 200, 1 << 18, 1 << 18])),
        "WIDE": draw(st.sampled_from([1, 3, 28])),
        "ALONG": draw(st.sampled_from([2, 5, 1024])),
    }
    return Machine(modules, lanes, vectors, inner, **sizes)


@st.composite
def geometries(draw):
    """(geometry, groups, links): whatever a layer may ask for, of small extents."""
    kind = draw(st.sampled_from(["any", "any", "stride 1", "stride 1", "one pixel", "doubled"]))
    axes = []
    for _ in range(2):
        kernel, stride, dilation = 1, 1, 1
        before = after = 0
        if kind in ("any", "stride 1"):
            kernel, dilation = draw(st.integers(1, 4)), draw(st.sampled_from([1, 1, 2, 3]))
            before, after = draw(st.integers(0, 3)), draw(st.integers(0, 3))
        if kind == "any":
            stride = draw(st.integers(1, 5))
        if kind == "doubled":
            kernel = stride = 2
        reach = (kernel - 1) * dilation + 1
        least = max(1, reach - before - after)
        extent = draw(st.integers(least, least + 6))
        if kind == "doubled":
            extent += extent % 2
        axes.append(
            (extent, (extent + before + after - reach) // stride + 1, kernel, stride, before, dilation)
        )
    (HI, HO, KH, SH, PH, DH), (WI, WO, KW, SW, PW, DW) = axes
    groups = draw(st.sampled_from([1, 1, 1, 2]))
    CI, CO = (groups * draw(st.sampled_from([1, 2, 5])) for _ in range(2))
    links = np.zeros(0, np.int64)
    if groups == 1 and draw(st.integers(0, 4)) == 0:
        some = st.tuples(st.integers(0, CO - 1), st.integers(0, CI - 1))
        links = np.array(sorted(draw(st.sets(some, min_size=1))), np.int64).ravel()
    n = draw(st.integers(1, 3))
    return Geometry(n, CI, HI, WI, CO, HO, WO, KH, KW, SH, SW, PH, PW, DH, DW), groups, links


def taps(g, X):
    """(ky, kx, what each output sees of X by that tap, a view of X with its padding), and X with its padding."""
    low = (g.PH, g.PW)
    high = [
        max((out - 1) * s + (k - 1) * d + 1 - p - extent, 0)
        for out, s, k, d, p, extent in (
            (g.HO, g.SH, g.KH, g.DH, g.PH, g.HI), (g.WO, g.SW, g.KW, g.DW, g.PW, g.WI),
        )
    ]  # fmt: skip
    P = np.pad(X, ((0, 0), (low[0], high[0]), (0, 0), (low[1], high[1])))
    seen = [
        (ky, kx, P[:, ky * g.DH :: g.SH, :, kx * g.DW :: g.SW][:, : g.HO, :, : g.WO])
        for ky in range(g.KH)
        for kx in range(g.KW)
    ]
    return P, seen


def correlated(g, X, W):
    """Y [CO, HO, n, WO] of X [CI, HI, n, WI] and W [CO, CI, KH, KW]."""
    _, seen = taps(g, X)
    return sum(np.einsum("oc,cyex->oyex", W[:, :, ky, kx], part) for ky, kx, part in seen)


def adjoint(g, dY, W):
    """dX of dY"""
    P, seen = taps(g, np.zeros((g.CI, g.HI, g.n, g.WI)))
    for ky, kx, part in seen:
        part += np.einsum("oc,oyex->cyex", W[:, :, ky, kx], dY)
    return P[:, g.PH : g.PH + g.HI, :, g.PW : g.PW + g.WI]


def gathered(g, X, dY):
    """dW"""
    dW = np.zeros((g.CO, g.CI, g.KH, g.KW))
    for ky, kx, part in taps(g, X)[1]:
        dW[:, :, ky, kx] = np.einsum("oyex,cyex->oc", dY, part)
    return dW


def mask(g, groups, links):
    """[CO, CI]: which filter sees which map."""
    if links.size:
        sees = np.zeros((g.CO, g.CI))
        sees[links[::2], links[1::2]] = 1
        return sees
    return np.kron(np.eye(groups), np.ones((g.CO // groups, g.CI // groups)))


class Links:
    """Connections as the kernel takes them."""

    def __init__(self, links):
        self.links, self.size = links, links.size

    def __getitem__(self, index):
        return int(self.links[index])


def watched(m, g):
    """Count each way through the convolution that its geometry may take."""
    m.watch("keep", lambda _, S, h, rows, kept: f"keep {min(kept, 1)}")
    m.watch("at_once", lambda rows, h, beside: "one block" if rows == h.HO else "several blocks")
    m.watch("laid", lambda _, h, wide: "wide" if wide else "stacked")
    m.watch("spread", lambda *_: "wide, dY beside it")
    m.watch("copies_nothing", lambda nothing, h: "a copy" if not nothing else "no copy")
    m.watch("turned", lambda *_: "turned" if h_padding(g) else "turned, negative padding")
    m.watch("unstack", lambda _, dS, dX, h: "pairs" if h.KW == h.SW == 2 and h.WI == 2 * h.WO else "no pairs")


def h_padding(g):
    return (g.KH - 1) * g.DH >= g.PH and (g.KW - 1) * g.DW >= g.PW


WAYS = {
    "keep 0", "keep 1", "one block", "several blocks", "wide", "stacked", "wide, dY beside it", "a copy", "no copy",
    "turned", "turned, negative padding", "pairs", "no pairs", "begin 0", "begin 1", "begin 2",
}  # fmt: skip
EXAMPLES = 300


def close(view, wanted):
    np.testing.assert_allclose(numbers_of(view, wanted.shape), wanted, rtol=1e-9, atol=1e-9)


def test_convolution():
    seen = Counter()

    @quick(EXAMPLES)
    @given(
        machines(stacking, conv),
        geometries(),
        st.sampled_from([0, 0, 0, 1, 2]),
        st.booleans(),
        st.booleans(),
        st.integers(1, 3),
        st.integers(0, 1000),
    )
    def check(m, drawn, fewer, biased, add, parts, seed):
        g, groups, links = drawn
        watched(m, g)
        rng, n = np.random.default_rng(seed), g.n
        total = m.scratch_size(g._replace(n=n + fewer), groups, links.size)
        sees = mask(g, groups, links)
        full = rng.standard_normal((g.CO, g.CI, g.KH, g.KW)) * sees[:, :, None, None]
        own = full[sees > 0]  # [connections, KH, KW], or a group's filters one after the other
        X, dY = rng.standard_normal((g.CI, g.HI, n, g.WI)), rng.standard_normal((g.CO, g.HO, n, g.WO))
        b, before = rng.standard_normal(g.CO), rng.standard_normal(X.shape)

        def scratch():
            return View(Region("scratch", total - m.slack, m.slack), 0, total)

        x, w, dy = filled("X", X, m.slack), filled("W", own), filled("dY", dY, m.slack)
        Y = empty("Y", dY.size)
        biases = filled("b", b if biased else b[:0])
        for part in range(parts):  # each by a core of its own, with working space of its own
            top, end = g.HO * part // parts, g.HO * (part + 1) // parts
            m.conv2d(x, w, biases, Y, scratch(), g, groups, Links(links), top, end)
        close(Y, correlated(g, X, full) + (b[:, None, None, None] if biased else 0))

        dW, db = filled("dW", np.ones_like(own)), filled("db", np.ones(g.CO))
        dX = filled("dX", before) if add else empty("dX", X.size)
        m.conv2d_backward(x, w, dy, dW, db, dX, int(add), scratch(), g, groups, Links(links))
        close(dW, 1 + gathered(g, X, dY)[sees > 0])
        close(db, 1 + dY.sum((1, 2, 3)))
        close(dX, adjoint(g, dY, full) + (before if add else 0))
        seen.update(m.seen)

    check()
    assert seen.keys() >= WAYS, WAYS - seen.keys()


def test_transposed_convolution():
    seen = Counter()

    @quick(EXAMPLES // 2)
    @given(
        machines(stacking, conv),
        geometries(),
        st.sampled_from([0, 0, 0, 1, 2]),
        st.booleans(),
        st.booleans(),
        st.integers(0, 1000),
    )
    def check(m, drawn, fewer, biased, add, seed):
        h, _, _ = drawn  # the convolution that it is the adjoint of
        if h.CI % 2:
            h = h._replace(CI=h.CO, CO=h.CI)
        watched(m, h)
        g, none = m.adjoint_of(h), Links(np.zeros(0, np.int64))
        assert m.adjoint_of(g) == h
        rng, n = np.random.default_rng(seed), h.n
        total = m.scratch_size(h._replace(n=n + fewer))
        W = rng.standard_normal((h.CO, h.CI, h.KH, h.KW))
        X, dY = rng.standard_normal((h.CO, h.HO, n, h.WO)), rng.standard_normal((h.CI, h.HI, n, h.WI))
        b, before = rng.standard_normal(h.CI), rng.standard_normal(X.shape)

        def scratch():
            return View(Region("scratch", total - m.slack, m.slack), 0, total)

        x, w, dy = filled("X", X, m.slack), filled("W", W), filled("dY", dY, m.slack)
        Y = empty("Y", dY.size)
        m.transposed_conv2d(x, w, filled("b", b if biased else b[:0]), Y, scratch(), g, none)
        close(Y, adjoint(h, X, W) + (b[:, None, None, None] if biased else 0))

        dW, db = filled("dW", np.ones_like(W)), filled("db", np.ones(h.CI))
        dX = filled("dX", before) if add else empty("dX", X.size)
        m.transposed_conv2d_backward(x, w, dy, dW, db, dX, int(add), scratch(), g, none)
        close(dW, 1 + gathered(h, dY, X))
        close(db, 1 + dY.sum((1, 2, 3)))
        close(dX, correlated(h, dY, W) + (before if add else 0))
        seen.update(m.seen)

    check()
    assert seen.keys() >= {"pairs", "no pairs", "keep 1", "several blocks", "wide"}


@quick(EXAMPLES)
@given(
    machines(dense), st.integers(1, 40), st.integers(1, dense.FEW), st.integers(1, 40), st.integers(0, 9),
    st.integers(0, 1000),
)  # fmt: skip
def test_dense_of_few(m, units, n, k, fewer, seed):
    rng = np.random.default_rng(seed)
    W, X, dY = (rng.standard_normal(shape) for shape in ((units, k), (k, n), (units, n)))
    total = m.scratch_size(n + fewer, k)

    def scratch():
        terms, Xt, dXt = m.divided(View(Region("scratch", total - m.slack, m.slack), 0, total), n, k)
        x = filled("X", X, m.slack)  # in the arena, with all the working space behind it
        if n > 1:
            m.turn(x, Xt, n, k)
        return terms, Xt if n > 1 else x, dXt

    w, dy = filled("W", W, m.slack), filled("dY", dY)
    terms, Xt, _ = scratch()
    Y = filled("Y", np.zeros_like(dY))
    m.dense_of_few(Xt, w, Y, terms, units, n, k)
    close(Y, W @ X)
    terms, Xt, dXt = scratch()
    dW = filled("dW", np.ones_like(W))
    m.weights_of_few(Xt, dy, dW, terms, units, n, k)
    close(dW, 1 + dY @ X.T)
    m.input_of_few(dy, w, dXt, terms, units, n, k)
    found = dXt.region.numbers[dXt.start : dXt.start + n * k].reshape(n, k)
    np.testing.assert_allclose(found, (W.T @ dY).T, rtol=1e-9, atol=1e-9)


def test_memory_behind_arrays_is_enough_for_tiles():
    """Rows of W are read where they lie, in an `aligned` vector: see `input_of_few`."""
    for dtype in (np.float32, np.float64):
        lanes = tiles.WIDTH // np.dtype(dtype).itemsize
        assert max(tiles.VECTORS) * lanes * np.dtype(dtype).itemsize <= memory.BEHIND
        assert max(tiles.VECTORS) * lanes <= tiles.SLACK
