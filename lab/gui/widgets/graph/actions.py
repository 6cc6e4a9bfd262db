"""What can be done with the graph by a key, a button or an entry of a menu."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

from lab.gui.editing import ArchitectureEdits
from lab.gui.widgets.graph.canvas import GraphCanvas


class GraphActions(QObject):
    """They belong to the canvas, and not to the form that may be open over it: there Del takes a letter away."""

    def __init__(
        self,
        canvas: GraphCanvas,
        edits: ArchitectureEdits,
        remove: Callable[[], None],
        edit: Callable[[], None],
    ) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.edit = self._action("Edit…", "", edit)
        self.duplicate = self._action("Duplicate layer", "Ctrl+D", edits.duplicate)
        self.cut = self._action("Cut", "Ctrl+X", edits.cut)
        self.copy = self._action("Copy", "Ctrl+C", edits.copy)
        self.paste = self._action("Paste", "Ctrl+V", edits.paste)
        self.remove = self._action("Remove layer", "Del", remove)
        self.choose_all = self._action("Choose all layers", "Ctrl+A", edits.choose_all)
        self.up = self._action("Move layer up", "Alt+Up", lambda: edits.shift(-1))
        self.down = self._action("Move layer down", "Alt+Down", lambda: edits.shift(1))
        self.zoom_in = self._action("Zoom in", "Ctrl++", canvas.zoom_in)
        self.zoom_in.setShortcuts([QKeySequence("Ctrl++"), QKeySequence("Ctrl+=")])
        self.zoom_out = self._action("Zoom out", "Ctrl+-", canvas.zoom_out)
        self.fit = self._action("Show all", "Ctrl+0", canvas.fit)
        self.fold = QAction("As a U", canvas)
        self.fold.setCheckable(True)
        self.fold.setChecked(True)
        self.fold.setToolTip("Draw the way down and the way up side by side, with the skips across")

    def _action(self, text: str, keys: str, slot: Callable[[], object]) -> QAction:
        action = QAction(text, self._canvas)
        if keys:
            action.setShortcut(keys)
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda *_: slot())
        self._canvas.addAction(action)
        return action

    def show_chosen(self, layers: frozenset[str], edge: tuple[str, str] | None) -> None:
        """Only what has something to act on is on offer."""
        for action in (self.edit, self.duplicate, self.cut, self.copy, self.up, self.down):
            action.setEnabled(bool(layers))
        self.remove.setEnabled(bool(layers) or (edge is not None and bool(edge[1])))

    def of_layer(self) -> list[QAction | None]:
        """For the menu of a layer, None where there is a line."""
        chosen = [self.duplicate, self.cut, self.copy, self.paste]
        return [None, self.edit, *chosen, None, self.up, self.down, self.remove]

    def of_paper(self) -> list[QAction | None]:
        return [self.paste, self.choose_all, None, self.fit]
