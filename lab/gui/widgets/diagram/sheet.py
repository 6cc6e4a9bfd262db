"""The sheet that a diagram is drawn on: it zooms about the mouse, is pushed about, and has what is drawn on it walked
over by the arrow keys."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from lab.gui.theme import LIGHT, Theme

LEAST, MOST, STEP = 0.02, 12.0, 1.2
NOTCH = 120
"""Of a wheel, in eighths of a degree."""


@dataclass(frozen=True)
class Spot:
    """What lies under the mouse: a unit of a layer, and a place in its map or -1."""

    layer: str
    unit: int
    row: int = -1
    column: int = -1


@dataclass(frozen=True)
class Line:
    """The weight by which unit `unit` of `layer` takes from unit `source` of the column before it; -1 is its bias."""

    layer: str
    unit: int
    source: int


@dataclass(frozen=True)
class More:
    """What says how many units of a layer are not drawn: a click shows them, or folds them again."""

    layer: str


Mark = Spot | Line | More


class Sheet(QWidget):
    """A widget with a drawing of `extent` scene pixels, fitted until somebody zooms or pushes it.

    Whoever draws on it says what lies at a point of the scene (`mark_at`), and where an arrow key leads (`neighbour`).
    """

    hovered = Signal(object)
    """A Mark, or None."""
    clicked = Signal(object)

    own_keys = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End})

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # nothing has to be painted under it
        self.theme: Theme = LIGHT
        self.zoom = 1.0
        self.offset = QPointF()
        self.is_untouched = True
        """Nobody has zoomed or pushed it: another size of the window fits it again."""
        self.chosen: Spot | Line | None = None
        self.under: Mark | None = None
        self._pressed: QPoint | None = None
        self._pushed: QPoint | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 80)

    # what those who draw say

    @property
    def extent(self) -> QSizeF:
        return QSizeF(self.size())

    def mark_at(self, point: QPointF) -> Mark | None:
        raise NotImplementedError

    def neighbour(self, way: tuple[int, int]) -> Spot | None:
        """Where an arrow key leads: (x, y), y downwards."""
        raise NotImplementedError

    def first(self) -> Spot | None:
        raise NotImplementedError

    def last(self) -> Spot | None:
        raise NotImplementedError

    def area_of(self, spot: Spot) -> QRectF | None:
        """Where it lies in the scene."""
        raise NotImplementedError

    def follow_weight(self, by: int) -> Line | None:
        """The next weight of the chosen unit."""
        return None

    def scroll_layer(self, point: QPointF, by: int) -> bool:
        """Whether there was a folded layer at that point of the scene to be scrolled."""
        return False

    # how it lies

    def to_scene(self, point: QPointF) -> QPointF:
        return (point - self.offset) * (1 / self.zoom)

    def to_screen(self, area: QRectF) -> QRectF:
        return QRectF(area.topLeft() * self.zoom + self.offset, area.size() * self.zoom)

    def fit(self) -> None:
        """All of it, in the middle."""
        extent = self.extent
        self.is_untouched = True
        self.zoom = self.fitting(extent)
        room = QSizeF(self.size()) - extent * self.zoom
        self.offset = QPointF(max(room.width() / 2, 0.0), max(room.height() / 2, 0.0))
        self.update()

    def fitting(self, extent: QSizeF) -> float:
        across = self.width() / max(extent.width(), 1.0)
        down = self.height() / max(extent.height(), 1.0)
        return min(max(min(across, down), LEAST), 1.0)

    def zoom_by(self, factor: float, about: QPointF | None = None) -> None:
        here = QPointF(self.rect().center()) if about is None else about
        factor = min(max(self.zoom * factor, LEAST), MOST) / self.zoom
        self.offset = here - (here - self.offset) * factor
        self.zoom *= factor
        self.is_untouched = False
        self._keep_in_sight()
        self.update()

    def push(self, by: QPointF) -> None:
        self.offset += by
        self.is_untouched = False
        self._keep_in_sight()
        self.update()

    def _keep_in_sight(self) -> None:
        """A drawing that is smaller than the window stays in it; one that is larger leaves no margin."""
        extent = self.extent * self.zoom
        for size, whole, read, write in (
            (extent.width(), self.width(), self.offset.x, self.offset.setX),
            (extent.height(), self.height(), self.offset.y, self.offset.setY),
        ):
            low, high = sorted((0.0, whole - size))
            write(min(max(read(), low), high))

    def bring(self, area: QRectF) -> None:
        """Push it so far that a part of the scene can be seen."""
        there, by = self.to_screen(area).adjusted(-12, -12, 12, 12), QPointF()
        if there.right() > self.width():
            by.setX(self.width() - there.right())
        if there.left() + by.x() < 0:
            by.setX(-there.left())
        if there.bottom() > self.height():
            by.setY(self.height() - there.bottom())
        if there.top() + by.y() < 0:
            by.setY(-there.top())
        if not by.isNull() and not self.is_untouched:
            self.push(by)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self.is_untouched:
            self.fit()
        else:
            self._keep_in_sight()

    # the mouse

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        here = event.position().toPoint()
        if self._pressed is not None and self._pushed is None:
            far = (here - self._pressed).manhattanLength() >= QApplication.startDragDistance()
            if far and self._may_push():
                self._pushed = self._pressed
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._pushed is not None:
            self.push(QPointF(here - self._pushed))
            self._pushed = here
        elif self._pressed is None:
            self._hover(self.mark_at(self.to_scene(event.position())))

    def _may_push(self) -> bool:
        extent = self.extent * self.zoom
        return extent.width() > self.width() + 1 or extent.height() > self.height() + 1

    def _hover(self, mark: Mark | None) -> None:
        if mark != self.under:
            self.under = mark
            self.setCursor(
                Qt.CursorShape.PointingHandCursor if isinstance(mark, More) else Qt.CursorShape.ArrowCursor
            )
            self.hovered.emit(mark)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed = event.position().toPoint()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pushed, self._pressed, self._pushed = self._pushed, None, None
        self.unsetCursor()
        mark = self.mark_at(self.to_scene(event.position()))
        if pushed is None and event.button() == Qt.MouseButton.LeftButton and mark is not None:
            self.point(mark)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.mark_at(self.to_scene(event.position())) is None:
            self.fit()

    def point(self, mark: Mark) -> None:
        """As if it had been clicked."""
        if not isinstance(mark, More):
            self.choose(mark)
            if isinstance(mark, Spot) and (area := self.area_of(mark)) is not None:
                self.bring(area)
        self.clicked.emit(mark)

    def choose(self, mark: Spot | Line | None) -> None:
        if mark != self.chosen:
            self.chosen = mark
            self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(STEP ** (turned.y() / NOTCH), event.position())
        elif not self.scroll_layer(self.to_scene(event.position()), -round(turned.y() / NOTCH) or 0):
            by = QPointF(event.pixelDelta()) if not event.pixelDelta().isNull() else QPointF(turned) * 0.5
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                by = QPointF(by.y(), by.x())
            if not self._may_push():
                event.ignore()
                return
            self.push(by)
        event.accept()

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
        ):
            self.zoom_by(1 + event.value(), event.position())
            return True
        return super().event(event)

    # the keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows lead from unit to unit, Shift and up or down from weight to weight of one; plus, minus, 0: zoom."""
        key = Qt.Key(event.key())
        way = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }.get(key)
        if way is not None and way[1] and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            line = self.follow_weight(way[1])
            if line is not None:
                self.point(line)
        elif way is not None and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            spot = self.first() if self.chosen is None else self.neighbour(way)
            if spot is not None:
                self.point(spot)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            spot = self.first() if key == Qt.Key.Key_Home else self.last()
            if spot is not None:
                self.point(spot)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_by(STEP)
        elif key == Qt.Key.Key_Minus:
            self.zoom_by(1 / STEP)
        elif key == Qt.Key.Key_0:
            self.fit()
        else:
            super().keyPressEvent(event)

    # painting

    def outline(self, painter: QPainter, area: QRectF, radius: float = 0.0) -> None:
        """A line that stands out from every colour of the map: the accent within the ground's colour."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((self.theme.surface, 4.0), (self.theme.accent, 2.0)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawRoundedRect(area, radius, radius)
