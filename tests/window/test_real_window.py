"""The main job with the real engine in a real window: keys and clicks in, numbers out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from lab.app import create_window
from lab.experiment.presets import preset
from lab.gui.main_window import MainWindow
from lab.training.probes import Weights, WeightsProbe

pytestmark = pytest.mark.window

LONG = 120_000
"""Milliseconds: the engine may have to be compiled first."""


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    window = create_window(preset("lenet"), settings)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    window.document.start()
    qtbot.waitUntil(
        lambda: window.document.snapshot is not None and window.document.playback.ready, timeout=LONG
    )
    yield window
    window.keeping.discard()
    window.close()
    window.deleteLater()


@pytest.fixture
def until(qtbot: QtBot) -> Callable[[Callable[[], bool]], None]:
    return lambda condition: qtbot.waitUntil(condition, timeout=30_000)


def step(window: MainWindow) -> int:
    assert window.document.snapshot is not None
    return window.document.snapshot.step


def test_it_is_a_real_window(window: MainWindow) -> None:
    assert QApplication.platformName() in ("xcb", "wayland")
    window.resize(1280, 800)
    assert (window.width(), window.height()) == (1280, 800)


def test_play_pause_step_and_back(qtbot: QtBot, window: MainWindow, until) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Space)
    until(lambda: step(window) > 20)
    assert window.document.playback.playing
    qtbot.keyClick(window, Qt.Key.Key_Space)
    until(lambda: not window.document.playback.playing)
    qtbot.wait(100)
    here = step(window)
    qtbot.keyClick(window, ".")
    until(lambda: step(window) == here + 1)
    qtbot.keyClick(window, ",")
    until(lambda: step(window) == here)
    qtbot.keyClick(window, Qt.Key.Key_Home)
    until(lambda: step(window) == 0)


def test_the_same_start_gives_the_same_numbers(qtbot: QtBot, window: MainWindow, until) -> None:
    def loss_after_one_epoch() -> float:
        qtbot.keyClick(window, Qt.Key.Key_Home)
        until(lambda: step(window) == 0)
        window.transport.epoch_action.trigger()
        until(lambda: step(window) == 20 and not window.document.playback.playing)
        assert window.document.snapshot is not None
        return float(window.document.snapshot.curves.loss[-1])

    assert loss_after_one_epoch() == loss_after_one_epoch()


def test_time_is_dragged_back_and_forth_and_a_change_there_makes_a_run(
    qtbot: QtBot, window: MainWindow, until
) -> None:
    def said() -> tuple[str, str]:
        readings = window.transport.readings
        return readings.loss.value.text(), readings.validation.value.text()

    seen = {}
    for at in (20, 40, 60):
        window.transport.epoch_action.trigger()
        until(lambda at=at: step(window) == at and not window.document.playback.playing)
        seen[at] = said()
    track, left = window.timeline.track, Qt.MouseButton.LeftButton
    x = {at: QPoint(round(track.axis.x(float(at))), 18) for at in seen}
    qtbot.mousePress(track, left, pos=x[60])
    for at in (40, 20, 40):
        qtbot.mouseMove(track, x[at])
        until(lambda at=at: step(window) == at)
        assert said() == seen[at]  # the numbers of then, while it is being dragged
    qtbot.mouseRelease(track, left, pos=x[20])
    until(lambda: step(window) == 20)
    assert said() == seen[20]
    assert "past: step 20 of 60" in window.transport.whereabouts.text
    qtbot.keyClick(track, Qt.Key.Key_End)
    until(lambda: step(window) == 60)
    assert window.transport.whereabouts.text == ""
    qtbot.keyClick(track, Qt.Key.Key_PageDown)
    until(lambda: step(window) == 40)
    draft = window.document.draft
    optimizer = msgspec.structs.replace(draft.optimizer, rate=0.002)
    window.document.edit(msgspec.structs.replace(draft, optimizer=optimizer), "Slower")
    until(lambda: len(window.document.runs.seen) == 2)
    until(lambda: window.transport.readings.tag.name == "B")
    assert window.document.snapshot.origin == (1, 40)  # type: ignore[union-attr]
    lane = QPoint(round(track.axis.right) - 1, 27)
    qtbot.mouseClick(track, left, pos=lane)
    until(lambda: window.transport.readings.tag.name == "A")


def test_the_network_is_broken_and_mended_while_it_trains(qtbot: QtBot, window: MainWindow, until) -> None:
    window.document.playback.play()
    block = window.network_panel.layers.blocks[2]
    qtbot.mouseClick(block.head, Qt.MouseButton.LeftButton, pos=QPoint(30, 10))
    assert block.form is not None
    kernel = block.form.editor("kernel").height_box  # type: ignore[union-attr]
    kernel.setFocus()
    kernel.selectAll()
    qtbot.keyClicks(kernel, "40")
    qtbot.keyClick(kernel, Qt.Key.Key_Return)
    assert window.document.problems
    here = step(window)
    until(lambda: step(window) > here + 5)  # the last good network goes on
    qtbot.keyClick(window, "z", Qt.KeyboardModifier.ControlModifier)
    assert not window.document.problems
    assert window.document.draft == preset("lenet")


def test_rate_batch_and_layers_change_while_it_trains(qtbot: QtBot, window: MainWindow, until) -> None:
    window.document.playback.play()
    until(lambda: step(window) > 5)
    draft = window.document.draft
    optimizer = msgspec.structs.replace(draft.optimizer, rate=0.002)
    window.document.edit(msgspec.structs.replace(draft, optimizer=optimizer, batch_size=16), "Change")
    until(lambda: window.document.snapshot.rate == 0.002)  # type: ignore[union-attr]
    assert step(window) > 5  # nothing was reset
    window.document.select_layer("dense1")
    window.network_panel.duplicate_action.trigger()
    window.network_panel.layers.blocks[6].form.editor("units").setValue(50)  # type: ignore[union-attr]
    until(lambda: len(window.document.snapshot.experiment.network.nodes) == 9)  # type: ignore[union-attr]
    here = step(window)
    until(lambda: step(window) > here + 5)


def test_a_rate_that_diverges_pauses_names_the_layer_and_can_be_gone_back_from(
    qtbot: QtBot, window: MainWindow, until
) -> None:
    draft = window.document.draft
    optimizer = msgspec.structs.replace(draft.optimizer, rate=500.0)
    window.document.edit(msgspec.structs.replace(draft, optimizer=optimizer), "Too fast")
    window.document.playback.play()
    until(lambda: window.banner.isVisible())
    assert not window.document.playback.playing
    assert any(node.name in window.banner.sentence.text() for node in draft.network.nodes)
    qtbot.mouseClick(window.banner.offer, Qt.MouseButton.LeftButton)
    assert window.document.draft.optimizer.rate == 50.0  # at once: far too high, so a tenth
    until(lambda: not window.banner.isVisible() and window.document.snapshot.rate != 500.0)  # type: ignore[union-attr]


def test_presets_follow_one_another_while_it_trains(qtbot: QtBot, window: MainWindow, until) -> None:
    window.document.playback.play()
    for name in ("xor", "linear-neuron", "waves", "iris", "lenet-28"):
        window.open_experiment(preset(name))
        until(lambda name=name: window.document.snapshot.experiment == preset(name))  # type: ignore[union-attr]
        qtbot.keyClick(window, Qt.Key.Key_Space)
        until(lambda: step(window) > 0)


def test_weights_go_out_and_come_back_the_same(
    qtbot: QtBot, window: MainWindow, until, tmp_path: Path
) -> None:
    def weights() -> Weights | None:
        return window.document.snapshot.reading(WeightsProbe())  # type: ignore[union-attr]

    window.transport.epoch_action.trigger()
    until(lambda: step(window) == 20 and not window.document.playback.playing)
    with qtbot.waitSignal(window.exports.done):
        window.exports.weights_to(tmp_path / "w.safetensors")
    trained = {}
    window.document.trainer.save_weights(trained.update)
    until(lambda: bool(trained))
    trained = {name: values.copy() for name, values in trained.items()}
    qtbot.keyClick(window, Qt.Key.Key_Home)
    until(lambda: step(window) == 0)
    window.exports.weights_from(tmp_path / "w.safetensors")
    again: dict[str, np.ndarray] = {}
    window.document.trainer.save_weights(again.update)
    until(lambda: bool(again))
    assert all(np.array_equal(trained[name], again[name]) for name in trained)


def test_closing_asks_and_stops_the_trainer(qtbot: QtBot, window: MainWindow, monkeypatch) -> None:
    draft = window.document.draft
    window.document.edit(msgspec.structs.replace(draft, batch_size=10), "Change")
    monkeypatch.setattr("lab.gui.filing.ask_to_save", lambda *_: QMessageBox.StandardButton.Cancel)
    assert not window.close()
    monkeypatch.setattr("lab.gui.filing.ask_to_save", lambda *_: QMessageBox.StandardButton.Discard)
    assert window.close()
    assert not window.document.trainer._thread.is_alive()
