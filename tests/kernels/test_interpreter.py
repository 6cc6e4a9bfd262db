"""Training in one call: the same numbers however it is cut, counted or spread over cores; and what is not finite."""

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machine import SOFTMAX, SQUARED, cases_of, chain, memory_of, one_pass, quick, start, train

from lab.kernels import interpreter
from lab.kernels.memory import aligned
from lab.kernels.operations import SHARED
from lab.learning.optimizers import OPTIMIZERS, SGD, Adam, Momentum
from lab.network.activations import ACTIVATIONS, LeakyReLU, ReLU, Tanh
from lab.network.layers import AveragePool2D, Conv2D, Dense, Flatten, MaxPool2D
from lab.network.program import lower
from lab.network.shape import Shape

X_SHAPE = Shape(2, 8, 8)
NETWORK = chain(
    Conv2D(4, 3, 1, 1, ReLU()), MaxPool2D(), Conv2D(5, 3, activation=LeakyReLU()), AveragePool2D(2, 1), Flatten(),
    Dense(6, Tanh()), Dense(3),
)  # fmt: skip
N = 37


@pytest.fixture(scope="module")
def cases():
    rng = np.random.default_rng(0)
    return cases_of(rng.standard_normal((N, 2, 8, 8)), np.eye(3)[rng.integers(0, 3, N)])


def same(a, b):
    for name in ("losses", "rights", "counts"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    np.testing.assert_array_equal(a.memory.params, b.memory.params)
    np.testing.assert_array_equal(a.memory.slots, b.memory.slots)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.title)
def test_the_same_seed_gives_the_same_bits(cases, optimizer):
    program = lower(NETWORK, X_SHAPE, SOFTMAX)
    params = start(program, 1)
    first = train(program, params, cases, optimizer(), 30, batch=10)
    same(first, train(program, params, cases, optimizer(), 30, batch=10))
    other = train(program, params, cases, optimizer(), 30, batch=10, seed=2)
    assert not np.array_equal(first.memory.params, other.memory.params)


@quick(15)
@given(st.lists(st.integers(0, 9), max_size=5), st.integers(1, 50), st.sampled_from([Adam(), Momentum()]))
def test_how_steps_are_grouped_into_calls_changes_nothing(calls, batch, optimizer):
    rng = np.random.default_rng(0)
    cases = cases_of(rng.standard_normal((N, 2, 8, 8)), np.eye(3)[rng.integers(0, 3, N)])
    program = lower(NETWORK, X_SHAPE, SOFTMAX)
    params = start(program, 1)
    rates = 0.01 * np.exp2(-np.arange(45) / 10)
    whole = train(program, params, cases, optimizer, 45, batch=batch, rates=rates)
    same(whole, train(program, params, cases, optimizer, 45, batch=batch, rates=rates, calls=tuple(calls)))


@pytest.mark.parametrize("batch", [1, 3, 10, N])
def test_the_number_of_threads_changes_nothing(cases, batch):
    program = lower(NETWORK, X_SHAPE, SOFTMAX)
    params = start(program, 1)
    serial = train(program, params, cases, Adam(), 20, batch=batch, shards=2)
    before = numba.get_num_threads()
    try:
        for threads in range(1, min(2, numba.config.NUMBA_NUM_THREADS) + 1):
            numba.set_num_threads(threads)
            same(serial, train(program, params, cases, Adam(), 20, batch=batch, shards=2, parallel=True))
    finally:
        numba.set_num_threads(before)


@pytest.mark.parametrize("shards", [2, 3, 8])
def test_shards_add_up_to_the_whole(cases, shards):
    program = lower(NETWORK, X_SHAPE, SOFTMAX)
    params = start(program, 1)
    one = train(program, params, cases, SGD(), 1, batch=5)
    more = train(program, params, cases, SGD(), 1, batch=5, shards=shards)
    assert more.losses[0] == pytest.approx(one.losses[0], rel=1e-6)
    np.testing.assert_allclose(more.memory.params, one.memory.params, atol=1e-6)


def test_an_epoch_sees_each_example_once_and_ends_with_a_smaller_batch():
    """Each example has a target of its own and the network has no weights to speak of: losses name examples."""
    values = np.arange(1, 8, dtype=float)
    cases = cases_of(np.zeros((7, 1, 1, 1)), values[:, None])
    program = lower(chain(Dense(1)), Shape(1), SQUARED)
    run = train(program, aligned(2), cases, SGD(), 21, batch=1, rates=np.zeros(21))
    seen = np.sqrt(2 * run.losses).round(4).reshape(3, 7)
    np.testing.assert_array_equal(np.sort(seen, axis=1), np.tile(values, (3, 1)))
    assert len({tuple(epoch) for epoch in seen}) == 3
    run = train(program, aligned(2), cases, SGD(), 6, batch=3, rates=np.zeros(6))
    np.testing.assert_array_equal(run.counts, [3, 3, 1] * 2)
    sums = (run.losses * run.counts).reshape(2, 3).sum(1)
    np.testing.assert_allclose(sums, (values**2).sum() / 2, rtol=1e-6)


