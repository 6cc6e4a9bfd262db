"""What is learned from: the dataset, what is done to it beforehand, and how it is shared out."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLabel, QWidget

from lab.data.datasets import DATASETS, OWN_FILES
from lab.data.prepare import Prepared
from lab.data.preprocessing import Preprocessing, Split
from lab.experiment.experiment import Experiment
from lab.gui.document import Document
from lab.gui.widgets.forms import ValueForm, VariantForm, hint
from lab.gui.widgets.numbers import WholeNumber
from lab.gui.widgets.sections import Column, Formula, ProblemLabel, Section
from lab.problem import Problem
from lab.value import fields

WHOLE = "These cases have a meaning only together: all are for training."
DIVIDED = "Each point keeps its part; what you add is for training."


class DataPanel(Column):
    """Every change goes to the document and comes back from it; the panel itself remembers nothing."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document

        self._source = VariantForm((*DATASETS, *OWN_FILES))
        self._source.edited.connect(lambda v: self._edit("data", v, "data"))
        self._about = note()
        self._problem = ProblemLabel()
        data = Section("Data")
        data.add_row("Set", self._source.combo)
        data.add_wide(self._about)
        data.add_wide(self._source)
        data.add_wide(self._problem)

        self._preprocessing = ValueForm(Preprocessing)
        self._preprocessing.edited.connect(lambda v, _: self._edit("preprocessing", v, "preprocessing"))
        preprocessing = Section("Preprocessing", "Measured on the training part alone, applied to all")
        preprocessing.add_wide(self._preprocessing)
        formula = Formula()
        formula.show_formula("input = (raw − shift) / scale")
        preprocessing.add_wide(formula)
        self._measured = note()
        preprocessing.add_wide(self._measured)

        self._split = ValueForm(Split)
        self._split.edited.connect(self._edit_split)
        self._split_problem = ProblemLabel()
        split = Section("Split", "The parts add up to 1; changing one changes the next")
        split.add_wide(self._split)
        self._sizes = note()
        split.add_wide(self._sizes)
        self._whole = note()
        split.add_wide(self._whole)
        split.add_wide(self._split_problem)

        seed_field = next(f for f in fields(Experiment) if f.name == "seed")
        self.seed = WholeNumber(0, int(seed_field.most or 2**31 - 1))
        self.seed.setObjectName("seed")
        self.seed.edited.connect(lambda v: self._edit("seed", v, "seed"))
        chance = Section("Chance", "Same seed, same numbers, bit for bit")
        chance.add_row("Seed", self.seed, hint(seed_field))

        for section in (data, preprocessing, split, chance):
            self.column.addWidget(section)
        self.column.addStretch(1)
        document.experiment_changed.connect(self.show_experiment)
        document.problems_changed.connect(self.show_problems)
        document.snapshot_changed.connect(self._show_prepared)
        self._shown: Prepared | None = None
        self.show_experiment(document.draft)
        self.show_problems(document.problems)

    @Slot(object)
    def show_experiment(self, experiment: Experiment) -> None:
        self._source.show_value(experiment.data)
        self._about.setText(experiment.data.summary)
        self._preprocessing.show_value(experiment.preprocessing)
        self._split.show_value(experiment.split)
        data = experiment.data
        self._split.setEnabled(not data.whole and not data.divided)
        self._whole.setVisible(data.whole or data.divided)
        self._whole.setText(WHOLE if data.whole else DIVIDED)
        self.seed.show_value(experiment.seed)

    @Slot()
    def _show_prepared(self) -> None:
        """What the split and the preprocessing came to."""
        prepared = self._document.prepared
        if prepared is None or prepared is self._shown:
            return
        self._shown = prepared
        parts = (
            ("training", prepared.training),
            ("validation", prepared.validation),
            ("test", prepared.test),
        )
        self._sizes.setText(" · ".join(f"{len(part):,} {name}" for name, part in parts))
        self._measured.setText(f"shift {extent(prepared.shift)} · scale {extent(prepared.scale)}")

    @Slot(object)
    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        # what is said of no layer, nor of the network, of training or the split, is said of the data
        elsewhere = {
            "network",
            "training",
            "split",
            *(node.name for node in self._document.draft.network.nodes),
        }
        data = [p for p in problems if p.where not in elsewhere]
        self._problem.show_sentences([f"{p.what}. {p.mend}" for p in data])
        self._split_problem.show_sentences([f"{p.what}. {p.mend}" for p in problems if p.where == "split"])

    @Slot(object, str)
    def _edit_split(self, split: Split, field: str) -> None:
        """Take what one part gained from the part after it, so that the three go on adding up to 1."""
        parts = ("training", "validation", "test")
        at = parts.index(field)
        # training gives to and takes from validation; the two small parts do so with training
        other = parts[1] if at == 0 else parts[0]
        rest = sum(getattr(split, part) for part in parts if part != other)
        share = round(1 - rest, 9)
        if share >= (1e-6 if other == "training" else 0):
            split = msgspec.structs.replace(split, **{other: share})
        self._edit("split", split, "split")

    def _edit(self, name: str, value: Any, what: str) -> None:
        draft = self._document.draft
        self._document.edit(msgspec.structs.replace(draft, **{name: value}), f"Change {what}", name)


def note() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setProperty("caption", True)
    return label


def extent(values: NDArray[np.float32]) -> str:
    """The one number that all values are, or from which to which they go."""
    low, high = float(values.min()), float(values.max())
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
