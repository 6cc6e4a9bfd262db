"""Compiling everything ahead, stage by stage, so that a window can show how far it is.

Each stage calls a kernel with the argument types of real use; with a warm cache all of them load in a moment.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.kernels import (
    activation,
    chance,
    conv,
    dense,
    interpreter,
    loss,
    pool,
    render,
    schedule,
    threads,
    update,
)
from lab.kernels import opcodes as op
from lab.kernels.interpreter import PARTS, TALLY, Cases, Code, Memory, Rule


def _v(size: int = 1) -> np.ndarray:
    return np.zeros(size, np.float32)


def _arenas() -> np.ndarray:
    return np.zeros((1, 16), np.float32)


def _code() -> Code:
    """A program with nothing to do but a loss of one output on one example."""
    rows, constants, plan = np.zeros((1, op.COLUMNS), np.int64), np.zeros((1, 3)), np.zeros(op.PLAN, np.int64)
    rows[0, [op.OP, op.DX, op.KIND, op.CO]] = op.LOSS, -1, loss.SQUARED_ERROR, 1
    plan[[op.BACKWARD, op.END, op.CAPACITY, op.IC, op.IH, op.IW, op.OUTPUTS]] = 1
    for array in (rows, constants, plan):
        array.setflags(write=False)
    return Code(rows, constants, plan)


def _cases() -> Cases:
    return interpreter.cases(np.zeros((1, 1), np.float32), np.zeros((1, 1), np.float32))


def _activations() -> None:
    activation.activate(_v(), activation.RELU, 0.0)
    activation.activate_backward(_v(), _v(), activation.RELU, 0.0)


def _dense() -> None:
    dense.dense(_v(), _v(), _v(), 1, 1, 1, 1.0)
    dense.dense_backward_weights(_v(), _v(), _v(), 1, 1, 1)
    dense.dense_backward_input(_v(), _v(), _v(), 1, 1, 1, 1.0)


def _convolution() -> None:
    shape = (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1)
    conv.conv2d(_v(), _v(), _v(), _v(), _v(16), *shape)
    conv.conv2d_backward(_v(), _v(), _v(), _v(), _v(), _v(), _v(16), *shape)


def _pooling() -> None:
    shape = (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0)
    pool.max_pool(_v(), _v(), _v(), *shape)
    pool.max_pool_backward(_v(), _v(), _v(), *shape)
    pool.average_pool(_v(), _v(), *shape)
    pool.average_pool_backward(_v(), _v(), *shape)
    pool.flatten(_v(), _v(), 1, 1, 1)
    pool.flatten_backward(_v(), _v(), 1, 1, 1)


def _losses() -> None:
    loss.loss(loss.SQUARED_ERROR, _v(), _v(), _v(), 1, 1, 1.0, np.zeros(loss.CONSTANTS))
    loss.count_right(_v(), _v(), 1, 1, 0.0)


def _updates() -> None:
    blocks, numbers = np.zeros((1, 2), np.int64), np.zeros((1, update.NUMBERS))
    update.update(update.SGD, np.zeros(3), blocks, numbers, _v(), _v(), _v(), 0.0, 1)
    chance.shuffle(np.zeros(1, np.int64), 1, 0)


def _rows() -> None:
    interpreter.run_rows(_code(), 0, 1, 1, _v(16), _v(), _v(0), 1.0, np.zeros(TALLY))
    interpreter.gather(_code(), _cases(), np.zeros(1, np.int64), 0, 1, _v(16))


def _evaluation() -> None:
    order, outputs = np.zeros(1, np.int64), np.zeros((1, 1), np.float32)
    interpreter.evaluate(_code(), _cases(), order, _arenas(), _v(), outputs, np.zeros((PARTS, TALLY)))


def _parallel_evaluation() -> None:
    order, outputs = np.zeros(1, np.int64), np.zeros((1, 1), np.float32)
    with threads.ENTRANCE:
        interpreter.evaluate_shards(
            _code(), _cases(), order, _arenas(), _v(), outputs, np.zeros((PARTS, TALLY))
        )


def _surfaces() -> None:
    order, stop = np.zeros(1, np.int64), np.zeros(1, np.int64)
    points = np.zeros((1, 1), np.float32)
    interpreter.evaluate_many(_code(), _cases(), order, _v(16), points, np.zeros(1), np.zeros(TALLY), stop)


def _pictures() -> None:
    heights, table, path = np.zeros((2, 2)), np.zeros(256, np.uint32), np.zeros((2, 3))
    view = {"azimuth": 0.5, "elevation": 0.5, "scale": 10.0}
    render.render_surface(heights, table, np.zeros(1), path, 0, 0, size=(8, 8), **view)


def _training() -> None:
    memory = Memory(
        _v(), _v(), np.zeros((1, 1), np.float32), _arenas(), np.zeros((1, TALLY)),
        np.zeros(1, np.int64), np.full(2, -2, np.int64), schedule.beginning(), _v(),
    )  # fmt: skip
    rule = Rule(update.SGD, np.zeros(3), np.zeros((1, 2), np.int64), np.zeros((1, update.NUMBERS)))
    numbers = np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1, np.int64)
    interpreter.train(_code(), _cases(), rule, memory, 1, 0, 0, 1, False, *numbers, False)


STAGES: tuple[Callable[[], None], ...] = (
    _activations,
    _dense,
    _convolution,
    _pooling,
    _losses,
    _updates,
    _rows,
    _evaluation,
    _parallel_evaluation,
    _surfaces,
    _training,
    _pictures,
)


def compile_all(progress: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Run every stage; `progress(done, total)` is called before each and once at the end."""
    for done, stage in enumerate(STAGES):
        progress(done, len(STAGES))
        stage()
    progress(len(STAGES), len(STAGES))
