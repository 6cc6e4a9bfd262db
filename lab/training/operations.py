"""One operation of the update that comes next: its inputs and outputs, as training makes them.

Where within an update a run stands is a value, so what is seen there is a function of the moment and of that value:
nothing is stepped. The program that trains runs on a copy up to the row that is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lab.kernels import opcodes as op
from lab.kernels import update as kernel
from lab.kernels.activation import NEEDS_Z
from lab.kernels.operations import OPERATIONS
from lab.network.layers import Parameter
from lab.training.formulas import adds, adds_second, names_of
from lab.training.listing import Line, derivative, listing, reads_nothing, second_of, short
from lab.training.moment import Moment
from lab.training.next_batch import NextBatch, Passed, Piece, See, Stop
from lab.training.probes import Array, Operand, Operation, OperationProbe, Spread

MOST = 1 << 21
"""Numbers of an array that are kept for its spread; but of one example there are always all."""
BINS = 64
OUTPUTS, GRADIENTS = (op.Y,), (op.DX, op.D_SECOND)
"""Which of its columns name what a forward and what a backward row writes."""


def operation(probe: OperationProbe, moment: Moment, stop: Stop) -> Operation | None:
    """What the probe asks for; None where there is no such line, or no state to update from, or nobody waits."""
    lines = listing(moment.experiment)
    if not 0 <= probe.line < len(lines) or moment.state is None:
        return None
    return Microscope(probe, moment, lines, stop).look()


class Microscope:
    """Looks at one line of the listing at one moment."""

    def __init__(self, probe: OperationProbe, moment: Moment, lines: tuple[Line, ...], stop: Stop) -> None:
        self.probe, self.moment, self.lines, self.stop = probe, moment, lines, stop
        self.line = lines[probe.line]
        self.batch = NextBatch(moment)
        self.rows = self.batch.program.table.rows
        self.example = min(max(probe.example, 0), self.batch.count - 1)
        self.examples = self.batch.count

    def look(self) -> Operation | None:
        found = {
            "batch": self.gathered,
            "forward": self.row,
            "loss": self.row,
            "backward": self.row,
            "clip": self.clipped,
            "update": self.updated,
        }[self.line.direction]()
        if found is None:
            return None
        return Operation(
            line=self.line.number,
            made=self.is_made(self.line.number),
            example=self.example,
            index=int(self.batch.indices[self.example]),
            examples=self.examples,
            batch=self.batch.count,
            inputs=found[0],
            outputs=found[1],
        )

    def is_made(self, number: int) -> bool:
        """Whether line `number` of the listing has been made."""
        return number < self.probe.made

    # -- the lines without a row -------------------------------------------------------------------------

    def gathered(self) -> Sides | None:
        """The first row has not run yet: what lies there is what was gathered."""
        plan = self.batch.program.table.plan
        flows = [
            Flow("x", int(plan[op.INPUT]), triple(plan, op.IC), self.is_made(0)),
            Flow("t", int(plan[op.TARGET]), triple(plan, op.OC), self.is_made(0)),
        ]
        if self.is_made(0) and self.watch(0, flows, []) is None:
            return None
        numbers = self.batch.indices.astype(np.float32)
        return (shown("batch", numbers),), tuple(flow.operand() for flow in flows)

    def clipped(self) -> Sides | None:
        learned = int(self.batch.program.table.plan[op.LEARNED])
        before, after = Operand("g", (learned,)), Operand("g clipped", (learned,))
        if self.is_made(self.line.number - 1):
            passed = self.watch(len(self.rows) - 1, [], [])
            if passed is None:
                return None
            gradient = passed.gradient[:learned].copy()
            before = shown("g", gradient)
            if self.is_made(self.line.number):
                gradient = gradient.copy()
                how, limit = self.moment.experiment.clipping.constants
                kernel.clip(gradient, float(how), float(limit))
                after = shown("g clipped", gradient)
        return (before,), (after,)

    def updated(self) -> Sides | None:
        first = next(line.number for line in self.lines if line.direction == "update")
        state, split = self.moment.state, self.batch.program.split
        assert state is not None  # asked for in `operation`
        new = self.batch.update(state) if self.is_made(first - 1) else None
        done = new if new is not None and new.made and self.is_made(self.line.number) else None
        gradient = None if new is None else split(new.gradient)
        vectors = [("w", state.params, None if done is None else done.params)]
        P = state.params.size
        for k, name in enumerate(self.moment.experiment.optimizer.slots):
            at = slice(k * P, (k + 1) * P)
            vectors.append((name, state.slots[at], None if done is None else done.slots[at]))
        inputs, outputs = [], []
        for p in self.line.parameters:
            for name, before, after in vectors[: None if p.learned else 1]:  # a statistic has no memory
                inputs.append(whole(f"{name} before", split(before), p))
                outputs.append(whole(f"{name} after", None if after is None else split(after), p))
            inputs.append(whole("g", gradient, p))
        return tuple(inputs), tuple(outputs)

    # -- the rows of the program -------------------------------------------------------------------------

    def row(self) -> Sides | None:
        """Forward, loss and backward rows."""
        split, backward = self.batch.program.split, self.line.direction == "backward"
        read, written = self.flows()
        passed = None
        if any(flow.made for flow in (*read, *written)):
            passed = self.watch(self.line.row, read, written)
            if passed is None:
                return None
        done = passed if self.is_made(self.line.number) else None
        inputs, outputs = [flow.operand() for flow in read], [flow.operand() for flow in written]
        if self.line.direction == "loss":
            error = None if done is None else np.array([done.error], np.float32)
            outputs.insert(0, Operand("E", (1,)) if error is None else shown("E", error))
        for p in self.line.parameters:
            if p.learned:
                inputs.append(whole(short(p), split(self.moment.params), p))
            if backward:
                outputs.append(whole(derivative(p), None if done is None else split(done.gradient), p))
        return tuple(inputs), tuple(outputs)

    def flows(self) -> tuple[list[Flow], list[Flow]]:
        """What a row reads and what it writes, besides parameters."""
        row, r, made = self.rows[self.line.row], self.line.row, self.is_made(self.line.number)
        x, y = triple(row, op.CI), triple(row, op.CO)
        channels = None
        if row[op.OP] == op.COPY:  # to some of them
            channels = int(row[op.CHANNEL]), int(row[op.CHANNEL] + row[op.CI])
        forwards = int(self.batch.program.table.plan[op.LOSS_ROW])

        names = names_of(row)

        def read(name: str, column: int, shape: Triple, written: tuple[int, ...], end: int) -> Flow:
            """A buffer as the last row before `end` has left it of whose own columns `written` one names it."""
            rows = np.flatnonzero((self.rows[:end, written] == row[column]).any(axis=1))
            return Flow(name, int(row[column]), shape, self.is_made(int(rows.max(initial=-1)) + 1))

        def write(name: str, column: int, shape: Triple) -> Flow:
            return Flow(name, int(row[column]), shape, made)

        if self.line.direction == "loss":
            target = Flow("t", int(row[op.AUX]), x, self.is_made(0))
            return [read("y", op.X, x, OUTPUTS, r), target], [write("dY", op.DX, x)]
        second = [
            (int(s.channels), int(s.height), int(s.width))
            for s in second_of(row)
            if row[op.SECOND] != row[op.X]
        ]
        if self.line.direction == "forward":
            before = [] if reads_nothing(row) else [read(names.x, op.X, x, OUTPUTS, r)]
            before += [read(names.second, op.SECOND, shape, OUTPUTS, r) for shape in second]
            after = [replace(write(names.y, op.Y, y), channels=channels)]
            if row[op.OP] == op.COPY and row[op.PLUS]:
                before.append(read("y before", op.Y, y, OUTPUTS, r))
            if row[op.OP] == op.BATCH_NORM:
                for k, name in enumerate(("mean", "variance")):
                    at = int(row[op.AUX] + k * row[op.CI])
                    after.append(Flow(f"batch {name}", at, (x[0], 1, 1), made, of_batch=True))
            return before, after
        before, after = [replace(read(names.dy, op.DY, y, GRADIENTS, r), channels=channels)], []
        reads_x, reads_y = remembered(row)
        if reads_x and not reads_nothing(row):
            before.append(read(names.x, op.X, x, OUTPUTS, forwards))
        before += [read(names.second, op.SECOND, shape, OUTPUTS, forwards) for shape in second]
        if reads_y:
            before.append(read(names.y, op.Y, y, OUTPUTS, forwards))
        if adds(row):
            before.append(read(f"{names.dx} before", op.DX, x, GRADIENTS, r))
        if row[op.DX] >= 0:
            after.append(write(names.dx, op.DX, x))
        for shape in second if row[op.D_SECOND] >= 0 else ():
            if adds_second(row):
                before.append(read(f"{names.d_second} before", op.D_SECOND, shape, GRADIENTS, r))
            after.append(write(names.d_second, op.D_SECOND, shape))
        return before, after

    def watch(self, row: int, read: list[Flow], written: list[Flow]) -> Passed | None:
        """Run up to `row` and let the flows take what they are made of."""
        sizes = [math.prod(flow.shape) for flow in (*read, *written)]
        self.examples = min(self.batch.count, max(1, MOST // max(sizes, default=1)))
        everything = not sizes or row >= int(self.batch.program.table.plan[op.LOSS_ROW])

        def wanted(piece: Piece) -> bool:
            return everything or piece.first < self.examples or piece.holds(self.example)

        def see(flows: list[Flow]) -> See:
            def take(arena: Array, first: int, count: int) -> None:
                for flow in flows:
                    if flow.made:
                        flow.take(arena, first, count, self.examples, self.example)

            return take

        return self.batch.run(row, see(read), see(written), wanted, self.stop)


Triple = tuple[int, int, int]
Sides = tuple[tuple[Operand, ...], tuple[Operand, ...]]
"""Inputs and outputs."""


@dataclass(eq=False)
class Flow:
    """Gathers what lies in a buffer, piece of the batch by piece: of each example an array of `shape`, or its channels
    from the first to before the last of `channels`.

    Where it is `of_batch` there is one such array for all examples together.
    """

    name: str
    offset: int
    shape: Triple
    made: bool
    channels: tuple[int, int] | None = None
    of_batch: bool = False
    one: Array | None = None
    taken: list[Array] = field(default_factory=list)

    def take(self, arena: Array, first: int, count: int, examples: int, example: int) -> None:
        """The arena holds examples first .. first + count - 1; of the first `examples` all numbers are wanted."""
        C, H, W = self.shape
        if self.of_batch:
            self.one = arena[self.offset : self.offset + C].copy()
            self.taken = [self.one]
            return
        lies = arena[self.offset : self.offset + C * H * W * count].reshape(C, H, count, W)
        lies = lies[slice(*self.channels)] if self.channels else lies
        if first <= example < first + count:
            self.one = lies[:, :, example - first].copy()
        if first < examples:
            self.taken.append(lies[:, :, : examples - first].flatten())

    def operand(self) -> Operand:
        first, last = self.channels or (0, self.shape[0])
        shape = (last - first, *self.shape[1:])
        if self.one is None:
            return Operand(self.name, shape)
        return Operand(self.name, shape, "", self.one.reshape(shape), spread_of(np.concatenate(self.taken)))


def triple(array: NDArray[np.int64], at: int) -> Triple:
    """Three numbers in a row: channels, height, width."""
    return int(array[at]), int(array[at + 1]), int(array[at + 2])


def remembered(row: NDArray[np.int64]) -> tuple[bool, bool]:
    """Whether a backward row reads its input, and its output, besides dY."""
    if row[op.OP] == op.ACTIVATION and row[op.KIND] in NEEDS_Z:
        return True, False
    return OPERATIONS[int(row[op.OP])].reads


def shown(name: str, values: Array, parameter: str = "") -> Operand:
    """An array that is all there."""
    return Operand(name, values.shape, parameter, values, spread_of(values))


def whole(name: str, arrays: Mapping[str, Array] | None, parameter: Parameter) -> Operand:
    """A parameter's own array among those of all; to come where there are none."""
    if arrays is None:
        return Operand(name, parameter.shape, parameter.name)
    return shown(name, arrays[parameter.name], parameter.name)


def spread_of(values: Array) -> Spread:
    """The spread of all numbers of an array; the counts are of every so-manieth where there are more than MOST."""
    flat = values.reshape(-1)
    finite = flat[np.isfinite(flat)]
    least, greatest = (float(finite.min()), float(finite.max())) if len(finite) else (math.nan, math.nan)
    some = finite[:: max(1, -(-len(finite) // MOST))].astype(np.float64)
    # numbers that are all the same have a bin of their own
    low, high = (least, greatest) if greatest > least else (least - 0.5, least + 0.5)
    counts, edges = np.histogram(some, BINS, (low, high) if len(finite) else (0.0, 1.0))
    return Spread(
        counts=counts.astype(np.int64),
        edges=edges,
        least=least,
        mean=float(finite.mean(dtype=np.float64)) if len(finite) else math.nan,
        greatest=greatest,
        zeros=int((flat == 0).sum()),
        not_finite=len(flat) - len(finite),
        total=len(flat),
    )
