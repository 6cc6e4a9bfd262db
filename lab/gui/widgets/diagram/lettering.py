"""Words on the units' sheet: the layers' names, those of inputs and classes, and what lines and colours mean."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from lab.gui.theme import Theme, diverging, number_font
from lab.gui.widgets.colorbar import paint_bar
from lab.gui.widgets.colour import Scale
from lab.gui.widgets.diagram.ink import LEVELS, pens
from lab.gui.widgets.diagram.numbers import Numbers
from lab.gui.widgets.diagram.placing import Placed
from lab.gui.widgets.diagram.sheet import Line, Spot
from lab.gui.widgets.wording import number

LABELS = 0.24
"""Of the sheet's width that names of units take at each side at most."""
CENTRE, ELIDE = Qt.AlignmentFlag.AlignCenter, Qt.TextElideMode.ElideRight
SAMPLE, BAR = 26, 56
"""Pixels of a line and of a colour bar in the scale."""


def paint_names(
    painter: QPainter,
    columns: tuple[Placed, ...],
    extent: QSizeF,
    chosen: Spot | Line | None,
    theme: Theme,
    font: QFont,
) -> None:
    """Each layer's name and what it is above it, and below how many of its units are folded."""
    bold, plain = number_font(font.pointSizeF(), bold=True), number_font(font.pointSizeF() - 0.5)
    line = QFontMetricsF(bold).height()
    middles = [column.middle for column in columns]
    for k, column in enumerate(columns):  # a name takes what lies halfway to its neighbours
        left = (middles[k - 1] + middles[k]) / 2 if k else 0.0
        right = (middles[k + 1] + middles[k]) / 2 if k + 1 < len(middles) else extent.width()
        half = min(middles[k] - left, right - middles[k]) - 3
        is_chosen = chosen is not None and chosen.layer == column.name
        for face, text, colour, down in (
            (bold, column.name, theme.accent if is_chosen else theme.text, 4.0),
            (plain, column.column.detail, theme.muted, 4.0 + line),
        ):
            painter.setFont(face)
            painter.setPen(QColor(colour))
            text = painter.fontMetrics().elidedText(text, ELIDE, int(2 * half))
            painter.drawText(QRectF(middles[k] - half, down, 2 * half, line), CENTRE, text)
        if column.more is not None:
            painter.setFont(plain)
            painter.setPen(QColor(theme.accent))
            painter.drawText(
                column.more, CENTRE, f"+ {column.folded} more" if column.folded else "fold again"
            )
    if columns:
        first, last = columns[0], columns[-1]
        for column, is_left, room in (
            (first, True, first.x - 12),
            (last, False, extent.width() - last.x - last.width - 10),
        ):
            if column.picture is None:
                _paint_labels(painter, column, is_left, room, theme, font)


def _paint_labels(
    painter: QPainter, column: Placed, is_left: bool, room: float, theme: Theme, font: QFont
) -> None:
    painter.setFont(number_font(font.pointSizeF()))
    painter.setPen(QColor(theme.text))
    metrics = painter.fontMetrics()
    for unit in column.units if column.column.labels else ():
        area, text = column.area(unit), metrics.elidedText(column.column.labels[unit], ELIDE, int(room))
        wide, high = metrics.horizontalAdvance(text) + 1, metrics.height()
        x = area.left() - 8 - wide if is_left else area.right() + 8
        place = QRectF(x, area.center().y() - high / 2, wide + 2, high)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)


def paint_scale(
    painter: QPainter, columns: tuple[Placed, ...], numbers: Numbers, size: QSize, theme: Theme, font: QFont
) -> None:
    """What lines and colours mean, at the foot of the window."""
    painter.setFont(number_font(font.pointSizeF() - 1))
    metrics = painter.fontMetrics()
    high, y, x = metrics.height(), size.height() - metrics.height() / 2 - 3, 8.0
    negative, positive = pens(theme)

    def words(text: str) -> None:
        nonlocal x
        painter.setPen(QColor(theme.muted))
        wide = metrics.horizontalAdvance(text)
        painter.drawText(QRectF(x, y - high / 2, wide + 2, high), 0, text)
        x += wide

    limit = max(numbers.most.values(), default=1.0)
    said = f"|w| up to {number(limit, 2)}" if numbers.of_network else "thickest: each layer's largest |w|"
    outputs = [float(v.max()) for name, v in numbers.limits.items() if name != columns[0].name]
    alike = bool(outputs) and max(outputs) <= 1.02 * min(outputs)
    end = number(max(outputs, default=1.0), 2) if alike else "max"
    wanted = metrics.horizontalAdvance(f"w > 0w < 0y  −{end}{end}") + 2 * SAMPLE + BAR + 62
    short = 0.6 if wanted > size.width() else 1.0
    sample, bar_width = SAMPLE * short, BAR * short
    for text, ink in (("w > 0", positive), ("w < 0", negative)):
        painter.setPen(ink[LEVELS // 2])
        painter.drawLine(QPointF(x, y), QPointF(x + sample, y))
        x += sample + 6
        words(text)
        x += 14 * short
    if wanted + metrics.horizontalAdvance(said) + 18 <= size.width():
        words(said)
        x += 18
    words(f"y  −{end} ")
    bar = QRectF(round(x + 2) + 0.5, round(y - 4) + 0.5, bar_width, 8)
    paint_bar(painter, bar, Scale(diverging(theme), -1, 1), theme)
    x = bar.right() + 6
    words(end)
