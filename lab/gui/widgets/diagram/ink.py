"""How weights and outputs are coloured: one diverging map; lines in colours that hide what lies behind them."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from lab.gui.theme import Theme, blended, diverging

THIN, THICK = 0.8, 5.6
"""Pixels of a line of weight 0, and of the largest."""
FAINTEST = 0.32
"""So far from the ground's colour is a line of weight 0: its sign can still be told."""
DASH, BETWEEN = 9.0, 4.5
"""Pixels of a negative weight's dashes, and between them."""
LEVELS = 24


@lru_cache(maxsize=8)
def pens(theme: Theme, share: float = 1.0) -> tuple[tuple[QPen, ...], tuple[QPen, ...]]:
    """Of negative and of positive weights, by their magnitude from 0 to LEVELS; `share` of their colour is left.

    Opaque: Qt draws a thick line that hides what is behind it four times as fast as one that lets it through.
    """
    colours = diverging(theme)
    made: list[list[QPen]] = [[], []]
    for positive in (False, True):
        for level in range(LEVELS + 1):
            t = level / LEVELS
            at = 127.5 * (FAINTEST + (1 - FAINTEST) * t)
            red, green, blue = map(int, colours[round(127.5 + at) if positive else round(127.5 - at)])
            colour = QColor(blended(QColor(red, green, blue).name(), theme.surface, share))
            width = (THIN + (THICK - THIN) * t) * (1.0 if share == 1.0 else 0.7)
            pen = QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
            if not positive:
                pen.setDashPattern([max(DASH / width, 1.25), max(BETWEEN / width, 0.65)])
            made[positive].append(pen)
    return tuple(made[0]), tuple(made[1])


def contrast(ground: QColor) -> QColor:
    """Black or white, whichever can be read on it."""
    light = 0.299 * ground.redF() + 0.587 * ground.greenF() + 0.114 * ground.blueF() > 0.55
    return QColor("#101216" if light else "#ffffff")
