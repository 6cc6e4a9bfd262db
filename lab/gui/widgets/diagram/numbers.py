"""What the units' sheet is given to draw: weights and outputs, and what the ends of their scales stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lab.gui.widgets.diagram.net import Net
from lab.network.network import INPUT

Array = NDArray[np.float32]
Limits = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Numbers:
    """`maps[layer]` are [units, rows, columns], the uppermost row first, where units are functions of the plane;
    else `values[layer]` are [units]. `limits[layer]`, [1] or [units], and `most[weight]` end the scales.
    """

    weights: Mapping[str, Array]
    maps: Mapping[str, Array] = field(default_factory=dict)
    values: Mapping[str, Array] = field(default_factory=dict)
    limits: Mapping[str, Limits] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)
    image: Array | None = None
    """[C, H, W], the input where it is one."""
    of_network: bool = False
    """Whether all scales are the same."""


def scaled(
    net: Net,
    weights: Mapping[str, Array],
    maps: Mapping[str, Array],
    values: Mapping[str, Array],
    image: Array | None,
    scaling: str,
) -> Numbers:
    """With scales by `scaling`: "unit", "layer" or "network". A line's is its layer's, or the network's."""
    peaks = {name: np.abs(m).max(axis=(1, 2), initial=0.0).astype(np.float64) for name, m in maps.items()}
    peaks |= {name: np.abs(v).astype(np.float64) for name, v in values.items()}
    limits = limits_of(peaks, scaling if maps or scaling == "network" else "layer")
    most = {}
    for column in net.columns:
        if (W := weights.get(column.weight)) is not None:
            b = weights.get(column.bias)
            most[column.weight] = float(np.abs(W).max(initial=0.0)) or 1.0
            if b is not None:
                most[column.bias] = float(np.abs(b).max(initial=0.0)) or 1.0
    if scaling == "network" and most:
        biases = {column.bias for column in net.columns}
        of_weights = max(v for name, v in most.items() if name not in biases)
        most = dict.fromkeys(most, of_weights)
    return Numbers(weights, maps, values, limits, most, image, scaling == "network")


def limits_of(peaks: Mapping[str, Limits], scaling: str) -> dict[str, Limits]:
    """Where scales end, by the largest magnitudes of units: of each unit, layer, or of all but the input."""
    whole = max((float(p.max(initial=0.0)) for name, p in peaks.items() if name != INPUT), default=0.0)
    found = {}
    for name, peak in peaks.items():
        if scaling == "network" and name != INPUT:
            limit = np.array([whole])
        else:
            limit = peak if scaling == "unit" else peak.max(keepdims=True, initial=0.0)
        found[name] = np.where(limit > 0, limit, 1.0)
    return found
