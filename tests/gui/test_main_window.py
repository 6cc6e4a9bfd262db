from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QAction, QDropEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QMessageBox, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from lab.app import create_window
from lab.experiment.files import load_experiment
from lab.experiment.presets import preset, presets
from lab.export.weights import load_weights
from lab.gui.arrangement import ARRANGEMENTS, kind_of
from lab.gui.crash import CrashDialog, CrashReporter
from lab.gui.main_window import MainWindow
from lab.gui.selection import Selection
from lab.gui.widgets.graph.canvas import GraphCanvas
from lab.gui.widgets.matrix import Matrix
from lab.gui.widgets.mosaic import Mosaic
from lab.gui.widgets.plot import Plot
from lab.gui.widgets.surface.surface3d import Surface3D
from lab.network.network import Network
from lab.problem import Problem
from lab.training.mailbox import Compiling, Diverged, Failed, Refused


def change_something(window: MainWindow) -> None:
    draft = window.document.draft
    window.document.edit(msgspec.structs.replace(draft, batch_size=draft.batch_size + 1), "Change")


def answer(monkeypatch: pytest.MonkeyPatch, button: QMessageBox.StandardButton) -> None:
    monkeypatch.setattr("lab.gui.filing.ask_to_save", lambda *_: button)


def test_no_key_has_two_actions(window: MainWindow) -> None:
    keys = [
        key.toString()
        for action in window.findChildren(QAction)
        for key in action.shortcuts()
        if action.shortcutContext() != Qt.ShortcutContext.WidgetWithChildrenShortcut
    ]
    assert [key for key, times in Counter(keys).items() if times > 1] == []


def test_every_dock_has_a_name_that_its_place_can_be_remembered_by(window: MainWindow) -> None:
    names = [dock.objectName() for dock in window.findChildren(QDockWidget)]
    assert all(names)
    assert len(set(names)) == len(names)


def test_it_fits_a_small_screen(window: MainWindow) -> None:
    assert window.minimumSizeHint().width() <= 1280
    assert window.minimumSizeHint().height() <= 760


@pytest.mark.parametrize("name", [known.name for known in presets()])
def test_every_preset_opens(window: MainWindow, name: str) -> None:
    window.open_experiment(preset(name))
    window.document.pull()
    assert window.document.problems == ()
    assert window.workspace.kind == kind_of(preset(name))
    assert window.workspace.open_views


def test_turning_from_one_kind_of_problem_to_another_does_not_resize_the_window(window: MainWindow) -> None:
    window.resize(1280, 800)
    for name in ("small-u-net", "spiral", "lenet", "small-u-net", "linear-neuron", "lenet"):
        window.open_experiment(preset(name))
        window.document.pull()
        QApplication.processEvents()
        assert (window.width(), window.height()) == (1280, 800), name
        shown = {dock.objectName() for dock in window.workspace.docks.values() if not dock.isHidden()}
        assert shown == {f"view.{n}" for cell in ARRANGEMENTS[window.workspace.kind].cells for n in cell}


def test_keys_play_and_step(qtbot: QtBot, window: MainWindow, trainer) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert trainer.orders[-1] == ("play", None)
    window.document.pull()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert trainer.orders[-1] == ("pause",)
    window.document.pull()
    qtbot.keyClick(window, ".")
    assert trainer.orders[-1] == ("advance", 1)
    window.document.pull()
    qtbot.keyClick(window, Qt.Key.Key_Right)
    assert trainer.orders[-1] == ("advance", 1)
    window.document.pull()
    qtbot.keyClick(window, ",")
    assert trainer.orders[-1][0] == "go_to"
    window.document.pull()
    qtbot.keyClick(window, Qt.Key.Key_Home)
    assert trainer.orders[-1] == ("go_to", 0)
    window.document.pull()
    qtbot.keyClick(window, Qt.Key.Key_End)
    assert trainer.orders[-1][0] == "go_to"
    assert trainer.orders[-1][1] > 0, "what was trained has stayed"
    qtbot.keyClick(window, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    assert trainer.named("reset")


@pytest.mark.parametrize("kind", [Plot, Surface3D, Mosaic, Matrix, GraphCanvas])
def test_a_focused_picture_keeps_the_keys_that_it_reads(
    qtbot: QtBot, window: MainWindow, trainer, kind: type[QWidget]
) -> None:
    trainer.advance(3)
    window.document.pull()
    picture = kind()
    window.workspace.docks["curves"].setWidget(picture)
    picture.show()
    picture.setFocus()
    assert QApplication.focusWidget() is picture
    orders = list(trainer.orders)
    for key in picture.own_keys:
        qtbot.keyClick(picture, key)
    assert trainer.orders == orders
    qtbot.keyClick(picture, ".")
    assert trainer.orders[-1] == ("advance", 1), "the other keys are the window's"


def test_a_focused_slider_keeps_its_arrows(qtbot: QtBot, window: MainWindow, trainer) -> None:
    speed = window.transport.speed
    speed.setFocus()
    orders = len(trainer.named("go_to"))
    qtbot.keyClick(speed, Qt.Key.Key_Left)
    assert speed.value() == speed.maximum() - 1
    assert len(trainer.named("go_to")) == orders


def test_a_focused_field_keeps_its_letters(qtbot: QtBot, window: MainWindow, trainer) -> None:
    window.document.select_layer("conv1")
    line = window.network_panel.layers.blocks[0].name_line
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, "my conv.1")
    assert line.text() == "my conv.1"
    assert not trainer.named("play")
    assert not trainer.named("advance")


