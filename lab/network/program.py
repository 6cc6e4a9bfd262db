"""Lowering: a network becomes a table of operations over flat memory.

    forward rows | loss row | backward rows (the forward rows again, last first)

All parameters lie in one flat vector. Buffers lie in an arena, each with room for `capacity` examples. In a
*lean* program buffers whose life has ended give their place to others and activations work in place: for
training. In an *open* program every buffer keeps its place to the end: for looking.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from lab.kernels import conv, dense, elementary
from lab.kernels import opcodes as op
from lab.kernels.activation import NEEDS_Z
from lab.kernels.interpreter import Code
from lab.kernels.operations import OPERATIONS, ready
from lab.kernels.stacking import Geometry
from lab.kernels.tiles import SLACK
from lab.network.activations import Activation, Linear
from lab.network.layers.layer import Parameter
from lab.network.layout import ALIGNMENT, Buffer, lay_out
from lab.network.network import INPUT, Analysis, Network, analyse
from lab.network.shape import Shape
from lab.problem import Problem, ProblemError

CACHE = 1 << 18  # numbers an arena may hold so that it stays in a core's own cache
LARGE = 1 << 26  # numbers an arena may hold only where a single example needs more


class LossLike(Protocol):
    @property
    def kind(self) -> int: ...
    @property
    def constants(self) -> tuple[float, ...]: ...


@dataclass(frozen=True, eq=False)
class Step:
    """One operation as a layer asks for it, before buffers have their places."""

    operation: int
    x: Buffer
    y: Buffer
    aux: Buffer | None
    constants: tuple[float, ...]
    columns: dict[str, int]
    layer: str
    second: Buffer | None = None

    @property
    def inputs(self) -> tuple[Buffer, ...]:
        return (self.x, self.second) if self.second else (self.x,)

    @property
    def name(self) -> str:
        """What the operation is called."""
        if self.operation == op.ELEMENTARY:
            return elementary.NAMES[self.columns["KIND"]]
        return OPERATIONS[self.operation].name

    @property
    def learns(self) -> bool:
        """Whether it has parameters."""
        return self.columns.get("W", -1) >= 0

    @property
    def remembers(self) -> tuple[Buffer, ...]:
        """What its backward row reads besides dY."""
        reads_x, reads_y = OPERATIONS[self.operation].reads
        if self.operation == op.ACTIVATION and self.columns["KIND"] in NEEDS_Z:
            reads_x, reads_y = True, False
        kept = ((self.x, reads_x), (self.y, reads_y), (self.aux, True), (self.second, True))
        return tuple(b for b, reads in kept if b and reads)


@dataclass(frozen=True, eq=False)
class Table:
    """The program as it is written down: `lab.kernels.interpreter.Code` without its compiled operations."""

    rows: NDArray[np.int64]
    constants: NDArray[np.float64]
    lists: NDArray[np.int64]
    plan: NDArray[np.int64]


@dataclass(frozen=True)
class Row:
    """A row as a person reads it."""

    layer: str
    operation: str
    direction: Literal["forward", "loss", "backward"]


@dataclass(frozen=True)
class Place:
    """Where a layer's array lies: `arena[offset :]` as [channels, height, examples, width]."""

    layer: str
    role: str
    offset: int
    shape: Shape

    def read(self, arena: NDArray[np.floating], n: int) -> NDArray[np.floating]:
        """A copy, as [examples, channels, height, width]."""
        s = self.shape
        flat = arena[self.offset : self.offset + s.size * n]
        return flat.reshape(s.channels, s.height, n, s.width).transpose(2, 0, 1, 3).copy()


