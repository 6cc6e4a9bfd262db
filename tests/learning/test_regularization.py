"""Penalties: which layer has which, and what a run makes of them."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from lab.experiment.experiment import problems
from lab.experiment.of_layer import OfLayer, of_layer, with_layer, with_network
from lab.learning.optimizers import SGD
from lab.learning.rates import LayerRate, LayerRates
from lab.learning.regularization import LayerPenalty, Regularization
from lab.network.layers import Conv2D, Dense, Flatten
from lab.network.network import Network, Node, analyse
from lab.network.shape import Shape
from lab.training.run import Run
from lab.value import from_json, to_json
from tests.training.problems import XOR_MLP

NETWORK = Network((Node("conv", Conv2D(4, 3)), Node("flat", Flatten()), Node("out.1", Dense(3))))
PARAMETERS = {p.name: p for p in analyse(NETWORK, Shape(3, 8, 8)).parameters}


def test_all_layers_have_the_same_unless_said_otherwise():
    r = Regularization(0.1, 0.2)
    assert {r.penalties(PARAMETERS[f"{name}.weight"]) for name in ("conv", "out.1")} == {(0.1, 0.2)}


def test_a_layer_has_its_own():
    """Each of the two by itself; 0 is a penalty too."""
    r = Regularization(0.1, 0.2, (LayerPenalty("out.1", l2=0.0), LayerPenalty("out", 7.0, 7.0)))
    assert r.penalties(PARAMETERS["conv.weight"]) == (0.1, 0.2)
    assert r.penalties(PARAMETERS["out.1.weight"]) == (0.1, 0.0)


def test_biases_have_none():
    r = Regularization(0.1, 0.2, (LayerPenalty("conv", 1.0, 1.0),))
    assert r.penalties(PARAMETERS["conv.bias"]) == r.penalties(PARAMETERS["out.1.bias"]) == (0, 0)


def test_a_round_trip():
    r = Regularization(layers=(LayerPenalty("a", l1=0.5), LayerPenalty("b")))
    assert from_json(to_json(r), Regularization, "here") == r


def test_settings_of_a_layer_are_read_as_they_were_written():
    for own in (OfLayer(), OfLayer(0.0), OfLayer(2.0, 0.1, 0.0), OfLayer(l1=0.0)):
        experiment = with_layer(with_layer(XOR_MLP, "hidden", OfLayer(3.0, 1.0)), "hidden", own)
        assert of_layer(experiment, "hidden") == own
        assert of_layer(experiment, "output") == OfLayer()
        assert problems(experiment) == ()
    assert with_layer(with_layer(XOR_MLP, "hidden", OfLayer(0.0, 1.0)), "hidden", OfLayer()) == XOR_MLP


def test_settings_go_with_their_layer():
    experiment = with_layer(with_layer(XOR_MLP, "hidden", OfLayer(2.0)), "output", OfLayer(l1=0.1))
    (hidden, output) = XOR_MLP.network.nodes
    one = with_network(experiment, Network((output,)))
    assert one == msgspec.structs.replace(with_layer(XOR_MLP, "output", OfLayer(l1=0.1)), network=one.network)
    renamed = with_network(
        experiment, Network((msgspec.structs.replace(hidden, name="h"), output)), {"hidden": "h"}
    )
    assert of_layer(renamed, "h") == OfLayer(2.0)
    assert problems(renamed) == ()


def test_settings_of_no_layer_and_two_of_one_are_problems():
    def said(**new):
        return [str(p) for p in problems(msgspec.structs.replace(XOR_MLP, **new))]

    (nose,) = said(regularization=Regularization(layers=(LayerPenalty("nose"),)))
    assert "“nose”, and no such layer" in nose
    (twice,) = said(rates=LayerRates(layers=(LayerRate("hidden", 0.5), LayerRate("hidden", 0.1))))
    assert "two rate factor entries for “hidden”" in twice


def penalised(l1=0.02, l2=0.03):
    """All examples at once, steepest descent; the output layer has an L2 of its own and a rate of its own."""
    plain = msgspec.structs.replace(XOR_MLP, batch_size=1000, optimizer=SGD(rate=0.1))
    whole = msgspec.structs.replace(plain, regularization=Regularization(l1, l2))
    return plain, with_layer(whole, "output", OfLayer(0.5, l2=0.4))


def test_the_penalties_gradient_is_their_derivative():
    """What an update gains by the penalties, against central differences of the sum that is told."""
    plain, experiment = penalised()
    a, b = Run(plain), Run(experiment)
    w = {name: v.astype(float) for name, v in a.parameters.items()}
    a.advance(1)
    b.advance(1)

    def penalty(parameters):
        """L1 Σ |w| + ½ L2 Σ w²"""
        hidden, output = parameters["hidden.weight"], parameters["output.weight"]
        return (
            0.02 * np.abs(hidden).sum() + 0.03 / 2 * (hidden**2).sum()
            + 0.02 * np.abs(output).sum() + 0.4 / 2 * (output**2).sum()
        )  # fmt: skip

    gains = {
        name: (g - h)
        for (name, g), h in zip(
            b.program.split(b.machine.memory.grads[0]).items(),
            a.program.split(a.machine.memory.grads[0]).values(),
            strict=True,
        )
    }
    for name, values in w.items():
        for i in np.ndindex(values.shape):
            up, down = ({n: v.copy() for n, v in w.items()} for _ in range(2))
            up[name][i] += 1e-6
            down[name][i] -= 1e-6
            assert gains[name][i] == pytest.approx((penalty(up) - penalty(down)) / 2e-6, abs=1e-6)
    np.testing.assert_array_equal(a.curves().loss, b.curves().loss)  # told without the penalty


@pytest.mark.torch
def test_200_updates_as_pytorch():
    """Rates and penalties of layers are PyTorch's groups of parameters; L1 is added to the error."""
    torch = pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
    _, experiment = penalised()
    run = Run(experiment)
    leaves = {name: torch.tensor(v.astype(float), requires_grad=True) for name, v in run.parameters.items()}
    X = torch.tensor(run.prepared.training.inputs[:, :, 0, 0].astype(float))
    T = torch.tensor(np.where(run.prepared.training.labels, 1.0, -1.0)[:, None])
    run.advance(200)
    update = torch.optim.SGD(
        [
            {"params": [leaves["hidden.weight"]], "lr": 0.1, "weight_decay": 0.03},
            {"params": [leaves["hidden.bias"]], "lr": 0.1},
            {"params": [leaves["output.weight"]], "lr": 0.05, "weight_decay": 0.4},
            {"params": [leaves["output.bias"]], "lr": 0.05},
        ]
    )
    for _ in range(200):
        update.zero_grad()
        hidden = torch.tanh(X @ leaves["hidden.weight"].T + leaves["hidden.bias"])
        Y = torch.tanh(hidden @ leaves["output.weight"].T + leaves["output.bias"])
        error = 0.5 * ((Y - T) ** 2).sum() / len(X)
        pull = 0.02 * (leaves["hidden.weight"].abs().sum() + leaves["output.weight"].abs().sum())
        (error + pull).backward()
        update.step()
    for name, ours in run.parameters.items():
        theirs = leaves[name].detach().numpy()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max(), err_msg=name)
