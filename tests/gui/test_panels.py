from __future__ import annotations

import dataclasses
import itertools
from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np
import pytest
from msgspec import Meta
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from lab.data.datasets.digits import Digits
from lab.experiment.of_layer import OfLayer, of_layer, with_layer
from lab.experiment.plan import plan
from lab.experiment.presets import preset
from lab.files import in_bytes
from lab.gui.document import Document
from lab.gui.needs import examples
from lab.gui.panels.data import DataPanel
from lab.gui.panels.inspector import Inspector
from lab.gui.panels.network import NetworkPanel
from lab.gui.panels.selected_rows import field_rows, own_weight_rows
from lab.gui.panels.training import TrainingPanel
from lab.gui.selection import Selection
from lab.gui.widgets.layer_block import sentence, spoken
from lab.gui.widgets.layer_menu import OTHER, grouped
from lab.gui.widgets.numbers import OptionalNumber
from lab.learning.optimizers import Adam, Momentum
from lab.learning.rates import LayerRate, LayerRates
from lab.learning.regularization import LayerPenalty, Regularization
from lab.learning.told import Before
from lab.network.layers import LAYERS, Concat, Conv2D, Dense, Flatten, TransposedConv2D
from lab.network.layers.layer import Layer
from lab.network.network import Network, Node, analyse
from lab.network.shape import Shape
from lab.training.probes import (
    Activations,
    ActivationsProbe,
    Told,
    ToldProbe,
    ToldUpdate,
    Weights,
    WeightsProbe,
)
from lab.training.snapshot import Snapshot
from lab.value import Pair

Size = Annotated[int, Meta(ge=1, le=99)]
Zeros = Annotated[int, Meta(ge=0, le=99)]


class Sees(Layer, frozen=True, tag="sees"):
    """A layer with settings for two axes."""

    title = "Sees"
    kernel: Pair[Size] = 3
    stride: Pair[Size] = 1
    padding: Literal["valid", "same"] | Pair[Zeros] = "valid"
    dilation: Pair[Size] = 1
    groups: Size = 1
    connections: tuple[tuple[Zeros, ...], ...] = ()


def names(document: Document) -> list[str]:
    return [node.name for node in document.draft.network.nodes]


@pytest.fixture
def panel(qtbot: QtBot, document: Document) -> NetworkPanel:
    panel = NetworkPanel(document)
    qtbot.addWidget(panel)
    panel.resize(340, 640)
    panel.show()
    return panel


