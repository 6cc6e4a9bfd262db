"""Spreads of what flows, layer by layer, as bars on a logarithmic scale: now, and at the start."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, blended, number_font
from lab.gui.widgets.wording import number, tick

PANEL, MARGIN, APART = 142, 4, 14
"""Pixels: the least width of a panel, the room around them and between two."""


@dataclass(frozen=True)
class Panel:
    """One quantity. `now` and `start` have a number for each layer; `usual` is marked where there is such a thing."""

    title: str
    tip: str
    now: tuple[float, ...]
    start: tuple[float, ...] = ()
    usual: float | None = None


class SpreadBars(QWidget):
    """As many panels beside one another as there is width for. `pointed` carries the place of a layer."""

    pointed = Signal(int)
    hovered = Signal(object)
    """(panel, place of a layer), or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._layers: tuple[str, ...] = ()
        self._panels: tuple[Panel, ...] = ()
        self._chosen = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.setAccessibleName("Spreads of all layers")

    def show_panels(self, layers: tuple[str, ...], panels: tuple[Panel, ...]) -> None:
        self._layers, self._panels = layers, panels
        said = (
            f"{panel.title}: " + ", ".join(f"{n} {number(v)}" for n, v in zip(layers, panel.now, strict=True))
            for panel in panels
        )
        self.setAccessibleDescription("; ".join(said))
        self._fit()
        self.update()

    @property
    def layers(self) -> tuple[str, ...]:
        return self._layers

    @property
    def panels(self) -> tuple[Panel, ...]:
        return self._panels

    def choose(self, place: int) -> None:
        if place != self._chosen:
            self._chosen = place
            self.update()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    # where it lies

    def _columns(self) -> int:
        room = (self.width() - 2 * MARGIN + APART) // (PANEL + APART)
        return next((many for many in (4, 2) if many <= min(room, len(self._panels))), 1)

    def _line(self) -> int:
        return self.fontMetrics().height() + 5

    def _height(self) -> int:
        return self._line() * (len(self._layers) + 2) + 12

    def _fit(self) -> None:
        rows = -(-len(self._panels) // self._columns())
        self.setMinimumHeight(rows * self._height() + MARGIN)

    def area_of(self, panel: int) -> QRectF:
        columns = self._columns()
        wide = (self.width() - 2 * MARGIN + APART) / columns - APART
        down, across = divmod(panel, columns)
        return QRectF(
            MARGIN + across * (wide + APART), MARGIN + down * self._height(), wide, self._height() - 8
        )

    def bars_of(self, panel: int) -> QRectF:
        """Where the bars of a panel lie: between the names and the numbers, under the title."""
        area = self.area_of(panel)
        metrics = self.fontMetrics()
        names = max((metrics.horizontalAdvance(name) for name in self._layers), default=0) + 10
        numbers = metrics.horizontalAdvance("9.9·10⁻¹⁰") + 4
        names = min(names, round(0.34 * area.width()))
        return area.adjusted(names, self._line() + 2, -numbers, -self._line() + 4)

    def sizeHint(self) -> QSize:
        return QSize(PANEL, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def place_at(self, point: QPointF) -> tuple[int, int] | None:
        for k in range(len(self._panels)):
            area, bars = self.area_of(k), self.bars_of(k)
            if area.contains(point) and bars.top() <= point.y() < bars.bottom():
                return k, min(int((point.y() - bars.top()) // self._line()), len(self._layers) - 1)
        return None

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for k, panel in enumerate(self._panels):
            self._paint(painter, panel, self.area_of(k), self.bars_of(k))

    def _paint(self, painter: QPainter, panel: Panel, area: QRectF, bars: QRectF) -> None:
        theme, line = self._theme, self._line()
        painter.setFont(number_font(bold=True))
        painter.setPen(QColor(theme.text))
        top = QRectF(area.left(), area.top(), area.width(), line)
        elide = Qt.TextElideMode.ElideRight
        painter.drawText(
            top, Qt.AlignmentFlag.AlignVCenter, painter.fontMetrics().elidedText(panel.title, elide, int(area.width()))
        )  # fmt: skip
        low, high = decades(panel)
        self._paint_axis(painter, panel, bars, low, high)
        painter.setFont(number_font())
        metrics = painter.fontMetrics()
        for place, name in enumerate(self._layers):
            y = bars.top() + place * line
            if place == self._chosen:
                painter.fillRect(
                    QRectF(area.left() - 2, y, area.width() + 4, line),
                    QColor(blended(theme.accent, theme.surface, 0.14)),
                )
            painter.setPen(QColor(theme.text))
            box = QRectF(area.left(), y, bars.left() - area.left() - 6, line)
            painter.drawText(
                box, Qt.AlignmentFlag.AlignVCenter, metrics.elidedText(name, elide, int(box.width()))
            )
            now = panel.now[place]
            start = panel.start[place] if place < len(panel.start) else float("nan")
            if now > 0 and math.isfinite(now):
                wide = max(_along(now, low, high) * bars.width(), 1.5)
                painter.fillRect(QRectF(bars.left(), y + 4, wide, line - 9), QColor(theme.accent))
            if start > 0 and math.isfinite(start):
                self._paint_start(painter, bars.left() + _along(start, low, high) * bars.width(), y, line)
            bad = not math.isfinite(now) and not math.isnan(now)
            painter.setPen(QColor(theme.danger if bad else theme.text if now == now else theme.muted))
            text = "–" if math.isnan(now) else number(now, 2)
            end = QRectF(bars.right() + 2, y, area.right() - bars.right() - 2, line)
            painter.drawText(end, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)

    def _paint_start(self, painter: QPainter, x: float, y: float, line: int) -> None:
        """A hollow diamond."""
        half, middle = 4.5, y + line / 2 - 0.5
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.text), 1.4))
        painter.setBrush(QColor(self._theme.surface))
        corners = ((x, middle - half), (x + half, middle), (x, middle + half), (x - half, middle))
        painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_axis(self, painter: QPainter, panel: Panel, bars: QRectF, low: int, high: int) -> None:
        theme = self._theme
        painter.setFont(number_font(8))
        metrics = painter.fontMetrics()
        every = max(-(-(high - low) * 46 // max(int(bars.width()), 1)), 1)
        for exponent in range(low, high + 1):
            x = bars.left() + (exponent - low) / (high - low) * bars.width()
            if (exponent - low) % every == 0:
                painter.setPen(QPen(QColor(theme.grid), 1))
                painter.drawLine(QPointF(x, bars.top()), QPointF(x, bars.bottom() - 3))
                text = tick(10.0**exponent)
                wide = metrics.horizontalAdvance(text) + 4
                painter.setPen(QColor(theme.muted))
                box = QRectF(x - wide / 2, bars.bottom() - 2, wide, metrics.height())
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        if panel.usual is not None and 10.0**low <= panel.usual <= 10.0**high:
            x = bars.left() + _along(panel.usual, low, high) * bars.width()
            painter.setPen(QPen(QColor(theme.good), 1.6, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, bars.top()), QPointF(x, bars.bottom() - 3))

    # pointing

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.place_at(event.position())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.pointed.emit(found[1])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self.place_at(event.position())
        self.hovered.emit(found)
        self.setToolTip("" if found is None else self._panels[found[0]].tip)

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down go from layer to layer."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is None or not self._layers:
            super().keyPressEvent(event)
            return
        self.pointed.emit(min(max(self._chosen + step, 0), len(self._layers) - 1))


def decades(panel: Panel) -> tuple[int, int]:
    """The powers of ten between which all numbers of a panel lie: two at least, and thirty at most."""
    values = [*panel.now, *panel.start, *([panel.usual] if panel.usual else [])]
    logs = [math.log10(v) for v in values if v > 0 and math.isfinite(v)]
    if not logs:
        return -3, 0
    high = math.ceil(max(logs) + 1e-9)
    low = min(math.floor(min(logs) - 0.05), high - 2)
    return max(low, high - 30), high


def _along(value: float, low: int, high: int) -> float:
    return min(max((math.log10(value) - low) / (high - low), 0.0), 1.0)


class ScrolledSpreads(QScrollArea):
    """Bars that scroll up and down."""

    def __init__(self) -> None:
        super().__init__()
        self.bars = SpreadBars()
        self.setWidget(self.bars)
        self.bars.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
