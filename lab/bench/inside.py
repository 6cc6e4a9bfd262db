"""Inside the network: what it costs to see it. Each line is measured in a fresh process, in processor time."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from typing import Literal

import msgspec

from lab.bench.fresh import fresh
from lab.bench.line import Line, at_most
from lab.bench.six_views import six_views
from lab.data.datasets.digits import Digits
from lab.data.datasets.two_classes import Spiral
from lab.data.handwriting import draw, picture, style_of
from lab.experiment.experiment import Experiment
from lab.experiment.of_layer import with_network
from lab.experiment.presets import DEFAULT, preset
from lab.kernels.warmup import compile_all
from lab.network.activations import Tanh
from lab.network.layers import Dense
from lab.network.network import Network, Node
from lab.training.bending import BentGridProbe
from lab.training.drawing import Drawing
from lab.training.probes import ActivationsProbe, DecisionProbe
from lab.training.readings import answer
from lab.training.run import Run

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
    ("decision map of 200x200, a network of 2-8-8-1", "deciding", "ms", 10),
    ("bent grid and 280 examples of the same network", "bending", "ms", 10),
    ("a drawn digit, from ink to LeNet's answer at 28x28", "reading_ink", "ms", 4),
    ("the same in the window, from the pen's move to the bars, median by the clock", "drawing", "ms", 16),
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


def plane_run() -> Run:
    compile_all()
    layers = [Node(f"dense{k}", Dense(units, Tanh())) for k, units in enumerate((8, 8, 1))]
    run = Run(with_network(msgspec.structs.replace(preset("spiral"), data=Spiral()), Network(tuple(layers))))
    run.advance(100)
    return run


def deciding(quick: bool) -> None:
    """The network's output and all hidden units at every place of the lattice, on one core."""
    moment = plane_run().moment()
    told(deciding, least(lambda: answer(DecisionProbe(200), moment), 10 if quick else 50))


def bending(quick: bool) -> None:
    """The lattice, the training examples and the border, moved to where the second layer puts them."""
    moment = plane_run().moment()
    told(bending, least(lambda: answer(BentGridProbe("dense1"), moment), 10 if quick else 50))


def lenet(size: Literal[28, 32]) -> Experiment:
    return msgspec.structs.replace(preset(DEFAULT), data=Digits(size=size))


def reading_ink(quick: bool) -> None:
    """A stroke drawn on the sheet, the sheet brought to the size of the data, and sent through the network."""
    import numpy as np

    compile_all()
    run = Run(lenet(28))
    moment, style = run.moment(), style_of(run.experiment.data, run.prepared.dataset)
    ink = np.zeros(style.canvas, np.float32)
    draw(ink, (60, 60), (220, 200), 12)

    def work() -> None:
        draw(ink, (150, 130), (158, 136), 12)
        answer(ActivationsProbe(Drawing.of(picture(ink, style))), moment)

    told(reading_ink, least(work, 20 if quick else 200))


def drawing(quick: bool) -> None:
    """In the live window, while nothing trains: milliseconds by the clock."""
    from lab.bench.pen import moves

    told(drawing, statistics.median(moves(lenet(28), 60 if quick else 240)))
