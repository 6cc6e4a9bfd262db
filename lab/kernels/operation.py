"""What an operation of the machine is: a forward and a backward row, compiled by themselves.

A row works on `Store`, pointers to all the memory there is, by the offsets that it names: `input_of`, `output_of`
and their kin give the arrays. Forward rows write Y. Backward rows read dY, *add* to the gradients of parameters,
and set dX, or add to it where another row has written there (`begin_input_gradient`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import types

from lab.kernels import opcodes as op
from lab.kernels._jit import Function, Linked, kernel
from lab.kernels.memory import span


class Store(NamedTuple):
    """What rows work on, as pointers. P parameters, `scale` is the factor of the loss's derivative."""

    constants: Any  # float64 [rows, op.CONSTANTS]
    lists: Any  # int64 [any]: what does not fit into a row's columns
    arena: Any
    params: Any  # [P]
    grads: Any  # [P]
    tally: Any  # float64 [TALLY]
    counters: Any  # int64 [op.COUNTERS]: what names the random draws
    scale: Any  # float64
    scratch: Any  # the arena whose scratch is this core's
    part: Any  # int64: which part of a row's output is to be made
    parts: Any  # int64: of how many, each by a core of its own; see Operation.shared


def row_arguments(real: types.Float) -> tuple[Any, ...]:
    """(row, examples, store): what the functions of an operation take."""
    numbers, whole, wide = (types.CPointer(kind) for kind in (real, types.int64, types.float64))
    store = (
        wide, whole, numbers, numbers, numbers, wide, whole, types.float64, numbers, types.int64, types.int64,
    )  # fmt: skip
    return whole, types.int64, types.NamedTuple(store, Store)


def row_kernel(function: Function) -> Linked:
    """A function (row, n, store) that runs one row on n examples."""
    return Linked(function, row_arguments)


@dataclass(frozen=True)
class Operation:
    """One word of the machine. `reads` says what its backward row reads besides dY: its input, its output.
    A second input, where a row has one, is always kept for it.

    Without `backward` no derivative flows through it. The forward row of one that is `shared` makes only its part
    of the output, so that several cores can work on one example.
    """

    name: str
    forward: Linked
    backward: Linked | None = None
    reads: tuple[bool, bool] = (False, False)
    shared: bool = False


@kernel
def input_of(row, n, store):
    """X, flat."""
    return span(store.arena, row[op.X], row[op.CI] * row[op.HI] * row[op.WI] * n)


@kernel
def output_of(row, n, store):
    """Y, flat."""
    return span(store.arena, row[op.Y], row[op.CO] * row[op.HO] * row[op.WO] * n)


@kernel
def output_gradient_of(row, n, store):
    """dY, flat."""
    return span(store.arena, row[op.DY], row[op.CO] * row[op.HO] * row[op.WO] * n)


@kernel
def input_gradient_of(row, n, store):
    """dX, flat; of size 0 where nobody asks for it."""
    wanted = row[op.DX] >= 0
    size = row[op.CI] * row[op.HI] * row[op.WI] * n if wanted else 0
    return span(store.arena, row[op.DX] if wanted else 0, size)


@kernel
def begin_input_gradient(row, n, store):
    """dX, ready to be added to: zero, unless another row has written there."""
    dX = input_gradient_of(row, n, store)
    if row[op.ADD] == 0:
        dX[:] = 0
    return dX


@kernel
def parameter_of(row, column, size, params):
    """The parameter, or the gradient, whose offset stands in `column`; of size 0 where there is none."""
    there = row[column] >= 0
    return span(params, row[column] if there else 0, size if there else 0)


@kernel
def aux_of(row, size, store):
    """What the forward row leaves for the backward row."""
    return span(store.arena, row[op.AUX], size)


@kernel
def scratch_of(row, store):
    """Working space that nobody reads afterwards."""
    return span(store.scratch, row[op.SCRATCH], row[op.SPACE])


@kernel
def part_of_output(count, store):
    """First and one past the last of `count` pieces of the output that are to be made here."""
    return count * store.part // store.parts, count * (store.part + 1) // store.parts


REALS = ("float32", "float64")
"""The precisions there are: the first is what runs, the second is for gradient checks."""


def real_of(dtype: Any) -> str:
    return np.dtype(dtype).name
