"""How many cores the parallel kernels use."""

from __future__ import annotations

import threading

import numba

ENTRANCE = threading.Lock()
"""Held while a parallel kernel runs: two threads inside at once abort the process (Numba's workqueue layer)."""


def cores() -> int:
    """The most threads that a parallel kernel may use here."""
    return int(numba.config.NUMBA_NUM_THREADS)


def use(threads: int) -> int:
    """Let the calling thread's parallel kernels use so many cores, at most all; how many it is."""
    allowed = max(1, min(threads, cores()))
    numba.set_num_threads(allowed)
    return allowed
