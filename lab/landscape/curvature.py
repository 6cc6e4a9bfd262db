"""The directions of the largest curvature: eigenvectors of a Hessian that is known by its products alone.

Lanczos' method with full reorthogonalisation (Lanczos, 1950; Parlett, The Symmetric Eigenvalue Problem, 1980, section
13), restarted from its best vectors where memory is short (Wu and Simon, 2000). Whoever has the products drives it:
it can be broken off after each of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.landscape.plane import Values, across

MOST = 64
"""Vectors that are kept at most."""
KEPT = 4
"""Of which so many stay when it is begun again from the best."""
STREAM = 0x4C
"""Names the draws that are made where a start was used up."""


@dataclass(frozen=True, eq=False)
class Leading:
    """Eigenvalues [k], the largest first, their eigenvectors [k, P], and |H v - value v| of each [k]."""

    values: Values
    vectors: Values
    residuals: Values


class Lanczos:
    """The largest eigenvalues (by value, not by magnitude) of a symmetric matrix [P, P].

    Multiply `next` by the matrix and hand the product to `take`, again and again, until `is_done`. `start` [P] is
    where it begins; only entries that are `free` may differ from 0. At most `most` vectors are kept.
    """

    def __init__(self, start: Values, free: NDArray[np.bool_], most: int = MOST) -> None:
        self._free, self._dimensions = free, int(free.sum())
        most = min(max(most, KEPT + 2), self._dimensions)
        self._vectors = np.empty((most, start.size))
        self._count = 0
        self._matrix = np.zeros((0, 0))  # the projection on the basis, as far as products are known
        self._left = np.zeros(
            0
        )  # how much of each product lies beside the basis, along the vector that comes next
        self._chance = np.random.Generator(np.random.Philox(key=[start.size, STREAM]))
        self.products = 0
        self.is_done = False
        begin = start * free
        length = float(np.linalg.norm(begin))
        self._append(begin / length if length > 0 else self._drawn())

    @property
    def next(self) -> Values:
        """A vector of length 1."""
        vector: Values = self._vectors[self._count - 1]
        return vector

    @property
    def _basis(self) -> Values:
        basis: Values = self._vectors[: self._count]
        return basis

    def take(self, product: Values) -> None:
        """The product of the matrix with `next`."""
        self.products += 1
        basis, k = self._basis, self._count
        coefficients = basis @ product
        rest = product - coefficients @ basis
        rest -= (basis @ rest) @ basis  # what rounding left of them
        grown = np.zeros((k, k))
        grown[: k - 1, : k - 1] = self._matrix
        grown[-1], grown[:, -1] = coefficients, coefficients
        self._matrix = grown
        length = float(np.linalg.norm(rest))
        self._left = np.zeros(k)
        self._left[-1] = length
        if k == self._dimensions:
            self._left[-1] = 0.0
            self.is_done = True
            return
        if k == len(self._vectors):
            self._begin_again()
        if length > 1e-7 * float(np.abs(self._matrix).max()):
            self._append(rest / length)
        else:  # the basis is closed under the matrix: an eigenvalue may have more vectors outside of it
            self._left[:] = 0
            self._append(self._drawn())

    def leading(self, count: int) -> Leading:
        """The best that is known; as many as products, where those are fewer than `count`."""
        values, rotation = np.linalg.eigh(self._matrix)
        values, rotation = values[::-1][:count], rotation[:, ::-1][:, :count]
        vectors = rotation.T @ self._vectors[: len(self._matrix)]
        return Leading(values, vectors, np.abs(self._left @ rotation))

    def _begin_again(self) -> None:
        """From the best vectors: what their products have beside them lies along the vector that comes next."""
        values, rotation = np.linalg.eigh(self._matrix)
        values, rotation = values[::-1][:KEPT], rotation[:, ::-1][:, :KEPT]
        self._vectors[:KEPT] = rotation.T @ self._basis
        self._count, self._matrix, self._left = KEPT, np.diag(values), self._left @ rotation

    def _append(self, vector: Values) -> None:
        self._vectors[self._count] = vector
        self._count += 1

    def _drawn(self) -> Values:
        return across(self._chance.standard_normal(self._free.size) * self._free, self._basis)
