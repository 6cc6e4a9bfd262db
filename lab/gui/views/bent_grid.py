"""The bent grid: how a layer folds the plane, and how far the classes have come apart by then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QSlider, QVBoxLayout, QWidget

from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.examples import class_names
from lab.gui.views.framed import FramedView
from lab.gui.views.view import Table
from lab.gui.widgets.bent_plot import LINES, SYMBOLS, BentPlot, class_colour
from lab.gui.widgets.choices import fill
from lab.gui.widgets.legend import Entry, Legend
from lab.gui.widgets.wording import counted, number, share
from lab.training.bending import BentGrid, BentGridProbe
from lab.training.probes import Probe
from lab.training.snapshot import Snapshot

WHOLE = 100
"""Steps of the slider, from the input plane to the layer's space."""
FOLDING, FRAME = 1.6, 16
"""Seconds that the plane takes to be folded, and milliseconds between two pictures of it."""
MAIN, UNITS = "main", "units"


class BentGridView(FramedView):
    name = "bent_grid"
    title = "Bent grid"
    tab = "Bent"
    summary = "For two inputs: how a layer folds the plane, the grid, the points and the border with it"
    hint = "Drag the slider from the plane to the layer's space; point at an example"
    rest = 0.03

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self._experiment: Experiment | None = None
        self._reading: BentGrid | None = None
        self._layer = ""
        self._is_fresh = True  # the next picture is in a frame of its own
        self._way, self._back = 1, False
        self._moving = QTimer(self)
        self._moving.setInterval(FRAME)
        self._moving.timeout.connect(self._move_on)
        self._add_controls()
        self.plot = BentPlot()
        self.legend = Legend()
        picture = QWidget()
        column = QVBoxLayout(picture)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.legend)
        column.addWidget(self.plot, 1)
        self.set_picture(picture)
        self.plot.pointed.connect(self._point)
        self.plot.pressed.connect(self._pick)
        self.say("Press play, or step once: the plane appears here as a layer folds it")

    def _add_controls(self) -> None:
        add = self.controls
        self.layer = add.choice(
            "Layer",
            (),
            "The layer in whose space the plane is shown; clicking a unit anywhere turns to its layer",
            self._turn,
        )
        self.along = add.choice(
            "Seen along",
            ((MAIN, "main directions"), (UNITS, "two units")),
            "A layer of more than two units is seen along two of them, or in the plane of the two main directions of "
            "its outputs (PCA), turned so that the points lie as in the input plane",
            lambda _: self._ask_anew(),
            captioned=False,
        )
        self.across, self.up = (
            add.choice(
                f"Unit {way}",
                (),
                f"The unit whose output is shown {way}",
                lambda _: self._ask_anew(),
                captioned=False,
            )
            for way in ("to the right", "upwards")
        )
        self.fold = QSlider(Qt.Orientation.Horizontal)
        self.fold.setRange(0, WHOLE)
        self.fold.setValue(WHOLE)
        self.fold.setFixedWidth(90)
        self.fold.setToolTip("From the input plane, at the left, to the layer's space, at the right")
        self.fold.setAccessibleName("From the input plane to the layer's space")
        self.fold.valueChanged.connect(lambda _: self._draw())
        add.add(self.fold)
        self.play = add.button("fold", "Unfold the plane, and fold it again", self._play, "Animate the fold")
        self.with_points = add.switch(
            "points", "The training examples, moved with the plane", lambda _: self._restyle(), on=True
        )

    # --- what is asked for

    def suits(self, snapshot: Snapshot) -> bool:
        e = snapshot.experiment
        return (
            e.data.answers
            and e.data.shape() == (2, 1, 1)
            and e.data.bounds() is not None
            and e.target.is_vector
        )

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        if not self.suits(snapshot):
            return frozenset()
        return frozenset({self._probe(snapshot.experiment)})

    def _probe(self, experiment: Experiment) -> BentGridProbe:
        names = [node.name for node in experiment.network.nodes]
        layer = self._layer if self._layer in names else names[max(len(names) - 2, 0)]
        units = None
        if self.along.currentData() == UNITS and self.across.count():
            units = max(self.across.currentIndex(), 0), max(self.up.currentIndex(), 0)
        return BentGridProbe(layer, units, LINES)

    def show_selection(self, selection: Selection) -> None:
        before, self._selection = self._selection, selection
        if selection.layer and selection.layer != self._layer and selection.layer != before.layer:
            self._turn_to(selection.layer)

    def _turn(self, layer: str) -> None:
        """Chosen from the list."""
        if layer and layer != self._layer:
            self._turn_to(layer)
            self._selection = self._selection.at_layer(layer)
            self.picked.emit(self._selection)

    def _turn_to(self, layer: str) -> None:
        self._layer, self._is_fresh = layer, True
        self.watching_changed.emit()

    def _ask_anew(self) -> None:
        self._is_fresh = True
        self._show_choices()
        self.watching_changed.emit()

    # --- what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if not self.suits(snapshot):
            self._reading = None
            self.say("This view is for problems with two inputs and answers that are no images")
            return
        reading = snapshot.reading(self._probe(snapshot.experiment))
        if reading is None or reading is self._reading:
            return
        is_new = self._experiment is not snapshot.experiment or self._reading is None
        other = is_new or self._reading is None or self._reading.layer != reading.layer
        self._reading, self._experiment = reading, snapshot.experiment
        if other:
            self._show_choices()
        self._draw()
        if is_new:
            self._restyle()
        self.show_picture()

    def _show_choices(self) -> None:
        if self._reading is None or self._experiment is None:
            return
        names = [node.name for node in self._experiment.network.nodes]
        fill(self.layer, [(name, name) for name in names], self._reading.layer)
        units = [f"unit {k}" for k in range(self._reading.width)]
        for box, start in ((self.across, 0), (self.up, 1)):
            now = box.currentText() if box.count() == len(units) else ""
            fill(box, [(unit, unit) for unit in units], now or units[min(start, len(units) - 1)])
        wide = self._reading.width > 2
        for box, there in ((self.along, wide), (self.across, wide), (self.up, wide)):
            pair = box.parentWidget()
            if pair is not None:
                pair.setVisible(there and (box is self.along or self.along.currentData() == UNITS))
        self.controls.arrange()

    def _draw(self) -> None:
        if self._reading is not None:
            self.plot.show_grid(self._reading, self.fold.value() / WHOLE, self._is_fresh)
            self._is_fresh = False
            self._name_axes()

    def _name_axes(self) -> None:
        assert self._reading is not None
        reading = self._reading
        if self.fold.value() == 0:
            self.plot.name_axes("x₁ (raw unit)", "x₂ (raw unit)")
        elif reading.units is None:
            self.plot.name_axes("two main directions", "")
        else:
            names = [f"{reading.layer}, unit {k}" for k in reading.units]
            self.plot.name_axes(names[0], names[1] if reading.width > 1 else "")
        seen = "the two main directions" if reading.units is None else "these two"
        words = f"{reading.layer}: {counted(reading.width, 'unit')}"
        if reading.width > 2:
            words += f",  {seen} hold {share(reading.share)} of the variance of the outputs"
        self.readout.rest(words)

    def _restyle(self) -> None:
        """Points and legend anew."""
        self.plot.show_points(self.theme, self.with_points.isChecked())
        entries: list[Entry] = []
        if self._reading is not None and self._experiment is not None:
            if self.with_points.isChecked():
                entries += [
                    Entry(name, class_colour(k), symbol=SYMBOLS[k % len(SYMBOLS)])
                    for k, name in enumerate(class_names(self._experiment))
                ]
            if len(self._reading.border[0]):
                entries.append(Entry("border between classes", lambda theme: theme.text, brief="border"))
        self.legend.show_entries(tuple(entries))
        self.legend.setVisible(bool(entries) and self.height() > 300)

    # --- folding

    def _play(self) -> None:
        self._way = -1 if self.fold.value() > WHOLE / 2 else 1
        self._back = self._way < 0
        self._moving.start()

    def _move_on(self) -> None:
        """One picture on; from the layer's space to the plane, and back again."""
        step = max(round(WHOLE * FRAME / (1000 * FOLDING)), 1)
        self.fold.setValue(self.fold.value() + self._way * step)
        if self.fold.value() == 0 and self._back:
            self._way, self._back = 1, False
        elif self.fold.value() in (0, WHOLE):
            self._moving.stop()

    # --- pointing

    def _point(self, point: tuple[float, float] | None) -> None:
        near, reading = self.plot.example_at(point), self._reading
        if near is None or reading is None or self._experiment is None:
            self.readout.say("")
            return
        x, y = reading.points[0][near]
        u, v = reading.points[1][near]
        of = ""
        if reading.labels is not None:
            of = f" of class {class_names(self._experiment)[int(reading.labels[near])]}"
        self.readout.say(
            f"training example {near}{of}: ({number(x)}, {number(y)}) → ({number(u)}, {number(v)})"
        )

    def _pick(self, point: tuple[float, float] | None) -> None:
        near = self.plot.example_at(point)
        if near is not None:
            self._selection = replace(self._selection, part="training", example=near)
            self.picked.emit(self._selection)

    # --- for others

    def copy_from(self, other: FramedView) -> None:
        if isinstance(other, BentGridView):
            self._layer = other._layer
            self.fold.setValue(other.fold.value())

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.plot.show_theme(theme)
        self.legend.show_theme(theme)
        self._restyle()

    def table(self) -> Table:
        """One row a place of the grid: which line, where it is in the plane and where the layer puts it."""
        if self._reading is None:
            return Table({})
        plane, bent = (lines.reshape(-1, 2) for lines in self._reading.lines)
        count = self._reading.lines[0].shape[1]
        return Table(
            {
                "line": np.repeat(np.arange(2 * LINES), count),
                "x1": plane[:, 0],
                "x2": plane[:, 1],
                "across": bent[:, 0],
                "up": bent[:, 1],
            }
        )
