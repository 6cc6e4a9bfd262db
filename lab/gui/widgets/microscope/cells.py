"""Numbers in cells: their colours, what of a number has room, and which ink stands out from a colour."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPainter, QPen, QPixmap

from lab.gui.theme import Theme, diverging, number_font
from lab.gui.widgets.colour import Pixels, pixel_table, rows_of_map
from lab.gui.widgets.wording import number

LEGIBLE, ROOMY = 21, 34
"""Pixels of a cell's side from which a number has room in it, and one with three digits."""
SMALLEST, LARGEST = 6.0, 11.0
"""Points."""


def colours_of(values: NDArray[np.floating], limit: float, theme: Theme) -> Pixels:
    """The theme's diverging map, from −limit to limit."""
    table = pixel_table(diverging(theme), theme.danger)
    limit = limit if limit > 0 and math.isfinite(limit) else 1.0
    return table[rows_of_map(values, -limit, limit)]


@lru_cache(maxsize=1024)
def ink_on(pixel: int) -> QColor:
    """Black or white, whichever is read more easily on a colour."""
    red, green, blue = (pixel >> 16) & 255, (pixel >> 8) & 255, pixel & 255
    parts = [((c / 255 + 0.055) / 1.055) ** 2.4 if c > 10 else c / 255 / 12.92 for c in (red, green, blue)]
    luminance = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    return QColor("#ffffff") if luminance < 0.18 else QColor("#14161a")


def cell_texts(value: float) -> tuple[str, ...]:
    """A number from its longest form in a cell to its shortest."""
    if not math.isfinite(value):
        return (number(value),)
    if value == int(value) and abs(value) < 1e6:
        return (f"{int(value)}".replace("-", "−"),)
    if abs(value) < 5e-4:
        power = math.floor(math.log10(abs(value)))
        return (f"{value / 10.0**power:.0f}e{power}".replace("-", "−"), "≈0")
    rounded = [f"{value:.{digits}f}".replace("-", "−") for digits in (3, 2, 1, 0)]
    # a number that is not 0 is not written as 0
    fitting = [text for text in rounded if any(c in "123456789" for c in text)]
    return (*fitting, "≈0") if abs(value) < 0.1 else tuple(fitting)


@lru_cache(maxsize=8192)
def width_of(text: str, points: float, _font: str) -> float:
    """Pixels that a text takes. Remembered, because a grid asks for hundreds at every frame."""
    return QFontMetricsF(number_font(points)).horizontalAdvance(text)


def fitting(value: float, points: float, width: float, font: str) -> str:
    """As much of a number as has room; "" where there is no room at all."""
    return next((text for text in cell_texts(value) if width_of(text, points, font) <= width), "")


def points_for(values: NDArray[np.floating], side: float, font: str) -> float:
    """The largest letters in which every number has room in a cell of this side, whole or with two or three digits."""
    points = round(min(max(side * 0.28, SMALLEST), LARGEST) * 2) / 2
    digits = 3 if side >= ROOMY else 2
    needed = {enough(value, digits) for value in set(values.ravel().tolist())}
    while points > SMALLEST and any(width_of(text, points, font) > side - 2 for text in needed):
        points -= 0.5
    return points


@lru_cache(maxsize=8192)
def enough(value: float, digits: int) -> str:
    """The shortest form of a number that still has so many digits."""
    texts = cell_texts(value)
    long_enough = [text for text in texts if sum(c.isdigit() for c in text.lstrip("−0.")) >= digits]
    return long_enough[-1] if long_enough else texts[0]


def paint_cells(
    painter: QPainter,
    corner: tuple[float, float],
    side: float,
    values: NDArray[np.floating],
    limit: float,
    theme: Theme,
    inside: NDArray[np.bool_] | None = None,
) -> None:
    """[height, width] numbers as squares with the numbers in them; what is not `inside` is padding, and hatched."""
    colours = colours_of(values, limit, theme)
    written, font, points = side >= LEGIBLE, QGuiApplication.font().toString(), SMALLEST
    if written:
        points = points_for(values, side, font)
        painter.setFont(number_font(points))
    border, muted = QPen(QColor(theme.border), 1), QColor(theme.muted)
    for row, column in np.ndindex(values.shape):
        area = QRectF(corner[0] + column * side, corner[1] + row * side, side, side)
        padding = inside is not None and not inside[row, column]
        pixel = int(colours[row, column])
        if padding:
            hatch(painter, area, theme)
        else:
            painter.fillRect(area, QColor.fromRgba(pixel))
        if side >= 10:
            painter.setPen(border)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area)
        if written:
            painter.setPen(muted if padding else ink_on(pixel))
            text = fitting(float(values[row, column]), points, side - 2, font)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)


@lru_cache(maxsize=8)
def _hatching(ground: str, line: str) -> QPixmap:
    tile = QPixmap(16, 16)
    tile.setDevicePixelRatio(2)
    tile.fill(QColor(ground))
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(line), 1))
    for shift in (-8, 0, 8):
        painter.drawLine(QPointF(shift - 1, 9), QPointF(shift + 9, -1))
    painter.end()
    return tile


def hatch(painter: QPainter, area: QRectF, theme: Theme) -> None:
    """What padding looks like. A small picture is laid out in tiles: patterns of Qt's own take long."""
    painter.drawTiledPixmap(area, _hatching(theme.surface, theme.border), area.topLeft())


def outline(painter: QPainter, area: QRectF, theme: Theme, dashed: bool = False) -> None:
    """A line that stands out from every colour: the accent within the ground's colour."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(theme.surface), 4))
    painter.drawRect(area)
    style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
    painter.setPen(QPen(QColor(theme.accent), 2, style))
    painter.drawRect(area)
