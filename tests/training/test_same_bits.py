"""The same numbers to the last bit: run again, on two cores, cut into other calls, gone back to and replayed."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import wholes
from hypothesis import given
from hypothesis import strategies as st
from machine import SOFTMAX, cases_of, quick, start, train

from lab.experiment.presets import presets
from lab.kernels import interpreter
from lab.kernels.interpreter import PARTS, TALLY
from lab.kernels.memory import aligned
from lab.kernels.operations import SHARED
from lab.kernels.threads import ENTRANCE, use
from lab.learning.optimizers import OPTIMIZERS
from lab.network.program import lower
from lab.training.run import Run

DEAR = 2e9  # multiply-adds of a batch, forward
SMALL = [p for p in presets() if (e := p.experiment).batch_size * (e.analysis.multiply_adds or 0) < DEAR]


def bits(run: Run) -> list:
    """All that changes in a run, to the last bit, up to where it stands."""
    state, curves = run.state(), run.curves()
    validated = curves.validation_loss[curves.validation_step <= state.step]
    logged = curves.loss[: state.step], curves.rate[: state.step], validated
    vectors = state.params, state.slots, state.progress, *logged
    return [state.step, state.examples, state.age, *(vector.tobytes() for vector in vectors)]


def evaluated(run: Run) -> list:
    found = [run.evaluate(part) for part in ("training", "validation", "test")]
    return [(repr(e.loss), repr(e.accuracy), e.outputs.tobytes()) for e in found]


def test_most_presets_are_small():
    assert len(SMALL) >= 17


@pytest.mark.parametrize("preset", SMALL, ids=lambda p: p.name)
def test_a_preset(preset):
    run, other = Run(preset.experiment, threads=1), Run(preset.experiment, threads=2)
    run.advance(9)
    other.advance(1)
    other.advance(1)
    other.advance(7)
    assert bits(run) == bits(other)
    assert evaluated(run) == evaluated(other)
    kept = bits(run)
    run.advance(4)
    for step in (min(9, run.step), 0):  # one whose error explodes does not come so far
        other.advance(13 - other.step)
        assert bits(other) == bits(run)
        assert other.go_to(step) == step
        if step:
            assert bits(other) == kept
    for _ in range(13):
        other.advance(1)
    assert bits(other) == bits(run)


@quick(60)
@given(
    wholes(), st.integers(1, 5), st.sampled_from([1, 2, 3, 8]), st.integers(1, 15), st.integers(0, 16),
    st.sampled_from(OPTIMIZERS), st.lists(st.integers(0, 3), max_size=3),
)  # fmt: skip
def test_drawn_networks(drawn, seed, shards, batch, capacity, optimizer, calls):
    """Layers of every kind, dropout among them, in shards that no core count decides."""
    if drawn.network.whole_batch:
        shards, capacity = 1, batch
    program = lower(drawn.network, drawn.x, SOFTMAX, capacity)
    cases, params = cases_of(*drawn.data(3)), start(program, drawn.seed)

    def trained(**how):
        found = train(
            program,
            params,
            cases,
            optimizer(),
            9,
            batch=batch,
            seed=seed,
            shards=shards,
            rates=np.full(9, 0.01),
            **how,
        )
        memory = found.memory
        return [a.tobytes() for a in (found.losses, found.rights, found.counts, memory.params, memory.slots)]

    wanted = trained()
    assert trained() == wanted
    assert trained(calls=(1,) * 9) == wanted
    assert trained(calls=tuple(calls)) == wanted
    for threads in (1, 2):
        with ENTRANCE:
            use(threads)
            assert trained(parallel=True, calls=(7,)) == wanted


@quick(40)
@given(wholes(), st.integers(1, 16), st.integers(1, 16))
def test_evaluations_of_drawn_networks(drawn, capacity, other):
    """On one core, on two, by two that share the rows: the same bits. With more or fewer at a time, rounding."""
    X, T = drawn.data(3)
    losses = []
    for at_once in (capacity, other):
        program = lower(drawn.network, drawn.x, SOFTMAX, at_once, gradients=False)
        cases, params, order = cases_of(X, T), start(program, drawn.seed), np.arange(drawn.n)

        def evaluated(kernel, cores, *more, program=program, cases=cases, params=params, order=order):
            outputs, tally = np.empty((drawn.n, 3), np.float32), np.zeros((PARTS, TALLY))
            arenas = aligned(cores * program.arena_size).reshape(cores, -1)
            arenas[:] = np.nan
            kernel(program.code, cases, order, arenas, params, outputs, tally, *more)
            return outputs.tobytes(), tally[:, :2].sum(0).tobytes(), tally[:, 0].sum()

        found = evaluated(interpreter.evaluate, 1)
        with ENTRANCE:
            use(2)
            assert evaluated(interpreter.evaluate_shards, 2) == found
            if drawn.n <= at_once:
                assert evaluated(interpreter.evaluate_together, 2, SHARED) == found
                assert evaluated(interpreter.evaluate_together, 5, SHARED) == found
        losses.append(found[2])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
