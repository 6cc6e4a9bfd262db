"""Problems in the plane: decision map and hidden units."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from lab.gui.selection import Selection
from lab.gui.views.decision import DecisionView
from lab.gui.views.units import UnitsView
from lab.gui.widgets.mosaic import Place
from lab.gui.widgets.surface.contours import contour_lines
from lab.gui.widgets.wording import number
from lab.training.probes import DecisionProbe
from tests.gui.fake_snapshots import RINGS, decision, prepared, snapshot
from tests.gui.views.stage import Stage


def test_the_output_at_a_place(stage: Stage) -> None:
    view = stage.show(DecisionView, "rings")
    reading = decision("rings", 100)
    x = np.linspace(-6, 6, 100)
    view.plot._moved(view.plot.box.mapViewToScene(QPointF(x[20], x[70])))
    score = reading.score[70, 20]
    name = RINGS.data.classes()[int(score > 0)]
    assert view.readout.text().endswith(f"({name})")
    assert number(float(score)) in view.readout.text()


def test_blue_is_negative_and_up_is_up(stage: Stage) -> None:
    view = stage.show(DecisionView, "rings")
    score = decision("rings", 100).score
    image = view._image.image
    row, column = np.unravel_index(score.argmin(), score.shape)
    assert image[row, column, 2] > image[row, column, 0]
    bottom = view._image.mapRectToParent(view._image.boundingRect()).top()
    assert bottom < -5.9  # row 0 at the lowest second input


def test_points_are_where_the_data_is(stage: Stage) -> None:
    view = stage.show(DecisionView, "rings")
    training = prepared(RINGS).training
    first = view._points[0].getData()
    np.testing.assert_allclose(first[0], training.raw[training.labels == 0, 0, 0, 0])
    assert {p.opts["symbol"] for p in view._points} == {"o", "s"}
    assert "validation" in view.legend.names
    view._with_points.setChecked(False)
    assert view._points == []


def test_three_classes_have_a_winner(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(DecisionView, "rings")
    winner = np.zeros((100, 100), np.int64)
    winner[:, 50:] = 1
    reading = replace(decision("rings", 100), score=None, winner=winner)
    view.show_snapshot(replace(snapshot("rings"), readings={DecisionProbe(): reading}))
    x, _ = view._boundary.getData()
    assert np.nanmedian(x) == np.linspace(-6, 6, 100)[49:51].mean()
    assert view.bar.isHidden()


def test_regression_shares_its_scale_with_the_data(stage: Stage) -> None:
    view = stage.show(DecisionView, "waves")
    targets = prepared(snapshot("waves").experiment).training.targets
    assert view._limit == float(np.abs(targets).max())
    assert view._boundary.getData()[0] is None or not len(view._boundary.getData()[0])


def test_contours_of_a_known_function() -> None:
    x = np.linspace(-2, 2, 81)
    z = x[None, :] ** 2 + x[:, None] ** 2
    px, py = contour_lines(x, x, z, [1.0])
    np.testing.assert_allclose(np.hypot(px, py)[~np.isnan(px)], 1, atol=2e-3)
    z[40, 40] = np.nan
    assert len(contour_lines(x, x, z, [1.0])[0])
    assert len(contour_lines(x, x, z, [99.0])[0]) == 0


def test_units(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(UnitsView, "rings")
    maps = decision("rings", 100).layers["dense2"]
    top = Place("dense2", 5, 0, 0, 10)
    assert view.mosaic.value(top) == maps[5, 99, 10]  # the top of the picture is the highest second input
    area = view.mosaic.area_of(Place("dense2", 5, 0, 50, 50))
    assert area is not None
    with qtbot.waitSignal(view.picked) as picked:
        qtbot.mouseClick(view.mosaic, Qt.MouseButton.LeftButton, pos=area.center().toPoint())
    assert (picked.args[0].layer, picked.args[0].unit) == ("dense2", 5)
    qtbot.mouseMove(view.mosaic, area.center().toPoint())
    assert view.readout.text().startswith("dense2, unit 5 at (")
    columns = view.table().columns
    np.testing.assert_array_equal(columns["dense2[5]"], maps[5].ravel())


def test_not_for_digits(stage: Stage) -> None:
    for cls in (DecisionView, UnitsView):
        view = stage.show(cls, "lenet")
        assert "two inputs" in view.message
        assert view.probes(snapshot("lenet"), Selection()) == frozenset()
        assert not view.suits(snapshot("lenet"))
