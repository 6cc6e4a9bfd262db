"""A surface drawn into an array of pixels: projection, triangles with a depth buffer, level lines, paths on it.

The scene is the box x, y in -1..1 and z in 0..1. Seen from the front at the elevation's height: an azimuth turns
the box about its vertical axis. Source: J. Pineda, A Parallel Algorithm for Polygon Rasterization, 1988.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lab.kernels._jit import kernel

TALL = 0.85
"""How high the box is drawn, in units of half its width."""

DISTANCE = 6.0
"""From the eye to the middle of the box: smaller is more perspective."""


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
def _shades(heights):
    """How bright each vertex [rows, columns] is: Lambert's law under a light from the upper left, 0.62..1.06."""
    rows, columns = heights.shape
    shades = np.ones((rows, columns))
    for r in range(rows):
        for c in range(columns):
            left, right = heights[r, max(c - 1, 0)], heights[r, min(c + 1, columns - 1)]
            below, above = heights[max(r - 1, 0), c], heights[min(r + 1, rows - 1), c]
            dx = (
                (right - left)
                * TALL
                * (columns - 1)
                / (2.0 * max(min(c + 1, columns - 1) - max(c - 1, 0), 1))
            )
            dy = (above - below) * TALL * (rows - 1) / (2.0 * max(min(r + 1, rows - 1) - max(r - 1, 0), 1))
            if np.isnan(dx) or np.isnan(dy):
                continue
            shades[r, c] = 0.62 + 0.44 * max(
                (0.45 * dx - 0.35 * dy + 0.82) / np.sqrt(dx * dx + dy * dy + 1.0), 0.0
            )
    return shades


@kernel
def _shaded(colour, shade):
    """A pixel with its red, green and blue multiplied."""
    red = min(np.int64((colour >> 16) & 255) * shade, 255.0)
    green = min(np.int64((colour >> 8) & 255) * shade, 255.0)
    blue = min(np.int64(colour & 255) * shade, 255.0)
    return np.uint32((255 << 24) | (np.int64(red) << 16) | (np.int64(green) << 8) | np.int64(blue))


@kernel
def _triangle(image, depth, table, levels, a, b, c, ha, hb, hc, sa, sb, sc):
    """One triangle with corners a, b, c (pixels and nearness), heights and shades at them."""
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    if abs(area) < 1e-9:
        return
    height, width = image.shape
    top, bottom = max(int(min(a[1], b[1], c[1])), 0), min(int(max(a[1], b[1], c[1])) + 1, height - 1)
    start, end = max(int(min(a[0], b[0], c[0])), 0), min(int(max(a[0], b[0], c[0])) + 1, width - 1)
    # the height changes evenly over the triangle: how much from pixel to pixel makes a level line evenly thin
    slope_x = ((b[1] - c[1]) * ha + (c[1] - a[1]) * hb + (a[1] - b[1]) * hc) / area
    slope_y = ((c[0] - b[0]) * ha + (a[0] - c[0]) * hb + (b[0] - a[0]) * hc) / area
    slope = np.sqrt(slope_x * slope_x + slope_y * slope_y) + 1e-12
    for y in range(top, bottom + 1):
        for x in range(start, end + 1):
            px, py = x + 0.5, y + 0.5
            u = ((b[0] - px) * (c[1] - py) - (b[1] - py) * (c[0] - px)) / area
            v = ((c[0] - px) * (a[1] - py) - (c[1] - py) * (a[0] - px)) / area
            w = 1.0 - u - v
            if u < -1e-9 or v < -1e-9 or w < -1e-9:
                continue
            near = u * a[2] + v * b[2] + w * c[2]
            if near <= depth[y, x]:
                continue
            depth[y, x] = near
            h = u * ha + v * hb + w * hc
            shade = u * sa + v * sb + w * sc
            for k in range(len(levels)):
                away = abs(h - levels[k]) / slope
                if away < 1.0:
                    shade *= 1.0 - 0.30 * (1.0 - away)
            image[y, x] = _shaded(table[min(max(int(h * 255.0 + 0.5), 0), 255)], shade)


