"""Parameters as groups of a mosaic, a filter a tile, its channels side by side or in colour; and back to weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lab.gui.views.view import Table
from lab.gui.widgets.mosaic import Group, Place, Shading
from lab.gui.widgets.wording import number
from lab.network.layers import Flatten
from lab.network.network import INPUT, Analysis, Facts
from lab.network.shape import Shape
from lab.training.filters import Filters
from lab.training.probes import largest

MOST_SHOWN = 1 << 20
"""Weights of a parameter that are shown: so many small pictures are not looked at by anybody."""
COLOURS = "RGB"


@dataclass(frozen=True)
class Seen:
    """What a layer's weights are slid over, or laid on: an image of this `shape`, None where it is none; whether it is
    the network's input itself."""

    shape: Shape | None
    is_input: bool = False

    @property
    def in_colour(self) -> bool:
        """Whether its channels are red, green and blue."""
        return self.is_input and self.shape is not None and self.shape.channels == 3


def seen_by(analysis: Analysis, facts: Facts) -> Seen:
    """The image that flows into a layer, also where it was flattened on the way, or passed through unchanged."""
    nodes = {node.name: node for node in analysis.nodes}
    shape, source = facts.input, facts.inputs[0]
    while shape is not None and shape.is_vector and source in nodes and len(nodes[source].inputs) == 1:
        before = nodes[source]
        if not isinstance(before.layer, Flatten) and before.input != before.output:
            break
        shape, source = before.input, before.inputs[0]
    if shape is None or shape.is_vector:
        return Seen(None)
    return Seen(shape, source == INPUT)


def as_blocks(values: NDArray[np.float32], picture: Shape | None) -> NDArray[np.float32]:
    """A parameter as [tiles, panes, height, width]: a filter a tile, a matrix as one, or a row an image."""
    if values.ndim == 4:
        return values
    if values.ndim == 3:  # a number for each place of an image
        return values[:, None]
    if values.ndim == 1:
        return values[:, None, None, None]
    if picture is not None and picture.size == values.shape[1]:
        return values.reshape(len(values), picture.channels, picture.height, picture.width)
    return values[None, None]


