"""Random draws that stay the same for ever.

NumPy promises that the raw stream of a bit generator never changes, but not what `Generator.normal` or
`Generator.permutation` make of it (NEP 19). A split or a point cloud must not change with a NumPy upgrade,
so everything here is made from the raw stream by formulas written out below.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def _raw(seed: int, purpose: str, count: int) -> NDArray[np.uint64]:
    """`count` independent 64-bit words for this seed (taken modulo 2^64) and purpose.

    The purpose keeps draws of one seed apart: the points of a cloud and its split share no bits.
    """
    entropy = [seed % 2**64, *purpose.encode()]
    return np.random.PCG64(np.random.SeedSequence(entropy)).random_raw(count)


def uniform(seed: int, purpose: str, count: int, low: float = 0.0, high: float = 1.0) -> NDArray[np.float64]:
    """`count` numbers spread evenly over [low, high)."""
    unit = (_raw(seed, purpose, count) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return low + (high - low) * unit


def normal(seed: int, purpose: str, count: int) -> NDArray[np.float64]:
    """`count` numbers of mean 0 and variance 1, by the transform of Box and Muller (1958)."""
    radius = np.sqrt(-2.0 * np.log(1.0 - uniform(seed, purpose + ".radius", count)))
    return radius * np.cos(2.0 * np.pi * uniform(seed, purpose + ".angle", count))


def order(seed: int, purpose: str, count: int) -> NDArray[np.int64]:
    """A permutation of 0..count-1: the order of as many random keys."""
    return np.argsort(_raw(seed, purpose, count), kind="stable").astype(np.int64)
