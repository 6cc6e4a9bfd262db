"""Everything by keyboard, and with a name: what a screen reader says, what Tab reaches, what can be copied."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from itertools import combinations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAccessible, QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QScrollBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from lab.experiment.presets import preset
from lab.export.tables import as_text
from lab.gui.main_window import MainWindow
from lab.gui.selection import Selection
from lab.gui.still import Still
from lab.gui.theme import LIGHT
from lab.gui.views import VIEWS
from lab.gui.views.framed import FramedView
from lab.gui.views.view import View
from lab.gui.widgets.mosaic import Mosaic, Place
from lab.gui.widgets.voice import EVERY
from lab.training.run import Run

CONTROLS = (QAbstractButton, QComboBox, QLineEdit, QAbstractSlider, QAbstractSpinBox)
NUMBERLESS = {
    "sweep": "nothing has been swept",
    "watches": "nothing is followed",
    "pad": "nothing is drawn",
    "optimizers": "no weight is selected",
}
"""Views that have no numbers before a person has asked for some."""
PRESETS = ("lenet", "xor", "linear-neuron", "your-own-formula")


@cache
def still(name: str) -> Still:
    run = Run(preset(name), threads=1)
    run.advance(3)
    return Still(run)


def shown(qtbot: QtBot, cls: type[View]) -> View:
    """The view on the first experiment that it suits, with its numbers."""
    view = cls()
    qtbot.addWidget(view)
    view.resize(700, 520)
    view.show_theme(LIGHT)
    view.show_selection(Selection())
    view.show()
    seen = next(s for s in map(still, PRESETS) if view.suits(s.snapshot(frozenset())))
    for _ in range(3):  # some ask on when they have been answered
        bare = seen.snapshot(frozenset())
        view.show_snapshot(seen.snapshot(view.probes(bare, Selection())))
        QApplication.processEvents()
    return view


def controls_of(view: QWidget) -> list[QWidget]:
    """What can be seen and used, but for what Qt's own widgets are made of."""
    found = [w for w in view.findChildren(QWidget) if isinstance(w, CONTROLS) and w.isVisible()]
    found = [w for w in found if not isinstance(w, QScrollBar)]
    return [w for w in found if not w.objectName().startswith("qt_") and not inner(w)]


def inner(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    return isinstance(parent, QComboBox | QAbstractSpinBox) or type(parent).__name__ in (
        "QHeaderView",
        "QTableView",
    )


def name_of(widget: QWidget) -> str:
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name)


@pytest.mark.parametrize("cls", VIEWS, ids=lambda cls: cls.name)
def test_a_view_has_a_name_and_says_what_it_is(qtbot: QtBot, cls: type[View]) -> None:
    view = cls()
    qtbot.addWidget(view)
    assert view.accessibleName() == cls.title
    assert view.accessibleDescription()


@pytest.mark.parametrize("cls", VIEWS, ids=lambda cls: cls.name)
def test_every_control_has_a_name_and_words_about_it(qtbot: QtBot, cls: type[View]) -> None:
    view = shown(qtbot, cls)
    nameless = [w for w in controls_of(view) if not name_of(w).strip()]
    assert not nameless, [(type(w).__name__, w.toolTip()) for w in nameless]
    wordless = [name_of(w) for w in controls_of(view) if not w.toolTip() and isinstance(w, CONTROLS[:2])]
    assert not wordless


@pytest.mark.parametrize("cls", VIEWS, ids=lambda cls: cls.name)
def test_tab_leads_into_a_view_and_out_again(qtbot: QtBot, cls: type[View]) -> None:
    view = shown(qtbot, cls)
    chain, widget = [], view.nextInFocusChain()
    while widget is not view and len(chain) < 500:
        chain.append(widget)
        widget = widget.nextInFocusChain()
    reached = [
        w
        for w in chain
        if w.isVisible()
        and w.isEnabled()
        and w.focusProxy() is None
        and w.focusPolicy() & Qt.FocusPolicy.TabFocus
        and view.isAncestorOf(w)
    ]
    assert reached
    assert all(name_of(w) or w.accessibleDescription() for w in reached), [
        type(w).__name__ for w in reached if not name_of(w)
    ]
    if isinstance(view, FramedView) and not view.message:  # the picture too, not its controls alone
        assert any(not view.controls.isAncestorOf(w) for w in reached)


