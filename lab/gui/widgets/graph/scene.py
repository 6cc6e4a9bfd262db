"""The drawing on the canvas. Between two edits its items stay: they are told what is new, and move."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QGraphicsScene

from lab.gui.widgets.graph.block import BlockItem
from lab.gui.widgets.graph.edge import EdgeItem
from lab.gui.widgets.graph.faces import Face
from lab.gui.widgets.graph.look import Look
from lab.network.diagram import Box, Diagram, Edge

K = TypeVar("K", bound=Hashable)
Item = TypeVar("Item")
Thing = TypeVar("Thing", BlockItem, EdgeItem)

ASIDE, ABOVE = 420.0, 60.0
"""Room around the drawing, so that it can be pushed aside for the form of one of its layers."""


class GraphScene(QGraphicsScene):
    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.blocks: list[BlockItem] = []  # in the order of the diagram's boxes
        self.edges: list[EdgeItem] = []
        self.drawing = QRectF()
        self.is_folded = False
        self._spare_blocks: list[BlockItem] = []
        self._spare_edges: list[EdgeItem] = []
        self.chosen: frozenset[str] = frozenset()
        self.chosen_edge: tuple[str, str] | None = None
        self.setBackgroundBrush(look.ground)

    # --- what is shown

    def show_diagram(self, diagram: Diagram, faces: Mapping[int, Face]) -> None:
        """`faces` by the boxes' `index`."""
        ports = _ports(diagram)
        named: dict[tuple[str, int], list[BlockItem]] = {}
        for block in self.blocks:
            if block.box is not None:
                named.setdefault(self._key(block.box), []).append(block)
        kept = [_popped(named, self._key(box)) for box in diagram.boxes]
        self._put_away([block for blocks in named.values() for block in blocks], self._spare_blocks)
        self.blocks = [block or self._block() for block in kept]
        for place, (block, box) in enumerate(zip(self.blocks, diagram.boxes, strict=True)):
            block.show_box(box, faces[box.index], ports.get(place, QPointF()))
        ways: dict[tuple[str, str, int], list[EdgeItem]] = {}
        for item in self.edges:
            if item.edge is not None:
                ways.setdefault(self._edge_key(item.edge), []).append(item)
        found = [_popped(ways, self._edge_key(edge)) for edge in diagram.edges]
        self._put_away([item for items in ways.values() for item in items], self._spare_edges)
        self.edges = [item or self._edge() for item in found]
        for item, edge in zip(self.edges, diagram.edges, strict=True):
            item.show_edge(edge)
        self.drawing = QRectF(diagram.left, diagram.top, diagram.width, diagram.height)
        self.is_folded = diagram.is_folded
        self.setSceneRect(self.drawing.adjusted(-ASIDE, -ABOVE, ASIDE, ABOVE))
        self._show_states()

    def show_faces(self, faces: Mapping[int, Face]) -> None:
        """New words for blocks that stay where they are."""
        for block in self.blocks:
            if block.box is not None and block.index in faces:
                block.show_box(block.box, faces[block.index], block.port)

    def show_chosen(self, layers: frozenset[str], edge: tuple[str, str] | None = None) -> None:
        self.chosen, self.chosen_edge = layers, edge
        self._show_states()

    def set_look(self, look: Look) -> None:
        self.look = look
        self.setBackgroundBrush(look.ground)
        for block in (*self.blocks, *self._spare_blocks):
            block.set_look(look)
        for edge in (*self.edges, *self._spare_edges):
            edge.set_look(look)

    def _show_states(self) -> None:
        for block in self.blocks:
            block.show_state(chosen=block.is_layer and block.face.title in self.chosen)
        for item in self.edges:
            assert item.edge is not None
            ends = item.edge.source, item.edge.target
            near = not self.chosen.isdisjoint(end for end in ends if end)
            item.show_state(chosen=ends == self.chosen_edge, near_chosen=near)

    # --- items, used again

    @staticmethod
    def _key(box: Box) -> tuple[str, int]:
        """The output and layers of one name are told apart by their places."""
        return (box.name, -1 if box.name and box.index >= 0 else box.index)

    @staticmethod
    def _edge_key(edge: Edge) -> tuple[str, str, int]:
        return edge.source, edge.target, edge.place

    def _block(self) -> BlockItem:
        if self._spare_blocks:
            block = self._spare_blocks.pop()
            block.show()
            return block
        block = BlockItem(self.look)
        self.addItem(block)
        return block

    def _edge(self) -> EdgeItem:
        if self._spare_edges:
            item = self._spare_edges.pop()
            item.show()
            return item
        item = EdgeItem(self.look)
        self.addItem(item)
        return item

    @staticmethod
    def _put_away(items: list[Thing], spare: list[Thing]) -> None:
        for item in items:
            item.hide()
            item.hovered = item.targeted = item.chosen = False
        spare += items

    # --- what is where

    def block(self, name: str) -> BlockItem | None:
        return next((b for b in self.blocks if b.box is not None and b.box.name == name), None)

    def block_at(self, point: QPointF) -> BlockItem | None:
        return next((block for block in self.blocks if block.rect.contains(point - block.pos())), None)

    def port_at(self, point: QPointF, reach: float) -> BlockItem | None:
        """The block whose output is grasped there."""
        for block in self.blocks:
            away = point - block.pos() - block.port
            if block.port != QPointF() and away.x() ** 2 + away.y() ** 2 <= reach**2:
                return block
        return None

    def layers_in(self, frame: QRectF) -> frozenset[str]:
        """The layers of which something lies in the frame."""
        return frozenset(
            b.face.title for b in self.blocks if b.is_layer and frame.intersects(b.rect.translated(b.pos()))
        )

    def end_at(self, point: QPointF, reach: float) -> EdgeItem | None:
        """The edge whose arrow's head is grasped there."""
        near = [item for item in self.edges if item.edge is not None and _away(item.end, point) <= reach**2]
        return min(near, key=lambda item: _away(item.end, point), default=None)

    def edge_at(self, point: QPointF, reach: float) -> EdgeItem | None:
        """The nearest edge of those that come so near."""
        square = QRectF(point.x() - reach, point.y() - reach, 2 * reach, 2 * reach)
        near = [
            item
            for item in self.edges
            if item.boundingRect().intersects(square) and item.shape().intersects(square)
        ]
        return min(near, key=lambda item: _away(item.middle, point), default=None)


def _popped(named: dict[K, list[Item]], key: K) -> Item | None:
    """One of the items of this key, in their order: two layers may have one name while that is a Problem."""
    items = named.get(key)
    return items.pop(0) if items else None


def _away(a: QPointF, b: QPointF) -> float:
    return (a.x() - b.x()) ** 2 + (a.y() - b.y()) ** 2


def _ports(diagram: Diagram) -> dict[int, QPointF]:
    """Where each box's output leaves it, by its place: where its nearest edge begins, else in the middle below."""
    found: dict[int, QPointF] = {}
    for place, box in enumerate(diagram.boxes[:-1]):
        found[place] = QPointF(box.width / 2, box.height)
    for edge in reversed(diagram.edges):
        if not edge.is_skip:
            box, (x, y) = diagram.boxes[edge.start], edge.points[0]
            found[edge.start] = QPointF(x - box.x, y - box.y)
    return found
