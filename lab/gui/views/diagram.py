"""The network drawn, live: units and weights where it is small, stacks of maps where it is large."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal, cast

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QStandardItemModel
from PySide6.QtWidgets import QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.examples import class_names, turned, within
from lab.gui.views.framed import FramedView
from lab.gui.views.view import Table
from lab.gui.views.weights import place_of
from lab.gui.widgets.diagram import words
from lab.gui.widgets.diagram.blocks import BlocksSheet
from lab.gui.widgets.diagram.net import NAMED, Net, net_of
from lab.gui.widgets.diagram.numbers import limits_of, scaled
from lab.gui.widgets.diagram.sheet import Line, Mark, More, Sheet, Spot
from lab.gui.widgets.diagram.tables import of_layers, of_weights
from lab.gui.widgets.diagram.units import UnitsSheet
from lab.network.network import INPUT
from lab.training.probes import (
    Activations,
    ActivationsProbe,
    Decision,
    DecisionProbe,
    Probe,
    ToldProbe,
    ToldUpdate,
    Weights,
    WeightsProbe,
)
from lab.training.snapshot import Snapshot

Drawing = Literal["fits", "units", "layers"]
PLANE = DecisionProbe()
UNITS = 1
"""The place of the units in the list of what can be drawn."""
READ_AT = 0.7
"""The scale at which a picture shows all layers of a network that is larger than the window."""
LONGEST = 9000
"""Pixels of such a picture."""


class DiagramView(FramedView):
    name = "diagram"
    title = "Network"
    summary = (
        "The network drawn: units with their pictures, weights as lines; or each layer as a stack of its maps"
    )
    hint = "Point at a unit or a line; click selects it, arrow keys lead on; Ctrl and wheel zoom, 0 shows all"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self._experiment: Experiment | None = None
        self._net: Net | None = None
        self._net_for: tuple[Experiment, Net | None] | None = None
        self._seen: tuple[object, ...] = ()  # the readings that are drawn
        self._plane: Decision | None = None
        self._activations: Activations | None = None
        self._weights: Weights | None = None
        self._told: ToldUpdate | None = None
        self._under: Mark | None = None
        self._drawing = self.controls.choice(
            "Drawn as",
            (("fits", "auto"), ("units", "units"), ("layers", "layers")),
            "Every unit with its weights, or every layer as a stack of its maps. Auto: units where there are "
            "few of them. Only a chain of dense layers can be drawn unit by unit",
            self._redraw,
            captioned=False,
        )
        self._scaling = self.controls.choice(
            "Scale of the colours",
            (("unit", "scale: unit"), ("layer", "scale: layer"), ("network", "scale: network")),
            "What the ends of the colours and the thickest line stand for: the largest magnitude of each unit, of each "
            "layer, or of the whole network",
            self._redraw,
            captioned=False,
        )
        self._scaling.setCurrentIndex(1)
        self._back = self.controls.button(
            "‹", "The example before this one (P)", lambda: self._turn(-1), "Previous example"
        )
        self._forth = self.controls.button("›", "The next example (N)", lambda: self._turn(1), "Next example")
        self.units, self.blocks = UnitsSheet(), BlocksSheet()
        for sheet, name in ((self.units, "Units and weights"), (self.blocks, "Layers")):
            self.set_picture(sheet)
            sheet.setAccessibleName(name)
            sheet.hovered.connect(self._hover)
            sheet.clicked.connect(self._pick)
        self.say("Press play, or step once: the network appears here")

    # what is asked for

    def suits(self, snapshot: Snapshot) -> bool:
        return snapshot.experiment.data.answers

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        if not self.suits(snapshot):
            return frozenset()
        example = ActivationsProbe(*within(snapshot.experiment, selection))
        net = self._net_of(snapshot.experiment)
        if net is None:
            return frozenset({example})
        wanted: set[Probe] = {WeightsProbe(), PLANE if net.on_plane else example}
        if (weight := self._weight_asked(snapshot.experiment)) >= 0:
            wanted.add(ToldProbe((weight,)))
        return frozenset(wanted)

    def _net_of(self, experiment: Experiment) -> Net | None:
        """The columns to be drawn; None where layers are."""
        if self._net_for is None or self._net_for[0] is not experiment:
            self._net_for = experiment, net_of(experiment)
        net, drawing = self._net_for[1], cast(Drawing, self._drawing.currentData())
        return (
            net if net is not None and drawing != "layers" and (net.is_small or drawing == "units") else None
        )

    def _weight_asked(self, experiment: Experiment) -> int:
        """The weight of which gradient and last update are said: under the mouse, else the selected one."""
        if isinstance(self._under, Line):
            return words.flat_of(experiment.analysis, self._under)
        return self._selection.weight

    # what is shown

    @property
    def sheet(self) -> Sheet:
        return self.blocks if self._net is None else self.units

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if not self.suits(snapshot):
            self._seen = ()
            self.say("A formula has no units: see Error surface, and Program for its terms")
            return
        experiment = snapshot.experiment
        net = self._net_of(experiment)
        self._offer_units(self._net_for is not None and self._net_for[1] is not None)
        plane = snapshot.reading(PLANE) if net is not None and net.on_plane else None
        example = None
        if net is None or not net.on_plane:
            example = snapshot.reading(ActivationsProbe(*within(experiment, self._selection)))
        weights = snapshot.reading(WeightsProbe()) if net is not None else None
        self._see_told(snapshot)
        if (plane is None and example is None) or (net is not None and weights is None):
            return
        seen = (plane, example, weights)
        same = bool(self._seen) and all(a is b for a, b in zip(seen, self._seen, strict=True))
        if same and net == self._net:
            return
        self._seen, self._experiment, self._net = seen, experiment, net
        self._plane, self._activations, self._weights = plane, example, weights
        self._draw()
        for button in (self._back, self._forth):
            if button.isHidden() != (example is None):
                button.setVisible(example is not None)
                self.controls.arrange()
        self.show_picture(self.sheet)
        self._show_chosen()

    def _offer_units(self, possible: bool) -> None:
        model = self._drawing.model()
        item = model.item(UNITS) if isinstance(model, QStandardItemModel) else None
        if item is not None and item.isEnabled() != possible:
            item.setEnabled(possible)

    def _see_told(self, snapshot: Snapshot) -> None:
        weight = self._weight_asked(snapshot.experiment)
        reading = snapshot.reading(ToldProbe((weight,))) if weight >= 0 else None
        told = reading.updates[0] if reading is not None and reading.updates else None
        if told is not self._told:
            self._told = told
            self._say_where()

    def _draw(self) -> None:
        scaling = str(self._scaling.currentData())
        experiment = self._experiment
        if experiment is None:
            return
        if self._net is None:
            self._draw_blocks(scaling)
            return
        assert self._weights is not None
        maps, values, image = {}, {}, None
        if self._plane is not None:
            maps = {name: m[:, ::-1] for name, m in self._plane.layers.items()}
            maps[INPUT] = words.inputs_of(self._plane)[:, ::-1]
        elif self._activations is not None:
            values = {
                name: y[:, 0, 0] for name, y in self._activations.outputs.items() if y.shape[1:] == (1, 1)
            }
            values[INPUT] = self._activations.input.ravel()
            image = self._activations.input
        self.units.show_net(self._net)
        self.units.show_numbers(scaled(self._net, self._weights.parameters, maps, values, image, scaling))

    def _draw_blocks(self, scaling: str) -> None:
        assert self._experiment is not None
        assert self._activations is not None
        reading, names = self._activations, class_names(self._experiment)
        peaks = {name: reading.peak(name).astype(np.float64) for name in reading.outputs}
        for name, y in reading.outputs.items():
            if y.shape[1:] == (1, 1):  # a number is no map of its own
                peaks[name] = peaks[name].max(keepdims=True, initial=0.0)
        peaks[INPUT] = np.array([float(np.abs(reading.input).max(initial=0.0))])
        outputs = self._experiment.analysis.output
        labels = names if outputs is not None and len(names) == outputs.size <= NAMED else ()
        self.blocks.show_network(self._experiment.analysis, labels)
        self.blocks.show_values({INPUT: reading.input, **reading.outputs}, limits_of(peaks, scaling))

    def _redraw(self, *_: object) -> None:
        self._seen = ()
        if self._experiment is not None and self._net == self._net_of(self._experiment):
            self._draw()
        self.watching_changed.emit()

    # selection

    def show_selection(self, selection: Selection) -> None:
        self._selection = selection
        self._show_chosen()

    def _show_chosen(self) -> None:
        chosen = self._selection
        mark: Spot | Line | None = None
        if chosen.layer is not None and self._experiment is not None:
            at = (chosen.row, chosen.column) if self._net is None and chosen.unit >= 0 else (-1, -1)
            mark = Spot(chosen.layer, chosen.unit, *at)
            place = place_of(self._experiment.analysis, chosen.weight) if self._net is not None else None
            if place is not None and place[0] in (f"{chosen.layer}.weight", f"{chosen.layer}.bias"):
                mark = Line(chosen.layer, place[1][0], place[1][1] if len(place[1]) > 1 else -1)
            elif self._net is not None and chosen.unit < 0:
                mark = None
        before = self.sheet.chosen
        inputs = isinstance(before, Spot) and before.layer == INPUT
        if mark is not None or not inputs:  # what is chosen of the input is no unit, and stays here
            self.sheet.choose(mark)
        self._say_where()

    def _pick(self, mark: Mark) -> None:
        if isinstance(mark, More):
            self.units.toggle(mark.layer) if self._net is not None else self.blocks.toggle(mark.layer)
            return
        self._say_where()
        if mark.layer == INPUT:
            if self._selection.layer is not None:
                self.picked.emit(Selection(part=self._selection.part, example=self._selection.example))
            self.sheet.choose(mark)
            self._say_where()
            return
        weight = -1
        if isinstance(mark, Line) and self._experiment is not None:
            weight = words.flat_of(self._experiment.analysis, mark)
        row, column = (
            (-1, -1) if isinstance(mark, Line) or mark.unit < 0 else (max(mark.row, 0), max(mark.column, 0))
        )
        if self._net is not None and row >= 0:
            row, column = 0, 0  # a unit of a dense layer is one number
        self._selection = replace(
            self._selection, layer=mark.layer, unit=mark.unit, row=row, column=column, weight=weight
        )
        self.picked.emit(self._selection)
        self.watching_changed.emit()

    def _turn(self, by: int) -> None:
        if self._experiment is not None:
            self.picked.emit(turned(self._experiment, self._selection, by))

    # what is said

    def _hover(self, mark: Mark | None) -> None:
        before, self._under = self._under, mark
        self.readout.say("" if mark is None else self._words(mark))
        if isinstance(before, Line) or isinstance(mark, Line):
            self._told = None
            self.watching_changed.emit()

    def _say_where(self) -> None:
        chosen = self.sheet.chosen
        said = "" if chosen is None else self._words(chosen)
        self.readout.rest(said)
        if self._under is not None:
            self.readout.say(self._words(self._under))
        self.sheet.setAccessibleDescription(said or self.summary)

    def _words(self, mark: Mark) -> str:
        if isinstance(mark, More):
            return f"{mark.layer}: click to show all of its units, or to fold them again"
        if self._experiment is None:
            return ""
        analysis = self._experiment.analysis
        if self._net is None or self._weights is None:
            if self._activations is None or isinstance(mark, Line):
                return ""
            return words.of_map(mark, analysis, self._activations)
        parameters = self._weights.parameters
        if isinstance(mark, Line):
            return words.of_line(mark, analysis, parameters, self._told)
        return words.of_unit(mark, self._net, parameters, self._plane, self._activations)

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.units.show_theme(theme)
        self.blocks.show_theme(theme)

    @contextmanager
    def posed(self) -> Iterator[tuple[int, int] | None]:
        """All layers, and large enough to be read, unless somebody has chosen a part of them."""
        size = None
        if self._net is None and self.blocks.blocks and self.blocks.is_untouched:
            extent = self.blocks.extent
            scale = min(READ_AT, LONGEST / max(extent.width(), extent.height()))
            if self.blocks.zoom < scale:
                size = round(extent.width() * scale) + 24, round(extent.height() * scale) + 16
        self.blocks.finish()
        yield size

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = {Qt.Key.Key_N: 1, Qt.Key.Key_P: -1}.get(Qt.Key(event.key()))
        if by is not None and not event.modifiers() and not self._back.isHidden():
            self._turn(by)
        else:
            super().keyPressEvent(event)

    def table(self) -> Table:
        """Of units, a row a weight; of layers, a row a layer."""
        if self._experiment is None:
            return Table({})
        if self._net is not None and self._weights is not None:
            return Table(of_weights(self._net, self._weights.parameters))
        return Table(of_layers(self._experiment.analysis, self._activations))
