"""Lowering: rows that read as they should, and a memory in which nothing alive is overwritten."""

from itertools import pairwise

import numpy as np
import pytest
from drawn import networks
from hypothesis import given
from hypothesis import strategies as st
from machine import SOFTMAX, SQUARED, chain, one_pass, quick, start

from lab.kernels import opcodes as op
from lab.network.activations import ReLU, Tanh
from lab.network.layers import Conv2D, Dense, Flatten, MaxPool2D
from lab.network.network import Network
from lab.network.program import Row, lower
from lab.network.shape import Shape
from lab.problem import ProblemError

# what a row touches: (columns read, columns written) forward and backward; sizes by column
FORWARD = {
    op.DENSE: ("X", "Y"), op.CONV2D: ("X", "Y"), op.MAX_POOL: ("X", "Y AUX"), op.AVERAGE_POOL: ("X", "Y"),
    op.FLATTEN: ("X", "Y"), op.ACTIVATION: ("X", "Y"), op.TRANSPOSED_CONV2D: ("X", "Y"), op.COPY: ("X", "Y"),
    op.UPSAMPLE: ("X", "Y"), op.BILINEAR: ("X", "Y"),
}  # fmt: skip
BACKWARD = {
    op.DENSE: ("X DY", "DX"), op.CONV2D: ("X DY", "DX"), op.MAX_POOL: ("AUX DY", "DX"),
    op.AVERAGE_POOL: ("DY", "DX"), op.FLATTEN: ("DY", "DX"), op.ACTIVATION: ("Y DY", "DX"),
    op.TRANSPOSED_CONV2D: ("X DY", "DX"), op.COPY: ("DY", "DX"), op.UPSAMPLE: ("DY", "DX"), op.BILINEAR: ("DY", "DX"),
}  # fmt: skip


def touched(program):
    """Row by row: spans read and spans written, as (first, last, what was meant to be there)."""
    plan = program.code.plan
    for r, row in enumerate(program.code.rows):
        size_x = int(np.prod(row[[op.CI, op.HI, op.WI]]))
        size_y = int(np.prod(row[[op.CO, op.HO, op.WO]]))
        if r == plan[op.LOSS_ROW]:
            reads, writes = "X AUX", "DX"
            size_x = size_y
        else:
            reads, writes = (FORWARD if r < plan[op.LOSS_ROW] else BACKWARD)[row[op.OP]]
        if r > plan[op.LOSS_ROW] and row[op.ADD]:
            reads += " DX"

        def span(column, row=row, size_x=size_x, size_y=size_y):
            first = int(row[getattr(op, column)])
            size = (size_x if column in ("X", "DX") else size_y) * program.capacity
            return (first, first + size) if first >= 0 else None

        yield (
            [s for c in reads.split() if (s := span(c))],
            [s for c in writes.split() if (s := span(c))],
        )


@quick(60)
@given(networks(), st.integers(1, 9), st.booleans())
def test_what_a_row_reads_is_what_was_last_written_there(drawn, capacity, lean):
    """Play the program on an arena of marks: each number remembers the write of whole buffer that made it."""
    program = lower(chain(*drawn.layers), drawn.x, drawn.loss, capacity, lean=lean)
    plan = program.code.plan
    arena = np.full(program.arena_size, -1)
    mark = 0
    for first, size in [(plan[op.INPUT], drawn.x.size), (plan[op.TARGET], program.outputs)]:
        arena[first : first + size * capacity] = mark = mark + 1
    for reads, writes in touched(program):
        for first, last in reads:
            assert last <= program.arena_size
            marks = set(arena[first:last].tolist())
            assert len(marks) == 1, "part of a buffer has been overwritten"
            assert marks != {-1}, "read before it was written"
        for first, last in writes:
            assert last <= program.arena_size
            arena[first:last] = mark = mark + 1
    # scratch lies behind all buffers
    top = max(p.offset + p.shape.size * capacity for p in program.places)
    assert all(row[op.SCRATCH] >= top for row in program.code.rows if row[op.OP] == op.CONV2D)


@quick(60)
@given(networks(), st.integers(1, 9))
def test_a_lean_program_takes_no_more_room(drawn, capacity):
    network = chain(*drawn.layers)
    lean, full = (lower(network, drawn.x, drawn.loss, capacity, lean=lean) for lean in (True, False))
    assert lean.arena_size <= full.arena_size
    forward = lower(network, drawn.x, drawn.loss, capacity, gradients=False)
    assert forward.arena_size <= lean.arena_size


