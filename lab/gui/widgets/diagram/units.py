"""The units' sheet: each neuron is its own picture, each weight a line, each bias a disc at its unit's corner."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen

from lab.gui.theme import blended, diverging, number_font
from lab.gui.widgets.colour import image_of, pixel_table, rows_of_map
from lab.gui.widgets.diagram.ground import DISC, UnitsGround
from lab.gui.widgets.diagram.ink import LEVELS, contrast, pens
from lab.gui.widgets.diagram.lettering import paint_names, paint_scale
from lab.gui.widgets.diagram.lines import MOST, Lines, strongest
from lab.gui.widgets.diagram.placing import Placed
from lab.gui.widgets.diagram.sheet import Line, Spot
from lab.gui.widgets.wording import number

PALE = 0.16
"""Of a line's colour that is left where another unit is looked at."""
NUMBERED = 25.0
"""Pixels of a unit from which its number is written in it."""


class UnitsSheet(UnitsGround):
    sharpness = 1.0
    """Pixels of a picture for each of the widget, where figures want more than the screen has."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.surface))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(self.offset)
        painter.scale(self.zoom, self.zoom)
        if self._numbers is not None:
            behind = [column for column in self._placed if column.picture is not None]
            for column in behind:
                self._paint_image(painter, column)
            self._paint_lines(painter)
            for column in self._placed:
                if column.picture is None:
                    self._paint_column(painter, column)
            self._paint_chosen(painter)
        paint_names(painter, self.columns, self.extent, self.chosen, self.theme, self.font())
        painter.resetTransform()
        if self._numbers is not None:
            paint_scale(painter, self.columns, self._numbers, self.size(), self.theme, self.font())

    def _paint_lines(self, painter: QPainter) -> None:
        assert self._numbers is not None
        painter.setBrush(Qt.BrushStyle.NoBrush)
        focus, self.drawn = self._focus(), 0
        bright, pale = pens(self.theme), pens(self.theme, PALE)
        unit_focus = focus if isinstance(focus, Spot) else None
        for lines in self._lines:
            weights = self._weights(lines)
            if weights is None:
                self._paint_links(painter, lines)
                continue
            which = self._wanted(lines, weights)
            shown = weights[which]
            sizes = np.abs(shown) / self._numbers.most.get(lines.end.column.weight, 1.0)
            finite = np.isfinite(sizes)
            levels = np.where(finite, np.clip(sizes, 0, 1) * LEVELS, 0).astype(int)
            near = (
                self._are_of(lines, unit_focus)[which]
                if unit_focus is not None
                else np.ones(len(which), bool)
            )
            order = np.lexsort((levels, near))  # the largest last, on top
            for k in order.tolist():
                if finite[k]:
                    inks = bright if near[k] else pale
                    painter.setPen(inks[int(shown[k] >= 0)][levels[k]])
                else:
                    painter.setPen(QPen(QColor(self.theme.danger), 1.0, Qt.PenStyle.DotLine))
                painter.drawPath(lines.path(int(which[k])))
            self.drawn += len(which)

    def _paint_links(self, painter: QPainter, lines: Lines) -> None:
        """Of layers whose units take from their own ones alone."""
        painter.setPen(QPen(QColor(blended(self.theme.muted, self.theme.surface, 0.4)), 1.0))
        for line in strongest(np.ones(len(lines)), MOST).tolist():
            painter.drawPath(lines.path(line))

    def _paint_image(self, painter: QPainter, column: Placed) -> None:
        assert self._numbers is not None
        assert column.picture is not None
        image = self._numbers.image
        if image is not None:
            if column.name not in self._pictures:
                limit = float(self._numbers.limits.get(column.name, np.ones(1))[0])
                self._pictures[column.name] = [self._coloured(image.mean(axis=0), limit)]
            painter.drawImage(column.picture, self._pictures[column.name][0])
        painter.setPen(QPen(QColor(self.theme.border), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(column.picture)

    def _coloured(self, values: np.ndarray, limit: float) -> QImage:
        table = pixel_table(diverging(self.theme), self.theme.danger)
        return image_of(table[rows_of_map(values, -limit, limit)])

    def _paint_column(self, painter: QPainter, column: Placed) -> None:
        assert self._numbers is not None
        maps, values = self._numbers.maps.get(column.name), self._numbers.values.get(column.name)
        areas = [column.area(unit) for unit in column.units]
        radius = min(column.side * 0.12, 5.0)
        painter.setBrush(QColor(self.theme.surface))
        painter.setPen(QPen(QColor(self.theme.surface), 3))  # lines end just before the unit
        for area in areas:
            painter.drawRoundedRect(area, radius, radius)
        if maps is not None:
            self._paint_pictures(painter, column, maps, areas)
        elif values is not None and len(values) == column.column.count:
            self._paint_values(painter, column, values, areas)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(blended(self.theme.muted, self.theme.surface, 0.75)), 1))
        for area in areas:
            painter.drawRoundedRect(area, min(radius, 2.0), min(radius, 2.0))
        self._paint_biases(painter, column)

    def _paint_pictures(
        self, painter: QPainter, column: Placed, maps: np.ndarray, areas: list[QRectF]
    ) -> None:
        """Each with as many pixels as it takes on the screen: Qt stretches pictures slowly."""
        ratio = max(self.devicePixelRatioF(), self.sharpness)
        side = max(round(column.side * self.zoom * ratio), 1)
        made = self._pictures.get(column.name)
        if made is None or made[0].width() != side:
            made = self._pictures[column.name] = self._pictures_of(column, maps, side)
        transform = painter.transform()
        painter.resetTransform()
        for area, image in zip(areas, made, strict=True):
            corner = self.to_screen(area).topLeft() * ratio
            image.setDevicePixelRatio(ratio)
            painter.drawImage(QPointF(round(corner.x()), round(corner.y())) * (1 / ratio), image)
        painter.setTransform(transform)

    def _pictures_of(self, column: Placed, maps: np.ndarray, side: int) -> list[QImage]:
        assert self._numbers is not None
        limits = self._numbers.limits.get(column.name, np.ones(1))
        shown = slice(column.first, column.first + column.shown)
        at = ((np.arange(side) + 0.5) * (maps.shape[1] / side)).astype(int)
        some = maps[shown][:, at[:, None], at[None, :]]
        each = (limits[shown] if len(limits) > 1 else limits)[:, None, None]
        table = pixel_table(diverging(self.theme), self.theme.danger)
        return [image_of(pixels) for pixels in table[rows_of_map(some, -each, each)]]

    def _paint_values(
        self, painter: QPainter, column: Placed, values: np.ndarray, areas: list[QRectF]
    ) -> None:
        """The colour of each unit's number, and the number where it has room."""
        assert self._numbers is not None
        limits = self._numbers.limits.get(column.name, np.ones(1))
        table = pixel_table(diverging(self.theme), self.theme.danger)
        colours = table[rows_of_map(values, -limits, limits)]
        painter.setFont(number_font(min(8.0, max(column.side * 0.24, 4.0))))
        for unit, area in zip(column.units, areas, strict=True):
            colour = QColor(int(colours[unit]))
            painter.fillRect(area, colour)
            if column.side >= NUMBERED:
                painter.setPen(contrast(colour))
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, number(float(values[unit]), 2))

    def _paint_biases(self, painter: QPainter, column: Placed) -> None:
        """A disc that is the larger the larger the bias; of a negative one a ring."""
        assert self._numbers is not None
        biases = self._numbers.weights.get(column.column.bias)
        if biases is None or len(biases) != column.column.count:
            return
        most = self._numbers.most.get(column.column.bias, 1.0)
        colours = diverging(self.theme)
        grow = min(column.side / 24.0, 1.0)
        for unit in column.units:
            bias = float(biases[unit])
            t = min(abs(bias) / most, 1.0) if math.isfinite(bias) else 0.0
            row = round(127.5 + math.copysign(127.5 * (0.5 + 0.5 * t), bias))
            colour = QColor(*map(int, colours[row]))
            radius, at = (DISC[0] + (DISC[1] - DISC[0]) * t) * grow, self.bias_at(column, unit)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.surface))
            painter.drawEllipse(at, radius + 1.4, radius + 1.4)
            painter.setBrush(colour)
            painter.drawEllipse(at, radius, radius)
            if bias < 0 and radius > 1.6:
                painter.setBrush(QColor(self.theme.surface))
                painter.drawEllipse(at, radius * 0.5, radius * 0.5)

    def _paint_chosen(self, painter: QPainter) -> None:
        for mark, colour in ((self.under, self.theme.text), (self.chosen, self.theme.accent)):
            if isinstance(mark, Line):
                self._paint_weight(painter, mark, colour)
        if self.chosen is not None:
            area = self.area_of(Spot(self.chosen.layer, self.chosen.unit))
            if area is not None:
                self.outline(painter, area.adjusted(-1.5, -1.5, 1.5, 1.5), 3.0)

    def _paint_weight(self, painter: QPainter, mark: Line, colour: str) -> None:
        """The line within a seam that stands out."""
        if mark.source < 0:
            column = self.column(mark.layer)
            if column is not None and mark.unit in column.units:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(colour), 1.6))
                painter.drawEllipse(self.bias_at(column, mark.unit), DISC[1] + 2, DISC[1] + 2)
            return
        for lines in self._lines:
            weights = self._weights(lines)
            found = np.flatnonzero(self._are_of(lines, mark))
            if weights is None or not len(found) or self._numbers is None:
                continue
            at = int(found[0])
            size = min(abs(float(weights[at])) / self._numbers.most.get(lines.end.column.weight, 1.0), 1.0)
            pen = pens(self.theme)[int(weights[at] >= 0)][round(size * LEVELS) if math.isfinite(size) else 0]
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for shade, more in ((self.theme.surface, 6.5), (colour, 4.0), (self.theme.surface, 1.6)):
                painter.setPen(QPen(QColor(shade), pen.widthF() + more))
                painter.drawPath(lines.path(at))
            painter.setPen(pen)
            painter.drawPath(lines.path(at))
