"""What is selected: its formula, its numbers, its field."""

from __future__ import annotations

import time

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLabel, QWidget

from lab.gui.by_hand import set_weight
from lab.gui.document import Document
from lab.gui.editing import ArchitectureEdits
from lab.gui.panels.last_update import LastUpdate
from lab.gui.panels.selected_rows import (
    field_rows,
    own_weight_rows,
    parameter_row,
    unit_rows,
    weight_rows,
    window_rows,
)
from lab.gui.selection import Selection
from lab.gui.views.weights import place_of
from lab.gui.widgets.fact_table import NAMES, FactTable, Row
from lab.gui.widgets.formula_words import formula_of
from lab.gui.widgets.inputs import InputsLine
from lab.gui.widgets.numbers import Number
from lab.gui.widgets.sections import Column, Formula, Section
from lab.network.editing import may_take
from lab.network.network import Analysis, Facts
from lab.problem import ProblemError
from lab.training.probes import (
    ActivationsProbe,
    Probe,
    ToldProbe,
    WeightsProbe,
)
from lab.training.snapshot import Snapshot

EVERY = 0.1
"""Seconds between two looks at numbers that a person reads: ten a second can still be followed."""


class Inspector(Column):
    """Asks for the numbers of what is selected, like a view, while it is in sight."""

    def __init__(
        self, document: Document, parent: QWidget | None = None, edits: ArchitectureEdits | None = None
    ) -> None:
        """With `edits` what flows into a layer can be changed here, too."""
        super().__init__(parent)
        self._document, self._edits = document, edits
        self._shown_at = 0.0
        self._title = QLabel()
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() + 3)
        font.setWeight(font.Weight.DemiBold)
        self._title.setFont(font)
        self._title.setWordWrap(True)
        self._kind = QLabel()
        self._kind.setProperty("caption", True)
        self._kind.setWordWrap(True)
        self._formula = Formula()
        self._unit = FactTable("Unit")
        self._weight = FactTable("Weight")
        self.last_update = LastUpdate()
        self._shape = FactTable("Layer")
        self.by_hand = Number(-3.4e38, 3.4e38)
        self.by_hand.setToolTip("Set the weight by hand, from this step on. Undo takes it back")
        self.by_hand.setAccessibleName("Set the weight")
        self.by_hand.setMinimumWidth(80)
        self.by_hand.edited.connect(self._set_weight)
        self._set_to = Section("")
        self._set_to.heading.hide()
        self._set_to.grid.setColumnMinimumWidth(0, NAMES)
        self._set_to.add_row("Set to", self.by_hand)
        self._inputs = Section("Inputs", "What flows into the layer. A join may take several")
        self.inputs = InputsLine()
        self._inputs.add_wide(self.inputs)
        if edits is not None:
            self.inputs.connected.connect(self._connect)
            self.inputs.disconnected.connect(self._disconnect)
        self._parameters = FactTable("Parameters")
        self._field = FactTable("Receptive field")
        self.column.setSpacing(16)
        head_column = Section("")
        head_column.heading.hide()
        head_column.add_wide(self._title)
        head_column.add_wide(self._kind)
        head_column.add_wide(self._formula)
        for widget in (
            head_column,
            self._unit,
            self._weight,
            self._set_to,
            self.last_update,
            self._shape,
            self._inputs,
            self._parameters,
            self._field,
        ):
            self.column.addWidget(widget)
        self.column.addStretch(1)
        document.selection_changed.connect(self.refresh)
        document.experiment_changed.connect(self.refresh)
        document.snapshot_changed.connect(self._see)
        self.refresh()

    def probes(self, _snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        wanted: set[Probe] = set()
        if selection.unit >= 0:
            wanted.add(ActivationsProbe(selection.part, selection.example))
        if selection.unit >= 0 or selection.weight >= 0:
            wanted.add(WeightsProbe())
        if selection.weight >= 0:
            wanted.add(ToldProbe((selection.weight,)))
        return frozenset(wanted)

    def as_text(self) -> str:
        """All that is said of what is selected, for the clipboard."""
        parts = [self._title.text(), self._kind.text()]
        for section in (self._unit, self._weight, self._shape, self._parameters, self._field):
            parts.append("" if section.isHidden() else section.as_text())
        if not self.last_update.isHidden():
            parts.append(self.last_update.text.text())
        return "\n\n".join(part for part in parts if part)

    @Slot(object)
    def _see(self, _snapshot: Snapshot) -> None:
        if self._document.selection.unit < 0 and self._document.selection.weight < 0:
            return
        now = time.monotonic()
        if self.isVisible() and (now - self._shown_at > EVERY or not self._document.playback.playing):
            self._shown_at = now
            self._show_numbers()

    @Slot()
    def refresh(self) -> None:
        """Show what is selected now."""
        selection, draft = self._document.selection, self._document.draft
        try:
            analysis = draft.analysis
        except ProblemError:
            return
        facts = next((f for f in analysis.nodes if f.name == selection.layer), None)
        if facts is None:
            self._show_experiment()
        else:
            self._show_layer(facts, selection, analysis)
        self._show_numbers()

    def _show_experiment(self) -> None:
        draft = self._document.draft
        self._title.setText(draft.name)
        self._kind.setText(draft.description or "Click a layer, a unit or a weight to see its numbers here.")
        self._kind.show()
        self._formula.show_formula("")
        for section in (self._shape, self._parameters, self._field):
            section.show_rows([])
        self._inputs.hide()

    def _show_layer(self, facts: Facts, selection: Selection, analysis: Analysis) -> None:
        layer = facts.layer
        unit = f" · unit {selection.unit}" if selection.unit >= 0 else ""
        self._title.setText(f"{facts.name}{unit}")
        doc = (type(layer).__doc__ or "").split("\n\n")[0]
        self._kind.setText(" ".join(doc.split()))
        self._formula.show_formula(formula_of(layer))
        rows: list[Row] = [
            ("Input", str(facts.input or "–"), "Shape of what comes in, one example"),
            ("Output", str(facts.output or "–"), "Shape of what goes out, one example"),
        ]
        rows += window_rows(facts)
        if facts.parameter_count:
            rows.append(("Parameters", f"{facts.parameter_count:,}", "Numbers that are learned"))
        if facts.multiply_adds:
            rows.append(("Mult-adds", f"{facts.multiply_adds:,}", "One forward pass of one example"))
        self._shape.show_rows(rows)
        if self._edits is not None:
            could = may_take(self._document.draft.network, facts.name)
            self.inputs.show_inputs(facts.inputs, could, layer.takes_many)
        self._inputs.setVisible(self._edits is not None)
        self._parameters.show_rows([parameter_row(p) for p in facts.parameters])
        self._field.show_rows(field_rows(self._document.draft.network, analysis, facts, selection))

    @Slot(str, object)
    def _connect(self, source: str, place: int | None) -> None:
        layer = self._document.selection.layer
        if self._edits is not None and layer is not None:
            self._edits.connect_layers(source, layer, place)

    @Slot(str)
    def _disconnect(self, source: str) -> None:
        layer = self._document.selection.layer
        if self._edits is not None and layer is not None:
            self._edits.disconnect_layers(source, layer)

    # --- numbers of the moment

    def _show_numbers(self) -> None:
        selection, snapshot = self._document.selection, self._document.snapshot
        if snapshot is None or selection.unit < 0:
            self._unit.show_rows([])
        else:
            self._show_unit(snapshot, selection)
        self._weight.show_rows(weight_rows(snapshot, selection.weight) if snapshot else [])
        self.last_update.show_weight(snapshot, selection.weight)
        self._show_by_hand(snapshot, selection)

    def _show_by_hand(self, snapshot: Snapshot | None, selection: Selection) -> None:
        weights = None if snapshot is None else snapshot.reading(WeightsProbe())
        place = None
        if snapshot is not None:
            place = place_of(snapshot.experiment.analysis, selection.weight)
        known = weights is not None and place is not None and place[0] in weights.parameters
        self._set_to.setVisible(known)
        if known and weights is not None and place is not None and not self.by_hand.hasFocus():
            self.by_hand.show_value(float(weights.parameters[place[0]][place[1]]))

    @Slot(object)
    def _set_weight(self, value: float) -> None:
        set_weight(self._document, self._document.selection.weight, value)

    def _show_unit(self, snapshot: Snapshot, selection: Selection) -> None:
        seen = snapshot.reading(ActivationsProbe(selection.part, selection.example))
        weights = snapshot.reading(WeightsProbe())
        running = snapshot.experiment.analysis.nodes  # what the numbers are of; the draft may be ahead
        facts = next((f for f in running if f.name == selection.layer), None)
        rows = unit_rows(seen, selection) + own_weight_rows(weights, selection, facts)
        self._unit.show_rows(rows or [("Value", "–", "Not computed yet")])
