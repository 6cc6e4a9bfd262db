"""How weights start: spreads as published, and draws that depend on the seed and the name alone."""

import numpy as np
import pytest

from lab.network.initializers import (
    INITIALIZERS,
    AnyInitializer,
    Constant,
    FanIn,
    Given,
    He,
    Normal,
    Xavier,
    Zero,
    stream,
)
from lab.network.layers import Conv2D, Dense, TransposedConv2D
from lab.network.shape import Shape
from lab.problem import ProblemError
from lab.value import changed, from_json, to_json

SHAPE = (120, 400)
SPREADS = [
    (FanIn(), 1 / np.sqrt(400)),
    (FanIn(distribution="uniform"), 1 / np.sqrt(400)),
    (Xavier(), np.sqrt(2 / 520)),
    (Xavier(distribution="normal"), np.sqrt(2 / 520)),
    (He(), np.sqrt(2 / 400)),
    (He(distribution="uniform"), np.sqrt(2 / 400)),
    (Normal(0.3), 0.3),
]


def drawn(start, seed=1, name="a.weight", shape=SHAPE):
    return start.draw(shape, 400, 120, stream(seed, name))


@pytest.mark.parametrize(("start", "spread"), SPREADS)
def test_spread(start, spread):
    assert start.deviation(400, 120) == pytest.approx(spread)
    values = drawn(start)
    assert values.dtype == np.float32
    assert values.shape == SHAPE
    # five standard errors of 48,000 draws
    assert values.std() == pytest.approx(spread, rel=0.02)
    assert abs(values.mean()) < 5 * spread / np.sqrt(values.size)


@pytest.mark.parametrize(("start", "spread"), SPREADS)
def test_shape_of_the_draw(start, spread):
    beyond = (np.abs(drawn(start)) > spread * np.sqrt(3)).mean()
    if getattr(start, "distribution", "normal") == "uniform":
        assert beyond == 0
        assert np.abs(drawn(start)).max() > 0.999 * spread * np.sqrt(3)
    else:
        assert beyond == pytest.approx(0.0833, abs=0.01)


def test_zero_and_constant():
    assert not drawn(Zero()).any()
    assert (drawn(Constant(0.25)) == 0.25).all()


def test_given_numbers_are_the_weights_and_the_biases():
    start = Given((1.0, 2.0, 3.0), (0.5,))
    np.testing.assert_array_equal(drawn(start, shape=(2, 2)), [[1, 2], [3, 0]])
    np.testing.assert_array_equal(drawn(start, shape=(1, 2)), [[1, 2]])
    for layer in (
        Dense(2, start=start),
        Conv2D(2, 1, start=start),
        TransposedConv2D(2, 1, start=start),
        Conv2D(2, 1, start=start, connections=((0, 1), (1,))),
    ):
        weight, bias = layer.parameters(Shape(2))
        w, b = (p.start.draw(p.shape, p.fan_in, p.fan_out, stream(1, p.name)) for p in (weight, bias))
        assert w.ravel().tolist() == [1, 2, 3, 0][: w.size]
        assert b.tolist() == [0.5, 0]


@pytest.mark.parametrize("start", [i() for i in INITIALIZERS])
def test_the_same_name_and_seed_give_the_same_draw(start):
    np.testing.assert_array_equal(drawn(start), drawn(start))


@pytest.mark.parametrize("start", [FanIn(), Xavier(), He(), Normal()])
def test_another_name_or_seed_gives_another(start):
    draws = [drawn(start), drawn(start, seed=2), drawn(start, name="b.weight"), drawn(start, name="a.bias")]
    for i, a in enumerate(draws):
        for b in draws[:i]:
            assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.03


def test_a_draw_starts_the_same_whatever_its_length():
    """More units: the old ones start as before."""
    short, long = drawn(FanIn(), shape=(5, 400)), drawn(FanIn(), shape=(9, 400))
    np.testing.assert_array_equal(short, long[:5])


@pytest.mark.parametrize("seed", [0, 2**31 - 1])
def test_any_seed(seed):
    assert np.isfinite(drawn(FanIn(), seed=seed)).all()


def test_values():
    assert len({i.__struct_config__.tag for i in INITIALIZERS}) == len(INITIALIZERS)
    for start in INITIALIZERS:
        assert start.title
        assert start.formula
        assert from_json(to_json(start()), AnyInitializer, "file") == start()
    with pytest.raises(ProblemError, match="spread"):
        changed(Normal(), spread=-1.0)
    with pytest.raises(ProblemError, match="distribution"):
        from_json(b'{"start": "he", "distribution": "cauchy"}', AnyInitializer, "file")
