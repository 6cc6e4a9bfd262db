"""Error surface: what is asked for, what is shown, and what is said of it."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QTransform
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from lab.experiment.presets import preset
from lab.gui.selection import Selection
from lab.gui.theme import LIGHT
from lab.gui.views.surface import SurfaceView
from lab.gui.views.weights import weight_name
from lab.gui.widgets.colorbar import ticks
from lab.gui.widgets.surface.controls import chosen_points
from lab.gui.widgets.surface.surface2d import Surface2D
from lab.gui.widgets.surface.surface3d import Surface3D
from lab.gui.widgets.wording import number
from lab.training.surfaces import Surface, SurfaceProbe
from tests.gui.fake_snapshots import (
    LENET,
    line_surface,
    over_batch,
    race,
    snapshot,
    surface,
    with_compass,
    with_other_paths,
)
from tests.gui.views.stage import Stage


def flat_of(view: SurfaceView) -> Surface2D:
    face = view.faces.face("flat")
    assert isinstance(face, Surface2D)
    return face


def choose(box: QComboBox, key: str) -> None:
    assert box.findData(key) >= 0
    box.setCurrentIndex(box.findData(key))


def feed(view: SurfaceView, reading: Surface, count: int = 1, active: int = 1) -> None:
    readings = {view.probe(): reading}
    if (batch := view.batch_probe()) is not None:
        readings[batch] = over_batch(reading)
    view.show_snapshot(replace(race(count=count, active=active), readings=readings))


def sees(face: Surface2D, colour: QColor) -> bool:
    """Whether there is a pixel of exactly this colour."""
    image = face.grab().toImage()
    return any(image.pixelColor(x, y) == colour for x in range(image.width()) for y in range(image.height()))


def point_at(face: Surface2D, x: float, y: float) -> None:
    face._moved(face.box.mapViewToScene(QPointF(x, y)))


def test_error_under_the_cursor(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    reading = surface()
    point_at(flat_of(view), reading.x[30], reading.y[12])
    assert f"error {reading.errors[12, 30]:.3f}"[:9] in view.readout.text()
    flat_of(view)._moved(QPointF(-5, -5))
    assert view.readout.text().startswith("step 600: error ")
    assert "on the plane" in view.readout.text()
    assert "over the first 256 training examples" in view.readout.text()


def test_a_point_of_the_path_under_the_cursor_says_both_errors_and_how_far_off_it_lies(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    reading = surface()
    point_at(flat_of(view), *reading.path[3])
    said = view.readout.text()
    on_surface = view.scenes[0].land.at(*reading.path[3].T)
    assert "step 12 at" in said
    assert f"true error {number(reading.path_errors[3])}" in said
    assert f"on the surface {number(float(on_surface))}" in said
    assert f"{number(reading.path_distances[3], 2)} off the plane" in said


def test_path_axes_and_lines(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    flat, reading = flat_of(view), surface()
    path = flat.paths[0]
    np.testing.assert_array_equal(path.drawn[:-1], reading.path)
    assert tuple(path.drawn[-1]) == path.now == tuple(reading.path[-1])
    assert path.start == tuple(reading.path[0])
    assert path.symbol == "o"
    assert flat.getAxis("bottom").labelText == reading.axes[0]
    assert flat.getAxis("left").labelText == reading.axes[1]
    shown = [label.toPlainText() for label in flat.contours.labels if label.isVisible()]
    assert shown
    assert {float(text) for text in shown} <= set(view.scenes[0].land.scale.levels)


def test_log_and_linear_heights(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    assert view.bar._scale.logarithmic
    view.settings.log_height.setChecked(False)
    assert not view.bar._scale.logarithmic
    assert view.bar._scale.low == pytest.approx(surface().errors.min())
    assert view.bar._scale.high == pytest.approx(surface().errors.max())


def test_heights_are_cut_where_it_is_asked_for_and_it_is_said(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    errors, path = surface().errors, surface().path_errors
    for cut, high in (
        ("path", path.max()),
        ("95", np.percentile(errors, 95)),
        ("75", np.percentile(errors, 75)),
    ):
        choose(view.settings.cut, cut)
        assert view.bar._scale.high == pytest.approx(high)
        assert f"heights above {number(float(high))} cut off" in view.readout.text()
        assert view.bar._title.endswith("▲")
    choose(view.settings.cut, "")
    assert "cut off" not in view.readout.text()


def test_few_and_many_lines(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    counts = []
    for lines in ("0", "6", "11", "20"):
        choose(view.settings.lines, lines)
        counts.append(len(view.scenes[0].land.scale.levels))
        assert counts[-1] <= int(lines)
    assert counts == sorted(counts)
    assert counts[0] == 0


def test_asking_for_another_plane(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(SurfaceView)
    assert view.probes(snapshot(), Selection()) == {SurfaceProbe("path")}
    with qtbot.waitSignal(view.watching_changed):
        choose(view.settings.plane, "weights")
    assert "Computing" in view.message
    view.show_selection(Selection(weight=151))
    view.show_selection(Selection(weight=700))
    assert view.probe() == SurfaceProbe("weights", 151, 700)
    assert weight_name(LENET.analysis, 700) in view.settings.weights.boxes[1].toolTip()


def test_another_face_of_the_same_surface_asks_for_nothing(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(SurfaceView)
    with qtbot.assertNotEmitted(view.watching_changed):
        for shape in ("solid", "both", "flat"):
            choose(view.settings.shape, shape)
            assert not view.message, "it is there already"
    with qtbot.waitSignal(view.watching_changed):
        choose(view.settings.batch, "beside")
    assert not view.message, "that of all examples is there already"


def test_a_face_may_be_left_while_another_takes_its_place(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    flat = flat_of(view)
    flat.hideEvent = lambda event: flat.pointed.emit(None)  # as where the mouse is over it
    choose(view.settings.shape, "both")
    choose(view.settings.shape, "solid")
    assert [type(face) for face in view.faces.shown] == [Surface3D]


def test_weights_are_typed_by_name_or_number_and_clicked_in_turn(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.plane, "weights")
    first, second = view.settings.weights.boxes
    first.lineEdit().setText("conv1.bias[2]")
    first.interpretText()
    assert first.value() == 152
    assert first.text() == "conv1.bias[2]"
    first.lineEdit().setText("7")
    first.interpretText()
    assert view.probe().first == 7
    first.lineEdit().setText("conv1.bias[77]")
    first.interpretText()
    assert view.probe().first == 7, "there is no such weight"
    second.focused.emit()
    view.show_selection(Selection(weight=33))
    assert (view.probe().first, view.probe().second) == (7, 33)
    view.show_selection(Selection(weight=34))
    assert (view.probe().first, view.probe().second) == (34, 33)


def test_what_is_asked_is_what_is_set(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    s = view.settings
    choose(s.plane, "random")
    s.draw.click()
    s.draw.click()
    s.set_aside.setChecked(False)
    choose(s.over, "case")
    s.case.setValue(12)
    choose(s.height, "objective")
    choose(s.resolution, "101")
    choose(s.extent, "0.3")
    choose(s.examples, "64")
    s.pinned.setChecked(True)
    assert view.probe() == SurfaceProbe(
        "random",
        resolution=101,
        extent=0.3,
        examples=64,
        over="case",
        case=12,
        height="objective",
        set_aside=False,
        seed=2,
        pinned=True,
    )
    view.show_selection(Selection(part="training", example=5))
    assert view.probe().case == 5
    choose(s.plane, "path")
    choose(s.over, "validation")
    assert view.probe() == SurfaceProbe(
        "path", resolution=101, extent=0.3, examples=64, over="validation", height="objective", pinned=True
    ), "what does not matter is as by default"
    choose(s.shape, "line")
    assert view.probe().line


def test_cheap_surfaces_have_more_points() -> None:
    cheap, dear = preset("linear-neuron"), preset("lenet")
    assert chosen_points(cheap, "training", 256, False) == 151
    assert chosen_points(dear, "training", 256, False) == 41
    assert chosen_points(dear, "case", 256, False) == 41
    assert chosen_points(preset("spiral"), "training", 256, False) == 101
    assert chosen_points(preset("spiral"), "training", 256, True) == 201
    assert chosen_points(None, "training", 256, False) == SurfaceProbe().resolution


def test_moments_are_chosen_from_where_the_runs_stand(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    view.show_snapshot(race(count=2))
    choose(view.settings.plane, "moments")
    assert view.probe().anchors == ((1, 0), (1, 600)), "from its start to where the run stands"
    button = view.settings.anchors
    button._fill()
    offered = [action.text() for action in button.menu().actions() if action.isCheckable()]
    assert offered == ["start, step 0", "here, step 600"] * 2
    button.choose((2, 600))
    assert view.probe().anchors == ((1, 0), (1, 600), (2, 600))
    assert button.text() == "A 0 · A 600 · B 600"
    button.choose((2, 0))
    assert view.probe().anchors == ((1, 600), (2, 600), (2, 0))
    for anchor in ((1, 600), (2, 600)):
        button.choose(anchor)
    assert "Choose two or three moments" in view.message
    assert view.probes(race(count=2), Selection()) == frozenset()


def test_why_there_is_something_else_is_said(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    feed(view, replace(surface(), why="The path has not moved in two directions yet"))
    assert view.readout.text().startswith("The path has not moved")


def test_accuracy_is_a_share(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.height, "accuracy")
    of = surface()
    feed(view, replace(of, errors=1 / (1 + of.errors), path_errors=1 / (1 + of.path_errors)))
    assert not view.bar._scale.logarithmic
    assert "accuracy 95." in view.readout.text()


def test_a_coarse_surface(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    coarse = surface(known=8)
    view.show_snapshot(replace(snapshot(), readings={view.probe(): coarse}))
    assert view.readout.text().startswith("computing")
    assert view.scenes[0].land.errors.shape == (6, 6)
    point_at(flat_of(view), float(coarse.x[4]), float(coarse.y[4]))
    assert f"{coarse.errors[[0, 0, 8, 8], [0, 8, 0, 8]].mean():.1f}"[:3] in view.readout.text()
    nothing = replace(coarse, errors=np.full_like(coarse.errors, np.nan))
    view.show_snapshot(replace(snapshot(), readings={view.probe(): nothing}))
    assert not view.message, "the picture stays until more is known of the new plane"
    fresh = stage.show(SurfaceView)
    choose(fresh.settings.resolution, "61")
    fresh.show_snapshot(replace(snapshot(), readings={fresh.probe(): nothing}))
    assert "Computing" in fresh.message
    assert fresh.table().columns == {}


@pytest.mark.parametrize("shape", ["flat", "solid", "both", "line"])
def test_half_computed_and_infinite_errors(stage: Stage, shape: str) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.shape, shape)
    for logarithmic in (True, False):
        view.settings.log_height.setChecked(logarithmic)
        reading = surface()
        reading.errors[30:] = np.nan
        reading.errors[5, 5] = np.inf
        reading.errors[6, 6] = 0.0
        feed(view, reading)
        view.grab()
        feed(view, replace(surface(), errors=np.zeros((41, 41))))
        view.grab()
        assert view.message == ""


@pytest.mark.parametrize("shape", ["flat", "solid", "line"])
def test_a_path_that_has_not_begun(stage: Stage, shape: str) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.shape, shape)
    start = replace(
        surface(),
        path=np.empty((0, 2)),
        path_errors=np.empty(0),
        path_steps=np.empty(0, np.int64),
        path_distances=np.empty(0),
    )
    feed(view, start)
    view.grab()
    assert view.message == ""


def test_the_picture_is_not_made_again_while_only_the_path_grows(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    land = view.scenes[0].land
    longer = surface()
    feed(view, replace(longer, path=longer.path + 0.01))
    assert view.scenes[0].land is land
    feed(view, replace(longer, errors=longer.errors + 0.01))
    assert view.scenes[0].land is not land


def test_nothing_is_drawn_again_where_nothing_is_new(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    seen = replace(race(count=2), readings={view.probe(): with_other_paths(surface(), 2)})
    view.show_snapshot(seen)
    scenes = view.scenes
    view.show_snapshot(replace(seen, step=601))
    assert view.scenes is scenes
    view.show_snapshot(replace(seen, rate=0.2))
    assert view.scenes is not scenes, "the compass says the rate"


def test_every_run_has_its_path_and_its_name(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    reading = with_other_paths(surface(), 3)
    feed(view, reading, 3)
    flat = flat_of(view)
    for item, colour, path in zip(
        flat.paths, (1, 2, 0), (reading.others[0].path, reading.others[1].path, reading.path), strict=True
    ):
        np.testing.assert_array_equal(item.drawn[:-1], path)
        assert sees(flat, QColor(LIGHT.runs[colour]))
    assert [name.text for name in flat.names.names(QTransform())] == ["A", "C", "B"]
    assert flat.paths[2].zValue() > flat.paths[1].zValue(), "the active run's is on top"
    assert view.readout.text().startswith("A at step 600: error ")
    assert f"B {number(float(reading.others[0].path_errors[-1]))}" in view.readout.text()
    feed(view, surface())
    assert [item.isVisible() for item in flat.paths] == [True, False, False]
    assert not flat.names.names(QTransform())
    assert sees(flat, QColor(LIGHT.runs[0]))
    assert not sees(flat, QColor(LIGHT.runs[1]))
    assert view.readout.text().startswith("step 600: error ")


def test_a_click_on_a_run_turns_to_it(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(SurfaceView)
    reading = with_other_paths(surface(), 2)
    feed(view, reading, 2)
    with qtbot.waitSignal(view.run_picked) as picked:
        flat_of(view).pressed.emit(tuple(reading.others[0].path[-1]))
    assert picked.args == [2]
    with qtbot.assertNotEmitted(view.run_picked):
        flat_of(view).pressed.emit((-1.9, -1.4))


def test_errors_of_others_that_are_not_known_yet_are_not_said(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    reading = with_other_paths(surface(), 2)
    unknown = replace(reading.others[0], path_errors=np.full(151, np.nan))
    feed(view, replace(reading, others=(unknown,)), 2)
    assert "B " not in view.readout.text()


def test_a_run_that_leaves_the_picture_is_marked_at_its_border_and_said(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    of = surface()
    path = of.path.copy()
    path[100:] = of.path[100:] + np.array([[50.0, 0.0]]) ** np.arange(1, 52)[:, None]
    path[130:] = np.nan
    gone = replace(of, path=path)
    feed(view, gone)
    assert f"left the picture at step {of.path_steps[99]}" in view.readout.text()
    flat = flat_of(view)
    path = flat.paths[0]
    assert np.nanmax(path.drawn[:, 0]) == pytest.approx(3.0), "the line ends at the border"
    assert path.symbol == "t2"
    to_pixels = flat.box.childGroup.sceneTransform()
    assert path.place(to_pixels).x() < to_pixels.map(QPointF(*path.now)).x(), "all of the mark is to be seen"
    choose(view.settings.shape, "solid")
    feed(view, gone)
    solid = view.faces.face("solid")
    assert isinstance(solid, Surface3D)
    assert solid.routes[0].gone
    assert solid.routes[0].ends[1][0] == pytest.approx(1.0)
    view.grab()


def test_a_run_that_has_stopped_says_why(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    why = "the loss is not finite at step 600"
    runs = race(count=2, B={"stopped": why})
    view.show_snapshot(replace(runs, readings={view.probe(): with_other_paths(surface(), 2)}))
    assert f"B stopped: {why}" in view.readout.text()
    assert flat_of(view).paths[0].symbol == "x"


def test_the_batch_beside_has_the_same_frame_and_scale(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.batch, "beside")
    assert view.probes(snapshot(), Selection()) == {SurfaceProbe("path"), SurfaceProbe("path", over="batch")}
    feed(view, with_compass(surface()), 1)
    full, batch = view.scenes
    assert full.land.scale == batch.land.scale
    assert full.land.scale.high == pytest.approx(over_batch(surface()).errors.max())
    assert full.land.frame == batch.land.frame
    assert [framed.title.text() for framed in view.faces._made.values()] == [
        "over the first 256 training examples",
        "over the next batch of 32",
    ]
    assert len(view.faces.shown) == 2
    point_at(flat_of(view), 0.5, -1.0)
    value = float(over_batch(surface()).errors[5, 20])
    assert f"error {number(value)} over the next batch of 32" in view.readout.text()
    assert view.card.rows["cos(batch, full)"][1].text() == "0.978"
    choose(view.settings.over, "batch")
    assert view.probes(snapshot(), Selection()) == {SurfaceProbe("path", over="batch"), SurfaceProbe("path")}


def test_the_batch_over_the_surface_is_dashed(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.batch, "over")
    feed(view, surface())
    assert len(view.faces.shown) == 1
    assert len(flat_of(view).laid_over.dark.getData()[0]) > 0
    assert "dashed" in view.readout.text()
    choose(view.settings.batch, "")
    feed(view, surface())
    assert len(flat_of(view).laid_over.dark.getData()[0]) == 0


def test_a_line_has_the_error_along_it_and_the_true_errors_beside(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.shape, "line")
    reading = line_surface()
    feed(view, reading)
    line = view.faces.face("line")
    x, y = line.curve.getData()
    np.testing.assert_allclose(x, reading.x)
    np.testing.assert_allclose(10**y, reading.errors[0], rtol=1e-9)
    true_x, true_y = line.runs[0].true.getData()
    np.testing.assert_allclose(true_x, reading.path[:, 0])
    np.testing.assert_allclose(10**true_y, reading.path_errors)
    assert line.runs[0].shadow.getData()[0][0] == reading.path[-1, 0]
    assert "on the line" in view.readout.text()
    view.settings.log_height.setChecked(False)
    np.testing.assert_allclose(line.curve.getData()[1], reading.errors[0])
    feed(view, surface())  # where only a plane is known: along its first direction, where the run stands
    across = view.scenes[0].land.at(surface().x, np.full(41, surface().path[-1, 1]))
    np.testing.assert_allclose(line.curve.getData()[1], across)


def test_the_table_has_everything_that_is_shown(stage: Stage) -> None:
    view = stage.show(SurfaceView)
    choose(view.settings.batch, "beside")
    reading = with_other_paths(with_compass(surface()), 2)
    feed(view, reading, 2)
    columns = view.table().columns
    assert len({len(column) for column in columns.values()}) == 1
    what = columns["what"]
    np.testing.assert_array_equal(columns["error"][what == "surface"], reading.errors.ravel())
    beside = columns["error"][what == "surface over the next batch of 32"]
    np.testing.assert_array_equal(beside, over_batch(reading).errors.ravel())
    mine = (what == "path") & (columns["run"] == "A")
    np.testing.assert_array_equal(columns[reading.axes[0]][mine], reading.path[:, 0])
    np.testing.assert_array_equal(columns["true error"][mine], reading.path_errors)
    np.testing.assert_array_equal(columns["distance off the plane"][mine], reading.path_distances)
    assert ((what == "path") & (columns["run"] == "B")).sum() == len(reading.others[0].path)
    compass = reading.compass
    assert columns["value"][what == "condition number"][0] == compass.condition
    assert columns[reading.axes[0]][what == "arrow: descent"][0] == compass.arrows["descent"].shadow[0]


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
