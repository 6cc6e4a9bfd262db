"""The table of runs: one row each, columns one can sort by, the best figure of a column marked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from lab.gui.icons import DOT, run_dot
from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.columns import heading, side
from lab.gui.widgets.copied import CopiesRows
from lab.gui.widgets.wording import number, share
from lab.training.comparison import Row

BEST = "★"
NARROWEST, PADDING = 34, 20
"""Pixels of a column, and of the room at both sides of its text."""
LONGEST_WORDS, SHARE_OF_WORDS = 250, 0.45
"""Pixels that a column of words takes at most, and which share of the table; the whole is in the tool tip."""

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column:
    """`text` writes a row's figure, `value` is the figure itself, for sorting and for files."""

    key: str
    title: str
    tip: str
    text: Callable[[Row], str]
    value: Callable[[Row], Any]
    words: bool = False
    rare: bool = False
    """Whether it is left out where it is not known of any run."""

    def knows(self, row: Row) -> bool:
        value = self.value(row)
        return value is not None and not (isinstance(value, float) and math.isnan(value))


def _figure(key: str, title: str, tip: str, write: Callable[[Any], str], rare: bool = False) -> Column:
    return Column(
        key, title, tip, lambda row: write(getattr(row, key)), lambda row: getattr(row, key), rare=rare
    )


def _counted(value: float | None) -> str:
    return "–" if value is None or value < 0 else f"{value:,.0f}"


def _error(value: float) -> str:
    return "–" if math.isnan(value) else number(value)


COLUMNS = (
    Column("name", "run", "The run", lambda row: row.name, lambda row: row.name, words=True),
    Column(
        "difference",
        "differs by",
        "What it does otherwise than the first run, or than the run that it was branched from",
        lambda row: row.difference,
        lambda row: row.difference,
        words=True,
    ),
    _figure(
        "training_error",
        "training",
        "Error of the batches of the last 1,000 examples, or of one pass where that is fewer, their mean",
        _error,
    ),
    _figure(
        "validation_error", "validation", "Error on the validation part, when it was last taken", _error, True
    ),
    _figure(
        "accuracy",
        "accuracy",
        "Right answers on the validation part / all answers",
        lambda value: "–" if math.isnan(value) else share(value),
        True,
    ),
    _figure(
        "best_error", "best", "The lowest error so far, on the validation part where there is one", _error
    ),
    _figure("best_step", "at step", "The step at which the error was lowest", _counted),
    _figure(
        "reached_step", "steps to level", "Updates until the error was first at the level or below", _counted
    ),
    _figure(
        "reached_examples",
        "examples to level",
        "Training examples seen until the error was first at the level or below",
        _counted,
    ),
    _figure(
        "from_start", "from start", "|w − w₀|: how far the weights have come from their start", _error, True
    ),
    _figure(
        "to_minimum",
        "to minimum",
        "|w − w*|: how far the weights are from the nearest known minimum",
        _error,
        True,
    ),
    _figure("step", "step", "Updates of the weights", _counted),
    _figure("examples", "examples", "Training examples seen", _counted),
    _figure("epochs", "epochs", "Passes through the training part", lambda value: f"{value:,.2f}"),
    _figure("seconds", "seconds", "Seconds of training", lambda value: f"{value:,.1f}"),
    _figure("parameters", "weights", "Numbers that are learned, and running statistics", _counted),
    _figure("multiply_adds", "mult-adds", "Multiply-adds of one example, forwards", _counted),
    Column(
        "state",
        "state",
        "Whether it goes on with the others",
        lambda row: row.state,
        lambda row: row.state,
        words=True,
    ),
)


