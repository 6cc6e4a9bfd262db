"""What the network says to a whole part of the data, on the machine of a run: loss, accuracy and outputs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.kernels import interpreter
from lab.kernels.interpreter import PARTS, TALLY
from lab.kernels.operations import SHARED
from lab.kernels.threads import ENTRANCE, use
from lab.training.machine import Machine
from lab.training.probes import PartName

TOGETHER = 4_000_000
"""Multiply-adds from which on several cores evaluate together."""


@dataclass(frozen=True)
class Evaluation:
    """`accuracy` is the share of examples, or of pixels, that are right; None in regression. `outputs` is
    [n, outputs], as the network's last layer gives them; an image lies channel by channel, each row by row.
    """

    loss: float
    accuracy: float | None
    outputs: NDArray[np.float32]


def evaluate(machine: Machine, part: PartName, threads: int) -> Evaluation:
    """On all of a part, with the parameters as they are now; NaN where the part is empty."""
    cases, check = machine.cases[part], machine.check
    N = len(cases.inputs)
    outputs = np.empty((N, check.outputs), np.float32)
    tally = np.zeros((PARTS, TALLY))
    arguments = check.code, cases, np.arange(N), machine.check_arenas, machine.memory.params, outputs, tally
    if goes_together(machine, N, threads):
        with ENTRANCE:
            use(threads)
            if check.capacity >= N:
                interpreter.evaluate_together(*arguments, SHARED)
            else:
                interpreter.evaluate_shards(*arguments)
    else:
        interpreter.evaluate(*arguments)
    return Evaluation(*scores(machine, tally, N), outputs)


def goes_together(machine: Machine, N: int, threads: int) -> bool:
    """Whether several cores evaluate N examples."""
    return threads > 1 and (machine.experiment.analysis.multiply_adds or 0) * N > TOGETHER


def scores(machine: Machine, tally: NDArray[np.float64], N: int) -> tuple[float, float | None]:
    """Loss and accuracy of N examples, of which the kernels have made this tally."""
    error, right = tally.sum(axis=0)[:2] if N else (math.nan, math.nan)
    loss = error if machine.experiment.loss.sums_examples or not N else error / N
    return float(loss), float(right / max(N, 1)) if machine.prepared.dataset.classes else None