class TestNetwork:
    def test_every_layer_shows_its_shape_parameters_and_cost(self, panel: NetworkPanel) -> None:
        conv = panel.layers.blocks[0].facts
        assert conv is not None
        assert (str(conv.output), conv.parameter_count, conv.multiply_adds) == ("6×28×28", 156, 117_600)
        assert panel._totals.texts == ("", "61,706", "416,520")

    def test_what_training_takes_follows_batch_size_and_optimizer(
        self, panel: NetworkPanel, document: Document
    ) -> None:
        def said(**settings: object) -> str:
            document.edit(msgspec.structs.replace(preset("lenet"), **settings), "settings")
            QApplication.processEvents()  # after the layers
            return panel._memory.texts[2]

        assert panel._memory.texts == ("", "", said(seed=2))
        assert said(batch_size=1) != said(batch_size=64)
        with_adam = said(optimizer=Adam())
        assert with_adam == in_bytes(plan(document.draft, 64).working())
        assert with_adam != said()
        assert "gradients: " in panel._memory.toolTip()
        # more than there are examples, known once they are loaded, are no more than there are
        assert said(batch_size=1259) == said(batch_size=5000)

    def test_nothing_is_loaded_to_tell_what_training_takes(
        self, qtbot: QtBot, document: Document, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document.snapshot = None
        monkeypatch.setattr("lab.data.datasets.digits.Digits.load", lambda *_: pytest.fail("loaded"))
        document.edit(msgspec.structs.replace(document.draft, data=Digits(size=64), batch_size=7), "data")
        panel = NetworkPanel(document)
        qtbot.addWidget(panel)
        assert examples(document) == 7

    def test_branches_that_do_not_line_up_are_noted_and_keep_nothing_from_running(
        self, panel: NetworkPanel, document: Document, trainer
    ) -> None:
        nodes = (
            Node("a", Conv2D(4, 3, padding=1)),
            Node("b", Conv2D(4, 4, padding=2), ("input",)),
            Node("join", Concat(crop=True), ("a", "b")),
            *document.draft.network.nodes[4:],
        )
        experiment = msgspec.structs.replace(document.draft, network=Network(nodes))
        document.edit(experiment, "branches")
        join = panel.layers.blocks[2]
        assert document.problems == ()
        assert trainer.experiment == experiment
        assert join._problem.isHidden()
        assert join._notice.text().startswith(
            "Note: “b” looks 0.5 pixel above and 0.5 pixel left of where “a”"
        )
        assert panel.layers.blocks[0]._notice.isHidden()
        document.undo_stack.undo()
        assert all(block._notice.isHidden() for block in panel.layers.blocks)

    def test_a_new_layer_comes_after_the_selected_one_and_is_selected(
        self, panel: NetworkPanel, document: Document
    ) -> None:
        document.select_layer("conv1")
        panel.add(Conv2D(padding=1))
        assert names(document)[:3] == ["conv1", "conv3", "pool1"]
        assert document.selection.layer == "conv3"

    def test_without_a_selection_a_new_layer_comes_last(
        self, panel: NetworkPanel, document: Document
    ) -> None:
        panel.add(Dense())
        assert names(document)[-1] == "dense4"

    def test_remove_duplicate_and_move(self, panel: NetworkPanel, document: Document) -> None:
        document.select_layer("dense1")
        panel.duplicate_action.trigger()
        assert names(document)[5:7] == ["dense1", "dense4"]
        panel.down_action.trigger()
        assert names(document)[5:8] == ["dense1", "dense2", "dense4"]
        panel.remove_action.trigger()
        assert "dense4" not in names(document)
        assert document.selection.layer == "dense3"
        for _ in range(3):
            document.undo_stack.undo()
        assert document.draft == preset("lenet")

    def test_keys(self, qtbot: QtBot, panel: NetworkPanel, document: Document) -> None:
        qtbot.keyClick(panel.layers, Qt.Key.Key_Down)
        assert document.selection.layer == "conv1"
        qtbot.keyClick(panel.layers, Qt.Key.Key_Down)
        assert document.selection.layer == "pool1"
        qtbot.keyClick(panel.layers, Qt.Key.Key_Up)
        assert document.selection.layer == "conv1"

    def test_a_click_opens_the_form_of_the_layer(
        self, qtbot: QtBot, panel: NetworkPanel, document: Document
    ) -> None:
        block = panel.layers.blocks[2]
        qtbot.mouseClick(block.head, Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
        assert document.selection.layer == "conv2"
        assert block.form is not None
        block.form.editor("filters").setValue(12)  # type: ignore[union-attr]
        assert document.draft.network.nodes[2].layer.filters == 12  # type: ignore[union-attr]
        assert document.undo_stack.undoText() == "conv2: filters 12"

    def test_dragging_a_layer_moves_it(self, qtbot: QtBot, panel: NetworkPanel, document: Document) -> None:
        qtbot.waitExposed(panel)
        first, third = panel.layers.blocks[0].head, panel.layers.blocks[2].head
        start, end = QPoint(30, 10), first.mapFrom(panel, third.mapTo(panel, QPoint(30, third.height() - 4)))
        qtbot.mousePress(first, Qt.MouseButton.LeftButton, pos=start)
        qtbot.wait(10)  # the press opens the form, and the blocks below make room
        end = first.mapFromGlobal(third.mapToGlobal(QPoint(30, third.height() - 4)))
        qtbot.mouseMove(first, end)
        qtbot.mouseRelease(first, Qt.MouseButton.LeftButton, pos=end)
        assert names(document)[:3] == ["pool1", "conv2", "conv1"]

    def test_a_mistake_is_said_at_its_layer_and_totals_are_blank(
        self, panel: NetworkPanel, document: Document, trainer
    ) -> None:
        document.select_layer("conv2")
        conv2 = document.draft.network.nodes[2].layer
        panel.layers.blocks[2].edited.emit(msgspec.structs.replace(conv2, kernel=40), "kernel")
        said = panel.layers.blocks[2]._problem.text()
        assert "does not fit" in said
        assert "Use a kernel of at most 14" in said
        assert panel._totals.texts == panel._memory.texts == ("", "", "")
        assert panel._memory.toolTip() == ""
        assert trainer.experiment == preset("lenet")
        document.undo_stack.undo()
        assert panel.layers.blocks[2]._problem.isHidden()

    def test_a_field_keeps_the_focus_while_the_document_echoes(
        self, qtbot: QtBot, panel: NetworkPanel, document: Document
    ) -> None:
        document.select_layer("dense1")
        form = panel.layers.blocks[5].form
        assert form is not None
        units = form.editor("units")
        units.setValue(50)  # type: ignore[union-attr]
        assert panel.layers.blocks[5].form is form
        assert form.editor("units") is units

    def test_renaming_keeps_the_selection(
        self, qtbot: QtBot, panel: NetworkPanel, document: Document
    ) -> None:
        document.select_layer("conv1")
        line = panel.layers.blocks[0].name_line
        line.setText("eyes")
        qtbot.keyClick(line, Qt.Key.Key_Return)
        assert names(document)[0] == "eyes"
        assert document.selection.layer == "eyes"

    def test_a_name_that_cannot_be_is_not_taken(
        self, qtbot: QtBot, panel: NetworkPanel, document: Document
    ) -> None:
        document.select_layer("conv1")
        line = panel.layers.blocks[0].name_line
        line.setText("a/b")
        qtbot.keyClick(line, Qt.Key.Key_Return)
        assert names(document)[0] == "conv1"
        assert line.text() == "conv1"

    def test_the_menu_has_every_layer_that_can_be_added(
        self, panel: NetworkPanel, document: Document
    ) -> None:
        assert [action.text() for action in panel.add_menu.actions()] == list(panel.add_menu.groups)
        assert OTHER not in panel.add_menu.groups
        entries = [action for menu in panel.add_menu.groups.values() for action in menu.actions()]
        titles = [action.text().split("\t")[0] for action in entries]
        assert sorted(titles) == sorted(cls.title for cls in LAYERS)
        document.select_layer("conv1")
        entries[titles.index("Flatten")].trigger()
        assert names(document)[1] == "flatten2"

    def test_a_layer_says_in_which_group_it_is(self) -> None:
        class Norm(Flatten, frozen=True, tag="norm"):
            group: ClassVar[str] = "Normalisation"

        class Softer(Flatten, frozen=True, tag="softer"):
            group: ClassVar[str] = "Activation"

        class Nameless(Layer, frozen=True, tag="nameless"):
            title = "New"

        found = grouped([Nameless, Norm, Softer, Norm])
        assert list(found) == ["Normalisation", "Activation", "Other"]
        assert found["Normalisation"] == [Norm, Norm]
        assert found["Other"] == [Nameless]

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({}, "Sees · kernel 3"),
            (
                {"kernel": (3, 5), "stride": (2, 1), "padding": "same"},
                "Sees · kernel 3×5 · stride 2×1 · padding same",
            ),
            (
                {"padding": 2, "groups": 4, "dilation": 2},
                "Sees · kernel 3 · padding 2 · dilation 2 · 4 groups",
            ),
            ({"padding": 0, "connections": ((0, 1),)}, "Sees · kernel 3 · connections by a table"),
        ],
    )
    def test_a_layer_in_a_few_words(self, settings: dict[str, object], said: str) -> None:
        assert sentence(Sees(**settings)) == said  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            (3, "3"),
            ((3, 5), "3×5"),
            ("same", "same"),
            ((), "all"),
            (((0, 1), (2, 12)), "0,1 2,12"),
            (((0, 1, 2),) * 9, "012 012 012 012 012 012…"),
            (0.5, "0.5"),
            (True, "on"),
        ],
    )
    def test_a_setting_in_the_undo_menu(self, value: object, said: str) -> None:
        assert spoken(value) == said

    def test_all_layers_can_be_removed(self, panel: NetworkPanel, document: Document) -> None:
        document.select_layer("conv1")
        while names(document):
            panel.remove_action.trigger()
        assert "Add a layer" in panel._problem.text()
        panel.add(Flatten())
        assert names(document) == ["flatten1"]

    def test_a_layer_has_a_rate_and_penalties_of_its_own(
        self, panel: NetworkPanel, document: Document
    ) -> None:
        document.select_layer("conv1")
        block = panel.layers.blocks[0]
        assert block.learning is not None
        block.learning.editor("factor").setValue(0.1)  # type: ignore[union-attr]
        assert document.undo_stack.undoText() == "conv1: rate factor 0.1"
        block.learning.editor("l2").setValue(0.5)  # type: ignore[union-attr]
        assert document.draft.rates.layers == (LayerRate("conv1", 0.1),)
        assert document.draft.regularization.layers == (LayerPenalty("conv1", l2=0.5),)
        document.undo_stack.undo()
        document.undo_stack.undo()
        assert document.draft == preset("lenet")

    def test_only_layers_with_weights_have_them(self, panel: NetworkPanel, document: Document) -> None:
        document.select_layer("pool1")
        assert panel.layers.blocks[1].learning is None

    def test_settings_follow_a_layer_through_its_names_and_go_with_it(
        self, qtbot: QtBot, panel: NetworkPanel, document: Document
    ) -> None:
        document.edit(with_layer(document.draft, "conv1", OfLayer(0.5, l1=0.1)), "own")
        document.select_layer("conv1")
        line = panel.layers.blocks[0].name_line
        line.setText("eyes")
        qtbot.keyClick(line, Qt.Key.Key_Return)
        assert of_layer(document.draft, "eyes") == OfLayer(0.5, l1=0.1)
        panel.duplicate_action.trigger()
        copy = names(document)[1]
        assert of_layer(document.draft, copy) == OfLayer(0.5, l1=0.1)
        panel.remove_action.trigger()
        assert [each.layer for each in document.draft.rates.layers] == ["eyes"]
        assert document.problems == ()

    def test_an_empty_field_shows_what_all_layers_have(self, panel: NetworkPanel, document: Document) -> None:
        document.edit(
            msgspec.structs.replace(document.draft, regularization=Regularization(l2=0.002)), "L2 of all"
        )
        document.select_layer("conv1")
        learning = panel.layers.blocks[0].learning
        assert learning is not None
        field = learning.editor("l2")
        assert isinstance(field, OptionalNumber)
        assert (field.text(), field.lineEdit().placeholderText()) == ("", "0.002")


