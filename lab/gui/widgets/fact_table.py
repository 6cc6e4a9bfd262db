"""Names and values, one under the other."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QLabel, QWidget

from lab.gui.theme import number_font
from lab.gui.widgets.copied import as_lines
from lab.gui.widgets.sections import Section

NAMES = 78
"""Width of the names: "Mean square" in one line."""

Row = tuple[str, str, str]
"""A name, its value, and what it is."""


class FactTable(Section):
    """Rows are reused, so that live numbers do not rebuild anything."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent=parent)
        self._rows: list[tuple[QLabel, QLabel]] = []
        self.grid.setVerticalSpacing(5)
        self.grid.setColumnMinimumWidth(0, NAMES)

        copied = QAction("Copy table", self)
        copied.triggered.connect(lambda *_: QGuiApplication.clipboard().setText(self.as_text()))
        self.addAction(copied)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def as_text(self) -> str:
        """What it shows, a line a row."""
        shown = [[name.text(), value.text()] for name, value in self._rows if not name.isHidden()]
        return as_lines([[self.heading.text()], *shown]) if shown else ""

    def show_rows(self, rows: list[Row]) -> None:
        while len(self._rows) < len(rows):
            value = QLabel()
            value.setFont(number_font())
            value.setWordWrap(True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)  # the table's own comes up
            name = self.add_row("", value)
            name.setWordWrap(True)  # "Mean square gradient" must not push the numbers out of the panel
            name.setMaximumWidth(NAMES)
            self._rows.append((name, value))
        for index, (name, value) in enumerate(self._rows):
            used = index < len(rows)
            name.setVisible(used)
            value.setVisible(used)
            if used:
                title, text, tip = rows[index]
                if (name.text(), value.text()) != (title, text):
                    name.setText(title)
                    value.setText(text)
                name.setToolTip(tip)
                value.setToolTip(tip)
        self.setVisible(bool(rows))
