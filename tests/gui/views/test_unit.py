"""One unit: its maps of many examples, its strongest examples, and the input that excites it most, live."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.gui.selection import Selection
from lab.gui.theme import DARK, LIGHT
from lab.gui.views.unit import UnitView
from lab.gui.views.unit_cards import input_pictures, label_of, raw_range
from lab.gui.widgets.cards import Card, Cards, Picture, Pointed
from lab.gui.widgets.climb import words_of
from lab.gui.widgets.wording import number
from lab.network.receptive_field import Region
from lab.training.one_unit import ExcitingProbe, StrongestProbe, UnitMaps, UnitMapsProbe
from tests.gui.fake_snapshots import LENET, exciting, prepared, snapshot, strongest, unit_maps
from tests.gui.views.stage import Stage

CONV2 = Selection("conv2", 5, 4, 6)


def turn(view: UnitView, stage: Stage, page: str, selection: Selection = CONV2) -> None:
    view._page.setCurrentIndex(view._page.findData(page))
    stage.feed(view, selection=selection)


def test_many_examples_each_beside_its_input(stage: Stage) -> None:
    view = stage.show(UnitView, selection=replace(CONV2, example=30))
    probe = UnitMapsProbe("conv2", 5, "validation", 24, 24)
    assert view.probes(snapshot("lenet"), replace(CONV2, example=30)) == {probe}
    wanted = unit_maps("lenet", probe, np.arange(24, 48))
    assert len(view.cards.cards) == 24
    for k in (0, 6, 23):
        picture, shown = view.cards.cards[k].pictures
        np.testing.assert_array_equal(picture.values, wanted.inputs[k, 0])
        np.testing.assert_array_equal(shown.values, wanted.maps[k])
    assert view.cards.cards[6].caption == f"#30 · {prepared(LENET).validation.labels[30]}"
    assert view.cards.chosen == 6
    assert "examples 24–47" in view.readout.text()


def test_turning_through_pages_of_examples_and_units(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(UnitView, selection=CONV2)
    picked: list[Selection] = []
    view.picked.connect(picked.append)
    view._later.click()
    view._earlier.click()
    many = len(prepared(LENET).validation)
    assert [s.example for s in picked] == [24, (many - 1) // 24 * 24]
    qtbot.keyClick(view, Qt.Key.Key_N)
    assert (picked[-1].layer, picked[-1].unit) == ("conv2", 6)
    view.show_selection(Selection("conv2", 0, 4, 6))
    qtbot.keyClick(view, Qt.Key.Key_P)
    assert picked[-1].unit == 15
    view._layer.setCurrentIndex(view._layer.findData("dense1"))
    assert (picked[-1].layer, picked[-1].unit) == ("dense1", 0)
    view._part.setCurrentIndex(0)
    assert (picked[-1].part, picked[-1].example) == ("training", 0)


def test_pointing_at_a_number_and_selecting_an_example(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(UnitView, selection=CONV2)
    maps = unit_maps("lenet", UnitMapsProbe("conv2", 5), np.arange(24)).maps
    at = Pointed(2, 1, 3, 7)
    spot = view.cards.spot_area(at).center().toPoint()
    assert view.cards.place_at(spot.toPointF()) == at
    qtbot.mouseMove(view.cards, spot)
    QApplication.processEvents()
    assert view.readout.text().endswith(f"row 3, column 7: {number(float(maps[2, 3, 7]))}")
    with qtbot.waitSignal(view.picked) as picked:
        qtbot.mouseClick(view.cards, Qt.MouseButton.LeftButton, pos=spot)
    assert picked.args == [Selection("conv2", 5, 3, 7, "validation", 2)]


def test_without_a_selection_the_first_unit_is_shown(stage: Stage) -> None:
    view = stage.show(UnitView)
    assert view.probes(snapshot("lenet"), Selection()) == {UnitMapsProbe("conv1", 0)}
    assert view.readout.text().startswith("conv1, unit 0")


def test_the_nine_strongest(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(UnitView, selection=CONV2)
    turn(view, stage, "strongest")
    wanted = strongest("lenet", StrongestProbe("conv2", 5))
    assert len(view.cards.cards) == 9
    values = [card.caption.split(" · ")[0] for card in view.cards.cards]
    assert values == [number(float(v)) for v in wanted.values]
    picture, shown = view.cards.cards[0].pictures
    row, column = int(wanted.rows[0]), int(wanted.columns[0])
    assert picture.field == Region(2 * row, 2 * column, 14, 14)  # conv1 5x5, pool 2, conv2 5x5
    assert shown.spot == (row, column)
    assert f"the strongest of the first 40 of {wanted.there}" in view.readout.text()
    with qtbot.waitSignal(view.picked) as picked:
        view.cards.choose(3)
        qtbot.keyClick(view.cards, Qt.Key.Key_Right)
    chosen = picked.args[0]
    place = int(wanted.rows[4]), int(wanted.columns[4])
    assert (chosen.example, chosen.row, chosen.column) == (int(wanted.found.indices[4]), *place)
    np.testing.assert_array_equal(view.table().columns["example"], wanted.found.indices)
    view.show_theme(DARK)
    view.grab()


def test_units_of_one_number_have_no_map(stage: Stage) -> None:
    view = stage.show(UnitView, selection=Selection("dense1", 7, 0, 0))
    maps = unit_maps("lenet", UnitMapsProbe("dense1", 7), np.arange(24)).maps
    assert len(view.cards.cards[3].pictures) == 1
    assert view.cards.cards[3].caption.startswith(number(float(maps[3, 0, 0])))
    turn(view, stage, "exciting", Selection("dense1", 7, 0, 0))
    assert view._spot.parentWidget().isHidden()


def test_the_input_that_excites_most(stage: Stage) -> None:
    view = stage.show(UnitView, selection=CONV2)
    turn(view, stage, "exciting")
    probe = ExcitingProbe("conv2", 5)
    assert view.probes(snapshot("lenet"), CONV2) == {probe}
    found = exciting("lenet", probe)
    np.testing.assert_array_equal(view.climb.picture.group.values[0], found.x)
    assert "climbing" in view.climb.status
    assert view.readout.text() == view.climb.status
    assert (
        f"J {number(float(found.objective[0]))} → {number(float(found.objective[-1]))}" in view.climb.status
    )
    np.testing.assert_array_equal(view.climb._lines[0].getData()[1], found.objective)
    assert list(view.table().columns) == ["pass", "objective", "answer"]
    assert "1.00/2 · mean u²" in view.climb.formula.text()
    view._spot.setCurrentIndex(1)
    assert view.probes(snapshot("lenet"), CONV2) == {replace(probe, spot=(4, 6))}
    view._before.setCurrentIndex(0)
    assert view.probes(snapshot("lenet"), CONV2) == {replace(probe, spot=(4, 6), before=False)}


def test_a_climb_can_be_stopped_and_begun_again(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(UnitView, selection=CONV2)
    turn(view, stage, "exciting")
    bare, probe = snapshot("lenet"), ExcitingProbe("conv2", 5)
    with qtbot.waitSignal(view.watching_changed):
        view.climb.stop.click()
    assert view.probes(bare, CONV2) == frozenset()
    assert view.climb.status.startswith("Stopped.")
    view.climb._again()
    assert view.probes(bare, CONV2) == {replace(probe, again=1)}
    view.climb._stop()
    view.show_selection(Selection("conv2", 6, 4, 6))  # of another unit nothing was stopped
    assert view.probes(bare, Selection("conv2", 6, 4, 6)) == {replace(probe, unit=6, again=1)}


def test_all_of_a_climb_can_be_set(stage: Stage) -> None:
    view = stage.show(UnitView, selection=CONV2)
    turn(view, stage, "exciting")
    view.climb._more.setChecked(True)
    assert view.climb.fields.isVisible()
    for name, value in (("step", 0.5), ("decay", 2.0), ("variation", 0.0), ("steps", 50), ("pace", 1)):
        view.climb._numbers[name].setValue(value)
    view.climb._bounded.setChecked(False)
    (asked,) = view.probes(snapshot("lenet"), CONV2)
    assert (asked.step, asked.decay, asked.variation, asked.steps, asked.pace) == (0.5, 2.0, 0.0, 50, 1)
    assert not asked.bounded
    assert "2.00/2" in view.climb.formula.text()
    view.climb._begin.setCurrentIndex(2)
    (asked,) = view.probes(snapshot("lenet"), replace(CONV2, example=7))
    assert (asked.beginning, asked.part, asked.example) == ("example", "validation", 7)
    view.climb._begin.setCurrentIndex(0)
    view.climb._numbers["seed"].setValue(1)
    (asked,) = view.probes(snapshot("lenet"), replace(CONV2, example=7))
    assert (asked.beginning, asked.seed, asked.example) == ("noise", 1, 0)


def test_what_is_said_of_a_climb() -> None:
    probe = ExcitingProbe("conv2", 5)
    going = exciting("lenet", probe)
    assert words_of(replace(going, done=True), probe).startswith("done")
    assert words_of(replace(going, done=True, stuck=True), probe).startswith("no step leads further up")
    assert "does not answer" in words_of(replace(going, stuck=True, gradient=0.0), probe)
    lost = np.full(60, np.nan)
    assert "not finite" in words_of(replace(going, objective=lost), probe)


@pytest.mark.parametrize("size", [(380, 260), (300, 500), (1200, 700)])
def test_small_and_large(stage: Stage, size: tuple[int, int]) -> None:
    view = stage.show(UnitView, selection=CONV2, size=size)
    for page in ("strongest", "exciting", "examples"):
        turn(view, stage, page)
        view.grab()
        assert view.message == ""


@pytest.mark.parametrize("name", ["rings", "waves", "linear"])
def test_other_problems(stage: Stage, name: str) -> None:
    view = stage.show(UnitView, name)
    for page in ("strongest", "exciting", "examples"):
        view._page.setCurrentIndex(view._page.findData(page))
        stage.feed(view, name)
        assert view.message == ""
        view.grab()


def test_inputs_as_pictures() -> None:
    grey, rgb, many, vector = (
        np.random.default_rng(0).random(shape).astype(np.float32)
        for shape in ((1, 4, 5), (3, 4, 5), (6, 4, 5), (7, 1, 1))
    )
    assert [p.values.shape for p in input_pictures(grey, grey, 1.0, (0, 1))] == [(4, 5)]
    assert [p.values.shape for p in input_pictures(rgb, rgb, 1.0, (0, 1))] == [(3, 4, 5)]
    assert len(input_pictures(many, many, 1.0, (0, 1))) == 4
    assert input_pictures(vector, vector, 1.0, (0, 1))[0].size == (7, 1)
    assert raw_range(rgb) == (0, 1)
    assert raw_range(200 * rgb) == (0, 255)
    assert raw_range(rgb - 0.5)[0] < 0


def test_labels_of_pixels_are_not_labels() -> None:
    maps = np.zeros((1, 2, 2), np.float32)
    found = UnitMaps(maps[None], maps[None], maps, np.zeros(1, int), np.zeros((1, 2, 2), int))
    assert label_of(found, 0, ("a", "b")) == ""


def test_cards_in_colour(qtbot: QtBot) -> None:
    cards = Cards()
    qtbot.addWidget(cards)
    cards.resize(300, 200)
    cards.show_theme(LIGHT)
    values = np.zeros((3, 2, 2), np.float32)
    values[0, 0, 1], values[:, 1, 1] = 1.0, np.nan
    cards.show_cards((Card((Picture(values, 0.0, 1.0),), "caption", "words"),))
    cards.show()
    image = cards.grab().toImage()
    ratio = image.devicePixelRatio()

    def colour(row: int, column: int) -> str:
        return image.pixelColor(
            (cards.spot_area(Pointed(0, 0, row, column)).center() * ratio).toPoint()
        ).name()

    assert (colour(0, 0), colour(0, 1), colour(1, 1)) == ("#000000", "#ff0000", LIGHT.danger)
    cards.choose(0)
    assert cards.accessibleDescription() == "words"
