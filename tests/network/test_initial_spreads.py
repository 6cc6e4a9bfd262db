"""How weights start: the spread each initializer promises, its shape, and that draws come from names alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lab.network.initializers import (
    INITIALIZERS,
    Constant,
    FanIn,
    Given,
    He,
    Normal,
    Orthogonal,
    Uniform,
    Xavier,
    Zero,
    stream,
)

FAN_IN, FAN_OUT = 300, 200
# (initializer, standard deviation by the formula, greatest value or None where there is no limit)
SPREADS = [
    (Zero(), 0, 0),
    (Constant(0.3), 0, 0.3),
    (Uniform(0.2), 0.2 / math.sqrt(3), 0.2),
    (Normal(0.5), 0.5, None),
    (FanIn(), 1 / math.sqrt(300), None),
    (FanIn("uniform"), 1 / math.sqrt(300), math.sqrt(3 / 300)),
    (Xavier("normal"), math.sqrt(2 / 500), None),
    (Xavier(), math.sqrt(2 / 500), math.sqrt(6 / 500)),
    (He(), math.sqrt(2 / 300), None),
    (He("uniform"), math.sqrt(2 / 300), math.sqrt(6 / 300)),
    (Orthogonal(), 1 / math.sqrt(300), None),
    (Orthogonal(2.0), 2 / math.sqrt(300), None),
    (Given(), 0, 0),
]


def draw(initializer, shape=(FAN_OUT, FAN_IN), name="l0.weight", seed=1):
    return initializer.draw(shape, math.prod(shape[1:]), shape[0], stream(seed, name))


@pytest.mark.parametrize(("initializer", "deviation", "most"), SPREADS, ids=[repr(s[0]) for s in SPREADS])
def test_spread(initializer, deviation, most):
    W = draw(initializer)
    assert W.dtype == np.float32
    assert W.shape == (FAN_OUT, FAN_IN)
    assert initializer.deviation(FAN_IN, FAN_OUT) == pytest.approx(deviation)
    assert W.std() == pytest.approx(deviation, rel=0.02, abs=1e-7)
    if most is not None:
        assert np.abs(W).max() <= most * (1 + 1e-6)
        if deviation:
            assert np.abs(W).max() > 0.99 * most
            # flat: half of the numbers lie in the inner half
            assert (np.abs(W) < most / 2).mean() == pytest.approx(0.5, abs=0.01)
    elif not isinstance(initializer, Orthogonal):
        assert (np.abs(W) < deviation).mean() == pytest.approx(0.6827, abs=0.01)
    if not isinstance(initializer, Constant):
        assert abs(W.mean()) < 4 * deviation / math.sqrt(W.size) + 1e-12


def test_the_list_is_complete():
    assert {type(s[0]) for s in SPREADS} == set(INITIALIZERS)


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4), (1, 5), (5, 1), (6, 3, 3, 3), (40, 2, 3, 3)])
def test_orthogonal(shape):
    W = draw(Orthogonal(1.5), shape).reshape(shape[0], -1).astype(float)
    small = W @ W.T if W.shape[0] <= W.shape[1] else W.T @ W
    np.testing.assert_allclose(small, 1.5**2 * np.eye(len(small)), atol=1e-6)


def test_orthogonal_prefers_no_direction():
    """The mean over many draws of each entry is 0, and of its square 1/n."""
    many = np.stack([draw(Orthogonal(), (3, 3), seed=s) for s in range(3000)])
    assert np.abs(many.mean(0)).max() < 0.05
    assert np.abs((many**2).mean(0) - 1 / 3).max() < 0.03


@pytest.mark.torch
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Xavier(), lambda init, w: init.xavier_uniform_(w)),
        (Xavier("normal"), lambda init, w: init.xavier_normal_(w)),
        (He(), lambda init, w: init.kaiming_normal_(w, nonlinearity="relu")),
        (He("uniform"), lambda init, w: init.kaiming_uniform_(w, nonlinearity="relu")),
        (FanIn(), lambda init, w: init.kaiming_normal_(w, nonlinearity="linear")),
        (Orthogonal(1.3), lambda init, w: init.orthogonal_(w, 1.3)),
    ],
    ids=lambda v: "" if callable(v) else repr(v),
)
def test_spread_as_pytorch(ours, theirs):
    torch = pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
    torch.manual_seed(1)
    w = theirs(torch.nn.init, torch.empty(FAN_OUT, FAN_IN)).numpy()
    assert draw(ours).std() == pytest.approx(w.std(), rel=0.02)
    if getattr(ours, "distribution", "") == "uniform":
        assert np.abs(draw(ours)).max() == pytest.approx(np.abs(w).max(), rel=0.01)


@pytest.mark.parametrize("initializer", [s[0] for s in SPREADS], ids=repr)
def test_a_draw_is_named_by_seed_and_parameter(initializer):
    assert np.array_equal(draw(initializer), draw(initializer))
    if initializer.deviation(FAN_IN, FAN_OUT):
        assert not np.array_equal(draw(initializer), draw(initializer, seed=2))
        assert not np.array_equal(draw(initializer), draw(initializer, name="l1.weight"))
