"""The layers of the draft as blocks, one under the other."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lab.experiment.experiment import Experiment
from lab.experiment.of_layer import OfLayer, of_layer
from lab.experiment.repairs import Repair
from lab.gui.theme import LIGHT, Theme
from lab.gui.widgets.layer_block import LayerBlock
from lab.network.alignment import misaligned
from lab.network.editing import may_take
from lab.network.network import INPUT
from lab.problem import Problem


class DropMark(QWidget):
    """The line that shows between which two blocks a dragged one would land."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = LIGHT
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.accent))
        painter.end()


class LayerList(QWidget):
    """It takes the keyboard: arrows select, with Shift they choose more; Alt and arrows move."""

    pressed = Signal(str, object)  # the layer's name, the keyboard's modifiers
    moved = Signal(str, int)  # the layer's name, the place it should have
    edited = Signal(str, object, str)
    learning_edited = Signal(str, object, str)
    renamed = Signal(str, str)
    repaired = Signal(object)  # Repair
    connected = Signal(str, str, object)  # the source, the layer's name, instead of which input
    disconnected = Signal(str, str)  # the source, the layer's name

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = LIGHT
        self.blocks: list[LayerBlock] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Layers")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        self._mark = DropMark(self)
        self._target: int | None = None

    def show_network(
        self,
        experiment: Experiment,
        problems: tuple[Problem, ...],
        selected: str | None,
        chosen: frozenset[str],
        repairs: Mapping[Problem, tuple[Repair, ...]],
    ) -> None:
        facts = experiment.analysis.nodes
        notices = misaligned(experiment.network, experiment.analysis.input)
        all_layers = OfLayer(1.0, experiment.regularization.l1, experiment.regularization.l2)
        while len(self.blocks) > len(facts):
            block = self.blocks.pop()
            self._column.removeWidget(block)
            block.hide()
            block.deleteLater()
        while len(self.blocks) < len(facts):
            self._append()
        before = INPUT
        for block, fact in zip(self.blocks, facts, strict=True):
            block.show_facts(
                fact,
                fact.name == selected,
                said_of(fact.name, problems),
                of_layer(experiment, fact.name),
                all_layers,
                said_of(fact.name, notices),
                fact.name in chosen,
                before,
            )
            block.mends.show_repairs(
                tuple(one for problem, each in repairs.items() if problem.where == fact.name for one in each)
            )
            if block.inputs is not None:
                could = may_take(experiment.network, fact.name)
                block.inputs.show_inputs(fact.inputs, could, fact.layer.takes_many)
            before = fact.name

    def set_theme(self, theme: Theme) -> None:
        self.theme = self._mark.theme = theme
        for block in self.blocks:
            block.set_theme(theme)

    def _append(self) -> None:
        block = LayerBlock()
        block.set_theme(self.theme)
        block.head.pressed.connect(lambda modifiers: self._press(block, modifiers))
        block.head.dragged.connect(self._drag)
        block.head.dropped.connect(lambda: self._drop(block))
        block.edited.connect(lambda layer, field: self.edited.emit(self._name(block), layer, field))
        block.learning_edited.connect(
            lambda own, field: self.learning_edited.emit(self._name(block), own, field)
        )
        block.renamed.connect(lambda name: self.renamed.emit(self._name(block), name))
        block.mends.picked.connect(self.repaired)
        block.connected.connect(lambda source, place: self.connected.emit(source, self._name(block), place))
        block.disconnected.connect(lambda source: self.disconnected.emit(source, self._name(block)))
        self._column.insertWidget(len(self.blocks), block)
        self.blocks.append(block)

    @staticmethod
    def _name(block: LayerBlock) -> str:
        return block.facts.name if block.facts else ""

    def _press(self, block: LayerBlock, modifiers: Qt.KeyboardModifier) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.pressed.emit(self._name(block), modifiers)

    @Slot(QPointF)
    def _drag(self, position: QPointF) -> None:
        y = self.mapFromGlobal(position).y()
        self._target = sum(y > block.geometry().center().y() for block in self.blocks)
        edge = (
            self.blocks[self._target].y()
            if self._target < len(self.blocks)
            else self.blocks[-1].geometry().bottom()
        )
        self._mark.setGeometry(0, max(0, edge - 1), self.width(), 3)
        self._mark.raise_()
        self._mark.show()

    def _drop(self, block: LayerBlock) -> None:
        self._mark.hide()
        if self._target is not None:
            here = self.blocks.index(block)
            place = self._target - (self._target > here)
            self._target = None
            if place != here:
                self.moved.emit(self._name(block), place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        modifiers = event.modifiers()
        more = modifiers == Qt.KeyboardModifier.ShiftModifier
        if (modifiers and not more) or event.key() not in steps or not self.blocks:
            super().keyPressEvent(event)
            return
        step = steps[Qt.Key(event.key())]
        here = next((i for i, block in enumerate(self.blocks) if block.head.selected), None)
        if here is None:
            place = 0
        elif more:  # from the other end of what is chosen
            chosen = [i for i, block in enumerate(self.blocks) if block.head.chosen]
            place = (chosen[0] if here == chosen[-1] else chosen[-1]) + step
        else:
            place = here + step
        self.pressed.emit(self._name(self.blocks[min(max(place, 0), len(self.blocks) - 1)]), modifiers)


def said_of(name: str, problems: tuple[Problem, ...]) -> list[str]:
    """A sentence for each of the problems that is of this layer."""
    return [f"{p.what}. {p.mend}" if p.mend else p.what for p in problems if p.where == name]
