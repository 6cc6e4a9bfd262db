"""Sweep: every contestant at every learning rate of a grid, as small multiples; the best rates, for a fair race."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QSpinBox, QWidget

from lab.experiment.variants import ASPECTS, Variant, with_rate
from lab.gui.theme import Theme
from lab.gui.views.framed import FramedView
from lab.gui.views.smoothing import leap
from lab.gui.views.view import Table
from lab.gui.widgets.numbers import WholeNumber
from lab.gui.widgets.runs.sweep_card import HIGH, WAY_HIGH, WIDE, SweepCard
from lab.gui.widgets.wording import counted, number, tick
from lab.training.level import Judged
from lab.training.race import MOST_RUNS
from lab.training.snapshot import Snapshot
from lab.training.sweep import Sweep, Trial

MARGINS = 34
"""Pixels beside the cards: the view's own, and the scroll bar."""
CARD_HIGH = HIGH + WAY_HIGH + 44
EMPTY = (
    "What is compared is best compared at its best: a sweep tries each at many learning rates, from the same start and "
    "with the same batches. Choose what is to be compared, and press Sweep."
)
GO = "Try each at every one of these learning rates, every fourth first"
GRIDS = (
    ("4:3", "13 rates, 4 decades"),
    ("6:3", "19 rates, 6 decades"),
    ("4:6", "25 rates, 4 decades"),
    ("2:6", "13 rates, 2 decades"),
    ("1:12", "13 rates, 1 decade"),
)
"""How wide, and how many rates a power of ten has; the first is usual."""
SWEPT = tuple(aspect for aspect in ASPECTS if aspect.key not in ("rates", "seeds"))


