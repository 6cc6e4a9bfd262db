"""A view in its dock: its name among its doubles, what it is pinned to, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QContextMenuEvent, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QMenu, QToolButton, QWidget

from lab.gui.icons import icon
from lab.gui.pins import Pin
from lab.gui.selection import Selection
from lab.gui.theme import LIGHT, Theme
from lab.gui.views.view import View
from lab.gui.widgets.dock import TitledDock
from lab.training.snapshot import Snapshot

BETWEEN = "#"
"""In the key of a double, between the view's name and its number."""
BUTTON, ICON = 24, 16


def key_of(name: str, number: int) -> str:
    return name if number == 1 else f"{name}{BETWEEN}{number}"


def name_and_number(key: str) -> tuple[str, int]:
    """Of what view a key is, and its which double; the number is 0 where it is no key."""
    name, found, number = key.partition(BETWEEN)
    if not found:
        return name, 1
    return name, int(number) if number.isdecimal() and 2 <= int(number) < 100 else 0


class ViewDock(TitledDock):
    """`key` names the view and its double. What a person wants done with it comes as a signal."""

    pin_wanted = Signal(bool, bool)
    """Of the selection, of the run; both False: follow again."""
    double_wanted = Signal()
    maximise_wanted = Signal()
    copy_wanted = Signal(bool, bool)
    """As a picture, as a table."""
    removed = Signal()
    """A double has been closed."""

    def __init__(self, view: View, number: int = 1, parent: QWidget | None = None) -> None:
        self.key = key_of(view.name, number)
        super().__init__(view.title, f"view.{self.key}", view, parent, tab=view.tab)
        self.view = view
        self.number = number
        self.pin: Pin | None = None
        self.by_run: QCheckBox | None = None
        self.tools = DockTools(self.menu, self.toggle_pin)
        self.add_tool(self.tools)
        self.rename("")

    @property
    def is_double(self) -> bool:
        return self.number > 1

    def rename(self, pinned_to: str) -> None:
        number = f" {self.number}" if self.is_double else ""
        pinned = f" · {pinned_to}" if pinned_to else ""
        self.set_title(
            f"{self.view.title}{number}{pinned}", f"{self.view.tab or self.view.title}{number}{pinned}"
        )
        self.view.setAccessibleName(f"{self.view.title}{number}{pinned}")
        self.tools.show_pinned(self.pin is not None)

    def show_view(self, view: View) -> None:
        """Another view in place of the one it has."""
        view.setProperty("covered", self.view.property("covered"))
        self.view = view
        self.setWidget(view)
        view.show()

    def show_theme(self, theme: Theme) -> None:
        self.view.show_theme(theme)
        self.tools.show_theme(theme)

    # what it sees

    def selection(self, followed: Selection) -> Selection:
        return followed if self.pin is None or self.pin.selection is None else self.pin.selection

    def snapshot(self, followed: Snapshot) -> Snapshot:
        run = None if self.pin is None else self.pin.run
        return (followed.turned_to(run) if run is not None else None) or followed

    # what can be done with it

    def toggle_pin(self) -> None:
        self.pin_wanted.emit(self.pin is None, False)

    def menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)

        def add(text: str, tip: str, slot: Callable[..., object], keys: str = "") -> QAction:
            action = menu.addAction(f"{text}\t{keys}" if keys else text)
            action.setToolTip(tip)
            action.triggered.connect(slot)
            return action

        if self.pin is not None:
            add(
                "Follow again",
                "Show what is selected, of the active run",
                lambda: self.pin_wanted.emit(False, False),
            )
        both = (
            ("Pin to what is selected", True, False, "Ctrl+P"),
            ("Pin to the active run", False, True, ""),
            ("Pin to both", True, True, ""),
        )
        for text, selection, run, keys in both:
            add(
                text,
                "It stays as it is while the others turn; a click in it turns it alone",
                lambda _=False, s=selection, r=run: self.pin_wanted.emit(s, r),
                keys if self.pin is None else "",
            )
        menu.addSeparator()
        if self.view.can_be_doubled:
            add(
                "Duplicate view",
                "A second one, that can be pinned to something else",
                self.double_wanted.emit,
                "Ctrl+T",
            )
        add("Maximise, or go back", "The view takes the whole middle", self.maximise_wanted.emit, "Ctrl+M")
        add(
            "Dock" if self.isFloating() else "Float", "A window of its own, or back in its place", self._float
        )
        menu.addSeparator()
        add("Copy picture", "To the clipboard", lambda: self.copy_wanted.emit(True, False), "Ctrl+Shift+C")
        add(
            "Copy table",
            "Its numbers, for a spreadsheet",
            lambda: self.copy_wanted.emit(False, True),
            "Ctrl+Alt+C",
        )
        menu.addSeparator()
        add("Close", "The View menu brings it back" if not self.is_double else "", self.close, "Ctrl+W")
        return menu

    def _float(self) -> None:
        self.setFloating(not self.isFloating())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A key that nothing in the view has taken; a window of its own has no menus to take it."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_wanted.emit(True, True)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """On the title, and wherever in the view nothing has a menu of its own."""
        self.tools.open_menu(event.globalPos())
        event.accept()

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        if self.is_double:
            self.removed.emit()

    def event(self, event: QEvent) -> bool:
        """A double click on the title; Qt would let it float."""
        if event.type() == QEvent.Type.MouseButtonDblClick and isinstance(event, QMouseEvent):
            if self.titleBarWidget().geometry().contains(event.position().toPoint()):
                self.maximise_wanted.emit()
            event.accept()
            return True
        return super().event(event)


class DockTools(QWidget):
    """Two small buttons at the right of a title or of tabs: the pin, and all else in a menu."""

    def __init__(
        self, menu: Callable[[], QMenu | None], pin: Callable[[], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._menu, self._toggle = menu, pin
        self._theme = LIGHT
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        self.pin, self.more = QToolButton(), QToolButton()
        for button, name in ((self.pin, "Pin this view"), (self.more, "What can be done with this view")):
            button.setProperty("link", True)
            button.setAccessibleName(name)
            button.setToolTip(name)
            button.setFixedSize(BUTTON, BUTTON)
            button.setIconSize(QSize(ICON, ICON))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        self.pin.setCheckable(True)
        self.pin.clicked.connect(lambda *_: self._toggle())
        self.more.clicked.connect(lambda *_: self.open_menu())
        self.setFixedSize(self.sizeHint())

    def open_menu(self, at: QPoint | None = None) -> None:
        menu = self._menu()
        if menu is not None:
            menu.popup(at or self.more.mapToGlobal(QPoint(0, self.more.height())))

    def show_pinned(self, pinned: bool) -> None:
        self.pin.setChecked(pinned)
        self.pin.setToolTip(
            "Follow what is selected again (Ctrl+P)"
            if pinned
            else "Pin this view to what is selected now: the others turn, it stays (Ctrl+P)"
        )
        self.pin.setAccessibleDescription("Pinned" if pinned else "Follows what is selected")
        self._draw_pin()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.more.setIcon(icon("more", theme, theme.muted))
        self._draw_pin()

    def _draw_pin(self) -> None:
        """Filled and in the accent's colour while it holds."""
        theme, pinned = self._theme, self.pin.isChecked()
        self.pin.setIcon(icon("pinned" if pinned else "pin", theme, theme.accent if pinned else theme.muted))