@kernel
def _stroke(image, depth, line, colour, radius, lift):
    """A polyline [n, 3] in pixels and nearness, as round dots, hidden where something is nearer by `lift`."""
    height, width = image.shape
    for k in range(len(line)):
        m = max(k - 1, 0)
        if np.isnan(line[k, 0]) or np.isnan(line[m, 0]):
            continue
        dx, dy, dz = line[k, 0] - line[m, 0], line[k, 1] - line[m, 1], line[k, 2] - line[m, 2]
        steps = min(int(max(abs(dx), abs(dy)) * 1.5) + 1, 20000)
        for s in range(steps):
            t = (s + 1) / steps
            x, y, z = line[m, 0] + t * dx, line[m, 1] + t * dy, line[m, 2] + t * dz
            for py in range(max(int(y - radius), 0), min(int(y + radius) + 2, height)):
                for px in range(max(int(x - radius), 0), min(int(x + radius) + 2, width)):
                    inside = (px + 0.5 - x) ** 2 + (py + 0.5 - y) ** 2 <= radius * radius
                    if inside and z + lift > depth[py, px]:
                        image[py, px] = colour


@kernel
def _draw(image, depth, heights, table, levels, azimuth, elevation, scale):
    rows, columns = heights.shape
    height, width = image.shape
    points = np.empty((rows * columns, 3))
    for r in range(rows):
        for c in range(columns):
            points[r * columns + c, 0] = 2.0 * c / (columns - 1) - 1.0
            points[r * columns + c, 1] = 2.0 * r / (rows - 1) - 1.0
            points[r * columns + c, 2] = heights[r, c]
    at = project(points, azimuth, elevation, scale, width, height)
    shades = _shades(heights)
    for r in range(rows - 1):
        for c in range(columns - 1):
            p, q = r * columns + c, (r + 1) * columns + c
            h00, h01, h10, h11 = heights[r, c], heights[r, c + 1], heights[r + 1, c], heights[r + 1, c + 1]
            s00, s01, s10, s11 = shades[r, c], shades[r, c + 1], shades[r + 1, c], shades[r + 1, c + 1]
            if not (np.isnan(h00) or np.isnan(h01) or np.isnan(h11)):
                _triangle(
                    image, depth, table, levels, at[p], at[p + 1], at[q + 1], h00, h01, h11, s00, s01, s11
                )
            if not (np.isnan(h00) or np.isnan(h11) or np.isnan(h10)):
                _triangle(image, depth, table, levels, at[p], at[q + 1], at[q], h00, h11, h10, s00, s11, s10)


def render_surface(
    heights: NDArray[np.float64],
    table: NDArray[np.uint32],
    levels: NDArray[np.float64],
    paths: Sequence[tuple[NDArray[np.float64], int]],
    casing_pixel: int,
    *,
    view: tuple[float, float, float],
    size: tuple[int, int],
    thickness: float = 1.6,
) -> NDArray[np.uint32]:
    """Pixels 0xAARRGGBB [rows, columns] of a surface with paths on it, see-through where nothing is.

    `heights` [rows, columns] is 0..1, row 0 at y = -1, holes where NaN; `table` [256] its colours; `levels` are
    heights that get a line. `paths` are ([n, 3] in the scene's box, pixel): a later one covers an earlier one, and the
    surface whichever lies behind it. `view` is azimuth and elevation in radians and the scale, pixels for half the
    box's width; `size` is (width, height), `thickness` half a path's width in pixels.
    """
    width, height = size
    image, depth = np.zeros((height, width), np.uint32), np.full((height, width), -np.inf)
    heights = np.ascontiguousarray(heights, np.float64)
    table, levels = np.ascontiguousarray(table[:256]), np.asarray(levels, np.float64)
    _draw(image, depth, heights, table, levels, *map(float, view))
    for path, pixel in paths:
        if len(path):
            line = project(np.ascontiguousarray(path, np.float64), *map(float, view), width, height)
            _stroke(image, depth, line, np.uint32(casing_pixel), 2.0 * thickness, 0.015)
            _stroke(image, depth, line, np.uint32(pixel), float(thickness), 0.03)
    return image
