"""Every unit of every layer as a small square: which are dead, which are saturated, which are copies of each other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.colour import with_alpha
from lab.training.conditions import LayerHealth, Twins

CELL, LEAST, GAP, MARGIN, BETWEEN = 15, 5, 2, 4, 12
MOST_ROWS = 8
"""Of squares in a layer, before they become smaller; and of the smallest, before the rest is left out."""
COURSE, COURSE_HIGH, COURSE_FROM = 104, 42, 300
"""Pixels: width and height of the little course at the right, and the width from which it has room."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, eq=False)
class Strip:
    """One layer. `dead` and `saturated` are its shares (0..1) at `steps`, NaN where there is no such thing."""

    health: LayerHealth
    words: str
    twins: tuple[Twins, ...] = ()
    steps: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    dead: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    saturated: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def group_of(self, unit: int) -> int:
        """The number of the group of copies that a unit is in; -1 for none."""
        return next((k for k, group in enumerate(self.twins) if unit in group.units), -1)


@dataclass(frozen=True)
class Laid:
    """Where a strip lies: its squares of `cell` pixels from `top` on, so many a row, `shown` of them."""

    top: float
    cell: int
    columns: int
    shown: int
    bottom: float


class UnitStrips(QWidget):
    """`pointed` carries (layer, unit); `hovered` the same, or None. Arrow keys go from unit to unit."""

    pointed = Signal(str, int)
    hovered = Signal(object)

    own_keys = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right})

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._strips: tuple[Strip, ...] = ()
        self._laid: list[Laid] = []
        self._chosen: tuple[str, int] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.setAccessibleName("Units of all layers")

    def show_strips(self, strips: tuple[Strip, ...]) -> None:
        self._strips = strips
        self.setAccessibleDescription("; ".join(f"{s.health.layer}: {s.words}" for s in strips))
        self._lay_out()
        self.update()

    @property
    def strips(self) -> tuple[Strip, ...]:
        return self._strips

    def choose(self, layer: str | None, unit: int) -> None:
        self._chosen = None if layer is None or unit < 0 else (layer, unit)
        self.update()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    # where it lies

    def _room(self) -> int:
        return self.width() - 2 * MARGIN - (COURSE + 12 if self.width() >= COURSE_FROM else 0)

    def _lay_out(self) -> None:
        self._laid, y, line = [], float(MARGIN), self.fontMetrics().height()
        for strip in self._strips:
            top, units = y + line + 6, strip.health.units
            for cell in range(CELL, LEAST - 1, -1):
                columns = max(self._room() // (cell + GAP), 1)
                if -(-units // columns) <= MOST_ROWS:
                    break
            shown = min(units, columns * MOST_ROWS)
            bottom = top + -(-shown // columns) * (cell + GAP)
            bottom = max(bottom, top + COURSE_HIGH) if self._has_course(strip) else bottom
            self._laid.append(Laid(top, cell, columns, shown, bottom))
            y = bottom + BETWEEN
        self.setMinimumHeight(max(round(y), 40))

    def _has_course(self, strip: Strip) -> bool:
        """Whether the shares over the steps are drawn: where there is room, and there are some."""
        known = any(v.size and np.isfinite(v).any() for v in (strip.dead, strip.saturated))
        return self.width() >= COURSE_FROM and len(strip.steps) > 1 and known

    def area_of(self, layer: str, unit: int) -> QRectF | None:
        """Where a unit's square lies."""
        for strip, laid in zip(self._strips, self._laid, strict=True):
            if strip.health.layer == layer and 0 <= unit < laid.shown:
                row, column = divmod(unit, laid.columns)
                each = laid.cell + GAP
                return QRectF(MARGIN + column * each, laid.top + row * each, laid.cell, laid.cell)
        return None

    def unit_at(self, point: QPointF) -> tuple[str, int] | None:
        for strip, laid in zip(self._strips, self._laid, strict=True):
            each = laid.cell + GAP
            row, column = int((point.y() - laid.top) // each), int((point.x() - MARGIN) // each)
            unit = row * laid.columns + column
            if row >= 0 and 0 <= column < laid.columns and 0 <= unit < laid.shown:
                return strip.health.layer, unit
        return None

    def sizeHint(self) -> QSize:
        return QSize(300, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, visible = QPainter(self), event.rect()
        for strip, laid in zip(self._strips, self._laid, strict=True):
            line = self.fontMetrics().height()
            whole = QRectF(0, laid.top - line - 6, self.width(), laid.bottom - laid.top + line + 6)
            if not whole.intersects(QRectF(visible)):
                continue
            self._paint_heading(
                painter, strip, QRectF(MARGIN, whole.top(), self.width() - 2 * MARGIN, line + 2)
            )
            self._paint_units(painter, strip, laid)
            if self._has_course(strip):
                left = self.width() - MARGIN - COURSE
                self._paint_course(painter, strip, QRectF(left, laid.top, COURSE, COURSE_HIGH))
        self._paint_chosen(painter)

    def _paint_heading(self, painter: QPainter, strip: Strip, area: QRectF) -> None:
        painter.setFont(number_font(bold=True))
        painter.setPen(QColor(self._theme.text))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, strip.health.layer)
        used = painter.fontMetrics().horizontalAdvance(strip.health.layer) + 10
        painter.setFont(number_font())
        painter.setPen(QColor(self._theme.muted))
        elide = Qt.TextElideMode.ElideRight
        words = painter.fontMetrics().elidedText(strip.words, elide, int(area.width() - used))
        painter.drawText(area.adjusted(used, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_units(self, painter: QPainter, strip: Strip, laid: Laid) -> None:
        theme, health = self._theme, strip.health
        marks = {unit: k for k, group in enumerate(strip.twins) for unit in group.units}
        painter.setFont(number_font(max(laid.cell - 6, 5)))
        for unit in range(laid.shown):
            row, column = divmod(unit, laid.columns)
            each = laid.cell + GAP
            area = QRectF(MARGIN + column * each, laid.top + row * each, laid.cell, laid.cell)
            is_dead = health.dead is not None and bool(health.dead[unit])
            is_flat = not is_dead and health.saturated is not None and bool(health.saturated[unit])
            colour = theme.danger if is_dead else theme.warning if is_flat else theme.grid
            painter.fillRect(area, QColor(colour))
            ink = QColor(theme.surface)
            if is_dead and laid.cell >= 7:
                painter.setPen(QPen(ink, 1.5))
                cross = area.adjusted(3, 3, -3, -3)
                painter.drawLine(cross.topLeft(), cross.bottomRight())
                painter.drawLine(cross.topRight(), cross.bottomLeft())
            elif is_flat and laid.cell >= 7:
                painter.setPen(QPen(ink, 1.5))
                painter.drawLine(
                    QPointF(area.left() + 3, area.center().y()), QPointF(area.right() - 3, area.center().y())
                )
            elif unit in marks and laid.cell >= 9:
                painter.setPen(QColor(theme.text))
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, LETTERS[marks[unit] % len(LETTERS)])
        if laid.shown < health.units:
            painter.setFont(number_font())
            painter.setPen(QColor(theme.muted))
            area = QRectF(MARGIN, laid.bottom - GAP, self._room(), self.fontMetrics().height())
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft, f"… and {health.units - laid.shown:,} more")

    def _paint_course(self, painter: QPainter, strip: Strip, area: QRectF) -> None:
        """The shares over the steps: dead as a line, saturated dashed."""
        steps, theme = strip.steps, self._theme
        below = QRectF(area.left(), area.bottom() - 10, area.width(), 12)
        painter.setFont(number_font(7))
        painter.setPen(QColor(theme.muted))
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "0–100 %")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"step {int(steps[-1]):,}")
        area = area.adjusted(0, 0, 0, -12)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawRect(area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        span = max(float(steps[-1] - steps[0]), 1.0)
        for values, colour, style in (
            (strip.saturated, theme.warning, Qt.PenStyle.DashLine),
            (strip.dead, theme.danger, Qt.PenStyle.SolidLine),
        ):
            if not (values.size and np.isfinite(values).any()):
                continue
            across = area.left() + (steps - steps[0]) * (area.width() / span)
            up = area.bottom() - values * area.height()
            points = [QPointF(x, y) for x, y in zip(across.tolist(), up.tolist(), strict=True) if y == y]
            painter.setPen(QPen(QColor(colour), 1.8, style))
            painter.drawPolyline(QPolygonF(points))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_chosen(self, painter: QPainter) -> None:
        area = self.area_of(*self._chosen) if self._chosen is not None else None
        if area is None:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(with_alpha(self._theme.surface, 1.0), 4))
        painter.drawRect(area)
        painter.setPen(QPen(QColor(self._theme.accent), 2))
        painter.drawRect(area)

    # pointing

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.unit_at(event.position())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.pointed.emit(*found)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(self.unit_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if not self._strips or key not in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
            super().keyPressEvent(event)
            return
        names = [strip.health.layer for strip in self._strips]
        layer, unit = self._chosen or (names[0], -1)
        at = names.index(layer) if layer in names else 0
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            at = min(max(at + (1 if key == Qt.Key.Key_Down else -1), 0), len(names) - 1)
        else:
            unit += 1 if key == Qt.Key.Key_Right else -1
        self.pointed.emit(names[at], min(max(unit, 0), self._strips[at].health.units - 1))


class ScrolledStrips(QScrollArea):
    """Strips that scroll up and down."""

    def __init__(self) -> None:
        super().__init__()
        self.strips = UnitStrips()
        self.setWidget(self.strips)
        self.strips.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
