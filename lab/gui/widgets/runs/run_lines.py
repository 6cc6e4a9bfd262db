"""The lines of several runs in one plot: each in its run's colour, the active one on top, letters at their ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF

from lab.gui.theme import Theme, blended, number_font
from lab.gui.widgets.plot import Plot, pen, positive

Values = NDArray[np.float64]
Line = tuple[Values, Values]
"""x and y, in plain values."""
Drawn = tuple[object, ...]
"""By what the points of a line are told from others: whose they are, how many, the first and the last."""
ON_TOP, OTHERS = 10, 0
"""Heights in the stack of lines."""
BESIDE = 0.03
"""Of the axis' length, within which the ends of two lines are beside one another."""
SHORT = 8
"""Characters of a name that stand at the end of a line."""
GAP, MOST_ROOM = 14, 0.35
"""Pixels before and after a name, and the share of the axis that names may take."""


@dataclass(frozen=True, eq=False)
class Strand:
    """What a plot shows of a run: single batches (empty where they are left out), their mean, and the validation."""

    run: int
    name: str
    colour: int
    batches: Line
    mean: Line
    validation: Line


class Slot:
    """The lines of one run. They are taken over by another run rather than made anew."""

    def __init__(self, plot: Plot) -> None:
        self.mean = plot.add_line(lambda theme: theme.text)
        self.validation = plot.add_line(lambda theme: theme.text, Qt.PenStyle.DashLine)
        self.label = pg.TextItem(anchor=(0.0, 0.5))
        self.label.textItem.document().setDocumentMargin(0)
        plot.addItem(self.label, ignoreBounds=True)
        self.mean_is: Drawn = ()
        self.validation_is: Drawn = ()
        self.worn: tuple[object, ...] = ()
        self._look: tuple[Strand, bool, bool] | None = None
        plot.styled(
            self._wear_again
        )  # after the lines: a theme gives them the colour that they were made with

    def _wear_again(self, theme: Theme) -> None:
        self.worn = ()
        if self._look is not None:
            self.wear(theme, *self._look)

    @property
    def items(self) -> tuple[pg.GraphicsObject, ...]:
        return self.mean, self.validation, self.label

    def wear(self, theme: Theme, strand: Strand, active: bool, several: bool) -> None:
        look = (theme, strand.colour, strand.name, active, several)
        if look == self.worn:
            return
        self.worn, self._look = look, (strand, active, several)
        colour = theme.run(strand.colour)
        stroke = 2 if active and several else 1
        self.mean.setPen(pen(colour, stroke))
        # a run alone has its validation in the colour of words; among others colour says which run it is of
        self.validation.setPen(pen(colour if several else theme.text, 1, Qt.PenStyle.DashLine))
        for item in self.items:
            item.setZValue(ON_TOP if active else OTHERS)
        self.label.setText(f"\u2002{strand.name[:SHORT]}")
        self.label.setColor(colour)
        self.label.setFont(number_font(max(number_font().pointSizeF() - 1, 7), bold=active))


