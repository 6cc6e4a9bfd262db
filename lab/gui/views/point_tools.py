"""What the mouse does to the points of a plane: put one there, move it, take it away."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QObject, Qt, Signal

from lab.data.datasets.points import Points, row_of
from lab.data.prepare import Prepared
from lab.experiment.experiment import Experiment
from lab.gui.theme import LIGHT
from lab.gui.views.examples import class_names
from lab.gui.widgets.choices import fill
from lab.gui.widgets.flow import FlowBar
from lab.gui.widgets.numbers import Number
from lab.gui.widgets.plot import Plot
from lab.gui.widgets.point_hand import PointHand
from lab.training.probes import PartName

LOOK, MOVE, DELETE, ADD = "look", "move", "delete", "add"
ALWAYS = [(LOOK, "look"), (MOVE, "move points"), (DELETE, "delete points")]
NEAR = 12
"""Pixels between the mouse and a point that is meant."""
EVERY = 0.2
"""Seconds between two places that a dragged point is learned from at: each is an edit."""


class PointTools(QObject):
    """A list of tools among the controls of a view, and their work in its plot."""

    edited = Signal(object, str, str)
    """How the points are changed (of Points, to Points), what that is called, and what edits become one."""
    taken = Signal()
    """A tool was taken up that changes points."""
    said = Signal(str)

    def __init__(self, controls: FlowBar, plot: Plot) -> None:
        super().__init__(plot)
        self.theme = LIGHT
        self._controls, self._plot = controls, plot
        self._experiment: Experiment | None = None
        self._data: Prepared | None = None
        self._places = np.empty((0, 2), np.float32)  # of the points to learn from and those for validation,
        self._whose: list[tuple[int, int]] = []  # and the part and the number in it of each
        self._has_told = False  # that the points have become the person's own
        self._held: int | None = None  # the row of the points that is dragged,
        self._moved_at, self._drags = 0.0, 0  # when it was moved last; and how many have been dragged so far
        self.tool = controls.choice(
            "What the mouse does",
            tuple(ALWAYS),
            "Look, or change the data with the mouse while the network learns from it. The points become your own "
            "then; undo brings back where they came from",
            lambda _: self._take(),
            captioned=False,
        )
        self.value = Number(-1e6, 1e6)
        self.value.setAccessibleName("What is to be said at the points that are added")
        self.value.setToolTip("What the network is to say at the points that you add")
        self.value.show_value(1.0)
        self.value.setFixedWidth(70)
        controls.add(self.value)
        self.value.hide()
        self._ring = plot.add_points(16)
        self._ring.setZValue(20)
        self.hand = PointHand(plot)
        self.hand.pressed.connect(self._press)
        self.hand.dragged.connect(self._drag)
        self.hand.released.connect(self._let_go)
        self.hand.moved.connect(self._show_ring)

    def show_points(self, experiment: Experiment, data: Prepared) -> None:
        """What there is to be changed: an adding tool for each class; in regression one, and what is to be said."""
        if self._has_told and not isinstance(experiment.data, Points):  # it is undone
            self._has_told = False
            self.said.emit("")
        self._experiment, self._data = experiment, data
        parts = (data.training, data.validation)
        self._places = np.concatenate([part.raw[:, :, 0, 0] for part in parts])
        self._whose = [(number_of, k) for number_of, part in enumerate(parts) for k in range(len(part))]
        names = class_names(experiment)
        adding = [(f"{ADD} {k}", f"add: {name}") for k, name in enumerate(names)]
        fill(self.tool, [*ALWAYS, *(adding or [(ADD, "add points")])], str(self.tool.currentData()))
        self._arm()

    def _take(self) -> None:
        self._arm()
        if self.hand.active:
            self.taken.emit()

    def _arm(self) -> None:
        tool = str(self.tool.currentData())
        self.hand.active, self.hand.holds = tool != LOOK, tool == MOVE
        if tool == LOOK:
            self._ring.setData([], [])
        self._plot.setCursor(Qt.CursorShape.ArrowCursor if tool == LOOK else Qt.CursorShape.CrossCursor)
        if self.value.isHidden() == (tool == ADD):
            self.value.setVisible(tool == ADD)
            self._controls.arrange()

    def row_at(self, x: float, y: float) -> int | None:
        """Which of the points lies there: its row."""
        near = self._near(x, y)
        if near is None or self._data is None or self._experiment is None:
            return None
        return row_of(self._experiment.data, self._data, *self._whose[near])

    def _near(self, x: float, y: float) -> int | None:
        if not len(self._places):
            return None
        across, up = self._plot.box.viewPixelSize()
        away = np.hypot((self._places[:, 0] - x) / across, (self._places[:, 1] - y) / up)
        near = int(away.argmin())
        return near if away[near] <= NEAR else None

    def _press(self, x: float, y: float) -> None:
        tool = str(self.tool.currentData())
        if tool.startswith(ADD):
            _, _, label = tool.partition(" ")
            value = float(label) if label else self.value.value()
            self._change(lambda points: points.with_point(x, y, value), "Add a point")
            return
        row = self.row_at(x, y)
        if row is None:
            self.said.emit("There is no point here")
        elif tool == DELETE:
            self._change(lambda points: points.without(row), "Delete a point")
        else:
            self._held, self._drags = row, self._drags + 1
            self._drag(x, y)

    def _drag(self, x: float, y: float) -> None:
        if self._held is not None:
            self._show_ring(x, y)
            if time.monotonic() >= self._moved_at + EVERY:
                self._move(self._held, x, y)

    def _show_ring(self, x: float, y: float) -> None:
        self._ring.setData([x], [y], pen=pg.mkPen(self.theme.accent, width=2), brush=None)

    def example_at(self, x: float, y: float) -> tuple[PartName, int] | None:
        """The example that lies there: its part and its number in it."""
        near = self._near(x, y)
        if near is None:
            return None
        number_of, index = self._whose[near]
        return ("validation" if number_of else "training"), index

    def _let_go(self, x: float, y: float) -> None:
        if self._held is not None:
            self._move(self._held, x, y)
            self._held = None
            self._ring.setData([], [])

    def _move(self, row: int, x: float, y: float) -> None:
        self._moved_at = time.monotonic()
        self._change(lambda points: points.with_moved(row, x, y), "Move a point", f"point {self._drags}")

    def _change(self, change: Callable[[Points], Points], text: str, merge_key: str = "") -> None:
        e = self._experiment
        if e is not None and not isinstance(e.data, Points):
            self._has_told = True
            self.said.emit(f"The points are your own now; undo brings {e.data.title} back")
        self.edited.emit(change, text, merge_key)
