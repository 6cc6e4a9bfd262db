"""Updates in one call of the kernels, without a word of Python in between."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lab.kernels.interpreter import PARTS, TALLY
from lab.kernels.threads import ENTRANCE, use
from lab.kernels.walk import walk
from lab.training.evaluation import goes_together, scores
from lab.training.machine import Machine
from lab.training.path import Path

FEW = 1 << 12
"""Bytes of points of the path that may be kept in one piece though most of them are forgotten."""
Numbers = NDArray[np.float64]


class Standing(NamedTuple):
    """Where a run stands: at which step, after how many examples, and `age` updates since its optimizer's memory was
    empty.
    """

    step: int
    examples: int
    age: int


class Validation(NamedTuple):
    step: int
    loss: float
    accuracy: float | None


@dataclass(frozen=True, eq=False)
class Stretch:
    """`done` updates, fewer than were wanted where the loss stopped being finite, and of each [done]: the rate; of its
    batch the loss, the share of right answers (NaN in regression) and the number of examples; the gradient's norm.

    `points` are the parameters after the updates `kept_at`, as the path wants them.
    """

    done: int
    seconds: float
    rates: Numbers
    losses: Numbers
    accuracies: Numbers
    counts: NDArray[np.int64]
    norms: Numbers
    kept_at: list[int]
    points: list[NDArray[np.float32]]
    validations: list[Validation]


def make_updates(
    machine: Machine, at: Standing, steps: int, threads: int, path: bool = False, validates: bool = False
) -> Stretch:
    """So many from where a run stands, on its machine; with points of the `path` and validations where they are due."""
    e, m, here = machine.experiment, machine, at.step
    rates = e.schedule.factors(here, steps) * e.optimizer.rate
    losses, rights, norms = np.empty(steps), np.empty(steps), np.empty(steps)
    counts, began = np.empty(steps, np.int64), time.perf_counter()
    keeps = m.path_marks(here, here + steps) if path and Path.holds(m.memory.params) else []
    others = m.cases["validation"]
    N = len(others.inputs)
    validates = validates and N > 0 and not goes_together(m, N, threads)
    looks = m.validations(here, here + steps) if validates else []
    kept = np.empty((len(keeps), m.memory.params.size), np.float32)
    tallies = np.empty((len(looks), PARTS, TALLY))
    arguments = (
        m.program.code, m.cases["training"], m.rule, m.memory, e.seed, at.examples, at.age,
        e.batch_size, e.loss.sums_examples, rates, losses, rights, counts, norms,
    )  # fmt: skip
    on_the_way = (
        np.array(keeps, np.int64) - here, kept, np.array(looks, np.int64) - here, m.check.code, others,
        m.check_arenas, tallies,
    )  # fmt: skip
    if threads > 1 and m.shards > 1:
        with ENTRANCE:
            use(threads)
            done = int(walk(*arguments, True, *on_the_way))
    else:
        done = int(walk(*arguments, False, *on_the_way))
    seconds = time.perf_counter() - began
    keeps = [step for step in keeps if step <= here + done]
    # none holds all others in memory
    rows = list(kept) if kept.nbytes < FEW else [row.copy() for row in kept]
    return Stretch(
        done=done,
        seconds=seconds,
        rates=rates[:done],
        losses=losses[:done],
        accuracies=rights[:done] if m.prepared.dataset.classes else np.full(done, np.nan),
        counts=counts[:done],
        norms=norms[:done],
        kept_at=keeps,
        points=rows[: len(keeps)],
        validations=[
            Validation(step, *scores(m, tally, N))
            for step, tally in zip(looks, tallies, strict=True)
            if step <= here + done
        ],
    )
