"""Largest eigenvalues from products alone, against NumPy's own; products by differences against a known Hessian."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.landscape.conjugate import conjugate_directions, second_distance
from lab.landscape.curvature import Lanczos
from lab.landscape.differences import HessianTimes


def symmetric(size: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    vectors, _ = np.linalg.qr(rng.standard_normal((size, size)))
    return vectors @ np.diag(rng.uniform(-1, 1, size) ** 3) @ vectors.T


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 80), st.integers(0, 10_000), st.sampled_from([6, 64]))
def test_the_largest_eigenvalues_are_those_of_the_whole_matrix(size: int, seed: int, most: int) -> None:
    A = symmetric(size, seed)
    search = Lanczos(np.random.default_rng(seed).standard_normal(size), np.ones(size, bool), most)
    while not search.is_done and search.products < 400:
        search.take(A @ search.next)
    found = search.leading(2)
    np.testing.assert_allclose(found.values, np.linalg.eigvalsh(A)[::-1][:2], atol=1e-7)
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(2), atol=1e-8)
    missed = np.linalg.norm(found.vectors @ A - found.values[:, None] * found.vectors, axis=1)
    np.testing.assert_allclose(missed, found.residuals, atol=1e-7)


def test_what_is_missed_is_said_at_any_time() -> None:
    A = symmetric(60, 5)
    for most in (6, 64):
        search = Lanczos(np.ones(60), np.ones(60, bool), most)
        for _ in range(12):
            search.take(A @ search.next)
            found = search.leading(2)
            missed = np.linalg.norm(found.vectors @ A - found.values[:, None] * found.vectors, axis=1)
            np.testing.assert_allclose(missed, found.residuals, atol=1e-9)


def test_an_eigenvalue_with_two_vectors_is_found_twice() -> None:
    A = np.diag([3.0, 3.0, 1.0, 0.5])
    search = Lanczos(np.array([1.0, 0, 0, 0]), np.ones(4, bool))
    while not search.is_done:
        search.take(A @ search.next)
    np.testing.assert_allclose(search.leading(2).values, [3, 3])


def test_what_may_not_move_stays() -> None:
    A, free = symmetric(30, 2), np.arange(30) % 3 > 0
    held = A * np.outer(free, free)
    search = Lanczos(np.ones(30), free)
    while not search.is_done:
        search.take(held @ search.next)
    found = search.leading(2)
    assert not found.vectors[:, ~free].any()
    np.testing.assert_allclose(found.values, np.linalg.eigvalsh(A[np.ix_(free, free)])[::-1][:2], atol=1e-9)


def test_products_by_differences_of_a_gradient_in_float32() -> None:
    rng = np.random.default_rng(1)
    A, at = symmetric(50, 1), rng.standard_normal(50).astype(np.float32)

    def gradient(w: np.ndarray) -> np.ndarray:  # of w'Aw/2 + sum sin(w), rounded as an engine's is
        return (A @ w + np.cos(w)).astype(np.float32).astype(float)

    times = HessianTimes(gradient, at)
    H = A - np.diag(np.sin(at))
    for _ in range(3):
        v = rng.standard_normal(50) * 7
        found = times(v)
        assert found is not None
        assert np.linalg.norm(found - H @ v) < 1e-3 * np.linalg.norm(H @ v)
    assert times.disagreement < 1e-2
    assert times.check(v) < 1e-2


def test_a_kink_is_noticed() -> None:
    at = np.full(10, 1e-3, np.float32)
    times = HessianTimes(lambda w: np.sign(w).astype(float), at)  # of sum |w|
    times(np.ones(10))
    assert times.disagreement > 0.05 or not np.any(times(np.ones(10)))


def test_broken_off_products_are_none() -> None:
    times = HessianTimes(lambda w: None, np.ones(3, np.float32))
    assert times(np.ones(3)) is None
    assert list(times.settling(np.ones(3))) == []


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(0, 10_000))
def test_down_the_gradient_then_along_its_conjugate_is_the_minimum_of_their_plane(
    size: int, seed: int
) -> None:
    """As conjugate gradients go: two line searches, and the error on the plane is least."""
    rng = np.random.default_rng(seed)
    B = rng.standard_normal((size + 2, size))
    H, w, target = B.T @ B, rng.standard_normal(size), rng.standard_normal(size)
    gradient = H @ (w - target)
    found = conjugate_directions(gradient, H @ (-gradient / np.linalg.norm(gradient)))
    if not found.second.any():
        return
    assert found.first @ H @ found.second == pytest.approx(0, abs=1e-6 * np.linalg.norm(H))
    assert np.linalg.norm(found.second) == pytest.approx(1)
    distance = second_distance(gradient, found.second, H @ found.second)
    assert distance >= 0
    basis = np.stack([found.first, found.second])
    least = np.linalg.lstsq(basis @ H @ basis.T, -basis @ gradient, rcond=None)[0]
    np.testing.assert_allclose([found.distance, distance], least, rtol=1e-4, atol=1e-6)


def test_an_eigenvector_needs_no_conjugate() -> None:
    H = np.diag([2.0, 5.0])
    found = conjugate_directions(np.array([3.0, 0]), H @ np.array([-1.0, 0]))
    assert not found.second.any()
    assert found.distance == pytest.approx(1.5)
