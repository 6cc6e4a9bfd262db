"""What the C library does with memory that has been given back to it."""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""glibc's M_TRIM_THRESHOLD and M_MMAP_THRESHOLD: mallopt(3)."""
LARGE = 4 << 20
"""Bytes of a block that goes back to the system as soon as it is free. Fetching so much anew takes about a millisecond,
and Linux maps it in large pages; smaller ones, which a frame may need by the dozen, would take as long again."""


def return_large_blocks() -> None:
    """Let no large block lie in a heap, for the rest of this process. Without effect where the C library is not glibc.

    By itself glibc takes every large block that is freed for a sign to keep such blocks, up to 32 MiB, in its heaps,
    of which each thread has one. A heap shrinks from its end alone, so whatever small thing stays behind an arena, a
    checkpoint or a surface holds on to its place: of a window that had opened twenty documents, 560 MiB, lay 130 to
    180 idle, ever other amounts. With a threshold that stands still it was 50 of 450.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, LARGE)
        mallopt(TRIM_THRESHOLD, 2 * LARGE)  # as glibc has it by itself: twice
