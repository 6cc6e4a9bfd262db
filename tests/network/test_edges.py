"""The smallest and the longest there is: every layer alone, on one pixel, on one example; a thousand layers."""

from __future__ import annotations

import time

import msgspec
import numpy as np
import pytest
from machine import SOFTMAX, SQUARED, chain, one_pass, start

from lab.data.datasets import LinearCases
from lab.experiment.experiment import Experiment, problems
from lab.learning.optimizers import Adam
from lab.network.activations import ReLU, Tanh
from lab.network.layers import (
    LAYERS,
    ActivationLayer,
    Add,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    LayerNorm,
    LocalResponseNorm,
    PReLU,
    Softmax,
)
from lab.network.network import Network, Node, analyse
from lab.network.program import lower
from lab.network.shape import Shape
from lab.problem import ProblemError
from lab.training.run import Run
from tests.training.problems import LINEAR_NEURON, XOR_MLP


@pytest.mark.parametrize("lean", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("x", [Shape(1), Shape(3), Shape(2, 1, 5), Shape(2, 6, 6)], ids=str)
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.title)
def test_every_layer_alone_on_one_example(layer, x, training, lean):
    """Right, or a Problem that says how to mend it."""
    network = chain(layer())
    if found := analyse(network, x).problems:
        assert all(problem.where == "l0" and problem.what and problem.mend for problem in found)
        with pytest.raises(ProblemError):
            lower(network, x, SQUARED)
        return
    program = lower(network, x, SQUARED, 1, training=training, lean=lean)
    X = np.random.default_rng(0).standard_normal((1, x.channels, x.height, x.width))
    found = one_pass(program, start(program, 1), X, np.zeros((1, program.outputs)))
    assert found.outputs.shape == (1, analyse(network, x).output.size)
    assert np.isfinite(found.outputs).all()
    assert np.isfinite(found.grads).all()
    assert np.isfinite(found.loss)


def test_one_pixel_goes_through_a_whole_network():
    layers = (
        Conv2D(4, 1), BatchNorm(), PReLU(), LocalResponseNorm(), LayerNorm(), Dropout(), Softmax(), Flatten(), Dense(2),
    )  # fmt: skip
    program = lower(chain(*layers), Shape(1, 1, 1), SOFTMAX, 2)
    X, T = np.array([0.5, -1.0]).reshape(2, 1, 1, 1), np.eye(2)
    found = one_pass(program, start(program, 1), X, T)
    assert np.isfinite(found.grads).all()
    assert found.grads.any()


def test_an_empty_network_says_so():
    for x in (Shape(2), Shape(1, 8, 8)):
        with pytest.raises(ProblemError, match="Add a layer"):
            lower(Network(), x, SQUARED)
        assert analyse(Network(), x).output == x
    assert any(p.what == "has no layers" for p in problems(Experiment()))
    with pytest.raises(ProblemError, match="no layers"):
        Run(Experiment())


def test_a_network_without_anything_to_learn_says_so():
    network = Network((Node("act", ActivationLayer()), Node("drop", Dropout())))
    found = problems(msgspec.structs.replace(LINEAR_NEURON, network=network))
    assert any("no layer of the network has weights" in p.what for p in found)


@pytest.mark.parametrize("batch", [1, 2, 3, 10_000_000])
def test_two_examples_in_batches_of_any_size(batch):
    network = Network(
        (
            Node("hidden", Dense(4)),
            Node("norm", BatchNorm()),
            Node("act", ActivationLayer(Tanh())),
            Node("drop", Dropout(0.25)),
            Node("out", Dense(1)),
        )
    )
    experiment = msgspec.structs.replace(
        LINEAR_NEURON, data=LinearCases(), network=network, batch_size=batch, optimizer=Adam(rate=0.01)
    )
    run = Run(experiment)
    assert len(run.prepared.training) == 2
    assert not run.advance(40).diverged
    assert np.isfinite(run.params).all()
    assert run.examples == 40 * min(batch, 2)


@pytest.mark.parametrize("batch", [1, 10_000_000])
def test_a_set_smaller_than_a_batch_is_one_batch(batch):
    run = Run(msgspec.structs.replace(XOR_MLP, batch_size=batch))
    assert not run.advance(30).diverged
    assert run.examples == 30 * min(batch, len(run.prepared.training))


def test_1000_layers_of_many_kinds():
    kinds = (
        Conv2D(3, 3, padding=1), BatchNorm(), ActivationLayer(ReLU()), LocalResponseNorm(), Dropout(0.1), PReLU(),
        LayerNorm(), Softmax(),
    )  # fmt: skip
    layers = [kinds[i % len(kinds)] for i in range(998)] + [Flatten(), Dense(2)]
    began = time.perf_counter()
    x = Shape(3, 4, 4)
    lean, whole = (lower(chain(*layers), x, SOFTMAX, 3, lean=lean) for lean in (True, False))
    assert time.perf_counter() - began < 40
    assert lean.arena_size < whole.arena_size
    X, T = np.random.default_rng(0).standard_normal((3, 3, 4, 4)), np.eye(2)[[0, 1, 1]]
    found, other = (one_pass(program, start(program, 1), X, T) for program in (lean, whole))
    assert np.isfinite(found.grads).all()
    np.testing.assert_array_equal(found.outputs, other.outputs)
    np.testing.assert_array_equal(found.grads, other.grads)


def test_500_residual_blocks():
    nodes, last = [Node("in", Dense(4))], "in"
    for i in range(500):
        nodes += [
            Node(f"d{i}", Dense(4), (last,)), Node(f"n{i}", LayerNorm()), Node(f"a{i}", ActivationLayer(Tanh())),
            Node(f"s{i}", Add(), (f"a{i}", last)),
        ]  # fmt: skip
        last = f"s{i}"
    program = lower(Network((*nodes, Node("out", Dense(1)))), Shape(2), SQUARED, 2)
    found = one_pass(program, start(program, 1), np.ones((2, 2, 1, 1)), np.zeros((2, 1)))
    assert np.isfinite(found.grads).all()
    assert program.split(found.grads)["in.weight"].any()
