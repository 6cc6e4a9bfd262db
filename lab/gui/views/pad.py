"""Draw your own digit: what a person draws becomes the selected example, and every view follows the pen."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from lab.data.handwriting import Style, canvas_of, picture, style_of, takes_drawings
from lab.experiment.experiment import Experiment
from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.example_panel import ExamplePanel
from lab.gui.views.examples import class_names, data_of, within
from lab.gui.views.framed import FramedView
from lab.gui.views.view import Table
from lab.gui.widgets.ink_pad import WIDTH, InkPad
from lab.gui.widgets.wording import share
from lab.training.drawing import Drawing
from lab.training.probes import Activations, ActivationsProbe, PartOf, Probe
from lab.training.snapshot import Snapshot

NARROW = 330
"""Pixels of width below which the sheet has the room of the bars."""
PATIENCE = 0.15
"""Seconds that the pen waits for an answer to its last move before it asks about a later one."""
UNKNOWN, NOT_SAID = "", "meant: ?"
"""What the drawing is meant to be where nobody says so."""


class PadView(FramedView):
    """A move of the pen is not sent before the one before it has been answered: answers come as fast as they can, and
    none is of a drawing that nobody asks about any more."""

    name = "pad"
    title = "Draw a digit"
    tab = "Draw"
    summary = "Draw an example of your own: it is classified as you draw, and maps and microscope follow it"
    hint = "Draw with the left button, rub out with the right one"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self._before: tuple[PartOf, int] = ("validation", 0)  # what was selected before something was drawn
        self._experiment: Experiment | None = None
        self._style: Style | None = None
        self._drawing: Drawing | None = None
        self._reading: Activations | None = None
        self._is_ahead = False  # there is ink that no drawing was made of yet
        self._asked_at = 0.0  # when the drawing was sent that has not been answered; 0 where all have been
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(round(1000 * PATIENCE))
        self._late.timeout.connect(self._send)
        self.pad = InkPad()
        self.panel = ExamplePanel()
        self._add_controls()
        picture = QWidget()
        row = QHBoxLayout(picture)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.pad, 1)
        row.addWidget(self.panel)
        self.set_picture(picture)
        self.pad.inked.connect(self._follow)
        self._forget()
        self.say("Press play, or step once: then there is a network to show a drawing to")

    def _add_controls(self) -> None:
        add = self.controls
        self.tool = add.choice(
            "What the left button does",
            (("pen", "pen"), ("eraser", "eraser")),
            "Draw, or rub out, as the right button always does",
            self._take,
            captioned=False,
        )
        self.thickness = QSlider(Qt.Orientation.Horizontal)
        self.thickness.setRange(3, 24)
        self.thickness.setValue(round(100 * WIDTH))
        self.thickness.setFixedWidth(54)
        self.thickness.setToolTip("How thick the pen is, in hundredths of the sheet")
        self.thickness.setAccessibleName("Thickness of the pen")
        self.thickness.valueChanged.connect(self._set_thickness)
        add.add(self.thickness)
        self.undo = add.button(
            "↶", "Take back the last stroke (Backspace)", self.pad.undo, "Undo the last stroke"
        )
        self.clear = add.button("clear", "An empty sheet (Delete)", self.pad.clear, "Clear the sheet")
        add.button(
            "example",
            "Put the example that is selected on the sheet",
            self._start_from,
            "Start from example",
        )
        self.fitted = add.switch(
            "centred",
            "Scaled to the size of the data's drawings, the centre of mass in the middle, with the data's grain: as "
            "MNIST's digits were prepared, too. Off: the sheet as it is",
            lambda _: self._follow(),
            on=True,
        )
        self.meant = add.choice(
            "Meant to be",
            ((UNKNOWN, NOT_SAID),),
            "Which class it is meant to be: then it has an error, and derivatives that the microscope shows",
            lambda _: self._follow(),
            captioned=False,
        )

    # --- what is asked for

    @property
    def is_awaited(self) -> bool:
        return bool(self._asked_at)

    def suits(self, snapshot: Snapshot) -> bool:
        data = snapshot.experiment.data
        return data.answers and takes_drawings(data.shape())

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        return frozenset() if self._drawing is None else frozenset({ActivationsProbe(self._drawing, 0)})

    def show_selection(self, selection: Selection) -> None:
        self._selection = selection
        if not isinstance(selection.part, Drawing):
            self._before = selection.part, selection.example

    # --- the pen

    def _take(self, tool: str) -> None:
        self.pad.erases = tool == "eraser"

    def _set_thickness(self, hundredths: int) -> None:
        self.pad.width_of_pen = hundredths / 100

    def _start_from(self) -> None:
        """The selected example as ink. It has been prepared already, so it is not prepared again."""
        data = None if self._experiment is None else data_of(self._experiment)
        if data is None or self._experiment is None or self._style is None:
            return
        part, index = within(
            self._experiment, replace(self._selection, part=self._before[0], example=self._before[1])
        )
        if not isinstance(part, Drawing):
            self.fitted.blockSignals(True)
            self.fitted.setChecked(False)
            self.fitted.blockSignals(False)
            self.pad.put(canvas_of(getattr(data, part).raw[index], self._style))

    def _follow(self) -> None:
        """The ink, or what is said about it, has changed."""
        self._is_ahead = True
        if not self._asked_at or time.monotonic() - self._asked_at > PATIENCE:
            self._send()
        elif not self._late.isActive():
            self._late.start()

    def _send(self) -> None:
        """Make the ink the selected example; where there is none, what was selected before."""
        if not self._is_ahead or self._style is None:
            return
        self._is_ahead = False
        self._late.stop()
        self.undo.setEnabled(self.pad.strokes > 0)
        if not self.pad.has_ink:
            self._mean_nothing()
            if self._drawing is None:
                return
            self._forget()
            self.picked.emit(replace(self._selection, part=self._before[0], example=self._before[1]))
            return
        label = self.meant.currentData()
        raw = picture(self.pad.ink, self._style, self.fitted.isChecked())
        drawing = Drawing.of(raw, None if label in (UNKNOWN, None) else int(label))
        if drawing != self._drawing or self._selection.part != drawing:
            self._asked_at = time.monotonic()
            self._drawing = drawing
            self.picked.emit(replace(self._selection, part=drawing, example=0))

    def _mean_nothing(self) -> None:
        """The next drawing may be of another class."""
        self.meant.blockSignals(True)
        self.meant.setCurrentIndex(0)
        self.meant.blockSignals(False)

    def _forget(self) -> None:
        self._drawing, self._reading, self._asked_at = None, None, 0.0
        self.panel.show_nothing("Draw something: it is classified while you draw")

    # --- what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if not self.suits(snapshot):
            self._experiment = self._style = None
            self._forget()
            self.say("This view is for networks whose input is an image of one channel, or of three")
            return
        if self._experiment is None or self._experiment.data != snapshot.experiment.data:
            self._turn_to(snapshot.experiment)
        self._experiment = snapshot.experiment
        self.show_picture()
        if self._drawing is None:
            return
        reading = snapshot.reading(ActivationsProbe(self._drawing, 0))
        if reading is not None and reading is not self._reading:
            self._reading, self._asked_at = reading, 0.0
            self.panel.show_example(reading, class_names(snapshot.experiment))
            self.readout.rest(self._words(reading))
        if reading is not None:
            self._send()

    def _turn_to(self, experiment: Experiment) -> None:
        """Other data: another sheet, where its pictures have another shape, and other classes."""
        data = data_of(experiment)
        if data is None:
            return
        self._style = style_of(experiment.data, data.dataset)
        self._forget()
        self.pad.take(*self._style.canvas)
        names = class_names(experiment) if experiment.target.is_vector else ()
        self.meant.blockSignals(True)
        self.meant.clear()
        self.meant.addItem(NOT_SAID, UNKNOWN)
        for k, name in enumerate(names):
            self.meant.addItem(f"meant: {name}", str(k))
        self.meant.blockSignals(False)
        pair = self.meant.parentWidget()
        if pair is not None:
            pair.setVisible(bool(names))
        self.undo.setEnabled(self.pad.strokes > 0)
        self.controls.arrange()
        if self.pad.has_ink:
            self._follow()

    def _words(self, reading: Activations) -> str:
        """The two most probable classes, where there is no room for bars."""
        scores = reading.scores
        names = class_names(self._experiment) if self._experiment is not None else ()
        if not self.panel.bars.isHidden() or scores.ndim > 1 or len(names) != len(scores) or len(names) < 2:
            return ""
        first, second = np.argsort(scores)[::-1][:2]
        return (
            f"{names[first]}: {share(float(scores[first]))},  {names[second]}: {share(float(scores[second]))}"
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.panel.be_slim(self.width() < NARROW)

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.pad.show_theme(theme)
        self.panel.show_theme(theme)

    def table(self) -> Table:
        """One row a class: how probable it is that the drawing shows it, or one an output."""
        if self._reading is None or self._experiment is None:
            return Table({})
        scores = self._reading.scores.ravel()
        names = class_names(self._experiment)
        if len(names) != len(scores):
            names = tuple(map(str, range(len(scores))))
        return Table({"class": np.array(names), "score": scores})
