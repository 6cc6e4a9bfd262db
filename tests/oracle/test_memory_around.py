"""A program keeps to its memory: what lies around it is not written, and what lies there changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import GEOMETRY, Whole, wholes
from hypothesis import given
from hypothesis import strategies as st
from machine import SOFTMAX, cases_of, chain, quick, run_rows, start

from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY
from lab.kernels.memory import BEHIND, aligned
from lab.network.layers import Conv2D, Dense, Flatten, MaxPool2D, TransposedConv2D
from lab.network.program import lower
from lab.network.shape import Shape

FENCE = BEHIND // 4  # numbers on either side: as many as may be read behind an array


def fenced(*sizes: int):
    """Arrays of float32 with fences between them, all in one piece of memory; each begins with a cache line."""
    starts, at = [], FENCE
    for size in sizes:
        starts.append(at)
        at += -(-(size + FENCE) // 16) * 16
    memory = aligned(at)
    return memory, [memory[first : first + size] for first, size in zip(starts, sizes, strict=True)]


def passed(program, params, X, T, fence, dirt):
    """Outputs, gradients and tally of all examples, in memory that was `dirt` between fences of `fence`."""
    memory, (arena, own, grads) = fenced(program.arena_size, params.size, params.size)
    memory[:], arena[:], own[:], grads[:] = fence, dirt, params, 0
    inside = np.zeros(memory.size, bool)
    for array in (arena, grads):
        first = (array.ctypes.data - memory.ctypes.data) // memory.itemsize
        inside[first : first + array.size] = True
    before = memory[~inside].tobytes()
    tally, outputs, plan, cases = np.zeros(TALLY), [], program.code.plan, cases_of(X, T)
    for first in range(0, len(X), program.capacity):
        n = min(program.capacity, len(X) - first)
        interpreter.gather(program.code, cases, np.arange(len(X)), first, n, arena)
        counters = 5, 100 + first
        run_rows(program, 0, plan[op.BACKWARD], n, arena, own, grads, 1.0, tally, counters)
        outputs.append(arena[plan[op.OUTPUT] : plan[op.OUTPUT] + program.outputs * n].copy())
        run_rows(program, plan[op.BACKWARD], plan[op.END], n, arena, own, grads, 1.0, tally, counters)
    assert memory[~inside].tobytes() == before, "something was written outside"
    return [a.tobytes() for a in (*outputs, grads, tally)], np.concatenate([*outputs, grads, tally[:2]])


def keeps_to_its_memory(drawn: Whole, capacity: int, lean: bool, training: bool):
    if drawn.network.whole_batch and training:
        capacity = drawn.n
    program = lower(drawn.network, drawn.x, SOFTMAX, capacity, lean=lean, training=training)
    X, T = drawn.data(3)
    params = start(program, drawn.seed)
    found, numbers = passed(program, params, X, T, np.nan, np.nan)
    assert np.isfinite(numbers).all()
    assert passed(program, params, X, T, 1e30, -7.0)[0] == found


@quick(80)
@given(wholes(), st.integers(1, 16), st.booleans(), st.booleans())
def test_drawn_networks(drawn, capacity, lean, training):
    keeps_to_its_memory(drawn, capacity, lean, training)


LARGE = {
    # rows of more than 28 columns are laid out once for all horizontal taps
    "wide": (Shape(3, 6, 40), Conv2D(5, 3, padding=1), Conv2D(9, 5), Conv2D(2, (1, 4))),
    "wide, many filters of few maps": (Shape(1, 9, 33), Conv2D(24, 5, padding=2), Conv2D(3, 3)),
    # more than a megabyte of shifted rows: block after block
    "blocks": (Shape(24, 40, 24), Conv2D(24, 5, padding=2), MaxPool2D()),
    "wide blocks": (Shape(40, 48, 40), Conv2D(30, 3, dilation=2, padding=2), MaxPool2D(4, 4)),
    "strided blocks": (Shape(24, 61, 47), Conv2D(7, 5, (3, 2)), Conv2D(9, 3, 2, 1)),
    "stamped blocks": (Shape(40, 24, 24), TransposedConv2D(20, 3, 2, 1), MaxPool2D(8, 8)),
    "one pixel": (Shape(40, 5, 5), Conv2D(33, 1), Conv2D(7, 1)),
    "many units": (Shape(60, 1, 1), Conv2D(50, 1), Conv2D(41, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", [*LARGE, *GEOMETRY])
@pytest.mark.parametrize(("n", "capacity"), [(1, 1), (3, 2), (13, 16)])
def test_every_way_through_a_convolution(name, n, capacity):
    x, *layers = LARGE[name] if name in LARGE else GEOMETRY[name]
    network = chain(*layers, Flatten(), Dense(70), Dense(3))
    keeps_to_its_memory(Whole(network, x, n, 3), capacity, True, True)
