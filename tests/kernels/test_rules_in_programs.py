"""Every activation and every loss in a network: lean programs, which work in place, against central differences."""

from __future__ import annotations

import numpy as np
import pytest
from machine import chain, one_pass, start

from lab.learning.losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    Hinge,
    Huber,
    SoftmaxCrossEntropy,
    SquaredError,
)
from lab.network.activations import ACTIVATIONS, ELU, GELU, Sine, Tanh
from lab.network.layers import Conv2D, Dense, Flatten
from lab.network.program import lower
from lab.network.shape import Shape

FUNCTIONS = [*(f() for f in ACTIVATIONS), GELU("tanh"), ELU(0.5), Sine(2.0)]
LOSSES = [
    SoftmaxCrossEntropy(),
    BinaryCrossEntropy(),
    BinaryCrossEntropy(over_outputs="mean"),
    Hinge(),
    Hinge(against="worst"),
    SquaredError(over_outputs="mean"),
    AbsoluteError(),
    Huber(delta=0.5),
]


def check(layers, x, loss, lean):
    """Every parameter's gradient, in float64; of those that a kink touches, none is looked at."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((4, x.channels, x.height, x.width))
    T = loss.encode(np.array([0, 1, 2, 1]), 3, 3).astype(float)
    program = lower(chain(*layers), x, loss, 4, lean=lean)
    params = start(program, 2, np.float64)
    grads = one_pass(program, params, X, T).grads
    smooth, h = 0, 1e-4
    for i in range(params.size):
        passes = []
        for k in (-2, -1, 1, 2):
            moved = params.copy()
            moved[i] += k * h
            passes.append(one_pass(program, moved, X, T))
        slopes = [p.grads[i] for p in passes]
        if np.ptp(slopes) > 0.01:
            continue
        e = [p.loss for p in passes]
        numeric = (e[0] - 8 * e[1] + 8 * e[2] - e[3]) / (12 * h)
        if abs(slopes[1] + slopes[2] - slopes[0] - slopes[3]) > 1e-6:  # a kink of second order, as Huber's
            continue
        smooth += 1
        assert abs(grads[i] - numeric) <= 1e-6 * max(abs(numeric), np.abs(grads).max())
    assert smooth > 0.7 * params.size


@pytest.mark.parametrize("lean", [True, False])
@pytest.mark.parametrize("function", FUNCTIONS, ids=repr)
def test_every_activation(function, lean):
    check(
        (Conv2D(2, 2, activation=function), Flatten(), Dense(3, function)),
        Shape(1, 3, 3),
        SquaredError(),
        lean,
    )


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_every_loss(loss):
    check((Dense(4, Tanh()), Dense(3)), Shape(3), loss, True)
