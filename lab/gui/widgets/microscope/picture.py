"""What flows into a layer, or out of it, as images: the window on it, the places that matter, the padding around it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.colour import image_of
from lab.gui.widgets.microscope.cells import LEGIBLE, colours_of, hatch, outline, paint_cells
from lab.gui.widgets.microscope.grid import ARROWS
from lab.training.microscope import Spot, said

Margin = tuple[int, int, int, int]
"""Rows and columns of padding: above, on the left, below, on the right."""
NONE = np.zeros((0, 3), np.int64)
HIGHEST, LARGEST, GAP = 190, 32, 10
"""Pixels: of the whole picture, of a cell's side, between tiles."""
MOST = 8
"""Channels that are shown at once."""
MANY = 1024
"""Spots of a channel from which a frame around them all says as much."""


@dataclass(frozen=True, eq=False)
class Scene:
    """`values` [C, H, W] are all numbers of `layer`; `channels` those that are shown, their numbers behind `title`.

    A window lies at `rows` and `columns` of every shown channel, where there are any; `spots` [n, 3] are outlined, by a
    dashed frame where they lie side by side, `chosen` by a firm one.
    """

    title: str
    layer: str
    values: NDArray[np.float32]
    channels: tuple[int, ...]
    margin: Margin = (0, 0, 0, 0)
    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    columns: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    spots: NDArray[np.int64] = field(default_factory=lambda: NONE)
    chosen: Spot | None = None

    def looks_like(self, other: Scene) -> bool:
        """Whether a picture of the one is a picture of the other: an input stays the same from step to step."""
        plain = (self.title, self.layer, self.channels, self.margin, self.chosen)
        if plain != (other.title, other.layer, other.channels, other.margin, other.chosen):
            return False
        mine, theirs = self.values[list(self.channels)], other.values[list(other.channels)]
        arrays = (
            (self.rows, other.rows),
            (self.columns, other.columns),
            (self.spots, other.spots),
            (mine, theirs),
        )
        return all(np.array_equal(a, b) for a, b in arrays)


