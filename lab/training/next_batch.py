"""The batch that comes next, and what the program that trains makes of it, row by row.

A run's own memory is left alone: everything here works on copies, through the very rows, pieces and sums of training,
so that the numbers are the run's to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lab.experiment.plan import plan
from lab.kernels import interpreter, schedule
from lab.kernels import opcodes as op
from lab.kernels.interpreter import LINE, TALLY, Cases, Memory
from lab.kernels.memory import aligned
from lab.network.program import Program
from lab.training.machine import rule
from lab.training.moment import Moment
from lab.training.timeline import State

Array = NDArray[np.float32]
Stop = NDArray[np.int64]
See = Callable[[Array, int, int], None]
"""Looks into an arena that holds so many (the last number) examples of the batch from one (the first) on."""


@dataclass(frozen=True)
class Piece:
    """Examples first .. first + count - 1 of the batch go through the program at once, for a shard's gradient."""

    shard: int
    first: int
    count: int

    def holds(self, example: int) -> bool:
        return self.first <= example < self.first + self.count


@dataclass(frozen=True, eq=False)
class Passed:
    """What a pass over the batch left: its gradient, not clipped, and its error as it is logged."""

    gradient: Array
    error: float


@dataclass(frozen=True, eq=False)
class Updated:
    """What an update makes: parameters, the optimizer's memory, and the gradient that the optimizer saw.

    `made` is False where the error is not finite: then nothing has changed.
    """

    params: Array
    slots: Array
    gradient: Array
    made: bool


class NextBatch:
    """The examples of the update that a moment stands before."""

    def __init__(self, moment: Moment) -> None:
        e, training = moment.experiment, moment.prepared.training
        self.moment = moment
        N = len(training)
        planned = plan(e, N)
        self.program: Program = planned.program
        self.shards = planned.shards
        self.position = moment.examples % N
        self.count = min(e.batch_size, N - self.position)
        self.scale = 1.0 if e.loss.sums_examples else 1.0 / self.count
        self._order = np.zeros(N, np.int64)
        self._marks = np.full(2, -2, np.int64)
        order = self._memory(1, np.zeros(0, np.float32), np.zeros(0, np.float32), schedule.beginning())
        interpreter.order_of(order, e.seed, moment.examples // N, e.batch_size < N)

    @property
    def indices(self) -> NDArray[np.int64]:
        """Where its examples are in the training part."""
        return self._order[self.position : self.position + self.count]

    @cached_property
    def cases(self) -> Cases:
        """The whole training part, of which only the batch's targets are there: others take no memory."""
        part = self.moment.prepared.training
        at = self.indices
        some = replace(
            part,
            inputs=part.inputs[:0],
            raw=part.raw[:0],
            labels=None if part.labels is None else part.labels[at],
            targets=None if part.targets is None else part.targets[at],
            indices=part.indices[at],
        )
        targets = np.zeros((len(part), self.program.outputs), np.float32)
        targets[at] = self.moment.targets(some)
        return interpreter.cases(part.inputs, targets)

    def pieces(self) -> Iterator[Piece]:
        """As training cuts the batch up."""
        most = self.program.capacity
        for shard in range(self.shards):
            low, high = self.count * shard // self.shards, self.count * (shard + 1) // self.shards
            for first in range(low, high, most):
                yield Piece(shard, first, min(most, high - first))

    def run(
        self, row: int, before: See, after: See, wanted: Callable[[Piece], bool], stop: Stop
    ) -> Passed | None:
        """Run rows 0 to `row` on all wanted pieces, and have them looked at before and after `row`.

        None where nobody waits for it any more. The gradient is all zero where `row` comes before the loss.
        """
        code, params = self.program.code, aligned(self.moment.params.size)
        params[:] = self.moment.params
        arena, counters = aligned(self.program.arena_size), np.zeros(op.COUNTERS, np.int64)
        learns = row > int(code.plan[op.LOSS_ROW])
        own, tally = np.zeros(params.size if learns else 0, np.float32), np.zeros(TALLY)
        total, error, shard = own, 0.0, 0
        for piece in self.pieces():
            if stop[0]:
                return None
            if not wanted(piece):
                continue
            if piece.shard != shard:  # shards are summed as training does: the others are added to the first
                total = own.copy() if shard == 0 else total + own
                error += tally[0]
                own[:], tally[:], shard = 0, 0, piece.shard
            counters[:] = self.moment.experiment.seed, self.moment.examples + piece.first
            interpreter.gather(code, self.cases, self._order, self.position + piece.first, piece.count, arena)
            for first, last, see in ((0, row, before), (row, row + 1, after)):
                interpreter.run_rows(
                    code, first, last, piece.count, arena, params, own, self.scale, tally, counters
                )
                see(arena, piece.first, piece.count)
        error += tally[0]
        whole = self.moment.experiment.loss.sums_examples
        return Passed(own if shard == 0 else total + own, error if whole else error / self.count)

    def update(self, state: State) -> Updated:
        """Make the update, on copies."""
        e, moment = self.moment.experiment, self.moment
        memory = self._memory(self.shards, moment.params.copy(), state.slots.copy(), state.progress.copy())
        rates = e.schedule.factors(moment.step, 1) * e.optimizer.rate
        results = np.empty(1), np.empty(1), np.empty(1, np.int64), np.empty(1)
        done = interpreter.train(
            self.program.code, self.cases, rule(e, self.program), memory, e.seed, moment.examples, state.age,
            e.batch_size, e.loss.sums_examples, rates, *results, False,
        )  # fmt: skip
        return Updated(memory.params, memory.slots, memory.grads[0], bool(done))

    def _memory(self, shards: int, params: Array, slots: Array, progress: NDArray[np.float64]) -> Memory:
        """What training works on, with one arena: shards take turns."""
        room = aligned(params.size)
        room[:] = params
        size = self.program.arena_size if params.size else 0
        return Memory(
            params=room,
            slots=slots,
            grads=np.zeros((shards, params.size), np.float32),
            arenas=aligned(size).reshape(1, -1),
            tally=np.zeros((shards, TALLY)),
            counters=np.zeros((shards, LINE), np.int64),
            order=self._order,
            marks=self._marks,
            progress=progress,
            before=np.zeros(params.size, np.float32),
        )
