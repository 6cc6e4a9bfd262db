"""What is selected: its formula, its numbers, its field."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QWidget

from lab.gui.by_hand import set_weight
from lab.gui.document import Document
from lab.gui.editing import ArchitectureEdits
from lab.gui.selection import Selection
from lab.gui.theme import number_font
from lab.gui.views.weights import place_of
from lab.gui.widgets.inputs import InputsLine
from lab.gui.widgets.numbers import Number
from lab.gui.widgets.sections import Column, Formula, Section
from lab.gui.widgets.wording import number
from lab.network.editing import may_take
from lab.network.layers.layer import Parameter
from lab.network.network import Analysis, Facts, Network
from lab.network.receptive_field import field_of, receptive_fields
from lab.problem import ProblemError
from lab.training.probes import (
    Activations,
    ActivationsProbe,
    Array,
    Probe,
    UpdateProbe,
    Weights,
    WeightsProbe,
)
from lab.training.snapshot import Snapshot
from lab.value import told

EVERY = 0.1
"""Seconds between two looks at numbers that a person reads: ten a second can still be followed."""

NAMES = 78
"""Width of the names: "Mean square" in one line."""

Row = tuple[str, str, str]


class FactTable(Section):
    """Names and values, one under the other. Rows are reused, so that live numbers do not rebuild anything."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent=parent)
        self._rows: list[tuple[QLabel, QLabel]] = []
        self.grid.setVerticalSpacing(5)
        self.grid.setColumnMinimumWidth(0, NAMES)

    def show_rows(self, rows: list[Row]) -> None:
        while len(self._rows) < len(rows):
            value = QLabel()
            value.setFont(number_font())
            value.setWordWrap(True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            name = self.add_row("", value)
            name.setWordWrap(True)  # "Mean square gradient" must not push the numbers out of the panel
            name.setMaximumWidth(NAMES)
            self._rows.append((name, value))
        for index, (name, value) in enumerate(self._rows):
            used = index < len(rows)
            name.setVisible(used)
            value.setVisible(used)
            if used:
                title, text, tip = rows[index]
                if (name.text(), value.text()) != (title, text):
                    name.setText(title)
                    value.setText(text)
                name.setToolTip(tip)
                value.setToolTip(tip)
        self.setVisible(bool(rows))


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
        self._shape = FactTable("Layer")
        self.by_hand = Number(-3.4e38, 3.4e38)
        self.by_hand.setToolTip("Set the weight by hand, from this step on. Undo takes it back")
        self.by_hand.setAccessibleName("Set the weight")
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
            wanted.add(UpdateProbe())
        return frozenset(wanted)

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
        activation = getattr(layer, "activation", None)
        self._formula.show_formula(
            "" if activation is None else f"{activation.formula};{activation.derivative}"
        )
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


def window_rows(facts: Facts) -> list[Row]:
    """What one unit sees of the layer's input, and what is added around that: "same" comes to a number."""
    if facts.input is None or facts.output is None or facts.output.is_vector:
        return []
    window = facts.layer.window(facts.input)
    if window is None or window.size == (1, 1):
        return []
    rows: list[Row] = [
        (
            "Window",
            told(window.size),
            "Rows × columns of the layer's input that one unit sees, dilation included",
        )
    ]
    if window.padding != (0, 0):
        rows.append(("Padding", told(window.padding), "Rows above × columns to the left that are added"))
    return rows


def parameter_row(parameter: Parameter) -> Row:
    shape = "×".join(map(str, parameter.shape))
    start = parameter.start
    tip = f"{parameter.size:,} numbers. They start: {start.title}, {start.formula}"
    if deviation := start.deviation(parameter.fan_in, parameter.fan_out):
        tip += f", here σ = {deviation:.4g} (fan-in {parameter.fan_in:,}, fan-out {parameter.fan_out:,})"
    return parameter.name.capitalize(), shape, tip


def field_rows(network: Network, analysis: Analysis, facts: Facts, selection: Selection) -> list[Row]:
    """How much of the input image one unit sees, and where the selected one looks."""
    if facts.output is None or analysis.input.is_vector:
        return []
    rows: list[Row] = []
    field = receptive_fields(network, analysis.input).get(facts.name)
    if field is not None:  # else the units of the layer do not all see alike
        size = "×".join(map(str, field.size))
        rows.append(("Size", size, "Rows × columns of input pixels that one unit sees"))
        if not facts.output.is_vector:
            stride = "×".join(map(str, field.stride))
            rows.append(("Stride", stride, "Pixels from one unit's field to the next one's"))
    if selection.unit >= 0 and (selection.row >= 0 or facts.output.is_vector):
        row, column = max(selection.row, 0), max(selection.column, 0)
        seen = field_of(network, analysis.input, facts.name, row, column, padding=False)
        tip = "Of the input, counted from 0, padding left out"
        rows.append(("Rows", stretch(seen.top, seen.height), tip))
        rows.append(("Columns", stretch(seen.left, seen.width), tip))
    return rows


def stretch(first: int, many: int) -> str:
    """So many neighbours from the first one on: "3 to 7"."""
    if many < 2:
        return str(first) if many else "none"
    return f"{first} to {first + many - 1}"


def unit_rows(seen: Activations | None, selection: Selection) -> list[Row]:
    """The selected unit's value and pre-activation on the selected example."""
    if seen is None or selection.layer not in seen.outputs:
        return []
    rows: list[Row] = []
    for name, arrays, tip in (
        ("y = f(z)", seen.outputs, "What the unit says"),
        ("z", seen.preactivations, "The weighted sum before f"),
    ):
        values = arrays.get(selection.layer)
        if values is None or selection.unit >= len(values):
            continue
        plane = values[selection.unit]
        if plane.size == 1:
            rows.append((name, signed(float(plane.flat[0])), tip))
        elif 0 <= selection.row < plane.shape[0] and 0 <= selection.column < plane.shape[1]:
            where = f" at row {selection.row}, column {selection.column}"
            rows.append((name, signed(float(plane[selection.row, selection.column])), tip + where))
        else:
            rows.append((name, spread(plane), f"{tip}: lowest to highest over the map"))
    return rows


def own_weight_rows(weights: Weights | None, selection: Selection, facts: Facts | None) -> list[Row]:
    """The weights that lead into the selected unit of the layer `facts` tells of."""
    if weights is None or facts is None or facts.output is None or selection.unit >= facts.output.channels:
        return []
    weight = weights.parameters.get(f"{facts.name}.weight")
    bias = weights.parameters.get(f"{facts.name}.bias")
    rows: list[Row] = []
    if weight is not None:
        own = weight[facts.layer.weights_into(selection.unit)]
        rows.append(("Weights in", f"{own.size:,}", "How many weights lead into the unit"))
        rows.append(("Mean", signed(float(own.mean())), "Mean of those weights"))
        rows.append(("Deviation", signed(float(own.std())), "Standard deviation of those weights"))
        rows.append(("Norm", signed(float(np.linalg.norm(own))), "Square root of the sum of their squares"))
    if bias is not None:
        rows.append(("Bias", signed(float(bias[selection.unit])), "Added to the weighted sum"))
    return rows


def weight_rows(snapshot: Snapshot, index: int) -> list[Row]:
    """The selected weight by its place in the flat vector of all parameters."""
    weights = snapshot.reading(WeightsProbe())
    if index < 0 or weights is None:
        return []
    before = 0
    for name, values in weights.parameters.items():
        if index < before + values.size:
            place = np.unravel_index(index - before, values.shape)
            return [
                ("Name", f"{name}[{', '.join(str(int(i)) for i in place)}]", "Parameter and index in it"),
                ("Value", signed(float(values[place])), ""),
                ("Flat index", f"{index:,}", "Place in the vector of all parameters"),
                *update_rows(snapshot, name, place),
            ]
        before += values.size
    return []


INTERNALS = {
    "gradient": "Slope of the last batch's error along the weight, as the optimizer saw it: clipped, with penalties",
    "step size": "By what the last update multiplied the gradient, or the direction made of it",
    "last update": "How far the last update moved the weight",
}


def update_rows(snapshot: Snapshot, name: str, place: tuple[np.intp, ...]) -> list[Row]:
    """What the optimizer had in hand for one weight when it made the last update."""
    seen = snapshot.reading(UpdateProbe())
    known = seen.parameters.get(name, {}) if seen is not None else {}
    optimizer = snapshot.experiment.optimizer
    remembers = f"What {optimizer.title} remembers: {optimizer.formula}"
    return [
        (what.capitalize(), signed(float(values[place])), INTERNALS.get(what, remembers))
        for what, values in known.items()
        if values.ndim == len(place)
    ]


def signed(value: float) -> str:
    """With room for a minus where there is none: figures do not jump."""
    text = number(value, 4)
    return text if text.startswith("−") else f"\u2007{text}"


def spread(values: Array) -> str:
    return f"{signed(float(values.min())).strip()} … {signed(float(values.max())).strip()}"
