"""A surface drawn into an array of pixels: projection, triangles with a depth buffer, level lines, paths on it.

The scene is the box x, y in -1..1 and z in 0..1. Seen from the front at the elevation's height: an azimuth turns
the box about its vertical axis. Source: J. Pineda, A Parallel Algorithm for Polygon Rasterization, 1988.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.kernels._jit import kernel

TALL = 0.85
"""How high the box is drawn, in units of half its width."""

DISTANCE = 6.0
"""From the eye to the middle of the box: smaller is more perspective."""

LIFT = 0.03
"""How much nearer than the surface what lies on it counts."""

WALLS = 0.98, 0.90
"""How bright the walls under the edges along x and along y are."""

GHOST = 0.28
"""How strongly a path is seen through the surface that hides it."""

Pixels = NDArray[np.uint32]
Values = NDArray[np.float64]


@kernel
def project(points, azimuth, elevation, scale, width, height):
    """Points [n, 3] of the scene as [n, 3]: pixels to the right, pixels down, nearness."""
    placed = np.empty((len(points), 3))
    ca, sa, ce, se = np.cos(azimuth), np.sin(azimuth), np.cos(elevation), np.sin(elevation)
    for k in range(len(points)):
        x, y, z = points[k, 0], points[k, 1], (points[k, 2] - 0.5) * TALL
        right, away = x * ca - y * sa, x * sa + y * ca
        up, near = away * se + z * ce, z * se - away * ce
        closer = DISTANCE / (DISTANCE - near)
        placed[k, 0] = 0.5 * width + scale * right * closer
        placed[k, 1] = 0.5 * height - scale * up * closer
        placed[k, 2] = near
    return placed


@kernel
def between(xs, ys, heights, x, y):
    """A map given at the columns `xs` and rows `ys`, which ascend, at points x, y [n]: linear along x, then along y.

    NaN outside, and where a neighbour is.
    """
    found = np.full(len(x), np.nan)
    last, top = len(xs) - 2, len(ys) - 2
    for k in range(len(x)):
        if np.isnan(x[k]) or np.isnan(y[k]):
            continue
        i = min(max(np.searchsorted(xs, x[k], side="right") - 1, 0), last)
        j = min(max(np.searchsorted(ys, y[k], side="right") - 1, 0), top)
        u, v = (x[k] - xs[i]) / (xs[i + 1] - xs[i]), (y[k] - ys[j]) / (ys[j + 1] - ys[j])
        if -1e-9 <= u <= 1.0 + 1e-9 and -1e-9 <= v <= 1.0 + 1e-9:
            near = (1.0 - u) * heights[j, i] + u * heights[j, i + 1]
            far = (1.0 - u) * heights[j + 1, i] + u * heights[j + 1, i + 1]
            found[k] = (1.0 - v) * near + v * far
    return found


@kernel
def shades(heights):
    """How bright each vertex [rows, columns] is: Lambert's law under a light from the upper left, 0.58..1.08."""
    rows, columns = heights.shape
    found = np.ones((rows, columns))
    for r in range(rows):
        for c in range(columns):
            left, right = heights[r, max(c - 1, 0)], heights[r, min(c + 1, columns - 1)]
            below, above = heights[max(r - 1, 0), c], heights[min(r + 1, rows - 1), c]
            wide, deep = min(c + 1, columns - 1) - max(c - 1, 0), min(r + 1, rows - 1) - max(r - 1, 0)
            dx = (right - left) * TALL * (columns - 1) / (2.0 * max(wide, 1))
            dy = (above - below) * TALL * (rows - 1) / (2.0 * max(deep, 1))
            if np.isnan(dx) or np.isnan(dy):
                continue
            facing = (0.45 * dx - 0.35 * dy + 0.82) / np.sqrt(dx * dx + dy * dy + 1.0)
            found[r, c] = 0.58 + 0.50 * max(facing, 0.0)
    return found


@kernel
def _shaded(colour, shade):
    """A pixel with its red, green and blue multiplied."""
    red = min(np.int64((colour >> 16) & 255) * shade, 255.0)
    green = min(np.int64((colour >> 8) & 255) * shade, 255.0)
    blue = min(np.int64(colour & 255) * shade, 255.0)
    return np.uint32((255 << 24) | (np.int64(red) << 16) | (np.int64(green) << 8) | np.int64(blue))


