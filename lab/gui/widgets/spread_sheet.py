"""How the numbers of a layer are spread: histograms, and the norm of each filter as a bar."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from lab.gui.theme import Theme
from lab.gui.widgets.bars import Bar, Bars
from lab.gui.widgets.histogram import Histogram, Histograms


class SpreadSheet(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.histograms, self.bars = Histograms(), Bars()
        self.histograms.setAccessibleName("How the numbers are spread")
        self.bars.setAccessibleName("The norm of each filter")
        self._caption = QLabel("Norm of each filter")
        self._caption.setProperty("caption", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.histograms)
        layout.addWidget(self._caption)
        layout.addWidget(self.bars, 1)

    def show_spread(self, histograms: tuple[Histogram, ...], bars: tuple[Bar, ...]) -> None:
        self.histograms.show_histograms(histograms)
        self.bars.show_bars(bars)

    def show_theme(self, theme: Theme) -> None:
        self.histograms.show_theme(theme)
        self.bars.show_theme(theme)
