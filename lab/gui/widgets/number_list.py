"""A field for a list of numbers: a line of text, "1, -1, 0.5"."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from lab.gui.theme import number_font
from lab.gui.widgets.numbers import parsed

EXPLAINED = "Numbers with blanks or semicolons between them: 1 -1 0.5"
MOST_SHOWN = 2000
"""Of a longer list the line has the beginning, and cannot be typed in: nobody mends one of 100,000 numbers here."""

Listed = tuple[float, ...]


def written(numbers: Listed) -> str:
    return " ".join(f"{value:.9g}" for value in numbers)


def read(text: str) -> Listed | str:
    """The numbers in a text; or the first word that is none."""
    found: list[float] = []
    for word in text.replace(";", " ").split():
        value = parsed(word)
        if value is None:
            return word
        found.append(value)
    return tuple(found)


class NumbersLine(QLineEdit):
    """`edited` comes on Enter and on leaving; what makes no sense stays to be mended."""

    edited = Signal(object)
    complained = Signal(str)  # why what is typed cannot be taken; "" when it can

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Listed | None = None
        self.setFont(number_font())
        self.setPlaceholderText("none")
        self.textEdited.connect(self._judge)
        self.editingFinished.connect(self._report)

    def describe(self, title: str, tip: str) -> None:
        self.setAccessibleName(title)
        self.setAccessibleDescription(EXPLAINED)
        self.setToolTip(f"{tip}\n{EXPLAINED}".strip())

    def show_value(self, value: Listed) -> None:
        if value != self._shown:  # an echo leaves alone what is being typed
            self._shown = value
            more = " …" if len(value) > MOST_SHOWN else ""
            self.setText(written(value[:MOST_SHOWN]) + more)
            self.setReadOnly(bool(more))
            self.setCursorPosition(0)
            self._complain("")

    @Slot()
    def _judge(self) -> None:
        found = read(self.text())
        self._complain(
            f"“{found}” is no number. Write numbers with blanks between them"
            if isinstance(found, str)
            else ""
        )

    @Slot()
    def _report(self) -> None:
        found = read(self.text())
        if not self.isReadOnly() and not isinstance(found, str) and found != self._shown:
            self.edited.emit(found)

    def _complain(self, complaint: str) -> None:
        if bool(self.property("problem")) != bool(complaint):
            self.setProperty("problem", bool(complaint))
            self.style().polish(self)
        self.complained.emit(complaint)