class TestTraining:
    @pytest.fixture
    def panel(self, qtbot: QtBot, document: Document) -> TrainingPanel:
        panel = TrainingPanel(document)
        qtbot.addWidget(panel)
        return panel

    def test_the_slider_and_the_number_show_one_rate(self, panel: TrainingPanel, document: Document) -> None:
        panel.rate_slider.setValue(panel.rate_slider.RESOLUTION)
        assert document.draft.optimizer.rate == 10
        assert panel.rate.value() == 10
        panel.rate.setValue(0.001)
        assert panel.rate_slider.number() == pytest.approx(0.001, rel=0.05)

    def test_the_batch_goes_from_one_to_the_whole_set(self, panel: TrainingPanel, document: Document) -> None:
        panel.batch_slider.setValue(panel.batch_slider.RESOLUTION)
        assert document.draft.batch_size == 1259
        assert "whole set" in panel._batch_note.text()
        panel.batch_slider.setValue(0)
        assert document.draft.batch_size == 1
        assert "online" in panel._batch_note.text()

    def test_another_optimizer_shows_its_formula(self, panel: TrainingPanel, document: Document) -> None:
        document.edit(msgspec.structs.replace(document.draft, optimizer=Adam()), "Adam")
        assert "√v̂" in panel._optimizer_formula.text()

    def test_layers_with_settings_of_their_own_are_listed(
        self, panel: TrainingPanel, document: Document
    ) -> None:
        assert panel._own.isHidden()
        document.edit(with_layer(document.draft, "conv2", OfLayer(0.1, l2=0.0)), "own")
        assert panel._own.text() == "conv2: rate × 0.1, L2 0"

    def test_settings_of_no_layer_are_said_here(
        self, panel: TrainingPanel, document: Document, trainer
    ) -> None:
        rates = LayerRates(layers=(LayerRate("nose", 0.1),))
        document.edit(msgspec.structs.replace(document.draft, rates=rates), "rates")
        assert "“nose”, and no such layer" in panel._problem.text()
        assert trainer.experiment == preset("lenet")


