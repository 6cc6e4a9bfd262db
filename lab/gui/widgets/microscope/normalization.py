"""Normalizations: mean and variance are found first, then the number is shifted and scaled twice."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from lab.gui.widgets.microscope.face import Face
from lab.network.layers import BatchNorm, LayerNorm
from lab.training.microscope import Choice, Forward, Slide


class NormalizationFace(Face):
    """Says of which numbers the mean and the variance are."""

    share = 2

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.note = QLabel()
        self.note.setProperty("caption", True)
        self.note.setWordWrap(True)
        self.middle.addWidget(self.note, 0, Qt.AlignmentFlag.AlignTop)

    def show_middle(self, slide: Slide, forward: Forward, chosen: Choice) -> None:
        layer = slide.layer(forward.spot.layer)
        if isinstance(layer, BatchNorm) and slide.batch:
            words = "In training: mean and variance of this channel over all examples and places of the batch"
        elif isinstance(layer, BatchNorm):
            words = "In use: the running mean and variance of this channel, which training has left"
        elif isinstance(layer, LayerNorm):
            words = "Mean and variance over all numbers of this one example, in training and in use"
        else:
            words = "The number is divided by the strength of the channels around it, at the same place"
        self.note.setText(words)
