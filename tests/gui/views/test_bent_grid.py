"""The bent grid in its view: from the plane to the layer's space, with what a person can point at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from lab.gui.selection import Selection
from lab.gui.theme import LIGHT
from lab.gui.views.bent_grid import BentGridView
from lab.gui.widgets.bent_plot import LINES
from lab.training.bending import BentGridProbe
from tests.gui.fake_snapshots import grid_of, prepared, snapshot
from tests.gui.views.stage import Stage


@pytest.fixture
def view(stage: Stage) -> BentGridView:
    return put_up(stage, "rings")


def put_up(stage: Stage, name: str) -> BentGridView:
    view = BentGridView()
    stage.qtbot.addWidget(view)
    view.show_theme(LIGHT)
    view.resize(900, 640)
    view.show()
    feed(view, name)
    return view


def feed(view: BentGridView, name: str = "rings") -> None:
    bare = snapshot(name)
    (probe,) = view.probes(bare, view._selection)
    view.show_snapshot(replace(bare, readings={probe: grid_of(name, probe)}))


def drawn(view: BentGridView) -> np.ndarray:
    return np.stack([np.stack(item.getOriginalDataset(), -1) for item in view.plot._lines])


def test_it_begins_with_the_last_hidden_layer_as_that_sees_the_plane(view: BentGridView) -> None:
    assert view.probes(snapshot("rings"), Selection()) == {BentGridProbe("dense2", None, LINES)}
    np.testing.assert_allclose(drawn(view)[:, :, 0].min(), -3)
    assert "75.0 %" in view.readout.text()


def test_the_slider_goes_from_the_plane_to_the_layer(view: BentGridView) -> None:
    bent = drawn(view)
    view.fold.setValue(0)
    plane = drawn(view)
    np.testing.assert_allclose(plane, grid_of("rings", BentGridProbe("dense2")).lines[0])
    view.fold.setValue(50)
    # half way between the plane, at the size of the layer's space, and its picture upside down: one point
    np.testing.assert_allclose(drawn(view), 0, atol=1e-9)
    view.fold.setValue(100)
    np.testing.assert_allclose(drawn(view), bent)
    assert view.plot.getPlotItem().getAxis("bottom").labelText == "two main directions"


def test_a_layer_is_chosen_in_the_list_or_anywhere(view: BentGridView, qtbot: QtBot) -> None:
    with qtbot.waitSignals([view.watching_changed, view.picked]):
        view.layer.setCurrentIndex(0)
    (probe,) = view.probes(snapshot("rings"), view._selection)
    assert probe.layer == "dense1"
    with qtbot.waitSignal(view.watching_changed):
        view.show_selection(Selection(layer="dense3", unit=0))
    (probe,) = view.probes(snapshot("rings"), view._selection)
    assert probe.layer == "dense3"


def test_two_units_of_a_wide_layer(view: BentGridView, qtbot: QtBot) -> None:
    assert view.across.parentWidget().isHidden()
    view.along.setCurrentIndex(1)
    assert not view.across.parentWidget().isHidden()
    with qtbot.waitSignal(view.watching_changed):
        view.up.setCurrentIndex(6)
    (probe,) = view.probes(snapshot("rings"), Selection())
    assert probe.units == (0, 6)
    feed(view)
    assert view.plot.getPlotItem().getAxis("left").labelText == "dense2, unit 6"


def test_an_example_is_pointed_at_and_selected(view: BentGridView, qtbot: QtBot) -> None:
    training = prepared(snapshot("rings").experiment).training
    place = -training.raw[17, :, 0, 0] / 2
    view.plot._moved(view.plot.box.mapViewToScene(QPointF(*place)))
    name = snapshot("rings").experiment.data.classes()[training.labels[17]]
    assert view.readout.text().startswith(f"training example 17 of class {name}")
    with qtbot.waitSignal(view.picked) as picked:
        view.plot.pressed.emit(tuple(place))
    assert (picked.args[0].part, picked.args[0].example) == ("training", 17)


def test_points_and_border_by_class(view: BentGridView) -> None:
    labels = prepared(snapshot("rings").experiment).training.labels
    assert [len(item.data) for item in view.plot._points] == [int((labels == k).sum()) for k in (0, 1)]
    assert "border between classes" in view.legend.names
    view.with_points.setChecked(False)
    assert view.plot._points == []
    columns = view.table().columns
    assert len(columns["x1"]) == 2 * LINES * 121
    np.testing.assert_allclose(columns["across"], -columns["x1"] / 2)


def test_the_fold_is_animated_to_the_plane_and_back(view: BentGridView, qtbot: QtBot) -> None:
    seen = []
    view.fold.valueChanged.connect(seen.append)
    view.play.click()
    qtbot.waitUntil(lambda: not view._moving.isActive(), timeout=20_000)
    assert min(seen) == 0
    assert view.fold.value() == 100


def test_regression_has_points_without_classes(stage: Stage) -> None:
    view = put_up(stage, "waves")
    assert len(view.plot._points) == 1


def test_not_for_pictures(stage: Stage) -> None:
    view = stage.show(BentGridView, "lenet")
    assert "two inputs" in view.message
    assert not view.suits(snapshot("lenet"))
