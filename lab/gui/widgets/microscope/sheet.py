"""The sheet under the microscope: the face of a layer forwards, or the equations backwards, and which example it is."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.gui.theme import LIGHT, Theme
from lab.gui.views.view import Table
from lab.gui.widgets.microscope import Face, face_of
from lab.gui.widgets.microscope.backward import BackwardPage
from lab.gui.widgets.microscope.hand import HandPanel
from lab.training.microscope import Backward, Choice, Forward, Slide, Spot, backward, forward, written

WAYS = (
    ("Forward", "How the number is made of those that come in"),
    ("Backward", "How the error flows back: dE/dy, dE/dz, dE/dw and dE/dy of the layer below"),
)


class WaySwitch(QWidget):
    """Forward or backward."""

    turned = Signal(bool)
    """Whether backward."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for k, (words, tip) in enumerate(WAYS):
            button = QToolButton()
            button.setText(words)
            button.setToolTip(tip)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._buttons.addButton(button, k)
            row.addWidget(button)
        self.turn(backward=False)
        self._buttons.idClicked.connect(lambda k: self.turned.emit(k == 1))

    @property
    def is_backward(self) -> bool:
        return self._buttons.checkedId() == 1

    def turn(self, backward: bool) -> None:
        """Without saying so."""
        self._buttons.button(int(backward)).setChecked(True)


class Sheet(QScrollArea):
    """Draws what it is told to; `forward` and `backward` are the lines that it shows."""

    pointed = Signal(object)
    """A Token or a Spot was clicked."""
    chosen = Signal(object)
    """A Spot: the equations backwards are wanted for it."""
    moved = Signal(int, int)
    stepped = Signal(int, int)
    hovered = Signal(object)
    checked = Signal(str)
    """The role of the line whose derivative is to be checked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._faces: dict[type[Face], Face] = {}
        self.face: Face | None = None
        self.forward: Forward | None = None
        self.backward: Backward | None = None
        self.back, self.hand = BackwardPage(), HandPanel()
        self.back.hide()
        self.back.checked.connect(self.checked)
        self.example = QLabel()
        self.example.setProperty("caption", True)
        self.example.setWordWrap(True)
        self._paper = QWidget()
        self._column = QVBoxLayout(self._paper)
        self._column.setContentsMargins(2, 2, 8, 8)
        self._column.setSpacing(10)
        self._column.addWidget(self.example)
        self._column.addWidget(self.back, 1)
        self._column.addWidget(self.hand)
        self.setWidget(self._paper)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        self._paper.setAutoFillBackground(False)
        self._listen(self.back)

    def _listen(self, part: Face | BackwardPage) -> None:
        part.pointed.connect(self.pointed)
        part.chosen.connect(self.chosen)
        part.moved.connect(self.moved)
        part.stepped.connect(self.stepped)
        part.hovered.connect(self.hovered)

    def show_numbers(
        self, slide: Slide, spot: Spot, chosen: Choice, coming: frozenset[str], backwards: bool, words: str
    ) -> None:
        """`words` say which example it is; lines whose role is `coming` have no numbers yet."""
        self.example.setText(words)
        self.forward, self.backward = forward(slide, spot), backward(slide, spot, chosen)
        face = self._face_for(slide, spot)
        face.setVisible(not backwards)
        backwards_known = backwards and slide.knows_answer
        self.back.setVisible(backwards_known)
        if backwards_known:
            self.back.show_backward(slide, self.backward, coming)
        elif not backwards:
            face.show_forward(slide, self.forward, chosen, coming)

    def _face_for(self, slide: Slide, spot: Spot) -> Face:
        cls = face_of(slide.layer(spot.layer))
        face = self._faces.get(cls)
        if face is None:
            face = self._faces[cls] = cls()
            face.show_theme(self._theme)
            self._listen(face)
            self._column.insertWidget(1, face, 1)
        if self.face is not None and face is not self.face:
            self.face.hide()
        self.face = face
        return face

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.back.show_theme(theme)
        for face in self._faces.values():
            face.show_theme(theme)

    @property
    def whole_height(self) -> int:
        """Pixels, for all that is on it."""
        return self._paper.sizeHint().height()

    def text(self, backwards: bool) -> str:
        """All that is shown, as text."""
        if self.face is None or self.forward is None:
            return ""
        spot = self.forward.spot
        where = f"{spot.layer}, unit {spot.unit}, row {spot.row}, column {spot.column}"
        return f"{where}\n{self.example.text()}\n\n{self.back.text() if backwards else self.face.text()}"

    def table(self) -> Table:
        """One row a line: what is computed, in numbers, what it comes to, and what the engine has."""
        if self.forward is None or self.backward is None:
            return Table({})
        lines = [*self.forward.lines, *self.backward.lines]
        return Table(
            {
                "formula": np.array([line.symbols for line in lines]),
                "numbers": np.array([written(line) for line in lines]),
                "value": np.array([line.value for line in lines]),
                "engine": np.array([line.engine for line in lines]),
            }
        )
