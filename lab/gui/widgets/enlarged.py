"""One map enlarged: as large as there is room, its scale beside it and its numbers below."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.colorbar import ColourBar
from lab.gui.widgets.mosaic import Group, Mosaic
from lab.gui.widgets.mosaic_colours import scale_of
from lab.gui.widgets.wording import counted, number, share

WIDE, LOWEST, WITH_NUMBERS = 216, 60, 190
"""Pixels: of the whole, the height of the map at the least, and that of the whole from which its numbers have room."""


class Enlarged(QWidget):
    """Shows a group of one tile, or of numbers that are a tile each. `picture` is the map itself, to be pointed at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._group: Group | None = None
        self._symbol = ""
        self.title, self.numbers = QLabel(), QLabel()
        for label in (self.title, self.numbers):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setFont(number_font(bold=True))
        self.numbers.setProperty("caption", True)
        self.numbers.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.picture = Mosaic(fits=True, colour_bars=False)
        self.picture.setAccessibleName("The selected map, enlarged")
        self.bar = ColourBar()
        across = QHBoxLayout()
        across.setSpacing(4)
        across.addWidget(self.picture, 1)
        across.addWidget(self.bar)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.title)
        layout.addLayout(across)
        layout.addWidget(self.numbers)
        layout.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setFixedWidth(WIDE)

    def show_map(self, group: Group, title: str, symbol: str) -> None:
        """`symbol` is the quantity: y, z, w."""
        self._group, self._symbol = group, symbol
        self.title.setText(title)
        self.numbers.setText(numbers_of(group.values))
        self.picture.show_groups((group,))
        self.picture.setAccessibleDescription(f"{title}: {self.numbers.text()}")
        self.bar.show_scale(scale_of(group, self._theme), symbol, self._theme)

        self._fit()

    def _fit(self) -> None:
        """As high as the map is, for its width: the scale beside it is no longer than the map."""
        if self._group is None:
            return
        tiles, _, height, width = self._group.shape
        wide = max(self.width() - self.bar.sizeHint().width() - 8, 40)
        high = wide if tiles > 1 else round(wide * min(height / width, 3.0))
        line = self.fontMetrics().height()
        self.numbers.setVisible(self.height() >= WITH_NUMBERS)
        below = 3 * line if self.height() >= WITH_NUMBERS else 0
        room = self.height() - max(self.title.sizeHint().height(), line) - below - 16
        high = max(min(high + 8, room), LOWEST)
        self.picture.setFixedHeight(high)
        self.bar.setFixedHeight(high)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @property
    def group(self) -> Group | None:
        return self._group

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.picture.show_theme(theme)
        if self._group is not None:
            self.bar.show_scale(scale_of(self._group, theme), self._symbol, theme)


def numbers_of(values: NDArray[np.floating]) -> str:
    """The least, mean and greatest of the finite numbers, how many are exactly 0, and how many are not finite."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "no number is finite"
    least, mean, greatest = (number(float(v)) for v in (finite.min(), finite.mean(), finite.max()))
    words = [f"least {least}", f"mean {mean}", f"greatest {greatest}"]
    words.append(f"{share(np.count_nonzero(finite == 0) / values.size)} are 0")
    if lost := values.size - finite.size:
        words.append(f"⚠ {counted(lost, 'is', 'are')} not finite")
    return ", ".join(words)
