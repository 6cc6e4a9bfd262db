"""A view split by run: the same picture once for each run, side by side."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lab.experiment.experiment import Experiment
from lab.gui.icons import run_dot
from lab.gui.selection import Selection
from lab.gui.theme import LIGHT, Theme
from lab.gui.views.framed import FramedView
from lab.gui.views.settings import controls_of, copy_settings, when_chosen
from lab.gui.views.view import Table, View
from lab.gui.widgets.runs.run_chips import Chip
from lab.gui.widgets.words import Words
from lab.training.comparison import difference, together
from lab.training.probes import Probe
from lab.training.snapshot import Snapshot

BY_RUN = {
    "maps": 210,
    "unit": 260,
    "fields": 260,
    "health": 220,
    "filters": 150,
    "confusion": 180,
    "predictions": 200,
    "decision": 230,
    "units": 150,
    "bent_grid": 230,
    "mistakes": 200,
    "diagram": 300,
    "surface": 240,
}
"""Views that can be split, and how many pixels of width a picture needs.

The others show all runs at once, or belong to the active one.
"""

IN_A_ROW, COLUMNS = 3, 2
"""So many runs stand side by side; more of them in so many columns. Where there is no room for that, fewer."""
LOWEST = 220
"""Pixels of height that a picture needs."""
BUDGET, NEXT_FRAME = 0.005, 16
"""Seconds of a frame that panes may take before the others wait for the next, and its milliseconds."""


class Pane(QFrame):
    """A view of one run under a line in the run's colour. `chosen` comes of a click on its name."""

    chosen = Signal()

    def __init__(self, view: FramedView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # nothing has to be painted under it
        self.view = view
        self._theme, self._colour = LIGHT, 0
        self._active = False
        self.name = Chip()
        self.name.clicked.connect(self._choose)
        self.words = Words()
        head = QHBoxLayout()
        head.setContentsMargins(4, 4, 8, 0)
        head.setSpacing(8)
        head.addWidget(self.name)
        head.addWidget(self.words)
        head.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(view, 1)
        view.setMinimumSize(0, LOWEST)
        self.setMinimumWidth(1)
        layout = view.layout()
        if (
            layout is not None
        ):  # little room: closer margins, one line of numbers, and no hint that each would say
            layout.setContentsMargins(4, 2, 4, 2)
        view.readout.setFixedHeight(view.readout.fontMetrics().height() + 4)
        view.hint = ""  # type: ignore[misc]
        view.stand_in_pane()
        view.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.leave_words()

    def leave_words(self) -> None:
        """What the view says beside its controls stays; the controls are those of the view that was split."""
        items = self.view.controls.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        for item in items:
            if not isinstance(item, QLabel):
                item.hide()
        self.view.controls.setVisible(any(isinstance(item, QLabel) for item in items))

    def _choose(self) -> None:
        self.name.setChecked(self._active)  # until it is
        self.chosen.emit()

    def show_run(self, run: Snapshot, runs: tuple[Snapshot, ...], active: bool) -> None:
        self._colour, self._active = run.colour, active
        self.name.setChecked(active)
        self.name.setText(run.name)
        self.name.setIcon(run_dot(self._theme, run.colour, hollow=bool(run.stopped)))
        words = difference(run, runs, most=1)
        self.words.setText(f"stopped: {run.stopped}" if run.stopped else words)
        self.name.setToolTip(f"Run {run.name}: {difference(run, runs)}. Click to make it the active one")
        self.setAccessibleName(f"Run {run.name}")
        self.update()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.view.show_theme(theme)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.surface))
        painter.fillRect(0, 0, self.width(), 2, QColor(self._theme.run(self._colour)))


