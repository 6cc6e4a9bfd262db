"""Tables as text for the clipboard: a line a row, tabs between cells, as every spreadsheet takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView

MOST_CELLS = 400_000
"""Of a table that is copied as it is shown; of a larger one its first rows."""


@runtime_checkable
class Copies(Protocol):
    """A widget that has something to copy: what it shows, as text."""

    def as_text(self) -> str: ...


def as_lines(rows: list[list[str]]) -> str:
    """Cells may hold tabs and line ends no more than a spreadsheet's can."""
    return "\n".join("\t".join(" ".join(cell.split()) for cell in row) for row in rows)


def rows_as_text(view: QAbstractItemView) -> str:
    """The headings and the selected rows, or all where at most one is selected, as they are sorted and shown."""
    model = view.model()
    across, role = Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole
    columns = [
        k for k in range(model.columnCount()) if not getattr(view, "isColumnHidden", lambda _: False)(k)
    ]
    chosen = sorted(
        {index.row() for index in view.selectionModel().selectedIndexes() if not index.parent().isValid()}
    )
    count = min(model.rowCount(), max(MOST_CELLS // max(len(columns), 1), 1))
    rows = chosen if len(chosen) > 1 else range(count)
    lines = [[said(model.headerData(k, across, role)) for k in columns]]

    def write(row: int, parent: QModelIndex) -> None:
        lines.append([said(model.index(row, k, parent).data(role)) for k in columns])
        first = model.index(row, 0, parent)
        for child in range(model.rowCount(first)):
            write(child, first)

    for row in rows:
        write(row, QModelIndex())
    return as_lines(lines)


def said(value: object) -> str:
    return "" if value is None else str(value)


if TYPE_CHECKING:
    _Base = QAbstractItemView
else:
    _Base = object


class CopiesRows(_Base):
    """Before Qt's class among the bases of a table: Ctrl+C copies rows, not the one cell that Qt would."""

    def as_text(self) -> str:
        return rows_as_text(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.as_text())
        else:
            super().keyPressEvent(event)
