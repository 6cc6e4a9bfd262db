"""A confusion matrix: counts one can read, with what each row and column adds up to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from lab.gui.theme import LIGHT, Theme, number_font, sequential
from lab.gui.widgets.colorbar import paint_bar
from lab.gui.widgets.colour import Scale, image_of, pixel_table, rows_of_map
from lab.gui.widgets.wording import share

Cell = tuple[int, int]
"""(true, predicted)"""
LINED = 6
"""Pixels of a cell below which there are no lines between cells, nor names."""


class Matrix(QWidget):
    """Rows are true classes, columns predicted ones; a last column says how many of each row are right."""

    hovered = Signal(object)
    clicked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._counts: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self._names: tuple[str, ...] = ()
        self._chosen: Cell | None = None
        self._laid_out_for: tuple[object, ...] = ()
        self._laid_out, self._label_room = (QRectF(), False), 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(150, 110)

    def show_counts(self, counts: NDArray[np.int64], names: tuple[str, ...]) -> None:
        if names != self._names or not np.array_equal(counts, self._counts):
            self._counts, self._names = counts, names
            self.update()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def choose(self, cell: Cell | None) -> None:
        if cell != self._chosen:
            self._chosen = cell
            self.update()

    @property
    def counts(self) -> NDArray[np.int64]:
        return self._counts

    # where it lies

    def _grid(self) -> tuple[QRectF, bool]:
        """The area of all cells, and whether the column of right shares has room."""
        key = (self.size(), len(self._counts), self._names, self.font().key())
        if key != self._laid_out_for:
            self._laid_out_for = key
            self._label_room = self._label_width()
            self._laid_out = self._lay_out()
        return self._laid_out

    def _lay_out(self) -> tuple[QRectF, bool]:
        many = max(len(self._counts), 1)
        line = self.fontMetrics().height()
        left, top = line + 8 + self._label_room, 2 * line + 10
        room = self.fontMetrics().horizontalAdvance("100.0 %") + 14
        wide = self.width() - left - 4
        tall = self.height() - top - 4
        with_shares = wide - room >= 14 * many
        if with_shares:
            wide -= room
        cell = (min(wide / many, 1.9 * tall / many), min(tall / many, wide / many))
        width = max(int(cell[0]), 1) * many
        height = max(int(cell[1]), 1) * many
        spare = max((self.width() - left - width - (room if with_shares else 0)) // 2, 0)
        return QRectF(left + spare, top, width, height), with_shares

    def _label_width(self) -> int:
        widest = max((self.fontMetrics().horizontalAdvance(name) for name in self._names), default=0)
        return min(widest + 8, self.width() // 5)

    def area_of(self, cell: Cell) -> QRectF:
        grid, _ = self._grid()
        width, height = grid.width() / len(self._counts), grid.height() / len(self._counts)
        return QRectF(grid.left() + cell[1] * width, grid.top() + cell[0] * height, width, height)

    def cell_at(self, point: QPointF) -> Cell | None:
        grid, _ = self._grid()
        many = len(self._counts)
        if not many or not grid.contains(point):
            return None
        row = int((point.y() - grid.top()) * many / grid.height())
        column = int((point.x() - grid.left()) * many / grid.width())
        return min(row, many - 1), min(column, many - 1)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        many = len(self._counts)
        if not many:
            return
        painter = QPainter(self)
        grid, with_shares = self._grid()
        cell = self.area_of((0, 0))
        most = int(self._counts.max(initial=1)) or 1
        pixels = pixel_table(sequential(self._theme), self._theme.danger)[
            rows_of_map(np.sqrt(self._counts), 0.0, float(np.sqrt(most)))
        ]
        pixels[self._counts == 0] = QColor(self._theme.raised).rgba()  # nothing there: no colour either
        painter.drawImage(grid, image_of(pixels))
        painter.setPen(QPen(QColor(self._theme.grid), 1))
        for k in range(many + 1) if min(cell.width(), cell.height()) >= LINED else (0, many):
            x, y = round(grid.left() + k * cell.width()), round(grid.top() + k * cell.height())
            painter.drawLine(x, round(grid.top()), x, round(grid.bottom()))
            painter.drawLine(round(grid.left()), y, round(grid.right()), y)
        self._paint_counts(painter, pixels)
        self._paint_names(painter, grid, with_shares)
        if self._chosen is not None and max(self._chosen) < many:
            area = self.area_of(self._chosen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._theme.surface), 4))
            painter.drawRect(area)
            painter.setPen(QPen(QColor(self._theme.accent), 2))
            painter.drawRect(area)

    def _paint_counts(self, painter: QPainter, pixels: NDArray[np.uint32]) -> None:
        cell = self.area_of((0, 0))
        longest = str(int(self._counts.max(initial=0)))
        size = number_font().pointSizeF()
        while size > 5:
            font = number_font(size)
            painter.setFont(font)
            metrics = painter.fontMetrics()
            if (
                metrics.horizontalAdvance(longest) <= cell.width() - 3
                and metrics.height() <= cell.height() + 3
            ):
                break
            size -= 0.5
        else:
            return
        bold = number_font(size, bold=True)
        for true, row in enumerate(self._counts):
            for predicted, count in enumerate(row):
                if not count and true != predicted:
                    continue
                ground = QColor(int(pixels[true, predicted]))
                light = 0.299 * ground.redF() + 0.587 * ground.greenF() + 0.114 * ground.blueF() > 0.5
                painter.setPen(QColor("#101216" if light else "#ffffff"))
                painter.setFont(bold if true == predicted else font)
                painter.drawText(self.area_of((true, predicted)), Qt.AlignmentFlag.AlignCenter, str(count))

    def _paint_names(self, painter: QPainter, grid: QRectF, with_shares: bool) -> None:
        many = len(self._counts)
        line = self.fontMetrics().height()
        painter.setFont(self.font())
        painter.setPen(QColor(self._theme.muted))
        wide = painter.fontMetrics().horizontalAdvance("predicted class") + 2
        start = max(min(grid.center().x() - wide / 2, self.width() - wide), 0)
        painter.drawText(QRectF(start, 0, wide, line), Qt.AlignmentFlag.AlignCenter, "predicted class")
        self._paint_scale(painter, grid, line)
        painter.save()
        painter.translate(grid.left() - self._label_room - line - 4, grid.bottom())
        painter.rotate(-90)
        tall = max(grid.height(), painter.fontMetrics().horizontalAdvance("true class") + 2)
        painter.drawText(
            QRectF((grid.height() - tall) / 2, 0, tall, line), Qt.AlignmentFlag.AlignCenter, "true class"
        )
        painter.restore()
        painter.setPen(QColor(self._theme.text))
        elide, right = (
            Qt.TextElideMode.ElideRight,
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
        )
        for k, name in enumerate(self._names[:many]):
            cell = self.area_of((k, k))
            above = QRectF(cell.left(), grid.top() - line - 4, cell.width(), line)
            if cell.width() >= LINED:
                text = painter.fontMetrics().elidedText(name, elide, int(cell.width()))
                painter.drawText(above, Qt.AlignmentFlag.AlignCenter, text)
            if cell.height() < line - 3:
                continue
            beside = QRectF(grid.left() - self._label_room - 6, cell.top(), self._label_room, cell.height())
            text = painter.fontMetrics().elidedText(name, elide, self._label_room)
            painter.drawText(beside, right, text)
        if not with_shares:
            return
        painter.setPen(QColor(self._theme.muted))
        room = painter.fontMetrics().horizontalAdvance("100.0 %") + 12
        painter.drawText(QRectF(grid.right() + 2, grid.top() - line - 4, room, line), right, "right")
        painter.setFont(number_font())
        painter.setPen(QColor(self._theme.text))
        for k, row in enumerate(self._counts):
            cell = self.area_of((k, many - 1))
            text = share(row[k] / row.sum()) if row.sum() else "–"
            if cell.height() >= line - 3:
                painter.drawText(QRectF(grid.right() + 2, cell.top(), room, cell.height()), right, text)

    def _paint_scale(self, painter: QPainter, grid: QRectF, line: int) -> None:
        """The colours' meaning, at the end of the first line where it has room."""
        most = str(int(self._counts.max(initial=1)))
        metrics = painter.fontMetrics()
        taken = grid.center().x() + metrics.horizontalAdvance("predicted class") / 2 + 16
        end = self.width() - 4 - metrics.horizontalAdvance(most)
        bar = QRectF(round(end - 66) + 0.5, round(line / 2 - 4) + 0.5, 60, 8)
        if bar.left() - metrics.horizontalAdvance("1") - 6 < taken:
            return
        painter.drawText(QRectF(end, 0, 60, line), Qt.AlignmentFlag.AlignVCenter, most)
        painter.drawText(
            QRectF(bar.left() - 26, 0, 20, line),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            "1",
        )
        paint_bar(painter, bar, Scale(sequential(self._theme), 1, float(most)), self._theme)
        painter.setPen(QColor(self._theme.muted))

    # pointing

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(self.cell_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self._point(cell)

    def _point(self, cell: Cell) -> None:
        self.choose(cell)
        self.clicked.emit(cell)

    own_keys = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move, Enter takes the next example of the chosen kind."""
        key, many = Qt.Key(event.key()), len(self._counts)
        step = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
            Qt.Key.Key_Return: (0, 0),
            Qt.Key.Key_Enter: (0, 0),
        }.get(key)
        if step is None or not many:
            super().keyPressEvent(event)
            return
        row, column = self._chosen or (0, 0)
        row, column = row + step[0], column + step[1]
        self._point((min(max(row, 0), many - 1), min(max(column, 0), many - 1)))
