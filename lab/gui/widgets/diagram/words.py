"""What is said of a unit, a map or a weight of the diagram: its name and its numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lab.gui.views.weights import flat_index, weight_name
from lab.gui.widgets.diagram.net import Column, Net
from lab.gui.widgets.diagram.numbers import Array
from lab.gui.widgets.diagram.sheet import Line, Spot
from lab.gui.widgets.wording import number
from lab.network.network import INPUT, Analysis
from lab.training.probes import Activations, Decision, ToldUpdate


def flat_of(analysis: Analysis, line: Line) -> int:
    """Where the weight or bias lies in the vector of all parameters; -1 where there is none such."""
    place = (line.unit,) if line.source < 0 else (line.unit, line.source)
    return flat_index(analysis, f"{line.layer}.{'bias' if line.source < 0 else 'weight'}", place)


def of_line(line: Line, analysis: Analysis, parameters: Mapping[str, Array], told: ToldUpdate | None) -> str:
    """Name and value, and its gradient and last update as far as they are known."""
    values = parameters.get(f"{line.layer}.{'bias' if line.source < 0 else 'weight'}")
    if values is None or line.unit >= len(values):
        return ""
    flat = flat_of(analysis, line)
    value = float(values[line.unit] if line.source < 0 else values[line.unit, line.source])
    words = f"{weight_name(analysis, flat)} = {number(value)}"
    if told is not None and told.index == flat:
        for key in ("gradient", "last update"):
            if key in told.numbers:
                words += f"  ·  {key} {number(told.numbers[key])}"
    return words


def of_unit(
    spot: Spot, net: Net, parameters: Mapping[str, Array], plane: Decision | None, example: Activations | None
) -> str:
    """What it gives at a point of the plane, or for the example, and its bias."""
    column = next((c for c in net.columns if c.name == spot.layer), None)
    if column is None or not 0 <= spot.unit < column.count:
        return ""
    words = _called(column, spot.unit)
    if plane is not None:
        maps = inputs_of(plane) if column.name == INPUT else plane.layers.get(column.name)
        words += "" if maps is None else _on_plane(spot, plane, maps[spot.unit])
    elif example is not None:
        values = example.input if column.name == INPUT else example.outputs.get(column.name)
        words += "" if values is None else f": {number(float(values.ravel()[spot.unit]))}"
    bias = parameters.get(column.bias)
    return words if bias is None else f"{words}  ·  bias {number(float(bias[spot.unit]))}"


def _on_plane(spot: Spot, plane: Decision, values: Array) -> str:
    if spot.row < 0 or spot.column < 0:
        return f": {number(float(values.min()))} to {number(float(values.max()))} over the plane"
    size = len(values)
    (left, right), (low, high) = plane.bounds
    x = left + (right - left) * spot.column / (size - 1)
    y = high - (high - low) * spot.row / (size - 1)
    return f" at ({number(x)}, {number(y)}): {number(float(values[size - 1 - spot.row, spot.column]))}"


def of_map(spot: Spot, analysis: Analysis, example: Activations) -> str:
    """The number at a place of a map, or what the layer is."""
    values = example.input if spot.layer == INPUT else example.outputs.get(spot.layer)
    if values is None:
        return ""
    if not 0 <= spot.unit < len(values):
        facts = next((f for f in analysis.nodes if f.name == spot.layer), None)
        if facts is None:
            return f"{spot.layer}: {analysis.input}"
        kind, many = facts.layer.title.lower(), facts.parameter_count or 0
        return f"{spot.layer}: {kind}, {facts.output}, {many:,} parameters"
    words = f"{spot.layer}, {'channel' if spot.layer == INPUT else 'unit'} {spot.unit}"
    if values.shape[1:] == (1, 1):
        return f"{words}: {number(float(values[spot.unit, 0, 0]))}"
    if spot.row >= 0 and spot.column >= 0:
        value = float(values[spot.unit, spot.row, spot.column])
        return f"{words}, row {spot.row}, column {spot.column}: {number(value)}"
    one = values[spot.unit]
    return f"{words}: {number(float(one.min()))} to {number(float(one.max()))}"


def _called(column: Column, unit: int) -> str:
    if column.name == INPUT and column.labels:
        return f"input {column.labels[unit]}"
    if column.image is not None:
        channels, height, width = column.image
        channel, pixel = divmod(unit, height * width)
        row, across = divmod(pixel, width)
        return f"input, {f'channel {channel}, ' if channels > 1 else ''}row {row}, column {across}"
    named = f" ({column.labels[unit]})" if column.labels else ""
    return f"{column.name}, unit {unit}{named}"


def inputs_of(plane: Decision) -> Array:
    """The two inputs as functions of the plane: [2, resolution, resolution], row 0 lowest."""
    size = next(iter(plane.layers.values())).shape[1]
    x, y = (np.linspace(*bounds, size, dtype=np.float32) for bounds in plane.bounds)
    return np.stack(np.broadcast_arrays(x[None, :], y[:, None]))
