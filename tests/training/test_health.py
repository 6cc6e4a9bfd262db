"""Dead and saturated units and spreads, against a plain twin of the network in NumPy."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import twins

from lab.data.datasets import Digits
from lab.experiment.experiment import Experiment
from lab.network.activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    LeakyReLU,
    Linear,
    ReLU,
    Sigmoid,
    SiLU,
    Sine,
    Softplus,
    Tanh,
)
from lab.network.layers import ActivationLayer, BatchNorm, Conv2D, Dense, Flatten, MaxPool2D, Softmax
from lab.network.network import Network, Node
from lab.training.health import EXAMPLES, examples_looked_at, health
from lab.training.run import Run
from tests.training.problems import SMALL_CNN, XOR_MLP


def of(*layers: object) -> Experiment:
    nodes = tuple(Node(f"l{i}", layer) for i, layer in enumerate(layers))
    return msgspec.structs.replace(SMALL_CNN, network=Network(nodes))


def broken(run: Run, seed: int = 0) -> Run:
    """Wide weights, and biases so far out that units die and saturate."""
    draw = np.random.default_rng(seed)
    found = {}
    for name, values in run.parameters.items():
        far = draw.choice([0.0, -60.0, 60.0], values.shape, p=[0.5, 0.3, 0.2])
        found[name] = far if name.endswith("bias") else values * 2
    run.set_parameters(found)
    return run


def activation_of(layer: object) -> object:
    return getattr(layer, "activation", None)


DEEP = (
    Conv2D(6, 3, padding=1, activation=ReLU()),
    MaxPool2D(),
    Conv2D(5, 3, activation=Tanh()),
    Flatten(),
    Dense(20, Sigmoid()),
    Dense(16, LeakyReLU(0.0)),
    Dense(12, LeakyReLU(0.1)),
    Dense(10),
)


@pytest.mark.parametrize("seed", range(4))
def test_against_the_twin(seed: int) -> None:
    run = broken(Run(of(*DEEP)), seed)
    n = EXAMPLES
    X, T = run.prepared.training.inputs[:n].astype(float), np.eye(10)[run.prepared.training.labels[:n]]
    named = {name: a.astype(float) for name, a in run.parameters.items()}
    _, _, _, values, derivatives = twins.network(DEEP, named, X, T, run.experiment.loss)
    found = health(run)
    assert (found.step, found.examples) == (0, n)
    seen_dead, seen_saturated = 0, 0
    for i, layer in enumerate(DEEP):
        one = found.of(f"l{i}")
        (z, y), (_, dy) = values[i], derivatives[i]
        assert one.units == y.shape[1]
        assert one.mean == pytest.approx(y.mean(), rel=1e-4, abs=1e-6)
        assert one.spread == pytest.approx(y.std(), rel=1e-4)
        if activation_of(layer) is not None:
            assert one.preactivation_spread == pytest.approx(z.std(), rel=1e-4)
        assert one.gradient_spread == pytest.approx(dy.std(), rel=1e-3, abs=1e-9)
        activation = getattr(layer, "activation", None)
        slopes = None
        if activation is not None:
            f = twins.ACTIVATIONS[type(activation).__name__][1]
            slopes = np.abs(f(z, activation.alpha)).swapaxes(0, 1).reshape(one.units, -1)
        if isinstance(activation, ReLU) or activation == LeakyReLU(0.0):
            dead = (np.moveaxis(y, 1, 0).reshape(one.units, -1) == 0).all(1)
            np.testing.assert_array_equal(one.dead, dead)
            assert one.dead_share == dead.mean()
            seen_dead += dead.sum()
        else:
            assert one.dead is None
            assert np.isnan(one.dead_share)
        if isinstance(activation, Tanh | Sigmoid):
            greatest = 1.0 if isinstance(activation, Tanh) else 0.25
            saturated = (slopes < 0.05 * greatest).mean(1) > 0.9
            np.testing.assert_array_equal(one.saturated, saturated)
            seen_saturated += saturated.sum()
        else:
            assert one.saturated is None
        own = [a for name, a in named.items() if name.startswith(f"l{i}.")]
        if own:
            assert one.weights == pytest.approx(np.sqrt(sum((a**2).sum() for a in own)), rel=1e-6)
        assert np.isnan(one.update), "there has been no update"
    assert seen_dead
    assert seen_saturated


def test_the_steepest_slope_is_the_greatest_derivative() -> None:
    """Measured by differences of the network's own outputs; None where the derivative does not fade."""
    for kind in ACTIVATIONS:
        for activation in (kind(), GELU("tanh")) if kind is GELU else (kind(),):
            f = twins.ACTIVATIONS.get(type(activation).__name__)
            if f is None or activation.steepest is None:
                continue
            slopes = np.abs(f[1](np.linspace(-9, 9, 100_001), activation.alpha))
            assert activation.steepest == pytest.approx(slopes.max(), rel=1e-5)
    assert {a for a in (Linear(), ReLU(), LeakyReLU(), Sine()) if a.steepest is None} == {
        Linear(),
        ReLU(),
        LeakyReLU(),
        Sine(),
    }
    assert [a.dies for a in (ReLU(), LeakyReLU(0.0), LeakyReLU(0.01), ELU(0.0), ELU(1.0))] == [1, 1, 0, 1, 0]


