"""The line at the top: which experiment, its runs, how it stands, open, save, export."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from lab.gui.document import Document
from lab.gui.icons import icon
from lab.gui.menus import Menus
from lab.gui.theme import LIGHT, Theme
from lab.gui.widgets.runs.run_chips import RunChips
from lab.problem import Problem

NOTE_FOR = 6000
"""Milliseconds that a note stays."""


class Header(QWidget):
    def __init__(
        self, menus: Menus, document: Document, chips: RunChips, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._menus, self._document, self._chips = menus, document, chips
        self._buttons: list[tuple[QToolButton, str]] = []
        self.preset = QToolButton()
        self.preset.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.preset.setToolTip("Open a preset")
        self.preset.setAccessibleName("Preset")
        self._preset_menu = QMenu(self.preset)
        self._preset_menu.aboutToShow.connect(lambda: menus.fill_presets(self._preset_menu))
        self.preset.setMenu(self._preset_menu)
        self._note = QLabel()
        self._note.setProperty("caption", True)
        self._note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.problems = QToolButton()
        self.problems.setText("⚠ The last good network is still running")
        self.problems.setProperty("link", True)
        self.problems.setProperty("problem", True)
        self.problems.clicked.connect(self._turn_to_problem)
        self.problems.hide()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._note.clear)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 2, 6, 2)
        row.setSpacing(4)
        row.addWidget(self.preset)
        row.addSpacing(8)
        row.addWidget(chips)
        row.addSpacing(8)
        row.addWidget(self.problems)
        row.addWidget(self._note, 1)
        row.addSpacing(8)
        for action, name in ((menus.open, "open"), (menus.save, "save")):
            button = QToolButton()
            button.setText(action.text().rstrip("…"))
            button.clicked.connect(action.trigger)
            button.setToolTip(f"{action.toolTip()} ({action.shortcut().toString()})")
            row.addWidget(self._dressed(button, name))
        export = QToolButton()
        export.setText("Export")
        export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        export.setMenu(menus.exports)
        export.setToolTip("Save pictures, data and weights (Ctrl+E for the view in use)")
        row.addWidget(self._dressed(export, "export"))
        self.set_theme(LIGHT)
        self.show_file(False)

    def _dressed(self, button: QToolButton, name: str) -> QToolButton:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(16, 16))
        button.setProperty("flat", True)
        self._buttons.append((button, name))
        return button

    def show_file(self, is_dirty: bool) -> None:
        draft = self._document.draft
        mark = " •" if is_dirty else ""
        self.preset.setText(f"{draft.name}{mark}")
        where = f"\n{self._document.path}" if self._document.path else ""
        self.preset.setToolTip(f"{draft.description or 'Open a preset'}{where}")

    @Slot(object)
    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        """Say that what is seen running is not what the panels show."""
        self.problems.setVisible(bool(problems))
        self.problems.setToolTip("\n".join([*map(str, problems), "", "Click to turn to it"]))

    @Slot()
    def _turn_to_problem(self) -> None:
        """To the first layer that has one."""
        layers = {node.name for node in self._document.draft.network.nodes}
        where = next((p.where for p in self._document.problems if p.where in layers), None)
        if where is not None:
            self._document.select_layer(where)

    @Slot(str)
    def note(self, text: str) -> None:
        """A quiet word that goes away by itself."""
        self._note.setText(text)
        self._note.setToolTip(text)
        self._timer.start(NOTE_FOR)

    def set_theme(self, theme: Theme) -> None:
        self._chips.set_theme(theme)
        for button, name in self._buttons:
            button.setIcon(icon(name, theme))
