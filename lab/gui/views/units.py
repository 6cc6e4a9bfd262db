"""Hidden units of a problem in the plane: what each makes of every point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtWidgets import QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.framed import FramedView
from lab.gui.views.map_groups import detail
from lab.gui.views.view import Table
from lab.gui.widgets.mosaic import Group, Place
from lab.gui.widgets.scrolled import ScrolledMosaic
from lab.gui.widgets.wording import number
from lab.training.probes import Decision, DecisionProbe, Probe
from lab.training.snapshot import Snapshot


class UnitsView(FramedView):
    name = "units"
    title = "Hidden units"
    tab = "Units"
    summary = "For two inputs: every unit's output over the whole plane"
    hint = "Point at a map for its numbers; click to select the unit"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self._experiment: Experiment | None = None
        self._reading: Decision | None = None
        self._scaling = self.controls.choice(
            "Scale of the colours",
            (("unit", "scale: unit"), ("layer", "scale: layer")),
            "What the ends of the colour bar stand for: the largest magnitude |y| of each unit or of each layer",
            lambda _: self._show_maps(),
            captioned=False,
        )
        self._scaling.setCurrentIndex(1)
        self._scroll = ScrolledMosaic(
            "Maps of all units", "y(x₁, x₂), each unit's output over the plane: x₁ to the right, x₂ upwards"
        )
        self.mosaic = self._scroll.mosaic
        self.set_picture(self._scroll)
        self.mosaic.clicked.connect(self._pick)
        self.mosaic.hovered.connect(
            lambda place: self.readout.say("" if place is None else self._words(place))
        )
        self.say("Press play, or step once: every unit's map of the plane appears here")

    def suits(self, snapshot: Snapshot) -> bool:
        e = snapshot.experiment
        return e.data.answers and e.data.shape() == (2, 1, 1) and e.target.is_vector

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        return frozenset({DecisionProbe()}) if self.suits(snapshot) else frozenset()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if not self.suits(snapshot):
            self.say("This view is for problems with two inputs and answers that are no images")
            self._reading = None
            return
        reading = snapshot.reading(DecisionProbe())
        if reading is None or reading is self._reading:
            return
        self._reading, self._experiment = reading, snapshot.experiment
        self._show_maps()
        self.show_picture()

    def show_selection(self, selection: Selection) -> None:
        self._selection = selection
        self._show_chosen()

    def _show_maps(self) -> None:
        if self._reading is None or self._experiment is None:
            return
        facts = {f.name: f for f in self._experiment.analysis.nodes}
        groups = []
        for name, maps in self._reading.layers.items():
            magnitudes = np.abs(maps).max(axis=(1, 2), initial=0.0).astype(np.float64)
            limits = magnitudes if self._scaling.currentData() == "unit" else magnitudes.max(keepdims=True)
            limits = np.where(limits > 0, limits, 1.0)
            groups.append(Group(name, name, detail(facts.get(name)), maps[:, None, ::-1], limits, 84, True))
        self.mosaic.show_groups(tuple(groups))
        self._show_chosen()

    def _words(self, place: Place) -> str:
        assert self._reading is not None
        value = self.mosaic.value(place)
        size = self._reading.layers[place.group].shape[1]
        (left, right), (low, high) = self._reading.bounds
        x = left + (right - left) * place.column / (size - 1)
        y = high - (high - low) * place.row / (size - 1)
        return f"{place.group}, unit {place.tile} at ({number(x)}, {number(y)}): {number(value or 0.0)}"

    def _pick(self, place: Place) -> None:
        self._selection = replace(self._selection, layer=place.group, unit=place.tile, row=0, column=0)
        self.picked.emit(self._selection)
        self.readout.rest(self._words(place))

    def _show_chosen(self) -> None:
        chosen = self._selection
        if chosen.layer is None or chosen.unit < 0:
            self.mosaic.choose(None)
        elif self.mosaic.chosen is None or (self.mosaic.chosen.group, self.mosaic.chosen.tile) != (
            chosen.layer,
            chosen.unit,
        ):
            self.mosaic.choose(Place(chosen.layer, chosen.unit, 0, -1, -1))

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.mosaic.show_theme(theme)

    def table(self) -> Table:
        """One row a point of the plane: x1, x2, and every unit's output there."""
        if self._reading is None:
            return Table({})
        size = next(iter(self._reading.layers.values())).shape[1]
        axes = [np.linspace(*bounds, size) for bounds in self._reading.bounds]
        x, y = np.meshgrid(*axes)
        columns = {"x1": x.ravel(), "x2": y.ravel()}
        for name, maps in self._reading.layers.items():
            columns |= {f"{name}[{unit}]": values.ravel() for unit, values in enumerate(maps)}
        return Table(columns)
