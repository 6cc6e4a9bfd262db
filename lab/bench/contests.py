"""The engine against PyTorch and scikit-learn: the same network, batch, optimizer and number of threads.

Both sides run in turns in one process; a ratio is the median of the ratios of the turns. PyTorch's side takes its
batches in stored order from tensors made beforehand, ours shuffles and gathers.
"""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.bench import pytorch
from lab.bench.engine import sgemm_peak
from lab.bench.line import Line
from lab.experiment.experiment import Experiment
from lab.experiment.plan import shard_count
from lab.kernels import interpreter, schedule
from lab.kernels.interpreter import LINE, PARTS, TALLY, Cases, Memory
from lab.kernels.memory import aligned
from lab.kernels.operations import SHARED
from lab.kernels.threads import ENTRANCE, cores, use
from lab.learning.losses import AnyLoss, SoftmaxCrossEntropy, SquaredError
from lab.learning.optimizers import SGD, Adam, AnyOptimizer, Momentum
from lab.network.activations import ReLU, Tanh
from lab.network.architectures.alexnet import alexnet
from lab.network.architectures.convnetjs import convnetjs_cifar
from lab.network.architectures.unet import unet
from lab.network.layers import AnyLayer, Conv2D, Dense, Flatten, MaxPool2D
from lab.network.network import Analysis, Network, Node, analyse
from lab.network.program import Program, lower
from lab.network.shape import Shape
from lab.training.machine import rule, start

TURN = 0.15
"""Seconds that each side runs at a time."""

Steps = Callable[[int], None]


