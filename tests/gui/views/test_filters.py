"""Filters: weights as images, and back to weights."""

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lab.gui.selection import Selection
from lab.gui.views import filters
from lab.gui.views.filters import FiltersView, as_blocks
from lab.gui.views.weights import flat_index, place_of, weight_name
from lab.gui.widgets.mosaic import Place
from lab.gui.widgets.wording import number
from lab.network.layers import Conv2D, Dense, Flatten, LayerNorm, TransposedConv2D
from lab.network.network import Network, Node, analyse
from lab.network.shape import Shape
from lab.training.probes import Weights
from tests.gui.fake_snapshots import LENET, weights
from tests.gui.views.stage import Stage


def test_each_number_is_where_it_says(stage: Stage, qtbot: QtBot) -> None:
    view = stage.show(FiltersView)
    view.show_selection(Selection(layer="conv2"))
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
    view.show_selection(Selection(layer="dense2"))
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
    view._experiment, view._layer = experiment, "norm"
    view._reading = Weights({"norm.scale": values, "norm.shift": values})
    view._show_weights()
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
    view._experiment = msgspec.structs.replace(LENET, network=network)
    parameters = view._experiment.analysis.parameters
    view._reading = Weights({p.name: np.ones(p.shape, np.float32) for p in parameters})
    picked: list[Selection] = []
    view.picked.connect(picked.append)
    for layer, place in (
        ("table", Place("table.weight", 3, 0, 1, 1)),
        ("table", Place("table.bias", 1)),
        ("up", Place("up.weight", 0, 3, 1, 1)),
    ):
        view._turn(layer)
        view._pick(place)
    assert [selection.unit for selection in picked] == [2, 1, 3]


def test_a_new_architecture_lists_its_own_layers(stage: Stage) -> None:
    view = stage.show(FiltersView)
    stage.feed(view, "rings")
    assert [view._box.itemText(k) for k in range(view._box.count())] == ["dense1", "dense2", "dense3"]
    assert view.mosaic.groups[0].values.shape == (1, 1, 8, 2)


def test_of_very_many_weights_the_first_are_shown(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "MOST_SHOWN", 1000)
    view = FiltersView()
    qtbot.addWidget(view)
    view._experiment = LENET
    view._reading = Weights(weights("lenet"))
    for layer, shape, said in (
        ("dense1", (2, 16, 5, 5), "first 2 of 120"),
        ("dense2", (1, 1, 8, 120), "first 8 of 84"),
    ):
        view._turn(layer)
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
    view._turn("conv1")
    assert view.readout.hint == FiltersView.hint