@kernel
def _over(below, colour, share):
    """`share` of an opaque colour laid over a pixel, which may be see-through."""
    beneath = np.int64(below >> 24) / 255.0 * (1.0 - share)
    alpha = share + beneath
    result = np.int64(alpha * 255.0 + 0.5) << 24
    for shift in (16, 8, 0):
        part = share * np.int64((colour >> shift) & 255) + beneath * np.int64((below >> shift) & 255)
        result |= np.int64(part / alpha + 0.5) << shift
    return np.uint32(result)


@kernel
def _span(value, change, low, high):
    """For which x of low..high the linear function `value` + x * `change` is not negative."""
    if change > 1e-12:
        return max(low, -value / change), high
    if change < -1e-12:
        return low, min(high, -value / change)
    if value < -1e-9:
        return low, low - 1.0
    return low, high


@kernel
def _triangle(image, depth, table, lines, a, b, c, ha, hb, hc, sa, sb, sc):
    """One triangle with corners a, b, c (pixels and nearness), heights and shades at them."""
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    if abs(area) < 1e-9:
        return
    height, width = image.shape
    top, bottom = max(int(min(a[1], b[1], c[1])), 0), min(int(max(a[1], b[1], c[1])) + 1, height - 1)
    start, end = max(min(a[0], b[0], c[0]) - 1.0, 0.0), min(max(a[0], b[0], c[0]) + 1.0, width - 1.0)
    # the corners' shares u, v and 1 - u - v of a pixel change evenly along a row, and with them all else
    du, dv = (b[1] - c[1]) / area, (c[1] - a[1]) / area
    dn = du * (a[2] - c[2]) + dv * (b[2] - c[2])
    dh = du * (ha - hc) + dv * (hb - hc)
    ds = du * (sa - sc) + dv * (sb - sc)
    down = ((c[0] - b[0]) * (ha - hc) + (a[0] - c[0]) * (hb - hc)) / area
    # how much the height changes from pixel to pixel makes a level line evenly thin
    slope = np.sqrt(dh * dh + down * down) + 1e-12
    for y in range(top, bottom + 1):
        py = y + 0.5
        u = ((b[0] - 0.5) * (c[1] - py) - (b[1] - py) * (c[0] - 0.5)) / area
        v = ((c[0] - 0.5) * (a[1] - py) - (c[1] - py) * (a[0] - 0.5)) / area
        low, high = _span(u + 1e-9, du, start, end)
        low, high = _span(v + 1e-9, dv, low, high)
        low, high = _span(1.0 - u - v + 1e-9, -du - dv, low, high)
        first, last = int(np.ceil(low)), int(np.floor(high))
        near, h, s = u * a[2] + v * b[2] + (1.0 - u - v) * c[2], hc + u * (ha - hc), sc + u * (sa - sc)
        h, s = h + v * (hb - hc), s + v * (sb - sc)
        for x in range(first, last + 1):
            here = near + x * dn
            if here <= depth[y, x]:
                continue
            depth[y, x] = here
            row = min(max(int((h + x * dh) * 255.0 + 0.5), 0), 255)
            shade = s + x * ds
            away = abs(h + x * dh - lines[row, 0]) / slope
            if away < 1.0:
                shade *= 1.0 + lines[row, 1] * (1.0 - away)
            image[y, x] = _shaded(table[row], shade)


@kernel
def _quad(image, depth, table, lines, at, p, q, heights, brightness, r, c):
    """The two triangles between the vertices r, c and r + 1, c + 1; p and q are those of the two rows in `at`."""
    h00, h01, h10, h11 = heights[r, c], heights[r, c + 1], heights[r + 1, c], heights[r + 1, c + 1]
    s00, s01 = brightness[r, c], brightness[r, c + 1]
    s10, s11 = brightness[r + 1, c], brightness[r + 1, c + 1]
    if not (np.isnan(h00) or np.isnan(h01) or np.isnan(h11)):
        _triangle(image, depth, table, lines, at[p], at[p + 1], at[q + 1], h00, h01, h11, s00, s01, s11)
    if not (np.isnan(h00) or np.isnan(h11) or np.isnan(h10)):
        _triangle(image, depth, table, lines, at[p], at[q + 1], at[q], h00, h11, h10, s00, s11, s10)


