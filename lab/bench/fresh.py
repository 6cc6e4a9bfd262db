"""What only a fresh process can show: loading, launching, and the live window beside training."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

import msgspec
import numpy as np

from lab.bench.line import Line, at_least, at_most
from lab.experiment.presets import DEFAULT, preset


def fresh(code: str, cache: str | None = None) -> Any:
    """What `code` prints as its last line, JSON, in a new interpreter without a screen; RuntimeError if it fails."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    if cache is not None:
        environment["DESCENT_CACHE_DIR"] = cache
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=600
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1])
    return msgspec.json.decode(done.stdout.strip().splitlines()[-1])


COMPILE = (
    "import time; t = time.perf_counter()\n"
    "from lab.kernels.warmup import compile_all; compile_all(); print(time.perf_counter() - t)"
)
IMPORTED = (
    "import sys, json, pkgutil, importlib, lab.training\n"
    "for m in pkgutil.iter_modules(lab.training.__path__): importlib.import_module('lab.training.' + m.name)\n"
    "print(json.dumps([m for m in sys.modules if m.split('.')[0] in ('PySide6', 'pyqtgraph', 'shiboken6')]))"
)


def loading(quick: bool) -> list[Line]:
    """How long the kernels take to compile and to load, and what training imports."""
    fresh(COMPILE)
    taken = statistics.median(fresh(COMPILE) for _ in range(1 if quick else 3))
    lines = [at_most("kernels from the cache, imports included", taken, "s", 1)]
    if not quick:
        with tempfile.TemporaryDirectory() as cache:
            lines.append(at_most("kernels compiled for the first time", fresh(COMPILE, cache), "s", 60))
    modules = fresh(IMPORTED)
    lines.append(at_most("Qt modules loaded by lab.training", len(modules), "", 0, ", ".join(modules[:3])))
    return lines


LARGE = """
import json, resource, time
from lab.experiment.memory import memory_needed
from lab.experiment.presets import preset
from lab.training.run import Run
e = preset("alexnet")
run = Run(e)
began = time.perf_counter()
run.advance(2)
print(json.dumps([
    resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, memory_needed(e), (time.perf_counter() - began) / 2
]))
"""


def large_network() -> list[Line]:
    """AlexNet trained in a fresh process: what it takes and what was said before."""
    try:
        peak, planned, step = fresh(LARGE)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return [Line("AlexNet", note=f"could not be measured: {error}")]
    note = f"{planned / 2**30:.2f} GiB were announced; {step:.2f} s an update on one core"
    return [at_most("memory of a process that trains AlexNet at batch 8", peak / 2**30, "GiB", 3, note)]


def window_numbers(quick: bool) -> list[Line]:
    """The live window on the default preset, without a screen, and its launches."""
    try:
        fresh("import lab.app; print(1)")
        again = statistics.median(launch() for _ in range(1 if quick else 3))
        lines = [at_most("second launch to first painted frame", again, "s", 2.5)]
        if not quick:
            with tempfile.TemporaryDirectory() as cache:
                first = fresh(LAUNCH.format(began=time.time(), watch=6.0), cache)
            note = f"longest gap in the next 6 s, compiling: {first[1] * 1000:.0f} ms"
            lines.append(at_most("first launch to a window that answers", first[0], "s", 4, note))
        live = fresh(f"from lab.bench.fresh import live_window; live_window({2.0 if quick else 6.0})")
        return [
            *lines,
            at_least("frames of the live window", live["frames"], "a second", 30),
            at_most("gap between its frames, 99th percentile", live["gap"] * 1000, "ms", 40),
            at_least(
                "training speed with the live window over headless", 100 * live["speed"], "%", 85,
                f"{live['live']:.0f} of {live['alone']:.0f} updates/s, one compute thread",
            ),
        ]  # fmt: skip
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return [Line("live window", note=f"could not be measured: {error}")]


LAUNCH = "from lab.bench.fresh import launched; launched({began}, {watch})"


def launch() -> float:
    return float(fresh(LAUNCH.format(began=time.time(), watch=0.0))[0])


def launched(began: float, watch: float) -> None:
    """In a fresh process: print the seconds from `began` to a frame, and the longest gap in the `watch` after."""
    from PySide6.QtCore import Qt, QTimer

    from lab.app import create_application, create_window

    application = create_application(["descent"])
    window = create_window()
    window.show()
    application.processEvents()
    painted = time.time() - began
    window.document.start()
    ticks = [time.perf_counter()]
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start(5)
    until = time.perf_counter() + watch
    while time.perf_counter() < until:
        application.processEvents()
        time.sleep(0.001)
    ticks.append(time.perf_counter())
    print(msgspec.json.encode([painted, float(np.diff(ticks).max())]).decode(), flush=True)
    os._exit(0)  # a compilation may still be running: nobody waits for it


def live_window(lasting: float) -> None:
    """In a fresh process: print frames a second, the 99th percentile of their gaps, and training's speed."""
    from lab.bench.stage import Stage

    stage = Stage(preset(DEFAULT))
    stage.end(stage.beside_training(lasting))
