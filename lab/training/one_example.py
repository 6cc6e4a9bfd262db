"""One example on its way through an open program: forwards, and backwards where derivatives are asked for.

Either as in use, or as training will make it: then the example is one of the batch that comes next, units are dropped
as they will be, and a batch that is normalized goes through as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.data.prepare import Part
from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY
from lab.kernels.memory import aligned
from lab.network.program import Place, Program, lower
from lab.training.moment import Moment
from lab.training.next_batch import NextBatch
from lab.training.probes import ActivationsProbe, Array, Change, GradientsProbe


@dataclass(frozen=True, eq=False)
class Passed:
    """An arena after the pass, that holds `count` examples of which the one asked for is number `at`.

    `index` is its number in `part`. `gradient` [P] and `error` are sums over all that went through, size 0 and 0
    where no derivatives were asked for.
    """

    part: Part
    index: int
    program: Program
    arena: Array
    count: int
    at: int
    input: Array
    target: Array
    gradient: Array
    error: float

    def read(self, place: Place) -> Array:
        """What lies at a place, [C, H, W]."""
        values: Array = place.read(self.arena, self.count)[self.at]
        return values


def pass_example(moment: Moment, probe: ActivationsProbe | GradientsProbe, gradients: bool) -> Passed:
    """Send the example that a probe names through the network, with its derivatives or without."""
    e = moment.experiment
    whole, rows, drawn, at = False, np.zeros(0, np.int64), 0, 0
    if probe.batch:
        batch = NextBatch(moment)
        part, at = moment.prepared.training, min(max(probe.example, 0), batch.count - 1)
        index, whole = int(batch.indices[at]), e.network.whole_batch
        rows = batch.indices if whole else np.array([index])
        drawn = moment.examples + (0 if whole else at)
    else:
        part = moment.part(probe.part)
        index = min(max(probe.example, 0), len(part) - 1)
        rows = np.array([index])
    at = at if whole else 0
    inputs = part.inputs[rows]  # a copy
    targets = np.concatenate([moment.targets(part, slice(k, k + 1)) for k in rows.tolist()])
    change(inputs[at], probe.changed)
    count = len(rows)
    program = lower(
        e.network, moment.shape, e.loss, count, gradients=gradients, lean=False, training=probe.batch
    )
    arena, params, tally = aligned(program.arena_size), aligned(moment.params.size), np.zeros(TALLY)
    params[:] = moment.params  # behind which may be read
    gradient = np.zeros(moment.params.size if gradients else 0, np.float32)
    cases, code = interpreter.cases(inputs, targets), program.code
    interpreter.gather(code, cases, np.arange(count), 0, count, arena)
    last = int(code.plan[op.END if gradients else op.LOSS_ROW])
    counters = np.array([e.seed, drawn], np.int64)
    interpreter.run_rows(code, 0, last, count, arena, params, gradient, 1.0, tally, counters)
    return Passed(
        part=part,
        index=index,
        program=program,
        arena=arena,
        count=count,
        at=at,
        input=inputs[at],
        target=targets[at],
        gradient=gradient,
        error=float(tally[0]),
    )


def change(example: Array, changed: tuple[Change, ...]) -> None:
    """Set numbers of an example [C, H, W] as they are changed; those that lie outside of it are left out."""
    for channel, row, column, value in changed:
        spot = (channel, row, column)
        if all(0 <= k < n for k, n in zip(spot, example.shape, strict=True)):
            example[spot] = value


def last_places(program: Program) -> dict[str, Place]:
    """Where each layer's output lies: after its activation, if it has one."""
    return {p.layer: p for p in program.places if p.role in ("z", "y") and p.layer != "loss"}


def places_of(program: Program, role: str) -> dict[str, Place]:
    """The places of one role, by layer."""
    return {p.layer: p for p in program.places if p.role == role}
