"""What the two pictures of an error surface share: the heights that are known, their scale, their levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.gui.widgets.colorbar import ticks
from lab.training.surfaces import Surface

Values = NDArray[np.float64]
LINES = 11


@dataclass(frozen=True, eq=False)
class Trail:
    """The path of a run: [n, 2] on the plane, or [n, 3] in the box of a relief. `colour` is the run's."""

    name: str
    colour: int
    path: Values


@dataclass(frozen=True, eq=False)
class Terrain:
    """`errors` [rows of y, columns of x] on the rows and columns of which anything is known yet.

    `low` and `high` are the ends of the colours; `levels` round values between them, for lines.
    """

    x: Values
    y: Values
    errors: Values
    low: float
    high: float
    levels: tuple[float, ...]
    logarithmic: bool

    def heights(self, errors: Values) -> Values:
        """0..1 from `low` to `high`; NaN stays."""
        low, high = self.low, self.high
        values = np.asarray(errors, np.float64)
        if self.logarithmic:
            values = np.log10(
                np.where(values > 0, np.maximum(values, low), np.where(np.isnan(values), values, low))
            )
            low, high = float(np.log10(low)), float(np.log10(high))
        return np.clip((values - low) / max(high - low, 1e-300), 0.0, 1.0)

    def at(self, x: Values, y: Values) -> Values:
        """The error between the computed points: linear along x, then along y. NaN outside and where unknown."""
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        i = np.clip(np.searchsorted(self.x, x, side="right") - 1, 0, len(self.x) - 2)
        j = np.clip(np.searchsorted(self.y, y, side="right") - 1, 0, len(self.y) - 2)
        u = (x - self.x[i]) / (self.x[i + 1] - self.x[i])
        v = (y - self.y[j]) / (self.y[j + 1] - self.y[j])
        e = self.errors
        near = (1 - u) * e[j, i] + u * e[j, i + 1]
        far = (1 - u) * e[j + 1, i] + u * e[j + 1, i + 1]
        inside = (u >= -1e-9) & (u <= 1 + 1e-9) & (v >= -1e-9) & (v <= 1 + 1e-9)
        return np.where(inside, (1 - v) * near + v * far, np.nan)

    def fine(self, points: int = 280) -> tuple[Values, Values, Values]:
        """x, y and errors on a grid fine enough to look smooth, linear between the computed points."""
        x, y = np.linspace(self.x[0], self.x[-1], points), np.linspace(self.y[0], self.y[-1], points)
        i = np.clip(np.searchsorted(self.x, x, side="right") - 1, 0, len(self.x) - 2)
        u = (x - self.x[i]) / (self.x[i + 1] - self.x[i])
        rows = (1 - u) * self.errors[:, i] + u * self.errors[:, i + 1]
        j = np.clip(np.searchsorted(self.y, y, side="right") - 1, 0, len(self.y) - 2)
        v = ((y - self.y[j]) / (self.y[j + 1] - self.y[j]))[:, None]
        return x, y, (1 - v) * rows[j] + v * rows[j + 1]


def trails(surface: Surface, name: str, colour: int) -> tuple[Trail, ...]:
    """The paths on a surface; that of the run `name`, whose surface it is, last: on top."""
    others = [Trail(other.name, other.colour, other.path.reshape(-1, 2)) for other in surface.others]
    return (*others, Trail(name, colour, surface.path.reshape(-1, 2)))


def terrain(surface: Surface, logarithmic: bool) -> Terrain | None:
    """The known part of a surface, which may still be coarse; None while there is next to nothing."""
    errors = np.where(np.isfinite(surface.errors), surface.errors, np.nan)
    known = np.isfinite(errors)
    rows, columns = np.flatnonzero(known.any(axis=1)), np.flatnonzero(known.any(axis=0))
    if len(rows) < 2 or len(columns) < 2:
        return None
    errors = errors[np.ix_(rows, columns)]
    low, high = float(np.nanmin(errors)), float(np.nanmax(errors))
    if high <= low:
        high = low + max(abs(low), 1.0) * 1e-6
    if logarithmic:
        positive = errors[errors > 0]
        if not len(positive):
            return terrain(surface, False)
        low = max(float(np.nanmin(positive)), high * 1e-8) if low <= 0 else low
        low = min(low, high * 0.999)
    levels = ticks(low, high, LINES, logarithmic)
    if logarithmic and len(levels) < 4:
        levels = ticks(low, high, LINES)
    return Terrain(surface.x[columns], surface.y[rows], errors, low, high, tuple(levels), logarithmic)
