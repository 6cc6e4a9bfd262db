"""Products of a Hessian with vectors, by central differences of a gradient at a step that was checked."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from lab.landscape.plane import Values, Vector

Gradient = Callable[[Vector], Values | None]
"""The derivative of an error by all weights, at some weights; None where it was broken off."""

FARTHEST, FINER, STEPS = 0.1, 8.0, 5
"""Steps that are tried: a tenth of the weights' own length, then always an eighth of the last."""


class HessianTimes:
    """H v = (g(w + h v) - g(w - h v)) / (2 h) + O(h**2), v of length 1.

    Of a gradient in float32 too small a step leaves rounding alone, too large a one leaves the neighbourhood in which
    the error is a quadratic, or crosses kinks. `settling` tries steps of several lengths on one vector and takes the
    place between the two neighbours that agree best. `disagreement` is by how much those two differ, as a share of
    the product's length: 0 in exact arithmetic on a quadratic.
    """

    def __init__(self, gradient: Gradient, at: Vector) -> None:
        self._gradient, self._at = gradient, at
        self.disagreement = float("nan")
        self.step = 0.0

    def settling(self, vector: Values) -> Iterator[None]:
        """Choose the step, on a vector that matters, part by part. It ends early where it is broken off."""
        length = float(np.linalg.norm(self._at)) or 1.0
        steps = [FARTHEST * length / FINER**k for k in range(STEPS)]
        products: list[Values] = []
        for step in steps:
            product = self._difference(vector, step)
            if product is None:
                return
            products.append(product)
            yield
        apart = [disagreement(a, b) for a, b in itertools.pairwise(products)]
        best = int(np.argmin(apart))
        self.step = float(np.sqrt(steps[best] * steps[best + 1]))
        self.disagreement = apart[best]

    def __call__(self, vector: Values) -> Values | None:
        """H times any vector [P]; None where it was broken off. Where no step is chosen yet it is, on this vector."""
        if not self.step:
            for _ in self.settling(vector):
                pass
        if not self.step:
            return None
        return self._difference(vector, self.step)

    def check(self, vector: Values) -> float | None:
        """By how much the curvature v'H v differs between half the step and twice the step, as a share of it.

        None where it was broken off. Where the error has many kinks, as with ReLU, products differ by whichever of them
        lie just there, and by more than the curvature along the vector does.
        """
        near, far = (self._difference(vector, self.step * factor) for factor in (0.5, 2.0))
        if near is None or far is None:
            return None
        return disagreement(np.atleast_1d(vector @ near), np.atleast_1d(vector @ far))

    def _difference(self, vector: Values, step: float) -> Values | None:
        length = float(np.linalg.norm(vector))
        if length == 0:
            return np.zeros_like(vector)
        move = (step / length * vector).astype(np.float32)
        above, below = self._at + move, self._at - move
        high, low = self._gradient(above), self._gradient(below)
        if high is None or low is None:
            return None
        product: Values = (high - low) * (length / (2 * step))
        return product


def disagreement(a: Values, b: Values) -> float:
    """|a - b| as a share of the larger of the two; infinite where that is not finite, 0 where both vanish."""
    most = max(float(np.linalg.norm(a)), float(np.linalg.norm(b)))
    apart = float(np.linalg.norm(a - b)) / most if most > 0 else 0.0
    return apart if np.isfinite(apart) else float("inf")
