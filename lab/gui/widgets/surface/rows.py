"""All that a surface's picture shows, as rows of one table: points of the surface, of the paths, arrows, numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.gui.widgets.surface.scene import Scene
from lab.gui.widgets.surface.trails import Trail
from lab.training.surfaces import Compass

Columns = dict[str, NDArray[Any]]


def table_of(scenes: Sequence[Scene]) -> Mapping[str, NDArray[Any]]:
    """Equally long columns; what a kind of row does not have is NaN. `what` says which kind it is."""
    if not scenes:
        return {}
    scene = scenes[0]
    first, second = scene.surface.axes
    if first == second:
        first, second = f"{first} (x)", f"{second} (y)"
    parts = [grid(one, "surface" if not k else f"surface {one.title}") for k, one in enumerate(scenes)]
    parts += [path(trail, scene) for trail in reversed(scene.trails) if len(trail)]
    if scene.compass is not None:
        parts += numbers(scene, scene.compass)
    heads = {"what": "what", "run": "run", "step": "step", "x": first, "y": second}
    heads |= {"error": scene.look.height if scene.look.height != "loss" else "error", "true": "true error"}
    heads |= {"away": "distance off the plane", "value": "value"}
    return {title: _joined(parts, key) for key, title in heads.items()}


def _joined(parts: Sequence[Columns], key: str) -> NDArray[Any]:
    words = key in ("what", "run")
    return np.concatenate(
        [
            part.get(key, np.full(len(part["what"]), "" if words else np.nan, object if words else float))
            for part in parts
        ]
    )


def grid(scene: Scene, what: str) -> Columns:
    """One row a point of the surface, of what is known."""
    surface = scene.surface
    x, y = np.meshgrid(surface.x, surface.y)
    return {
        "what": np.full(x.size, what, object),
        "x": x.ravel(),
        "y": y.ravel(),
        "error": surface.errors.ravel(),
    }


def path(trail: Trail, scene: Scene) -> Columns:
    """One row a point of a run's path: the surface's error there, the true one, and how far off the plane it lies."""
    return {
        "what": np.full(len(trail), "path", object),
        "run": np.full(len(trail), trail.name, object),
        "step": trail.steps.astype(float),
        "x": trail.points[:, 0],
        "y": trail.points[:, 1],
        "error": scene.land.at(trail.points[:, 0], trail.points[:, 1]),
        "true": trail.errors,
        "away": trail.away,
    }


def numbers(scene: Scene, compass: Compass) -> list[Columns]:
    """One row an arrow, with its shadow in the plane and its length; one row a number of the compass."""
    name = scene.front.name if scene.front is not None else ""
    found = [
        _row(f"arrow: {key}", name, x=arrow.shadow[0], y=arrow.shadow[1], value=arrow.length)
        for key, arrow in compass.arrows.items()
    ]
    first, second = compass.eigenvalues
    known = {
        "angle between step and contour (degrees)": compass.step_to_contour,
        "angle between descent and the way to the minimum (degrees)": compass.descent_to_minimum,
        "cosine between the batch's gradient and the full one": compass.batch_cosine,
        "1st eigenvalue in the plane": first,
        "2nd eigenvalue in the plane": second,
        "condition number": compass.condition,
        "largest stable rate": compass.largest_rate,
    }
    found += [_row(what, name, value=value) for what, value in known.items() if not np.isnan(value)]
    if scene.surface.minimum is not None:
        found.append(_row("minimum", "", x=scene.surface.minimum[0], y=scene.surface.minimum[1]))
    return found


def _row(what: str, run: str, **values: float) -> Columns:
    words: Columns = {"what": np.array([what], object), "run": np.array([run], object)}
    return words | {key: np.array([value]) for key, value in values.items()}
