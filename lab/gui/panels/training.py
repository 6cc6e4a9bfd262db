"""How the network learns: loss, optimizer, learning rate, batch size, schedule, regularisation."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from lab.experiment.experiment import Experiment
from lab.experiment.of_layer import of_layer
from lab.gui.document import Document
from lab.gui.widgets.forms import GAP, ValueForm, VariantForm, hint
from lab.gui.widgets.numbers import Number, WholeNumber, words
from lab.gui.widgets.sections import Column, Formula, ProblemLabel, Section
from lab.gui.widgets.sliders import LogSlider
from lab.learning.clipping import Clipping
from lab.learning.losses import LOSSES
from lab.learning.optimizers import OPTIMIZERS
from lab.learning.rates import LayerRates
from lab.learning.regularization import Regularization
from lab.learning.schedules import SCHEDULES
from lab.problem import Problem
from lab.value import fields

LEAST_RATE, MOST_RATE = 1e-5, 10.0
RATE = frozenset({"rate"})


class TrainingPanel(Column):
    """Every change goes to the document and comes back from it; the panel itself remembers nothing."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._build_rate()
        self._build_batch()

        self._optimizer = VariantForm(OPTIMIZERS, RATE)
        self._optimizer.edited.connect(lambda v: self._edit("optimizer", v, "optimizer"))
        self._optimizer_formula = Formula()
        optimizer = Section("Optimizer", "The rule that turns a gradient g into a change of the weights w")
        optimizer.add_variant("Rule", self._optimizer)
        optimizer.add_wide(self._optimizer_formula)

        self._schedule = VariantForm(SCHEDULES)
        self._schedule.edited.connect(lambda v: self._edit("schedule", v, "schedule"))
        self._schedule_formula = Formula()
        schedule = Section("Schedule", "How the learning rate changes with the steps")
        schedule.add_variant("Rate over time", self._schedule)
        schedule.add_wide(self._schedule_formula)

        self._loss = VariantForm(LOSSES)
        self._loss.edited.connect(lambda v: self._edit("loss", v, "loss"))
        self._loss_formula = Formula()
        loss = Section("Loss", "What is to be made small")
        loss.add_variant("Error E", self._loss)
        loss.add_wide(self._loss_formula)

        self._regularization = ValueForm(Regularization)
        self._regularization.edited.connect(lambda v, _: self._edit("regularization", v, "regularisation"))
        regularization = Section("Regularisation", "Penalties on large weights; biases are left out")
        regularization.add_wide(self._regularization)
        formula = Formula()
        formula.show_formula("E + L1 · Σ |w| + ½ L2 · Σ w²")
        regularization.add_wide(formula)

        self._clipping = ValueForm(Clipping)
        self._clipping.edited.connect(lambda v, _: self._edit("clipping", v, "clipping"))
        self._rates = ValueForm(LayerRates)
        self._rates.edited.connect(lambda v, _: self._edit("rates", v, "rates of layers"))
        bounds = Section("Steps", "What bounds and scales each step besides the learning rate")
        bounds.add_wide(self._clipping)
        bounds.add_wide(self._rates)
        self._own = QLabel()
        self._own.setProperty("caption", True)
        self._own.setWordWrap(True)
        self._own.setToolTip("Select a layer under Network to change what it has of its own")
        bounds.add_wide(self._own)
        self._problem = ProblemLabel()
        bounds.add_wide(self._problem)

        first = optimizer, self._rate_section, self._batch_section, schedule
        for section in (*first, loss, regularization, bounds):
            self.column.addWidget(section)
        self.column.addStretch(1)
        document.experiment_changed.connect(self.show_experiment)
        document.problems_changed.connect(self.show_problems)
        document.snapshot_changed.connect(self._show_size)
        self.show_experiment(document.draft)
        self.show_problems(document.problems)

    @Slot(object)
    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        said = [f"{p.what}. {p.mend}" for p in problems if p.where == "training"]
        self._problem.show_sentences(said)

    @Slot(object)
    def show_experiment(self, experiment: Experiment) -> None:
        rate = experiment.optimizer.rate
        self.rate.show_value(rate)
        self.rate_slider.show_value(rate)
        self._optimizer.show_value(experiment.optimizer)
        self._optimizer_formula.show_formula(experiment.optimizer.formula)
        self._schedule.show_value(experiment.schedule)
        self._schedule_formula.show_formula(experiment.schedule.formula)
        self._loss.show_value(experiment.loss)
        self._loss_formula.show_formula(experiment.loss.formula)
        self._regularization.show_value(experiment.regularization)
        self._clipping.show_value(experiment.clipping)
        self._rates.show_value(experiment.rates)
        self._own.setText(own_settings(experiment))
        self._own.setVisible(bool(self._own.text()))
        self.batch.show_value(experiment.batch_size)
        self.batch_slider.show_value(experiment.batch_size)
        self._show_size()

    # --- learning rate and batch size: a slider for the hand, a number for the exact

    def _build_rate(self) -> None:
        field = next(f for f in fields(OPTIMIZERS[0]) if f.name == "rate")
        self.rate = Number(0.0, field.most or 1000.0)
        self.rate.setObjectName("rate")
        self.rate.setAccessibleName("Learning rate")
        self.rate_slider = LogSlider(LEAST_RATE, MOST_RATE)
        self.rate_slider.setAccessibleName("Learning rate")
        self.rate.edited.connect(self._edit_rate)
        self.rate_slider.moved.connect(self._edit_rate)
        self._rate_section = Section("Learning rate ε", hint(field))
        self._rate_section.add_wide(beside(self.rate_slider, self.rate, hint(field)))

    def _build_batch(self) -> None:
        field = next(f for f in fields(Experiment) if f.name == "batch_size")
        self.batch = WholeNumber(1, int(field.most or 10_000_000))
        self.batch.setObjectName("batch_size")
        self.batch.setAccessibleName("Batch size")
        self.batch_slider = LogSlider(1, 1000, whole=True)
        self.batch_slider.setAccessibleName("Batch size")
        self.batch.edited.connect(self._edit_batch)
        self.batch_slider.moved.connect(self._edit_batch)
        self._batch_note = QLabel()
        self._batch_note.setProperty("caption", True)
        self._batch_section = Section("Batch size", hint(field))
        self._batch_section.add_wide(beside(self.batch_slider, self.batch, hint(field)))
        self._batch_section.add_wide(self._batch_note)

    @Slot()
    def _show_size(self) -> None:
        prepared = self._document.prepared
        size = 0 if prepared is None else len(prepared.training)
        if not size:
            self._batch_note.setText("")
            return
        self.batch_slider.set_bounds(1, size)
        self.batch_slider.show_value(self._document.draft.batch_size)
        count = self._document.draft.batch_size
        if count >= size:
            note = f"The whole set of {size:,}: batch learning"
        elif count == 1:
            note = f"1 of {size:,} examples: online learning"
        else:
            updates = -(-size // count)
            note = f"of {size:,} training examples · {updates:,} updates an epoch"
        if self._batch_note.text() != note:
            self._batch_note.setText(note)

    @Slot(object)
    def _edit_rate(self, rate: float) -> None:
        optimizer = msgspec.structs.replace(self._document.draft.optimizer, rate=float(rate))
        self._edit("optimizer", optimizer, f"learning rate {words(rate)}", "rate")

    @Slot(object)
    def _edit_batch(self, size: float) -> None:
        self._edit("batch_size", int(size), f"batch size {int(size):,}", "batch_size")

    def _edit(self, name: str, value: Any, what: str, merge_key: str | None = None) -> None:
        draft = self._document.draft
        self._document.edit(
            msgspec.structs.replace(draft, **{name: value}), f"Change {what}", merge_key or name
        )


def own_settings(experiment: Experiment) -> str:
    """Which layers have settings of their own: "conv1: rate × 0.1, L2 0.001"."""
    lines = []
    for node in experiment.network.nodes:
        own = of_layer(experiment, node.name)
        parts = [f"rate × {words(own.factor)}"] if own.factor != 1 else []
        parts += [f"L1 {words(own.l1)}"] if own.l1 is not None else []
        parts += [f"L2 {words(own.l2)}"] if own.l2 is not None else []
        if parts:
            lines.append(f"{node.name}: {', '.join(parts)}")
    return "\n".join(lines)


def beside(slider: LogSlider, number: QWidget, tooltip: str) -> QWidget:
    """A slider with its number at the right end."""
    row = QWidget()
    grid = QGridLayout(row)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(GAP)
    grid.addWidget(slider, 0, 0)
    grid.addWidget(number, 0, 1)
    grid.setColumnStretch(0, 1)
    number.setFixedWidth(96)
    slider.setToolTip(tooltip)
    number.setToolTip(tooltip)
    return row
