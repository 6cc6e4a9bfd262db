"""The relief: what is nearer hides what is farther, pixels lead back to places, edges are smooth where asked for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.kernels.render import (
    GHOST,
    Stroke,
    View,
    between,
    draw_strokes,
    level_lines,
    project,
    render_surface,
    shades,
)

RED, BLUE, GREEN = 0xFFFF0000, 0xFF0000FF, 0xFF00FF00
GREY = np.full(256, 0xFF808080, np.uint32)
NONE = level_lines(np.empty(0), np.empty(0))


def wall() -> np.ndarray:
    """Flat ground with a wall near the front."""
    heights = np.zeros((21, 21))
    heights[3] = 1.0
    return heights


def seen(
    heights: np.ndarray, elevation: float, *strokes: Stroke, **more: object
) -> tuple[np.ndarray, np.ndarray]:
    return render_surface(heights, GREY, NONE, strokes, View(0.0, elevation, 80.0), (200, 200), **more)


def amount(pixels: np.ndarray, shift: int) -> np.ndarray:
    """Of a colour, by its shift, above the other two."""
    parts = [(pixels.astype(np.int64) >> s) & 255 for s in (16, 8, 0)]
    wanted = parts[(16, 8, 0).index(shift)]
    return wanted - np.maximum.reduce([p for p in parts if p is not wanted])


BEHIND = np.array([[0.0, 0.5, 0.02], [0.0, 0.6, 0.02]])
BEFORE = np.array([[0.0, -0.9, 0], [0.2, -0.9, 0]])


def test_a_wall_hides_what_lies_behind_it_but_for_a_ghost() -> None:
    stroke = Stroke(BEHIND, RED, GREEN)
    front, above = seen(wall(), 0.2, stroke)[0], seen(wall(), np.pi / 2, stroke)[0]
    assert (above == RED).any()
    assert not (front == RED).any()
    assert 20 < amount(front, 16).max() <= 260 * GHOST
    assert not (amount(front, 8) > 20).any(), "what is hidden has no casing"
    assert (above[0] == 0).all()  # see-through beside the surface


def test_a_stroke_lies_where_its_points_are() -> None:
    above = seen(wall(), np.pi / 2, Stroke(BEHIND, RED, GREEN))[0]
    spot = project(BEHIND, 0.0, np.pi / 2, 80.0, 200.0, 200.0)
    rows, columns = np.nonzero(above == RED)
    assert abs(columns.mean() + 0.5 - spot[0, 0]) < 0.5
    assert abs(rows.max() + 0.5 - spot[:, 1].max()) < 2
    assert abs(rows.min() + 0.5 - spot[:, 1].min()) < 2


def test_a_later_stroke_covers_an_earlier_one() -> None:
    first, second = Stroke(BEFORE, RED, GREEN), Stroke(BEFORE, BLUE, GREEN)
    pixels = seen(np.zeros((5, 5)), 0.6, first, second)[0]
    assert not (pixels == RED).any()
    assert (pixels == BLUE).any()


def test_gaps_and_nothing_are_not_drawn() -> None:
    gap = np.array([[-0.5, 0, 0.1], [np.nan, np.nan, np.nan], [0.5, 0, 0.1]])
    pixels = seen(np.zeros((5, 5)), np.pi / 2, Stroke(gap, RED, GREEN), Stroke(gap[:0], BLUE, GREEN))[0]
    assert not (amount(pixels, 16)[:, 95:105] > 20).any()
    assert not (pixels == BLUE).any()
    assert not seen(np.full((5, 5), np.nan), 1.0)[0].any()


def test_a_stroke_is_smooth_at_its_borders() -> None:
    slanted = np.array([[-0.8, -0.5, 0.0], [0.8, 0.5, 0.0]])
    red = amount(seen(np.zeros((5, 5)), np.pi / 2, Stroke(slanted, RED, RED))[0], 16)
    assert len(np.unique(red[red > 20])) > 8


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(*[st.floats(-1, 1)] * 2, st.floats(0, 1)),
    st.floats(0, 6.2),
    st.floats(0.05, 1.57),
    st.floats(20, 500),
)
def test_a_pixel_leads_back_to_its_place(
    point: tuple[float, float, float], azimuth: float, elevation: float, scale: float
) -> None:
    x, y, near = project(np.array([point]), azimuth, elevation, scale, 640.0, 480.0)[0]
    back = View(azimuth, elevation, scale).place(x, y, near, (640, 480))
    assert back == pytest.approx(point, abs=1e-9)


def test_the_depth_tells_which_place_is_seen() -> None:
    x, y = np.meshgrid(np.linspace(-1, 1, 81), np.linspace(-1, 1, 81))
    heights = 0.5 + 0.3 * np.sin(2 * x) * np.cos(y)
    view, size = View(0.7, 0.8, 150.0), (400, 300)
    _, depth = render_surface(heights, GREY, NONE, (), view, size)
    for row, column in zip(*np.nonzero(np.isfinite(depth)), strict=True):
        if row % 23 == 0 and column % 19 == 0:
            px, py, pz = view.place(column + 0.5, row + 0.5, float(depth[row, column]), size)
            assert pz == pytest.approx(0.5 + 0.3 * np.sin(2 * px) * np.cos(py), abs=2e-3)


def test_four_samples_make_the_same_picture_with_smooth_edges() -> None:
    heights = np.zeros((9, 9))
    once, depth = render_surface(heights, GREY, NONE, (), View(0.4, 0.7, 80.0), (200, 150))
    often, finer = render_surface(heights, GREY, NONE, (), View(0.4, 0.7, 80.0), (200, 150), samples=2)
    assert once.shape == often.shape == depth.shape == finer.shape
    assert set(np.unique(once >> 24)) == {0, 255}
    assert len(np.unique(often >> 24)) > 2
    both = (once >> 24 == 255) & (often >> 24 == 255)
    assert both.sum() > 0.9 * (once >> 24 == 255).sum()


def test_level_lines_lie_at_their_heights() -> None:
    slope = np.tile(np.linspace(0, 1, 65), (65, 1))
    lines = level_lines(np.array([0.25, 0.75]), np.array([-1.0, 1.0]))
    table = np.full(256, 0xFF606060, np.uint32)
    pixels, _ = render_surface(
        slope, table, lines, (), View(0.0, np.pi / 2, 90.0), (200, 200), brightness=np.ones((65, 65))
    )
    row = (pixels[100] & 255).astype(int)
    dark, light = np.flatnonzero((row < 0x50) & (pixels[100] > 0)), np.flatnonzero(row > 0x70)
    at = project(np.array([[-0.5, 0, 0.25], [0.5, 0, 0.75]]), 0.0, np.pi / 2, 90.0, 200.0, 200.0)[:, 0]
    assert abs(dark.mean() + 0.5 - at[0]) < 1.5
    assert abs(light.mean() + 0.5 - at[1]) < 1.5


def test_walls_stand_under_the_edges() -> None:
    heights = np.full((5, 5), 0.8)
    without = render_surface(heights, GREY, NONE, (), View(0.3, 0.3, 60.0), (200, 200))[0]
    within = render_surface(heights, GREY, NONE, (), View(0.3, 0.3, 60.0), (200, 200), walls=GREY)[0]
    assert (within > 0).sum() > 1.5 * (without > 0).sum()


def test_what_faces_the_light_is_brighter() -> None:
    ramp = np.tile(np.linspace(0, 1, 9), (9, 1))
    up, down = shades(ramp), shades(ramp[:, ::-1].copy())
    assert up[4, 4] > down[4, 4]
    assert np.isfinite(shades(np.full((4, 4), np.nan))).all()


@given(st.integers(2, 6), st.integers(2, 6), st.integers(0, 1000))
def test_between_the_points_of_a_map_all_is_linear(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    xs, ys = np.sort(rng.normal(size=columns)), np.sort(rng.normal(size=rows))
    slopes = rng.normal(size=3)
    heights = slopes[0] * xs[None] + slopes[1] * ys[:, None] + slopes[2]
    x, y = rng.uniform(xs[0], xs[-1], 9), rng.uniform(ys[0], ys[-1], 9)
    np.testing.assert_allclose(
        between(xs, ys, heights, x, y), slopes[0] * x + slopes[1] * y + slopes[2], atol=1e-9
    )
    outside = between(
        xs, ys, heights, np.array([xs[-1] + 1, np.nan, xs[0]]), np.array([ys[0], ys[0], ys[-1] + 1])
    )
    assert np.isnan(outside).all()


def test_strokes_on_a_plane_have_their_colour_their_casing_and_gaps() -> None:
    points = np.array([[5.0, 10.5], [20.0, 10.5], [np.nan, np.nan], [30.0, 10.5], [39.0, 10.5]])
    for _ in range(2):  # what it is worked out in is left as it was
        image = draw_strokes([Stroke(points, RED, BLUE, 1.5, 1.0)], (40, 20))
        assert image.shape == (20, 40)
        assert (image[10, 6:19] == RED).all()
        assert (image[10, 32:38] == RED).all()
        assert not image[10, 23:27].any()
        assert (image[8, 8:18] == BLUE).all()
        assert not image[[0, 4, 16, 19]].any()
    over = draw_strokes([Stroke(points, RED, BLUE), Stroke(points[:2], GREEN, GREEN)], (40, 20))
    assert (over[10, 6:19] == GREEN).all()
    assert (over[10, 32:38] == RED).all()
    assert not draw_strokes([], (4, 3)).any()
