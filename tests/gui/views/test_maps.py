"""Feature maps: what a person sees, hears and points at."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.gui.selection import Selection
from lab.gui.theme import DARK, LIGHT, diverging
from lab.gui.views.example_panel import ExamplePanel
from lab.gui.views.maps import MapsView
from lab.gui.widgets import mosaic
from lab.gui.widgets.mosaic import Group, Mark, Mosaic, Place
from lab.gui.widgets.wording import number
from lab.network.receptive_field import Region
from lab.training.probes import Activations, ActivationsProbe, largest
from tests.gui.fake_snapshots import LENET, activations, prepared, snapshot
from tests.gui.views.stage import Stage


def middle(mosaic: Mosaic, place: Place) -> QPoint:
    area = mosaic.area_of(place)
    assert area is not None
    return area.center().toPoint()


def test_hover_says_the_number_click_selects_the_unit(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(MapsView, selection=Selection(example=7))
    place = Place("conv2", 5, 0, 4, 6)
    value = activations("lenet", ActivationsProbe("validation", 7)).outputs["conv2"][5, 4, 6]
    qtbot.mouseMove(view.mosaic, middle(view.mosaic, place))
    QApplication.processEvents()
    assert view.readout.text().startswith(f"conv2, unit 5, row 4, column 6: {number(float(value))}")
    with qtbot.waitSignal(view.picked) as picked:
        qtbot.mouseClick(view.mosaic, Qt.MouseButton.LeftButton, pos=middle(view.mosaic, place))
    assert picked.args == [Selection("conv2", 5, 4, 6, "validation", 7)]


def test_the_receptive_field_of_a_unit_lies_on_the_input(stage: Stage) -> None:
    """conv1 5x5, pool 2, conv2 5x5: unit (4, 6) sees 14 pixels from (8, 12) on."""
    view = stage.show(MapsView, selection=Selection("conv2", 5, 4, 6))
    assert view.panel.picture.marked == Mark("input", 8, 12, 14, 14)
    assert "rows 8–21, columns 12–25" in view.readout.text()
    picture = view.panel.picture
    image = picture.grab().toImage()
    ratio = image.devicePixelRatio()
    corner = picture.area_of(Place("input", 0, 0, 8, 12))
    assert corner is not None
    assert image.pixelColor(round(corner.left() * ratio), round((corner.top() + 30) * ratio)) == QColor(
        LIGHT.accent
    )
    view.show_selection(Selection())
    assert view.panel.picture.marked is None


def test_a_unit_that_sees_nothing_says_so(stage: Stage) -> None:
    view = stage.show(MapsView)
    assert "Sees nothing" in view._field_words(Region(0, 0, 0, 0))
    assert "Sees nothing" in view._field_words(Region(-5, 3, 4, 4))
    view.panel.show_field(Region(0, 0, 0, 0))
    view.panel.grab()


def test_label_and_prediction_are_shown(stage: Stage) -> None:
    view = stage.show(MapsView, selection=Selection(example=3))
    label = int(prepared(LENET).validation.labels[3])
    scores = activations("lenet", ActivationsProbe("validation", 3)).scores
    assert f"True: {label}" in view.panel.verdict.text()
    assert f"Predicted: {scores.argmax()}" in view.panel.verdict.text()
    assert [bar.strong for bar in view.panel.bars.bars].index(True) == scores.argmax()


def test_turning_through_the_examples(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(MapsView, selection=Selection(example=0))
    picked: list[Selection] = []
    view.picked.connect(picked.append)
    view.mosaic.setFocus()
    for key in (Qt.Key.Key_N, Qt.Key.Key_P, Qt.Key.Key_R):
        qtbot.keyClick(view.mosaic, key)
    many = len(prepared(LENET).validation)
    assert [s.example for s in picked[:2]] == [1, many - 1]
    assert 0 < picked[2].example < many
    view._part.setCurrentIndex(0)
    assert (picked[-1].part, picked[-1].example) == ("training", 0)


def test_arrow_keys(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(MapsView, selection=Selection("conv1", 2, 3, 4))
    picked: list[Selection] = []
    view.picked.connect(picked.append)
    qtbot.keyClick(view.mosaic, Qt.Key.Key_Right)
    qtbot.keyClick(view.mosaic, Qt.Key.Key_Down)
    qtbot.keyClick(view.mosaic, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(view.mosaic, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert [(s.layer, s.unit, s.row, s.column) for s in picked] == [
        ("conv1", 2, 3, 5),
        ("conv1", 2, 4, 5),
        ("conv1", 3, 4, 5),
        ("pool1", 0, 0, 0),
    ]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_colours_under_known_values(qtbot: QtBot, theme: object) -> None:
    mosaic = Mosaic()
    qtbot.addWidget(mosaic)
    mosaic.show_theme(theme)
    values = np.array([[-2.0, 0.0], [1.0, 2.0]], np.float32)[None, None]
    mosaic.resize(300, 200)
    mosaic.show()
    mosaic.show_groups((Group("g", "g", "", values, np.array([2.0])),))
    image = mosaic.grab().toImage()
    ratio = image.devicePixelRatio()
    table = diverging(theme)
    for (row, column), entry in {(0, 0): 0, (0, 1): 128, (1, 0): 191, (1, 1): 255}.items():
        at = middle(mosaic, Place("g", 0, 0, row, column)) * ratio
        found = np.array(image.pixelColor(at).getRgb()[:3], int)
        assert np.abs(found - table[entry]).max() <= 3


def test_not_a_number_is_marked(qtbot: QtBot) -> None:
    mosaic = Mosaic()
    qtbot.addWidget(mosaic)
    mosaic.resize(200, 120)
    mosaic.show()
    values = np.array([np.nan, 1.0], np.float32).reshape(1, 1, 1, 2)
    mosaic.show_groups((Group("g", "g", "", values, np.array([1.0])),))
    image = mosaic.grab().toImage()
    assert image.pixelColor(middle(mosaic, Place("g", 0))).name() == LIGHT.danger


def test_every_place_is_found_where_it_is_drawn(qtbot: QtBot) -> None:
    mosaic = Mosaic()
    qtbot.addWidget(mosaic)
    mosaic.resize(330, 300)
    mosaic.show()
    values = np.arange(7 * 6 * 3 * 5, dtype=np.float32).reshape(7, 6, 3, 5)
    mosaic.show_groups(
        (Group("a", "a", "", values, np.array([9.0]), 25), Group("b", "b", "", values, np.ones(7)))
    )
    for group in "ab":
        for spot in [(0, 0, 0, 0), (6, 5, 2, 4), (3, 2, 1, 3), (5, 4, 0, 1)]:
            place = Place(group, *spot)
            area = mosaic.area_of(place)
            assert area is not None
            assert mosaic.place_at(area.center()) == place
            assert mosaic.value(place) == values[spot]


def test_scales(stage: Stage) -> None:
    view = stage.show(MapsView)
    reading = activations("lenet", ActivationsProbe("validation", 0))
    biggest = {name: np.abs(v).max() for name, v in reading.outputs.items()}
    limits = {g.key: g.limits for g in view.mosaic.groups}
    np.testing.assert_allclose(limits["conv1"], [biggest["conv1"]])
    view._scale.setCurrentIndex(2)
    assert {float(g.limits[0]) for g in view.mosaic.groups} == {float(max(biggest.values()))}
    view._scale.setCurrentIndex(0)
    assert len(next(g for g in view.mosaic.groups if g.key == "conv2").limits) == 16


def test_nothing_happens_for_the_same_reading(stage: Stage) -> None:
    view = stage.show(MapsView)
    groups = view.mosaic.groups
    stage.feed(view)
    assert view.mosaic.groups is not groups  # a new reading
    groups = view.mosaic.groups
    view.show_snapshot(view_snapshot := snapshot("lenet"))
    assert view_snapshot.readings == {}
    assert view.mosaic.groups is groups


def test_table(stage: Stage) -> None:
    view = stage.show(MapsView, "rings")
    columns = view.table().columns
    values = activations("rings", ActivationsProbe("validation", 0)).outputs
    assert len({len(c) for c in columns.values()}) == 1
    rows = columns["layer"] == "dense2"
    np.testing.assert_array_equal(columns["output"][rows], values["dense2"].ravel())


def test_vectors_and_small_docks(stage: Stage) -> None:
    view = stage.show(MapsView, "linear", Selection("neuron", 0, 0, 0), size=(260, 200))
    assert view.message == ""
    assert view.panel.picture.marked is None
    assert view.panel.bars.bars[0].name == "output"


def test_before_the_first_reading(qtbot: QtBot) -> None:
    view = MapsView()
    qtbot.addWidget(view)
    view.show_selection(Selection("conv1", 0, 0, 0))
    assert "play" in view.message
    assert view.table().columns == {}


@pytest.mark.parametrize("limits", [np.array([2.0]), np.array([1.0, 2.0, 3.0])])
def test_large_groups_look_like_small_ones(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, limits) -> None:
    values = np.random.default_rng(0).normal(size=(3, 2, 9, 8)).astype(np.float32)
    values[1, 0, 2, 3] = np.nan

    def drawn() -> QImage:
        picture = Mosaic()
        qtbot.addWidget(picture)
        picture.resize(300, 200)
        picture.show_groups((Group("a", "a", "", values, limits, 40),))
        return picture.grab().toImage()

    small = drawn()
    monkeypatch.setattr(mosaic, "LARGE", 0)
    assert drawn() == small


def test_channels_of_the_input_lie_where_they_can_be_seen(qtbot: QtBot) -> None:
    panel = ExamplePanel()
    qtbot.addWidget(panel)
    picture = np.zeros((3, 32, 32), np.float32)
    reading = Activations(picture, picture, {}, {}, np.ones(2), np.ones(2), 1)
    for stand in (False, True):
        panel.stand() if stand else panel.lie(72)
        panel.resize(400, 300 if stand else 72)
        panel.show()
        panel.show_example(reading, ("a", "b"))
        QApplication.processEvents()
        (block,) = panel.picture._blocks
        assert QRectF(panel.picture.rect()).contains(block.tile_area(0))
        assert block.pane[0] > 40
        panel.show_field(Region(2, 3, 10, 12))
        panel.grab()


@pytest.mark.parametrize("size", [(393, 285), (393, 190), (300, 160), (700, 400), (1000, 170)])
def test_the_example_never_lies_over_the_maps(stage: Stage, size: tuple[int, int]) -> None:
    view = stage.show(MapsView, selection=Selection(example=7))
    view.resize(*size)
    QApplication.processEvents()
    panel, maps = view.panel.geometry(), view._scroll.geometry()
    assert not panel.intersects(maps)
    assert view._pages.rect().contains(panel)
    assert maps.height() > 10
    inner = [view.panel.picture.geometry(), view.panel.verdict.geometry(), view.panel.bars.geometry()]
    assert not any(a.intersects(b) for a in inner for b in inner if a is not b)


def test_peaks_are_magnitudes() -> None:
    values = np.array([[[1.0, -3.0]], [[np.nan, 2.0]], [[0.0, 0.0]]], np.float32)
    np.testing.assert_array_equal(largest(values, (1, 2)), [3, np.nan, 0])
    assert np.isnan(largest(values))
    assert largest(-values[0]) == 3