@pytest.mark.parametrize("batch", [7, 8, 1000])
def test_a_batch_as_large_as_the_set_takes_it_as_stored(batch):
    cases = cases_of(np.zeros((7, 1, 1, 1)), np.arange(7.0)[:, None])
    program = lower(chain(Dense(1)), Shape(1), SQUARED)
    run = train(program, aligned(2), cases, SGD(), 4, batch=batch)
    np.testing.assert_array_equal(run.counts, 7)
    np.testing.assert_array_equal(run.memory.order, np.arange(7))


def test_the_order_follows_when_batch_size_or_seed_changes():
    """One memory, used first with the set as batch, then with smaller ones, then with another seed."""
    program = lower(chain(Dense(1)), Shape(1), SQUARED)
    memory = memory_of(program, aligned(2), 9)
    orders = []
    for seed, batch in [(1, 9), (1, 2), (2, 2), (1, 2), (1, 9)]:
        interpreter.order_of(memory, seed, 0, batch < 9)
        orders.append(tuple(memory.order))
    assert orders[0] == orders[4] == tuple(range(9))
    assert orders[1] == orders[3]
    assert len({orders[0], orders[1], orders[2]}) == 3


# evaluation


def evaluated(program, cases, params, cores=0):
    """Loss, examples right and outputs of all cases; `cores` 0 runs the serial kernel."""
    outputs = np.full((N, program.outputs), np.nan, np.float32)
    tally = np.full((interpreter.PARTS, interpreter.TALLY), np.nan)
    arenas = aligned(max(cores, 1) * program.arena_size).reshape(max(cores, 1), -1)
    kernel = interpreter.evaluate_shards if cores else interpreter.evaluate
    kernel(program.code, cases, np.arange(N), arenas, params, outputs, tally)
    return tally[:, 0].sum(), tally[:, 1].sum(), outputs


@pytest.mark.parametrize("capacity", [1, 3, 8, N, 64])
def test_evaluate_gives_what_training_sees(cases, capacity):
    program = lower(NETWORK, X_SHAPE, SOFTMAX)
    looking = lower(NETWORK, X_SHAPE, SOFTMAX, capacity, gradients=False)
    params = start(program, 1)
    T = np.asarray(cases.targets)
    expected = one_pass(program, params, cases.inputs.reshape(N, 2, 8, 8), T)
    error, right, outputs = evaluated(looking, cases, params)
    assert error == pytest.approx(expected.loss, rel=1e-6)
    assert right == expected.right == (expected.outputs.argmax(1) == T.argmax(1)).sum()
    np.testing.assert_allclose(outputs, expected.outputs, rtol=1e-5, atol=1e-6)
    for cores in (1, 2, 3):
        again = evaluated(looking, cases, params, cores)
        assert again[:2] == (error, right)
        np.testing.assert_array_equal(again[2], outputs)


NARROW = chain(Conv2D(5, 1, activation=ReLU()), Flatten(), Dense(40, Tanh()), Dense(3, bias=False))
WIDE = chain(Conv2D(4, 3, 1, "same", ReLU()), Conv2D(6, 3, 2, groups=2), Flatten(), Dense(30), Dense(3))


@pytest.mark.parametrize(("network", "side"), [(NETWORK, 8), (NARROW, 5), (WIDE, 30), (WIDE, 3)])
@pytest.mark.parametrize("count", [1, 5, 20])
@pytest.mark.parametrize("cores", [1, 2, 3, 7])
def test_cores_that_share_the_rows_of_few_examples_give_the_same_bits(network, side, count, cores):
    rng = np.random.default_rng(count)
    few = cases_of(rng.standard_normal((count, 2, side, side)), np.eye(3)[rng.integers(0, 3, count)])
    program = lower(network, Shape(2, side, side), SOFTMAX, 20, gradients=False)
    params, found = start(program, 1), []
    for together in (False, True):
        outputs = np.full((count, 3), np.nan, np.float32)
        arenas = aligned(cores * program.arena_size).reshape(cores, -1)
        tally = np.full((interpreter.PARTS, interpreter.TALLY), np.nan)
        arguments = program.code, few, np.arange(count), arenas, params, outputs, tally
        if together:
            interpreter.evaluate_together(*arguments, SHARED)
        else:
            interpreter.evaluate(*arguments)
        found.append((outputs, tally))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_evaluate_many_is_evaluate_at_each_point_and_stops_when_told(cases):
    program = lower(NETWORK, X_SHAPE, SOFTMAX, gradients=False)
    base = start(program, 1)
    points = np.stack([base * s for s in (0.0, 0.5, 1.0)]).astype(np.float32)
    order, arena, tally = np.arange(N), aligned(program.arena_size), np.zeros(interpreter.TALLY)
    errors, stop = np.full(3, np.nan), np.zeros(1, np.int64)
    assert interpreter.evaluate_many(program.code, cases, order, arena, points, errors, tally, stop) == 3
    for point, error in zip(points, errors, strict=True):
        assert error == pytest.approx(evaluated(program, cases, point)[0], rel=1e-9)
    stop[0] = 1
    assert interpreter.evaluate_many(program.code, cases, order, arena, points, errors, tally, stop) == 0