class TestData:
    @pytest.fixture
    def panel(self, qtbot: QtBot, document: Document) -> DataPanel:
        panel = DataPanel(document)
        qtbot.addWidget(panel)
        return panel

    def test_the_parts_of_the_split_go_on_adding_up(self, panel: DataPanel, document: Document) -> None:
        panel._split.editor("validation").setValue(0.25)  # type: ignore[union-attr]
        split = document.draft.split
        assert (split.training, split.validation, split.test) == (0.6, 0.25, 0.15)
        panel._split.editor("training").setValue(0.7)  # type: ignore[union-attr]
        assert document.draft.split.validation == pytest.approx(0.15)

    def test_what_split_and_preprocessing_came_to_is_shown(
        self, panel: DataPanel, document: Document
    ) -> None:
        document.snapshot_changed.emit(document.snapshot)
        assert panel._sizes.text() == "1,259 training · 270 validation · 268 test"
        assert panel._measured.text().startswith("shift 1.")

    def test_a_change_of_data_says_what_the_network_now_lacks(
        self, panel: DataPanel, document: Document
    ) -> None:
        combo = panel._source.combo
        combo.activated.emit(combo.findText("XOR"))
        assert document.draft.data.title == "XOR"
        assert document.problems

    def test_a_missing_file_is_said_at_the_data(self, panel: DataPanel, document: Document, trainer) -> None:
        combo = panel._source.combo
        combo.activated.emit(combo.count() - 1)
        assert panel._problem.text()
        assert trainer.experiment == preset("lenet")


