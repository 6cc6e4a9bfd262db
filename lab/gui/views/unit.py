"""One unit: what it makes of many examples, the examples that excite it most, and the input that would."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.examples import PARTS, class_names, count, of_data
from lab.gui.views.framed import FramedView
from lab.gui.views.settings import ELSEWHERE
from lab.gui.views.unit_cards import climbed_group, example_cards, scales, strongest_cards
from lab.gui.views.view import Table
from lab.gui.widgets.cards import Cards, Pointed
from lab.gui.widgets.climb import Climb
from lab.gui.widgets.scales import Scales
from lab.gui.widgets.scrolled import scrolled
from lab.gui.widgets.wording import number
from lab.network.network import Facts
from lab.network.receptive_field import Region, field_of
from lab.training.one_unit import Exciting, Strongest, StrongestProbe, UnitMaps, UnitMapsProbe
from lab.training.probes import PartName, Probe, Reading
from lab.training.snapshot import Snapshot

EXAMPLES = 24
"""Shown at a time."""
PAGES = (
    ("examples", "many examples"),
    ("strongest", "strongest examples"),
    ("exciting", "most exciting input"),
)


class UnitView(FramedView):
    name = "unit"
    title = "One unit"
    tab = "Unit"
    summary = (
        "One unit's maps of many examples, its nine strongest examples, and the input that excites it most"
    )
    hint = "Point for numbers; click to select the example"
    rest = 0.1

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self._experiment: Experiment | None = None
        self._source: Reading | None = None
        self._page = self.controls.choice(
            "What is shown",
            PAGES,
            "Maps of many examples; the nine of the data at which the unit's greatest number is largest; or an input "
            "that is changed, step by step, so that the unit answers more",
            self._turn_page,
            captioned=False,
        )
        self._layer = self.controls.choice("Layer", (), "The unit's layer", self._turn_layer, captioned=False)
        self._layer.setProperty(ELSEWHERE, True)
        self.controls.button(
            "‹", "The unit before this one (P)", lambda: self._turn_unit(-1), "Previous unit"
        )
        self.controls.button("›", "The next unit (N)", lambda: self._turn_unit(1), "Next unit")
        self._before = self.controls.choice(
            "Number",
            (("y", "output y"), ("z", "z before f")),
            "What is taken for the unit's answer: its output y = f(z), or z, what its activation function is given",
            lambda _: self.watching_changed.emit(),
            captioned=False,
        )
        self._part = self.controls.choice(
            "Examples of", PARTS, "Which part of the data is looked at", self._turn_part, captioned=False
        )
        self._part.setProperty(ELSEWHERE, True)
        self._part.setCurrentIndex(1)
        self._spot = self.controls.choice(
            "Place",
            (("mean", "mean of map"), ("place", "selected place")),
            "Which of the map's numbers is climbed to: the mean of all, or the one that is selected",
            lambda _: self._ask_anew(),
            captioned=False,
        )
        self._earlier = self.controls.button(
            "‹ 24", "The examples before these", lambda: self._turn_examples(-1)
        )
        self._later = self.controls.button("24 ›", "The examples after these", lambda: self._turn_examples(1))
        self.cards, self.climb, self.scales = Cards(), Climb(), Scales()
        self.cards.setAccessibleName("Examples of the unit")
        area = scrolled(self.cards)
        listed = QWidget()
        column = QVBoxLayout(listed)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.scales)
        column.addWidget(area, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(listed)
        self._stack.addWidget(scrolled(self.climb))
        self.set_picture(self._stack)
        self.cards.hovered.connect(self._hover)
        self.cards.clicked.connect(self._pick)
        self.climb.changed.connect(self._ask_or_stop)
        self._show_controls()
        self.say("Press play, or step once: what one unit makes of many examples appears here")

    # what is asked for

    @property
    def page(self) -> str:
        return str(self._page.currentData())

    def suits(self, snapshot: Snapshot) -> bool:
        return snapshot.experiment.data.answers

    def unit_of(self, experiment: Experiment, selection: Selection) -> tuple[Facts, int] | None:
        """The selected unit, or the first one there is."""
        nodes = [facts for facts in experiment.analysis.nodes if facts.output is not None]
        chosen = next((facts for facts in nodes if facts.name == selection.layer), None)
        if not nodes:
            return None
        facts = chosen or nodes[0]
        channels = facts.output.channels if facts.output is not None else 1
        return facts, min(max(selection.unit, 0), channels - 1) if chosen is not None else 0

    def _probe(self, experiment: Experiment, selection: Selection) -> Probe | None:
        unit = self.unit_of(experiment, selection)
        if unit is None:
            return None
        facts, channel = unit
        part, example = of_data(experiment, selection)
        before = self._before.currentData() == "z"
        if self.page == "examples":
            return UnitMapsProbe(facts.name, channel, part, example // EXAMPLES * EXAMPLES, EXAMPLES, before)
        if self.page == "strongest":
            return StrongestProbe(facts.name, channel, part, before=before)
        spot = None
        if self._spot.currentData() == "place" and facts.output is not None and selection.row >= 0:
            spot = min(selection.row, facts.output.height - 1), min(selection.column, facts.output.width - 1)
        return self.climb.question(facts.name, channel, spot, before, part, example)

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        probe = self._probe(snapshot.experiment, selection) if self.suits(snapshot) else None
        if probe is None or (self.page == "exciting" and not self.climb.running):
            return frozenset()
        return frozenset({probe})

    # turning

    def show_selection(self, selection: Selection) -> None:
        before, self._selection = self._selection, selection
        if (before.layer, before.unit) != (selection.layer, selection.unit):
            self.climb.go_on()
        place = self._part.findData(selection.part)
        if place >= 0 and place != self._part.currentIndex():
            self._part.blockSignals(True)
            self._part.setCurrentIndex(place)
            self._part.blockSignals(False)
        if self._experiment is not None:
            self._list_layers(self._experiment)
        self._show_chosen()

    def _turn_page(self, page: str) -> None:
        # the derivative of an output of 0 is 0: a climb begins before the activation
        wanted = self._before.findData("z" if page == "exciting" else "y")
        self._before.blockSignals(True)
        self._before.setCurrentIndex(wanted)
        self._before.blockSignals(False)
        self._show_controls()
        self._ask_anew()

    def _show_controls(self) -> None:
        climbs = self.page == "exciting"
        for box, wanted in ((self._spot, climbs and not self._is_single()), (self._part, not climbs)):
            pair = box.parentWidget()
            if pair is not None:
                pair.setVisible(wanted)
        for button in (self._earlier, self._later):
            button.setVisible(self.page == "examples")
        self.controls.arrange()

    def _ask_anew(self) -> None:
        self.climb.go_on()
        self.watching_changed.emit()

    def _ask_or_stop(self) -> None:
        self.readout.rest(self.climb.status)
        self.watching_changed.emit()

    def _turn_layer(self, layer: str) -> None:
        if layer and layer != self._selection.layer:
            self.picked.emit(replace(self._selection, layer=layer, unit=0, row=0, column=0))

    def _turn_unit(self, by: int) -> None:
        unit = None if self._experiment is None else self.unit_of(self._experiment, self._selection)
        if unit is None or unit[0].output is None:
            return
        facts, channel = unit
        channels = unit[0].output.channels
        at = replace(self._selection, layer=facts.name, unit=(channel + by) % channels)
        self.picked.emit(replace(at, row=max(at.row, 0), column=max(at.column, 0)))

    def _turn_part(self, part: str) -> None:
        if part != self._selection.part:
            self.picked.emit(replace(self._selection, part=cast(PartName, part), example=0))

    def _turn_examples(self, by: int) -> None:
        if self._experiment is not None:
            part, example = of_data(self._experiment, self._selection)
            pages = -(-max(count(self._experiment, part), 1) // EXAMPLES)
            page = (example // EXAMPLES + by) % pages
            self.picked.emit(replace(self._selection, part=part, example=page * EXAMPLES))

    # what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if not self.suits(snapshot):
            self.say("A formula has no units: see Error surface, and Program for its terms")
            return
        probe = self._probe(snapshot.experiment, self._selection)
        reading = None if probe is None else snapshot.readings.get(probe)
        if self._experiment is None or snapshot.experiment.network != self._experiment.network:
            self._list_layers(snapshot.experiment)
        self._experiment = snapshot.experiment
        if reading is None or reading is self._source:
            return
        self._source = reading
        self._show()
        self._show_controls()
        self.show_picture()

    def _symbol(self) -> str:
        return str(self._before.currentData())

    def _show(self) -> None:
        reading, e = self._source, self._experiment
        if e is None:
            return
        classes, symbol = class_names(e), self._symbol()
        if isinstance(reading, Exciting):
            self._show_climb(reading)
        elif isinstance(reading, UnitMaps | Strongest):
            found = reading if isinstance(reading, UnitMaps) else reading.found
            self.scales.show_scales(scales(found, symbol, self.theme), self.theme)
            cards = (
                example_cards(reading, symbol, classes)
                if isinstance(reading, UnitMaps)
                else strongest_cards(reading, symbol, classes, self._field)
            )
            self._stack.setCurrentIndex(0)
            self.cards.show_cards(cards, 3 if isinstance(reading, Strongest) else 0)
        self._show_chosen()

    def _show_climb(self, found: Exciting) -> None:
        unit = None if self._experiment is None else self.unit_of(self._experiment, self._selection)
        title = "" if unit is None else f"{unit[0].name}, unit {unit[1]}"
        if not self._is_single():
            title += f", {self._spot.currentText()}"
        self.climb.show_climb(found, climbed_group(found), title)
        self._stack.setCurrentIndex(1)

    def _is_single(self) -> bool:
        """Whether the unit has one number, not a map."""
        unit = None if self._experiment is None else self.unit_of(self._experiment, self._selection)
        return unit is None or unit[0].output is None or unit[0].output.is_vector

    def _field(self, row: int, column: int) -> Region | None:
        e = self._experiment
        unit = None if e is None else self.unit_of(e, self._selection)
        if e is None or unit is None or e.analysis.input.is_vector:
            return None
        return field_of(e.network, e.analysis.input, unit[0].name, row, column)

    def _list_layers(self, experiment: Experiment) -> None:
        names = [facts.name for facts in experiment.analysis.nodes if facts.output is not None]
        unit = self.unit_of(experiment, self._selection)
        self._layer.blockSignals(True)
        if names != [self._layer.itemData(k) for k in range(self._layer.count())]:
            self._layer.clear()
            for name in names:
                self._layer.addItem(name, name)
            self.controls.arrange()
        self._layer.setCurrentIndex(self._layer.findData(unit[0].name) if unit is not None else -1)
        self._layer.blockSignals(False)

    def _indices(self) -> list[int]:
        found = self._source.found if isinstance(self._source, Strongest) else self._source
        return found.indices.tolist() if isinstance(found, UnitMaps) else []

    def _show_chosen(self) -> None:
        e = self._experiment
        unit = None if e is None else self.unit_of(e, self._selection)
        if e is None or unit is None:
            return
        indices, example = self._indices(), of_data(e, self._selection)[1]
        self.cards.choose(indices.index(example) if example in indices else -1)
        said = f"{unit[0].name}, unit {unit[1]}"
        if isinstance(self._source, Exciting):
            self.readout.rest(self.climb.status)
            return
        if isinstance(self._source, Strongest):
            part = of_data(e, self._selection)[0]
            said += (
                f": the strongest of the first {self._source.looked_at:,} of "
                f"{self._source.there:,} {part} examples"
            )
        elif isinstance(self._source, UnitMaps) and indices:
            said += f": examples {indices[0]:,}–{indices[-1]:,}"
        self.readout.rest(said)

    def _hover(self, at: Pointed | None) -> None:
        if at is None:
            self.readout.say("")
            return
        card = self.cards.cards[at.card]
        values = card.pictures[at.picture].values
        spot = (..., at.row, at.column)
        said = ", ".join(number(float(v)) for v in np.atleast_1d(values[spot]))
        self.readout.say(f"{card.words}  ·  row {at.row}, column {at.column}: {said}")

    def _pick(self, at: Pointed) -> None:
        e = self._experiment
        unit = None if e is None else self.unit_of(e, self._selection)
        if e is None or unit is None:
            return
        chosen = replace(
            self._selection, layer=unit[0].name, unit=unit[1], part=of_data(e, self._selection)[0],
            example=self._indices()[at.card], row=max(self._selection.row, 0), column=max(self._selection.column, 0),
        )  # fmt: skip
        if isinstance(self._source, Strongest):
            row, column = int(self._source.rows[at.card]), int(self._source.columns[at.card])
            chosen = replace(chosen, row=row, column=column)
        elif at.picture == len(self.cards.cards[at.card].pictures) - 1 and not self._is_single():
            chosen = replace(chosen, row=at.row, column=at.column)
        self._selection = chosen
        self._show_chosen()
        self.picked.emit(chosen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = {Qt.Key.Key_N: 1, Qt.Key.Key_P: -1}.get(Qt.Key(event.key()))
        if way is not None:
            self._turn_unit(way)
        else:
            super().keyPressEvent(event)

    def choosing(self) -> tuple[QWidget, ...]:
        return (self.controls, self.climb.controls)

    def stand_in_pane(self) -> None:
        self.climb.controls.hide()

    def furniture(self) -> tuple[QWidget, ...]:
        return (*super().furniture(), self.climb.controls)

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.cards.show_theme(theme)
        self.climb.show_theme(theme)
        self._show()

    def table(self) -> Table:
        """Of examples one row each: its number, label, and the unit's greatest number; of a climb one row a step up."""
        if isinstance(self._source, Exciting):
            found = self._source
            return Table({"pass": found.passes, "objective": found.objective, "answer": found.answers})
        maps = self._source.found if isinstance(self._source, Strongest) else self._source
        if not isinstance(maps, UnitMaps):
            return Table({})
        columns = {"example": maps.indices, "greatest": maps.maps.max((1, 2))}
        if maps.labels is not None and maps.labels.ndim == 1:
            columns["label"] = maps.labels
        if isinstance(self._source, Strongest):
            columns |= {"row": self._source.rows, "column": self._source.columns}
        return Table(columns)
