"""What there is to tell of a layer, a unit or a weight that is selected: each fact with its name and what it is."""

from __future__ import annotations

import numpy as np

from lab.gui.panels.last_update import signed, update_rows
from lab.gui.selection import Selection
from lab.gui.widgets.fact_table import Row
from lab.gui.widgets.fields.words import OUTGROWN, exactly, size_of
from lab.gui.widgets.forms import caption
from lab.network.field_table import field_table
from lab.network.layers.layer import Parameter
from lab.network.network import Analysis, Facts, Network
from lab.network.receptive_field import field_of
from lab.training.probes import Activations, Array, Weights, WeightsProbe
from lab.training.snapshot import Snapshot
from lab.value import told


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
    return caption(parameter.name), shape, tip


def field_rows(network: Network, analysis: Analysis, facts: Facts, selection: Selection) -> list[Row]:
    """How much of the input image one unit sees, and where the selected one looks."""
    if facts.output is None or analysis.input.is_vector:
        return []
    rows: list[Row] = []
    field = next(row for row in field_table(network, analysis.input) if row.layer == facts.name)
    down, across = field.axes
    size, tip = f"{size_of(down)}×{size_of(across)}", "Rows × columns of input pixels that one unit sees"
    if not (down.is_one and across.is_one):
        tip += ", from–to by its position"
    if field.has_outgrown:
        size, tip = f"{OUTGROWN} {size}", f"{tip}: {OUTGROWN} larger than the input, beyond which is padding"
    rows.append(("Size", size, tip))
    if not facts.output.is_vector:
        stride = f"{exactly(down.stride)}×{exactly(across.stride)}"
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
                *update_rows(snapshot, index),
            ]
        before += values.size
    return []


def spread(values: Array) -> str:
    return f"{signed(float(values.min())).strip()} … {signed(float(values.max())).strip()}"
