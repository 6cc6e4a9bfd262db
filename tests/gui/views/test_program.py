"""Program: the listing says where the machine stands, and each line's numbers are the engine's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.experiment.experiment import Experiment
from lab.experiment.presets import preset
from lab.gui.main_window import MainWindow
from lab.gui.selection import Selection
from lab.gui.theme import LIGHT
from lab.gui.views import program
from lab.gui.views.operands import MANNERS
from lab.gui.views.program import ProgramView
from lab.gui.views.weights import flat_index, weight_name
from lab.gui.widgets.histogram import sentence
from lab.gui.widgets.listing import COST, LAYER, MARK, OPERATION, SHAPES, brief
from lab.gui.widgets.mosaic import Place
from lab.gui.widgets.wording import number
from lab.network.layers import Conv2D, Dense, Flatten
from lab.network.network import Network, Node
from lab.training.history import History
from lab.training.listing import listing
from lab.training.operations import spread_of
from lab.training.probes import Operation, OperationProbe
from lab.training.readings import answer
from lab.training.run import Run
from lab.training.snapshot import Snapshot

LENET = preset("lenet")
CONV, RELU, POOL = 1, 2, 3


class Machine:
    """A run that stands somewhere, and a view that looks at it. It answers what the view asks, as the window does."""

    def __init__(self, qtbot: QtBot, size: tuple[int, int] = (1000, 640)) -> None:
        self.run = Run(LENET)
        self.view = ProgramView()
        qtbot.addWidget(self.view)
        self.view.show_theme(LIGHT)
        self.view.show_selection(Selection())
        self.view.resize(*size)
        self.view.show()
        self.stand(0)

    @property
    def listing(self):
        return self.view.table_of_lines.listing

    def snapshot(self, operation: int) -> Snapshot:
        return Snapshot(
            experiment=self.run.experiment,
            step=self.run.step,
            examples=self.run.examples,
            epoch=self.run.epoch,
            rate=0.05,
            steps_per_second=0.0,
            curves=self.run.curves(),
            operation=operation,
        )

    def stand(self, operation: int) -> None:
        """Before this operation, and looked at until nothing new is asked."""
        bare = self.snapshot(operation)
        self.view.show_snapshot(bare)
        moment = self.run.moment(whole=True)
        readings = {probe: answer(probe, moment) for probe in self.view.probes(bare, Selection())}
        self.view.show_snapshot(replace(bare, readings=readings))
        self.operation = operation

    def choose(self, line: int) -> None:
        table = self.view.table_of_lines
        table.setCurrentIndex(table.listing.index(table.listing.row_of(line), LAYER))
        self.stand(self.operation)

    def words(self, line: int) -> list[str]:
        entry = self.listing.entries[self.listing.row_of(line)]
        return [self.listing.text(entry, column).strip() for column in range(5)]

    def shown(self, operation: int | None = None) -> Operation:
        """What the engine says of the line that is shown."""
        reading = answer(OperationProbe(self.view.line, operation=operation), self.run.moment(whole=True))
        assert isinstance(reading, Operation)
        return reading


@pytest.fixture
def machine(qtbot: QtBot) -> Machine:
    return Machine(qtbot)


# -- the listing -----------------------------------------------------------------------------------------


def test_each_row_names_layer_operation_shapes_and_cost(machine: Machine) -> None:
    assert machine.words(CONV) == ["", "▾ conv1", "convolution", "1×32×32 → 6×28×28", "118 k"]
    assert machine.words(RELU) == ["", "", "ReLU", "6×28×28 → 6×28×28", ""]
    assert machine.words(POOL)[LAYER] == "pool1"
    last_back = max(line.number for line in listing(LENET) if line.direction == "backward")
    assert machine.words(last_back)[SHAPES] == "6×28×28 → dW, db"
    assert machine.words(last_back + 1)[SHAPES] == "6×1×5×5 + 6"
    titles = [entry.title for entry in machine.listing.entries if entry.title]
    assert titles == ["Batch", "Forward", "Loss", "Backward", "Update"]
    assert sum(len(entry.lines) for entry in machine.listing.entries) == len(listing(LENET))
    assert "5×5 taps" in machine.listing.tip(machine.listing.entries[machine.listing.row_of(CONV)])


def test_it_says_where_the_machine_stands(machine: Machine) -> None:
    assert machine.view.place.text() == "▶ before the first operation"
    assert machine.words(0)[MARK] == "▶"
    machine.stand(3)
    assert machine.view.place.text() == f"▶ operation 3 of {len(listing(LENET))}"
    model = machine.listing
    marked = [entry.lines for entry in model.entries if model.text(entry, MARK) == "▶"]
    assert marked == [range(3, 4)]

    def colour(line: int) -> str:
        return model.data(model.index(model.row_of(line), OPERATION), Qt.ItemDataRole.ForegroundRole).name()

    assert [colour(k) for k in (2, 3, 4)] == [LIGHT.text, LIGHT.accent, LIGHT.muted]
    states = [model.spoken(model.entries[model.row_of(k)]).rpartition(", ")[2] for k in (2, 3, 4)]
    assert states == ["done", "comes next", "to come"]


def test_counts_are_brief() -> None:
    assert [brief(n) for n in (0, 840, 1000, 117_600, 999_600, 2_359_296, 15_470_264_320)] == [
        "0", "840", "1 k", "118 k", "1000 k", "2.36 M", "15.5 G",
    ]  # fmt: skip


def test_layers_fold_and_unfold(machine: Machine, qtbot: QtBot) -> None:
    table, model = machine.view.table_of_lines, machine.listing
    rows = len(model.entries)
    machine.choose(RELU)
    qtbot.keyClick(table, Qt.Key.Key_Left)
    assert len(model.entries) == rows - 1
    assert machine.words(CONV) == ["", "▸ conv1", "convolution, ReLU", "1×32×32 → 6×28×28", "118 k"]
    machine.stand(2)  # within the folded layer
    assert machine.words(CONV)[MARK] == "▶"
    assert table.line == RELU  # it comes next
    qtbot.keyClick(table, Qt.Key.Key_Right)
    assert len(model.entries) == rows
    head = table.visualRect(model.index(model.row_of(CONV), LAYER))
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=head.topLeft() + QPoint(6, 8))
    assert model.is_folded(CONV)


# -- stepping --------------------------------------------------------------------------------------------


def test_buttons_say_how_far(machine: Machine) -> None:
    view, steps, runs = machine.view, [], []
    view.step_by.connect(steps.append)
    view.run_to.connect(runs.append)
    assert not view.back_action.isEnabled()  # nothing has ever been made
    machine.stand(1)
    for action in (view.into_action, view.over_action, view.back_action):
        action.trigger()
    assert steps == [1, 2, -1]  # a convolution and its ReLU are one layer
    machine.stand(2)
    view.over_action.trigger()
    assert steps[-1] == 1  # the rest of it
    machine.choose(8)
    view.here_action.trigger()
    assert runs == [8]


def test_enter_and_a_double_click_run_to_a_line(machine: Machine, qtbot: QtBot) -> None:
    table, runs = machine.view.table_of_lines, []
    machine.view.run_to.connect(runs.append)
    machine.choose(POOL)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    at = table.visualRect(machine.listing.index(machine.listing.row_of(5), SHAPES)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert runs == [POOL, 5]


def test_keys_work_anywhere_in_the_view(machine: Machine, qtbot: QtBot) -> None:
    steps: list[int] = []
    machine.view.step_by.connect(steps.append)
    machine.stand(4)
    qtbot.waitExposed(machine.view)
    machine.view.activateWindow()
    for key, modifier in (
        (Qt.Key.Key_F8, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_F10, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier),
    ):
        qtbot.keyClick(machine.view, key, modifier)
    assert steps == [1, 2, -1]


def test_the_operation_just_made_is_shown(machine: Machine) -> None:
    view = machine.view
    machine.stand(1)
    assert view.line == 0
    machine.stand(2)
    assert view.line == CONV
    assert view.operands.heading.text() == "1  conv1 · convolution"
    assert "5×5 taps" in view.operands.formula.text()
    machine.stand(1)
    assert view.line == CONV  # taken back: its outputs are to come again
    assert "To come: y (6×28×28)" in view.operands.coming.text()
    machine.choose(8)
    machine.stand(8)  # run to it: it stays
    assert view.line == 8
    machine.stand(9)
    assert view.line == 8
    machine.choose(2)
    machine.stand(9)  # nothing was stepped
    assert view.line == 2


def test_stepping_over_the_end_of_an_update(machine: Machine) -> None:
    last = len(listing(LENET)) - 1
    machine.stand(last)
    machine.choose(last)
    machine.run.advance(1)
    machine.stand(0)
    assert machine.view.place.text() == "▶ before the first operation"
    assert machine.view.back_action.isEnabled()
    machine.stand(1)
    assert machine.view.line == 0


def test_stepping_back_over_the_start_of_an_update(machine: Machine) -> None:
    last = len(listing(LENET)) - 1
    machine.run.advance(1)
    machine.stand(0)
    machine.run.go_to(0)
    machine.stand(last)
    assert machine.view.line == last  # it was taken back


# -- what is asked, and what is seen -----------------------------------------------------------------------


def test_it_asks_for_the_line_that_is_shown(machine: Machine, qtbot: QtBot) -> None:
    view = machine.view
    machine.stand(3)
    assert view.probes(machine.snapshot(3), Selection()) == {OperationProbe(2)}
    with qtbot.waitSignal(view.watching_changed):
        machine.choose(8)
    assert view.probes(machine.snapshot(3), Selection()) == {OperationProbe(8, operation=3)}
    with qtbot.waitSignal(view.watching_changed):
        view.ahead.setChecked(True)
    assert view.probes(machine.snapshot(3), Selection()) == {OperationProbe(8)}
    with qtbot.assertNotEmitted(view.watching_changed):
        machine.stand(3)
        machine.stand(3)


def test_a_line_under_a_resting_pointer_is_shown(machine: Machine, qtbot: QtBot, monkeypatch) -> None:
    view = machine.view
    machine.stand(3)
    view.table_of_lines.pointed.emit(CONV)
    qtbot.waitUntil(lambda: view.line == CONV)
    machine.stand(3)
    assert view.operands.heading.text().startswith("1  conv1")
    view.table_of_lines.pointed.emit(-1)
    assert view.line == 2
    view.table_of_lines.pointed.emit(CONV)
    machine.stand(5)  # stepped while the pointer lies there
    assert view.line == 4


def test_numbers_images_and_histograms_are_the_engine_s(machine: Machine) -> None:
    view = machine.view
    machine.stand(2)
    reading = machine.shown()
    values = {o.name: o for o in (*reading.inputs, *reading.outputs)}
    operands = view.operands
    assert [group.title for group in operands.mosaic.groups] == ["x", "W", "b", "y"]
    np.testing.assert_array_equal(operands.mosaic.groups[3].values[:, 0], values["y"].values)
    np.testing.assert_array_equal(operands.mosaic.groups[1].values, values["W"].values)
    assert np.abs(values["y"].values).max() == pytest.approx(operands.mosaic.groups[3].limits[0])
    operands.mosaic.hovered.emit(Place("3", 4, 0, 7, 9))
    assert view.readout.text() == f"y[4, 7, 9] = {number(float(values['y'].values[4, 7, 9]), 4)}"
    operands.mosaic.hovered.emit(Place("1", 2, 0, 3, 1))
    assert view.readout.text() == f"W[2, 0, 3, 1] = {number(float(values['W'].values[2, 0, 3, 1]), 4)}"

    operands.show_as("numbers")
    assert [operands.tabs.tabText(k) for k in range(operands.tabs.count())] == ["x", "W", "b", "y"]
    assert operands.tabs.tabText(operands.tabs.currentIndex()) == "y"
    model = operands.numbers.numbers
    assert (model.rowCount(), model.columnCount()) == (6 * 28, 28)
    cell = model.index(4 * 28 + 7, 9)
    assert model.spot(cell.row(), cell.column()) == (4, 7, 9)
    assert model.data(cell, Qt.ItemDataRole.DisplayRole) == number(float(values["y"].values[4, 7, 9]))
    operands.tabs.setCurrentIndex(2)
    assert [model.data(model.index(0, k), Qt.ItemDataRole.DisplayRole) for k in range(6)] == [
        number(float(v)) for v in values["b"].values
    ]

    operands.show_as("histogram")
    last = operands.histograms.shown[-1]
    assert (last.title, last.detail) == ("y", "output · 6×28×28 · 64 examples")
    np.testing.assert_array_equal(last.spread.counts, values["y"].spread.counts)


def test_the_manner_and_the_array_are_remembered_from_line_to_line(machine: Machine) -> None:
    operands = machine.view.operands
    machine.stand(6)
    operands.show_as("numbers")
    operands.tabs.setCurrentIndex(0)
    assert operands.tabs.tabText(0) == "x"
    machine.choose(CONV)
    assert operands.manner == "numbers"
    assert operands.tabs.tabText(operands.tabs.currentIndex()) == "x"


def test_what_is_to_come_is_named_and_not_drawn(machine: Machine) -> None:
    operands = machine.view.operands
    machine.choose(CONV)
    assert [group.title for group in operands.mosaic.groups] == ["W", "b"]
    assert operands.coming.text() == "To come: x (1×32×32), y (6×28×28)"
    machine.view.ahead.setChecked(True)
    machine.stand(0)
    assert [group.title for group in operands.mosaic.groups] == ["x", "W", "b", "y"]
    assert not operands.coming.isVisible()


def test_an_update_shows_each_parameter_before_and_after(machine: Machine) -> None:
    machine.stand(len(listing(LENET)) - 4)
    titles = [group.title for group in machine.view.operands.mosaic.groups]
    assert titles == [
        "w before, weight", "velocity before, weight", "g, weight",
        "w before, bias", "velocity before, bias", "g, bias",
        "w after, weight", "velocity after, weight", "w after, bias", "velocity after, bias",
    ]  # fmt: skip
    machine.run.advance(1)
    after = machine.view.operands.mosaic.groups[6]
    layer = listing(LENET)[machine.view.line].layer
    np.testing.assert_array_equal(
        after.values.reshape(-1), machine.run.parameters[f"{layer}.weight"].reshape(-1)
    )


def test_another_example_of_the_batch(machine: Machine) -> None:
    machine.stand(2)
    assert machine.view.operands.detail.text().startswith("Example 1 of the batch's 64")
    first = machine.view.operands.mosaic.groups[3].values.copy()
    machine.view._turn(-1)
    machine.stand(2)
    assert machine.view.operands.detail.text().startswith("Example 64 of the batch's 64")
    assert (machine.view.operands.mosaic.groups[3].values != first).any()


def test_arrays_of_another_line_do_not_stay(machine: Machine, qtbot: QtBot, monkeypatch) -> None:
    view = machine.view
    machine.stand(3)
    table = view.table_of_lines
    table.setCurrentIndex(table.listing.index(table.listing.row_of(8), LAYER))  # and no answer comes
    assert view.operands.heading.text().startswith("8 ")
    qtbot.waitUntil(lambda: not view.operands.mosaic.groups)
    machine.choose(2)
    assert view.operands.mosaic.groups


# -- in the window ---------------------------------------------------------------------------------------


def test_choosing_a_line_selects_its_layer_and_back(machine: Machine, qtbot: QtBot) -> None:
    view = machine.view
    with qtbot.waitSignal(view.picked) as picked:
        machine.choose(5)
    assert picked.args[0].layer == "conv2"
    view.show_selection(picked.args[0])
    assert view.line == 5  # it does not jump to the layer's first line
    with qtbot.assertNotEmitted(view.picked):
        view.show_selection(Selection(layer="dense2"))
    assert view.line == next(line.number for line in listing(LENET) if line.layer == "dense2")
    with qtbot.assertNotEmitted(view.picked):
        machine.choose(13)  # the loss is no layer


def test_a_weight_is_selected_by_a_click_on_its_number(machine: Machine, qtbot: QtBot) -> None:
    view, operands = machine.view, machine.view.operands
    machine.stand(2)
    with qtbot.waitSignal(view.picked) as picked:
        operands.mosaic.clicked.emit(Place("1", 2, 0, 3, 1))
    weight = flat_index(LENET.analysis, "conv1.weight", (2, 0, 3, 1))
    assert (picked.args[0].layer, picked.args[0].weight) == ("conv1", weight)
    with qtbot.assertNotEmitted(view.picked):
        operands.mosaic.clicked.emit(Place("3", 4, 0, 7, 9))  # an output is no weight
    operands.show_as("numbers")
    operands.tabs.setCurrentIndex(2)
    with qtbot.waitSignal(view.picked) as picked:
        operands.numbers.clicked.emit(operands.numbers.numbers.index(0, 4))
    assert weight_name(LENET.analysis, picked.args[0].weight) == "conv1.bias[4]"
    with qtbot.assertNotEmitted(view.picked):
        operands.numbers.clicked.emit(operands.numbers.numbers.index(0, 7))  # nothing stands there


def test_the_window_steps_its_machine(window: MainWindow, trainer) -> None:
    view = window.workspace.docks["program"].view
    assert isinstance(view, ProgramView)
    view.step_by.emit(-1)
    view.step_by.emit(3)
    view.run_to.emit(7)
    assert trainer.named("advance_operations") == [("advance_operations", -1), ("advance_operations", 3)]
    assert trainer.named("go_to_operation") == [("go_to_operation", 7)]


def test_no_key_of_the_window_is_taken_twice(window: MainWindow) -> None:
    from lab.gui.about import shortcuts

    keys = [key for _, keys in shortcuts(window) for key in keys.split(" or ")]
    assert len(keys) == len(set(keys))
    assert {"F8", "F9", "F10", "Shift+F8"} <= set(keys)


def test_narrow_it_lies_below(qtbot: QtBot) -> None:
    machine = Machine(qtbot, (420, 620))
    assert machine.view._sides.orientation() == Qt.Orientation.Vertical
    assert machine.view.table_of_lines.isColumnHidden(COST)
    machine.view.resize(1000, 620)
    QApplication.processEvents()
    assert machine.view._sides.orientation() == Qt.Orientation.Horizontal
    assert not machine.view.table_of_lines.isColumnHidden(COST)


def deep(layers: int) -> Experiment:
    nodes = [Node(f"conv{k}", Conv2D(4, 3, padding="same")) for k in range(layers)]
    network = Network((*nodes, Node("flat", Flatten()), Node("out", Dense(10))))
    return Experiment(network=network)


def test_two_hundred_layers(qtbot: QtBot) -> None:
    view = ProgramView()
    qtbot.addWidget(view)
    view.show_theme(LIGHT)
    view.resize(900, 600)
    view.show()
    bare = Snapshot(deep(200), 0, 0, 0.0, 0.05, 0.0, History().curves())
    view.show_snapshot(bare)
    assert len(view.table_of_lines.listing.entries) > 600
    view.show_snapshot(replace(bare, operation=400))
    assert view.line == 399
    row = view.table_of_lines.listing.row_of(400)
    area = view.table_of_lines.visualRect(view.table_of_lines.listing.index(row, LAYER))
    assert view.table_of_lines.viewport().rect().contains(area.center())


def test_numbers_that_are_not_finite_are_told() -> None:
    words = sentence(spread_of(np.array([1.0, 0.0, np.nan, np.inf], np.float32)))
    assert words == "mean 0.500, from 0 to 1.00, 25.0 % are 0, ⚠ 2 are not finite"
    assert sentence(spread_of(np.array([np.nan], np.float32))) == "no number is finite"


def test_the_table_is_the_listing(machine: Machine) -> None:
    machine.stand(3)
    columns = machine.view.table().columns
    assert list(columns["operation"]) == list(range(len(listing(LENET))))
    assert columns["what"][CONV] == "convolution"
    assert columns["done"].sum() == 3


def test_every_manner_paints(machine: Machine) -> None:
    for line in (0, 13, 14, len(listing(LENET)) - 1):
        machine.stand(line)
        machine.choose(line)
        for manner, *_ in MANNERS:
            machine.view.operands.show_as(manner)
            assert not machine.view.grab().isNull()
    assert program.ProgramView.name == "program"
