"""Watches: every quantity on the watch list as a small plot of its own, all runs in their colours."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from lab.gui.theme import LIGHT, Theme, blended
from lab.gui.views.framed import FramedView
from lab.gui.views.smoothing import leap, thinned
from lab.gui.views.view import Table
from lab.gui.widgets.legend import Entry, Legend
from lab.gui.widgets.plot import Plot, positive
from lab.gui.widgets.wording import number
from lab.training.snapshot import Series, Snapshot

Values = NDArray[np.float64]
WIDE, HIGH = 250, 128
"""Pixels that a plot wants at least."""
LEAST = 10.0
"""Steps that the horizontal axis shows at least."""
EMPTY = "Nothing is followed yet: put quantities on the watch list, in the panel Stops (Ctrl+4)"
STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
"""Of one run after the other, so that they are told apart without their colours."""


class WatchesView(FramedView):
    name = "watches"
    title = "Watches"
    summary = "The quantities on the watch list over the updates made, each on a scale of its own"
    rest = 0.1
    hint = "Point at a curve for its numbers; drag to move, wheel to zoom, double click to fit"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Snapshot | None = None
        self._shown: object = None
        self._cells: dict[str, Cell] = {}
        self.log_x = self.controls.switch("log x", "Logarithmic horizontal axes", self._restart)
        self.log_y = self.controls.switch("log y", "Logarithmic vertical axes", self._restart)
        across = QLabel("x: step (updates)")
        across.setProperty("caption", True)
        self.controls.add(across)
        self.legend = Legend()
        self._sheet = QWidget()
        self._grid = QGridLayout(self._sheet)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self._sheet)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._sheet.setAutoFillBackground(False)
        self._scroll.viewport().setAutoFillBackground(False)
        picture = QWidget()
        column = QVBoxLayout(picture)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.legend)
        column.addWidget(self._scroll, 1)
        self.set_picture(picture)
        self.say(EMPTY)

    @property
    def cells(self) -> dict[str, Cell]:
        """The plots, by the words of their quantities."""
        return self._cells

    def _restart(self, *_: object) -> None:
        self._shown = None
        for cell in self._cells.values():
            cell.plot.set_log(self.log_x.isChecked(), self.log_y.isChecked())
            cell.plot.refit()
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        runs = runs_of(snapshot)
        state = (
            snapshot.step,
            [
                (one.run, one.name, one.furthest, [(words, len(s.steps)) for words, s in one.watched.items()])
                for one in runs
            ],
        )
        if state == self._shown:
            return
        self._shown = state
        words = tuple(snapshot.watched)
        if words != tuple(self._cells):
            self._lay_out(words)
        if not words:
            self.say(EMPTY)
            return
        self.legend.show_entries(tuple(entry_of(one, k) for k, one in enumerate(runs)))
        self.legend.setVisible(len(runs) > 1)
        for cell in self._cells.values():
            cell.show_runs(runs, snapshot, self.log_x.isChecked(), self.log_y.isChecked())
        self.show_picture()

    def _lay_out(self, words: tuple[str, ...]) -> None:
        """Cells that stay keep their zoom."""
        for gone in set(self._cells) - set(words):
            cell = self._cells.pop(gone)
            self._grid.removeWidget(cell)
            cell.hide()
            cell.deleteLater()
        for one in words:
            if one not in self._cells:
                cell = Cell(one)
                cell.plot.set_log(self.log_x.isChecked(), self.log_y.isChecked())
                cell.show_theme(self.theme)
                cell.pointed.connect(self._point)
                self._cells[one] = cell
        self._cells = {one: self._cells[one] for one in words}
        self._arrange()

    def _arrange(self) -> None:
        columns = max(1, min(len(self._cells), self.width() // WIDE))
        for index, cell in enumerate(self._cells.values()):
            self._grid.removeWidget(cell)
            self._grid.addWidget(cell, index // columns, index % columns)
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, int(column < columns))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _point(self, words: str, step: float | None) -> None:
        if step is None or self._snapshot is None:
            self.readout.say("")
            return
        runs = runs_of(self._snapshot)
        parts, at = [], 0
        for one in runs:
            series = one.watched.get(words)
            if series is not None and len(series.steps):
                k = int(np.abs(series.steps - step).argmin())
                at = int(series.steps[k])
                parts.append(f"{one.name + ' ' if len(runs) > 1 else ''}{number(float(series.values[k]))}")
        self.readout.say(f"{words} at step {at:,}: {',  '.join(parts)}" if parts else "")

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.legend.show_theme(theme)
        for cell in self._cells.values():
            cell.show_theme(theme)

    def table(self) -> Table:
        """One row a step at which anything was looked at; NaN where that number was not taken."""
        if self._snapshot is None:
            return Table({})
        runs = runs_of(self._snapshot)
        found = {
            f"{words} of run {one.name}" if len(runs) > 1 else words: series
            for one in runs
            for words, series in one.watched.items()
        }
        steps = np.unique(np.concatenate([np.zeros(0, np.int64), *(s.steps for s in found.values())]))
        columns: dict[str, NDArray[np.float64] | NDArray[np.int64]] = {"step": steps}
        for name, series in found.items():
            values = np.full(len(steps), np.nan)
            values[np.searchsorted(steps, series.steps)] = series.values
            columns[name] = values
        return Table(columns)


class Cell(QWidget):
    """One quantity: its words and newest value above, its plot below."""

    pointed = Signal(str, object)
    """The words, and the step under the mouse or None."""

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = words
        self._theme = LIGHT
        self._lines: list[tuple[pg.PlotDataItem, pg.PlotDataItem]] = []
        self._runs: tuple[int, ...] = ()  # their colours
        self.title = QLabel(words)
        self.title.setProperty("caption", True)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.plot = Plot()
        self.plot.setAccessibleName(words)
        self.plot.pointed.connect(
            lambda at: self.pointed.emit(self.words, None if at is None else float(at[0]))
        )
        self._now = pg.InfiniteLine(angle=90, movable=False)
        self.plot.addItem(self._now, ignoreBounds=True)
        self.plot.styled(
            lambda theme: self._now.setPen(pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DotLine))
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.title)
        column.addWidget(self.plot, 1)
        self.setMinimumHeight(HIGH)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.plot.show_theme(theme)
        self._colour()

    def show_runs(self, runs: tuple[Snapshot, ...], front: Snapshot, log_x: bool, log_y: bool) -> None:
        """What lies behind the step at which a run stands is its recorded future: paler."""
        while len(self._lines) < len(runs):
            pair = self.plot.add_line(lambda theme: theme.grid), self.plot.add_line(lambda theme: theme.grid)
            self._lines.append(pair)
        known: list[Series] = []
        for k, (seen, ahead) in enumerate(self._lines):
            series = runs[k].watched.get(self.words) if k < len(runs) else None
            if series is None:
                for line in (seen, ahead):
                    line.setData([], [])
                continue
            known.append(series)
            here = int(np.searchsorted(series.steps, runs[k].step, side="right"))
            for line, part in ((seen, slice(0, here)), (ahead, slice(max(here - 1, 0), None))):
                x, y = thinned(series.steps[part].astype(np.float64), series.values[part])
                line.setData(positive(x, log_x), positive(y, log_y))
        self._runs = tuple(one.colour for one in runs)
        self._colour()
        self._frame(known, max(one.furthest for one in runs), log_x, log_y)
        now = front.step
        self._now.setValue(np.log10(max(now, 1e-3)) if log_x else now)
        self.title.setText(f"{self.words}   {self._newest(front)}")

    def _newest(self, front: Snapshot) -> str:
        series = front.watched.get(self.words)
        row = -1 if series is None else int(np.searchsorted(series.steps, front.step, side="right")) - 1
        return "" if series is None or row < 0 else number(float(series.values[row]))

    def _colour(self) -> None:
        for k, colour in enumerate(self._runs):
            line = self._theme.runs[colour]
            for item, share in zip(self._lines[k], (1.0, 0.4), strict=True):
                pen = pg.mkPen(blended(line, self._theme.surface, share), width=1)
                pen.setStyle(STYLES[k % len(STYLES)])
                item.setPen(pen)

    def _frame(self, known: list[Series], furthest: int, log_x: bool, log_y: bool) -> None:
        values = np.concatenate([np.zeros(0), *(s.values for s in known)])
        values = values[np.isfinite(values) & ((values > 0) | (not log_y))]
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
        across = (0.9 if log_x else 0.0, max(leap(float(furthest)), LEAST))
        self.plot.frame(across, vertical(low, high, log_y))


def vertical(low: float, high: float, log: bool) -> tuple[float, float]:
    """A range around the values, with round ends, so that it stands still while they move a little."""
    if log:
        top = leap(high)
        bottom = 10.0 ** (np.floor(2 * np.log10(max(low, 1e-300))) / 2)
        return float(min(bottom, top * 0.5)), top * 1.02
    if low >= 0 and low < 0.5 * high:
        return 0.0, leap(high) * 1.02
    if low == high:
        room = abs(low) * 0.1 or 1.0
        return low - room, high + room
    step = leap((high - low) / 4)
    return float(np.floor(low / step) * step), float(np.ceil(high / step) * step)


def runs_of(snapshot: Snapshot) -> tuple[Snapshot, ...]:
    """All runs, or the one that there is."""
    return snapshot.runs or (snapshot,)


def entry_of(run: Snapshot, k: int) -> Entry:
    return Entry(f"run {run.name}", lambda theme: theme.runs[run.colour], STYLES[k % len(STYLES)])
