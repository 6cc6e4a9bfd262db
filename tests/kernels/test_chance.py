"""Draws from counters: permutations, and fair ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machine import quick

from lab.kernels.chance import mixed, shuffle


def shuffled(n, seed, epoch):
    order = np.empty(n, np.int64)
    shuffle(order, seed, epoch)
    return order


@quick(50)
@given(st.integers(0, 400), st.integers(0, 2**31 - 1), st.integers(0, 10**6))
def test_a_shuffle_is_a_permutation_and_a_function_of_its_names(n, seed, epoch):
    order = shuffled(n, seed, epoch)
    np.testing.assert_array_equal(np.sort(order), np.arange(n))
    np.testing.assert_array_equal(order, shuffled(n, seed, epoch))


def test_seeds_and_epochs_differ():
    orders = {tuple(shuffled(30, seed, epoch)) for seed in range(40) for epoch in range(40)}
    assert len(orders) == 1600


def test_every_example_is_as_likely_at_every_place():
    """Chi-squared over example and place: 10 x 10 counts, 81 degrees of freedom."""
    draws, n = 20_000, 10
    counts = np.zeros((n, n))
    for epoch in range(draws):
        counts[np.arange(n), shuffled(n, 7, epoch)] += 1
    chi_squared = ((counts - draws / n) ** 2 / (draws / n)).sum()
    assert 42 < chi_squared < 131  # four standard deviations either way


def test_neighbouring_names_share_no_pattern():
    """Each of 64 bits changes with probability 1/2 when a name changes by one."""
    flipped = np.zeros(64)
    for a in range(200):
        for other in ((a + 1, 5), (a, 6)):
            difference = int(mixed(a, 5)) ^ int(mixed(*other))
            flipped += [difference >> bit & 1 for bit in range(64)]
    assert flipped / 400 == pytest.approx(0.5, abs=0.12)
