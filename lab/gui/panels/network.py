"""The architecture as a list: layers in their order, each with its shape, parameters and cost, edited in place."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from lab.experiment.experiment import Experiment
from lab.experiment.plan import plan
from lab.files import in_bytes
from lab.gui.document import Document
from lab.gui.editing import ArchitectureEdits
from lab.gui.icons import icon
from lab.gui.needs import examples
from lab.gui.selection import Selection
from lab.gui.theme import LIGHT, Theme
from lab.gui.widgets.layer_block import Columns, TableLine, count
from lab.gui.widgets.layer_list import LayerList, said_of
from lab.gui.widgets.layer_menu import LayerMenu
from lab.gui.widgets.mend_row import MendRow
from lab.gui.widgets.sections import ProblemLabel
from lab.network.layers.layer import Layer
from lab.problem import Problem, ProblemError
from lab.training.snapshot import Snapshot

MEMORY = "Training takes about"

SETTLES = 0.5
"""Seconds after a selection in which the list may still grow: rows of chips break when they know their width."""


class NetworkPanel(QWidget):
    """Every change goes to the document and comes back from it; the panel itself remembers nothing.

    Its `edits` are for whoever else edits the architecture, too.
    """

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.edits = ArchitectureEdits(document, self)
        self._refused: tuple[Problem, ...] = ()
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
        self._mends = MendRow(14)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidget(self.layers)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the list in it has it
        self._selected_at = 0.0
        self._selected: object = None  # where in the network the selection was last
        self._later = QTimer(self)  # a large network is lowered for it: after the layers are drawn
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._show_memory)
        for widget in (self._scroll.viewport(), self.layers):
            widget.installEventFilter(self)
        self._actions: list[tuple[QToolButton, str]] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._tools())
        for widget in (self._titles, self._input):
            column.addWidget(widget)
        column.addWidget(self._scroll, 1)
        column.addWidget(self._problem)
        column.addWidget(self._mends)
        column.addWidget(self._totals)
        column.addWidget(self._memory)

        edits = self.edits
        self.layers.pressed.connect(self._press)
        self.layers.moved.connect(edits.move_to)
        self.layers.edited.connect(edits.edit_layer)
        self.layers.learning_edited.connect(edits.edit_learning)
        self.layers.renamed.connect(edits.rename)
        self.layers.repaired.connect(edits.repair)
        self.layers.connected.connect(edits.connect_layers)
        self.layers.disconnected.connect(edits.disconnect_layers)
        self._mends.picked.connect(edits.repair)
        edits.chosen_changed.connect(self._show)
        edits.refused.connect(self._refuse)
        document.problems_changed.connect(self._show_draft)  # said of every draft, after it
        document.snapshot_changed.connect(self._see)
        document.selection_changed.connect(self._show_selection)
        self._show()
        self._show_memory()

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
        selected, repairs = self._document.selection.layer, self.edits.repairs()
        self.layers.show_network(draft, problems, selected, self.edits.chosen, repairs)
        self._input.show_texts("input", (str(analysis.input), "", ""))
        parameters, cost = count(analysis.parameter_count), count(analysis.multiply_adds)
        self._totals.show_texts("Total", ("", "", "") if problems else ("", parameters, cost))
        if problems:
            self._show_memory()  # nothing
        else:
            self._later.start()
        said = [f"“{p.where}”: {p.what}. {p.mend}" for p in self._refused]
        self._problem.show_sentences(said + said_of("network", problems))
        self._mends.show_repairs(
            tuple(one for p, each in repairs.items() if p.where == "network" for one in each)
        )
        here = self._place(selected)
        many = len(draft.network.nodes)
        for action in (self.duplicate_action, self.remove_action, self.copy_action, self.cut_action):
            action.setEnabled(bool(self.edits.chosen))
        self.up_action.setEnabled(bool(here))
        self.down_action.setEnabled(here is not None and here < many - 1)

    @Slot(object)
    def _refuse(self, problems: tuple[Problem, ...]) -> None:
        """Say why something was not done, until something is."""
        self._refused = problems
        self._show()

    @Slot()
    def _show_draft(self) -> None:
        self._refused = ()
        self._show()

    def _place(self, name: str | None) -> int | None:
        names = self.edits.names
        return names.index(name) if name in names else None

    @Slot()
    def _show_memory(self) -> None:
        draft, text, tip = self._document.draft, "", ""
        if not self._document.problems:
            planned, threads = plan(draft, examples(self._document)), self._document.trainer.threads
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

    @Slot(object)
    def _see(self, snapshot: Snapshot) -> None:
        if snapshot.experiment is not self._seen:  # now it is known how many examples there are
            self._seen = snapshot.experiment
            self._later.start()

    @Slot(object)
    def _show_selection(self, selection: Selection) -> None:
        """Of another example there is nothing to be seen here, and a pen that draws one is not to wait."""
        place = selection.place
        if place == self._selected:
            return
        self._selected = place
        self._show_draft()
        self._selected_at = time.monotonic()
        self._bring_into_sight()

    def _bring_into_sight(self) -> None:
        """The selected block, when the layout has made room for its form: all of it, or its head."""
        here = self._place(self._document.selection.layer)
        if here is None:
            return
        block, bar = self.layers.blocks[here], self._scroll.verticalScrollBar()

        def scroll() -> None:
            lowest = block.geometry().bottom() + 8 - self._scroll.viewport().height()
            bar.setValue(min(max(bar.value(), lowest), block.y() - 8))

        QTimer.singleShot(0, block, scroll)

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
        if (
            watched is self.layers
            and event.type() == QEvent.Type.Resize
            and time.monotonic() - self._selected_at < SETTLES
        ):
            self._bring_into_sight()
        return super().eventFilter(watched, event)

    # --- intentions

    def _tools(self) -> QWidget:
        self.add_menu = LayerMenu(self)
        self.add_menu.picked.connect(self.add)
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
        self.cut_action = self._action("Cut", QKeySequence.StandardKey.Cut, self.edits.cut)
        self.copy_action = self._action("Copy", QKeySequence.StandardKey.Copy, self.edits.copy)
        self.paste_action = self._action("Paste", QKeySequence.StandardKey.Paste, self.edits.paste)
        self.all_action = self._action(
            "Choose all layers", QKeySequence.StandardKey.SelectAll, self.edits.choose_all
        )
        self.remove_action = self._action("Remove layer", "Del", self.edits.remove)
        self.up_action = self._action("Move layer up", "Alt+Up", lambda: self.edits.shift(-1))
        self.down_action = self._action("Move layer down", "Alt+Down", lambda: self.edits.shift(1))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
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

    def _action(self, text: str, keys: str | QKeySequence.StandardKey, slot: object) -> QAction:
        action = QAction(text, self)
        action.setShortcut(keys)
        # Delete means a layer only while the panel has the focus
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(slot)
        self.addAction(action)
        return action

    def add(self, layer: Layer) -> None:
        """Put `layer` behind the chosen ones, at the end if none is, and select it."""
        self.edits.add(layer)
        self.layers.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def duplicate(self) -> None:
        self.edits.duplicate()
        self.layers.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(str, object)
    def _press(self, name: str, modifiers: Qt.KeyboardModifier) -> None:
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            self.edits.toggle(name)
        elif modifiers & Qt.KeyboardModifier.ShiftModifier:
            self.edits.choose_up_to(name)
        else:
            self.edits.choose({name})
