"""Error surfaces: what a point costs; whole ones against PyTorch and against the machine; what training pays."""

from __future__ import annotations

import importlib.util
import statistics
import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import sgemm

from lab.bench.contests import CONTESTS, LENET, TINY, Contest, Steps, in_turns, prepared
from lab.bench.line import Line, at_least, at_most
from lab.data.datasets.digits import Digits
from lab.data.datasets.two_classes import XOR
from lab.experiment.experiment import Experiment
from lab.experiment.presets import DEFAULT, preset
from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY
from lab.kernels.memory import aligned
from lab.kernels.threads import cores
from lab.learning.losses import SquaredError
from lab.training.moment import Moment
from lab.training.probes import Probe
from lab.training.run import Run
from lab.training.surfaces import SurfaceProbe
from lab.training.survey import Surveyor
from lab.training.survey.error import error_of
from lab.training.trainer import Trainer

NEVER = np.zeros(1, np.int64)
SMALL = SurfaceProbe("random", resolution=101, examples=500)
LARGE = SurfaceProbe("random", resolution=51, examples=256)
TOGETHER = 512
"""Points that `torch.func.vmap` does at a time: of 32 to 10,201 the fastest here."""


def surfaces(quick: bool) -> list[Line]:
    return [*_points(quick), *_small(quick), *_large(quick), _cost_to_training(quick)]


