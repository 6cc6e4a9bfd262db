"""The paths on a surface: where each run has been, what its true errors are there, and where it leaves the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lab.gui.widgets.surface.terrain import Terrain, Values
from lab.training.snapshot import Snapshot, Walk
from lab.training.surfaces import Arrow, Surface

DIFFERS = 0.1
"""Where the true error and the surface differ by more than this share of the larger one, it is shown."""
BEYOND = 1.5
"""A path is drawn to this many frames beyond the frame, and no farther."""


@dataclass(frozen=True, eq=False)
class Trail:
    """The path of a run on the plane, `points` [n, 2]; `errors` its true ones, NaN where they are not known.

    `away` is how far off the plane each point lies, `stopped` why the run does not go on ("" if it does). The arrows
    and scales are those at `seen_at`, where the run stood when it was looked at: the trail may have grown since.
    """

    run: int
    name: str
    colour: int
    points: Values
    errors: Values
    steps: NDArray[np.int64]
    away: Values
    stopped: str = ""
    arrows: Mapping[str, Arrow] = field(default_factory=dict)
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    seen_at: tuple[float, float] | None = None

    def __len__(self) -> int:
        return len(self.points)

    @property
    def end(self) -> tuple[float, float] | None:
        """Where the run stands."""
        return last_of(self.points)

    @property
    def has_left(self) -> bool:
        """Whether the run stands elsewhere than where it was looked at."""
        return self.seen_at is None or self.end is None or not np.allclose(self.seen_at, self.end, 1e-4, 1e-6)

    @property
    def known(self) -> int:
        """The last point of which the true error is known: it goes on while surfaces are looked at now and then."""
        known = np.flatnonzero(np.isfinite(self.errors))
        return int(known[-1]) if len(known) else len(self) - 1


def trails_of(surface: Surface, snapshot: Snapshot, alone: bool = False) -> tuple[Trail, ...]:
    """The paths on a surface; that of the snapshot's run, whose surface it is, last: on top.

    The snapshot itself knows where each run has been of late, and knows it first.
    """
    found: dict[int, Trail] = {}
    for other in () if alone else surface.others:
        found[other.run] = Trail(
            other.run, other.name, other.colour, other.path.reshape(-1, 2), other.path_errors, other.path_steps,
            other.path_distances, arrows=other.arrows, scales=other.scales, seen_at=last_of(other.path),
        )  # fmt: skip
    compass = surface.compass
    found[snapshot.run] = Trail(
        snapshot.run, snapshot.name, snapshot.colour, surface.path.reshape(-1, 2), surface.path_errors,
        surface.path_steps, surface.path_distances, arrows={} if compass is None else compass.arrows,
        scales={} if compass is None else compass.scales,
        seen_at=last_of(surface.path),
    )  # fmt: skip
    for run in snapshot.runs or (snapshot,):
        there = found.get(run.run)
        if there is not None:
            there = replace(there, stopped=run.stopped, name=run.name)
            walk = run.walk_on(surface.plane)
            found[run.run] = there if walk is None else as_walked(there, walk)
    return tuple(found.values())


def last_of(path: Values) -> tuple[float, float] | None:
    """The last point of a path [n, 2]."""
    return (float(path[-1, 0]), float(path[-1, 1])) if len(path) else None


def as_walked(trail: Trail, walk: Walk) -> Trail:
    """A trail as the run knows it: up to where the walk begins as it was, and then the walk.

    The true errors, and how far off the plane it is, are known of those of its points that it has in common with the
    trail. Of a network of two weights nothing lies off the plane.
    """
    before = int(np.searchsorted(trail.steps, walk.steps[0]))
    errors, away = (np.full(len(walk.steps), np.nan) for _ in range(2))
    if len(trail):
        at = np.clip(np.searchsorted(trail.steps, walk.steps), 0, len(trail) - 1)
        # the last point may be there twice: as one of the path, and as where the run stands
        same = (trail.steps[at] == walk.steps) & np.isclose(trail.points[at], walk.points, rtol=1e-5).all(
            axis=1
        )
        errors[same], away[same] = trail.errors[at[same]], trail.away[at[same]]
    return replace(
        trail,
        points=np.concatenate([trail.points[:before], walk.points]),
        errors=np.concatenate([trail.errors[:before], errors]),
        steps=np.concatenate([trail.steps[:before], walk.steps]),
        away=np.concatenate([trail.away[:before], away if walk.plane else np.zeros(len(away))]),
    )


@lru_cache(maxsize=32)
def differs(trail: Trail, land: Terrain) -> NDArray[np.intp]:
    """Which points of a trail the surface tells falsely, because they lie off the plane: more than DIFFERS."""
    if not len(trail):
        return np.empty(0, np.intp)
    surface = land.at(trail.points[:, 0], trail.points[:, 1])
    with np.errstate(invalid="ignore"):
        off = np.abs(surface - trail.errors) > DIFFERS * np.maximum(np.abs(surface), np.abs(trail.errors))
    return np.flatnonzero(off & np.isfinite(surface) & np.isfinite(trail.errors))


def spaced(points: Values, least: float) -> NDArray[np.intp]:
    """Which points [n, 2] to take so that one after the other is `least` away from the last one taken."""
    taken, k = [], 0
    while k < len(points):
        taken.append(k)
        far = np.abs(points[k + 1 :] - points[k]).max(axis=1) >= least
        k += 1 + int(far.argmax()) if far.any() else len(points)
    return np.array(taken, np.intp)


@dataclass(frozen=True)
class Exit:
    """Where a run left the picture for good: after which of its points, at which place of the frame, and which way out
    that is (dx, dy: -1, 0 or 1)."""

    after: int
    at: tuple[float, float]
    out: tuple[float, float]


def exit_of(trail: Trail, land: Terrain) -> Exit | None:
    """None where the run stands in the frame."""
    if not len(trail):
        return None
    inside = land.contains(trail.points)
    if inside[-1]:
        return None
    (left, right), (low, high) = land.frame
    least, most = np.array([left, low]), np.array([right, high])
    within = np.flatnonzero(inside)
    last = int(within[-1]) if len(within) else -1
    beyond = np.nan_to_num(trail.points[last + 1], nan=np.inf, posinf=1e300, neginf=-1e300)
    crossing = _crossing(trail.points[last], beyond, least, most) if last >= 0 else None
    at = np.clip(beyond, least, most) if crossing is None else crossing
    off = np.where(
        at >= most - 1e-9 * (most - least), 1.0, np.where(at <= least + 1e-9 * (most - least), -1.0, 0.0)
    )
    return Exit(last, (float(at[0]), float(at[1])), (float(off[0]), float(off[1])))


def clipped(points: Values, land: Terrain) -> Values:
    """A path as far as a painter can draw it: pieces far outside are left out, a way there ends at their border."""
    (left, right), (low, high) = land.frame
    wide, tall = BEYOND * (right - left), BEYOND * (high - low)
    least, most = np.array([left - wide, low - tall]), np.array([right + wide, high + tall])
    return cut_to_box(points, least, most)


def cut_to_box(points: Values, least: Values, most: Values) -> Values:
    """The pieces of a path [n, 2] within a box, with the points at which it goes out and comes in; NaN in between."""
    with np.errstate(invalid="ignore"):
        inside: NDArray[np.bool_] = np.all((least <= points) & (points <= most), axis=1)
    if inside.all():
        return points
    turns = np.flatnonzero(np.diff(inside.astype(np.int8), prepend=0, append=0))
    pieces: list[Values] = []
    for first, end in zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True):
        enters = _crossing(points[first], points[first - 1], least, most) if first else None
        leaves = _crossing(points[end - 1], points[end], least, most) if end < len(points) else None
        pieces += [] if enters is None else [enters[None]]
        pieces.append(points[first:end])
        pieces += [] if leaves is None else [leaves[None]]
        pieces += [] if end == len(points) else [np.full((1, 2), np.nan)]
    return np.concatenate(pieces) if pieces else np.empty((0, 2))


def _crossing(inside: Values, outside: Values, least: Values, most: Values) -> Values | None:
    """Where the way from a point inside to one outside crosses the border; None where that is nowhere."""
    if not np.isfinite(outside).all():
        return None
    way = outside - inside
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = np.where(way > 0, (most - inside) / way, np.where(way < 0, (least - inside) / way, np.inf))
    crossing: Values = inside + float(np.nanmin(share)) * way
    return np.clip(crossing, least, most)


def left_picture(trail: Trail, land: Terrain) -> int | None:
    """The step after which a run was outside the frame; None where it stands inside."""
    found = exit_of(trail, land)
    return None if found is None else int(trail.steps[max(found.after, 0)])


def nearest(
    trails: Sequence[Trail], at: tuple[float, float], reach: tuple[float, float]
) -> tuple[Trail, int] | None:
    """The trail and its point nearest to a place, within so much along x and y; of equally near ones the later."""
    best: tuple[float, Trail, int] | None = None
    for trail in trails:
        if len(trail):
            with np.errstate(invalid="ignore"):
                off = np.hypot(*((trail.points - np.array(at)) / np.array(reach)).T)
            off = np.where(np.isfinite(off), off, np.inf)
            k = len(off) - 1 - int(off[::-1].argmin())
            if off[k] <= 1 and (best is None or off[k] <= best[0]):
                best = float(off[k]), trail, k
    return None if best is None else best[1:]
