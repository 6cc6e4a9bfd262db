"""Confusion matrix: which classes are taken for which."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme, number_font
from lab.gui.views.examples import PARTS, class_names, part_of
from lab.gui.views.framed import FramedView
from lab.gui.views.view import Table
from lab.gui.widgets.matrix import Cell, Matrix
from lab.gui.widgets.record_table import Column, RecordTable, plainly
from lab.gui.widgets.wording import counted, share
from lab.training.mistaken import per_class
from lab.training.probes import Outputs, OutputsProbe, PartName, Probe
from lab.training.snapshot import Snapshot

ROOMY = 480
"""Pixels of width from which on the figures of the classes stand beside the matrix."""
COLUMNS = (
    Column("class", "The true class", plainly),
    Column("prec.", "Precision: of those taken for it, the share that are of it", share),
    Column("recall", "Recall: of those of it, the share that are taken for it", share),
    Column("F1", "2 · precision · recall / (precision + recall), their harmonic mean", share),
    Column("n", "How many are of it", plainly),
)


class ConfusionView(FramedView):
    name = "confusion"
    title = "Confusion matrix"
    tab = "Confusion"
    summary = "Which classes the network takes for which, counted over one part of the data"
    rest = 0.15
    hint = "Point at a cell to read it; click for an example of that kind"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self._experiment: Experiment | None = None
        self._reading: Outputs | None = None
        self._part: PartName = "validation"
        self._box = self.controls.choice(
            "Counted over", PARTS, "The part of the data whose examples are counted", self._choose_part
        )
        self._box.setCurrentIndex(1)
        self.total = QLabel()
        self.total.setFont(number_font())
        self.matrix = Matrix()
        self.matrix.setAccessibleName("Confusion matrix")
        self.matrix.setToolTip(
            "Row: the true class. Column: the class with the largest output. "
            "Colours by the square root of the count. Click to see such an example."
        )
        picture = QWidget()
        self.classes = RecordTable()
        self.classes.setAccessibleName("Figures of each class")
        sides = QHBoxLayout(picture)
        sides.setContentsMargins(0, 0, 0, 0)
        sides.setSpacing(12)
        sides.addWidget(self.matrix, 3)
        sides.addWidget(self.classes, 2)
        self.controls.add(self.total)
        self.shown = self.controls.choice(
            "What is shown",
            (("both", "matrix and classes"), ("matrix", "matrix"), ("classes", "per class")),
            "The counts, the figures of each class (precision, recall, F1), or both where there is room",
            lambda _: self._fit(),
            captioned=False,
        )
        self.set_picture(picture)
        self.matrix.clicked.connect(self._pick)
        self.classes.chosen.connect(lambda k: self._pick((k, k)))
        self.matrix.hovered.connect(
            lambda cell: self.readout.say("" if cell is None else self.sentence(cell))
        )
        self.say("Press play, or step once: the counts appear here")

    def suits(self, snapshot: Snapshot) -> bool:
        return bool(snapshot.experiment.data.classes())

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        return frozenset({self._probe(snapshot)}) if self.suits(snapshot) else frozenset()

    def _probe(self, snapshot: Snapshot) -> OutputsProbe:
        return OutputsProbe(part_of(snapshot.experiment, self._part))

    def _choose_part(self, part: str) -> None:
        if part != self._part:
            self._part = cast(PartName, part)
            self._reading = None
            self.watching_changed.emit()

    def show_selection(self, selection: Selection) -> None:
        self._selection = selection
        self.matrix.choose(selection.cell)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if not self.suits(snapshot):
            self._reading = None
            self.say("This view is for problems with classes; see Predictions for regression")
            return
        reading = snapshot.reading(self._probe(snapshot))
        if reading is None or reading is self._reading:
            return
        if reading.confusion is None:
            self._reading = None
            self.say(f"{len(class_names(snapshot.experiment)):,} classes are too many for a matrix")
            return
        self._reading, self._experiment = reading, snapshot.experiment
        counts = reading.confusion
        self.matrix.show_counts(counts, class_names(snapshot.experiment))
        self._show_classes(counts, class_names(snapshot.experiment))
        right, total = int(np.trace(counts)), int(counts.sum())
        self.total.setText(f"{share(right / total)} right: {right:,} of {total:,}" if total else "")
        self.controls.arrange()
        self.show_picture()

    def _show_classes(self, counts: NDArray[np.int64], names: tuple[str, ...]) -> None:
        figures = per_class(counts)
        columns = (figures.precision, figures.recall, figures.f1, figures.count)
        rows = [(name, *values) for name, *values in zip(names, *(c.tolist() for c in columns), strict=True)]
        self.classes.show_records(COLUMNS, rows)

    def _fit(self) -> None:
        """Both where there is room; else the one that is wanted."""
        wanted, roomy = self.shown.currentData(), self.width() >= ROOMY
        for widget, there in (
            (self.matrix, wanted != "classes"),
            (self.classes, wanted == "classes" or (wanted == "both" and roomy)),
        ):
            if widget.isHidden() == there:
                widget.setVisible(there)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def sentence(self, cell: Cell) -> str:
        """What a cell says: 3 examples of “7” were taken for “1”."""
        counts, names = self.matrix.counts, class_names(self._experiment) if self._experiment else ()
        true, predicted = cell
        if not names or max(cell) >= len(counts):
            return ""
        count, of = int(counts[cell]), int(counts[true].sum())
        pixels = self._experiment is not None and not self._experiment.target.is_vector
        what = counted(count, "pixel" if pixels else "example") + f" of class {names[true]}"
        were = "was" if count == 1 else "were"
        if true == predicted:
            return f"{what} {were} recognised, out of {of:,}"
        return f"{what} {were} taken for {names[predicted]}, out of {of:,}"

    def _pick(self, cell: Cell) -> None:
        """Select an example of this kind; the next one at each further click."""
        self.readout.rest(self.sentence(cell))
        reading = self._reading
        if reading is None or reading.labels is None or reading.predicted is None or self._experiment is None:
            return
        found = (reading.labels == cell[0]) & (reading.predicted == cell[1])
        such = np.flatnonzero(found.reshape(len(found), -1).any(axis=1))  # of pixels: examples that have such
        if len(such):
            part = part_of(self._experiment, self._part)
            current = self._selection.example if self._selection.part == part else -1
            later = such[such > current]
            self._selection = replace(
                self._selection, part=part, example=int(later[0] if len(later) else such[0]), cell=cell
            )
            self.picked.emit(self._selection)

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.matrix.show_theme(theme)

    def table(self) -> Table:
        """One row a true class, one column a predicted one; then the figures of the class."""
        if self._reading is None or self._reading.confusion is None or self._experiment is None:
            return Table({})
        names = class_names(self._experiment)
        counts = self._reading.confusion
        columns = {f"predicted {name}": counts[:, k] for k, name in enumerate(names)}
        figures = per_class(counts)
        of_classes = {"precision": figures.precision, "recall": figures.recall, "F1": figures.f1}
        return Table({"true class": np.array(names)} | columns | of_classes)
