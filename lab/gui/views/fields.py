"""Receptive fields: how much of the input every unit can see, and how much of that counts."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.examples import examples_of, turned, within
from lab.gui.views.framed import FramedView
from lab.gui.views.view import Table
from lab.gui.widgets.fields.field_picture import Shown
from lab.gui.widgets.fields.sheet import FieldSheet
from lab.gui.widgets.fields.words import measured_words, unit_words
from lab.gui.widgets.microscope.place import ExampleSteps, PlaceBar
from lab.gui.widgets.wording import number
from lab.network.alignment import misaligned
from lab.network.field_table import FieldRow, field_table
from lab.network.receptive_field import Region, field_of
from lab.training.fields import DEAR, Field, FieldProbe, Of
from lab.training.microscope import Spot
from lab.training.probes import Activations, ActivationsProbe, Probe
from lab.training.snapshot import Snapshot

NARROW = 480
"""Pixels of width below which fields go without their names."""
SHOWN = (
    ("magnitude", "mean |g|"),
    ("signed", "mean g"),
    ("one", "g, one example"),
    ("", "theory alone"),
)
QUANTITY = {"magnitude": "|g|", "signed": "g", "one": "g"}
MOST_AROUND = 0.35
"""Of the input's longer side that is shown as padding around it, at most."""
EXAMPLES = ("16", "64", "256", "1024")


