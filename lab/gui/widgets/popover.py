"""A small sheet of settings that opens under its button and closes when one clicks elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QWidget,
)

Options = tuple[tuple[str, str], ...]
COLUMNS = 2
"""Controls beside one another."""


class Popover(QFrame):
    """Headings, choices, switches and buttons, in two columns. It belongs to `button`, under which it opens."""

    def __init__(self, button: QToolButton) -> None:
        super().__init__(button, Qt.WindowType.Popup)
        self.setProperty("card", True)
        self._button = button
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(14, 12, 14, 14)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnMinimumWidth(2, 8)
        self._row = self._column = 0
        button.clicked.connect(self.open)

    def open(self) -> None:
        """Under the button, and within the screen."""
        self.adjustSize()
        at = self._button.mapToGlobal(QPoint(0, self._button.height() + 2))
        room = self._button.screen().availableGeometry()
        x = max(min(at.x(), room.right() - self.width()), room.left())
        y = at.y()
        if y + self.height() > room.bottom():
            y = max(at.y() - self._button.height() - 4 - self.height(), room.top())
        self.move(x, y)
        self.show()

    def heading(self, text: str) -> None:
        self._end_row()
        label = QLabel(text)
        label.setProperty("heading", True)
        if self._row:
            self._grid.setRowMinimumHeight(self._row, 30)
        self._grid.addWidget(label, self._row, 0, 1, 5, Qt.AlignmentFlag.AlignBottom)
        self._row += 1

    def choice(
        self, label: str, options: Options, tip: str, chosen: Callable[[str], None], at: str = ""
    ) -> QComboBox:
        """A named list of (key, words) with the key `at` chosen; `chosen` gets the key."""
        box = QComboBox()
        for key, words in options:
            box.addItem(words, key)
        box.setCurrentIndex(max(box.findData(at), 0))
        box.setToolTip(tip)
        box.setAccessibleName(label)
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        box.currentIndexChanged.connect(lambda: chosen(str(box.currentData())))
        caption = QLabel(label)
        caption.setProperty("caption", True)
        caption.setBuddy(box)
        caption.setToolTip(tip)
        self._add(caption, box)
        return box

    def switch(self, label: str, tip: str, switched: Callable[[bool], None], on: bool = False) -> QCheckBox:
        box = QCheckBox(label)
        box.setChecked(on)
        box.setToolTip(tip)
        box.toggled.connect(switched)
        self._add(None, box)
        return box

    def button(self, label: str, tip: str, pressed: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        button.setText(label)
        button.setToolTip(tip)
        button.clicked.connect(lambda: pressed())
        self._add(None, button)
        return button

    def _add(self, caption: QLabel | None, control: QWidget) -> None:
        first = 3 * self._column
        if caption is not None:
            self._grid.addWidget(caption, self._row, first)
            self._grid.addWidget(control, self._row, first + 1)
        else:
            self._grid.addWidget(control, self._row, first, 1, 2)
        self._column += 1
        if self._column == COLUMNS:
            self._end_row()

    def _end_row(self) -> None:
        if self._column:
            self._column, self._row = 0, self._row + 1
