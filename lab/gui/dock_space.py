"""Which views there are in the middle of the window, and where they stand: arranged, saved, doubled, maximised."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QByteArray, QSettings, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QTabWidget, QWidget

from lab.gui.arrangement import ARRANGEMENTS, Kind
from lab.gui.placing import arrange, close_others
from lab.gui.tabs import Tabs
from lab.gui.view_dock import ViewDock, key_of, name_and_number
from lab.gui.views.view import View
from lab.gui.widgets.dock import tidy_titles

STATE_VERSION = 1
MOST_DOUBLES = 9
"""Of one view."""


class DockSpace(QMainWindow):
    """Docks by their keys. What is shown in them is a matter of the subclass, which hears of each by `_connect`."""

    docks_changed = Signal()
    """There is another view, or one less, or it is called otherwise."""

    def __init__(self, kind: Kind, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Widget)
        self._makers: dict[str, Callable[[], View]] = {}
        self._whole: tuple[QByteArray, str] | None = None  # how all stood before one view was maximised
        self.docks: dict[str, ViewDock] = {}
        self.kind: Kind = kind
        self.tabs = Tabs(self, self.docks.values)
        floor = QWidget()  # a central widget that takes no room lets the docks have it all
        floor.setMaximumSize(0, 0)
        self.setCentralWidget(floor)
        self.setDockNestingEnabled(True)
        self.setDocumentMode(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)

    def _connect(self, dock: ViewDock) -> None:
        """There is a new one."""
        raise NotImplementedError

    def _disconnect(self, dock: ViewDock) -> None:
        """It is about to be taken away."""
        raise NotImplementedError

    # --- which there are

    def add_view(self, make: Callable[[], View]) -> None:
        view = make()
        self._makers[view.name] = make
        self._add(view)

    def _add(self, view: View, number: int = 1) -> ViewDock:
        dock = ViewDock(view, number, self)
        self.docks[dock.key] = dock
        self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, dock)
        dock.toggleViewAction().triggered.connect(lambda on: dock.raise_() if on else None)
        dock.dockLocationChanged.connect(self._tidy_titles)
        dock.topLevelChanged.connect(self._tidy_titles)
        dock.maximise_wanted.connect(lambda: self.maximise(dock))
        dock.removed.connect(lambda: self.remove(dock))
        self._connect(dock)
        return dock

    def _free_number(self, name: str) -> int:
        return next(n for n in range(2, MOST_DOUBLES + 2) if key_of(name, n) not in self.docks)

    def _make_double(self, name: str, number: int) -> ViewDock:
        return self._add(self._makers[name](), number)

    def remove(self, dock: ViewDock) -> None:
        """Take a double away."""
        if self.docks.get(dock.key) is dock and dock.is_double:
            del self.docks[dock.key]
            self._disconnect(dock)
            self.removeDockWidget(dock)
            dock.setObjectName("")  # until it is gone, Qt would take it for a new one of the same name
            dock.deleteLater()
            self._tidy_titles()
            self.docks_changed.emit()

    def _match_doubles(self, kept: list[str]) -> None:
        """The doubles that are named, and no others."""
        wanted = {}
        for key in kept:
            name, number = name_and_number(key)
            if name in self._makers and 2 <= number <= MOST_DOUBLES:
                wanted[key] = (name, number)
        for dock in [dock for key, dock in self.docks.items() if dock.is_double and key not in wanted]:
            self.remove(dock)
        for key, (name, number) in wanted.items():
            if key not in self.docks:
                self._make_double(name, number)
        self.docks_changed.emit()

    # --- where they stand

    def arrange(self, kind: Kind) -> None:
        """Put the views where they belong for this kind of problem; the others are closed, doubles taken away."""
        self.kind, self._whole = kind, None
        self._match_doubles([])
        arrange(self, self.docks, ARRANGEMENTS[kind].of(self.docks))
        self._tidy_titles()

    @Slot()
    def _tidy_titles(self) -> None:
        tidy_titles(self, self.docks.values())
        self.tabs.tidy()

    def save_to(self, settings: QSettings) -> None:
        settings.setValue(f"workspace/{self.kind}", self.state())
        settings.setValue(f"workspace/open/{self.kind}", self.in_sight)

    def restore_from(self, settings: QSettings) -> bool:
        """Put the views as they were when this kind of problem was last open."""
        state = settings.value(f"workspace/{self.kind}", QByteArray(), type=QByteArray)
        kept = settings.value(f"workspace/open/{self.kind}", None)
        return isinstance(state, QByteArray) and self.restore(state, None if kept is None else str(kept))

    def state(self) -> QByteArray:
        """Where all stand, also while one of them takes the whole middle."""
        return self.saveState(STATE_VERSION) if self._whole is None else self._whole[0]

    def restore(self, state: QByteArray, kept: str | None = None) -> bool:
        """Put the views as they were when `state` was saved, those in sight that `kept` names, with commas between
        them; False where the state says nothing to this version."""
        self._whole = None
        arranged = self._open_names()
        names = arranged if kept is None else kept.split(",")
        self.setMinimumSize(1, 1)  # all views side by side, as Qt opens them, would make the window larger
        if not state.isEmpty():
            self._match_doubles(names)
        done = not state.isEmpty() and self.restoreState(state, STATE_VERSION)
        if done:
            close_others(self, self.docks, names, bytes(state.data()), arranged, ARRANGEMENTS[self.kind])
        self.setMinimumSize(0, 0)
        self._tidy_titles()
        return done

    @property
    def in_sight(self) -> str:
        """The names of the views that are open, for `restore`."""
        return ",".join(self._open_names()) if self._whole is None else self._whole[1]

    def _open_names(self) -> list[str]:
        return [name for name, dock in self.docks.items() if not dock.isHidden()]

    def maximise(self, dock: ViewDock) -> None:
        """Give a view the whole middle, or put all back."""
        if self._whole is not None:
            self.restore_all()
            dock.raise_()  # another may have been in front of it
        elif dock.isFloating():
            dock.showNormal() if dock.isMaximized() else dock.showMaximized()
        else:
            self._whole = self.state(), self.in_sight
            for other in self.docks.values():
                if other is not dock and not other.isFloating():
                    other.hide()
            dock.show()
            self._tidy_titles()

    @property
    def is_maximised(self) -> bool:
        return self._whole is not None

    def restore_all(self) -> None:
        """Put all back where they stood before one view was maximised."""
        if self._whole is not None:
            state, kept = self._whole
            self.restore(state, kept)

    def bring(self, name: str) -> View:
        """Show a view in its place, in front of the others there."""
        self.restore_all()
        dock = self.docks[name]
        dock.show()
        dock.raise_()
        return dock.view

    def actions_to_show(self) -> list[QAction]:
        """One checkable action a view, for the menu."""
        found = []
        for dock in self.docks.values():
            action = dock.toggleViewAction()
            action.setToolTip(dock.view.summary)
            found.append(action)
        return found
