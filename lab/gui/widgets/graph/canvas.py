"""The canvas: what the mouse and the keys mean on the graph."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QLineF, QPoint, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QGraphicsPathItem, QWidget

from lab.gui.widgets.graph.block import BlockItem
from lab.gui.widgets.graph.edge import EdgeItem
from lab.gui.widgets.graph.gestures import Carry, Choose, Connect, Gesture
from lab.gui.widgets.graph.paper import Paper
from lab.gui.widgets.graph.walk import neighbour

PORT_REACH, END_REACH, EDGE_REACH = 10.0, 15.0, 7.0
"""Pixels of the screen around a port, an edge's end and an edge in which the mouse has hold of it."""
WAYS = {
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
}
ADDING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
CURSORS = {
    "port": Qt.CursorShape.CrossCursor,
    "mend": Qt.CursorShape.PointingHandCursor,
    "end": Qt.CursorShape.OpenHandCursor,
}

Item = BlockItem | EdgeItem


class GraphCanvas(Paper):
    """It changes nothing but what is seen: what a person wants done comes as a signal."""

    chosen = Signal(object, object)  # frozenset of layers, the one that was pointed at or None
    edge_chosen = Signal(object)  # (source, target) or None
    edit_asked = Signal(str)
    mend_asked = Signal(str, int)
    menu_asked = Signal(
        QPoint, object, object
    )  # where on the screen, a layer or None, (source, target) or None
    connected = Signal(str, str)  # source, target
    rewired = Signal(str, str, object)  # source, the target it is taken off, another target or None
    placed = Signal(str, str, str)  # a layer, and the ends of the edge that it is put on

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.overlay = QGraphicsPathItem()
        self.overlay.setZValue(10)
        self.graph.addItem(self.overlay)
        self.current: str | None = None
        self._gesture: Gesture | None = None
        self._pressed: QPoint | None = None  # where the left button went down
        self._is_dragging = False
        self._single: str | None = None  # chosen alone, if the press turns out to be a click
        self._pushed: QPoint | None = None  # where the middle button is
        self._hovered: Item | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Architecture")

    # --- what is chosen

    def choose(self, names: frozenset[str], current: str | None = None) -> None:
        if current is not None:
            self.current = current
        elif self.current not in names:
            self.current = next(iter(sorted(names)), None)
        self.edge_chosen.emit(None)
        self.chosen.emit(names, self.current)

    # --- the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pushed = event.position().toPoint()
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._is_dragging, self._single = event.position().toPoint(), False, None
            self._press(self.mapToScene(self._pressed), bool(event.modifiers() & ADDING))
        event.accept()

    def _press(self, point: QPointF, adding: bool) -> None:
        item, part = self._under(point)
        if isinstance(item, BlockItem) and part == "port":
            self._gesture = Connect(self, point, item)
        elif isinstance(item, BlockItem):
            self._press_block(item, point, adding)
        elif item is None:
            self._gesture = Choose(self, point, self.graph.chosen if adding else frozenset())
            if not adding:
                self.choose(frozenset())
        elif item.edge is not None:
            if part == "end" and item.edge.target:  # what goes to the output mark is the last layer's
                self._gesture = Connect(self, point, self.graph.blocks[item.edge.start], item)
            self.choose(frozenset())
            self.edge_chosen.emit((item.edge.source, item.edge.target))

    def _press_block(self, block: BlockItem, point: QPointF, adding: bool) -> None:
        name, chosen = block.face.title, self.graph.chosen
        if (mend := block.mend_at(point - block.pos())) >= 0:
            self.mend_asked.emit(name, mend)
        elif not block.is_layer:
            self.choose(frozenset())
        else:
            if adding:
                self.choose(chosen ^ {name}, None if name in chosen else name)
            elif name in chosen and len(chosen) > 1:
                self._single = name
            else:
                self.choose(frozenset({name}), name)
            self._gesture = Carry(self, point, block)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        here = event.position().toPoint()
        point = self.mapToScene(here)
        if self._pushed is not None:
            self.scroll_by(self._pushed - here)
            self._pushed, self.is_untouched = here, False
        elif self._pressed is None:
            self._hover(*self._under(point), point)
        elif self._gesture is not None:
            far = QLineF(self._pressed, here).length() >= QApplication.startDragDistance()
            if far and not self._is_dragging:
                self._is_dragging, self._single = True, None
                self.viewport().setCursor(self._gesture.cursor)
            if self._is_dragging:
                self._gesture.move(point)
                self.ensureVisible(QRectF(point, QSizeF(1, 1)), 12, 12)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pushed = None
        elif event.button() == Qt.MouseButton.LeftButton:
            gesture, dragged, single = self._gesture, self._is_dragging, self._single
            self._let_go()
            if gesture is not None and dragged:
                gesture.drop(self.mapToScene(event.position().toPoint()))
                gesture.stop()
            elif single is not None:
                self.choose(frozenset({single}), single)
        self.viewport().unsetCursor()

    def _let_go(self) -> None:
        self._gesture = self._pressed = self._single = None
        self._is_dragging = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        point = self.mapToScene(event.position().toPoint())
        block, part = self._under(point)
        if event.button() == Qt.MouseButton.LeftButton and isinstance(block, BlockItem) and part is None:
            if block.is_layer:
                self.edit_asked.emit(block.face.title)
        else:
            self.mousePressEvent(event)  # a second click on a button is one more click
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at, edge = event.globalPos(), None
        layer = self.current if self.current in self.graph.chosen else None
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            item, _ = self._under(self.mapToScene(event.pos()))
            layer = item.face.title if isinstance(item, BlockItem) and item.is_layer else None
            if isinstance(item, EdgeItem) and item.edge is not None:
                edge = item.edge.source, item.edge.target
            if layer is not None and layer not in self.graph.chosen:
                self.choose(frozenset({layer}), layer)
        elif layer is not None and (block := self.graph.block(layer)) is not None:
            at = self.viewport().mapToGlobal(self.mapFromScene(block.sceneBoundingRect().center()))
        self.menu_asked.emit(at, layer, edge)

    # --- what lies under the mouse

    def _under(self, point: QPointF) -> tuple[Item | None, str | None]:
        """What the mouse has hold of there, and by which part: its port, a mend's button, its end."""
        block = self.graph.port_at(point, PORT_REACH / self.scale_now)
        if block is not None:
            return block, "port"
        block = self.graph.block_at(point)
        if block is not None:
            return block, "mend" if block.mend_at(point - block.pos()) >= 0 else None
        end = self.graph.end_at(point, END_REACH / self.scale_now)
        if end is not None:
            return end, "end"
        return self.graph.edge_at(point, EDGE_REACH / self.scale_now), None

    def _hover(self, item: Item | None, part: str | None, point: QPointF) -> None:
        if self._hovered is not None and self._hovered is not item:
            self._hovered.show_hovered(False)
        self._hovered = item
        if isinstance(item, BlockItem):
            mend = item.mend_at(point - item.pos()) if part == "mend" else -1
            item.show_hovered(True, on_port=part == "port", mend=mend)
        elif item is not None:
            item.show_hovered(True)
        self.viewport().setToolTip(item.face.tip if isinstance(item, BlockItem) and part is None else "")
        if part in CURSORS:
            self.viewport().setCursor(CURSORS[part])
        else:
            self.viewport().unsetCursor()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._hover(None, None, QPointF())
        return super().viewportEvent(event)

    # --- the keyboard

    own_keys = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        shift = modifiers == Qt.KeyboardModifier.ShiftModifier
        if key == Qt.Key.Key_Escape and self._gesture is not None:
            self._gesture.stop()
            self._let_go()
        elif key in WAYS and (shift or not modifiers):
            self._walk(WAYS[key], shift)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not modifiers and self.current:
            self.edit_asked.emit(self.current)
        elif key == Qt.Key.Key_Escape:
            self.choose(frozenset())
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and not modifiers:
            layers = [block.face.title for block in self.graph.blocks if block.is_layer]
            if layers:
                name = layers[0 if key == Qt.Key.Key_Home else -1]
                self.choose(frozenset({name}), name)
                self.bring(name)
        else:
            super().keyPressEvent(event)

    def _walk(self, way: tuple[int, int], adding: bool) -> None:
        name = neighbour(self.graph, self.current, way)
        if name is not None:
            self.choose((self.graph.chosen if adding else frozenset()) | {name}, name)
            self.bring(name)
