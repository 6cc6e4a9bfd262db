"""The lines above and below the graph: what can be done, and what all layers come to."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from lab.gui.icons import icon
from lab.gui.theme import Theme, number_font
from lab.gui.widgets.graph.faces import brief
from lab.gui.widgets.layer_menu import LayerMenu
from lab.network.network import Analysis


class ToolBar(QWidget):
    """Buttons for actions, each with its icon or its words, its key in the tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons: list[tuple[QToolButton, str]] = []
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(10, 6, 10, 6)
        self.row.setSpacing(2)
        self.menu = LayerMenu(self)
        self.add = QToolButton()
        self.add.setText("Add layer")
        self.add.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.add.setMenu(self.menu)
        self.add.setToolTip("Add a layer after the chosen one (Ctrl+L)")
        self._icons.append((self.add, "add"))
        self.row.addWidget(self.add)
        self.row.addStretch(1)

    def button(self, action: QAction, name: str = "") -> QToolButton:
        """A flat button; without the name of an icon it shows the action's words."""
        button = QToolButton()
        button.setDefaultAction(action)
        button.setProperty("flat", True)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        tip = action.toolTip() or action.text()
        button.setToolTip(f"{tip} ({keys})" if keys else tip)
        if name:
            self._icons.append((button, name))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.row.addWidget(button)
        return button

    def set_theme(self, theme: Theme) -> None:
        for button, name in self._icons:
            (button.defaultAction() or button).setIcon(icon(name, theme))


class Totals(QWidget):
    """Parameters, multiply-adds and memory of the whole. What is not known while there is a problem is left out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = QLabel()
        self._label.setProperty("caption", True)
        self._label.setFont(number_font())
        self._label.setWordWrap(True)  # a view may be narrow
        self._memory = ""
        self._counts = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 5, 14, 6)
        row.addWidget(self._label, 1)

    def show_counts(self, analysis: Analysis, is_known: bool) -> None:
        layers = len(analysis.nodes)
        parts = [f"{layers:,} {'layer' if layers == 1 else 'layers'}"]
        parameters, cost = analysis.parameter_count, analysis.multiply_adds
        if is_known and parameters is not None and cost is not None:
            parts += [f"{brief(parameters)} parameters", f"{brief(cost)} mult-adds"]
            tip = f"{parameters:,} numbers that are learned\n{cost:,} multiplications in a forward pass of an example"
        else:
            tip = "Totals are known once every layer is right"
        self._counts = " · ".join(parts)
        self._label.setToolTip(tip)
        self._say()

    def show_memory(self, text: str) -> None:
        self._memory = text
        self._say()

    def _say(self) -> None:
        self._label.setText(self._counts + (f" · {self._memory} to train" if self._memory else ""))

    @property
    def text(self) -> str:
        return self._label.text()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())
