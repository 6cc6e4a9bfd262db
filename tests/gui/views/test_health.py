"""Activations and health: what a person sees of units, spreads, functions and starts, and what clicking does."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.experiment.presets import preset
from lab.gui.main_window import MainWindow
from lab.gui.selection import Selection
from lab.gui.theme import DARK, LIGHT
from lab.gui.views.health import FACES, HealthView
from lab.gui.widgets.health.spreads import Panel, decades
from lab.gui.widgets.health.words import ranges
from lab.gui.widgets.wording import number, share
from lab.network.activations import ELU, LeakyReLU, ReLU, Tanh
from lab.network.initializers import Constant
from lab.network.layers import Dense
from lab.network.network import Network, Node
from lab.training.conditions import AlikeProbe, ConditionProbe, PreactivationsProbe, StartsProbe
from lab.training.health import health
from lab.training.starts import TRIED
from tests.gui.views.real import put_up, still_of, still_on


@pytest.fixture
def view(qtbot: QtBot) -> HealthView:
    """LeNet's, after some updates, with ReLUs of which some are dead."""
    view = HealthView()
    put_up(qtbot, view, still_of("lenet", 60))
    return view


def deep(activation: object, **more: object) -> object:
    layers = [Node(f"d{k}", Dense(6, activation)) for k in range(3)]
    return msgspec.structs.replace(
        preset("spiral"), network=Network((*layers, Node("out", Dense(1, Tanh())))), **more
    )


# --- units


def test_dead_units_are_the_engines_and_are_said(view: HealthView) -> None:
    found = health(still_of("lenet", 60)._still)
    strips = {strip.health.layer: strip for strip in view.strips.strips.strips}
    assert list(strips) == ["conv1", "conv2", "dense1", "dense2", "dense3"]
    for name, strip in strips.items():
        wanted = found.of(name)
        np.testing.assert_array_equal(strip.health.dead, wanted.dead)
        if wanted.dead is not None and wanted.dead.any():
            assert f"{int(wanted.dead.sum())} dead ({share(wanted.dead_share)})" in strip.words
            assert strip.words in view.strips.strips.accessibleDescription()
    assert found.of("dense1").dead.any()


def test_the_shares_over_the_steps(view: HealthView) -> None:
    strip = next(s for s in view.strips.strips.strips if s.health.layer == "dense1")
    assert strip.steps[0] == 0
    assert strip.steps[-1] == 60
    assert strip.dead[-1] == strip.health.dead_share
    assert np.isnan(strip.saturated).all()


def test_a_click_on_a_unit_selects_it_everywhere(qtbot: QtBot, view: HealthView) -> None:
    widget = view.strips.strips
    area = widget.area_of("dense1", 7)
    with qtbot.waitSignal(view.picked) as picked:
        qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=area.center().toPoint())
    assert picked.args == [Selection("dense1", 7)]
    assert view.readout.text().startswith("dense1, unit 7")
    qtbot.keyClick(widget, Qt.Key.Key_Right)
    qtbot.keyClick(widget, Qt.Key.Key_Down)
    assert view.readout.text().startswith("dense2, unit 8")


def test_the_mouse_says_what_is_the_matter(view: HealthView) -> None:
    dead = int(np.flatnonzero(health(still_of("lenet", 60)._still).of("dense1").dead)[0])
    view.strips.strips.hovered.emit(("dense1", dead))
    assert f"dense1, unit {dead}  ·  dead: f′(z) = 0 at every place" in view.readout.text()
    view.strips.strips.hovered.emit(("dense3", 0))
    assert "can neither die nor be saturated" in view.readout.text()


def test_units_that_are_one_and_the_same(qtbot: QtBot) -> None:
    """F3: all weights start at one constant, and the six units of each layer stay one."""
    e = deep(Tanh())
    nodes = tuple(
        msgspec.structs.replace(n, layer=msgspec.structs.replace(n.layer, start=Constant(0.2)))
        for n in e.network.nodes
    )
    view = HealthView()
    put_up(qtbot, view, still_on(msgspec.structs.replace(e, network=Network(nodes)), 50))
    assert view.sentences.text().startswith(
        "Units 0–5 of d0 are one and the same, with equal gradients: they stay so.\nUnits 0–5 of d1"
    )
    assert "5 copies" in view.strips.strips.strips[0].words
    view.strips.strips.hovered.emit(("d1", 2))
    assert "the same as 5 other units" in view.readout.text()


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ((0, 1), "0 and 1"),
        ((0, 1, 2, 5), "0–2 and 5"),
        ((3, 7, 9, 10), "3, 7, 9 and 10"),
        (tuple(range(9)), "0–8"),
    ],
)
def test_units_are_listed_by_stretches(units: tuple[int, ...], said: str) -> None:
    assert ranges(units) == said
    assert ranges(tuple(range(0, 60, 3))).endswith(" and more")


