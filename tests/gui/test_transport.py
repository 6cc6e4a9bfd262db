"""The transport bar: orders by button and key, words for where the run stands, numbers of that moment."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from lab.gui.main_window import MainWindow
from lab.gui.playback import Stride
from lab.gui.widgets.time.transport import SPEEDS, STRIDES
from lab.training.listing import listing
from lab.training.snapshot import Snapshot
from tests.gui.fake_snapshots import snapshot


def show(window: MainWindow, step: int, furthest: int, **more: object) -> Snapshot:
    """Put a run that went to `furthest` and stands at `step` before the window."""
    run = replace(
        snapshot("lenet", furthest),
        step=step,
        furthest=furthest,
        experiment=window.document.running,
        heard=window.document.trainer.sent,
        **more,
    )  # type: ignore[arg-type]
    window.document.trainer.snapshots.put(run)
    window.document.pull()
    return run


def test_keys_choose_how_far_a_step_goes(qtbot: QtBot, window: MainWindow, trainer) -> None:
    orders = {
        "operation": ("advance_operations", 1),
        "update": ("advance", 1),
        "epoch": ("advance_epochs", 1),
        "updates": ("advance", 100),
        "until": ("play", 100),
    }
    for number, (unit, title, _) in enumerate(STRIDES, 1):
        qtbot.keyClick(window, str(number), Qt.KeyboardModifier.AltModifier)
        assert window.document.playback.stride == Stride(unit, 100)
        assert window.transport.stride.currentText() == title
        assert [action.isChecked() for action in window.transport.stride_actions].index(True) == number - 1
        trainer.step = 0
        trainer._publish()
        window.document.pull()
        qtbot.keyClick(window, ".")
        assert trainer.orders[-1] == orders[unit]
        window.document.playback.pause()
        window.document.pull()


def test_operations_are_played_and_stepped_back(qtbot: QtBot, window: MainWindow, trainer) -> None:
    window.document.playback.set_stride(Stride("operation"))
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert trainer.orders[-1] == ("play_operations",)
    qtbot.keyClick(window, ",")
    assert trainer.orders[-1] == ("advance_operations", -1)
    assert "one operation" in window.transport.back_action.toolTip()


def test_speed_is_said_in_the_unit_of_the_stride(window: MainWindow, trainer) -> None:
    transport = window.transport
    assert transport.speed_text.text() == "full"
    transport.speed.setValue(SPEEDS.index(20))
    assert transport.speed_text.text() == "20/s"
    assert trainer.orders[-1] == ("pace", 20.0)
    window.document.playback.set_stride(Stride("operation"))
    assert transport.speed_text.text() == "20 op/s"
    transport.speed.setValue(0)
    assert transport.speed_text.text() == "1 op/s"


def test_the_past_is_said_and_left_by_a_button_or_a_key(qtbot: QtBot, window: MainWindow, trainer) -> None:
    transport = window.transport
    show(window, 500, 500)
    assert transport.whereabouts.text == ""
    assert not transport.end_action.isEnabled()
    show(window, 120, 500)
    assert transport.whereabouts.text == (
        "past: step 120 of 500\nplaying goes on as it was; a change makes a new run"
    )
    transport.end_action.trigger()
    assert trainer.orders[-1] == ("go_to", 500)
    show(window, 120, 500)
    qtbot.keyClick(window, Qt.Key.Key_End)
    assert trainer.named("go_to") == [("go_to", 500), ("go_to", 500)]


def test_the_operation_is_said(window: MainWindow) -> None:
    lines = listing(window.document.running)
    show(window, 500, 500, operation=7)
    named = f"operation 7 of {len(lines)}: {lines[6].layer} {lines[6].direction}"
    assert window.transport.whereabouts.text == f"{named}\nwithin update 501"
    show(window, 120, 500, operation=7)
    assert window.transport.whereabouts.text == f"{named}\npast: step 120 of 500"


def test_numbers_are_those_of_the_step_and_not_of_the_end(window: MainWindow) -> None:
    run = show(window, 120, 500, rate=0.25)
    readings = window.transport.readings
    assert readings.step.value.text() == "120"
    assert readings.loss.value.text() == f"{run.curves.loss[119]:.4f}"
    judged = int((run.curves.validation_step <= 120).sum()) - 1
    assert readings.validation.value.text() == f"{100 * run.curves.validation_accuracy[judged]:.1f} %"
    assert readings.rate.value.text() == "0.25"
    show(window, 0, 500)
    assert readings.loss.value.text() == "–"
    assert readings.validation.value.text() != "–"  # of the weights that it begins with


def test_of_several_runs_it_says_whose_numbers_these_are(window: MainWindow) -> None:
    run = show(window, 500, 500)
    assert window.transport.readings.tag.isHidden()
    other = replace(run, run=2, name="B", colour=1)
    show(window, 500, 500, run=2, name="B", colour=1, runs=(run, other))
    assert not window.transport.readings.tag.isHidden()
    assert window.transport.readings.tag.name == "B"


def test_the_timeline_gives_orders(qtbot: QtBot, window: MainWindow, trainer) -> None:
    other = replace(snapshot("lenet", 500), run=2, name="B", colour=1, origin=(1, 200))
    run = show(window, 300, 500)
    show(window, 300, 500, runs=(run, other))
    track = window.timeline.track
    qtbot.mouseClick(track, Qt.MouseButton.LeftButton, pos=QPoint(round(track.axis.x(400.0)), 18))
    assert trainer.orders[-1][0] == "go_to"  # ahead, but recorded: nothing is trained
    assert abs(trainer.orders[-1][1] - 400) <= 1
    show(window, 300, 500, runs=(run, other))
    track.setFocus()
    before = len(trainer.named("reset"))
    qtbot.keyClick(track, Qt.Key.Key_Home)
    assert trainer.orders[-1] == ("go_to", 0)
    assert len(trainer.named("reset")) == before
    show(window, 300, 500, runs=(run, other))
    qtbot.keyClick(track, Qt.Key.Key_Right)
    assert trainer.orders[-1] == ("advance", 1)
    qtbot.mouseClick(track, Qt.MouseButton.LeftButton, pos=QPoint(round(track.axis.x(450.0)), 27))
    assert trainer.orders[-1] == ("activate", 2)


def test_space_plays_while_the_timeline_has_the_focus(qtbot: QtBot, window: MainWindow, trainer) -> None:
    show(window, 300, 300)
    window.timeline.track.setFocus()
    qtbot.keyClick(window.timeline.track, Qt.Key.Key_Space)
    assert trainer.orders[-1] == ("play", None)


@pytest.mark.parametrize("unit", ["update", "until"])
def test_nothing_is_cut_or_overlaps_in_a_small_window(qtbot: QtBot, window: MainWindow, unit) -> None:
    window.resize(1280, 800)
    window.document.playback.set_stride(Stride(unit, 1_234_567))
    run = show(window, 998_877, 1_000_000, epoch=1234.56, rate=0.00001)
    show(window, 998_877, 1_000_000, epoch=1234.56, rate=0.00001, runs=(run, replace(run, run=2, name="B")))
    track = window.timeline.track
    qtbot.waitUntil(lambda: window.timeline.rect().contains(track.geometry()))  # a line more has found room
    assert window.width() == 1280
    for bar in (window.transport, window.timeline):
        parts = [part for part in bar.findChildren(QWidget) if part.isVisible()]
        for part in parts:
            assert bar.rect().contains(part.rect().translated(part.mapTo(bar, QPoint()))), part
        for label in bar.findChildren(QLabel):
            if label.isVisible() and label.text():
                assert label.sizeHint().width() <= label.width(), label.text()
    bar = window.transport
    inside = [p for p in bar.children() if isinstance(p, QWidget) and p.isVisible()]
    for k, one in enumerate(inside):
        for other in inside[k + 1 :]:
            assert not one.geometry().intersects(other.geometry()), (one, other)
    badge = bar.whereabouts
    metrics = badge.fontMetrics()
    assert badge.width() >= metrics.horizontalAdvance("a change: a new run") + 20
