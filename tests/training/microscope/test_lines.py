"""How lines are written: the largest terms first, what is folded adds up, signs stand where one expects them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.training.microscope import Spot, Sum, said, written
from lab.training.microscope.lines import Addend, Factors, bracketed, step


def factors(*values: float) -> Factors:
    return Factors(np.array(values, np.float64))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (-25.0, "−25"), (0.5, "0.5"), (1 / 3, "0.3333"), (308.0, "308"), (1.302e-5, "1.302·10⁻⁵"),
        (np.float32(0.1), "0.1000"), (math.nan, "NaN"), (-math.inf, "−∞"), (0.0, "0"), (123456.75, "123,457"),
    ],
)  # fmt: skip
def test_numbers_are_as_short_as_they_are_exact(value, words) -> None:
    assert said(float(value)) == words


def test_a_sum_is_written_with_its_signs() -> None:
    line = Sum("z", factors(2, -0.5, 3), factors(1, 2, -4), (Addend("bias", 1.0),))
    assert written(line) == "2 × 1 − 0.5 × 2 + 3 × (−4) + 1 = −10"
    assert (
        written(Sum("z", factors(308, -498, 164), None, (Addend("bias", 1.0),)))
        == "308 − 498 + 164 + 1 = −25"
    )
    assert written(Sum("z", factors(), None)) == "0"
    assert written(Sum("m", factors(1, 2), None, factor=0.5)) == "0.5 × (1 + 2) = 1.5"
    assert bracketed(-0.25) == "(−0.25)"
    assert written(step("y", "max(0, −25)", 0.0)) == "max(0, −25) = 0"


def test_long_sums_are_folded_and_the_largest_come_first() -> None:
    line = Sum("z", factors(*range(1, 11)), factors(*[1, -1] * 5), (Addend("bias", -2.0),))
    assert written(line, 3) == "10 × (−1) + 9 × 1 + 8 × (−1) + [the other 7: 4] − 2 = −7"
    assert written(line, 0) == "−[all 10: 5] − 2 = −7"


numbers = st.floats(-100, 100, width=32)


@given(st.lists(st.tuples(numbers, numbers), max_size=30), st.integers(0, 12), st.lists(numbers, max_size=2))
def test_what_is_shown_and_what_is_folded_add_up(pairs, most, more) -> None:
    left, right = (factors(*(p[k] for p in pairs)) for k in (0, 1))
    line = Sum("z", left, right, tuple(Addend("b", v) for v in more))
    shown = line.products[line.largest(most)]
    count, rest = line.rest(most)
    assert len(shown) + count == len(pairs)
    assert shown.sum() + rest + sum(more) == pytest.approx(line.value, rel=1e-9, abs=1e-6)
    if count:
        left_out = np.delete(line.products, line.largest(most))
        assert np.abs(left_out).max() <= np.abs(shown).min(initial=math.inf)


def test_each_number_says_what_it_is() -> None:
    spots = np.array([[3, 1, 2], [4, 0, 0]])
    line = Sum(
        "z",
        Factors(np.array([2.0, 5.0]), indices=np.array([7, 9])),
        Factors(np.array([1.0, -3.0]), "conv1", spots),
    )
    tokens = {token.text: token for token in line.tokens() if token.spot or token.weight >= 0}
    assert tokens["2"].weight == 7
    assert tokens["1"].spot == Spot("conv1", 3, 1, 2)
    assert tokens["(−3)"].spot == Spot("conv1", 4)
    assert "".join(token.text for token in line.tokens()) == "2 × 1 + 5 × (−3)"
