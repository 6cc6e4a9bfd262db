"""The bars of tabs that Qt makes among docks: what they say, and the buttons at their right end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtGui import QContextMenuEvent, QMouseEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QTabBar

from lab.gui.theme import LIGHT, Theme
from lab.gui.view_dock import DockTools, ViewDock

MOVED = {QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.LayoutRequest}


class Tabs(QObject):
    """Looks after the bars of `window`, which come and go as Qt likes."""

    def __init__(self, window: QMainWindow, docks: Callable[[], Iterable[ViewDock]]) -> None:
        super().__init__(window)
        self._window, self._docks = window, docks
        self._theme = LIGHT
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._place_tools)

    def _bars(self) -> Iterator[QTabBar]:
        # not findChildren: it ties what it finds to this window, and bars that Qt has deleted would stay as shells
        return (child for child in self._window.children() if isinstance(child, QTabBar))

    def tidy(self) -> None:
        """A view with nothing to show of this experiment cannot be turned to; each tab says in full what it is."""
        docks = {dock.windowTitle(): dock for dock in self._docks()}
        for bar in self._bars():
            if bar.elideMode() != Qt.TextElideMode.ElideNone:
                bar.setElideMode(
                    Qt.TextElideMode.ElideNone
                )  # with many tabs they are scrolled, not shortened
                bar.setUsesScrollButtons(True)
                bar.installEventFilter(self)
            for tab in range(bar.count()):
                if dock := docks.get(bar.tabText(tab)):
                    bar.setTabEnabled(tab, dock.toggleViewAction().isEnabled())
                    bar.setTabToolTip(tab, f"{dock.heading}: {dock.view.summary}")
        self._later.start()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        for bar in self._bars():
            if tools := tools_of(bar):
                tools.show_theme(theme)

    def dock_at(self, bar: QTabBar, tab: int) -> ViewDock | None:
        text = bar.tabText(tab)
        return next((dock for dock in self._docks() if dock.windowTitle() == text), None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(watched, QTabBar):
            if event.type() in MOVED:
                self._later.start()
            elif event.type() == QEvent.Type.MouseButtonDblClick and isinstance(event, QMouseEvent):
                if dock := self.dock_at(watched, watched.tabAt(event.position().toPoint())):
                    dock.maximise_wanted.emit()
                    return True
            elif event.type() == QEvent.Type.ContextMenu and isinstance(event, QContextMenuEvent):
                by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
                tab = watched.tabAt(event.pos()) if by_mouse else watched.currentIndex()
                if dock := self.dock_at(watched, tab):
                    dock.tools.open_menu(event.globalPos())
                    return True
        return False

    @Slot()
    def _place_tools(self) -> None:
        """At the right end of each bar where there is room beside the tabs."""
        for bar in self._bars():
            if bar.isHidden() or not bar.count():
                continue
            tools = tools_of(bar)
            if tools is None:
                tools = BarTools(bar)
                tools.show_theme(self._theme)
            last, tools.dock = bar.tabRect(bar.count() - 1).right(), self.dock_at(bar, bar.currentIndex())
            if tools.dock is not None:
                tools.show_pinned(tools.dock.pin is not None)
            tools.move(bar.width() - tools.width() - 2, (bar.height() - tools.height()) // 2)
            tools.setVisible(tools.dock is not None and bar.width() - last > tools.width() + 4)
            tools.raise_()


def tools_of(bar: QTabBar) -> BarTools | None:
    """They are the bar's own, and go with it."""
    return next((child for child in bar.children() if isinstance(child, BarTools)), None)


class BarTools(DockTools):
    """For the view that is in front in a bar."""

    def __init__(self, bar: QTabBar) -> None:
        self.dock: ViewDock | None = None
        super().__init__(self._menu_of_dock, self._toggle_of_dock, bar)

    def _menu_of_dock(self) -> QMenu | None:
        return None if self.dock is None else self.dock.menu()

    def _toggle_of_dock(self) -> None:
        if self.dock is not None:
            self.dock.toggle_pin()
