"""An array as numbers: all of them, in a table that draws only what is in sight."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.copied import CopiesRows
from lab.gui.widgets.wording import number

Index = QModelIndex | QPersistentModelIndex
ACROSS = 8
"""Numbers of a vector in a row."""


class Numbers(QAbstractTableModel):
    """Rows are all axes but the last, columns the last; a vector goes line by line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = LIGHT
        self._shape: tuple[int, ...] = (0,)
        self._flat: NDArray[np.float32] = np.zeros(0, np.float32)
        self._across = ACROSS

    def show_array(self, values: NDArray[np.float32]) -> None:
        """Flows are [C, H, W]; those of one pixel are vectors."""
        shape = values.shape
        if len(shape) == 3 and shape[1:] == (1, 1):
            shape = shape[:1]
        if (shape, values.size) == (self._shape, self._flat.size):
            self._flat = values.reshape(-1)
            if values.size:
                self.dataChanged.emit(
                    self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1)
                )
            return
        self.beginResetModel()
        self._shape, self._flat = shape, values.reshape(-1)
        self._across = shape[-1] if len(shape) > 1 else min(ACROSS, shape[0])
        self.endResetModel()

    def spot(self, row: int, column: int) -> tuple[int, ...]:
        """The indices of the number in a cell."""
        at = row * self._across + column
        return tuple(int(k) for k in np.unravel_index(at, self._shape))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or not self._flat.size else -(-self._flat.size // self._across)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else self._across

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation == Qt.Orientation.Horizontal:
            return f"+{section}" if len(self._shape) == 1 else str(section)
        return ", ".join(map(str, self.spot(section, 0)[: len(self._shape) - 1 or 1]))

    def data(self, index: Index, role: int = 0) -> Any:
        at = index.row() * self._across + index.column()
        if at >= self._flat.size:
            return None
        value = float(self._flat[at])
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return number(value)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"[{', '.join(map(str, self.spot(index.row(), index.column())))}]: {value!r}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(
                self.theme.danger
                if not np.isfinite(value)
                else self.theme.muted
                if value == 0
                else self.theme.text
            )
        return None


class NumberTable(CopiesRows, QTableView):
    """A row of the array a line; the tool tip of a cell has its indices and all its digits."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.numbers = Numbers(self)
        self.setModel(self.numbers)
        self.setFont(number_font())
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self._fit()

    def show_array(self, values: NDArray[np.float32]) -> None:
        self.numbers.show_array(values)

    def show_theme(self, theme: Theme) -> None:
        self.numbers.theme = theme
        self.viewport().update()

    def _fit(self) -> None:
        wide = self.fontMetrics().horizontalAdvance("−0.000888")
        self.horizontalHeader().setDefaultSectionSize(wide + 10)
        self.horizontalHeader().setMinimumSectionSize(20)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.verticalHeader().setMinimumSectionSize(10)
