"""Factors on the learning rate, as functions of the step alone."""

import numpy as np
import pytest

from lab.learning.schedules import SCHEDULES, Constant, Exponential, WarmUp


def test_constant():
    np.testing.assert_array_equal(Constant().factors(7, 3), 1)


def test_exponential_halves():
    factors = Exponential(half_life=10).factors(0, 31)
    np.testing.assert_allclose(factors[[0, 10, 20, 30]], [1, 0.5, 0.25, 0.125])
    assert (np.diff(factors) < 0).all()


def test_far_steps_reach_zero_without_a_warning():
    assert Exponential(half_life=1).factors(10**6, 2).max() == 0


@pytest.mark.parametrize("schedule", [s() for s in SCHEDULES])
def test_a_stretch_is_part_of_the_whole(schedule):
    whole = schedule.factors(0, 100)
    assert whole.dtype == np.float64
    assert whole[0] == (schedule.start if isinstance(schedule, WarmUp) else 1)
    np.testing.assert_array_equal(schedule.factors(30, 25), whole[30:55])
    assert schedule.factors(5, 0).shape == (0,)
