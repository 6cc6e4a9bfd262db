"""The part of the timeline that is drawn and dragged."""

from __future__ import annotations

import time
from dataclasses import replace

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QToolTip, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.time.run_clock import RunClock, alongside
from lab.gui.widgets.time.scrubbing import Scrubbing
from lab.gui.widgets.time.time_axis import TimeAxis
from lab.gui.widgets.time.track_layout import BELOW, EACH_RUN, HEIGHT, Marks, Placed
from lab.gui.widgets.time.track_painting import Paints, paint_handle, paint_hint, paint_overview, paint_track
from lab.gui.widgets.time.track_words import marks_of, words_at
from lab.training.snapshot import Snapshot

EDGE = 12.0
SNAP, POINT_AT = 4.0, 5.0
"""Pixels within which a drag lands on an edit, and within which a mark is pointed at."""
TIP_EDGE = 66
"""Pixels of a tool tip around its lines, and how far below the point it was asked for it is put."""
ZOOM = 0.8
LATEST = 0.5
"""Seconds that the handle stays where it was let go, at most, until the run is there."""

KEYS = frozenset(
    {
        Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown, Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus, Qt.Key.Key_0,
    }
)  # fmt: skip


class Track(QAbstractSlider):
    """A slider over the steps of a run, from its start to the furthest.

    It only asks: `scrubbed` while it is dragged, `chosen` in the end or by a key, `stepped` (+1 or -1) by the arrows,
    `run_chosen` where another run's line was clicked. What it shows comes by snapshots.
    """

    scrubbed = Signal(int)
    chosen = Signal(int)
    stepped = Signal(int)
    run_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = LIGHT
        self._snapshot: Snapshot | None = None
        self._clock: RunClock | None = None
        self._marks = Marks()
        self._axis = TimeAxis()
        self._placed: Placed | None = None
        self._paints: Paints | None = None
        self._held: int | None = None
        """Where a person holds the handle, or has let it go and the run is not there yet."""
        self._held_until = 0.0
        self._is_dragged = False
        self._left_at = 0
        self._hover: float | None = None
        self._scrubbing = Scrubbing(self)
        self._scrubbing.asked.connect(self.scrubbed)
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setRange(0, 0)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFont(number_font(max(self.font().pointSizeF() - 1.5, 7)))
        self.setAccessibleName("Timeline")

    def minimumSizeHint(self) -> QSize:
        return QSize(120, HEIGHT)

    # --- what is shown

    @property
    def step(self) -> int:
        """Where the handle is."""
        return self._held if self._held is not None else self.value()

    @property
    def axis(self) -> TimeAxis:
        return self._axis

    def show_snapshot(self, snapshot: Snapshot) -> None:
        before, self._snapshot = self._snapshot, snapshot
        if before is not None and before.run != snapshot.run:
            self._axis = self._axis.whole()
        follows = self._axis.sees(self.value())
        furthest = max(snapshot.furthest, snapshot.step)
        self._clock = RunClock(snapshot.curves, self._epoch_size(before, snapshot))
        marks = marks_of(snapshot, alongside(snapshot, self._clock), self._marks.breakpoints)
        axis = self._axis.over(furthest)
        if follows and not self._is_dragged:
            axis = axis.showing(snapshot.step)
        if axis != self._axis or marks != self._marks or before is None or before.run != snapshot.run:
            self._axis, self._marks, self._placed = axis, marks, None
        if before is None or before.colour != snapshot.colour:
            self._paints = None
        self.setFixedHeight(HEIGHT + EACH_RUN * len(marks.others))
        self.setMaximum(furthest)
        self.setValue(snapshot.step)
        if not self._is_dragged and (snapshot.step == self._held or time.monotonic() > self._held_until):
            self._held = None
        self._scrubbing.seen(snapshot.step)
        self.setAccessibleDescription(f"step {snapshot.step:,} of {furthest:,}")
        self.update()

    def _epoch_size(self, before: Snapshot | None, snapshot: Snapshot) -> int:
        """Examples of an epoch; at the start, where it cannot be told from the snapshot, what it was before."""
        if snapshot.epoch > 0:
            return round(snapshot.examples / snapshot.epoch)
        same = before is not None and before.experiment.data == snapshot.experiment.data
        return self._clock.epoch_size if same and self._clock is not None else 0

    def show_breakpoints(self, steps: tuple[int, ...]) -> None:
        self._marks = replace(self._marks, breakpoints=tuple(steps))
        self._lay_anew(self._axis)

    def show_theme(self, theme: Theme) -> None:
        self._theme, self._paints = theme, None
        self.update()

    def _lay_anew(self, axis: TimeAxis) -> None:
        self._axis, self._placed = axis, None
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._paints is None:
            colour = self._snapshot.colour if self._snapshot else 0
            self._paints = Paints.of(self._theme, colour, self.isEnabled())
        if self._placed is None:
            clock = self._clock or RunClock.none()
            room = QFontMetricsF(self.font()).averageCharWidth()
            self._placed = Placed(self._axis, self._marks, clock, room)
        here = self._axis.x(float(self.step))
        paint_track(painter, self._paints, self._axis, self._placed, here, self.step < self.maximum())
        if not self.maximum():
            paint_hint(painter, self._paints, self._axis)
        elif self._hover is not None:
            painter.setPen(self._paints.muted)
            painter.drawLine(round(self._hover), 11, round(self._hover), 25)
        if self._axis.sees(self.step):
            paint_handle(painter, self._paints, here, self.hasFocus())
        if self._axis.window is not None:
            paint_overview(painter, self._paints, self._axis, self.step)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self._paints = None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_anew(replace(self._axis, left=EDGE, width=max(self.width() - 2 * EDGE, 1.0)))

    # --- the mouse

    def _step_at(self, x: float) -> int:
        """The step under a pixel, or that of an edit beside it where single steps cannot be told apart."""
        step, axis = self._axis.step(x), self._axis
        if axis.pixels_a_step < SNAP and self._marks.edits:
            nearest = min(self._marks.edits, key=lambda edit: abs(edit - step))
            if abs(axis.x(float(nearest)) - x) <= SNAP:
                return nearest
        return step

    def _run_at(self, y: float) -> int | None:
        """Which other run's line is at this height."""
        lane = int((y - BELOW - 2) // EACH_RUN)
        others = self._marks.others
        return others[lane].run if y >= BELOW + 2 and lane < len(others) else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._snapshot is None:
            return
        other = self._run_at(event.position().y())
        if other is not None:
            self.run_chosen.emit(other)
        elif self.maximum():
            self._is_dragged, self._left_at = True, self.step
            self._drag_to(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = min(max(event.position().x(), self._axis.left), self._axis.right)
        if self._is_dragged:
            self._drag_to(event.position().x())
        other = self._run_at(event.position().y())
        self.setCursor(
            Qt.CursorShape.PointingHandCursor
            if other is not None and not self._is_dragged
            else Qt.CursorShape.ArrowCursor
        )
        self._tell(event.globalPosition().toPoint(), event.position().x(), other)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._is_dragged:
            self._is_dragged = False
            self._choose(self._step_at(event.position().x()))

    def _drag_to(self, x: float) -> None:
        step = self._step_at(x)
        if step != self._held:
            self._held = step
            if self._axis.window is not None:
                self._lay_anew(self._axis.showing(step))
            self._scrubbing.want(step)
            self.update()

    def _choose(self, step: int) -> None:
        self._scrubbing.stop()
        self._held, self._held_until = step, time.monotonic() + LATEST
        if self._axis.window is not None:
            self._lay_anew(self._axis.showing(step))
        self.chosen.emit(step)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._axis.window is None:
            self.mousePressEvent(event)  # two quick clicks
        elif event.button() == Qt.MouseButton.LeftButton:
            self._lay_anew(self._axis.whole())
            self._choose(self._left_at)  # the first click of the two was not meant

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn, sideways = event.angleDelta().y(), event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            turn, sideways = 0, sideways or turn
        if sideways and not turn:
            self._lay_anew(self._axis.panned(-sideways / 2))
        elif turn:
            self._lay_anew(self._axis.zoomed(event.position().x(), ZOOM ** (turn / 120)))
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover = None
        self.update()

    def _tell(self, where: QPoint, x: float, other: int | None, more: str = "") -> bool:
        """Say above the track, which is not to be covered, what there is at a place; whether there is anything."""
        if self._snapshot is None or self._clock is None:
            return False
        step = self._held if self._is_dragged and self._held is not None else self._step_at(x)
        within = POINT_AT / self._axis.pixels_a_step
        text = words_at(self._snapshot, self._marks, self._clock, step, within, other, more)
        high = (text.count("<br>") + 1) * self.fontMetrics().height() + TIP_EDGE
        QToolTip.showText(QPoint(where.x(), self.mapToGlobal(QPoint()).y() - high), text, self)
        return True

    # --- the keyboard

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
            if Qt.Key(event.key()) in KEYS and plain:
                event.accept()
                return True
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            where = event.pos()
            return self._tell(event.globalPos(), where.x(), self._run_at(where.y()), self.toolTip())
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows: a stride. Page up and down: an epoch. Home, End: the ends. Plus, minus, 0: zoom."""
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.stepped.emit(1 if key == Qt.Key.Key_Right else -1)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._choose(0 if key == Qt.Key.Key_Home else self.maximum())
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown) and self._clock is not None:
            step = self._clock.next_epoch(self.step, 1 if key == Qt.Key.Key_PageUp else -1)
            self._choose(self.maximum() if step is None else step)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._lay_anew(self._axis.zoomed(self._middle(), ZOOM))
        elif key == Qt.Key.Key_Minus:
            self._lay_anew(self._axis.zoomed(self._middle(), 1 / ZOOM))
        elif key == Qt.Key.Key_0:
            self._lay_anew(self._axis.whole())
        else:
            event.ignore()

    def _middle(self) -> float:
        """What the keyboard zooms around: the handle, if it is in sight."""
        sees = self._axis.sees(self.step)
        return self._axis.x(float(self.step)) if sees else self._axis.left + self._axis.width / 2