def test_the_engine_being_made_shows_progress_and_bars_the_transport(
    qtbot: QtBot, window: MainWindow, trainer
) -> None:
    trainer.say(Compiling(3, 12))
    window.document.pull()
    assert not window.transport.play_action.isEnabled()
    qtbot.waitUntil(lambda: window.compile_bar.isVisible(), timeout=3000)
    assert "3/12" in window.compile_bar.sentence.text()
    trainer.say(Compiling(12, 12))
    window.document.pull()
    assert not window.compile_bar.isVisible()
    assert window.transport.play_action.isEnabled()


def test_a_diverged_run_offers_to_go_back_with_a_lower_rate(window: MainWindow, trainer) -> None:
    trainer.say(Diverged(220, "conv2", "convolution", 100))
    window.document.pull()
    assert window.banner.isVisible()
    assert "conv2 (convolution)" in window.banner.sentence.text()
    rate = window.document.draft.optimizer.rate
    window.banner.offer.click()
    assert ("go_to", 100) in trainer.orders
    assert window.document.draft.optimizer.rate == rate / 2
    assert not window.banner.isVisible()


def test_a_problem_is_said_at_the_top_and_a_click_turns_to_its_layer(window: MainWindow) -> None:
    draft = window.document.draft
    assert not window.header.problems.isVisible()
    nodes = [
        msgspec.structs.replace(node, layer=msgspec.structs.replace(node.layer, kernel=40))
        if node.name == "conv2"
        else node
        for node in draft.network.nodes
    ]
    window.document.edit(msgspec.structs.replace(draft, network=Network(tuple(nodes))), "Kernel")
    assert window.header.problems.isVisible()
    assert "conv2" in window.header.problems.toolTip()
    window.header.problems.click()
    assert window.document.selection.layer == "conv2"
    window.document.undo_stack.undo()
    assert not window.header.problems.isVisible()


def test_a_refusal_is_a_sentence(window: MainWindow, trainer) -> None:
    trainer.say(Refused((Problem("memory", "there is not enough of it", "Make the batch smaller"),)))
    window.document.pull()
    assert window.banner.sentence.text() == "memory: there is not enough of it. Make the batch smaller."


def test_a_bug_shows_its_traceback(qtbot: QtBot, window: MainWindow, trainer) -> None:
    trainer.say(Failed("Traceback: something"))
    window.document.pull()
    dialog = window.findChild(CrashDialog)
    assert dialog is not None
    assert "Traceback: something" in dialog.text.toPlainText()
    dialog.close()


def test_the_hooks_only_queue(qtbot: QtBot, window: MainWindow, capsys: pytest.CaptureFixture[str]) -> None:
    reporter = CrashReporter(window)
    try:
        raise ValueError("a bug")
    except ValueError as error:
        reporter._hook(type(error), error, error.__traceback__)
    assert window.findChild(CrashDialog) is None
    qtbot.waitUntil(lambda: window.findChild(CrashDialog) is not None)
    window.findChild(CrashDialog).close()


