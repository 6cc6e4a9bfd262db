"""Microscope: what the window writes is what the engine computes, and a person can go everywhere from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.experiment.presets import preset
from lab.gui.main_window import MainWindow
from lab.gui.selection import Selection
from lab.gui.theme import DARK, LIGHT
from lab.gui.views.microscope import MicroscopeView
from lab.gui.widgets.microscope import FACES, Face, face_of
from lab.gui.widgets.microscope.cells import cell_texts, enough
from lab.gui.widgets.microscope.check import verdict
from lab.gui.widgets.microscope.convolution import ConvolutionFace
from lab.gui.widgets.microscope.dense import DenseFace
from lab.gui.widgets.microscope.pooling import PoolingFace
from lab.gui.widgets.wording import number
from lab.network.layers import LAYERS
from lab.training.listing import listing
from lab.training.microscope import Spot, Token
from lab.training.probes import GradientCheck, GradientCheckProbe, GradientsProbe
from lab.training.readings import answer
from lab.training.run import Run
from lab.training.snapshot import Snapshot
from tests.gui.conftest import FakeTrainer

RUNS: dict[tuple[str, int], Run] = {}


def run_of(name: str, steps: int) -> Run:
    """Trained once for all tests that only look."""
    if (name, steps) not in RUNS:
        RUNS[name, steps] = Run(preset(name))
        if steps:
            RUNS[name, steps].advance(steps)
    return RUNS[name, steps]


class Bench:
    """A run that stands still, and a microscope over it. It answers what the view asks, as the window does."""

    def __init__(
        self,
        qtbot: QtBot,
        name: str,
        selection: Selection = Selection(),  # noqa: B008
        steps: int = 0,
        size: tuple[int, int] = (760, 640),
        run: Run | None = None,
    ) -> None:
        self.run = run or run_of(name, steps)
        self.selection, self.operation = selection, 0
        self.asked: list[object] = []
        self.view = MicroscopeView()
        qtbot.addWidget(self.view)
        self.view.show_theme(LIGHT)
        self.view.show_selection(selection)
        self.view.resize(*size)
        self.view.show()
        self.view.picked.connect(self._pick)
        self.view.watching_changed.connect(self.feed)
        self.feed()

    def _pick(self, selection: Selection) -> None:
        self.selection = selection
        self.view.show_selection(selection)
        self.feed()

    def snapshot(self, readings: bool = True) -> Snapshot:
        run = self.run
        bare = Snapshot(
            experiment=run.experiment, step=run.step, examples=run.examples, epoch=run.epoch, rate=0.1,
            steps_per_second=0.0, curves=run.curves(), operation=self.operation,
        )  # fmt: skip
        if not readings:
            return bare
        probes, moment = self.view.probes(bare, self.selection), run.moment(whole=True)
        self.asked = sorted(map(repr, probes))
        return replace(bare, readings={probe: answer(probe, moment) for probe in probes})

    def feed(self) -> None:
        self.view.show_snapshot(self.snapshot())
        QApplication.processEvents()

    @property
    def face(self) -> Face:
        assert self.view.sheet.face is not None
        return self.view.sheet.face

    def lines(self) -> dict[str, str]:
        """What is written, by what it is about."""
        part = self.view.sheet.back if self.view.ways.is_backward else self.face
        return {row.line.role: row.text() for row in part.equations.rows if row.line}

    def turn_back(self, qtbot: QtBot) -> None:
        button = self.view.ways._buttons.button(1)
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        QApplication.processEvents()


# -- the lecture's example -------------------------------------------------------------------------------


def test_the_worked_convolution_is_written_as_in_the_lecture(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "rgb-convolution")
    face = bench.face
    assert isinstance(face, ConvolutionFace)
    assert bench.lines() == {"z": "308 − 498 + 164 + 1 = −25", "y": "0.1 × (−25) = −2.5"}
    shown = face.equations.rows[0].numbers
    assert "308 − 498 + 164 + " in shown.text()
    assert shown.text().endswith("= <b>−25</b>")
    assert shown.accessibleName() == "308 − 498 + 164 + 1 = −25"
    assert face.rows.sums == ["Σ = 308", "Σ = −498", "Σ = 164"]
    patch, kernel, products = face.rows.grids(0)
    assert patch.values.tolist() == [[0, 0, 0], [0, 156, 155], [0, 153, 154]]
    assert kernel.values.tolist() == [[-1, -1, 1], [0, 1, -1], [0, 1, 1]]
    assert products.values.tolist() == [[0, 0, 0], [0, 156, -155], [0, 153, 154]]
    assert kernel.accessibleDescription() == "−1  −1  1; 0  1  −1; 0  1  1"
    assert "⌊(5 + 2 × 1 − 3) / 1⌋ + 1 = 5" in face.extent.text()
    scene = face.before[0].scene
    assert scene.rows.tolist() == scene.columns.tolist() == [-1, 0, 1]
    assert scene.margin == (1, 1, 1, 1)
    assert face.curve.curve.z == -25


def test_the_window_is_dragged_and_moved_by_keys(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "rgb-convolution")
    picture = bench.face.before[0]
    middle = picture.area(1, 2, 3).center()
    qtbot.mousePress(picture, Qt.MouseButton.LeftButton, pos=middle.toPoint())
    assert (bench.selection.row, bench.selection.column) == (2, 3)
    qtbot.mouseMove(picture, picture.area(0, 4, 0).center().toPoint())
    picture.dragged.emit(4.0, 0.0)
    assert (bench.selection.row, bench.selection.column) == (4, 0)
    assert bench.lines()["z"].endswith("= 159")
    qtbot.mouseRelease(picture, Qt.MouseButton.LeftButton)
    picture.dragged.emit(-1.0, 9.0)  # out in the padding: the window stays on the map
    assert (bench.selection.row, bench.selection.column) == (0, 4)
    picture.setFocus()
    qtbot.keyClick(picture, Qt.Key.Key_Down)
    qtbot.keyClick(picture, Qt.Key.Key_Left)
    qtbot.keyClick(picture, Qt.Key.Key_Up)
    qtbot.keyClick(picture, Qt.Key.Key_Up)
    assert (bench.selection.row, bench.selection.column) == (0, 3)
    after = bench.face.after
    qtbot.mousePress(after, Qt.MouseButton.LeftButton, pos=after.area(0, 3, 1).center().toPoint())
    assert (bench.selection.row, bench.selection.column) == (3, 1)
    bench.view.place._fields[1][1].setValue(0)
    assert bench.selection.row == 0


def test_it_scans_the_map(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "rgb-convolution", Selection(layer="conv1", unit=0, row=0, column=3))
    bench.view.scan.click()
    assert bench.view._timer.isActive()
    for _ in range(2):
        bench.view._timer.timeout.emit()
    assert (bench.selection.row, bench.selection.column) == (1, 0)
    bench.view.scan.click()
    assert not bench.view._timer.isActive()


def test_a_weight_and_a_pixel_are_chosen_from_the_grids(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "rgb-convolution")
    patch, kernel, _ = bench.face.rows.grids(1)
    side = kernel.width() // 3
    qtbot.mouseClick(kernel, Qt.MouseButton.LeftButton, pos=QPoint(2 * side + side // 2, side + 5))
    assert bench.selection.weight == 9 + 5
    assert bench.view.sheet.backward.chosen.place == (0, 1, 1, 2)
    assert bench.view.hand.weight.label.text() == "weight[0, 1, 1, 2]"
    assert bench.view.hand.pixel.label.text() == "input[1, 0, 1]"
    patch.setFocus()
    qtbot.keyClick(patch, Qt.Key.Key_Down)
    assert "row 2, column 2: 165" in patch.accessibleName()
    qtbot.keyClick(patch, Qt.Key.Key_Return)
    assert bench.view.sheet.backward.chosen.pixel == Spot("input", 1, 1, 1)


# -- backwards -------------------------------------------------------------------------------------------


def test_the_equations_backwards_are_the_engine_s(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "lenet", Selection(layer="dense2", unit=3), steps=20)
    bench.turn_back(qtbot)
    gradients = answer(GradientsProbe(), bench.run.moment())
    lines = {row.line.role: row.line for row in bench.view.sheet.back.equations.rows}
    assert lines["dy"].symbols == "dE/dyᵢ = Σⱼ dE/dzⱼ · wᵢⱼ,  through “dense3”"
    assert lines["dw"].symbols == "dE/dwᵢⱼ = dE/dzⱼ · yᵢ"
    place = bench.view.sheet.backward.chosen.place
    for role, value in (
        ("dy", gradients.outputs["dense2"][3, 0, 0]),
        ("dz", gradients.preactivations["dense2"][3, 0, 0]),
        ("dw", gradients.parameters["dense2.weight"][place]),
        ("db", gradients.parameters["dense2.bias"][3]),
        ("dx", gradients.outputs["dense1"][place[1], 0, 0]),
    ):
        assert lines[role].value == pytest.approx(float(value), rel=1e-4, abs=1e-9), role
        assert bench.lines()[role]


def test_it_shows_what_a_number_feeds_and_where_a_weight_is_used(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "rgb-convolution")
    bench.turn_back(qtbot)
    back = bench.view.sheet.back
    assert back.legend.text() == (
        "input, channel 1, row 0, column 0, feeds 4 outputs;  weight[0, 1, 1, 1] is used at 25 places"
    )
    assert len(back.after.scene.spots) == 4
    qtbot.mouseClick(back.before, Qt.MouseButton.LeftButton, pos=back.before.area(0, 2, 2).center().toPoint())
    assert back.legend.text().startswith("input, channel 0, row 2, column 2, feeds 9 outputs")
    back.before.setFocus()
    qtbot.keyClick(back.before, Qt.Key.Key_Right)
    assert bench.view.sheet.backward.chosen.pixel == Spot("input", 0, 2, 3)


def test_a_derivative_is_checked_once_and_both_numbers_are_shown(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "lenet", Selection(layer="conv2", unit=3, row=4, column=5), steps=20)
    bench.turn_back(qtbot)
    rows = {row.line.role: row for row in bench.view.sheet.back.equations.rows}
    assert rows["dw"].check.isVisible()
    assert not rows["dz"].check.isVisible()
    assert not rows["dx"].check.isVisible()  # only what the network is given can be moved by itself
    qtbot.mouseClick(rows["dw"].check, Qt.MouseButton.LeftButton)
    weight = bench.view.sheet.backward.chosen.weight
    found = answer(GradientCheckProbe(weight=weight), bench.run.moment())
    text = bench.view.sheet.back.check.text()
    assert f"relative error {number(found.relative, 2)}" in text
    assert "✓ The two agree" in text
    assert text in bench.view.sheet.text(True)
    assert not any(
        "GradientCheckProbe" in probe
        for probe in map(repr, bench.view.probes(bench.snapshot(False), bench.selection))
    )
    bench.view.place.moved.emit(Spot("conv2", 4, 0, 0))
    assert not bench.view.sheet.back.check.isVisible()
    pixel = Bench(qtbot, "rgb-convolution")
    pixel.turn_back(qtbot)
    rows = {row.line.role: row for row in pixel.view.sheet.back.equations.rows}
    qtbot.mouseClick(rows["dx"].check, Qt.MouseButton.LeftButton)
    assert "dE/dinput[1, 0, 0]" in pixel.view.sheet.back.check.text()


def test_a_check_says_what_it_found() -> None:
    assert verdict(GradientCheck(0, 1e-4, 1.0, 1.0 + 2e-4, 1.0)) == "The two agree"
    assert verdict(GradientCheck(0, 1e-4, 1.0, 1.0 + 2e-4, 2.0)) == "The two do not agree"
    assert "“conv1” goes over a kink" in verdict(GradientCheck(0, 1e-7, 1.0, 1.0, 2.0, ("conv1",)))
    assert verdict(GradientCheck(0, 1e-4, np.nan, 1.0, 2.0)) == "The two do not agree"
    rounded = GradientCheck(0, 1e-4, 1.0, 1.0 + 2e-4, 1.01, shake=0.08)
    assert verdict(rounded) == "The two agree as far as rounding lets one see: it may move them by ±0.020"


# -- going about -----------------------------------------------------------------------------------------


def test_a_click_leads_from_a_term_to_its_unit_and_to_its_weight(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "lenet", Selection(layer="dense3", unit=7), steps=20)
    face = bench.face
    assert isinstance(face, DenseFace)
    first = face.terms.rows[0]
    z = bench.view.sheet.forward.lines[0]
    assert first.product == pytest.approx(float(z.products[z.largest(1)[0]]))
    assert [row.quiet for row in face.terms.rows][-2:] == [True, False]  # the rest, then the bias
    assert face.terms.rows[-2].name == "76 more"
    high = face.terms.height() // (len(face.terms.rows) + 2)
    ends = face.terms._columns()
    weight, unit = (QPointF(ends[k] - 8, 1.5 * high).toPoint() for k in (1, 2))
    qtbot.mouseClick(face.terms, Qt.MouseButton.LeftButton, pos=weight)
    assert bench.selection.weight == first.tokens[0].weight
    qtbot.mouseClick(face.terms, Qt.MouseButton.LeftButton, pos=unit)
    assert (bench.selection.layer, bench.selection.unit) == ("dense2", first.tokens[1].spot.unit)
    row = bench.face.equations.rows[0]
    many = len(row.text())
    fold = next(k for k, token in enumerate(row.line.tokens()) if token.folded)
    row.numbers.linkActivated.emit(str(fold))
    assert len(row.text()) > many
    link = next(k for k, token in enumerate(row._tokens) if token.spot is not None)
    row.numbers.linkActivated.emit(str(link))
    assert bench.selection.layer == "dense1"


def test_terms_by_keyboard(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "xor", Selection(layer="dense2", unit=3))
    terms = bench.face.terms
    terms.setFocus()
    qtbot.keyClick(terms, Qt.Key.Key_Down)
    assert terms.accessibleName() == "Terms of the sum: 1"
    qtbot.keyClick(terms, Qt.Key.Key_Return)
    assert bench.selection.weight == terms.rows[1].tokens[0].weight
    qtbot.keyClick(terms, Qt.Key.Key_Right)
    assert (bench.selection.layer, bench.selection.unit) == ("dense1", 1)


def test_units_and_examples_by_keyboard(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "lenet", Selection(layer="conv1", unit=0, row=3, column=3), steps=20)
    view = bench.view
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_PageDown)
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert (bench.selection.unit, bench.selection.row, bench.selection.column) == (1, 3, 4)
    qtbot.keyClick(view, Qt.Key.Key_N)
    assert bench.selection.example == 1
    assert view.sheet.example.text().startswith("Example 1 of the validation part, as in use")
    qtbot.keyClick(view, Qt.Key.Key_P)
    qtbot.keyClick(view, Qt.Key.Key_PageUp)
    assert (bench.selection.example, bench.selection.unit) == (0, 0)
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QApplication.clipboard().text()
    assert copied.startswith("conv1, unit 0, row 3, column 4\n")
    assert bench.lines()["z"] in copied


def test_the_first_look_is_where_something_is(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "lenet", Selection(layer="conv1", unit=2), steps=20)
    y = bench.view._slide.y("conv1")[2]
    spot = bench.view._spot
    assert abs(y[spot.row, spot.column]) == np.abs(y).max()
    # and it stays there while the numbers change
    bench.view._slide = None
    bench.feed()
    assert bench.view._spot == spot


@pytest.mark.parametrize("layer", [node.name for node in preset("small-u-net").network.nodes])
def test_every_layer_of_a_u_net_has_its_face(qtbot: QtBot, layer: str) -> None:
    bench = Bench(qtbot, "small-u-net", Selection(layer=layer, unit=1), size=(700, 560))
    node = next(n for n in bench.run.experiment.network.nodes if n.name == layer)
    assert isinstance(bench.face, face_of(node.layer))
    assert bench.lines()["y"]
    if isinstance(bench.face, PoolingFace):
        assert "backwards all of the derivative goes there" in bench.face.verdict.text()
    bench.turn_back(qtbot)
    assert "dy" in bench.lines()
    bench.view.show_theme(DARK)
    bench.view.grab()


def test_kinds_with_a_face_of_their_own_are_kinds() -> None:
    assert set(FACES) <= set(LAYERS)


# -- setting by hand -------------------------------------------------------------------------------------


def test_a_pixel_is_set_as_what_if_and_undone(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "rgb-convolution")
    field = bench.view.hand.pixel.field
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "200")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert bench.lines()["z"] == "308 − 531 + 164 + 1 = −58"
    assert "What if: input[1, 0, 0] = 200" in bench.view.sheet.example.text()
    assert bench.view.hand.undo.isVisible()
    assert bench.run.prepared.training.inputs[0, 1, 0, 0] == 167
    bench.view.hand.undo.click()
    assert bench.lines()["z"] == "308 − 498 + 164 + 1 = −25"
    assert not bench.view.hand.undo.isVisible()
    bench.view._set_pixel(10.0)
    bench.view.show_selection(replace(bench.selection, example=5))  # of another example it would say nothing
    assert bench.view.readings.changed == ()


def test_weights_and_biases_are_handed_on(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "rgb-convolution")
    said: list[tuple[int, float]] = []
    bench.view.number_set.connect(lambda flat, value: said.append((flat, value)))
    for field, text in ((bench.view.hand.weight.field, "2"), (bench.view.hand.bias.field, "-3")):
        field.setFocus()
        field.selectAll()
        qtbot.keyClicks(field, text)
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert said == [(9 + 4, 2.0), (27, -3.0)]


def test_a_number_set_here_is_an_entry_of_the_undo_stack(window: MainWindow, trainer: FakeTrainer) -> None:
    trainer.weights = {"conv1.weight": np.zeros((6, 1, 5, 5), np.float32)}
    view = window.workspace.docks["microscope"].view
    assert isinstance(view, MicroscopeView)
    view.number_set.emit(2, 0.75)
    assert window.document.undo_stack.undoText() == "Set conv1.weight[0, 0, 0, 2] to 0.75"
    assert trainer.weights["conv1.weight"][0, 0, 0, 2] == 0.75


# -- following the machine -------------------------------------------------------------------------------


def test_it_follows_the_machine_forwards_and_backwards(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "lenet", steps=20)
    view, lines = bench.view, listing(bench.run.experiment)
    view.follow.click()
    assert view.sheet.example.text().startswith("Example 1 of the batch that comes next, number ")
    assert "as in training" in view.sheet.example.text()
    seen = []
    for operation in range(len(lines)):
        bench.operation = operation
        bench.feed()
        seen.append((view._spot.layer, view.ways.is_backward))
    assert seen[0] == seen[1] == ("conv1", False)  # the batch itself is of no layer
    conv, relu = lines[1], lines[2]
    assert (conv.operation, relu.operation) == ("convolution", "ReLU")
    loss = next(line.number for line in lines if line.direction == "loss")
    assert seen[loss + 1] == ("dense3", True)
    back = next(line.number for line in lines if line.direction == "backward" and line.layer == "conv2")
    assert seen[back + 1] == ("conv2", True)
    for operation, coming in ((2, True), (3, False)):  # the convolution has been made, then its activation
        bench.operation = operation
        bench.feed()
        assert bench.lines()["z"] != "to come"
        assert (bench.lines()["y"] == "to come") == coming
    bench.operation = back + 1
    bench.feed()
    assert bench.lines()["dz"] != "to come"
    assert bench.lines()["dw"] == "to come"
    bench.operation = 0
    bench.feed()
    assert "to come" not in bench.lines().values()


def test_while_it_follows_the_example_is_of_the_batch(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "lenet", steps=20)
    bench.view.follow.click()
    bench.view._turn(1)
    assert bench.view.sheet.example.text().startswith("Example 2 of the batch")
    assert bench.selection.example == 0
    assert bench.view.hand.pixel.isHidden()
    bench.view.follow.click()
    assert bench.view.sheet.example.text().startswith("Example 0 of the validation part")


# -- the rest --------------------------------------------------------------------------------------------


def test_the_table_has_every_line(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "rgb-convolution")
    table = bench.view.table().columns
    assert table["numbers"][0] == "308 − 498 + 164 + 1 = −25"
    assert table["engine"][0] == table["value"][0] == -25
    assert len(table["formula"]) == len(bench.view.sheet.forward.lines) + len(bench.view.sheet.backward.lines)


def test_the_number_under_the_pointer_is_named(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "rgb-convolution")
    bench.view._hover(Token("", weight=13))
    assert bench.view.readout.text() == "conv1.weight[0, 1, 1, 1] = −1"
    bench.view._hover(Spot("input", 2, 4, 4))
    assert bench.view.readout.text() == "input, channel 2, row 4, column 4: 167"
    picture = bench.face.before[0]
    assert picture.spot_at(picture.area(2, 4, 4).center()) == Spot("input", 2, 4, 4)
    assert picture.spot_at(picture.area(2, -1, -1).center()) is None


@pytest.mark.parametrize(
    ("value", "longest", "shortest"),
    [(156.0, "156", "156"), (-0.123456, "−0.123", "−0.12"), (12.3456, "12.346", "12"), (0.0042, "0.004", "0.004"),
     (2e-5, "2e−5", "2e−5"), (np.nan, "NaN", "NaN")],
)  # fmt: skip
def test_numbers_in_cells(value: float, longest: str, shortest: str) -> None:
    assert cell_texts(value)[0] == longest
    assert enough(value, 2) == shortest


def test_a_network_that_changed_is_waited_for(qtbot: QtBot) -> None:
    bench = Bench(qtbot, "xor")
    other = Bench(qtbot, "rgb-convolution")
    before = bench.view.sheet.example.text()
    mixed = replace(other.snapshot(), readings=bench.snapshot().readings)
    bench.view.show_snapshot(mixed)
    assert bench.view.sheet.example.text() == before
