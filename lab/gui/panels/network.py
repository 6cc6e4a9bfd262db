"""The architecture: layers in their order, each with its shape, parameters and cost; added, moved, edited in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import msgspec
from PySide6.QtCore import QEvent, QObject, QPointF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QColor, QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QScrollArea, QToolButton, QVBoxLayout, QWidget

from lab.experiment.experiment import Experiment
from lab.experiment.of_layer import OfLayer, of_layer, with_layer, with_network
from lab.experiment.plan import plan
from lab.files import in_bytes
from lab.gui.document import Document
from lab.gui.icons import icon
from lab.gui.selection import Selection
from lab.gui.theme import LIGHT, Theme
from lab.gui.widgets.layer_block import Columns, LayerBlock, TableLine, count, spoken
from lab.gui.widgets.sections import ProblemLabel
from lab.network.alignment import misaligned
from lab.network.layers import LAYERS, AnyLayer
from lab.network.layers.layer import Layer
from lab.network.network import Network, Node
from lab.problem import Problem, ProblemError
from lab.training.snapshot import Snapshot
from lab.value import changed, fields


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
    """The blocks, one under the other. It takes the keyboard: arrows choose, Alt and arrows move."""

    chosen = Signal(str)
    moved = Signal(str, int)  # the layer's name, the place it should have
    edited = Signal(str, object, str)
    learning_edited = Signal(str, object, str)
    renamed = Signal(str, str)

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
        self, experiment: Experiment, problems: tuple[Problem, ...], selected: str | None
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
        for block, fact in zip(self.blocks, facts, strict=True):
            block.show_facts(
                fact,
                fact.name == selected,
                said_of(fact.name, problems),
                of_layer(experiment, fact.name),
                all_layers,
                said_of(fact.name, notices),
            )

    def set_theme(self, theme: Theme) -> None:
        self.theme = self._mark.theme = theme
        for block in self.blocks:
            block.set_theme(theme)

    def _append(self) -> None:
        block = LayerBlock()
        block.set_theme(self.theme)
        block.head.pressed.connect(lambda: self._press(block))
        block.head.dragged.connect(self._drag)
        block.head.dropped.connect(lambda: self._drop(block))
        block.edited.connect(lambda layer, field: self.edited.emit(self._name(block), layer, field))
        block.learning_edited.connect(
            lambda own, field: self.learning_edited.emit(self._name(block), own, field)
        )
        block.renamed.connect(lambda name: self.renamed.emit(self._name(block), name))
        self._column.insertWidget(len(self.blocks), block)
        self.blocks.append(block)

    @staticmethod
    def _name(block: LayerBlock) -> str:
        return block.facts.name if block.facts else ""

    def _press(self, block: LayerBlock) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.chosen.emit(self._name(block))

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
        if event.modifiers() or event.key() not in steps or not self.blocks:
            super().keyPressEvent(event)
            return
        names = [self._name(block) for block in self.blocks]
        here = next((i for i, block in enumerate(self.blocks) if block.head.selected), None)
        place = 0 if here is None else min(max(here + steps[Qt.Key(event.key())], 0), len(names) - 1)
        self.chosen.emit(names[place])


def said_of(name: str, problems: tuple[Problem, ...]) -> list[str]:
    """A sentence for each of the problems that is of this layer."""
    return [f"{p.what}. {p.mend}" if p.mend else p.what for p in problems if p.where == name]


OTHER = "Other"


def grouped(classes: Iterable[type[Layer]]) -> dict[str, list[type[Layer]]]:
    """Layers by what they do, as each says in its `group`, in the order of the first of each; the rest comes last."""
    groups: dict[str, list[type[Layer]]] = {}
    for cls in classes:
        groups.setdefault(getattr(cls, "group", OTHER), []).append(cls)
    if OTHER in groups:
        groups[OTHER] = groups.pop(OTHER)
    return groups


MEMORY = "Training takes about"


class NetworkPanel(QWidget):
    """Every change goes to the document and comes back from it; the panel itself remembers nothing."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._seen: Experiment | None = None  # the running one whose data is known
        self.layers = LayerList()
        self._titles = TableLine("Layer", Columns.TITLES)
        self._titles.setToolTip(
            "\n".join(f"{t}: {h}" for t, h in zip(Columns.TITLES, Columns.HINTS, strict=True))
        )
        self._input = TableLine("input", ("", "", ""))
        self._totals = TableLine("Total", ("", "", ""))
        self._totals.bold = True
        self._memory = TableLine(MEMORY, ("", "", ""))
        self._problem = ProblemLabel()
        self._problem.setContentsMargins(14, 4, 14, 4)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidget(self.layers)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the list in it has it
        self._scroll.viewport().installEventFilter(self)
        self._actions: list[tuple[QToolButton, str]] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._tools())
        for widget in (self._titles, self._input):
            column.addWidget(widget)
        column.addWidget(self._scroll, 1)
        column.addWidget(self._problem)
        column.addWidget(self._totals)
        column.addWidget(self._memory)

        self.layers.chosen.connect(document.select_layer)
        self.layers.moved.connect(self.move_to)
        self.layers.edited.connect(self._edit_layer)
        self.layers.learning_edited.connect(self._edit_learning)
        self.layers.renamed.connect(self._rename)
        document.experiment_changed.connect(self._show)
        document.problems_changed.connect(self._show)
        document.snapshot_changed.connect(self._see)
        document.selection_changed.connect(self._show_selection)
        self._show()

    def minimumSizeHint(self) -> QSize:
        return QSize(self.layers.minimumSizeHint().width() + 11, 240)

    # --- what is shown

    @Slot()
    def _show(self) -> None:
        draft, problems = self._document.draft, self._document.problems
        try:
            analysis = draft.analysis
        except ProblemError:
            return  # the user's file cannot be read; the data panel says so
        chosen = self._document.selection.layer
        self.layers.show_network(draft, problems, chosen)
        self._input.show_texts("input", (str(analysis.input), "", ""))
        parameters, cost = count(analysis.parameter_count), count(analysis.multiply_adds)
        self._totals.show_texts("Total", ("", "", "") if problems else ("", parameters, cost))
        self._show_memory()
        self._problem.show_sentences(said_of("network", problems))
        here = self._place(chosen)
        many = len(draft.network.nodes)
        for action, able in (
            (self.duplicate_action, here is not None),
            (self.remove_action, here is not None),
            (self.up_action, bool(here)),
            (self.down_action, here is not None and here < many - 1),
        ):
            action.setEnabled(able)

    def _show_memory(self) -> None:
        draft, text, tip = self._document.draft, "", ""
        if not self._document.problems:
            planned, threads = plan(draft, self._examples()), self._document.trainer.threads
            text = in_bytes(planned.working(threads))
            parts = [f"{name}: {in_bytes(size)}" for name, size in planned.parts(threads).items()]
            tip = "\n".join(
                (
                    "What training takes in memory",
                    *parts,
                    f"and up to {in_bytes(planned.history)} to go back in time",
                )
            )
        self._memory.show_texts(MEMORY, ("", "", text))
        self._memory.setToolTip(tip)

    def _examples(self) -> int:
        """Training examples, where they are known without loading; else as many as a batch wants."""
        draft, snapshot, prepared = self._document.draft, self._document.snapshot, self._document.prepared
        if snapshot is None or prepared is None:
            return draft.batch_size
        seen = snapshot.experiment
        same = (seen.data, seen.split, seen.seed) == (draft.data, draft.split, draft.seed)
        return len(prepared.training) if same else draft.batch_size

    @Slot(object)
    def _see(self, snapshot: Snapshot) -> None:
        if snapshot.experiment is not self._seen:  # now it is known how many examples there are
            self._seen = snapshot.experiment
            self._show_memory()

    @Slot(object)
    def _show_selection(self, selection: Selection) -> None:
        self._show()
        here = self._place(selection.layer)
        if here is not None:
            block = self.layers.blocks[here]
            # after the layout has made room for the form
            QTimer.singleShot(0, block, lambda: self._bring_into_sight(block))

    def _bring_into_sight(self, block: LayerBlock) -> None:
        self._scroll.ensureWidgetVisible(block, 0, 8)

    def set_theme(self, theme: Theme) -> None:
        self.layers.set_theme(theme)
        for line in (self._titles, self._input, self._totals, self._memory):
            line.theme = theme
            line.update()
        for button, name in self._actions:
            # a button takes its icon from its action, and takes it again at every change of the action
            (button.defaultAction() or button).setIcon(icon(name, theme))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._scroll.viewport() and event.type() == QEvent.Type.Resize:
            for line in (self._titles, self._input, self._totals, self._memory):
                line.set_inset(self._scroll.width() - self._scroll.viewport().width())
        return super().eventFilter(watched, event)

    # --- intentions

    def _tools(self) -> QWidget:
        self.add_menu = QMenu(self)
        # a list has no place yet to connect a second input
        groups = grouped(cls for cls in LAYERS if not cls.takes_many)
        self.add_menus: dict[str, QMenu] = {}
        for group, classes in groups.items():
            menu = self.add_menu
            if len(groups) > 1:
                menu = self.add_menus[group] = QMenu(group, self.add_menu)
                self.add_menu.addMenu(menu)
            for cls in classes:
                action = menu.addAction(f"{cls.title}\t{cls.summary}")
                action.triggered.connect(lambda _=False, cls=cls: self.add(cls()))
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(10, 8, 10, 4)
        row.setSpacing(2)
        add = QToolButton()
        add.setText("Add layer")
        add.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        add.setMenu(self.add_menu)
        add.setToolTip("Add a layer after the selected one (Ctrl+L)")
        self._actions.append((add, "add"))
        row.addWidget(add)
        row.addStretch(1)
        self.add_action = self._action("Add layer", "Ctrl+L", add.showMenu)
        self.duplicate_action = self._action("Duplicate layer", "Ctrl+D", self.duplicate)
        self.remove_action = self._action("Remove layer", "Del", self.remove)
        self.up_action = self._action("Move layer up", "Alt+Up", lambda: self.shift(-1))
        self.down_action = self._action("Move layer down", "Alt+Down", lambda: self.shift(1))
        for action, name in (
            (self.duplicate_action, "duplicate"),
            (self.up_action, "move-up"),
            (self.down_action, "move-down"),
            (self.remove_action, "remove"),
        ):
            button = QToolButton()
            button.setDefaultAction(action)
            button.setProperty("flat", True)
            button.setToolTip(
                f"{action.text()} ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})"
            )
            self._actions.append((button, name))
            row.addWidget(button)
        self.set_theme(LIGHT)
        return bar

    def _action(self, text: str, keys: str, slot: object) -> QAction:
        action = QAction(text, self)
        action.setShortcut(keys)
        # Delete means a layer only while the panel has the focus
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(slot)
        self.addAction(action)
        return action

    def add(self, layer: Layer) -> None:
        """Insert `layer` after the selected one, at the end if none is, and select it."""
        network = self._document.draft.network
        name = network.fresh_name(layer)
        here = self._place(self._document.selection.layer)
        place = len(network.nodes) if here is None else here + 1
        self._insert(place, Node(name, cast(AnyLayer, layer)), f"Add {name}")

    @Slot()
    def duplicate(self) -> None:
        here = self._place(self._document.selection.layer)
        if here is None:
            return
        network = self._document.draft.network
        node = network.nodes[here]
        name = network.fresh_name(node.layer)
        own = of_layer(self._document.draft, node.name)
        self._insert(here + 1, Node(name, node.layer), f"Duplicate {node.name}", own)

    @Slot()
    def remove(self) -> None:
        here = self._place(self._document.selection.layer)
        if here is None:
            return
        nodes = list(self._document.draft.network.nodes)
        gone = nodes.pop(here)
        self._take(nodes, f"Remove {gone.name}")
        near = min(here, len(nodes) - 1)
        self._document.select_layer(nodes[near].name if nodes else None)

    def shift(self, way: int) -> None:
        """Move the selected layer one place up (-1) or down (+1)."""
        name = self._document.selection.layer
        here = self._place(name)
        if (
            name is not None
            and here is not None
            and 0 <= here + way < len(self._document.draft.network.nodes)
        ):
            self.move_to(name, here + way)

    @Slot(str, int)
    def move_to(self, name: str, place: int) -> None:
        nodes = list(self._document.draft.network.nodes)
        here = next(i for i, node in enumerate(nodes) if node.name == name)
        nodes.insert(place, nodes.pop(here))
        self._take(nodes, f"Move {name}")

    @Slot(str, object, str)
    def _edit_layer(self, name: str, layer: AnyLayer, field: str) -> None:
        nodes = [
            msgspec.structs.replace(node, layer=layer) if node.name == name else node
            for node in self._document.draft.network.nodes
        ]
        text = f"{name}: {field.replace('_', ' ')} {spoken(getattr(layer, field))}"
        self._take(nodes, text, f"{name}.{field}")

    @Slot(str, object, str)
    def _edit_learning(self, name: str, own: OfLayer, field: str) -> None:
        title = next(f.title for f in fields(OfLayer) if f.name == field)
        value = getattr(own, field)
        text = f"{name}: {title} {'as all layers' if value is None else spoken(value)}"
        self._document.edit(with_layer(self._document.draft, name, own), text, f"{name}.{field}")

    @Slot(str, str)
    def _rename(self, old: str, new: str) -> None:
        try:
            renamed = [
                changed(
                    node,
                    name=new if node.name == old else node.name,
                    inputs=tuple(new if source == old else source for source in node.inputs),
                )
                for node in self._document.draft.network.nodes
            ]
        except ProblemError:
            self._show()
            return
        self._take(renamed, f"Rename {old} to {new}", renamed={old: new})
        self._document.select_layer(new)

    def _insert(self, place: int, node: Node, text: str, own: OfLayer | None = None) -> None:
        nodes = list(self._document.draft.network.nodes)
        nodes.insert(place, node)
        experiment = with_network(self._document.draft, Network(tuple(nodes)))
        self._document.edit(with_layer(experiment, node.name, own or OfLayer()), text)
        self._document.select_layer(node.name)
        self.layers.setFocus(Qt.FocusReason.OtherFocusReason)

    def _take(
        self,
        nodes: list[Node],
        text: str,
        merge_key: str | None = None,
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        """Make them the network's layers; what a layer has of its own in learning goes where it goes."""
        experiment = with_network(self._document.draft, Network(tuple(nodes)), renamed)
        self._document.edit(experiment, text, merge_key)

    def _place(self, name: str | None) -> int | None:
        nodes = self._document.draft.network.nodes
        return next((i for i, node in enumerate(nodes) if node.name == name), None)
