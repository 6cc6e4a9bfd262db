"""Long lines made fit to be drawn: running means, fewer points, round ends of axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
FULL = 4096
"""So many of the first updates are drawn one by one; later ones, where there are many more, by their extremes."""


def smoothing_window(count: int) -> int:
    """How many updates the smoothed line is the mean of: about a fiftieth of all, a round number."""
    for window in (1, 2, 5, 10, 20, 50, 100, 200, 500):
        if window * 50 >= count:
            return window
    return 1000


def smoothed(values: Values, window: int) -> Values:
    """The mean of the last `window` values (fewer at the start). NaN where one of them is not finite."""
    if window == 1 or not len(values):
        return values
    finite = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(finite, values, 0.0))])
    bad = np.concatenate([[0], np.cumsum(~finite)])
    end = np.arange(1, len(values) + 1)
    start = np.maximum(end - window, 0)
    means = (sums[end] - sums[start]) / (end - start)
    return np.where(bad[end] > bad[start], np.nan, means)


def sparse_means(values: Values, window: int) -> tuple[NDArray[np.int64], Values]:
    """`smoothed` at every so-and-so-many-th place and at the last one: (places, means).

    Lines of long runs are gone through once and in blocks, however many runs there are.
    """
    block = max(window // 20, 1)
    if block == 1 or not len(values):
        return np.arange(len(values)), smoothed(values, window)
    blocks = len(values) // block
    sums = values[: blocks * block].reshape(blocks, block).sum(axis=1)  # not finite where one of them is not
    means = smoothed(sums, window // block) / block
    places = np.arange(1, blocks + 1) * block - 1
    if not blocks or places[-1] == len(values) - 1:
        return places, means
    last = float(values[-window:].mean())
    return np.append(places, len(values) - 1), np.append(means, last if np.isfinite(last) else np.nan)


def thinned(x: Values, y: Values, full: int = FULL) -> tuple[Values, Values]:
    """The points of a line few enough to be drawn at once: the first `full` of them, then extremes of bins."""
    size = (len(x) - full) // full
    if size < 4:
        return x, y
    bins = (len(x) - full) // size
    tail = y[full : full + bins * size].reshape(bins, size)
    at = x[full : full + bins * size : size]
    extremes = np.stack([tail.min(axis=1), tail.max(axis=1)], axis=1).ravel()
    rest = full + bins * size
    return (
        np.concatenate([x[:full], np.repeat(at, 2), x[rest:]]),
        np.concatenate([y[:full], extremes, y[rest:]]),
    )


def leap(value: float) -> float:
    """A round number a little above `value`, from a ladder of steps of about a quarter."""
    if not value > 0 or not np.isfinite(value):
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    ladder = (1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.4, 8, 10)
    return float(next(f * power for f in ladder if f * power >= value * (1 - 1e-9)))
