"""Many sets of weights on examples that are put in their places once: as each set by itself, to the last bit."""

from __future__ import annotations

import numpy as np
from drawn import Whole, wholes
from hypothesis import given
from machine import SOFTMAX, cases_of, quick, start

from lab.kernels import interpreter
from lab.kernels.memory import aligned
from lab.network.program import Program, lower

NEVER = np.zeros(1, np.int64)


def evaluated(program: Program, cases, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    errors, rights = np.empty(len(points)), np.empty(len(points))
    arena = aligned(program.arena_size)
    arena[:] = np.nan
    rows = aligned(points.size).reshape(points.shape)
    rows[:] = points
    order = np.arange(len(cases.inputs))
    done = interpreter.evaluate_many(program.code, cases, order, arena, rows, errors, rights, NEVER)
    assert done == len(points)
    return errors, rights


@quick(60)
@given(wholes())
def test_examples_that_are_kept_are_the_same_for_all(drawn: Whole) -> None:
    rng = np.random.default_rng(drawn.seed)
    n = 7
    X = rng.standard_normal((n, drawn.x.channels, drawn.x.height, drawn.x.width))
    cases = cases_of(X, np.eye(3)[rng.integers(0, 3, n)])
    kept = lower(drawn.network, drawn.x, SOFTMAX, 4, gradients=False, keep=True)
    other = lower(drawn.network, drawn.x, SOFTMAX, 4, gradients=False)
    one, two = start(kept, 1), start(kept, 2)
    points = np.stack([one, two, one])
    errors, rights = evaluated(kept, cases, points)
    assert errors[0] == errors[2]
    assert rights[0] == rights[2]
    for together, alone in zip((errors, rights), evaluated(other, cases, points), strict=True):
        np.testing.assert_array_equal(together, alone)
