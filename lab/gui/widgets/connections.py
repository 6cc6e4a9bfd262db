"""A field for which filters see which input maps, in the notation of table I of LeCun et al., "Gradient-based
learning applied to document recognition" (1998)."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QRect, QSize, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from lab.gui.theme import number_font
from lab.problem import Problem, ProblemError

Connections = tuple[tuple[int, ...], ...]

ALL, NONE = "all", "–"
EXPLAINED = (
    "One group of digits for each filter, the input maps that it sees: 012 123 234\n"
    "Numbers above 9 are separated by commas: 0,1,12 3,4 12,\n"
    "Nothing: every filter sees all maps."
)
_WHERE = "connections"


def written(table: Connections) -> str:
    """The table as text: "012 123", with commas once a number is above 9, "0,1,12 3,4"; "" for all with all."""
    is_plain = all(number <= 9 for row in table for number in row)
    return " ".join(_group(row, is_plain) for row in table)


def _group(row: tuple[int, ...], is_plain: bool) -> str:
    if not row:
        return NONE
    return "".join(map(str, row)) if is_plain else ",".join(map(str, row)) + ("," if len(row) == 1 else "")


def read(text: str, most: int | None = None) -> Connections:
    """The table written in `text`, each filter's maps in ascending order; ProblemError says what makes no sense.

    A group without a comma is one digit after the other; "12," is map 12 alone.
    """
    groups = text.split()
    if groups in ([], [ALL]):
        return ()
    return tuple(_row(group, filter_, most) for filter_, group in enumerate(groups))


def _row(group: str, filter_: int, most: int | None) -> tuple[int, ...]:
    if group in (NONE, "-"):
        return ()
    parts = group.rstrip(",").split(",") if "," in group else list(group)
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise ProblemError(
            Problem(
                _WHERE, f"“{group}” for filter {filter_} is no list of maps", "Write 012 123, or 0,1,12 3,4"
            )
        )
    row = sorted(map(int, parts))
    for before, after in pairwise(row):
        if before == after:
            raise ProblemError(Problem(_WHERE, f"Filter {filter_} has map {after} twice", "Name it once"))
    if most is not None and row[-1] > most:
        raise ProblemError(
            Problem(
                _WHERE, f"Filter {filter_} has map {row[-1]}", f"Maps are counted from 0, to {most:,} at most"
            )
        )
    return tuple(row)


class Picture(QWidget):
    """The table as a picture: a column for each filter, a row for each map, filled where the one sees the other.

    Hidden where every filter sees all maps, and where the squares would be too small to be told apart.
    """

    LARGEST, LEAST, MOST_ROWS = 10, 4, 24

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table: Connections = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_table(self, table: Connections) -> None:
        self._table = table
        self.setVisible(0 < self._rows <= self.MOST_ROWS and len(table) * self.LEAST <= 400)
        filters, maps = f"{len(table)} filters", f"{self._rows} maps"
        self.setToolTip(f"Across: {filters}. Down: {maps}. Filled where a filter sees a map.")
        self.updateGeometry()
        self.update()

    @property
    def _rows(self) -> int:
        return 1 + max((number for row in self._table for number in row), default=-1)

    @property
    def _cell(self) -> int:
        return max(self.LEAST, min(self.LARGEST, self.width() // max(1, len(self._table))))

    def sizeHint(self) -> QSize:
        return QSize(0, self._rows * self._cell)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        seen, unseen = self.palette().placeholderText().color(), self.palette().mid().color()
        cell = self._cell
        for column, row in enumerate(self._table):
            for number in range(self._rows):
                colour = seen if number in row else unseen
                inset = 1 if number in row else cell // 2 - 1
                square = QRect(column * cell, number * cell, cell, cell)
                painter.fillRect(square.adjusted(inset, inset, -inset, -inset), colour)
        painter.end()


class ConnectionsLine(QLineEdit):
    """The table as a line of text, and in `picture`, which may be placed elsewhere.

    `edited` comes on Enter and on leaving; what makes no sense stays to be mended.
    """

    edited = Signal(object)
    complained = Signal(str)  # why what is typed cannot be taken; "" when it can

    def __init__(self, most: int | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Connections | None = None
        self._most = most
        self.picture = Picture()
        self.setFont(number_font())
        self.setPlaceholderText(ALL)
        self.textEdited.connect(self._judge)
        self.editingFinished.connect(self._report)

    def describe(self, title: str, tip: str) -> None:
        self.setAccessibleName(title)
        self.setAccessibleDescription(EXPLAINED)
        self.setToolTip(f"{tip}\n{EXPLAINED}".strip())

    def show_value(self, value: Connections) -> None:
        if value != self._shown:  # an echo leaves alone what is being typed
            self._shown = value
            self.setText(written(value))
            self.setCursorPosition(0)
            self.picture.show_table(value)
            self._complain("")

    def _taken(self) -> Connections | None:
        """What is typed, None while it makes no sense, with the complaint shown."""
        try:
            table = read(self.text(), self._most)
        except ProblemError as error:
            self._complain("; ".join(f"{p.what}. {p.mend}" for p in error.problems))
            return None
        self._complain("")
        self.picture.show_table(table)
        return table

    @Slot()
    def _judge(self) -> None:
        self._taken()

    @Slot()
    def _report(self) -> None:
        table = self._taken()
        if table is not None:
            if self.text() != written(table):
                self.setText(written(table))
            if table != self._shown:
                self.edited.emit(table)

    def _complain(self, complaint: str) -> None:
        if bool(self.property("problem")) != bool(complaint):
            self.setProperty("problem", bool(complaint))
            self.style().polish(self)
        self.complained.emit(complaint)