@dataclass(frozen=True)
class Program:
    """A network ready to run, for up to `capacity` examples at a time."""

    table: Table
    rows: tuple[Row, ...]
    places: tuple[Place, ...]
    parameters: tuple[Parameter, ...]
    offsets: dict[str, int]
    arena_size: int
    capacity: int

    @cached_property
    def code(self) -> Code:
        """What the machine reads. The operations that it names are compiled, or loaded, when first asked for it."""
        t = self.table
        return Code(t.rows, t.constants, t.lists, t.plan, ready(t.rows[:, op.OP].tolist()))

    @property
    def parameter_count(self) -> int:
        return sum(p.size for p in self.parameters)

    @property
    def outputs(self) -> int:
        """Numbers in one example of the network's output."""
        return int(np.prod(self.table.plan[[op.OC, op.OH, op.OW]]))

    def place(self, layer: str, role: str) -> Place | None:
        return next((p for p in self.places if p.layer == layer and p.role == role), None)

    def split(self, vector: NDArray[np.floating]) -> dict[str, NDArray[np.floating]]:
        """A flat vector as named arrays, without copying."""
        return {
            p.name: vector[self.offsets[p.name] : self.offsets[p.name] + p.size].reshape(p.shape)
            for p in self.parameters
        }


class Lowering:
    """What a layer writes its rows with."""

    def __init__(self, analysis: Analysis, lean: bool, training: bool) -> None:
        self.analysis = analysis
        self.lean = lean
        self.training = training
        self.layer = ""
        self.index = -1
        self.buffers: list[Buffer] = []
        self.steps: list[Step] = []
        self.lists: list[int] = []
        self.offsets: dict[str, int] = {}
        offset = 0
        for p in analysis.parameters:
            self.offsets[p.name] = offset
            offset += p.size

    def buffer(self, shape: Shape, role: str) -> Buffer:
        """A new place for an array of this layer."""
        return self.buffer_of(self.layer, shape, role)

    def buffer_of(self, layer: str, shape: Shape, role: str) -> Buffer:
        made = Buffer(layer, role, shape)
        self.buffers.append(made)
        return made

    def parameter(self, name: str) -> int:
        """Where the layer's parameter starts in the flat vector."""
        return self.offsets[f"{self.layer}.{name}"]

    def row(
        self,
        operation: int,
        x: Buffer,
        y: Buffer,
        aux: Buffer | None = None,
        constants: tuple[float, ...] = (),
        second: Buffer | None = None,
        **columns: int,
    ) -> None:
        """One operation from x, and perhaps a second input, to y. `columns` are named as in lab.kernels.opcodes."""
        own = columns | {"LAYER": self.index}
        self.steps.append(Step(operation, x, y, aux, constants, own, self.layer, second))

    def activate(self, z: Buffer, activation: Activation) -> Buffer:
        """Apply an activation; nothing to do for a linear one. In a lean program it works in place if it can."""
        if isinstance(activation, Linear):
            return z
        y = z if self.lean and activation.kind not in NEEDS_Z else self.buffer(z.shape, "y")
        self.row(op.ACTIVATION, z, y, constants=(activation.alpha,), KIND=activation.kind)
        return y


@lru_cache(maxsize=128)
def lower(
    network: Network,
    x: Shape,
    loss: LossLike,
    capacity: int = 0,
    *,
    most: int = 0,
    gradients: bool = True,
    lean: bool = True,
    training: bool | None = None,
    keep: bool = False,
) -> Program:
    """The program of `network` on inputs of shape `x`.

    `capacity` 0 chooses how many examples go at once: as many as keep the arena in a core's own cache, at least
    16 if that is not too much memory, and no more than `most`, where that is not 0. In `training`, which is where
    there are `gradients` unless it is said, dropout drops and a batch is normalised by its own statistics. Where it is
    to `keep` the examples, inputs and targets lie where they are to the end, for other weights to be tried on them.
    ProblemError if the network has problems.
    """
    analysis = analyse(network, x)
    if not network.nodes:
        raise ProblemError(Problem("network", "has no layers", "Add a layer"))
    if analysis.problems:
        raise ProblemError(*analysis.problems)
    to = Lowering(analysis, lean, gradients if training is None else training)
    flowing = {INPUT: to.buffer_of(INPUT, x, "x")}
    for index, node in enumerate(network.nodes):
        to.layer, to.index = node.name, index
        flowing[node.name] = node.layer.lower_joined(to, [flowing[name] for name in network.sources(index)])
    output = flowing[network.nodes[-1].name]
    return _assemble(to, flowing[INPUT], output, loss, capacity, most, gradients, keep)


