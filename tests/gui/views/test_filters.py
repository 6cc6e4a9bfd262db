"""Filters: weights as images, and back to weights."""

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lab.data.datasets import PhotoPatches
from lab.gui.selection import Selection
from lab.gui.views.filter_groups import Seen, as_blocks, in_colour, seen_by
from lab.gui.views.filters import FiltersView
from lab.gui.views.weights import flat_index, place_of, weight_name
from lab.gui.widgets.mosaic import Place
from lab.gui.widgets.wording import number
from lab.network.layers import Conv2D, Dense, Dropout, Flatten, LayerNorm, TransposedConv2D
from lab.network.network import Network, Node, analyse
from lab.network.shape import Shape
from lab.training import filter_numbers
from lab.training.drawing import Drawing
from lab.training.filters import Filters, FiltersProbe
from tests.gui.fake_snapshots import LENET, snapshot, weights
from tests.gui.fake_snapshots import filters as fake_filters
from tests.gui.views.stage import Stage


def turn(view: FiltersView, stage: Stage, layer: str) -> None:
    view.show_selection(Selection(layer=layer))
    stage.feed(view)


def fill(view: FiltersView, experiment, parameters: dict[str, np.ndarray], layer: str) -> None:
    """As if the view had been told these weights."""
    view._experiment, view._asked = experiment, FiltersProbe(layer)
    view._reading = fake_filters(experiment, parameters, view._asked)
    view._show_weights()


