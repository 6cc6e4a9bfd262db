"""Where a weight stands: between its flat index in the parameter vector and its name with indices."""

from __future__ import annotations

import numpy as np

from lab.network.network import Analysis


def flat_index(analysis: Analysis, name: str, place: tuple[int, ...]) -> int:
    """The flat index of `name[place]`; -1 where there is no such parameter."""
    start = 0
    for parameter in analysis.parameters:
        if parameter.name == name:
            return start + int(np.ravel_multi_index(place, parameter.shape))
        start += parameter.size
    return -1


def place_of(analysis: Analysis, flat: int) -> tuple[str, tuple[int, ...]] | None:
    """The parameter and the indices within it of a flat index; None outside the vector."""
    if flat < 0:
        return None
    for parameter in analysis.parameters:
        if flat < parameter.size:
            return parameter.name, tuple(int(k) for k in np.unravel_index(flat, parameter.shape))
        flat -= parameter.size
    return None


def weight_name(analysis: Analysis, flat: int) -> str:
    """conv1.weight[2, 0, 3, 4]"""
    place = place_of(analysis, flat)
    return "no weight" if place is None else f"{place[0]}[{', '.join(map(str, place[1]))}]"
