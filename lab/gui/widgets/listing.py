"""The listing of an update as a table: sections, layers that fold, and a mark where the machine stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.copied import CopiesRows
from lab.training.listing import Line, derivative, groups

Index = QModelIndex | QPersistentModelIndex

MARK, LAYER, OPERATION, SHAPES, COST = range(5)
HEADS = ("", "layer", "operation", "shapes", "mult-adds")
TIPS = (
    "▶ is the operation that comes next",
    "The layer it belongs to; ▾ folds a layer's operations into one row",
    "What is done",
    "What flows in → what comes out, of one example; of an update, the shapes of the layer's parameters",
    "Multiply-adds for one example; a batch takes that many times its examples",
)
SECTIONS = {
    "batch": "Batch",
    "forward": "Forward",
    "loss": "Loss",
    "backward": "Backward",
    "clip": "Update",
    "update": "Update",
}
LEAST = {OPERATION: 88, LAYER: 88}
"""Pixels that a column keeps where there is too little room for all."""
BLANK = "\u2002\u2009\u200a"
"""As wide as the sign that folds a layer, so that names stand in line."""
DISCLOSURE = 18
"""Pixels at the start of a layer's name that fold it."""
WIDE_ENOUGH_FOR_COST = 440


@dataclass(frozen=True)
class Entry:
    """A row of the table: a section by its title, or lines; more than one where a layer is folded.

    `first` is the first line of the layer's group, `folds` says whether that has more than one line.
    """

    title: str = ""
    lines: range = range(0)
    first: int = 0
    folds: bool = False

    @property
    def is_head(self) -> bool:
        """Whether the layer's name stands here."""
        return not self.title and self.lines.start == self.first


def brief(count: int) -> str:
    """A count in three figures: 840, 118 k, 2.36 M."""
    if count < 1000:
        return str(count)
    value, unit = next((count / size, u) for size, u in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if count >= size)
    return f"{value:.3g} {unit}" if value < 999.5 else f"{value:.0f} {unit}"


def shapes(lines: tuple[Line, ...]) -> str:
    """What flows into the first line and out of the last: 6×28×28 → 6×14×14."""
    first, last = lines[0], lines[-1]
    if first.direction == "update":
        return " + ".join("×".join(map(str, p.shape)) for p in first.parameters)
    if first.direction == "clip":
        return "all gradients"
    into = f"{first.inputs[0]} " if first.inputs else ""
    if first.direction == "loss":
        return f"{into}→ E"
    out = str(last.output) if last.output is not None else ", ".join(map(derivative, last.parameters))
    return f"{into}→ {out}"


