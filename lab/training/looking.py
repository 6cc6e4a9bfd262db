"""Many inputs through an open program at one moment, and outputs as a person reads them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY
from lab.kernels.memory import aligned
from lab.network.program import Program, lower
from lab.training.moment import Moment
from lab.training.one_example import last_places
from lab.training.probes import Array

AT_ONCE = 512
"""Inputs that go through together: what a core's cache holds of a small network."""


def answer_shape(moment: Moment) -> tuple[int, ...]:
    """An output's shape as readings show it: (outputs,) of a vector, (C, H, W) of an image."""
    s = moment.output
    return (s.size,) if s.is_vector else (s.channels, s.height, s.width)


def as_scores(moment: Moment, outputs: Array) -> Array:
    """Outputs [n, outputs] or [n, C, H, W] as a person reads them: probabilities where they are logits."""
    return moment.experiment.loss.scores(outputs, axis=1 if outputs.ndim > 1 else -1)


def look(
    moment: Moment, inputs: Array, targets: Array, capacity: int
) -> Iterator[tuple[Program, NDArray[np.float32], int]]:
    """Run inputs forward through an open program, `capacity` at a time: (program, arena, how many)."""
    e = moment.experiment
    program = lower(e.network, moment.shape, e.loss, capacity, gradients=False, lean=False)
    arena, cases, order = (
        aligned(program.arena_size),
        interpreter.cases(inputs, targets),
        np.arange(len(inputs)),
    )
    nothing, tally = np.zeros(0, np.float32), np.zeros(TALLY)
    for first in range(0, len(inputs), capacity):
        n = min(capacity, len(inputs) - first)
        interpreter.gather(program.code, cases, order, first, n, arena)
        interpreter.run_rows(
            program.code, 0, int(program.code.plan[op.LOSS_ROW]), n, arena, moment.params, nothing, 1.0, tally,
            np.zeros(op.COUNTERS, np.int64),
        )  # fmt: skip
        yield program, arena, n


def outputs_at(moment: Moment, raw: Array) -> dict[str, Array]:
    """Every layer's outputs [units, n] for raw inputs [n, C, H, W]; those of an image are flat."""
    inputs = moment.prepared.preprocess(raw)
    nothing = np.zeros((len(inputs), moment.program.outputs), np.float32)
    found: dict[str, list[Array]] = {}
    for program, arena, count in look(moment, inputs, nothing, AT_ONCE):
        for name, place in last_places(program).items():
            found.setdefault(name, []).append(place.read(arena, count).reshape(count, -1))
    return {name: np.concatenate(parts).T for name, parts in found.items()}
