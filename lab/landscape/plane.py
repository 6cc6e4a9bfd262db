"""Planes through weight space, and where points lie on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.network.layers import Parameter

Vector = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Plane:
    """The points origin + x * d1 + y * d2. All vectors are [P]; `axes` names the two directions."""

    origin: Vector
    d1: Vector
    d2: Vector
    axes: tuple[str, str]

    @property
    def cosine(self) -> float:
        """Of the angle between the two directions; 0 where one of them vanishes."""
        lengths = float(np.linalg.norm(self.d1) * np.linalg.norm(self.d2))
        return float(self.d1 @ self.d2) / lengths if lengths > 0 else 0.0

    def project(self, points: Sequence[Vector]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The nearest points on the plane, as coordinates [n, 2], and the distances to them [n]."""
        basis = np.stack([self.d1, self.d2]).astype(np.float64)
        gram = np.linalg.pinv(basis @ basis.T)
        coordinates, distances = np.empty((len(points), 2)), np.empty(len(points))
        for i, point in enumerate(points):
            away = point.astype(np.float64) - self.origin
            coordinates[i] = gram @ (basis @ away)
            # Pythagoras: what of the way is not within the plane
            inside = coordinates[i] @ basis
            distances[i] = np.linalg.norm(away - inside)
        return coordinates, distances

    def points(self, x: NDArray[np.float64], y: float) -> NDArray[np.float32]:
        """A row of points [len(x), P]."""
        base = self.origin + np.float32(y) * self.d2
        row: NDArray[np.float32] = base + x.astype(np.float32)[:, None] * self.d1
        return row


def weights_plane(origin: Vector, first: int, second: int, names: tuple[str, str]) -> Plane:
    """The plane of two weights, in units of the weights: coordinates are the weights' own values."""
    d1, d2 = np.zeros_like(origin), np.zeros_like(origin)
    d1[first] = d2[second] = 1
    base = origin.copy()
    base[first] = base[second] = 0
    return Plane(base, d1, d2, names)


def random_plane(origin: Vector, parameters: Sequence[Parameter], seed: int) -> Plane:
    """Two random directions, each filter as long as the filter's own weights (Li et al., 2018, section 4).

    Biases are set aside, and with them whatever else is not penalised: scales and shifts, running statistics.
    They stay as they are.
    """
    rng = np.random.Generator(np.random.Philox(key=[seed, 0x51]))
    directions = []
    for _ in range(2):
        d, at = np.zeros_like(origin), 0
        for p in parameters:
            if p.penalised and len(p.shape) > 1:
                w = origin[at : at + p.size].reshape(p.shape[0], -1)
                draw = rng.standard_normal(w.shape, dtype=np.float32)
                draw *= np.linalg.norm(w, axis=1, keepdims=True) / np.linalg.norm(draw, axis=1, keepdims=True)
                d[at : at + p.size] = draw.ravel()
            at += p.size
        directions.append(d)
    return Plane(
        origin.copy(), directions[0], directions[1], ("1st random direction", "2nd random direction")
    )


def path_plane(vectors: Sequence[Vector]) -> Plane | None:
    """The two main directions of a path, through its end; None where it has not moved in two directions.

    Principal components by the Gram matrix of the points (their number is far smaller than P). The axes carry
    each direction's share of the path's variance.
    """
    if len(vectors) < 3:
        return None
    origin = vectors[-1]
    away = np.stack(vectors[:-1]).astype(np.float64) - origin
    values, rotation = np.linalg.eigh(away @ away.T)
    values, rotation = values[::-1], rotation[:, ::-1]
    total = float(values.clip(0).sum())
    if total <= 0 or values[1] <= 1e-12 * values[0]:
        return None
    directions = []
    for k in range(2):
        d = rotation[:, k] @ away
        d /= np.linalg.norm(d)
        # the sign is free: let the start lie on the positive side, so that a picture does not flip
        directions.append((d if d @ away[0] >= 0 else -d).astype(np.float32))
    names = [
        f"{nth} main direction ({share:.0%})"
        for nth, share in zip(("1st", "2nd"), values[:2] / total, strict=True)
    ]
    return Plane(origin.copy(), directions[0], directions[1], (names[0], names[1]))
