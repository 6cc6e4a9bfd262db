"""Networks that branch and meet again, upsample, crop and stamp: against PyTorch and central differences."""

from __future__ import annotations

import numpy as np
import pytest
from machine import run_rows

from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY
from lab.kernels.memory import aligned
from lab.learning.losses import SoftmaxCrossEntropy
from lab.network.activations import ReLU, Tanh
from lab.network.layers import (
    Add,
    Concat,
    Conv2D,
    Crop,
    Dense,
    Flatten,
    MaxPool2D,
    TransposedConv2D,
    Upsample,
)
from lab.network.network import Network, Node, analyse
from lab.network.program import Program, lower
from lab.network.shape import Shape

X = Shape(2, 8, 8)


def branched(f: ReLU | Tanh) -> Network:
    return Network(
        (
            Node("c1", Conv2D(4, 3, padding=1, activation=f)),
            Node("pool", MaxPool2D()),
            Node("c2", Conv2D(6, 3, activation=f)),
            Node("up", TransposedConv2D(4, 2, 2, activation=f)),
            Node("cat", Concat(crop=True), ("up", "c1")),
            Node("c3", Conv2D(4, 3, padding=1, activation=f)),
            Node("add", Add(crop=True), ("c3", "c1", "up")),
            Node("double", Upsample()),
            Node("cut", Crop(2)),
            Node("t2", TransposedConv2D(3, 3, 2, 1)),
            Node("flat", Flatten()),
            Node("out", Dense(5)),
        )
    )


def cases(N: int, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    return rng.standard_normal((N, 2, 8, 8)).astype(dtype), np.eye(5, dtype=dtype)[rng.integers(0, 5, N)]


def gradient(
    program: Program, params: np.ndarray, inputs: np.ndarray, targets: np.ndarray
) -> tuple[float, np.ndarray]:
    """Mean error and its gradient, three examples at a time; memory starts as NaN, so that nothing stale is read."""
    N, gradients, tally = len(inputs), np.zeros_like(params), np.zeros(TALLY)
    arena, own = (aligned(size, params.dtype.type) for size in (program.arena_size, params.size))
    arena[:], own[:] = np.nan, params
    stored, end = interpreter.cases(inputs, targets), int(program.code.plan[op.END])
    for first in range(0, N, program.capacity):
        n = min(program.capacity, N - first)
        interpreter.gather(program.code, stored, np.arange(N), first, n, arena)
        run_rows(program, 0, end, n, arena, own, gradients, 1 / N, tally)
    return tally[0] / N, gradients


@pytest.mark.torch
@pytest.mark.parametrize("lean", [True, False])
def test_a_branched_network_agrees_with_pytorch(lean: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the other side of this comparison")
    F = torch.nn.functional
    program = lower(branched(ReLU()), X, SoftmaxCrossEntropy(), 3, lean=lean)
    params = (np.random.default_rng(0).standard_normal(program.parameter_count) * 0.3).astype(np.float32)
    inputs, targets = cases(5, np.float32)
    error, gradients = gradient(program, params, inputs, targets)

    p = {name: torch.tensor(v, requires_grad=True) for name, v in program.split(params.copy()).items()}

    def middle(image, size):
        cut = (image.shape[2] - size) // 2
        return image[:, :, cut : cut + size, cut : cut + size]

    c1 = F.relu(F.conv2d(torch.tensor(inputs), p["c1.weight"], p["c1.bias"], padding=1))
    c2 = F.relu(F.conv2d(F.max_pool2d(c1, 2), p["c2.weight"], p["c2.bias"]))
    up = F.relu(F.conv_transpose2d(c2, p["up.weight"], p["up.bias"], stride=2))
    c3 = F.relu(F.conv2d(torch.cat([up, middle(c1, 4)], 1), p["c3.weight"], p["c3.bias"], padding=1))
    double = F.interpolate(c3 + middle(c1, 4) + up, scale_factor=2)
    t2 = F.conv_transpose2d(double[:, :, 2:-2, 2:-2], p["t2.weight"], p["t2.bias"], stride=2, padding=1)
    loss = F.cross_entropy(t2.flatten(1) @ p["out.weight"].T + p["out.bias"], torch.tensor(targets))
    loss.backward()

    assert error == pytest.approx(loss.item(), rel=1e-5)
    for name, ours in program.split(gradients).items():
        theirs = p[name].grad.numpy()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max(), err_msg=name)


def test_gradients_of_a_branched_network_by_central_differences() -> None:
    """In float64; tanh instead of ReLU, and max pooling away from its ties."""
    program = lower(branched(Tanh()), X, SoftmaxCrossEntropy(), 2)
    params = np.random.default_rng(1).standard_normal(program.parameter_count) * 0.3
    inputs, targets = cases(3, np.float64)
    _, gradients = gradient(program, params, inputs, targets)
    h = 1e-5
    for i in np.random.default_rng(2).choice(len(params), 60, replace=False):
        up, down = params.copy(), params.copy()
        up[i] += h
        down[i] -= h
        numeric = (
            gradient(program, up, inputs, targets)[0] - gradient(program, down, inputs, targets)[0]
        ) / (2 * h)
        assert gradients[i] == pytest.approx(numeric, rel=1e-6, abs=1e-8)


def test_shapes_that_do_not_meet_are_said_with_their_mend() -> None:
    nodes = branched(ReLU()).nodes
    unequal = Network((*nodes[:4], Node("cat", Concat(), ("up", "c1")), *nodes[5:]))
    (problem,) = analyse(unequal, X).problems[:1]
    assert problem.where == "cat"
    assert problem.what == "its inputs differ in height and width: “up” is 4×4×4 and “c1” is 4×8×8"
    assert "cuts 2 from each side" in problem.mend
    assert "centre crop" in problem.mend
    channels = Network((*nodes[:4], Node("sum", Add(crop=True), ("up", "c2"))))
    assert any("in channels: “up” is 4×4×4 and “c2” is 6" in p.what for p in analyse(channels, X).problems)
    two = Network((nodes[0], Node("again", Conv2D(4, 3), ("c1", "input"))))
    assert any("takes one input" in p.what for p in analyse(two, X).problems)