@dataclass(frozen=True)
class Contest:
    """One network to train, or to run forward, and how many times PyTorch's speed is asked for."""

    title: str
    network: Network
    x: Shape
    batch: int
    threads: int
    least: float
    loss: AnyLoss = SoftmaxCrossEntropy()
    optimizer: AnyOptimizer = Momentum(rate=0.001)
    work: Literal["training", "inference"] = "training"

    @property
    def analysis(self) -> Analysis:
        return analyse(self.network, self.x)

    @property
    def flops(self) -> float:
        """Useful operations of one step: forward, weight gradients, and input gradients but the first layer's."""
        costs = [facts.multiply_adds or 0 for facts in self.analysis.nodes]
        passes = 3 * sum(costs) - next(c for c in costs if c) if self.work == "training" else sum(costs)
        return 2.0 * self.batch * passes

    def data(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Inputs [N, C, H, W] and targets [N, outputs]."""
        N = 4 * max(self.batch, 16) if self.work == "training" else self.batch
        rng = np.random.default_rng(0)
        X = rng.standard_normal((N, self.x.channels, self.x.height, self.x.width), dtype=np.float32)
        shape = self.analysis.output
        assert shape is not None
        if isinstance(self.loss, SoftmaxCrossEntropy):
            return X, np.eye(shape.size, dtype=np.float32)[rng.integers(0, shape.size, N)]
        return X, rng.standard_normal((N, shape.size), dtype=np.float32)


def chain(*layers: AnyLayer) -> Network:
    return Network(tuple(Node(f"l{i}", layer) for i, layer in enumerate(layers)))


TINY = chain(Dense(8, Tanh()), Dense(8, Tanh()), Dense(1, Tanh()))
PERCEPTRON = chain(Dense(128, ReLU()), Dense(64, ReLU()), Dense(10))
LENET = chain(
    Conv2D(6, 5, padding=2, activation=ReLU()), MaxPool2D(), Conv2D(16, 5, activation=ReLU()), MaxPool2D(), Flatten(),
    Dense(120, ReLU()), Dense(84, ReLU()), Dense(10),
)  # fmt: skip
CIFAR, UNET = convnetjs_cifar(), unet(2, base=16, depth=2, same=True)
SQUARED, GENTLE = SquaredError(), Momentum(rate=1e-6)  # summed over the pixels of an image


def _contests() -> tuple[Contest, ...]:
    found = [
        Contest("2-8-8-1 tanh, SGD, batch 10", TINY, Shape(2), 10, 1, 70, SQUARED, SGD(rate=0.01)),
        Contest("2-8-8-1 tanh, Adam, batch 10", TINY, Shape(2), 10, 1, 70, SQUARED, Adam()),
    ]
    for threads in (1, 2):
        found += [
            Contest(
                "784-128-64-10 ReLU, batch 64",
                PERCEPTRON,
                Shape(784),
                64,
                threads,
                1.2,
                optimizer=SGD(rate=0.01),
            ),
            Contest("LeNet-5 28×28, batch 64", LENET, Shape(1, 28, 28), 64, threads, 2.5),
            Contest("LeNet-5 28×28, batch 1", LENET, Shape(1, 28, 28), 1, threads, 8),
            Contest("ConvNetJS's CIFAR network, batch 32", CIFAR, Shape(3, 32, 32), 32, threads, 1.8),
            Contest(
                "U-Net base 16, 32×32, batch 8", UNET, Shape(1, 32, 32), 8, threads, 1.4, SQUARED, GENTLE
            ),
            Contest(
                "U-Net base 16, 64×64, batch 8", UNET, Shape(1, 64, 64), 8, threads, 1.4, SQUARED, GENTLE
            ),
            Contest(
                "AlexNet forward, one tower",
                alexnet(1),
                Shape(3, 227, 227),
                1,
                threads,
                1.0,
                work="inference",
            ),
            Contest(
                "AlexNet forward, two groups",
                alexnet(2),
                Shape(3, 227, 227),
                1,
                threads,
                1.0,
                work="inference",
            ),
        ]
    return tuple(found)


CONTESTS = _contests()


def prepared(contest: Contest, *, most: int, gradients: bool) -> tuple[Program, Cases, NDArray[np.float32]]:
    """The program, its cases and fresh parameters."""
    program = lower(contest.network, contest.x, contest.loss, most=most, gradients=gradients)
    params = aligned(program.parameter_count)
    for p in program.parameters:
        params[program.offsets[p.name] : program.offsets[p.name] + p.size] = start(p, 1).ravel()
    return program, interpreter.cases(*contest.data()), params


def our_training(contest: Contest) -> Steps:
    """Trains as a run does, without its history."""
    macs, P = contest.analysis.multiply_adds or 0, contest.analysis.parameter_count or 0
    shards = shard_count(contest.batch, macs, P)
    program, cases, params = prepared(contest, most=-(-contest.batch // shards), gradients=True)
    N, arena = len(cases.inputs), program.arena_size
    memory = Memory(
        params=params,
        slots=np.zeros(max(len(contest.optimizer.slots), 1) * P, np.float32),
        grads=aligned(shards * P).reshape(shards, P),
        arenas=aligned(shards * arena).reshape(shards, arena),
        tally=np.zeros((shards, TALLY)),
        counters=np.zeros((shards, LINE), np.int64),
        order=np.zeros(N, np.int64),
        marks=np.full(2, -2, np.int64),
        progress=schedule.beginning(),
        before=np.zeros(P, np.float32),
    )
    settings = rule(Experiment(network=contest.network, optimizer=contest.optimizer), program)
    made = [0]

    def steps(count: int) -> None:
        losses, rights, counts = np.empty(count), np.empty(count), np.empty(count, np.int64)
        norms = np.empty(count)
        rates = np.full(count, contest.optimizer.rate)
        with ENTRANCE:
            use(contest.threads)
            done = interpreter.train(
                program.code, cases, settings, memory, 1, made[0] * contest.batch, made[0], contest.batch, False,
                rates, losses, rights, counts, norms, contest.threads > 1 and shards > 1,
            )  # fmt: skip
        if done < count:
            raise RuntimeError(f"{contest.title}: the loss is not finite, and what is timed is no training")
        made[0] += count

    return steps


def our_inference(contest: Contest) -> Steps:
    """One batch forward, as an evaluation of few examples runs."""
    program, cases, params = prepared(contest, most=contest.batch, gradients=False)
    order, outputs = np.arange(contest.batch), np.empty((contest.batch, program.outputs), np.float32)
    arenas = aligned(contest.threads * program.arena_size).reshape(contest.threads, -1)
    tally = np.zeros((PARTS, TALLY))
    arguments = program.code, cases, order, arenas, params, outputs, tally

    def steps(count: int) -> None:
        with ENTRANCE:
            use(contest.threads)
            for _ in range(count):
                if contest.threads > 1:
                    interpreter.evaluate_together(*arguments, SHARED)
                else:
                    interpreter.evaluate(*arguments)

    return steps


SIDES = {"training": (our_training, pytorch.training), "inference": (our_inference, pytorch.inference)}


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


def in_turns(ours: Steps, theirs: Steps, turns: int) -> tuple[float, float, float]:
    """Seconds of a step on each side, and theirs over ours: medians over the turns."""
    counts = turn_of(ours), turn_of(theirs)
    mine, yours, ratios = [], [], []
    for _ in range(turns):
        mine.append(seconds(ours, counts[0]))
        time.sleep(0.02)  # idle threads of one side spin for a while: not on the other side's time
        yours.append(seconds(theirs, counts[1]))
        time.sleep(0.02)
        ratios.append(yours[-1] / mine[-1])
    return statistics.median(mine), statistics.median(yours), statistics.median(ratios)


def against_pytorch(quick: bool) -> list[Line]:
    with_torch = importlib.util.find_spec("torch") is not None
    note = "" if with_torch else "PyTorch is not installed (pip install descent[compare])"
    turns = 3 if quick else 11
    peak = sgemm_peak()
    lines = [Line("matrix product (sgemm), one core", peak, None, "GFLOP/s")]
    for contest in CONTESTS:
        title = f"{contest.title}, {contest.threads} thread{'s' * (contest.threads > 1)}"
        if contest.threads > cores():
            lines.append(Line(title, note=f"this machine lets Numba use {cores()} core"))
            continue
        ours, theirs = SIDES[contest.work]
        mine = ours(contest)
        if not with_torch:
            count = turn_of(mine)
            taken, other, ratio = statistics.median(seconds(mine, count) for _ in range(turns)), None, None
        else:
            taken, other, ratio = in_turns(mine, theirs(contest), turns)
        speed = contest.flops / taken / 1e9
        lines.append(
            Line(
                title,
                taken * 1e6,
                None if other is None else other * 1e6,
                "µs/step",
                ratio,
                f"≥ {contest.least:g} times",
                None if ratio is None else ratio >= contest.least,
                note or f"{speed:.1f} GFLOP/s, {100 * speed / peak / contest.threads:.0f} % of sgemm's",
            )
        )
    return lines


def against_scikit_learn(quick: bool) -> list[Line]:
    """Its MLPClassifier on the perceptron: softmax and SGD without momentum, a pass over four batches at a time."""
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    contest = next(c for c in CONTESTS if c.network is PERCEPTRON)
    X, T = contest.data()
    X, labels = X.reshape(len(X), -1), T.argmax(1)
    rate, passes = contest.optimizer.rate, len(X) // contest.batch
    theirs = MLPClassifier(
        (128, 64), solver="sgd", alpha=0.0, batch_size=contest.batch, learning_rate_init=rate, momentum=0.0,
        nesterovs_momentum=False,
    )  # fmt: skip
    theirs.partial_fit(X, labels, classes=np.arange(10))

    ours = our_training(contest)

    def their_passes(count: int) -> None:
        with threadpool_limits(1):
            for _ in range(count):
                theirs.partial_fit(X, labels)

    turns = 3 if quick else 11
    taken, other, ratio = in_turns(lambda count: ours(count * passes), their_passes, turns)
    taken, other = taken / passes, other / passes
    title = f"{contest.title}, 1 thread, against scikit-learn"
    return [Line(title, taken * 1e6, other * 1e6, "µs/step", ratio, note="its side stands under PyTorch")]
