"""The window's menus: every action with its key, its words and its place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from lab.gui.appearance import CHOICES
from lab.gui.exports import PICTURES
from lab.gui.view_dock import ViewDock
from lab.gui.widgets.submenu import submenu

if TYPE_CHECKING:
    from lab.gui.main_window import MainWindow

THEMES = {"auto": "As the desktop", "light": "Light", "dark": "Dark"}


class Menus:
    """Builds the menu bar of `window` and keeps the actions that other parts of the window need."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._file()
        self._edit()
        self._run()
        self._view()
        self._help()

    def _action(
        self, menu: QMenu, text: str, slot: Callable[[], object], keys: str = "", tip: str = ""
    ) -> QAction:
        action = QAction(text, self._window)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.setToolTip(tip or text.replace("…", "").replace("&", ""))
        action.triggered.connect(lambda *_: slot())
        menu.addAction(action)
        return action

    def _menu(self, title: str) -> QMenu:
        menu = self._window.menuBar().addMenu(title)
        menu.setToolTipsVisible(True)
        return menu

    def _file(self) -> None:
        window, menu = self._window, self._menu("&File")
        self.presets = menu.addMenu("Presets")
        self.presets.aboutToShow.connect(lambda: self.fill_presets(self.presets))
        self.open = self._action(
            menu, "Open…", window.filing.ask_open, "Ctrl+O", "Open a document or an experiment"
        )
        recent = menu.addMenu("Open recent")
        recent.aboutToShow.connect(lambda: window.filing.recent.fill(recent, window.open_file))
        menu.addSeparator()
        self.save = self._action(
            menu, "Save", window.filing.save, "Ctrl+S", "Save the document with its runs"
        )
        self.save_as = self._action(
            menu, "Save as…", window.filing.save_as, "Ctrl+Shift+S", "Save under another name"
        )
        menu.addSeparator()
        self.exports = menu.addMenu("Export")
        self.exports.aboutToShow.connect(self.fill_exports)
        self.export_picture = QAction("Export the view in use…", window)
        self.export_picture.setShortcut(QKeySequence("Ctrl+E"))
        self.export_picture.setToolTip("Save the view used last as PNG, SVG or PDF")
        self.export_picture.triggered.connect(lambda *_: window.export_current())
        menu.addAction(self.export_picture)
        self.load_weights = self._action(
            menu, "Load weights…", window.exports.ask_weights_back, "Ctrl+Shift+O"
        )
        menu.addSeparator()
        self.quit = self._action(menu, "Quit", window.close, "Ctrl+Q")
        # a submenu that is filled only when it opens has no keys before; these have to work from the start
        self.save_weights = QAction("Save weights…", window)
        self.save_weights.setShortcut(QKeySequence("Ctrl+Shift+E"))
        self.save_weights.triggered.connect(lambda *_: window.exports.ask_weights())
        window.addAction(self.save_weights)

    def _edit(self) -> None:
        window, menu = self._window, self._menu("&Edit")
        stack = window.document.undo_stack
        self.undo, self.redo = stack.createUndoAction(window, "Undo"), stack.createRedoAction(window, "Redo")
        self.undo.setShortcut(QKeySequence("Ctrl+Z"))
        self.redo.setShortcuts([QKeySequence("Ctrl+Y"), QKeySequence("Ctrl+Shift+Z")])
        menu.addActions([self.undo, self.redo])
        menu.addSeparator()
        # no shortcut: text, layers and tables have a Ctrl+C of their own, and of two of one window neither would do
        self._action(
            menu,
            "Copy\tCtrl+C",
            window.copying.copy_focused,
            "",
            "What has the focus: a view as a picture and a table, a panel as text",
        )
        for text, picture, keys, tip in (
            ("Copy picture", True, "Ctrl+Shift+C", "The view in use, twice as sharp as on the screen"),
            ("Copy table", False, "Ctrl+Alt+C", "The numbers of the view in use, for a spreadsheet"),
        ):
            self._action(menu, text, partial(window.copying.copy_used, picture, not picture), keys, tip)

    def _run(self) -> None:
        menu = self._menu("&Run")
        transport = self._window.transport
        menu.addActions(list(transport.actions_in_order))
        menu.addSeparator()
        menu.addActions(list(transport.stride_actions))
        menu.addSeparator()
        menu.addActions(list(self._window.chips.actions_in_order))
        menu.addSeparator()
        self.sweep = self._action(
            menu,
            "Sweep of learning rates",
            self._window.show_sweep,
            "Ctrl+Shift+R",
            "Find the best learning rate of each contestant, for a fair race",
        )

    def _view(self) -> None:
        window, menu = self._window, self._menu("&View")
        for number, dock in enumerate(window.panel_docks, 1):
            action = self._action(menu, dock.windowTitle(), partial(window.bring, dock), f"Ctrl+{number}")
            action.setToolTip(f"Show the panel {dock.windowTitle()}")
        inspector = window.inspector_dock.toggleViewAction()
        inspector.setShortcut(QKeySequence("Ctrl+I"))
        menu.addAction(inspector)
        menu.addSeparator()
        self._views_end = menu.addSeparator()
        self._views: list[QAction] = []
        self._view_menu = menu
        self.fill_views()
        window.workspace.docks_changed.connect(self.fill_views)
        workspace = window.workspace
        for text, act, keys, tip in (
            ("Duplicate view", workspace.double, "Ctrl+T", "A second one of the view in use, beside it"),
            (
                "Pin view",
                ViewDock.toggle_pin,
                "Ctrl+P",
                "The view in use stays as it is while the others turn; or follows again",
            ),
            ("Maximise view", workspace.maximise, "Ctrl+M", "The view in use takes the middle; or goes back"),
            ("Close view", ViewDock.close, "Ctrl+W", "The list above brings it back"),
        ):
            self._action(menu, text, partial(self._on_view, act), keys, tip)
        menu.addSeparator()
        themes = menu.addMenu("Theme")
        group = QActionGroup(window)
        for choice in CHOICES:
            action = themes.addAction(THEMES[choice])
            action.setCheckable(True)
            action.setChecked(window.appearance.choice == choice)
            action.triggered.connect(lambda _=False, choice=choice: window.appearance.choose(choice))
            group.addAction(action)
        self._action(menu, "Full screen", window.toggle_full_screen, "F11")
        self._action(
            menu, "Reset layout", window.reset_layout, "", "Put all panels and views back in their places"
        )

    def _on_view(self, act: Callable[[ViewDock], object]) -> None:
        """Do it to the view in use."""
        if dock := self._window.workspace.dock_in_use():
            act(dock)

    def fill_views(self) -> None:
        """One action a view that there is, doubles among them."""
        for action in self._views:
            self._view_menu.removeAction(action)
        self._views = self._window.workspace.actions_to_show()
        self._view_menu.insertActions(self._views_end, self._views)

    def _help(self) -> None:
        window, menu = self._window, self._menu("&Help")
        self._action(menu, "Keyboard shortcuts", window.show_shortcuts, "F1")
        self._action(menu, "This machine", window.show_machine, "", "What Descent found on this machine")
        self._action(menu, "About Descent", window.show_about)

    # --- filled when they open

    def fill_presets(self, menu: QMenu) -> None:
        """All presets under their groups; the one that is open is marked."""
        from lab.experiment.presets import presets

        menu.clear()
        menu.setToolTipsVisible(True)
        group = None
        for preset in presets():
            if preset.group != group:
                group = preset.group
                heading = menu.addAction(group)
                heading.setEnabled(False)
            action = menu.addAction(f"    {preset.title}")
            action.setToolTip(preset.experiment.description)
            action.triggered.connect(lambda _=False, e=preset.experiment: self._window.open_experiment(e))

    def fill_exports(self) -> None:
        window, menu = self._window, self.exports
        menu.clear()
        for dock in window.workspace.open_docks:
            view, sub = dock.view, submenu(menu, dock.heading)
            for kind in PICTURES:
                action = sub.addAction(f"{kind.upper()}…")
                action.triggered.connect(lambda _=False, v=view, k=kind: window.exports.ask_picture(v, k))
            sub.addSeparator()
            action = sub.addAction("Its data as CSV…")
            action.triggered.connect(lambda _=False, v=view: window.exports.ask_table(v))
        menu.addSeparator()
        menu.addAction("Picture of the window…").triggered.connect(lambda *_: window.exports.ask_window())
        menu.addSeparator()
        menu.addAction(self.save_weights)
        menu.addAction(self.load_weights)
