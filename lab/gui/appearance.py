"""Light, dark, or as the desktop: which theme the whole application wears."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, QSettings, Qt, Signal, Slot
from PySide6.QtWidgets import QApplication

from lab.gui.theme import DARK, LIGHT, Theme, palette, stylesheet
from lab.gui.window_sheet import window_sheet

Choice = Literal["auto", "light", "dark"]
CHOICES: tuple[Choice, ...] = ("auto", "light", "dark")


class Appearance(QObject):
    """Remembers the choice in the settings, follows the desktop, and dresses the application."""

    changed = Signal(object)  # Theme

    def __init__(self, application: QApplication, settings: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._application, self._settings = application, settings
        stored = settings.value("theme", "auto", type=str)
        self.choice: Choice = stored if stored in CHOICES else "auto"
        self.theme = self._wanted()
        application.styleHints().colorSchemeChanged.connect(self._follow)
        self._dress()

    def choose(self, choice: Choice) -> None:
        self.choice = choice
        self._settings.setValue("theme", choice)
        self._follow()

    @Slot()
    def _follow(self) -> None:
        theme = self._wanted()
        if theme is not self.theme:
            self.theme = theme
            self._dress()
            self.changed.emit(theme)

    def _wanted(self) -> Theme:
        if self.choice == "auto":
            scheme = self._application.styleHints().colorScheme()
            return DARK if scheme == Qt.ColorScheme.Dark else LIGHT
        return DARK if self.choice == "dark" else LIGHT

    def _dress(self) -> None:
        sheet = stylesheet(self.theme) + window_sheet(self.theme)
        if sheet != self._application.styleSheet():  # every widget there is would be dressed again
            self._application.setPalette(palette(self.theme))
            self._application.setStyleSheet(sheet)