def test_each_number_is_where_it_says(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(FiltersView)
    turn(view, stage, "conv2")
    assert view._box.currentText() == "conv2"
    place = Place("conv2.weight", 3, 2, 4, 1)
    area = view.mosaic.area_of(place)
    assert area is not None
    qtbot.mouseMove(view.mosaic, area.center().toPoint())
    value = float(weights("lenet")["conv2.weight"][3, 2, 4, 1])
    assert view.readout.text() == f"conv2.weight[3, 2, 4, 1]: {number(value, 4)}"
    with qtbot.waitSignal(view.picked) as picked:
        qtbot.mouseClick(view.mosaic, Qt.MouseButton.LeftButton, pos=area.center().toPoint())
    selection = picked.args[0]
    flat = np.concatenate([v.ravel() for v in weights("lenet").values()])
    assert flat[selection.weight] == np.float32(value)
    assert (selection.layer, selection.unit) == ("conv2", 3)


def test_dense_rows_are_images_where_the_input_was_one(stage: Stage) -> None:
    view = stage.show(FiltersView, selection=Selection(layer="dense1"))
    group = view.mosaic.groups[0]
    assert group.values.shape == (120, 16, 5, 5)
    assert view._spot(Place("dense1.weight", 7, 2, 1, 3)) == (7, 2 * 25 + 1 * 5 + 3)
    turn(view, stage, "dense2")
    assert view.mosaic.groups[0].values.shape == (1, 1, 84, 120)
    assert view._spot(Place("dense2.weight", 0, 0, 80, 100)) == (80, 100)


def test_a_weight_chosen_elsewhere_is_outlined(stage: Stage) -> None:
    flat = flat_index(LENET.analysis, "dense1.weight", (5, 77))
    view = stage.show(FiltersView, selection=Selection(layer="dense1", unit=5, weight=flat))
    assert view.mosaic.chosen == Place("dense1.weight", 5, 3, 0, 2)
    assert view.readout.text().startswith("dense1.weight[5, 77]: ")


def test_flat_indices_there_and_back() -> None:
    analysis = LENET.analysis
    for flat in (0, 149, 150, 155, 156, analysis.parameter_count - 1):
        place = place_of(analysis, flat)
        assert place is not None
        assert flat_index(analysis, *place) == flat
    assert weight_name(analysis, 151) == "conv1.bias[1]"
    assert place_of(analysis, analysis.parameter_count) is None
    assert flat_index(analysis, "nothing", (0,)) == -1


def test_table(stage: Stage) -> None:
    columns = stage.show(FiltersView).table().columns
    assert len(columns["value"]) == 6 * 25 + 6
    assert columns["index"][30] == "1 0 1 0"
    np.testing.assert_array_equal(columns["value"][:150], weights("lenet")["conv1.weight"].ravel())


def test_a_number_for_each_place_of_an_image_lies_as_the_image(qtbot: QtBot) -> None:
    """As the scales of a layer normalization."""
    x = Shape(3, 4, 5)
    network = Network((Node("norm", LayerNorm()), Node("flat", Flatten()), Node("out", Dense(2))))
    experiment = msgspec.structs.replace(LENET, network=network)
    values = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    blocks = as_blocks(values, None)
    assert blocks.shape == (3, 1, 4, 5)
    assert analyse(network, x).parameters[0].shape == values.shape
    view = FiltersView()
    qtbot.addWidget(view)
    fill(view, experiment, {f"norm.{name}": values for name in ("scale", "shift")}, "norm")
    for spot in ((0, 0, 0), (2, 3, 1)):
        place = view._place("norm.scale", spot)
        assert place == Place("norm.scale", spot[0], 0, spot[1], spot[2])
        assert view._spot(place) == spot
        assert view.mosaic.value(place) == values[spot]


def test_a_weight_turns_to_the_unit_it_leads_into(qtbot: QtBot) -> None:
    table = Conv2D(3, 3, connections=((0,), (1, 2), (0, 5)))
    layers = Conv2D(6), table, TransposedConv2D(4, 2), Conv2D(1)
    network = Network(tuple(map(Node, ("first", "table", "up", "out"), layers)))
    view = FiltersView()
    qtbot.addWidget(view)
    experiment = msgspec.structs.replace(LENET, network=network)
    parameters = {p.name: np.ones(p.shape, np.float32) for p in experiment.analysis.parameters}
    picked: list[Selection] = []
    view.picked.connect(picked.append)
    for layer, place in (
        ("table", Place("table.weight", 3, 0, 1, 1)),
        ("table", Place("table.bias", 1)),
        ("up", Place("up.weight", 0, 3, 1, 1)),
    ):
        fill(view, experiment, parameters, layer)
        view._pick(place)
    assert [selection.unit for selection in picked] == [2, 1, 3]


def test_a_new_architecture_lists_its_own_layers(stage: Stage) -> None:
    view = stage.show(FiltersView)
    stage.feed(view, "rings")
    assert [view._box.itemText(k) for k in range(view._box.count())] == ["dense1", "dense2", "dense3"]
    assert view.mosaic.groups[0].values.shape == (1, 1, 8, 2)


def test_of_very_many_weights_the_first_are_shown(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter_numbers, "MOST_SHOWN", 1000)
    view = FiltersView()
    qtbot.addWidget(view)
    for layer, shape, said in (
        ("dense1", (2, 16, 5, 5), "first 2 of 120"),
        ("dense2", (1, 1, 8, 120), "first 8 of 84"),
    ):
        fill(view, LENET, weights("lenet"), layer)
        group = view.mosaic.groups[0]
        values = weights("lenet")[f"{layer}.weight"]
        assert group.values.shape == shape
        assert group.limits[0] == np.abs(values).max()
        assert said in view.readout.hint
        assert view._spot(view._place(f"{layer}.weight", (1, 7))) == (1, 7)
        far = (len(values) - 1, 7)
        assert view.mosaic.value(view._place(f"{layer}.weight", far)) is None
        table = view.table().columns
        assert len(table["value"]) <= 1000 + 120
        assert len(table["value"]) == len(table["index"])
    fill(view, LENET, weights("lenet"), "conv1")
    assert view.readout.hint == FiltersView.hint


def test_what_is_shown_is_asked_for(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(FiltersView, selection=Selection(layer="conv2", part="training", example=5))
    bare = snapshot("lenet")
    for key, probe in (
        ("weights", FiltersProbe("conv2")),
        ("example", FiltersProbe("conv2", "example", "training", 5)),
        ("batch", FiltersProbe("conv2", "batch")),
        ("update", FiltersProbe("conv2", "update")),
        ("start", FiltersProbe("conv2", "change")),
    ):
        view._what.setCurrentIndex(view._what.findData(key))
        assert view.probes(bare, view._selection) == {probe}
        stage.feed(view, selection=view._selection)
        assert list(view.table().columns)[-1] != "value" or key == "weights"
    qtbot.keyClick(view, Qt.Key.Key_M)
    assert view._what.currentText() == "Δ since 600"
    assert view.probes(bare, view._selection) == {FiltersProbe("conv2", "change", since=600)}


def test_a_gradient_is_called_so(stage: Stage) -> None:
    view = stage.show(FiltersView)
    view._what.setCurrentIndex(view._what.findData("example"))
    stage.feed(view)
    value = 0.1 * float(weights("lenet")["conv1.weight"][3, 0, 4, 1])
    assert (
        view._words(Place("conv1.weight", 3, 0, 4, 1))
        == f"conv1.weight[3, 0, 4, 1]: ∂E/∂w = {number(value, 4)}"
    )


def test_what_is_not_known_is_said(stage: Stage) -> None:
    view = stage.show(FiltersView)
    view._reading, view._asked = (
        Filters({}, {}, why="No update has been made"),
        FiltersProbe("conv1", "update"),
    )
    view._show_weights()
    assert view.message == "No update has been made"


RGB = msgspec.structs.replace(
    LENET,
    data=PhotoPatches(),
    network=Network((Node("conv", Conv2D(5, 3)), Node("flat", Flatten()), Node("out", Dense(2)))),
)


@pytest.fixture
def rgb(qtbot: QtBot) -> FiltersView:
    view = FiltersView()
    qtbot.addWidget(view)
    view.resize(700, 400)
    generator = np.random.default_rng(1)
    parameters = {p.name: generator.normal(size=p.shape).astype(np.float32) for p in RGB.analysis.parameters}
    fill(view, RGB, parameters, "conv")
    view.show()
    return view


def test_kernels_over_red_green_and_blue_are_in_colour(rgb: FiltersView) -> None:
    group = rgb.mosaic.groups[0]
    assert group.shading == "colour"
    assert group.shape == (5, 1, 3, 3)
    place = Place("conv.weight", 2, 0, 1, 2)
    values, limit = group.values[2, :, 1, 2], group.limits[0]
    assert all(f"{c} {number(float(v), 4)}" in rgb._words(place) for c, v in zip("RGB", values, strict=True))
    image = rgb.mosaic.grab().toImage()
    at = rgb.mosaic.area_of(place).center().toPoint() * image.devicePixelRatio()
    wanted = np.clip((values + limit) / (2 * limit) * 255, 0, 255)
    assert np.abs(np.array(image.pixelColor(at).getRgb()[:3]) - wanted).max() <= 2
    rgb._colour.setChecked(False)
    assert rgb.mosaic.groups[0].shape == (5, 3, 3, 3)


def test_of_a_colour_the_strongest_channel_is_selected(rgb: FiltersView, qtbot: QtBot) -> None:
    place = Place("conv.weight", 2, 0, 1, 2)
    values = rgb.mosaic.groups[0].values[2, :, 1, 2]
    with qtbot.waitSignal(rgb.picked) as picked:
        rgb._pick(place)
    channel = int(np.abs(values).argmax())
    assert picked.args[0].weight == flat_index(RGB.analysis, "conv.weight", (2, channel, 1, 2))
    assert picked.args[0].unit == 2
    assert rgb.mosaic.chosen == place
    assert rgb.enlarged.isVisible()
    assert rgb.enlarged.group.values.shape == (1, 3, 3, 3)


def test_only_the_channels_of_the_input_are_colours() -> None:
    nodes = RGB.analysis.nodes
    assert seen_by(RGB.analysis, nodes[0]) == Seen(Shape(3, 32, 32), True)
    behind = seen_by(RGB.analysis, nodes[2])
    assert (behind.shape, behind.is_input) == (nodes[0].output, False)
    blocks = np.zeros((4, 3, 3, 3), np.float32)
    assert in_colour(blocks, Seen(Shape(3, 9, 9), True))
    assert not in_colour(blocks, Seen(Shape(3, 9, 9)))
    assert not in_colour(blocks, Seen(Shape(1, 9, 9), True))


def test_an_image_is_known_behind_layers_that_pass_it_on() -> None:
    layers = Flatten(), Dropout(0.5), Dense(4), Dense(2)
    experiment = msgspec.structs.replace(
        LENET, network=Network(tuple(Node(f"l{k}", x) for k, x in enumerate(layers)))
    )
    nodes = experiment.analysis.nodes
    assert seen_by(experiment.analysis, nodes[2]) == Seen(experiment.analysis.input, True)
    assert seen_by(experiment.analysis, nodes[3]) == Seen(None)


def test_spectra(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(FiltersView, selection=Selection(layer="conv2"))
    view._pictures.setCurrentIndex(1)
    assert view.probes(snapshot("lenet"), view._selection) == {FiltersProbe("conv2", spectra=True)}
    stage.feed(view)
    (group,) = view.mosaic.groups
    assert (group.shading, group.shape) == ("magnitude", (16, 6, 32, 32))
    middle = group.values[3, 2, 16, 16]
    assert middle == pytest.approx(abs(weights("lenet")["conv2.weight"][3, 2].sum()), rel=1e-4)
    assert "|F| = " in view._words(Place("conv2.weight", 3, 2, 16, 16))
    assert "u = 0/32, v = 0/32" in view._words(Place("conv2.weight", 3, 2, 16, 16))
    with qtbot.waitSignal(view.picked) as picked:
        view._pick(Place("conv2.weight", 3, 2, 0, 0))
    assert (picked.args[0].layer, picked.args[0].unit) == ("conv2", 3)
    turn(view, stage, "dense2")
    assert "no spectrum" in view.message


def test_how_numbers_are_spread(stage: Stage) -> None:
    view = stage.show(FiltersView, selection=Selection(layer="conv2", unit=3))
    view._pictures.setCurrentIndex(2)
    stage.feed(view)
    weight = weights("lenet")["conv2.weight"]
    first, second = view.spread.histograms.shown
    assert (first.spread.total, second.spread.total) == (weight.size, 16)
    norm = float(np.linalg.norm(weight[3]))
    assert view.spread.bars.bars[3].text == number(norm)
    assert [bar.strong for bar in view.spread.bars.bars].index(True) == 3
    assert view.message == ""
    view.grab()


def test_a_kernel_is_enlarged_beside(stage: Stage, qtbot: QtBot) -> None:
    flat = flat_index(LENET.analysis, "conv2.weight", (5, 2, 1, 3))
    view = stage.show(FiltersView, selection=Selection(layer="conv2", unit=5, weight=flat))
    assert view.enlarged.isVisible()
    np.testing.assert_array_equal(view.enlarged.group.values[0, 0], weights("lenet")["conv2.weight"][5, 2])
    assert view.enlarged.title.text() == "conv2.weight, filter 5, channel 2"
    spot = view.enlarged.picture.area_of(Place("conv2.weight", 0, 0, 4, 4)).center().toPoint()
    with qtbot.waitSignal(view.picked) as picked:
        qtbot.mouseClick(view.enlarged.picture, Qt.MouseButton.LeftButton, pos=spot)
    assert picked.args[0].weight == flat_index(LENET.analysis, "conv2.weight", (5, 2, 4, 4))
    view.resize(300, 300)
    assert not view.enlarged.isVisible()


def test_a_drawing_of_nothing_in_particular_has_no_error(stage: Stage) -> None:
    view = stage.show(FiltersView)
    view._what.setCurrentIndex(view._what.findData("example"))
    drawn = Drawing.of(np.zeros((1, 32, 32), np.float32))
    (probe,) = view.probes(snapshot("lenet"), Selection(part=drawn))
    assert probe == FiltersProbe("conv1", "example", drawn)
