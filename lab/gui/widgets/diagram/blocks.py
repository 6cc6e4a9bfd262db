"""The blocks' sheet: each layer a stack of its maps, and bands for what flows between them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from lab.gui.theme import Theme, blended, number_font
from lab.gui.widgets.diagram.bands import along, between
from lab.gui.widgets.diagram.sheet import LEAST, Line, Mark, More, Sheet, Spot
from lab.gui.widgets.diagram.strata import BESIDE, Block, Strata, fitting, strata
from lab.gui.widgets.diagram.thumbnails import Thumbnails
from lab.network.network import INPUT, Analysis, Facts

SLICE = 0.003
"""Seconds of a frame for pictures."""
READABLE = 0.36
"""What could only be seen as a whole on a smaller scale is scrolled to begin with."""
BAND = 9.0
NAMED = 22.0
"""Pixels of the screen that a block's name needs at least."""
TINT, SKIP = 0.11, 0.26


class BlocksSheet(Sheet):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._analysis: Analysis | None = None
        self._facts: dict[str, Facts] = {}
        self._strata: Strata | None = None
        self._labels: tuple[str, ...] = ()
        self._opened: set[str] = set()
        self._values: Mapping[str, NDArray[np.float32]] = {}
        self._limits: Mapping[str, NDArray[np.float64]] = {}
        self.thumbnails = Thumbnails()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._make_more)

    # what is shown

    def show_network(self, analysis: Analysis, labels: tuple[str, ...] = ()) -> None:
        """`labels` are the names of the outputs, where they have some."""
        if analysis != self._analysis or labels != self._labels:
            self._analysis, self._labels = analysis, labels
            self._facts = {facts.name: facts for facts in analysis.nodes}
            self._opened.clear()
            self.thumbnails.forget()
            self._values = {}
            self._arrange()
            self.fit()

    def show_values(
        self, values: Mapping[str, NDArray[np.float32]], limits: Mapping[str, NDArray[np.float64]]
    ) -> None:
        """`values[name]` are [channels, height, width], of the input, too; `limits[name]` end the scales."""
        self._values, self._limits = values, limits
        if self._strata is not None:
            self.thumbnails.show(self._strata, values, limits, self.theme)
            self._make_more()

    def _make_more(self) -> None:
        if self.thumbnails.work(SLICE):
            self._later.start()
        self.update()

    def finish(self) -> None:
        """All pictures at once, however long it takes."""
        self.thumbnails.work(float("inf"))
        self.update()

    def show_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.show_values(self._values, self._limits)
        self.update()

    def toggle(self, layer: str) -> None:
        """Show all maps of a layer, or fold it again."""
        self._opened ^= {layer}
        self._arrange()
        self.show_values(self._values, self._limits)
        block = self.block(layer)
        if self.is_untouched:
            self.fit()
        elif block is not None:
            self.bring(block.area)

    def _arrange(self) -> None:
        if self._analysis is not None:
            size = QSizeF(max(self.width(), 60), max(self.height(), 60))
            self._strata = strata(self._analysis, size, self._opened, bool(self._labels), READABLE)
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        before = self._strata
        self._arrange()
        super().resizeEvent(event)
        grids = [] if before is None else [block.grid for block in before.blocks]
        if [block.grid for block in self.blocks] != grids:
            self.show_values(self._values, self._limits)

    def block(self, name: str) -> Block | None:
        return None if self._strata is None else self._strata.by_name.get(name)

    @property
    def blocks(self) -> tuple[Block, ...]:
        return () if self._strata is None else self._strata.blocks

    # where it lies

    @property
    def extent(self) -> QSizeF:
        return QSizeF(1, 1) if self._strata is None else self._strata.extent

    def fitting(self, extent: QSizeF) -> float:
        upright = self._strata is None or self._strata.upright
        return min(max(fitting(extent, QSizeF(self.size()), upright, READABLE), LEAST), 1.0)

    def area_of(self, spot: Spot) -> QRectF | None:
        block = self.block(spot.layer)
        if block is None:
            return None
        return block.tile(spot.unit) if 0 <= spot.unit < block.grid.count else block.area

    def mark_at(self, point: QPointF) -> Mark | None:
        for block in self.blocks:
            if block.more is not None and block.more.contains(point):
                return More(block.name)
            unit = block.unit_at(point)
            if unit is not None:
                return self._place_in(block, unit, point)
            if block.head.contains(point):
                return Spot(block.name, -1)
        return None

    @staticmethod
    def _place_in(block: Block, unit: int, point: QPointF) -> Spot:
        area = block.tile(unit)
        row = int((point.y() - area.top()) / area.height() * block.shape.height)
        column = int((point.x() - area.left()) / area.width() * block.shape.width)
        return Spot(
            block.name,
            unit,
            min(max(row, 0), block.shape.height - 1),
            min(max(column, 0), block.shape.width - 1),
        )

    # walking

    def first(self) -> Spot | None:
        return Spot(self.blocks[0].name, 0) if self.blocks else None

    def last(self) -> Spot | None:
        return Spot(self.blocks[-1].name, 0) if self.blocks else None

    def neighbour(self, way: tuple[int, int]) -> Spot | None:
        """From map to map within a block, and on to the block that lies next that way."""
        block = self.block(self.chosen.layer) if self.chosen is not None else None
        if block is None or self.chosen is None:
            return self.first()
        if self.chosen.unit >= 0:
            row, column = divmod(self.chosen.unit, block.grid.columns)
            row, column = row + way[1], column + way[0]
            unit = row * block.grid.columns + column
            if 0 <= column < block.grid.columns and row >= 0 and 0 <= unit < block.grid.count:
                return Spot(block.name, unit)
        here = block.area.center()

        def apart(other: Block) -> float | None:
            by = other.area.center() - here
            ahead, aside = by.x() * way[0] + by.y() * way[1], abs(by.x() * way[1]) + abs(by.y() * way[0])
            return ahead + 2.5 * aside if ahead > 1 and aside <= 1.5 * ahead else None

        found = [(far, other) for other in self.blocks if (far := apart(other)) is not None]
        if not found:
            return None
        other = min(found, key=lambda pair: pair[0])[1]
        at = (self.area_of(Spot(block.name, self.chosen.unit)) or block.area).center()
        near = min(range(other.grid.count), key=lambda u: (other.tile(u).center() - at).manhattanLength())
        return Spot(other.name, near)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.surface))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(self.offset)
        painter.scale(self.zoom, self.zoom)
        if self._strata is not None:
            seen = QRectF(event.rect())
            self._paint_bands(painter)
            blocks = [
                b for b in self.blocks if self.to_screen(b.area.adjusted(-60, -9, 60, 9)).intersects(seen)
            ]
            for block in blocks:
                self._paint_maps(painter, block)
            painter.resetTransform()
            for block in blocks:
                self._paint_head(painter, block)
            self._paint_labels(painter)
            self._paint_chosen(painter)

    def _paint_bands(self, painter: QPainter) -> None:
        assert self._strata is not None
        plain = QColor(blended(self.theme.muted, self.theme.surface, TINT))
        skip = QColor(blended(self.theme.muted, self.theme.surface, SKIP))
        for band in self._strata.bands:
            start, end = self._strata.by_name[band.start], self._strata.by_name[band.end]
            if band.points:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(
                    QPen(skip, BAND, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.RoundJoin)
                )
                painter.drawPath(along(band.points))
        for band in self._strata.bands:
            if not band.points:
                start, end = self._strata.by_name[band.start], self._strata.by_name[band.end]
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(plain)
                painter.drawPath(between(start.maps, end.maps, self._strata.upright))

    def _paint_maps(self, painter: QPainter, block: Block) -> None:
        maps = block.maps
        border = QPen(QColor(self.theme.border), 1.0)
        if block.folded:  # more lie behind
            painter.setPen(border)
            painter.setBrush(QColor(self.theme.surface))
            for k in (2, 1):
                painter.drawRect(maps.adjusted(3 * k, -3 * k, 3 * k, -3 * k))
        painter.fillRect(maps, QColor(self.theme.surface))
        picture = self.thumbnails.pictures.get(block.name)
        if picture is not None:
            small = (
                block.grid.side[1] * self.zoom * self.devicePixelRatioF()
                < picture.width() / block.grid.columns
            )
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, small)
            self._paint_tiles(painter, block, picture)
        if block.name == INPUT or min(block.grid.side) * self.zoom > 9:
            painter.setPen(border)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRects([block.tile(unit) for unit in range(block.grid.count)])
        else:
            painter.setPen(border)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(maps)

    def _paint_tiles(self, painter: QPainter, block: Block, picture: QImage) -> None:
        """The picture has no gaps, the block has."""
        grid = block.grid
        if grid.gap == 0:
            painter.drawImage(block.maps, picture)
        elif block.shape.is_vector:  # all numbers at once, and the gaps drawn over them
            gap, (down, across) = grid.gap, grid.pitch
            whole = block.maps.adjusted(-gap / 2, -gap / 2, gap / 2, gap / 2)
            painter.drawImage(whole, picture)
            painter.setPen(
                QPen(QColor(self.theme.surface), gap, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
            )
            xs = [whole.left() + k * across for k in range(grid.columns + 1)]
            ys = [whole.top() + k * down for k in range(grid.rows + 1)]
            painter.drawLines(
                [QLineF(x, whole.top(), x, whole.bottom()) for x in xs]
                + [QLineF(whole.left(), y, whole.right(), y) for y in ys]
            )
        else:
            wide, high = picture.width() / grid.columns, picture.height() / grid.rows
            for unit in range(grid.count):
                row, column = divmod(unit, grid.columns)
                painter.drawImage(block.tile(unit), picture, QRectF(column * wide, row * high, wide, high))

    def _paint_head(self, painter: QPainter, block: Block) -> None:
        """Name, shape and parameters, as many of them as have room, in letters of one size."""
        head = self.to_screen(block.head)
        upright = self._strata is not None and self._strata.upright
        if upright:  # beside it there is nothing else
            on_left = block.head.left() < block.maps.left()
            maps = self.to_screen(block.maps)
            left = max(head.right() - BESIDE, 0.0) if on_left else maps.right() + 6
            right = maps.left() - 6 if on_left else min(left + BESIDE, float(self.width()))
            head = QRectF(left, head.top(), max(right - left, 0.0), head.height())
        if head.width() < NAMED:
            return
        facts = self._facts.get(block.name)
        lines = [(block.name, self.theme.text, True), (str(block.shape), self.theme.muted, False)]
        if facts is not None and facts.parameter_count:
            lines.append((f"{facts.parameter_count:,}", self.theme.muted, False))
        chosen = self.chosen is not None and self.chosen.layer == block.name
        points = self.font().pointSizeF() - (0.5 if self.zoom > 0.75 else 1.5 if self.zoom > 0.5 else 2.5)
        painter.setFont(number_font(points))
        line = painter.fontMetrics().height()
        lines = lines[: max(int((head.height() - (0 if upright else 2)) / line), 1)]
        y = head.center().y() - line * len(lines) / 2 if upright else head.bottom() - 4 - line * len(lines)
        align = Qt.AlignmentFlag.AlignCenter
        if upright:
            align = Qt.AlignmentFlag.AlignVCenter | (
                Qt.AlignmentFlag.AlignRight if on_left else Qt.AlignmentFlag.AlignLeft
            )
        for text, colour, bold in lines:
            painter.setFont(number_font(points, bold=bold))
            painter.setPen(QColor(self.theme.accent if chosen and bold else colour))
            text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(head.width()))
            painter.drawText(QRectF(head.left(), y, head.width(), line), align, text)
            y += line
        if block.more is not None:
            painter.setFont(number_font(points))
            painter.setPen(QColor(self.theme.accent))
            text = f"+ {block.folded:,} more" if block.folded else "fold again"
            if painter.fontMetrics().horizontalAdvance(text) <= max(
                head.width(), self.to_screen(block.maps).width()
            ):
                area = self.to_screen(block.more).adjusted(-20, 0, 20, 4)
                painter.drawText(area, Qt.AlignmentFlag.AlignHCenter, text)

    def _paint_labels(self, painter: QPainter) -> None:
        """The names of the classes beside the output, where a line of words has room."""
        block = self.blocks[-1] if self.blocks else None
        if block is None or block.grid.columns > 1 or block.grid.count != len(self._labels):
            return
        painter.setFont(number_font(self.font().pointSizeF() - 1))
        painter.setPen(QColor(self.theme.text))
        line = painter.fontMetrics().height()
        room = self.width() - self.to_screen(block.maps).right() - 6
        if block.grid.pitch[0] * self.zoom < line - 3 or room < 10:
            return
        for unit, name in enumerate(self._labels):
            tile = self.to_screen(block.tile(unit))
            text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(room))
            painter.drawText(
                QRectF(tile.right() + 6, tile.center().y() - line / 2, room, line),
                Qt.AlignmentFlag.AlignVCenter,
                text,
            )

    def _paint_chosen(self, painter: QPainter) -> None:
        for mark, accent in ((self.under, False), (self.chosen, True)):
            if not isinstance(mark, Spot | Line):
                continue
            block = self.block(mark.layer)
            if block is None:
                continue
            area = self.area_of(Spot(mark.layer, mark.unit)) if mark.unit >= 0 else block.maps
            if area is None or mark.unit >= block.grid.count:
                area = block.maps
            if accent:
                self.outline(painter, self.to_screen(area).adjusted(-1, -1, 1, 1))
            elif mark.unit >= 0:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(self.theme.text), 1))
                painter.drawRect(self.to_screen(area).adjusted(-0.5, -0.5, 0.5, 0.5))
