"""Angles between directions in weight space."""

from __future__ import annotations

import numpy as np

from lab.landscape.plane import Values

NAN = float("nan")


def cosine(a: Values, b: Values) -> float:
    """Of the angle between two directions; NaN where one of them vanishes or is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        lengths = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
        return float(np.clip(a @ b / lengths, -1, 1)) if 0 < lengths < np.inf else NAN


def angle(a: Values, b: Values) -> float:
    """In degrees, 0 to 180.

    By the half-angle's tangent, |a/|a| - b/|b|| over |a/|a| + b/|b||, which is as exact at 0 and at 180 degrees as
    between (Kahan, 2006): the cosine is flat there.
    """
    if np.isnan(cosine(a, b)):
        return NAN
    one, other = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(one - other), np.linalg.norm(one + other))))


def angle_to_contour(step: Values, gradient: Values) -> float:
    """Between a step and the contour that it starts on, in degrees, 0 to 90: 90 straight down or up the slope."""
    to_slope = angle(step, gradient)
    return abs(90.0 - to_slope) if not np.isnan(to_slope) else NAN
