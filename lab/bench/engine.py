"""The engine by itself: the machine's matrix product, what an operation costs, how cost grows, how cores add up."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg.blas import sgemm

from lab.bench.line import Line, at_least, at_most
from lab.experiment.presets import DEFAULT, preset
from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY
from lab.kernels.memory import aligned
from lab.kernels.threads import cores
from lab.learning.losses import SquaredError
from lab.network.activations import ReLU
from lab.network.layers import Conv2D, Dense, Flatten
from lab.network.network import Network, Node
from lab.network.program import lower
from lab.network.shape import Shape
from lab.training.run import Run

if TYPE_CHECKING:
    from lab.bench.contests import Contest


def sgemm_peak() -> float:
    """GFLOP/s of the matrix product on large matrices, BLAS held at one thread as everywhere in the engine."""
    n = 768
    A = np.asfortranarray(np.random.default_rng(0).standard_normal((n, n)).astype(np.float32))
    best = min(_taken(lambda: sgemm(1.0, A, A)) for _ in range(20))
    return 2 * n**3 / best / 1e9


def _taken(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def overhead() -> Line:
    """What a row costs besides its arithmetic: 2,000 flattenings of one number."""
    count = 2000
    nodes = tuple(Node(f"l{i}", Flatten()) for i in range(count))
    network = Network((*nodes, Node("output", Dense(1))))
    program = lower(network, Shape(1), SquaredError(), 1, gradients=False)
    arena, params, none, tally = aligned(program.arena_size), aligned(2), aligned(0), np.zeros(TALLY)
    counters = np.zeros(op.COUNTERS, np.int64)

    def rows() -> None:
        interpreter.run_rows(program.code, 0, count, 1, arena, params, none, 1.0, tally, counters)

    rows()
    taken = statistics.median(_taken(rows) for _ in range(200))
    return at_most("interpreter, one operation", taken / count * 1e9, "ns", 100)


def _convolutions(layers: int, filters: int) -> Network:
    nodes = [Node(f"l{i}", Conv2D(filters, 3, padding=1, activation=ReLU())) for i in range(layers)]
    return Network((*nodes, Node("flat", Flatten()), Node("output", Dense(10))))


def growth() -> list[Line]:
    """How the cost of a step grows with the batch, with the layers, and with the filters of all layers.

    What is compared is the cost of one multiply-add, from the smallest to the largest: linear growth is a ratio of
    1. Doubling the filters of all layers makes four times as many multiply-adds.
    """
    from lab.bench.contests import Contest, our_training, seconds, turn_of

    def cost(batch: int, layers: int, filters: int) -> tuple[float, float]:
        contest = Contest("", _convolutions(layers, filters), Shape(3, 16, 16), batch, 1, 0)
        steps = our_training(contest)
        count = turn_of(steps)
        taken = statistics.median(seconds(steps, count) for _ in range(5))
        return taken, taken / contest.flops

    axes: tuple[tuple[str, Iterable[tuple[int, int, int]], int], ...] = (
        ("batch", [(b, 4, 16) for b in (16, 32, 64, 128, 256)], 0),
        ("layers", [(32, n, 16) for n in (2, 4, 8, 16, 32)], 1),
        ("filters", [(32, 4, f) for f in (8, 16, 32, 64)], 2),
    )
    lines = []
    for name, points, axis in axes:
        found = [(point[axis], *cost(*point)) for point in points]
        each = [one for _, _, one in found]
        listed = ", ".join(f"{n}: {taken * 1e3:.2f}" for n, taken, _ in found)
        lines.append(
            Line(
                f"cost of a multiply-add as {name} grow{'s' * (name == 'batch')}, dearest over cheapest",
                max(each) / min(each),
                unit="times",
                note=f"ms a step at {listed}",
            )
        )
    return lines


def scaling(quick: bool) -> list[Line]:
    """Two threads against one, in turns."""
    from lab.bench.contests import CONTESTS, in_turns, our_training

    if cores() < 2:
        return [Line("two threads over one", note="this machine lets Numba use 1 core")]
    lines = []
    for contest in CONTESTS:
        if (
            contest.threads == 2
            and ("LeNet-5" in contest.title or "U-Net" in contest.title)
            and contest.batch > 1
        ):
            one, two = our_training(replace(contest, threads=1)), our_training(contest)
            _, _, ratio = in_turns(two, one, 3 if quick else 11)
            lines.append(at_least(f"two threads over one, {contest.title}", ratio, "times", 1.7))
    return lines


def operations(contest: Contest) -> list[tuple[str, float, float]]:
    """For each row of a training step its name, seconds and GFLOP/s, at the least of 200 runs of one full arena."""
    from lab.bench.contests import prepared

    program, cases, params = prepared(contest, most=contest.batch, gradients=True)
    n, order, grads = program.capacity, np.arange(len(cases.inputs)), aligned(program.parameter_count)
    arena, tally, counters = aligned(program.arena_size), np.zeros(TALLY), np.zeros(op.COUNTERS, np.int64)
    taken = np.full(len(program.rows), np.inf)
    for _ in range(200):
        interpreter.gather(program.code, cases, order, 0, n, arena)
        for r in range(len(taken)):
            began = time.perf_counter()
            interpreter.run_rows(program.code, r, r + 1, n, arena, params, grads, 1.0, tally, counters)
            taken[r] = min(taken[r], time.perf_counter() - began)
    costs = {facts.name: facts.multiply_adds or 0 for facts in contest.analysis.nodes}
    heavy = {"dense", "convolution", "transposed convolution"}
    found = []
    for r, row in enumerate(program.rows):
        passes = 1 if row.direction == "forward" else 1 + (program.table.rows[r, op.DX] >= 0)
        flops = 2.0 * n * passes * costs[row.layer] if row.operation in heavy else 0.0
        found.append(
            (f"{row.layer} {row.operation} {row.direction}", float(taken[r]), float(flops / taken[r] / 1e9))
        )
    return found


def learning(limit: float) -> list[Line]:
    """The default preset until 98 % of the validation examples are right."""
    run = Run(preset(DEFAULT), threads=cores())
    began, spent, best = time.perf_counter(), 0.0, 0.0
    what = "LeNet on digits 32×32 to 98 % validation accuracy"
    while spent < limit:
        run.advance(run.batches.per_epoch)
        best = max(best, run.evaluate("validation").accuracy or 0.0)
        spent = time.perf_counter() - began
        if best >= 0.98:
            note = f"{run.step} updates, {run.examples / spent:.0f} examples/s"
            return [at_most(what, spent, "s", 60, note)]
    return [Line(what, target="≤ 60 s", reached=False, note=f"{best:.1%} at best in {limit:g} s")]
