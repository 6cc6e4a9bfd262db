"""A sweep of learning rates: ordinary runs, in the order that says most soonest, and an end when it is asked for."""

from __future__ import annotations

import time

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.experiment.presets import preset
from lab.experiment.variants import with_rate
from lab.learning.optimizers import SGD, Adam
from lab.training.comparison import compare
from lab.training.run import Run
from lab.training.snapshot import Snapshot
from lab.training.sweep import (
    Contestant,
    Order,
    Row,
    Sweep,
    Sweeper,
    Trial,
    grid,
    order_of_trials,
    suggested_steps,
    trial,
)
from lab.training.timeline import Edit
from tests.training.problems import LINEAR_NEURON, SMALL_CNN, XOR_MLP


def swept(order, until=lambda sweep: not sweep.going, sweeper=None):
    """All pictures of a sweep, up to the one that is waited for."""
    own = sweeper is None
    sweeper = sweeper or Sweeper()
    if own:
        sweeper.start(order)
    seen: list[Sweep] = []
    end = time.monotonic() + 120
    while not seen or not until(seen[-1]):
        assert time.monotonic() < end
        found = sweeper.results.take()
        if found is not None:
            seen.append(found)
        time.sleep(0.001)
    if own:
        sweeper.close()
    assert sweeper.take_failure() == ""
    return seen


def last_trial(contestant, rate, budget, beginning=None):
    *_, found = trial(contestant, rate, budget, beginning)
    assert isinstance(found, Trial)
    return found


@pytest.mark.parametrize(
    ("base", "steps"),
    [(XOR_MLP, 300), (SMALL_CNN, 40), (LINEAR_NEURON, 60)],
    ids=lambda v: getattr(v, "name", v),
)
@pytest.mark.parametrize("optimizer", [SGD(), Adam()], ids=["SGD", "Adam"])
def test_a_trial_is_an_ordinary_run_bit_for_bit(base, steps, optimizer):
    experiment = msgspec.structs.replace(base, optimizer=optimizer)
    run = Run(with_rate(experiment, 0.03))
    run.advance(steps)
    found = last_trial(Contestant("x", experiment, (0.03,)), 0.03, run.examples)
    curves = run.curves()
    assert (found.steps, found.diverged) == (steps, -1)
    span = min(1000, len(run.prepared.training))
    for seen, error in zip(found.examples, found.errors, strict=True):
        inside = (curves.examples > seen - span) & (curves.examples <= seen)
        assert error == pytest.approx(curves.loss[inside].mean(), rel=1e-9)
    assert found.errors[0] == curves.loss[0]
    assert found.examples[-1] == run.examples
    shown = Snapshot(
        run.experiment, run.step, run.examples, run.epoch, run.rate, 0.0, curves, furthest=run.step
    )
    assert found.training_error == compare((shown,))[0].training_error
    if len(run.prepared.validation):
        assert found.validation_error == run.evaluate("validation").loss
    if run.params.size == 2:
        assert np.array_equal(found.path[0], Run(experiment).params)
        assert np.array_equal(found.path[-1], run.params)
        for one, other in zip(found.path[:-1], run.path.points(run.step)[1], strict=True):
            assert np.array_equal(one, other)
    else:
        assert found.path is None


def test_a_rate_that_is_too_large_is_said_to_diverge():
    found = last_trial(Contestant("x", SMALL_CNN, (1000.0,)), 1000.0, 6400)
    run = Run(with_rate(SMALL_CNN, 1000.0))
    run.advance(100)
    assert found.diverged == found.steps == run.step < 100
    assert np.isnan(found.training_error)
    assert np.isnan(found.validation_error)


def test_it_begins_from_weights_that_were_set_by_hand():
    beginning = Edit(0, XOR_MLP, {"output.weight": np.full((1, 8), 0.5, np.float32)})
    run = Run(XOR_MLP)
    run.set_parameters(beginning.weights)
    run.advance(50)
    contestant = Contestant("x", XOR_MLP, (XOR_MLP.optimizer.rate,))
    found = last_trial(contestant, XOR_MLP.optimizer.rate, run.examples, beginning)
    assert found.errors[0] == run.curves().loss[0]
    assert found.validation_error == run.evaluate("validation").loss
    own = Contestant("x", XOR_MLP, contestant.rates, own_start=True)
    assert last_trial(own, XOR_MLP.optimizer.rate, run.examples, beginning).errors[0] != run.curves().loss[0]


@given(st.floats(1e-6, 100), st.integers(1, 6), st.integers(1, 5))
def test_grid(middle, decades, a_decade):
    rates = grid(middle, decades, a_decade)
    assert middle in rates
    assert list(rates) == sorted(rates)
    ratios = np.array(rates[1:]) / np.array(rates[:-1])
    np.testing.assert_allclose(ratios, 10 ** (1 / a_decade), rtol=0.02)


