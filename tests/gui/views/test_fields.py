"""Receptive fields: the table of layers, the box on the input, and what was measured over it."""

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.data.datasets import Digits
from lab.experiment.presets import preset
from lab.gui.selection import Selection
from lab.gui.theme import DARK, LIGHT
from lab.gui.views.fields import FieldsView
from lab.gui.widgets.wording import number
from lab.network.layers import Add, Conv2D, Dense, Flatten
from lab.network.network import Network, Node
from lab.network.receptive_field import Region
from lab.training.fields import FieldProbe
from lab.training.readings import answer
from tests.gui.views.real import put_up, still_of, still_on


def texts(view: FieldsView) -> dict[str, list[str]]:
    """The table as a person reads it, by layer."""
    model = view.sheet.list.fields
    cells = [
        [model.data(model.index(row, column)) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]
    return {cell[0]: cell[1:] for cell in cells}


@pytest.fixture
def view(qtbot: QtBot) -> FieldsView:
    view = FieldsView()
    put_up(qtbot, view, still_of("lenet"))
    return view


def test_the_table_before_training(view: FieldsView) -> None:
    """Field, output, share, stride, padding, centre: of LeNet on 32x32 as published."""
    found = texts(view)
    assert found["conv1"] == ["5", "6×28×28", "2.4 %", "1", "0", "2"]
    assert found["pool2"] == ["16", "16×5×5", "25.0 %", "4", "0", "7.5"]
    assert found["dense3"][:3] == ["32", "10", "100.0 %"]
    assert "▲" not in str(found)


def test_a_field_larger_than_the_input_is_marked_by_sign_and_colour_and_word(qtbot: QtBot) -> None:
    view = FieldsView()
    put_up(qtbot, view, still_of("lenet-28"))
    assert texts(view)["dense1"][0] == "▲ 32"
    assert texts(view)["pool2"][0] == "16"
    model = view.sheet.list.fields
    marked = model.index(next(k for k, row in enumerate(model.rows) if row.layer == "dense1"), 1)
    assert model.data(marked, Qt.ItemDataRole.ForegroundRole) == QColor(LIGHT.warning)
    assert "dense1, 120: field 32 pixels, stride 4, 100.0 % of the input, larger than the input" in (
        view.sheet.list.accessibleDescription()
    )


def test_sizes_by_phase_and_axis(qtbot: QtBot) -> None:
    view = FieldsView()
    put_up(qtbot, view, still_of("small-u-net"))
    assert texts(view)["back1_1"][0] == "▲ 40–44"
    assert texts(view)["up1"][3] == "1"
    assert view.sheet.notices.text() == "All branches that meet look at the same places."


def test_branches_that_do_not_line_up_are_told(qtbot: QtBot) -> None:
    network = Network(
        (
            Node("a", Conv2D(2, 3)),
            Node("b", Conv2D(2, (2, 3), padding=(1, 1)), ("a",)),
            Node("sum", Add(crop=True), ("a", "b")),
            Node("flat", Flatten()),
            Node("out", Dense(10)),
        )
    )
    view = FieldsView()
    e = msgspec.structs.replace(preset("lenet"), network=network, data=Digits(size=8))
    put_up(qtbot, view, still_on(e))
    assert view.sheet.notices.text().startswith("⚠ sum: “b” looks 0.5 pixel above where “a” looks.")
    assert texts(view)["b"][0] == "4 × 5"
    assert "⚠ sum" in texts(view), "its line is marked, too"


def test_the_box_and_the_words_of_the_selected_unit(qtbot: QtBot, view: FieldsView) -> None:
    view.picked.emit(Selection("conv2", 3, 0, 9))
    assert view.sheet.picture.shown.region == Region(0, 18, 14, 14)
    words = view.sheet.words.text()
    assert "Unit 3 of conv2 at row 0, column 9 sees rows 0 to 13 and columns 18 to 31: 14×14 pixels." in words
    view.shown.setCurrentIndex(view.shown.findData(""))  # else an ellipse comes near
    image = view.sheet.picture.grab().toImage()
    ratio = image.devicePixelRatio()
    corner = view.sheet.picture.area_of(0, 18, 14, 14)
    at = round(corner.left() * ratio), round(corner.center().y() * ratio)
    assert image.pixelColor(*at) == QColor(LIGHT.accent)


def test_what_is_measured_is_the_engines(view: FieldsView) -> None:
    view.picked.emit(Selection("conv2", 3, 5, 5, "validation", 2))
    shown = view.sheet.picture.shown
    probe = FieldProbe("conv2", 3, 5, 5, "validation", 2, 64)
    wanted = answer(probe, still_of("lenet")._still.moment())
    np.testing.assert_array_equal(shown.measured, wanted.magnitude)
    side = number(wanted.effective.side)
    assert f"effective size √{wanted.effective.pixels} = {side} pixels a side, of 14.0 in theory" in (
        view.sheet.words.text()
    )
    view.shown.setCurrentIndex(view.shown.findData("signed"))
    np.testing.assert_array_equal(view.sheet.picture.shown.measured, wanted.signed)
    view.shown.setCurrentIndex(view.shown.findData("one"))
    np.testing.assert_array_equal(view.sheet.picture.shown.measured, wanted.one)
    assert not view.many.isEnabled()
    view.shown.setCurrentIndex(view.shown.findData(""))
    assert view.sheet.picture.shown.measured is None
    bare = still_of("lenet").snapshot(frozenset())
    assert not any(isinstance(probe, FieldProbe) for probe in view.probes(bare, Selection("conv2")))


def test_a_row_of_the_table_turns_to_its_layer(qtbot: QtBot, view: FieldsView) -> None:
    with qtbot.waitSignal(view.picked) as picked:
        view.sheet.list.selectRow(0)
    assert picked.args == [Selection("conv1", 0, -1, -1)]
    assert view.sheet.picture.shown.region == Region(14, 14, 5, 5)


def test_dragging_over_the_input_goes_to_the_nearest_unit(qtbot: QtBot, view: FieldsView) -> None:
    """pool2's first field has its middle at 7.5, the next 4 pixels on."""
    view.picked.emit(Selection("pool2", 1, 0, 0))
    picture = view.sheet.picture
    qtbot.mousePress(picture, Qt.MouseButton.LeftButton, pos=picture.area_of(15, 19, 1, 1).center().toPoint())
    assert (view._spot.row, view._spot.column) == (2, 3)
    qtbot.mouseMove(picture, picture.area_of(31, 0, 1, 1).center().toPoint())
    QApplication.processEvents()
    qtbot.mouseRelease(picture, Qt.MouseButton.LeftButton)
    qtbot.mousePress(picture, Qt.MouseButton.LeftButton, pos=picture.area_of(31, 0, 1, 1).center().toPoint())
    assert (view._spot.row, view._spot.column) == (4, 0)


def test_keys_go_from_unit_to_unit(qtbot: QtBot, view: FieldsView) -> None:
    view.picked.emit(Selection("conv2", 3, 5, 5))
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Down, Qt.Key.Key_PageDown):
        qtbot.keyClick(view.sheet.picture, key)
    assert (view._spot.unit, view._spot.row, view._spot.column) == (4, 6, 4)


