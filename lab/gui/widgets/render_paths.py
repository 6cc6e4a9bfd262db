"""A surface with several paths on it as pixels: `render_surface` of one path, for as many as there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lab.kernels.render import _draw, _stroke, project


def render_paths(
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
    """Pixels 0xAARRGGBB [rows, columns], see-through where nothing is; arguments as of `render_surface`.

    `paths` are ([n, 3], pixel); a later one covers an earlier one, and the surface whichever lies behind it.
    `view` is azimuth, elevation and scale.
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
