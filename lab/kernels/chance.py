"""Random draws from counters: a draw is a function of its names (seed, epoch, place), never of hidden state."""

from __future__ import annotations

import numpy as np

from lab.kernels._jit import inlined, kernel


@kernel
def mixed(a, b):
    """64 well-mixed bits named by two integers: the finaliser of SplitMix64 (Steele, Lea, Flood 2014), twice."""
    z = np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(b)
    for _ in range(2):
        z += np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return z


@inlined
def draw(stream, i):
    """The 64 bits that SplitMix64 gives as its i-th when it has begun at `stream`; both are uint64."""
    z = stream + i * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel
def shuffle(order, seed, epoch):
    """`order` becomes the order of the examples in one epoch: Fisher and Yates, drawn from (seed, epoch)."""
    n = order.size
    for i in range(n):
        order[i] = i
    name = mixed(seed, epoch)
    for i in range(n - 1, 0, -1):
        # the high half of a 32 by 32 bit product: a draw from 0..i without a division
        j = np.int64(((mixed(name, i) >> np.uint64(32)) * np.uint64(i + 1)) >> np.uint64(32))
        order[i], order[j] = order[j], order[i]
