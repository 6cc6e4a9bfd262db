"""A sheet of paper to draw on, with a pen and an eraser."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.data.handwriting import Canvas, draw
from lab.gui.theme import LIGHT, Theme, blended
from lab.gui.widgets.colour import Pixels

KEPT = 100
"""Strokes that can be undone."""
WIDTH = 0.09
"""Of the pen, as a share of the sheet's longer side: a felt tip's."""
STEP = 1 / 40
"""How far an arrow key moves the pen, as a share of the same."""
SHADES = 256


class InkPad(QWidget):
    """`ink` is what lies on it, float32 [H, W] from 0 to 1.

    The left button draws, or rubs out while the eraser is chosen, the right one rubs out. By keyboard: arrows move the
    pen, space puts it down and lifts it, backspace takes back a stroke, Delete clears the sheet.
    """

    inked = Signal()
    """The ink has changed, at every move of the pen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self.erases = False
        self.width_of_pen = WIDTH
        self.ink: Canvas = np.zeros((280, 280), np.float32)
        self._before: list[Canvas] = []  # the sheet before each stroke
        self._pixels: Pixels = np.zeros(self.ink.shape, np.uint32)
        self._image = QImage()
        self._pen: QPointF | None = None  # where it draws, in pixels of the canvas
        self._rubs = False  # what the button that is down does
        self._by_key = QPointF(140, 140)
        self._key_is_down = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(80, 60)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Sheet to draw on")
        self._render()

    # --- what lies on it

    def take(self, rows: int, columns: int) -> None:
        """An empty sheet of this size, if it has another."""
        if self.ink.shape != (rows, columns):
            self._before.clear()
            self._by_key = QPointF(columns / 2, rows / 2)
            self._put(np.zeros((rows, columns), np.float32))

    def put(self, ink: Canvas) -> None:
        """Another drawing, as one stroke that can be undone."""
        self._keep()
        self._put(ink.copy())
        self.inked.emit()

    def clear(self) -> None:
        if self.has_ink:
            self.put(np.zeros_like(self.ink))

    def undo(self) -> None:
        """Take back the last stroke."""
        if self._before:
            self._put(self._before.pop())
            self.inked.emit()

    @property
    def has_ink(self) -> bool:
        return bool(self.ink.any())

    @property
    def strokes(self) -> int:
        """How many can be taken back."""
        return len(self._before)

    def _keep(self) -> None:
        self._before.append(self.ink.copy())
        del self._before[:-KEPT]

    def _put(self, ink: Canvas) -> None:
        self.ink = ink
        self._render()

    # --- the pen

    def canvas_at(self, point: QPointF) -> QPointF:
        """A place of the widget in pixels of the canvas."""
        sheet = self.sheet
        scale = self.ink.shape[1] / max(sheet.width(), 1)
        return QPointF((point.x() - sheet.left()) * scale, (point.y() - sheet.top()) * scale)

    @property
    def sheet(self) -> QRectF:
        """Where the sheet lies in the widget: as large as it goes, in the middle."""
        rows, columns = self.ink.shape
        scale = min((self.width() - 2) / columns, (self.height() - 2) / rows)
        wide, high = columns * scale, rows * scale
        return QRectF((self.width() - wide) / 2, (self.height() - high) / 2, wide, high)

    def _stroke(self, end: QPointF, rubs: bool) -> None:
        start = end if self._pen is None else self._pen
        radius = self.width_of_pen * max(self.ink.shape) / 2 * (1.6 if rubs else 1.0)
        draw(self.ink, (start.x(), start.y()), (end.x(), end.y()), radius, rubs)
        self._pen = end
        reach = radius + 2
        dirty = QRectF(start, end).normalized().adjusted(-reach, -reach, reach, reach).toAlignedRect()
        self._render(dirty)
        self.inked.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self._keep()
            self._pen, self._rubs = None, self.erases or event.button() == Qt.MouseButton.RightButton
            self._key_is_down = False
            self._stroke(self.canvas_at(event.position()), self._rubs)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pen is not None and event.buttons():
            self._stroke(self.canvas_at(event.position()), self._rubs)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not event.buttons():
            self._pen = None

    own_keys = frozenset(
        {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Space, Qt.Key.Key_Backspace, Qt.Key.Key_Delete}
    )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        way = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }.get(key)
        if way is not None:
            self._move_by_key(*way)
        elif key == Qt.Key.Key_Space:
            self._put_down_by_key()
        elif key == Qt.Key.Key_Backspace:
            self.undo()
        elif key == Qt.Key.Key_Delete:
            self.clear()
        else:
            super().keyPressEvent(event)

    def _move_by_key(self, right: int, down: int) -> None:
        rows, columns = self.ink.shape
        step = STEP * max(rows, columns)
        x = min(max(self._by_key.x() + right * step, 0), columns)
        y = min(max(self._by_key.y() + down * step, 0), rows)
        self._by_key = QPointF(x, y)
        if self._key_is_down:
            self._stroke(self._by_key, self.erases)
        self.update()

    def _put_down_by_key(self) -> None:
        self._key_is_down = not self._key_is_down
        self._pen = None
        if self._key_is_down:
            self._keep()
            self._stroke(self._by_key, self.erases)
        self.update()

    # --- how it looks

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._render()

    def _render(self, part: QRect | None = None) -> None:
        """Give the ink its colours, where it has changed."""
        rows, columns = self.ink.shape
        if self._pixels.shape != self.ink.shape or part is None:
            self._pixels = np.empty(self.ink.shape, np.uint32)
            self._image = QImage(
                self._pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32
            )  # it looks at the pixels themselves
            part = QRect(0, 0, columns, rows)
        part = part.intersected(QRect(0, 0, columns, rows))
        there = (slice(part.top(), part.bottom() + 1), slice(part.left(), part.right() + 1))
        self._pixels[there] = self._shades_of(self._theme)[(self.ink[there] * (SHADES - 1)).astype(np.intp)]
        sheet = self.sheet
        scale = sheet.width() / columns
        dirty = QRectF(
            sheet.left() + part.left() * scale,
            sheet.top() + part.top() * scale,
            part.width() * scale,
            part.height() * scale,
        )
        self.update(dirty.adjusted(-3, -3, 3, 3).toAlignedRect())
        words = "Something is drawn on it" if self.has_ink else "It is empty"
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)

    @staticmethod
    @lru_cache(maxsize=2)
    def _shades_of(theme: Theme) -> Pixels:
        """Colours from paper to ink."""
        paper, ink = theme.raised, theme.text
        return np.array(
            [QColor(blended(ink, paper, k / (SHADES - 1))).rgb() for k in range(SHADES)], np.uint32
        )

    def sizeHint(self) -> QSize:
        return QSize(280, 280)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        sheet = self.sheet
        painter.drawImage(sheet, self._image)
        painter.setPen(QPen(QColor(self._theme.accent if self.hasFocus() else self._theme.border), 1))
        painter.drawRect(sheet)
        if not self.has_ink:
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(sheet, Qt.AlignmentFlag.AlignCenter, "Draw here")
        if self.hasFocus():
            self._paint_pen(painter, sheet)

    def _paint_pen(self, painter: QPainter, sheet: QRectF) -> None:
        """Where the arrow keys have the pen; filled while it is down."""
        scale = sheet.width() / self.ink.shape[1]
        middle = sheet.topLeft() + self._by_key * scale
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.accent), 1.5))
        painter.setBrush(QColor(self._theme.accent) if self._key_is_down else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(middle, 4, 4)
