"""Numbers set by hand: a weight, a bias, or a number of the input as a "what if"."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from lab.gui.widgets.flow import FlowBar
from lab.gui.widgets.numbers import Number
from lab.network.network import INPUT
from lab.training.microscope import Backward, Slide

WIDE = 122
"""Pixels of a field."""


class Named(QWidget):
    """A field with its name before it."""

    def __init__(self, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = QLabel()
        self.label.setProperty("caption", True)
        self.field = Number(-3.4e38, 3.4e38)
        self.field.setFixedWidth(WIDE)
        self.field.setToolTip(tip)
        self.setToolTip(tip)
        self.label.setBuddy(self.field)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        row.addWidget(self.label)
        row.addWidget(self.field)

    def show_number(self, name: str, value: float | None) -> None:
        """None hides the field."""
        self.setVisible(value is not None)
        if value is not None:
            if name != self.label.text():
                self.label.setText(name)
                self.field.setAccessibleName(f"Set {name}")
                self.updateGeometry()
            if not self.field.hasFocus():
                self.field.show_value(value)


class HandPanel(FlowBar):
    """`weight_set`, `bias_set` and `pixel_set` carry the number that is wanted."""

    weight_set = Signal(object)
    bias_set = Signal(object)
    pixel_set = Signal(object)
    undone = Signal()
    """The input is to be again what it was."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel("Set by hand")
        self.title.setProperty("heading", True)
        self.weight = Named("The weight, from this step on. Undo takes it back")
        self.bias = Named("The bias, from this step on. Undo takes it back")
        self.pixel = Named(
            "What if this number of the input were another? On a copy of the example, for this view alone"
        )
        self.undo = QToolButton()
        self.undo.setText("Undo the changed input")
        self.undo.setToolTip("Look at the example again as it is")
        self.undo.clicked.connect(lambda: self.undone.emit())
        for widget in (self.title, self.weight, self.bias, self.pixel, self.undo):
            self.add(widget)
        self.weight.field.edited.connect(self.weight_set)
        self.bias.field.edited.connect(self.bias_set)
        self.pixel.field.edited.connect(self.pixel_set)

    def show_choice(self, slide: Slide, backward: Backward | None, changed: int) -> None:
        """The weight and the number of the input that the equations are written for, and the bias of the unit."""
        if backward is None:
            return
        chosen, spot = backward.chosen, backward.spot
        weight = bias = pixel = None
        if chosen.weight >= 0:
            own = chosen.name.rpartition(".")[2]
            value = float(slide.weights[chosen.name][chosen.place])
            weight = (f"{own}[{', '.join(map(str, chosen.place))}]", value)
        if slide.has(spot.layer, "bias"):
            bias = (f"bias[{spot.unit}]", float(slide.weights[f"{spot.layer}.bias"][spot.unit]))
        if chosen.pixel is not None and chosen.pixel.layer == INPUT and not slide.batch:
            place = chosen.pixel.at[:1] if slide.shape(INPUT).is_vector else chosen.pixel.at
            pixel = (f"input[{', '.join(map(str, place))}]", float(slide.activations.input[chosen.pixel.at]))
        self.show_numbers(weight, bias, pixel, changed)

    def show_numbers(
        self,
        weight: tuple[str, float] | None,
        bias: tuple[str, float] | None,
        pixel: tuple[str, float] | None,
        changed: int,
    ) -> None:
        """Each with its name; None where there is no such number. So many numbers of the input are `changed`."""
        hidden = [w.isHidden() for w in (self.weight, self.bias, self.pixel, self.undo)]
        names = [w.label.text() for w in (self.weight, self.bias, self.pixel)]
        for widget, given in ((self.weight, weight), (self.bias, bias), (self.pixel, pixel)):
            widget.show_number(*(given or ("", None)))
        self.undo.setVisible(changed > 0)
        self.undo.setText("Undo the changed input" if changed < 2 else f"Undo {changed} changes of the input")
        self.setVisible(any(g is not None for g in (weight, bias, pixel)) or changed > 0)
        now = [w.isHidden() for w in (self.weight, self.bias, self.pixel, self.undo)]
        if now != hidden or names != [w.label.text() for w in (self.weight, self.bias, self.pixel)]:
            self.arrange()
