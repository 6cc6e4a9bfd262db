"""What is said of an error surface: at rest where the run stands, and under the mouse what is there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lab.gui.widgets.surface.arrows import KINDS
from lab.gui.widgets.surface.compass_card import facts
from lab.gui.widgets.surface.scene import Scene
from lab.gui.widgets.surface.trails import DIFFERS, Trail, differs, left_picture, nearest
from lab.gui.widgets.wording import number, share
from lab.training.surfaces import Height, Over, SurfaceProbe

REACH = 0.018
"""Of the frame: how near to a point of a path the mouse has to be."""
ON_PLANE = 1e-6


def said(value: float, height: Height) -> str:
    """error 0.246, objective 0.31, accuracy 93.1 %."""
    return f"accuracy {share(value)}" if height == "accuracy" else f"{named(height)} {number(value)}"


def named(height: Height) -> str:
    return {"loss": "error", "objective": "objective", "accuracy": "accuracy"}[height]


def over_what(probe: SurfaceProbe, examples: int) -> str:
    """Which examples make up the error."""
    over: Over = probe.over
    if over == "case":
        return f"over training case {probe.case:,} alone"
    if over == "batch":
        return f"over the next batch of {examples:,}"
    return f"over the first {examples:,} {over} examples" if examples > 1 else ""


def summary(scene: Scene, probe: SurfaceProbe, rate: float, compass: bool) -> str:
    """The current point's true error, and what keeps the picture from being the whole truth; the compass' numbers
    where they stand nowhere else."""
    surface, height = scene.surface, scene.look.height
    words = [surface.why] if surface.why else []
    if not surface.complete:
        words.append("computing")
    if scene.front is not None and len(scene.front):
        words += where_it_stands(scene, scene.front, height)
    words += [said_of_other(trail, scene) for trail in scene.trails[:-1] if len(trail)]
    words.append(over_what(probe, surface.examples))
    if scene.land.scale.is_cut:
        words.append(f"heights above {number(scene.land.scale.high)} cut off")
    words += off_words(scene)
    if scene.over is not None:
        words.append("dashed: the batch's lines")
    if abs(surface.cosine) > ON_PLANE and len(surface.errors) > 1:
        words.append(f"cos(d₁, d₂) = {number(surface.cosine, 2)}")
    if compass and scene.compass is not None:
        words += [f"{fact.name} {fact.said}" for fact in facts(scene.compass, rate)]
    return "  ·  ".join(filter(None, words))


def where_it_stands(scene: Scene, trail: Trail, height: Height) -> list[str]:
    """A run's step and true error, and how far off the plane it stands."""
    who = f"{trail.name} at " if len(scene.trails) > 1 else ""
    at, error = trail.known, error_of(trail, scene, height)
    where = f"{who}step {int(trail.steps[at]):,}"
    words = [f"{where}: {named(height)} {error}" if error else where]
    if trail.stopped:
        words.append(f"stopped: {trail.stopped}")
    if (gone := left_picture(trail, scene.land)) is not None:
        words.append(f"left the picture at step {gone:,}")
    if not scene.is_whole and np.isfinite(away := float(trail.away[at])):
        words.append(how_far_off(scene, away))
    return words


def how_far_off(scene: Scene, away: float) -> str:
    ground = "line" if len(scene.surface.errors) == 1 else "plane"
    return f"{number(away, 2)} off the {ground}" if away > ON_PLANE else f"on the {ground}"


def said_of_other(trail: Trail, scene: Scene) -> str:
    """Another run in few words; nothing while its error is not known."""
    if trail.stopped:
        return f"{trail.name} stopped: {trail.stopped}"
    if (gone := left_picture(trail, scene.land)) is not None:
        return f"{trail.name} left the picture at step {gone:,}"
    error = error_of(trail, scene, scene.look.height)
    return f"{trail.name} {error}" if error else ""


def error_of(trail: Trail, scene: Scene, height: Height) -> str:
    """A run's last known true error. While its start is in the hand there is none: then about what the surface says,
    where nothing lies off it.
    """
    written = share if height == "accuracy" else number
    error = float(trail.errors[trail.known])
    if np.isfinite(error):
        return written(error)
    error = float(scene.land.at(trail.points[-1:, 0], trail.points[-1:, 1])[0]) if scene.is_whole else np.nan
    return f"≈ {written(error)}" if np.isfinite(error) else ""


def off_words(scene: Scene) -> list[str]:
    """How many points of the paths the surface tells falsely."""
    if scene.is_whole or not scene.marks.truth or len(scene.surface.errors) == 1:
        return []
    wrong, known = 0, 0
    for trail in scene.trails:
        wrong += len(differs(trail, scene.land))
        known += int(np.isfinite(trail.errors).sum())
    return [f"{wrong} of {known} points differ by more than {DIFFERS:.0%}, some ringed"] if wrong else []


def hover(scenes: Sequence[Scene], point: tuple[float, float], arrow: str = "") -> str:
    """What is under the mouse: an arrow, a point of a path, or a place of the plane."""
    scene = scenes[0]
    if arrow and scene.compass is not None and arrow in scene.compass.arrows:
        kind, there = KINDS[arrow], scene.compass.arrows[arrow]
        return (
            f"{kind.sign}, {kind.title}: length {number(there.length)}, {there.share:.0%} of it in the plane"
        )
    (left, right), (low, high) = scene.land.frame
    found = nearest(scene.trails, point, (REACH * (right - left), REACH * (high - low)))
    if found is not None:
        return of_path(scene, *found)
    height = scene.look.height
    words = [f"at ({number(point[0])}, {number(point[1])})"]
    for k, each in enumerate(scenes):
        value = float(each.land.at(np.array(point[0]), np.array(point[1])))
        whose = f" {each.title}" if k else ""
        words.append("not computed here" if np.isnan(value) else f"{said(value, height)}{whose}")
    return f"{words[0]}: {', '.join(words[1:])}"


def of_path(scene: Scene, trail: Trail, k: int) -> str:
    """A point of a path: its step, its true error, the surface's, and how far off the plane it lies."""
    height, at = scene.look.height, trail.points[k]
    surface, true = float(scene.land.at(at[0], at[1])), float(trail.errors[k])
    who = f"{trail.name}, " if len(scene.trails) > 1 else ""
    words = [f"{who}step {int(trail.steps[k]):,} at ({number(float(at[0]))}, {number(float(at[1]))})"]
    if np.isfinite(true):
        words.append(f"true {said(true, height)}")
    if np.isfinite(surface):
        words.append(f"{'' if np.isfinite(true) else named(height) + ' '}on the surface {number(surface)}")
    if not scene.is_whole and np.isfinite(trail.away[k]):
        words.append(how_far_off(scene, float(trail.away[k])))
    return ",  ".join(words)
