"""How weights start, against torch.nn.init: fan-in and fan-out of layers drawn at random, and the spreads of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machine import quick

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
from lab.network.layers import Conv2D, Dense
from lab.network.shape import Shape

torch = pytest.importorskip("torch", reason="PyTorch, the other side of the comparison, is not installed")
init = torch.nn.init

pytestmark = pytest.mark.torch

shapes = st.one_of(
    st.tuples(st.integers(1, 60), st.integers(1, 200)).map(lambda s: (Dense(s[0]), Shape(s[1]))),
    st.tuples(st.integers(1, 20), st.integers(1, 20), st.integers(1, 5)).map(
        lambda s: (Conv2D(s[0], s[2]), Shape(s[1], 6, 7))
    ),
)
spreads = st.floats(1e-3, 10)
THEIRS = {
    # our settings, PyTorch's initializer with the same numbers
    Zero: (st.just(Zero()), lambda o, w: init.zeros_(w)),
    Constant: (st.builds(Constant, st.floats(-10, 10)), lambda o, w: init.constant_(w, o.value)),
    Uniform: (st.builds(Uniform, spreads), lambda o, w: init.uniform_(w, -o.reach, o.reach)),
    Normal: (st.builds(Normal, spreads), lambda o, w: init.normal_(w, 0.0, o.spread)),
    FanIn: (
        st.builds(FanIn, st.sampled_from(["normal", "uniform"])),
        lambda o, w: getattr(init, f"kaiming_{o.distribution}_")(w, nonlinearity="linear"),
    ),
    Xavier: (
        st.builds(Xavier, st.sampled_from(["normal", "uniform"])),
        lambda o, w: getattr(init, f"xavier_{o.distribution}_")(w),
    ),
    He: (
        st.builds(He, st.sampled_from(["normal", "uniform"])),
        lambda o, w: getattr(init, f"kaiming_{o.distribution}_")(w, nonlinearity="relu"),
    ),
    Given: (
        st.builds(Given, st.lists(st.floats(-10, 10), max_size=40).map(tuple)),
        lambda o, w: w.copy_(torch.tensor((o.weights + (0.0,) * w.numel())[: w.numel()]).reshape(w.shape)),
    ),
    Orthogonal: (st.builds(Orthogonal, st.floats(0.1, 3)), lambda o, w: init.orthogonal_(w, o.gain)),
}


def theirs(kind, o, shape):
    """PyTorch's draw, and the standard draw that it is made of: the same stream of numbers, not scaled."""
    w, plain = torch.empty(shape, dtype=torch.float64), torch.empty(shape, dtype=torch.float64)
    torch.manual_seed(1)
    THEIRS[kind][1](o, w)
    torch.manual_seed(1)
    if getattr(o, "distribution", "normal") == "uniform":
        init.uniform_(plain, -(3**0.5), 3**0.5)
    else:
        init.normal_(plain)
    return w.numpy(), plain.numpy()


@quick(50)
@given(shapes)
def test_fans_of_a_layer(layer_and_input):
    layer, x = layer_and_input
    weight = next(p for p in layer.parameters(x) if p.name == "weight")
    fans = init._calculate_fan_in_and_fan_out(torch.empty(weight.shape))
    assert (weight.fan_in, weight.fan_out) == fans


@pytest.mark.parametrize("kind", INITIALIZERS, ids=lambda kind: kind.title)
def test_spread(kind):
    """A standard draw times our deviation is PyTorch's draw, and so is ours of our own stream."""
    assert set(THEIRS) == set(INITIALIZERS)

    @quick(25)
    @given(THEIRS[kind][0], shapes, st.integers(0, 10**6))
    def check(o, layer_and_input, seed):
        layer, x = layer_and_input
        weight = next(p for p in layer.parameters(x) if p.name == "weight")
        w, plain = theirs(kind, o, weight.shape)
        ours = o.draw(weight.shape, weight.fan_in, weight.fan_out, stream(seed, "w")).astype(float)
        if kind in (Zero, Constant, Given):
            np.testing.assert_allclose(ours, w, rtol=1e-6, atol=1e-30)
        elif kind is Orthogonal:
            rows = weight.shape[0]
            # both have the same lengths: W Wᵀ or Wᵀ W, whichever is smaller, is g² I
            small = [
                m @ m.T if len(m) <= m.shape[1] else m.T @ m for m in (v.reshape(rows, -1) for v in (ours, w))
            ]
            np.testing.assert_allclose(*small, atol=2e-6 * o.gain**2)
        else:
            deviation = o.deviation(weight.fan_in, weight.fan_out)
            np.testing.assert_allclose(w, plain * deviation, rtol=1e-6, atol=1e-12)
            generator = stream(seed, "w")
            if getattr(o, "distribution", "normal") == "uniform":
                standard = (generator.random(weight.shape, dtype=np.float32) * 2 - 1) * 3**0.5
            else:
                standard = generator.standard_normal(weight.shape, dtype=np.float32)
            np.testing.assert_allclose(ours, standard * deviation, rtol=1e-5, atol=1e-9)

    check()
