"""The runs in the header: what each chip says, and what a person can ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from pytestqt.qtbot import QtBot

from lab.gui.icons import run_dot
from lab.gui.main_window import MainWindow
from lab.gui.theme import DARK, LIGHT
from lab.gui.widgets.runs.run_chips import RunChips
from lab.training.race import MOST_RUNS
from tests.gui.conftest import FakeTrainer
from tests.gui.fake_snapshots import race


@pytest.fixture
def chips(qtbot: QtBot) -> RunChips:
    chips = RunChips()
    qtbot.addWidget(chips)
    chips.resize(900, 30)
    chips.show()
    return chips


@pytest.fixture
def asked(chips: RunChips) -> list[tuple[Any, ...]]:
    """What the chips asked for, in order."""
    orders: list[tuple[Any, ...]] = []

    def note(what: str) -> Callable[..., None]:
        return lambda *given: orders.append((what, *given))

    for what in ("activated", "duplicated", "renamed", "closed"):
        getattr(chips, what).connect(note(what))
    return orders


def test_each_run_has_its_chip_and_the_active_one_is_raised(chips: RunChips) -> None:
    chips.show_snapshot(race(count=3, active=2))
    assert [chip.text() for chip in chips.chips] == ["A", "B", "C"]
    assert [chip.isChecked() for chip in chips.chips] == [False, True, False]
    assert chips.chips[0].toolTip() == "Run A: the beginning"
    assert chips.chips[1].toolTip() == "Run B: learning rate 0.01 → 0.05"
    assert chips.words.text() == "learning rate 0.01 → 0.05"
    chips.show_snapshot(race(count=2))
    assert [chip.isChecked() for chip in chips.chips] == [True, False]


def test_a_stopped_run_looks_and_reads_otherwise(chips: RunChips) -> None:
    chips.show_snapshot(race())
    before = chips.chips[1].icon().pixmap(20, 20).toImage()
    chips.show_snapshot(race(B={"stopped": "the loss is not finite"}))
    assert chips.chips[1].icon().pixmap(20, 20).toImage() != before
    assert "Stopped: the loss is not finite" in chips.chips[1].toolTip()
    assert chips.chips[1].accessibleName() == "Run B, stopped"


def test_a_click_activates(qtbot: QtBot, chips: RunChips, asked: list[Any]) -> None:
    chips.show_snapshot(race(count=3))
    qtbot.mouseClick(chips.chips[2], Qt.MouseButton.LeftButton)
    assert asked == [("activated", 3)]
    assert not chips.chips[2].isChecked(), "not before the run has been turned to"
    qtbot.mouseClick(chips.chips[0], Qt.MouseButton.LeftButton)
    assert asked == [("activated", 3)], "it is the active one already"
    assert chips.chips[0].isChecked()


def test_the_middle_button_closes_but_not_the_last(qtbot: QtBot, chips: RunChips, asked: list[Any]) -> None:
    chips.show_snapshot(race())
    qtbot.mouseClick(chips.chips[1], Qt.MouseButton.MiddleButton)
    assert asked == [("closed", 2)]
    chips.show_snapshot(race(count=1))
    qtbot.mouseClick(chips.chips[0], Qt.MouseButton.MiddleButton)
    assert asked == [("closed", 2)]
    assert not chips.close_action.isEnabled()


def test_plus_duplicates_until_there_are_eight(qtbot: QtBot, chips: RunChips, asked: list[Any]) -> None:
    chips.show_snapshot(race(count=MOST_RUNS - 1, active=2))
    qtbot.mouseClick(chips.add, Qt.MouseButton.LeftButton)
    assert asked == [("duplicated", 2)]
    assert "Ctrl+Shift+D" in chips.add.toolTip()
    chips.show_snapshot(race(count=MOST_RUNS))
    assert not chips.add.isEnabled()
    assert not chips.duplicate_action.isEnabled()
    assert "close one first" in chips.add.toolTip()
    chips.show_snapshot(race(count=MOST_RUNS - 1))
    assert chips.add.isEnabled()


def test_walking_goes_round(chips: RunChips, asked: list[Any]) -> None:
    chips.show_snapshot(race(count=3, active=3))
    chips.next_action.trigger()
    chips.previous_action.trigger()
    assert asked == [("activated", 1), ("activated", 2)]


def test_the_menu_of_a_chip_is_about_that_run(chips: RunChips, asked: list[Any]) -> None:
    chips.show_snapshot(race(count=3))
    menu = chips.menu_of(2)
    actions = {action.text(): action for action in menu.actions()}
    actions["Duplicate run"].trigger()
    actions["Close run"].trigger()
    menu.deleteLater()
    assert asked == [("duplicated", 3), ("closed", 3)]


def test_a_new_name(qtbot: QtBot, chips: RunChips, asked: list[Any]) -> None:
    chips.show_snapshot(race(active=2))
    chips.rename_action.trigger()
    line = chips._line
    assert line.isVisible()
    assert line.selectedText() == "B"
    qtbot.keyClicks(line, "  low   rate ")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert asked == [("renamed", 2, "low rate")]
    assert not line.isVisible()
    chips.rename_action.trigger()
    qtbot.keyClicks(line, "never")
    qtbot.keyClick(line, Qt.Key.Key_Escape)
    chips.rename_action.trigger()
    qtbot.keyClick(line, Qt.Key.Key_Delete)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert asked == [("renamed", 2, "low rate")], "Escape and nothing leave the name"


def test_long_names_are_shortened_and_whole_in_the_tooltip(chips: RunChips) -> None:
    chips.show_snapshot(race(B={"name": "a very long name indeed"}))
    assert chips.chips[1].text() == "a very lo…"
    assert chips.chips[1].toolTip().startswith("Run a very long name indeed: ")


def test_colours_follow_the_theme(chips: RunChips) -> None:
    chips.show_snapshot(race())
    light = chips.chips[0].icon().pixmap(20, 20).toImage()
    chips.set_theme(DARK)
    assert chips.chips[0].icon().pixmap(20, 20).toImage() != light


def test_a_selected_row_does_not_change_the_colour_of_a_run(qtbot: QtBot) -> None:
    dot = run_dot(LIGHT, 2)
    plain, selected = (
        dot.pixmap(10, 10, mode).toImage() for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected)
    )
    assert plain == selected
    assert plain.pixelColor(plain.width() // 2, plain.height() // 2).name() == LIGHT.runs[2]


def test_in_the_window(window: MainWindow, trainer: FakeTrainer) -> None:
    snapshot = race(count=3)
    window.document.snapshot, window.document.runs._last = snapshot, 3
    window._show_snapshot(snapshot)
    assert [chip.text() for chip in window.chips.chips] == ["A", "B", "C"]
    window.chips.renamed.emit(1, "first")
    window.workspace.run_picked.emit(3)
    window.chips.duplicate_action.trigger()
    window.chips.next_action.trigger()
    window.chips.close_action.trigger()
    assert trainer.named("rename_run") == [("rename_run", 1, "first")]
    assert [run for _, run in trainer.named("activate")] == [3, 2]  # a new run is the active one by itself
    assert [origin for *_, origin in trainer.named("branch")] == [1], "a twin of the active run"
    assert trainer.named("close_run") == [("close_run", 1)]
    assert window.minimumSizeHint().width() <= 1280


def test_names_are_shortened_where_there_is_little_room(chips: RunChips) -> None:
    names = ("Momentum", "Nesterov", "Adadelta", "Adagrad", "RMSprop", "SGD", "Adam", "Rprop")
    many = race(count=8, **{letter: {"name": name} for letter, name in zip("ABCDEFGH", names, strict=True)})
    chips.show_snapshot(many)
    assert [chip.text() for chip in chips.chips] == list(names)
    chips.resize(680, 30)
    assert all(chip.text().rstrip("…") in name for chip, name in zip(chips.chips, names, strict=True))
    assert "…" in chips.chips[0].text()
    taken = sum(chip.sizeHint().width() for chip in chips.chips)
    assert taken < 680
    assert chips.minimumSizeHint().width() < 680
    assert not chips.words.isVisible(), "a few letters of a sentence say nothing"
    chips.resize(1600, 30)
    assert [chip.text() for chip in chips.chips] == list(names)
    assert chips.words.isVisible()


def test_a_race_is_asked_for(chips: RunChips, qtbot: QtBot) -> None:
    for button in (chips.race.click, chips.race_action.trigger):
        with qtbot.waitSignal(chips.race_wanted):
            button()
