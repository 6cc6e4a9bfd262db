"""The timeline's look: a bar filled up to the present, what lies along it, and the handle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from lab.gui.theme import Theme, blended
from lab.gui.widgets.colour import image_of
from lab.gui.widgets.time.diamonds import draw_diamonds
from lab.gui.widgets.time.time_axis import TimeAxis
from lab.gui.widgets.time.track_layout import BAR, BELOW, HALF, MARKS, RULER, Placed

HANDLE = 6.5
THICK, THIN = 6.0, 3.0
"""Of the bar: what is past, and what lies ahead of the present."""

HINT = "Press play: every step is kept here, to go back to"


@dataclass(frozen=True)
class Paints:
    """Pens and colours made once for a theme and a run."""

    theme: Theme
    run: QColor
    ahead: QColor
    ground: QColor
    surface: QColor
    text: QPen
    muted: QPen
    quiet: QColor
    accent: QPen
    danger: QColor
    pens: tuple[QPen, ...]

    @classmethod
    def of(cls, theme: Theme, colour: int, enabled: bool) -> Paints:
        own = theme.runs[colour % len(theme.runs)] if enabled else theme.border
        return cls(
            theme,
            QColor(own),
            QColor(blended(own, theme.background, 0.35)),
            QColor(theme.border),
            QColor(theme.surface),
            QPen(QColor(theme.text), 1),
            QPen(QColor(theme.muted), 1),
            QColor(blended(theme.muted, theme.background, 0.35)),
            QPen(QColor(theme.accent), 2),
            QColor(theme.danger),
            tuple(_rounded(run) for run in theme.runs),
        )

    def pen_of(self, colour: int) -> QPen:
        return self.pens[colour % len(self.pens)]


def _rounded(colour: str) -> QPen:
    style, cap, join = Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    return QPen(QColor(colour), 1.5, style, cap, join)


def paint_track(
    painter: QPainter, paints: Paints, axis: TimeAxis, placed: Placed, here: float, is_past: bool
) -> None:
    """The bar up to `here`, the present's pixel, and beyond; marks above it, ruler and other runs below it."""
    end = axis.right
    now = min(max(here, axis.left), end)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(paints.ahead if is_past else paints.ground)
    painter.drawRoundedRect(QRectF(axis.left, BAR - THIN / 2, axis.width, THIN), THIN / 2, THIN / 2)
    painter.setBrush(paints.run)
    painter.drawRoundedRect(QRectF(axis.left, BAR - THICK / 2, now - axis.left, THICK), THICK / 2, THICK / 2)
    _paint_comb(painter, paints.quiet, axis, placed.checkpoints, BELOW, 4)
    _paint_comb(painter, paints.quiet, axis, placed.ticks, placed.ruler, 5)
    _paint_comb(painter, paints.muted.color(), axis, placed.named, placed.ruler, 11)
    painter.setPen(paints.muted)
    ascent = painter.fontMetrics().ascent()
    for x, words in placed.labels:
        painter.drawText(QPointF(x, placed.ruler + 1 + ascent), words)
    for other, lane, hook in placed.others:
        pen = paints.pen_of(other.colour)
        painter.fillRect(lane, pen.color())
        if hook is not None:
            painter.setPen(pen)
            painter.drawLine(hook)
    draw_diamonds(painter, placed.diamonds, HALF, paints.text.color())
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for fork, colour, x, name in placed.branches:
        painter.setPen(paints.pen_of(colour))
        painter.drawPath(fork)
        painter.setPen(paints.text)
        painter.drawText(QPointF(x, MARKS + ascent / 2 - 1), name)
    _paint_breakpoints(painter, paints, placed)


def _paint_comb(
    painter: QPainter, colour: QColor, axis: TimeAxis, xs: list[float], top: float, high: float
) -> None:
    """A hairline at each of these pixels. One picture of a single row, drawn high: so many lines take Qt long."""
    pixels = np.zeros((1, int(axis.width) + 1), np.uint32)
    pixels[0, np.array(xs, np.float64).astype(np.intp) - int(axis.left)] = colour.rgba()
    painter.drawImage(QRectF(int(axis.left), top, pixels.shape[1], high), image_of(pixels))


def _paint_breakpoints(painter: QPainter, paints: Paints, placed: Placed) -> None:
    for x in placed.breakpoints:
        painter.setPen(QPen(paints.danger, 1))
        painter.drawLine(QLineF(x, MARKS, x, BAR + 5))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(paints.danger)
        painter.drawEllipse(QPointF(x, MARKS), HALF, HALF)


def paint_hint(painter: QPainter, paints: Paints, axis: TimeAxis) -> None:
    """What the empty line is for."""
    painter.setPen(paints.muted)
    painter.drawText(QPointF(axis.left + 14, RULER + 1 + painter.fontMetrics().ascent()), HINT)


def paint_handle(painter: QPainter, paints: Paints, x: float, focused: bool) -> None:
    if focused:
        painter.setPen(paints.accent)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(x, BAR), HANDLE + 2.5, HANDLE + 2.5)
    painter.setPen(QPen(paints.run, 2))
    painter.setBrush(paints.surface)
    painter.drawEllipse(QPointF(x, BAR), HANDLE - 1, HANDLE - 1)


def paint_overview(painter: QPainter, paints: Paints, axis: TimeAxis, here: int) -> None:
    """A hairline for the whole run, the stretch in sight on it, and the present."""
    each = axis.width / max(axis.furthest, 1)
    painter.fillRect(QRectF(axis.left, 0.5, axis.width, 1), paints.ground)
    left = axis.left + axis.first * each
    painter.fillRect(QRectF(left, 0, max((axis.last - axis.first) * each, 6), 2), paints.muted.color())
    painter.fillRect(QRectF(axis.left + here * each - 1, 0, 2, 3), paints.run)
