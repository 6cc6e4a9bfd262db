"""Steepest descent and the direction conjugate to it: where the next search goes (Hestenes and Stiefel, 1952)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.landscape.plane import Values


@dataclass(frozen=True, eq=False)
class Conjugate:
    """Two directions of length 1, and how far along the first the minimum of the quadratic model lies.

    `second` is zero where the first leads to the minimum by itself. The distance is NaN where the error does not curve
    upwards: then there is none.
    """

    first: Values
    second: Values
    distance: float


def conjugate_directions(gradient: Values, along: Values) -> Conjugate:
    """Down the `gradient` g, and the direction conjugate to that in the plane that g and H g span.

    `along` is H d1, d1 = -g / |g|. The second direction d2 has d2' H d1 = 0: in this plane it is at right angles to
    H d1. Down each the error goes by itself: the minimum along d1, then along d2, is the plane's minimum. Its distance
    along d2 wants H d2 and is left to `second_distance`.
    """
    d1 = -gradient / np.linalg.norm(gradient)
    curvature, length = float(d1 @ along), float(np.linalg.norm(along))
    first = float(-(gradient @ d1) / curvature) if curvature > 0 else float("nan")
    d2 = np.zeros_like(d1)
    if length > 0:
        u = along / length
        rest = (d1 @ u) * u - d1
        left = float(np.linalg.norm(rest))
        if left > 1e-4:  # else the gradient is an eigenvector, but for rounding
            # of the two ways the one that leads down from the minimum along d1
            d2 = rest / left
            after = gradient + (first if curvature > 0 else 0.0) * along
            d2 = d2 if after @ d2 <= 0 else -d2
    return Conjugate(d1, d2, first)


def second_distance(gradient: Values, second: Values, along: Values) -> float:
    """How far down the conjugate direction `second` its minimum lies, `along` being H times it; NaN for none."""
    curvature = float(second @ along)
    return float(-(gradient @ second) / curvature) if curvature > 0 else float("nan")
