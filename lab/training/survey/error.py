"""An error as a function of all weights: over which examples, and what of them it measures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lab.data.prepare import Part
from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY
from lab.kernels.memory import aligned
from lab.network.formula.jets import value
from lab.network.program import Program, lower
from lab.training.moment import Moment
from lab.training.next_batch import NextBatch
from lab.training.readings import Stop
from lab.training.surfaces import Height, Over, SurfaceProbe
from lab.training.survey.by_formula import tree_of
from lab.training.survey.effort import SPEED, most_examples
from lab.training.survey.penalty import Penalty

Values = NDArray[np.float64]
Vector = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Chosen:
    """Examples `indices` of a part of the data. `why` says why they are not those that were asked for."""

    part: Part
    indices: NDArray[np.int64]
    why: str = ""


def chosen(probe: SurfaceProbe, moment: Moment) -> Chosen:
    """The examples that a probe asks for: of a set the first so many, a batch as a whole if it is not too much work."""
    most, affordable = (
        most_examples(moment.experiment, replace(probe, examples=n)) for n in (probe.examples, 1 << 62)
    )
    over, why = probe.over, ""
    training, validation = moment.prepared.training, moment.prepared.validation
    if over == "validation" and not len(validation):
        over, why = "training", "there are no validation examples: the error is over the training set"
    if over == "validation":
        return Chosen(validation, np.arange(min(most, len(validation))))
    if over == "batch":
        batch = NextBatch(moment).indices
        if len(batch) > affordable:
            why = f"of the batch's {len(batch):,} examples the first {affordable:,}"
        return Chosen(training, batch[:affordable].copy(), why)
    if over == "case":
        return Chosen(training, np.array([min(max(probe.case, 0), len(training) - 1)]))
    return Chosen(training, np.arange(min(most, len(training))), why)


class ErrorOf:
    """The error over some examples. Its weights [P] are float32, what it gives is float64.

    It is the error of the network in use, as an evaluation gives it: with running statistics, and nothing dropped.
    Several threads may ask at once, each with a `hand` of its own.
    """

    def __init__(self, moment: Moment, over: Over, height: Height, examples: Chosen) -> None:
        e = moment.experiment
        self.experiment, self.prepared, self.shape = e, moment.prepared, moment.shape
        self.over, self.examples = over, examples
        self.why = examples.why
        if height == "accuracy" and not e.data.classes():
            height, self.why = (
                "loss",
                f"{self.why}; " * bool(self.why) + "there are no classes to be right about",
            )
        self.height: Height = height
        part, at = examples.part, examples.indices
        self.count = len(at)
        first = bool((at == np.arange(self.count)).all())
        inputs = part.inputs[: self.count] if first else part.inputs[at]
        self._cases = interpreter.cases(inputs, moment.targets(part, at))
        self._order = np.arange(self.count)
        self._program = lower(e.network, self.shape, e.loss, gradients=False, keep=True)
        self.penalty = Penalty(e.regularization, self._program.parameters)
        inputs = self._cases.inputs
        self.tree = tree_of(e, inputs, self.penalty if height == "objective" else None)
        """The error as a formula, where it is one: it is had from there, in float64."""
        self._arenas: dict[int, Vector] = {}
        self._rooms: dict[int, Vector] = {}
        self._share = 1.0 if e.loss.sums_examples else 1.0 / self.count

    @property
    def has_slope(self) -> bool:
        """Whether it has a gradient: an accuracy rises in steps."""
        return self.height != "accuracy"

    @property
    def multiply_adds(self) -> float:
        """Of one value."""
        return float(self.count * max(self.experiment.analysis.multiply_adds or 1, 1))

    @property
    def seconds_of_gradient(self) -> float:
        """That are reckoned with."""
        return 3 * self.multiply_adds / SPEED

    def room(self, count: int, hand: int = 0) -> Vector:
        """Where a hand may write down points [count, P], to have their heights from `at`."""
        size = self._program.parameter_count
        room = self._rooms.get(hand)
        if room is None or room.size < count * size:
            room = self._rooms[hand] = aligned(count * size)
        return room[: count * size].reshape(count, size)

    def at(self, points: Vector, stop: Stop, hand: int = 0) -> Values:
        """The heights of points [k, P]; of fewer, where it was broken off. What is not finite is infinite."""
        if self.tree is not None:
            found = value(self.tree, *points.T.astype(np.float64))
            return np.nan_to_num(found, nan=np.inf, posinf=np.inf)
        if hand not in self._arenas:
            self._arenas[hand] = aligned(self._program.arena_size)
        rows = self.room(len(points), hand)  # behind which may be read
        if not np.shares_memory(rows, points):
            rows[:] = points
        errors, rights = np.empty(len(points)), np.empty(len(points))
        done = interpreter.evaluate_many(
            self._program.code, self._cases, self._order, self._arenas[hand], rows, errors, rights, stop
        )
        if self.height == "accuracy":
            return rights[:done] / self.count
        found = errors[:done] * self._share
        if self.height == "objective":
            found += self.penalty.at(points[:done])
        return np.nan_to_num(found, nan=np.inf, posinf=np.inf)

    def gradient(self, weights: Vector, stop: Stop) -> Values | None:
        """Its derivative by all weights [P], 0 for running statistics; None where it was broken off."""
        program, arena = self._backward
        params, grads = aligned(weights.size), np.zeros(weights.size, np.float32)
        params[:] = weights
        tally, counters = np.zeros(TALLY), np.zeros(op.COUNTERS, np.int64)
        for first in range(0, self.count, program.capacity):
            if stop[0]:
                return None
            n = min(program.capacity, self.count - first)
            interpreter.gather(program.code, self._cases, self._order, first, n, arena)
            interpreter.run_rows(
                program.code, 0, len(program.rows), n, arena, params, grads, self._share, tally, counters
            )
        found = grads.astype(np.float64)
        return found + self.penalty.slope(weights) if self.height == "objective" else found

    @cached_property
    def _backward(self) -> tuple[Program, Vector]:
        """The program that also goes backward, and its memory: wanted by one thread alone."""
        e = self.experiment
        program = lower(e.network, self.shape, e.loss, training=False)
        return program, aligned(program.arena_size)


def error_of(probe: SurfaceProbe, moment: Moment) -> ErrorOf:
    """What a probe wants the height to be."""
    return ErrorOf(moment, probe.over, probe.height, chosen(probe, moment))


def whole_training(moment: Moment, error: ErrorOf) -> ErrorOf:
    """The error over all training examples, with or without penalty as `error` is."""
    training = moment.prepared.training
    if error.over == "training" and error.count == len(training) and error.has_slope:
        return error
    height: Height = "objective" if error.height == "objective" else "loss"
    return ErrorOf(moment, "training", height, Chosen(training, np.arange(len(training))))


def next_case(moment: Moment) -> ErrorOf | None:
    """The error of the case that comes next, where training takes one at a time."""
    batch = NextBatch(moment)
    if batch.count > 1:
        return None
    return ErrorOf(moment, "case", "loss", Chosen(moment.prepared.training, batch.indices.copy()))


def batch_gradient(moment: Moment, penalty: Penalty | None, stop: Stop) -> Values | None:
    """The derivative of the error of the batch that comes next, as training takes it, to the last bit.

    So it is with units dropped and with the batch's own statistics, where there are such; it is not clipped.
    `penalty` is what else is to be counted. None where it was broken off.
    """
    batch = NextBatch(moment)
    last = len(batch.program.rows) - 1
    passed = batch.run(last, _look_away, _look_away, lambda piece: True, stop)
    if passed is None:
        return None
    found = passed.gradient.astype(np.float64)
    learned = int(batch.program.table.plan[op.LEARNED])
    found[learned:] = 0
    return found if penalty is None else found + penalty.slope(moment.params)


def _look_away(arena: Vector, first: int, count: int) -> None:
    """What is made on the way is not looked at."""
