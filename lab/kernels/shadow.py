"""Where a point of weight space lies along some directions: what a path on a plane asks for again and again."""

from __future__ import annotations

import numpy as np

from lab.kernels._jit import kernel


@kernel
def shadow(point, origin, directions):
    """The products of the way from `origin` to `point` [P] with each of the `directions` [n, P], in float32."""
    found = np.zeros(len(directions), np.float32)
    for k in range(len(directions)):
        total = np.float32(0.0)
        for i in range(point.size):
            total += directions[k, i] * (point[i] - origin[i])
        found[k] = total
    return found