class SweepView(FramedView):
    name = "sweep"
    title = "Sweep"
    summary = (
        "Each contestant at every learning rate of a grid: which rate is its best, and how much depends on it"
    )
    rest = 1.0
    can_be_doubled = False  # there is one sweep at a time
    hint = "Point at a rate for its numbers; click to choose it in place of the best"

    wanted = Signal(str, int)
    """What is to be compared, by its aspect's key, and for how many updates."""
    stopped = Signal()
    raced = Signal(object)
    """Variants for a race: tuple[Variant, ...]."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sweep: Sweep | None = None
        self.cards: dict[str, SweepCard] = {}
        self._picked: dict[str, int] = {}
        self._suggested = 500
        self.aspect = self.controls.choice(
            "Compare",
            tuple((aspect.key, aspect.title.lower()) for aspect in SWEPT),
            "What the contestants differ in, besides their learning rates",
            lambda _: None,
        )
        self.steps = WholeNumber(1, 1_000_000)
        self.steps.setSuffix(" updates")
        self.steps.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.steps.setProperty("bare", True)
        self.steps.setValue(self._suggested)
        self.steps.setToolTip(
            "How long each trial is: so many updates as the experiment makes them, by its batches"
        )
        self.steps.setAccessibleName("Updates of each trial")
        self.controls.add(self.steps)
        self.rates = self.controls.choice(
            "Rates",
            GRIDS,
            "Which learning rates: powers of ten around the one that each contestant has now, and so many to each",
            lambda _: None,
            captioned=False,
        )
        self.go = self.controls.button("Sweep", GO, self._go)
        self.judged = self.controls.choice(
            "By",
            (("auto", "error"), ("validation", "validation error"), ("training", "training error")),
            "Which error is drawn, and decides which rate is the best",
            lambda _: self._redraw(),
        )
        self.race = self.controls.button(
            "Race the best", "Race these, each at its best rate or the one that was chosen", self._race
        )
        self._sheet = QWidget()
        self._grid = QGridLayout(self._sheet)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(16)
        self._area = QScrollArea()
        self._area.setWidget(self._sheet)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.viewport().setAutoFillBackground(False)
        self._sheet.setAutoFillBackground(False)
        self.set_picture(self._area)
        self.race.setEnabled(False)
        self.say(EMPTY)

    # --- intentions

    @property
    def grid(self) -> tuple[int, int]:
        """How many powers of ten the rates go over, and how many of them there are to each."""
        decades, a_decade = map(int, self.rates.currentData().split(":"))
        return decades, a_decade

    @property
    def is_going(self) -> bool:
        return self.sweep is not None and self.sweep.going

    def _go(self) -> None:
        if self.is_going:
            self.stopped.emit()
        else:
            self.wanted.emit(str(self.aspect.currentData()), self.steps.value())

    def _race(self) -> None:
        found = self.best_variants()
        if found:
            self.raced.emit(found)

    def best_variants(self) -> tuple[Variant, ...]:
        """Those that came through, each at the rate that is taken."""
        found = []
        for row in self.sweep.rows if self.sweep is not None else ():
            taken = self.cards[row.contestant.name].taken
            if taken is not None:
                words = f"ε {tick(taken.rate)}, from a sweep"
                experiment = with_rate(row.contestant.experiment, taken.rate)
                found.append(Variant(row.contestant.name, words, experiment))
        return tuple(found[:MOST_RUNS])

    # --- what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """A sweep is not of a moment: what it shows comes by `show_sweep`."""

    def suggest_steps(self, steps: int) -> None:
        """Show so many, unless a person has asked for others."""
        if self.steps.value() == self._suggested:
            self._suggested = steps
            self.steps.show_value(steps)

    def allow(self, ready: bool) -> None:
        self.go.setEnabled(ready)

    def show_sweep(self, sweep: Sweep) -> None:
        names = [row.contestant.name for row in sweep.rows]
        before = [] if self.sweep is None else [row.contestant for row in self.sweep.rows]
        if [row.contestant for row in sweep.rows] != before:
            self._picked = {}
        self.sweep = sweep
        if names != list(self.cards):
            self._lay_out(names)
        self._redraw()

    def _lay_out(self, names: list[str]) -> None:
        for card in self.cards.values():
            self._grid.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = {}
        for colour, name in enumerate(names):
            card = SweepCard(colour)
            card.show_theme(self.theme)
            card.pointed.connect(lambda trial, name=name: self._point(name, trial))
            card.chosen.connect(lambda place, name=name: self._pick(name, place))
            self.cards[name] = card
        self._arrange()

    def _arrange(self) -> None:
        many = len(self.cards)
        columns = max(1, min(many, (self.width() - MARGINS) // (WIDE + 12)))
        for index, card in enumerate(self.cards.values()):
            self._grid.removeWidget(card)
            self._grid.addWidget(card, index // columns, index % columns)
        for column in range(max(self._grid.columnCount(), columns)):
            self._grid.setColumnStretch(column, int(column < columns))
        rows = -(-many // columns)
        for row in range(max(self._grid.rowCount(), rows)):
            self._grid.setRowMinimumHeight(row, CARD_HIGH if row < rows else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _chosen_judge(self) -> Judged:
        assert self.sweep is not None
        chosen = self.judged.currentData()
        return self.sweep.judged if chosen == "auto" else cast(Judged, chosen)

    def _redraw(self) -> None:
        sweep = self.sweep
        if sweep is None:
            return
        judged = self._chosen_judge()
        heights = self._errors(sweep, judged)
        for row in sweep.rows:
            rates = row.contestant.rates
            across = (rates[0] / 1.3, rates[-1] * 1.3)
            picked = self._picked.get(row.contestant.name, -1)
            self.cards[row.contestant.name].show_row(row, judged, (across, heights), picked)
        self.go.setText("Stop" if sweep.going else "Sweep")
        self.go.setToolTip("End it; what has been found stays" if sweep.going else GO)
        self.race.setEnabled(bool(self.best_variants()))
        self.controls.arrange()
        self.show_picture()
        self.readout.rest(self._progress(sweep))

    def _progress(self, sweep: Sweep) -> str:
        if sweep.going:
            share = sweep.done / max(sweep.total, 1)
            return f"{math.floor(sweep.done):,} of {counted(sweep.total, 'trial')}, {100 * share:.0f} %"
        if sweep.done < sweep.total:
            return f"Stopped after {math.floor(sweep.done):,} of {counted(sweep.total, 'trial')}"
        return ""

    @staticmethod
    def _errors(sweep: Sweep, judged: Judged) -> tuple[float, float]:
        """All cards have one axis: from the lowest error to a little above that at the start."""
        known = [t for row in sweep.rows for t in row.trials if t is not None]
        found = np.array([t.error(judged) for t in known if t.diverged < 0])
        found = found[np.isfinite(found) & (found > 0)]
        starts = [
            float(t.errors[0])
            for t in known
            if len(t.errors) and np.isfinite(t.errors[0]) and t.errors[0] > 0
        ]
        if not len(found):
            return 0.1, leap(3 * max(starts, default=1.0))
        low, top = float(found.min()), max(3 * max(starts, default=0.0), 3 * float(found.min()))
        high = leap(top)
        return low * (low / high) ** 0.08, high  # the star of the best is seen whole

    def _pick(self, name: str, place: int) -> None:
        """Choose a rate; the one that is chosen already is let go."""
        if self._picked.get(name) == place:
            del self._picked[name]
        else:
            self._picked[name] = place
        self._redraw()

    def _point(self, name: str, trial: Trial | None) -> None:
        if trial is None:
            self.readout.say("")
            return
        said = f"{name} at ε {tick(trial.rate)}: "
        if trial.diverged >= 0:
            said += f"diverged, the loss is not finite at step {trial.diverged:,}"
        else:
            said += f"training error {number(trial.training_error)}"
            if math.isfinite(trial.validation_error):
                said += f", validation error {number(trial.validation_error)}"
            said += f", after {counted(trial.steps, 'update')}"
        self.readout.say(said)

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        for card in self.cards.values():
            card.show_theme(theme)
        self._redraw()

    @contextmanager
    def posed(self) -> Iterator[tuple[int, int] | None]:
        """All cards, and not what the scroll bar happens to show."""
        columns = min(len(self.cards), 3) or 1
        rows = -(-len(self.cards) // columns)
        yield None if not rows else (columns * (WIDE + 40) + MARGINS, rows * (CARD_HIGH + 16) + 16)

    def table(self) -> Table:
        """One row a trial; diverged_at is -1 where the loss stayed finite."""
        found = [
            (row.contestant.name, trial)
            for row in (self.sweep.rows if self.sweep is not None else ())
            for trial in row.trials
            if trial is not None
        ]
        if not found:
            return Table({})
        return Table(
            {
                "contestant": np.array([name for name, _ in found]),
                "learning rate": np.array([trial.rate for _, trial in found]),
                "training error": np.array([trial.training_error for _, trial in found]),
                "validation error": np.array([trial.validation_error for _, trial in found]),
                "steps": np.array([trial.steps for _, trial in found]),
                "diverged at": np.array([trial.diverged for _, trial in found]),
            }
        )
