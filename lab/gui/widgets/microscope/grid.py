"""A few numbers in a square: a patch, a kernel, a product."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme
from lab.gui.widgets.microscope.cells import outline, paint_cells
from lab.training.microscope import said

Place = tuple[int, int]
ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


def _alike(one: NDArray[np.bool_] | None, other: NDArray[np.bool_] | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))


class NumberGrid(QWidget):
    """Arrow keys walk over the cells, Enter or a click chooses one."""

    clicked = Signal(int, int)
    hovered = Signal(object)
    """(row, column), or None."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._name = name
        self._values: NDArray[np.float64] = np.zeros((0, 0))
        self._inside: NDArray[np.bool_] | None = None
        self._limit = 1.0
        self._side = 30
        self._chosen: Place | None = None
        self._marked: Place | None = None
        self._cursor: Place = (0, 0)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)

    def show_numbers(
        self,
        values: NDArray[np.float64],
        limit: float,
        inside: NDArray[np.bool_] | None = None,
        chosen: Place | None = None,
        marked: Place | None = None,
        side: int = 30,
    ) -> None:
        """`chosen` is outlined, `marked` dashed; `side` in pixels."""
        same = (limit, chosen, marked, side) == (self._limit, self._chosen, self._marked, self._side)
        if same and np.array_equal(values, self._values) and _alike(inside, self._inside):
            return
        self._values, self._limit, self._inside = values, limit, inside
        self._chosen, self._marked = chosen, marked
        if side != self._side or self.size() != self.sizeHint():
            self._side = side
            self.updateGeometry()
        rows = ("  ".join(said(float(v)) for v in row) for row in values[:8, :16])
        self.setAccessibleDescription("; ".join(rows))
        self.update()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    @property
    def values(self) -> NDArray[np.float64]:
        return self._values

    def sizeHint(self) -> QSize:
        height, width = self._values.shape
        return QSize(width * self._side + 3, height * self._side + 3)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _area(self, place: Place) -> QRectF:
        return QRectF(1 + place[1] * self._side, 1 + place[0] * self._side, self._side, self._side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_cells(painter, (1, 1), self._side, self._values, self._limit, self._theme, self._inside)
        if self._marked is not None:
            outline(painter, self._area(self._marked).adjusted(1, 1, -1, -1), self._theme, dashed=True)
        if self._chosen is not None:
            outline(painter, self._area(self._chosen).adjusted(1, 1, -1, -1), self._theme)
        if self.hasFocus() and self._chosen != self._cursor:
            outline(painter, self._area(self._cursor).adjusted(3, 3, -3, -3), self._theme, dashed=True)

    def place_at(self, point: QPointF) -> Place | None:
        row, column = int((point.y() - 1) // self._side), int((point.x() - 1) // self._side)
        height, width = self._values.shape
        return (row, column) if 0 <= row < height and 0 <= column < width else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(self.place_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self._cursor = place
            self.clicked.emit(*place)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self._chosen is not None:
            self._cursor = self._chosen
        self._say()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, (height, width) = Qt.Key(event.key()), self._values.shape
        if key in ARROWS and height and width:
            down, right = ARROWS[key]
            row, column = self._cursor
            self._cursor = (min(max(row + down, 0), height - 1), min(max(column + right, 0), width - 1))
            self._say()
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._values.size:
            self.clicked.emit(*self._cursor)
        else:
            super().keyPressEvent(event)

    def _say(self) -> None:
        """Let who cannot see it hear the cell under the cursor."""
        row, column = self._cursor
        if row < self._values.shape[0] and column < self._values.shape[1]:
            value = said(float(self._values[row, column]))
            self.setAccessibleName(f"{self._name}, row {row}, column {column}: {value}")
            self.hovered.emit(self._cursor)
