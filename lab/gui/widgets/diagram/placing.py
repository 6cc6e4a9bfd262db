"""Where columns of units lie: side by side, each as high as the sheet; what does not fit is folded."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF

from lab.gui.widgets.diagram.net import Column, Net

EDGE = 10.0
"""Pixels around all of it."""
LARGEST, LARGEST_OUTPUT, LARGEST_IMAGE = 46.0, 104.0, 190.0
"""Pixels of a unit's picture, of a single output's, and of an input that is an image."""
SMALL, LEAST = 20.0, 15.0
"""Smaller than the first units stand in two lanes, each between two of the other; smaller than the second some are
folded."""
BETWEEN = 46.0
"""From column to column at the least: room for lines that can be told apart."""
WIDEST = 250.0
LANE = 6.0
UNLIKE = 1.6
"""So many times as large as those of another hidden layer are a unit's pictures at most."""
MORE = 18.0
"""Height of the line that says how many more there are."""


@dataclass(frozen=True)
class Placed:
    """A column in its place. `shown` units from `first` on are drawn, the others folded."""

    column: Column
    x: float
    y: float
    side: float
    pitch: float
    lanes: int
    first: int
    shown: int
    picture: QRectF | None = None
    is_open: bool = False
    """A person has unfolded it."""

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def width(self) -> float:
        if self.picture is not None:
            return self.picture.width()
        return self.side if self.lanes == 1 else 2 * self.side + LANE

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        if self.picture is not None:
            return self.picture.bottom()
        return self.y + (self.shown - 1) * self.pitch + self.side

    @property
    def units(self) -> range:
        """Those that are drawn."""
        return range(self.first, self.first + self.shown)

    @property
    def folded(self) -> int:
        return self.column.count - self.shown

    @property
    def more(self) -> QRectF | None:
        """Where it says how many are folded, or that they can be folded again."""
        if not self.folded and not self.is_open:
            return None
        wide = max(self.width, 84.0)
        return QRectF(self.middle - wide / 2, self.bottom + 4, wide, MORE)

    def area(self, unit: int) -> QRectF:
        """Where a unit that is drawn lies; of an image, its pixel."""
        if self.picture is not None and self.column.image is not None:
            _, height, width = self.column.image
            row, column = divmod(unit % (height * width), width)
            size = QSizeF(self.picture.width() / width, self.picture.height() / height)
            corner = QPointF(
                self.picture.left() + column * size.width(), self.picture.top() + row * size.height()
            )
            return QRectF(corner, size)
        at = unit - self.first
        x = self.x + (self.side + LANE) * (at % self.lanes)
        return QRectF(x, self.y + at * self.pitch, self.side, self.side)

    def unit_at(self, point: QPointF) -> int | None:
        if self.picture is not None and self.column.image is not None:
            if not self.picture.contains(point):
                return None
            _, height, width = self.column.image
            row = int((point.y() - self.picture.top()) / self.picture.height() * height)
            column = int((point.x() - self.picture.left()) / self.picture.width() * width)
            return min(row, height - 1) * width + min(column, width - 1)
        if not self.x - 1 <= point.x() <= self.x + self.width + 1:
            return None
        guess = int((point.y() - self.y) // self.pitch)
        near = range(max(guess - self.lanes, 0), min(guess + 1, self.shown - 1) + 1)
        return next((self.first + k for k in near if self.area(self.first + k).contains(point)), None)


@dataclass(frozen=True)
class Room:
    """What the columns must leave: above for their names, below for the scale, left and right for units' names."""

    top: float
    bottom: float
    left: float = 0.0
    right: float = 0.0


def placed(
    net: Net, size: QSizeF, room: Room, firsts: Mapping[str, int], opened: Collection[str]
) -> tuple[tuple[Placed, ...], QSizeF]:
    """The columns in their places, and the size of the sheet, which may be more than `size`."""
    for _ in range(3):  # where it is too narrow, all of it is drawn smaller, and may be as much higher
        found, extent = _placed(net, size, room, firsts, opened)
        if extent.width() <= 1.01 * size.width():
            break
        size = size * min(extent.width() / size.width(), 1.5)
    return found, extent


def _placed(
    net: Net, size: QSizeF, room: Room, firsts: Mapping[str, int], opened: Collection[str]
) -> tuple[tuple[Placed, ...], QSizeF]:
    tall = max(size.height() - room.top - room.bottom - EDGE, 60.0)
    places = range(len(net.columns))
    sized = [_sized(net, k, tall, size.width(), math.inf, firsts, opened) for k in places]
    most = UNLIKE * min((column.side for column in sized[1:-1]), default=math.inf)
    sized = [_sized(net, k, tall, size.width(), most, firsts, opened) for k in places]
    widths = sum(column.width for column in sized)
    free = size.width() - 2 * EDGE - room.left - room.right - widths
    gap = min(max(free / max(len(sized) - 1, 1), BETWEEN), WIDEST)
    wide = 2 * EDGE + room.left + room.right + widths + gap * (len(sized) - 1)
    x = EDGE + room.left + max((size.width() - wide) / 2, 0.0)
    highest = max(tall, *(column.bottom + (MORE + 6 if column.more else 0) for column in sized))
    found = []
    for column in sized:
        extra = MORE + 4 if column.more else 0.0
        y = (
            room.top
            + (max(tall if column.bottom <= tall else highest, column.bottom) - column.bottom - extra) / 2
        )
        y = max(y, room.top)
        picture = None if column.picture is None else column.picture.translated(x, y)
        found.append(
            Placed(
                column.column, x, y, column.side, column.pitch, column.lanes, column.first, column.shown, picture,
                column.is_open,
            )
        )  # fmt: skip
        x += column.width + gap
    return tuple(found), QSizeF(max(wide, size.width()), room.top + highest + room.bottom + EDGE)


def _sized(
    net: Net,
    place: int,
    tall: float,
    wide: float,
    most: float,
    firsts: Mapping[str, int],
    opened: Collection[str],
) -> Placed:
    """The column at x = y = 0."""
    column = net.columns[place]
    count = column.count
    if column.image is not None:
        _, height, width = column.image
        scale = min(tall * 0.92 / height, min(wide * 0.26, LARGEST_IMAGE) / width)
        return Placed(column, 0, 0, 0, 0, 1, 0, count, QRectF(0, 0, width * scale, height * scale))
    largest = LARGEST if net.on_plane else 0.8 * LARGEST
    if 0 < place < len(net.columns) - 1:
        largest = min(largest, most)
    if place == len(net.columns) - 1 and count <= 2 and net.on_plane:
        largest = min(LARGEST_OUTPUT, wide * 0.22)
    pitch = tall / count
    side = max(min(pitch - min(max(0.16 * pitch, 2.0), 10.0), largest), 3.0)
    lanes = 1
    named = bool(column.labels)  # a name beside each: they stay in one line, however small
    if side < SMALL and count > 6 and not named:
        lanes, pitch = 2, tall / (count + 1)
        side = min(2 * pitch - 5.0, largest)
    is_open = column.name in opened and side < LEAST and not named
    shown = count
    if side < LEAST and not named:
        lanes, side, pitch = 2, LEAST, (LEAST + 5.0) / 2
        shown = count if is_open else min(max(int((tall - MORE - side) / pitch), 2), count)
    if lanes == 1:
        pitch = min(pitch, side + max(0.75 * side, 12.0))
    first = min(max(firsts.get(column.name, 0), 0), count - shown)
    return Placed(column, 0, 0, side, pitch, lanes, first, shown, None, is_open)
