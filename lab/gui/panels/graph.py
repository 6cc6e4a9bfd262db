"""The architecture as a graph: every edit is drawn at once, with shapes, costs, fields, and problems at their layer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from lab.experiment.of_layer import with_network
from lab.experiment.repairs import Repair
from lab.files import in_bytes
from lab.gui.document import Document
from lab.gui.editing import ArchitectureEdits
from lab.gui.needs import working_memory
from lab.gui.selection import Selection
from lab.gui.theme import LIGHT, Theme
from lab.gui.views.view import Table, View
from lab.gui.widgets.graph.actions import GraphActions
from lab.gui.widgets.graph.bars import ToolBar, Totals
from lab.gui.widgets.graph.canvas import GraphCanvas
from lab.gui.widgets.graph.faces import Face, Sights, faces_of
from lab.gui.widgets.graph.look import height_of
from lab.gui.widgets.graph.menu import edge_menu, layer_menu, paper_menu
from lab.gui.widgets.graph.popover import Popover
from lab.gui.widgets.graph.table import columns_of
from lab.gui.widgets.sections import ProblemLabel
from lab.network.diagram import Diagram, diagram
from lab.network.network import Analysis, Facts
from lab.network.splicing import spliced
from lab.problem import Problem, ProblemError
from lab.training.snapshot import Snapshot

SLICE = 0.004
"""Seconds at a time for receptive fields that take long to find."""
SAID_FOR = 6000
"""Milliseconds for which it is told why something could not be done."""
LARGEST = 9000
"""Pixels that a picture is long at most, before it is sharpened."""
EDGES = 32
"""Pixels of white around it, left and right together."""
EMPTY = "No layers yet. Add one with the button above, or with Ctrl+L."


class GraphEditor(View):
    """It shows the draft and remembers nothing of it; what a person does goes to `edits` and comes back.

    Unlike the other views it looks at the document, not at snapshots: it is the same editor as the list.
    """

    name = "architecture"
    title = "Architecture"
    tab = "Graph"
    summary = "The network as a graph: add, connect and move layers; shapes, costs and receptive fields"

    def __init__(self, document: Document, edits: ArchitectureEdits, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # nothing has to be painted under it
        self.theme = LIGHT
        self._document, self._edits = document, edits
        self._sights = Sights()
        self._is_stale = True
        self._seen: object = None  # the running experiment whose data is known
        self._edge: tuple[str, str] | None = None
        self._repairs: dict[str, list[Repair]] = {}
        self.canvas = GraphCanvas()
        self.popover = Popover(edits, self.canvas, self)
        self.tools, self.totals = ToolBar(), Totals()
        self._said = ProblemLabel()
        self._said.setContentsMargins(14, 4, 14, 4)
        self._hint = QLabel(EMPTY)
        self._hint.setProperty("caption", True)
        self._hint.setWordWrap(True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        under = QVBoxLayout(self.canvas.viewport())
        under.addStretch(1)
        under.addWidget(self._hint)
        under.addSpacing(24)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._show_the_rest)
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.setInterval(SAID_FOR)
        self._silence.timeout.connect(lambda: self._said.show_sentences([]))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tools)
        column.addWidget(self.canvas, 1)
        column.addWidget(self._said)
        column.addWidget(self.totals)
        self.actions_here = self._make_tools()
        self._connect()
        self._show()

    def _make_tools(self) -> GraphActions:
        actions = GraphActions(
            self.canvas, self._edits, self.remove, lambda: self.edit(self.canvas.current or "")
        )
        add = QAction("Add layer", self)
        add.setShortcut("Ctrl+L")
        add.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        add.triggered.connect(lambda *_: self.tools.add.showMenu())
        self.canvas.addAction(add)
        self.fold_button = self.tools.button(actions.fold, "fold")
        self.tools.button(actions.zoom_out, "zoom-out")
        self.tools.button(actions.zoom_in, "zoom-in")
        self.tools.button(actions.fit, "fit")
        return actions

    def _connect(self) -> None:
        document, edits, canvas = self._document, self._edits, self.canvas
        self.tools.menu.picked.connect(lambda layer: edits.add(layer))
        canvas.chosen.connect(self._choose)
        canvas.edge_chosen.connect(self._choose_edge)
        canvas.edit_asked.connect(self.edit)
        canvas.mend_asked.connect(self.mend)
        canvas.menu_asked.connect(self._open_menu)
        canvas.connected.connect(edits.connect_layers)
        canvas.rewired.connect(self._rewire)
        canvas.placed.connect(self._put_on_edge)
        self.actions_here.fold.triggered.connect(self._show)
        document.problems_changed.connect(self._show)  # said after every change of the draft
        document.snapshot_changed.connect(self._see)
        document.selection_changed.connect(self._show_chosen)
        edits.chosen_changed.connect(self._show_chosen)
        edits.refused.connect(self._say)

    # --- what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """The draft is all it shows."""

    def show_selection(self, selection: Selection) -> None:
        if self._is_stale:
            self._show()

    def show_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.canvas.set_theme(theme)
        self.tools.set_theme(theme)
        self.popover.set_theme(theme)
        self.update()

    def furniture(self) -> tuple[QWidget, ...]:
        return self.tools, self.totals

    @contextmanager
    def posed(self) -> Iterator[tuple[int, int] | None]:
        """All of it and nothing chosen, as large as it is read."""
        drawing, opened = self.canvas.graph.drawing, not self.popover.isHidden()
        share = min(1.0, LARGEST / max(drawing.width(), drawing.height(), 1.0))
        self.popover.hide()
        self.canvas.graph.show_chosen(frozenset())
        try:
            with self.canvas.whole():
                yield round(drawing.width() * share) + EDGES, round(drawing.height() * share) + EDGES
        finally:
            self.popover.setVisible(opened)
            self._show_chosen()

    @Slot()
    def _show(self) -> None:
        """Draw the draft. While nobody sees it, only note that there is something new to draw."""
        self._is_stale = bool(self.property("covered"))
        if self._is_stale:
            return
        try:
            analysis = self._document.draft.analysis
        except ProblemError:
            return  # the user's file cannot be read; the data panel says so
        problems = self._document.problems
        repairs = self._edits.repairs()
        self._repairs = {}
        for problem in problems:
            self._repairs.setdefault(problem.where, []).extend(repairs.get(problem, ()))
        faces = self._faces(analysis)
        heights = {f.name: height_of(faces[at], self.canvas.look) for at, f in enumerate(analysis.nodes)}
        known = {block.face.title for block in self.canvas.graph.blocks if block.is_layer}
        found = diagram(analysis, heights, fold=self.actions_here.fold.isChecked())
        self._draw(found, faces)
        if known.isdisjoint(f.name for f in analysis.nodes):
            self.canvas.open_well()
        self.fold_button.setVisible(found.is_folded or not self.actions_here.fold.isChecked())
        self.totals.show_counts(analysis, is_known=not problems)
        if problems:
            self.totals.show_memory("")
        self._hint.setVisible(not analysis.nodes)
        self._show_chosen()
        self._refresh_popover(analysis)
        self._later.start(0)

    def _faces(self, analysis: Analysis) -> dict[int, Face]:
        mends = {where: [repair.text for repair in repairs] for where, repairs in self._repairs.items()}
        return faces_of(self._document.draft.network, analysis, self._sights, self._document.problems, mends)

    def _draw(self, found: Diagram, faces: dict[int, Face]) -> None:
        """What lies in the middle, or is chosen, stays where it is on the screen."""
        canvas = self.canvas
        middle = canvas.mapToScene(canvas.viewport().rect().center())
        anchor = canvas.graph.block(canvas.current) if canvas.current else None
        anchor = anchor or canvas.graph.block_at(middle)
        name = anchor.face.title if anchor is not None else ""
        before = canvas.mapFromScene(anchor.pos()) if anchor is not None else QPoint()
        canvas.graph.show_diagram(found, faces)
        after = canvas.graph.block(name) if name else None
        if after is not None and canvas.viewport().rect().contains(before):
            canvas.scroll_by(canvas.mapFromScene(after.pos()) - before)

    @Slot()
    def _show_the_rest(self) -> None:
        """What takes longer, after the drawing and bit by bit: fields to be followed back, and the memory."""
        try:
            analysis = self._document.draft.analysis
        except ProblemError:
            return
        end, more = time.perf_counter() + SLICE, True
        while more and time.perf_counter() < end:
            more = self._sights.look_on()
        if more:
            self._later.start(0)
            return
        self.canvas.graph.show_faces(self._faces(analysis))
        self._show_memory()

    def _show_memory(self) -> None:
        is_known = not self._document.problems
        self.totals.show_memory(in_bytes(working_memory(self._document)) if is_known else "")

    @Slot(object)
    def _see(self, snapshot: Snapshot) -> None:
        if snapshot.experiment is not self._seen:  # now it is known how many examples there are
            self._seen = snapshot.experiment
            if not self.property("covered"):
                self._later.start(0)

    @Slot()
    def _show_chosen(self) -> None:
        chosen, current = self._edits.chosen, self._document.selection.layer
        is_new = current != self.canvas.current
        self.canvas.current = current
        self.canvas.graph.show_chosen(chosen, self._edge)
        self.actions_here.show_chosen(chosen, self._edge)
        if is_new:
            self.canvas.bring(current)
            block = self.canvas.graph.block(current or "")
            self.canvas.setAccessibleDescription(block.face.spoken if block is not None else "")
            if self.popover.layer != current and not self.popover.is_renaming:
                self.popover.hide()

    @Slot(object)
    def _say(self, problems: tuple[Problem, ...]) -> None:
        if not self.property("covered"):
            self._said.show_sentences([f"{p.where}: {p.what}. {p.mend}" for p in problems])
            self._silence.start()

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self.popover.follow()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.surface))
        painter.end()

    def minimumSizeHint(self) -> QSize:
        return QSize(220, 160)

    # --- intentions

    @Slot(object, object)
    def _choose(self, names: frozenset[str], current: str | None) -> None:
        self._edits.choose(names, current)

    @Slot(object)
    def _choose_edge(self, edge: tuple[str, str] | None) -> None:
        if edge != self._edge:
            self._edge = edge
            self._show_chosen()

    def remove(self) -> None:
        """The chosen connection, else the chosen layers."""
        if self._edge is not None and self._edge[1]:
            edge, self._edge = self._edge, None
            self._edits.disconnect_layers(*edge)
        else:
            self._edits.remove()

    @Slot(str, str, object)
    def _rewire(self, source: str, target: str, other: str | None) -> None:
        """The end of a connection, taken off `target`, has been dropped on another layer, or nowhere."""
        if other is None:
            self._edits.disconnect_layers(source, target)
            return
        self._document.undo_stack.beginMacro(f"Connect {source} to {other} instead of {target}")
        self._edits.connect_layers(source, other)
        self._edits.disconnect_layers(source, target)
        self._document.undo_stack.endMacro()

    @Slot(str, str, str)
    def _put_on_edge(self, layer: str, source: str, target: str) -> None:
        """A block has been dropped on a connection."""
        draft = self._document.draft
        try:
            network = spliced(draft.network, layer, source, target)
        except ProblemError as error:
            self._say(error.problems)
        else:
            self._document.edit(with_network(draft, network), f"Move {layer}")

    @Slot(str, int)
    def mend(self, layer: str, number: int) -> None:
        """Apply one of the mends that a layer's block offers."""
        repairs = self._repairs.get(layer, [])
        if number < len(repairs):
            self._edits.repair(repairs[number])

    @Slot(str)
    def edit(self, layer: str) -> None:
        """Open the layer's form beside its block."""
        facts = self._facts(layer)
        if facts is not None:
            self._edits.choose({layer}, layer)
            self.popover.show_layer(facts, self._document.draft)
            self.popover.open()

    def _facts(self, layer: str | None) -> Facts | None:
        nodes = self._document.draft.analysis.nodes
        return next((facts for facts in nodes if facts.name == layer), None)

    def _refresh_popover(self, analysis: Analysis) -> None:
        if not self.popover.isHidden():
            facts = self._facts(self.popover.layer)
            if facts is None:
                self.popover.hide()
            else:
                self.popover.show_layer(facts, self._document.draft)
                self.popover.follow()

    @Slot(QPoint, object, object)
    def _open_menu(self, at: QPoint, layer: str | None, edge: tuple[str, str] | None) -> None:
        analysis = self._document.draft.analysis
        if layer is not None:
            rows = self.actions_here.of_layer()
            menu = layer_menu(self, self._edits, analysis, layer, rows, self._repairs.get(layer, ()))
        elif edge is not None:
            menu = edge_menu(self, self._edits, *edge)
        else:
            rows = self.actions_here.of_paper()
            menu = paper_menu(self, self._edits, rows)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    # --- as numbers

    def table(self) -> Table:
        """A row a layer."""
        return Table(columns_of(self._document.draft.network, self._document.draft.analysis))
