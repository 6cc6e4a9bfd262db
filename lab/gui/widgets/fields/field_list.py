"""The table of receptive fields: a layer a line, those marked that have outgrown the input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.columns import heading, side
from lab.gui.widgets.copied import CopiesRows
from lab.gui.widgets.fields.words import ASKEW, OUTGROWN, both_axes, exactly, padding_of, row_words, size_of
from lab.gui.widgets.wording import share
from lab.network.field_table import FieldRow

Index = QModelIndex | QPersistentModelIndex
PADDING = 19


@dataclass(frozen=True)
class Column:
    """`tip` says what the figure is, `text` writes it."""

    title: str
    tip: str
    text: Callable[[FieldRow], str]
    words: bool = False


COLUMNS = (
    Column("layer", "The layer; its selected unit is drawn on the input", lambda row: row.layer, True),
    Column(
        "field",
        "Pixels of the input that one unit sees, an axis: the size of its receptive field, its padding counted. "
        "From–to where it depends on the unit's position. Rows × columns where the axes differ. "
        f"{OUTGROWN} it is larger than the input",
        lambda row: f"{OUTGROWN} " * row.has_outgrown + both_axes(size_of(row.axes[0]), size_of(row.axes[1])),
    ),
    Column("output", "Channels × height × width of what it gives", lambda row: str(row.output)),
    Column("sees", "The greatest share of the input that a unit sees", lambda row: share(row.share)),
    Column(
        "stride",
        "How many pixels the field moves from one unit to the next; below 1 after an upsampling",
        lambda row: both_axes(exactly(row.axes[0].stride), exactly(row.axes[1].stride)),
    ),
    Column(
        "padding",
        "How many pixels before the input's first one the first unit's field begins: the effective padding",
        lambda row: both_axes(padding_of(row.axes[0]), padding_of(row.axes[1])),
    ),
    Column(
        "centre",
        "Where the middle of the first unit's field lies, in pixels from the input's first one",
        lambda row: both_axes(exactly(row.axes[0].centre), exactly(row.axes[1].centre)),
    ),
)


class FieldModel(QAbstractTableModel):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[FieldRow, ...] = ()
        self.askew: frozenset[str] = frozenset()
        self.theme = LIGHT

    def show_rows(self, rows: tuple[FieldRow, ...], askew: frozenset[str]) -> None:
        self.beginResetModel()
        self.rows, self.askew = rows, askew
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], COLUMNS[index.column()]
        is_askew = column.words and row.layer in self.askew
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{ASKEW} {row.layer}" if is_askew else column.text(row)
        if role == Qt.ItemDataRole.ForegroundRole and is_askew:
            return QColor(self.theme.warning)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return row_words(row) if column.words else f"{column.tip}: {column.text(row)}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return side(column.words)
        if role == Qt.ItemDataRole.FontRole:
            return number_font(bold=row.has_outgrown and column.title == "field")
        if role == Qt.ItemDataRole.ForegroundRole and row.has_outgrown and column.title == "field":
            return QColor(self.theme.warning)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        column = COLUMNS[section]
        return heading(column.title, column.tip, column.words, role)


class FieldList(CopiesRows, QTableView):
    """`chosen` carries the name of the layer that a person goes to."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fields = FieldModel(self)
        self.setModel(self.fields)
        self.setFont(number_font())
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(30)
        header.setHighlightSections(False)
        self.setMinimumSize(120, 60)
        self.setAccessibleName("Receptive fields of all layers")
        self.selectionModel().currentRowChanged.connect(lambda now, _: self._choose(now))

    def show_rows(self, rows: tuple[FieldRow, ...], askew: frozenset[str] = frozenset()) -> None:
        """`askew` are the joins whose branches look at different places."""
        if rows is self.fields.rows and askew == self.fields.askew:
            return
        self.selectionModel().blockSignals(True)
        self.fields.show_rows(rows, askew)
        self.selectionModel().blockSignals(False)
        self.setAccessibleDescription("; ".join(map(row_words, rows)))
        plain, bold = QFontMetrics(number_font()), QFontMetrics(number_font(bold=True))
        for place, column in enumerate(COLUMNS):
            mark = f"{ASKEW} " if askew and column.words else ""
            texts = [bold.horizontalAdvance(mark + column.text(row)) for row in rows]
            wide = max([plain.horizontalAdvance(column.title) + 2, *texts]) + PADDING
            self.setColumnWidth(place, min(wide, 160))

    def choose(self, layer: str) -> None:
        """Mark a layer's line, as if it had been clicked, without saying so."""
        place = next((k for k, row in enumerate(self.fields.rows) if row.layer == layer), -1)
        if place != self.currentIndex().row() or not self.selectionModel().hasSelection():
            self.selectionModel().blockSignals(True)
            self.selectRow(place) if place >= 0 else self.clearSelection()
            self.selectionModel().blockSignals(False)
            self.viewport().update()

    def _choose(self, now: QModelIndex) -> None:
        if 0 <= now.row() < len(self.fields.rows):
            self.chosen.emit(self.fields.rows[now.row()].layer)

    def show_theme(self, theme: Theme) -> None:
        self.fields.theme = theme
        self.viewport().update()

    def sizeHint(self) -> QSize:
        wide = sum(self.columnWidth(place) for place in range(len(COLUMNS))) + 24
        rows = max(len(self.fields.rows), 1)
        high = self.horizontalHeader().sizeHint().height() + rows * self.verticalHeader().defaultSectionSize()
        return QSize(wide, high + 16)
