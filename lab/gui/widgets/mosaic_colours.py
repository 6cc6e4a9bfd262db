"""The colours of a mosaic's groups: of numbers with a sign, of magnitudes, and of red, green and blue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.gui.theme import ColourMap, Theme, diverging, sequential
from lab.gui.widgets.colour import GREYS, Pixels, Scale, pixel_table, pixels_of, rows_of_map
from lab.gui.widgets.mosaic_layout import Group
from lab.gui.widgets.wording import number


def colours_of(group: Group, theme: Theme) -> ColourMap:
    """The colours of its scale; of red, green and blue from black to white."""
    if group.shading == "colour":
        return GREYS
    return diverging(theme) if group.shading == "sign" else sequential(theme)


def lowest(group: Group, limits: NDArray[np.float64]) -> NDArray[np.float64]:
    """What stands at the lower end of its scale."""
    if group.low is not None:
        return np.full_like(limits, group.low)
    return np.zeros_like(limits) if group.shading == "magnitude" else -limits


def scale_of(group: Group, theme: Theme) -> Scale:
    """What its colour bar shows: of several limits the largest."""
    limit = group.limits.max(keepdims=True, initial=0.0) if len(group.limits) else np.ones(1)
    return Scale(colours_of(group, theme), float(lowest(group, limit)[0]), float(limit[0]))


def words_of_ends(group: Group, short: bool = False) -> tuple[str, str]:
    """What stands at the ends of its colour bar; where the room is `short` and the scale has two sides, in one."""
    if len(group.limits) == 1:
        low, high = number(float(lowest(group, group.limits)[0]), 2), number(float(group.limits[0]), 2)
    else:
        low, high = ("0" if group.shading == "magnitude" else "−each"), "+each"
    has_two_sides = group.shading != "magnitude" and group.low is None
    return ("", "±" + high.lstrip("+")) if short and has_two_sides else (low, high)


def words_of_limit(group: Group, tile: int, limit: float) -> str:
    """The scale of a tile that has its own."""
    if not group.values[tile].any():
        return "0"
    return f"{'' if group.shading == 'magnitude' else '±'}{number(limit, 2)}"


def all_pixels(group: Group, theme: Theme) -> Pixels:
    """The pixel of every value, and two that are see-through: at the index after the last, and at -1."""
    limits = group.limits if len(group.limits) == 1 else group.limits[:, None, None, None]
    if group.shading == "colour":
        colours = pixels_of(np.moveaxis(group.values, 1, -1), lowest(group, limits), limits, theme.danger)
    else:
        table = pixel_table(colours_of(group, theme), theme.danger)
        colours = table[rows_of_map(group.values, lowest(group, limits), limits)]
    return np.append(colours.ravel(), np.zeros(2, np.uint32))


def some_pixels(group: Group, theme: Theme, index: NDArray[np.int64]) -> Pixels:
    """The pixels of the values at these indices; see-through where there is none."""
    there = (index >= 0) & (index < group.values.size)
    at = np.where(there, index, 0)
    limits = group.limits
    if len(limits) > 1:
        limits = limits[at // (group.values.size // len(group.values))]
    table = pixel_table(colours_of(group, theme), theme.danger)
    colours = table[rows_of_map(group.values.reshape(-1)[at], lowest(group, limits), limits)]
    return np.where(there, colours, np.uint32(0))
