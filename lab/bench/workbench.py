"""The time machine: what going back, going side by side, scrubbing and editing cost."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from functools import partial

import msgspec
import numpy as np

from lab.bench.fresh import fresh
from lab.bench.line import Line, at_most
from lab.experiment.experiment import Experiment
from lab.experiment.of_layer import with_network
from lab.experiment.presets import DEFAULT, preset
from lab.kernels.warmup import compile_all
from lab.network.diagram import diagram
from lab.network.layers import Add, Conv2D, Dense, GlobalAveragePool2D
from lab.network.network import INPUT, Network, Node, analyse
from lab.network.shape import Shape
from lab.training.race import Race
from lab.training.run import Run

LANES = 4


def lockstep(quick: bool) -> Line:
    """Four runs of LeNet against one, the same updates in turns, on one core."""
    one, four = Race.of(preset(DEFAULT), 1), Race.of(preset(DEFAULT), 1)
    for number in range(2, LANES + 1):
        four.branch(number, None, 1)
    steps, ratios = 20, []
    for race in (one, four):
        race.advance(60)
    for _ in range(5 if quick else 25):
        taken = [_taken(partial(race.advance, steps)) for race in (one, four)]
        ratios.append(taken[1] / taken[0])
    return at_most("four LeNet runs in lockstep over one", statistics.median(ratios), "times", 4.2)


def back(quick: bool) -> list[Line]:
    """Going back in a LeNet run of 4,000 updates: far back, and by single steps from there."""
    run = Run(preset(DEFAULT))
    run.advance(2500 if quick else 4000)
    top = run.step
    far = _taken(lambda: run.go_to(top - 1000))
    near = [_taken(partial(run.go_to, top - 1000 - k)) for k in range(1, 60)]
    return [
        at_most("LeNet, 1,000 steps back", far, "s", 1),
        at_most("LeNet, one step back, 95th percentile", 1000 * float(np.percentile(near, 95)), "ms", 50),
    ]


def _taken(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def workbench(quick: bool) -> list[Line]:
    lines = [lockstep(quick), *back(quick)]
    try:
        live = fresh("from lab.bench.workbench import live; live()")
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return [*lines, Line("the live window's time machine", note=f"could not be measured: {error}")]
    return [
        *lines,
        large_layout(),
        at_most("scrubbing, from the wish to the frame, median", live["scrub"], "ms", 50),
        at_most("the same, 95th percentile", live["scrub_95"], "ms", 50),
        at_most("an architecture edit, until it is drawn", live["drawn"], "ms", 50),
        at_most("an architecture edit, until training goes on", live["resumed"], "ms", 200),
        at_most("an edit among 201 layers, until graph and list are drawn", live["large"], "ms", 50),
        at_most("panning over 201 layers, a frame", live["pan"], "ms", 16),
    ]


def residual(blocks: int) -> Network:
    """Three layers a block, of which the third adds the block's input; two more at the end."""
    nodes, before = [Node("first", Conv2D(4, 3, padding=1), (INPUT,))], "first"
    for at in range(blocks):
        nodes += [
            Node(f"{at}a", Conv2D(4, 3, padding=1), (before,)),
            Node(f"{at}b", Conv2D(4, 3, padding=1)),
            Node(f"{at}+", Add(), (before, f"{at}b")),
        ]
        before = f"{at}+"
    return Network((*nodes, Node("pool", GlobalAveragePool2D()), Node("out", Dense(10))))


def large_layout() -> Line:
    analysis = analyse(residual(66), Shape(1, 32, 32))
    diagram(analysis)
    taken = statistics.median(_taken(lambda: diagram(analysis)) for _ in range(9))
    return at_most("laying out 201 layers as a graph", 1000 * taken, "ms", 100)


def live() -> None:
    """In a fresh process: print milliseconds, in the window without a screen."""
    from lab.app import create_application, create_window
    from lab.gui.widgets.graph.canvas import GraphCanvas

    compile_all()
    application = create_application(["descent"])
    window = create_window(preset(DEFAULT))
    window.show()
    document = window.document
    document.start()

    def until(condition: Callable[[], bool]) -> float:
        began = time.perf_counter()
        while not condition():
            application.processEvents()
            time.sleep(0.0002)
            if time.perf_counter() - began > 60:
                raise TimeoutError
        application.processEvents()  # what has come is painted
        return 1000 * (time.perf_counter() - began)

    def stands_at(step: int) -> bool:
        return document.snapshot is not None and document.snapshot.step == step

    def widened(experiment: Experiment, units: int) -> Experiment:
        nodes = [
            msgspec.structs.replace(node, layer=msgspec.structs.replace(node.layer, units=units))
            if node.name == "dense1" and isinstance(node.layer, Dense)
            else node
            for node in experiment.network.nodes
        ]
        return with_network(experiment, Network(tuple(nodes)))

    until(lambda: document.playback.ready and document.snapshot is not None)
    document.trainer.advance(600)
    until(lambda: stands_at(600))
    scrubs, drawn, resumed = [], [], []
    for step in range(590, 300, -7):
        document.playback.go_to(step)
        scrubs.append(until(partial(stands_at, step)))
    document.playback.go_to_end()
    until(lambda: stands_at(600))
    document.playback.play()
    until(lambda: document.snapshot is not None and document.snapshot.step > 620)
    for units in (100, 130, 90, 140, 80, 120, 110, 96):
        edited = widened(document.draft, units)
        began = time.perf_counter()
        document.edit(edited, "Widen")
        application.processEvents()
        drawn.append(1000 * (time.perf_counter() - began))

        def goes_on(edited: Experiment = edited) -> bool:
            seen = document.snapshot
            return seen is not None and seen.experiment == edited and seen.step > seen.edits[-1].step

        resumed.append(drawn[-1] + until(goes_on))
        until(lambda: False if document.snapshot is None else document.snapshot.step % 3 == 0)
    document.playback.pause()
    document.undo_stack.setClean()
    document.open(msgspec.structs.replace(document.draft, network=residual(66)))
    until(lambda: document.snapshot is not None and document.snapshot.experiment == document.draft)
    graph = next(dock for name, dock in window.workspace.docks.items() if name == "architecture")
    graph.show()
    graph.raise_()
    canvas = graph.findChild(GraphCanvas)
    assert canvas is not None
    until(canvas.isVisible)
    large, pans = [], []
    for filters in (5, 4) * 4:
        nodes = [
            msgspec.structs.replace(node, layer=msgspec.structs.replace(node.layer, filters=filters))
            if node.name == "30a" and isinstance(node.layer, Conv2D)
            else node
            for node in document.draft.network.nodes
        ]
        began = time.perf_counter()
        document.edit(with_network(document.draft, Network(tuple(nodes))), "Filters")
        window.repaint()
        large.append(1000 * (time.perf_counter() - began))
    bar = canvas.verticalScrollBar()
    for k in range(40):
        began = time.perf_counter()
        bar.setValue(bar.value() + (41 if k < 20 else -41))
        canvas.viewport().repaint()
        pans.append(1000 * (time.perf_counter() - began))
    result = {
        "large": statistics.median(large),
        "pan": statistics.median(pans),
        "scrub": statistics.median(scrubs),
        "scrub_95": float(np.percentile(scrubs, 95)),
        "drawn": statistics.median(drawn),
        "resumed": statistics.median(resumed),
    }
    document.close()
    print(msgspec.json.encode(result).decode(), flush=True)
