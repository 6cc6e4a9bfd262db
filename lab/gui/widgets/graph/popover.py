"""A layer's form beside its block: edited in place, undone like everything else."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from lab.experiment.experiment import Experiment
from lab.experiment.of_layer import OfLayer, of_layer
from lab.gui.editing import ArchitectureEdits
from lab.gui.theme import Theme
from lab.gui.widgets.graph.canvas import GraphCanvas
from lab.gui.widgets.layer_block import LayerBlock
from lab.network.editing import may_take
from lab.network.network import Facts

BREADTH = 344
AWAY = 10
"""Pixels from the block."""


class Popover(QFrame):
    """It shows one layer for as long as that is there. Escape, or a press on the paper, closes it."""

    def __init__(self, edits: ArchitectureEdits, canvas: GraphCanvas, parent: QWidget) -> None:
        super().__init__(parent)
        self._edits, self._canvas = edits, canvas
        canvas.moved.connect(self.follow)
        self.layer: str | None = None
        self.is_renaming = False
        """For a moment nothing is chosen: the old name is gone, and the new one not chosen yet."""
        self.block = LayerBlock()
        self.block.edited.connect(lambda layer, field: edits.edit_layer(self.layer or "", layer, field))
        self.block.learning_edited.connect(
            lambda own, field: edits.edit_learning(self.layer or "", own, field)
        )
        self.block.renamed.connect(self._rename)
        self.block.connected.connect(
            lambda source, place: edits.connect_layers(source, self.layer or "", place)
        )
        self.block.disconnected.connect(lambda source: edits.disconnect_layers(source, self.layer or ""))
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self.block)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.addWidget(self._scroll)
        self.setProperty("card", True)
        self.setAccessibleName("Settings of the layer")
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self.block.set_theme(theme)

    def show_layer(self, facts: Facts, experiment: Experiment) -> None:
        """Its settings as they are now."""
        self.layer = facts.name
        penalties = experiment.regularization
        all_layers = OfLayer(1.0, penalties.l1, penalties.l2)
        self.block.show_facts(facts, True, [], of_layer(experiment, facts.name), all_layers)
        if self.block.inputs is not None:
            could = may_take(experiment.network, facts.name)
            self.block.inputs.show_inputs(facts.inputs, could, facts.layer.takes_many)

    def _rename(self, new: str) -> None:
        """Its own name first: the draft comes back with it, and the form stays open."""
        old, self.layer, self.is_renaming = self.layer or "", new, True
        self._edits.rename(old, new)
        self.is_renaming = False
        if new not in self._edits.names:
            self.layer = old

    @Slot()
    def follow(self) -> None:
        """Its block has moved on the screen, or the room there is has changed."""
        if not self.isHidden():
            self._stand_beside()

    def _stand_beside(self, make_room: bool = False) -> None:
        canvas, parent = self._canvas, self.parentWidget()
        block = canvas.graph.block(self.layer or "")
        if block is not None and parent is not None:
            origin, room = canvas.viewport().mapTo(parent, QPoint(0, 0)), canvas.geometry()
            shown = canvas.mapFromScene(block.sceneBoundingRect()).boundingRect().translated(origin)
            if make_room and (missing := self.missing(shown, room)):
                canvas.scroll_by(QPoint(missing, 0))
                shown.translate(-missing, 0)
            self.place(shown, room)

    def missing(self, block: QRect, room: QRect) -> int:
        """By how many pixels the block should go left, so that the form finds room at its right."""
        missing = block.right() + 2 * AWAY + BREADTH - room.right()
        return missing if missing > 0 and block.left() - missing >= room.left() else 0

    def place(self, block: QRect, room: QRect) -> None:
        """Beside the block where there is room for it, as high as its form; both in the parent's pixels."""
        wanted = self.block.sizeHint().expandedTo(QSize(BREADTH, 0)) + QSize(2, 8)
        size = QSize(min(BREADTH, room.width() - 2 * AWAY), min(wanted.height(), room.height() - 2 * AWAY))
        x = block.right() + AWAY
        if x + size.width() > room.right():
            x = block.left() - AWAY - size.width()
        if x < room.left():
            x = room.right() - size.width() - AWAY
        y = min(max(block.top(), room.top() + AWAY), room.bottom() - size.height() - AWAY)
        self.setGeometry(QRect(QPoint(x, y), size))

    def open(self) -> None:
        """Show it beside its block, the keyboard in it."""
        self._stand_beside(make_room=True)
        self.show()
        self.raise_()
        self.block.name_line.setFocus(Qt.FocusReason.PopupFocusReason)
        QTimer.singleShot(0, self, self.follow)  # once the form knows its height

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)