# what is not finite


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "function", [f() for f in ACTIVATIONS if not f.title.startswith(("sigmoid", "tanh"))]
)
def test_a_bad_input_makes_the_loss_bad(bad, function):
    """Through every operation, wherever in the image it stands. Sigmoid and tanh rightly bound an infinity."""
    layers = (
        Conv2D(3, 3, 1, 1, function),
        AveragePool2D(3, 2, 1),
        MaxPool2D(2, 1),
        Flatten(),
        Dense(2, function),
    )
    program = lower(chain(*layers), Shape(1, 6, 6), SQUARED)
    params = start(program, 1)
    for place in range(36):
        X = np.zeros((3, 1, 6, 6))
        X[1].flat[place] = bad
        ours = one_pass(program, params, X, np.zeros((3, 2)))
        if np.isnan(bad):
            assert not np.isfinite(ours.loss), place
            assert not np.isfinite(ours.outputs[1]).all()
        assert np.isfinite(ours.outputs[[0, 2]]).all(), place


@pytest.mark.parametrize("function", [f() for f in ACTIVATIONS], ids=lambda f: f.title)
@pytest.mark.parametrize("loss", [SOFTMAX, SQUARED], ids=lambda loss: loss.title)
def test_nan_goes_through_every_activation_and_loss(function, loss):
    program = lower(chain(Dense(40, function), Dense(3)), Shape(2), loss)
    X = np.zeros((5, 2, 1, 1))
    X[3, 0] = np.nan
    assert np.isnan(one_pass(program, start(program, 1), X, np.eye(3)[[0, 1, 2, 0, 1]]).loss)


@pytest.mark.parametrize("tap", range(4))
def test_nan_wins_every_window(tap):
    program = lower(chain(MaxPool2D(), Flatten(), Dense(1)), Shape(1, 2, 2), SQUARED)
    X = np.arange(4.0).reshape(1, 1, 2, 2)
    X.flat[tap] = np.nan
    assert np.isnan(one_pass(program, start(program, 1), X, np.zeros((1, 1))).loss)


def test_training_stops_before_an_update_that_is_not_finite():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((12, 3, 1, 1))
    X[5] = np.nan
    program = lower(chain(Dense(4, Tanh()), Dense(2)), Shape(3), SOFTMAX)
    params = start(program, 1)
    cases = cases_of(X, np.eye(2)[rng.integers(0, 2, 12)])
    whole = train(program, params, cases, Momentum(), 12, batch=1)
    k = whole.done
    assert k < 12
    assert whole.memory.order[k] == 5
    assert np.isnan(whole.losses[k])
    assert (whole.losses[k + 1 :] == -1).all()
    assert np.isfinite(whole.memory.params).all()
    assert np.isfinite(whole.memory.slots).all()
    same_start = train(program, params, cases, Momentum(), k, batch=1)
    np.testing.assert_array_equal(whole.memory.params, same_start.memory.params)


def test_too_high_a_rate_ends_in_a_stop_not_in_nonsense():
    rng = np.random.default_rng(0)
    program = lower(chain(Dense(1)), Shape(3), SQUARED)
    cases = cases_of(10 * rng.standard_normal((8, 3, 1, 1)), rng.standard_normal((8, 1)))
    run = train(program, start(program, 1), cases, SGD(rate=100), 200, batch=8)
    assert 0 < run.done < 200
    assert not np.isfinite(run.losses[run.done])


def test_no_steps_and_one_example():
    program = lower(chain(Dense(2)), Shape(1), SOFTMAX)
    params = start(program, 1)
    cases = cases_of(np.ones((1, 1, 1, 1)), np.eye(2)[[0]])
    assert train(program, params, cases, SGD(), 0, batch=64).done == 0
    run = train(program, params, cases, SGD(rate=0.5), 20, batch=64)
    assert run.losses[-1] < run.losses[0]
    np.testing.assert_array_equal(run.counts, 1)
