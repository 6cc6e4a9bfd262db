"""The names of runs on a surface: each legible beside its mark."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF

from lab.gui.theme import number_font
from lab.gui.widgets.surface.run_names import BESIDE, Name, place_names

PICTURE = QRectF(0, 0, 400, 300)


@pytest.fixture(scope="module")
def metrics(qapp: object) -> QFontMetricsF:
    return QFontMetricsF(number_font(bold=True))


@given(places=st.lists(st.tuples(st.floats(0, 400), st.floats(0, 300)), min_size=1, max_size=8))
def test_no_name_covers_another_or_leaves_the_picture(metrics: QFontMetricsF, places: list) -> None:
    names = [Name("Momentum" if k % 2 else "A", QPointF(*at), k) for k, at in enumerate(places)]
    areas = place_names(names, metrics, PICTURE)
    assert all(PICTURE.contains(area) for area in areas)
    assert not any(a.intersects(b) for a, b in combinations(areas, 2))


def test_a_name_stands_right_of_its_mark_and_left_of_one_at_the_border(metrics: QFontMetricsF) -> None:
    middle, border = place_names(
        [Name("Adam", QPointF(100, 150), 0), Name("SGD", QPointF(398, 150), 1)], metrics, PICTURE
    )
    assert middle.left() == 100 + BESIDE
    assert middle.center().y() == pytest.approx(150, abs=1)
    assert border.right() == pytest.approx(398 - BESIDE)


def test_where_there_is_no_room_a_name_is_written_all_the_same(metrics: QFontMetricsF) -> None:
    small = QRectF(0, 0, 10, 10)
    (area,) = place_names([Name("Adam", QPointF(5, 5), 0)], metrics, small)
    assert area.left() == 5 + BESIDE
