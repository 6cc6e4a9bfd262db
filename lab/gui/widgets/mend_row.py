"""The ways out of a problem, as a row of small buttons under it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from lab.experiment.repairs import Repair
from lab.gui.widgets.flow import FlowBar


class MendButton(QPushButton):
    """As wide as its words where there is room, else with as many of them as fit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ""

    def say(self, words: str) -> None:
        self._words = words
        self.setText(words)
        self.setAccessibleName(words)
        self.setToolTip(words)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._words) + 24, super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.width() - 22
        self.setText(self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, room))


class MendRow(QWidget):
    """Hidden while there is nothing to offer."""

    picked = Signal(object)  # Repair

    def __init__(self, margin: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: list[MendButton] = []
        self._repairs: tuple[Repair, ...] = ()
        self._flow = FlowBar()
        column = QVBoxLayout(self)
        column.setContentsMargins(margin, 0, margin, 8)
        column.addWidget(self._flow)
        self.hide()

    def show_repairs(self, repairs: tuple[Repair, ...]) -> None:
        self._repairs = repairs
        while len(self.buttons) < len(repairs):
            self._append()
        for place, button in enumerate(self.buttons):
            button.setVisible(place < len(repairs))
            if place < len(repairs):
                button.say(repairs[place].text)
        self.setVisible(bool(repairs))
        self._flow.arrange()

    def _append(self) -> None:
        button, place = MendButton(), len(self.buttons)
        button.clicked.connect(lambda: self._pick(place))
        self._flow.add(button)
        self.buttons.append(button)

    def _pick(self, place: int) -> None:
        self.picked.emit(self._repairs[place])