def test_closing_with_unsaved_changes_asks(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    change_something(window)
    answer(monkeypatch, QMessageBox.StandardButton.Cancel)
    assert not window.close()
    answer(monkeypatch, QMessageBox.StandardButton.Discard)
    assert window.close()


def test_save_and_open_again(window: MainWindow, trainer, tmp_path: Path) -> None:
    change_something(window)
    assert window.isWindowModified()
    window.document.path = tmp_path / "mine.json"
    assert window.filing.save()
    assert not window.isWindowModified()
    saved = window.document.draft
    assert load_experiment(tmp_path / "mine.json") == saved
    window.open_experiment(preset("xor"))
    window.open_file(tmp_path / "mine.json")
    assert trainer.experiment == saved


def test_a_bad_file_is_a_sentence_and_the_window_stays_as_it_was(window: MainWindow, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{", encoding="utf-8")
    window.open_file(bad)
    assert "bad.json" in window.banner.sentence.text()
    assert window.document.draft == preset("lenet")


def test_a_file_dropped_on_the_window_is_opened(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    from lab.experiment.files import save_experiment

    path = tmp_path / "dropped.json"
    save_experiment(preset("spiral"), path)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    none = Qt.KeyboardModifier.NoModifier
    window.dropEvent(
        QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, none)
    )
    qtbot.waitUntil(lambda: window.document.draft == preset("spiral"))


@pytest.mark.parametrize("name", ["w.npz", "w.safetensors"])
def test_weights_go_out_and_come_back(
    qtbot: QtBot, window: MainWindow, trainer, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    with qtbot.waitSignal(window.exports.done):
        window.exports.weights_to(path)
    assert load_weights(path, {"conv1.weight": (2, 3)})["conv1.weight"].sum() == 6
    trainer.weights = {"conv1.weight": np.zeros((2, 3), np.float32)}
    window.exports.weights_from(path)
    assert trainer.weights["conv1.weight"].sum() == 6


def test_weights_that_do_not_fit_are_refused_in_words(window: MainWindow, trainer, tmp_path: Path) -> None:
    window.exports.weights_to(tmp_path / "w.npz")
    trainer.weights = {"conv1.weight": np.zeros((4, 3), np.float32)}
    window.exports.weights_from(tmp_path / "w.npz")
    window.document.pull()
    assert "conv1.weight" in window.banner.sentence.text()


def test_views_in_sight_are_watched_and_hidden_ones_are_not(window: MainWindow, trainer) -> None:
    window.document.pull()
    seen = window.workspace.probes()
    assert trainer.watched == seen
    for dock in window.workspace.docks.values():
        dock.hide()
    assert trainer.watched == frozenset()
    window.document.select(Selection(layer="conv1", unit=0))
    assert trainer.watched == window.inspector.probes(window.document.snapshot, window.document.selection)  # type: ignore[arg-type]


def test_the_theme_is_remembered(qtbot: QtBot, window: MainWindow, trainer, tmp_path: Path) -> None:
    window.appearance.choose("dark")
    assert window.appearance.theme.name == "dark"
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    again = create_window(preset("xor"), settings, trainer=trainer)
    qtbot.addWidget(again)
    assert again.appearance.theme.name == "dark"
    again.appearance.choose("light")


def test_the_layout_is_remembered_and_can_be_reset(window: MainWindow) -> None:
    dock = next(iter(window.workspace.docks.values()))
    dock.hide()
    window.workspace.save_to(window._settings)
    window.workspace.arrange(window.workspace.kind)
    assert window.workspace.restore_from(window._settings)
    assert dock.isHidden()
    window.reset_layout()
    assert not window.workspace.docks["maps"].isHidden()
    assert not window.inspector_dock.isHidden()


def test_the_menus_fill(window: MainWindow) -> None:
    window.menus.fill_exports()
    window.menus.fill_presets(window.menus.presets)
    titles = [action.text().strip() for action in window.menus.presets.actions()]
    assert "LeNet on handwritten digits" in titles
    assert "Picture of the window…" in [action.text() for action in window.menus.exports.actions()]


def test_the_linear_neuron_begins_at_a_speed_that_can_be_watched(window: MainWindow, trainer) -> None:
    window.open_experiment(preset("linear-neuron"))
    window.document.pull()
    assert window.document.playback.speed == 20
    window.open_experiment(preset("lenet"))
    window.document.pull()
    assert window.document.playback.speed == float("inf")


def test_a_view_with_nothing_to_show_cannot_be_turned_to(window: MainWindow, trainer) -> None:
    window.open_experiment(preset("rings"))
    window.document.pull()
    snapshot = window.document.snapshot
    assert snapshot is not None
    for dock in window.workspace.docks.values():
        assert dock.toggleViewAction().isEnabled() == dock.view.suits(snapshot)
    assert not window.workspace.docks["predictions"].toggleViewAction().isEnabled()


def test_every_view_in_sight_gets_the_last_snapshot_however_slow_they_are(
    qtbot: QtBot, window: MainWindow, trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.gui.showing.SHOW_BUDGET", 1e-9)
    shown: dict[str, int] = {}
    for view in window.workspace.open_views:
        monkeypatch.setattr(
            view, "show_snapshot", lambda snapshot, view=view: shown.update({view.name: snapshot.step})
        )
    for _ in range(3):
        trainer.advance(1)
        window.document.pull()
    names = {view.name for view in window.workspace.open_views}
    qtbot.waitUntil(lambda: shown == dict.fromkeys(names, 3))


def test_tab_passes_over_what_lies_behind_another_tab(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    covered = [dock for dock in window.panel_docks if dock.is_covered]
    assert len(covered) == 3
    seen: set[QWidget] = set()
    while (focus := QApplication.focusWidget()) not in seen:
        assert focus is not None
        assert not any(dock.isAncestorOf(focus) for dock in covered)
        named = focus.accessibleName() or getattr(focus, "text", str)() or isinstance(focus, QTabBar)
        assert named, f"{focus} has no name"
        seen.add(focus)
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
    assert len(seen) > 8
