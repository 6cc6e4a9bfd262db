"""One unit's readings as cards: each example's input, the unit's map of it, and what is said below."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.gui.theme import Theme, diverging
from lab.gui.widgets.cards import Card, Picture
from lab.gui.widgets.colour import GREYS, Scale
from lab.gui.widgets.mosaic import Group
from lab.gui.widgets.wording import number
from lab.network.network import INPUT
from lab.network.receptive_field import Region
from lab.training.one_unit import Array, Exciting, Strongest, UnitMaps

FieldOf = Callable[[int, int], Region | None]
"""What the unit at a row and a column of its map sees of the input."""
CHANNELS = 4
"""Of an input of many channels that are shown."""


def is_colour(inputs: Array) -> bool:
    """Whether inputs [..., C, H, W] are images of red, green and blue."""
    return inputs.shape[-3] == 3 and inputs.shape[-2:] != (1, 1)


def raw_range(raw: Array) -> tuple[float, float]:
    """Between what raw numbers of colours lie: 0 to 1, 0 to 255, or as they come."""
    low, high = float(raw.min(initial=0.0)), float(raw.max(initial=0.0))
    if low < 0:
        return low, high
    return 0.0, 1.0 if high <= 1 else 255.0 if high <= 255 else high


def magnitude(values: Array) -> float:
    """The largest, 1 where there is none."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0.0)) or 1.0


def input_pictures(
    x: Array, raw: Array, limit: float, colours: tuple[float, float], field: Region | None = None
) -> tuple[Picture, ...]:
    """An input [C, H, W]: in colour where it is red, green and blue; channel by channel; a vector as a column."""
    if is_colour(x):
        return (Picture(raw, *colours, field),)
    if x.shape[1:] == (1, 1):
        return (Picture(x[:, :, 0], -limit, limit),)
    return tuple(Picture(channel, -limit, limit, field) for channel in x[:CHANNELS])


def scales(found: UnitMaps, symbol: str, theme: Theme) -> tuple[tuple[str, Scale], ...]:
    """What the colours of its cards stand for."""
    if is_colour(found.inputs):
        first = ("input, each of R, G, B", Scale(GREYS, *raw_range(found.raw)))
    else:
        limit = magnitude(found.inputs)
        first = ("input x", Scale(diverging(theme), -limit, limit))
    if found.maps[0].size == 1:
        return (first,)
    limit = magnitude(found.maps)
    return (first, (symbol, Scale(diverging(theme), -limit, limit)))


def label_of(found: UnitMaps, k: int, classes: tuple[str, ...]) -> str:
    if found.labels is None or np.ndim(found.labels[k]) or not classes:
        return ""
    return classes[int(found.labels[k])]


def example_cards(found: UnitMaps, symbol: str, classes: tuple[str, ...]) -> tuple[Card, ...]:
    """Each example beside the unit's map of it; units of one number have it in the caption."""
    limit, most, colours = magnitude(found.inputs), magnitude(found.maps), raw_range(found.raw)
    cards = []
    for k, example in enumerate(found.indices.tolist()):
        pictures = input_pictures(found.inputs[k], found.raw[k], limit, colours)
        label, maps = label_of(found, k, classes), found.maps[k]
        parts = [f"#{example}", label]
        if maps.size > 1:
            pictures = (*pictures, Picture(maps, -most, most))
            said = f"{symbol} from {number(float(maps.min()))} to {number(float(maps.max()))}"
        else:
            said = f"{symbol} = {number(float(maps[0, 0]))}"
            parts.insert(0, number(float(maps[0, 0])))
        words = f"example {example}{', ' + label if label else ''}: {said}"
        cards.append(Card(pictures, " · ".join(filter(None, parts)), words))
    return tuple(cards)


def strongest_cards(
    strongest: Strongest, symbol: str, classes: tuple[str, ...], field_of: FieldOf
) -> tuple[Card, ...]:
    """The strongest first, the patch that the unit sees outlined on the input, its peak on the map."""
    found = strongest.found
    limit, most, colours = magnitude(found.inputs), magnitude(found.maps), raw_range(found.raw)
    cards = []
    for k, example in enumerate(found.indices.tolist()):
        row, column = int(strongest.rows[k]), int(strongest.columns[k])
        field = field_of(row, column)
        pictures = input_pictures(found.inputs[k], found.raw[k], limit, colours, field)
        label, maps, value = label_of(found, k, classes), found.maps[k], number(float(strongest.values[k]))
        at = ""
        if maps.size > 1:
            pictures = (*pictures, Picture(maps, -most, most, spot=(row, column)))
            at = f" at row {row}, column {column}"
        words = f"number {k + 1}: {symbol} = {value}{at}, example {example}{', ' + label if label else ''}"
        cards.append(Card(pictures, " · ".join(filter(None, (value, label, f"#{example}"))), words))
    return tuple(cards)


def climbed_group(found: Exciting) -> Group:
    """The input that was climbed to, as a mosaic draws it."""
    if is_colour(found.x):
        low, high = raw_range(found.raw)
        return Group(INPUT, "", "", found.raw[None], np.array([high]), shading="colour", low=low)
    values = found.x[:, None] if found.x.shape[1:] == (1, 1) else found.x[None]
    return Group(INPUT, "", "", values, np.array([magnitude(found.x)]))
