"""Where a run stands, if not simply at its end: in the past, or between two operations."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, blended
from lab.training.snapshot import Snapshot

GOES_ON = "playing goes on as it was; a change makes a new run"
BRIEFLY = (
    GOES_ON,
    "play repeats it; a change makes a new run",
    "a change makes a new run",
    "a change: a new run",
)
EDGE = 10


class Whereabouts(QWidget):
    """Two calm lines, each the longest of its wordings that has room; nothing where there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[tuple[str, ...], ...] = ()
        self._operation = ""
        self._shown: tuple[object, ...] = ()
        self._theme: Theme = LIGHT
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Where the run stands")

    @property
    def text(self) -> str:
        """Everything that is to be said, in its longest wording."""
        return "\n".join(line[0] for line in self._lines)

    def show_operation(self, text: str) -> None:
        """What to say while the run stands within an update: "operation 7 of 31: conv2 backward"."""
        self._operation, self._shown = text, ()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        shown = (snapshot.step, snapshot.furthest, snapshot.operation, self._operation)
        if shown == self._shown:
            return
        self._shown = shown
        past = (
            f"past: step {snapshot.step:,} of {snapshot.furthest:,}",
            f"past: {snapshot.step:,} of {snapshot.furthest:,}",
        )
        if snapshot.operation:
            said = self._operation or f"{snapshot.operation:,} operations into the update"
            under = past if snapshot.is_past else (f"within update {snapshot.step + 1:,}",)
            self._say((said, said.partition(":")[0]), under)
        elif snapshot.is_past:
            self._say(past, BRIEFLY)
        else:
            self._say()

    def _say(self, *lines: tuple[str, ...]) -> None:
        if lines != self._lines:
            self._lines = lines
            self.setToolTip(self.text)
            self.setAccessibleDescription(self.text)
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, 2 * self.fontMetrics().height())

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._lines:
            return
        painter, metrics = QPainter(self), self.fontMetrics()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fitting = [self._fitting(line) for line in self._lines]
        high = metrics.height()
        top = (self.height() - high * len(fitting)) / 2
        wide = min(max(map(metrics.horizontalAdvance, fitting)) + 2 * EDGE, self.width())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(blended(self._theme.accent, self._theme.background, 0.10)))
        painter.drawRoundedRect(QRectF(0, top - 3, wide, high * len(fitting) + 6), 5, 5)
        roles = (QPalette.ColorRole.WindowText, QPalette.ColorRole.PlaceholderText)
        for k, line in enumerate(fitting):
            painter.setPen(self.palette().color(roles[k]))
            painter.drawText(EDGE, round(top + k * high + metrics.ascent()), line)

    def _fitting(self, wordings: tuple[str, ...]) -> str:
        metrics, room = self.fontMetrics(), self.width() - 2 * EDGE
        fits = (words for words in wordings if metrics.horizontalAdvance(words) <= room)
        return next(fits, metrics.elidedText(wordings[-1], Qt.TextElideMode.ElideRight, room))