@pytest.mark.parametrize("cls", VIEWS, ids=lambda cls: cls.name)
def test_the_numbers_of_a_view_can_be_copied(qtbot: QtBot, cls: type[View]) -> None:
    if cls.name in NUMBERLESS:
        pytest.skip(NUMBERLESS[cls.name])
    columns = shown(qtbot, cls).table().columns
    assert columns
    lines = as_text(columns).split("\n")
    assert lines[0].split("\t") == list(columns)
    assert len(lines) > 2


# keys


def holders(action: QAction) -> list[QWidget]:
    return [one for one in action.associatedObjects() if isinstance(one, QWidget)]


def meet(a: QAction, b: QAction) -> bool:
    """Whether both can be meant by one press."""
    widgets = (Qt.ShortcutContext.WidgetShortcut, Qt.ShortcutContext.WidgetWithChildrenShortcut)
    if a.shortcutContext() not in widgets or b.shortcutContext() not in widgets:
        return True
    return any(x is y or x.isAncestorOf(y) or y.isAncestorOf(x) for x in holders(a) for y in holders(b))


def test_no_two_actions_share_a_key(window: MainWindow) -> None:
    window.workspace.double(window.workspace.docks["maps"])
    window.workspace.double(window.workspace.docks["program"])
    by_key: dict[str, set[QAction]] = defaultdict(set)
    for action in window.findChildren(QAction):
        for key in action.shortcuts():
            by_key[key.toString()].add(action)
    clashes = {
        key: (a.text(), b.text())
        for key, actions in by_key.items()
        for a, b in combinations(actions, 2)
        if meet(a, b)
    }
    assert not clashes


# what is said


def test_the_selected_value_is_said_where_the_focus_is_and_not_with_every_frame(qtbot: QtBot) -> None:
    view = next(cls for cls in VIEWS if cls.name == "maps")()
    qtbot.addWidget(view)
    view.show()
    assert isinstance(view, FramedView)
    mosaic = view.mosaic  # type: ignore[attr-defined]
    view.show_picture()
    view.activateWindow()
    mosaic.setFocus()
    qtbot.waitUntil(mosaic.hasFocus)
    view.readout.rest("conv1, unit 3: 0.5")
    assert mosaic.accessibleDescription() == "conv1, unit 3: 0.5"
    for k in range(20):
        view.readout.rest(f"conv1, unit 3: 0.{k}")
    assert mosaic.accessibleDescription() == "conv1, unit 3: 0.5"
    qtbot.waitUntil(lambda: mosaic.accessibleDescription() == "conv1, unit 3: 0.19", timeout=10 * EVERY)


def test_a_ring_stands_around_the_picture_that_has_the_focus(qtbot: QtBot, window: MainWindow) -> None:
    view = window.workspace.bring("maps")
    QApplication.processEvents()
    view.show_picture()  # type: ignore[attr-defined]
    mosaic = view.mosaic  # type: ignore[attr-defined]
    window.activateWindow()
    mosaic.setFocus()
    qtbot.waitUntil(mosaic.hasFocus)
    assert window.focus_ring.widget() is mosaic
    window.network_panel.layers.setFocus()
    qtbot.waitUntil(lambda: window.focus_ring.widget() is None)


def test_a_mosaic_and_its_places_by_arrow_keys(qtbot: QtBot) -> None:
    view = shown(qtbot, next(cls for cls in VIEWS if cls.name == "maps"))
    mosaic = view.mosaic  # type: ignore[attr-defined]
    assert isinstance(mosaic, Mosaic)
    places: list[Place] = []
    mosaic.clicked.connect(places.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down):
        qtbot.keyClick(mosaic, key)
    assert len(set(places)) == 3


def test_the_focus_is_not_lost_when_a_double_is_closed(qtbot: QtBot, window: MainWindow) -> None:
    double = window.workspace.double(window.workspace.docks["filters"])
    assert double is not None
    double.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # type: ignore[call-overload]
    QApplication.processEvents()
    window.menus.fill_views()
    assert window.workspace.dock_in_use() is not None
