"""The faces of a surface: turning, sharing what is pointed at, labels on lines, paths cut at the frame, figures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.gui import figures
from lab.gui.theme import DARK, LIGHT
from lab.gui.views.surface import SurfaceView
from lab.gui.widgets.surface.contours import contour_lines
from lab.gui.widgets.surface.labels import pieces, place_labels, with_gaps
from lab.gui.widgets.surface.relief import Ground
from lab.gui.widgets.surface.surface3d import Surface3D
from lab.gui.widgets.surface.terrain import Look, scale_of, terrain
from lab.gui.widgets.surface.trails import cut_to_box, differs, spaced, trails_of
from lab.training.snapshot import Walk
from tests.gui.fake_snapshots import race, snapshot, surface, with_compass, with_other_paths
from tests.gui.views.stage import Stage
from tests.gui.views.test_surface import choose, feed, flat_of, point_at


def solid_of(view: SurfaceView) -> Surface3D:
    face = view.faces.face("solid")
    assert isinstance(face, Surface3D)
    return face


def test_three_dimensions_turn_by_mouse_and_keys(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.shape, "solid")
    feed(view, surface())
    relief = solid_of(view)
    before = (relief.azimuth, relief.elevation, relief.zoom)
    qtbot.mousePress(relief, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    qtbot.mouseMove(relief, QPoint(150, 120))
    qtbot.mouseRelease(relief, Qt.MouseButton.LeftButton, pos=QPoint(150, 120))
    qtbot.keyClick(relief, Qt.Key.Key_Plus)
    assert relief.azimuth > before[0]
    assert relief.elevation > before[1]
    assert relief.zoom > before[2]
    for _ in range(40):
        qtbot.keyClick(relief, Qt.Key.Key_Up)
    assert relief.elevation == pytest.approx(np.pi / 2)


def test_what_is_pointed_at_on_one_face_is_marked_on_the_other(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.shape, "both")
    feed(view, surface())
    flat, solid = flat_of(view), solid_of(view)
    view.grab()
    point_at(flat, 0.5, -0.7)
    assert solid._here == pytest.approx((0.5, -0.7))
    at, _ = solid.on_screen(np.array([[-0.2, 0.1, 0.0]]))[0]
    place = solid.place_at(QPointF(at))
    assert place is not None
    solid.pointed.emit(place)
    assert (flat.here.getData()[0][0], flat.here.getData()[1][0]) == place
    assert view.readout.text().startswith("at (") or "step" in view.readout.text()
    solid.pointed.emit(None)
    assert len(flat.here.getData()[0]) == 0


def test_a_pixel_of_the_relief_is_its_place_on_the_plane(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.shape, "solid")
    feed(view, surface())
    solid = solid_of(view)
    solid.elevation = 1.2
    view.grab()
    land = view.scenes[0].land
    for x, y in ((0.0, 0.0), (-1.0, 1.5), (2.0, 2.0)):
        up = float(land.scale.share(land.at(np.array(x), np.array(y))))
        box = np.array([[2 * (x + 2) / 5 - 1, 2 * (y + 1.5) / 4 - 1, up]])
        at, _ = solid.on_screen(box)[0]
        assert solid.place_at(at) == pytest.approx((x, y), abs=0.06)
    assert solid.place_at(QPointF(2, 2)) is None


def test_all_paths_in_three_dimensions(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.shape, "solid")
    feed(view, with_other_paths(surface(), 3), 3)
    solid = solid_of(view)
    assert [route.trail.name for route in solid.routes] == ["B", "C", "A"]
    for route in solid.routes:
        land = view.scenes[0].land
        on_surface = land.scale.share(land.at(*route.trail.points.T))
        np.testing.assert_allclose(route.points[:, 2], on_surface)
    picture = solid.grab().toImage()
    found = {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}
    assert set(LIGHT.runs[:3]) <= found


def test_false_heights_are_ringed_and_have_stems(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    of = surface()
    errors = of.path_errors / 1.02
    errors[40:60] *= 1.3
    told = replace(of, path_errors=errors)
    feed(view, told)
    trail, land = view.scenes[0].trails[-1], view.scenes[0].land
    wrong = differs(trail, land)
    assert set(range(40, 60)) <= set(wrong.tolist())
    ringed = np.stack(flat_of(view).rings.getData(), axis=1)
    assert 0 < len(ringed) <= len(wrong)
    assert {tuple(p) for p in ringed.tolist()} <= {tuple(p) for p in of.path[wrong].tolist()}
    assert f"{len(wrong)} of 151 points differ" in view.readout.text()
    choose(view.settings.shape, "solid")
    feed(view, told)
    assert solid_of(view)._stems
    for foot, top in solid_of(view)._stems:
        assert (foot[:2] == top[:2]).all()
        assert top[2] > foot[2]
    view.settings.truth.setChecked(False)
    assert not solid_of(view)._stems
    assert "differ" not in view.readout.text()


def test_terrain_between_the_points_is_linear() -> None:
    land = terrain(surface(), Look(logarithmic=False))
    assert land is not None
    x, y = land.x, land.y
    at = land.at(np.array([(x[3] + x[4]) / 2, x[-1], x[-1] + 1]), np.array([y[5], y[-1], 0.0]))
    assert at[0] == pytest.approx((land.errors[5, 3] + land.errors[5, 4]) / 2)
    assert at[1] == land.errors[-1, -1]
    assert np.isnan(at[2])
    fine = land.fine(81)[2]
    np.testing.assert_allclose(fine[::2, ::2], land.errors)
    ground = Ground.of(land)
    np.testing.assert_allclose(ground.heights[::3, ::3], land.scale.share(land.errors), atol=1e-12)


def test_one_scale_for_two_surfaces() -> None:
    low, high = surface(), replace(surface(), errors=surface().errors * 3)
    both = scale_of([low, high], Look())
    assert (both.low, both.high) == (low.errors.min(), high.errors.max())


def circle(radius: float, at: tuple[float, float] = (150, 150)) -> tuple[np.ndarray, np.ndarray]:
    turn = np.linspace(0, 2 * np.pi, 200)
    return at[0] + radius * np.cos(turn), at[1] + radius * np.sin(turn)


def test_a_label_stands_on_its_line_and_the_line_has_a_gap_there() -> None:
    line = circle(90)
    (label,) = place_labels([line], [30.0], (300, 300), np.empty((0, 2)))
    off = np.hypot(label.x - 150, label.y - 150)
    assert off == pytest.approx(90, abs=1.5)
    assert abs(label.angle) <= 90
    left = with_gaps(line, [(label.x, label.y)], 15.0)
    away = np.hypot(left[0] - label.x, left[1] - label.y)
    assert np.nanmin(away) > 13
    whole = sum(np.hypot(*np.diff(p, axis=0).T).sum() for p in pieces(*line))
    rest = sum(np.hypot(*np.diff(p, axis=0).T).sum() for p in pieces(*left))
    assert whole - rest == pytest.approx(30, abs=0.5)


def test_labels_keep_off_paths_borders_and_one_another() -> None:
    lines = [circle(r) for r in (60, 75, 90)]
    walked = np.stack([np.full(100, 150.0), np.linspace(20, 280, 100)], axis=1)
    labels = place_labels(lines, [30.0] * 3, (300, 300), walked)
    assert len(labels) == 3
    for label in labels:
        assert abs(label.x - 150) > 15
    apart = [np.hypot(a.x - b.x, a.y - b.y) for a in labels for b in labels if a is not b]
    assert min(apart) > 30
    assert not place_labels([circle(8)], [30.0], (300, 300), np.empty((0, 2))), "too small a line"
    corner = place_labels([circle(60, (4, 4))], [30.0], (300, 300), np.empty((0, 2)))
    assert all(label.x > 15 and label.y > 15 for label in corner)


def test_contours_of_a_bowl_are_circles() -> None:
    x = np.linspace(-2, 2, 81)
    across, up = contour_lines(x, x, x[None, :] ** 2 + x[:, None] ** 2, [1.0])
    np.testing.assert_allclose(np.hypot(across, up)[~np.isnan(across)], 1, atol=2e-3)


boxes = st.lists(st.tuples(*[st.floats(-5, 5) | st.just(float("nan"))] * 2), max_size=12)


@given(boxes)
def test_a_path_cut_to_a_box_stays_in_it_and_keeps_what_is_inside(points: list[tuple[float, float]]) -> None:
    path = np.array(points).reshape(-1, 2)
    least, most = np.array([-1.0, -2.0]), np.array([2.0, 1.0])
    kept = cut_to_box(path, least, most)
    there = kept[~np.isnan(kept).any(axis=1)]
    assert ((least <= there) & (there <= most)).all()
    inside = path[((least <= path) & (path <= most)).all(axis=1)]
    assert {tuple(p) for p in inside.tolist()} <= {tuple(p) for p in there.tolist()}


def test_spaced_points_are_apart() -> None:
    points = np.stack([np.linspace(0, 1, 100), np.zeros(100)], axis=1)
    taken = points[spaced(points, 0.2)]
    assert (np.diff(taken[:, 0]) >= 0.2).all()
    assert len(taken) == 5


def test_the_last_trail_is_the_run_whose_surface_it_is() -> None:
    snapshot = race(count=3, active=1)
    names = [trail.name for trail in trails_of(with_other_paths(surface(), 3), snapshot)]
    assert names == ["B", "C", "A"]
    assert [t.name for t in trails_of(with_other_paths(surface(), 3), snapshot, alone=True)] == ["A"]


@pytest.mark.parametrize("shape", ["flat", "solid", "both", "line"])
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_every_face_goes_to_a_file_in_any_size(stage: Stage, tmp_path: Path, shape: str, suffix: str) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.shape, shape)
    feed(view, with_compass(surface()))
    out = tmp_path / f"surface{suffix}"
    figures.save(view, out, DARK, (500, 300))
    assert out.stat().st_size > 5000
    if suffix == ".png":
        image = QImage(str(out))
        assert (image.width(), image.height()) == (1000, 600)


def test_a_relief_in_a_figure_is_as_sharp_as_the_figure(stage: Stage, tmp_path: Path) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.shape, "solid")
    feed(view, surface())
    drawn: list[tuple[int, int]] = []
    solid = solid_of(view)
    draw = solid._drawn_ground
    solid._drawn_ground = lambda ground, ratio, size, samples: (
        drawn.append(size) or draw(ground, ratio, size, samples)
    )
    figures.save(view, tmp_path / "a.png", LIGHT, (500, 300))
    assert max(drawn)[0] >= 2 * (solid.width() - 420)
    assert solid.sharpness == 1.0


def test_while_a_path_grows_the_ground_of_a_relief_is_drawn_once(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.shape, "solid")
    feed(view, surface())
    solid = solid_of(view)
    solid.grab()
    ground, before = solid._relief, solid.grab().toImage()
    reading = view._readings[0]
    for share in (0.5, 0.8):
        walk = Walk(np.array([1000]), share * reading.path[-1:], reading.plane)
        view.show_snapshot(replace(snapshot(), readings={view.probe(): reading}, walks=(walk,)))
        assert solid.grab().toImage() != before
        assert solid._relief is ground
        np.testing.assert_allclose(view.scenes[0].trails[-1].points[-1], walk.points[-1])
    solid.turn(0.2, 0)
    solid.grab()
    assert solid._relief is not ground


def test_a_plot_of_equal_units_keeps_its_frame_when_it_shrinks(stage: Stage) -> None:
    view = stage.show(SurfaceView, "linear", size=(300, 640))
    reading = replace(surface(), minimum=(1.0, 0.5))
    view.show_snapshot(replace(snapshot("linear"), readings={view.probe(): reading}))
    flat = flat_of(view)
    flat.keep_units_equal(True)
    for height in (640, 300, 500):
        view.resize(320, height)
        for _ in range(4):
            QApplication.processEvents()
        assert flat.getPlotItem().size().height() == flat.height()
        (left, right), (low, high) = flat.box.viewRange()
        assert (left, right, low, high) == pytest.approx((-2.0, 3.0, -1.5, 2.5), abs=0.05)
