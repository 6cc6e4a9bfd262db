"""What lies along the timeline and where: worked out when something moved, not while painting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPainterPath

from lab.gui.widgets.time.diamonds import diamond_points
from lab.gui.widgets.time.run_clock import Alongside, RunClock
from lab.gui.widgets.time.time_axis import TimeAxis, spread

MARKS, BAR, BELOW, RULER = 7.0, 18.0, 23.0, 26.0
"""Middle of the marks, middle of the bar, tops of the checkpoints and of the other runs, in pixels from the top."""
HEIGHT = 40
EACH_RUN = 4
"""Pixels for another run's line, between the checkpoints and the ruler."""
HALF = 4.0
"""Of a mark's width."""
APART = 6.0
"""Pixels between two edit marks; nearer ones are one."""
TICKS_APART = 9.5
TICKS_A_NAME = 10
"""Ticks from one with a name to the next."""


@dataclass(frozen=True)
class Marks:
    """What there is to mark, in steps; `branches` are (step, name of the run, its colour, words)."""

    edits: tuple[int, ...] = ()
    checkpoints: tuple[int, ...] = ()
    breakpoints: tuple[int, ...] = ()
    branches: tuple[tuple[int, str, int, str], ...] = ()
    others: tuple[Alongside, ...] = ()


class Placed:
    """Marks as shapes on an axis. `checkpoints`, `ticks` and `named` ticks are hairlines, and merely where those are.

    `labels` are (x, words) of the ruler, `others` are (run, line, hook). `room` is the width of a letter in pixels.
    """

    def __init__(self, axis: TimeAxis, marks: Marks, clock: RunClock, room: float) -> None:
        ruler = RULER + EACH_RUN * len(marks.others)
        diamonds = spread(_seen(axis, marks.edits), APART)
        self.diamonds = diamond_points(diamonds, MARKS)
        self.checkpoints = spread(_seen(axis, marks.checkpoints), 2.0)
        self.breakpoints = _seen(axis, marks.breakpoints).tolist()
        self.branches: list[tuple[QPainterPath, int, float, str]] = []
        taken = [(x - HALF, x + HALF) for x in diamonds]
        for step, name, colour, _words in marks.branches:
            if axis.sees(step):
                wide = 2 * HALF + 4 + room * len(name)
                x = _free(axis.x(float(step)) - HALF, wide, taken) + HALF
                self.branches.append((_fork(x), colour, x + HALF + 2, name))
                taken.append((x - HALF, x - HALF + wide))
        lanes = {other.run: BELOW + 4 + EACH_RUN * k for k, other in enumerate(marks.others)}
        self.others = [
            (other, *_lane(axis, other, lanes[other.run], lanes.get(other.parent, BAR + 3)))
            for other in marks.others
        ]
        self.ruler = ruler
        self.ticks: list[float] = []
        self.named: list[float] = []
        self.labels: list[tuple[float, str]] = []
        covered = 0.0
        for x, words in _ruler(axis, clock):
            if words:
                self.named.append(x)
                self.labels.append((x + 4, words))
                covered = x + 6 + room * len(words)
            elif x > covered:
                self.ticks.append(x)


def _seen(axis: TimeAxis, steps: tuple[int, ...]) -> NDArray[np.float64]:
    """Pixels of the steps in sight, in order."""
    found = np.asarray(steps, np.float64)
    return axis.x(np.sort(found[(found >= axis.first) & (found <= axis.last)]))


def _free(left: float, wide: float, taken: list[tuple[float, float]]) -> float:
    """`left`, or the next place to the right where so wide a mark covers none of those that are there."""
    for start, end in sorted(taken):
        if start < left + wide and left < end:
            left = end + 1
    return left


def _fork(x: float) -> QPainterPath:
    """A stem that parts in two."""
    path = QPainterPath(QPointF(x, MARKS + HALF + 1))
    path.lineTo(x, MARKS + 0.5)
    for side in (-3.0, 3.0):
        path.moveTo(x, MARKS + 1.5)
        path.lineTo(x + side, MARKS - 2)
        path.lineTo(x + side, MARKS - HALF)
    return path


def _lane(axis: TimeAxis, other: Alongside, y: float, parent: float) -> tuple[QRectF, QLineF | None]:
    """Another run's own part, and the line that ties it to its parent's height where it left, if that is in sight."""
    first, last = (min(max(axis.x(float(s)), axis.left), axis.right) for s in (other.first, other.last))
    hook = QLineF(first, parent, first, y) if other.first > 0 and axis.sees(other.first) else None
    return QRectF(first, y - 1, max(last - first, 0.0), 2), hook


def _ruler(axis: TimeAxis, clock: RunClock) -> Iterator[tuple[float, str]]:
    """Where epochs end, or round steps where there are too few of those, and the names of some of them."""
    if not axis.furthest:
        return
    first, last = clock.epoch_at(axis.first), clock.epoch_at(axis.last)
    has_epochs = last - first >= 2
    for number, named in _rungs(*((first, last) if has_epochs else (axis.first, axis.last)), axis.width):
        step = clock.epoch_end(number) if has_epochs else number
        if step is not None and axis.sees(step):
            x = axis.x(float(step))
            fits = x < axis.right - 60
            yield x, f"{'epoch' if has_epochs else 'step'} {number:,}" if named and fits else ""


def _rungs(first: float, last: float, width: float) -> list[tuple[int, bool]]:
    """Round numbers from `first` to `last` with room for a tick each, and which of them are named."""
    span = max(last - first, 1e-9)
    fine = _round_up(span * TICKS_APART / width)
    coarse = fine * TICKS_A_NAME
    start = max(-(-int(np.ceil(first)) // fine) * fine, fine)
    return [(n, n % coarse == 0) for n in range(start, int(last) + 1, fine)]


def _round_up(value: float) -> int:
    """The next of 1, 2, 5, 10, 20, ..."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= value:
                return factor * power
        power *= 10
