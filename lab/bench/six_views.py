"""Six views of one network live at once: frames a second, the gaps between them, and what training loses."""

from __future__ import annotations

import statistics
import subprocess
import time

import msgspec
import numpy as np

from lab.bench.fresh import fresh
from lab.bench.line import Line, at_least, at_most
from lab.experiment.presets import DEFAULT, preset
from lab.kernels.warmup import compile_all

SIX = ("curves", "maps", "diagram", "surface", "filters", "confusion")
"""Side by side, three above three."""
SIZE = (1920, 1080)
TURNS = 3
"""Training alone and beside the window, in turns: what else the machine does falls on both."""


def six_views(quick: bool) -> list[Line]:
    code = f"from lab.bench.six_views import live; live({2.0 if quick else 8.0})"
    try:
        found = fresh(code)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return [Line("six views live", note=f"could not be measured: {error}")]
    pictures = ", ".join(f"{name} {found['pictures'][name]:.0f}" for name in SIX)
    return [
        at_least("six views of LeNet live: frames", found["frames"], "a second", 30, f"new ones: {pictures}"),
        at_most("gap between those frames, 99th percentile", found["gap"], "ms", 40),
        at_least(
            "training speed beside six live views over alone", found["speed"], "%", 85,
            f"{found['live']:.0f} of {found['alone']:.0f} updates/s, one compute thread",
        ),
    ]  # fmt: skip


def live(lasting: float) -> None:
    """In a fresh process: print frames a second, the 99th percentile of their gaps in ms, training's speed beside the
    window over alone in %, and how often each view was shown something a second."""
    from PySide6.QtCore import QEvent, QObject, Qt

    from lab.app import create_application, create_window
    from lab.gui.garbage import Collector
    from lab.training.run import Run
    from lab.training.snapshot import Snapshot

    frames: list[float] = []
    shown = dict.fromkeys(SIX, 0)

    class Frames(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.UpdateRequest:
                frames.append(time.perf_counter())
            return False

    compile_all()
    application = create_application(["descent"])
    window = create_window(preset(DEFAULT))
    filter_ = Frames()
    window.installEventFilter(filter_)
    window.resize(*SIZE)
    window.show()
    document, space = window.document, window.workspace
    document.start()
    Collector(application).start()

    def spin(duration: float) -> None:
        until = time.perf_counter() + duration
        while time.perf_counter() < until:
            application.processEvents()
            time.sleep(0.0005)

    while document.snapshot is None:
        spin(0.05)
    docks = [space.docks[name] for name in SIX]
    for dock in space.docks.values():
        space.removeDockWidget(dock)
    space.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, docks[0])
    space.splitDockWidget(docks[0], docks[3], Qt.Orientation.Vertical)
    for left in (0, 1, 3, 4):
        space.splitDockWidget(docks[left], docks[left + 1], Qt.Orientation.Horizontal)
    for dock in docks:
        dock.show()

        def count(snapshot: Snapshot, name: str = dock.key, show: object = dock.view.show_snapshot) -> None:
            shown[name] += 1
            show(snapshot)  # type: ignore[operator]

        dock.view.show_snapshot = count  # type: ignore[method-assign]
    spin(0.5)
    assert {view.name for view in space.open_views} == set(SIX)
    run = Run(preset(DEFAULT), threads=1)
    run.advance(50)
    speeds, alone, gaps, rates, pictures = [], [], [], [], []
    for _ in range(TURNS):
        began, at = time.perf_counter(), run.step
        while time.perf_counter() - began < lasting / 2:
            run.advance(20)
        alone.append((run.step - at) / (time.perf_counter() - began))
        document.playback.play()
        spin(1.0)
        at, began = document.snapshot.step, time.perf_counter()
        frames.clear()
        shown.update(dict.fromkeys(SIX, 0))
        spin(lasting)
        taken = time.perf_counter() - began
        speeds.append((document.snapshot.step - at) / taken)
        rates.append(len(frames) / taken)
        pictures.append({name: shown[name] / taken for name in SIX})
        gaps += list(np.diff(frames))
        document.playback.pause()
        spin(0.5)
    result = {
        "frames": statistics.median(rates),
        "gap": 1000 * float(np.percentile(gaps, 99)) if gaps else float("inf"),
        "live": statistics.median(speeds),
        "alone": statistics.median(alone),
        "speed": 100 * statistics.median(a / b for a, b in zip(speeds, alone, strict=True)),
        "pictures": {name: statistics.median(one[name] for one in pictures) for name in SIX},
    }
    document.close()
    print(msgspec.json.encode(result).decode(), flush=True)