@kernel
def _draw(image, depth, heights, brightness, table, lines, azimuth, elevation, scale):
    rows, columns = heights.shape
    height, width = image.shape
    points = np.empty((rows * columns, 3))
    for r in range(rows):
        for c in range(columns):
            points[r * columns + c, 0] = 2.0 * c / (columns - 1) - 1.0
            points[r * columns + c, 1] = 2.0 * r / (rows - 1) - 1.0
            points[r * columns + c, 2] = heights[r, c]
    at = project(points, azimuth, elevation, scale, width, height)
    for r in range(rows - 1):
        for c in range(columns - 1):
            p, q = r * columns + c, (r + 1) * columns + c
            _quad(image, depth, table, lines, at, p, q, heights, brightness, r, c)


@kernel
def _wall(image, depth, edge, table, lines, shade, azimuth, elevation, scale):
    """A wall from an edge of the surface, points [n, 3], down to the floor, coloured by height."""
    height, width = image.shape
    foot = edge.copy()
    foot[:, 2] = 0.0
    top = project(edge, azimuth, elevation, scale, width, height)
    low = project(foot, azimuth, elevation, scale, width, height)
    s = shade
    for k in range(len(edge) - 1):
        a, b = edge[k, 2], edge[k + 1, 2]
        if not (np.isnan(a) or np.isnan(b)):
            _triangle(image, depth, table, lines, top[k], top[k + 1], low[k + 1], a, b, 0.0, s, s, s)
            _triangle(image, depth, table, lines, top[k], low[k + 1], low[k], a, 0.0, 0.0, s, s, s)


@kernel
def _reach(line, m, k, radius, width, height):
    """The pixels, left, right, top, bottom, that a piece of a line may touch."""
    left, right = min(line[m, 0], line[k, 0]) - radius - 1.0, max(line[m, 0], line[k, 0]) + radius + 1.0
    top, bottom = min(line[m, 1], line[k, 1]) - radius - 1.0, max(line[m, 1], line[k, 1]) + radius + 1.0
    return (
        max(int(max(left, -1.0)), 0), min(int(min(right, width + 1.0)), width - 1),
        max(int(max(top, -1.0)), 0), min(int(min(bottom, height + 1.0)), height - 1),
    )  # fmt: skip


@kernel
def _stroke(image, depth, line, colour, casing, radius, border, away, hidden):
    """A polyline [n, 3] in pixels and nearness, with a casing `border` wide; fainter where something is nearer.

    `away` is [rows, columns], larger than any distance, and so it is left; `hidden` is of the same shape.
    """
    height, width = image.shape
    whole = radius + border
    far = away[0, 0] if away.size else 0.0
    for k in range(len(line)):
        m = max(k - 1, 0)
        if np.isnan(line[k, 0]) or np.isnan(line[m, 0]):
            continue
        dx, dy, dz = line[k, 0] - line[m, 0], line[k, 1] - line[m, 1], line[k, 2] - line[m, 2]
        long = dx * dx + dy * dy
        left, right, top, bottom = _reach(line, m, k, whole, width, height)
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                px, py = x + 0.5 - line[m, 0], y + 0.5 - line[m, 1]
                t = min(max((px * dx + py * dy) / long, 0.0), 1.0) if long > 1e-12 else 0.0
                off = np.sqrt((px - t * dx) ** 2 + (py - t * dy) ** 2)
                if off < whole + 0.5 and off < away[y, x]:
                    away[y, x] = off
                    hidden[y, x] = line[m, 2] + t * dz + LIFT <= depth[y, x]
    for k in range(len(line)):  # and only now laid on, so that nothing is laid on twice
        m = max(k - 1, 0)
        if np.isnan(line[k, 0]) or np.isnan(line[m, 0]):
            continue
        left, right, top, bottom = _reach(line, m, k, whole, width, height)
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                off = away[y, x]
                if off >= far:
                    continue
                away[y, x] = far
                inside = min(max(radius + 0.5 - off, 0.0), 1.0)
                if hidden[y, x]:
                    inside *= GHOST
                else:
                    image[y, x] = _over(image[y, x], casing, min(max(whole + 0.5 - off, 0.0), 1.0))
                if inside > 0.0:
                    image[y, x] = _over(image[y, x], colour, inside)


