"""Along one axis: which places of the input an output looks at, and which outputs an input has a say in.

What layers do along height and along width is the same, and each axis goes by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.network.layers.layer import Window
from lab.training.microscope.lines import Real, Whole


@dataclass(frozen=True, eq=False)
class Along:
    """Places `at` [n], the number of the kernel's tap that each goes by, and the share that each has."""

    at: Whole
    taps: Whole
    shares: Real

    def __len__(self) -> int:
        return len(self.at)


def along(at: Whole, taps: Whole, keep: np.ndarray, shares: Real | None = None) -> Along:
    """Those that are to be kept."""
    shares = np.ones(len(at)) if shares is None else shares
    return Along(at[keep].astype(np.int64), taps[keep].astype(np.int64), shares[keep])


def places(u: int, window: Window, axis: int) -> Whole:
    """The places of a window's taps for output u, also those that lie in the padding."""
    taps = np.arange(window.taps[axis])
    return u * window.stride[axis] - window.padding[axis] + taps * window.dilation[axis]


def seen(u: int, extent: int, window: Window, axis: int) -> Along:
    """The places of the input, `extent` of them, that output u sees through a window."""
    found = places(u, window, axis)
    return along(found, np.arange(len(found)), (found >= 0) & (found < extent))


def seen_by(i: int, extent: int, window: Window, axis: int) -> Along:
    """The outputs, `extent` of them, in whose windows place i of the input lies."""
    taps = np.arange(window.taps[axis])
    reached = i + window.padding[axis] - taps * window.dilation[axis]
    u, rest = np.divmod(reached, window.stride[axis])
    return along(u, taps, (rest == 0) & (u >= 0) & (u < extent))


def through(tap: int, inputs: int, outputs: int, window: Window, axis: int) -> tuple[Whole, Whole]:
    """All (places of the input, outputs) that one tap of the kernel brings together."""
    u = np.arange(outputs)
    at = u * window.stride[axis] - window.padding[axis] + tap * window.dilation[axis]
    keep = (at >= 0) & (at < inputs)
    return at[keep], u[keep]


def stretched(u: int, extent: int, factor: int, smooth: bool) -> Along:
    """The old places, `extent` of them, that new place u of an upsampling is made of."""
    if not smooth:
        return Along(np.array([u // factor]), np.zeros(1, np.int64), np.ones(1))
    middle = max((u + 0.5) / factor - 0.5, 0.0)
    before = min(int(middle), extent - 1)
    after = min(before + 1, extent - 1)
    share = middle - before if after > before else 0.0
    at, shares = np.array([before, after]), np.array([1 - share, share])
    return along(at, np.zeros(2, np.int64), shares > 0, shares)


def stretched_to(i: int, extent: int, factor: int, smooth: bool) -> Along:
    """The new places that old place i of an upsampling has a share in."""
    near = np.arange(max(0, (i - 1) * factor), min(extent * factor, (i + 2) * factor))
    found = [(u, one) for u in near.tolist() for one in (stretched(u, extent, factor, smooth),)]
    mine = [(u, float(s)) for u, one in found for a, s in zip(one.at, one.shares, strict=True) if a == i]
    at = np.array([u for u, _ in mine], np.int64)
    return Along(at, np.zeros(len(at), np.int64), np.array([s for _, s in mine], np.float64))
