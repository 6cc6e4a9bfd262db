"""`descent bench`: the numbers to reach, measured on this machine.

Where something is compared with PyTorch, both sides run in turns in one process, on the same network, batch and
optimizer with the same number of threads; the ratio is the median of the ratios of the turns. PyTorch's side takes
its batches in stored order from tensors made beforehand, ours shuffles and gathers.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
import numpy as np
from scipy.linalg.blas import sgemm

from lab.experiment.experiment import Experiment
from lab.experiment.presets import DEFAULT, preset
from lab.kernels import interpreter, schedule
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY, Memory
from lab.kernels.memory import aligned
from lab.kernels.threads import ENTRANCE, cores, use
from lab.kernels.warmup import compile_all
from lab.learning.losses import AnyLoss, SoftmaxCrossEntropy, SquaredError
from lab.learning.optimizers import SGD, Adam, AnyOptimizer, Momentum
from lab.network.activations import ReLU, Tanh
from lab.network.layers import AnyLayer, AveragePool2D, Conv2D, Dense, Flatten, MaxPool2D
from lab.network.network import Network, Node, analyse
from lab.network.program import lower
from lab.network.shape import Shape
from lab.training.machine import rule, shard_count, start
from lab.training.run import Run

TURN = 0.15
"""Seconds that each side runs at a time."""


@dataclass(frozen=True)
class Line:
    """One number: `ratio` is theirs over ours where both are times; `reached` is None where nothing is asked."""

    what: str
    ours: float | None = None
    theirs: float | None = None
    unit: str = ""
    ratio: float | None = None
    target: str = ""
    reached: bool | None = None
    note: str = ""


def at_least(what: str, value: float, unit: str, least: float, note: str = "") -> Line:
    return Line(what, value, None, unit, None, f"≥ {least:g} {unit}".strip(), value >= least, note)


def at_most(what: str, value: float, unit: str, most: float, note: str = "") -> Line:
    return Line(what, value, None, unit, None, f"≤ {most:g} {unit}".strip(), value <= most, note)


# --- against PyTorch


@dataclass(frozen=True)
class Contest:
    """One network to train, and how many times PyTorch's speed is asked for."""

    title: str
    layers: tuple[AnyLayer, ...]
    x: Shape
    loss: AnyLoss
    optimizer: AnyOptimizer
    batch: int
    threads: int
    least: float

    @property
    def network(self) -> Network:
        return Network(tuple(Node(f"l{i}", layer) for i, layer in enumerate(self.layers)))

    @property
    def flops(self) -> float:
        """Useful operations of one step: forward, weight gradients, and input gradients but the first layer's."""
        costs = [f.multiply_adds or 0 for f in analyse(self.network, self.x).nodes]
        return 2.0 * self.batch * (3 * sum(costs) - next(c for c in costs if c))

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs [N, C, H, W] and targets [N, outputs]."""
        N = 4 * max(self.batch, 16)
        rng = np.random.default_rng(0)
        X = rng.standard_normal((N, self.x.channels, self.x.height, self.x.width), dtype=np.float32)
        shape = analyse(self.network, self.x).output
        assert shape is not None
        if isinstance(self.loss, SoftmaxCrossEntropy):
            return X, np.eye(shape.size, dtype=np.float32)[rng.integers(0, shape.size, N)]
        return X, rng.standard_normal((N, shape.size), dtype=np.float32)


TINY = (Dense(8, Tanh()), Dense(8, Tanh()), Dense(1, Tanh()))
PERCEPTRON = (Dense(128, ReLU()), Dense(64, ReLU()), Dense(10))
LENET = (
    Conv2D(6, 5, padding=2, activation=ReLU()), MaxPool2D(), Conv2D(16, 5, activation=ReLU()), MaxPool2D(), Flatten(),
    Dense(120, ReLU()), Dense(84, ReLU()), Dense(10),
)  # fmt: skip
SOFTMAX, SQUARED, SLOW = SoftmaxCrossEntropy(), SquaredError(), Momentum(rate=0.001)

CONTESTS = (
    Contest("2-8-8-1 tanh, SGD, batch 10", TINY, Shape(2), SQUARED, SGD(rate=0.01), 10, 1, 50),
    Contest("2-8-8-1 tanh, Adam, batch 10", TINY, Shape(2), SQUARED, Adam(), 10, 1, 50),
    Contest("784-128-64-10 ReLU, SGD, batch 64", PERCEPTRON, Shape(784), SOFTMAX, SGD(rate=0.01), 64, 1, 1.2),
    Contest("784-128-64-10 ReLU, SGD, batch 64", PERCEPTRON, Shape(784), SOFTMAX, SGD(rate=0.01), 64, 2, 1.2),
    Contest("LeNet-5, momentum, batch 64", LENET, Shape(1, 28, 28), SOFTMAX, SLOW, 64, 1, 1.5),
    Contest("LeNet-5, momentum, batch 64", LENET, Shape(1, 28, 28), SOFTMAX, SLOW, 64, 2, 1.5),
    Contest("LeNet-5, momentum, batch 1", LENET, Shape(1, 28, 28), SOFTMAX, SLOW, 1, 1, 8),
)

Steps = Callable[[int], None]


def our_side(contest: Contest) -> Steps:
    """Trains as a run does, without its history."""
    X, T = contest.data()
    program = lower(contest.network, contest.x, contest.loss)
    cases = interpreter.cases(X, T)
    P, N = program.parameter_count, len(X)
    macs = analyse(contest.network, contest.x).multiply_adds or 0
    shards = shard_count(contest.batch, macs, P)
    arena = -(-program.arena_size // 16) * 16
    params = aligned(P)
    for p in program.parameters:
        params[program.offsets[p.name] : program.offsets[p.name] + p.size] = start(p, 1).ravel()
    memory = Memory(
        params,
        np.zeros(max(len(contest.optimizer.slots), 1) * P, np.float32),
        np.zeros((shards, P), np.float32),
        aligned(shards * arena).reshape(shards, arena),
        np.zeros((shards, TALLY)),
        np.zeros(N, np.int64),
        np.full(2, -2, np.int64),
        schedule.beginning(),
        np.zeros(P, np.float32),
    )
    settings = rule(Experiment(network=contest.network, optimizer=contest.optimizer), program)
    made = [0]

    def steps(count: int) -> None:
        losses, rights, counts = np.empty(count), np.empty(count), np.empty(count, np.int64)
        rates = np.full(count, contest.optimizer.rate)
        parallel = contest.threads > 1 and shards > 1
        with ENTRANCE:
            use(contest.threads)
            interpreter.train(
                program.code, cases, settings, memory, 1, made[0] * contest.batch, made[0], contest.batch, False,
                rates, losses, rights, counts, parallel,
            )  # fmt: skip
        made[0] += count

    return steps


def their_side(contest: Contest) -> Steps:
    """The same in PyTorch, eager."""
    import torch

    torch.set_num_threads(contest.threads)
    X, T = (torch.tensor(array) for array in contest.data())
    modules: list[Any] = []
    shape = contest.x
    for layer, facts in zip(contest.layers, analyse(contest.network, contest.x).nodes, strict=True):
        match layer:
            case Dense():
                modules.append(torch.nn.Linear(shape.size, layer.units))
            case Conv2D():
                conv = (shape.channels, layer.filters, layer.kernel, layer.stride, layer.padding)
                modules.append(torch.nn.Conv2d(*conv))
            case MaxPool2D():
                modules.append(torch.nn.MaxPool2d(layer.kernel, layer.stride, layer.padding))
            case AveragePool2D():
                modules.append(torch.nn.AvgPool2d(layer.kernel, layer.stride, layer.padding))
            case Flatten():
                modules.append(torch.nn.Flatten())
        match getattr(layer, "activation", None):
            case Tanh():
                modules.append(torch.nn.Tanh())
            case ReLU():
                modules.append(torch.nn.ReLU())
        assert facts.output is not None
        shape = facts.output
    model = torch.nn.Sequential(*modules)
    if contest.x.is_vector:
        X = X.reshape(len(X), -1)
    rate = contest.optimizer.rate
    optimizer: Any
    match contest.optimizer:
        case Adam():
            optimizer = torch.optim.Adam(model.parameters(), rate)
        case Momentum(momentum=alpha):
            optimizer = torch.optim.SGD(model.parameters(), rate, momentum=alpha)
        case _:
            optimizer = torch.optim.SGD(model.parameters(), rate)
    softmax = isinstance(contest.loss, SoftmaxCrossEntropy)
    labels = T.argmax(1)
    batches = [slice(at, at + contest.batch) for at in range(0, len(X), contest.batch)]

    def steps(count: int) -> None:
        torch.set_num_threads(contest.threads)
        for k in range(count):
            batch = batches[k % len(batches)]
            output = model(X[batch])
            if softmax:
                error = torch.nn.functional.cross_entropy(output, labels[batch])
            else:
                error = 0.5 * ((output - T[batch]) ** 2).sum(1).mean()
            optimizer.zero_grad()
            error.backward()
            optimizer.step()

    return steps


def seconds(steps: Steps, count: int) -> float:
    """Of one step, when so many are made."""
    began = time.perf_counter()
    steps(count)
    return (time.perf_counter() - began) / count


def turn_of(steps: Steps) -> int:
    """How many steps fill a turn. The first ones load and compile and do not count."""
    steps(3)
    count = 1
    while (taken := seconds(steps, count) * count) < TURN / 4:
        count *= 4
    return max(1, round(count * TURN / taken))


def contend(contest: Contest, turns: int, with_torch: bool) -> tuple[float, float | None, float | None]:
    """Seconds of a step, ours and theirs, and the ratio: medians over the turns."""
    ours = our_side(contest)
    count = turn_of(ours)
    if not with_torch:
        return statistics.median(seconds(ours, count) for _ in range(turns)), None, None
    theirs = their_side(contest)
    their_count = turn_of(theirs)
    mine, yours, ratios = [], [], []
    for _ in range(turns):
        mine.append(seconds(ours, count))
        time.sleep(0.02)  # idle threads of one side spin for a while: not on the other side's time
        yours.append(seconds(theirs, their_count))
        time.sleep(0.02)
        ratios.append(yours[-1] / mine[-1])
    return statistics.median(mine), statistics.median(yours), statistics.median(ratios)


def against_pytorch(quick: bool) -> list[Line]:
    with_torch = importlib.util.find_spec("torch") is not None
    note = "" if with_torch else "PyTorch is not installed (pip install descent[compare])"
    lines = []
    peak = sgemm_peak()
    lines.append(Line("matrix product (sgemm), one core", peak, None, "GFLOP/s"))
    for contest in CONTESTS:
        title = f"{contest.title}, {contest.threads} thread{'s' * (contest.threads > 1)}"
        if contest.threads > cores():
            lines.append(Line(title, note=f"this machine lets Numba use {cores()} core"))
            continue
        ours, theirs, ratio = contend(contest, 3 if quick else 11, with_torch)
        lines.append(
            Line(
                title,
                ours * 1e6,
                None if theirs is None else theirs * 1e6,
                "µs/step",
                ratio,
                f"≥ {contest.least:g} times",
                None if ratio is None else ratio >= contest.least,
                note or f"{contest.flops / ours / 1e9:.1f} GFLOP/s",
            )
        )
    return lines


def sgemm_peak() -> float:
    """GFLOP/s of the matrix product on large matrices, BLAS held at one thread as everywhere in the engine."""
    n = 768
    A = np.asfortranarray(np.random.default_rng(0).standard_normal((n, n)).astype(np.float32))

    def steps(_: int) -> None:
        sgemm(1.0, A, A)

    best = min(seconds(steps, 1) for _ in range(20))
    return 2 * n**3 / best / 1e9


# --- the engine by itself


def overhead() -> Line:
    """What a row costs besides its arithmetic: 2,000 flattenings of one number."""
    count = 2000
    nodes = tuple(Node(f"l{i}", Flatten()) for i in range(count))
    network = Network((*nodes, Node("output", Dense(1))))
    program = lower(network, Shape(1), SQUARED, 1, gradients=False)
    arena, params, none, tally = aligned(program.arena_size), aligned(2), aligned(0), np.zeros(TALLY)

    def steps(_: int) -> None:
        interpreter.run_rows(program.code, 0, count, 1, arena, params, none, 1.0, tally)

    steps(1)
    taken = statistics.median(seconds(steps, 1) for _ in range(200))
    return at_most("interpreter, one operation", taken / count * 1e9, "ns", 100)


def rows_of(contest: Contest) -> list[tuple[str, float]]:
    """Seconds of each row of a step, with a batch that fills the memory."""
    X, T = contest.data()
    program = lower(contest.network, contest.x, contest.loss)
    n = min(program.capacity, contest.batch)
    cases, order = interpreter.cases(X, T), np.arange(len(X))
    params, grads = aligned(program.parameter_count), aligned(program.parameter_count)
    for p in program.parameters:
        params[program.offsets[p.name] : program.offsets[p.name] + p.size] = start(p, 1).ravel()
    arena, tally = aligned(program.arena_size), np.zeros(TALLY)
    taken: list[list[float]] = [[] for _ in program.rows]
    for _ in range(200):
        interpreter.gather(program.code, cases, order, 0, n, arena)
        for r in range(int(program.code.plan[op.END])):
            began = time.perf_counter()
            interpreter.run_rows(program.code, r, r + 1, n, arena, params, grads, 1.0, tally)
            taken[r].append(time.perf_counter() - began)
    labels = [f"{row.layer} {row.operation} {row.direction}" for row in program.rows]
    return [(label, statistics.median(times) / n) for label, times in zip(labels, taken, strict=True)]


def learning(limit: float) -> list[Line]:
    """The default preset until 98 % of the validation examples are right."""
    run = Run(preset(DEFAULT), threads=cores())
    began, spent, best = time.perf_counter(), 0.0, 0.0
    while spent < limit:
        run.advance(run.steps_per_epoch)
        best = max(best, run.evaluate("validation").accuracy or 0.0)
        spent = time.perf_counter() - began
        if best >= 0.98:
            note = f"{run.step} updates, {run.examples / spent:.0f} examples/s"
            return [at_most("LeNet on digits 32×32 to 98 % validation accuracy", spent, "s", 60, note)]
    return [
        Line(
            "LeNet on digits 32×32 to 98 % validation accuracy",
            target="≤ 60 s",
            reached=False,
            note=f"{best:.1%} at best in {limit:g} s",
        )
    ]


# --- in a fresh process


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
        live = fresh(f"from lab.bench import live_window; live_window({2.0 if quick else 6.0})")
        return [
            *lines,
            at_least("frames of the live window", live["frames"], "a second", 30),
            at_most("gap between its frames, 99th percentile", live["gap"] * 1000, "ms", 40),
            at_least(
                "training speed with the live window over headless", 100 * live["speed"], "%", 85,
                f"{live['live']:.0f} of {live['headless']:.0f} updates/s, one compute thread",
            ),
        ]  # fmt: skip
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return [Line("live window", note=f"could not be measured: {error}")]


LAUNCH = "from lab.bench import launched; launched({began}, {watch})"


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
    """In a fresh process: print frames a second, the 99th percentile of their gaps, and training's speed.

    Headless training and the window take turns.
    """
    from PySide6.QtCore import QEvent, QObject

    from lab.app import create_application, create_window
    from lab.gui.garbage import Collector

    frames: list[float] = []

    class Frames(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.UpdateRequest:
                frames.append(time.perf_counter())
            return False

    compile_all()
    application = create_application(["descent"])
    window = create_window()
    filter_ = Frames()
    window.installEventFilter(filter_)
    window.show()
    document = window.document
    document.start()
    Collector(application).start()

    def spin(duration: float) -> None:
        until = time.perf_counter() + duration
        while time.perf_counter() < until:
            application.processEvents()
            time.sleep(0.0005)

    while document.snapshot is None:
        spin(0.05)
    run = Run(preset(DEFAULT), threads=1)
    run.advance(50)
    speeds, headless, gaps, rates = [], [], [], []
    for _ in range(3):
        began, at = time.perf_counter(), run.step
        while time.perf_counter() - began < lasting / 2:
            run.advance(20)
        headless.append((run.step - at) / (time.perf_counter() - began))
        document.playback.play()
        spin(1.0)
        at, began = document.snapshot.step, time.perf_counter()
        frames.clear()
        spin(lasting)
        taken = time.perf_counter() - began
        speeds.append((document.snapshot.step - at) / taken)
        rates.append(len(frames) / taken)
        gaps += list(np.diff(frames))
        document.playback.pause()
        spin(0.5)
    result = {
        "frames": statistics.median(rates),
        "gap": float(np.percentile(gaps, 99)) if gaps else float("inf"),
        "live": statistics.median(speeds),
        "headless": statistics.median(headless),
        "speed": statistics.median(a / b for a, b in zip(speeds, headless, strict=True)),
    }
    document.close()
    print(msgspec.json.encode(result).decode(), flush=True)


# --- the report


def table(lines: list[Line]) -> str:
    """The lines under one another, columns aligned."""

    def number(value: float | None) -> str:
        return "" if value is None else f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"

    cells = [["what", "ours", "PyTorch", "unit", "ratio", "target", "reached", ""]]
    for line in lines:
        reached = "" if line.reached is None else "yes" if line.reached else "NO"
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        ours, theirs = number(line.ours), number(line.theirs)
        cells.append([line.what, ours, theirs, line.unit, ratio, line.target, reached, line.note])
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    right = (1, 2, 4)
    rows = (
        "  ".join(
            c.rjust(w) if k in right else c.ljust(w) for k, (c, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    )
    return "\n".join(row.rstrip() for row in rows)


def main(json: bool = False, quick: bool = False) -> int:
    """Measure everything and print it; with `json` the last line is one JSON object. Exit status 0."""
    parts: list[tuple[str, Callable[[], list[Line]]]] = [
        ("loading the kernels", lambda: loading(quick)),
        ("the engine against PyTorch", lambda: against_pytorch(quick)),
        ("the interpreter", lambda: [overhead()]),
        ("learning the digits", lambda: learning(30.0 if quick else 120.0)),
        ("the window", lambda: window_numbers(quick)),
    ]
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    lines: list[Line] = []
    for name, measure in parts:
        print(f"Measuring {name} ...", file=sys.stderr, flush=True)
        lines += measure()
    print(table(lines))
    if busy > 0.5:
        print(
            f"Other programs were using {busy:.1f} cores when this began: the numbers are not the machine's best."
        )
    if json:
        machine = {"cores": cores(), "busy": busy, "python": sys.version.split()[0], "numpy": np.__version__}
        result = {"machine": machine, "lines": [asdict(line) for line in lines]}
        print(msgspec.json.encode(result).decode())
    return 0
