"""A dense layer: every input of a unit with its weight and their product, the largest first."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from lab.gui.theme import Theme
from lab.gui.widgets.microscope.face import Face
from lab.gui.widgets.microscope.terms import TermTable
from lab.network.network import INPUT, Facts
from lab.training.microscope import Choice, Forward, Slide, Sum


class SumFace(Face):
    """A layer whose numbers are sums of weights times inputs."""

    title = "Terms of the sum"
    share = 7

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.terms = TermTable(self.title)
        self.terms.pointed.connect(self.pointed)
        self.terms.hovered.connect(self.hovered)
        self.middle.addWidget(self.terms, 0, Qt.AlignmentFlag.AlignTop)

    def heads(self, facts: Facts) -> tuple[str, str, str, str]:
        x = "x" if facts.inputs[0] == INPUT else "y"
        return (f"from {facts.inputs[0]}", "w", x, f"w × {x}")

    def show_middle(self, slide: Slide, forward: Forward, chosen: Choice) -> None:
        line = next((line for line in forward.lines if isinstance(line, Sum)), None)
        self.terms.setVisible(line is not None)
        if line is not None:
            facts = slide.facts(forward.spot.layer)
            self.terms.show_sum(line, self.heads(facts), chosen.weight)

    def show_theme(self, theme: Theme) -> None:
        super().show_theme(theme)
        self.terms.show_theme(theme)


class DenseFace(SumFace):
    """z = Σ w x + b"""
