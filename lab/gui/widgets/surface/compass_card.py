"""A card of the angles, curvatures and rates at the point where a run stands, and of what each arrow is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QGridLayout, QLabel, QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.surface.arrows import ARROWS, ArrowKind, paint_arrow
from lab.gui.widgets.surface.scene import Marks
from lab.gui.widgets.wording import number
from lab.training.surfaces import Compass

WIDTH = 196
"""Pixels, standing beside the picture."""


@dataclass(frozen=True)
class Fact:
    """A number: what it is called, its formula, and how it is said."""

    name: str
    tip: str
    said: str
    warns: bool = False


def facts(compass: Compass, rate: float) -> tuple[Fact, ...]:
    """What is known, of what there is to know."""
    first, second = compass.eigenvalues
    found = [
        Fact(
            "step to contour",
            "The angle between the last step and the contour line, in whole weight space: 90° for plain descent of the "
            "whole batch",
            degrees(compass.step_to_contour),
        ),
        Fact(
            "−∇E to minimum",
            "The angle between steepest descent and the way to the minimum: 0° only where contours are circles",
            degrees(compass.descent_to_minimum),
        ),
        Fact(
            "cos(batch, full)",
            "∇E(batch)·∇E / (‖∇E(batch)‖ ‖∇E‖): 1 where the next batch's gradient points as the whole set's does",
            plain(compass.batch_cosine),
        ),
        Fact(
            "λ₁, λ₂",
            "The eigenvalues of the Hessian within the plane, how sharply the error bends along the ellipse's axes: "
            + ("in closed form" if compass.exact else "from differences of gradients"),
            ", ".join(filter(None, map(plain, (first, second)))),
        ),
        Fact(
            "condition λ₁/λ₂", "How much longer the ellipse is than wide, squared", plain(compass.condition)
        ),
        Fact(
            "largest stable ε",
            "2 / λ₁: with a larger rate ε plain descent of the whole batch grows along the first axis"
            + (
                ""
                if compass.exact
                else ". Off the plane the error may bend more sharply, and the rate be smaller"
            ),
            at_most(plain(compass.largest_rate), compass.exact),
        ),
        Fact("present ε", *present(compass.largest_rate, rate)),
    ]
    return tuple(fact for fact in found if fact.said)


def present(largest: float, rate: float) -> tuple[str, str, bool]:
    """The rate of the next update: a tip, the words, and whether it is above the largest stable one."""
    above = rate > largest
    tip = "The rate of the next update" + (", larger than plain descent bears here" if above else "")
    return tip, "" if math.isnan(largest) else f"{'▲ ' if above else ''}{number(rate)}", above


def at_most(value: str, exact: bool) -> str:
    return value if exact or not value else f"≤ {value}"


def degrees(angle: float) -> str:
    return "" if math.isnan(angle) else f"{angle:.1f}°"


def plain(value: float) -> str:
    return "" if math.isnan(value) else number(value).replace("NaN", "")


class Sample(QWidget):
    """An arrow as it is drawn on the surface."""

    def __init__(self, kind: ArrowKind) -> None:
        super().__init__()
        self.kind, self.colour, self.ground = kind, QColor(LIGHT.text), QColor(LIGHT.surface)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(34, 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_arrow(painter, self.kind, QPointF(2, 8), QPointF(31, 8), self.colour, self.ground, 1.8)


class CompassCard(QFrame):
    """Beside the picture, or below it where that is taller than wide. It is blank where nothing is known."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.setAccessibleName("Compass")
        self._shown: tuple[object, ...] = ()
        self._theme = LIGHT
        self.samples = {kind.key: Sample(kind) for kind in ARROWS}
        self.arrows = {kind.key: (QLabel(kind.brief), QLabel()) for kind in ARROWS}
        self.rows: dict[str, tuple[QLabel, QLabel]] = {}
        self._layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._layout.setContentsMargins(12, 9, 12, 10)
        self._layout.setSpacing(10)
        left, right = QGridLayout(), QGridLayout()
        for grid in (left, right):
            grid.setHorizontalSpacing(8)
            grid.setVerticalSpacing(3)
            grid.setAlignment(Qt.AlignmentFlag.AlignTop)
            self._layout.addLayout(grid, 1)
        left.setColumnStretch(1, 1)
        right.setColumnStretch(1, 1)
        for row, kind in enumerate(ARROWS):
            name, value = self.arrows[kind.key]
            left.addWidget(self.samples[kind.key], row, 0)
            for column, label in ((1, name), (2, value)):
                label.setToolTip(f"{kind.tip}. Drawn as long as its share in the plane")
                left.addWidget(label, row, column)
        for row, fact in enumerate(_all_facts()):
            labels = QLabel(fact.name), QLabel()
            labels[0].setProperty("caption", True)
            for column, label in enumerate(labels):
                label.setToolTip(fact.tip)
                right.addWidget(label, row, column)
            self.rows[fact.name] = labels
        for _, value in (*self.arrows.values(), *self.rows.values()):
            value.setFont(number_font())
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.stand(True)

    def stand(self, beside: bool) -> None:
        """Beside the picture its parts are one above the other; below it they are side by side."""
        way = QBoxLayout.Direction
        self._layout.setDirection(way.TopToBottom if beside else way.LeftToRight)
        policy = QSizePolicy.Policy
        self.setSizePolicy(
            *((policy.Fixed, policy.Preferred) if beside else (policy.Preferred, policy.Fixed))
        )

    def show_compass(self, compass: Compass, rate: float, marks: Marks, colour: int) -> None:
        """`colour` is the run's."""
        known = {fact.name: fact for fact in facts(compass, rate)}
        shown = (
            tuple(known.values()),
            marks,
            colour,
            {k: (a.length, a.share) for k, a in compass.arrows.items()},
        )
        if shown == self._shown:
            return
        self._shown = shown
        for key, (name, value) in self.arrows.items():
            arrow = compass.arrows.get(key)
            there = arrow is not None and key in marks.arrows
            for widget in (self.samples[key], name, value):
                widget.setVisible(there)
            if arrow is not None:
                value.setText(number(arrow.length))
                value.setAccessibleName(f"Length of {name.text()}: {number(arrow.length)}")
                tip = self.samples[key].kind.tip
                whole = f"{tip}. ‖·‖ = {number(arrow.length)}, {arrow.share:.0%} of it in the plane"
                name.setToolTip(whole)
                value.setToolTip(whole)
        for title, labels in self.rows.items():
            fact = known.get(title)
            for label in labels:
                label.setVisible(fact is not None)
            if fact is not None:
                labels[1].setText(fact.said)
                labels[1].setToolTip(fact.tip)
                if bool(labels[1].property("warning")) != fact.warns:
                    labels[1].setProperty("warning", fact.warns)
                    labels[1].style().polish(labels[1])
        self._colour = colour
        self._dress()

    _colour = 0

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._dress()

    def _dress(self) -> None:
        for key, sample in self.samples.items():
            own = key in ("step", "velocity")
            sample.colour = QColor(self._theme.run(self._colour) if own else self._theme.text)
            sample.ground = QColor(self._theme.surface)
            sample.update()


def _all_facts() -> tuple[Fact, ...]:
    """Every row that there can be."""
    return facts(Compass({}, 1.0, 1.0, 1.0, (1.0, 1.0), None, 1.0, 1.0), 1.0)
