"""Schedules that answer to the error, and the last update, in a run: no grouping and no way back changes a bit."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.learning.optimizers import OPTIMIZERS, SGD, Adam, Momentum
from lab.learning.schedules import Constant, Cosine, Plateau, RiseAndFall, WarmUp
from lab.training.machine import keeps_memory
from lab.training.run import Run
from tests.training.problems import LINEAR_NEURON, XOR_MLP, with_rate

REACTIVE = [
    RiseAndFall(window=3, steady=2),
    RiseAndFall(raised=1.2),
    Plateau(patience=1, factor=0.7, window=4),
    WarmUp(steps=17, then=Plateau(patience=0, factor=0.9, window=2)),
    WarmUp(steps=9, then=RiseAndFall(window=1)),
]


def on(schedule, experiment=XOR_MLP):
    return msgspec.structs.replace(experiment, schedule=schedule)


def same(a, b):
    x, y = a.state(), b.state()
    return (x.step, x.examples, x.age) == (y.step, y.examples, y.age) and all(
        getattr(x, name).tobytes() == getattr(y, name).tobytes() for name in ("params", "slots", "progress")
    )


@pytest.mark.parametrize("schedule", REACTIVE, ids=repr)
def test_grouping_changes_no_bit(schedule):
    one, many = Run(on(schedule)), Run(on(schedule))
    one.advance(150)
    for steps in (1, 1, 5, 0, 40, 2, 100, 1):
        many.advance(steps)
    assert same(one, many)
    assert np.array_equal(one.curves().rate, many.curves().rate)
    assert len(set(one.curves().rate)) > 3, "the schedule has answered"


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.sampled_from(REACTIVE), st.integers(0, 300), st.integers(0, 300))
def test_going_back_is_exact(schedule, there, back):
    run, fresh = Run(on(schedule)), Run(on(schedule))
    run.advance(there)
    run.go_to(min(back, there))
    fresh.advance(run.step)
    assert same(run, fresh)
    assert run.rate == fresh.rate
    run.advance(30)
    fresh.advance(30)
    assert same(run, fresh)
    assert np.array_equal(run.curves().rate[: run.step], fresh.curves().rate)


def test_the_rate_that_is_told_is_the_rate_that_is_used():
    run = Run(on(RiseAndFall(window=2, steady=1)))
    for _ in range(40):
        told = run.rate
        run.advance(1)
        assert run.curves().rate[-1] == told


def test_the_lectures_rule_tames_a_rate_that_is_too_great():
    """F1: at a rate at which steepest descent diverges, the rule finds one at which it does not."""
    wild = with_rate(LINEAR_NEURON, 3.0)
    plain, ruled = Run(wild), Run(on(RiseAndFall(), wild))
    plain.advance(40)
    ruled.advance(200)
    assert not plain.curves().loss[-1] < plain.curves().loss[0]
    assert ruled.curves().loss[-1] < 1e-6
    assert ruled.rate < 3.0


def test_an_edit_keeps_what_the_schedule_has_seen_while_its_errors_mean_the_same():
    run = Run(on(Plateau(patience=0, factor=0.5, window=1)))
    run.advance(30)
    factor = run.rate / run.experiment.optimizer.rate
    assert factor < 1
    run.edit(with_rate(run.experiment, 0.02))
    assert run.rate == pytest.approx(0.02 * factor)
    run.edit(on(Constant(), run.experiment))
    assert run.rate == 0.02


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.title)
def test_the_last_update_is_the_difference_it_made(optimizer):
    rate = min(optimizer().rate, 0.05)
    run = Run(msgspec.structs.replace(XOR_MLP, optimizer=optimizer(rate=rate)))
    assert run.last_update is None
    run.advance(20)
    before = run.params.copy()
    run.advance(1)
    alone = run.last_update
    assert np.array_equal(alone, run.params - before)
    assert alone.any()
    other = Run(run.experiment)
    other.advance(21)
    assert np.array_equal(other.last_update, alone)
    other.edit(with_rate(run.experiment, 0.001))
    assert other.last_update is None


def test_sgd_moves_by_the_rate_times_the_gradient():
    run = Run(msgspec.structs.replace(XOR_MLP, optimizer=SGD(rate=0.1), schedule=Cosine(steps=10)))
    run.advance(3)
    np.testing.assert_allclose(
        run.last_update, -run.curves().rate[-1] * run.machine.memory.grads[0], rtol=1e-3, atol=1e-7
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.title)
def test_every_optimizer_learns_xor(optimizer):
    rates = {"SGD": 0.5, "Adadelta": 1.0, "Adagrad": 0.2, "rprop": 0.01}
    full = optimizer.title == "rprop"
    experiment = msgspec.structs.replace(
        XOR_MLP,
        optimizer=optimizer(rate=rates.get(optimizer.title, 0.02)),
        batch_size=200 if full else 10,
    )
    run = Run(experiment)
    run.advance(400 if full else 2000)
    assert run.evaluate("training").accuracy > 0.95


def test_memory_goes_on_only_where_it_means_the_same():
    def under(optimizer):
        return msgspec.structs.replace(XOR_MLP, optimizer=optimizer)

    assert keeps_memory(under(Momentum(rate=0.1)), under(Momentum(rate=0.2, momentum=0.5)))
    assert not keeps_memory(under(Momentum()), under(Momentum(velocity_of="gradients")))
    assert not keeps_memory(under(Momentum()), under(Adam()))