class ListingModel(QAbstractTableModel):
    """`operation` is the line that comes next: lines before it have been made."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: tuple[Line, ...] = ()
        self.operation = 0
        self.entries: list[Entry] = []
        self.theme = LIGHT
        self._groups: tuple[range, ...] = ()
        self._folded: set[int] = set()  # first lines of groups

    def show_lines(self, lines: tuple[Line, ...]) -> None:
        if lines != self.lines:
            self.lines, self._groups, self._folded = lines, groups(lines), set()
            self._rebuild()

    def stand_before(self, operation: int) -> None:
        if operation != self.operation:
            self.operation = operation
            self._repaint()

    def show_theme(self, theme: Theme) -> None:
        self.theme = theme
        self._repaint()

    def fold(self, first: int, folded: bool) -> None:
        """Fold the group that begins at line `first` into one row, or unfold it."""
        if (first in self._folded) != folded:
            self._folded ^= {first}
            self._rebuild()

    def is_folded(self, first: int) -> bool:
        return first in self._folded

    def row_of(self, line: int) -> int:
        """The row that shows a line; -1 where there is none."""
        return next((row for row, entry in enumerate(self.entries) if line in entry.lines), -1)

    def _rebuild(self) -> None:
        self.beginResetModel()
        self.entries = []
        section = ""
        for group in self._groups:
            title = SECTIONS[self.lines[group.start].direction]
            if title != section:
                section = title
                self.entries.append(Entry(title))
            if group.start in self._folded:
                self.entries.append(Entry("", group, group.start, True))
            else:
                self.entries += [Entry("", range(k, k + 1), group.start, len(group) > 1) for k in group]
        self.endResetModel()

    def _repaint(self) -> None:
        if self.entries:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.entries) - 1, len(HEADS) - 1))

    # what a view asks

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(HEADS)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid() or self.entries[index.row()].title:
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and section == COST:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return {Qt.ItemDataRole.DisplayRole: HEADS, Qt.ItemDataRole.ToolTipRole: TIPS}.get(
            Qt.ItemDataRole(role), (None,) * len(HEADS)
        )[section]

    def data(self, index: Index, role: int = 0) -> Any:
        entry, column = self.entries[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(entry, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(self._colour(entry))
        if role == Qt.ItemDataRole.FontRole:
            return number_font(bold=bool(entry.title) or self.operation in entry.lines)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == COST:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole and not entry.title:
            return self.tip(entry)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.spoken(entry) if column == MARK else self.text(entry, column)
        return None

    def text(self, entry: Entry, column: int) -> str:
        if entry.title:
            return entry.title if column == MARK else ""
        lines = self._lines_of(entry)
        if column == MARK:
            return "▶" if self.operation in entry.lines else ""
        if column == LAYER:
            sign = BLANK if not entry.folds else "▸ " if len(entry.lines) > 1 else "▾ "
            name = "" if lines[0].direction == "loss" else lines[0].layer
            return f"{sign}{name}" if entry.is_head else ""
        if column == OPERATION:
            return ", ".join(dict.fromkeys(line.operation for line in lines))
        if column == SHAPES:
            return shapes(lines)
        cost = sum(line.multiply_adds for line in lines)
        return brief(cost) if cost else ""

    def spoken(self, entry: Entry) -> str:
        """A row in words, for who cannot see it."""
        if entry.title:
            return entry.title
        lines = self._lines_of(entry)
        words = [lines[0].layer, *dict.fromkeys(line.operation for line in lines), shapes(lines)]
        state = (
            "comes next" if self.operation in entry.lines else "done" if self.is_done(entry) else "to come"
        )
        return ", ".join(word for word in (*words, state) if word)

    def tip(self, entry: Entry) -> str:
        lines = self._lines_of(entry)
        words = [line.formula for line in lines]
        cost = sum(line.multiply_adds for line in lines)
        if cost:
            words.append(f"{cost:,} multiply-adds for one example")
        return "\n".join(dict.fromkeys(words))

    def is_done(self, entry: Entry) -> bool:
        return entry.lines.stop <= self.operation

    def _lines_of(self, entry: Entry) -> tuple[Line, ...]:
        return self.lines[entry.lines.start : entry.lines.stop]

    def _colour(self, entry: Entry) -> str:
        if entry.title:
            return self.theme.muted
        if self.operation in entry.lines:
            return self.theme.accent
        return self.theme.text if self.is_done(entry) else self.theme.muted


class ListingTable(CopiesRows, QTreeView):
    """Arrows choose a line, Left and Right fold and unfold its layer, Enter or a double click runs to it."""

    chosen = Signal(int)
    """A person chose this line."""
    run_here = Signal(int)
    pointed = Signal(int)
    """The line under the pointer; -1 where there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._quiet = False  # while it is turned from outside
        self._natural: dict[int, int] = {}  # widths of the columns, if there is room for all
        self.listing = ListingModel(self)
        self.setModel(self.listing)
        self.setAccessibleName("Operations of an update")
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setExpandsOnDoubleClick(False)
        self.setIndentation(0)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        head = self.header()
        head.setStretchLastSection(False)
        head.setMinimumSectionSize(20)
        head.setSectionsMovable(False)
        for column in range(len(HEADS)):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
        head.setSectionResizeMode(SHAPES, QHeaderView.ResizeMode.Stretch)
        self.listing.modelReset.connect(self._dress)
        self.entered.connect(lambda index: self.pointed.emit(self._line_at(index)))
        self.doubleClicked.connect(self._run_to)

    # what is shown

    def show_lines(self, lines: tuple[Line, ...]) -> None:
        self.listing.show_lines(lines)

    def choose(self, line: int) -> None:
        """Turn to a line, as if a person had, without saying so."""
        row = self.listing.row_of(line)
        if row >= 0 and row != self.currentIndex().row():
            self._quiet = True
            self.setCurrentIndex(self.listing.index(row, LAYER))
            self._quiet = False
            self._bring_into_view()

    def _bring_into_view(self) -> None:
        """The chosen line, and what comes after it."""
        row, last = self.currentIndex().row(), len(self.listing.entries) - 1
        if row >= 0:
            self.scrollTo(self.listing.index(min(row + 2, last), LAYER))
            self.scrollTo(self.listing.index(max(row - 1, 0), LAYER))

    @property
    def line(self) -> int:
        """The line chosen; -1 where none is."""
        return self._line_at(self.currentIndex())

    def _line_at(self, index: Index) -> int:
        if not index.isValid():
            return -1
        lines = self.listing.entries[index.row()].lines
        # of a folded layer that which comes next, or its last one
        return self.listing.operation if self.listing.operation in lines else lines.stop - 1 if lines else -1

    def _dress(self) -> None:
        for row, entry in enumerate(self.listing.entries):
            self.setFirstColumnSpanned(row, QModelIndex(), bool(entry.title))
        model, metrics = self.listing, QFontMetrics(number_font(bold=True))
        self._natural = {
            MARK: metrics.horizontalAdvance("▶") + 14,
            COST: metrics.horizontalAdvance(HEADS[COST]) + 14,
        }
        for column in (LAYER, OPERATION, SHAPES):
            words = {model.text(entry, column) for entry in model.entries} | {HEADS[column]}
            self._natural[column] = max(map(metrics.horizontalAdvance, words)) + 16
        self._share_out()

    def _share_out(self) -> None:
        """Columns as wide as their words, so far as there is room; the shapes take what is left."""
        room, natural = self.viewport().width(), self._natural
        self.setColumnHidden(COST, room < WIDE_ENOUGH_FOR_COST)
        excess = sum(natural.values()) - room
        if room < WIDE_ENOUGH_FOR_COST:
            excess -= natural.get(COST, 0)
        for column, least in LEAST.items():
            given = min(max(excess, 0), max(natural.get(column, 0) - least, 0))
            excess -= given
            self.setColumnWidth(column, natural.get(column, 0) - given)
        for column in (MARK, COST):
            self.setColumnWidth(column, natural.get(column, 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_out()
        self._bring_into_view()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._dress()

    # what a person does

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        line = self._line_at(current)
        if not self._quiet and line >= 0:
            self.chosen.emit(line)

    def _run_to(self, index: Index) -> None:
        if index.isValid() and (lines := self.listing.entries[index.row()].lines):
            self.run_here.emit(lines.start)

    def fold(self, folded: bool) -> None:
        """Fold or unfold the layer of the chosen line."""
        index = self.currentIndex()
        if not index.isValid():
            return
        entry, line = self.listing.entries[index.row()], self.line
        if entry.folds and self.listing.is_folded(entry.first) != folded:
            self.listing.fold(entry.first, folded)
            self.choose(entry.first if folded else line)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and index.column() == LAYER:
            entry = self.listing.entries[index.row()]
            inside = event.position().x() - self.visualRect(index).left()
            if entry.folds and entry.is_head and inside < DISCLOSURE:
                self.fold(not self.listing.is_folded(entry.first))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run_to(self.currentIndex())
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.fold(key == Qt.Key.Key_Left)
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed.emit(-1)
