"""Ink and what becomes of it: soft strokes, centres of mass, boxes, and pictures like those of the data."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.data.dataset import Dataset
from lab.data.datasets import Digits
from lab.data.datasets.digits import enlarge
from lab.data.handwriting import Style, canvas_of, draw, picture, style_of, takes_drawings

MNIST = Style((1, 28, 28), 0.0, 1.0, (20.0, 20.0))
spots = st.floats(20, 260)


def stroke(*places: tuple[float, float], radius: float = 10.0, style: Style = MNIST) -> np.ndarray:
    canvas = np.zeros(style.canvas, np.float32)
    for start, end in pairwise(places):
        draw(canvas, start, end, radius)
    return canvas


@given(spots, spots, spots, spots, st.floats(3, 20))
def test_a_stroke_is_all_that_lies_within_its_radius(x0, y0, x1, y1, radius) -> None:
    canvas = stroke((x0, y0), (x1, y1), radius=radius)
    y, x = np.mgrid[:280, :280] + 0.5
    along = np.clip(
        ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-9), 0, 1
    )
    away = np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
    assert (canvas[away < radius - 0.7] > 0.99).all()
    assert (canvas[away > radius + 0.7] == 0).all()
    edge = canvas[(away > radius - 0.5) & (away < radius + 0.5)]
    assert ((edge > 0) & (edge < 1)).any()  # soft
    draw(canvas, (x0, y0), (x1, y1), radius + 3, erase=True)
    assert canvas.max() < 0.01


@given(spots, spots, spots, spots)
def test_as_mnist_the_longer_side_is_twenty_and_the_centre_of_mass_in_the_middle(x0, y0, x1, y1) -> None:
    seen = picture(stroke((x0, y0), (x1, y1), (x1, y0)), MNIST)[0]
    rows, columns = np.flatnonzero(seen.max(1) > 0.1), np.flatnonzero(seen.max(0) > 0.1)
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    assert 19 <= longer <= 22
    y, x = np.mgrid[:28, :28] + 0.5
    assert (seen * y).sum() / seen.sum() == pytest.approx(14, abs=0.05)
    assert (seen * x).sum() / seen.sum() == pytest.approx(14, abs=0.05)


@given(spots, spots, st.floats(-15, 15), st.floats(-15, 15))
def test_where_and_how_large_it_was_drawn_does_not_matter(x, y, dx, dy) -> None:
    shape = np.array([(0, 0), (60, 10), (40, 70), (5, 50)])
    small = stroke(*map(tuple, shape + np.array([20, 20])), radius=6)
    moved = stroke(*map(tuple, 2 * shape + np.array([60 + dx, 60 + dy])), radius=12)
    np.testing.assert_allclose(picture(small, MNIST), picture(moved, MNIST), atol=0.12)


def test_not_fitted_it_is_the_mean_ink_of_each_pixel() -> None:
    canvas = np.random.default_rng(1).random(MNIST.canvas, np.float32)
    means = canvas.reshape(28, 10, 28, 10).mean((1, 3))
    np.testing.assert_allclose(picture(canvas, MNIST, fitted=False)[0], means, atol=1e-5)


def test_an_example_as_ink_is_the_example_again() -> None:
    source = Digits(size=32)
    data = source.load(0)
    style = style_of(source, data)
    for raw in data.inputs[:20]:
        np.testing.assert_allclose(picture(canvas_of(raw, style), style, fitted=False), raw, atol=1e-4)


def test_digits_are_counted_in_cells_and_enlarged_as_the_data_was() -> None:
    for size in (8, 28, 32):
        source = Digits(size=size)
        style = style_of(source, source.load(0))
        seen = picture(stroke((50, 40), (200, 40), (120, 240), style=style), style)[0].astype(np.float64)
        if size == 8:
            assert set(np.unique(seen)) <= set(range(17))
            small = seen
        else:  # it is the enlargement of some 8x8 counts: enlarge its own block means until it stays
            edge = (size - 20) // 2
            assert not seen[: edge - 3].any()
            continue
        assert small[0].any()
        assert small[7].any()  # the digits of the data fill the height
        assert enlarge(small, 32).max() <= 16


def test_the_style_of_other_pictures_is_measured() -> None:
    dark_on_light = np.full((40, 3, 28, 28), 255.0, np.float32)
    dark_on_light[:, :, 4:24, 8:20] = 10.0
    data = Dataset("x", dark_on_light, np.zeros(40, np.int64), None, ("a", "b"), ())
    style = style_of(Digits.__mro__[1](), data)
    assert (style.paper, style.ink, style.box) == (255.0, 10.0, (20.0, 12.0))
    seen = picture(np.zeros(style.canvas, np.float32), style)
    assert seen.shape == (3, 28, 28)
    assert (seen == 255).all()


def test_what_takes_drawings() -> None:
    assert takes_drawings((1, 28, 28))
    assert takes_drawings((3, 32, 32))
    assert not takes_drawings((2, 1, 1))
    assert not takes_drawings((4, 9, 9))
