"""Clipping, penalties and the optimizer in their order, and rates that fall with the fan-in, as a run has them."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from lab.learning.clipping import Clipping
from lab.learning.optimizers import SGD, Momentum
from lab.learning.rates import LayerRates
from lab.learning.regularization import Regularization
from lab.training.run import Run
from tests.training.problems import SMALL_CNN, XOR_MLP


@pytest.mark.torch
@pytest.mark.parametrize("clipping", [Clipping("norm", 0.05), Clipping("value", 0.01)], ids=repr)
def test_200_updates_as_pytorch(clipping):
    """clip_grad_norm_ or clip_grad_value_, then weight decay and momentum; some gradients are within the limit."""
    torch = pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
    experiment = msgspec.structs.replace(
        XOR_MLP,
        batch_size=1000,
        optimizer=Momentum(rate=0.05, momentum=0.8),
        clipping=clipping,
        regularization=Regularization(l2=0.01),
    )
    run = Run(experiment)
    leaves = {name: torch.tensor(v.astype(float), requires_grad=True) for name, v in run.parameters.items()}
    X = torch.tensor(run.prepared.training.inputs[:, :, 0, 0].astype(float))
    T = torch.tensor(np.where(run.prepared.training.labels, 1.0, -1.0)[:, None])
    run.advance(200)
    weights = [v for name, v in leaves.items() if name.endswith("weight")]
    biases = [v for name, v in leaves.items() if name.endswith("bias")]
    update = torch.optim.SGD(
        [{"params": weights, "weight_decay": 0.01}, {"params": biases}], 0.05, momentum=0.8
    )
    clipped = 0
    for _ in range(200):
        update.zero_grad()
        hidden = torch.tanh(X @ leaves["hidden.weight"].T + leaves["hidden.bias"])
        Y = torch.tanh(hidden @ leaves["output.weight"].T + leaves["output.bias"])
        (0.5 * ((Y - T) ** 2).sum() / len(X)).backward()
        before = torch.cat([v.grad.ravel() for v in leaves.values()])
        if clipping.by == "norm":
            # PyTorch divides by the norm + 1e-6, the paper by the norm
            torch.nn.utils.clip_grad_norm_(
                leaves.values(), clipping.limit * (1 + 1e-6 / before.norm().item())
            )
        else:
            torch.nn.utils.clip_grad_value_(leaves.values(), clipping.limit)
        clipped += not torch.equal(before, torch.cat([v.grad.ravel() for v in leaves.values()]))
        update.step()
    assert clipped > 20, "the limit is reached"
    for name, ours in run.parameters.items():
        theirs = leaves[name].detach().numpy()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max(), err_msg=name)


def test_clipped_by_norm_all_layers_together_are_no_longer_than_the_limit():
    def update(clipping):
        run = Run(msgspec.structs.replace(XOR_MLP, optimizer=SGD(rate=1.0), clipping=clipping))
        run.advance(1)
        return run.last_update.astype(float)

    free = update(Clipping())
    short = update(Clipping("norm", 0.01))
    assert np.linalg.norm(free) > 0.02
    assert np.linalg.norm(short) == pytest.approx(0.01, rel=1e-4)
    np.testing.assert_allclose(short / 0.01, free / np.linalg.norm(free), atol=1e-5)  # its direction stays
    assert np.abs(update(Clipping("value", 0.01))).max() == pytest.approx(0.01, rel=1e-4)


@pytest.mark.parametrize(("scaling", "power"), [("1/√fan-in", 0.5), ("1/fan-in", 1.0)])
def test_rates_fall_with_the_fan_in(scaling, power):
    """F4: of two runs alike, the one's first update is the other's by the fan-in of each unit."""
    plain = msgspec.structs.replace(SMALL_CNN, optimizer=SGD(rate=0.5))
    scaled = msgspec.structs.replace(plain, rates=LayerRates(scaling))
    a, b = Run(plain), Run(scaled)
    a.advance(1)
    b.advance(1)
    for (name, ours), theirs in zip(
        b.program.split(b.last_update).items(), a.program.split(a.last_update).values(), strict=True
    ):
        fan_in = 9 if name.startswith("conv") else 4 * 4 * 4
        np.testing.assert_allclose(ours, theirs / fan_in**power, atol=3e-7, err_msg=name)
        assert np.abs(theirs).max() > 1e-4
