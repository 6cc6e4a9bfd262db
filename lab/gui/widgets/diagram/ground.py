"""Where units and weights lie on their sheet, which of them the mouse and the keys mean, and which are drawn."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import QWidget

from lab.gui.theme import Theme
from lab.gui.widgets.diagram.lettering import LABELS
from lab.gui.widgets.diagram.lines import MOST, REACH, Lines, strongest
from lab.gui.widgets.diagram.net import Net
from lab.gui.widgets.diagram.numbers import Numbers
from lab.gui.widgets.diagram.placing import Placed, Room, placed
from lab.gui.widgets.diagram.sheet import Line, Mark, More, Sheet, Spot

DISC = (1.8, 5.0)
"""Pixels: radius of a bias of 0, and of the largest."""


class UnitsGround(Sheet):
    """All but the painting."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._net: Net | None = None
        self._numbers: Numbers | None = None
        self._placed: tuple[Placed, ...] = ()
        self._extent = QSizeF()
        self._lines: list[Lines] = []
        self._firsts: dict[str, int] = {}
        self._opened: set[str] = set()
        self._pictures: dict[str, list[QImage]] = {}
        self.drawn = 0
        """Weights that were drawn as lines last."""

    # what is shown

    def show_net(self, net: Net) -> None:
        if net != self._net:
            self._net = net
            self._firsts.clear()
            self._opened.clear()
            self._numbers = None
            self._arrange()

    def show_numbers(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._pictures.clear()
        self.update()

    def show_theme(self, theme: Theme) -> None:
        self.theme = theme
        self._pictures.clear()
        self.update()

    @property
    def columns(self) -> tuple[Placed, ...]:
        return self._placed

    def column(self, name: str) -> Placed | None:
        return next((column for column in self._placed if column.name == name), None)

    def toggle(self, layer: str) -> None:
        """Draw all units of a layer, or fold it again."""
        self._opened ^= {layer}
        self._arrange()

    def reveal(self, spot: Spot) -> None:
        """Scroll a folded layer so far that one of its units can be seen."""
        column = self.column(spot.layer)
        if column is not None and column.picture is None and spot.unit not in column.units:
            before = spot.unit < column.first
            self._firsts[spot.layer] = spot.unit if before else spot.unit - column.shown + 1
            self._arrange()

    def choose(self, mark: Spot | Line | None) -> None:
        if mark is not None:
            self.reveal(Spot(mark.layer, mark.unit))
        super().choose(mark)

    # where it lies

    @property
    def extent(self) -> QSizeF:
        return self._extent

    def _arrange(self) -> None:
        if self._net is None:
            return
        metrics, line = self.fontMetrics(), self.fontMetrics().height()
        widths = [
            max((metrics.horizontalAdvance(text) for text in column.labels), default=-8) + 8
            for column in (self._net.columns[0], self._net.columns[-1])
        ]
        most = self.width() * LABELS
        room = Room(2 * line + 14, line + 6, min(widths[0], most), min(widths[1], most))
        size = QSizeF(max(self.width(), 120), max(self.height(), 120))
        self._placed, self._extent = placed(self._net, size, room, self._firsts, self._opened)
        pairs = zip(self._placed, self._placed[1:], strict=False)
        self._lines = [Lines(start, end) for start, end in pairs]
        self._pictures.clear()
        if self.is_untouched:
            self.fit()
        self.update()

    def fitting(self, extent: QSizeF) -> float:
        """A layer that was unfolded is higher than the sheet, and pushed about."""
        return super().fitting(QSizeF(extent.width(), min(extent.height(), self.height())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()
        super().resizeEvent(event)

    def area_of(self, spot: Spot) -> QRectF | None:
        column = self.column(spot.layer)
        if column is None or (column.picture is None and spot.unit not in column.units):
            return None
        return column.area(spot.unit)

    def mark_at(self, point: QPointF) -> Mark | None:
        for column in self._placed:
            if column.more is not None and column.more.contains(point):
                return More(column.name)
            unit = column.unit_at(point)
            if unit is not None:
                return self._place_in(column, unit, point)
        for column in self._placed:
            if column.column.bias and self._numbers is not None:
                for unit in column.units:
                    at = self.bias_at(column, unit)
                    if math.hypot(at.x() - point.x(), at.y() - point.y()) <= DISC[1]:
                        return Line(column.name, unit, -1)
        return self._line_at(point)

    def _place_in(self, column: Placed, unit: int, point: QPointF) -> Spot:
        numbers = self._numbers
        maps = None if numbers is None else numbers.maps.get(column.name)
        if maps is None:
            return Spot(column.name, unit)
        area, (_, rows, columns) = column.area(unit), maps.shape
        row = int((point.y() - area.top()) / area.height() * rows)
        across = int((point.x() - area.left()) / area.width() * columns)
        return Spot(column.name, unit, min(max(row, 0), rows - 1), min(max(across, 0), columns - 1))

    def _line_at(self, point: QPointF) -> Line | None:
        best: tuple[float, Line] | None = None
        for lines in self._lines:
            W = self._weights(lines)
            if W is None:
                continue
            found = lines.nearest(point, self._wanted(lines, W), REACH / min(self.zoom, 1.0))
            if found is not None and (best is None or found[0] < best[0]):
                at = found[1]
                best = found[0], Line(lines.end.name, int(lines.targets[at]), int(lines.sources[at]))
        return None if best is None else best[1]

    def scroll_layer(self, point: QPointF, by: int) -> bool:
        for column in self._placed:
            near = abs(point.x() - column.middle) <= max(column.width, 60) / 2
            if near and column.folded:
                self._firsts[column.name] = min(max(column.first + by, 0), column.folded)
                self._arrange()
                return True
        return False

    # walking

    def first(self) -> Spot | None:
        return Spot(self._placed[0].name, 0) if self._placed else None

    def last(self) -> Spot | None:
        return Spot(self._placed[-1].name, self._placed[-1].column.count - 1) if self._placed else None

    def neighbour(self, way: tuple[int, int]) -> Spot | None:
        chosen = self.chosen
        here = self.column(chosen.layer) if chosen is not None else None
        if chosen is None or here is None:
            return self.first()
        across, down = way
        if down:
            by = here.column.image[2] if here.column.image is not None else 1
            unit = chosen.unit + down * by
            return Spot(here.name, unit) if 0 <= unit < here.column.count else None
        if (
            here.column.image is not None
            and 0 <= chosen.unit % here.column.image[2] + across < here.column.image[2]
        ):
            return Spot(here.name, chosen.unit + across)
        place = self._placed.index(here) + across
        if not 0 <= place < len(self._placed):
            return None
        there = self._placed[place]
        y = here.area(chosen.unit).center().y()
        if there.picture is not None:
            height, width = there.column.image[1:] if there.column.image is not None else (1, 1)
            row = int((y - there.picture.top()) / there.picture.height() * height)
            return Spot(there.name, min(max(row, 0), height - 1) * width + (width - 1 if across < 0 else 0))
        return Spot(there.name, min(there.units, key=lambda u: abs(there.area(u).center().y() - y)))

    def follow_weight(self, by: int) -> Line | None:
        chosen = self.chosen
        column = self.column(chosen.layer) if chosen is not None else None
        if chosen is None or column is None or not column.column.weight:
            return None
        many = self._placed[self._placed.index(column) - 1].column.count
        least = -1 if column.column.bias else 0
        if isinstance(chosen, Spot):
            return Line(column.name, chosen.unit, 0 if by > 0 else many - 1)
        source = chosen.source + by
        return Line(
            column.name, chosen.unit, least if source >= many else many - 1 if source < least else source
        )

    # what is looked at

    def _focus(self) -> Spot | Line | None:
        """What is looked at: lines that are not of it are pale."""
        return self.under if isinstance(self.under, Spot | Line) else self.chosen

    def _weights(self, lines: Lines) -> np.ndarray | None:
        """Of each of the lines; None where they are no weights."""
        W = None if self._numbers is None else self._numbers.weights.get(lines.end.column.weight)
        if W is None or W.shape != (lines.end.column.count, lines.start.column.count):
            return None
        found: np.ndarray = W[lines.targets, lines.sources]
        return found

    def _wanted(self, lines: Lines, weights: np.ndarray) -> np.ndarray:
        """Which lines are drawn: the largest, and all of the unit that is looked at."""
        whole = sum(len(other) for other in self._lines)
        quota = len(lines) if whole <= MOST else max(MOST * len(lines) // whole, 60)
        found = strongest(np.abs(weights), quota)
        focus = self._focus()
        if focus is not None and quota < len(lines):
            found = np.union1d(found, np.flatnonzero(self._are_of(lines, focus)))
        return found

    @staticmethod
    def _are_of(lines: Lines, focus: Spot | Line) -> NDArray[np.bool_]:
        """Which lines begin or end at the unit, or are the weight."""
        if isinstance(focus, Line):
            if lines.end.name != focus.layer:
                return np.zeros(len(lines), bool)
            return np.asarray((lines.targets == focus.unit) & (lines.sources == focus.source))
        found = np.zeros(len(lines), bool)
        if lines.end.name == focus.layer:
            found |= lines.targets == focus.unit
        if lines.start.name == focus.layer:
            found |= lines.sources == focus.unit
        return found

    @staticmethod
    def bias_at(column: Placed, unit: int) -> QPointF:
        """The middle of the disc that is its bias."""
        return column.area(unit).bottomLeft() + QPointF(0.5, -0.5)
