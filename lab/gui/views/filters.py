"""Filters: the weights of one layer as images, their gradients, what they moved, and how they are spread."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.examples import within
from lab.gui.views.filter_groups import (
    enlarged_group,
    kernel_groups,
    place_in,
    said_of_many,
    seen_by,
    spectrum_groups,
    spectrum_words,
    spot_of,
    table_of,
    weight_words,
)
from lab.gui.views.filter_kinds import KINDS, NAMES, PICTURES, SYMBOLS, TIPS, spread_bars, spread_histograms
from lab.gui.views.framed import FramedView
from lab.gui.views.marked_step import MARK, MarkedStep
from lab.gui.views.view import Table
from lab.gui.views.weights import flat_index, place_of
from lab.gui.widgets.enlarged import Enlarged
from lab.gui.widgets.mosaic import Group, Place
from lab.gui.widgets.scrolled import ScrolledMosaic
from lab.gui.widgets.spread_sheet import SpreadSheet
from lab.network.network import Facts
from lab.training.filters import Filters, FiltersProbe, What
from lab.training.probes import Probe
from lab.training.snapshot import Snapshot

WITH_MORE = 440
"""Pixels of width from which there is room for an enlarged kernel beside the others."""


class FiltersView(FramedView):
    name = "filters"
    title = "Filters"
    summary = (
        "The weights of a layer as images: a filter a block, its input channels side by side or in colour"
    )
    hint = "Point at a weight for its value; click to select it"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self._experiment: Experiment | None = None
        self._snapshot: Snapshot | None = None
        self._reading: Filters | None = None
        self._asked = FiltersProbe("")  # what the reading answers
        self._layer = ""
        self._box = self.controls.choice(
            "Layer",
            (),
            "The layer whose weights are shown; clicking a unit anywhere turns to its layer",
            self._turn,
            captioned=False,
        )
        self._pictures = self.controls.choice(
            "Pictures",
            PICTURES,
            "The kernels themselves; the magnitude of each one's Fourier transform, |F(u, v)| = "
            "|Σ w[r, c] · exp(−2πi (u r + v c) / N)|, frequency 0 in the middle; or how the numbers are spread",
            lambda _: self.watching_changed.emit(),
            captioned=False,
        )
        self._what = self.controls.choice(
            "What is shown", KINDS, TIPS["weights"], self._choose_what, captioned=False
        )
        self.marked = MarkedStep(self._what, self.controls.arrange)
        self.controls.button(
            "⚑", "Mark this step, to see what moves from here on (M)", self.mark, "Mark this step"
        )
        self._scaling = self.controls.choice(
            "Scale of the colours",
            (("unit", "scale: filter"), ("layer", "scale: layer"), ("network", "scale: network")),
            "What the ends of the colour bar stand for: the largest magnitude of each filter, of the layer, or "
            "of the whole network",
            lambda _: self._show_weights(),
            captioned=False,
        )
        self._scaling.setCurrentIndex(1)
        self._colour = self.controls.switch(
            "in colour",
            "Kernels over red, green and blue as pictures in colour: of each, none at −limit and all at +limit",
            lambda _: self._show_weights(),
            on=True,
        )
        self._scroll = ScrolledMosaic("Weights of the layer", TIPS["weights"])
        self.mosaic = self._scroll.mosaic
        self.enlarged = Enlarged()
        self.enlarged.hide()
        self.spread = SpreadSheet()
        side_by_side = QWidget()
        row = QHBoxLayout(side_by_side)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._scroll, 1)
        row.addWidget(self.enlarged)
        self._side_by_side = side_by_side
        self.set_picture(side_by_side)
        self.set_picture(self.spread)
        self.mosaic.clicked.connect(self._pick)
        self.mosaic.hovered.connect(self._hover)
        self.enlarged.picture.hovered.connect(lambda place: self._hover(self._unfolded(place)))
        self.enlarged.picture.clicked.connect(lambda place: self._pick(self._unfolded(place)))
        self.say("Press play, or step once: the weights appear here")

    # what is asked for

    def suits(self, snapshot: Snapshot) -> bool:
        return bool(snapshot.experiment.analysis.parameters)

    @property
    def what(self) -> What:
        chosen = str(self._what.currentData())
        return cast(What, "change" if chosen in ("start", MARK) else chosen)

    @property
    def pictures(self) -> str:
        return str(self._pictures.currentData())

    def _probe(self, experiment: Experiment, selection: Selection) -> FiltersProbe:
        layer = self._layer_in(experiment, selection)
        asked = FiltersProbe(layer, self.what, spectra=self.pictures == "spectra")
        if self.what == "example":
            part, example = within(experiment, selection)
            return replace(asked, part=part, example=example)
        marked = self.what == "change" and self._what.currentData() == MARK
        return replace(asked, since=self.marked.step) if marked else asked

    def _layer_in(self, experiment: Experiment, selection: Selection) -> str:
        """The layer that is chosen here, else the selected one, else the first."""
        names = layers_of(experiment)
        return next((n for n in (self._layer, selection.layer, *names) if n is not None and n in names), "")

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        return frozenset({self._probe(snapshot.experiment, selection)})

    def show_selection(self, selection: Selection) -> None:
        turned = selection.layer != self._selection.layer
        self._selection = selection
        if turned and selection.layer is not None and (index := self._box.findData(selection.layer)) >= 0:
            self._box.setCurrentIndex(index)
        self._show_chosen()

    def _list_layers(self, experiment: Experiment) -> None:
        names, wanted = layers_of(experiment), self._layer_in(experiment, self._selection)
        self._box.blockSignals(True)
        self._box.clear()
        for name in names:
            self._box.addItem(name, name)
        self._box.setCurrentIndex(self._box.findData(wanted))
        self._box.blockSignals(False)
        self.controls.arrange()
        if wanted != self._layer:
            self._turn(wanted)

    def _turn(self, layer: str) -> None:
        self._layer = layer
        self.watching_changed.emit()

    def _choose_what(self, what: str) -> None:
        self._what.setToolTip(TIPS[what])
        self.mosaic.setToolTip(TIPS[what])
        self.watching_changed.emit()

    def mark(self) -> None:
        """Compare with this step from now on."""
        if self._snapshot is not None:
            self.marked.choose(self._snapshot.step)
            self.watching_changed.emit()

    def copy_from(self, other: FramedView) -> None:
        if isinstance(other, FiltersView):
            self.marked.copy_from(other.marked)

    # what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        if self._experiment is None or snapshot.experiment.network != self._experiment.network:
            self._experiment = snapshot.experiment
            self._list_layers(snapshot.experiment)
        self._experiment = snapshot.experiment
        asked = self._probe(snapshot.experiment, self._selection)
        reading = snapshot.reading(asked)
        if reading is None or reading is self._reading:
            return
        self._reading, self._asked = reading, asked
        self._show_weights()

    def _facts(self) -> Facts | None:
        """The layer of what is shown."""
        nodes = self._experiment.analysis.nodes if self._experiment else ()
        return next((f for f in nodes if f.name == self._asked.layer), None)

    def _show_weights(self) -> None:
        facts, reading = self._facts(), self._reading
        if reading is None or facts is None or self._experiment is None:
            return
        if reading.why:
            self.say(reading.why)
            return
        seen = seen_by(self._experiment.analysis, facts)
        self._colour.setVisible(seen.in_colour and self.pictures == "kernels")
        pair = self._scaling.parentWidget()
        if pair is not None:
            pair.setVisible(self.pictures != "spread")
        self.controls.arrange()
        if self.pictures == "spread":
            self.spread.show_spread(
                spread_histograms(reading, self._asked), spread_bars(reading, self._selection.unit)
            )
            self.show_picture(self.spread)
            self.readout.hint = ""
            self.readout.rest(f"{facts.name}: {NAMES[self._asked.what]}, all of them")
            return
        scaling = str(self._scaling.currentData())
        if self._asked.spectra:
            groups = spectrum_groups(facts.name, reading.spectra, scaling)
        else:
            groups = kernel_groups(reading, seen, scaling, self._colour.isChecked())
        if not groups:
            self.say("Single numbers have no spectrum: it is of kernels, as convolutions have them")
            return
        self.mosaic.show_groups(groups)
        self.show_picture(self._side_by_side)
        self.readout.hint = said_of_many(reading, self._asked.spectra) + self.hint
        self._show_chosen()

    # from places in the mosaic to weights, and back

    def _group(self, name: str) -> Group | None:
        return next((g for g in self.mosaic.groups if g.key == name), None)

    def _spot(self, place: Place) -> tuple[int, ...]:
        """The indices within the parameter of what a place shows."""
        assert self._reading is not None
        group = self._group(place.group)
        assert group is not None
        return spot_of(place, group, self._reading.parameters[place.group])

    def _place(self, name: str, spot: tuple[int, ...]) -> Place | None:
        group = self._group(name)
        if group is None:
            return None
        return place_in(group, spot)

    def _chosen_place(self) -> Place | None:
        """Where the selected weight is shown; among spectra where one clicked last, or the selected filter's first."""
        if self._experiment is None or self._reading is None:
            return None
        chosen, last = self._selection, self.mosaic.chosen
        if self._asked.spectra:
            if chosen.layer != self._asked.layer or chosen.unit < 0:
                return None
            is_of = last is not None and last.tile == chosen.unit
            middle = 0 if self._reading.spectra is None else self._reading.spectra.shape[-1] // 2
            return last if is_of else Place(f"{chosen.layer}.weight", chosen.unit, 0, middle, middle)
        found = place_of(self._experiment.analysis, chosen.weight)
        return None if found is None else self._place(*found)

    def _words(self, place: Place) -> str:
        group, asked = self._group(place.group), self._asked
        if group is None or self._reading is None or self.mosaic.value(place) is None:
            return ""
        if asked.spectra:
            return spectrum_words(asked.layer, group, place)
        return weight_words(
            group, place, self._spot(place), "" if asked.what == "weights" else SYMBOLS[asked.what]
        )

    def _hover(self, place: Place | None) -> None:
        self.readout.say("" if place is None else self._words(place))

    def _pick(self, place: Place | None) -> None:
        facts = self._facts()
        if self._experiment is None or place is None or facts is None:
            return
        if self._asked.spectra:
            chosen = replace(self._selection, layer=facts.name, unit=place.tile, row=-1, column=-1)
        else:
            spot = self._spot(place)
            flat = flat_index(self._experiment.analysis, place.group, spot)
            unit = facts.layer.unit_of(spot) if place.group == f"{facts.name}.weight" else spot[0]
            chosen = replace(self._selection, layer=facts.name, unit=unit, row=-1, column=-1, weight=flat)
        self._selection = chosen
        self._show_chosen()
        self.picked.emit(self._selection)

    def _show_chosen(self) -> None:
        if self.pictures == "spread":
            return
        place = self._chosen_place()
        known = place is not None and self.mosaic.value(place) is not None
        self.mosaic.choose(place)
        self._show_enlarged(place if known else None)
        self.readout.rest(self._words(place) if known and place is not None else "")

    def _show_enlarged(self, place: Place | None) -> None:
        group = None if place is None else self._group(place.group)
        one = None
        if group is not None and place is not None and self._reading is not None:
            one = enlarged_group(group, place, self._reading.parameters[place.group])
        self._has_more = one is not None
        self._show_more()
        if one is None or place is None:
            return
        channel = "" if group is None or group.shape[1] == 1 else f", channel {place.pane}"
        title = f"{place.group}, filter {place.tile}{channel}"
        self.enlarged.show_map(one, title, "|F|" if self._asked.spectra else SYMBOLS[self._asked.what])
        self.enlarged.picture.choose(replace(place, tile=0, pane=0))

    _has_more = False

    def _show_more(self) -> None:
        self.enlarged.setVisible(self._has_more and self.width() >= WITH_MORE)

    def _unfolded(self, place: Place | None) -> Place | None:
        chosen = self.mosaic.chosen
        return None if place is None or chosen is None else replace(place, tile=chosen.tile, pane=chosen.pane)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_more()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_M:
            self.mark()
        else:
            super().keyPressEvent(event)

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        for picture in (self.mosaic, self.enlarged, self.spread):
            picture.show_theme(theme)

    def table(self) -> Table:
        """One row a number of the layer, of the first so many where they are many: parameter, indices, value."""
        if self._reading is None or not self._reading.parameters:
            return Table({})
        return table_of(self._reading.parameters, NAMES[self._asked.what])


def layers_of(experiment: Experiment) -> list[str]:
    """Those with weights."""
    return [facts.name for facts in experiment.analysis.nodes if facts.parameters]
