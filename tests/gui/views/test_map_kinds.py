"""What feature maps can show: before the activation, derivatives, changes; which layers; the selected map enlarged."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.gui.selection import Selection
from lab.gui.theme import DARK
from lab.gui.views.map_kinds import maps_in
from lab.gui.views.maps import MapsView
from lab.gui.widgets.enlarged import numbers_of
from lab.gui.widgets.mosaic import Place
from lab.gui.widgets.wording import number
from lab.training.comparing import Changes, ChangesProbe
from lab.training.drawing import Drawing
from lab.training.probes import ActivationsProbe, GradientsProbe
from tests.gui.fake_snapshots import activations, changes, gradients, snapshot
from tests.gui.views.stage import Stage

HERE = ActivationsProbe("validation", 0)


def turn(view: MapsView, stage: Stage, kind: str) -> None:
    view._kind.setCurrentIndex(view._kind.findData(kind))
    stage.feed(view)


def group(view: MapsView, name: str):
    return next(g for g in view.mosaic.groups if g.key == name)


def test_only_what_is_shown_is_asked_for(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(MapsView)
    bare = snapshot("lenet")
    assert view.probes(bare, Selection()) == {HERE}
    with qtbot.waitSignal(view.watching_changed):
        view._kind.setCurrentIndex(view._kind.findData("gradient"))
    assert view.probes(bare, Selection()) == {HERE, GradientsProbe("validation", 0)}
    with qtbot.waitSignal(view.watching_changed):
        view._kind.setCurrentIndex(view._kind.findData("start"))
    assert view.probes(bare, Selection()) == {HERE, ChangesProbe("validation", 0, 0)}


def test_before_the_activation(stage: Stage) -> None:
    view = stage.show(MapsView)
    turn(view, stage, "before")
    z = activations("lenet", HERE).preactivations
    assert {g.key for g in view.mosaic.groups} == set(z)
    np.testing.assert_array_equal(group(view, "conv1").values[:, 0], z["conv1"])
    assert "z = " in view._words(Place("conv1", 0, 0, 3, 4))
    assert list(view.table().columns)[-1] == "before activation"


def test_derivatives_and_those_of_the_input(stage: Stage) -> None:
    view = stage.show(MapsView)
    turn(view, stage, "gradient")
    found = gradients("lenet", GradientsProbe("validation", 0))
    np.testing.assert_array_equal(group(view, "conv2").values[:, 0], found.outputs["conv2"])
    np.testing.assert_array_equal(group(view, "input").values[:, 0], found.input)
    words = view._words(Place("conv2", 5, 0, 4, 6))
    assert f"∂E/∂y = {number(float(found.outputs['conv2'][5, 4, 6]))}" in words
    assert "(y = " in words
    assert view._words(Place("input", 0, 0, 2, 3)).startswith("input, channel 0, row 2, column 3: ∂E/∂x")
    view._pick(Place("input", 0, 0, 2, 3))
    assert view._selection.layer is None


def test_a_step_is_marked_and_compared_with(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(MapsView)
    qtbot.keyClick(view, Qt.Key.Key_M)
    assert view.kind == "mark"
    assert view._kind.currentText() == "Δ since 600"
    probe = ChangesProbe("validation", 0, 600)
    assert probe in view.probes(snapshot("lenet"), Selection())
    stage.feed(view)
    wanted = changes("lenet", probe).outputs["conv1"]
    np.testing.assert_array_equal(group(view, "conv1").values[:, 0], wanted)
    assert list(view.table().columns)[-1] == "change"


def test_a_mark_that_is_gone_says_so(stage: Stage) -> None:
    view = stage.show(MapsView)
    view.compare_with(12)
    now = snapshot("lenet", probes=frozenset({HERE}))
    gone = Changes(12, why="The weights of step 12 are not there")
    view.show_snapshot(replace(now, readings={**now.readings, ChangesProbe("validation", 0, 12): gone}))
    assert view.message == "The weights of step 12 are not there"
    turn(view, stage, "output")
    assert view.message == ""


def test_which_layers(stage: Stage) -> None:
    view = stage.show(MapsView, selection=Selection("conv2", 3, 0, 0))
    keys = [view._layers.itemData(k) for k in range(view._layers.count())]
    assert keys[:2] == ["all", "chosen"]
    view._layers.setCurrentIndex(1)
    assert [g.key for g in view.mosaic.groups] == ["conv2"]
    view.show_selection(Selection("pool1", 3, 0, 0))
    assert [g.key for g in view.mosaic.groups] == ["pool1"]
    view._layers.setCurrentIndex(next(k for k in range(2, len(keys)) if "ool" in keys[k]))
    assert [g.key for g in view.mosaic.groups] == ["pool1", "pool2"]
    assert set(view.table().columns["layer"]) == {"pool1", "pool2"}


def test_the_selected_map_is_enlarged_with_its_numbers(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(MapsView, selection=Selection("conv2", 5, 4, 6))
    maps = activations("lenet", HERE).outputs["conv2"]
    assert view.enlarged.isVisible()
    np.testing.assert_array_equal(view.enlarged.group.values[0, 0], maps[5])
    assert view.enlarged.title.text() == "conv2, unit 5"
    assert view.enlarged.numbers.text() == numbers_of(maps[5])
    assert number(float(maps[5].max())) in view.enlarged.numbers.text()
    np.testing.assert_array_equal(view.enlarged.group.limits, group(view, "conv2").limits)
    spot = view.enlarged.picture.area_of(Place("conv2", 0, 0, 1, 2)).center().toPoint()
    qtbot.mouseMove(view.enlarged.picture, spot)
    QApplication.processEvents()
    assert view.readout.text().startswith(f"conv2, unit 5, row 1, column 2: {number(float(maps[5, 1, 2]))}")
    with qtbot.waitSignal(view.picked) as picked:
        qtbot.mouseClick(view.enlarged.picture, Qt.MouseButton.LeftButton, pos=spot)
    assert picked.args == [Selection("conv2", 5, 1, 2)]
    view._enlarge.setChecked(False)
    assert not view.enlarged.isVisible()


def test_units_of_one_number_are_enlarged_together(stage: Stage) -> None:
    view = stage.show(MapsView, selection=Selection("dense1", 7, 0, 0))
    assert view.enlarged.group.values.shape[0] == 120
    assert view.enlarged.picture.chosen == Place("dense1", 7)
    assert view._unfolded(Place("dense1", 9)) == Place("dense1", 9)
    view.show_theme(DARK)
    view.grab()


@pytest.mark.parametrize("size", [(400, 300), (560, 300), (700, 200)])
def test_where_there_is_no_room_nothing_is_enlarged(stage: Stage, size: tuple[int, int]) -> None:
    view = stage.show(MapsView, selection=Selection("conv2", 5, 4, 6), size=size)
    assert view.enlarged.isVisible() == view._enlarge.isVisible() == (size[0] > 540)
    assert not view.enlarged.isVisible() or not view.enlarged.geometry().intersects(view._scroll.geometry())


def test_numbers_of_a_map() -> None:
    assert (
        numbers_of(np.array([0.0, 1.0, -2.0, 0.0])) == "least −2.00, mean −0.250, greatest 1.00, 50.0 % are 0"
    )
    assert "1 is not finite" in numbers_of(np.array([np.nan, 1.0]))
    assert numbers_of(np.array([np.inf])) == "no number is finite"


def test_settings_go_to_a_view_of_another_run(stage: Stage, qtbot: QtBot) -> None:
    view, other = stage.show(MapsView), MapsView()
    qtbot.addWidget(other)
    view.compare_with(600)
    other.copy_from(view)
    assert other.kind == "mark"
    assert other.marked.step == 600


def test_of_a_drawing_nobody_knows_the_error() -> None:
    drawn = Drawing.of(np.zeros((1, 32, 32), np.float32))
    for label, known in ((None, False), (3, True)):
        probe = GradientsProbe(replace(drawn, label=label))
        found = maps_in(
            replace(snapshot("lenet"), readings={probe: gradients("lenet", GradientsProbe())}),
            "gradient",
            probe,
        )
        assert bool(found.maps) == known
        assert ("no error" in found.why) != known
