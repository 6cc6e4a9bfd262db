"""The worst mistakes: the examples that the network does worst, as pictures or as rows of numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.examples import PARTS, class_names, data_of, part_of
from lab.gui.views.framed import FramedView
from lab.gui.views.unit_cards import input_pictures, magnitude, raw_range
from lab.gui.views.view import Table
from lab.gui.widgets.cards import Card, Cards, Pointed
from lab.gui.widgets.record_table import Column, RecordTable, plainly
from lab.gui.widgets.wording import counted, number, share
from lab.training.drawing import Drawing
from lab.training.mistaken import Mistakes, MistakesProbe, Order
from lab.training.probes import PartName, Probe
from lab.training.snapshot import Snapshot

SIDE = 76
"""Pixels: the height of a picture."""
ORDERS: tuple[tuple[Order, str], ...] = (
    ("error", "largest error"),
    ("sure", "surest mistakes"),
    ("unsure", "least sure"),
)
TIP = (
    "Largest error: E of each example by itself. Surest mistakes: of those taken for a wrong class the ones whose "
    "class has the largest score. Least sure: where the two highest scores are nearest to each other"
)


class MistakesView(FramedView):
    name = "mistakes"
    title = "Mistakes"
    summary = "The examples that the network does worst: what they are and what it takes them for"
    rest = 0.3
    hint = "Click an example to select it in all views"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self._experiment: Experiment | None = None
        self._reading: Mistakes | None = None
        self._part: PartName = "validation"
        self._parts = self.controls.choice(
            "Examples of",
            PARTS,
            "The part of the data that is looked through",
            self._choose_part,
            captioned=False,
        )
        self._parts.setCurrentIndex(1)
        self.order = self.controls.choice(
            "In the order of", ORDERS, TIP, lambda _: self._ask_anew(), captioned=False
        )
        self.all = self.controls.button("", "Show all classes again", self._show_all, "Show all classes")
        self.all.hide()
        self.cards = Cards(SIDE)
        self.cards.setAccessibleName("Examples, the worst first")
        self._scroll = QScrollArea()
        self._scroll.setWidget(self.cards)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.viewport().setAutoFillBackground(False)
        self.cards.setAutoFillBackground(False)
        self.records = RecordTable()
        self.records.setAccessibleName("Examples, the worst first")
        picture = QWidget()
        column = QVBoxLayout(picture)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._scroll, 1)
        column.addWidget(self.records, 1)
        self.set_picture(picture)
        self.cards.clicked.connect(self._pick_card)
        self.cards.hovered.connect(self._hover)
        self.records.chosen.connect(self._pick)
        self.say("Press play, or step once: the worst examples appear here")

    # --- what is asked for

    def suits(self, snapshot: Snapshot) -> bool:
        return snapshot.experiment.data.answers

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        return (
            frozenset({self._probe(snapshot.experiment, selection)}) if self.suits(snapshot) else frozenset()
        )

    def _probe(self, experiment: Experiment, selection: Selection) -> MistakesProbe:
        many, cell = len(class_names(experiment)), selection.cell
        if cell is not None and max(cell) >= many:
            cell = None
        return MistakesProbe(part_of(experiment, self._part), cast(Order, self.order.currentData()), cell)

    def _choose_part(self, part: str) -> None:
        if part != self._part:
            self._part = cast(PartName, part)
            self._ask_anew()

    def _show_all(self) -> None:
        self.picked.emit(replace(self._selection, cell=None))

    def _ask_anew(self) -> None:
        self._reading = None
        self.watching_changed.emit()

    def show_selection(self, selection: Selection) -> None:
        before, self._selection = self._selection, selection
        if selection.cell not in (None, before.cell) and not isinstance(selection.part, Drawing):
            self._part = selection.part  # where that cell was counted
            self._parts.blockSignals(True)
            self._parts.setCurrentIndex(self._parts.findData(self._part))
            self._parts.blockSignals(False)
        self._show_cell()
        self._show_chosen()

    # --- what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if not self.suits(snapshot):
            self._reading = None
            self.say("A formula has no examples")
            return
        reading = snapshot.reading(self._probe(snapshot.experiment, self._selection))
        if reading is None or reading is self._reading:
            return
        self._reading, self._experiment = reading, snapshot.experiment
        self._show_cell()
        if not len(reading.indices):
            self.say(self._nothing())
            return
        is_image = reading.inputs.shape[2:] != (1, 1)
        self._scroll.setVisible(is_image)
        self.records.setVisible(not is_image)
        if is_image:
            self.cards.show_cards(self._cards(reading))
        else:
            self.records.show_records(*self._records(reading))
        self._show_chosen()
        self.readout.rest(self._total(reading))
        self.show_picture()

    def _nothing(self) -> str:
        if self._selection.cell is not None:
            return "No example is of this kind now"
        wrong = "No example is taken for a wrong class"
        return wrong if self.order.currentData() == "sure" else "There are no examples"

    def _total(self, reading: Mistakes) -> str:
        words = ""
        if reading.labels is not None:
            words = f"{counted(reading.wrong, 'example')} of the part taken for a wrong class.  "
        if len(reading.indices) < reading.among:
            words += f"The first {len(reading.indices)} of {reading.among:,} are shown"
        return words.strip()

    def _show_cell(self) -> None:
        """Which kind of mistake alone is shown, on the button that shows all again."""
        cell, names = self._selection.cell, class_names(self._experiment) if self._experiment else ()
        there = cell is not None and max(cell) < len(names)
        if there and cell is not None:
            self.all.setText(f"{names[cell[0]]} → {names[cell[1]]}  ✕")
        if self.all.isHidden() == there:
            self.all.setVisible(there)
        self.controls.arrange()

    def sentence(self, k: int) -> str:
        """What the example is, what it is taken for, and how surely."""
        reading = self._reading
        if reading is None or self._experiment is None:
            return ""
        names, error = class_names(self._experiment), f"E = {number(float(reading.errors[k]))}"
        example = f"Example {reading.indices[k]} of the {part_of(self._experiment, self._part)} part"
        if reading.score is None or reading.score_of_true is None:
            return f"{example}: {error}"
        assert reading.labels is not None
        assert reading.predicted is not None
        true, taken = int(reading.labels[k]), int(reading.predicted[k])
        if taken < 0:
            return f"{example}: {names[true]}, the output is not finite"
        words = f"{example}: {names[true]}, taken for {names[taken]} ({self._score(float(reading.score[k]))})"
        if true != taken:
            words += f"; {names[true]} has {self._score(float(reading.score_of_true[k]))}"
        return f"{words}; {error}"

    def _score(self, value: float) -> str:
        """A probability as a share, another score as a number."""
        return share(value) if 0 <= value <= 1 else number(value)

    def _caption(self, k: int) -> str:
        reading, names = self._reading, class_names(self._experiment) if self._experiment else ()
        assert reading is not None
        if reading.score is None or reading.labels is None or reading.predicted is None:
            return f"E {number(float(reading.errors[k]), 2)}"
        true, taken = int(reading.labels[k]), int(reading.predicted[k])
        said = names[taken] if taken >= 0 else "NaN"
        return f"{names[true]} → {said} {self._score(float(reading.score[k]))}"

    def _cards(self, reading: Mistakes) -> tuple[Card, ...]:
        limit, colours = magnitude(reading.inputs), raw_range(reading.raw)
        return tuple(
            Card(
                input_pictures(reading.inputs[k], reading.raw[k], limit, colours),
                self._caption(k),
                self.sentence(k),
            )
            for k in range(len(reading.indices))
        )

    def _records(self, reading: Mistakes) -> tuple[tuple[Column, ...], list[tuple[Any, ...]]]:
        assert self._experiment is not None
        data, names = data_of(self._experiment), class_names(self._experiment)
        features = data.dataset.features if data is not None else ()
        columns = [Column("#", "The example's number in its part", plainly)]
        if reading.score is not None:
            columns += [
                Column("true", "The class that it is of", plainly),
                Column("taken for", "The class with the largest output", plainly),
                Column("score", "Of the class that it is taken for", self._score),
            ]
        else:
            columns += [
                Column("target", "What the network should say", plainly),
                Column("output", "What it says", plainly),
            ]
        columns.append(Column("E", "The example's own error"))
        columns += [Column(name, "As it came, before preprocessing") for name in features]
        rows: list[tuple[Any, ...]] = []
        for k, example in enumerate(reading.indices.tolist()):
            row: list[Any] = [example]
            if reading.score is not None and reading.labels is not None and reading.predicted is not None:
                taken = int(reading.predicted[k])
                row += [
                    names[int(reading.labels[k])],
                    names[taken] if taken >= 0 else "NaN",
                    float(reading.score[k]),
                ]
            else:
                row += [brief(values[k]) for values in (reading.targets, reading.scores)]
            row.append(float(reading.errors[k]))
            rows.append((*row, *(float(v) for v in reading.raw[k].ravel()[: len(features)])))
        return tuple(columns), rows

    def _show_chosen(self) -> None:
        reading, chosen = self._reading, -1
        e = self._experiment
        if reading is not None and e is not None and self._selection.part == part_of(e, self._part):
            found = np.flatnonzero(reading.indices == self._selection.example)
            chosen = int(found[0]) if len(found) else -1
        self.cards.choose(chosen)
        self.records.choose(chosen)

    # --- pointing

    def _hover(self, at: Pointed | None) -> None:
        self.readout.say("" if at is None else self.sentence(at.card))

    def _pick_card(self, at: Pointed) -> None:
        self._pick(at.card)

    def _pick(self, k: int) -> None:
        if self._reading is not None and self._experiment is not None and k < len(self._reading.indices):
            part = part_of(self._experiment, self._part)
            self._selection = replace(self._selection, part=part, example=int(self._reading.indices[k]))
            self.picked.emit(self._selection)
            self.readout.say(self.sentence(k))

    # --- for others

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.cards.show_theme(theme)

    def table(self) -> Table:
        """One row an example: its number, its error and, in classification, its classes and their scores."""
        reading = self._reading
        if reading is None or self._experiment is None:
            return Table({})
        columns: dict[str, np.ndarray] = {"example": reading.indices, "error": reading.errors}
        if reading.score is not None and reading.labels is not None and reading.predicted is not None:
            names = np.array([*class_names(self._experiment), "not finite"])
            columns |= {
                "true class": names[reading.labels],
                "predicted class": names[reading.predicted],
                "score of predicted": reading.score,
            }
            if reading.score_of_true is not None:
                columns["score of true"] = reading.score_of_true
        return Table(columns)


def brief(values: np.ndarray) -> str:
    """The first few numbers of an answer."""
    return "  ".join(number(float(v)) for v in values.ravel()[:4])
