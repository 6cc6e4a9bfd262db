"""Listed points: the very examples of a generator at first, and what a hand makes of them."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.data.datasets import XOR, AnyDataSource, Digits, Iris, LinearCloud, Plane, Spiral, Waves
from lab.data.datasets.points import Points, points_of, row_of
from lab.data.prepare import prepare
from lab.data.preprocessing import Preprocessing, Split
from lab.problem import ProblemError

SCALED = Preprocessing(shift="mean", scale="deviation")


@pytest.mark.parametrize(
    "source", [XOR(), Spiral(points=31), Plane(points=40, noise=0.3), Waves(points=25)], ids=repr
)
def test_turned_into_points_it_is_the_same_data(source) -> None:
    before = prepare(source, SCALED, Split(), 5)
    points = points_of(source, before)
    after = prepare(points, SCALED, Split(training=1.0, validation=0.0, test=0.0), 99)
    for name in ("training", "validation", "test"):
        old, new = getattr(before, name), getattr(after, name)
        np.testing.assert_array_equal(new.raw, old.raw)
        np.testing.assert_array_equal(new.inputs, old.inputs)
        for a, b in ((new.labels, old.labels), (new.targets, old.targets)):
            assert (a is None) == (b is None)
            assert a is None or (a == b).all()
    assert points.classes() == source.classes()
    assert points.bounds() == source.bounds()
    assert points_of(points, after) is points


def test_a_file_is_short_and_gives_the_same_points() -> None:
    source = XOR(points=60, noise=0.5)
    points = points_of(source, prepare(source, SCALED, Split(), 1))
    text = msgspec.json.encode(points)
    assert len(text) < 60 * 40
    again = msgspec.json.decode(text, type=AnyDataSource)
    assert again == points
    np.testing.assert_array_equal(again.load(0).inputs, points.load(0).inputs)


@given(st.integers(0, 2), st.data())
def test_a_row_is_the_example_that_was_pointed_at(part: int, data) -> None:
    source = Spiral(points=50)
    before = prepare(source, SCALED, Split(), 2)
    parts = (before.training, before.validation, before.test)
    index = data.draw(st.integers(0, len(parts[part]) - 1))
    points = points_of(source, before)
    row = row_of(source, before, part, index)
    np.testing.assert_array_equal(np.float32(points.rows[row][:2]), parts[part].raw[index, :, 0, 0])
    changed = points.with_point(1, 1, 0).without(0 if row else 1)
    now = prepare(changed, SCALED, Split(), 2)
    parts = (now.training, now.validation, now.test)
    if index < len(parts[part]):
        row = row_of(changed, now, part, index)
        np.testing.assert_array_equal(np.float32(changed.rows[row][:2]), parts[part].raw[index, :, 0, 0])


def test_a_hand_adds_moves_and_deletes_and_nobody_else_changes_part() -> None:
    source = XOR(points=40)
    points = points_of(source, prepare(source, SCALED, Split(), 0))
    more = points.with_point(1.5, -2.25, 1)
    assert more.rows == (*points.rows, (1.5, -2.25, 1.0, 0))
    before, after = (prepare(p, SCALED, Split(), 0) for p in (points, more))
    assert len(after.training) == len(before.training) + 1
    np.testing.assert_array_equal(after.validation.raw, before.validation.raw)
    moved = more.with_moved(3, 0.1, 0.2)
    assert moved.rows[3] == (0.1, 0.2, *more.rows[3][2:])
    assert moved.rows[:3] + moved.rows[4:] == more.rows[:3] + more.rows[4:]
    assert moved.without(40).rows == moved.rows[:40]


def test_what_is_no_plane_of_single_answers_has_no_points() -> None:
    for source in (Digits(size=8), Iris(), LinearCloud()):
        assert points_of(source, prepare(source, SCALED, Split(), 0)) is None


def test_what_keeps_points_from_being_learned() -> None:
    none = Points(rows=((0.0, 0.0, 1.0, 1),))
    assert "none to learn from" in none.problems()[0].what
    with pytest.raises(ProblemError):
        none.load(0)
    assert "class that is not there" in Points(rows=((0.0, 0.0, 2.0, 0),)).problems()[0].what
    assert Points(rows=((0.0, 0.0, 2.5, 0),), names=()).problems() == ()
