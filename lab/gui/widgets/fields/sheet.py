"""How the view of receptive fields is laid out: the table, the input with the field, the unit's own map, and words."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from lab.gui.theme import Theme, diverging, sequential
from lab.gui.widgets.colorbar import ColourBar
from lab.gui.widgets.colour import Scale
from lab.gui.widgets.fields.field_list import FieldList
from lab.gui.widgets.fields.field_picture import FieldPicture, Shown
from lab.gui.widgets.fields.words import ASKEW, HOW
from lab.gui.widgets.mosaic import Group, Mosaic, Place
from lab.training.microscope import Spot

NARROW, FLAT, LOW = 620, 1.25, 330
"""Pixels: below this width the picture stands under the table, unless the sheet is so many times wider than high; below
this height of its own it stands alone."""
MAP = 104


class PlaceMap(Mosaic):
    """The map of the selected unit, where the place is chosen: by a click, by dragging, by the arrow keys."""

    def __init__(self) -> None:
        super().__init__(fits=True, colour_bars=False)
        self.setFixedSize(MAP, MAP)
        self.setAccessibleName("Map of the selected unit")
        self.setToolTip("y, the unit's outputs for the example. Click or drag to choose the place in its map")

    def show_map(self, values: np.ndarray, spot: Spot) -> None:
        """`values` are [height, width]."""
        limit = float(np.abs(values).max(initial=0.0)) or 1.0
        self.show_groups(
            (Group(spot.layer, "", "", values[None, None].astype(np.float32), np.array([limit]), 28),)
        )
        self.choose(Place(spot.layer, 0, 0, spot.row, spot.column))
        self.setAccessibleDescription(f"Chosen: row {spot.row}, column {spot.column}")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        place = self.place_at(event.position())
        if event.buttons() & Qt.MouseButton.LeftButton and place is not None and place != self.chosen:
            self.choose(place)
            self.clicked.emit(place)


class FieldSheet(QSplitter):
    """`placed` carries the row and column of a unit in its layer's map."""

    placed = Signal(int, int)

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.list, self.picture, self.map = FieldList(), FieldPicture(), PlaceMap()
        self.bar, self.words, self.notices = ColourBar(), QLabel(), QLabel()
        for label in (self.words, self.notices):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setToolTip(HOW)
        self.words.setAccessibleName("The field in words")
        self.notices.setAccessibleName("Branches that do not line up")
        self._left, self._right, self._below = QWidget(), QWidget(), QWidget()
        column = QVBoxLayout(self._left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list, 1)
        column.addWidget(self.notices)
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(self.picture, 1)
        row.addWidget(self.bar)
        below = QHBoxLayout(self._below)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(10)
        below.addWidget(self.map, 0, Qt.AlignmentFlag.AlignTop)
        below.addWidget(self.words, 1, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self._right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(row, 1)
        column.addWidget(self._below)
        self.addWidget(self._left)
        self.addWidget(self._right)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(9)
        self._stands: Qt.Orientation | None = None
        self.map.clicked.connect(lambda place: self.placed.emit(place.row, place.column))

    @property
    def says_words(self) -> bool:
        """Whether there is room for the field in words."""
        return not self._below.isHidden()

    def show_notices(self, sentences: tuple[str, ...], branches: bool) -> None:
        """Where branches do not line up; of a network with branches also that they do."""
        said = "\n".join(f"{ASKEW} {sentence}" for sentence in sentences)
        text = said or ("All branches that meet look at the same places." if branches else "")
        self.notices.setText(text)
        self._fit_notices()

    def _fit_notices(self) -> None:
        """Where there is little room, only what is wrong is said."""
        text = self.notices.text()
        self.notices.setVisible(text.startswith(ASKEW) or (bool(text) and self.width() >= NARROW))

    def show_field(self, shown: Shown, quantity: str, words: str, theme: Theme) -> None:
        self.picture.show_field(shown, words)
        self.words.setText(words)
        has_bar = shown.measured is not None
        self.bar.setVisible(has_bar)
        if shown.measured is not None:
            limit = float(np.abs(shown.measured).max(initial=0.0))
            limit = limit if np.isfinite(limit) and limit > 0 else 1.0
            scale = (
                Scale(diverging(theme), -limit, limit) if shown.signed else Scale(sequential(theme), 0, limit)
            )
            self.bar.show_scale(scale, quantity, theme)

    def show_theme(self, theme: Theme) -> None:
        self.list.show_theme(theme)
        self.picture.show_theme(theme)
        self.map.show_theme(theme)
        self.notices.setStyleSheet(f"color: {theme.warning}" if self.notices.text().startswith(ASKEW) else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_wide = self.width() >= NARROW or self.width() > FLAT * self.height()
        across = Qt.Orientation.Horizontal if is_wide else Qt.Orientation.Vertical
        self._fit_notices()
        if across != self._stands:
            self._stands = across
            self.setOrientation(across)
            whole = self.width() if is_wide else self.height()
            left = min(self.list.sizeHint().width(), round(0.5 * whole)) if is_wide else round(0.42 * whole)
            self.setSizes([left, whole - left])
        high = self.height() if is_wide else round(0.58 * self.height())
        self._below.setVisible(high >= LOW)
