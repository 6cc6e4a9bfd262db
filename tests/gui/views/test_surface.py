"""Error surface: the numbers behind the picture, in two dimensions and in three."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from lab.experiment.presets import preset
from lab.gui.selection import Selection
from lab.gui.theme import LIGHT
from lab.gui.views.surface import SurfaceView
from lab.gui.views.weights import weight_name
from lab.gui.widgets.colorbar import ticks
from lab.gui.widgets.surface.terrain import terrain
from lab.gui.widgets.wording import number
from lab.kernels.render import project, render_surface
from lab.training.surfaces import SurfaceProbe
from tests.gui.fake_snapshots import LENET, race, snapshot, surface, with_other_paths
from tests.gui.views.stage import Stage


def test_error_under_the_cursor(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    reading = surface()
    view.flat._moved(view.flat.box.mapViewToScene(QPointF(reading.x[30], reading.y[12])))
    assert f"error {reading.errors[12, 30]:.3f}"[:9] in view.readout.text()
    view.flat._moved(None or QPointF(-5, -5))
    assert view.readout.text().startswith("step 600: error ")
    assert "on the plane" in view.readout.text()
    assert "first 256 examples" in view.readout.text()


def test_path_axes_and_lines(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    reading = surface()
    x, y = view.flat.paths[0].line.xData, view.flat.paths[0].line.yData
    np.testing.assert_array_equal(x[:-1], reading.path[:, 0])
    assert (x[-1], y[-1]) == tuple(reading.path[-1])
    assert view.flat.paths[0].now.getData()[0][0] == reading.path[-1, 0]
    assert view.flat.getAxis("bottom").labelText == reading.axes[0]
    assert view.flat.getAxis("left").labelText == reading.axes[1]
    shown = [label.toPlainText() for label in view.flat._labels if label.isVisible()]
    assert shown
    assert {float(text) for text in shown} <= set(terrain(reading, True).levels)


def test_log_and_linear_heights(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    assert view.bar._scale.logarithmic
    view.log_height.setChecked(False)
    assert not view.bar._scale.logarithmic
    assert view.bar._scale.low == pytest.approx(surface().errors.min())
    assert view.bar._scale.high == pytest.approx(surface().errors.max())


def test_asking_for_another_plane(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(SurfaceView)
    assert view.probes(snapshot(), Selection()) == {SurfaceProbe("path")}
    with qtbot.waitSignal(view.watching_changed):
        view.plane.setCurrentIndex(2)
    assert "Computing" in view.message
    view.show_selection(Selection(weight=151))
    view.show_selection(Selection(weight=700))
    assert view.probe() == SurfaceProbe("weights", 151, 700)
    assert weight_name(LENET.analysis, 700) in view.weights[1].toolTip()


def test_a_coarse_surface(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    coarse = surface(known=8)
    view.show_snapshot(replace(snapshot(), readings={view.probe(): coarse}))
    assert view.readout.text().startswith("computing")
    assert view._terrain.errors.shape == (6, 6)
    between = (float(coarse.x[4]), float(coarse.y[4]))
    view.flat._moved(view.flat.box.mapViewToScene(QPointF(*between)))
    assert f"{coarse.errors[[0, 0, 8, 8], [0, 8, 0, 8]].mean():.1f}"[:3] in view.readout.text()
    nothing = replace(coarse, errors=np.full_like(coarse.errors, np.nan))
    view.show_snapshot(replace(snapshot(), readings={view.probe(): nothing}))
    assert not view.message, "the picture stays until more is known of the new plane"
    assert view.table().columns["error"].size == coarse.errors.size
    fresh = stage.show(SurfaceView)
    fresh._choose_plane()
    fresh.show_snapshot(replace(snapshot(), readings={fresh.probe(): nothing}))
    assert "Computing" in fresh.message


def test_half_computed_and_infinite_errors(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    reading = surface()
    reading.errors[30:] = np.nan
    reading.errors[5, 5] = np.inf
    reading.errors[6, 6] = 0.0
    for checked in (True, False):
        view.log_height.setChecked(checked)
        for solid in (True, False):
            view.in_3d.setChecked(solid)
            view.show_snapshot(replace(snapshot(), readings={view.probe(): replace(reading)}))
            view.grab()
    for checked in (True, False):
        view.log_height.setChecked(checked)
        flat = replace(surface(), errors=np.zeros((41, 41)))
        view.show_snapshot(replace(snapshot(), readings={view.probe(): flat}))
        view.grab()


def test_a_path_that_has_not_begun(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    start = replace(
        surface(),
        path=np.empty((0, 2)),
        path_errors=np.empty(0),
        path_steps=np.empty(0, np.int64),
        path_distances=np.empty(0),
    )
    for solid in (False, True):
        view.in_3d.setChecked(solid)
        view.show_snapshot(replace(snapshot(), readings={view.probe(): replace(start)}))
        view.grab()
    assert view.message == ""


def test_three_dimensions_turn_by_mouse_and_keys(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(SurfaceView)
    view.in_3d.setChecked(True)
    relief = view.relief
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


def test_terrain_between_the_points_is_linear() -> None:
    land = terrain(surface(), False)
    x, y = land.x, land.y
    at = land.at(np.array([(x[3] + x[4]) / 2, x[-1], x[-1] + 1]), np.array([y[5], y[-1], 0.0]))
    assert at[0] == pytest.approx((land.errors[5, 3] + land.errors[5, 4]) / 2)
    assert at[1] == land.errors[-1, -1]
    assert np.isnan(at[2])
    fine = land.fine(81)[2]
    np.testing.assert_allclose(fine[::2, ::2], land.errors)


def test_the_kernel_draws_what_is_nearer() -> None:
    """Seen from the front, a wall hides what lies behind it; seen from above it does not."""
    heights = np.zeros((21, 21))
    heights[3] = 1.0
    table = np.full(256, 0xFF808080, np.uint32)
    path = np.array([[0.0, 0.5, 0.02], [0.0, 0.6, 0.02]])
    red, casing = 0xFFFF0000, 0xFF00FF00
    none = np.empty(0)

    def seen(paths: list[tuple[np.ndarray, int]], elevation: float) -> np.ndarray:
        return render_surface(
            heights, table, none, paths, casing, view=(0.0, elevation, 80.0), size=(200, 200)
        )

    front, above = seen([(path, red)], 0.2), seen([(path, red)], np.pi / 2)
    assert not (front == red).any()
    assert (above == red).any()
    spot = project(path[:1], 0.0, np.pi / 2, 80.0, 200.0, 200.0)[0]
    rows, columns = np.nonzero(above == red)
    assert abs(columns.mean() - spot[0]) < 3
    assert abs(rows.max() - spot[1]) < 4
    assert (above[0] == 0).all()  # see-through beside the surface
    heights[:] = np.nan
    assert not seen([(path[:0], red)], 1.0).any()


def of_several(view: SurfaceView, count: int, active: int = 1) -> None:
    readings = {view.probe(): with_other_paths(surface(), count)}
    view.show_snapshot(replace(race(count=count, active=active), readings=readings))


def test_every_run_has_its_path_and_its_name(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    of_several(view, 3)
    paths = view.flat.paths
    reading = with_other_paths(surface(), 3)
    for items, colour, name, path in zip(
        paths, (1, 2, 0), "BCA", (reading.others[0].path, reading.others[1].path, reading.path), strict=True
    ):
        np.testing.assert_array_equal(items.line.xData[:-1], path[:, 0])
        assert items.line.opts["pen"].color().name() == LIGHT.runs[colour]
        assert items.name.toPlainText() == name
        assert items.name.isVisible()
    assert paths[2].line.zValue() > paths[1].line.zValue(), "the active run's is on top"
    assert view.readout.text().startswith("A at step 600: error ")
    assert f"B {number(float(reading.others[0].path_errors[-1]))}" in view.readout.text()
    of_several(view, 1)
    assert [items.line.isVisible() for items in paths] == [True, False, False]
    assert not paths[0].name.isVisible()
    assert paths[0].line.opts["pen"].color().name() == LIGHT.runs[0]
    assert view.readout.text().startswith("step 600: error ")


def test_errors_of_others_that_are_not_known_yet_are_not_said(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    reading = with_other_paths(surface(), 2)
    unknown = replace(reading.others[0], path_errors=np.full(151, np.nan))
    view.show_snapshot(replace(race(), readings={view.probe(): replace(reading, others=(unknown,))}))
    assert "B " not in view.readout.text()


def test_all_paths_in_three_dimensions(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    view.in_3d.setChecked(True)
    of_several(view, 3)
    assert [trail.name for trail in view.relief._relief.trails] == ["B", "C", "A"]
    picture = view.relief.grab().toImage()
    found = {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}
    assert set(LIGHT.runs[:3]) <= found


def test_paths_hide_one_another_and_the_surface_hides_them() -> None:
    heights = np.zeros((21, 21))
    heights[3] = 1.0
    table, none = np.full(256, 0xFF808080, np.uint32), np.empty(0)
    behind, before = (
        np.array([[0.0, 0.5, 0.02], [0.0, 0.6, 0.02]]),
        np.array([[0.0, -0.9, 0], [0.2, -0.9, 0]]),
    )
    red, green, casing = 0xFFFF0000, 0xFF0000FF, 0xFF00FF00
    paths = [(behind, red), (before, green), (behind[:0], red)]
    pixels = render_surface(heights, table, none, paths, casing, view=(0.0, 0.2, 80.0), size=(200, 200))
    assert not (pixels == red).any()
    assert (pixels == green).any()


def test_table(stage: Stage) -> None:
    columns = stage.show(SurfaceView).table().columns
    np.testing.assert_array_equal(columns["error"], surface().errors.ravel())
    assert list(columns) == [*surface().axes, "error"]


def test_a_network_too_large_for_a_surface_says_so(stage: Stage) -> None:
    large = snapshot("lenet")
    large = replace(large, experiment=preset("alexnet"))
    view = stage.show(SurfaceView)
    assert not view.suits(large)
    view.show_snapshot(large)
    assert "60,965,224 weights" in view.message


def test_a_narrow_logarithmic_scale_has_round_numbers_too() -> None:
    assert ticks(0.01, 50, 4, logarithmic=True) == pytest.approx([0.01, 0.1, 1, 10])
    assert ticks(2.3088, 2.45, 4, logarithmic=True) == pytest.approx([2.35, 2.4, 2.45])
    assert ticks(2.3, 4.9, 3, logarithmic=True) == pytest.approx([3, 4])
    assert ticks(1, 100, 3, logarithmic=True) == [1, 10, 100]
