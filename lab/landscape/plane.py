"""Planes through weight space, and where points lie on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lab.kernels.shadow import shadow

Vector = NDArray[np.float32]
Values = NDArray[np.float64]

AT_A_TIME = 1 << 20
"""Numbers of points that are projected together."""


@dataclass(frozen=True, eq=False)
class Plane:
    """The points origin + x * d1 + y * d2. All vectors are [P]; `axes` names the two directions.

    Of a line d2 is zero everywhere, and the name of its axis is "".
    """

    origin: Vector
    d1: Vector
    d2: Vector
    axes: tuple[str, str]

    @property
    def is_line(self) -> bool:
        return not self.d2.any()

    @cached_property
    def basis(self) -> Values:
        """The two directions, [2, P]."""
        return np.stack([self.d1, self.d2]).astype(np.float64)

    @cached_property
    def gram(self) -> Values:
        """The products of the directions, [2, 2]: what lengths in the plane's coordinates are measured by."""
        return self.basis @ self.basis.T

    @cached_property
    def _inverse(self) -> Values:
        return np.asarray(np.linalg.pinv(self.gram, hermitian=True), np.float64)

    @property
    def cosine(self) -> float:
        """Of the angle between the two directions; 0 where one of them vanishes."""
        lengths = float(np.sqrt(self.gram[0, 0] * self.gram[1, 1]))
        return float(self.gram[0, 1]) / lengths if lengths > 0 else 0.0

    def project(self, points: Sequence[Vector]) -> tuple[Values, Values]:
        """The nearest points on the plane, as coordinates [n, 2], and the distances to them [n]."""
        coordinates, distances = np.empty((len(points), 2)), np.empty(len(points))
        for first, some in _portions(points, max(1, AT_A_TIME // max(self.origin.size, 1))):
            away = np.stack(some).astype(np.float64) - self.origin
            found = self.shadows(away)
            coordinates[first : first + len(some)] = found
            # Pythagoras: what of the way is not within the plane
            inside = np.einsum("ni,ij,nj->n", found, self.gram, found)
            square = np.einsum("np,np->n", away, away) - inside
            distances[first : first + len(some)] = np.sqrt(square.clip(0))
        return coordinates, distances

    def places(self, points: Sequence[Vector]) -> Values:
        """The coordinates [n, 2] of the nearest points, as `project` has them, in single precision and fast."""
        found = np.array([shadow(point, self.origin, self._directions) for point in points], np.float64)
        return np.asarray(found.reshape(-1, 2) @ self._inverse, np.float64)

    def shadows(self, directions: Values) -> Values:
        """What directions [..., P] amount to within the plane: coordinates [..., 2]."""
        found: Values = (directions @ self.basis.T) @ self._inverse
        return found

    def vectors(self, coordinates: Values) -> Values:
        """Directions within the plane, given in its coordinates [..., 2], as they are in weight space: [..., P]."""
        found: Values = coordinates @ self.basis
        return found

    @cached_property
    def _directions(self) -> NDArray[np.float32]:
        return np.stack([self.d1, self.d2])

    def points(
        self, x: Values, y: Values | float, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """The points at x and y, [len(x), P]; written to `out` where that is given."""
        places = np.stack(np.broadcast_arrays(x, y), axis=1).astype(np.float32)
        found = np.matmul(places, self._directions, out=out)
        found += self.origin
        return found

    def line(self) -> Plane:
        """The line along the first direction."""
        return Plane(self.origin, self.d1, np.zeros_like(self.d2), (self.axes[0], ""))


def _portions(points: Sequence[Vector], most: int) -> Iterator[tuple[int, Sequence[Vector]]]:
    for first in range(0, len(points), most):
        yield first, points[first : first + most]


def weights_plane(origin: Vector, first: int, second: int, names: tuple[str, str]) -> Plane:
    """The plane of two weights, in units of the weights: coordinates are the weights' own values."""
    d1, d2 = np.zeros_like(origin), np.zeros_like(origin)
    d1[first] = d2[second] = 1
    base = origin.copy()
    base[first] = base[second] = 0
    return Plane(base, d1, d2, names)


def plane_through(first: Vector, second: Vector, away: Values, axes: tuple[str, str]) -> Plane:
    """The plane through two points, which differ, and along `away`.

    They lie at (0, 0) and (1, 0). The second direction is at right angles to the first and as long; it is zero, and
    the plane a line, where `away` has no part at right angles.
    """
    d1 = second.astype(np.float64) - first
    length = float(np.linalg.norm(d1))
    d2 = across(away, d1[None] / length) * length
    return Plane(
        first.copy(), d1.astype(np.float32), d2.astype(np.float32), axes if d2.any() else (axes[0], "")
    )


def across(direction: Values, others: Values) -> Values:
    """The part of a direction [P] at right angles to `others`, orthonormal [n, P], made 1 long; or zero."""
    length = float(np.linalg.norm(direction))
    rest = np.asarray(direction, np.float64)
    for _ in range(2):  # what rounding left of them the first time goes the second time
        rest = rest - (others @ rest) @ others
    left = float(np.linalg.norm(rest))
    return rest / left if left > 1e-6 * length else np.zeros_like(rest)
