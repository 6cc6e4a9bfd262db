"""Which line is which: a short piece of each, and its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QTransform
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme

APART = 16
"""Pixels between two entries."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A name, and how the thing looks: the colour in a theme, a line in a style or a plot's symbol.

    `brief` is the name where there is little room.
    """

    name: str
    colour: Callable[[Theme], str]
    style: Qt.PenStyle = Qt.PenStyle.SolidLine
    symbol: str = ""
    hollow: bool = False
    brief: str = ""


class Legend(QWidget):
    """One line, by brief names if need be, or as many as those need."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._entries: tuple[Entry, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_entries(self, entries: tuple[Entry, ...]) -> None:
        if list(map(_looks, entries)) != list(map(_looks, self._entries)):
            self._entries = entries
            self.setAccessibleName("Legend: " + ", ".join(e.name for e in entries))
            self.updateGeometry()
            self.update()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(e.name for e in self._entries)

    def _texts(self) -> list[str]:
        whole = [entry.name for entry in self._entries]
        if sum(map(self._wide, self._entries, whole)) - APART <= self.width() - 2:
            return whole
        return [entry.brief or entry.name for entry in self._entries]

    def _wide(self, entry: Entry, text: str) -> int:
        return _sample(entry) + self.fontMetrics().horizontalAdvance(text) + APART

    def _places(self) -> list[tuple[QPointF, str]]:
        x, y, places = 2.0, 0.0, []
        for entry, text in zip(self._entries, self._texts(), strict=True):
            wide = self._wide(entry, text)
            if x > 2 and x + wide - APART > self.width():
                x, y = 2.0, y + self.fontMetrics().height() + 2
            places.append((QPointF(x, y), text))
            x += wide
        return places

    def sizeHint(self) -> QSize:
        places = self._places()
        last = places[-1][0].y() if places else 0
        return QSize(120, round(last) + self.fontMetrics().height() + 4)

    def resizeEvent(self, event: object) -> None:
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        height = painter.fontMetrics().height()
        for entry, (place, name) in zip(self._entries, self._places(), strict=True):
            colour = QColor(entry.colour(self._theme))
            y = place.y() + height / 2 + 1
            if not entry.symbol:
                painter.setPen(QPen(colour, 2, entry.style))
                painter.drawLine(QPointF(place.x(), y), QPointF(place.x() + 20, y))
            else:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.setPen(QPen(colour, 1.5))
                painter.setBrush(QColor(self._theme.surface) if entry.hollow else colour)
                drawn = QTransform.fromTranslate(place.x() + 6, y).scale(8, 8)
                painter.drawPath(drawn.map(pg.graphicsItems.ScatterPlotItem.Symbols[entry.symbol]))
                painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QColor(self._theme.muted))
            text = QRectF(place.x() + _sample(entry), place.y(), self.width(), height + 2)
            painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, name)


def _looks(entry: Entry) -> tuple[object, ...]:
    return entry.name, entry.brief, entry.style, entry.colour(LIGHT)


def _sample(entry: Entry) -> int:
    """Pixels from an entry's start to its name."""
    return 16 if entry.symbol else 26
