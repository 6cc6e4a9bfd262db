"""Feature maps: what every layer makes of one example, and what part of the input a unit can see."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Literal, cast

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.example_panel import Beside, ExamplePanel
from lab.gui.views.examples import DRAWN, PARTS, class_names, count, within
from lab.gui.views.framed import FramedView
from lab.gui.views.view import Table
from lab.gui.widgets.mosaic import Group, Place
from lab.gui.widgets.scrolled import ScrolledMosaic
from lab.gui.widgets.wording import number
from lab.network.network import INPUT, Facts
from lab.network.receptive_field import Region, field_of
from lab.training.probes import Activations, ActivationsProbe, PartName, Probe
from lab.training.snapshot import Snapshot

Scaling = Literal["unit", "layer", "network"]


class MapsView(FramedView):
    name = "maps"
    title = "Feature maps"
    tab = "Maps"
    summary = "What every layer makes of one example: each unit's outputs as an image"
    hint = "Point for numbers; click a unit for its receptive field"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self._experiment: Experiment | None = None
        self._reading: Activations | None = None
        self._scaling: Scaling = "layer"
        self._part = self.controls.choice(
            "Example of", PARTS, "Which part of the data the example is taken from", self._choose_part
        )
        self._part.setCurrentIndex(1)
        self._part.setPlaceholderText(DRAWN)
        self.controls.button(
            "‹", "The example before this one (P)", lambda: self._turn(-1), "Previous example"
        )
        self.controls.button("›", "The next example (N)", lambda: self._turn(1), "Next example")
        self.controls.button("any", "Any other example (R)", self._turn_anywhere, "Random example")
        self._scale = self.controls.choice(
            "Scale of the colours",
            (("unit", "scale: unit"), ("layer", "scale: layer"), ("network", "scale: network")),
            "What the ends of the colour bar stand for: the largest magnitude |y| of each unit, of each layer, "
            "or of the whole network",
            self._choose_scaling,
            captioned=False,
        )
        self._scale.setCurrentIndex(1)
        self.panel = ExamplePanel()
        self._scroll = ScrolledMosaic(
            "Feature maps of all layers",
            "y = f(z), each unit's output. Click one to see its receptive field on the input.",
        )
        self.mosaic = self._scroll.mosaic
        self.set_picture(Beside(self.panel, self._scroll))
        self.mosaic.clicked.connect(self._pick)
        self.mosaic.hovered.connect(self._hover)
        self.panel.picture.hovered.connect(self._hover)
        self.say("Press play, or step once: the maps of one example appear here")

    # what is asked for

    def suits(self, snapshot: Snapshot) -> bool:
        return snapshot.experiment.data.answers

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        if not self.suits(snapshot):
            return frozenset()
        return frozenset({ActivationsProbe(*within(snapshot.experiment, selection))})

    def show_selection(self, selection: Selection) -> None:
        self._selection = selection
        index = self._part.findData(selection.part)
        if index != self._part.currentIndex():
            self._part.blockSignals(True)
            self._part.setCurrentIndex(index)
            self._part.blockSignals(False)
        self._show_chosen()

    def _choose_part(self, part: str) -> None:
        if part != self._selection.part:
            self.picked.emit(replace(self._selection, part=cast(PartName, part), example=0))

    def _turn(self, by: int) -> None:
        if self._experiment is not None:
            part, example = within(self._experiment, self._selection)
            many = max(count(self._experiment, part), 1)
            self.picked.emit(replace(self._selection, part=part, example=(example + by) % many))

    def _turn_anywhere(self) -> None:
        if self._experiment is not None:
            many = count(self._experiment, within(self._experiment, self._selection)[0])
            if many > 1:
                self._turn(random.randrange(1, many))

    def _choose_scaling(self, scaling: str) -> None:
        self._scaling = cast(Scaling, scaling)
        self._show_maps()

    # what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if not self.suits(snapshot):
            self._reading = None
            self.say("A formula has no maps: see Error surface, and Program for its terms")
            return
        reading = snapshot.reading(ActivationsProbe(*within(snapshot.experiment, self._selection)))
        if reading is None or reading is self._reading:
            return
        self._reading, self._experiment = reading, snapshot.experiment
        self.panel.show_example(reading, class_names(snapshot.experiment))
        self._show_maps()
        self._show_chosen()
        self.show_picture()

    def _show_maps(self) -> None:
        if self._reading is None or self._experiment is None:
            return
        facts = {f.name: f for f in self._experiment.analysis.nodes}
        outputs = self._reading.outputs
        peaks = {name: self._reading.peak(name).astype(np.float64) for name in outputs}
        whole = max((float(peak.max(initial=0.0)) for peak in peaks.values()), default=0.0)
        groups = []
        for name, values in outputs.items():
            magnitudes = peaks[name]
            if self._scaling == "network":
                limits = np.array([whole])
            elif self._scaling == "layer" or values.shape[1:] == (1, 1):
                limits = np.array([magnitudes.max(initial=0.0)])
            else:
                limits = magnitudes
            limits = np.where(limits > 0, limits, 1.0)
            side = 60 if values.shape[1] > 1 else 28 if len(values) <= 24 else 14 if len(values) <= 200 else 8
            groups.append(Group(name, name, detail(facts.get(name)), values[:, None], limits, side))
        self.mosaic.show_groups(tuple(groups))

    def _show_chosen(self) -> None:
        chosen = self._selection
        place = None
        if chosen.layer is not None and chosen.unit >= 0:
            place = Place(chosen.layer, chosen.unit, 0, max(chosen.row, 0), max(chosen.column, 0))
            if self.mosaic.value(place) is None:
                place = None
        self.mosaic.choose(place)
        region = None if place is None else self.field(place)
        self.panel.show_field(region)
        self.readout.rest("" if place is None else self._words(place) + self._field_words(region))

    def field(self, place: Place) -> Region | None:
        """The receptive field of a unit, where the input is an image."""
        if self._experiment is None or self._experiment.analysis.input.is_vector:
            return None
        network, x = self._experiment.network, self._experiment.analysis.input
        if place.group not in {node.name for node in network.nodes}:
            return None
        return field_of(network, x, place.group, place.row, place.column)

    def _field_words(self, region: Region | None) -> str:
        if region is None or self._experiment is None:
            return ""
        seen = region.clipped(self._experiment.analysis.input)
        if not seen.height or not seen.width:
            return ".  Sees nothing of the input: only padding"
        words = (
            f".  Sees rows {seen.top}–{seen.top + seen.height - 1}, "
            f"columns {seen.left}–{seen.left + seen.width - 1} of the input ({region.height}×{region.width}"
        )
        return words + (")" if seen == region else ", partly padding)")

    def _words(self, place: Place) -> str:
        assert self._reading is not None
        if place.group == INPUT:
            values = self._reading.input
            spot = (place.tile, 0, 0) if values.shape[1:] == (1, 1) else (place.pane, place.row, place.column)
            raw = float(self._reading.raw[spot])
            return f"{where(INPUT, *spot, values.shape)}: {number(float(values[spot]))}  (raw {number(raw)})"
        values = self._reading.outputs[place.group]
        spot = (place.tile, place.row, place.column)
        text = f"{where(place.group, *spot, values.shape)}: {number(float(values[spot]))}"
        before = self._reading.preactivations.get(place.group)
        if before is not None and before.shape == values.shape and float(before[spot]) != float(values[spot]):
            text += f"  (z = {number(float(before[spot]))})"
        return text

    def _hover(self, place: Place | None) -> None:
        self.readout.say("" if place is None or self._reading is None else self._words(place))

    def _pick(self, place: Place) -> None:
        self._selection = replace(
            self._selection, layer=place.group, unit=place.tile, row=place.row, column=place.column
        )
        self._show_chosen()
        self.picked.emit(self._selection)

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.mosaic.show_theme(theme)
        self.panel.show_theme(theme)

    def table(self) -> Table:
        """One row a number: layer, unit, row, column, output."""
        if self._reading is None:
            return Table({})
        names, units, rows, columns, values = [], [], [], [], []
        for name, maps in self._reading.outputs.items():
            unit, row, column = (index.ravel() for index in np.indices(maps.shape))
            names.append(np.full(maps.size, name, dtype=object))
            units.append(unit)
            rows.append(row)
            columns.append(column)
            values.append(maps.ravel())
        columns_of = {"layer": names, "unit": units, "row": rows, "column": columns, "output": values}
        return Table({key: np.concatenate(parts) for key, parts in columns_of.items()})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = {Qt.Key.Key_N: 1, Qt.Key.Key_P: -1}.get(Qt.Key(event.key()))
        if action is not None:
            self._turn(action)
        elif event.key() == Qt.Key.Key_R:
            self._turn_anywhere()
        else:
            super().keyPressEvent(event)


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
