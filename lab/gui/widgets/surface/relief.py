"""A scene as it stands in the box of a relief: x and y in -1..1, heights in 0..1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lab.gui.theme import Theme, sequential
from lab.gui.widgets.colorbar import ticks
from lab.gui.widgets.surface.arrows import KINDS, ArrowKind
from lab.gui.widgets.surface.contours import is_light
from lab.gui.widgets.surface.scene import Scene
from lab.gui.widgets.surface.terrain import Terrain, Values
from lab.gui.widgets.surface.trails import Trail, cut_to_box, differs, exit_of, spaced
from lab.kernels.render import level_lines, shades

FINE = 110
"""Vertices along each side at least: between the computed points heights are linear, and brightness with them."""
ARROW = 0.42
"""How long an arrow is that lies wholly in the plane, in units of half the box's width."""
STEMS = 0.06
"""Stems are at least this share of the frame apart."""
DARKER, LIGHTER = -0.34, 0.55


@dataclass(frozen=True, eq=False)
class Ground:
    """The surface alone: it stays while paths grow. `heights` and `brightness` [n, n] are those of its vertices."""

    land: Terrain
    heights: Values
    brightness: Values

    @classmethod
    def of(cls, land: Terrain) -> Ground:
        heights = land.scale.share(land.errors)
        bright = shades(np.ascontiguousarray(heights))
        cells = max(len(land.x), len(land.y)) - 1
        points = cells * -(-FINE // cells) + 1
        if points == len(land.x) == len(land.y):
            return cls(land, heights, bright)
        return cls(land, land.scale.share(land.fine(points)[2]), land.fine(points, bright)[2])

    def lines(self, theme: Theme) -> Values:
        """The level lines: dark on light ground, light on dark."""
        levels = self.land.scale.share(np.array(self.land.scale.levels))
        tones = [DARKER if is_light(sequential(theme), float(level)) else LIGHTER for level in levels]
        return level_lines(levels, np.array(tones))


def in_box(points: Values, land: Terrain) -> Values:
    """Points [n, 2] of the plane as points [n, 3] on the surface; NaN outside the frame and where nothing is known."""
    (left, right), (low, high) = land.frame
    up = land.scale.share(land.at(points[:, 0], points[:, 1]))
    along, across = (
        2 * (points[:, 0] - left) / (right - left) - 1,
        2 * (points[:, 1] - low) / (high - low) - 1,
    )
    return np.stack([along, across, up], axis=1)


@dataclass(frozen=True, eq=False)
class Route:
    """The path of a run on the surface [n, 3]: as far as it lies in the frame. `gone` says that the run has left it."""

    trail: Trail
    points: Values
    gone: bool

    @cached_property
    def ends(self) -> tuple[Values, Values] | None:
        """The first and the last point that there are."""
        there = self.points[np.isfinite(self.points).all(axis=1)]
        return (there[0], there[-1]) if len(there) else None


@dataclass(frozen=True, eq=False)
class Pointer:
    """An arrow lying on the surface, [n, 3] from where the run stands to its tip."""

    kind: ArrowKind
    points: Values


def routes_of(scene: Scene) -> tuple[Route, ...]:
    (left, right), (low, high) = scene.land.frame
    least, most = np.array([left, low]), np.array([right, high])
    found = []
    for trail in scene.trails:
        gone = exit_of(trail, scene.land)
        points = trail.points if gone is None else np.vstack([trail.points[: gone.after + 1], [gone.at]])
        found.append(Route(trail, in_box(cut_to_box(points, least, most), scene.land), gone is not None))
    return tuple(found)


def pointers_of(scene: Scene) -> tuple[Pointer, ...]:
    """The arrows of the run whose surface it is; that to the minimum as far as it is, the others by their shares."""
    compass, front = scene.compass, scene.front
    at = None if front is None else front.seen_at
    if compass is None or at is None or not scene.land.contains(np.array([at]))[0]:
        return ()
    (left, right), (low, high) = scene.land.frame
    found = []
    for key, arrow in compass.arrows.items():
        way = np.array(arrow.shadow) * (2 / (right - left), 2 / (high - low))
        size = float(np.hypot(*way))
        if key not in scene.marks.arrows or key not in KINDS or not 1e-12 < size < np.inf:
            continue
        # where the box shows it, an arrow is as long as its share in the plane
        reach = 1.0 if key == "minimum" else ARROW * max(arrow.share, 0.15) / size
        along = np.linspace(0, reach, 32)[:, None] * np.array(arrow.shadow)
        points = in_box(np.array(at) + along, scene.land)
        there = points[np.isfinite(points).all(axis=1)]
        if len(there) > 2:
            found.append(Pointer(KINDS[key], there))
    return tuple(found)


def stems_of(scene: Scene) -> list[tuple[Values, Values]]:
    """From the surface to the true error, where these are not the same: pairs of points [3]."""
    if not scene.marks.truth or scene.is_whole:
        return []
    (left, right), (low, high) = scene.land.frame
    found = []
    for trail in scene.trails:
        at = differs(trail, scene.land)
        at = at[spaced(trail.points[at] / (right - left, high - low), STEMS)]
        feet = in_box(trail.points[at], scene.land)
        for foot, error in zip(feet, trail.errors[at], strict=True):
            top = foot.copy()
            top[2] = float(scene.land.scale.share(np.array(error)))
            found.append((foot, top))
    return found


def height_ticks(land: Terrain, most: int = 5) -> list[tuple[float, float]]:
    """Round heights, and where in the box they are: for the upright axis."""
    scale = land.scale
    values = ticks(scale.low, scale.high, most, scale.logarithmic)
    return [(value, float(scale.share(np.array(value)))) for value in values]