class FieldsView(FramedView):
    name = "fields"
    title = "Receptive fields"
    tab = "Fields"
    summary = (
        "How much of the input each unit sees, in theory and as its gradients tell; before training, too"
    )
    hint = "Drag over the picture, or press arrow keys, to go from unit to unit"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self._experiment: Experiment | None = None
        self._snapshot: Snapshot | None = None
        self._spot: Spot | None = None
        self._reading: tuple[FieldProbe, Field] | None = None
        self._maps: Activations | None = None
        self._example: tuple[np.ndarray, int, np.ndarray] | None = None
        self._region: tuple[object, Region] = (None, Region(0, 0, 0, 0))
        add = self.controls
        self.place = PlaceBar()
        self.place.moved.connect(self._go)
        add.add(self.place)
        self.shown = add.choice(
            "Measured field",
            SHOWN,
            "g is the gradient of the unit by the input. Its size |g| and g itself are summed over the input's "
            "channels and averaged over the examples",
            lambda _: self._ask_anew(),
            captioned=False,
        )
        self.of = add.choice(
            "Gradient of",
            (("preactivation", "of z"), ("output", "of y = f(z)")),
            "Of the unit's weighted sum z, or of its output y: where f is flat, as in a dead ReLU, y has no gradient",
            lambda _: self._ask_anew(),
            captioned=False,
        )
        self.many = add.choice(
            "Examples",
            tuple((text, f"{text} examples") for text in EXAMPLES),
            "Over how many examples of the selected part, the first so many, the mean is taken",
            lambda _: self._ask_anew(),
            captioned=False,
        )
        self.many.setCurrentIndex(1)
        self.steps = ExampleSteps()
        self.steps.turned.connect(self._turn)
        add.add(self.steps)
        self.sheet = FieldSheet()
        self.set_picture(self.sheet)
        self.sheet.list.chosen.connect(lambda layer: self._go(Spot(layer, -1, -1, -1)))
        self.sheet.placed.connect(self._move)
        self.sheet.picture.pointed.connect(self._point)
        self.sheet.picture.stepped.connect(self._step)
        self.sheet.picture.hovered.connect(self._hover)
        self.say("Open an experiment: the fields of its layers appear here")

    # --- what is asked for

    def suits(self, snapshot: Snapshot) -> bool:
        e = snapshot.experiment
        return e.data.answers and not e.analysis.input.is_vector

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        e = snapshot.experiment
        if not self.suits(snapshot) or (e.analysis.multiply_adds or 0) > DEAR:
            return frozenset()
        part, example = within(e, selection)
        asked: set[Probe] = {ActivationsProbe(part, example)}
        if self.shown.currentData():
            asked.add(self._probe(e, self._aim(e, selection)))
        return frozenset(asked)

    def _probe(self, experiment: Experiment, spot: Spot) -> FieldProbe:
        part, example = within(experiment, self._selection)
        of, many = cast(Of, self.of.currentData()), int(self.many.currentData())
        return FieldProbe(spot.layer, *spot.at, part, example, many, of)

    def _ask_anew(self) -> None:
        self.many.setEnabled(self.shown.currentData() in ("magnitude", "signed"))
        self.of.setEnabled(bool(self.shown.currentData()))
        self._show()
        self.watching_changed.emit()

    # --- what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        e = snapshot.experiment
        if not self.suits(snapshot):
            self._experiment = self._snapshot = self._reading = None
            self.say("The input is no image but a vector, which has no places: every unit may see all of it")
            return
        if (
            self._experiment is None
            or e.network != self._experiment.network
            or e.data != self._experiment.data
        ):
            self._reading = self._maps = None
        self._snapshot, self._experiment = snapshot, e
        self._spot = self._aim(e, self._selection)
        probe, asked = self._probe(e, self._spot), ActivationsProbe(*within(e, self._selection))
        if (found := snapshot.reading(probe)) is not None:
            self._reading = probe, found
        self._maps = snapshot.reading(asked) or self._maps
        self._show()

    def show_selection(self, selection: Selection) -> None:
        self._selection = selection
        self._show()

    @staticmethod
    def _rows(experiment: Experiment) -> tuple[FieldRow, ...]:
        return field_table(experiment.network, experiment.analysis.input)

    def _row(self, layer: str) -> FieldRow:
        assert self._experiment is not None
        return next(row for row in self._rows(self._experiment) if row.layer == layer)

    def _aim(self, experiment: Experiment, selection: Selection) -> Spot:
        """The selected unit; where none is, one in the middle of the last layer that still has places."""
        rows = self._rows(experiment)
        images = [row for row in rows if not row.output.is_vector] or list(rows)
        row = next((row for row in rows if row.layer == selection.layer), images[-1])
        s, chosen = row.output, selection.layer == row.layer
        unit = min(max(selection.unit, 0), s.channels - 1) if chosen else 0
        down, across = (selection.row, selection.column) if chosen else (-1, -1)
        return Spot(
            row.layer,
            unit,
            min(down, s.height - 1) if down >= 0 else s.height // 2,
            min(across, s.width - 1) if across >= 0 else s.width // 2,
        )

    def _seen(self, e: Experiment, spot: Spot) -> Region:
        """The unit's own field, its padding at the input counted."""
        key = (e.network, e.analysis.input, spot.layer, spot.row, spot.column)
        if key != self._region[0]:
            self._region = key, field_of(e.network, e.analysis.input, spot.layer, spot.row, spot.column)
        return self._region[1]

    def _show(self) -> None:
        e = self._experiment
        if e is None:
            return
        spot = self._spot = self._aim(e, self._selection)
        rows, x, row = self._rows(e), e.analysis.input, self._row(spot.layer)
        askew = misaligned(e.network, x)
        self.sheet.list.show_rows(rows, frozenset(p.where for p in askew))
        self.sheet.list.choose(spot.layer)
        branches = any(len(facts.inputs) > 1 for facts in e.analysis.nodes)
        self.sheet.show_notices(tuple(f"{p.where}: {p.what}. {p.mend}." for p in askew), branches)
        self.place.show_layers(tuple(row.layer for row in rows))
        if self.place.show_spot(spot, row.output):
            self.controls.arrange()
        region = self._seen(e, spot)
        kind, known = self.shown.currentData(), self._known(spot)
        words = unit_words(spot.layer, spot.at, region, row, x)
        measured = None
        if known is not None and kind:
            probe, field = known
            measured = getattr(field, kind)
            words += " " + measured_words(field, probe, region, x)
        elif kind and (e.analysis.multiply_adds or 0) > DEAR:
            words += " Nothing is measured of so large a network: the gradients of one example take too long."
        shown = Shown(
            self._image(e),
            region,
            around_of(row, x.height, x.width),
            measured,
            kind != "magnitude",
            known[1].effective if known is not None and kind == "magnitude" else None,
        )
        self.sheet.show_field(shown, QUANTITY.get(kind, ""), words, self.theme)
        self._show_map(spot, row)
        self.show_picture()
        self.readout.rest("" if self.sheet.says_words else words)

    def _known(self, spot: Spot) -> tuple[FieldProbe, Field] | None:
        """What was measured of this unit; or, until that is there, of another place of its map."""
        if self._reading is None:
            return None
        probe = self._reading[0]
        same = (probe.layer, probe.unit) == (spot.layer, spot.unit)
        return self._reading if same else None

    def _image(self, e: Experiment) -> np.ndarray:
        part, example = within(e, self._selection)
        data, x = examples_of(e, part), e.analysis.input
        inputs = data.inputs if data is not None else np.zeros((0, 1))
        known = self._example
        if known is None or known[0] is not inputs or known[1] != example or not len(inputs):
            blank = np.zeros((x.channels, x.height, x.width), np.float32)
            known = self._example = inputs, example, inputs[example] if len(inputs) else blank
        return known[2]

    def _show_map(self, spot: Spot, row: FieldRow) -> None:
        s = row.output
        values = self._maps.outputs.get(spot.layer) if self._maps is not None else None
        if values is None or values.shape != (s.channels, s.height, s.width):
            values = np.zeros((s.channels, s.height, s.width), np.float32)
        self.sheet.map.setVisible(not s.is_vector)
        self.sheet.map.show_map(values[spot.unit], spot)

    # --- going about

    def _go(self, spot: Spot) -> None:
        """Another unit is wanted; −1 is any."""
        same = self._spot is not None and spot.layer == self._spot.layer
        row, column = (spot.row, spot.column) if same or spot.unit >= 0 else (-1, -1)
        self.picked.emit(
            replace(self._selection, layer=spot.layer, unit=max(spot.unit, 0), row=row, column=column)
        )

    def _move(self, row: int, column: int) -> None:
        if self._spot is not None and (row, column) != (self._spot.row, self._spot.column):
            self._go(replace(self._spot, row=row, column=column))

    def _step(self, down: int, right: int) -> None:
        if self._spot is not None:
            s = self._row(self._spot.layer).output
            row, column = self._spot.row + down, self._spot.column + right
            self._move(min(max(row, 0), s.height - 1), min(max(column, 0), s.width - 1))

    def _point(self, y: float, x: float) -> None:
        """Turn to the unit whose field has its middle nearest to a pixel."""
        if self._spot is not None:
            row = self._row(self._spot.layer)
            ends = (row.output.height, row.output.width)
            nearest = [
                min(max(round((at - float(axis.centre)) / float(axis.stride)), 0), end - 1)
                for at, axis, end in zip((y, x), row.axes, ends, strict=True)
            ]
            self._move(*nearest)

    def _turn(self, by: int) -> None:
        if self._experiment is not None:
            self.picked.emit(turned(self._experiment, self._selection, by))

    def _hover(self, pixel: tuple[int, int] | None) -> None:
        shown = self.sheet.picture.shown
        if pixel is None or shown is None:
            self.readout.say("")
            return
        values = ", ".join(number(float(v)) for v in shown.image[:, pixel[0], pixel[1]])
        words = f"input, row {pixel[0]}, column {pixel[1]}: {values}"
        if shown.measured is not None:
            quantity = QUANTITY[self.shown.currentData()]
            words += f"  ·  {quantity} = {number(float(shown.measured[pixel]))}"
        self.readout.say(words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown) and self._spot is not None:
            many = self._row(self._spot.layer).output.channels
            by = 1 if key == Qt.Key.Key_PageDown else -1
            self._go(replace(self._spot, unit=(self._spot.unit + by) % many))
        elif key in (Qt.Key.Key_N, Qt.Key.Key_P):
            self._turn(1 if key == Qt.Key.Key_N else -1)
        else:
            super().keyPressEvent(event)

    # --- for others

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.place.be_brief(self.width() < NARROW):
            self.controls.arrange()

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.sheet.show_theme(theme)
        self._show()

    def table(self) -> Table:
        """One row a layer: its output and its field along both axes, in pixels of the input."""
        if self._experiment is None:
            return Table({})
        rows = self._rows(self._experiment)
        columns: dict[str, np.ndarray] = {
            "layer": np.array([row.layer for row in rows]),
            "output": np.array([str(row.output) for row in rows]),
        }
        for axis, name in enumerate(("vertical", "horizontal")):
            along = [row.axes[axis] for row in rows]
            columns |= {
                f"smallest field, {name} (pixels)": np.array([a.least for a in along]),
                f"largest field, {name} (pixels)": np.array([a.most for a in along]),
                f"stride, {name} (pixels)": np.array([float(a.stride) for a in along]),
                f"padding, {name} (pixels)": np.array([-a.start for a in along]),
                f"centre of the first, {name} (pixels)": np.array([float(a.centre) for a in along]),
            }
        columns["share of the input"] = np.array([row.share for row in rows])
        columns["larger than the input"] = np.array([row.has_outgrown for row in rows])
        return Table(columns)


def around_of(row: FieldRow, height: int, width: int) -> int:
    """How much padding is shown around the input: as much as fields of the layer reach into, if it is not too much."""
    before = max(-axis.start for axis in row.axes)
    return int(min(max(before, 0), MOST_AROUND * max(height, width)))