@pytest.mark.parametrize("activation", [ELU(), Softplus(), SiLU(), GELU()], ids=lambda a: a.title)
def test_one_sided_functions_are_saturated_on_their_left(activation) -> None:
    run = Run(of(Flatten(), Dense(3, activation), Dense(10)))
    bias = np.array([-300, 0, 300], np.float32)
    run.set_parameters({"l1.bias": bias})
    assert health(run).of("l1").saturated.tolist() == [True, False, False]


def test_softmax_and_activation_layers_and_normalized_batches() -> None:
    run = Run(of(Flatten(), Dense(8), BatchNorm(), ActivationLayer(ReLU()), Dense(10), Softmax(), Dense(10)))
    run.set_parameters({"l2.shift": np.array([-50.0] * 2 + [0.0] * 6, np.float32)})
    run.set_parameters({"l4.bias": np.array([200.0] + [0.0] * 9, np.float32)})
    found = health(run)
    assert found.of("l3").dead.tolist() == [True] * 2 + [False] * 6
    assert found.of("l5").saturated.all(), "one output is 1 for all examples, the others are 0"


def test_update_ratio_is_of_the_last_update() -> None:
    run = Run(XOR_MLP)
    run.advance(7)
    before = run.parameters
    run.advance(1)
    after = run.parameters
    moved = np.sqrt(sum(((after[k] - before[k]) ** 2).sum() for k in after if k.startswith("hidden.")))
    size = np.sqrt(sum((after[k] ** 2).sum() for k in after if k.startswith("hidden.")))
    assert health(run).of("hidden").update_ratio == pytest.approx(moved / size, rel=1e-5)
    assert health(run.moment(internals=True)).of("hidden").update_ratio == pytest.approx(
        moved / size, rel=1e-5
    )


def test_a_look_changes_nothing_and_is_the_same_of_a_moment() -> None:
    run = Run(SMALL_CNN)
    run.advance(9)
    before = run.state()
    a, b = health(run), health(run.moment())
    assert before.is_same_as(run.state())
    assert [(x.layer, x.mean, x.spread, x.gradient_spread) for x in a.layers] == [
        (x.layer, x.mean, x.spread, x.gradient_spread) for x in b.layers
    ]


def test_a_large_network_is_looked_at_on_fewer_examples() -> None:
    large = msgspec.structs.replace(
        of(Flatten(), Dense(3000, ReLU()), Dense(3000), Dense(10)), data=Digits(28)
    )
    assert examples_looked_at(SMALL_CNN, 50) == 50
    assert examples_looked_at(SMALL_CNN, 5000) == EXAMPLES
    assert 1 <= examples_looked_at(large, 5000) < 8


def test_numbers_that_are_not_finite_are_said_as_they_are() -> None:
    run = Run(SMALL_CNN)
    run.set_parameters({"conv.weight": np.full((4, 1, 3, 3), np.nan, np.float32)})
    found = health(run).of("conv")
    assert np.isnan(found.spread)
    assert not found.dead.any()
