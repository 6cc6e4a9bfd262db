"""How numbers are spread: a small histogram for each array, one under the other or in columns."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, blended, number_font
from lab.gui.widgets.wording import counted, number, share
from lab.training.probes import Spread

WIDE, BARS, MARGIN = 250, 54, 8
"""Pixels: the least width of a histogram, and the height of its bars."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """`spread` under a title; `detail` says of what."""

    title: str
    detail: str
    spread: Spread


def sentence(spread: Spread) -> str:
    """The spread in numbers: mean 0.12, from −0.3 to 1.4, 43.1 % are 0."""
    if spread.not_finite == spread.total:
        return "no number is finite" if spread.total else "no numbers"
    words = [f"mean {number(spread.mean)}", f"from {number(spread.least)} to {number(spread.greatest)}"]
    if spread.zeros:
        words.append(f"{share(spread.zeros / spread.total)} are 0")
    if spread.not_finite:
        words.append(f"⚠ {counted(spread.not_finite, 'is', 'are')} not finite")
    return ", ".join(words)


class Histograms(QWidget):
    """As many columns as there is width for. The height follows from the width."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._shown: tuple[Histogram, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)

    def show_histograms(self, shown: tuple[Histogram, ...]) -> None:
        self._shown = shown
        self.setAccessibleDescription("; ".join(f"{h.title}: {sentence(h.spread)}" for h in shown))
        self._fit()
        self.update()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    @property
    def shown(self) -> tuple[Histogram, ...]:
        return self._shown

    def _columns(self) -> int:
        return max(min(self.width() // WIDE, len(self._shown)), 1)

    def _height(self) -> int:
        return 3 * self.fontMetrics().height() + BARS + 22

    def _fit(self) -> None:
        rows = -(-len(self._shown) // self._columns())
        self.setMinimumHeight(rows * self._height() + MARGIN)

    def sizeHint(self) -> QSize:
        return QSize(WIDE, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, columns = QPainter(self), self._columns()
        wide = self.width() / columns
        for k, histogram in enumerate(self._shown):
            down, across = divmod(k, columns)
            area = QRectF(across * wide, down * self._height(), wide, self._height())
            self._paint(painter, histogram, area.adjusted(MARGIN / 2, 4, -MARGIN - 4, -8))

    def _paint(self, painter: QPainter, histogram: Histogram, area: QRectF) -> None:
        theme, spread = self._theme, histogram.spread
        painter.setFont(number_font(bold=True))
        painter.setPen(QColor(theme.text))
        metrics = painter.fontMetrics()
        line = metrics.height()
        painter.drawText(area, Qt.AlignmentFlag.AlignTop, histogram.title)
        used = metrics.horizontalAdvance(histogram.title) + 8
        painter.setFont(number_font())
        painter.setPen(QColor(theme.muted))
        metrics = painter.fontMetrics()
        text = metrics.elidedText(histogram.detail, Qt.TextElideMode.ElideRight, int(area.width() - used))
        painter.drawText(area.adjusted(used, 0, 0, 0), Qt.AlignmentFlag.AlignTop, text)
        bars = QRectF(area.left(), area.top() + line + 5, area.width(), BARS)
        self._paint_bars(painter, spread, bars)
        below = QRectF(area.left(), bars.bottom() + 3, area.width(), line)
        painter.setPen(QColor(theme.muted))
        self._paint_ends(painter, spread, below)
        painter.setPen(QColor(theme.danger if spread.not_finite else theme.text))
        said = metrics.elidedText(sentence(spread), Qt.TextElideMode.ElideRight, int(area.width()))
        painter.drawText(below.translated(0, line + 1), Qt.AlignmentFlag.AlignTop, said)

    def _paint_bars(self, painter: QPainter, spread: Spread, area: QRectF) -> None:
        theme, most = self._theme, int(spread.counts.max(initial=0))
        bins = len(spread.counts)
        painter.setPen(QPen(QColor(theme.border), 1))
        if most:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(blended(theme.accent, theme.surface, 0.75)))
            wide = area.width() / bins
            for k, count in enumerate(spread.counts):
                if count:
                    # the root, so that rare numbers are seen beside a mass of zeros
                    high = max(area.height() * (count / most) ** 0.5, 1.0)
                    painter.drawRect(
                        QRectF(area.left() + k * wide, area.bottom() - high, max(wide - 0.5, 0.5), high)
                    )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        low, high = float(spread.edges[0]), float(spread.edges[-1])
        if most and low < 0 < high:
            x = round(area.left() + area.width() * -low / (high - low)) + 0.5
            painter.setPen(QPen(QColor(theme.muted), 1, Qt.PenStyle.DotLine))
            painter.drawLine(round(x), round(area.top()), round(x), round(area.bottom()))

    def _paint_ends(self, painter: QPainter, spread: Spread, area: QRectF) -> None:
        low, high = float(spread.edges[0]), float(spread.edges[-1])
        ends = number(low), number(high)
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft, ends[0])
        painter.drawText(area, Qt.AlignmentFlag.AlignRight, ends[1])
        if low < 0 < high:
            metrics = painter.fontMetrics()
            x = area.left() + area.width() * -low / (high - low)
            free = metrics.horizontalAdvance(ends[0]) + 10, metrics.horizontalAdvance(ends[1]) + 10
            if area.left() + free[0] < x < area.right() - free[1]:
                painter.drawText(
                    QRectF(x - 20, area.top(), 40, area.height()), Qt.AlignmentFlag.AlignHCenter, "0"
                )
