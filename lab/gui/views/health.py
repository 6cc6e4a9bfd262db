"""Activations and health: what functions get, which units are dead, saturated or copies, and how far numbers spread."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLabel, QSizePolicy, QVBoxLayout, QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.framed import FramedView
from lab.gui.views.health_tables import condition_table, function_table, panels_of, starts_table, strips_of
from lab.gui.views.settings import ELSEWHERE
from lab.gui.views.view import Table
from lab.gui.widgets.health.function import FunctionPicture
from lab.gui.widgets.health.knob import FunctionKnob
from lab.gui.widgets.health.spreads import ScrolledSpreads
from lab.gui.widgets.health.starts import StartsPicture
from lab.gui.widgets.health.strips import ScrolledStrips
from lab.gui.widgets.health.words import flow_words, functions, tail_words, twin_words, unit_words, working
from lab.gui.widgets.wording import counted, number
from lab.network.activations import Linear
from lab.training.conditions import (
    Alike,
    AlikeProbe,
    Condition,
    ConditionProbe,
    Preactivations,
    PreactivationsProbe,
    Starts,
    StartsProbe,
)
from lab.training.fields import DEAR
from lab.training.microscope.functions import slope_of, value_of
from lab.training.probes import Probe
from lab.training.snapshot import Snapshot

FACES = (
    ("units", "units: dead, saturated, alike"),
    ("spreads", "spreads, layer by layer"),
    ("function", "function and what it gets"),
    ("starts", "starts, by initializer"),
)
QUANTITIES = (("spread", "of y"), ("preactivation_spread", "of z"), ("gradient_spread", "of dE/dy"))
MOST_SENTENCES = 4
"""About units that are alike, under the strips."""


class HealthView(FramedView):
    """`activation_set` carries a layer's name and the activation function that a person gives it."""

    name = "health"
    title = "Activations and health"
    tab = "Health"
    summary = (
        "Dead, saturated and identical units, spreads from layer to layer, and what each function really gets"
    )
    hint = "Point for numbers; click a unit or a layer to select it"
    rest = 0.1

    activation_set = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self._experiment: Experiment | None = None
        self._seen: dict[type, Any] = {}
        self._stands_in_pane = False
        add = self.controls
        self.face = add.choice("Show", FACES, "What is shown of the network's health", lambda _: self._turn())
        self.quantity = add.choice(
            "Spread",
            QUANTITIES,
            "Of which numbers the spread is shown: outputs y, weighted sums z, or each example's gradient dE/dy",
            lambda _: self._show(),
            captioned=False,
        )
        self.layer = QComboBox()
        self.layer.setProperty(ELSEWHERE, True)
        self.layer.setAccessibleName("Layer")
        self.layer.setToolTip(
            "The layer whose function is shown; clicking a unit anywhere turns to its layer"
        )
        self.layer.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.layer.activated.connect(lambda _: self._go(self.layer.currentText(), -1))
        add.add(self.layer)
        self.knob = FunctionKnob()
        self.knob.setProperty(ELSEWHERE, True)
        self.knob.turned.connect(self._set)
        add.add(self.knob)
        self.strips, self.spreads = ScrolledStrips(), ScrolledSpreads()
        self.function, self.starts = FunctionPicture(), StartsPicture()
        self.sentences = QLabel()
        self.sentences.setWordWrap(True)
        self.sentences.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.sentences.setAccessibleName("Units that are alike")
        self._units = QWidget()
        column = QVBoxLayout(self._units)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.strips, 1)
        column.addWidget(self.sentences)
        for page in (self._units, self.spreads, self.function, self.starts):
            self.set_picture(page)
        self.strips.strips.pointed.connect(self._go)
        self.strips.strips.hovered.connect(self._hover_unit)
        self.spreads.bars.pointed.connect(lambda place: self._go(self.spreads.bars.layers[place], -1))
        self.spreads.bars.hovered.connect(self._hover_bar)
        self.function.hovered.connect(self._hover_z)
        self.starts.hovered.connect(lambda words: self.readout.say(words))
        self._dress()
        self.say("Press play, or step once: how the units fare appears here")

    @property
    def shows(self) -> str:
        return str(self.face.currentData())

    def turn_to(self, face: str) -> None:
        self.face.setCurrentIndex(self.face.findData(face))

    # --- what is asked for

    def suits(self, snapshot: Snapshot) -> bool:
        e = snapshot.experiment
        return e.data.answers and bool(working(e.analysis))

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        if not self.suits(snapshot) or (snapshot.experiment.analysis.multiply_adds or 0) > DEAR:
            return frozenset()
        asked: dict[str, set[Probe]] = {
            "units": {ConditionProbe(), AlikeProbe()},
            "spreads": {ConditionProbe()},
            "function": {PreactivationsProbe(self._aim(snapshot.experiment, selection))},
            "starts": {StartsProbe()},
        }
        return frozenset(asked[self.shows])

    def _aim(self, e: Experiment, selection: Selection) -> str:
        """The selected layer, or the first whose function bends what it gets."""
        names = functions(e.analysis)
        if selection.layer in names:
            return str(selection.layer)
        return next((name for name, f in names.items() if not isinstance(f, Linear)), next(iter(names), ""))

    def _turn(self) -> None:
        self._dress()
        self._show()
        self.watching_changed.emit()

    def _dress(self) -> None:
        """Only the controls that belong to the face."""
        shows = self.shows
        cast(QWidget, self.quantity.parent()).setVisible(shows == "starts")
        self.layer.setVisible(shows == "function")
        self.knob.setVisible(shows == "function" and not self._stands_in_pane)
        self.controls.arrange()

    # --- what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        e = snapshot.experiment
        if not self.suits(snapshot):
            self._experiment, self._seen = None, {}
            self.say("A formula has no units: see Error surface, and Program for its terms")
            return
        if (e.analysis.multiply_adds or 0) > DEAR:
            self._experiment, self._seen = None, {}
            self.say("Nothing is looked at of so large a network: the gradients of one example take too long")
            return
        if (
            self._experiment is None
            or e.network != self._experiment.network
            or e.data != self._experiment.data
        ):
            self._seen = {k: v for k, v in self._seen.items() if k is Preactivations}
        self._experiment = e
        for probe in self.probes(snapshot, self._selection):
            if (found := snapshot.readings.get(probe)) is not None:
                self._seen[type(found)] = found
        self._show()

    def show_selection(self, selection: Selection) -> None:
        self._selection = selection
        self._show()

    def _show(self) -> None:
        e = self._experiment
        if e is None:
            return
        shown = {
            "units": self._show_units,
            "spreads": self._show_spreads,
            "function": self._show_function,
            "starts": self._show_starts,
        }[self.shows](e)
        if shown is not None:
            self.show_picture(shown)

    def _show_units(self, e: Experiment) -> QWidget | None:
        condition: Condition | None = self._seen.get(Condition)
        if condition is None:
            return None
        alike: Alike | None = self._seen.get(Alike)
        self.strips.strips.show_strips(strips_of(e, condition, alike))
        chosen = self._selection
        self.strips.strips.choose(chosen.layer, chosen.unit)
        groups = [(layer, g) for layer, groups in alike.layers.items() for g in groups] if alike else []
        said = [twin_words(layer, group) for layer, group in groups[:MOST_SENTENCES]]
        if len(groups) > len(said):
            said.append(f"… and {counted(len(groups) - len(said), 'more group')}.")
        self.sentences.setText("\n".join(said))
        self.sentences.setVisible(bool(said))
        on = f"over {counted(condition.now.examples, 'training example')}"
        key = f"× dead  ·  – saturated  ·  same letter: one and the same  ·  {on}"
        self.readout.rest(self._unit_words(chosen.layer, chosen.unit) or key)
        return self._units

    def _show_spreads(self, e: Experiment) -> QWidget | None:
        condition: Condition | None = self._seen.get(Condition)
        if condition is None:
            return None
        names = working(e.analysis)
        self.spreads.bars.show_panels(names, panels_of(names, condition))
        layer = self._selection.layer
        self.spreads.bars.choose(names.index(layer) if layer in names else -1)
        bars = (
            "bars: now, ◇ at the start" if condition.start is not None else "bars: now; the start is not kept"
        )
        if condition.now.step == 0:
            bars = "bars: at the start"
        on = f"over {counted(condition.now.examples, 'training example')}"
        self.readout.rest("  ·  ".join(filter(None, [flow_words(condition.now), bars, on])))
        return self.spreads

    def _show_function(self, e: Experiment) -> QWidget | None:
        names, aim = functions(e.analysis), self._aim(e, self._selection)
        if list(names) != [self.layer.itemText(k) for k in range(self.layer.count())]:
            self.layer.clear()
            self.layer.addItems(list(names))
        self.layer.setCurrentIndex(self.layer.findText(aim))
        if not self._stands_in_pane:
            self.knob.show_function(names.get(aim))
        self.controls.arrange()
        if not names:
            self.say("No layer of this network has an activation function")
            return None
        found: Preactivations | None = self._seen.get(Preactivations)
        if found is None or found.layer != aim:
            return None
        self.function.show_numbers(found)
        self.readout.rest(tail_words(found))
        return self.function

    def _show_starts(self, e: Experiment) -> QWidget | None:
        found: Starts | None = self._seen.get(Starts)
        if found is None:
            self.say(
                "The starts are being drawn. Of networks with more than 4 million weights, or whose examples take "
                "very long, they are not"
            )
            return None
        names, quantity = working(e.analysis), str(self.quantity.currentData())
        values = {
            start: tuple(float(getattr(health.of(name), quantity)) for name in names)
            for start, health in found.by_name.items()
        }
        self.starts.show_starts(names, values, f"spread {self.quantity.currentText()} (standard deviation)")
        zero = [start for start, numbers in values.items() if not any(v > 0 for v in numbers)]
        rest = "Before the first update, with the run's seed, all layers started alike"
        self.readout.rest(rest + (f"; not drawn, being 0 everywhere: {', '.join(zero)}" if zero else ""))
        return self.starts

    # --- pointing

    def _go(self, layer: str, unit: int) -> None:
        if (layer, unit) != (self._selection.layer, self._selection.unit):
            self.picked.emit(replace(self._selection, layer=layer, unit=unit, row=-1, column=-1))

    def _set(self, activation: object) -> None:
        if self._experiment is not None:
            self.activation_set.emit(self._aim(self._experiment, self._selection), activation)

    def _unit_words(self, layer: str | None, unit: int) -> str:
        condition: Condition | None = self._seen.get(Condition)
        one = condition.now.of(layer) if condition is not None and layer is not None else None
        if condition is None or one is None or not 0 <= unit < one.units:
            return ""
        alike: Alike | None = self._seen.get(Alike)
        groups = alike.layers.get(one.layer, ()) if alike is not None else ()
        group = next((group for group in groups if unit in group.units), None)
        return unit_words(one, unit, condition.now.examples, group)

    def _hover_unit(self, found: tuple[str, int] | None) -> None:
        self.readout.say("" if found is None else self._unit_words(*found))

    def _hover_bar(self, found: tuple[int, int] | None) -> None:
        bars = self.spreads.bars
        if found is None:
            self.readout.say("")
            return
        panel, layer = bars.panels[found[0]], bars.layers[found[1]]
        words = f"{layer}, {panel.title}: {number(panel.now[found[1]])}"
        if found[1] < len(panel.start):
            words += f"  ·  at the start {number(panel.start[found[1]])}"
        self.readout.say(words)

    def _hover_z(self, z: float | None) -> None:
        found = self.function.found
        if z is None or found is None:
            self.readout.say("")
            return
        y, slope = float(value_of(found.activation, z)), float(slope_of(found.activation, z))
        at = int(np.clip(np.searchsorted(found.edges, z) - 1, 0, len(found.counts) - 1))
        many = counted(int(found.counts[at]), "number")
        self.readout.say(
            f"z = {number(z)}: f = {number(y)}, f′ = {number(slope)}  ·  {many} between "
            f"{number(float(found.edges[at]))} and {number(float(found.edges[at + 1]))}"
        )

    # --- for others

    def stand_in_pane(self) -> None:
        """One of several, each of another run: what is edited is the active one."""
        self._stands_in_pane = True
        self._dress()

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.strips.strips.show_theme(theme)
        self.spreads.bars.show_theme(theme)
        self.function.show_theme(theme)
        self.starts.show_theme(theme)

    def table(self) -> Table:
        """Of units and spreads a row a layer, of starts a row a layer and initializer, of the function a row a bar."""
        e = self._experiment
        if e is None:
            return Table({})
        names = working(e.analysis)
        if self.shows in ("units", "spreads") and (condition := self._seen.get(Condition)) is not None:
            return condition_table(names, condition, self._seen.get(Alike))
        if self.shows == "starts" and (starts := self._seen.get(Starts)) is not None:
            return starts_table(names, starts)
        if self.shows == "function" and (found := self._seen.get(Preactivations)) is not None:
            return function_table(found)
        return Table({})
