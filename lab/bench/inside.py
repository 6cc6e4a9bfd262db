"""Inside the network: what it costs to see it. Each line is measured in a fresh process, in processor time."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import msgspec

from lab.bench.fresh import fresh
from lab.bench.line import Line, at_most
from lab.bench.six_views import six_views

MAPS = 64
"""Feature maps of 28x28 that are redrawn."""


def inside(quick: bool) -> list[Line]:
    """A line for each of LINES, and those of six views at once."""
    lines = []
    for what, measure, unit, most in LINES:
        try:
            found = fresh(f"from lab.bench.inside import {measure}; {measure}({quick})")
            lines.append(at_most(what, found[measure], unit, most))
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            lines.append(Line(what, note=f"could not be measured: {error}"))
    return [*lines, *six_views(quick)]


LINES: tuple[tuple[str, str, str, float], ...] = (
    ("64 feature maps of 28x28, redrawn by the window", "redrawing", "ms", 6),
)
"""What is said, the function below that measures it, the unit, and what is asked."""


def told(measure: Callable[[bool], None], value: float) -> None:
    print(msgspec.json.encode({measure.__name__: value}).decode(), flush=True)


def least(work: Callable[[], object], times: int) -> float:
    """Milliseconds of processor time, the least of several."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append(1000 * (time.process_time() - began))
    return min(taken)


def redrawing(quick: bool) -> None:
    """A view of feature maps is given new numbers and paints them."""
    import numpy as np

    from lab.app import create_application
    from lab.gui.theme import LIGHT
    from lab.gui.views.map_groups import group_of
    from lab.gui.widgets.scrolled import ScrolledMosaic

    application = create_application(["descent"])
    area = ScrolledMosaic("maps", "")
    area.mosaic.show_theme(LIGHT)
    area.resize(640, 560)
    area.show()
    frames = np.random.default_rng(0).standard_normal((8, MAPS, 28, 28)).astype(np.float32)
    turn = iter(range(10**9))

    def redraw() -> None:
        maps = frames[next(turn) % len(frames)]
        peaks = np.abs(maps).max((1, 2)).astype(np.float64)
        area.mosaic.show_groups((group_of("conv", maps, "", peaks, "layer", 0.0),))
        area.viewport().repaint()
        application.processEvents()

    redraw()
    told(redrawing, least(redraw, 20 if quick else 100))
