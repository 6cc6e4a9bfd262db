"""The one mosaic: maps of numbers painted as one image, with a place under the mouse and one chosen."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPaintEngine,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.colorbar import paint_bar
from lab.gui.widgets.colour import image_of
from lab.gui.widgets.mosaic_colours import all_pixels, scale_of, some_pixels, words_of_ends, words_of_limit
from lab.gui.widgets.mosaic_layout import (
    BETWEEN,
    GAP,
    HEADER,
    MARGIN,
    PANE_GAP,
    Block,
    Group,
    Mark,
    Place,
    Shading,
)

LARGE = 1 << 20
"""Numbers of a group of which only those in sight are given colours."""

__all__ = ["Group", "Mark", "Mosaic", "Place", "Shading"]


class Mosaic(QWidget):
    """Groups of maps under their headings. Arrow keys move the chosen place, Ctrl and an arrow a whole tile."""

    hovered = Signal(object)
    """A Place, or None."""
    clicked = Signal(object)

    def __init__(
        self, parent: QWidget | None = None, *, fits: bool = False, colour_bars: bool = True
    ) -> None:
        """`fits`: one group, as large as the widget allows; else the widget is as high as its groups."""
        super().__init__(parent)
        self._fits, self._bars = fits, colour_bars
        self._theme = LIGHT
        self._groups: tuple[Group, ...] = ()
        self._blocks: list[Block] = []
        self._shapes: object = None
        self._chosen: Place | None = None
        self._mark: Mark | None = None
        self._pixels: dict[str, NDArray[np.uint32]] = {}
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        if fits:
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        else:
            self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)

    # what is shown

    def show_groups(self, groups: tuple[Group, ...]) -> None:
        self._groups = groups
        self._pixels.clear()
        shapes = tuple((g.key, g.shape, g.shading, g.side, len(g.limits)) for g in groups)
        if shapes != self._shapes:
            self._shapes = shapes
            self._arrange()
        else:
            for block, group in zip(self._blocks, groups, strict=True):
                block.group = group
        self.update()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._pixels.clear()
        self.update()

    def choose(self, place: Place | None) -> None:
        """Outline a place, as if it had been clicked, without saying so."""
        if place != self._chosen:
            self._chosen = place
            self.update()

    def mark(self, mark: Mark | None) -> None:
        if mark != self._mark:
            self._mark = mark
            self.update()

    @property
    def groups(self) -> tuple[Group, ...]:
        return self._groups

    @property
    def chosen(self) -> Place | None:
        return self._chosen

    @property
    def marked(self) -> Mark | None:
        return self._mark

    def value(self, place: Place) -> float | None:
        """The number at a place; None where there is none such."""
        for group in self._groups:
            if group.key == place.group:
                spot = (place.tile, place.pane, place.row, place.column)
                inside = all(0 <= k < n for k, n in zip(spot, group.shape, strict=True))
                return float(group.values[spot]) if inside else None
        return None

    def area_of(self, place: Place) -> QRectF | None:
        """Where a place lies in the widget."""
        block = next((b for b in self._blocks if b.group.key == place.group), None)
        return block.cells(place) if block and self.value(place) is not None else None

    def place_at(self, point: QPointF) -> Place | None:
        for block in self._blocks:
            if block.area.contains(point):
                rows, columns = block.index(1.0)
                y, x = (int(v) for v in (point.y() - block.area.top(), point.x() - block.area.left()))
                if not (0 <= y < len(rows) and 0 <= x < len(columns)):
                    return None
                index = int(rows[y] + columns[x])
                if 0 <= index < math.prod(block.group.shape):
                    return Place(block.group.key, *map(int, np.unravel_index(index, block.group.shape)))
        return None

    # where it lies

    def _arrange(self) -> None:
        self._blocks = []
        width = max(self.width() - 2 * MARGIN, 60)
        y = MARGIN
        for group in self._groups:
            tiles, panes, h, w = group.shape
            header = HEADER if group.title else 0
            side: float = group.side
            most = tiles  # columns
            if self._fits:
                most = max(round((tiles * width / max(self.height(), 1)) ** 0.5), 1)
                down = -(-tiles // most)
                room = (self.height() - header - 2 * MARGIN - GAP * (down - 1)) / down
                side = max(min(room * max(1, w / h), (width - GAP * (most - 1)) / most * max(1, h / w)), 8)
            elif group.smooth:
                most = max(min(round((width + GAP) / (side + GAP)), tiles), 1)
                side = (width + GAP) / most - GAP if most < tiles else side
            scale = side / max(h, w)
            scale = min(scale, width / w)
            if scale >= (3 if self._fits else 1) and not group.smooth:  # whole pixels: all cells of one size
                scale = float(int(scale))
            pane_columns = panes
            if self._fits and panes > 1:  # the arrangement in which they come out largest
                room, wide = self.height() - header - 2 * MARGIN, width
                scale, pane_columns = max(
                    (min((wide - d + 1) / d / w, (room - panes // d + 1) / (panes // d) / h), d)
                    for d in range(1, panes + 1)
                    if panes % d == 0
                )
            pane = (max(h * scale, 1.0), max(w * scale, 1.0))
            while not self._fits and pane_columns > 1 and pane_columns * (pane[1] + PANE_GAP) > width:
                pane_columns = next(d for d in range(pane_columns - 1, 0, -1) if panes % d == 0)
            pane_rows = panes // pane_columns
            tile = (
                pane_rows * (pane[0] + PANE_GAP) - PANE_GAP,
                pane_columns * (pane[1] + PANE_GAP) - PANE_GAP,
            )
            caption = self._caption_height() if self._captioned(group, tile[1]) else 0
            gap = GAP if max(tile) > 20 else 2
            pitch = (tile[0] + gap + caption, tile[1] + gap)
            columns = max(min(int((width + gap + 1e-6) // pitch[1]), most), 1)
            rows = -(-tiles // columns)
            left = MARGIN
            if self._fits:
                left = max(round((self.width() - columns * pitch[1] + gap) / 2), 0)
            area = QRectF(left, y + header, columns * pitch[1] - gap, rows * pitch[0] - gap)
            self._blocks.append(Block(group, y, left, columns, pane_columns, pane, tile, pitch, area))
            y = round(area.bottom()) + caption + BETWEEN
        if not self._fits:
            self.setMinimumHeight(max(y - BETWEEN + MARGIN, 40))
        self.updateGeometry()

    def _captioned(self, group: Group, width: float) -> bool:
        return len(group.limits) > 1 and width >= 34

    def _caption_height(self) -> int:
        return self.fontMetrics().height()

    def _small(self) -> QFont:
        return number_font(max(self.font().pointSizeF() - 1, 6))

    def sizeHint(self) -> QSize:
        return QSize(120, 120) if self._fits else QSize(240, max(self.minimumHeight(), 40))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self._arrange()

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        visible = event.rect()
        kind = painter.paintEngine().type()
        vector = kind in (QPaintEngine.Type.SVG, QPaintEngine.Type.Pdf)
        ratio = 2.0 if vector else self.devicePixelRatioF()
        for block in self._blocks:
            whole = QRect(0, block.top, self.width(), round(block.area.bottom()) + BETWEEN - block.top)
            if whole.intersects(visible):
                if block.group.title:
                    self._paint_header(painter, block)
                self._paint_tiles(painter, block, visible, ratio)
                self._paint_mark(painter, block)
                self._paint_chosen(painter, block)

    def _pixels_at(self, group: Group, index: NDArray[np.int64]) -> NDArray[np.uint32]:
        """The pixels of the values at these indices, from -1; see-through where there is none."""
        if group.values.size > LARGE and group.shading != "colour":
            return some_pixels(group, self._theme, index)
        if group.key not in self._pixels:
            self._pixels[group.key] = all_pixels(group, self._theme)
        return self._pixels[group.key][index]

    def _paint_tiles(self, painter: QPainter, block: Block, visible: QRect, ratio: float) -> None:
        part = block.part(visible, ratio)
        if part is None:
            return
        image = image_of(self._pixels_at(block.group, part.index))
        image.setDevicePixelRatio(ratio)
        painter.drawImage(part.corner, image)
        tiles = block.tiles_between(part.seen.top(), part.seen.bottom())
        if max(block.tile) > 20:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._theme.border), 1))
            painter.drawRects([block.tile_area(t).adjusted(-0.5, -0.5, 0.5, 0.5) for t in tiles])
        if self._captioned(block.group, block.tile[1]):
            painter.setFont(self._small())
            painter.setPen(QColor(self._theme.muted))
            for tile in tiles:
                area, limit = block.tile_area(tile), block.group.limits[tile]
                below = QRectF(area.left() - 2, area.bottom() + 1, area.width() + 4, self._caption_height())
                painter.drawText(
                    below,
                    Qt.AlignmentFlag.AlignCenter,
                    words_of_limit(block.group, tile, limit),
                )

    def _paint_header(self, painter: QPainter, block: Block) -> None:
        group = block.group
        line = QRectF(MARGIN, block.top, self.width() - 2 * MARGIN, HEADER - 6)
        right = line.right()
        if self._bars:
            right = self._paint_bar(painter, group, line) - 12
        painter.setFont(number_font(self.font().pointSizeF(), bold=True))
        painter.setPen(QColor(self._theme.text))
        room = max(right - line.left(), 20)
        title = painter.fontMetrics().elidedText(group.title, Qt.TextElideMode.ElideRight, int(room))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, title)
        used = painter.fontMetrics().horizontalAdvance(title) + 8
        if room - used > 60:
            painter.setFont(self.font())
            painter.setPen(QColor(self._theme.muted))
            text = painter.fontMetrics().elidedText(
                group.detail, Qt.TextElideMode.ElideRight, int(room - used)
            )
            painter.drawText(line.adjusted(used, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_bar(self, painter: QPainter, group: Group, line: QRectF) -> float:
        """The group's colour bar at the right of its header line; gives where it starts."""
        painter.setFont(self._small())
        painter.setPen(QColor(self._theme.muted))
        metrics = painter.fontMetrics()
        low, high = words_of_ends(group, short=self.width() < 300)
        wide = 70 if self.width() > 380 else 36
        ends = [metrics.horizontalAdvance(text) for text in (low, high)]
        x = line.right() - ends[1]
        painter.drawText(
            QRectF(x, line.top(), ends[1] + 2, line.height()), Qt.AlignmentFlag.AlignVCenter, high
        )
        bar = QRectF(round(x - wide - 6) + 0.5, round(line.center().y() - 4) + 0.5, wide, 8)
        paint_bar(painter, bar, scale_of(group, self._theme), self._theme)
        painter.setPen(QColor(self._theme.muted))
        start = bar.left() - 6 - ends[0]
        painter.drawText(
            QRectF(start, line.top(), ends[0] + 2, line.height()), Qt.AlignmentFlag.AlignVCenter, low
        )
        return start

    def _paint_mark(self, painter: QPainter, block: Block) -> None:
        mark = self._mark
        if mark is None or mark.group != block.group.key:
            return
        veil = QColor(self._theme.surface)
        veil.setAlphaF(0.55)
        for pane in range(block.group.shape[1]):
            field_ = block.cells(Place(mark.group, 0, pane, mark.top, mark.left), mark.height, mark.width)
            whole = QRectF(block.corner(0, pane), QSizeF(block.pane[1], block.pane[0]))
            self._frame(painter, field_, whole, veil)

    def _frame(self, painter: QPainter, field_: QRectF, whole: QRectF, veil: QColor) -> None:
        """Outline a part of the whole, and dim the rest."""
        for strip in (
            QRectF(whole.left(), whole.top(), whole.width(), field_.top() - whole.top()),
            QRectF(whole.left(), field_.bottom(), whole.width(), whole.bottom() - field_.bottom()),
            QRectF(whole.left(), field_.top(), field_.left() - whole.left(), field_.height()),
            QRectF(field_.right(), field_.top(), whole.right() - field_.right(), field_.height()),
        ):
            if strip.isValid():
                painter.fillRect(strip, veil)
        self._outline(painter, field_)

    def _paint_chosen(self, painter: QPainter, block: Block) -> None:
        place = self._chosen
        if place is None or place.group != block.group.key or self.value(place) is None:
            return
        _, panes, h, w = block.group.shape
        if panes * h * w > 1:
            self._outline(painter, block.tile_area(place.tile).adjusted(-1, -1, 1, 1))
        if place.row >= 0 and place.column >= 0:
            self._outline(painter, block.cells(place))

    def _outline(self, painter: QPainter, area: QRectF) -> None:
        """A line that stands out from every colour of the map: the accent within the ground's colour."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self._theme.surface), 4))
        painter.drawRect(area)
        painter.setPen(QPen(QColor(self._theme.accent), 2))
        painter.drawRect(area)

    # pointing

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(self.place_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self._point(place)

    def _point(self, place: Place) -> None:
        self.choose(place)
        self.clicked.emit(place)

    own_keys = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }.get(Qt.Key(event.key()))
        if step is None or not self._groups:
            super().keyPressEvent(event)
            return
        if self._chosen is None or self.value(self._chosen) is None:
            self._point(Place(self._groups[0].key, 0))
            return
        far = bool(
            event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        )
        self._point(self._moved(self._chosen, *step, far))

    def _moved(self, place: Place, down: int, right: int, by_tile: bool) -> Place:
        number_of = next(k for k, b in enumerate(self._blocks) if b.group.key == place.group)
        block = self._blocks[number_of]
        tiles, panes, h, w = block.group.shape
        if not by_tile and h * w * panes > 1:
            row = place.row + down
            pane, column = divmod(place.pane * w + place.column + right, w)
            if 0 <= row < h and 0 <= pane < panes:
                return Place(place.group, place.tile, pane, row, column)
            return place
        tile = place.tile + right + down * block.columns
        if 0 <= tile < tiles:
            return Place(place.group, tile, place.pane, place.row, place.column)
        if down and 0 <= number_of + down < len(self._blocks):
            return Place(self._blocks[number_of + down].group.key, 0)
        return place
