"""Curves: error and accuracy as training goes on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lab.export.curves import curves_table
from lab.gui.theme import Theme, blended
from lab.gui.views.framed import FramedView
from lab.gui.views.view import Table
from lab.gui.widgets.edit_marks import EditMarks
from lab.gui.widgets.legend import Entry, Legend
from lab.gui.widgets.plot import Plot, positive
from lab.gui.widgets.wording import number, share
from lab.training.history import Curves
from lab.training.snapshot import Snapshot

Values = NDArray[np.float64]
FULL = 4096
"""So many of the first updates are drawn one by one; later ones, where there are many more, by their extremes."""
LEAST = {"steps": 10.0, "epochs": 1.0, "examples": 10.0, "seconds": 0.01}
"""How far the horizontal axis goes at least."""


class CurvesView(FramedView):
    name = "curves"
    title = "Curves"
    summary = "Error and accuracy over the updates made, on the training batches and on the validation part"
    rest = 0.06
    hint = "Point at a curve for its numbers; drag to move, wheel to zoom, double click to fit"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Snapshot | None = None
        self._shown: tuple[object, ...] = ()
        self._over = self.controls.choice(
            "Horizontal axis",
            (
                ("steps", "x: steps"),
                ("epochs", "x: epochs"),
                ("examples", "x: examples"),
                ("seconds", "x: seconds"),
            ),
            "What the horizontal axis counts: updates, passes through the training part, examples seen, or "
            "seconds of training",
            lambda _: self._restart(),
            captioned=False,
        )
        self.log_x = self.controls.switch("log x", "Logarithmic horizontal axis", self._set_log)
        self.log_y = self.controls.switch(
            "log error", "Logarithmic axis of the error", self._set_log, on=True
        )
        self.legend = Legend()
        self.loss, self.accuracy = Plot(), Plot()
        self.loss.setAccessibleName("Error")
        self.accuracy.setAccessibleName("Accuracy")
        self.loss.setToolTip("E, the error that is made small, in the loss's own unit")
        self.accuracy.setToolTip("Accuracy: right answers / all answers")
        picture = QWidget()
        column = QVBoxLayout(picture)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.legend)
        column.addWidget(self.loss, 4)
        column.addWidget(self.accuracy, 3)
        self.set_picture(picture)
        self._lines = {}
        for key, plot in (("loss", self.loss), ("accuracy", self.accuracy)):
            self._lines[key] = (
                plot.add_line(_faint),
                plot.add_line(lambda theme: theme.runs[0]),
                plot.add_line(lambda theme: theme.text, Qt.PenStyle.DashLine),
            )
            plot.pointed.connect(self._point)
        self._markers = [self._marker(plot) for plot in (self.loss, self.accuracy)]
        self._changes = [EditMarks(plot) for plot in (self.loss, self.accuracy)]
        self._set_log()
        self.say("Press play: error and accuracy appear here")

    def _marker(self, plot: Plot) -> pg.InfiniteLine:
        line = pg.InfiniteLine(angle=90, movable=False)
        plot.addItem(line, ignoreBounds=True)
        plot.styled(lambda theme: line.setPen(pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DotLine)))
        return line

    def _set_log(self, *_: object) -> None:
        self.loss.set_log(self.log_x.isChecked(), self.log_y.isChecked())
        self.accuracy.set_log(self.log_x.isChecked(), False)
        self._restart()

    def _restart(self) -> None:
        self._shown = ()
        for plot in (self.loss, self.accuracy):
            plot.refit()
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)

    # what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        curves = snapshot.curves
        self._snapshot = snapshot
        state = (
            *(len(curves.step), len(curves.validation_step), snapshot.step, snapshot.furthest),
            *(snapshot.run, id(snapshot.experiment), len(snapshot.edits)),
        )
        if state == self._shown:
            return
        if not len(curves.step) and not len(curves.validation_step):
            self.say("Press play: error and accuracy appear here")
            self._shown = state
            return
        self._shown = state
        along, unit = self._along(curves, snapshot)
        x, v = along(curves.step), along(curves.validation_step)
        window = smoothing_window(len(curves.step))
        classes = bool(snapshot.experiment.data.classes())
        self.accuracy.setVisible(classes)
        self.loss.name_axes("" if classes else unit, f"error ({snapshot.experiment.loss.title})")
        self.loss.number_axis("bottom", not classes)  # the plot below has the same axis
        self.accuracy.name_axes(unit, ("accuracy (%)", "right (%)", "%"))
        self._draw("loss", x, v, curves.loss, curves.validation_loss, window)
        if classes:
            self._draw("accuracy", x, v, 100 * curves.accuracy, 100 * curves.validation_accuracy, window)
        now = along(np.array([snapshot.step]))
        changes = along(np.array([edit.step for edit in snapshot.edits[1:]], np.int64))
        if self.log_x.isChecked():
            now, changes = (np.log10(np.maximum(at, 1e-300)) for at in (now, changes))
        for marker, marks in zip(self._markers, self._changes, strict=True):
            marker.setValue(now[0])
            marks.show_edits(snapshot, changes, now[0])
        self._frame(x, v, curves, classes)
        self._name(window)
        self.show_picture()

    def _along(self, curves: Curves, snapshot: Snapshot) -> tuple[Callable[[NDArray[np.int64]], Values], str]:
        """From steps to what the horizontal axis counts, and its name."""
        over = self._over.currentData()
        if over == "steps":
            return lambda steps: np.asarray(steps, np.float64), "step (updates)"
        steps = np.concatenate([[0], curves.step])
        if over == "seconds":
            seconds = np.concatenate([[0.0], curves.seconds])
            return lambda at: np.interp(at, steps, seconds), "seconds of training"
        examples = np.concatenate([[0], curves.examples])
        per_epoch = snapshot.examples / snapshot.epoch if over == "epochs" and snapshot.epoch > 0 else 1.0
        name = "epochs (passes through the training part)" if over == "epochs" else "examples seen"
        return lambda at: np.interp(at, steps, examples) / per_epoch, name

    def _draw(self, key: str, x: Values, v: Values, batch: Values, validation: Values, window: int) -> None:
        log_y = key == "loss" and self.log_y.isChecked()
        log_x = self.log_x.isChecked()
        raw, smooth, judged = self._lines[key]
        fx, fy = thinned(x, batch)
        raw.setData(positive(fx, log_x), positive(fy, log_y))
        sx, sy = thinned(x, smoothed(batch, window))
        smooth.setData(positive(sx, log_x), positive(sy, log_y))
        judged.setData(positive(v, log_x), positive(validation, log_y))

    def _frame(self, x: Values, v: Values, curves: Curves, classes: bool) -> None:
        """Ranges that grow in leaps, so that the axes stand still between them."""
        ends = [float(a[-1]) for a in (x, v) if len(a)]
        end = max(leap(max(ends, default=1.0)), LEAST[self._over.currentData()])
        starts = [float(a[a > 0][0]) for a in (x, v) if len(a) and (a > 0).any()]
        across = (min(starts, default=0.1) * 0.9 if self.log_x.isChecked() else 0.0, end)
        known = np.concatenate(
            [smoothed(curves.loss, smoothing_window(len(curves.loss))), curves.validation_loss]
        )
        known = known[np.isfinite(known) & ((known > 0) | (not self.log_y.isChecked()))]
        top = leap(float(known.max(initial=1e-6))) if len(known) else 1.0
        low = 0.0
        if self.log_y.isChecked():
            low = 10.0 ** (np.floor(2 * np.log10(float(known.min(initial=top)) * 0.8)) / 2)
        self.loss.frame(across, (min(low, top * 0.5), top * 1.02))
        if classes:
            self.accuracy.frame(across, (0.0, 102.0))

    def _name(self, window: int) -> None:
        entries = [Entry("training batch", _faint, brief="batch")]
        mean = "training" if window == 1 else f"training, mean of the last {window:,}"
        brief = "training" if window == 1 else f"mean of {window:,}"
        entries.append(Entry(mean, lambda theme: theme.runs[0], brief=brief))
        entries.append(Entry("validation", lambda theme: theme.text, Qt.PenStyle.DashLine))
        self.legend.show_entries(tuple(entries))

    def _point(self, point: tuple[float, float] | None) -> None:
        if point is None or self._snapshot is None:
            self.readout.say("")
            return
        curves = self._snapshot.curves
        along, _ = self._along(curves, self._snapshot)
        parts = []
        changed = self._changes[0].words_at(np.log10(point[0]) if self.log_x.isChecked() else point[0])
        if changed:
            parts.append(changed)
        if len(curves.step):
            k = int(np.abs(along(curves.step) - point[0]).argmin())
            parts.append(f"step {curves.step[k]:,}: batch error {number(curves.loss[k])}")
            if np.isfinite(curves.accuracy[k]):
                parts.append(f"accuracy {share(curves.accuracy[k])}")
        if len(curves.validation_step):
            k = int(np.abs(along(curves.validation_step) - point[0]).argmin())
            parts.append(f"validation at {curves.validation_step[k]:,}: {number(curves.validation_loss[k])}")
            if np.isfinite(curves.validation_accuracy[k]):
                parts.append(share(curves.validation_accuracy[k]))
        self.readout.say(",  ".join(parts))

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        for part in (self.loss, self.accuracy, self.legend):
            part.show_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.legend.setVisible(self.height() > 220)

    def table(self) -> Table:
        """One row a step at which anything is known; NaN where that number was not taken."""
        if self._snapshot is None:
            return Table({})
        return Table(curves_table(self._snapshot.curves))


def _faint(theme: Theme) -> str:
    return blended(theme.runs[0], theme.surface, 0.35)


def smoothing_window(count: int) -> int:
    """How many updates the smoothed line is the mean of: about a fiftieth of all, a round number."""
    for window in (1, 2, 5, 10, 20, 50, 100, 200, 500):
        if window * 50 >= count:
            return window
    return 1000


def smoothed(values: Values, window: int) -> Values:
    """The mean of the last `window` values (fewer at the start). NaN where one of them is not finite."""
    if window == 1 or not len(values):
        return values
    finite = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(finite, values, 0.0))])
    bad = np.concatenate([[0], np.cumsum(~finite)])
    end = np.arange(1, len(values) + 1)
    start = np.maximum(end - window, 0)
    means = (sums[end] - sums[start]) / (end - start)
    return np.where(bad[end] > bad[start], np.nan, means)


def thinned(x: Values, y: Values) -> tuple[Values, Values]:
    """The points of a line few enough to be drawn at once: the first FULL of them, then extremes of bins."""
    size = (len(x) - FULL) // FULL
    if size < 4:
        return x, y
    bins = (len(x) - FULL) // size
    tail = y[FULL : FULL + bins * size].reshape(bins, size)
    at = x[FULL : FULL + bins * size : size]
    extremes = np.stack([tail.min(axis=1), tail.max(axis=1)], axis=1).ravel()
    rest = FULL + bins * size
    return (
        np.concatenate([x[:FULL], np.repeat(at, 2), x[rest:]]),
        np.concatenate([y[:FULL], extremes, y[rest:]]),
    )


def leap(value: float) -> float:
    """A round number a little above `value`, from a ladder of steps of about a quarter."""
    if not value > 0 or not np.isfinite(value):
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    ladder = (1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.4, 8, 10)
    return float(next(f * power for f in ladder if f * power >= value * (1 - 1e-9)))