class RunsModel(QAbstractTableModel):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[Row, ...] = ()
        self._best: Mapping[str, frozenset[int]] = {}
        self._stopped: frozenset[int] = frozenset()
        self.active = -1
        self.theme = LIGHT
        self._sorted_by, self._descending = -1, False
        self._order: tuple[int, ...] = ()

    def show_rows(
        self, rows: tuple[Row, ...], best: Mapping[str, frozenset[int]], stopped: frozenset[int], active: int
    ) -> None:
        anew = len(rows) != len(self._rows)
        if anew:
            self.beginResetModel()
        self._rows, self._best, self._stopped, self.active = rows, best, stopped, active
        self._arrange()
        if anew:
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(COLUMNS) - 1))

    def row(self, place: int) -> Row:
        """The run that stands at a place of the table."""
        return self._rows[self._order[place]]

    def place_of(self, run: int) -> int:
        """Where a run stands in the table; -1 if nowhere."""
        return next((k for k in range(len(self._order)) if self.row(k).run == run), -1)

    def _arrange(self) -> None:
        order = range(len(self._rows))
        if self._sorted_by < 0:
            self._order = tuple(order)
            return
        value = COLUMNS[self._sorted_by].value

        def known(k: int) -> bool:
            found = value(self._rows[k])
            return COLUMNS[self._sorted_by].knows(self._rows[k]) and found != -1

        there = sorted(filter(known, order), key=lambda k: value(self._rows[k]), reverse=self._descending)
        self._order = (*there, *(k for k in order if not known(k)))  # what is not known comes last either way

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        self._sorted_by, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._arrange()
        self.layoutChanged.emit()

    # what Qt asks

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def is_best(self, row: Row, column: Column) -> bool:
        return row.run in self._best.get(column.key, ())

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.row(index.row()), COLUMNS[index.column()]
        is_best = self.is_best(row, column)
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{BEST} {column.text(row)}" if is_best else column.text(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            words = column.text(row) if column.words else f"{column.tip}: {column.text(row)}"
            return f"{words} (the best)" if is_best else words
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return side(column.words)
        if role == Qt.ItemDataRole.FontRole:
            return number_font(bold=is_best or (column.key == "name" and row.run == self.active))
        if role == Qt.ItemDataRole.DecorationRole and column.key == "name":
            return run_dot(self.theme, row.colour, hollow=row.run in self._stopped)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        column = COLUMNS[section]
        tip = f"{column.tip}. Click to sort, a third time for the order of the runs"
        return heading(column.title, tip, column.words, role)


class RunsTable(CopiesRows, QTableView):
    """`chosen` carries the number of a run that was clicked, or on which Return was pressed."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runs = RunsModel(self)
        self.setModel(self.runs)
        self.setSortingEnabled(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setIconSize(QSize(DOT, DOT))
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 9)
        header = self.horizontalHeader()
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(NARROWEST)
        header.setHighlightSections(False)
        self.setAccessibleName("Runs")
        self.clicked.connect(lambda index: self.chosen.emit(self.runs.row(index.row()).run))
        self.activated.connect(lambda index: self.chosen.emit(self.runs.row(index.row()).run))
        self._widths = [0] * len(COLUMNS)
        self._active = -1

    def show_rows(
        self, rows: tuple[Row, ...], best: Mapping[str, frozenset[int]], stopped: frozenset[int], active: int
    ) -> None:
        anew = len(rows) != self.runs.rowCount() or active != self._active
        self.runs.show_rows(rows, best, stopped, active)
        if anew:
            self._active = active
            self.selectRow(self.runs.place_of(active))
        for place, column in enumerate(COLUMNS):
            hide = column.rare and not any(map(column.knows, rows))
            if hide != self.isColumnHidden(place):
                self.setColumnHidden(place, hide)
        self._widen()

    def show_theme(self, theme: Theme) -> None:
        self.runs.theme = theme
        self.viewport().update()

    def _widen(self) -> None:
        """Columns grow with what they hold and never shrink, so that the table stands still while numbers change."""
        plain, bold = QFontMetrics(number_font()), QFontMetrics(number_font(bold=True))
        longest = round(min(max(SHARE_OF_WORDS * self.width(), 110), LONGEST_WORDS))
        for place, column in enumerate(COLUMNS):
            texts = [column.text(self.runs.row(k)) for k in range(self.runs.rowCount())]
            wanted = _wide(plain, column.title) + 14
            if column.words:
                wanted = max(wanted, min(max((_wide(bold, text) for text in texts), default=0) + 18, longest))
            else:
                wanted = max([wanted, *(_wide(bold, f"{BEST} {text}") for text in texts)])
            if wanted > self._widths[place]:
                self._widths[place] = wanted
                self.setColumnWidth(place, wanted)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Words leave room for figures, also where there is less of it than there was."""
        super().resizeEvent(event)
        self._widths = [0 if c.words else wide for c, wide in zip(COLUMNS, self._widths, strict=True)]
        self._widen()

    def sizeHint(self) -> QSize:
        rows = max(self.runs.rowCount(), 1)
        high = self.horizontalHeader().sizeHint().height() + rows * self.verticalHeader().defaultSectionSize()
        return QSize(480, high + self.horizontalScrollBar().sizeHint().height() + 4)


def _wide(metrics: QFontMetrics, text: str) -> int:
    return metrics.horizontalAdvance(text) + PADDING
