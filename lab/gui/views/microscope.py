"""Microscope: how one number of the network comes about, and how the error flows back through it, with real numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.examples import DRAWN, PARTS, turned, within
from lab.gui.views.framed import FramedView
from lab.gui.views.microscope_readings import Readings
from lab.gui.views.settings import ELSEWHERE
from lab.gui.views.view import Table
from lab.gui.widgets.microscope.face import words_of
from lab.gui.widgets.microscope.grid import ARROWS
from lab.gui.widgets.microscope.place import ExampleSteps, PlaceBar
from lab.gui.widgets.microscope.sheet import Sheet, WaySwitch
from lab.network.network import INPUT
from lab.training.listing import Line, listing
from lab.training.microscope import Slide, Spot, Token, choose, start_of, to_come
from lab.training.probes import PartName, Probe
from lab.training.snapshot import Snapshot

NARROW = 480
"""Pixels of width below which fields go without their names."""
SCAN = 450
"""Milliseconds from one place to the next: slow enough to read along."""


class MicroscopeView(FramedView):
    """`number_set` carries the flat index of a weight and the value that a person gives it."""

    name = "microscope"
    title = "Microscope"
    tab = "Lens"
    summary = (
        "One number of the network at a time: how it comes about and how the error flows back through it"
    )
    hint = "Click a number to go to where it comes from; arrow keys move the window"
    rest = 0.1

    number_set = Signal(int, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = Selection()
        self._snapshot: Snapshot | None = None
        self._slide: Slide | None = None
        self._spot: Spot | None = None
        self._pixel: Spot | None = None
        self._cursor = (-1, 0)  # step and operation at which the machine was seen last
        self.readings = Readings()
        self._add_controls()
        self.sheet = Sheet()
        self.set_picture(self.sheet)
        self.sheet.pointed.connect(self._point)
        self.sheet.chosen.connect(self._choose_pixel)
        self.sheet.moved.connect(self._move)
        self.sheet.stepped.connect(self._step)
        self.sheet.hovered.connect(self._hover)
        self.sheet.checked.connect(self._check)
        self.hand = self.sheet.hand
        self.hand.weight_set.connect(self._set_weight)
        self.hand.bias_set.connect(self._set_bias)
        self.hand.pixel_set.connect(self._set_pixel)
        self.hand.undone.connect(self._undo_pixels)
        self._timer = QTimer(self)
        self._timer.setInterval(SCAN)
        self._timer.timeout.connect(self._scan_on)
        self.say("Press play, or step once: the arithmetic of one number appears here")

    def _add_controls(self) -> None:
        add = self.controls
        self.place, self.ways = PlaceBar(), WaySwitch()
        self.place.moved.connect(self._go)
        self.ways.turned.connect(lambda _: self._show())
        add.add(self.place)
        add.add(self.ways)
        self._part = add.choice(
            "Example of", PARTS, "Which part of the data the example is taken from", self._choose_part
        )
        self._part.setProperty(ELSEWHERE, True)
        self._part.setCurrentIndex(1)
        self._part.setPlaceholderText(DRAWN)
        self.steps = ExampleSteps()
        self.steps.turned.connect(self._turn)
        add.add(self.steps)
        self.scan = add.button(
            "scan", "Let the window go over the whole map, place by place", self._scan, "Scan the map"
        )
        self.scan.setCheckable(True)
        self.follow = add.switch(
            "follow",
            "Turn to each operation as it is made, forwards and backwards, on the batch that comes next: "
            "step by operation in the transport or in the program",
            lambda _: self._turn_to_follow(),
        )
        add.button("copy", "Copy the arithmetic as text (Ctrl+C)", self.copy, "Copy as text")

    # --- what is asked for

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        return self.readings.probes(*within(snapshot.experiment, selection), self.follow.isChecked())

    def show_selection(self, selection: Selection) -> None:
        before, self._selection = self._selection, selection
        index = self._part.findData(selection.part)
        if index != self._part.currentIndex():
            self._part.blockSignals(True)
            self._part.setCurrentIndex(index)
            self._part.blockSignals(False)
        if (before.part, before.example) != (selection.part, selection.example):
            self.readings.changed = ()
        if (before.layer, before.unit) != (selection.layer, selection.unit):
            self._spot = self._pixel = None
        if before.weight != selection.weight:
            self._pixel = None
        self._show()

    def _choose_part(self, part: str) -> None:
        if part != self._selection.part:
            self.picked.emit(replace(self._selection, part=cast(PartName, part), example=0))

    def _turn(self, by: int) -> None:
        if self._snapshot is None:
            return
        if self.follow.isChecked():
            self.readings.turn(by, self._snapshot.experiment.batch_size)
            self.watching_changed.emit()
            return
        self.picked.emit(turned(self._snapshot.experiment, self._selection, by))

    # --- what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        if self._snapshot is None or snapshot.experiment.data != self._snapshot.experiment.data:
            self.readings.changed = ()
        self._snapshot = snapshot
        self._follow(snapshot)
        part, example = within(snapshot.experiment, self._selection)
        slide = self.readings.slide(snapshot, part, example, self.follow.isChecked())
        if slide is None:
            return
        self._slide = slide
        self.place.show_layers(tuple(node.name for node in snapshot.experiment.network.nodes))
        if self.readings.answered:  # a check is made once
            self.watching_changed.emit()
        self._show()
        self.show_picture()

    def _aim(self, slide: Slide) -> Spot:
        """The number that the selection points at, or the first that is worth a look."""
        chosen, names = self._selection, [node.name for node in slide.experiment.network.nodes]
        layer = chosen.layer if chosen.layer in names else names[0]
        assert layer is not None
        shape = slide.shape(layer)
        unit = min(max(chosen.unit, 0), shape.channels - 1)
        if chosen.layer == layer and chosen.row >= 0 and chosen.column >= 0:
            return Spot(layer, unit, min(chosen.row, shape.height - 1), min(chosen.column, shape.width - 1))
        known = self._spot
        if known is None or (known.layer, known.unit) != (layer, unit):
            return start_of(slide, layer, unit)
        return (
            known if known.row < shape.height and known.column < shape.width else start_of(slide, layer, unit)
        )

    def _show(self) -> None:
        slide, snapshot = self._slide, self._snapshot
        if slide is None or snapshot is None:
            return
        spot = self._spot = self._aim(slide)
        if self.place.show_spot(spot, slide.shape(spot.layer)):
            self.controls.arrange()
        chosen = choose(slide, spot, self._selection.weight, self._pixel)
        self.readings.keep_check(chosen)
        coming = frozenset[str]()
        if self.follow.isChecked():
            lines, analysis = listing(slide.experiment), slide.experiment.analysis
            coming = frozenset(to_come(lines, analysis, spot.layer, snapshot.operation))
        words = self.readings.words(slide, within(snapshot.experiment, self._selection)[0])
        self.sheet.show_numbers(slide, spot, chosen, coming, self.ways.is_backward, words)
        self.sheet.back.show_check(*self.readings.check_words())
        self.hand.show_choice(slide, self.sheet.backward, len(self.readings.changed))
        self.readout.rest(words_of(slide, spot))

    # --- following the machine

    def _follow(self, snapshot: Snapshot) -> None:
        """Turn to the operation that was made last."""
        now, before = (snapshot.step, snapshot.operation), self._cursor
        self._cursor = now
        if now == before or not self.follow.isChecked() or snapshot.operation <= 0:
            return
        line = listing(snapshot.experiment)[snapshot.operation - 1]
        if line.direction != "batch":
            self.ways.turn(line.direction != "forward")
        layer = self._layer_of(line, snapshot)
        if layer is not None and layer != self._selection.layer:
            self._spot = self._pixel = None
            self._selection = replace(self._selection, layer=layer, unit=0, row=-1, column=-1)
            self.picked.emit(self._selection)

    @staticmethod
    def _layer_of(line: Line, snapshot: Snapshot) -> str | None:
        """The layer that a line is of; of the loss the last."""
        names = [node.name for node in snapshot.experiment.network.nodes]
        if line.direction == "loss":
            return names[-1]
        return line.layer if line.layer in names else None

    def _turn_to_follow(self) -> None:
        self._cursor = (-1, 0)
        self.readings.changed = ()
        self._part.setEnabled(not self.follow.isChecked())
        self.watching_changed.emit()
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)

    # --- going about

    def _go(self, spot: Spot) -> None:
        """Another number is wanted; a place of −1 is any."""
        if spot.layer == INPUT:
            self._choose_pixel(spot)
            return
        if spot.layer != self._selection.layer:
            self._pixel = None
        self.picked.emit(
            replace(
                self._selection, layer=spot.layer, unit=max(spot.unit, 0), row=spot.row, column=spot.column
            )
        )

    def _move(self, row: int, column: int) -> None:
        if self._spot is not None and (row, column) != (self._spot.row, self._spot.column):
            self._go(replace(self._spot, row=row, column=column))

    def _step(self, down: int, right: int) -> None:
        if self._spot is None or self._slide is None:
            return
        s = self._slide.shape(self._spot.layer)
        if s.is_vector:
            self._step_unit(down + right)
        else:
            row, column = self._spot.row + down, self._spot.column + right
            self._move(min(max(row, 0), s.height - 1), min(max(column, 0), s.width - 1))

    def _step_unit(self, by: int) -> None:
        if self._spot is not None and self._slide is not None:
            many = self._slide.shape(self._spot.layer).channels
            self._go(replace(self._spot, unit=(self._spot.unit + by) % many))

    def _point(self, thing: Token | Spot) -> None:
        """A number was clicked: go to where it comes from, or take the weight."""
        spot = thing if isinstance(thing, Spot) else thing.spot
        if spot is not None:
            self._go(spot)
        elif isinstance(thing, Token) and thing.weight >= 0:
            self.picked.emit(replace(self._selection, weight=thing.weight))

    def _choose_pixel(self, spot: Spot) -> None:
        if spot != self._pixel:
            self._pixel = spot
            self._show()

    def _hover(self, thing: Token | Spot | None) -> None:
        self.readout.say("" if self._slide is None else words_of(self._slide, thing))

    def _scan(self) -> None:
        self._timer.start() if self.scan.isChecked() else self._timer.stop()

    def _scan_on(self) -> None:
        """The next place of the map, row by row; of a vector the next unit."""
        if self._spot is None or self._slide is None or not self.isVisible():
            return
        s = self._slide.shape(self._spot.layer)
        if s.is_vector:
            self._step_unit(1)
        else:
            at = (self._spot.row * s.width + self._spot.column + 1) % (s.height * s.width)
            self._move(*divmod(at, s.width))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in ARROWS:
            self._step(*ARROWS[key])
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._step_unit(1 if key == Qt.Key.Key_PageDown else -1)
        elif key in (Qt.Key.Key_N, Qt.Key.Key_P):
            self._turn(1 if key == Qt.Key.Key_N else -1)
        elif key == Qt.Key.Key_C and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.copy()
        else:
            super().keyPressEvent(event)

    # --- setting by hand, and checking

    def _set_weight(self, value: float) -> None:
        if self.sheet.backward is not None and self.sheet.backward.chosen.weight >= 0:
            self.number_set.emit(self.sheet.backward.chosen.weight, value)

    def _set_bias(self, value: float) -> None:
        if self._slide is not None and self._spot is not None and self._slide.has(self._spot.layer, "bias"):
            self.number_set.emit(self._slide.index(self._spot.layer, "bias", (self._spot.unit,)), value)

    def _set_pixel(self, value: float) -> None:
        pixel = None if self.sheet.backward is None else self.sheet.backward.chosen.pixel
        if pixel is not None and pixel.layer == INPUT:
            self._pixel = pixel
            self.readings.change(pixel.at, value)
            self.watching_changed.emit()

    def _undo_pixels(self) -> None:
        self.readings.changed = ()
        self.watching_changed.emit()

    def _check(self, role: str) -> None:
        """Have the derivative of that line compared with a difference."""
        if self._slide is not None and self.sheet.backward is not None and self._snapshot is not None:
            part, example = within(self._snapshot.experiment, self._selection)
            self.readings.ask_check(role, self._slide, self.sheet.backward, part, example)
            self._show()
            self.sheet.ensureWidgetVisible(self.sheet.back.check)
            self.watching_changed.emit()

    # --- for others

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.place.be_brief(self.width() < NARROW):
            self.controls.arrange()

    def furniture(self) -> tuple[QWidget, ...]:
        return (*super().furniture(), self.hand)

    def copy(self) -> None:
        """All that is shown, as text, to the clipboard."""
        QGuiApplication.clipboard().setText(self.sheet.text(self.ways.is_backward))
        self.readout.say("Copied as text")

    def table(self) -> Table:
        """One row a line, forwards and backwards."""
        return self.sheet.table()

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.sheet.show_theme(theme)

    @contextmanager
    def posed(self) -> Iterator[tuple[int, int] | None]:
        """High enough for all of it."""
        yield 760, self.sheet.whole_height + 120
