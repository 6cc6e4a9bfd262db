"""Optimizers: what each run's had in hand for the same weights, and its last update told term by term, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.framed import FramedView
from lab.gui.views.view import Table
from lab.gui.views.weights import weight_name
from lab.gui.widgets.runs.internals_table import Held, InternalsTable
from lab.gui.widgets.runs.told_card import WIDE, ToldCard
from lab.training.comparison import together
from lab.training.probes import Probe, ToldProbe
from lab.training.snapshot import Snapshot

BOTH = 2
"""A problem of so many weights is told of all of them."""
SELECT = "Select a weight to see it here: click it in a view, such as Filters or Program"
STEP = "Step on to see the next update"
WAITING = "The numbers of the last update appear here with the next one"


class OptimizersView(FramedView):
    name = "optimizers"
    title = "Optimizers"
    summary = (
        "What each run's optimizer had in hand for the same weights, and its last update told term by term"
    )
    rest = 0.15

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Snapshot | None = None
        self._selection = Selection()
        self._runs: tuple[int, ...] = ()
        self.which = QLabel()
        self.which.setProperty("caption", True)
        self.controls.add(self.which)
        self.cards: list[ToldCard] = []
        self.internals = InternalsTable()
        sheet = QWidget()
        column = QVBoxLayout(sheet)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.internals)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(10)
        column.addLayout(self._grid)
        column.addStretch(1)
        self._sheet = sheet
        self._area = QScrollArea()
        self._area.setWidget(sheet)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.viewport().setAutoFillBackground(False)
        sheet.setAutoFillBackground(False)
        self.set_picture(self._area)

    # --- what is asked for

    def weights(self, snapshot: Snapshot) -> tuple[int, ...]:
        """The flat indices of those that are told of: both, where there are two, else the one selected or the first."""
        count = snapshot.experiment.analysis.parameter_count or 0
        if count <= BOTH:
            return tuple(range(count))
        return (self._selection.weight if 0 <= self._selection.weight < count else 0,)

    def probes_of_runs(self, snapshot: Snapshot) -> Mapping[int, frozenset[Probe]]:
        probe = ToldProbe(self.weights(snapshot))
        return {run.run: frozenset({probe}) for run in together(snapshot)}

    # --- what is shown

    def show_selection(self, selection: Selection) -> None:
        changed = selection.weight != self._selection.weight
        self._selection = selection
        if changed and self._snapshot is not None:
            self.watching_changed.emit()
            self.show_snapshot(self._snapshot)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        runs = together(snapshot)
        if tuple(run.run for run in runs) != self._runs:
            self._runs = tuple(run.run for run in runs)
            self.watching_changed.emit()
        held = self._held(snapshot)
        self._say_which(snapshot)
        if not held:
            self.say(WAITING)
            return
        self.internals.show_held(held, snapshot.run)
        self._show_cards(runs, held)
        self.show_picture()

    def _say_which(self, snapshot: Snapshot) -> None:
        weights = self.weights(snapshot)
        names = [
            short_name(weight_name(snapshot.experiment.analysis, index), len(weights)) for index in weights
        ]
        words = " and ".join(names)
        self.hint = STEP if len(weights) > 1 else SELECT  # type: ignore[misc]
        if len(names) == 1 and self._selection.weight < 0:
            words += ", the first"
        if words != self.which.text():
            self.which.setText(words)
            self.controls.arrange()

    def _held(self, snapshot: Snapshot) -> tuple[Held, ...]:
        """What is known so far, run by run and weight by weight."""
        weights = self.weights(snapshot)
        probe, found = ToldProbe(weights), []
        for run in together(snapshot):
            told = run.reading(probe)
            for update in told.updates if told is not None else ():
                short = short_name(update.name, len(weights)) if len(weights) > 1 else ""
                found.append(Held(run.run, run.name, run.colour, short, update))
        return tuple(found)

    def _show_cards(self, runs: tuple[Snapshot, ...], held: tuple[Held, ...]) -> None:
        known = [run for run in runs if any(one.run == run.run for one in held)]
        if len(known) != len(self.cards):
            while len(self.cards) < len(known):
                card = ToldCard()
                card.show_theme(self.theme)
                self.cards.append(card)
            for card in self.cards[len(known) :]:
                self._grid.removeWidget(card)
                card.hide()
                card.deleteLater()
            del self.cards[len(known) :]
            self._arrange()
        for card, run in zip(self.cards, known, strict=True):
            rule = run.experiment.optimizer
            updates = [(one.short, one.update) for one in held if one.run == run.run]
            name = run.name if len(runs) > 1 else rule.title
            card.show_updates(name, run.colour, rule.formula, updates)

    def _arrange(self) -> None:
        columns = max(1, min(len(self.cards), (self.width() - 34) // (WIDE + 14)))
        for index, card in enumerate(self.cards):
            self._grid.removeWidget(card)
            self._grid.addWidget(card, index // columns, index % columns)
        for column in range(max(self._grid.columnCount(), columns)):
            self._grid.setColumnStretch(column, int(column < columns))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.internals.show_theme(theme)
        for card in self.cards:
            card.show_theme(theme)
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)

    @contextmanager
    def posed(self) -> Iterator[tuple[int, int] | None]:
        """Everything, and not what the scroll bar happens to show."""
        columns = max(1, min(len(self.cards), 4))
        wide = max(columns * (WIDE + 30), self.internals.wide, 480)
        each = (wide - 14 * (columns - 1)) // columns
        tall = [card.tall(each) for card in self.cards]
        rows = [max(tall[first : first + columns]) + 10 for first in range(0, len(tall), columns)]
        yield (wide + 34, sum(rows) + self.internals.height() + 70) if self.cards else None

    def table(self) -> Table:
        """One row a number: of which run and weight, what it is, and its value; then the terms of the update."""
        held = self._held(self._snapshot) if self._snapshot is not None else ()
        rows = [
            (one.name, one.update.name, name, "", value)
            for one in held
            for name, value in one.update.numbers.items()
        ]
        rows += [
            (
                one.name,
                one.update.name,
                term.words,
                " = ".join(filter(None, [term.symbols, term.numbers])),
                term.value,
            )
            for one in held
            for term in one.update.terms
        ]
        if not rows:
            return Table({})
        columns = ("run", "weight", "what", "how", "value")
        return Table({name: np.array([row[k] for row in rows]) for k, name in enumerate(columns)})


def short_name(name: str, many: int) -> str:
    """Of one of two weights only what tells it from the other: x of f.x[0], weight[0, 1] of dense1.weight[0, 1]."""
    return name.removesuffix("[0]").rpartition(".")[2] if many > 1 else name
