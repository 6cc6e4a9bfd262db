"""Pooling: the window with its numbers, and which of them won."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from lab.gui.theme import Theme
from lab.gui.widgets.microscope.convolution import margin_of
from lab.gui.widgets.microscope.face import Face, named
from lab.gui.widgets.microscope.grid import NumberGrid
from lab.gui.widgets.microscope.picture import Scene
from lab.network.network import Facts
from lab.training.microscope import Choice, Forward, Pane, Slide, said

ROOM, SMALLEST, LARGEST = 260, 8, 40
"""Pixels: of the grid, and of a cell's side."""


class PoolingFace(Face):
    """The number that won is outlined; of a mean all have their share."""

    share = 5

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pane: Pane | None = None
        self.grid = NumberGrid("Window")
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self.grid, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.verdict, 1, Qt.AlignmentFlag.AlignTop)
        self.middle.addLayout(row)
        self.middle.addStretch(1)
        self.grid.clicked.connect(self._pick)
        self.grid.hovered.connect(self._hover)

    def scenes(self, slide: Slide, facts: Facts, forward: Forward, chosen: Choice) -> tuple[Scene, ...]:
        pane = forward.pane
        if pane is None or slide.shape(pane.source).is_vector:
            return ()
        title = f"{named(pane.source)}, channel"
        margin = margin_of(slide, facts)
        values = slide.y(pane.source)
        return (
            Scene(
                title,
                pane.source,
                values,
                (pane.channel,),
                margin,
                pane.rows,
                pane.columns,
                chosen=chosen.pixel,
            ),
        )

    def show_middle(self, slide: Slide, forward: Forward, chosen: Choice) -> None:
        pane = self._pane = forward.pane
        if pane is None:
            return
        side = int(min(max(ROOM / max(pane.values.shape), SMALLEST), LARGEST))
        limit = float(np.nan_to_num(np.abs(pane.values)).max(initial=0.0))
        self.grid.show_numbers(pane.values, limit, pane.inside, pane.winner, side=side)
        if pane.winner is not None:
            spot = pane.spot(*pane.winner)
            assert spot is not None  # padding never wins
            value = said(float(pane.values[pane.winner]))
            where = f"row {spot.row}, column {spot.column}"
            self.verdict.setText(
                f"The largest is {value}, at {where}: backwards all of the derivative goes there"
            )
        else:
            self.verdict.setText("All numbers have the same share, forwards and backwards")

    def _pick(self, row: int, column: int) -> None:
        spot = None if self._pane is None else self._pane.spot(row, column)
        if spot is not None:
            self.chosen.emit(spot)

    def _hover(self, place: tuple[int, int] | None) -> None:
        self.hovered.emit(None if place is None or self._pane is None else self._pane.spot(*place))

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.grid.show_theme(theme)
