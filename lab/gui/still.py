"""A run that stands still, drawn by the window's own views: pictures without a screen."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMessageLogContext, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from lab.experiment.experiment import Experiment
from lab.gui import figures
from lab.gui.main_window import MainWindow
from lab.gui.panels.graph import GraphEditor
from lab.gui.selection import Selection
from lab.gui.views import VIEWS
from lab.gui.views.view import View
from lab.problem import Problem, ProblemError
from lab.training.filters import FiltersProbe
from lab.training.mailbox import Compiling, Loaded
from lab.training.marks import Marks
from lab.training.moment import OF_THE_UPDATE
from lab.training.observer import Asked
from lab.training.probes import OperationProbe, Probe, Reading, ToldProbe
from lab.training.publishing import snapshot_of
from lab.training.readings import answer
from lab.training.run import Run
from lab.training.snapshot import Snapshot
from lab.training.surfaces import SurfaceProbe
from lab.training.survey import Surveyor
from lab.training.trainer import Trainer

WINDOW = "window"
WINDOW_SIZE, VIEW_SIZE = (1280, 800), (720, 480)
QUIET, PATIENCE = 0.4, 30.0
"""Seconds without a new wish after which the window is whole; and at most."""


class Still(Trainer):
    """Stands in for the trainer: it answers whatever is watched at once, wholly, and trains nothing."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._still, self._surveyor, self._readings = run, Surveyor(), dict[Probe, Reading]()
        self._marks = Marks()
        self.asked_at = time.monotonic()

    def start(self) -> None:
        self._events.append(Compiling(1, 1))

    def load(self, experiment: Experiment) -> None:
        self._events.append(Loaded(experiment, self._still.step))
        self.watch(frozenset())

    def watch(self, probes: frozenset[Probe], of_runs: Asked | None = None) -> None:
        own = (of_runs or {}).get(1, frozenset())
        self.snapshots.put(self.snapshot(probes | own))
        self.asked_at = (
            time.monotonic()
        )  # once answered: a surface takes longer than the quiet that is waited for

    def snapshot(self, probes: frozenset[Probe]) -> Snapshot:
        """The run as it stands, with the answers to all probes."""
        run = self._still
        for probe in probes - self._readings.keys():
            if isinstance(probe, ToldProbe):
                run.make_last_update_again()
            moment = run.moment(
                isinstance(probe, (SurfaceProbe, FiltersProbe, *OF_THE_UPDATE)),
                isinstance(probe, OperationProbe),
            )
            self._marks.follow({1: {probe}}, {1: run})
            moment = replace(moment, anchors=self._marks.of(1, run, {probe}))
            reading: Reading | None
            if isinstance(probe, SurfaceProbe):
                reading = self._surveyor.look(probe, moment, float("inf"), np.zeros(1, np.int64))
            else:
                reading = answer(probe, moment)
            if reading is not None:
                self._readings[probe] = reading
        answers = {probe: reading for probe, reading in self._readings.items() if probe in probes}
        return snapshot_of(run, answers)


@contextmanager
def quiet() -> Iterator[None]:
    """Without what Qt says about its own drawing into memory."""

    def say(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if "propagateSizeHints" not in text:
            print(text, file=sys.stderr)

    before = qInstallMessageHandler(say)
    try:
        yield
    finally:
        qInstallMessageHandler(before)


def check_name(name: str) -> None:
    """ProblemError, with all the names there are, if there is no view of this name."""
    names = [WINDOW, *(view.name for view in VIEWS), GraphEditor.name]
    if name not in names:
        raise ProblemError(Problem(name, "there is no such view", f"There are {', '.join(names)}"))


def check_suits(name: str, still: Still) -> None:
    """ProblemError if the view of this name has nothing to show of the run."""
    if name != WINDOW and name not in fitting_views(still):
        what = f"the view {name} has nothing to show of this experiment"
        raise ProblemError(Problem(still.snapshot(frozenset()).experiment.name, what, "Choose another view"))


def fitting_views(still: Still) -> list[str]:
    """The names of the views that have something to show of the run."""
    nothing_yet = still.snapshot(frozenset())
    return [*(view.name for view in VIEWS if view().suits(nothing_yet)), GraphEditor.name]


def draw_window(window: MainWindow, still: Still, out: Path, size: tuple[int, int] | None = None) -> None:
    """Draws the whole window, whose trainer `still` is, into a file, and closes it."""
    window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    window.resize(*(size or WINDOW_SIZE))
    window.show()
    window.document.start()
    end = time.monotonic() + PATIENCE
    still.asked_at = time.monotonic()
    while time.monotonic() < min(end, still.asked_at + QUIET):
        QApplication.processEvents()
        time.sleep(0.005)
    window.workspace.show_all()
    QApplication.processEvents()
    try:
        figures.save(window, out, window.appearance.theme)
    finally:
        window.close()


def draw_view(
    name: str, window: MainWindow, still: Still, out: Path, size: tuple[int, int] | None = None
) -> None:
    """Draws the view of this name, which suits the run that `window` looks at, into a file."""
    theme = window.appearance.theme
    view: View
    if name == GraphEditor.name:
        view = GraphEditor(window.document, window.network_panel.edits)
    else:
        view = next(view for view in VIEWS if view.name == name)()
    nothing_yet = still.snapshot(frozenset())
    selection = Selection()
    view.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    view.resize(*(size or VIEW_SIZE))
    view.show_theme(theme)
    view.show_selection(selection)
    view.show()
    view.show_snapshot(still.snapshot(view.probes(nothing_yet, selection)))
    QApplication.processEvents()
    try:
        figures.save(view, out, theme, size)
    finally:
        view.close()