@quick(40)
@given(networks(), st.integers(1, 9))
def test_an_open_program_keeps_every_buffer_apart(drawn, capacity):
    program = lower(chain(*drawn.layers), drawn.x, drawn.loss, capacity, lean=False)
    spans = sorted((p.offset, p.offset + p.shape.size * capacity) for p in program.places)
    for (_, end), (first, _) in pairwise(spans):
        assert end <= first


@quick(25)
@given(networks(examples=5))
def test_lean_and_open_give_the_same_bits(drawn):
    X, T = drawn.data(np.float32)
    network = chain(*drawn.layers)
    passes = []
    for lean in (True, False):
        program = lower(network, drawn.x, drawn.loss, drawn.capacity, lean=lean)
        passes.append(one_pass(program, start(program, drawn.seed), X, T))
    np.testing.assert_array_equal(passes[0].grads, passes[1].grads)
    np.testing.assert_array_equal(passes[0].outputs, passes[1].outputs)
    assert passes[0].loss == passes[1].loss


def test_rows_read_as_words():
    network = chain(Conv2D(2, 3, activation=ReLU()), MaxPool2D(), Flatten(), Dense(3))
    program = lower(network, Shape(1, 6, 6), SOFTMAX)
    forward = [
        ("l0", "convolution"), ("l0", "activation"), ("l1", "max pooling"), ("l2", "flatten"), ("l3", "dense")
    ]  # fmt: skip
    assert program.rows == (
        *(Row(*row, "forward") for row in forward),
        Row("loss", "loss", "loss"),
        *(Row(*row, "backward") for row in reversed(forward)),
    )
    assert len(program.rows) == len(program.code.rows) == program.code.plan[op.END]
    layers = program.code.rows[: program.code.plan[op.LOSS_ROW], op.LAYER]
    np.testing.assert_array_equal(layers, [0, 0, 1, 2, 3])


def test_parameters_by_name():
    program = lower(chain(Dense(3, Tanh()), Dense(2, bias=False)), Shape(4), SQUARED)
    assert program.parameter_count == 21
    vector = np.arange(21.0)
    named = program.split(vector)
    assert {name: a.shape for name, a in named.items()} == {
        "l0.weight": (3, 4), "l0.bias": (3,), "l1.weight": (2, 3)
    }  # fmt: skip
    named["l1.weight"][0, 0] = -1
    assert vector[15] == -1


def test_places_name_what_can_be_looked_at():
    network = chain(Conv2D(2, 3, activation=ReLU()), MaxPool2D(), Flatten(), Dense(3))
    program = lower(network, Shape(1, 6, 6), SOFTMAX, 2, lean=False)
    for layer, role, shape in [
        ("input", "x", Shape(1, 6, 6)), ("l0", "z", Shape(2, 4, 4)), ("l0", "y", Shape(2, 4, 4)),
        ("l0", "dz", Shape(2, 4, 4)), ("l1", "winner", Shape(2, 2, 2)), ("l3", "z", Shape(3)),
        ("loss", "target", Shape(3)), ("input", "dx", Shape(1, 6, 6)),
    ]:  # fmt: skip
        assert program.place(layer, role).shape == shape
    assert program.place("l3", "y") is None


def test_a_capacity_is_chosen():
    small = lower(chain(Dense(8, Tanh()), Dense(1)), Shape(2), SQUARED)
    large = lower(chain(Conv2D(64, 3, padding=1), Flatten(), Dense(2)), Shape(3, 64, 64), SOFTMAX)
    assert small.capacity == 240
    assert large.capacity == 16


def test_code_cannot_be_written():
    program = lower(chain(Dense(1)), Shape(2), SQUARED)
    for array in program.code:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_problems_are_raised():
    with pytest.raises(ProblemError, match="l0: a dense layer takes a vector"):
        lower(chain(Dense(1)), Shape(1, 2, 2), SQUARED)
    with pytest.raises(ProblemError, match="no layers"):
        lower(Network(), Shape(2), SQUARED)


def test_1000_layers():
    layers = [Dense(4, Tanh()) for _ in range(1000)]
    program = lower(chain(*layers), Shape(4), SQUARED)
    assert len(program.rows) == 4001
    X, T = np.ones((3, 4, 1, 1)), np.zeros((3, 4))
    run = one_pass(program, start(program, 1, scale=0.5), X, T)
    assert np.isfinite(run.loss)
    assert np.isfinite(run.grads).all()
