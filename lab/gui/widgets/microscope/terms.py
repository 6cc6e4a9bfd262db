"""A sum of products as a table: weight, input, product, and a bar for each, the largest first."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, diverging, number_font
from lab.gui.widgets.wording import counted
from lab.training.microscope import Sum, Token, said

SHOWN = 8
MORE = 4


@dataclass(frozen=True)
class Row:
    """`left` and `right` are factors as they are written, "" where there is none; `tokens` what they are of."""

    name: str
    left: str
    right: str
    product: float
    tokens: tuple[Token | None, Token | None] = (None, None)
    quiet: bool = False


def rows_of(line: Sum, most: int) -> list[Row]:
    """The largest terms, the rest in one row, what is added, and the whole."""
    found, products = [], line.products
    for k in line.largest(most).tolist():
        left, right = line.left.token(k, said(float(line.left.values[k]))), None
        if line.right is not None:
            right = line.right.token(k, said(float(line.right.values[k])))
        of = right if right is not None and right.spot is not None else left
        name = f"{of.spot.unit}" if of.spot is not None else ""
        if of.spot is not None and (of.spot.row or of.spot.column):
            name += f" at {of.spot.row}, {of.spot.column}"
        found.append(Row(name, left.text, right.text if right else "", float(products[k]), (left, right)))
    count, rest = line.rest(most)
    if count:
        found.append(Row(f"{counted(count, 'more', 'more')}", "", "", rest, quiet=True))
    found += [Row(a.name, "", "", a.value, (Token(said(a.value), weight=a.weight), None)) for a in line.more]
    return found


class TermTable(QWidget):
    """Up and Down choose a row; Enter takes its weight, Right goes to where its input comes from."""

    pointed = Signal(object)
    """A Token."""
    hovered = Signal(object)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._line: Sum | None = None
        self._symbols = ""
        self._most = SHOWN
        self._rows: list[Row] = []
        self._cursor = 0
        self._name = name
        self.weight = -1
        """The chosen weight, whose row stands out."""
        self.heads = ("", "w", "x", "w × x")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_sum(self, line: Sum, heads: tuple[str, str, str, str], weight: int = -1) -> None:
        if line.symbols != self._symbols:
            self._symbols, self._most, self._cursor = line.symbols, SHOWN, 0
        self._line, self.heads, self.weight = line, heads, weight
        self._fill()

    def _fill(self) -> None:
        if self._line is None:
            return
        self._rows = rows_of(self._line, self._most)
        words = [f"{r.name}: {r.left} times {r.right} is {said(r.product)}" for r in self._rows[:12]]
        self.setAccessibleDescription("; ".join(words))
        self.setFixedHeight(self._high() * (len(self._rows) + 2) + 4)
        self.update()

    @property
    def rows(self) -> list[Row]:
        return self._rows

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def _high(self) -> int:
        return self.fontMetrics().height() + 5

    def sizeHint(self) -> QSize:
        return QSize(320, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(220, self.height())

    def _columns(self) -> tuple[float, float, float, float, float]:
        """The right ends of name, weight, input and product, and where bars begin."""
        each = min(78.0, (self.width() - 90) / 3.6)
        name = min(92.0, self.width() * 0.24)
        return name, name + each, name + 2 * each, name + 3 * each, name + 3 * each + 12

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._line is None:
            return
        painter, theme, high = QPainter(self), self._theme, self._high()
        ends = self._columns()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(self.font())
        painter.setPen(QColor(theme.muted))
        for k, head in enumerate(self.heads):
            left = ends[k - 1] if k else 0.0
            area = QRectF(left, 0, ends[k] - left, high)
            painter.drawText(area, right if k else Qt.AlignmentFlag.AlignVCenter, head)
        colours = diverging(theme)
        longest = max((abs(row.product) for row in self._rows), default=1.0) or 1.0
        room = max((self.width() - ends[4] - 4) / 2, 0.0)
        middle = ends[4] + room
        whole = self._line.value
        for k, row in enumerate([*self._rows, Row("Σ", "", "", whole)]):
            y = (k + 1) * high + (2 if k == len(self._rows) else 0)
            last = k == len(self._rows)
            chosen = self.weight >= 0 and any(t is not None and t.weight == self.weight for t in row.tokens)
            if chosen or (self.hasFocus() and k == self._cursor and not last):
                mark = QColor(theme.accent)
                mark.setAlphaF(0.16 if chosen else 0.08)
                painter.fillRect(QRectF(0, y, self.width(), high), mark)
            if last:
                painter.setPen(QColor(theme.border))
                painter.drawLine(QPointF(0, y), QPointF(ends[3], y))
            painter.setFont(number_font(bold=last or chosen))
            painter.setPen(QColor(theme.muted if row.quiet else theme.text))
            texts = (row.name, row.left, row.right, said(row.product))
            for c, text in enumerate(texts):
                left = ends[c - 1] if c else 0.0
                area = QRectF(left, y, ends[c] - left, high)
                short = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(area.width()))
                painter.drawText(area, right if c else Qt.AlignmentFlag.AlignVCenter, short)
            if not last and room > 6 and row.product == row.product:
                length = room * min(abs(row.product) / longest, 1.0)
                start = middle - length if row.product < 0 else middle
                red, green, blue = colours[24 if row.product < 0 else 231].tolist()
                painter.fillRect(
                    QRectF(start, y + high / 2 - 4, max(length, 1.0), 8), QColor(red, green, blue)
                )
        if room > 6:
            painter.setPen(QColor(theme.border))
            painter.drawLine(QPointF(middle, high), QPointF(middle, high * (len(self._rows) + 1)))

    def _at(self, point: QPointF) -> tuple[int, int] | None:
        """(row, column) under a point: 1 the weight, 2 the input."""
        row = int(point.y() // self._high()) - 1
        if not 0 <= row < len(self._rows):
            return None
        ends = self._columns()
        return row, next((c for c in range(4) if point.x() < ends[c]), 3)

    def _token(self, row: int, column: int) -> Token | None:
        left, right = self._rows[row].tokens
        return right if column in (0, 2) and right is not None else left

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self._cursor = found[0]
            self._take(*found)

    def _take(self, row: int, column: int) -> None:
        if self._rows[row].quiet:
            self._most *= MORE
            self._fill()
            return
        token = self._token(row, column)
        if token is not None and (token.spot is not None or token.weight >= 0):
            self.pointed.emit(token)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        self.hovered.emit(None if found is None else self._token(*found))

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._cursor = min(
                max(self._cursor + (1 if key == Qt.Key.Key_Down else -1), 0), len(self._rows) - 1
            )
            self.setAccessibleName(f"{self._name}: {self._rows[self._cursor].name}") if self._rows else None
            self.hovered.emit(self._token(self._cursor, 1) if self._rows else None)
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._rows:
            self._take(self._cursor, 1)
        elif key == Qt.Key.Key_Right and self._rows:
            self._take(self._cursor, 2)
        else:
            super().keyPressEvent(event)