@kernel
def _halved(image):
    """Each pixel the mean of four, see-through ones counted as such."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    result = np.zeros((height, width), np.uint32)
    for y in range(height):
        for x in range(width):
            alpha, red, green, blue = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
            for dy in range(2):
                for dx in range(2):
                    pixel = np.int64(image[2 * y + dy, 2 * x + dx])
                    a = (pixel >> 24) & 255
                    alpha += a
                    red += a * ((pixel >> 16) & 255)
                    green += a * ((pixel >> 8) & 255)
                    blue += a * (pixel & 255)
            if alpha > 0:
                result[y, x] = np.uint32(
                    ((alpha // 4) << 24) | ((red // alpha) << 16) | ((green // alpha) << 8) | (blue // alpha)
                )
    return result


@dataclass(frozen=True, eq=False)
class Stroke:
    """A line [n, 3] in the scene's box, in a pixel's colour with another's at its borders; gaps where NaN.

    `thickness` is half its width in pixels, `border` the width of the casing on each side.
    """

    points: Values
    colour: int
    casing: int
    thickness: float = 1.6
    border: float = 1.0


@dataclass(frozen=True, eq=False)
class View:
    """From where the scene is seen: radians, and pixels for half the box's width."""

    azimuth: float
    elevation: float
    scale: float

    def larger(self, times: int) -> View:
        return View(self.azimuth, self.elevation, self.scale * times)

    def place(self, x: float, y: float, near: float, size: tuple[int, int]) -> tuple[float, float, float]:
        """The point of the scene that is seen at a pixel with a nearness: `project` the other way round."""
        closer = DISTANCE / (DISTANCE - near)
        right, up = (x - 0.5 * size[0]) / (self.scale * closer), (0.5 * size[1] - y) / (self.scale * closer)
        ca, sa = np.cos(self.azimuth), np.sin(self.azimuth)
        ce, se = np.cos(self.elevation), np.sin(self.elevation)
        away, z = up * se - near * ce, up * ce + near * se
        return float(right * ca + away * sa), float(away * ca - right * sa), float(z / TALL + 0.5)


def level_lines(levels: Values, tones: Values) -> Values:
    """For each of a map's 256 rows the level nearest to it and how much a line there lightens (or darkens, < 0)."""
    rows = np.arange(256) / 255.0
    lines = np.full((256, 2), 9.0)
    if len(levels):
        nearest = np.abs(rows[:, None] - levels[None, :]).argmin(axis=1)
        lines[:, 0], lines[:, 1] = levels[nearest], tones[nearest]
    return lines


def edges(heights: Values) -> list[Values]:
    """The four edges of a surface as points [n, 3] of the scene: two along x, then two along y."""
    rows, columns = heights.shape
    x, y = np.linspace(-1, 1, columns), np.linspace(-1, 1, rows)
    return [
        np.stack([x, np.full(columns, -1.0), heights[0]], axis=1),
        np.stack([x, np.full(columns, 1.0), heights[-1]], axis=1),
        np.stack([np.full(rows, -1.0), y, heights[:, 0]], axis=1),
        np.stack([np.full(rows, 1.0), y, heights[:, -1]], axis=1),
    ]


@lru_cache(maxsize=4)
def _nothing_nearer(height: int, width: int) -> tuple[NDArray[Any], ...]:
    """What strokes are worked out in where nothing hides them; they leave it as it was."""
    shape = height, width
    return np.full(shape, -np.inf, np.float32), np.full(shape, np.float32(1e9)), np.zeros(shape, np.bool_)


