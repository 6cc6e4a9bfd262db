"""Filters: the weights of one layer as images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.framed import FramedView
from lab.gui.views.view import Table
from lab.gui.views.weights import flat_index, place_of
from lab.gui.widgets.mosaic import Group, Place
from lab.gui.widgets.scrolled import ScrolledMosaic
from lab.gui.widgets.wording import number
from lab.network.layers import Flatten
from lab.network.network import Facts
from lab.network.shape import Shape
from lab.training.probes import Probe, Weights, WeightsProbe, largest
from lab.training.snapshot import Snapshot


class FiltersView(FramedView):
    name = "filters"
    title = "Filters"
    summary = "The weights of a layer as images: a filter a block, its input channels side by side"
    hint = "Point at a weight for its value; click to select it"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self._experiment: Experiment | None = None
        self._reading: Weights | None = None
        self._layer = ""
        self._box = self.controls.choice(
            "Layer",
            (),
            "The layer whose weights are shown; clicking a unit anywhere turns to its layer",
            self._turn,
        )
        self._scaling = self.controls.choice(
            "Scale of the colours",
            (("unit", "scale: filter"), ("layer", "scale: layer"), ("network", "scale: network")),
            "What the ends of the colour bar stand for: the largest magnitude |w| of each filter, of the layer, or "
            "of the whole network",
            lambda _: self._show_weights(),
            captioned=False,
        )
        self._scaling.setCurrentIndex(1)
        self._scroll = ScrolledMosaic(
            "Weights of the layer",
            "w, one number a pixel: blue negative, orange positive. A convolution is z = Σ w·x + b at each place.",
        )
        self.mosaic = self._scroll.mosaic
        self.set_picture(self._scroll)
        self.mosaic.clicked.connect(self._pick)
        self.mosaic.hovered.connect(
            lambda place: self.readout.say("" if place is None else self._words(place))
        )
        self.say("Press play, or step once: the weights appear here")

    def suits(self, snapshot: Snapshot) -> bool:
        return bool(snapshot.experiment.analysis.parameters)

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        return frozenset({WeightsProbe()})

    def show_snapshot(self, snapshot: Snapshot) -> None:
        reading = snapshot.reading(WeightsProbe())
        if reading is None or reading is self._reading:
            return
        if self._experiment is None or snapshot.experiment.network != self._experiment.network:
            self._experiment = snapshot.experiment
            self._list_layers(snapshot.experiment)
        self._reading, self._experiment = reading, snapshot.experiment
        self._show_weights()

    def show_selection(self, selection: Selection) -> None:
        turned = selection.layer != self._selection.layer
        self._selection = selection
        if turned and selection.layer is not None and (index := self._box.findData(selection.layer)) >= 0:
            self._box.setCurrentIndex(index)
        self._show_chosen()

    def _list_layers(self, experiment: Experiment) -> None:
        names = [f.name for f in experiment.analysis.nodes if f.parameters]
        wanted = next(
            (n for n in (self._selection.layer, self._layer) if n in names), names[0] if names else ""
        )
        self._box.blockSignals(True)
        self._box.clear()
        for name in names:
            self._box.addItem(name, name)
        self._box.setCurrentIndex(self._box.findData(wanted))
        self._box.blockSignals(False)
        self._layer = wanted or ""
        self.controls.arrange()

    def _turn(self, layer: str) -> None:
        self._layer = layer
        self._show_weights()

    def _facts(self) -> Facts | None:
        nodes = self._experiment.analysis.nodes if self._experiment else ()
        return next((f for f in nodes if f.name == self._layer), None)

    def _show_weights(self) -> None:
        facts = self._facts()
        if self._reading is None or facts is None or self._experiment is None:
            return
        groups, hint = [], self.hint
        parameters = self._reading.parameters
        scaling = self._scaling.currentData()
        for parameter in facts.parameters:
            name = f"{facts.name}.{parameter.name}"
            if name not in parameters:
                continue
            values = parameters[name]
            blocks = as_blocks(values, self._picture_shape(facts))
            shape = " × ".join(str(k) for k in parameter.shape)
            shown = first_of(blocks)
            if shown.size < blocks.size:
                many, of = (len(b) if len(blocks) > 1 else b.shape[2] for b in (shown, blocks))
                blocks, hint = shown, f"Shown are the first {many:,} of {of:,}. {self.hint}"
            if scaling == "network":
                limits = np.array([max(float(largest(v)) for v in parameters.values())])
            elif scaling == "layer" or blocks[0].size == 1 or len(blocks) == 1:
                limits = np.array([float(largest(values))])
            else:
                limits = largest(blocks, (1, 2, 3)).astype(np.float64)
            limits = np.where(limits > 0, limits, 1.0)
            groups.append(Group(name, parameter.name, shape, blocks, limits, side_of(blocks)))
        self.mosaic.show_groups(tuple(groups))
        self.show_picture()
        self.readout.hint = hint
        self._show_chosen()

    def _picture_shape(self, facts: Facts) -> Shape | None:
        """What a dense layer's inputs were before they were flattened, if that was an image."""
        assert self._experiment is not None
        for before in self._experiment.analysis.nodes:
            if before.name == facts.inputs[0] and isinstance(before.layer, Flatten):
                shape = before.input
                return shape if shape is not None and not shape.is_vector else None
        return None

    # from places in the mosaic to weights, and back

    def _spot(self, place: Place) -> tuple[int, ...]:
        """The indices within the parameter of what a place shows."""
        assert self._reading is not None
        values = self._reading.parameters[place.group]
        group = next(g for g in self.mosaic.groups if g.key == place.group)
        _, _, height, width = group.values.shape
        if values.ndim == 4:
            return place.tile, place.pane, place.row, place.column
        if values.ndim == 3:
            return place.tile, place.row, place.column
        if values.ndim == 1:
            return (place.tile,)
        if group.values.shape[0] == 1 and values.shape[0] != 1:
            return place.row, place.column
        return place.tile, (place.pane * height + place.row) * width + place.column

    def _place(self, name: str, spot: tuple[int, ...]) -> Place | None:
        group = next((g for g in self.mosaic.groups if g.key == name), None)
        if group is None:
            return None
        tiles, panes, height, width = group.values.shape
        if len(spot) == 4:
            return Place(name, *spot)
        if len(spot) == 3:
            return Place(name, spot[0], 0, *spot[1:])
        if len(spot) == 1:
            return Place(name, spot[0])
        if tiles == 1 and spot[0] < height and width > 1 and panes == 1:
            return Place(name, 0, 0, *spot)
        pane, rest = divmod(spot[1], height * width)
        return Place(name, spot[0], pane, *divmod(rest, width))

    def _words(self, place: Place) -> str:
        spot = ", ".join(map(str, self._spot(place)))
        value = self.mosaic.value(place)
        return f"{place.group}[{spot}]: {number(value if value is not None else float('nan'), 4)}"

    def _pick(self, place: Place) -> None:
        if self._experiment is None:
            return
        spot, facts = self._spot(place), self._facts()
        flat = flat_index(self._experiment.analysis, place.group, spot)
        is_weight = facts is not None and place.group == f"{self._layer}.weight"
        unit = facts.layer.unit_of(spot) if facts is not None and is_weight else spot[0]
        self._selection = replace(
            self._selection, layer=self._layer, unit=unit, row=-1, column=-1, weight=flat
        )
        self._show_chosen()
        self.picked.emit(self._selection)

    def _show_chosen(self) -> None:
        place = None
        if self._experiment is not None and self._reading is not None:
            found = place_of(self._experiment.analysis, self._selection.weight)
            if found is not None:
                place = self._place(*found)
        self.mosaic.choose(place)
        known = place is not None and self.mosaic.value(place) is not None
        self.readout.rest(self._words(place) if known and place is not None else "")

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.mosaic.show_theme(theme)

    def table(self) -> Table:
        """One row a weight of the layer, of the first so many where they are many: parameter, indices, value."""
        facts = self._facts()
        if self._reading is None or facts is None:
            return Table({})
        names, indices, values = [], [], []
        for parameter in facts.parameters:
            name = f"{facts.name}.{parameter.name}"
            array = self._reading.parameters[name]
            if array.size > MOST_SHOWN:
                array = array[: max(1, MOST_SHOWN // array[0].size)]
            names += [name] * array.size
            indices += [" ".join(map(str, spot)) for spot in np.ndindex(array.shape)]
            values.append(array.ravel())
        return Table(
            {"parameter": np.array(names), "index": np.array(indices), "value": np.concatenate(values)}
        )


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


MOST_SHOWN = 1 << 20
"""Weights of a parameter that are shown: so many small pictures are not looked at by anybody."""


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
