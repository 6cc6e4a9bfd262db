"""A hand in a plot: where the mouse is pressed, dragged and let go, while a tool is chosen that wants to know."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent

from lab.gui.widgets.plot import Plot

STEP = 1 / 50
"""How far an arrow key moves the hand, as a share of what the plot shows."""
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}


class PointHand(QObject):
    """`active`: it takes the left button and the arrow keys from the plot, which does not pan then. `holds`: what is
    pressed is held until it is let go, by the keyboard too."""

    holds = False

    pressed = Signal(float, float)
    dragged = Signal(float, float)
    released = Signal(float, float)

    moved = Signal(float, float)
    """The arrow keys have moved it."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self._plot = plot
        self._is_down = False
        self._by_key: tuple[float, float] | None = None  # where the arrow keys have it
        self._is_active = False
        plot.viewport().installEventFilter(self)
        plot.installEventFilter(self)

    @property
    def active(self) -> bool:
        return self._is_active

    @active.setter
    def active(self, active: bool) -> None:
        self._is_active = active
        keys = (Qt.Key.Key_Space, Qt.Key.Key_Return) if active else ()
        self._plot.own_keys = Plot.own_keys | frozenset(keys)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and watched is self._plot:
            return self._is_active and self._press_key(Qt.Key(event.key()))
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

    def _press_key(self, key: Qt.Key) -> bool:
        """Arrows move the hand, space presses it down, or lets go what it holds."""
        (x0, x1), (y0, y1) = self._plot.box.viewRange()
        x, y = self._by_key or ((x0 + x1) / 2, (y0 + y1) / 2)
        if key in ARROWS:
            right, up = ARROWS[key]
            self._by_key = x + right * STEP * (x1 - x0), y + up * STEP * (y1 - y0)
            (self.dragged if self._is_down else self.moved).emit(*self._by_key)
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Return):
            self._by_key = x, y
            self._is_down = not self._is_down and self.holds
            (self.pressed if self._is_down or not self.holds else self.released).emit(x, y)
        else:
            return False
        return True

    def _place(self, position: QPointF) -> tuple[float, float]:
        place = self._plot.box.mapSceneToView(self._plot.mapToScene(position.toPoint()))
        return place.x(), place.y()