class RunLines:
    """Draws strands into a plot. `log` says which axes are logarithmic, x and y."""

    def __init__(self, plot: Plot) -> None:
        self._plot = plot
        self.batches = plot.add_line(lambda theme: theme.text)
        self.batches.setZValue(-1)
        self.slots: list[Slot] = []
        self._strands: tuple[Strand, ...] = ()
        self._active = -1
        self._log = (False, False)
        self._theme: Theme | None = None
        self._faint = ""  # the colour of the single batches
        self._batches_are: Drawn = ()
        plot.styled(self._restyle)
        for changed in (plot.box.sigRangeChanged, plot.box.sigResized):
            changed.connect(lambda *_: self._place_labels())

    def room_for_names(self) -> float:
        """Which share of the horizontal axis the names at the ends of the lines take."""
        metrics = QFontMetricsF(number_font(bold=True))
        widest = max((metrics.horizontalAdvance(one.name[:SHORT]) for one in self._strands), default=0.0)
        return float(min((widest + GAP) / max(self._plot.box.width(), 1.0), MOST_ROOM))

    def _restyle(self, theme: Theme) -> None:
        self._theme, self._faint = theme, ""
        self._wear()

    def show_strands(self, strands: tuple[Strand, ...], active: int, log: tuple[bool, bool]) -> None:
        self._strands, self._active = strands, active
        while len(self.slots) < len(strands):
            self.slots.append(Slot(self._plot))
        self._log = log
        for k, slot in enumerate(self.slots):
            for item in slot.items:
                item.setVisible(k < len(strands))
            if k < len(strands):
                slot.mean_is = self._draw(slot.mean, strands[k], strands[k].mean, slot.mean_is)
                slot.validation_is = self._draw(
                    slot.validation, strands[k], strands[k].validation, slot.validation_is
                )
        of = next((strand for strand in strands if strand.run == active), None)
        if of is not None:
            self._batches_are = self._draw(self.batches, of, of.batches, self._batches_are)
        self._wear()
        self._place_labels()

    def _draw(self, line: pg.PlotDataItem, strand: Strand, points: Line, is_now: Drawn) -> Drawn:
        """Give a line its points, unless they are those it has."""
        ends = (values[at].tobytes() for values in points for at in (slice(1), slice(-1, None)))
        wanted = (strand.run, self._log, len(points[0]), *ends)
        if wanted != is_now:
            line.setData(positive(points[0], self._log[0]), positive(points[1], self._log[1]))
        return wanted

    def _wear(self) -> None:
        if self._theme is None:
            return
        several = len(self._strands) > 1
        for slot, strand in zip(self.slots, self._strands, strict=False):
            slot.wear(self._theme, strand, strand.run == self._active, several)
            faint = blended(self._theme.run(strand.colour), self._theme.surface, 0.35)
            if strand.run == self._active and faint != self._faint:
                self._faint = faint
                self.batches.setPen(pen(faint, 1))

    def _place_labels(self) -> None:
        """Names beside the ends of the lines, pushed apart where they would cover one another."""
        several = len(self._strands) > 1
        (_, (low, high)), tall = self._plot.box.viewRange(), self._plot.box.height()
        ends = [
            _end(strand.mean, self._log) or _end(strand.validation, self._log) if several else None
            for strand in self._strands
        ]
        for slot, end in zip(self.slots, ends, strict=False):
            slot.label.setVisible(end is not None)
        if tall <= 0:
            return
        line = QFontMetricsF(number_font()).height() * 0.8 * (high - low) / tall
        for column in self._columns(ends):
            if len(column) * line > high - low:  # there is room for one alone
                for _, k in column:
                    self.slots[k].label.setVisible(self._strands[k].run == self._active)
            for y, k in apart_from_each_other(column, line, low + line / 2, high - line / 2):
                self.slots[k].label.setPos(cast(tuple[float, float], ends[k])[0], y)

    def _columns(self, ends: list[tuple[float, float] | None]) -> list[list[tuple[float, int]]]:
        """Lines that end side by side: (height of the end, which line)."""
        (left, right), _ = self._plot.box.viewRange()
        columns: list[list[tuple[float, int]]] = []
        before = -np.inf
        for x, y, k in sorted((*end, k) for k, end in enumerate(ends) if end is not None):
            if x - before > BESIDE * (right - left):
                columns.append([])
            columns[-1].append((y, k))
            before = x
        return columns


def apart_from_each_other(
    wanted: list[tuple[float, int]], apart: float, low: float, high: float
) -> list[tuple[float, int]]:
    """(place, which) in order of their places, none nearer to another than `apart` and all between low and high.

    Where there is no room for that, they are as far apart as there is.
    """
    if len(wanted) > 1:
        apart = min(apart, max(high - low, 0.0) / (len(wanted) - 1))
    placed: list[tuple[float, int]] = []
    for y, k in sorted(wanted):
        placed.append((max(y, placed[-1][0] + apart) if placed else y, k))
    # a crowd was pushed upwards: let it stand around its own middle, within the limits
    shift = sum(y for y, _ in placed) / len(placed) - sum(y for y, _ in wanted) / len(wanted)
    shift = max(shift, placed[-1][0] - high)
    shift = min(shift, placed[0][0] - low)
    return [(y - shift, k) for y, k in placed]


def _end(line: Line, log: tuple[bool, bool]) -> tuple[float, float] | None:
    """The last point that can be seen, as the plot's own coordinates."""
    x, y = (positive(values, on) for values, on in zip(line, log, strict=True))
    seen = np.flatnonzero(np.isfinite(x[-64:]) & np.isfinite(y[-64:]))
    if not len(seen):
        return None
    at = max(len(x) - 64, 0) + int(seen[-1])
    return tuple(  # type: ignore[return-value]
        float(np.log10(v[at])) if on else float(v[at]) for v, on in zip((x, y), log, strict=True)
    )
