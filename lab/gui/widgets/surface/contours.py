"""Contour lines as one curve: many lines in one array, gaps between them NaN."""

from __future__ import annotations

from collections.abc import Sequence

import contourpy
import numpy as np
from numpy.typing import NDArray

from lab.gui.theme import ColourMap

Values = NDArray[np.float64]


def contour_lines(x: Values, y: Values, z: Values, levels: Sequence[float]) -> tuple[Values, Values]:
    """The lines on which z [rows of y, columns of x] takes each level. Where z is NaN there are none."""
    lines = [line for line in each_contour(x, y, z, levels) if len(line[0])]
    if not lines:
        return np.empty(0), np.empty(0)
    across, up = (np.concatenate(part) for part in zip(*lines, strict=True))
    return across, up


def each_contour(x: Values, y: Values, z: Values, levels: Sequence[float]) -> list[tuple[Values, Values]]:
    """The lines of each level apart."""
    if len(x) < 2 or len(y) < 2:
        return [(np.empty(0), np.empty(0)) for _ in levels]
    generator = contourpy.contour_generator(
        x, y, np.ma.masked_invalid(z), name="serial", line_type=contourpy.LineType.ChunkCombinedNan
    )
    found = []
    for level in levels:
        chunks = [np.asarray(chunk, np.float64) for chunk in generator.lines(level)[0] if chunk is not None]
        parts = [part for chunk in chunks for part in (chunk, np.full((1, 2), np.nan))]
        points = np.concatenate(parts) if parts else np.empty((0, 2))
        found.append((points[:, 0], points[:, 1]))
    return found


def placed(x: Values, y: Values) -> tuple[float, float, float, float]:
    """(left, bottom, width, height) of an image whose pixels have these centres."""
    dx = (x[-1] - x[0]) / max(len(x) - 1, 1) or 1.0
    dy = (y[-1] - y[0]) / max(len(y) - 1, 1) or 1.0
    return x[0] - dx / 2, y[0] - dy / 2, dx * len(x), dy * len(y)


def is_light(colours: ColourMap, share: float) -> bool:
    """Whether a dark line shows better than a light one on what a map has at a share 0..1 of its length."""
    red, green, blue = (float(v) for v in colours[min(max(round(share * 255), 0), 255)])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 105
