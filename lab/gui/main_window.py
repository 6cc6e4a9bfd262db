"""The window: panels left, views in the middle, what is selected right, the transport below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QTabWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from lab.experiment.experiment import Experiment
from lab.experiment.variants import Aspect, Variant
from lab.gui import layout
from lab.gui.about import MachineDialog, ShortcutsDialog, show_about
from lab.gui.appearance import Appearance
from lab.gui.arrangement import Kind, face_of_fault, kind_of
from lab.gui.copying import Copying
from lab.gui.document import Document
from lab.gui.exports import Exports
from lab.gui.filing import Filing
from lab.gui.focus_ring import FocusRing
from lab.gui.header import Header
from lab.gui.keeping import Keeping
from lab.gui.keyboard import OwnKeys, is_covered
from lab.gui.menus import Menus
from lab.gui.news import News
from lab.gui.panels.data import DataPanel
from lab.gui.panels.graph import GraphEditor
from lab.gui.panels.inspector import Inspector
from lab.gui.panels.network import NetworkPanel
from lab.gui.panels.training import TrainingPanel
from lab.gui.panels.watch import WatchPanel
from lab.gui.race import RaceDialog
from lab.gui.recent import Recent
from lab.gui.selection import Selection
from lab.gui.sweeping import Sweeping
from lab.gui.theme import Theme
from lab.gui.views.health import HealthView
from lab.gui.views.sweep import SweepView
from lab.gui.views.view import View
from lab.gui.widgets.banner import Banner, CompileBar
from lab.gui.widgets.dock import TitledDock, tidy_titles
from lab.gui.widgets.runs.run_chips import RunChips
from lab.gui.widgets.time.timeline import Timeline
from lab.gui.widgets.time.transport import Transport
from lab.gui.workspace import Workspace
from lab.training.archive import Archive
from lab.training.breakpoints import AnyBreakpoint, AtStep
from lab.training.listing import listing
from lab.training.snapshot import Snapshot

PANELS_WIDTH, INSPECTOR_WIDTH = 336, 216
INSTRUMENTS_REST = 100
"""Milliseconds between two looks at timeline, transport and chips while runs train."""
SMALL, ROOMY, FRAME = QSize(1280, 800), QSize(1520, 940), 32

SPEED_FOR: dict[Kind, float] = {"neuron": 20.0}
"""Updates a second to begin with, where full speed would be over before it is seen."""


class MainWindow(QMainWindow):
    def __init__(
        self, document: Document, appearance: Appearance, settings: QSettings, views: Iterable[type[View]]
    ) -> None:
        super().__init__()
        self.document, self.appearance, self._settings = document, appearance, settings
        self._was_shown = False
        self._told: Snapshot | None = None  # what timeline, transport and chips were shown last
        self._instruments_rest = QTimer(self)
        self._instruments_rest.setSingleShot(True)
        self._instruments_rest.setInterval(INSTRUMENTS_REST)
        self._instruments_rest.timeout.connect(self._end_rest)
        self._running: Experiment | None = None
        self._arranged_for = -1  # which document's first experiment the views were arranged for
        self._layout_to_come: Mapping[str, str] = {}
        self.exports = Exports(document, self, settings)
        # of a document that is being opened, the views are not arranged yet
        self.keeping = Keeping(document, lambda: self._layout_to_come or layout.captured(self), self)
        self.banner, self.compile_bar = Banner(), CompileBar()
        self.news = News(document, self.banner, appearance, self)
        self.network_panel = NetworkPanel(document)
        edits = self.network_panel.edits
        # views get snapshots alone; the graph is an editor among them, and has to be given the document
        self.workspace = Workspace(document, (*views, lambda: GraphEditor(document, edits)))
        sweep = self.workspace.docks[SweepView.name].view
        assert isinstance(sweep, SweepView)
        self.sweeping = Sweeping(document, sweep, self)
        self.copying = Copying(self.workspace, self)
        self.focus_ring = FocusRing(self)
        OwnKeys(self)
        self.timeline, self.transport = Timeline(), Transport(document.playback)
        self.chips = RunChips()
        self.inspector = Inspector(document, edits=edits)
        self.panel_docks = (
            TitledDock("Network", "panel.network", self.network_panel),
            TitledDock("Data", "panel.data", DataPanel(document)),
            TitledDock("Training", "panel.training", TrainingPanel(document)),
            TitledDock("Stops", "panel.stops", WatchPanel(document)),
        )
        self.inspector_dock = TitledDock("Selected", "panel.inspector", self.inspector)
        self.filing = Filing(self, self.keeping, Recent(settings))
        self._lay_out()
        self.menus = Menus(self)
        self.header = Header(self.menus, document, self.chips)
        bar = QToolBar("Header")
        bar.setObjectName("bar.header")
        bar.setMovable(False)
        bar.addWidget(self.header)
        bar.toggleViewAction().setVisible(False)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, bar)
        self._connect()
        self._show_theme(appearance.theme)
        self._show_file()
        self._restore()

    def _lay_out(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.compile_bar)
        column.addWidget(self.banner)
        column.addWidget(self.workspace, 1)
        self.setCentralWidget(middle)
        self.setDocumentMode(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        foot = QToolBar("Transport")
        foot.setObjectName("bar.transport")
        foot.setMovable(False)
        rows = QWidget()
        column = QVBoxLayout(rows)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.timeline)
        column.addWidget(self.transport)
        foot.addWidget(rows)
        foot.toggleViewAction().setVisible(False)
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, foot)
        for dock in self.panel_docks:
            self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.inspector_dock)
        self._place_panels()
        self.setAcceptDrops(True)
        self.resize(SMALL)

    def _place_panels(self) -> None:
        first = self.panel_docks[0]
        for dock in (*self.panel_docks, self.inspector_dock):
            dock.setFloating(False)
            dock.show()
        for dock in self.panel_docks:
            self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        for dock in self.panel_docks[1:]:
            self.tabifyDockWidget(first, dock)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.inspector_dock)
        first.raise_()
        self.resizeDocks(
            [first, self.inspector_dock], [PANELS_WIDTH, INSPECTOR_WIDTH], Qt.Orientation.Horizontal
        )
        tidy_titles(self, self.panel_docks)

    def _connect(self) -> None:
        document = self.document
        document.snapshot_changed.connect(self._show_snapshot)
        document.selection_changed.connect(self._show_selection)
        self.news.noted.connect(self.header.note)
        document.experiment_changed.connect(self._show_file)
        document.file_changed.connect(self._show_file)
        self.keeping.changed.connect(self._show_file)
        self.keeping.opened.connect(self._expect)
        document.breakpoints_changed.connect(self._show_breakpoints)
        document.compiling.connect(self.compile_bar.show_progress)
        document.problems_changed.connect(self.header.show_problems)
        playback = document.playback
        self.timeline.scrubbed.connect(playback.go_to)
        self.timeline.chosen.connect(playback.go_to)
        self.timeline.stepped.connect(lambda way: playback.step() if way > 0 else playback.step_back())
        self.timeline.run_chosen.connect(document.runs.activate)
        playback.ready_changed.connect(self.timeline.setEnabled)
        self.timeline.setEnabled(playback.ready)
        self.workspace.watching_changed.connect(self._watch)
        self.workspace.run_picked.connect(document.runs.activate)
        self.chips.activated.connect(document.runs.activate)
        self.chips.duplicated.connect(document.runs.duplicate)
        self.chips.renamed.connect(document.runs.rename)
        self.chips.closed.connect(document.runs.close)
        self.chips.race_wanted.connect(self.ask_race)
        self.inspector_dock.visibilityChanged.connect(self._watch)
        self.appearance.changed.connect(self._show_theme)
        for work in (self.exports, self.copying):
            work.done.connect(self.header.note)
            work.failed.connect(self.banner.say)
        for dock in self.panel_docks:
            dock.dockLocationChanged.connect(lambda _: tidy_titles(self, self.panel_docks))

    # --- what comes in

    @Slot(object)
    def _show_breakpoints(self, breakpoints: tuple[AnyBreakpoint, ...]) -> None:
        steps = (b.step for b in breakpoints if isinstance(b, AtStep) and b.enabled)
        self.timeline.show_breakpoints(tuple(steps))

    @Slot(object)
    def _show_snapshot(self, snapshot: Snapshot) -> None:
        is_new = snapshot.experiment is not self._running
        self._running = snapshot.experiment
        if is_new:
            self._arrange_for(snapshot.experiment)
            layout.restore(self, self._layout_to_come)
            self._layout_to_come = {}
        self.workspace.show_snapshot(snapshot)
        is_watched = self.document.playback.playing or self.workspace.is_awaited
        if is_new or not is_watched or not self._instruments_rest.isActive():
            self._show_instruments(snapshot)
        if is_new:
            self._watch()

    def _show_instruments(self, snapshot: Snapshot) -> None:
        """What tells where the runs stand. While they train, or a hand moves, nobody reads it forty times a second."""
        self._instruments_rest.start()
        self._told = snapshot
        self.timeline.show_snapshot(snapshot)
        if made := snapshot.operation:
            lines = listing(snapshot.experiment)
            last = lines[made - 1]
            self.transport.show_operation(
                f"operation {made} of {len(lines)}: {last.layer or 'all'} {last.direction}"
            )
        self.transport.show_snapshot(snapshot)
        self.chips.show_snapshot(snapshot)

    @Slot()
    def _end_rest(self) -> None:
        """The newest is told in any case, though it may be the last for long."""
        newest = self.document.snapshot
        if newest is not None and newest is not self._told:
            self._show_instruments(newest)

    def _arrange_for(self, experiment: Experiment) -> None:
        opened = self.document.opened_at
        is_new = opened != self._arranged_for
        kind = kind_of(experiment, None if is_new else self.workspace.kind)
        self._arranged_for = opened
        if kind != self.workspace.kind:
            self.workspace.save_to(self._settings)
            self.workspace.arrange(kind)
            self.workspace.restore_from(self._settings)
        if is_new and (face := face_of_fault(experiment)):
            view = self.workspace.bring(HealthView.name)
            assert isinstance(view, HealthView)
            view.turn_to(face)
        self.transport.suggest_speed(SPEED_FOR.get(kind))

    @Slot(object)
    def _show_selection(self, selection: Selection) -> None:
        self.workspace.show_selection(selection)
        self._watch()

    @Slot()
    def _watch(self) -> None:
        probes = self.workspace.probes()
        snapshot = self.document.snapshot
        if snapshot is not None and not self.inspector_dock.isHidden():
            probes |= self.inspector.probes(snapshot, self.document.selection)
        self.document.watch(probes, self.workspace.probes_of_runs() or None)

    @Slot(object)
    def _show_theme(self, theme: Theme) -> None:
        self.workspace.show_theme(theme)
        self.focus_ring.show_theme(theme)
        self.timeline.show_theme(theme)
        self.transport.set_theme(theme)
        self.network_panel.set_theme(theme)
        self.header.set_theme(theme)

    @Slot()
    def _show_file(self) -> None:
        path = self.document.path
        self.setWindowTitle(f"{path.name if path else self.document.draft.name}[*] — Descent")
        self.setWindowModified(self.keeping.is_dirty)
        self.header.show_file(self.keeping.is_dirty)

    # --- comparing

    def ask_race(self) -> None:
        """Which variants are to run side by side."""
        if self.document.problems:
            self.banner.say("A race needs a network that runs: mend what is marked first.")
            return
        for old in self.findChildren(RaceDialog):
            old.close()
        RaceDialog(self.document, self.appearance.theme, self._sweep, self).show()

    def show_sweep(self) -> None:
        self.workspace.bring(SweepView.name)

    def _sweep(self, aspect: Aspect, chosen: tuple[Variant, ...]) -> None:
        self.show_sweep()
        self.sweeping.start(aspect, chosen)

    # --- files

    def open_experiment(self, experiment: Experiment, path: Path | None = None) -> None:
        self.filing.open_experiment(experiment, path)

    def open_file(self, path: Path) -> None:
        self.filing.open_file(path)

    @Slot(object)
    def _expect(self, archive: Archive) -> None:
        self._layout_to_come = archive.layout  # views can be placed once it is known which there are

    def export_current(self) -> None:
        """Ask where to save the view in use."""
        if dock := self.workspace.dock_in_use():
            self.exports.ask_picture(dock.view)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        urls = event.mimeData().urls()
        if len(urls) == 1 and urls[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = Path(event.mimeData().urls()[0].toLocalFile())
        # answering the dialog inside the drop would hold the other program
        QTimer.singleShot(0, self, lambda: self.open_file(path))

    # --- the window itself

    def bring(self, dock: TitledDock) -> None:
        dock.show()
        dock.raise_()
        dock.widget().setFocus(Qt.FocusReason.ShortcutFocusReason)

    def reset_layout(self) -> None:
        self._place_panels()
        self.workspace.arrange(self.workspace.kind)

    def toggle_full_screen(self) -> None:
        self.showNormal() if self.isFullScreen() else self.showFullScreen()

    def show_shortcuts(self) -> None:
        ShortcutsDialog(self).show()

    def show_machine(self) -> None:
        MachineDialog(self).show()

    def show_about(self) -> None:
        show_about(self)

    def sizeHint(self) -> QSize:
        return SMALL

    def focusNextPrevChild(self, forwards: bool) -> bool:
        """Tab passes over what lies behind another tab."""
        for _ in range(300):
            if not super().focusNextPrevChild(forwards):
                return False
            if not is_covered(QApplication.focusWidget()):
                break
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A key that nobody took who has the focus."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copying.copy_focused()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            self.network_panel.layers.setFocus(Qt.FocusReason.OtherFocusReason)
            self._restore_places()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.filing.may_leave():
            event.ignore()
            return
        self._settings.setValue("window/geometry", self.saveGeometry())
        self._settings.setValue("window/state", self.saveState(layout.WINDOW_VERSION))
        self.workspace.save_to(self._settings)
        self.hide()  # a compilation under way cannot be broken off, and nobody should watch it end
        self.sweeping.close()
        self.document.close()
        self.filing.close()
        event.accept()

    def _restore(self) -> None:
        geometry = self._settings.value("window/geometry", QByteArray(), type=QByteArray)
        if isinstance(geometry, QByteArray) and not geometry.isEmpty():
            self.restoreGeometry(geometry)
            return
        room = self.screen().availableSize()
        is_large = room.width() >= 1600 and room.height() >= 1000
        self.resize(ROOMY if is_large else QSize(SMALL.width(), min(SMALL.height(), room.height() - FRAME)))

    def _restore_places(self) -> None:
        """Places have a meaning only once the window has its size."""
        state = self._settings.value("window/state", QByteArray(), type=QByteArray)
        if not (
            isinstance(state, QByteArray)
            and not state.isEmpty()
            and self.restoreState(state, layout.WINDOW_VERSION)
        ):
            self._place_panels()
        tidy_titles(self, self.panel_docks)
        if not self.workspace.restore_from(self._settings):
            self.workspace.arrange(self.workspace.kind)