class Picture(QWidget):
    """Drag on it, or use the arrow keys: who holds it says what moves."""

    pointed = Signal(object)
    """A Spot was clicked."""
    dragged = Signal(float, float)
    """Row and column under the pointer, in numbers of the image; they may lie in the padding."""
    stepped = Signal(int, int)
    """Arrow keys: so many rows down and columns to the right."""
    hovered = Signal(object)
    """A Spot, or None."""

    def __init__(self, name: str, tip: str, highest: int = HIGHEST, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._scene: Scene | None = None
        self._highest = highest
        self._side, self._across = 1.0, 1
        self._shape: object = None
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(60)

    # what is shown

    def show_scene(self, scene: Scene) -> None:
        before, self._scene = self._scene, scene
        if before is not None and before.looks_like(scene):
            return
        shape = (scene.values.shape, scene.channels, scene.margin)
        if shape != self._shape:
            self._shape = shape
            self._arrange()
        if scene.chosen is not None:
            value = said(float(scene.values[scene.chosen.at]))
            self.setAccessibleDescription(f"{scene.title}; at {_where(scene.chosen, scene)}: {value}")
        self.update()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    @property
    def scene(self) -> Scene | None:
        return self._scene

    # where it lies

    def _cells(self) -> tuple[int, int]:
        """Rows and columns of a tile, with its padding."""
        assert self._scene is not None
        _, height, width = self._scene.values.shape
        top, left, below, right = self._scene.margin
        return height + top + below, width + left + right

    def _arrange(self) -> None:
        if self._scene is None:
            return
        tiles, (high, wide) = max(len(self._scene.channels), 1), self._cells()
        head = self._head()
        best = (0.0, 1)
        for across in range(1, tiles + 1):
            down = -(-tiles // across)
            room = (self._highest - head * (down + 1)) / down
            side = min((self.width() - GAP * (across - 1) - 4) / across / wide, room / high, LARGEST)
            best = max(best, (side, across))
        side, self._across = best
        self._side = float(int(side)) if side >= 3 else max(side, 0.3)
        down = -(-tiles // self._across)
        self.setFixedHeight(round(down * (self._side * high + head) + head * (tiles > 1) + 6))
        self.update()

    def _head(self) -> int:
        return self.fontMetrics().height() + 2

    def sizeHint(self) -> QSize:
        if self._scene is None:
            return QSize(120, 40)
        wide = self._cells()[1] * self._side + GAP
        return QSize(round(len(self._scene.channels) * wide), self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        if event.size().width() != event.oldSize().width():
            self._arrange()

    def _corner(self, tile: int) -> tuple[float, float]:
        """Of a tile's numbers, without the padding."""
        assert self._scene is not None
        high, wide = self._cells()
        row, column = divmod(tile, self._across)
        return (
            2 + column * (wide * self._side + GAP) + self._scene.margin[1] * self._side,
            (row + 1 + (len(self._scene.channels) > 1)) * self._head()
            + (row * high + self._scene.margin[0]) * self._side
            + 2,
        )

    def area(self, tile: int, row: float, column: float, high: float = 1, wide: float = 1) -> QRectF:
        x, y = self._corner(tile)
        return QRectF(x + column * self._side, y + row * self._side, wide * self._side, high * self._side)

    def spot_at(self, point: QPointF) -> Spot | None:
        found = self._under(point)
        if found is None or self._scene is None:
            return None
        tile, row, column = found
        _, height, width = self._scene.values.shape
        if 0 <= row < height and 0 <= column < width:
            return Spot(self._scene.layer, self._scene.channels[tile], int(row), int(column))
        return None

    def _under(self, point: QPointF) -> tuple[int, float, float] | None:
        """The tile under a point, and the row and the column in it; the nearest tile where there is none."""
        if self._scene is None or not self._scene.channels:
            return None
        high, wide = self._cells()
        best, found = 1e9, None
        for tile in range(len(self._scene.channels)):
            x, y = self._corner(tile)
            row, column = (point.y() - y) / self._side, (point.x() - x) / self._side
            top, left = self._scene.margin[0], self._scene.margin[1]
            away = max(-top - row, row - (high - top), -left - column, column - (wide - left), 0.0)
            if away < best:
                best, found = away, (tile, float(np.floor(row)), float(np.floor(column)))
        return found

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        scene, theme = self._scene, self._theme
        if scene is None:
            return
        painter = QPainter(self)
        shown = scene.values[list(scene.channels)]
        finite = shown[np.isfinite(shown)]
        limit = float(np.abs(finite).max(initial=0.0)) or 1.0
        high, wide = self._cells()
        top, left, _, _ = scene.margin
        several = len(scene.channels) > 1
        painter.setFont(number_font(8))
        painter.setPen(QColor(theme.muted))
        title = QRectF(2, 0, self.width() - 4, self._head())
        words = scene.title if several or not scene.channels else f"{scene.title} {scene.channels[0]}"
        words = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(title.width()))
        painter.drawText(title, Qt.AlignmentFlag.AlignVCenter, words)
        for tile, channel in enumerate(scene.channels):
            whole = self.area(tile, -top, -left, high, wide)
            if several:
                head = QRectF(whole.left(), whole.top() - self._head(), whole.width() + 30, self._head())
                painter.setFont(number_font(8))
                painter.setPen(QColor(theme.muted))
                painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, f"{channel}")
            if any(scene.margin):
                hatch(painter, whole, theme)
            self._paint_numbers(painter, tile, shown[tile], limit)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.border), 1))
            painter.drawRect(whole)
            self._paint_window(painter, tile)
        self._paint_spots(painter)

    def _paint_numbers(self, painter: QPainter, tile: int, values: NDArray[np.float32], limit: float) -> None:
        height, width = values.shape
        if self._side >= LEGIBLE:
            paint_cells(painter, self._corner(tile), self._side, values, limit, self._theme)
            return
        image = image_of(colours_of(values, limit, self._theme))
        painter.drawImage(self.area(tile, 0, 0, height, width), image)

    def _paint_window(self, painter: QPainter, tile: int) -> None:
        scene = self._scene
        if scene is None or not len(scene.rows) or not len(scene.columns):
            return
        top, left = int(scene.rows[0]), int(scene.columns[0])
        high, wide = int(scene.rows[-1]) - top + 1, int(scene.columns[-1]) - left + 1
        if len(scene.rows) < high or len(scene.columns) < wide:  # dilated: the taps are apart
            painter.setPen(QPen(QColor(self._theme.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for row in scene.rows.tolist():
                for column in scene.columns.tolist():
                    painter.drawRect(self.area(tile, row, column).adjusted(1, 1, -1, -1))
        outline(painter, self.area(tile, top, left, high, wide), self._theme)

    def _paint_spots(self, painter: QPainter) -> None:
        scene = self._scene
        assert scene is not None
        tiles = {channel: tile for tile, channel in enumerate(scene.channels)}
        for unit, tile in tiles.items():
            mine = scene.spots[scene.spots[:, 0] == unit]
            if not len(mine):
                continue
            low, end = mine.min(0), mine.max(0) + 1
            whole = self.area(tile, low[1], low[2], end[1] - low[1], end[2] - low[2])
            if len(mine) == (end[1] - low[1]) * (end[2] - low[2]) or len(mine) > MANY:
                outline(painter, whole, self._theme, dashed=True)
                continue
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._theme.accent), 1 if self._side < 8 else 1.5))
            inset = 0.5 if self._side < 8 else 2
            for _, row, column in mine.tolist():
                painter.drawRect(self.area(tile, row, column).adjusted(inset, inset, -inset, -inset))
        if scene.chosen is not None and scene.chosen.unit in tiles:
            place = self.area(tiles[scene.chosen.unit], scene.chosen.row, scene.chosen.column)
            grow = max(0.0, (5 - self._side) / 2)
            outline(painter, place.adjusted(-grow, -grow, grow, grow), self._theme)

    # pointing

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            spot, found = self.spot_at(event.position()), self._under(event.position())
            if spot is not None:
                self.pointed.emit(spot)
            if found is not None:
                self.dragged.emit(found[1], found[2])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(self.spot_at(event.position()))
        found = self._under(event.position())
        if event.buttons() & Qt.MouseButton.LeftButton and found is not None:
            self.dragged.emit(found[1], found[2])

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if Qt.Key(event.key()) in ARROWS and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.stepped.emit(*ARROWS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)


def _where(spot: Spot, scene: Scene) -> str:
    _, height, width = scene.values.shape
    return f"unit {spot.unit}" + (
        f", row {spot.row}, column {spot.column}" if height > 1 or width > 1 else ""
    )


def shown_channels(many: int, first: tuple[int, ...], most: int = MOST) -> tuple[int, ...]:
    """So many channels in their order, those of `first` always among them."""
    kept = list(dict.fromkeys(k for k in first if 0 <= k < many))[:most]
    for k in range(many):
        if len(kept) >= most:
            break
        if k not in kept:
            kept.append(k)
    return tuple(sorted(kept))
