"""Program: the operations that an update is made of, where within it the machine stands, and what each one does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QLabel, QSplitter, QToolButton, QWidget

from lab.gui.icons import icon
from lab.gui.selection import Selection
from lab.gui.theme import Theme, number_font
from lab.gui.views.framed import FramedView
from lab.gui.views.operands import Operands
from lab.gui.views.view import Table
from lab.gui.views.weights import flat_index
from lab.gui.widgets.listing import SECTIONS, ListingTable, shapes
from lab.training.listing import Line, group_of, listing
from lab.training.probes import Operation, OperationProbe, Probe
from lab.training.snapshot import Snapshot

NARROW = 760
"""Pixels of width below which the operation lies under the listing and not beside it."""
LOW = 460
"""Pixels of height, where it lies below, from which there is room for its formula and the heads of columns too."""
DWELL, PATIENCE = 250, 300
"""Milliseconds: that the pointer rests on a line until it is shown; that old arrays are left while new ones come."""


class ProgramView(FramedView):
    """`run_to` and `step_by` say what a person wants of the machine; the view itself steps nothing."""

    name = "program"
    title = "Program"
    summary = (
        "The operations of an update, one a line: where the machine stands, what goes in and what comes out"
    )
    hint = "Choose a line to see its inputs and outputs; Enter or a double click runs to it"

    run_to = Signal(int)
    """Stand before this line of the listing."""
    step_by = Signal(int)
    """Make so many operations more, or take back so many where it is negative."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Snapshot | None = None
        self._lines: tuple[Line, ...] = ()
        self._selection = Selection()
        self._operation, self._step = 0, -1
        self._line = 0  # chosen
        self._hovered = -1
        self._example = 0
        self._pointed = -1
        self._reading: Operation | None = None
        self._asked: OperationProbe | None = None
        self._laid_out = False
        self.table_of_lines = ListingTable()
        self.operands = Operands()
        self._add_controls()
        self._sides = QSplitter(Qt.Orientation.Horizontal)
        self._sides.setChildrenCollapsible(False)
        self._sides.addWidget(self.table_of_lines)
        self._sides.addWidget(self.operands)
        self._sides.setHandleWidth(12)
        self._sides.setStyleSheet("QSplitter::handle { background: transparent; }")
        self.set_picture(self._sides)
        self._dwell, self._patience = QTimer(self), QTimer(self)
        for timer, interval, done in (
            (self._dwell, DWELL, self._look_at_hovered),
            (self._patience, PATIENCE, self._clear),
        ):
            timer.setSingleShot(True)
            timer.setInterval(interval)
            timer.timeout.connect(done)
        self.table_of_lines.chosen.connect(self._choose)
        self.table_of_lines.run_here.connect(self.run_to)
        self.table_of_lines.pointed.connect(self._point)
        self.operands.said.connect(self.readout.say)
        self.operands.turned.connect(self._turn)
        self.operands.weight_picked.connect(self._pick_weight)
        self.say("Press play, or step once: the operations of an update appear here")

    def _icons(self) -> dict[QAction, str]:
        return {
            self.back_action: "operation-back",
            self.into_action: "operation-into",
            self.over_action: "operation-over",
            self.here_action: "operation-here",
        }

    def _add_controls(self) -> None:
        self._buttons: list[QToolButton] = []
        self.back_action = self._action(
            "Back", "Take back one operation", "Shift+F8", lambda: self.step_by.emit(-1)
        )
        self.into_action = self._action("Into", "Make one operation", "F8", lambda: self.step_by.emit(1))
        self.over_action = self._action(
            "Over", "Make the rest of a layer's operations", "F10", self._step_over
        )
        self.here_action = self._action(
            "To here", "Make all operations before the chosen one", "F9", self._run_here
        )
        for action in self._icons():
            button = QToolButton()
            button.setIconSize(QSize(18, 18))
            self._buttons.append(button)
            button.setDefaultAction(action)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(action.text())
            self.controls.add(button)
        self.place = QLabel()
        self.place.setFont(number_font())
        self.controls.add(self.place)
        self.controls.add(self.operands.manners)
        self.ahead = self.controls.switch(
            "ahead",
            "Also show what operations that are still to come will give: the update as it would be made now",
            lambda _: self._ask(),
        )

    def _action(self, brief: str, text: str, keys: str, done: Callable[[], object]) -> QAction:
        """`brief` is what its button says."""
        action, sequence = QAction(text, self), QKeySequence(keys)
        action.setIconText(brief)
        action.setShortcut(sequence)
        action.setToolTip(f"{text} ({sequence.toString(QKeySequence.SequenceFormat.NativeText)})")
        action.triggered.connect(lambda *_: done())
        self.addAction(action)
        return action

    # --- what is asked for

    @property
    def line(self) -> int:
        """The line whose inputs and outputs are shown: the one pointed at, else the chosen one."""
        return self._hovered if 0 <= self._hovered < len(self._lines) else self._line

    def probes(self, snapshot: Snapshot, selection: Selection) -> frozenset[Probe]:
        return frozenset({self._probe_of(snapshot)})

    def _probe_of(self, snapshot: Snapshot) -> OperationProbe:
        line = min(self.line, len(listing(snapshot.experiment)) - 1)
        made = line < snapshot.operation or self.ahead.isChecked()
        return OperationProbe(line, self._example, None if made else snapshot.operation)

    def _ask(self) -> None:
        """What is to be seen has changed: name it at once, and its arrays when they come."""
        if self._snapshot is None:
            return
        self._name()
        probe = self._probe_of(self._snapshot)
        if probe != self._asked:
            self._asked = probe
            self._patience.start()
            self.watching_changed.emit()

    def _clear(self) -> None:
        self._reading = None
        self.operands.clear()

    # --- what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        lines = listing(snapshot.experiment)
        self._snapshot = snapshot = replace(snapshot, operation=min(snapshot.operation, len(lines) - 1))
        if lines is not self._lines:
            self._lines = lines
            self.table_of_lines.show_lines(lines)
            self._line, self._hovered = min(self._line, len(lines) - 1), -1
            self.show_picture()
        if (snapshot.step, snapshot.operation) != (self._step, self._operation):
            self._follow(snapshot)
        self.table_of_lines.listing.stand_before(snapshot.operation)
        self.table_of_lines.choose(self._line)
        self._say_where()
        self._ask()
        reading = snapshot.readings.get(self._probe_of(snapshot))
        if isinstance(reading, Operation):
            self._patience.stop()
            if reading is not self._reading:
                self._reading = reading
                self.operands.show_operation(reading)

    def _follow(self, snapshot: Snapshot) -> None:
        """The machine was stepped: turn to the operation that was made, or taken back."""
        before, now = (self._step, self._operation), (snapshot.step, snapshot.operation)
        if snapshot.operation:
            self._hovered = -1
            if now < before:
                self._line = snapshot.operation
            elif self._line != snapshot.operation:  # else one has run to the line that is shown
                self._line = snapshot.operation - 1
        self._step, self._operation = now

    def _say_where(self) -> None:
        many = len(self._lines)
        if self._operation:
            where = f"▶ operation {self._operation} of {many}"
        else:
            where = "▶ before the first operation"
        if where != self.place.text():
            self.place.setText(where)
            self.place.setToolTip(
                f"{self._operation} of the {many} operations of update {self._step + 1:,} have been made"
            )
            self.controls.arrange()
        self.back_action.setEnabled(self._operation > 0 or self._step > 0)

    def _name(self) -> None:
        if not self._lines:
            return
        line = self._lines[self.line]
        state = (
            "comes next"
            if line.number == self._operation
            else "done"
            if line.number < self._operation
            else "to come"
        )
        self.operands.name(line, state)

    def show_selection(self, selection: Selection) -> None:
        """Turn to the first line of a layer that was selected elsewhere."""
        turned = selection.layer != self._selection.layer
        self._selection = selection
        if not turned or selection.layer is None or not self._lines:
            return
        if self._lines[self._line].layer != selection.layer:
            found = next((line.number for line in self._lines if line.layer == selection.layer), None)
            if found is not None:
                self._line = found
                self.table_of_lines.choose(found)
                self._ask()

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.table_of_lines.listing.show_theme(theme)
        self.operands.show_theme(theme)
        for action, name in self._icons().items():
            action.setIcon(icon(name, theme))

    # --- what a person does

    def _choose(self, line: int) -> None:
        self._line, self._hovered = line, -1
        self._dwell.stop()
        self._ask()
        chosen = self._lines[line]
        nodes = self._snapshot.experiment.network.nodes if self._snapshot else ()
        if chosen.layer != self._selection.layer and chosen.layer in {node.name for node in nodes}:
            self._selection = replace(self._selection, layer=chosen.layer, unit=-1, row=-1, column=-1)
            self.picked.emit(self._selection)

    @Slot(str, tuple)
    def _pick_weight(self, parameter: str, spot: tuple[int, ...]) -> None:
        if self._snapshot is None:
            return
        flat = flat_index(self._snapshot.experiment.analysis, parameter, spot)
        layer = parameter.rpartition(".")[0]
        self._selection = replace(self._selection, layer=layer, unit=-1, row=-1, column=-1, weight=flat)
        self.picked.emit(self._selection)

    def _point(self, line: int) -> None:
        if line < 0:
            self._dwell.stop()
            if self._hovered >= 0:
                self._hovered = -1
                self._ask()
            return
        self._pointed = line
        self._dwell.start()

    def _look_at_hovered(self) -> None:
        self._hovered = self._pointed
        self._ask()

    @Slot(int)
    def _turn(self, by: int) -> None:
        if self._reading is not None:
            self._example = (self._reading.example + by) % self._reading.batch
            self._ask()

    def _step_over(self) -> None:
        if self._lines:
            self.step_by.emit(group_of(self._lines, self._operation).stop - self._operation)

    def _run_here(self) -> None:
        if self._lines:
            self.run_to.emit(self._line)

    def resizeEvent(self, event: QResizeEvent) -> None:
        across = self.width() >= NARROW
        wanted = Qt.Orientation.Horizontal if across else Qt.Orientation.Vertical
        style = Qt.ToolButtonStyle
        for button in self._buttons:
            button.setToolButtonStyle(style.ToolButtonTextBesideIcon if across else style.ToolButtonIconOnly)
        self._say_where()
        low = not across and self.height() < LOW
        self.operands.be_brief(low)
        self.table_of_lines.setHeaderHidden(low)
        self.place.setVisible(across)  # where it is narrow the transport says it alone
        self.controls.arrange()
        super().resizeEvent(event)
        if wanted != self._sides.orientation() or not self._laid_out:
            self._laid_out = True
            self._sides.setOrientation(wanted)
            extent = self.width() if across else self.height()
            share = 0.52 if across else 0.45
            self._sides.setSizes([round(extent * share), round(extent * (1 - share))])

    def table(self) -> Table:
        """One row an operation: number, section, layer, what is done, shapes, multiply-adds, whether it is done."""
        lines = self._lines
        return Table(
            {
                "operation": np.array([line.number for line in lines]),
                "section": np.array([SECTIONS[line.direction] for line in lines]),
                "layer": np.array([line.layer for line in lines]),
                "what": np.array([line.operation for line in lines]),
                "shapes": np.array([shapes((line,)) for line in lines]),
                "multiply-adds of an example": np.array([line.multiply_adds for line in lines]),
                "done": np.array([line.number < self._operation for line in lines]),
            }
        )