def draw_strokes(strokes: Sequence[Stroke], size: tuple[int, int]) -> Pixels:
    """Pixels 0xAARRGGBB [rows, columns] of lines whose points [n, 2] are in pixels; see-through elsewhere.

    `size` is (width, height). A later stroke covers an earlier one; gaps where NaN.
    """
    image = np.zeros((size[1], size[0]), np.uint32)
    depth, away, hidden = _nothing_nearer(*image.shape)
    for stroke in strokes:
        if len(stroke.points):
            line = np.column_stack([stroke.points, np.zeros(len(stroke.points))])
            colour, casing = np.uint32(stroke.colour), np.uint32(stroke.casing)
            radius, border = float(stroke.thickness), float(stroke.border)
            _stroke(image, depth, line, colour, casing, radius, border, away, hidden)
    return image


@dataclass(frozen=True, eq=False)
class Relief:
    """A surface that is drawn, without lines on it: so it can be kept while paths grow.

    `pixels` and `depth` [rows, columns] are of the picture `samples` times as large; `away` and `hidden` are what
    strokes are worked out in, and are as they were afterwards.
    """

    pixels: Pixels
    depth: NDArray[np.float32]
    view: View
    samples: int
    away: NDArray[np.float32]
    hidden: NDArray[np.bool_]

    def with_strokes(self, strokes: Sequence[Stroke]) -> tuple[Pixels, NDArray[np.float32]]:
        """The picture with lines on it, and how near what is seen in each pixel lies; see `render_surface`."""
        image, samples = self.pixels.copy(), self.samples
        height, width = image.shape
        angles = float(self.view.azimuth), float(self.view.elevation), float(self.view.scale)
        for stroke in strokes:
            if len(stroke.points):
                line = project(np.ascontiguousarray(stroke.points, np.float64), *angles, width, height)
                radius, border = float(stroke.thickness * samples), float(stroke.border * samples)
                colour, casing = np.uint32(stroke.colour), np.uint32(stroke.casing)
                _stroke(image, self.depth, line, colour, casing, radius, border, self.away, self.hidden)
        if samples == 2:
            return _halved(image), np.ascontiguousarray(self.depth[::2, ::2])
        return image, self.depth


def relief(
    heights: Values,
    table: Pixels,
    lines: Values,
    view: View,
    size: tuple[int, int],
    *,
    brightness: Values | None = None,
    walls: Pixels | None = None,
    samples: int = 1,
) -> Relief:
    """A surface as `render_surface` draws it."""
    width, height = size[0] * samples, size[1] * samples
    image, depth = np.zeros((height, width), np.uint32), np.full((height, width), -np.inf, np.float32)
    heights = np.ascontiguousarray(heights, np.float64)
    brightness = shades(heights) if brightness is None else np.ascontiguousarray(brightness, np.float64)
    finer = view.larger(samples)
    angles = float(finer.azimuth), float(finer.elevation), float(finer.scale)
    table, lines = np.ascontiguousarray(table[:256]), np.ascontiguousarray(lines, np.float64)
    _draw(image, depth, heights, brightness, table, lines, *angles)
    if walls is not None:
        for k, edge in enumerate(edges(heights)):
            _wall(image, depth, edge, walls[:256], lines, WALLS[k // 2], *angles)
    away, hidden = np.full((height, width), np.float32(1e9)), np.zeros((height, width), np.bool_)
    return Relief(image, depth, finer, samples, away, hidden)


def render_surface(
    heights: Values,
    table: Pixels,
    lines: Values,
    strokes: Sequence[Stroke],
    view: View,
    size: tuple[int, int],
    *,
    brightness: Values | None = None,
    walls: Pixels | None = None,
    samples: int = 1,
) -> tuple[Pixels, NDArray[np.float32]]:
    """Pixels 0xAARRGGBB [rows, columns] of a surface with lines on it, see-through where nothing is, and how near
    what is seen in each lies (-inf where nothing is).

    `heights` [rows, columns] is 0..1, row 0 at y = -1, holes where NaN; `brightness` that of its vertices, by default
    their `shades`. `table` [256] are its colours, `lines` the `level_lines`. A later stroke covers an earlier one, and
    the surface whichever lies behind it. `walls` [256] are the colours of what stands under the edges.
    `size` is (width, height). With 2 `samples` each pixel is the mean of four: smooth edges, in four times the time.
    """
    ground = relief(heights, table, lines, view, size, brightness=brightness, walls=walls, samples=samples)
    return ground.with_strokes(strokes)
