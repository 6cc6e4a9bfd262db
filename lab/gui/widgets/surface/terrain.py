"""What all pictures of an error surface share: the heights that are known, their scale and its levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.gui.widgets.colorbar import ticks
from lab.kernels.render import between
from lab.training.surfaces import Height, Surface

Values = NDArray[np.float64]
Cut = Literal["", "path", "95", "75"]


@dataclass(frozen=True)
class Look:
    """How heights are shown: by their logarithms, cut off above some height, and with how many lines.

    They are cut at the highest error of the paths, or where 95 or 75 % of all points lie below.
    """

    logarithmic: bool = True
    cut: Cut = ""
    lines: int = 11
    height: Height = "loss"

    @property
    def takes_logarithms(self) -> bool:
        """A share of right answers has no use for one."""
        return self.logarithmic and self.height != "accuracy"


@dataclass(frozen=True)
class HeightScale:
    """`low` and `high` are the ends of the colours; `levels` round values between them, for lines.

    `is_cut` says that there are heights above.
    """

    low: float
    high: float
    levels: tuple[float, ...]
    logarithmic: bool
    is_cut: bool = False

    def share(self, values: Values) -> Values:
        """0..1 from `low` to `high`; NaN stays."""
        low, high = self.low, self.high
        values = np.asarray(values, np.float64)
        if self.logarithmic:
            values = np.log10(
                np.where(values > 0, np.maximum(values, low), np.where(np.isnan(values), values, low))
            )
            low, high = float(np.log10(low)), float(np.log10(high))
        return np.clip((values - low) / max(high - low, 1e-300), 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Terrain:
    """`errors` [rows of y, columns of x] on the rows and columns of which anything is known yet."""

    x: Values
    y: Values
    errors: Values
    scale: HeightScale

    @property
    def frame(self) -> tuple[tuple[float, float], tuple[float, float]]:
        return (float(self.x[0]), float(self.x[-1])), (float(self.y[0]), float(self.y[-1]))

    def contains(self, points: Values) -> NDArray[np.bool_]:
        """Which of the points [n, 2] lie in the frame."""
        (left, right), (low, high) = self.frame
        x, y = points[:, 0], points[:, 1]
        inside: NDArray[np.bool_] = (left <= x) & (x <= right) & (low <= y) & (y <= high)
        return inside

    def at(self, x: Values, y: Values) -> Values:
        """The error between the computed points: linear along x, then along y. NaN outside and where unknown."""
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        flat = (np.ascontiguousarray(values, np.float64).ravel() for values in (x, y))
        grid = (np.ascontiguousarray(values, np.float64) for values in (self.x, self.y, self.errors))
        found: Values = between(*grid, *flat)
        return found.reshape(x.shape)

    def fine(self, points: int = 280, values: Values | None = None) -> tuple[Values, Values, Values]:
        """x, y and errors (or other values of the points) on a grid fine enough to look smooth, linear in between."""
        values = self.errors if values is None else values
        x, y = np.linspace(self.x[0], self.x[-1], points), np.linspace(self.y[0], self.y[-1], points)
        i = np.clip(np.searchsorted(self.x, x, side="right") - 1, 0, len(self.x) - 2)
        u = (x - self.x[i]) / (self.x[i + 1] - self.x[i])
        rows = (1 - u) * values[:, i] + u * values[:, i + 1]
        j = np.clip(np.searchsorted(self.y, y, side="right") - 1, 0, len(self.y) - 2)
        v = ((y - self.y[j]) / (self.y[j + 1] - self.y[j]))[:, None]
        return x, y, (1 - v) * rows[j] + v * rows[j + 1]


def known(surface: Surface) -> tuple[Values, Values, Values] | None:
    """x, y and errors of the known part of a surface, which may still be coarse; None while there is next to nothing.

    A line, which has one row, is as a surface that is the same all across.
    """
    errors = np.where(np.isfinite(surface.errors), surface.errors, np.nan)
    there = np.isfinite(errors)
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    y = surface.y[rows]
    if len(surface.errors) == 1 and len(rows):
        rows, y = np.zeros(2, np.intp), surface.y[0] + np.array([-1.0, 1.0])
    if len(rows) < 2 or len(columns) < 2:
        return None
    return surface.x[columns], y, errors[np.ix_(rows, columns)]


def scale_of(surfaces: Sequence[Surface], look: Look) -> HeightScale:
    """One scale for all that is known of some surfaces, of which there is something."""
    errors = np.concatenate([s.errors[np.isfinite(s.errors)] for s in surfaces])
    low, top = float(errors.min()), float(errors.max())
    high = _cut_at(errors, surfaces, look, low, top)
    if high <= low:
        high = low + max(abs(low), 1.0) * 1e-6
    logarithmic = look.takes_logarithms and bool((errors > 0).any())
    if logarithmic:
        low = max(float(errors[errors > 0].min()), high * 1e-8) if low <= 0 else low
        low = min(low, high * 0.999)
    levels = ticks(low, high, look.lines, logarithmic)
    if logarithmic and len(levels) < min(4, look.lines):
        levels = ticks(low, high, look.lines)
    return HeightScale(low, high, tuple(levels), logarithmic, high < top)


def _cut_at(errors: Values, surfaces: Sequence[Surface], look: Look, low: float, top: float) -> float:
    """Up to which height is shown; never so little that nothing is left."""
    if not look.cut or look.height == "accuracy":
        return top
    if look.cut == "path":
        walked = np.concatenate(
            [p for s in surfaces for p in (s.path_errors, *(o.path_errors for o in s.others))]
        )
        walked = walked[np.isfinite(walked)]
        wanted = float(walked.max()) if len(walked) else top
    else:
        wanted = float(np.percentile(errors, float(look.cut)))
    return min(wanted, top) if wanted > low else top


def terrain(surface: Surface, look: Look, scale: HeightScale | None = None) -> Terrain | None:
    """The known part of a surface, by its own scale or another's; None while there is next to nothing."""
    found = known(surface)
    if found is None:
        return None
    return Terrain(*found, scale or scale_of([surface], look))