def first_of(blocks: NDArray[np.float32]) -> NDArray[np.float32]:
    """The first tiles, or the first rows of a single matrix, so that there are not too many numbers."""
    if blocks.size <= MOST_SHOWN:
        return blocks
    if len(blocks) == 1:
        return blocks[:, :, : max(1, MOST_SHOWN // blocks.shape[3])]
    return blocks[: max(1, MOST_SHOWN // blocks[0].size)]


def side_of(blocks: NDArray[np.float32]) -> int:
    """How large a pane is wished: a single filter's kernels are shown larger than a hundred of them."""
    tiles, panes, height, width = blocks.shape
    if height * width == 1:
        return 16
    if tiles == 1 and panes == 1:
        return int(min(max(height, width) * 16, 640))
    return 56 if panes == 1 else 40 if tiles * panes <= 200 else 25


def group_of(
    name: str,
    detail: str,
    blocks: NDArray[np.float32],
    scaling: str,
    layer_peak: float,
    network_peak: float,
    shading: Shading = "sign",
) -> Group:
    """Numbers on the scale of each "unit", of the "layer", or of the "network"."""
    if scaling == "network":
        limits = np.array([network_peak])
    elif scaling == "layer" or blocks[0].size == 1 or len(blocks) == 1:
        limits = np.array([layer_peak])
    else:
        limits = largest(blocks, (1, 2, 3)).astype(np.float64)
    limits = np.where(limits > 0, limits, 1.0)
    side = 56 if shading == "colour" else side_of(blocks)
    return Group(name, name.rpartition(".")[2], detail, blocks, limits, side, shading=shading)


def in_colour(blocks: NDArray[np.float32], seen: Seen) -> bool:
    """Whether blocks are pictures whose three panes are red, green and blue."""
    return seen.in_colour and blocks.shape[1] == 3 and blocks.shape[2] * blocks.shape[3] > 1


def spot_of(place: Place, group: Group, values: NDArray[np.float32]) -> tuple[int, ...]:
    """The indices within a parameter of what a place shows; of a colour its strongest channel."""
    _, _, height, width = group.shape
    pane = place.pane
    if group.shading == "colour":
        pane = int(np.abs(group.values[place.tile, :, place.row, place.column]).argmax())
    if values.ndim == 4:
        return place.tile, pane, place.row, place.column
    if values.ndim == 3:
        return place.tile, place.row, place.column
    if values.ndim == 1:
        return (place.tile,)
    if group.values.shape[0] == 1 and values.shape[0] != 1:
        return place.row, place.column
    return place.tile, (pane * height + place.row) * width + place.column


def place_in(group: Group, spot: tuple[int, ...]) -> Place:
    """Where the number with these indices within the parameter is shown."""
    tiles, panes, height, width = group.values.shape
    if len(spot) == 4:
        place = Place(group.key, *spot)
    elif len(spot) == 3:
        place = Place(group.key, spot[0], 0, *spot[1:])
    elif len(spot) == 1:
        place = Place(group.key, spot[0])
    elif tiles == 1 and panes == 1 and width > 1 and spot[0] < height:
        place = Place(group.key, 0, 0, *spot)
    else:
        pane, rest = divmod(spot[1], height * width)
        place = Place(group.key, spot[0], pane, *divmod(rest, width))
    return Place(place.group, place.tile, 0, place.row, place.column) if group.shading == "colour" else place


def enlarged_group(group: Group, place: Place, values: NDArray[np.float32]) -> Group | None:
    """The kernel at a place by itself; None of single numbers and of a whole matrix. `values` is the parameter."""
    tiles, _, height, width = group.shape
    if height * width == 1 or (tiles == 1 and values.ndim == 2):
        return None
    panes = slice(None) if group.shading == "colour" else slice(place.pane, place.pane + 1)
    limits = group.limits[place.tile : place.tile + 1] if len(group.limits) > 1 else group.limits
    shown = group.values[place.tile : place.tile + 1, panes]
    return Group(group.key, "", "", shown, limits, shading=group.shading)


def kernel_groups(reading: Filters, seen: Seen, scaling: str, coloured: bool) -> tuple[Group, ...]:
    """All parameters of a layer; in colour, where that is wished, what is seen in colour."""
    groups = []
    for name, values in reading.parameters.items():
        blocks = as_blocks(values, seen.shape)
        whole = reading.whole.get(name, len(values)), *values.shape[1:]
        shading: Shading = "colour" if coloured and in_colour(blocks, seen) else "sign"
        peak = reading.peaks.get(name, 0.0)
        detail = " × ".join(str(k) for k in whole)
        groups.append(group_of(name, detail, blocks, scaling, peak, reading.network_peak, shading))
    return tuple(groups)


def said_of_many(reading: Filters, spectra: bool) -> str:
    """That not all filters are shown, where they are not."""
    for name, values in reading.parameters.items():
        shown = reading.spectra if spectra and reading.spectra is not None else values
        if len(shown) < reading.whole.get(name, 0):
            return f"Shown are the first {len(shown):,} of {reading.whole[name]:,}. "
        if spectra:  # which are of the weights proper, the first parameter
            break
    return ""


def spectrum_groups(layer: str, spectra: NDArray[np.float32] | None, scaling: str) -> tuple[Group, ...]:
    """|F| of each kernel [out, in, N, N]; nothing where there are no kernels."""
    if spectra is None:
        return ()
    N, peak = spectra.shape[-1], float(spectra.max(initial=0.0))
    detail = f"|F(u, v)| of each kernel, {N} × {N}, u and v from −½ to ½ cycle a pixel"
    group = group_of(
        f"{layer}.weight", detail, spectra, "unit" if scaling == "unit" else "layer", peak, peak, "magnitude"
    )
    return (replace(group, title="spectrum", side=64 if spectra.shape[1] == 1 else 40),)


def spectrum_words(layer: str, group: Group, place: Place) -> str:
    N = group.shape[3]
    u, v = place.row - N // 2, place.column - N // 2
    value = float(group.values[place.tile, place.pane, place.row, place.column])
    return (
        f"{layer}, filter {place.tile}, channel {place.pane}: |F| = {number(value, 4)} "
        f"at u = {u}/{N}, v = {v}/{N} cycle a pixel".replace("-", "−")
    )


def weight_words(group: Group, place: Place, spot: tuple[int, ...], symbol: str) -> str:
    """conv1.weight[0, 2, 3, 4]: 0.25, or what `symbol` stands for; of a colour all three channels."""
    indices, sign = [str(k) for k in spot], f"{symbol} = " if symbol else ""
    if group.shading == "colour":
        if len(spot) == 4:
            indices[1] = ":"
        each = group.values[place.tile, :, place.row, place.column]
        said = ", ".join(f"{c} {number(float(v), 4)}" for c, v in zip(COLOURS, each, strict=True))
    else:
        said = number(float(group.values[place.tile, place.pane, place.row, place.column]), 4)
    return f"{place.group}[{', '.join(indices)}]: {sign}{said}"


def table_of(parameters: Mapping[str, NDArray[np.float32]], name: str) -> Table:
    """One row a number: parameter, indices, and the number under this name."""
    names, indices, values = [], [], []
    for parameter, array in parameters.items():
        names += [parameter] * array.size
        indices += [" ".join(map(str, spot)) for spot in np.ndindex(array.shape)]
        values.append(array.ravel())
    return Table({"parameter": np.array(names), "index": np.array(indices), name: np.concatenate(values)})
