"""What the faces of all kinds of layers share: what comes in and goes out as images, lines, the curve, the size."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lab.gui.theme import LIGHT, Theme
from lab.gui.widgets.microscope.curve import CurvePicture
from lab.gui.widgets.microscope.equation import Equations
from lab.gui.widgets.microscope.picture import Picture, Scene
from lab.network.activations import Activation, Linear
from lab.network.network import INPUT, Facts
from lab.training.microscope import Choice, Curve, Forward, Line, Slide, Spot, Token, written

NARROW, BESIDE = 640, 420
"""Pixels of width below which the lines stand above what a layer has of its own, and not beside it; and from which
the curve stands beside the lines then."""


class Face(QWidget):
    """One kind of layer, forwards. A face draws; it is told what.

    What a kind has of its own goes into `middle`, and takes the part `share` of the width, to 5 of the lines.
    """

    share: ClassVar[int] = 0

    pointed = Signal(object)
    """A Token, or a Spot: go there."""
    chosen = Signal(object)
    """A Spot of what comes in: the equations backwards are to be written for it."""
    moved = Signal(int, int)
    """Row and column of the output that are wanted."""
    stepped = Signal(int, int)
    hovered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = LIGHT
        self._slide: Slide | None = None
        self._facts: Facts | None = None
        self.before: list[Picture] = []
        self.after = self._picture(
            "Output", "What the layer makes of it. Click or drag to look at another place"
        )
        self.after.dragged.connect(self._move_after)
        self._pictures = QHBoxLayout()
        self._pictures.setSpacing(18)
        self._pictures.addWidget(self.after, 1, Qt.AlignmentFlag.AlignTop)
        self.middle = QVBoxLayout()
        self.middle.setSpacing(8)
        self.equations = Equations()
        self.curve = CurvePicture()
        self.extent = QLabel()
        self.extent.setProperty("caption", True)
        self.extent.setWordWrap(True)
        self.extent.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._words = words = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        words.setSpacing(10)
        words.addWidget(self.equations, 0, Qt.AlignmentFlag.AlignTop)
        words.addWidget(self.curve, 0, Qt.AlignmentFlag.AlignTop)
        words.addStretch(1)
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._sides.setSpacing(20)
        self._sides.addLayout(self.middle, self.share)
        self._sides.addLayout(words, 5)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(self._pictures)
        column.addLayout(self._sides)
        column.addWidget(self.extent)
        column.addStretch(1)
        self.equations.pointed.connect(self.pointed)
        self.equations.hovered.connect(self.hovered)

    def _picture(self, name: str, tip: str) -> Picture:
        picture = Picture(name, tip)
        picture.show_theme(self.theme)
        picture.hovered.connect(self.hovered)
        picture.stepped.connect(self.stepped)
        return picture

    # what is shown

    def show_forward(self, slide: Slide, forward: Forward, chosen: Choice, coming: frozenset[str]) -> None:
        self._slide, self._facts = slide, slide.facts(forward.spot.layer)
        scenes = self.scenes(slide, self._facts, forward, chosen)
        while len(self.before) < len(scenes):
            k = len(self.before)
            picture = self._picture(
                "Input of the layer", "What comes in. Drag to move; arrow keys move by one place"
            )
            picture.dragged.connect(lambda row, column, k=k: self._move_before(k, row, column))
            picture.pointed.connect(self.chosen)
            self.before.append(picture)
            self._pictures.insertWidget(k, picture, 2, Qt.AlignmentFlag.AlignTop)
        for k, picture in enumerate(self.before):
            picture.setVisible(k < len(scenes))
            if k < len(scenes):
                picture.show_scene(scenes[k])
                self._pictures.setStretch(k, len(scenes[k].channels))
        out = slide.shape(forward.spot.layer)
        self.after.setVisible(not out.is_vector)
        if not out.is_vector:
            title = f"{forward.spot.layer}, unit"
            values = slide.y(forward.spot.layer)
            self.after.show_scene(
                Scene(title, forward.spot.layer, values, (forward.spot.unit,), chosen=forward.spot)
            )
        self.show_middle(slide, forward, chosen)
        self._lay_out()
        self.equations.show_lines(self.lines(forward), coming)
        self.curve.show_curve(None if "y" in coming else curve_of(slide, self._facts, forward.spot))
        words = [f"{line.symbols}:  {written(line)}" for line in forward.size]
        self.extent.setText("\n".join(words))
        self.extent.setVisible(bool(words))

    def lines(self, forward: Forward) -> tuple[Line, ...]:
        """Those that are written out below; a face may show some of them in another way."""
        return forward.lines

    def scenes(self, slide: Slide, facts: Facts, forward: Forward, chosen: Choice) -> tuple[Scene, ...]:
        """What comes in, as images; none where it is a vector."""
        found = []
        for name in dict.fromkeys(facts.inputs):
            if slide.shape(name).is_vector:
                continue
            at = chosen.pixel if chosen.pixel is not None and chosen.pixel.layer == name else None
            unit = at.unit if at is not None else min(forward.spot.unit, slide.shape(name).channels - 1)
            found.append(Scene(f"{named(name)}, channel", name, slide.y(name), (unit,), chosen=at))
        return tuple(found)

    def show_middle(self, slide: Slide, forward: Forward, chosen: Choice) -> None:
        """What this kind of layer has of its own."""

    def show_theme(self, theme: Theme) -> None:
        self.theme = theme
        for picture in (*self.before, self.after):
            picture.show_theme(theme)
        self.equations.show_theme(theme)
        self.curve.show_theme(theme)

    def text(self) -> str:
        """All that is written, for the clipboard."""
        return "\n".join(
            part for part in (self.equations.text(), self.extent.text() if self.extent.text() else "") if part
        )

    # what a person does

    def _move_before(self, source: int, row: float, column: float) -> None:
        """The output whose window has its middle there."""
        if self._slide is None or self._facts is None:
            return
        names = list(dict.fromkeys(self._facts.inputs))
        source = self._facts.inputs.index(names[min(source, len(names) - 1)])
        xs, out = self._slide.inputs(self._facts.name), self._slide.shape(self._facts.name)
        if out.is_vector:
            return
        place = []
        for axis, (at, extent) in enumerate(((row, out.height), (column, out.width))):
            slope, start = self._facts.layer.middle(axis, xs, source)
            place.append(min(max(round((at - float(start)) / float(slope)), 0), extent - 1))
        self.moved.emit(*place)

    def _move_after(self, row: float, column: float) -> None:
        if self._slide is None or self._facts is None:
            return
        out = self._slide.shape(self._facts.name)
        self.moved.emit(min(max(int(row), 0), out.height - 1), min(max(int(column), 0), out.width - 1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def stacks(self) -> bool:
        """Whether what a kind has of its own needs the whole width: then the lines stand above it."""
        return self.width() < NARROW

    def _lay_out(self) -> None:
        stacks = self.stacks()
        way = QBoxLayout.Direction
        self._sides.setDirection(way.BottomToTop if stacks else way.LeftToRight)
        beside = stacks and self.width() >= BESIDE
        self._words.setDirection(way.LeftToRight if beside else way.TopToBottom)
        self._words.setStretch(0, int(beside))
        self._words.setStretch(2, int(not beside))


def named(layer: str) -> str:
    """The network's input, or a layer by its name."""
    return "input" if layer == INPUT else layer


def words_of(slide: Slide, thing: Token | Spot | None) -> str:
    """What a number is of, for the line at the bottom."""
    if thing is None:
        return ""
    spot = thing if isinstance(thing, Spot) else thing.spot
    if spot is not None:
        shape = slide.shape(spot.layer)
        place = "" if shape.is_vector else f", row {spot.row}, column {spot.column}"
        value = float(slide.y(spot.layer)[spot.at])
        what = "channel" if spot.layer == INPUT else "unit"
        return f"{named(spot.layer)}, {what} {spot.unit}{place}: {value:.7g}".replace("-", "−")
    assert isinstance(thing, Token)
    found = slide.place_of(thing.weight)
    if found is None:
        return ""
    name, at = found
    value = float(slide.weights[name][at])
    return f"{name}[{', '.join(map(str, at))}] = {value:.7g}".replace("-", "−")


def curve_of(slide: Slide, facts: Facts, spot: Spot) -> Curve | None:
    """The activation with the unit's z on it; None of a layer whose activation is a straight line."""
    f, z = getattr(facts.layer, "activation", None), slide.z(spot.layer)
    if not isinstance(f, Activation) or isinstance(f, Linear) or z is None:
        return None
    return Curve(f, float(z[spot.at]))
