"""Dropout's draws: the same however a batch is cut up, and again in a replay; right on average."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from machine import SQUARED, cases_of, chain, one_pass, train

from lab.data.datasets.digits import Digits
from lab.learning.optimizers import SGD
from lab.network.activations import ReLU
from lab.network.layers import Conv2D, Dense, Dropout, Flatten
from lab.network.network import Network, Node
from lab.network.program import lower
from lab.network.shape import Shape
from lab.training.run import Run
from tests.training.problems import SMALL_CNN

EXAMPLES, UNITS = 20, 50


def masks(capacity=EXAMPLES, shards=1, parallel=False, steps=1, calls=(), seed=1, name="l0", rate=0.5):
    """Of the last update: what was kept, [examples, units].

    A dense layer of zeros sees ones. Example e has the target 2**e: in binary its weights' gradient tells who was
    there, exactly, in whatever order it is summed.
    """
    network = Network((Node(name, Dropout(rate)), Node("out", Dense(1, bias=False))))
    program = lower(network, Shape(UNITS), SQUARED, capacity)
    cases = cases_of(np.ones((EXAMPLES, UNITS, 1, 1)), 2.0 ** np.arange(EXAMPLES)[:, None])
    rates = np.array([*[0.0] * (steps - 1), 1.0])
    trained = train(
        program, np.zeros(UNITS, np.float32), cases, SGD(), steps, batch=EXAMPLES, seed=seed, shards=shards,
        parallel=parallel, calls=calls, rates=rates, sums=True,
    )  # fmt: skip
    said = np.rint(trained.memory.params * (1 - rate)).astype(np.int64)
    return (said >> np.arange(EXAMPLES)[:, None]) & 1


@pytest.mark.parametrize("capacity", [1, 3, 7, 64])
@pytest.mark.parametrize("shards", [1, 2, 5])
@pytest.mark.parametrize("parallel", [False, True])
def test_neither_chunks_nor_shards_nor_threads_change_a_draw(capacity, shards, parallel):
    np.testing.assert_array_equal(masks(capacity, shards, parallel), masks())


def test_a_draw_belongs_to_seed_layer_and_step():
    first = masks()
    assert 0.4 < first.mean() < 0.6
    for other in (masks(seed=2), masks(name="other"), masks(steps=2)):
        assert 0.4 < (other == first).mean() < 0.6
    np.testing.assert_array_equal(masks(steps=5), masks(steps=5, calls=(2, 1)))
    # examples and units are independent of their neighbours
    for a, b in ((first[1:], first[:-1]), (first[:, 1:], first[:, :-1])):
        assert 0.42 < (a == b).mean() < 0.58


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("x", [Shape(400), Shape(3, 10, 13)])
def test_the_share_and_the_expectation_are_kept(rate, x):
    program = lower(chain(Dropout(rate), Flatten()), x, SQUARED, training=True, gradients=False)
    n = 200
    X, T = np.ones((n, x.channels, x.height, x.width)), np.zeros((n, x.size))
    outputs = one_pass(program, np.zeros(0, np.float32), X, T).outputs
    spread = np.sqrt(rate * (1 - rate) / outputs.size)
    assert abs((outputs == 0).mean() - rate) <= 5 * spread
    np.testing.assert_allclose(outputs[outputs != 0], 1 / (1 - rate), rtol=1e-6)
    assert abs(outputs.mean() - 1) <= 5 * spread / (1 - rate)


@pytest.mark.parametrize("lean", [True, False])
def test_in_use_nothing_happens(lean):
    rng = np.random.default_rng(0)
    X, T = rng.standard_normal((5, 2, 3, 4)), np.zeros((5, 24))
    for rate, training in ((0.7, False), (0.0, True)):
        network = chain(Dropout(rate), Flatten())
        program = lower(network, Shape(2, 3, 4), SQUARED, gradients=False, lean=lean, training=training)
        outputs = one_pass(program, np.zeros(0, np.float32), X, T).outputs
        np.testing.assert_array_equal(outputs, X.astype(np.float32).reshape(5, -1))
        assert (program.place("l0", "y") is None) == lean


def test_a_run_is_the_same_at_any_number_of_threads_and_when_it_is_had_again():
    network = Network(
        (
            Node("conv", Conv2D(8, 5, activation=ReLU())),
            Node("drop", Dropout(0.3)),
            Node("flat", Flatten()),
            Node("hidden", Dense(30, ReLU())),
            Node("drop2", Dropout(0.5)),
            Node("output", Dense(10)),
        )
    )
    experiment = msgspec.structs.replace(SMALL_CNN, data=Digits(size=28), batch_size=200, network=network)
    one, two = Run(experiment, threads=1), Run(experiment, threads=2)
    assert one.machine.shards > 1, "the test needs a batch that is shared out"
    one.advance(8)
    two.advance(3)
    two.advance(5)
    assert one.params.tobytes() == two.params.tobytes()
    before = one.params.copy()
    one.advance(7)
    one.go_to(8)
    np.testing.assert_array_equal(one.params, before)
    assert one.evaluate("training").loss == one.evaluate("training").loss
