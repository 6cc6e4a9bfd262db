"""Curves: error and accuracy as training goes on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lab.export.curves import curves_table
from lab.gui.theme import Theme, blended
from lab.gui.views.framed import FramedView
from lab.gui.views.smoothing import FULL, Values, leap, smoothing_window, sparse_means, thinned
from lab.gui.views.view import Table
from lab.gui.widgets.legend import Entry, Legend
from lab.gui.widgets.plot import Plot
from lab.gui.widgets.runs.run_lines import RunLines, Strand
from lab.gui.widgets.time.edit_marks import EditMarks
from lab.gui.widgets.wording import number, share
from lab.training.comparison import difference, together
from lab.training.snapshot import Snapshot

UNITS = {
    "steps": "step (updates)",
    "epochs": "epochs (passes through the training part)",
    "examples": "examples seen",
    "seconds": "seconds of training",
}
LEAST = {"steps": 10.0, "epochs": 1.0, "examples": 10.0, "seconds": 0.01}
"""How far the horizontal axis goes at least."""
FEW = 150
"""As FULL, of the lines of runs that are not the active one: eight of them are drawn in each frame."""
AXES = tuple((name, f"x: {name}") for name in UNITS)


class CurvesView(FramedView):
    name = "curves"
    title = "Curves"
    summary = "Error and accuracy over the updates made, on the training batches and on the validation part"
    rest = 0.1
    hint = "Point at a curve for its numbers; drag to move, wheel to zoom, double click to fit"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Snapshot | None = None
        self._shown: tuple[object, ...] = ()
        self._named: tuple[object, ...] = ()
        self._strands: dict[str, dict[int, tuple[tuple[object, ...], Strand]]] = {"loss": {}, "accuracy": {}}
        self._over = self.controls.choice(
            "Horizontal axis",
            AXES,
            "What the horizontal axis counts: updates, passes through the training part, examples seen, or seconds "
            "of training",
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
        self.lines = {"loss": RunLines(self.loss), "accuracy": RunLines(self.accuracy)}
        self.loss.pointed.connect(lambda point: self._point(point, "loss"))
        self.accuracy.pointed.connect(lambda point: self._point(point, "accuracy"))
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
        runs = together(snapshot)
        self._snapshot = snapshot
        state = (snapshot.run, snapshot.step, len(snapshot.edits), *map(state_of, runs))
        if state == self._shown:
            return
        self._shown = state
        if not any(len(run.curves.step) or len(run.curves.validation_step) for run in runs):
            self.say("Press play: error and accuracy appear here")
            return
        classes = any(run.experiment.data.classes() for run in runs)
        self.accuracy.setVisible(classes)
        self._name_axes(runs, classes)
        window = smoothing_window(max(len(run.curves.step) for run in runs))
        for key in ("loss", "accuracy") if classes else ("loss",):
            self._draw(key, runs, snapshot, window)
        self._mark_time(snapshot)
        self._frame(classes, len(runs) > 1)
        named = (window, snapshot.run, *((run.run, run.name, run.colour, id(run.experiment)) for run in runs))
        if named != self._named:
            self._named = named
            self.legend.show_entries(legend_of(snapshot, runs, window))
        self.show_picture()

    def _mark_time(self, snapshot: Snapshot) -> None:
        """Where the active run stands, and where it was changed."""
        along = self._along(snapshot)
        now = along(np.array([snapshot.step]))
        changes = along(np.array([edit.step for edit in snapshot.edits[1:]], np.int64))
        if self.log_x.isChecked():
            now, changes = (np.log10(np.maximum(at, 1e-300)) for at in (now, changes))
        for marker, marks in zip(self._markers, self._changes, strict=True):
            marker.setValue(now[0])
            marks.show_edits(snapshot, changes, now[0])

    def _along(self, run: Snapshot) -> Callable[[NDArray[np.int64]], Values]:
        """From a run's steps to what the horizontal axis counts."""
        over, curves = self._over.currentData(), run.curves
        if over == "steps":
            return lambda steps: np.asarray(steps, np.float64)
        steps = np.concatenate([[0], curves.step])
        counted = np.concatenate([[0], curves.seconds if over == "seconds" else curves.examples])
        per_unit = run.examples / run.epoch if over == "epochs" and run.epoch > 0 else 1.0
        return lambda at: np.interp(at, steps, counted) / per_unit

    def _name_axes(self, runs: tuple[Snapshot, ...], classes: bool) -> None:
        unit = UNITS[self._over.currentData()]
        losses = {run.experiment.loss.title for run in runs}
        loss = losses.pop() if len(losses) == 1 else "each run its own"
        self.loss.name_axes("" if classes else unit, f"error ({loss})")
        self.loss.number_axis("bottom", not classes)  # the plot below has the same axis
        self.accuracy.name_axes(unit, ("accuracy (%)", "right (%)", "%"))

    def _draw(self, key: str, runs: tuple[Snapshot, ...], snapshot: Snapshot, window: int) -> None:
        strands = {}
        for run in runs:
            active = run.run == snapshot.run
            made_of = (*state_of(run), active, window, self._over.currentData())
            known = self._strands[key].get(run.run)
            if known is None or known[0] != made_of:  # a run that stands still is not gone through again
                known = (made_of, strand_of(run, key, self._along(run), window, active))
            strands[run.run] = known
        self._strands[key] = strands
        log = (self.log_x.isChecked(), key == "loss" and self.log_y.isChecked())
        self.lines[key].show_strands(tuple(strand for _, strand in strands.values()), snapshot.run, log)

    def _frame(self, classes: bool, several: bool) -> None:
        """Ranges that grow in leaps, so that the axes stand still between them."""
        lines = [line for _, s in self._strands["loss"].values() for line in (s.mean, s.validation)]
        x, known = (np.concatenate(part) for part in zip(*lines, strict=True))
        least = LEAST[self._over.currentData()]
        end = max(leap(float(x.max(initial=0.0))), least)
        start = float(x[x > 0].min(initial=end)) * 0.9 if self.log_x.isChecked() else 0.0
        if several:
            share = self.lines["loss"].room_for_names()
            end = start * (end / start) ** (1 / (1 - share)) if start else end / (1 - share)
        across = (start, end)
        known = known[np.isfinite(known) & ((known > 0) | (not self.log_y.isChecked()))]
        top = leap(float(known.max(initial=1e-6))) if len(known) else 1.0
        low = 0.0
        if self.log_y.isChecked():
            low = 10.0 ** (np.floor(2 * np.log10(float(known.min(initial=top)) * 0.8)) / 2)
        self.loss.frame(across, (min(low, top * 0.5), top * 1.02))
        if classes:
            self.accuracy.frame(across, (0.0, 102.0))

    def _point(self, point: tuple[float, float] | None, key: str) -> None:
        if point is None or self._snapshot is None:
            self.readout.say("")
            return
        changed = self._changes[0].words_at(np.log10(point[0]) if self.log_x.isChecked() else point[0])
        if len(together(self._snapshot)) == 1:
            numbers = self._numbers_of_one(self._snapshot, point[0])
        else:
            numbers = self._numbers_of_all(key, point[0])
        self.readout.say(",  ".join(filter(None, [changed, numbers])))

    def _numbers_of_all(self, key: str, x: float) -> str:
        """Each run's mean and validation near a place of the axis: read off what was logged, not off the lines."""
        assert self._snapshot is not None
        runs = together(self._snapshot)
        window = smoothing_window(max(len(run.curves.step) for run in runs))
        say = share if key == "accuracy" else number
        words = []
        for run in runs:
            curves, along = run.curves, self._along(run)
            logged = curves.loss if key == "loss" else curves.accuracy
            judged = curves.validation_loss if key == "loss" else curves.validation_accuracy
            k, j = (nearest(along(steps), x) for steps in (curves.step, curves.validation_step))
            mean = say(float(logged[max(k - window + 1, 0) : k + 1].mean())) if k >= 0 else "–"
            words.append(f"{run.name} {mean}, {say(float(judged[j])) if j >= 0 else '–'}")
        return f"{self._over.currentData()} {number(x)}, training and validation:  {'  ·  '.join(words)}"

    def _numbers_of_one(self, run: Snapshot, x: float) -> str:
        curves, along = run.curves, self._along(run)
        parts = []
        if len(curves.step):
            k = int(np.abs(along(curves.step) - x).argmin())
            parts.append(f"step {curves.step[k]:,}: batch error {number(curves.loss[k])}")
            if np.isfinite(curves.accuracy[k]):
                parts.append(f"accuracy {share(curves.accuracy[k])}")
        if len(curves.validation_step):
            k = int(np.abs(along(curves.validation_step) - x).argmin())
            parts.append(f"validation at {curves.validation_step[k]:,}: {number(curves.validation_loss[k])}")
            if np.isfinite(curves.validation_accuracy[k]):
                parts.append(share(curves.validation_accuracy[k]))
        return ",  ".join(parts)

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        for part in (self.loss, self.accuracy, self.legend):
            part.show_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.legend.setVisible(self.height() > 220)

    def table(self) -> Table:
        """One row a step at which anything is known, run after run; NaN where that number was not taken."""
        if self._snapshot is None:
            return Table({})
        runs = together(self._snapshot)
        if len(runs) == 1:
            return Table(curves_table(runs[0].curves))
        tables = [curves_table(run.curves) for run in runs]
        names = [np.full(len(table["step"]), run.name) for run, table in zip(runs, tables, strict=True)]
        columns = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
        return Table({"run": np.concatenate(names)} | columns)


