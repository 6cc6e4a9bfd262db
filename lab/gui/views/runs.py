"""Runs: all runs of the document in a table, what tells them apart, and whether the comparison is fair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from lab.gui.theme import Theme
from lab.gui.views.framed import FramedView
from lab.gui.views.view import Table
from lab.gui.widgets.numbers import OptionalNumber
from lab.gui.widgets.runs.runs_table import COLUMNS, RunsTable
from lab.training.comparison import At, Row, best, compare, fairness, shared_limit, together
from lab.training.level import Judged, Levels, suggested_level
from lab.training.probes import DistancesProbe, Probe
from lab.training.snapshot import Snapshot

JUDGED: tuple[Judged, ...] = ("validation", "training")
FEW, LOW = 2, 460
"""Sentences on fairness that are said in a view that is less high than so many pixels."""
ALONE = (
    "Duplicate the run (Ctrl+Shift+D) and change one thing, or race several (Ctrl+R): they train side by side, on the "
    "same batches."
)


class RunsView(FramedView):
    name = "runs"
    title = "Runs"
    summary = (
        "All runs side by side: what tells them apart, their figures, and whether the comparison is fair"
    )
    rest = 0.2
    hint = "Click a run to make it the active one; click a heading to sort"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Snapshot | None = None
        self._rows: tuple[Row, ...] = ()
        self._wanted: float | None = None  # the level that a person has set
        self.at = self.controls.choice(
            "Compare",
            (
                ("present", "at the present"),
                ("examples", "at equal examples"),
                ("seconds", "at equal seconds"),
            ),
            "Where the figures are read: where each run stands, or at the most examples or seconds of training "
            "that all runs have reached",
            lambda _: self._redraw(),
        )
        self.judged = self.controls.choice(
            "To a level of",
            (("auto", "error"), ("validation", "validation error"), ("training", "training error")),
            "Which error is to come down to the level: by itself that of the validation part, where there is one",
            lambda _: self._redraw(),
        )
        self.level = OptionalNumber(above=0.0)
        self.level.setFixedWidth(112)
        self.level.setToolTip(
            "The level of the error that runs are to reach. Left empty, it is half of the way, in orders of magnitude, "
            "from the error at the start to the lowest of all"
        )
        self.level.setAccessibleName("Level of the error")
        self.level.edited.connect(self._set_level)
        self.controls.add(self.level)
        self._levels = {judged: Levels(judged, 0.0) for judged in JUDGED}
        self.table_of_runs = RunsTable()
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setProperty("body", True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.note.setAccessibleName("Is it a fair comparison?")
        picture = QWidget()
        column = QVBoxLayout(picture)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.table_of_runs, 1)
        column.addWidget(self.note)
        self.set_picture(picture)
        self.table_of_runs.chosen.connect(self._choose)

    def _choose(self, run: int) -> None:
        if self._snapshot is not None and run != self._snapshot.run:
            self.run_picked.emit(run)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        before = () if self._snapshot is None else tuple(run.run for run in together(self._snapshot))
        self._snapshot = snapshot
        self._redraw()
        if tuple(run.run for run in together(snapshot)) != before:
            self.watching_changed.emit()

    def _redraw(self) -> None:
        if self._snapshot is None:
            return
        at, runs = cast(At, self.at.currentData()), together(self._snapshot)
        self._rows = compare(runs, at, self._chosen_level(runs))
        stopped = frozenset(run.run for run in runs if run.stopped)
        self.table_of_runs.show_rows(self._rows, best(self._rows, runs, at), stopped, self._snapshot.run)
        self._show_note(runs, at)
        self.show_picture()

    def _set_level(self, level: float | None) -> None:
        self._wanted = level
        self._redraw()

    def _chosen_level(self, runs: tuple[Snapshot, ...]) -> Levels:
        """What looks for the level that is set, or suggested."""
        chosen = self.judged.currentData()
        if chosen == "auto":
            has_validation = any(len(run.curves.validation_step) for run in runs)
            chosen = "validation" if has_validation else "training"
        levels = self._levels[chosen]
        suggested = suggested_level([levels.see(run) for run in runs])
        if np.isfinite(suggested):
            self.level.show_instead(suggested)
        wanted = suggested if self._wanted is None else self._wanted
        if wanted != levels.level and not np.isnan(wanted):
            self._levels[chosen] = levels = Levels(chosen, wanted)
        return levels

    def probes_of_runs(self, snapshot: Snapshot) -> Mapping[int, frozenset[Probe]]:
        """Distances."""
        return {run.run: frozenset({DistancesProbe()}) for run in together(snapshot)}

    def _show_note(self, runs: tuple[Snapshot, ...], at: At) -> None:
        if len(runs) < 2:
            text = ALONE
        else:
            sentences = fairness(runs, at)
            mark = "✓" if len(sentences) == 1 and sentences[0].endswith("fair comparison.") else "⚠"
            limit = shared_limit(runs, at)
            read = {
                "examples": f" Read at {limit:,.0f} examples, the most that all have seen.",
                "seconds": f" Read at {limit:,.1f} seconds of training, the most that all have had.",
            }
            text = f"{mark} {' '.join(sentences)}{read.get(at, '')}"
            self.note.setToolTip(text)
            left = len(sentences) - FEW
            if left > 0 and self.height() < LOW:  # the table is worth more than the last of them
                text = f"{mark} {' '.join(sentences[:FEW])} {left} more: point here."
        if text != self.note.text():
            self.note.setText(text)

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.table_of_runs.show_theme(theme)

    def table(self) -> Table:
        """One row a run."""
        if not self._rows:
            return Table({})
        names = {"training_error": "training error", "validation_error": "validation error"} | {
            "best_error": "best error",
            "best_step": "at step",
            "reached_step": "steps to level",
            "reached_examples": "examples to level",
            "from_start": "distance from start",
            "to_minimum": "distance to minimum",
            "multiply_adds": "multiply-adds",
        }
        return Table(
            {
                names.get(column.key, column.title): np.array([column.value(row) for row in self._rows])
                for column in COLUMNS
            }
        )
