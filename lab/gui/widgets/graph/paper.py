"""The paper that the graph is drawn on: seen through a window that zooms, scrolls and fits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QNativeGestureEvent, QPainter, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

from lab.gui.theme import LIGHT, Theme
from lab.gui.widgets.graph.look import Look
from lab.gui.widgets.graph.scene import GraphScene
from lab.network.diagram import GAP, HEIGHT

LEAST, MOST = 0.01, 4.0
READABLE, RECOGNISABLE = 0.72, 0.25
"""To begin with a column of blocks is not drawn smaller than the first of these, but scrolled; what is wide as well
may be as small as the second, so that one sees its form."""
ROWS = 5.5
"""Rows of blocks that a scrolled column shows at least, as long as it is readable."""
STEP = 1.2
EDGE = 14
"""Pixels between a fitted drawing and the window's edge."""


class Paper(QGraphicsView):
    """The wheel scrolls, and zooms with Ctrl; two fingers do both."""

    moved = Signal()  # scrolled or scaled

    def __init__(self, parent: QWidget | None = None) -> None:
        self.look = Look.of(LIGHT)
        self.graph = GraphScene(self.look)
        super().__init__(self.graph, parent)
        self.graph.setParent(self)
        self.is_untouched = True
        """Nobody has zoomed or scrolled yet: another size of the window may fit it again."""
        self.shows_whole = False
        """It fills the window, whatever its scale: for pictures."""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setHorizontalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )  # it would take a row of blocks
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(self.moved)

    def set_theme(self, theme: Theme) -> None:
        self.look = Look.of(theme)
        self.graph.set_look(self.look)

    @property
    def scale_now(self) -> float:
        return self.transform().m11()

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """Scale by `factor` about a point of the viewport, its middle by default."""
        factor = min(max(self.scale_now * factor, LEAST), MOST) / self.scale_now
        here = (QPointF(self.viewport().rect().center()) if about is None else about).toPoint()
        there = self.mapToScene(here)
        self.scale(factor, factor)
        self.scroll_by(self.mapFromScene(there) - here)
        self.is_untouched = False
        self.moved.emit()

    def zoom_in(self) -> None:
        self.zoom(STEP)

    def zoom_out(self) -> None:
        self.zoom(1 / STEP)

    def fit(self) -> None:
        """All of it, no larger than life."""
        self._fit(LEAST, 1.0)
        self.is_untouched = False

    def open_well(self) -> None:
        """As one would lay it out to be read: whole if that is legible, else from its beginning."""
        if self.shows_whole:
            self._fit(LEAST, MOST)
        else:
            self._fit(LEAST, 1.0, whole=False)
        self.is_untouched = True

    def _fit(self, least: float, most: float, *, whole: bool = True) -> None:
        """Not `whole`: what would be too small to read is scrolled."""
        drawing, room = self.graph.drawing, self.viewport().size()
        if drawing.isEmpty() or room.isEmpty():
            return
        edge = 0 if self.shows_whole else 2 * EDGE
        across, down = (room.width() - edge) / drawing.width(), (room.height() - edge) / drawing.height()
        scale = min(across, down)
        if not whole and scale < READABLE <= across:
            scale = max(READABLE, min(across, room.height() / (ROWS * (HEIGHT + GAP))))
        elif not whole and scale < RECOGNISABLE:
            scale = max(RECOGNISABLE, across)
        scale = min(max(scale, least), most)
        self.resetTransform()
        self.scale(scale, scale)
        self.centerOn(drawing.center())
        first = self.graph.blocks[0].sceneBoundingRect()
        at = self.mapFromScene(first.center())
        if scale > down:
            self.scroll_by(QPoint(0, self.mapFromScene(drawing.topLeft()).y() - EDGE))
        if scale > across:
            self.scroll_by(QPoint(at.x() - room.width() // 2, 0))
        self.moved.emit()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """For a while it fills the window, whatever its size."""
        bars = self.horizontalScrollBar(), self.verticalScrollBar()
        before = self.transform(), [bar.value() for bar in bars], self.is_untouched
        self.shows_whole = True
        try:
            yield
        finally:
            self.shows_whole, self.is_untouched = False, before[2]
            self.setTransform(before[0])
            for bar, value in zip(bars, before[1], strict=True):
                bar.setValue(value)

    def scroll_by(self, by: QPoint) -> None:
        for bar, distance in ((self.horizontalScrollBar(), by.x()), (self.verticalScrollBar(), by.y())):
            bar.setValue(bar.value() + distance)

    def bring(self, name: str | None) -> None:
        """Scroll until the layer is in sight."""
        block = self.graph.block(name) if name else None
        if block is not None:
            self.ensureVisible(block.sceneBoundingRect(), 24, 40)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.is_untouched or self.shows_whole:
            self.open_well()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(STEP ** (event.angleDelta().y() / 120), event.position())
            event.accept()
        else:
            self.is_untouched = False
            super().wheelEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
        ):
            self.zoom(1 + event.value(), event.position())
            return True
        return super().viewportEvent(event)
