"""Steps of a run laid along a line of pixels: all of them, or a stretch that was zoomed into."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

CLOSEST = 10.0
"""Steps that are in sight at least: from there on each has more pixels than a pointer needs."""

At = TypeVar("At", float, NDArray[np.float64])


@dataclass(frozen=True)
class TimeAxis:
    """Pixel `left` is the first step in sight, `left + width` the last; `window` is None while all are."""

    furthest: int = 0
    left: float = 0.0
    width: float = 1.0
    window: tuple[float, float] | None = None

    @property
    def first(self) -> float:
        return self.window[0] if self.window else 0.0

    @property
    def last(self) -> float:
        return self.window[1] if self.window else float(self.furthest)

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def pixels_a_step(self) -> float:
        return self.width / max(self.last - self.first, 1.0)

    def x(self, step: At) -> At:
        """Where a step lies, in or out of sight; the left end while there is only one."""
        return self.left + (step - self.first) * (self.pixels_a_step if self.furthest else 0.0)

    def step(self, x: float) -> int:
        """The step at a pixel, of those that there are."""
        return round(min(max(self.first + (x - self.left) / self.pixels_a_step, 0), self.furthest))

    def sees(self, step: float) -> bool:
        return self.first <= step <= self.last

    # other axes made of it

    def over(self, furthest: int) -> TimeAxis:
        """For a run that goes so far. A window on the furthest step goes along with it."""
        if self.window is None or furthest == self.furthest:
            return replace(self, furthest=furthest)
        moved = furthest - self.furthest if self.last >= self.furthest else 0
        return replace(self, furthest=furthest)._with(self.first + moved, self.last + moved)

    def zoomed(self, x: float, factor: float) -> TimeAxis:
        """Show `factor` times as many steps, those around pixel `x`."""
        held = self.first + (x - self.left) / self.pixels_a_step
        span = max((self.last - self.first) * factor, CLOSEST)
        first = held - (x - self.left) / self.width * span
        return self._with(first, first + span)

    def panned(self, pixels: float) -> TimeAxis:
        steps = pixels / self.pixels_a_step
        return self._with(self.first + steps, self.last + steps) if self.window else self

    def showing(self, step: int) -> TimeAxis:
        """Moved just so far that `step` is in sight."""
        moved = min(step - self.first, 0) + max(step - self.last, 0)
        return self._with(self.first + moved, self.last + moved) if self.window else self

    def whole(self) -> TimeAxis:
        return replace(self, window=None)

    def _with(self, first: float, last: float) -> TimeAxis:
        span = last - first
        if span >= self.furthest:
            return self.whole()
        first = min(max(first, 0.0), self.furthest - span)
        return replace(self, window=(first, first + span))


def spread(xs: NDArray[np.float64], least: float) -> list[float]:
    """Of pixels in order those that are at least so far from one another, each for those about it."""
    if not len(xs):
        return []
    cells = np.floor(xs / least)
    first = np.flatnonzero(np.diff(cells, prepend=-1e9))
    kept: list[float] = []
    for x in xs[first].tolist():  # two in neighbouring cells can still touch
        if not kept or x - kept[-1] >= least:
            kept.append(x)
    return kept
