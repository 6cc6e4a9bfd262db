"""The views in the middle of the window: docked, tabbed, arranged for the kind of problem at hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import pairwise

from PySide6.QtCore import QByteArray, QSettings, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QMainWindow, QTabBar, QTabWidget, QWidget
from shiboken6 import isValid

from lab.experiment.experiment import Experiment
from lab.gui.arrangement import ARRANGEMENTS, Kind, has_branches, kind_of
from lab.gui.by_hand import set_weight
from lab.gui.document import Document
from lab.gui.points_by_hand import edit_points
from lab.gui.selection import Selection
from lab.gui.theme import Theme
from lab.gui.views.decision import DecisionView
from lab.gui.views.framed import FramedView
from lab.gui.views.microscope import MicroscopeView
from lab.gui.views.program import ProgramView
from lab.gui.views.surface import SurfaceView
from lab.gui.views.view import View
from lab.gui.widgets.dock import TitledDock, tidy_titles
from lab.gui.widgets.runs.split import BY_RUN, SplitView, split_of
from lab.training.probes import Probe
from lab.training.snapshot import Snapshot

SHOW_BUDGET = 0.005
"""Seconds of a frame that views may take; those that did not get their turn come first in the next."""
NEXT_FRAME = 16
"""Milliseconds."""

STATE_VERSION = 1


class ViewDock(TitledDock):
    """A view in its dock."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view.title, f"view.{view.name}", view, parent, tab=view.tab)
        self.view = view
        self.by_run: QCheckBox | None = None

    def show_view(self, view: View) -> None:
        """Another view in place of the one it has."""
        view.setProperty("covered", self.view.property("covered"))
        self.view = view
        self.setWidget(view)
        view.show()


