"""What a run's past and future look like in a plot over time: where it was changed, and what is still to come."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from lab.gui.theme import Theme, blended
from lab.gui.widgets.plot import Plot
from lab.gui.widgets.time.diamonds import diamond_points, draw_diamonds
from lab.gui.widgets.time.edit_words import edit_words
from lab.gui.widgets.time.time_axis import spread
from lab.training.snapshot import Snapshot
from lab.training.timeline import Edit

HALF, APART, NEAR = 3.5, 5.0, 6.0
"""Pixels: half a diamond's width, between two marks at least, and how far from a mark a pointer means it."""
CROWDED = 16
"""Pixels that a mark has on the mean below which only diamonds are drawn: lines would hide the curves."""
PALER = 0.6
"""How much of the ground lies over the recorded future."""


class EditMarks(pg.GraphicsObject):  # type: ignore[misc]
    """A thin upright line where a run was changed, with a diamond at its top; `words_at` says what was changed.

    Over the recorded future it lays a veil of the ground's colour: whatever lines there are, they are paler there.
    It lies on the plot's box, and draws in the box's pixels.
    """

    def __init__(self, plot: Plot) -> None:
        super().__init__()
        self._box = plot.box
        self._edits: tuple[Edit, ...] = ()
        self._xs: NDArray[np.float64] = np.empty(0)
        self._future: float | None = None
        self._line, self._ink, self._veil = QPen(), QColor(), QColor()
        self.setZValue(50)  # above the lines, below the frame
        self.setParentItem(self._box)
        self._box.sigRangeChanged.connect(lambda *_: self.update())
        self._box.sigResized.connect(lambda *_: self.prepareGeometryChange())
        plot.styled(self._show_theme)

    def _show_theme(self, theme: Theme) -> None:
        self._line = QPen(QColor(blended(theme.muted, theme.surface, 0.4)), 1)
        self._ink, self._veil = QColor(theme.text), QColor(theme.surface)
        self._veil.setAlphaF(PALER)
        self.update()

    def show_edits(self, snapshot: Snapshot, xs: NDArray[np.float64], now: float) -> None:
        """Mark the edits after the beginning at `xs`, the future from `now` on: as on the axis, of a log axis logs."""
        future = now if snapshot.is_past else None
        if future != self._future or not np.array_equal(xs, self._xs, equal_nan=True):
            self.update()
        self._edits, self._xs, self._future = snapshot.edits, xs, future

    def words_at(self, x: float) -> str:
        """What was changed near `x` of the axis: "◆ step 120: learning rate 0.1 → 0.01"; "" where nothing was."""
        first, last = self._box.viewRange()[0]
        within = NEAR * (last - first) / max(self._box.width(), 1)
        near = np.flatnonzero(np.abs(self._xs - x) <= within)
        if not len(near):
            return ""
        start, end = int(near[0]) + 1, int(near[-1]) + 2
        steps = sorted({self._edits[start].step, self._edits[end - 1].step})
        where = " to ".join(f"{step:,}" for step in steps)
        return f"◆ step {where}: {edit_words(self._edits, start, end)}"

    def boundingRect(self) -> QRectF:
        return QRectF(self._box.rect())

    def paint(self, painter: QPainter, *_: object) -> None:
        area = self.boundingRect()
        first, last = self._box.viewRange()[0]
        each = area.width() / max(last - first, 1e-300)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self._future is not None and self._future < last:
            painter.fillRect(area.adjusted(max((self._future - first) * each, 0.0) + 1, 0, 0, 0), self._veil)
        seen = self._xs[(self._xs >= first) & (self._xs <= last)]
        xs = spread((seen - first) * each, APART)
        painter.setPen(self._line)
        top = area.top() + HALF
        if len(xs) * CROWDED < area.width():
            painter.drawLines([QLineF(x, top, x, area.bottom()) for x in xs])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_diamonds(painter, diamond_points(xs, top), HALF, self._ink)
