"""Where the run stands between its start and the furthest step it has reached."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from lab.gui.theme import LIGHT, Theme

EDGE = 7.0


class Timeline(QWidget):
    """A thin line with the steps done, a tick where each epoch ends, and a handle at the present step."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = LIGHT
        self._step, self._furthest, self._epoch = 0, 0, 0.0
        self._hover: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Timeline")
        self.setToolTip("Click to go to a step: back to one that is past, exactly as it was, or on again")

    def sizeHint(self) -> QSize:
        return QSize(240, 22)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 22)

    def show_progress(self, step: int, furthest: int, epoch: float) -> None:
        if (step, furthest, epoch) != (self._step, self._furthest, self._epoch):
            self._step, self._furthest, self._epoch = step, max(furthest, step), epoch
            self.update()

    def _span(self) -> float:
        return self.width() - 2 * EDGE

    def _x(self, step: float) -> float:
        return EDGE + self._span() * (step / self._furthest if self._furthest else 0.0)

    def _step_at(self, x: float) -> int:
        return round(min(max((x - EDGE) / max(self._span(), 1), 0), 1) * self._furthest)

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme, middle = self.theme, self.height() / 2
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.border))
        painter.drawRoundedRect(QRectF(EDGE, middle - 2, self._span(), 4), 2, 2)
        alive = QColor(theme.accent if self.isEnabled() else theme.border)
        here = self._x(self._step)
        painter.setBrush(alive)
        painter.drawRoundedRect(QRectF(EDGE, middle - 2, here - EDGE, 4), 2, 2)
        if self._epoch > 0 and self._step:
            each = self._step / self._epoch
            number = int(self._furthest / each)
            # ticks closer than this would be a grey band, so only every 10th, 100th, ... is drawn
            stride = 1
            while number / stride > max(self._span() / 8, 1):
                stride *= 10
            painter.setBrush(QColor(theme.muted))
            for epoch in range(stride, number + 1, stride):
                painter.drawRect(QRectF(self._x(epoch * each) - 0.5, middle + 4, 1, 4))
        painter.setBrush(QColor(theme.surface))
        painter.setPen(alive)
        painter.drawEllipse(QRectF(here - 5, middle - 5, 10, 10))
        if self._hover is not None and self._furthest:
            painter.setPen(QColor(theme.muted))
            painter.drawLine(round(self._hover), round(middle - 7), round(self._hover), round(middle + 7))
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = min(max(event.position().x(), EDGE), self.width() - EDGE)
        if self._furthest:
            QToolTip.showText(event.globalPosition().toPoint(), f"Step {self._step_at(self._hover):,}", self)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._furthest:
            self.chosen.emit(self._step_at(event.position().x()))

    def leaveEvent(self, _event: QEvent) -> None:
        self._hover = None
        self.update()
