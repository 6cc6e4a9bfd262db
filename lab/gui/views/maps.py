"""Feature maps: what every layer makes of one example, how it has changed, and what of the input a unit can see."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import cast

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.example_panel import WITH_MORE, Beside, ExamplePanel
from lab.gui.views.examples import DRAWN, PARTS, class_names, count, turned, within
from lab.gui.views.framed import FramedView
from lab.gui.views.map_groups import chosen_group, detail, field_words, group_of, table_of, where
from lab.gui.views.map_kinds import KINDS, NAMES, TIPS, Kind, Maps, maps_in, probe_of
from lab.gui.views.marked_step import MarkedStep
from lab.gui.views.settings import ELSEWHERE
from lab.gui.views.view import Table
from lab.gui.widgets.enlarged import Enlarged
from lab.gui.widgets.mosaic import Place
from lab.gui.widgets.scrolled import ScrolledMosaic
from lab.gui.widgets.wording import number
from lab.network.network import INPUT
from lab.network.receptive_field import Region, field_of
from lab.training.probes import Activations, ActivationsProbe, PartName, Probe, Reading
from lab.training.snapshot import Snapshot


class MapsView(FramedView):
    name = "maps"
    title = "Feature maps"
    tab = "Maps"
    summary = "What every layer makes of one example: each unit's outputs as an image, its gradients and its changes"
    hint = "Point for numbers; click a unit for its receptive field"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self._experiment: Experiment | None = None
        self._reading: Activations | None = None
        self._snapshot: Snapshot | None = None
        self._maps: Maps | None = None
        self._source: Reading | None = None  # what they are from
        self._kinds_of_layers: tuple[str, ...] = ()
        self._part = self.controls.choice(
            "Example of", PARTS, "Which part of the data the example is taken from", self._choose_part
        )
        self._part.setProperty(ELSEWHERE, True)
        self._part.setCurrentIndex(1)
        self._part.setPlaceholderText(DRAWN)
        self.controls.button(
            "‹", "The example before this one (P)", lambda: self._turn(-1), "Previous example"
        )
        self.controls.button("›", "The next example (N)", lambda: self._turn(1), "Next example")
        self.controls.button("any", "Any other example (R)", self._turn_anywhere, "Random example")
        self.controls.button(
            "⚑", "Mark this step, to see what changes from here on (M)", self.mark, "Mark this step"
        )
        self._kind = self.controls.choice(
            "What is shown", KINDS, TIPS["output"], self._choose_kind, captioned=False
        )
        self.marked = MarkedStep(self._kind, self.controls.arrange)
        self._layers = self.controls.choice(
            "Layers",
            (("all", "all layers"), ("chosen", "selected")),
            "Which layers are shown: all, the selected one, or those of one kind",
            lambda _: self._show_maps(),
            captioned=False,
        )
        self._scale = self.controls.choice(
            "Scale of the colours",
            (("unit", "scale: unit"), ("layer", "scale: layer"), ("network", "scale: network")),
            "What the ends of the colour bar stand for: the largest magnitude of each unit, of each layer, "
            "or of all layers that are shown",
            lambda _: self._show_maps(),
            captioned=False,
        )
        self._scale.setCurrentIndex(1)
        self._enlarge = self.controls.switch(
            "enlarge",
            "The selected map beside the others, large",
            lambda on: self._beside.want_more(on),
            on=True,
        )
        self.panel = ExamplePanel()
        self._scroll = ScrolledMosaic(
            "Feature maps of all layers",
            TIPS["output"],
        )
        self.mosaic = self._scroll.mosaic
        self.enlarged = Enlarged()
        self._beside = Beside(self.panel, self._scroll, self.enlarged)
        self.set_picture(self._beside)
        self.mosaic.clicked.connect(self._pick)
        self.mosaic.hovered.connect(self._hover)
        self.panel.picture.hovered.connect(self._hover_input)
        self.enlarged.picture.hovered.connect(lambda place: self._hover(self._unfolded(place)))
        self.enlarged.picture.clicked.connect(lambda place: self._pick(self._unfolded(place)))
        self.say("Press play, or step once: the maps of one example appear here")

    # what is asked for

    def suits(self, snapshot: Snapshot) -> bool:
        return snapshot.experiment.data.answers

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        if not self.suits(snapshot):
            return frozenset()
        where_ = within(snapshot.experiment, selection)
        return frozenset({ActivationsProbe(*where_), probe_of(self.kind, *where_, self.marked.step)})

    def show_selection(self, selection: Selection) -> None:
        self._selection = selection
        index = self._part.findData(selection.part)
        if index != self._part.currentIndex():
            self._part.blockSignals(True)
            self._part.setCurrentIndex(index)
            self._part.blockSignals(False)
        if self._layers.currentData() == "chosen":
            self._show_maps()
        self._show_chosen()

    @property
    def kind(self) -> Kind:
        return cast(Kind, self._kind.currentData())

    def _choose_kind(self, kind: str) -> None:
        self._kind.setToolTip(TIPS[cast(Kind, kind)])
        self.mosaic.setToolTip(TIPS[cast(Kind, kind)])
        self.watching_changed.emit()

    def mark(self) -> None:
        """Compare with this step from now on."""
        if self._snapshot is not None:
            self.compare_with(self._snapshot.step)

    def compare_with(self, step: int) -> None:
        """Show what has changed since a step."""
        self.marked.choose(step)
        self.watching_changed.emit()

    def copy_from(self, other: FramedView) -> None:
        if isinstance(other, MapsView):
            self.marked.copy_from(other.marked)

    def _list_layers(self, experiment: Experiment) -> None:
        """Kinds of layers, to be chosen from."""
        kinds = tuple(dict.fromkeys(facts.layer.title for facts in experiment.analysis.nodes))
        if kinds == self._kinds_of_layers:
            return
        self._kinds_of_layers, before = kinds, self._layers.currentData()
        self._layers.blockSignals(True)
        while self._layers.count() > 2:
            self._layers.removeItem(2)
        for kind in kinds if len(kinds) > 1 else ():
            self._layers.addItem(kind.lower(), kind)
        self._layers.setCurrentIndex(max(self._layers.findData(before), 0))
        self._layers.blockSignals(False)
        self.controls.arrange()

    def _choose_part(self, part: str) -> None:
        if part != self._selection.part:
            self.picked.emit(replace(self._selection, part=cast(PartName, part), example=0))

    def _turn(self, by: int) -> None:
        if self._experiment is not None:
            self.picked.emit(turned(self._experiment, self._selection, by))

    def _turn_anywhere(self) -> None:
        if self._experiment is not None:
            many = count(self._experiment, within(self._experiment, self._selection)[0])
            if many > 1:
                self._turn(random.randrange(1, many))

    # what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if not self.suits(snapshot):
            self._reading = None
            self.say("A formula has no maps: see Error surface, and Program for its terms")
            return
        self._snapshot = snapshot
        part_and_example = within(snapshot.experiment, self._selection)
        reading = snapshot.reading(ActivationsProbe(*part_and_example))
        probe = probe_of(self.kind, *part_and_example, self.marked.step)
        source = snapshot.readings.get(probe)
        if reading is None or source is None or (reading is self._reading and source is self._source):
            return
        self._reading, self._experiment, self._source = reading, snapshot.experiment, source
        self._maps = maps_in(snapshot, self.kind, probe)
        self._list_layers(snapshot.experiment)
        self.panel.show_example(reading, class_names(snapshot.experiment))
        if self._maps is not None and self._maps.why:
            self.say(self._maps.why)
            return
        self._show_maps()
        self._show_chosen()
        self.show_picture()

    def _shown(self) -> dict[str, np.ndarray]:
        """The maps of the layers that are shown."""
        if self._maps is None or self._experiment is None:
            return {}
        wanted, maps = str(self._layers.currentData()), self._maps.maps
        if wanted == "chosen":
            return {name: values for name, values in maps.items() if name == self._selection.layer} or maps
        titles = {facts.name: facts.layer.title for facts in self._experiment.analysis.nodes}
        return {name: values for name, values in maps.items() if wanted in ("all", titles.get(name))}

    def _show_maps(self) -> None:
        if self._maps is None or self._experiment is None:
            return
        facts = {f.name: f for f in self._experiment.analysis.nodes}
        shown, scaling = self._shown(), str(self._scale.currentData())
        peaks = {name: self._maps.peak(name).astype(np.float64) for name in shown}
        whole = max((float(peak.max(initial=0.0)) for peak in peaks.values()), default=0.0)
        self.mosaic.show_groups(
            tuple(
                group_of(name, values, detail(facts.get(name)), peaks[name], scaling, whole)
                for name, values in shown.items()
            )
        )

    def _show_chosen(self) -> None:
        chosen = self._selection
        place = None
        if chosen.layer is not None and chosen.unit >= 0:
            place = Place(chosen.layer, chosen.unit, 0, max(chosen.row, 0), max(chosen.column, 0))
            if self.mosaic.value(place) is None:
                place = None
        self.mosaic.choose(place)
        self._show_enlarged(place)
        region = None if place is None else self.field(place)
        self.panel.show_field(region)
        self.readout.rest("" if place is None else self._words(place) + self._field_words(region))

    def _show_enlarged(self, place: Place | None) -> None:
        self._beside.have_more(place is not None and place.group != INPUT)
        if place is None or self._maps is None:
            return
        group = next(g for g in self.mosaic.groups if g.key == place.group)
        enlarged, title = chosen_group(group, place.tile)
        self.enlarged.show_map(enlarged, title, self._maps.symbol)
        self.enlarged.picture.choose(self._folded(place))

    def _folded(self, place: Place) -> Place:
        """Where a place of the mosaic lies in the enlarged map: units of one number each are all there."""
        group = self.enlarged.group
        return place if group is None or len(group.values) > 1 else replace(place, tile=0)

    def _unfolded(self, place: Place | None) -> Place | None:
        group, chosen = self.enlarged.group, self.mosaic.chosen
        if place is None or group is None or chosen is None or len(group.values) > 1:
            return place
        return replace(place, tile=chosen.tile)

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
        return field_words(region, self._experiment.analysis.input)

    def _words(self, place: Place) -> str:
        assert self._reading is not None
        maps = self._reading.outputs if self._maps is None else self._maps.maps
        values = maps[place.group]
        spot = (place.tile, place.row, place.column)
        here = where(place.group, *spot, values.shape)
        if self._maps is not None and self._maps.kind != "output":
            if place.group == INPUT:
                return f"{here}: ∂E/∂x = {number(float(values[spot]))}"
            y = float(self._reading.outputs[place.group][spot])
            return f"{here}: {self._maps.symbol} = {number(float(values[spot]))}  (y = {number(y)})"
        text = f"{here}: {number(float(values[spot]))}"
        before = self._reading.preactivations.get(place.group)
        if before is not None and before.shape == values.shape and float(before[spot]) != float(values[spot]):
            text += f"  (z = {number(float(before[spot]))})"
        return text

    def _hover_input(self, place: Place | None) -> None:
        if place is None or self._reading is None:
            self.readout.say("")
            return
        values, raw = self._reading.input, self._reading.raw
        spot = (place.tile, 0, 0) if values.shape[1:] == (1, 1) else (place.pane, place.row, place.column)
        here = where(INPUT, *spot, values.shape)
        self.readout.say(f"{here}: {number(float(values[spot]))}  (raw {number(float(raw[spot]))})")

    def _hover(self, place: Place | None) -> None:
        self.readout.say("" if place is None or self._reading is None else self._words(place))

    def _pick(self, place: Place | None) -> None:
        if place is None or place.group == INPUT:
            return
        self._selection = replace(
            self._selection, layer=place.group, unit=place.tile, row=place.row, column=place.column
        )
        self._show_chosen()
        self.picked.emit(self._selection)

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.mosaic.show_theme(theme)
        self.panel.show_theme(theme)
        self.enlarged.show_theme(theme)

    def table(self) -> Table:
        """One row a number of the layers that are shown: layer, unit, row, column, and what is shown of them."""
        if self._maps is None or not self._shown():
            return Table({})
        return table_of(self._shown(), NAMES[self._maps.kind])

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._enlarge.setVisible(
            self.width() >= WITH_MORE
        )  # where there is no room there is nothing to choose
        self.controls.arrange()
        super().resizeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = {Qt.Key.Key_N: 1, Qt.Key.Key_P: -1}.get(Qt.Key(event.key()))
        if action is not None:
            self._turn(action)
        elif event.key() == Qt.Key.Key_R:
            self._turn_anywhere()
        elif event.key() == Qt.Key.Key_M:
            self.mark()
        else:
            super().keyPressEvent(event)
