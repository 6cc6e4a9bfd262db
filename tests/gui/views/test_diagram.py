"""The network drawn: every line is its weight, a click selects, what has no room is folded, the keys lead on."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from lab.experiment.presets import preset
from lab.gui.selection import Selection
from lab.gui.theme import DARK, LIGHT, diverging
from lab.gui.views.diagram import DiagramView
from lab.gui.widgets.diagram.ink import LEVELS, pens
from lab.gui.widgets.diagram.net import Column, Net, net_of
from lab.gui.widgets.diagram.numbers import limits_of
from lab.gui.widgets.diagram.placing import Room, placed
from lab.gui.widgets.diagram.sheet import Line, More, Spot
from lab.gui.widgets.diagram.strata import strata
from lab.network.network import INPUT
from lab.training.probes import ActivationsProbe, DecisionProbe, ToldProbe, WeightsProbe
from tests.gui.fake_snapshots import EXPERIMENTS, snapshot, weights
from tests.gui.views.stage import Stage


def on_screen(view: DiagramView, area: QRectF) -> QPoint:
    return view.sheet.to_screen(area).center().toPoint()


# which networks are drawn unit by unit


def test_small_chains_of_dense_layers_are_drawn_unit_by_unit() -> None:
    net = net_of(preset("spiral"))
    assert net is not None
    assert [(c.name, c.count) for c in net.columns] == [
        (INPUT, 2),
        ("dense1", 16),
        ("dense2", 8),
        ("dense3", 1),
    ]
    assert net.on_plane
    assert net.columns[0].labels == ("x1", "x2")
    digits = net_of(preset("mlp-digits"))
    assert digits is not None
    assert digits.columns[0].image == (1, 8, 8)
    assert [c.name for c in digits.columns] == [
        INPUT,
        "dense1",
        "dense2",
    ]  # flatten lays the pixels out anew only
    assert digits.columns[-1].labels == tuple("0123456789")
    for other in ("lenet", "small-u-net", "alexnet", "ravine"):
        assert net_of(preset(other)) is None


def test_what_is_asked_depends_on_what_is_drawn(stage: Stage) -> None:
    view = stage.show(DiagramView, "rings")
    chosen = Selection()
    assert view.probes(snapshot("rings"), chosen) == {WeightsProbe(), DecisionProbe()}
    assert view.probes(snapshot("lenet"), chosen) == {ActivationsProbe("validation", 0)}
    view._drawing.setCurrentIndex(2)
    assert view.probes(snapshot("rings"), chosen) == {ActivationsProbe("validation", 0)}


# where things lie


@given(
    counts=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    width=st.integers(200, 1600),
    height=st.integers(120, 900),
)
@settings(max_examples=60, deadline=None)
def test_units_do_not_cover_one_another_and_lie_on_the_sheet(
    counts: list[int], width: int, height: int
) -> None:
    columns = [Column(INPUT, 2, "2")]
    columns += [
        Column(f"d{k}", n, "", weight=f"d{k}.weight", bias=f"d{k}.bias") for k, n in enumerate(counts)
    ]
    found, extent = placed(Net(tuple(columns), True), QSizeF(width, height), Room(40, 20), {}, ())
    areas = [column.area(unit) for column in found for unit in column.units]
    sheet = QRectF(-0.5, -0.5, extent.width() + 1, extent.height() + 1)
    assert all(sheet.contains(area) for area in areas)
    for k, area in enumerate(areas):
        assert not any(area.adjusted(0.2, 0.2, -0.2, -0.2).intersects(other) for other in areas[k + 1 :])
    for column in found:
        assert column.shown + column.folded == column.column.count
        assert all(column.unit_at(column.area(unit).center()) == unit for unit in column.units)


def test_units_without_room_are_folded_scrolled_and_shown(stage: Stage) -> None:
    view = stage.show(DiagramView, "lenet", size=(500, 300))
    view._drawing.setCurrentIndex(1)  # LeNet is no chain of vectors: it stays as it is
    stage.feed(view, "lenet")
    assert view.sheet is view.blocks
    many = stage.show(DiagramView, "rings", size=(500, 300))
    net = Net((Column(INPUT, 2, ""), Column("big", 128, "", weight="big.weight")), True)
    many.units.show_net(net)
    column = many.units.column("big")
    assert column is not None
    assert 0 < column.shown < 128
    assert column.folded == 128 - column.shown
    at = QPointF(column.middle, column.y + 5)
    assert many.units.scroll_layer(at, 7)
    assert many.units.column("big").first == 7
    many.units.reveal(Spot("big", 127))
    assert 127 in many.units.column("big").units
    many.units.toggle("big")
    assert many.units.column("big").folded == 0
    assert many.units.extent.height() > many.units.height()
    many.units.toggle("big")
    assert many.units.column("big").folded == 128 - column.shown


@pytest.mark.parametrize("name", ["lenet", "lenet-5-1998", "small-u-net", "alexnet", "vgg-16", "u-net"])
@pytest.mark.parametrize("size", [(380, 200), (700, 480), (300, 900)])
def test_blocks_do_not_cover_one_another(name: str, size: tuple[int, int]) -> None:
    analysis = preset(name).analysis
    found = strata(analysis, QSizeF(*size), (), False, 0.36)
    assert {block.name for block in found.blocks} == {INPUT, *(f.name for f in analysis.nodes)}
    for k, block in enumerate(found.blocks):
        assert not any(block.maps.intersects(other.maps) for other in found.blocks[k + 1 :])
        for unit in range(block.grid.count):
            assert block.unit_at(block.tile(unit).center()) == unit
        assert block.grid.count + block.folded == (1 if block.name == INPUT else block.shape.channels)
    sheet = QRectF(-1, -1, found.extent.width() + 2, found.extent.height() + 2)
    assert all(sheet.contains(block.maps) for block in found.blocks)


def test_a_folded_layer_opens_at_a_click(stage: Stage) -> None:
    view = stage.show(DiagramView, "lenet")
    analysis = preset("alexnet").analysis
    view.blocks.show_network(analysis)
    folded = next(block for block in view.blocks.blocks if block.folded)
    view.blocks.toggle(folded.name)
    assert view.blocks.block(folded.name).folded == 0


# what is drawn


def test_signs_are_told_without_colour() -> None:
    negative, positive = pens(LIGHT)
    assert all(pen.style() == Qt.PenStyle.SolidLine for pen in positive)
    assert all(pen.style() == Qt.PenStyle.CustomDashLine for pen in negative)
    widths = [pen.widthF() for pen in positive]
    assert widths == sorted(widths)
    assert widths[LEVELS] > 4 * widths[0]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_units_picture_has_the_colours_of_its_map(stage: Stage, theme: object) -> None:
    view = stage.show(DiagramView, "rings", size=(700, 480))
    view.show_theme(theme)  # type: ignore[arg-type]
    reading = snapshot("rings", probes=frozenset({DecisionProbe()})).reading(DecisionProbe())
    assert reading is not None
    column = view.units.column("dense1")
    image = view.units.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    ratio = view.units.devicePixelRatioF()
    limit = float(np.abs(reading.layers["dense1"]).max())
    for unit in (0, 5):
        maps = reading.layers["dense1"][unit, ::-1]
        area = view.units.to_screen(column.area(unit))
        for share in (0.3, 0.7):  # a quarter in from the corners, at both ends of a diagonal
            value = maps[int(share * len(maps)), int(share * len(maps))]
            at = area.topLeft() + QPointF(share * area.width(), share * area.height())
            seen = image.pixelColor((at * ratio).toPoint())
            row = round(127.5 + 127.5 * value / limit)
            want = diverging(theme)[row].astype(int)  # type: ignore[arg-type]
            assert np.abs(want - [seen.red(), seen.green(), seen.blue()]).max() < 70


def test_all_weights_of_a_small_network_are_drawn_and_a_nan_does_not_break_it(stage: Stage) -> None:
    view = stage.show(DiagramView, "rings")
    view.units.grab()
    assert view.units.drawn == 2 * 8 + 8 * 8 + 8 * 2
    numbers = view.units._numbers
    broken = dict(numbers.weights)
    broken["dense2.weight"] = np.full((8, 8), np.nan, np.float32)
    broken["dense2.bias"] = np.full(8, np.nan, np.float32)
    view.units.show_numbers(replace(numbers, weights=broken))
    assert not view.units.grab().isNull()


def test_scales_by_unit_layer_and_network() -> None:
    peaks = {INPUT: np.array([5.0, 1.0]), "a": np.array([1.0, 0.0]), "b": np.array([2.0, 4.0])}
    assert limits_of(peaks, "unit")["a"].tolist() == [1.0, 1.0]
    assert limits_of(peaks, "layer")["b"].tolist() == [4.0]
    assert limits_of(peaks, "network") == {INPUT: [5.0], "a": [4.0], "b": [4.0]}


# pointing and selecting


def test_the_weight_under_the_mouse_is_named_with_its_value_and_asked_about(
    qtbot: QtBot, stage: Stage
) -> None:
    view = stage.show(DiagramView, "rings")
    W = weights("rings")["dense2.weight"]
    lines = view.units._lines[1]
    at = int(np.flatnonzero((lines.targets == 0) & (lines.sources == 0))[0])
    point = view.units.to_screen(QRectF(lines.path(at).pointAtPercent(0.5), QSizeF(0, 0))).topLeft()
    with qtbot.waitSignal(view.watching_changed):
        qtbot.mouseMove(view.units, point.toPoint())
    mark = view.units.under
    assert isinstance(mark, Line)
    value = W[mark.unit, mark.source]
    assert view.readout.text().startswith(f"{mark.layer}.weight[{mark.unit}, {mark.source}] = ")
    shown = view.readout.text().split("= ")[1].split()[0].replace("−", "-")
    assert float(shown) == pytest.approx(float(value), rel=0.01, abs=1e-3)
    asked = view.probes(snapshot("rings"), Selection())
    assert {type(probe) for probe in asked} == {WeightsProbe, DecisionProbe, ToldProbe}
    told = snapshot("rings", probes=asked)
    view.show_snapshot(told)
    assert "gradient" in view.readout.text()


def test_a_click_on_a_unit_selects_it_and_one_on_a_line_its_weight(qtbot: QtBot, stage: Stage) -> None:
    view = stage.show(DiagramView, "rings")
    picked: list[Selection] = []
    view.picked.connect(picked.append)
    qtbot.mouseClick(
        view.units, Qt.MouseButton.LeftButton, pos=on_screen(view, view.units.column("dense1").area(3))
    )
    assert (picked[-1].layer, picked[-1].unit, picked[-1].weight) == ("dense1", 3, -1)
    view.units.point(Line("dense2", 5, 2))
    flat = 2 * 8 + 8 + 5 * 8 + 2
    assert (picked[-1].layer, picked[-1].unit, picked[-1].weight) == ("dense2", 5, flat)
    view.units.point(Line("dense2", 5, -1))
    assert picked[-1].weight == 2 * 8 + 8 + 64 + 5


def test_it_turns_to_what_is_selected_elsewhere(stage: Stage) -> None:
    view = stage.show(DiagramView, "rings")
    view.show_selection(Selection(layer="dense2", unit=1))
    assert view.units.chosen == Spot("dense2", 1)
    view.show_selection(Selection(layer="dense2", unit=5, weight=2 * 8 + 8 + 5 * 8 + 2))
    assert view.units.chosen == Line("dense2", 5, 2)
    assert view.units.accessibleDescription().startswith("dense2.weight[5, 2] = ")
    view.show_selection(Selection())
    assert view.units.chosen is None


def test_a_click_on_a_map_selects_its_place(qtbot: QtBot, stage: Stage) -> None:
    view = stage.show(DiagramView, "lenet")
    picked: list[Selection] = []
    view.picked.connect(picked.append)
    block = view.blocks.block("conv1")
    qtbot.mouseClick(view.blocks, Qt.MouseButton.LeftButton, pos=on_screen(view, block.tile(2)))
    assert (picked[-1].layer, picked[-1].unit) == ("conv1", 2)
    assert 0 <= picked[-1].row < block.shape.height
    qtbot.mouseClick(view.blocks, Qt.MouseButton.LeftButton, pos=on_screen(view, block.head))
    assert (picked[-1].layer, picked[-1].unit) == ("conv1", -1)


def test_arrow_keys_lead_from_unit_to_unit_and_say_where(qtbot: QtBot, stage: Stage) -> None:
    view = stage.show(DiagramView, "rings")
    view.picked.connect(view.show_selection)  # as the document does
    sheet = view.units
    for key, expected in (
        (Qt.Key.Key_Down, Spot(INPUT, 0)),
        (Qt.Key.Key_Down, Spot(INPUT, 1)),
        (Qt.Key.Key_Right, None),
        (Qt.Key.Key_Down, None),
        (Qt.Key.Key_Left, None),
    ):
        qtbot.keyClick(sheet, key)
        if expected is not None:
            assert sheet.chosen == expected
    assert sheet.chosen.layer == INPUT
    qtbot.keyClick(sheet, Qt.Key.Key_End)
    assert sheet.chosen == Spot("dense3", 1)
    assert sheet.accessibleDescription().startswith("dense3, unit 1")
    qtbot.keyClick(sheet, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert sheet.chosen == Line("dense3", 1, 0)
    qtbot.keyClick(sheet, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert sheet.chosen == Line("dense3", 1, -1)
    assert sheet.accessibleDescription().startswith("dense3.bias[1] = ")


def test_every_map_is_reached_by_arrow_keys(qtbot: QtBot, stage: Stage) -> None:
    view = stage.show(DiagramView, "lenet")
    view.picked.connect(view.show_selection)
    seen = set()
    qtbot.keyClick(view.blocks, Qt.Key.Key_Home)
    for _ in range(60):
        seen.add(view.blocks.chosen.layer)
        qtbot.keyClick(view.blocks, Qt.Key.Key_Right)
    assert seen == {INPUT, *(f.name for f in EXPERIMENTS["lenet"].analysis.nodes)}
    assert view.blocks.accessibleDescription().startswith("dense3, unit ")


# zoom


def test_it_zooms_about_the_mouse_and_fits_again(qtbot: QtBot, stage: Stage) -> None:
    view = stage.show(DiagramView, "lenet")
    sheet = view.blocks
    before = sheet.zoom
    here = QPointF(400, 300)
    there = sheet.to_scene(here)
    sheet.zoom_by(3.0, here)
    assert sheet.zoom == pytest.approx(3 * before)
    assert (sheet.to_scene(here) - there).manhattanLength() < 1e-6
    qtbot.keyClick(sheet, Qt.Key.Key_0)
    assert sheet.zoom == pytest.approx(before)


def test_the_table_has_a_row_for_each_weight_or_layer(stage: Stage) -> None:
    table = stage.show(DiagramView, "rings").table().columns
    parameters = EXPERIMENTS["rings"].analysis.parameter_count
    assert {len(column) for column in table.values()} == {parameters}
    rows = zip(table["layer"], table["unit"], table["input (-1: bias)"], table["weight"], strict=True)
    found = {(layer, int(unit), int(source)): float(w) for layer, unit, source, w in rows}
    assert found["dense2", 3, 6] == pytest.approx(float(weights("rings")["dense2.weight"][3, 6]))
    assert found["dense1", 4, -1] == pytest.approx(float(weights("rings")["dense1.bias"][4]))
    layers = stage.show(DiagramView, "lenet").table().columns
    assert layers["layer"].tolist() == [f.name for f in EXPERIMENTS["lenet"].analysis.nodes]


def test_a_formula_says_why_there_is_nothing(stage: Stage) -> None:
    view = DiagramView()
    stage.qtbot.addWidget(view)
    view.show_snapshot(replace(snapshot("rings"), experiment=preset("ravine")))
    assert "formula" in view.message


def test_more_is_a_mark_with_words(stage: Stage) -> None:
    view = stage.show(DiagramView, "rings")
    assert "click" in view._words(More("dense1"))
