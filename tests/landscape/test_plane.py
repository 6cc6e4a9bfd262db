"""Planes through weight space against a plain computation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.landscape import plane as plane_module
from lab.landscape.angles import angle, angle_to_contour, cosine
from lab.landscape.filters import random_plane
from lab.landscape.main_directions import path_plane
from lab.landscape.plane import plane_through, weights_plane
from lab.network.layers import Parameter

PARAMETERS = (Parameter("w", (3, 4), 4, 3), Parameter("b", (3,), 4, 3), Parameter("k", (2, 1, 3, 3), 9, 18))


def test_each_random_filter_is_as_long_as_its_own_and_biases_stay() -> None:
    origin = np.random.default_rng(1).standard_normal(33).astype(np.float32)
    plane = random_plane(origin, PARAMETERS, seed=5)
    for d in (plane.d1, plane.d2):
        for own, drawn in zip(origin[:12].reshape(3, 4), d[:12].reshape(3, 4), strict=True):
            assert np.isclose(np.linalg.norm(own), np.linalg.norm(drawn), rtol=1e-5)
        assert not d[12:15].any()
        for own, drawn in zip(origin[15:].reshape(2, 9), d[15:].reshape(2, 9), strict=True):
            assert np.isclose(np.linalg.norm(own), np.linalg.norm(drawn), rtol=1e-5)
    assert np.array_equal(plane.d1, random_plane(origin, PARAMETERS, seed=5).d1)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 12), st.integers(3, 30))
def test_the_main_directions_are_those_of_a_singular_value_decomposition(
    seed: int, points: int, size: int
) -> None:
    rng = np.random.default_rng(seed)
    vectors = list((rng.standard_normal((points, size)) * rng.uniform(0.1, 5, size)).astype(np.float32))
    plane = path_plane(vectors)
    away = np.stack(vectors[:-1]).astype(float) - vectors[-1]
    _, s, V = np.linalg.svd(away, full_matrices=False)
    for k, d in enumerate((plane.d1, plane.d2)):
        gap = (s[k] - s[k + 1]) / s[0] if k + 1 < len(s) else 1
        if gap > 0.02 and (k == 0 or (s[0] - s[1]) / s[0] > 0.02):
            assert abs(d @ V[k]) > 0.999
    assert abs(plane.cosine) < 1e-3
    assert f"{s[0] ** 2 / (s**2).sum():.0%}" in plane.axes[0]


def test_projection_gives_back_points_on_the_plane_and_measures_the_rest() -> None:
    rng = np.random.default_rng(3)
    plane = random_plane(rng.standard_normal(33).astype(np.float32), PARAMETERS, seed=1)
    on = plane.points(np.array([0.3, -2.0]), 0.7)
    coordinates, distances = plane.project(list(on))
    assert np.allclose(coordinates, [[0.3, 0.7], [-2.0, 0.7]], atol=1e-5)
    assert distances.max() < 1e-4
    off = on[0].copy()
    off[12] += 2.0  # a bias: neither direction has it
    assert np.isclose(plane.project([off])[1][0], 2.0, rtol=1e-4)


def test_a_plane_of_two_weights_speaks_in_the_weights_own_values() -> None:
    origin = np.arange(6, dtype=np.float32)
    plane = weights_plane(origin, 1, 4, ("a", "b"))
    coordinates, distances = plane.project([origin])
    assert coordinates.tolist() == [[1.0, 4.0]]
    assert distances[0] == 0
    assert plane.points(np.array([9.0]), 8.0)[0].tolist() == [0, 9, 2, 3, 8, 5]


def test_a_path_that_does_not_turn_has_no_plane() -> None:
    direction = np.ones(5, np.float32)
    assert path_plane([direction * k for k in range(6)]) is None
    assert path_plane([direction]) is None


def test_a_line_has_one_direction() -> None:
    rng = np.random.default_rng(4)
    plane = random_plane(rng.standard_normal(33).astype(np.float32), PARAMETERS, seed=1)
    line = plane.line()
    assert line.is_line
    assert not plane.is_line
    assert line.axes == (plane.axes[0], "")
    point = plane.points(np.array([0.4]), 0.0)[0]
    off = point + 2 * plane.d2
    coordinates, distances = line.project([point, off])
    assert np.allclose(coordinates[0], [0.4, 0], atol=1e-5)
    assert coordinates[1, 1] == 0
    along = float(plane.d1 @ plane.d2) / float(plane.d1 @ plane.d1)
    assert np.isclose(distances[1], 2 * np.linalg.norm(plane.d2 - along * plane.d1), rtol=1e-4)


def test_a_plane_through_points_holds_them() -> None:
    rng = np.random.default_rng(5)
    a, b, c = rng.standard_normal((3, 20)).astype(np.float32)
    plane = plane_through(a, b, c.astype(float) - a, ("1", "2"))
    coordinates, distances = plane.project([a, b, c])
    assert distances.max() < 1e-5
    assert np.allclose(coordinates[:2], [[0, 0], [1, 0]], atol=1e-6)
    assert abs(plane.cosine) < 1e-6
    assert np.isclose(np.linalg.norm(plane.d1), np.linalg.norm(plane.d2), rtol=1e-5)
    assert plane_through(a, b, b.astype(float) - a, ("1", "2")).is_line


def test_many_points_are_projected_as_single_ones_are(monkeypatch) -> None:
    rng = np.random.default_rng(6)
    plane = random_plane(rng.standard_normal(33).astype(np.float32), PARAMETERS, seed=1)
    points = list(rng.standard_normal((7, 33)).astype(np.float32))
    together = plane.project(points)
    monkeypatch.setattr(plane_module, "AT_A_TIME", 33)
    for one, other in zip(plane.project(points), together, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    away = points[0].astype(float) - plane.origin
    least = np.linalg.lstsq(plane.basis.T, away, rcond=None)
    np.testing.assert_allclose(together[0][0], least[0], rtol=1e-9)
    np.testing.assert_allclose(together[1][0] ** 2, least[1][0], rtol=1e-9)


def test_angles() -> None:
    a, b = np.array([1.0, 0, 0]), np.array([1.0, 1e-9, 0])
    assert angle(a, b) == pytest.approx(np.degrees(1e-9), rel=1e-6)
    assert angle(a, -a) == 180
    assert angle_to_contour(a, np.array([0, 2.0, 0])) == 0
    assert angle_to_contour(a, np.array([-3.0, 0, 0])) == 90
    for nothing in (np.zeros(3), np.full(3, np.inf), np.full(3, np.nan)):
        assert np.isnan(angle(a, nothing))
        assert np.isnan(cosine(a, nothing))
        assert np.isnan(angle_to_contour(nothing, a))