class Workspace(QMainWindow):
    """Hands every open view what it shows, and names what the open views together want to see.

    Only views in sight are shown snapshots; one that comes into sight is shown the newest at once.
    """

    watching_changed = Signal()
    run_picked = Signal(int)

    def __init__(
        self, document: Document, views: Iterable[Callable[[], View]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, Qt.WindowType.Widget)
        self._document = document
        self._snapshot: Snapshot | None = None
        self._theme: Theme | None = None
        self._turn: list[ViewDock] = []  # views that have not been shown the newest snapshot yet
        self._shown: dict[str, tuple[Experiment, float]] = {}  # what each view was shown last, and when
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(NEXT_FRAME)
        self._rest.timeout.connect(self._show_some)
        self._floor = QWidget()  # a central widget that takes no room lets the docks have it all
        self._floor.setMaximumSize(0, 0)
        self.setCentralWidget(self._floor)
        self.setDockNestingEnabled(True)
        self.setDocumentMode(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.docks: dict[str, ViewDock] = {}
        self.kind: Kind = kind_of(document.draft)
        for make in views:
            self._add(make())
        self.arrange(self.kind)

    def _add(self, view: View) -> None:
        dock = ViewDock(view, self)
        self.docks[view.name] = dock
        self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, dock)
        if view.name in BY_RUN and isinstance(view, FramedView):
            dock.by_run = view.controls.switch(
                "by run", "The same picture for each run, side by side", lambda on: self._split(dock, on)
            )
            dock.by_run.setProperty("by run", True)
            dock.by_run.hide()
        dock.visibilityChanged.connect(lambda seen: self._show_or_hide(dock, seen))
        dock.toggleViewAction().triggered.connect(lambda on: dock.raise_() if on else None)
        dock.dockLocationChanged.connect(self._tidy_titles)
        dock.topLevelChanged.connect(self._tidy_titles)
        self._listen(view)
        if isinstance(view, SurfaceView):
            view.start_dragged.connect(self._document.start_from)
        if isinstance(view, ProgramView):
            view.run_to.connect(self._document.playback.run_to_operation)
            view.step_by.connect(self._document.playback.step_operations)
        if isinstance(view, MicroscopeView):
            view.number_set.connect(partial(set_weight, self._document))
        if isinstance(view, DecisionView):
            view.points_edited.connect(partial(edit_points, self._document))

    def _listen(self, view: View) -> None:
        view.picked.connect(self._document.select)
        view.run_picked.connect(self.run_picked)
        view.watching_changed.connect(self.watching_changed)

    def _split(self, dock: ViewDock, on: bool) -> None:
        """A picture for each run, or one of the active run again."""
        if isinstance(dock.view, SplitView):
            split = dock.view
            dock.show_view(split.restore())
            split.deleteLater()
        if on and isinstance(dock.view, FramedView):
            view = split_of(dock.view)
            view.show_theme(dock.view.theme)
            dock.show_view(view)
            self._listen(view)
        dock.view.show_selection(self._document.selection)
        if self._snapshot is not None and dock.view.suits(self._snapshot):
            dock.view.show_snapshot(self._snapshot)
        self.watching_changed.emit()

    def _offer_splits(self, several: bool) -> None:
        """Splitting is offered where there are several runs, and ends where there is one again."""
        for dock in self.docks.values():
            if dock.by_run is not None and dock.by_run.isHidden() == several:
                dock.by_run.setChecked(dock.by_run.isChecked() and several)
                dock.by_run.setVisible(several)
                view = dock.view.whole if isinstance(dock.view, SplitView) else dock.view
                if isinstance(view, FramedView):
                    view.controls.arrange()

    # --- arrangement

    def arrange(self, kind: Kind) -> None:
        """Put the views where they belong for this kind of problem; the others are closed."""
        self.kind = kind
        arrangement = ARRANGEMENTS[kind].of(self.docks)
        along, across = Qt.Orientation.Vertical, Qt.Orientation.Horizontal
        if arrangement.upright:
            along, across = across, along
        for dock in self.docks.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        firsts = [self.docks[line.cells[0][1][0]] for line in arrangement.lines]
        self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, firsts[0])
        for before, first in pairwise(firsts):
            self.splitDockWidget(before, first, along)
        for line in arrangement.lines:
            for (_, left), (_, right) in pairwise(line.cells):
                self.splitDockWidget(self.docks[left[0]], self.docks[right[0]], across)
        for cell in arrangement.cells:
            for name in cell[1:]:
                self.tabifyDockWidget(self.docks[cell[0]], self.docks[name])
        for name, dock in self.docks.items():
            if (
                name not in arrangement.names
            ):  # without a place it would lie across the others once it is opened
                self.tabifyDockWidget(self.docks[arrangement.spare], dock)
                dock.hide()
        for cell in arrangement.cells:
            for name in cell:
                self.docks[name].show()
            self.docks[cell[0]].raise_()
        if "architecture" in self.docks and has_branches(self._document.draft):
            self.docks["architecture"].raise_()
        size = {
            Qt.Orientation.Horizontal: max(self.width(), 600),
            Qt.Orientation.Vertical: max(self.height(), 400),
        }
        self.resizeDocks(firsts, [round(line.share * size[along]) for line in arrangement.lines], along)
        for line in arrangement.lines:
            shares = [round(share * size[across]) for share, _ in line.cells]
            self.resizeDocks([self.docks[cell[0]] for _, cell in line.cells], shares, across)
        self._tidy_titles()
        self.watching_changed.emit()

    @Slot()
    def _tidy_titles(self) -> None:
        tidy_titles(self, self.docks.values())
        self._grey_tabs()

    def _grey_tabs(self) -> None:
        """A view with nothing to show of this experiment cannot be turned to."""
        docks = {dock.windowTitle(): dock for dock in self.docks.values()}
        # not findChildren: it ties what it finds to this window, and bars that Qt has deleted would stay as shells
        for bar in (child for child in self.children() if isinstance(child, QTabBar)):
            for tab in range(bar.count()):
                if dock := docks.get(bar.tabText(tab)):
                    bar.setTabEnabled(tab, dock.toggleViewAction().isEnabled())
                    bar.setTabToolTip(tab, f"{dock.view.title}: {dock.view.summary}")

    def save_to(self, settings: QSettings) -> None:
        settings.setValue(f"workspace/{self.kind}", self.saveState(STATE_VERSION))
        settings.setValue(f"workspace/open/{self.kind}", self.in_sight)

    def restore_from(self, settings: QSettings) -> bool:
        """Put the views as they were when this kind of problem was last open."""
        state = settings.value(f"workspace/{self.kind}", QByteArray(), type=QByteArray)
        kept = settings.value(f"workspace/open/{self.kind}", None)
        return isinstance(state, QByteArray) and self.restore(state, None if kept is None else str(kept))

    def restore(self, state: QByteArray, kept: str | None = None) -> bool:
        """Put the views as they were when `state` was saved, those in sight that `kept` names, with commas between
        them; False where the state says nothing to this version."""
        arranged = self._open_names()
        self.setMinimumSize(1, 1)  # all views side by side, as Qt opens them, would make the window larger
        done = not state.isEmpty() and self.restoreState(state, STATE_VERSION)
        if done:
            self._close_others(arranged if kept is None else kept.split(","), bytes(state.data()), arranged)
        self.setMinimumSize(0, 0)
        self._tidy_titles()
        return done

    @property
    def in_sight(self) -> str:
        """The names of the views that are open, for `restore`."""
        return ",".join(self._open_names())

    def _open_names(self) -> list[str]:
        return [name for name, dock in self.docks.items() if not dock.isHidden()]

    def _close_others(self, kept: list[str], state: bytes, arranged: list[str]) -> None:
        """Close the views that were not open: Qt opens all, those that are not in its state in a place of their own.

        A view that the state does not know is newer than it, and goes where the arrangement has it.
        """
        cells = ARRANGEMENTS[self.kind].cells
        for name, dock in self.docks.items():
            is_new = dock.objectName().encode("utf-16-be") not in state  # as Qt writes names
            near = [n for cell in cells if name in cell for n in cell if n != name and n in kept]
            if is_new and name in arranged and near and not self.docks[near[0]].isFloating():
                self.tabifyDockWidget(self.docks[near[0]], dock)
                self.docks[near[0]].raise_()
            elif is_new or name not in kept:
                dock.hide()

    def bring(self, name: str) -> View:
        """Show a view in its place, in front of the others there."""
        dock = self.docks[name]
        dock.show()
        dock.raise_()
        return dock.view

    def actions_to_show(self) -> list[QAction]:
        """One checkable action a view, for the menu."""
        found = []
        for dock in self.docks.values():
            action = dock.toggleViewAction()
            action.setToolTip(dock.view.summary)
            found.append(action)
        return found

    # --- what the views see

    @property
    def open_views(self) -> list[View]:
        """Views in sight, in the order of the table."""
        return [dock.view for dock in self.docks.values() if self._is_seen(dock)]

    @staticmethod
    def _is_seen(dock: ViewDock) -> bool:
        # not isVisible(): before the window is up, and in a window that is only drawn to a file, it is False
        return not dock.isHidden() and not dock.view.property("covered")

    def probes(self) -> frozenset[Probe]:
        """The union of what the open views ask."""
        if self._snapshot is None:
            return frozenset()
        snapshot, selection = self._snapshot, self._document.selection
        wanted = [view.probes(snapshot, selection) for view in self.open_views if view.suits(snapshot)]
        return frozenset().union(*wanted)

    def probes_of_runs(self) -> Mapping[int, frozenset[Probe]]:
        """What views ask of single runs."""
        snapshot, asked = self._snapshot, dict[int, frozenset[Probe]]()
        for view in self.open_views:
            if snapshot is not None and view.suits(snapshot):
                for run, probes in view.probes_of_runs(snapshot).items():
                    asked[run] = asked.get(run, frozenset()) | probes
        return asked

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show it to the views in sight, as far as the frame's time goes."""
        self._offer_splits(len(snapshot.runs) > 1)
        is_new = self._snapshot is None or snapshot.experiment is not self._snapshot.experiment
        self._snapshot = snapshot
        if is_new:
            for dock in self.docks.values():
                suits = dock.view.suits(snapshot)
                dock.toggleViewAction().setEnabled(suits)
                if not suits and self._is_seen(dock):
                    dock.view.show_snapshot(snapshot)  # it says why it shows nothing
            self._grey_tabs()
        # those left over from the snapshot before have waited longest
        seen = [dock for dock in self.docks.values() if self._is_seen(dock)]
        self._turn = [dock for dock in self._turn if dock in seen] + [d for d in seen if d not in self._turn]
        self._turn.sort(key=lambda dock: not dock.view.is_awaited)
        self._show_some()

    @Slot()
    def _show_some(self) -> None:
        snapshot = self._snapshot
        if snapshot is None:
            return
        now = time.perf_counter()
        resting = [dock for dock in self._turn if self._rests(dock, snapshot, now)]
        waiting = [dock for dock in self._turn if dock not in resting]
        while waiting:
            dock = waiting.pop(0)
            if self._is_seen(dock) and dock.view.suits(snapshot):
                self._shown[dock.view.name] = (snapshot.experiment, now)
                dock.view.show_snapshot(snapshot)
                if time.perf_counter() > now + SHOW_BUDGET:
                    break
        self._turn = waiting + resting
        if self._turn:
            self._rest.start()  # a snapshot that comes first brings its own turn

    def _rests(self, dock: ViewDock, snapshot: Snapshot, now: float) -> bool:
        experiment, at = self._shown.get(dock.view.name, (None, 0.0))
        return experiment is snapshot.experiment and now < at + dock.view.rest

    def show_all(self) -> None:
        """Show the newest snapshot to every view in sight, however long it takes: for pictures."""
        if self._snapshot is not None:
            for view in self.open_views:
                if view.suits(self._snapshot):
                    view.show_snapshot(self._snapshot)
                if isinstance(view, SplitView):
                    view.show_all()

    def show_selection(self, selection: Selection) -> None:
        for view in self.open_views:
            view.show_selection(selection)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        for dock in self.docks.values():
            dock.view.show_theme(theme)

    def _show_or_hide(self, dock: ViewDock, seen: bool) -> None:
        if not all(isValid(dock) and isValid(dock.view) for dock in self.docks.values()):
            return  # the window is being taken down, dock by dock
        dock.view.setProperty("covered", not seen)
        if seen:
            dock.view.show_selection(self._document.selection)
            if self._snapshot is not None and dock.view.suits(self._snapshot):
                dock.view.show_snapshot(self._snapshot)
        self._tidy_titles()
        self.watching_changed.emit()