def state_of(run: Snapshot) -> tuple[object, ...]:
    """What a run's lines depend on."""
    curves = run.curves
    ends = [column[-1:].tobytes() for column in (curves.loss, curves.validation_loss)]  # NaN equals itself so
    lengths = (len(curves.step), len(curves.validation_step))
    return (run.run, run.name, run.colour, *lengths, id(run.experiment), *ends)


def strand_of(
    run: Snapshot, key: str, along: Callable[[NDArray[np.int64]], Values], window: int, active: bool
) -> Strand:
    """A run's lines of the error ("loss") or of the accuracy in per cent, finely and with batches if it is active."""
    curves, nothing = run.curves, (np.empty(0), np.empty(0))
    batch = curves.loss if key == "loss" else 100 * curves.accuracy
    judged = curves.validation_loss if key == "loss" else 100 * curves.validation_accuracy
    at, means = sparse_means(batch, window)
    return Strand(
        run=run.run,
        name=run.name,
        colour=run.colour,
        batches=thinned(along(curves.step), batch) if active else nothing,
        mean=thinned(along(curves.step[at]), means, FULL if active else FEW),
        validation=thinned(along(curves.validation_step), judged, FULL if active else FEW),
    )


def nearest(places: Values, x: float) -> int:
    """Which of the places is nearest; -1 if there is none."""
    return int(np.abs(places - x).argmin()) if len(places) else -1


def legend_of(snapshot: Snapshot, runs: tuple[Snapshot, ...], window: int) -> tuple[Entry, ...]:
    """Of a run alone which line is what; of several which run is which and how it differs."""
    mean = "training" if window == 1 else f"training, mean of the last {window:,}"
    brief = "training" if window == 1 else f"mean of {window:,}"
    if len(runs) == 1:
        return (
            Entry(
                "training batch",
                lambda theme: blended(theme.run(snapshot.colour), theme.surface, 0.35),
                brief="batch",
            ),
            Entry(mean, lambda theme: theme.run(snapshot.colour), brief=brief),
            Entry("validation", lambda theme: theme.text, Qt.PenStyle.DashLine),
        )
    return (
        *(
            Entry(
                f"{run.name}: {difference(run, runs, most=1)}",
                partial(Theme.run, colour=run.colour),
                brief=run.name,
            )
            for run in runs
        ),
        Entry(mean, lambda theme: theme.muted, brief=brief),
        Entry("validation", lambda theme: theme.muted, Qt.PenStyle.DashLine),
    )
