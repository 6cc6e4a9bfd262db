"""A hand in a plot: where the mouse is pressed, dragged and let go, while a tool is chosen that wants to know."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent

from lab.gui.widgets.plot import Plot


class PointHand(QObject):
    """`active`: it takes the left button from the plot, which does not pan then."""

    pressed = Signal(float, float)
    dragged = Signal(float, float)
    released = Signal(float, float)

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self._plot = plot
        self._is_down = False
        self.active = False
        plot.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QMouseEvent) or not (self.active or self._is_down):
            return False
        x, y = self._place(event.position())
        left = Qt.MouseButton.LeftButton
        if (
            event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick)
            and event.button() == left
        ):
            self._is_down = True
            self.pressed.emit(x, y)
            return True
        if event.type() == QEvent.Type.MouseMove and self._is_down:
            self.dragged.emit(x, y)
            return True
        if event.type() == QEvent.Type.MouseButtonRelease and event.button() == left and self._is_down:
            self._is_down = False
            self.released.emit(x, y)
            return True
        return False

    def _place(self, position: QPointF) -> tuple[float, float]:
        place = self._plot.box.mapSceneToView(self._plot.mapToScene(position.toPoint()))
        return place.x(), place.y()
