"""What flows into a layer, as chips: each can be exchanged or cut off, and where it may, another is added."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from lab.gui.widgets.flow import FlowBar
from lab.network.network import INPUT


class Chip(QFrame):
    """One input: its name opens a list of what could stand instead, × cuts it off."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.name, self.cut = QToolButton(), QToolButton()
        self.menu = QMenu(self.name)
        self.name.setMenu(self.menu)
        self.name.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.cut.setText("×")
        row = QHBoxLayout(self)
        row.setContentsMargins(1, 1, 1, 1)
        row.setSpacing(0)
        for button in (self.name, self.cut):
            button.setProperty("link", True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)


class InputsLine(QWidget):
    """The inputs of one layer, in their order."""

    connected = Signal(str, object)  # the source, and instead of which input: its number, or None
    disconnected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chips: list[Chip] = []
        self._inputs: tuple[str, ...] = ()
        self._could: tuple[str, ...] = ()
        self._flow = FlowBar()
        self.plus = QToolButton()
        self.plus.setText("+")
        self.plus.setToolTip("Let another layer flow into it, too")
        self.plus.setAccessibleName("Add an input")
        self.plus.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.plus.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        menu = QMenu(self.plus)
        menu.aboutToShow.connect(lambda: self._fill(menu, None))
        self.plus.setMenu(menu)
        self._flow.add(self.plus)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._flow)

    def show_inputs(self, inputs: tuple[str, ...], could: tuple[str, ...], takes_many: bool) -> None:
        """`could` is all that can flow into the layer without a circle."""
        self._inputs, self._could = inputs, could
        while len(self.chips) < len(inputs):
            self._append()
        for place, chip in enumerate(self.chips):
            chip.setVisible(place < len(inputs))
            if place < len(inputs):
                name = inputs[place]
                chip.name.setText(name.replace("&", "&&"))
                chip.name.setToolTip(f"Let another layer flow in instead of {name}")
                chip.cut.setToolTip(f"Disconnect {name}")
                chip.cut.setAccessibleName(f"Disconnect {name}")
                chip.cut.setEnabled(inputs != (INPUT,))
        self.plus.setVisible(takes_many)
        self.plus.setEnabled(not set(could) <= set(inputs))
        self._flow.arrange()

    def _append(self) -> None:
        chip, place = Chip(), len(self.chips)
        chip.cut.clicked.connect(lambda: self.disconnected.emit(self._inputs[place]))
        chip.menu.aboutToShow.connect(lambda: self._fill(chip.menu, place))
        self._flow.add(chip, before=self.plus)
        self.chips.append(chip)

    def _fill(self, menu: QMenu, place: int | None) -> None:
        """What could flow in, nearest first."""
        menu.clear()
        there = self._inputs if place is None else self._inputs[place : place + 1]
        for source in reversed(self._could):
            if source not in there:
                menu.addAction(source.replace("&", "&&")).triggered.connect(self._sender(source, place))

    def _sender(self, source: str, place: int | None) -> Callable[[], None]:
        return lambda: self.connected.emit(source, place)
