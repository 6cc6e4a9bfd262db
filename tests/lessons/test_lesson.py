"""The course: every lesson loads, and what it claims is so."""

from __future__ import annotations

import msgspec
import pytest

from lab.lessons.lesson import LESSONS, Claim, Outcome, check, lesson


@pytest.mark.parametrize("name", LESSONS)
def test_what_a_lesson_claims_is_so(name: str) -> None:
    outcomes = check(lesson(name))
    assert outcomes
    for outcome in outcomes:
        assert outcome.holds, f"{outcome.claim.text}: found {outcome.found}"


def test_a_claim_that_is_not_so_does_not_hold() -> None:
    claim = Claim("", 0, "validation accuracy", "at least", 0.9)
    assert Outcome(claim, 0.9).holds
    assert not Outcome(claim, 0.89).holds
    assert not Outcome(claim, float("nan")).holds
    assert not Outcome(msgspec.structs.replace(claim, bound="at most"), 0.95).holds
