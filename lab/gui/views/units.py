"""Hidden units of a problem in the plane: what each makes of every point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.decision import RESOLUTIONS
from lab.gui.views.example_panel import WITH_MORE
from lab.gui.views.framed import FramedView
from lab.gui.views.map_groups import chosen_group, detail
from lab.gui.views.view import Table
from lab.gui.widgets.enlarged import Enlarged
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
        self._large = "", 0  # the layer and the unit whose map is enlarged
        self._scaling = self.controls.choice(
            "Scale of the colours",
            (("unit", "scale: unit"), ("layer", "scale: layer")),
            "What the ends of the colour bar stand for: the largest magnitude |y| of each unit or of each layer",
            lambda _: self._show_maps(),
            captioned=False,
        )
        self._scaling.setCurrentIndex(1)
        self.resolution = self.controls.choice(
            "Resolution",
            tuple((str(n), f"{n} × {n}") for n in RESOLUTIONS),
            "At how many places of the plane the network is asked",
            lambda _: self.watching_changed.emit(),
            captioned=False,
        )
        self.resolution.setCurrentIndex(1)
        self._enlarge = self.controls.switch(
            "enlarge", "The selected map beside the others, large", lambda _: self._fit(), on=True
        )
        self._scroll = ScrolledMosaic(
            "Maps of all units", "y(x₁, x₂), each unit's output over the plane: x₁ to the right, x₂ upwards"
        )
        self.mosaic = self._scroll.mosaic
        self.enlarged = Enlarged()
        self.enlarged.hide()
        picture = QWidget()
        sides = QHBoxLayout(picture)
        sides.setContentsMargins(0, 0, 0, 0)
        sides.setSpacing(12)
        sides.addWidget(self._scroll, 1)
        sides.addWidget(self.enlarged)
        self.set_picture(picture)
        self.enlarged.picture.hovered.connect(
            lambda place: self.readout.say("" if place is None else self._words(self._in_mosaic(place)))
        )
        self.mosaic.clicked.connect(self._pick)
        self.mosaic.hovered.connect(
            lambda place: self.readout.say("" if place is None else self._words(place))
        )
        self.say("Press play, or step once: every unit's map of the plane appears here")

    def suits(self, snapshot: Snapshot) -> bool:
        e = snapshot.experiment
        return e.data.answers and e.data.shape() == (2, 1, 1) and e.target.is_vector

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        return frozenset({self._probe}) if self.suits(snapshot) else frozenset()

    @property
    def _probe(self) -> DecisionProbe:
        return DecisionProbe(int(self.resolution.currentData()))

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if not self.suits(snapshot):
            self.say("This view is for problems with two inputs and answers that are no images")
            self._reading = None
            return
        reading = snapshot.reading(self._probe)
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
        self._show_enlarged()

    def _show_enlarged(self) -> None:
        """The selected unit's map, or the output's where none is selected."""
        groups, chosen = self.mosaic.groups, self.mosaic.chosen
        if not groups:
            return
        group = next((g for g in groups if chosen is not None and g.key == chosen.group), groups[-1])
        tile = chosen.tile if chosen is not None and chosen.group == group.key else 0
        one, title = chosen_group(group, min(tile, len(group.values) - 1))
        self._large = group.key, tile
        self.enlarged.show_map(one, title, "y")
        self._fit()

    def _in_mosaic(self, place: Place) -> Place:
        return replace(place, group=self._large[0], tile=self._large[1])

    def _fit(self) -> None:
        there = self._enlarge.isChecked() and self.width() >= WITH_MORE and bool(self.mosaic.groups)
        if self.enlarged.isHidden() == there:
            self.enlarged.setVisible(there)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.mosaic.show_theme(theme)
        self.enlarged.show_theme(theme)

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
