"""Views split by run: a pane for each run, asked for its run's probes and shown its run's answers."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from lab.gui.main_window import MainWindow
from lab.gui.selection import Selection
from lab.gui.theme import DARK
from lab.gui.views import VIEWS
from lab.gui.views.confusion import ConfusionView
from lab.gui.views.framed import FramedView
from lab.gui.views.settings import copy_settings
from lab.gui.widgets.runs.split import BY_RUN, SplitView, real_in, split_of
from lab.network.layers import Dense
from lab.training.filters import FiltersProbe
from lab.training.probes import ActivationsProbe, OutputsProbe
from lab.training.snapshot import Snapshot
from tests.gui.conftest import FakeTrainer
from tests.gui.fake_snapshots import EXPERIMENTS, LENET, answer, chain, race, snapshot


def answered(
    window: MainWindow, name: str = "lenet", count: int = 2, active: int = 1, **changes: object
) -> Snapshot:
    """What the trainer would send: each run with the answers that the window asks of it."""
    window.document.draft = EXPERIMENTS[name]
    one = race(name, count, active=active, **changes)  # type: ignore[arg-type]
    asked = {active: window.workspace.probes()} | {
        run: probes | (window.workspace.probes() if run == active else frozenset())
        for run, probes in window.workspace.probes_of_runs().items()
    }
    runs = tuple(
        replace(run, readings={probe: answer(name, probe) for probe in asked.get(run.run, ())})
        for run in one.runs
    )
    turned = replace(one, runs=runs).turned_to(active)
    assert turned is not None
    return turned


def show(window: MainWindow, *args: object, **changes: object) -> None:
    """Twice: what is newly asked comes with the second. All panes get their turn."""
    for _ in range(2):
        window._show_snapshot(answered(window, *args, **changes))  # type: ignore[arg-type]
        window.workspace.show_all()  # also views that rest between two snapshots
    QApplication.processEvents()


def split(window: MainWindow, name: str) -> SplitView:
    dock = window.workspace.docks[name]
    assert dock.by_run is not None
    dock.by_run.setChecked(True)
    assert isinstance(dock.view, SplitView)
    return dock.view


def test_what_can_be_split_are_views_of_the_house() -> None:
    named = {view.name: view for view in VIEWS}
    assert set(BY_RUN) <= set(named)
    assert all(issubclass(named[name], FramedView) for name in BY_RUN)


def test_splitting_is_offered_only_where_there_are_several_runs(window: MainWindow) -> None:
    by_run = window.workspace.docks["confusion"].by_run
    assert by_run is not None
    show(window, count=1)
    assert by_run.isHidden()
    show(window)
    assert not by_run.isHidden()
    assert window.workspace.docks["curves"].by_run is None


def test_each_pane_is_asked_and_shown_its_own_run(window: MainWindow, trainer: FakeTrainer) -> None:
    show(window, count=3)
    view = split(window, "confusion")
    show(window, count=3)
    assert list(view.panes) == [1, 2, 3]
    of_runs = window.workspace.probes_of_runs()
    assert of_runs == {run: {OutputsProbe("validation")} for run in (1, 2, 3)}
    for pane in view.panes.values():
        assert isinstance(pane.view, ConfusionView)
        assert pane.view.matrix.counts.sum() > 0
    assert [pane.name.text() for pane in view.panes.values()] == ["A", "B", "C"]
    assert [pane.name.isChecked() for pane in view.panes.values()] == [True, False, False]
    assert view.panes[2].words.text() == "learning rate 0.01 → 0.05"


def test_the_trainer_is_told(
    window: MainWindow, trainer: FakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    monkeypatch.setattr(trainer, "watch", lambda probes, of_runs=None: told.append((probes, of_runs)))
    show(window)
    split(window, "filters")
    show(window)
    assert told[-1][1] == {run: {FiltersProbe("conv1")} for run in (1, 2)}
    window.workspace.docks["filters"].by_run.setChecked(False)  # type: ignore[union-attr]
    assert told[-1][1] is None
    assert FiltersProbe("conv1") in told[-1][0]


def test_panes_follow_the_controls_of_the_view(window: MainWindow) -> None:
    show(window)
    view = split(window, "filters")
    show(window)
    boxes = list(view.whole.controls.findChildren(QComboBox))
    layer = next(box for box in boxes if box.findData("conv2") >= 0)
    assert layer.isVisible()
    layer.setCurrentIndex(layer.findData("conv2"))
    for pane in view.panes.values():
        inner = pane.view.controls.findChildren(QComboBox)[boxes.index(layer)]
        assert inner.currentData() == "conv2"
        assert not inner.isVisible()


def test_a_setting_that_asks_otherwise_is_asked_of_every_run(window: MainWindow) -> None:
    show(window)
    view = split(window, "confusion")
    show(window)
    box = view.whole.controls.findChildren(QComboBox)[0]
    box.setCurrentIndex(box.findData("training"))
    assert window.workspace.probes_of_runs() == {run: {OutputsProbe("training")} for run in (1, 2)}


def test_panes_share_the_selection(window: MainWindow) -> None:
    show(window)
    view = split(window, "maps")
    show(window)
    window.document.select(Selection(part="training", example=7))
    asked = window.workspace.probes_of_runs()
    assert asked == {run: {ActivationsProbe("training", 7)} for run in (1, 2)}
    view.panes[2].view.picked.emit(Selection(layer="conv1", unit=3))
    assert window.document.selection == Selection(layer="conv1", unit=3)


def test_what_is_selected_may_not_be_in_every_network() -> None:
    small = msgspec.structs.replace(
        LENET, network=chain(("flat", LENET.network.nodes[4].layer), ("conv1", Dense(4)))
    )
    chosen = Selection(layer="conv1", unit=3, row=20, column=1, part="test", example=2)
    assert real_in(chosen, LENET) == chosen
    assert real_in(chosen, small) == Selection(layer="conv1", part="test", example=2)
    gone = replace(chosen, layer="conv2", unit=1, row=1)
    assert real_in(gone, small) == Selection(part="test", example=2)


def test_runs_of_different_networks_side_by_side(window: MainWindow) -> None:
    """A pane whose run has another network is not asked for what is not there."""
    window.document.select(Selection(layer="conv2", unit=3))
    other = EXPERIMENTS["rings"]
    show(window, B={"experiment": other, "readings": {}})
    for name in ("maps", "filters", "confusion"):
        window.workspace.docks[name].show()
        split(window, name)
    window._show_snapshot(race(B={"experiment": other}))
    QApplication.processEvents()
    window.grab()


def test_a_click_on_a_panes_name_activates_the_run(window: MainWindow, qtbot: QtBot) -> None:
    show(window)
    view = split(window, "confusion")
    show(window)
    with qtbot.waitSignal(window.workspace.run_picked) as picked:
        qtbot.mouseClick(view.panes[2].name, Qt.MouseButton.LeftButton)
    assert picked.args == [2]
    assert not view.panes[2].name.isChecked()


def test_runs_come_and_go_and_the_last_one_ends_the_split(window: MainWindow) -> None:
    whole = window.workspace.docks["confusion"].view
    show(window)
    view = split(window, "confusion")
    show(window, count=8)
    assert len(view.panes) == 8
    kept = view.panes[1]
    show(window, count=2)
    assert list(view.panes) == [1, 2]
    assert view.panes[1] is kept
    show(window, count=1)
    dock = window.workspace.docks["confusion"]
    assert dock.view is whole
    assert dock.widget() is whole
    assert isinstance(whole, ConfusionView)
    assert whole.controls.parentWidget() is whole
    assert whole.matrix.counts.sum() > 0
    assert not whole.total.isHidden()


def test_columns_by_the_room_there_is(qtbot: QtBot) -> None:
    whole = ConfusionView()
    view = split_of(whole)
    qtbot.addWidget(view)
    assert (view.name, view.title) == ("confusion", "Confusion matrix")
    view.resize(1000, 600)
    view.show()
    places = {}
    for count in (2, 3, 4):
        view.show_snapshot(race(count=count))
        places[count] = {view._grid.getItemPosition(k)[:2] for k in range(view._grid.count())}
    assert places[3] == {(0, 0), (0, 1), (0, 2)}
    assert places[4] == {(0, 0), (0, 1), (1, 0), (1, 1)}
    QApplication.processEvents()
    widths = [pane.width() for pane in view.panes.values()]
    assert max(widths) - min(widths) <= 1, "alike wide, whatever is written in them"
    view.resize(300, 600)
    QApplication.processEvents()
    assert {view._grid.getItemPosition(k)[1] for k in range(view._grid.count())} == {0}


def test_its_table_has_all_runs_and_its_theme_goes_to_all(window: MainWindow) -> None:
    show(window)
    view = split(window, "confusion")
    show(window)
    columns = view.table().columns
    assert columns["run"].tolist() == ["A"] * 10 + ["B"] * 10
    np.testing.assert_array_equal(
        columns["predicted 3"][:10], view.panes[1].view.table().columns["predicted 3"]
    )
    window.workspace.show_theme(DARK)
    assert all(pane.view.theme is DARK for pane in view.panes.values())
    assert view.whole.theme is DARK


@pytest.mark.parametrize("name", sorted(BY_RUN))
def test_every_view_that_can_be_split_has_the_same_controls_each_time(qtbot: QtBot, name: str) -> None:
    cls = next(view for view in VIEWS if view.name == name)
    one, other = cls(), cls()
    for view in (one, other):
        qtbot.addWidget(view)
    assert isinstance(one, FramedView)
    assert isinstance(other, FramedView)
    one.show_snapshot(snapshot("lenet"))
    copy_settings(one, other)
