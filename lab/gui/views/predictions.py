"""Predictions of a regression: what the network says against what is true."""

from __future__ import annotations

from typing import cast

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.examples import PARTS, part_of
from lab.gui.views.framed import FramedView
from lab.gui.views.view import Table
from lab.gui.widgets.plot import Plot
from lab.gui.widgets.wording import number
from lab.training.probes import Outputs, OutputsProbe, PartName, Probe
from lab.training.snapshot import Snapshot

MOST = 2000
"""More points than this are not drawn: they cost time and hide one another."""


class PredictionsView(FramedView):
    name = "predictions"
    title = "Predictions"
    summary = "For regression: predicted against true values; all points on the diagonal would be perfect"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading: Outputs | None = None
        self._snapshot: Snapshot | None = None
        self._part: PartName = "validation"
        self._box = self.controls.choice(
            "Points of", PARTS, "The part of the data that is shown", self._choose_part
        )
        self._box.setCurrentIndex(1)
        self._output = self.controls.choice(
            "Output", (("0", "0"),), "Which of the network's outputs", lambda _: self._draw()
        )
        self.plot = Plot()
        self.plot.setAccessibleName("Predicted against true values")
        self.plot.setToolTip("y against t; the diagonal is y = t. R² = 1 − Σ(t − y)² / Σ(t − mean t)²")
        self.plot.name_axes("true value t (target's unit)", "predicted value y (target's unit)")
        self._diagonal = self.plot.add_line(lambda theme: theme.muted, Qt.PenStyle.DashLine)
        self._points = self.plot.add_points(6)
        self.plot.styled(self._restyle)
        self.set_picture(self.plot)
        self.plot.pointed.connect(self._point)
        self.say("Press play, or step once: predictions appear here")

    def _restyle(self, theme: Theme) -> None:
        self._points.setPen(pg.mkPen(theme.surface, width=1))
        colour = self._snapshot.colour if self._snapshot is not None else 0
        self._points.setBrush(pg.mkBrush(theme.run(colour)))

    def suits(self, snapshot: Snapshot) -> bool:
        e = snapshot.experiment
        return e.data.answers and not e.data.classes() and e.target.is_vector

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        return frozenset({self._probe(snapshot)}) if self.suits(snapshot) else frozenset()

    def _probe(self, snapshot: Snapshot) -> OutputsProbe:
        return OutputsProbe(part_of(snapshot.experiment, self._part))

    def _choose_part(self, part: str) -> None:
        if part != self._part:
            self._part = cast(PartName, part)
            self._reading = None
            self.watching_changed.emit()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if not self.suits(snapshot):
            self._reading = None
            if snapshot.experiment.data.classes():
                self.say("This view is for regression; see Confusion matrix for classes")
            elif not snapshot.experiment.data.answers:
                self.say("Nothing is predicted here: the output is the error itself. See Error surface")
            else:
                self.say("The answers are images: see Feature maps for the last layer's")
            return
        reading = snapshot.reading(self._probe(snapshot))
        if reading is None or reading is self._reading:
            return
        self._reading, self._snapshot = reading, snapshot
        self._restyle(self.theme)
        outputs = reading.targets.shape[1]
        if self._output.count() != outputs:
            self._output.blockSignals(True)
            self._output.clear()
            for k in range(outputs):
                self._output.addItem(str(k), str(k))
            self._output.blockSignals(False)
            pair = self._output.parentWidget()
            if pair is not None:
                pair.setVisible(outputs > 1)
            self.controls.arrange()
        self._draw()
        self.show_picture()

    def _draw(self) -> None:
        if self._reading is None:
            return
        k = max(self._output.currentIndex(), 0)
        t, y = self._reading.targets[:, k].astype(float), self._reading.scores[:, k].astype(float)
        self._points.setData(t[:MOST], y[:MOST])
        low, high = float(t.min(initial=0)), float(t.max(initial=1))
        room = 0.06 * max(high - low, 1e-9)
        ends = (low - room, high + room)
        self._diagonal.setData(ends, ends)
        self.plot.frame(ends, ends)
        spread = float(((t - t.mean()) ** 2).sum()) if len(t) else 0.0
        words = f"error {number(self._reading.loss)}"
        if spread > 0:
            words += f",  R² = {number(1 - float(((t - y) ** 2).sum()) / spread)}"
        if len(t) > MOST:
            words += f",  the first {MOST:,} of {len(t):,} examples"
        self.readout.rest(words)

    def _point(self, point: tuple[float, float] | None) -> None:
        if point is None or self._reading is None or not len(self._reading.targets):
            self.readout.say("")
            return
        k = max(self._output.currentIndex(), 0)
        t, y = self._reading.targets[:MOST, k], self._reading.scores[:MOST, k]
        near = int(np.hypot(t - point[0], y - point[1]).argmin())
        self.readout.say(f"example {near}: true {number(float(t[near]))}, predicted {number(float(y[near]))}")

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.plot.show_theme(theme)

    def table(self) -> Table:
        """One row an example: every target and what was predicted."""
        if self._reading is None:
            return Table({})
        columns = {}
        for k in range(self._reading.targets.shape[1]):
            columns[f"true {k}"] = self._reading.targets[:, k]
            columns[f"predicted {k}"] = self._reading.scores[:, k]
        return Table(columns)
