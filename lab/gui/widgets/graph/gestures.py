"""What a drag on the canvas does: choose many, carry a block to an edge, connect, disconnect, push the paper.

A gesture draws into the scene's overlay while it lasts, and says at its end what a person wants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen

from lab.gui.widgets.graph.block import BlockItem
from lab.gui.widgets.graph.edge import EdgeItem, head, rounded

if TYPE_CHECKING:
    from lab.gui.widgets.graph.canvas import GraphCanvas

NEAR_EDGE = 46.0
"""From how far an edge draws a carried block to itself."""


class Gesture:
    """From a press to a release. Points are the scene's."""

    cursor = Qt.CursorShape.ArrowCursor

    def __init__(self, canvas: GraphCanvas, start: QPointF) -> None:
        self.canvas, self.start = canvas, start

    def move(self, point: QPointF) -> None:
        raise NotImplementedError

    def drop(self, point: QPointF) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        """Take away what was drawn on the way."""
        self.canvas.overlay.setPath(QPainterPath())

    def _draw(self, path: QPainterPath, *, fill: float = 0.0, dashed: bool = False) -> None:
        accent = QColor(self.canvas.look.accent)
        pen = QPen(accent, 1.6)
        if dashed:
            pen.setStyle(Qt.PenStyle.DashLine)
        pen.setCosmetic(True)
        self.canvas.overlay.setPen(pen)
        accent.setAlphaF(fill)
        self.canvas.overlay.setBrush(accent)
        self.canvas.overlay.setPath(path)


class Choose(Gesture):
    """A frame around blocks; with Ctrl or Shift they come to those already chosen."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, canvas: GraphCanvas, start: QPointF, kept: frozenset[str]) -> None:
        super().__init__(canvas, start)
        self.kept = kept

    def move(self, point: QPointF) -> None:
        frame = QRectF(self.start, point).normalized()
        path = QPainterPath()
        path.addRect(frame)
        self._draw(path, fill=0.08)
        self.canvas.choose(self.kept | self.canvas.graph.layers_in(frame))

    def drop(self, point: QPointF) -> None:
        self.move(point)


class Carry(Gesture):
    """A block on its way to another place: the edge that it would be put on is marked."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, canvas: GraphCanvas, start: QPointF, block: BlockItem) -> None:
        super().__init__(canvas, start)
        self.block = block
        self.target: EdgeItem | None = None

    def move(self, point: QPointF) -> None:
        path = QPainterPath()
        path.addRoundedRect(self.block.rect.translated(self.block.pos() + point - self.start), 7, 7)
        self._draw(path, fill=0.12)
        edge = self.canvas.graph.edge_at(point, NEAR_EDGE)
        name = self.block.face.title
        if edge is not None and edge.edge is not None and name in (edge.edge.source, edge.edge.target):
            edge = None
        self._aim(edge)

    def _aim(self, edge: EdgeItem | None) -> None:
        for item, on in ((self.target, False), (edge, True)):
            if item is not None:
                item.show_targeted(on)
        self.target = edge

    def drop(self, point: QPointF) -> None:
        self.move(point)
        if self.target is not None and self.target.edge is not None:
            edge = self.target.edge
            self.canvas.placed.emit(self.block.face.title, edge.source, edge.target)

    def stop(self) -> None:
        super().stop()
        self._aim(None)


class Connect(Gesture):
    """A new connection out of a block's port, or the end of one that there is, taken off."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(
        self, canvas: GraphCanvas, start: QPointF, source: BlockItem, detached: EdgeItem | None = None
    ) -> None:
        super().__init__(canvas, start)
        self.source, self.detached = source, detached
        self.target: BlockItem | None = None

    def move(self, point: QPointF) -> None:
        if self.detached is not None:
            self.detached.show_detached(True)
        block = self.canvas.graph.block_at(point)
        self._aim(block if block is not None and block.is_layer and block is not self.source else None)
        begin = self.source.pos() + self.source.port
        bend = (begin.y() + point.y()) / 2
        corners = [(begin.x(), begin.y()), (begin.x(), bend), (point.x(), bend), (point.x(), point.y())]
        path = rounded(corners)
        path.addPolygon(head(corners[-2], corners[-1]))
        self._draw(path)

    def _aim(self, block: BlockItem | None) -> None:
        for item, on in ((self.target, False), (block, True)):
            if item is not None:
                item.show_targeted(on)
        self.target = block

    def drop(self, point: QPointF) -> None:
        self.move(point)
        target = None if self.target is None else self.target.face.title
        if self.detached is not None and self.detached.edge is not None:
            edge = self.detached.edge
            if target != edge.target:
                self.canvas.rewired.emit(edge.source, edge.target, target)
        elif target is not None:
            self.canvas.connected.emit(self.source.box.name if self.source.box else "", target)

    def stop(self) -> None:
        super().stop()
        self._aim(None)
        if self.detached is not None:
            self.detached.show_detached(False)
