"""Rules of learning at work in the machine against PyTorch: every optimizer, and every loss in all its settings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machine import SOFTMAX, SQUARED, cases_of, chain, quick, start, train

from lab.kernels.chance import shuffle
from lab.learning.losses import (
    LOSSES,
    AbsoluteError,
    BinaryCrossEntropy,
    Hinge,
    Huber,
    OutputItself,
    SoftmaxCrossEntropy,
    SquaredError,
)
from lab.learning.optimizers import (
    OPTIMIZERS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    Momentum,
    Nesterov,
    RMSprop,
    Rprop,
)
from lab.network.activations import Sigmoid, Tanh
from lab.network.layers import Conv2D, Dense, Flatten
from lab.network.program import lower
from lab.network.shape import Shape

torch = pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
import pytorch  # noqa: E402

F = torch.nn.functional

pytestmark = pytest.mark.torch

FUNCTIONS = {Tanh: torch.tanh, Sigmoid: torch.sigmoid}

# settings under which two paths that steer themselves stay together for 200 updates, though a weight is rounded
# 200 times: no root near 0. Every other setting is compared in tests/learning on one path for both
shares, velocities = st.floats(0.1, 0.9), st.sampled_from(["weights", "gradients"])
CALM = {
    SGD: st.builds(SGD, rate=st.floats(0.01, 0.2)),
    Momentum: st.builds(Momentum, rate=st.floats(0.005, 0.05), momentum=shares, velocity_of=velocities),
    Nesterov: st.builds(Nesterov, rate=st.floats(0.005, 0.05), momentum=shares, velocity_of=velocities),
    Rprop: st.builds(
        Rprop, rate=st.floats(1e-3, 0.01), up=st.floats(1.05, 1.2), down=st.floats(0.3, 0.8), turn=st.just("wait")
    ),
    RMSprop: st.builds(RMSprop, rate=st.floats(5e-4, 2e-3), decay=shares, epsilon=st.floats(0.01, 0.1)),
    Adam: st.builds(
        Adam, rate=st.floats(1e-3, 5e-3), beta1=shares, beta2=st.floats(0.9, 0.999), epsilon=st.floats(1e-3, 0.1)
    ),
    AdamW: st.builds(
        AdamW,
        rate=st.floats(1e-3, 5e-3),
        beta1=shares,
        beta2=st.floats(0.9, 0.999),
        epsilon=st.floats(1e-3, 0.1),
        decay=st.floats(0, 0.01),
        decay_times=st.sampled_from(["rate", "schedule"]),
        decay_of=st.sampled_from(["weights", "all"]),
    ),
    Adadelta: st.builds(Adadelta, rate=st.floats(0.2, 1), rho=shares, epsilon=st.floats(1e-4, 1e-2)),
    Adagrad: st.builds(Adagrad, rate=st.floats(0.005, 0.05), epsilon=st.floats(1e-3, 0.1)),
}  # fmt: skip


@st.composite
def smooth(draw):
    """(layers, input): one or two hidden layers, an image first or not; no kink parts two paths."""
    functions = st.sampled_from([Tanh(), Sigmoid()])
    hidden = [Dense(draw(st.integers(1, 8)), draw(functions)) for _ in range(draw(st.integers(0, 1)))]
    if draw(st.booleans()):
        first = Conv2D(
            draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 2)), 1, draw(functions)
        )
        return (first, Flatten(), *hidden, Dense(3)), Shape(draw(st.integers(1, 2)), 4, 5)
    return (*hidden, Dense(draw(st.integers(1, 6)), draw(functions)), Dense(3)), Shape(
        draw(st.integers(1, 6))
    )


def forward(layers, leaves, X):
    for i, layer in enumerate(layers):
        match layer:
            case Dense():
                X = F.linear(X.flatten(1), leaves[f"l{i}.weight"], leaves.get(f"l{i}.bias"))
            case Conv2D(stride=s, padding=p):
                X = F.conv2d(X, leaves[f"l{i}.weight"], leaves[f"l{i}.bias"], s, p)
            case Flatten():
                X = X.flatten(1)
        function = FUNCTIONS.get(type(getattr(layer, "activation", None)))
        X = function(X) if function else X
    return X


def leaves_of(program, params):
    return {
        name: torch.tensor(values.astype(float), requires_grad=True)
        for name, values in program.split(params).items()
    }


def close(ours, theirs, relative=1e-5):
    theirs = theirs.detach().numpy()
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=relative * max(1.0, np.abs(theirs).max()))


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.title)
def test_200_updates_of_a_network_drawn_at_random(kind):
    """Ours in float32 and PyTorch's in float64, each on its own path, from mini-batches in the same order."""
    assert set(CALM) == set(OPTIMIZERS)

    @quick(8)
    @given(CALM[kind], smooth(), st.sampled_from([SOFTMAX, SQUARED]), st.integers(0, 10**6))
    def check(o, network, loss, seed):
        layers, x = network
        # where a gradient comes to rest at 0 its sign is a matter of rounding, and rprop's paths part
        N, steps = 20, 30 if kind is Rprop else 200
        batch = N if kind is Rprop else 8  # G3
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((N, x.channels, x.height, x.width)).astype(np.float32)
        T = np.eye(3, dtype=np.float32)[rng.integers(0, 3, N)]
        program = lower(chain(*layers), x, loss)
        params = start(program, seed)
        ours = train(program, params, cases_of(X, T), o, steps, batch=batch, seed=seed)
        leaves = leaves_of(program, params)
        parts = [[v for n, v in leaves.items() if n.endswith(end)] for end in ("weight", "bias")]
        theirs, _ = pytorch.optimizer(o, *parts)
        order, seen, errors = np.empty(N, np.int64), 0, []
        Xt, Tt = torch.tensor(X.astype(float)), torch.tensor(T.astype(float))
        for _ in range(steps):
            shuffle(order, seed, seen // N)
            chosen = torch.tensor(order[seen % N : min(seen % N + batch, N)])
            Y = forward(layers, leaves, Xt[chosen])
            error = F.cross_entropy(Y, Tt[chosen]) if loss is SOFTMAX else 0.5 * F.mse_loss(Y, Tt[chosen]) * 3
            theirs.zero_grad()
            error.backward()
            theirs.step()
            errors.append(error.item())
            seen += len(chosen)
        np.testing.assert_allclose(ours.losses, errors, rtol=1e-4, atol=1e-5)
        for name, values in program.split(ours.memory.params).items():
            close(values, leaves[name])

    check()


examples, outputs = st.sampled_from(["mean", "sum"]), st.sampled_from(["sum", "mean"])
SETTINGS = {
    SoftmaxCrossEntropy: st.just(SoftmaxCrossEntropy()),
    BinaryCrossEntropy: st.builds(BinaryCrossEntropy, over_examples=examples, over_outputs=outputs),
    Hinge: st.builds(
        Hinge, margin=st.floats(0.1, 3), against=st.sampled_from(["all", "worst"]), over_examples=examples
    ),
    SquaredError: st.builds(SquaredError, over_examples=examples, over_outputs=outputs),
    AbsoluteError: st.builds(AbsoluteError, over_examples=examples, over_outputs=outputs),
    Huber: st.builds(Huber, delta=st.floats(0.1, 2), over_examples=examples, over_outputs=outputs),
    OutputItself: st.just(OutputItself()),
}


def error_of(loss, Y, T):
    """By PyTorch's own functions and reductions wherever it has them."""
    K = Y.shape[1]
    mean = getattr(loss, "over_examples", "mean") == "mean"
    both = getattr(loss, "over_outputs", "sum") == "mean"
    match loss:
        case SoftmaxCrossEntropy():
            return F.cross_entropy(Y, T)
        case Hinge(against="all"):
            return K * F.multi_margin_loss(
                Y, T.argmax(1), margin=loss.margin, reduction="mean" if mean else "sum"
            )
        case Hinge():
            others = F.one_hot(T.argmax(1), K) == 0
            lead = Y.gather(1, T.argmax(1, keepdim=True)) - Y
            short = F.relu(loss.margin - lead[others].reshape(len(Y), K - 1)).max(1).values
            return short.mean() if mean else short.sum()
        case OutputItself():
            return Y.sum(1).mean()
        case BinaryCrossEntropy():
            errors = F.binary_cross_entropy_with_logits
        case SquaredError():
            errors = F.mse_loss
        case AbsoluteError():
            errors = F.l1_loss
        case Huber():
            errors = lambda Y, T, reduction: F.huber_loss(Y, T, reduction=reduction, delta=loss.delta)  # noqa: E731
    half = 0.5 if isinstance(loss, SquaredError) and not both else 1.0
    if mean and both:
        return errors(Y, T, reduction="mean")
    return half * errors(Y, T, reduction="sum") / (len(Y) if mean else 1) / (K if both else 1)


@pytest.mark.parametrize("kind", LOSSES, ids=lambda kind: kind.title)
def test_the_error_that_is_told_and_followed(kind):
    """What training logs of a batch, and the gradient that it follows, over examples and outputs as chosen."""
    assert set(SETTINGS) == set(LOSSES)

    @quick(20)
    @given(SETTINGS[kind], smooth(), st.integers(1, 12), st.integers(0, 10**6))
    def check(loss, network, N, seed):
        layers, x = network
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((N, x.channels, x.height, x.width)).astype(np.float32)
        if kind in (SoftmaxCrossEntropy, BinaryCrossEntropy, Hinge):
            T = loss.encode(rng.integers(0, 3, N), 3, 3)
        else:
            T = rng.standard_normal((N, 3)).astype(np.float32)
        program = lower(chain(*layers), x, loss)
        params = start(program, seed)
        ours = train(program, params, cases_of(X, T), SGD(rate=0.0), 1, batch=N, sums=loss.sums_examples)
        leaves = leaves_of(program, params)
        error = error_of(
            loss, forward(layers, leaves, torch.tensor(X.astype(float))), torch.tensor(T.astype(float))
        )
        error.backward()
        assert ours.losses[0] == pytest.approx(error.item(), rel=1e-5, abs=1e-6)
        largest = max(leaf.grad.abs().max().item() for leaf in leaves.values())
        for name, gradient in program.split(ours.memory.grads[0]).items():
            wanted = leaves[name].grad.numpy()
            np.testing.assert_allclose(gradient, wanted, rtol=0, atol=1e-5 * max(largest, 1e-3), err_msg=name)

    check()
