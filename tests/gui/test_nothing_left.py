"""What is opened, filled and closed again and again leaves nothing behind, neither in Qt nor in Python."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lab.experiment.presets import preset
from lab.gui.main_window import MainWindow
from lab.gui.panels.watch import WatchPanel
from lab.gui.widgets.runs.split import SplitView
from lab.gui.widgets.time.edit_words import edit_words
from lab.training.timeline import Edit
from tests.gui.fake_snapshots import race

TIMES = 6


def open_menus(window: MainWindow) -> None:
    watch = next(panel.widget() for panel in window.panel_docks if isinstance(panel.widget(), WatchPanel))
    for menu in (window.menus.presets, window.menus.exports, watch.add_watch.menu()):
        menu.aboutToShow.emit()


def arrange_otherwise(window: MainWindow) -> None:
    for name in ("xor", "lenet"):
        window.document.open(preset(name))
        window.document.pull()


def split_and_join(window: MainWindow) -> None:
    window._show_snapshot(race("lenet", 2))
    dock = window.workspace.docks["confusion"]
    assert dock.by_run is not None
    dock.by_run.setChecked(True)
    assert isinstance(dock.view, SplitView)
    dock.by_run.setChecked(False)


def change_theme(window: MainWindow) -> None:
    window.appearance.choose("dark")
    window.appearance.choose("light")


def read_the_keys(window: MainWindow) -> None:
    window.show_shortcuts()
    for dialog in window.children():
        if type(dialog).__name__ == "ShortcutsDialog":
            dialog.close()  # type: ignore[attr-defined]


def double_and_close(window: MainWindow) -> None:
    double = window.workspace.double(window.workspace.docks["maps"])
    assert double is not None
    window.workspace.pin(double, True, False)
    window.workspace.maximise(double)
    window.workspace.restore_all()
    double.menu().close()
    double.close()


def left() -> tuple[int, int, int]:
    """Widgets, Python's objects for what is Qt's, and classes made for Qt, once everything that is to go is gone."""
    for _ in range(2):
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # type: ignore[call-overload]
        gc.collect()
    of_qt = [one for one in gc.get_objects() if issubclass(type(one), QObject)]
    classes = [one for one in gc.get_objects() if issubclass(type(one), type) and issubclass(one, QObject)]
    return len(QApplication.allWidgets()), len(of_qt), len(classes)


@pytest.mark.parametrize(
    "use", [open_menus, arrange_otherwise, split_and_join, double_and_close, change_theme, read_the_keys]
)
def test_nothing_is_left(window: MainWindow, qtbot: QtBot, use: Callable[[MainWindow], None]) -> None:
    for _ in range(2):  # what is made when it is first needed, and stays
        use(window)
    before = left()
    for _ in range(TIMES):
        use(window)
    # fewer than one a time: where views come up in another order, one more or less is kept for the next
    assert all(now - then < TIMES for now, then in zip(left(), before, strict=True))


def test_weights_do_not_outlive_their_run_for_the_sake_of_words() -> None:
    experiment = preset("xor")
    slower = msgspec.structs.replace(
        experiment, optimizer=msgspec.structs.replace(experiment.optimizer, rate=0.01)
    )
    weights = {"dense1.weight": np.zeros((2, 2), np.float32)}
    edits = (Edit(0, experiment), Edit(5, slower, weights))
    assert edit_words(edits, 1, 2).endswith("weights set by hand")
    watched = weakref.ref(edits[1])
    del edits
    gc.collect()
    assert watched() is None
