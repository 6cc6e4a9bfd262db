"""Random directions against a plain computation, filter by filter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.landscape.filters import filter_numbers, random_plane
from lab.network.layers import Conv2D, Dense, Parameter, TransposedConv2D
from lab.network.shape import Shape

LAYERS = (
    (Dense(5), Shape(7)),
    (Conv2D(4, 3), Shape(3, 8, 8)),
    (Conv2D(6, 3, groups=3), Shape(3, 8, 8)),
    (Conv2D(3, 2, connections=((0,), (0, 1), (1, 2))), Shape(3, 8, 8)),
    (TransposedConv2D(4, 2), Shape(3, 8, 8)),
)


def twin(layer: Dense | Conv2D | TransposedConv2D, weights: np.ndarray) -> list[np.ndarray]:
    """The numbers of each filter, unit by unit, as the layer itself says which weights lead into it."""
    units = layer.units if isinstance(layer, Dense) else layer.filters
    return [weights[layer.weights_into(unit)].ravel() for unit in range(units)]


@pytest.mark.parametrize(("layer", "x"), LAYERS)
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_each_filter_is_as_long_as_its_own(layer: Dense, x: Shape, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parameters = layer.parameters(x)
    w, b = parameters
    named = {w.name: layer.links(x)[:, 0]} if "link" in w.axes else {}
    origin = rng.standard_normal(w.size + b.size).astype(np.float32)
    for set_aside in (True, False):
        plane = random_plane(origin, parameters, seed, set_aside, named)
        for d in (plane.d1, plane.d2):
            own = twin(layer, origin[: w.size].reshape(w.shape))
            drawn = twin(layer, d[: w.size].reshape(w.shape))
            for mine, theirs in zip(own, drawn, strict=True):
                assert np.linalg.norm(theirs) == pytest.approx(np.linalg.norm(mine), rel=1e-5)
            of_bias = np.linalg.norm(d[w.size :])
            assert of_bias == pytest.approx(0 if set_aside else np.linalg.norm(origin[w.size :]), rel=1e-5)


def test_a_filter_is_all_that_leads_into_a_unit() -> None:
    dense, conv = Parameter("w", (2, 3), 3, 2, axes=("unit", "input")), TransposedConv2D(2, 1)
    assert filter_numbers(dense).tolist() == [0, 0, 0, 1, 1, 1]
    (weight, bias) = conv.parameters(Shape(3, 4, 4))
    assert filter_numbers(weight).tolist() == [0, 1, 0, 1, 0, 1]
    assert filter_numbers(bias).tolist() == [0, 0]


def test_a_unit_without_weights_draws_none_and_statistics_stay() -> None:
    parameters = (
        Parameter("w", (2, 3), 3, 2, axes=("unit", "input")),
        Parameter("mean", (2,), 1, 1, penalised=False, learned=False),
    )
    origin = np.array([0, 0, 0, 1, 2, 2, 5, 5], np.float32)
    for set_aside in (True, False):
        d = random_plane(origin, parameters, 3, set_aside).d1
        assert not d[:3].any()
        assert np.linalg.norm(d[3:6]) == pytest.approx(3, rel=1e-5)
        assert not d[6:].any()


def test_the_seed_names_the_draws() -> None:
    origin = np.ones(6, np.float32)
    parameters = (Parameter("w", (2, 3), 3, 2, axes=("unit", "input")),)
    one, same, other = (random_plane(origin, parameters, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.d1, same.d1)
    assert not np.allclose(one.d1, other.d1)
    assert not np.allclose(one.d1, one.d2)
