"""Whether made-up examples fit into memory, asked before any of it is taken."""

from __future__ import annotations

import math

from lab.data.files.own_file import memory_limit
from lab.problem import Problem

FLOAT = 4  # bytes


def room_problem(where: str, examples: int, *shapes: tuple[int, ...]) -> Problem | None:
    """Why `examples` of arrays of these shapes in float32 are too much here; None if they are not."""
    each = FLOAT * sum(map(math.prod, shapes))
    most = memory_limit()
    if examples * each <= most:
        return None
    what = (
        f"{examples:,} examples take {examples * each / 2**20:,.0f} MiB, and {most // 2**20} MiB are the most"
    )
    fewer = most // each
    return Problem(where, what, f"Take at most {fewer:,}" if fewer else "Make the images smaller")
