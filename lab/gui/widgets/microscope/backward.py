"""The way back: the lecture's four equations, and on images which outputs a number feeds and where a weight is used."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lab.gui.theme import Theme
from lab.gui.widgets.microscope.check import CheckLabel
from lab.gui.widgets.microscope.curve import CurvePicture
from lab.gui.widgets.microscope.equation import Equations
from lab.gui.widgets.microscope.face import NARROW, curve_of, named
from lab.gui.widgets.microscope.picture import Picture, Scene, shown_channels
from lab.network.network import INPUT
from lab.training.microscope import Backward, Slide, Spot
from lab.training.probes import GradientCheck

FEW = 6
"""Channels of the output that are shown of those that a number feeds."""


class BackwardPage(QWidget):
    """Draws what is handed to it, like a face."""

    pointed = Signal(object)
    chosen = Signal(object)
    """A Spot of what comes in: its derivative is wanted."""
    moved = Signal(int, int)
    stepped = Signal(int, int)
    hovered = Signal(object)
    checked = Signal(str)
    """The role of the line that is to be checked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._backward: Backward | None = None
        self.before = Picture(
            "Input of the layer",
            "What comes in. Click a number to see its derivative; outlined: where the weight is used",
        )
        self.after = Picture(
            "Derivatives of the outputs", "dE/dz. Outlined: the outputs that the chosen number feeds"
        )
        self.before.pointed.connect(self.chosen)
        self.before.stepped.connect(self._step_pixel)
        self.after.pointed.connect(self._move)
        self.after.stepped.connect(self.stepped)
        for picture in (self.before, self.after):
            picture.hovered.connect(self.hovered)
        self._pictures = pictures = QHBoxLayout()
        pictures.setSpacing(18)
        pictures.addWidget(self.before, 1, Qt.AlignmentFlag.AlignTop)
        pictures.addWidget(self.after, 1, Qt.AlignmentFlag.AlignTop)
        self.legend = QLabel()
        self.legend.setProperty("caption", True)
        self.legend.setWordWrap(True)
        self.equations = Equations()
        self.equations.pointed.connect(self.pointed)
        self.equations.hovered.connect(self.hovered)
        self.equations.checked.connect(self.checked)
        self.curve = CurvePicture()
        self.check = CheckLabel()
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._sides.setSpacing(18)
        self._sides.addWidget(self.equations, 1, Qt.AlignmentFlag.AlignTop)
        self._sides.addWidget(self.curve, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(pictures)
        column.addWidget(self.legend)
        column.addLayout(self._sides)
        column.addWidget(self.check)
        column.addStretch(1)

    def show_backward(self, slide: Slide, backward: Backward, coming: frozenset[str]) -> None:
        self._backward = backward
        spot, chosen = backward.spot, backward.chosen
        facts = slide.facts(spot.layer)
        checks = {"dw", "db"} if chosen.pixel is None or chosen.pixel.layer != INPUT else {"dw", "db", "dx"}
        self.equations.show_lines(backward.lines, coming, frozenset(checks))
        self.curve.show_curve(curve_of(slide, facts, spot))
        source = chosen.pixel.layer if chosen.pixel is not None else facts.inputs[0]
        shape = slide.shape(source)
        self.before.setVisible(not shape.is_vector)
        if not shape.is_vector:
            units = [int(k) for k in backward.used[:1, 0]]
            units += [chosen.pixel.unit] if chosen.pixel is not None else []
            channels = shown_channels(shape.channels, tuple(units), 3 if units else 1)
            self.before.show_scene(
                Scene(
                    f"{named(source)}, channel",
                    source,
                    slide.y(source),
                    channels,
                    spots=backward.used,
                    chosen=chosen.pixel,
                )
            )
        out = slide.shape(spot.layer)
        self.after.setVisible(not out.is_vector)
        if not out.is_vector:
            fed = tuple(dict.fromkeys(backward.fed[:, 0].tolist()))
            channels = shown_channels(out.channels, (spot.unit, *fed), min(max(len(fed), 1), FEW))
            title = f"dE/d{'z' if slide.z(spot.layer) is not None else 'y'}, {spot.layer}, unit"
            self.after.show_scene(
                Scene(title, spot.layer, slide.dz(spot.layer), channels, spots=backward.fed, chosen=spot)
            )
        for k, picture in enumerate((self.before, self.after)):
            if picture.scene is not None:
                self._pictures.setStretch(k, max(len(picture.scene.channels), 1))
        words = []
        if len(backward.fed) and chosen.pixel is not None:
            many = len(backward.fed)
            words.append(f"{_place(slide, chosen.pixel)} feeds {many:,} output{'s' if many != 1 else ''}")
        if len(backward.used) > 1:
            words.append(f"{_weight(backward)} is used at {len(backward.used):,} places")
        self.legend.setText(";  ".join(words))
        self.legend.setVisible(bool(words))

    def show_check(self, check: GradientCheck | None, of: str, asked: bool) -> None:
        self.check.show_check(check, of, asked)

    def show_theme(self, theme: Theme) -> None:
        for picture in (self.before, self.after):
            picture.show_theme(theme)
        self.equations.show_theme(theme)
        self.curve.show_theme(theme)
        self.check.show_theme(theme)

    def text(self) -> str:
        return "\n".join(part for part in (self.equations.text(), self.check.text()) if part)

    def _move(self, spot: Spot) -> None:
        self.pointed.emit(spot)

    def _step_pixel(self, down: int, right: int) -> None:
        """Arrow keys on what comes in go from one number to the next."""
        pixel = None if self._backward is None else self._backward.chosen.pixel
        scene = self.before.scene
        if pixel is not None and scene is not None:
            _, height, width = scene.values.shape
            row, column = (
                min(max(pixel.row + down, 0), height - 1),
                min(max(pixel.column + right, 0), width - 1),
            )
            self.chosen.emit(Spot(pixel.layer, pixel.unit, row, column))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._sides.setDirection(down if self.width() < NARROW else across)


def _place(slide: Slide, spot: Spot) -> str:
    shape = slide.shape(spot.layer)
    if shape.is_vector:
        return f"{named(spot.layer)} {spot.unit}"
    return f"{named(spot.layer)}, channel {spot.unit}, row {spot.row}, column {spot.column},"


def _weight(backward: Backward) -> str:
    own = backward.chosen.name.rpartition(".")[2]
    return f"{own}[{', '.join(map(str, backward.chosen.place))}]"
