"""Layers' maps as groups of a mosaic: their scales, their sizes, and what stands beside their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lab.gui.views.view import Table
from lab.gui.widgets.mosaic import Group
from lab.gui.widgets.wording import counted
from lab.network.network import INPUT, Facts
from lab.network.receptive_field import Region
from lab.network.shape import Shape


def group_of(
    name: str,
    values: NDArray[np.float32],
    words: str,
    peaks: NDArray[np.float64],
    scaling: str,
    whole: float,
) -> Group:
    """Maps [units, height, width] of one layer, on the scale of each "unit", the "layer", or the `whole` "network".

    `peaks` [units] are their largest magnitudes; of the input they are worked out.
    """
    if name == INPUT:
        peaks = np.abs(values).max((1, 2), initial=0.0).astype(np.float64)
    if scaling == "network":
        limits = np.array([whole])
    elif scaling == "layer" or values.shape[1:] == (1, 1):
        limits = np.array([peaks.max(initial=0.0)])
    else:
        limits = peaks
    limits = np.where(limits > 0, limits, 1.0)
    side = 60 if values.shape[1] > 1 else 28 if len(values) <= 24 else 14 if len(values) <= 200 else 8
    return Group(name, name, words, values[:, None], limits, side)


def chosen_group(group: Group, tile: int) -> tuple[Group, str]:
    """One tile of a group by itself, and what it is called; where tiles are single numbers, all of them."""
    tiles, panes, height, width = group.shape
    if panes * height * width == 1:
        return replace(group, title="", detail=""), f"{group.key}, {counted(tiles, 'unit')}"
    limits = group.limits[tile : tile + 1] if len(group.limits) > 1 else group.limits
    one = replace(group, title="", detail="", values=group.values[tile : tile + 1], limits=limits)
    return one, f"{group.key}, unit {tile}"


def where(layer: str, unit: int, row: int, column: int, shape: tuple[int, ...]) -> str:
    """Which number it is: "conv1, unit 3, row 5, column 9"."""
    place = f"{layer}, {'channel' if layer == INPUT else 'unit'} {unit}"
    return place if shape[1:] == (1, 1) else f"{place}, row {row}, column {column}"


def detail(facts: Facts | None) -> str:
    """What stands after a layer's name: its output's shape and its function."""
    if facts is None or facts.output is None:
        return ""
    words = [str(facts.output)]
    activation = getattr(facts.layer, "activation", None)
    if activation is not None:
        words.append(activation.title)
    else:
        words.append(facts.layer.title.lower())
    return " · ".join(words)


def field_words(region: Region, x: Shape) -> str:
    """What of an input of shape `x` a unit sees."""
    seen = region.clipped(x)
    if not seen.height or not seen.width:
        return ".  Sees nothing of the input: only padding"
    words = (
        f".  Sees rows {seen.top}–{seen.top + seen.height - 1}, "
        f"columns {seen.left}–{seen.left + seen.width - 1} of the input ({region.height}×{region.width}"
    )
    return words + (")" if seen == region else ", partly padding)")


def table_of(maps: Mapping[str, NDArray[np.float32]], name: str) -> Table:
    """One row a number: layer, unit, row, column, and the number under this name."""
    names, units, rows, columns, values = [], [], [], [], []
    for layer, numbers in maps.items():
        unit, row, column = (index.ravel() for index in np.indices(numbers.shape))
        names.append(np.full(numbers.size, layer, dtype=object))
        units.append(unit)
        rows.append(row)
        columns.append(column)
        values.append(numbers.ravel())
    found = {"layer": names, "unit": units, "row": rows, "column": columns, name: values}
    return Table({key: np.concatenate(parts) for key, parts in found.items()})
