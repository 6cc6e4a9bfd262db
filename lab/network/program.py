"""Lowering: a network becomes a table of operations over flat memory.

    forward rows | loss row | backward rows (the forward rows again, last first)

All parameters lie in one flat vector. Buffers lie in an arena, each with room for `capacity` examples. In a
*lean* program buffers whose life has ended give their place to others and activations work in place: for
training. In an *open* program every buffer keeps its place to the end: for looking.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from lab.kernels import opcodes as op
from lab.kernels.conv import scratch_size
from lab.kernels.interpreter import Code
from lab.network.activations import Activation, Linear
from lab.network.layers.layer import Parameter
from lab.network.network import INPUT, Analysis, Network, analyse
from lab.network.shape import Shape
from lab.problem import Problem, ProblemError

ALIGNMENT = 16  # float32 numbers in a cache line
CACHE = 1 << 18  # numbers an arena may hold so that it stays in a core's own cache

OPERATIONS = {
    op.DENSE: "dense",
    op.CONV2D: "convolution",
    op.MAX_POOL: "max pooling",
    op.AVERAGE_POOL: "average pooling",
    op.FLATTEN: "flatten",
    op.ACTIVATION: "activation",
    op.LOSS: "loss",
}

# what an operation's backward row reads besides dY: (its input, its output)
REMEMBERS = {
    op.DENSE: (True, False),
    op.CONV2D: (True, False),
    op.MAX_POOL: (False, False),
    op.AVERAGE_POOL: (False, False),
    op.FLATTEN: (False, False),
    op.ACTIVATION: (False, True),
}


class LossLike(Protocol):
    @property
    def kind(self) -> int: ...
    @property
    def constants(self) -> tuple[float, ...]: ...


@dataclass(eq=False)
class Buffer:
    """A place for one array. `role` is "x", "z" (before the activation), "y", "winner", "target", "derivative"."""

    layer: str
    role: str
    shape: Shape
    offset: int = -1
    uses: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        return self.shape.size


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

    code: Code
    rows: tuple[Row, ...]
    places: tuple[Place, ...]
    parameters: tuple[Parameter, ...]
    offsets: dict[str, int]
    arena_size: int
    capacity: int

    @property
    def parameter_count(self) -> int:
        return sum(p.size for p in self.parameters)

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

    def __init__(self, analysis: Analysis, lean: bool) -> None:
        self.analysis = analysis
        self.lean = lean
        self.layer = ""
        self.index = -1
        self.buffers: list[Buffer] = []
        self.forward: list[tuple[int, Buffer, Buffer, Buffer | None, float, dict[str, int]]] = []
        self.labels: list[Row] = []
        self.offsets: dict[str, int] = {}
        offset = 0
        for p in analysis.parameters:
            self.offsets[p.name] = offset
            offset += p.size

    def buffer(self, shape: Shape, role: str) -> Buffer:
        """A new place for an array of this layer."""
        made = Buffer(self.layer, role, shape)
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
        constant: float = 0.0,
        **columns: int,
    ) -> None:
        """One operation from x to y. `columns` are named as in lab.kernels.opcodes."""
        self.forward.append((operation, x, y, aux, constant, columns | {"LAYER": self.index}))
        self.labels.append(Row(self.layer, OPERATIONS[operation], "forward"))

    def activate(self, z: Buffer, activation: Activation) -> Buffer:
        """Apply an activation; nothing to do for a linear one. In a lean program it works in place."""
        if isinstance(activation, Linear):
            return z
        y = z if self.lean else self.buffer(z.shape, "y")
        self.row(op.ACTIVATION, z, y, constant=activation.alpha, KIND=activation.kind)
        return y


@lru_cache(maxsize=128)
def lower(
    network: Network,
    x: Shape,
    loss: LossLike,
    capacity: int = 0,
    *,
    gradients: bool = True,
    lean: bool = True,
) -> Program:
    """The program of `network` on inputs of shape `x`.

    `capacity` 0 chooses how many examples go at once: as many as keep the arena in a core's own cache, and at
    least 8. ProblemError if the network has problems.
    """
    analysis = analyse(network, x)
    if not network.nodes:
        raise ProblemError(Problem("network", "has no layers", "Add a layer"))
    if analysis.problems:
        raise ProblemError(*analysis.problems)
    to = Lowering(analysis, lean)
    flowing = {INPUT: Buffer(INPUT, "x", x)}
    to.buffers.append(flowing[INPUT])
    for index, node in enumerate(network.nodes):
        to.layer, to.index = node.name, index
        flowing[node.name] = node.layer.lower(to, flowing[network.sources(index)[0]])
    output = flowing[network.nodes[-1].name]
    return _assemble(to, flowing[INPUT], output, loss, capacity, gradients)


def _assemble(
    to: Lowering, x: Buffer, output: Buffer, loss: LossLike, capacity: int, gradients: bool
) -> Program:
    forward = to.forward
    loss_row = len(forward)
    target = Buffer("loss", "target", output.shape)
    to.buffers.append(target)
    derivatives = _derivatives(to, x, output) if gradients else {}
    end = 2 * loss_row + 1 if gradients else loss_row + 1
    _find_uses(to, x, output, target, derivatives, loss_row, end)

    scratch, fixed = _scratch(forward, gradients)
    size = _lay_out(to, end)
    per_example = size + scratch
    if capacity <= 0:
        capacity = max(8, min(256, CACHE // max(per_example, 1)))
    scratch_at = size * capacity
    for buffer in to.buffers:
        buffer.offset *= capacity

    rows = np.full((end, op.COLUMNS), 0, np.int64)
    constants = np.zeros((end, 2))
    written: set[int] = {id(derivatives[id(output)])} if gradients else set()
    for r, (operation, source, y, aux, constant, columns) in enumerate(forward):
        _fill(rows[r], operation, source, y, aux, columns, scratch_at)
        constants[r, 0] = constant
    labels = list(to.labels)
    labels.append(Row("loss", "loss", "loss"))
    last = rows[loss_row]
    last[[op.OP, op.LAYER, op.X, op.Y, op.AUX, op.KIND]] = (
        op.LOSS,
        -1,
        output.offset,
        output.offset,
        target.offset,
        loss.kind,
    )
    last[[op.CO, op.HO, op.WO]] = output.size, 1, 1
    last[op.DX] = derivatives[id(output)].offset if gradients else -1
    constants[loss_row, 0] = loss.constants[0]
    if gradients:
        for step, (operation, source, y, aux, constant, columns) in enumerate(reversed(forward)):
            r = loss_row + 1 + step
            _fill(rows[r], operation, source, y, aux, columns, scratch_at)
            constants[r, 0] = constant
            rows[r, op.DY] = derivatives[id(y)].offset
            into = derivatives.get(id(source))
            rows[r, op.DX] = into.offset if into else -1
            if into is not None:
                rows[r, op.ADD] = int(id(into) in written)
                written.add(id(into))
            labels.append(Row(to.labels[loss_row - 1 - step].layer, OPERATIONS[operation], "backward"))

    plan = np.zeros(op.PLAN, np.int64)
    plan[op.FORWARD], plan[op.LOSS_ROW], plan[op.BACKWARD], plan[op.END] = 0, loss_row, loss_row + 1, end
    plan[op.INPUT], plan[op.TARGET], plan[op.OUTPUT] = x.offset, target.offset, output.offset
    plan[op.CAPACITY], plan[op.OUTPUTS] = capacity, output.size
    plan[op.IC], plan[op.IH], plan[op.IW] = x.shape.channels, x.shape.height, x.shape.width
    plan[op.PARAMETERS] = sum(p.size for p in to.analysis.parameters)
    for array in (rows, constants, plan):
        array.setflags(write=False)
    return Program(
        code=Code(rows, constants, plan),
        rows=tuple(labels),
        places=tuple(Place(b.layer, b.role, b.offset, b.shape) for b in to.buffers),
        parameters=to.analysis.parameters,
        offsets=to.offsets,
        arena_size=scratch_at + scratch * capacity + fixed + ALIGNMENT,
        capacity=capacity,
    )


def _derivatives(to: Lowering, x: Buffer, output: Buffer) -> dict[int, Buffer]:
    """For each buffer that a derivative flows through, the buffer of that derivative.

    The network's input gets one only in an open program, where somebody may look at it.
    """
    found: dict[int, Buffer] = {}
    for buffer in list(to.buffers):
        if buffer.role in ("z", "y") or (buffer is x and not to.lean):
            made = Buffer(buffer.layer, f"d{buffer.role}", buffer.shape)
            to.buffers.append(made)
            found[id(buffer)] = made
    return found


def _find_uses(
    to: Lowering,
    x: Buffer,
    output: Buffer,
    target: Buffer,
    derivatives: dict[int, Buffer],
    loss_row: int,
    end: int,
) -> None:
    """Note at which rows each buffer is read or written; row -1 is the gathering of a batch."""
    x.uses.append(-1)
    target.uses += [-1, loss_row]
    output.uses += [loss_row, end]
    if derivatives:
        derivatives[id(output)].uses.append(loss_row)
    for r, (operation, source, y, aux, _, _) in enumerate(to.forward):
        back = end - 1 - r
        source.uses.append(r)
        y.uses.append(r)
        if aux is not None:
            aux.uses.append(r)
        if not derivatives:
            continue
        reads_x, reads_y = REMEMBERS[operation]
        if reads_x:
            source.uses.append(back)
        if reads_y:
            y.uses.append(back)
        if aux is not None:
            aux.uses.append(back)
        derivatives[id(y)].uses.append(back)
        if into := derivatives.get(id(source)):
            into.uses.append(back)


def _scratch(
    forward: list[tuple[int, Buffer, Buffer, Buffer | None, float, dict[str, int]]], gradients: bool
) -> tuple[int, int]:
    """The most scratch any row needs: per example, and besides."""
    each, besides = 0, 0
    for operation, x, y, _, _, c in forward:
        if operation == op.CONV2D:
            size, fixed = scratch_size(
                x.shape.channels,
                y.shape.channels,
                y.shape.height,
                y.shape.width,
                c["KH"],
                c["KW"],
                c["SH"],
                c["DH"],
            )
            each, besides = max(each, size), max(besides, fixed)
    return each, besides


def _lay_out(to: Lowering, end: int) -> int:
    """Give each buffer an offset, in numbers of one example; the room they need in all.

    In a lean program first fit by size: the largest buffer first, each at the lowest place that is free for the
    whole of its life.
    """
    placed: list[Buffer] = []
    height = 0
    for buffer in sorted((b for b in to.buffers if b.uses), key=lambda b: -b.size):
        offset = 0
        if to.lean:
            first, last = min(buffer.uses), max(buffer.uses)
            rivals = sorted(
                (b.offset, b.offset + b.size) for b in placed if min(b.uses) <= last and first <= max(b.uses)
            )
            for low, high in rivals:
                if offset + buffer.size <= low:
                    break
                offset = max(offset, high)
        else:
            offset = height
        # buffers start on cache lines whatever the capacity: round the size of one example up
        buffer.offset = -(-offset // ALIGNMENT) * ALIGNMENT if not to.lean else offset
        placed.append(buffer)
        height = max(height, buffer.offset + buffer.size)
    for buffer in to.buffers:
        if not buffer.uses:
            buffer.offset = 0
    return height


def _fill(
    row: NDArray[np.int64],
    operation: int,
    x: Buffer,
    y: Buffer,
    aux: Buffer | None,
    columns: dict[str, int],
    scratch: int,
) -> None:
    row[op.OP], row[op.X], row[op.Y], row[op.DX], row[op.DY] = operation, x.offset, y.offset, -1, -1
    row[op.AUX] = aux.offset if aux is not None else -1
    row[op.SCRATCH] = scratch
    row[[op.CI, op.HI, op.WI]] = x.shape.channels, x.shape.height, x.shape.width
    row[[op.CO, op.HO, op.WO]] = y.shape.channels, y.shape.height, y.shape.width
    row[op.W], row[op.B] = -1, -1
    for name, value in columns.items():
        row[getattr(op, name)] = value
