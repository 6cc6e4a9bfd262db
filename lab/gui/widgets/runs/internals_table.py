"""What each run's optimizer had in hand for the same weights: a row a quantity, a column a run and weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from lab.gui.icons import DOT, run_dot
from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.copied import CopiesRows
from lab.gui.widgets.wording import number
from lab.training.probes import ToldUpdate

Index = QModelIndex | QPersistentModelIndex

SAME: dict[str, str] = {
    "first moment": "velocity",
    "mean square": "running square",
    "second moment": "running square",
    "mean square gradient": "running square",
    "sum of squares": "running square",
}
"""What optimizers remember under names of their own, and is the same kind of thing."""
USUAL = ("weight", "gradient", "velocity", "running square", "step size", "last update")
"""Quantities in their order; what but one optimizer remembers comes before the last two."""
TIPS = {
    "weight": "Its value now, after the last update",
    "gradient": "Slope of the last batch's error along the weight, as the optimizer saw it: clipped, with penalties",
    "velocity": "The running sum of steps or gradients that momentum keeps, or the first moment of Adam",
    "running square": "The running mean, or the sum, of squared gradients",
    "step size": "By what the last update multiplied the gradient, or the direction made of it",
    "last update": "How far the last update moved the weight",
}
PADDING = 18


@dataclass(frozen=True)
class Held:
    """What one run knows of one weight. `colour` is the run's, `short` the weight's name where there are two."""

    run: int
    name: str
    colour: int
    short: str
    update: ToldUpdate

    @property
    def title(self) -> str:
        return " ".join(filter(None, [self.name, self.short]))


def quantities(held: Sequence[Held]) -> tuple[str, ...]:
    """The names of all rows."""
    there = {SAME.get(name, name) for one in held for name in one.update.numbers}
    own = tuple(sorted(there - set(USUAL)))
    usual = tuple(name for name in USUAL if name in there)
    return (*usual[:-2], *own, *usual[-2:]) if set(USUAL[-2:]) <= there else (*usual, *own)


def number_of(one: Held, quantity: str) -> tuple[str, float | None]:
    """What the optimizer itself calls a quantity, and its value; None where it has none, or it is not known."""
    for name, value in one.update.numbers.items():
        if SAME.get(name, name) == quantity:
            return name, value
    return quantity, None


class InternalsModel(QAbstractTableModel):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = LIGHT
        self.held: tuple[Held, ...] = ()
        self.names: tuple[str, ...] = ()
        self.active = -1

    def show_held(self, held: tuple[Held, ...], active: int) -> bool:
        """Whether there are other rows or columns than before."""
        names = quantities(held)
        columns = [(one.run, one.name, one.colour, one.short) for one in held]
        anew = names != self.names or columns != [(o.run, o.name, o.colour, o.short) for o in self.held]
        if anew:
            self.beginResetModel()
        self.held, self.names, self.active = held, names, active
        if anew:
            self.endResetModel()
        elif held:
            self.dataChanged.emit(self.index(0, 0), self.index(len(names), len(held) - 1))
        return anew

    # what Qt asks

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or not self.held else len(self.names) + 1

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.held)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        one = self.held[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole:
            return number_font(bold=one.run == self.active)
        if index.row() == 0:
            return self._title(one, role)
        name, value = number_of(one, self.names[index.row() - 1])
        if role == Qt.ItemDataRole.DisplayRole:
            return "–" if value is None else number(value, 4)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{one.name}, {name} of {one.update.name}: {'none, or not known' if value is None else repr(value)}"
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(self.theme.muted if value is None else self.theme.text)
        return None

    def _title(self, one: Held, role: int) -> Any:
        """The first row says which run it is."""
        if role == Qt.ItemDataRole.DisplayRole:
            return one.title
        if role == Qt.ItemDataRole.DecorationRole:
            return run_dot(self.theme, one.colour)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"Run {one.name}, {one.update.name}"
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal or section == 0:
            return None
        name = self.names[section - 1]
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role == Qt.ItemDataRole.ToolTipRole:
            return TIPS.get(name, "What one of the optimizers remembers")
        return None


class InternalsTable(CopiesRows, QTableView):
    """As high as its rows; it scrolls sideways where there are more runs than it has room for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.internals = InternalsModel(self)
        self.setModel(self.internals)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setIconSize(QSize(DOT, DOT))
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setCornerButtonEnabled(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.verticalHeader().setHighlightSections(False)
        self.verticalHeader().setStyleSheet("QHeaderView::section { border: none; background: transparent; }")
        self.setAccessibleName("What the optimizers had in hand")

    def show_held(self, held: tuple[Held, ...], active: int) -> None:
        if self.internals.show_held(held, active):
            self._fit()

    def _fit(self) -> None:
        metrics, bold = QFontMetrics(number_font()), QFontMetrics(number_font(bold=True))
        number_wide = metrics.horizontalAdvance("−0.000888") + metrics.horizontalAdvance("0")
        for place, one in enumerate(self.internals.held):
            title = bold.horizontalAdvance(one.title) + DOT + 10
            self.setColumnWidth(place, max(number_wide, title) + PADDING)
        self.setFixedHeight(self.sizeHint().height())

    @property
    def wide(self) -> int:
        """Pixels that all columns take."""
        columns = sum(self.columnWidth(k) for k in range(len(self.internals.held)))
        return columns + self.verticalHeader().sizeHint().width() + 6

    def sizeHint(self) -> QSize:
        rows = max(self.internals.rowCount(), 1) * self.verticalHeader().defaultSectionSize()
        return QSize(480, rows + self.horizontalScrollBar().sizeHint().height() + 4)

    def show_theme(self, theme: Theme) -> None:
        self.internals.theme = theme
        self.viewport().update()
