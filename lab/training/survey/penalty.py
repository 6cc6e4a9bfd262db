"""What regularisation adds to an error, and to its derivative."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lab.learning.regularization import Regularization
from lab.network.layers import Parameter

Values = NDArray[np.float64]

TOGETHER = 1 << 20
"""Numbers of points that are added up together."""


class Penalty:
    """l1 * sum |w| + l2 / 2 * sum w**2 over the weights of `parameters`, as training reckons with it."""

    def __init__(self, regularization: Regularization, parameters: Sequence[Parameter]) -> None:
        settings = [(regularization.penalties(p), p.size) for p in parameters]
        self.l1, self.l2 = (np.concatenate([np.full(n, s[k]) for s, n in settings]) for k in range(2))

    @property
    def is_none(self) -> bool:
        return not (self.l1.any() or self.l2.any())

    def at(self, points: NDArray[np.float32]) -> Values:
        """Of points [k, P]: [k]."""
        found = np.zeros(len(points))
        if self.is_none:
            return found
        each = max(1, TOGETHER // max(points.shape[1], 1))
        for first in range(0, len(points), each):
            w = points[first : first + each].astype(np.float64)
            found[first : first + each] = np.abs(w) @ self.l1 + np.square(w) @ self.l2 / 2
        return found

    def slope(self, weights: NDArray[np.float32]) -> Values:
        """Its derivative by all weights [P]."""
        pull: Values = self.l1 * np.sign(weights) + self.l2 * weights
        return pull