def _taken(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    began = clock()
    work()
    return clock() - began


# -- a point against a forward pass ---------------------------------------------------------------------


def surface_points(contest: Contest) -> Steps:
    """A step is one point of an error surface over the contest's examples."""
    program, cases, params = prepared(contest, most=0, gradients=False)
    order, arena = np.arange(len(cases.inputs)), aligned(program.arena_size)
    errors, rights = np.empty(1), np.empty(1)

    def steps(count: int) -> None:
        for _ in range(count):
            interpreter.evaluate_many(program.code, cases, order, arena, params[None], errors, rights, NEVER)

    return steps


def forward_passes(contest: Contest) -> Steps:
    """A step is the forward half of training over the same examples."""
    program, cases, params = prepared(contest, most=0, gradients=True)
    order, arena = np.arange(len(cases.inputs)), aligned(program.arena_size)
    none, tally, counters = aligned(0), np.zeros(TALLY), np.zeros(op.COUNTERS, np.int64)
    last = int(program.code.plan[op.BACKWARD])

    def steps(count: int) -> None:
        for _ in range(count):
            for first in range(0, len(order), program.capacity):
                n = min(program.capacity, len(order) - first)
                interpreter.gather(program.code, cases, order, first, n, arena)
                interpreter.run_rows(program.code, 0, last, n, arena, params, none, 1.0, tally, counters)

    return steps


def _points(quick: bool) -> list[Line]:
    """A point of an error surface against a forward pass of training's own program, over the same examples."""
    lines = []
    for contest in CONTESTS:
        if contest.threads == 1 and contest.work == "training" and contest.batch > 1:
            _, _, ratio = in_turns(surface_points(contest), forward_passes(contest), 3 if quick else 7)
            title = f"a point of the surface over training's forward pass, {contest.title}"
            lines.append(at_least(title, ratio, "times", 1.0))
    return lines


# -- a small network, against PyTorch -------------------------------------------------------------------


def _small(quick: bool) -> list[Line]:
    """The whole surface of 2-8-8-1 on 500 points on one core, with its compass, as the window gets it."""
    data, loss = XOR(points=715), SquaredError(low=-1, high=1)
    moment = Run(Experiment(data=data, network=TINY, loss=loss, batch_size=10)).moment()
    title = "101×101 surface of 2-8-8-1 on 500 points, one core"

    def ours() -> None:
        Surveyor().look(SMALL, moment, np.inf, NEVER)

    ours()
    turns = 3 if quick else 9
    # of the core's own time, whoever else wants the core
    least = min(_taken(ours, time.thread_time) for _ in range(turns))
    lines = [at_most(title, 1e3 * least, "ms", 150)]
    if importlib.util.find_spec("torch") is None:
        return lines
    loop, together = _in_pytorch(moment)
    loop(), together()
    found = [(_taken(ours), _taken(loop), _taken(together)) for _ in range(turns)]
    mine = statistics.median(t for t, _, _ in found)
    for k, name, least in ((1, "a PyTorch loop over the points", 10), (2, "torch.func.vmap", 2)):
        ratio = statistics.median(each[k] / each[0] for each in found)
        theirs = statistics.median(each[k] for each in found)
        lines.append(
            Line(
                f"{title}, against {name}", 1e3 * mine, 1e3 * theirs, "ms", ratio, f"≥ {least} times", ratio >= least
            )
        )  # fmt: skip
    return lines


def _in_pytorch(moment: Moment) -> tuple[Callable[[], None], Callable[[], None]]:
    """The same surface there: point by point with a module, and many at a time."""
    import torch
    from torch.func import functional_call, vmap

    torch.set_num_threads(1)
    error = error_of(SMALL, moment)
    part = moment.prepared.training
    X = torch.tensor(part.inputs[: error.count].reshape(error.count, -1))
    T = torch.tensor(moment.targets(part, slice(error.count)))
    Linear, Tanh = torch.nn.Linear, torch.nn.Tanh
    model = torch.nn.Sequential(Linear(2, 8), Tanh(), Linear(8, 8), Tanh(), Linear(8, 1), Tanh())
    parameters = list(model.parameters())
    names = [name for name, _ in model.named_parameters()]
    here = torch.tensor(moment.params)
    d1, d2 = torch.randn(2, len(here))
    x = torch.linspace(-1, 1, SMALL.resolution)

    def loss(output: torch.Tensor) -> torch.Tensor:
        return 0.5 * ((output - T) ** 2).sum(1).mean()

    def loop() -> None:
        with torch.inference_mode():
            for a in x:
                for b in x:
                    torch.nn.utils.vector_to_parameters(here + a * d1 + b * d2, parameters)
                    loss(model(X))

    def at(point: torch.Tensor) -> torch.Tensor:
        pieces = torch.split(point, [p.numel() for p in parameters])
        named = {n: piece.view(p.shape) for n, piece, p in zip(names, pieces, parameters, strict=True)}
        return loss(functional_call(model, named, (X,)))

    many = vmap(at, chunk_size=TOGETHER)

    def together() -> None:
        with torch.inference_mode():
            many(here + x.repeat(len(x))[:, None] * d1 + x.repeat_interleave(len(x))[:, None] * d2)

    return loop, together


# -- a large network, against the machine ---------------------------------------------------------------


def _large(quick: bool) -> list[Line]:
    """The surface of LeNet on all cores, as at rest, against the matrix product on as many."""
    experiment = Experiment(data=Digits(size=28), network=LENET, batch_size=64)
    moment = Run(experiment).moment()
    work = 2.0 * (experiment.analysis.multiply_adds or 0) * LARGE.examples
    surveyor, shares, began, known = Surveyor(), [], time.perf_counter(), 0
    surface = surveyor.look(LARGE, moment, 0.06, NEVER, at_rest=True)
    while surface is not None and np.isnan(surface.errors).any():
        surface = surveyor.look(LARGE, moment, 0.06, NEVER, at_rest=True)
    first = time.perf_counter() - began
    while surveyor.has_more:
        before, took = known, _taken(lambda: surveyor.look(LARGE, moment, 0.5, NEVER, at_rest=True))
        (framed,) = surveyor.framed
        known = int(np.isfinite(next(iter(framed.surveys.values())).whole.errors).sum())
        shares.append((known - before) * work / took / _product_on_all_cores())
        if quick and len(shares) == 8:
            break
    title = "51×51 surface of LeNet-5 28×28 on 256 digits"
    share = 100 * statistics.median(shares[1:-1] or shares)
    speed = f"{cores()} cores"
    return [
        at_least(f"{title}, of sgemm's speed", share, "%", 60, speed),
        at_most(f"{title}, first coarse picture", 1e3 * first, "ms", 150, speed),
    ]


def _product_on_all_cores() -> float:
    """Operations a second of the matrix product, each core with its own."""
    n, times = 768, 15
    A: NDArray[np.float32] = np.asfortranarray(np.random.default_rng(0).standard_normal((n, n)), np.float32)

    def multiply() -> None:
        for _ in range(times):
            sgemm(1.0, A, A)

    hands = [threading.Thread(target=multiply) for _ in range(cores())]

    def together() -> None:
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()

    return cores() * times * 2.0 * n**3 / _taken(together)


# -- what training pays ---------------------------------------------------------------------------------


def _cost_to_training(quick: bool) -> Line:
    """Updates a second of the default preset with a surface that is always asked for, and without, in turns."""
    trainer, costs = Trainer(cores()), []
    trainer.start()
    try:
        trainer.load(preset(DEFAULT))
        trainer.play()
        while (snapshot := trainer.snapshots.take()) is None or snapshot.step < 50:
            time.sleep(0.01)
        for _ in range(3 if quick else 7):
            without, with_it = (
                _updates_a_second(trainer, probes, 1.0)
                for probes in (frozenset[Probe](), frozenset[Probe]({SurfaceProbe()}))
            )
            costs.append(1 - with_it / without)
    finally:
        trainer.close()
    return at_most("what a surface costs training", 100 * statistics.median(costs), "%", 15)


def _updates_a_second(trainer: Trainer, probes: frozenset[Probe], seconds: float) -> float:
    """As a window takes snapshots out."""
    trainer.watch(probes)
    steps: list[tuple[float, int]] = []
    until = time.perf_counter() + 0.3 + seconds
    while (now := time.perf_counter()) < until:
        if (snapshot := trainer.snapshots.take()) is not None and now > until - seconds:
            steps.append((now, snapshot.step))
        time.sleep(0.008)
    (first, begin), (last, end) = steps[0], steps[-1]
    return (end - begin) / (last - first)
