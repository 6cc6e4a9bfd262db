"""Error surfaces in the window: the relief while four runs train, and a start that is dragged."""

from __future__ import annotations

import statistics
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from lab.bench.fresh import fresh
from lab.bench.line import Line, at_least, at_most
from lab.bench.stage import Stage
from lab.experiment.presets import preset
from lab.experiment.variants import ASPECTS, variants

if TYPE_CHECKING:
    from lab.gui.widgets.surface.trails import Trail

RUNS = 4
POINTS = "151"
"""Along each side of the relief: the next that can be chosen from 128 on."""
WALKED, DRAGGED = 6000, 200
"""Updates that each run has made: before the relief is watched, and before its start is dragged."""
POINTS_OF_A_PATH = 1000
"""While the relief is watched: points are put in between, usually there are some 250, and 100 of other runs."""
MOVES = 60


def surface_view(quick: bool) -> list[Line]:
    lines: list[Line] = []
    for what, wanted in (("the relief", f"relief({3.0 if quick else 8.0})"), ("a dragged start", "drag()")):
        try:
            found = fresh(f"from lab.bench.surface_view import drag, relief; {wanted}")
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            lines.append(Line(what, note=f"could not be measured: {error}"))
            continue
        lines += _of_relief(found) if what == "the relief" else _of_drag(found)
    return lines


def _of_relief(found: dict[str, float]) -> list[Line]:
    title = f"3-D surface, {POINTS}×{POINTS}, {RUNS} paths of {found['points']:.0f} points, while training"
    return [
        at_least(f"{title}: frames", found["frames"], "a second", 30),
        at_most(f"{title}: gap between them, 99th percentile", found["gap"], "ms", 40),
    ]


def _of_drag(found: dict[str, float]) -> list[Line]:
    title = f"dragging the start of {RUNS} optimizers × {DRAGGED} steps, from the hand to the picture"
    return [
        at_most(f"{title}, median", found["median"], "ms", 16),
        at_most(f"{title}, 95th percentile", found["most"], "ms", 33),
    ]


def relief(lasting: float) -> None:
    """In a fresh process: print frames a second of the relief, milliseconds of the 99th percentile of their gaps."""
    from lab.gui.widgets.surface import trails

    stage = Stage(preset("spiral"))
    surface: Any = stage.window.workspace.docks["surface"].view
    for name, dock in stage.window.workspace.docks.items():
        dock.setVisible(name == "surface")
    race(stage, WALKED)
    settings = surface.settings
    settings.resolution.setCurrentIndex(settings.resolution.findData(POINTS))
    settings.shape.setCurrentIndex(settings.shape.findData("solid"))
    stage.until(lambda: bool(surface.scenes) and surface.scenes[0].surface.complete)
    painted = stage.paints(surface.faces.face("solid"))

    def long(*given: Any) -> tuple[Trail, ...]:
        return tuple(map(lengthened, trails.trails_of(*given)))

    with patch("lab.gui.views.surface.trails_of", long):
        stage.document.playback.play()
        stage.spin(1.5)
        painted.clear()
        began = time.perf_counter()
        stage.spin(lasting)
        taken = time.perf_counter() - began
    gaps = 1000 * np.diff(painted)
    stage.end(
        {
            "frames": len(painted) / taken,
            "gap": float(np.percentile(gaps, 99)) if len(gaps) else float("inf"),
            "points": statistics.median(map(len, surface.scenes[0].trails)),
        }
    )


def lengthened(trail: Trail) -> Trail:
    """The same path through more points."""
    if len(trail) < 2:
        return trail
    at, wanted = np.arange(len(trail)), np.linspace(0, len(trail) - 1, POINTS_OF_A_PATH)
    columns = [np.interp(wanted, at, c) for c in (*trail.points.T, trail.errors, trail.steps, trail.away)]
    return replace(
        trail,
        points=np.stack(columns[:2], axis=1),
        errors=columns[2],
        steps=columns[3].astype(np.int64),
        away=columns[4],
    )


def drag() -> None:
    """In a fresh process: print milliseconds from a move of the mouse to the picture of the paths from there."""
    stage = Stage(preset("rosenbrock"))
    surface: Any = stage.window.workspace.docks["surface"].view
    race(stage, DRAGGED)
    stage.until(lambda: bool(surface.scenes) and len(surface.scenes[0].trails) == RUNS)
    flat = surface.faces.face("flat")
    stage.until(lambda: flat.isVisible() and surface.scenes[0].surface.complete)
    start = np.array(surface.scenes[0].front.points[0])
    there = start

    def has_come() -> bool:
        trails = surface.scenes[0].trails if surface.scenes else ()
        return len(trails) == RUNS and all(np.allclose(t.points[0], there, atol=1e-5) for t in trails)

    painted = stage.paints(flat, has_come)
    taken = []
    for k in range(MOVES):
        way = np.array([0.3 * np.sin(k / 5), 0.2 * np.cos(k / 7)])
        there = (start + way).astype(np.float32).astype(np.float64)
        stage.spin(0.03)  # as a hand moves; what was painted of the place before is over
        painted.clear()
        began = time.perf_counter()
        flat.start_moved.emit(tuple(there), False)
        stage.until(lambda: bool(painted))
        taken.append(1000 * (painted[0] - began))
    stage.end({"median": statistics.median(taken), "most": float(np.percentile(taken, 95))})


def race(stage: Stage, updates: int) -> None:
    """Optimizers against one another; so many updates each, and then they stand."""
    document = stage.document
    examples = 1 if document.prepared is None else len(document.prepared.training)
    optimizers = next(aspect for aspect in ASPECTS if aspect.key == "optimizers")
    document.runs.race(variants(document.running, optimizers, examples)[:RUNS])
    stage.until(lambda: document.snapshot is not None and len(document.snapshot.runs) == RUNS)
    document.trainer.advance(updates)
    stage.until(lambda: stage.step == updates)