def _assemble(
    to: Lowering,
    x: Buffer,
    output: Buffer,
    loss: LossLike,
    capacity: int,
    most: int,
    gradients: bool,
    keep: bool,
) -> Program:
    target = to.buffer_of("loss", output.shape, "target")
    derivatives = _derivatives(to, x) if gradients else {}
    back = [step for step in reversed(to.steps) if id(step.y) in derivatives]
    loss_row = len(to.steps)
    end = loss_row + 1 + len(back)
    _find_uses(to.steps, back, x, output, target, derivatives)
    if keep:
        for given in (x, target):
            given.uses.append(end)

    size = lay_out(to.buffers, to.lean)
    if capacity <= 0:
        # whole vector registers, and so that a shard of 16 does not run as 15 and 1; not 256, at whose distance
        # numbers push each other out of the cache
        capacity = max(min(16, LARGE // max(size, 1)), min(240, CACHE // max(size, 1)) // 8 * 8, 1)
        capacity = min(capacity, most) if most else capacity
    scratch_at = -(-size * capacity // ALIGNMENT) * ALIGNMENT
    space_of = {id(step): _scratch(step, capacity) for step in to.steps}
    for buffer in to.buffers:
        buffer.offset *= capacity

    rows, constants = np.zeros((end, op.COLUMNS), np.int64), np.zeros((end, op.CONSTANTS))
    rows[:, op.NUMBER] = np.arange(end)
    for r, step in enumerate(to.steps):
        _write(rows[r], step, scratch_at, space_of[id(step)])
        constants[r, : len(step.constants)] = step.constants
    last, d_output, s = rows[loss_row], derivatives.get(id(output)), output.shape
    last[[op.OP, op.LAYER, op.KIND]] = op.LOSS, -1, loss.kind
    last[[op.CI, op.HI, op.WI]] = last[[op.CO, op.HO, op.WO]] = [s.channels, s.height, s.width]
    last[[op.X, op.Y, op.AUX]] = output.offset, output.offset, target.offset
    last[op.DX] = d_output.offset if d_output else -1
    last[[op.SECOND, op.D_SECOND]] = -1
    constants[loss_row] = loss.constants
    written = {id(d_output)}
    for r, step in enumerate(back, loss_row + 1):
        _write(rows[r], step, scratch_at, space_of[id(step)])
        constants[r, : len(step.constants)] = step.constants
        rows[r, op.DY] = derivatives[id(step.y)].offset
        for source, at, add in zip(step.inputs, (op.DX, op.D_SECOND), (op.ADD, op.ADD_SECOND), strict=False):
            if into := derivatives.get(id(source)):
                rows[r, at], rows[r, add] = into.offset, int(id(into) in written)
                written.add(id(into))

    plan = np.zeros(op.PLAN, np.int64)
    plan[op.FORWARD], plan[op.LOSS_ROW], plan[op.BACKWARD], plan[op.END] = 0, loss_row, loss_row + 1, end
    plan[op.INPUT], plan[op.TARGET], plan[op.OUTPUT] = x.offset, target.offset, output.offset
    plan[op.CAPACITY], plan[op.KEEPS] = capacity, keep
    plan[op.OC], plan[op.OH], plan[op.OW] = s.channels, s.height, s.width
    plan[op.IC], plan[op.IH], plan[op.IW] = x.shape.channels, x.shape.height, x.shape.width
    plan[op.PARAMETERS] = sum(p.size for p in to.analysis.parameters)
    plan[op.LEARNED] = sum(p.size for p in to.analysis.parameters if p.learned)
    lists = np.array(to.lists, np.int64)
    for array in (rows, constants, lists, plan):
        array.setflags(write=False)
    return Program(
        table=Table(rows, constants, lists, plan),
        rows=(
            *(Row(step.layer, step.name, "forward") for step in to.steps),
            Row("loss", "loss", "loss"),
            *(Row(step.layer, step.name, "backward") for step in back),
        ),
        places=tuple(Place(b.layer, b.role, b.offset, b.shape) for b in to.buffers if b.uses),
        parameters=to.analysis.parameters,
        offsets=to.offsets,
        arena_size=scratch_at + -(-(max(space_of.values(), default=0) + SLACK) // ALIGNMENT) * ALIGNMENT,
        capacity=capacity,
    )


def _derivatives(to: Lowering, x: Buffer) -> dict[int, Buffer]:
    """By the identity of each buffer through which a derivative must flow, the buffer of that derivative.

    A derivative must flow where some parameter has a say. In an open program the network's input counts too:
    somebody may look at its derivative.
    """
    learns = set() if to.lean else {id(x)}
    for step in to.steps:
        if step.learns or any(id(b) in learns for b in step.inputs):
            learns.add(id(step.y))
    wanted = [b for b in to.buffers if id(b) in learns]
    return {id(b): to.buffer_of(b.layer, b.shape, f"d{b.role}") for b in wanted}


def _find_uses(
    steps: list[Step],
    back: list[Step],
    x: Buffer,
    output: Buffer,
    target: Buffer,
    derivatives: dict[int, Buffer],
) -> None:
    """Note at which rows each buffer is read or written; row -1 is the gathering of a batch."""
    loss_row = len(steps)
    x.uses.append(-1)
    target.uses += [-1, loss_row]
    output.uses += [loss_row, loss_row + 1 + len(back)]
    if d_output := derivatives.get(id(output)):
        d_output.uses.append(loss_row)
    for r, step in enumerate(steps):
        for buffer in (*step.inputs, step.y, step.aux):
            if buffer:
                buffer.uses.append(r)
    for r, step in enumerate(back, loss_row + 1):
        into = [derivatives.get(id(b)) for b in step.inputs]
        for buffer in (*step.remembers, derivatives[id(step.y)], *into):
            if buffer:
                buffer.uses.append(r)


def _scratch(step: Step, capacity: int) -> int:
    """Numbers of scratch that a row needs for so many examples."""
    c = step.columns
    if step.operation == op.DENSE:
        return dense.scratch_size(capacity, step.x.size)
    if step.operation == op.ELEMENTARY:
        return capacity * step.x.size if c.get("HELD", 0) else 0
    if step.operation not in (op.CONV2D, op.TRANSPOSED_CONV2D):
        return 0
    # a transposed convolution is the adjoint of the convolution from its output to its input
    large, small = (step.x.shape, step.y.shape)[:: 1 if step.operation == op.CONV2D else -1]
    g = Geometry(
        capacity, large.channels, large.height, large.width, small.channels, small.height, small.width,
        *(c.get(name, default) for name, default in GEOMETRY),
    )  # fmt: skip
    return conv.scratch_size(g, c.get("GROUPS", 1), c.get("LENGTH", 0))


GEOMETRY = (
    ("KH", 1), ("KW", 1), ("SH", 1), ("SW", 1), ("PH", 0), ("PW", 0), ("DH", 1), ("DW", 1),
)  # fmt: skip
"""The columns of a window, and what they are where a row does not say."""


def _write(row: NDArray[np.int64], step: Step, scratch: int, space: int) -> None:
    x, y = step.x, step.y
    row[op.OP], row[op.X], row[op.Y], row[op.DX], row[op.DY] = step.operation, x.offset, y.offset, -1, -1
    row[op.AUX] = step.aux.offset if step.aux else -1
    row[op.SCRATCH], row[op.SPACE] = scratch, space
    row[[op.CI, op.HI, op.WI]] = x.shape.channels, x.shape.height, x.shape.width
    row[[op.CO, op.HO, op.WO]] = y.shape.channels, y.shape.height, y.shape.width
    row[op.SECOND] = step.second.offset if step.second else -1
    row[[op.W, op.B, op.MEAN, op.VARIANCE, op.D_SECOND]] = -1
    row[op.GROUPS] = 1
    for name, default in GEOMETRY:
        row[getattr(op, name)] = default
    for name, value in step.columns.items():
        row[getattr(op, name)] = value