# --- spreads


def test_bars_now_and_at_the_start(view: HealthView) -> None:
    view.turn_to("spreads")
    run = still_of("lenet", 60)._still
    bars, now = view.spreads.bars, health(run)
    start = health(still_of("lenet")._still)
    assert [panel.title.split()[-1] for panel in bars.panels] == ["dE/dy", "y", "z", "|w|"]
    for panel, key in zip(bars.panels, ("gradient_spread", "spread", "preactivation_spread"), strict=False):
        assert panel.now == tuple(getattr(now.of(name), key) for name in bars.layers)
        assert panel.start == tuple(getattr(start.of(name), key) for name in bars.layers)
    ratios = bars.panels[3]
    assert ratios.now == tuple(now.of(name).update_ratio for name in bars.layers)
    assert all(value > 0 for value in ratios.now)
    assert ratios.usual == 1e-3
    assert "10⁻³" in ratios.tip
    assert "CS231n" in ratios.tip
    assert "times as far in conv1 as in dense3: it keeps its size" in view.readout.text()


def test_a_layer_of_the_bars_is_pointed_at_and_selected(qtbot: QtBot, view: HealthView) -> None:
    view.turn_to("spreads")
    QApplication.processEvents()
    bars = view.spreads.bars
    area = bars.bars_of(2)
    point = area.topLeft().toPoint()
    point.setX(point.x() + 5)
    point.setY(point.y() + int(2.5 * bars._line()))
    qtbot.mouseMove(bars, point)
    QApplication.processEvents()
    wanted = bars.panels[2]
    assert f"dense1, {wanted.title}: {number(wanted.now[2])}" in view.readout.text()
    with qtbot.waitSignal(view.picked) as picked:
        qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=point)
    assert picked.args == [Selection("dense1")]


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ((0.5, 20.0), (-1, 2)),
        ((0.0, float("nan")), (-3, 0)),
        ((1e-300, 1.0), (-29, 1)),
        ((float("inf"), 3.0), (-1, 1)),
    ],
)
def test_the_axis_goes_by_powers_of_ten(now: tuple[float, ...], ends: tuple[int, int]) -> None:
    assert decades(Panel("a", "", now)) == ends


# --- the function


def test_the_function_over_what_it_gets(view: HealthView) -> None:
    view.turn_to("function")
    view.picked.emit(Selection("dense1", 3))
    found = view.function.found
    assert found.layer == "dense1"
    assert found.activation == ReLU()
    assert f"{share(found.closed)} where f′ = 0" in view.readout.text()
    assert f"{share(found.closed)} where f′ = 0" in view.function.accessibleDescription()
    assert view.layer.currentText() == "dense1"
    assert not view.knob.slider.isVisibleTo(view.knob), "a ReLU has no constant"
    view.function.hovered.emit(1.5)
    assert view.readout.text().startswith("z = 1.50: f = 1.50, f′ = 1.00  ·  ")


def test_the_slope_is_dragged_and_typed(qtbot: QtBot) -> None:
    view = HealthView()
    put_up(qtbot, view, still_on(deep(LeakyReLU(0.1))), Selection("d1"))
    view.turn_to("function")
    assert view.knob.number.value() == pytest.approx(0.1)
    assert view.knob.caption.text() == "slope α"
    with qtbot.waitSignal(view.activation_set) as given:
        view.knob.slider.setValue(75)
    assert given.args == ["d1", LeakyReLU(0.25)]
    with qtbot.waitSignal(view.activation_set) as given:
        view.knob.number.setValue(0.5)
    assert given.args == ["d1", LeakyReLU(0.5)]
    view.knob.kind.setCurrentIndex(view.knob.kind.findText("ELU"))
    with qtbot.waitSignal(view.activation_set) as given:
        view.knob.kind.activated.emit(view.knob.kind.currentIndex())
    assert given.args == ["d1", ELU()]


