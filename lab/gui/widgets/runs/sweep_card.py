"""One contestant of a sweep: its final error against the rate, and under it what each rate's way there was."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from lab.gui.theme import LIGHT, Theme, blended
from lab.gui.widgets.plot import Plot, pen, positive
from lab.gui.widgets.wording import number, tick
from lab.training.level import Judged
from lab.training.sweep import Row, Trial
from lab.value import fields

WIDE, HIGH, WAY_HIGH = 236, 150, 130
"""Pixels that a card wants at least, and its upper and lower plot."""
EDGE = 0.05
"""Share of the upper plot's height, below its top, at which those stand that lie beyond it."""
FAINT = 0.35
"""Share of a card's colour in the ways of all rates but the best."""

Range = tuple[float, float]


class SweepCard(QWidget):
    """`pointed` carries the trial under the mouse or None, `chosen` the trial that was clicked."""

    pointed = Signal(object)
    chosen = Signal(object)

    def __init__(self, colour: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._colour = LIGHT, colour
        self._row: Row | None = None
        self._judged: Judged = "training"
        self._top, self._picked, self._hovered = 1.0, -1, -1
        self._ways: list[pg.PlotDataItem] = []
        self._drawn: tuple[object, ...] = ()
        self.title = QLabel()
        self.title.setProperty("heading", True)
        self.words = QLabel()
        self.words.setProperty("caption", True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.errors, self.ways = Plot(), Plot()
        self.errors.set_log(True, True)
        self._line = self.errors.add_line(lambda theme: theme.run(colour), smooth=True)
        self._points = self.errors.add_points(7)
        self._lost = self.errors.add_points(9, "t1")
        self._star = self.errors.add_points(15, "star")
        self._now = pg.InfiniteLine(angle=90, movable=False)
        self.errors.addItem(self._now, ignoreBounds=True)
        self.errors.setAccessibleName("Final error against the learning rate")
        self.errors.pointed.connect(lambda at: self._hover(self._near(at)))
        self.errors.pressed.connect(lambda at: self._press(self._near(at)))
        self.errors.setMinimumHeight(HIGH)
        self.ways.setMinimumHeight(WAY_HIGH)
        self._start = self.ways.add_points(9)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        for widget in (self.title, self.words):
            column.addWidget(widget)
        column.addWidget(self.errors, 5)
        column.addWidget(self.ways, 4)
        self.setMinimumWidth(WIDE)

    # --- what is shown

    def show_row(self, row: Row, judged: Judged, frame: tuple[Range, Range], picked: int) -> None:
        """`frame` is the range of rates and of errors, `picked` the place of a rate that was chosen by hand."""
        self._row, self._judged, self._picked = row, judged, picked
        (_, self._top), one = frame[1], row.contestant
        self.title.setText(one.name)
        self.words.setText(self._said())
        self.words.setToolTip(row.why)
        self.errors.name_axes((rate_of(row), "ε"), (f"final {judged} error", "final error", "error"))
        self.errors.frame(*frame)
        self._now.setValue(np.log10(one.experiment.optimizer.rate or 1e-9))
        drawn = (
            self._theme.name,
            judged,
            picked,
            frame,
            tuple(trial is not None for trial in row.trials),
            one.name,
        )
        if drawn != self._drawn:
            self._drawn = drawn
            self._show_errors(row)
            self._show_ways(row)

    def _said(self) -> str:
        assert self._row is not None
        row, picked = self._row, self.taken
        if row.why:
            return row.why
        if picked is None:
            return "not tried yet" if not row.diverged else f"{row.diverged} of {len(row.trials)} diverge"
        lost = f"; {row.diverged} diverge" if row.diverged > 1 else "; 1 diverges" if row.diverged else ""
        which = "best" if self._picked < 0 else "chosen"
        return f"{which} ε {tick(picked.rate)}: {number(picked.error(self._judged))}{lost}"

    @property
    def taken(self) -> Trial | None:
        """The trial that a race takes: the one that was chosen, else the best."""
        if self._row is None:
            return None
        picked = self._row.trials[self._picked] if self._picked >= 0 else None
        return picked or self._row.best(self._judged)

    def _show_errors(self, row: Row) -> None:
        known = [trial for trial in row.trials if trial is not None]
        fine = [t for t in known if np.isfinite(t.error(self._judged)) and t.error(self._judged) > 0]
        rates = np.array([trial.rate for trial in fine])
        errors = np.minimum(np.array([trial.error(self._judged) for trial in fine]), self._top)
        self._line.setData(positive(rates, True), positive(errors, True))
        colour, surface = self._theme.run(self._colour), self._theme.surface
        beyond = [t for t in fine if t.error(self._judged) > self._top]
        inside = [t for t in fine if t not in beyond]
        self._points.setData(
            x=[np.log10(t.rate) for t in inside],
            y=[np.log10(t.error(self._judged)) for t in inside],
            pen=pen(colour),
            brush=pg.mkBrush(surface),
        )
        lost = [t for t in known if t.diverged >= 0]
        danger = self._theme.danger
        (_, (low, high)) = self.errors.box.viewRange()
        edge = high - EDGE * (high - low)
        self._lost.setData(
            x=[np.log10(t.rate) for t in (*beyond, *lost)],
            y=[edge] * (len(beyond) + len(lost)),
            pen=[*[pen(colour)] * len(beyond), *[pen(danger)] * len(lost)],
            brush=[*[pg.mkBrush(surface)] * len(beyond), *[pg.mkBrush(danger)] * len(lost)],
        )
        best = self.taken
        at = [] if best is None or best.error(self._judged) <= 0 else [best]
        self._star.setData(
            x=[np.log10(t.rate) for t in at],
            y=[np.log10(min(t.error(self._judged), self._top)) for t in at],
            pen=pen(surface),
            brush=pg.mkBrush(colour),
        )

    def _show_ways(self, row: Row) -> None:
        """Of two weights their paths, else the error over the examples seen: the one that is taken in full colour."""
        trials = [trial for trial in row.trials if trial is not None and trial.steps]
        paths = [trial for trial in trials if trial.path is not None]
        while len(self._ways) < len(trials):
            self._ways.append(self.ways.add_line(lambda theme: theme.grid, smooth=True))
        for k, line in enumerate(self._ways):
            line.setVisible(k < len(trials))
        is_plane = bool(paths)
        self.ways.set_log(False, not is_plane)
        if is_plane:
            self.ways.name_axes("first weight", ("second weight", "second"))
        else:
            self.ways.name_axes(("examples seen", "examples"), "error")
        taken = self.taken
        frame = around(paths, taken) if is_plane else self._over_examples(trials)
        for line, trial in zip(self._ways, trials, strict=False):
            x, y = inside(trial, frame) if is_plane else (trial.examples, trial.errors)
            line.setData(x, y if is_plane else positive(np.minimum(y, 1e300), True))
        self._colour_ways(trials)
        start = paths[0].path[:1] if paths and paths[0].path is not None else np.zeros((0, 2))
        self._start.setData(
            x=start[:, 0], y=start[:, 1], pen=pen(self._theme.text), brush=pg.mkBrush(self._theme.surface)
        )
        self.ways.frame(*frame)

    def _over_examples(self, trials: list[Trial]) -> tuple[Range, Range]:
        low, high = 0.1, 1.0
        seen = [t.errors[np.isfinite(t.errors) & (t.errors > 0)] for t in trials]
        seen = [errors for errors in seen if len(errors)]
        if seen:
            start = max(float(errors[0]) for errors in seen)
            low, high = min(float(e.min()) for e in seen), 3 * start
        most = max((float(t.examples[-1]) for t in trials if len(t.examples)), default=1.0)
        return (0.0, most), (min(low / 1.5, high / 10), high)

    def _colour_ways(self, trials: list[Trial]) -> None:
        taken = self.taken
        colour = self._theme.run(self._colour)
        faint = blended(colour, self._theme.surface, FAINT)
        for line, trial in zip(self._ways, trials, strict=False):
            is_it = trial is taken
            hovered = (
                self._row is not None and self._hovered >= 0 and trial is self._row.trials[self._hovered]
            )
            line.setPen(
                pen(self._theme.text if hovered else colour if is_it else faint, 2 if is_it or hovered else 1)
            )
            line.setZValue(3 if hovered else 2 if is_it else 1)

    def show_theme(self, theme: Theme) -> None:
        self._theme, self._drawn = theme, ()
        for plot in (self.errors, self.ways):
            plot.show_theme(theme)
        self._now.setPen(pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DotLine))
        if self._row is not None:
            self._show_errors(self._row)
            self._show_ways(self._row)

    # --- pointing

    def _near(self, at: tuple[float, float] | None) -> int:
        """The place of the trial whose rate is nearest to a point of the upper plot; -1 where there is none."""
        if at is None or self._row is None:
            return -1
        known = [k for k, trial in enumerate(self._row.trials) if trial is not None]
        rates = self._row.contestant.rates
        return min(known, key=lambda k: abs(np.log(rates[k] / at[0])), default=-1)

    def _hover(self, place: int) -> None:
        if self._row is not None and place != self._hovered:
            self._hovered = place
            self._colour_ways([t for t in self._row.trials if t is not None and t.steps])
            self.pointed.emit(self._row.trials[place] if place >= 0 else None)

    def _press(self, place: int) -> None:
        if self._row is not None and place >= 0:
            self.chosen.emit(place)


def inside(trial: Trial, frame: tuple[Range, Range]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The path of a trial; one that diverges is drawn until it has left the picture."""
    assert trial.path is not None
    path = np.where(np.isfinite(trial.path), trial.path, np.nan).astype(np.float64)
    if trial.diverged >= 0:
        low, high = np.array(frame).T
        gone = np.flatnonzero(~((path >= low) & (path <= high)).all(axis=1))
        path = path[: int(gone[0]) + 1] if len(gone) else path
    return path[:, 0], path[:, 1]


def around(trials: list[Trial], taken: Trial | None) -> tuple[Range, Range]:
    """A frame around where the trials end, and the way of the one that is taken: who flies off leaves the picture."""
    whole = [t.path for t in trials if t is taken and t.path is not None]
    ends = [t.path[[0, -1]] for t in trials if t.path is not None and t.diverged < 0]
    firsts = [t.path[:2] for t in trials if t.path is not None]
    points = np.concatenate([np.zeros((0, 2)), *whole, *(ends or firsts)]).astype(np.float64)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return (0.0, 1.0), (0.0, 1.0)
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.15 * np.maximum(high - low, 1e-3 * max(float(np.abs(points).max()), 1e-6))
    (left, bottom), (right, top) = low - room, high + room
    return (float(left), float(right)), (float(bottom), float(top))


def rate_of(row: Row) -> str:
    """What the rule calls its rate: learning rate ε, first step size Δ₀."""
    kind = type(row.contestant.experiment.optimizer)
    return next(field.title for field in fields(kind) if field.name == "rate")
