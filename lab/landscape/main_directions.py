"""Main directions of a path through weight space: principal components of its points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lab.landscape.plane import Plane, Values, Vector


def main_directions(away: Values, count: int) -> tuple[Values, Values]:
    """The `count` main directions of points [n, P], measured from the origin: orthonormal [count, P] at most, and the
    share of the sum of squares that each explains.

    By the Gram matrix of the points, as their number is far smaller than P. The sign is free: the first point lies
    on the positive side, so that a picture does not flip.
    """
    values, rotation = np.linalg.eigh(away @ away.T)
    values, rotation = values[::-1][:count], rotation[:, ::-1][:, :count]
    total = float(np.einsum("np,np->", away, away))
    kept = values > 1e-12 * max(float(values[0]), 0.0) if len(values) else np.zeros(0, bool)
    directions = rotation[:, kept].T @ away
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    directions *= np.where(directions @ away[0] >= 0, 1.0, -1.0)[:, None] if len(away) else 1.0
    return directions, values[kept] / total if total > 0 else values[kept]


def path_plane(vectors: Sequence[Vector], count: int = 2) -> Plane | None:
    """The two main directions of a path, through its end, or the first of them, and the plane is a line.

    None where it has not moved in so many directions. The axes carry each direction's share of the path's variance, as
    measured from its end.
    """
    if len(vectors) <= count:
        return None
    origin = vectors[-1]
    away = np.stack(vectors[:-1]).astype(np.float64) - origin
    directions, shares = main_directions(away, count)
    if len(directions) < count:
        return None
    names = [
        f"{nth} main direction ({share:.0%})" for nth, share in zip(("1st", "2nd"), shares, strict=False)
    ]
    d = directions.astype(np.float32)
    if count == 1:
        return Plane(origin.copy(), d[0], np.zeros_like(d[0]), (names[0], ""))
    return Plane(origin.copy(), d[0], d[1], (names[0], names[1]))
