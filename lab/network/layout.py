"""Memory layout: a place in the arena for each buffer of a program."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lab.network.shape import Shape

ALIGNMENT = 16  # float32 numbers in a cache line


@dataclass(eq=False)
class Buffer:
    """A place for one array. `uses` are the rows that read or write it.

    `role` is "x" (the network's input), "z" (before the activation), "y", "winner", "target"; "dz" and the like
    are derivatives of the loss.
    """

    layer: str
    role: str
    shape: Shape
    offset: int = 0
    uses: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Numbers in one example."""
        return self.shape.size


def lay_out(buffers: list[Buffer], lean: bool) -> int:
    """Give each used buffer an offset, in numbers of one example; the room they need in all.

    In a lean program buffers whose lives do not overlap may share a place. First fit by size: the largest buffer
    first, each at the lowest place that is free for the whole of its life.
    """
    used = sorted((b for b in buffers if b.uses), key=lambda b: -b.size)
    first, last = (np.array([end(b.uses) for b in used], np.int64) for end in (min, max))
    low, high = np.zeros((2, len(used)), np.int64)  # where each lies
    for i, buffer in enumerate(used):
        if lean:
            rivals = np.flatnonzero((first[:i] <= last[i]) & (first[i] <= last[:i]))
            buffer.offset = _lowest_free(buffer.size, low[rivals], high[rivals])
        elif i:
            buffer.offset = -(-int(high[i - 1]) // ALIGNMENT) * ALIGNMENT
        low[i], high[i] = buffer.offset, buffer.offset + buffer.size
    return int(high.max(initial=0))


def _lowest_free(size: int, low: NDArray[np.int64], high: NDArray[np.int64]) -> int:
    """The lowest place for so many numbers beside rivals that lie at low..high."""
    order = np.argsort(low, kind="stable")
    # behind each rival, and those that lie lower, the first free number; at the bottom it is 0
    ends = np.concatenate([[0], np.maximum.accumulate(high[order])])
    gaps = np.concatenate([low[order], [ends[-1] + size]]) - ends
    return int(ends[np.argmax(gaps >= size)])