class SplitView(View):
    """Stands in for `whole`, whose controls it shows and whose settings all panes follow.

    Each pane is a view of the same class, is asked for its own run's probes and shown that run's snapshot.
    """

    def __init__(self, whole: FramedView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # nothing has to be painted under it
        self.whole = whole
        self.panes: dict[int, Pane] = {}
        self._theme = whole.theme
        self._selection = Selection()
        self._snapshot: Snapshot | None = None
        self._waiting: list[int] = []  # panes that have not been shown the newest snapshot
        self._titled: tuple[object, ...] = ()
        self._placed = (0, 0)
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.setInterval(NEXT_FRAME)
        self._next.timeout.connect(lambda: self._show_some())
        grid = QWidget()
        self._grid = QGridLayout(grid)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidget(grid)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 4)
        column.setSpacing(6)
        column.addWidget(whole.controls)
        column.addWidget(self._area, 1)
        whole.setParent(self)
        whole.hide()
        self.setAccessibleName(whole.title)
        self.setAccessibleDescription(whole.summary)
        self.setMinimumSize(220, 160)
        # what the view says beside its controls, it says in each pane
        self._words = whole.controls.findChildren(QLabel, options=Qt.FindChildOption.FindDirectChildrenOnly)
        for label in self._words:
            label.hide()
        whole.watching_changed.connect(self._follow)
        for control in controls_of(whole):
            when_chosen(control, self._follow)

    def restore(self) -> FramedView:
        """The view as it was before, with its controls back in their place."""
        layout = self.whole.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(0, self.whole.controls)
        for label in self._words:
            label.show()
        self.whole.setParent(None)
        return self.whole

    # what is asked for

    def suits(self, snapshot: Snapshot) -> bool:
        return self.whole.suits(snapshot)

    def probes_of_runs(self, snapshot: Snapshot) -> Mapping[int, frozenset[Probe]]:
        """What each pane wants answered of its run."""
        asked = {}
        for run, pane in self.panes.items():
            seen = snapshot.turned_to(run)
            if seen is not None and pane.view.suits(seen):
                asked[run] = pane.view.probes(seen, real_in(self._selection, seen.experiment))
        return asked

    # what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.whole.show_snapshot(snapshot)  # for its controls: which layers there are
        runs = together(snapshot)
        if [run.run for run in runs] != list(self.panes):
            self._arrange([run.run for run in runs])
        titled = (snapshot.run, *((r.run, r.name, r.colour, r.stopped, id(r.experiment)) for r in runs))
        if titled != self._titled:
            self._titled = titled
            for run in runs:
                self.panes[run.run].show_run(run, runs, run.run == snapshot.run)
        self._waiting += [run for run in self.panes if run not in self._waiting]
        self._show_some()

    def show_all(self) -> None:
        """Show every pane its newest snapshot, however long it takes: for pictures."""
        self._show_some(float("inf"))

    def _show_some(self, budget: float = BUDGET) -> None:
        """Panes in their turn, as far as a frame's time goes; those that waited come first."""
        until = time.perf_counter() + budget
        while self._waiting and self._snapshot is not None:
            run = self._waiting.pop(0)
            pane, seen = self.panes.get(run), self._snapshot.turned_to(run)
            if pane is not None and seen is not None:
                pane.view.show_snapshot(seen)
                copy_settings(self.whole, pane.view)
                pane.leave_words()
            if time.perf_counter() > until:
                break
        if self._waiting:
            self._next.start()

    def _arrange(self, runs: list[int]) -> None:
        for run in [run for run in self.panes if run not in runs]:
            pane = self.panes.pop(run)
            self._grid.removeWidget(pane)
            pane.hide()
            pane.deleteLater()
        for run in runs:
            if run not in self.panes:
                self.panes[run] = self._pane(run)
        self._placed = (0, 0)
        self.panes = {run: self.panes[run] for run in runs}
        self._place()
        self._titled = ()
        self.watching_changed.emit()

    def _place(self) -> None:
        """As many panes beside one another as have room."""
        many = len(self.panes)
        between = self._grid.spacing()
        room = (self._area.width() + between) // (BY_RUN.get(self.whole.name, 200) + between)
        columns = max(min(many if many <= IN_A_ROW else COLUMNS, room), 1)
        if (many, columns) != self._placed:
            self._placed = many, columns
            for place, pane in enumerate(self.panes.values()):
                self._grid.addWidget(pane, *divmod(place, columns))
            for column in range(self._grid.columnCount()):  # alike wide, whatever is written in them
                self._grid.setColumnStretch(column, int(column < columns))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _pane(self, run: int) -> Pane:
        view = type(self.whole)()
        pane = Pane(view)
        pane.show_theme(self._theme)
        copy_settings(self.whole, view)
        view.show_selection(self._selection)
        view.picked.connect(self.picked)
        view.watching_changed.connect(self.watching_changed)
        pane.chosen.connect(lambda: self.run_picked.emit(run))
        return pane

    def _follow(self, *_: object) -> None:
        for pane in self.panes.values():
            copy_settings(self.whole, pane.view)
        self.watching_changed.emit()

    def show_selection(self, selection: Selection) -> None:
        self._selection = selection
        self.whole.show_selection(selection)
        for run, pane in self.panes.items():
            seen = self._snapshot.turned_to(run) if self._snapshot is not None else None
            pane.view.show_selection(selection if seen is None else real_in(selection, seen.experiment))

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.whole.show_theme(theme)
        self._titled = ()
        for pane in self.panes.values():
            pane.show_theme(theme)
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)
        self.update()

    @property
    def theme(self) -> Theme:
        return self._theme

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), QColor(self._theme.surface))

    def furniture(self) -> tuple[QWidget, ...]:
        return (self.whole.controls, *(pane.view.readout for pane in self.panes.values()))

    def table(self) -> Table:
        """The tables of all runs, one below the other."""
        tables = {pane.name.text(): pane.view.table().columns for pane in self.panes.values()}
        keys = list(dict.fromkeys(key for columns in tables.values() for key in columns))
        lengths = {name: max(map(len, columns.values()), default=0) for name, columns in tables.items()}
        joined = {
            key: np.concatenate(
                [
                    np.asarray(columns[key]) if key in columns else np.full(lengths[name], np.nan)
                    for name, columns in tables.items()
                ]
            )
            for key in keys
        }
        return (
            Table({"run": np.repeat(list(lengths), list(lengths.values()))} | joined) if keys else Table({})
        )


def split_of(whole: FramedView) -> SplitView:
    """A split view that is called as the view it stands in for."""
    return _split_class(type(whole))(whole)  # type: ignore[arg-type]  # its stubs say that no class has a hash


@cache  # something of every class stays with Qt for good, so there is one for each class of views
def _split_class(whole: type[FramedView]) -> type[SplitView]:
    named = {key: getattr(whole, key) for key in ("name", "title", "tab", "summary", "rest")}
    return type(f"Split{whole.__name__}", (SplitView,), named)


def real_in(selection: Selection, experiment: Experiment) -> Selection:
    """The selection in a run whose network may be another: without a layer or a place that is not there."""
    if selection.layer is None:
        return selection
    facts = next((f for f in experiment.analysis.nodes if f.name == selection.layer), None)
    if facts is None or facts.output is None:
        return Selection(part=selection.part, example=selection.example)
    output = facts.output
    beyond = (
        selection.unit >= output.channels
        or selection.row >= output.height
        or selection.column >= output.width
    )
    return replace(selection, unit=-1, row=-1, column=-1, weight=-1) if beyond else selection