def test_the_map_chooses_a_place(qtbot: QtBot, view: FieldsView) -> None:
    view.picked.emit(Selection("conv2", 3, 5, 5))
    shown = view.sheet.map.groups[0].values[0, 0]
    assert shown.shape == (10, 10)
    assert shown.any(), "the unit's own outputs"
    view.sheet.placed.emit(7, 2)
    assert (view._spot.row, view._spot.column) == (7, 2)


def test_the_pixel_under_the_mouse_is_read_out(view: FieldsView) -> None:
    view.picked.emit(Selection("conv2", 3, 5, 5))
    shown = view.sheet.picture.shown
    y, x = view.sheet.picture.pixel_at(QPointF(view.sheet.picture.area_of(16, 15, 1, 1).center()))
    assert (round(y), round(x)) == (16, 15)
    view.sheet.picture.hovered.emit((16, 15))
    assert f"|g| = {number(float(shown.measured[16, 15]))}" in view.readout.text()


def test_vectors_have_no_fields(qtbot: QtBot) -> None:
    view, snapshot = FieldsView(), still_of("xor").snapshot(frozenset())
    qtbot.addWidget(view)
    assert not view.suits(snapshot)
    view.show_snapshot(snapshot)
    assert view.message.startswith("The input is no image")


def test_so_large_a_network_is_shown_in_theory_alone(qtbot: QtBot) -> None:
    view = FieldsView()
    put_up(qtbot, view, still_of("u-net"))
    assert view.probes(still_of("u-net").snapshot(frozenset()), Selection()) == frozenset()
    assert texts(view)["output"][0] == "188–204"
    assert "188–204 pixels an axis" in view.sheet.words.text()
    assert "Nothing is measured of so large a network" in view.sheet.words.text()


def test_the_table_for_files(view: FieldsView) -> None:
    columns = view.table().columns
    at = list(columns["layer"]).index("pool2")
    assert columns["largest field, vertical (pixels)"][at] == 16
    assert columns["stride, horizontal (pixels)"][at] == 4
    assert columns["share of the input"][at] == 0.25


@pytest.mark.parametrize("size", [(300, 220), (405, 300), (640, 420), (1200, 900)])
def test_it_is_drawn_at_any_size_in_both_themes(view: FieldsView, size: tuple[int, int]) -> None:
    view.resize(*size)
    for theme in (DARK, LIGHT):
        view.show_theme(theme)
        QApplication.processEvents()
        area = view.sheet.picture.area_of(0, 0, 32, 32)
        assert area.width() >= 30
        assert view.sheet.picture.rect().contains(area.center().toPoint())
