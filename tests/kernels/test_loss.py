"""Every loss: its formula in NumPy, central differences in float64, and PyTorch, over sizes drawn at random."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import special

from lab.kernels import loss as kernel
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
from lab.network.shape import Shape

drawn = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def hinge(Y, T, loss):
    """Summed over the examples; Y and T are [n, K]."""
    m, n, K = loss.margin, *Y.shape
    if K == 1:
        return np.maximum(0, m - T * Y).sum()
    short = np.maximum(0, m - Y[np.arange(n), T.argmax(1)][:, None] + Y)
    short[np.arange(n), T.argmax(1)] = 0
    return short.sum() if loss.against == "all" else short.max(1).sum()


def over(loss, parts):
    """Errors of each output [n, K]: the sum or the mean over the outputs, the sum over the examples."""
    return parts.sum() / (parts.shape[1] if loss.over_outputs == "mean" else 1)


FORMULAS = {
    SoftmaxCrossEntropy: lambda Y, T, loss: -(T * special.log_softmax(Y, 1)).sum(),
    BinaryCrossEntropy: lambda Y, T, loss: over(
        loss, -T * special.log_expit(Y) - (1 - T) * special.log_expit(-Y)
    ),
    Hinge: hinge,
    SquaredError: lambda Y, T, loss: over(loss, (T - Y) ** 2) * (1 if loss.over_outputs == "mean" else 0.5),
    AbsoluteError: lambda Y, T, loss: over(loss, np.abs(T - Y)),
    Huber: lambda Y, T, loss: over(loss, special.huber(loss.delta, T - Y)),
    OutputItself: lambda Y, T, loss: Y.sum(),
}

outputs = st.sampled_from(["sum", "mean"])
VARIANTS = {
    SoftmaxCrossEntropy: st.just(SoftmaxCrossEntropy()),
    BinaryCrossEntropy: st.builds(BinaryCrossEntropy, over_outputs=outputs),
    Hinge: st.builds(
        Hinge, margin=st.sampled_from([0.5, 1.0, 3.0]), against=st.sampled_from(["all", "worst"])
    ),
    SquaredError: st.builds(SquaredError, over_outputs=outputs),
    AbsoluteError: st.builds(AbsoluteError, over_outputs=outputs),
    Huber: st.builds(Huber, delta=st.sampled_from([0.1, 1.0, 2.5]), over_outputs=outputs),
    OutputItself: st.just(OutputItself()),
}
every = pytest.mark.parametrize("kind", LOSSES, ids=lambda kind: kind.title)


@st.composite
def cases(draw, kind):
    """(loss, Y, T) with Y, T float64 [n, K] of numbers that float32 has too."""
    loss = draw(VARIANTS[kind])
    n, K = draw(st.integers(1, 9)), draw(st.integers(2 if kind is SoftmaxCrossEntropy else 1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    Y = draw(st.sampled_from([0.3, 2.0, 20.0])) * rng.standard_normal((n, K))
    if kind in (SoftmaxCrossEntropy, Hinge):
        labels = rng.integers(0, max(K, 2), n)
        T = loss.encode(labels, max(K, 2), K).astype(float)
    elif kind is BinaryCrossEntropy:
        T = draw(st.sampled_from([rng.random((n, K)), rng.integers(0, 2, (n, K)) * 1.0]))
    else:
        T = rng.standard_normal((n, K))
    return loss, Y.astype(np.float32).astype(float), T.astype(np.float32).astype(float)


def compute(loss, Y, T, dtype, scale=1.0, gradient=True):
    """(error, dY as [n, K]): the machine has [K, n]."""
    n, K = Y.shape
    dY = np.full(n * K if gradient else 0, np.nan, dtype)
    flat = [np.ascontiguousarray(a.T, dtype).ravel() for a in (Y, T)]
    error = kernel.loss(loss.kind, *flat, dY, K, n, 1, scale, np.array(loss.constants))
    return error, dY.reshape(K, n).T if gradient else None


@every
def test_formula_and_differences(kind):
    assert set(FORMULAS) == set(VARIANTS) == set(LOSSES)
    compared = 0

    @drawn
    @given(cases(kind))
    def check(case):
        nonlocal compared
        loss, Y, T = case
        wanted = FORMULAS[kind](Y, T, loss)
        error, dY = compute(loss, Y, T, np.float64)
        assert error == pytest.approx(wanted, rel=1e-12, abs=1e-12)
        single, d32 = compute(loss, Y, T, np.float32)
        assert single == pytest.approx(wanted, rel=1e-5, abs=1e-6)
        # p - t loses what p has after its last bit: an error of one unit there is right, however small p - t is
        np.testing.assert_allclose(d32, dY, rtol=0, atol=max(2e-6 * np.abs(dY).max(), 2**-23))
        # a difference of fourth order, where no kink lies in between
        h = 1e-4
        for i in np.ndindex(*Y.shape):
            values, slopes = [], []
            for k in (-2, -1, 1, 2):
                moved = Y.copy()
                moved[i] += k * h
                value, slope = compute(loss, moved, T, np.float64)
                values.append(value)
                slopes.append(slope[i])
            if kind in (Hinge, AbsoluteError, Huber) and np.ptp(slopes) > 10 * h:
                continue
            if (
                kind is Huber
                and np.ptp(slopes) > 0
                and np.ptp(slopes) < 3.9 * h / (Y.shape[1] if loss.over_outputs == "mean" else 1)
            ):
                continue  # where the parabola goes over into a line
            numeric = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
            # what is lost to rounding in the difference of two errors
            lost = 4 * np.finfo(float).eps * abs(error) / h
            assert abs(dY[i] - numeric) <= 1e-6 * max(abs(dY[i]), abs(numeric), 1e-3) + lost
            compared += 1

    check()
    assert compared > 100


@every
def test_scale_multiplies_the_derivative_alone(kind):
    @drawn
    @given(cases(kind))
    def check(case):
        loss, Y, T = case
        error, dY = compute(loss, Y, T, np.float64)
        scaled, third = compute(loss, Y, T, np.float64, 1 / 3)
        assert scaled == error == compute(loss, Y, T, np.float64, gradient=False)[0]
        np.testing.assert_allclose(third, dY / 3, rtol=1e-12, atol=1e-15)

    check()


@pytest.mark.torch
@every
def test_as_pytorch(kind):
    torch = pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
    F = torch.nn.functional

    def theirs(loss, Y, T):
        """Summed over the examples."""
        K, n = Y.shape[1], len(Y)
        mean = getattr(loss, "over_outputs", "sum") == "mean"
        c = T.argmax(1)
        match loss:
            case SoftmaxCrossEntropy():
                return F.cross_entropy(Y, T, reduction="sum")
            case BinaryCrossEntropy():
                total = F.binary_cross_entropy_with_logits(Y, T, reduction="sum")
            case Hinge() if K == 1:
                return torch.relu(loss.margin - T * Y).sum()
            case Hinge(against="all"):
                return K * F.multi_margin_loss(Y, c, margin=loss.margin, reduction="sum")
            case Hinge():
                # Crammer and Singer's is not in PyTorch: the largest term of multi_margin_loss
                short = loss.margin - Y[torch.arange(n), c][:, None] + Y
                others = torch.nn.functional.one_hot(c, K) == 0
                return torch.relu(short.masked_fill(~others, -torch.inf).max(1).values).sum()
            case SquaredError():
                total = F.mse_loss(Y, T, reduction="sum") * (1.0 if mean else 0.5)
            case AbsoluteError():
                total = F.l1_loss(Y, T, reduction="sum")
            case Huber():
                total = F.huber_loss(Y, T, reduction="sum", delta=loss.delta)
            case OutputItself():
                return Y.sum()
        return total / K if mean else total

    @drawn
    @given(cases(kind))
    def check(case):
        loss, Y, T = case
        leaf = torch.tensor(Y, requires_grad=True)
        error = theirs(loss, leaf, torch.tensor(T))
        error.backward()
        ours, dY = compute(loss, Y, T, np.float32)
        wanted = leaf.grad.numpy()
        assert ours == pytest.approx(error.item(), rel=1e-5, abs=1e-6)
        np.testing.assert_allclose(dY, wanted, rtol=0, atol=1e-5 * max(np.abs(wanted).max(), 1e-3))

    check()


def test_logits_far_out_neither_overflow_nor_vanish():
    Y, T = np.array([[1000.0, -1000.0, 30.0, -30.0]]), np.array([[1.0, 0.0, 1.0, 0.0]])
    error, dY = compute(BinaryCrossEntropy(), Y, T, np.float32)
    assert error == pytest.approx(2 * np.exp(-30), rel=1e-5)
    assert np.abs(dY).max() < 1e-12
    wrong, dY = compute(BinaryCrossEntropy(), -Y, T, np.float32)
    assert wrong == pytest.approx(2060)
    assert np.abs(dY) == pytest.approx(1)


@every
def test_nan_is_not_lost(kind):
    K = 1 if kind is Hinge else 3
    Y = np.full((2, K), np.nan)
    T = kind().encode(np.array([0, 1]), max(K, 2), K)
    assert not np.isfinite(compute(kind(), Y, T, np.float32)[0])


def test_classes_become_targets():
    labels = np.array([0, 1, 2])
    assert Hinge().encode(labels, 3, 3).tolist() == [[1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
    assert Hinge().encode(labels[:2], 2, 1).tolist() == [[-1], [1]]
    assert BinaryCrossEntropy().encode(labels[:2], 2, 1).tolist() == [[0], [1]]
    assert Huber(low=-1, high=2).encode(labels[:2], 2, 2).tolist() == [[2, -1], [-1, 2]]


@every
def test_one_output_is_right_on_its_side_of_the_threshold(kind):
    if kind in (SoftmaxCrossEntropy, OutputItself):
        return
    loss = kind()
    T = loss.encode(np.array([0, 1, 1]), 2, 1).ravel().astype(np.float32)
    middle = loss.constants[kernel.THRESHOLD]
    Y = np.array([middle - 0.2, middle + 0.2, middle - 0.2], np.float32)
    assert kernel.count_right(Y, T, 1, 3, middle) == 2


def test_what_a_loss_cannot_do_is_said():
    assert Hinge().problem(0, Shape(1), Shape(1)) is not None
    assert Hinge().problem(2, Shape(2), Shape(1)) is None
    assert Hinge().problem(3, Shape(3), Shape(2)) is not None
    assert BinaryCrossEntropy().problem(0, Shape(64), Shape(64)) is None
    assert AbsoluteError().problem(0, Shape(64), Shape(63)) is not None
