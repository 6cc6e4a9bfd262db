"""Batch normalization over whole batches, in training and in use; what its statistics and its scales are spared."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from machine import SOFTMAX, SQUARED, cases_of, chain, one_pass, start, train

from lab.data.datasets.digits import Digits
from lab.experiment import memory
from lab.experiment.memory import memory_needed, memory_problem
from lab.kernels.chance import shuffle
from lab.kernels.update import PENALISED
from lab.landscape.filters import random_plane
from lab.learning.optimizers import SGD, Adam
from lab.learning.regularization import Regularization
from lab.network.activations import ReLU, Tanh
from lab.network.layers import (
    ActivationLayer,
    Add,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    LayerNorm,
)
from lab.network.network import Network, Node
from lab.network.program import lower
from lab.network.shape import Shape
from lab.training.run import Run
from tests.training.problems import SMALL_CNN, XOR_MLP, with_rate

NETWORK = Network(
    (
        Node("conv", Conv2D(4, 3)),
        Node("norm", BatchNorm(momentum=0.2)),
        Node("act", ActivationLayer(Tanh())),
        Node("flat", Flatten()),
        Node("hidden", Dense(6)),
        Node("norm2", BatchNorm()),
        Node("layernorm", LayerNorm()),
        Node("drop", Dropout(0.2)),
        Node("output", Dense(10)),
    )
)
DIGITS = msgspec.structs.replace(SMALL_CNN, network=NETWORK)


def close(ours, theirs, relative=1e-5):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=relative * max(np.abs(theirs).max(), 1e-3))


@pytest.mark.torch
def test_trained_and_used_as_pytorch_does():
    """20 updates, with a smaller last batch: all parameters, the running statistics, and the outputs in use."""
    torch = pytest.importorskip("torch", reason="PyTorch is the other side of this comparison")
    nn = torch.nn
    layers = (Conv2D(4, 3), BatchNorm(0.2, 1e-3), Flatten(), Dense(5), BatchNorm(), Dense(3, Tanh()))
    N, batch, seed = 20, 8, 3
    rng = np.random.default_rng(0)
    X, T = rng.standard_normal((N, 2, 5, 5)) * 2 + 1, rng.standard_normal((N, 3))
    X, T = X.astype(np.float32), T.astype(np.float32)
    program = lower(chain(*layers), Shape(2, 5, 5), SQUARED, batch)
    params = start(program, 1)
    ours = train(program, params, cases_of(X, T), SGD(rate=0.05), 20, batch=batch, seed=seed)

    model = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4, 1e-3, 0.2), nn.Flatten(), nn.Linear(36, 5), nn.BatchNorm1d(5),
        nn.Linear(5, 3), nn.Tanh(),
    ).double()  # fmt: skip
    # their modules, by our layers; and their names for what ours calls
    modules = {0: 0, 1: 1, 3: 3, 4: 4, 5: 5}
    words = {"scale": "weight", "shift": "bias", "mean": "running_mean", "variance": "running_var"}

    def theirs(name):
        layer, _, word = name.partition(".")
        return getattr(model[modules[int(layer[1:])]], words.get(word, word))

    with torch.no_grad():
        for name, values in program.split(params).items():
            theirs(name).copy_(torch.tensor(values))
    update = torch.optim.SGD(model.parameters(), 0.05)
    order, seen = np.empty(N, np.int64), 0
    for _ in range(20):
        shuffle(order, seed, seen // N)
        chosen = order[seen % N : min(seen % N + batch, N)]
        update.zero_grad()
        error = 0.5 * ((model(torch.tensor(X[chosen].astype(float))) - torch.tensor(T[chosen])) ** 2).sum()
        (error / len(chosen)).backward()
        update.step()
        seen += len(chosen)
    trained = program.split(ours.memory.params)
    for name, values in trained.items():
        if name not in ("l0.bias", "l3.bias"):  # a shift that the mean takes away again
            close(values, theirs(name).detach().numpy())
    assert not np.allclose(trained["l1.mean"], 0, atol=0.1)

    model.eval()
    use = lower(chain(*layers), Shape(2, 5, 5), SQUARED, 3, gradients=False)
    outputs = one_pass(use, ours.memory.params, X, T).outputs
    close(outputs, model(torch.tensor(X.astype(float))).detach().numpy())


def test_a_batch_of_one_vector_is_its_shift():
    program = lower(chain(Dense(3), BatchNorm(), Dense(2)), Shape(4), SQUARED, 1)
    params = start(program, 1, scale=0.7)
    named = program.split(params)
    found = one_pass(program, params, np.ones((1, 4, 1, 1)), np.zeros((1, 2)))
    wanted = named["l2.weight"] @ named["l1.shift"] + named["l2.bias"]
    np.testing.assert_allclose(found.outputs[0], wanted, rtol=1e-6)
    grads = program.split(found.grads)
    assert np.isfinite(found.grads).all()
    for name in ("l0.weight", "l0.bias", "l1.scale", "l1.variance"):
        assert not grads[name].any(), name
    assert grads["l1.shift"].all()
    assert grads["l1.mean"].all()


def test_a_running_variance_below_zero_counts_as_zero():
    """As an error surface may lead there."""
    program = lower(chain(BatchNorm(), Dense(2)), Shape(3), SQUARED, gradients=False)
    params = start(program, 1)
    program.split(params)["l0.variance"][:] = -1
    assert np.isfinite(one_pass(program, params, np.ones((2, 3, 1, 1)), np.zeros((2, 2))).outputs).all()


def test_a_run_takes_each_batch_in_one_piece_at_any_number_of_threads():
    experiment = msgspec.structs.replace(DIGITS, data=Digits(size=28), batch_size=200)
    one, two = Run(experiment, threads=1), Run(experiment, threads=2)
    for run in (one, two):
        assert run.machine.shards == 1
        assert run.program.capacity == 200
    one.advance(12)
    two.advance(5)
    two.advance(7)
    assert one.params.tobytes() == two.params.tobytes()
    assert one.evaluate("training").loss == two.evaluate("training").loss
    kept = one.params.copy()
    one.advance(3)
    one.go_to(12)
    np.testing.assert_array_equal(one.params, kept)
    one.edit(with_rate(experiment, 0.01))
    np.testing.assert_array_equal(one.params, kept)


def test_it_learns_and_knows_in_use_what_it_has_learned():
    run = Run(DIGITS)
    run.advance(10 * run.batches.per_epoch)
    assert run.evaluate("test").accuracy > 0.9
    named = run.parameters
    assert not np.allclose(named["norm.mean"], 0)
    assert not np.allclose(named["norm.variance"], 1)


def test_a_batch_larger_than_the_set_and_a_set_that_leaves_one_over():
    network = Network((Node("a", Dense(8)), Node("n", BatchNorm()), Node("out", Dense(1, Tanh()))))
    experiment = msgspec.structs.replace(XOR_MLP, network=network, batch_size=10**6)
    run = Run(experiment)
    N = len(run.prepared.training)
    assert run.program.capacity == N
    run.advance(5)
    assert np.isfinite(run.params).all()
    run.edit(msgspec.structs.replace(experiment, batch_size=N - 1))
    run.advance(4)
    assert np.isfinite(run.params).all()
    run.edit(msgspec.structs.replace(experiment, batch_size=1))
    run.advance(50)
    assert np.isfinite(run.params).all()


def test_a_loss_that_is_not_finite_is_traced_through_a_whole_batch():
    run = Run(DIGITS)
    lost = run.parameters
    name = next(name for name in lost if name.endswith("weight"))
    lost[name].flat[0] = np.inf
    run.set_parameters(lost)
    assert run.advance(100).diverged
    assert run.diagnose().layer == name.rpartition(".")[0]


def test_scales_shifts_and_statistics_are_neither_penalised_nor_led_astray_by_random_directions():
    run = Run(msgspec.structs.replace(DIGITS, regularization=Regularization(l2=0.1), optimizer=Adam()))
    blocks = np.repeat(run.machine.rule.numbers[:, PENALISED], run.machine.rule.blocks[:, 1])
    plane = random_plane(run.params, run.program.parameters, 1)
    for p in run.program.parameters:
        at = slice(run.program.offsets[p.name], run.program.offsets[p.name] + p.size)
        weight = p.name.endswith("weight")
        assert (blocks[at] == weight).all(), p.name
        assert plane.d1[at].any() == weight, p.name
    images = lower(chain(LayerNorm(), Flatten(), Dense(2)), Shape(2, 3, 3), SOFTMAX)
    plane = random_plane(start(images, 1), images.parameters, 1)
    assert not plane.d1[: 2 * 18].any()
    assert plane.d1[2 * 18 :].any()


def test_a_whole_batch_counts_in_the_memory_that_is_needed(monkeypatch):
    plain = Network(tuple(node for node in NETWORK.nodes if not node.layer.whole_batch))
    large = msgspec.structs.replace(DIGITS, data=Digits(size=28), batch_size=5000)
    without = msgspec.structs.replace(large, network=plain)
    assert memory_needed(large) > memory_needed(without) + 10_000_000
    monkeypatch.setattr(memory, "machine_memory", lambda: memory_needed(large) - 1)
    assert memory_problem(large) is not None
    assert memory_problem(without) is None


@pytest.mark.parametrize("layer", [BatchNorm(), LayerNorm()], ids=lambda v: v.title)
def test_far_from_zero_the_spread_is_still_seen(layer):
    """A mean a thousand times the deviation: float32 has four digits left of it."""
    rng = np.random.default_rng(1)
    X = (1000 + rng.standard_normal((64, 3, 4, 4))).astype(np.float32)
    program = lower(chain(layer, Flatten()), Shape(3, 4, 4), SQUARED, 64, gradients=False, training=True)
    params = start(program, 1)
    program.split(params)["l0.scale"][...] = 1
    program.split(params)["l0.shift"][...] = 0
    outputs = one_pass(program, params, X, np.zeros((64, 48))).outputs.reshape(X.shape)
    axes = (0, 2, 3) if isinstance(layer, BatchNorm) else (1, 2, 3)
    wide = X.astype(float)
    wanted = (wide - wide.mean(axes, keepdims=True)) / np.sqrt(wide.var(axes, keepdims=True) + 1e-5)
    assert np.abs(outputs - wanted).max() < 2e-4


def test_residual_blocks_with_normalization_run_and_learn():
    network = Network(
        (
            Node("c1", Conv2D(6, 3, padding=1)),
            Node("n1", BatchNorm()),
            Node("a1", ActivationLayer(ReLU())),
            Node("c2", Conv2D(6, 3, padding=1)),
            Node("n2", BatchNorm()),
            Node("add", Add(), ("n2", "a1")),
            Node("a2", ActivationLayer(ReLU())),
            Node("flat", Flatten()),
            Node("out", Dense(10)),
        )
    )
    run = Run(msgspec.structs.replace(DIGITS, network=network))
    before = run.evaluate("training").loss
    run.advance(60)
    assert run.evaluate("training").loss < before / 2
