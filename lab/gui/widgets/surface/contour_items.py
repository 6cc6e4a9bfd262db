"""The contour lines of a surface as they are drawn: dark on light ground, light on dark, their values on them."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontMetricsF

from lab.gui.theme import Theme, number_font, sequential
from lab.gui.widgets.colour import with_alpha
from lab.gui.widgets.plot import Plot
from lab.gui.widgets.surface.contours import each_contour, is_light
from lab.gui.widgets.surface.curve import NOTHING, add_curve
from lab.gui.widgets.surface.labels import place_labels, with_gaps
from lab.gui.widgets.surface.terrain import Terrain, Values
from lab.gui.widgets.wording import tick

DARK_LINE, LIGHT_LINE = "#0b0f16", "#ffffff"
FAINT, CLEAR, SMALL = 0.46, 0.92, (320, 240)
"""How strong lines and their values are; and the picture's size from which on there are values."""
Line = tuple[Values, Values]


class ContourItems:
    """Lines of round values. Values stand on the lines; where one does, its line is interrupted."""

    def __init__(self, plot: Plot, style: Qt.PenStyle = Qt.PenStyle.SolidLine, named: bool = True) -> None:
        self._plot, self._named = plot, named
        width = 1.0 if style == Qt.PenStyle.SolidLine else 1.4
        strength = FAINT if style == Qt.PenStyle.SolidLine else CLEAR
        self.dark = add_curve(plot, lambda _: with_alpha(DARK_LINE, strength), width, style)
        self.light = add_curve(plot, lambda _: with_alpha(LIGHT_LINE, strength), width, style)
        self.labels: list[pg.TextItem] = []
        self._land: Terrain | None = None
        self._lines: list[Line] = []
        self._avoid: Values = np.empty((0, 2))
        self._theme: Theme | None = None
        self._later = QTimer(plot)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._arrange)
        plot.styled(self._dress)
        plot.box.sigRangeChanged.connect(lambda *_: self._later.start(0))
        plot.box.sigResized.connect(lambda *_: self._later.start(0))

    def _dress(self, theme: Theme) -> None:
        self._theme = theme
        self._arrange()

    def show_land(self, land: Terrain | None, avoid: Values) -> None:
        """The lines of a terrain; their values keep off the points `avoid` [n, 2], in the plot's units."""
        self._land, self._avoid = land, avoid
        self._lines = [] if land is None else each_contour(land.x, land.y, land.errors, land.scale.levels)
        self._arrange()

    def _to_pixels(self, x: Values, y: Values) -> Line:
        (left, right), (low, high) = self._plot.box.viewRange()
        wide, tall = self._plot.box.width(), self._plot.box.height()
        return (x - left) / (right - left) * wide, (high - y) / (high - low) * tall

    def _from_pixels(self, x: Values, y: Values) -> Line:
        (left, right), (low, high) = self._plot.box.viewRange()
        wide, tall = self._plot.box.width(), self._plot.box.height()
        return left + x / wide * (right - left), high - y / tall * (high - low)

    def _arrange(self) -> None:
        """Put the values where there is room for them, and draw the lines with gaps for these."""
        land, theme = self._land, self._theme
        if land is None or theme is None:
            for label in self.labels:
                label.hide()
            self.dark.setData(NOTHING, NOTHING)
            self.light.setData(NOTHING, NOTHING)
            return
        size = self._plot.box.width(), self._plot.box.height()
        font = number_font(max(self._plot.font().pointSizeF() - 1.5, 6.5))
        texts = [tick(float(f"{level:.6g}")) for level in land.scale.levels]
        widths = [QFontMetricsF(font).horizontalAdvance(text) + 8 for text in texts]
        lines = [self._to_pixels(*line) for line in self._lines]
        roomy = self._named and size[0] >= SMALL[0] * 0.7 and size[1] >= SMALL[1] * 0.7
        height = QFontMetricsF(font).height()
        avoid = np.stack(self._to_pixels(self._avoid[:, 0], self._avoid[:, 1]), axis=1)
        labels = place_labels(lines, widths, size, avoid, height) if roomy else []
        for label in labels:
            gap = widths[label.line] / 2
            lines[label.line] = with_gaps(lines[label.line], [(label.x, label.y)], gap)
        drawn = [self._from_pixels(*line) for line in lines]
        light = [is_light(sequential(theme), float(s)) for s in land.scale.share(np.array(land.scale.levels))]
        self.dark.setData(*_joined([line for line, on_light in zip(drawn, light, strict=True) if on_light]))
        self.light.setData(
            *_joined([line for line, on_light in zip(drawn, light, strict=True) if not on_light])
        )
        while len(self.labels) < len(labels):
            self.labels.append(self._new_label())
        for item, label in zip_longest(self.labels, labels):
            item.setVisible(label is not None)
            if label is not None:
                x, y = self._from_pixels(np.array(label.x), np.array(label.y))
                item.setPos(float(x), float(y))
                item.setAngle(-label.angle)
                item.setFont(font)
                item.setText(texts[label.line])
                item.setColor(with_alpha(DARK_LINE if light[label.line] else LIGHT_LINE, CLEAR))

    def _new_label(self) -> pg.TextItem:
        label = pg.TextItem(anchor=(0.5, 0.5))
        label.textItem.document().setDocumentMargin(0)
        label.setZValue(0.5)
        self._plot.addItem(label, ignoreBounds=True)
        return label


def _joined(lines: list[Line]) -> Line:
    lines = [line for line in lines if len(line[0])]
    if not lines:
        return NOTHING, NOTHING
    return np.concatenate([x for x, _ in lines]), np.concatenate([y for _, y in lines])