@given(st.integers(1, 40))
def test_every_fourth_rate_comes_first_and_none_is_left_out(count):
    rounds = order_of_trials(count)
    assert rounds[0] == tuple(range(0, count, 4))
    assert sorted(k for one in rounds for k in one) == list(range(count))


def test_coarse_first_for_all_and_then_finer():
    order = Order(
        (
            Contestant("SGD", msgspec.structs.replace(XOR_MLP, optimizer=SGD()), grid(0.1, 2, 4)),
            Contestant("Adam", msgspec.structs.replace(XOR_MLP, optimizer=Adam()), grid(0.01, 2, 4)),
        ),
        1000,
    )
    seen = swept(order)
    last = seen[-1]
    assert last.total == 18
    assert last.done == 18
    assert all(t is not None for row in last.rows for t in row.trials)
    for row, one in zip(last.rows, order.contestants, strict=True):
        assert [t.rate for t in row.trials] == list(one.rates)
        for t in row.trials:
            run = Run(with_rate(one.experiment, t.rate))
            run.advance(100)
            assert t.errors[0] == run.curves().loss[0]
            assert t.validation_error == run.evaluate("validation").loss or t.diverged >= 0
    for sweep in seen:
        for row in sweep.rows:
            known = [k for k, t in enumerate(row.trials) if t is not None]
            if any(k % 4 for k in known):
                assert {0, 4, 8} <= set(known), "the coarse ones come first"
    assert [s.done for s in seen] == sorted(s.done for s in seen)
    assert last.judged == "validation"


def of_errors(rate, error, diverged=-1, arrives=50):
    """A trial that comes down to its error after so many of 100 batches."""
    errors = np.where(np.arange(100) < arrives, 10.0, error)
    return Trial(rate, 10, diverged, error, np.nan, np.arange(1.0, 101) * 10, errors)


def test_the_best_is_the_lowest_that_is_a_number():
    trials = (of_errors(0.1, 2.0), of_errors(0.2, 1.0), of_errors(0.4, np.nan, 3))
    row = Row(Contestant("x", XOR_MLP, (0.1, 0.2, 0.4)), trials)
    assert row.best("training").rate == 0.2
    assert row.best("validation") is None
    assert row.diverged == 1
    assert Sweep((row,), 100).judged == "training"


@pytest.mark.parametrize("lowest", [1.0, 1e-20], ids=["at a level above 0", "at a minimum of 0"])
def test_of_those_that_have_arrived_the_one_that_was_there_first_is_the_best(lowest):
    trials = (
        of_errors(0.1, lowest, arrives=60),
        of_errors(0.2, lowest * 1.0001, arrives=20),
        of_errors(0.4, 1.2, arrives=5),
        None,
    )
    assert Row(Contestant("x", XOR_MLP, (0.1, 0.2, 0.4, 0.8)), trials).best("training").rate == 0.2


def test_one_that_cannot_run_says_why_and_the_others_go_on():
    order = Order(
        (
            Contestant("wrong", with_rate(XOR_MLP, -1.0), (-1.0, -2.0)),
            Contestant("right", XOR_MLP, (0.1, 0.2)),
        ),
        200,
    )
    last = swept(order)[-1]
    assert "rate" in last.rows[0].why
    assert last.done == last.total == 4
    assert all(last.rows[1].trials)


def test_it_ends_when_it_is_asked_to_and_keeps_what_there_is():
    sweeper = Sweeper()
    long = Order((Contestant("x", SMALL_CNN, grid(0.05)),), 10_000_000)
    sweeper.start(long)
    swept(long, lambda sweep: sweep.done > 0, sweeper)
    sweeper.cancel()
    last = swept(long, lambda sweep: not sweep.going, sweeper)[-1]
    assert not sweeper.is_going
    assert last.done < last.total
    sweeper.close()


def test_a_newer_order_takes_the_place_of_an_older_one():
    sweeper = Sweeper()
    sweeper.start(Order((Contestant("long", SMALL_CNN, grid(0.05)),), 10_000_000))
    short = Order((Contestant("short", XOR_MLP, (0.1,)),), 100)
    sweeper.start(short)
    seen = swept(short, lambda sweep: not sweep.going, sweeper)
    assert seen[-1].rows[0].contestant.name == "short"
    sweeper.close()


def test_beside_training_it_rests():
    sweeper = Sweeper()
    sweeper.training = True
    order = Order((Contestant("x", XOR_MLP, (0.1, 0.2)),), 1000)
    sweeper.start(order)
    assert swept(order, lambda sweep: not sweep.going, sweeper)[-1].done == 2
    sweeper.close()


def test_steps_that_take_about_as_long_for_all():
    assert suggested_steps(LINEAR_NEURON, 2) == 2000
    assert suggested_steps(preset("lenet"), 1257) < 200
    larger = msgspec.structs.replace(SMALL_CNN, batch_size=1000)
    assert suggested_steps(larger, 1000) <= suggested_steps(SMALL_CNN, 1000)
