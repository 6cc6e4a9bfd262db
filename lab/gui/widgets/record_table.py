"""A table of records: named columns, a row each, sorted by the column that is clicked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from lab.gui.theme import number_font
from lab.gui.widgets.columns import side
from lab.gui.widgets.copied import CopiesRows
from lab.gui.widgets.wording import number

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column:
    """`write` says a value of it in words."""

    title: str
    tip: str = ""
    write: Callable[[Any], str] = number


def plainly(value: Any) -> str:
    return str(value)


class Records(QAbstractTableModel):
    """Rows are tuples, a value for each column."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.columns: tuple[Column, ...] = ()
        self.rows: Sequence[tuple[Any, ...]] = ()

    def show(self, columns: tuple[Column, ...], rows: Sequence[tuple[Any, ...]]) -> None:
        if [c.title for c in columns] != [c.title for c in self.columns] or len(rows) != len(self.rows):
            self.beginResetModel()
            self.columns, self.rows = columns, rows
            self.endResetModel()
        elif rows != self.rows and rows:
            self.columns, self.rows = columns, rows
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(columns) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        return self.columns[section].tip if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = 0) -> Any:
        value = self.rows[index.row()][index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            if isinstance(value, float) and math.isnan(value):
                return "–"
            return self.columns[index.column()].write(value)
        if role == Qt.ItemDataRole.UserRole:  # what it is sorted by
            return -math.inf if isinstance(value, float) and math.isnan(value) else value
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return side(isinstance(value, str))
        return None


class RecordTable(CopiesRows, QTableView):
    """Columns as wide as their words; `chosen` says which record was turned to, as they were given."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.records = Records(self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.records)
        self._sorted.setSortRole(Qt.ItemDataRole.UserRole)
        self.setModel(self._sorted)
        self.setFont(number_font())
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSortingEnabled(True)
        self.sortByColumn(
            -1, Qt.SortOrder.AscendingOrder
        )  # as they were given, until a person wants otherwise
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.verticalHeader().setMinimumSectionSize(10)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setMinimumSectionSize(24)
        self.selectionModel().currentRowChanged.connect(self._tell)

    def show_records(self, columns: tuple[Column, ...], rows: Sequence[tuple[Any, ...]]) -> None:
        self.selectionModel().blockSignals(True)
        self.records.show(columns, rows)
        self.selectionModel().blockSignals(False)

    def choose(self, record: int) -> None:
        """Mark a record, as if it had been turned to, without saying so; -1: none."""
        self.selectionModel().blockSignals(True)
        if 0 <= record < self.records.rowCount():
            self.setCurrentIndex(self._sorted.mapFromSource(self.records.index(record, 0)))
        else:
            self.clearSelection()
            self.selectionModel().clearCurrentIndex()
        self.selectionModel().blockSignals(False)
        self.viewport().update()

    def _tell(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid():
            self.chosen.emit(self._sorted.mapToSource(now).row())