class TestInspector:
    @pytest.fixture
    def inspector(self, qtbot: QtBot, document: Document) -> Inspector:
        inspector = Inspector(document)
        qtbot.addWidget(inspector)
        inspector.show()
        return inspector

    @staticmethod
    def texts(inspector: Inspector) -> list[str]:
        return [label.text() for label in inspector.findChildren(QLabel) if label.isVisibleTo(inspector)]

    def test_a_layer_shows_formula_counts_and_field(self, inspector: Inspector, document: Document) -> None:
        document.select_layer("conv2")
        texts = self.texts(inspector)
        assert {"16×6×5×5", "2,416"} <= set(texts)
        assert "5×5" in texts  # the window on what comes in
        assert "14×14" in texts  # of the image: 5 + (2 - 1) + (5 - 1) * 2
        assert any("max(0, z)" in text for text in texts)

    def test_a_unit_shows_its_value_at_the_place_pointed_at(
        self, inspector: Inspector, document: Document
    ) -> None:
        document.select(Selection(layer="conv1", unit=1, row=2, column=3))
        assert inspector.probes(document.snapshot, document.selection) == {ActivationsProbe(), WeightsProbe()}  # type: ignore[arg-type]
        outputs = np.zeros((6, 28, 28), np.float32)
        outputs[1, 2, 3] = 0.75
        one = np.zeros(1, np.float32)
        readings = {
            ActivationsProbe(): Activations(one, one, {"conv1": outputs}, {"conv1": -outputs}, one, one, 3),
            WeightsProbe(): Weights({"conv1.weight": np.ones((6, 1, 5, 5), np.float32)}),
        }
        old = document.snapshot
        assert old is not None
        document.snapshot = Snapshot(old.experiment, 1, 64, 0.1, 0.01, 0.0, old.curves, readings)
        document.snapshot_changed.emit(document.snapshot)
        texts = [text.strip("\u2007") for text in self.texts(inspector)]
        assert {"0.7500", "−0.7500", "25", "1.000", "2 to 6", "3 to 7"} <= set(texts)

    @pytest.mark.parametrize(
        ("layer", "many"),
        [
            (TransposedConv2D(4, 2, 2), 3 * 2 * 2),
            (Conv2D(4, 3, connections=((0,), (1,), (0, 2), (1, 2))), 2 * 9),
            (Conv2D(4, 3), 3 * 9),
        ],
    )
    def test_weights_in_are_those_of_the_unit(self, layer: Layer, many: int) -> None:
        (facts,) = analyse(Network((Node("one", layer),)), Shape(3, 8, 8)).nodes  # type: ignore[arg-type]
        values = np.empty(facts.parameters[0].shape, np.float32)
        for spot in np.ndindex(values.shape):
            values[spot] = layer.unit_of(spot)
        rows = own_weight_rows(Weights({"one.weight": values}), Selection("one", 2), facts)
        shown = {name: text.strip("\u2007") for name, text, _ in rows}
        assert shown["Weights in"] == str(many)
        assert shown["Mean"] == "2.000"
        assert own_weight_rows(Weights({"one.weight": values}), Selection("one", 4), facts) == []

    def test_what_a_unit_sees_after_layers_whose_units_differ(self) -> None:
        nodes = (
            Node("up", TransposedConv2D(1, 2, 2)),
            Node("edge", Conv2D(1, 1, padding=1)),
            Node("two", Conv2D(1, 2)),
        )
        analysis = analyse(Network(nodes), Shape(1, 4, 4))
        one, two = "1×1", "1–2×1–2"
        for name, row, size, seen in (
            ("two", 1, two, "0"),
            ("two", 2, two, "0 to 1"),
            ("edge", 0, one, "none"),
        ):
            facts = analysis.facts(name)
            rows = field_rows(Network(nodes), analysis, facts, Selection(name, 0, row, row))
            assert [(title, text) for title, text, _ in rows] == [
                ("Size", size),
                ("Stride", "0.5×0.5"),
                ("Rows", seen),
                ("Columns", seen),
            ]

    def test_a_weight_shows_what_the_optimizer_had_in_hand(
        self, inspector: Inspector, document: Document
    ) -> None:
        document.select(Selection(layer="conv1", unit=1, weight=26))
        probe = ToldProbe((26,))
        assert probe in inspector.probes(document.snapshot, document.selection)  # type: ignore[arg-type]
        numbers = {"weight": 1.0, "gradient": 0.25, "velocity": -0.5, "step size": 0.125}
        terms = Momentum(rate=0.01).told(Before(w=1.0, g=0.25, slots=(-0.5,), rate=0.01, age=2))
        update = ToldUpdate(26, "conv1.weight[1, 0, 0, 1]", 1.0, numbers, terms)
        readings = {
            WeightsProbe(): Weights({"conv1.weight": np.ones((6, 1, 5, 5), np.float32)}),
            probe: Told((update,)),
        }
        old = document.snapshot
        assert old is not None
        document.snapshot = Snapshot(old.experiment, 1, 64, 0.1, 0.01, 0.0, old.curves, readings)
        document.snapshot_changed.emit(document.snapshot)
        texts = [text.strip("\u2007") for text in self.texts(inspector)]
        shown = dict(itertools.pairwise(texts))
        assert shown["Name"] == "conv1.weight[1, 0, 0, 1]"
        assert (shown["Gradient"], shown["Velocity"], shown["Step size"]) == ("0.2500", "−0.5000", "0.1250")
        assert "Last update" not in texts
        said = inspector.last_update.text.text()
        assert "Δw(t) = α Δw(t−1) − ε g = 0.9 × (−0.5000) − 0.01 × 0.2500 = −0.4525" in said
        told_nothing = Told((dataclasses.replace(update, terms=(), why="Make one step"),))
        document.snapshot = dataclasses.replace(document.snapshot, readings=readings | {probe: told_nothing})
        inspector.refresh()
        assert inspector.last_update.text.text() == "Make one step."


def test_a_weight_is_set_by_hand(document: Document, qtbot: QtBot, trainer) -> None:
    inspector = Inspector(document)
    qtbot.addWidget(inspector)
    probe = WeightsProbe()
    old = document.snapshot
    assert old is not None
    named = {p.name: np.zeros(p.shape, np.float32) for p in old.experiment.analysis.parameters}
    trainer.weights = {name: values.copy() for name, values in named.items()}
    document.snapshot = dataclasses.replace(old, readings={probe: Weights(named)})
    document.select(Selection(layer="conv1", weight=7))
    assert inspector.by_hand.isVisibleTo(inspector)
    inspector.by_hand.setValue(0.25)
    first = next(iter(trainer.weights))
    assert trainer.weights[first].flat[7] == 0.25
    assert (trainer.weights[first] != 0).sum() == 1
    assert document.undo_stack.undoText().startswith("Set conv1.weight[")
    document.undo_stack.undo()
    assert not trainer.weights[first].any()
