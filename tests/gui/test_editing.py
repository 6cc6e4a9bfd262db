"""Editing the architecture in the list: branches, several layers at once, the clipboard, repairs."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from lab.experiment.of_layer import OfLayer, of_layer, with_layer, with_network
from lab.experiment.presets import preset
from lab.experiment.repairs import Repair
from lab.gui.document import Document
from lab.gui.editing import ArchitectureEdits
from lab.gui.panels.inspector import Inspector
from lab.gui.panels.network import NetworkPanel
from lab.gui.widgets.inputs import InputsLine
from lab.gui.widgets.mend_row import MendRow
from lab.network.layers import Add, Concat, Conv2D, Dense, Dropout
from lab.network.network import Network


def names(document: Document) -> list[str]:
    return [node.name for node in document.draft.network.nodes]


def sources(document: Document, name: str) -> tuple[str, ...]:
    return document.draft.analysis.facts(name).inputs


def texts(row: MendRow) -> list[str]:
    return [button.accessibleName() for button in row.buttons if not button.isHidden()]


def menu(line: InputsLine, place: int | None) -> list[str]:
    button = line.plus if place is None else line.chips[place].name
    button.menu().aboutToShow.emit()
    return [action.text() for action in button.menu().actions()]


@pytest.fixture
def panel(qtbot: QtBot, document: Document) -> NetworkPanel:
    panel = NetworkPanel(document)
    qtbot.addWidget(panel)
    panel.resize(340, 640)
    panel.show()
    return panel


@pytest.fixture
def edits(panel: NetworkPanel) -> ArchitectureEdits:
    return panel.edits


def click(qtbot: QtBot, panel: NetworkPanel, name: str, modifier: Qt.KeyboardModifier) -> None:
    block = next(b for b in panel.layers.blocks if b.facts is not None and b.facts.name == name)
    qtbot.mouseClick(block.head, Qt.MouseButton.LeftButton, modifier, QPoint(20, 10))


CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


class TestChoosing:
    def test_ctrl_adds_and_takes_away_and_shift_goes_up_to(
        self, qtbot: QtBot, panel: NetworkPanel, document: Document, edits: ArchitectureEdits
    ) -> None:
        click(qtbot, panel, "conv1", Qt.KeyboardModifier.NoModifier)
        click(qtbot, panel, "conv2", CTRL)
        assert edits.chosen == {"conv1", "conv2"}
        assert document.selection.layer == "conv2"
        assert [b.head.chosen for b in panel.layers.blocks[:4]] == [True, False, True, False]
        click(qtbot, panel, "conv2", CTRL)
        assert edits.chosen == {"conv1"}
        assert document.selection.layer == "conv1"
        click(qtbot, panel, "conv2", SHIFT)
        assert edits.chosen == {"conv1", "pool1", "conv2"}
        click(qtbot, panel, "dense1", Qt.KeyboardModifier.NoModifier)
        assert edits.chosen == {"dense1"}

    def test_a_view_that_turns_to_a_layer_chooses_it_alone(
        self, document: Document, edits: ArchitectureEdits
    ) -> None:
        edits.choose_all()
        assert edits.chosen == set(names(document))
        document.select_layer("conv2")  # one of them: the others stay
        assert len(edits.chosen) == 8
        document.select_layer(None)
        assert edits.chosen == set()
        document.select_layer("conv2")
        assert edits.chosen == {"conv2"}

    def test_shift_and_arrows(
        self, qtbot: QtBot, panel: NetworkPanel, document: Document, edits: ArchitectureEdits
    ) -> None:
        document.select_layer("conv2")
        for key, chosen in (
            (Qt.Key.Key_Down, {"conv2", "pool2"}),
            (Qt.Key.Key_Down, {"conv2", "pool2", "flatten1"}),
            (Qt.Key.Key_Up, {"conv2", "pool2"}),
            (Qt.Key.Key_Up, {"conv2"}),
            (Qt.Key.Key_Up, {"pool1", "conv2"}),
        ):
            qtbot.keyClick(panel.layers, key, SHIFT)
            assert edits.chosen == chosen
            assert document.selection.layer == "conv2"

    def test_what_is_gone_is_not_chosen_any_more(self, document: Document, edits: ArchitectureEdits) -> None:
        edits.choose(["conv1", "dense3"])
        document.edit(with_network(document.draft, Network(document.draft.network.nodes[:-1])), "shorter")
        assert edits.chosen == {"conv1"}


class TestSeveralAtOnce:
    def test_remove_and_duplicate(
        self, panel: NetworkPanel, document: Document, edits: ArchitectureEdits
    ) -> None:
        document.edit(with_layer(document.draft, "dense2", OfLayer(0.5)), "own")
        edits.choose(["dense1", "dense2"])
        panel.duplicate_action.trigger()
        assert names(document)[5:] == ["dense1", "dense2", "dense4", "dense5", "dense3"]
        assert edits.chosen == {"dense4", "dense5"}
        assert of_layer(document.draft, "dense5") == OfLayer(0.5)
        assert document.undo_stack.undoText() == "Duplicate dense1, dense2"
        panel.remove_action.trigger()
        assert document.draft == with_layer(preset("lenet"), "dense2", OfLayer(0.5))
        assert document.selection.layer == "dense3"

    def test_copy_cut_and_paste(
        self, qtbot: QtBot, panel: NetworkPanel, document: Document, edits: ArchitectureEdits
    ) -> None:
        edits.choose(["conv2", "pool2"])
        panel.layers.setFocus()
        qtbot.keyClick(panel.layers, Qt.Key.Key_X, CTRL)
        assert names(document) == ["conv1", "pool1", "flatten1", "dense1", "dense2", "dense3"]
        assert '"conv2d"' in QGuiApplication.clipboard().text()
        document.select_layer("pool1")
        qtbot.keyClick(panel.layers, Qt.Key.Key_V, CTRL)
        assert names(document)[:4] == ["conv1", "pool1", "conv2", "pool2"]
        assert edits.chosen == {"conv2", "pool2"}
        assert document.draft.network == preset("lenet").network

    def test_a_clipboard_of_something_else_is_said_and_nothing_happens(
        self, panel: NetworkPanel, document: Document
    ) -> None:
        QGuiApplication.clipboard().setText("hello")
        panel.paste_action.trigger()
        assert document.draft == preset("lenet")
        assert "no layers in it" in panel._problem.text()
        document.select_layer("conv1")
        assert panel._problem.isHidden()

    def test_a_name_that_is_taken_is_said(self, panel: NetworkPanel, document: Document) -> None:
        document.select_layer("conv1")
        panel.layers.blocks[0].renamed.emit("pool1")
        assert names(document)[0] == "conv1"
        assert panel.layers.blocks[0].name_line.text() == "conv1"
        assert "“conv1”: the name “pool1” is taken" in panel._problem.text()


class TestBranches:
    def test_a_join_is_added_with_the_nearest_output_that_fits(
        self, panel: NetworkPanel, document: Document
    ) -> None:
        document.select_layer("dense2")
        panel.add(Concat())
        assert sources(document, "concat1") == ("dense2", "dense1")
        document.select_layer("conv1")
        panel.add(Conv2D(6, 3, padding=1))
        panel.add(Add())
        assert sources(document, "add1") == ("conv3", "conv1")
        assert document.problems == ()
        document.select_layer("conv2")
        panel.add(Add())  # no other output has as many channels
        assert sources(document, "add2") == ("conv2",)

    def test_inputs_are_named_where_they_are_not_simply_the_layer_before(
        self, panel: NetworkPanel, document: Document
    ) -> None:
        document.open(preset("small-u-net"))
        said = {b.facts.name: b.head.accessibleName() for b in panel.layers.blocks if b.facts}
        assert said["join2"].startswith("join2: from down2_2, up2 · Concat")
        assert "from" not in said["down1_2"]

    def test_inputs_are_exchanged_added_and_cut_off(self, panel: NetworkPanel, document: Document) -> None:
        document.open(preset("small-u-net"))
        document.select_layer("join2")
        line = panel.layers.blocks[9].inputs
        assert line is not None
        assert [chip.name.text() for chip in line.chips] == ["down2_2", "up2"]
        assert "back2_1" not in menu(line, None)  # it comes from the join
        assert menu(line, None)[0] == "bottom_2"
        line.plus.menu().actions()[-1].trigger()
        assert sources(document, "join2") == ("down2_2", "up2", "input")
        line.chips[2].cut.click()
        assert sources(document, "join2") == ("down2_2", "up2")
        assert document.undo_stack.undoText() == "Disconnect input from join2"
        actions = menu(line, 0)
        line.chips[0].menu.actions()[actions.index("down2_1")].trigger()
        assert sources(document, "join2") == ("down2_1", "up2")

    def test_a_layer_in_a_chain_has_no_line_of_inputs(self, panel: NetworkPanel, document: Document) -> None:
        document.select_layer("conv2")
        assert panel.layers.blocks[2].inputs is None

    def test_the_inspector_connects_any_layer(
        self, qtbot: QtBot, panel: NetworkPanel, document: Document
    ) -> None:
        inspector = Inspector(document, edits=panel.edits)
        qtbot.addWidget(inspector)
        document.select_layer("dense2")
        assert inspector.inputs.plus.isHidden()
        inspector.inputs.chips[0].cut.click()
        assert sources(document, "dense2") == ("input",)
        inspector.inputs.connected.emit("flatten1", 0)
        assert sources(document, "dense2") == ("flatten1",)
        assert "its output goes nowhere" in str(document.problems)

    def test_a_circle_is_refused(
        self, panel: NetworkPanel, document: Document, edits: ArchitectureEdits
    ) -> None:
        edits.connect_layers("dense1", "conv1")
        assert document.draft == preset("lenet")
        assert "would feed itself through “dense1”" in panel._problem.text()

    def test_what_a_graph_asks_for(self, document: Document, edits: ArchitectureEdits) -> None:
        edits.add_beside(Dense(3), ("flatten1",))
        assert names(document)[4:6] == ["flatten1", "dense4"]
        assert edits.chosen == {"dense4"}
        edits.add_between(Dropout(), "dense1", "dense2")
        assert sources(document, "dense2") == ("dropout1",)
        edits.move_to("dropout1", 0)
        assert names(document)[0] == "dropout1"


class TestRepairs:
    def test_a_repair_is_one_click_at_its_layer(
        self, qtbot: QtBot, panel: NetworkPanel, document: Document, edits: ArchitectureEdits
    ) -> None:
        document.select_layer("dense3")
        panel.add(Dense(3))
        row = panel.layers.blocks[-1].mends
        assert texts(row) == ["Give dense4 10 units", "Add a Dense of 10"]
        qtbot.mouseClick(row.buttons[0], Qt.MouseButton.LeftButton)
        assert document.problems == ()
        assert row.isHidden()
        assert document.undo_stack.undoText() == "Give dense4 10 units"
        assert edits.repairs() == {}

    def test_a_skip_of_another_size(self, panel: NetworkPanel, document: Document) -> None:
        unet = preset("small-u-net")
        nodes = [
            msgspec.structs.replace(n, layer=msgspec.structs.replace(n.layer, padding=0))
            if n.name == "down2_2"
            else n
            for n in unet.network.nodes
        ]
        document.open(with_network(unet, Network(tuple(nodes))))
        (row,) = [block.mends for block in panel.layers.blocks if not block.mends.isHidden()]
        assert "Crop down1_2 by 2 on each side" in texts(row)
        assert "Use padding “same” in down2_2" in texts(row)

    def test_an_empty_network_is_begun(self, panel: NetworkPanel, document: Document) -> None:
        document.edit(with_network(document.draft, Network()), "nothing")
        assert texts(panel._mends) == ["Add a Flatten and a Dense of 10"]
        panel._mends.buttons[0].click()
        assert names(document) == ["flatten1", "dense1"]

    def test_words_too_long_for_the_panel_are_shortened_and_told_in_full(
        self, qtbot: QtBot, panel: NetworkPanel, document: Document
    ) -> None:
        row = panel._mends
        row.show_repairs((Repair("Bring it " * 12, document.draft),))
        button = row.buttons[0]
        qtbot.waitUntil(lambda: button.text().endswith("…"))
        assert button.width() <= panel.width()
        assert button.toolTip() == "Bring it " * 12
