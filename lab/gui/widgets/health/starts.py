"""Spreads at the start by initializer: a line each from layer to layer, on a logarithmic scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from lab.gui.theme import LIGHT, Theme
from lab.gui.widgets.legend import Entry, Legend
from lab.gui.widgets.plot import Plot, positive
from lab.gui.widgets.wording import number

STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)
SYMBOLS = ("o", "s", "t", "d", "+", "x", "star", "h")


class StartsPicture(QWidget):
    """`hovered` carries a sentence about the nearest layer, or ""."""

    hovered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._layers: tuple[str, ...] = ()
        self._values: Mapping[str, tuple[float, ...]] = {}
        self._lines: list[object] = []
        self.plot, self.legend = Plot(), Legend()
        self.plot.set_log(y=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.legend)
        column.addWidget(self.plot, 1)
        self.plot.pointed.connect(self._point)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_starts(
        self, layers: tuple[str, ...], values: Mapping[str, tuple[float, ...]], quantity: str
    ) -> None:
        """`values` have a number for each layer, by the initializer's name; the first is the experiment's own."""
        if tuple(values) != tuple(self._values):
            self._add_lines(tuple(values))
        self._layers, self._values = layers, values
        x = np.arange(len(layers), dtype=float)
        for line, numbers in zip(self._lines, values.values(), strict=True):
            y = positive(np.array(numbers), True)
            there = np.isfinite(y)  # what is 0 has no place on the axis
            line.setData(x[there], y[there])  # type: ignore[attr-defined]
        self.plot.name_axes("", (quantity, quantity.split(" (")[0]))
        self.plot.getAxis("bottom").setTicks([list(enumerate(layers))])
        known = [v for numbers in values.values() for v in numbers if np.isfinite(v) and v > 0]
        low, high = (min(known), max(known)) if known else (0.1, 1.0)
        self.plot.frame((-0.3, len(layers) - 0.7), (low / 1.6, high * 1.6))
        said = (f"{name}: {', '.join(map(number, numbers))}" for name, numbers in values.items())
        self.plot.setAccessibleName(f"{quantity}, by layer")
        self.plot.setAccessibleDescription("; ".join(said))

    @property
    def values(self) -> Mapping[str, tuple[float, ...]]:
        return self._values

    def _add_lines(self, names: tuple[str, ...]) -> None:
        for line in self._lines:
            self.plot.removeItem(line)
        self._lines, entries = [], []
        for k, name in enumerate(names):
            colour: Callable[[Theme], str] = partial(_colour, k)
            style = STYLES[k % len(STYLES)] if k else Qt.PenStyle.SolidLine
            line = self.plot.add_line(colour, style, 3 if k == 0 else 2, smooth=True)
            line.setSymbol(SYMBOLS[k % len(SYMBOLS)])
            line.setSymbolSize(7)
            self.plot.styled(partial(_dress, line, colour))
            self._lines.append(line)
            entries.append(Entry(name, colour, style))
        self.legend.show_entries(tuple(entries))

    def _point(self, point: tuple[float, float] | None) -> None:
        if point is None or not self._layers:
            self.hovered.emit("")
            return
        at = min(max(round(point[0]), 0), len(self._layers) - 1)
        said = (f"{name} {number(numbers[at])}" for name, numbers in self._values.items())
        self.hovered.emit(f"{self._layers[at]}: " + "  ·  ".join(said))

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.plot.show_theme(theme)
        self.legend.show_theme(theme)

    def sizeHint(self) -> QSize:
        return QSize(420, 280)


def _colour(k: int, theme: Theme) -> str:
    """The experiment's own start stands out."""
    return theme.text if k == 0 else theme.classes[(k - 1) % len(theme.classes)]


def _dress(line: object, colour: Callable[[Theme], str], theme: Theme) -> None:
    line.setSymbolBrush(theme.surface)  # type: ignore[attr-defined]
    line.setSymbolPen(colour(theme))  # type: ignore[attr-defined]
