"""Views are doubled, pinned and maximised: a pinned one stays while the others turn, and all come back as they were."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QSettings, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QTabBar
from pytestqt.qtbot import QtBot

from lab.gui import layout
from lab.gui.main_window import MainWindow
from lab.gui.pins import Pin, pins_from_text, pins_to_text
from lab.gui.selection import Selection
from lab.gui.view_dock import ViewDock, key_of, name_and_number
from lab.gui.views import VIEWS
from lab.gui.views.maps import MapsView
from lab.training.probes import ActivationsProbe
from tests.gui.conftest import FakeTrainer
from tests.gui.fake_snapshots import snapshot
from tests.gui.test_split import show


def maps_of(window: MainWindow, key: str = "maps") -> ViewDock:
    dock = window.workspace.docks[key]
    window.workspace.bring(key)
    QApplication.processEvents()
    return dock


def doubled(window: MainWindow, name: str = "maps") -> ViewDock:
    double = window.workspace.double(maps_of(window, name))
    assert double is not None
    QApplication.processEvents()
    return double


def asked(window: MainWindow) -> set[int]:
    """Of which validation examples the activations are wanted."""
    return {p.example for p in window.workspace.probes() if isinstance(p, ActivationsProbe)}


def beside(window: MainWindow) -> ViewDock:
    """A double of the maps, both in sight."""
    double = doubled(window)
    window.workspace.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, double)
    QApplication.processEvents()
    window.workspace.bring("maps")
    QApplication.processEvents()
    return double


# doubles


@pytest.mark.parametrize("name", [view.name for view in VIEWS if view.can_be_doubled])
def test_every_view_can_be_doubled_and_its_double_closed(window: MainWindow, name: str) -> None:
    dock = window.workspace.docks[name]
    double = window.workspace.double(dock)
    assert double is not None
    assert type(double.view) is type(dock.view)
    assert double.view is not dock.view
    assert double.objectName() == f"view.{name}#2"
    assert double.heading == f"{dock.view.title} 2"
    assert double.heading in [action.text() for action in window.menus._views]
    double.close()
    assert double.key not in window.workspace.docks
    assert dock.heading in [action.text() for action in window.menus._views]
    assert "2" not in {action.text()[-1:] for action in window.menus._views}


def test_a_double_has_the_settings_of_the_first(window: MainWindow) -> None:
    first = maps_of(window)
    assert isinstance(first.view, MapsView)
    first.view._scale.setCurrentIndex(2)
    double = doubled(window)
    assert isinstance(double.view, MapsView)
    assert double.view._scale.currentIndex() == 2


def test_there_is_an_end_to_doubling(window: MainWindow) -> None:
    dock = maps_of(window)
    made = [window.workspace.double(dock) for _ in range(12)]
    assert 0 < sum(double is not None for double in made) < 12


@given(st.text(max_size=12), st.integers(1, 99))
def test_keys_say_which_view_and_which_double(name: str, number: int) -> None:
    if "#" not in name:
        assert name_and_number(key_of(name, number)) == (name, number)


@pytest.mark.parametrize("key", ["maps#", "maps#x", "maps#1", "maps#0", "maps#-3", "maps#1000", "maps#2#2"])
def test_what_is_no_key_is_none(key: str) -> None:
    assert name_and_number(key)[1] == 0


# pins


def test_a_pinned_view_stays_while_the_others_turn(window: MainWindow, trainer: FakeTrainer) -> None:
    double = beside(window)
    window.document.select(Selection(example=3))
    window.workspace.pin(double, True, False)
    window.document.select(Selection(example=7))
    assert double.view._selection.example == 3  # type: ignore[attr-defined]
    assert window.workspace.docks["maps"].view._selection.example == 7  # type: ignore[attr-defined]
    assert asked(window) == {3, 7}
    assert {p.example for p in trainer.watched if isinstance(p, ActivationsProbe)} == {3, 7}
    window.workspace.pin(double, False, False)
    assert double.view._selection.example == 7  # type: ignore[attr-defined]
    assert asked(window) == {7}


def test_what_a_pinned_view_shows_is_asked_only_while_it_is_seen(window: MainWindow) -> None:
    double = beside(window)
    window.document.select(Selection(example=3))
    window.workspace.pin(double, True, False)
    window.document.select(Selection(example=7))
    double.hide()
    assert asked(window) == {7}


def test_a_click_in_a_pinned_view_turns_it_alone(window: MainWindow, trainer: FakeTrainer) -> None:
    double = beside(window)
    window.workspace.pin(double, True, False)
    before = window.document.selection
    double.view.picked.emit(Selection(layer="conv2", unit=3, row=0, column=0, example=12))
    assert window.document.selection == before
    assert double.pin == Pin(Selection(layer="conv2", unit=3, row=0, column=0, example=12))
    assert double.view._selection.unit == 3  # type: ignore[attr-defined]
    assert 12 in {p.example for p in trainer.watched if isinstance(p, ActivationsProbe)}
    window.workspace.docks["maps"].view.picked.emit(Selection(example=5))
    assert window.document.selection.example == 5
    assert double.pin.selection.example == 12  # type: ignore[union-attr]


def test_the_title_says_what_a_view_is_pinned_to(window: MainWindow) -> None:
    window.document.select(Selection(example=12))
    dock = maps_of(window)
    window.workspace.pin(dock, True, False)
    assert dock.heading == "Feature maps · validation 12"
    assert dock.windowTitle() == "Maps · validation 12"
    assert dock.toggleViewAction().text() == "Feature maps · validation 12"
    assert dock.view.accessibleName() == "Feature maps · validation 12"
    bars = [bar for bar in window.workspace.children() if isinstance(bar, QTabBar)]
    assert "Maps · validation 12" in [bar.tabText(tab) for bar in bars for tab in range(bar.count())]
    window.workspace.pin(dock, False, False)
    assert dock.windowTitle() == "Maps"


def test_a_view_pinned_to_a_run_shows_and_asks_that_run(window: MainWindow, trainer: FakeTrainer) -> None:
    show(window, count=2)
    dock = maps_of(window)
    window.workspace.pin(dock, True, True)
    own = next(p for p in window.workspace.probes_of_runs()[1] if isinstance(p, ActivationsProbe))
    assert not any(isinstance(p, ActivationsProbe) for p in window.workspace.probes())
    show(window, count=2, active=2)
    assert dock.snapshot(window.workspace._snapshot).run == 1  # type: ignore[arg-type]
    assert own in window.workspace.probes_of_runs()[1]
    assert dock.heading == "Feature maps · run A · validation 0"
    show(window, count=1)
    show(window, count=3, active=2)
    assert dock.pin is not None


def test_a_pin_lets_go_of_what_is_not_there_any_more() -> None:
    seen = snapshot("lenet")
    assert Pin(Selection(layer="conv9", unit=2, example=4)).kept_real(seen) == Pin(Selection(example=4))
    assert Pin(Selection(layer="conv1", unit=200)).kept_real(seen) == Pin(Selection(layer="conv1"))
    assert Pin(Selection(layer="conv1", unit=2)).kept_real(seen) == Pin(Selection(layer="conv1", unit=2))


def test_the_pin_is_a_button_of_the_title_and_a_key(qtbot: QtBot, window: MainWindow) -> None:
    dock = maps_of(window)
    dock.view.setFocus()
    window.workspace._note_use(None, dock.view)
    dock.tools.pin.click()
    assert dock.pin is not None
    assert dock.tools.pin.isChecked()
    next(a for a in window.findChildren(type(window.menus.undo)) if a.text() == "Pin view").trigger()
    assert dock.pin is None
    assert not dock.tools.pin.isChecked()
    menu = dock.menu()
    words = [action.text().split("\t")[0] for action in menu.actions()]
    assert {"Pin to what is selected", "Pin to the active run", "Duplicate view", "Close"} <= set(words)
    menu.close()


def test_a_view_has_its_menu_wherever_nothing_else_has_one(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    dock = maps_of(window)
    opened: list[QPoint] = []
    monkeypatch.setattr(dock.tools, "open_menu", opened.append)  # a menu that pops up takes the keyboard
    at = QPoint(20, 60)
    there = dock.view.mapToGlobal(at)
    QApplication.sendEvent(dock.view, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, at, there))
    assert opened == [there]


texts = st.dictionaries(
    st.sampled_from(["maps", "maps#2", "curves"]),
    st.builds(
        Pin,
        st.none()
        | st.builds(
            Selection,
            layer=st.none() | st.text(max_size=8),
            unit=st.integers(-1, 999),
            part=st.sampled_from(["training", "validation", "test"]),
            example=st.integers(0, 10_000),
            weight=st.integers(-1, 10**9),
        ),
        st.none() | st.integers(1, 50),
    ),
)


@given(texts)
def test_pins_survive_a_document(pins: Mapping[str, Pin]) -> None:
    assert pins_from_text(pins_to_text(pins)) == pins


@given(st.text())
def test_a_text_that_is_none_pins_nothing(text: str) -> None:
    assert isinstance(pins_from_text(text), dict)


# coming back


def test_doubles_and_pins_come_back_with_a_document(window: MainWindow) -> None:
    window.document.select(Selection(example=5))
    double = doubled(window)
    window.workspace.pin(double, True, False)
    floating = doubled(window, "filters")
    floating.setFloating(True)
    kept = layout.captured(window)
    window.reset_layout()
    assert not [key for key in window.workspace.docks if "#" in key]
    layout.restore(window, kept)
    assert [key for key in window.workspace.docks if "#" in key] == ["maps#2", "filters#2"]
    assert window.workspace.docks["maps#2"].pin == Pin(Selection(example=5))
    assert window.workspace.docks["filters#2"].isFloating()
    assert not window.workspace.docks["maps#2"].isHidden()


def test_doubles_come_back_with_the_settings(window: MainWindow, tmp_path: object) -> None:
    doubled(window)
    settings = QSettings(f"{tmp_path}/other.ini", QSettings.Format.IniFormat)
    window.workspace.save_to(settings)
    window.reset_layout()
    assert window.workspace.restore_from(settings)
    assert "maps#2" in window.workspace.docks


# maximised


def test_a_view_takes_the_whole_middle_and_goes_back(qtbot: QtBot, window: MainWindow) -> None:
    QApplication.processEvents()
    before = {key: dock.geometry() for key, dock in window.workspace.docks.items() if not dock.isHidden()}
    dock = maps_of(window)
    window.workspace.maximise(dock)
    QApplication.processEvents()
    assert [key for key, one in window.workspace.docks.items() if not one.isHidden()] == ["maps"]
    qtbot.waitUntil(lambda: dock.height() > 0.9 * window.workspace.height())
    assert dock.width() > 0.95 * window.workspace.width()
    assert not dock._is_bare  # there is a title to go back by
    kept = layout.captured(window)
    window.workspace.maximise(dock)
    QApplication.processEvents()
    after = {key: one.geometry() for key, one in window.workspace.docks.items() if not one.isHidden()}
    assert set(after) == set(before)
    qtbot.waitUntil(lambda: abs(dock.height() - before["maps"].height()) <= 2)
    layout.restore(window, kept)  # what is saved meanwhile has all views in it
    assert {key for key, one in window.workspace.docks.items() if not one.isHidden()} == set(before)


def test_another_view_that_is_asked_for_ends_it(window: MainWindow) -> None:
    window.workspace.maximise(maps_of(window))
    window.workspace.bring("curves")
    assert not window.workspace.is_maximised
    assert not window.workspace.docks["surface"].isHidden()


def test_a_double_click_on_the_title_maximises_and_one_in_the_view_does_not(
    qtbot: QtBot, window: MainWindow
) -> None:
    dock = maps_of(window)
    window.workspace.maximise(dock)
    QApplication.processEvents()
    qtbot.mouseDClick(dock.view.readout, Qt.MouseButton.LeftButton)  # type: ignore[attr-defined]
    assert window.workspace.is_maximised
    qtbot.mouseDClick(dock.titleBarWidget(), Qt.MouseButton.LeftButton)
    assert not window.workspace.is_maximised


def test_a_double_click_on_a_tab_maximises(qtbot: QtBot, window: MainWindow) -> None:
    dock = maps_of(window)
    bar, tab = next(
        (bar, tab)
        for bar in window.workspace.children()
        if isinstance(bar, QTabBar)
        for tab in range(bar.count())
        if bar.tabText(tab) == dock.windowTitle()
    )
    at = bar.tabRect(tab).center()
    press = QMouseEvent(
        QEvent.Type.MouseButtonDblClick,
        at.toPointF(),
        bar.mapToGlobal(at).toPointF(),
        Qt.MouseButton.LeftButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(bar, press)
    assert window.workspace.is_maximised
    assert not dock.isHidden()


def test_what_is_chosen_in_views_and_their_doubles_comes_back_with_a_document(window: MainWindow) -> None:
    surface = window.workspace.docks["surface"]
    double = window.workspace.double(surface)
    for dock, shape in ((surface, "solid"), (double, "line")):
        box = dock.view.settings.shape
        box.setCurrentIndex(box.findData(shape))
    kept = layout.captured(window)
    for dock in (surface, double):
        dock.view.settings.shape.setCurrentIndex(0)
    layout.restore(window, kept)
    docks = window.workspace.docks
    assert docks["surface"].view.settings.kind == "solid"
    assert docks["surface#2"].view.settings.kind == "line"
    layout.restore(window, {**kept, layout.SETTINGS: "rubbish"})
    assert docks["surface"].view.settings.kind == "solid"
