"""A diagram as numbers: a row a weight, or a row a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.gui.widgets.diagram.net import Net
from lab.network.network import Analysis
from lab.training.probes import Activations

Columns = dict[str, NDArray[Any]]


def of_weights(net: Net, parameters: Mapping[str, NDArray[np.float32]]) -> Columns:
    """Layer, unit, input and weight; the input of a bias is -1."""
    layers, units, inputs, values = [], [], [], []
    for column in net.columns:
        for name in (column.weight, column.bias):
            W = parameters.get(name)
            if W is None:
                continue
            unit, source = (a.ravel() for a in np.indices(W.reshape(len(W), -1).shape))
            layers.append(np.full(W.size, column.name, dtype=object))
            units.append(unit)
            inputs.append(source if W.ndim > 1 else np.full(W.size, -1))
            values.append(W.ravel())
    if not values:
        return {}
    parts = {"layer": layers, "unit": units, "input (-1: bias)": inputs, "weight": values}
    return {key: np.concatenate(arrays) for key, arrays in parts.items()}


def of_layers(analysis: Analysis, reading: Activations | None) -> Columns:
    """Layer, kind, output shape, parameters, and the largest magnitude of its outputs for the example."""
    known = [f for f in analysis.nodes if f.output is not None]
    columns: Columns = {
        "layer": np.array([f.name for f in known], object),
        "kind": np.array([f.layer.title for f in known], object),
        "output": np.array([str(f.output) for f in known], object),
        "parameters": np.array([f.parameter_count or 0 for f in known], np.int64),
    }
    if reading is not None:
        peaks = [
            float(reading.peak(f.name).max(initial=0.0)) if f.name in reading.outputs else np.nan
            for f in known
        ]
        columns["largest |y|"] = np.array(peaks)
    return columns
