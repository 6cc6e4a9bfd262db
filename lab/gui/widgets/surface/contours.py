"""Contour lines as one curve: many lines in one array, gaps between them NaN."""

from __future__ import annotations

from collections.abc import Sequence

import contourpy
import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def contour_lines(x: Values, y: Values, z: Values, levels: Sequence[float]) -> tuple[Values, Values]:
    """The lines on which z [rows of y, columns of x] takes each level. Where z is NaN there are none."""
    if len(x) < 2 or len(y) < 2:
        return np.empty(0), np.empty(0)
    generator = contourpy.contour_generator(
        x, y, np.ma.masked_invalid(z), name="serial", line_type=contourpy.LineType.ChunkCombinedNan
    )
    pieces: list[Values] = []
    for level in levels:
        for chunk in generator.lines(level)[0]:
            if chunk is not None:
                pieces += [np.asarray(chunk, np.float64), np.full((1, 2), np.nan)]
    if not pieces:
        return np.empty(0), np.empty(0)
    points = np.concatenate(pieces)
    return points[:, 0], points[:, 1]


def placed(x: Values, y: Values) -> tuple[float, float, float, float]:
    """(left, bottom, width, height) of an image whose pixels have these centres."""
    dx = (x[-1] - x[0]) / max(len(x) - 1, 1) or 1.0
    dy = (y[-1] - y[0]) / max(len(y) - 1, 1) or 1.0
    return x[0] - dx / 2, y[0] - dy / 2, dx * len(x), dy * len(y)
