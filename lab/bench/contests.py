"""The engine, in this process: against PyTorch, against the machine's own matrix product, and on the digits.

Where something is compared with PyTorch, both sides run in turns in one process, on the same network, batch and
optimizer with the same number of threads; the ratio is the median of the ratios of the turns. PyTorch's side takes
its batches in stored order from tensors made beforehand, ours shuffles and gathers.
"""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg.blas import sgemm

from lab.bench.line import Line, at_most
from lab.experiment.experiment import Experiment
from lab.experiment.presets import DEFAULT, preset
from lab.kernels import interpreter, schedule
from lab.kernels import opcodes as op
from lab.kernels.interpreter import LINE, TALLY, Memory
from lab.kernels.memory import aligned
from lab.kernels.threads import ENTRANCE, cores, use
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
        np.zeros((shards, LINE), np.int64),
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
    counters = np.zeros(op.COUNTERS, np.int64)

    def steps(_: int) -> None:
        interpreter.run_rows(program.code, 0, count, 1, arena, params, none, 1.0, tally, counters)

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
    arena, tally, counters = aligned(program.arena_size), np.zeros(TALLY), np.zeros(op.COUNTERS, np.int64)
    taken: list[list[float]] = [[] for _ in program.rows]
    for _ in range(200):
        interpreter.gather(program.code, cases, order, 0, n, arena)
        for r in range(int(program.code.plan[op.END])):
            began = time.perf_counter()
            interpreter.run_rows(program.code, r, r + 1, n, arena, params, grads, 1.0, tally, counters)
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