def test_in_the_window_it_is_an_edit_that_can_be_undone(window: MainWindow) -> None:
    view = window.workspace.docks["health"].view
    view.activation_set.emit("conv1", LeakyReLU(0.2))
    view.activation_set.emit("conv1", LeakyReLU(0.3))
    document = window.document

    def function() -> object:
        return next(n.layer.activation for n in document.draft.network.nodes if n.name == "conv1")

    assert function() == LeakyReLU(0.3)
    assert document.undo_stack.count() == 1, "a drag is one entry"
    assert document.undo_stack.undoText() == "conv1: activation leaky ReLU"
    document.undo_stack.undo()
    assert function() == ReLU()
    view.activation_set.emit("pool1", LeakyReLU(0.2))
    assert not document.undo_stack.canUndo()


# --- starts


def test_a_line_for_each_start(view: HealthView) -> None:
    view.turn_to("starts")
    values = view.starts.values
    assert list(values) == ["as it is", *TRIED]
    small, large = values["small: σ = 0.01"], values["too large: σ = 1"]
    assert small[-1] < 0.01 * small[0]
    assert large[-1] > 100 * large[0]
    assert view.starts.legend.names == tuple(values)
    assert "not drawn, being 0 everywhere: zero" in view.readout.text()
    view.quantity.setCurrentIndex(2)
    assert view.starts.values["He"] != values["He"]
    view.starts.plot.pointed.emit((1.2, 1.0))
    assert view.readout.text().startswith("conv2: as it is ")


# --- all faces


def test_only_what_the_face_shows_is_asked(view: HealthView) -> None:
    bare, chosen = still_of("lenet", 60).snapshot(frozenset()), Selection("conv2")
    asked = {}
    for face, _ in FACES:
        view.turn_to(face)
        asked[face] = view.probes(bare, chosen)
    assert asked == {
        "units": {ConditionProbe(), AlikeProbe()},
        "spreads": {ConditionProbe()},
        "function": {PreactivationsProbe("conv2")},
        "starts": {StartsProbe()},
    }


@pytest.mark.parametrize("face", [face for face, _ in FACES])
def test_every_face_has_a_table_and_is_drawn_at_any_size(view: HealthView, face: str) -> None:
    view.turn_to(face)
    table = view.table()
    assert len({len(column) for column in table.columns.values()}) == 1
    assert len(next(iter(table.columns.values()))) > 0
    for size in [(300, 220), (400, 270), (1100, 800)]:
        view.resize(*size)
        for theme in (DARK, LIGHT):
            view.show_theme(theme)
            QApplication.processEvents()
            assert not view.grab().isNull()
    assert view.message == ""


def test_the_table_names_dead_units(view: HealthView) -> None:
    columns = view.table().columns
    at = list(columns["layer"]).index("dense1")
    dead = np.flatnonzero(health(still_of("lenet", 60)._still).of("dense1").dead)
    assert columns["dead units"][at] == " ".join(map(str, dead))


def test_a_formula_has_no_units(qtbot: QtBot) -> None:
    view = HealthView()
    qtbot.addWidget(view)
    snapshot = still_of("rosenbrock").snapshot(frozenset())
    assert not view.suits(snapshot)
    view.show_snapshot(snapshot)
    assert view.message.startswith("A formula has no units")


@pytest.mark.parametrize(
    ("name", "face"), [("dying-relus", "units"), ("vanishing-gradients", "spreads"), ("xor", None)]
)
def test_a_fault_on_purpose_opens_with_health_in_front(
    window: MainWindow, name: str, face: str | None
) -> None:
    window.document.open(preset(name))
    window.document.pull()
    QApplication.processEvents()
    dock = window.workspace.docks["health"]
    assert bool(dock.view.property("covered")) == (face is None)
    if face is not None:
        assert dock.view.shows == face
        assert any(isinstance(probe, ConditionProbe) for probe in window.workspace.probes())


def test_a_network_that_is_too_large_is_left_alone(qtbot: QtBot) -> None:
    view, snapshot = HealthView(), still_of("u-net").snapshot(frozenset())
    qtbot.addWidget(view)
    assert view.probes(snapshot, Selection()) == frozenset()
    view.show_snapshot(snapshot)
    assert view.message.startswith("Nothing is looked at of so large a network")
