"""The views in the middle of the window: docked, tabbed, arranged for the kind of problem at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from PySide6.QtCore import QSettings, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from lab.gui.arrangement import Kind, has_branches, kind_of
from lab.gui.by_hand import set_activation, set_weight
from lab.gui.dock_space import MOST_DOUBLES, STATE_VERSION, DockSpace
from lab.gui.document import Document
from lab.gui.pins import Pin, pins_from_text, pins_to_text
from lab.gui.placing import place_beside
from lab.gui.points_by_hand import Change, edit_points
from lab.gui.selection import Selection
from lab.gui.showing import Showing
from lab.gui.theme import LIGHT, Theme
from lab.gui.view_dock import ViewDock
from lab.gui.views.decision import DecisionView
from lab.gui.views.framed import FramedView
from lab.gui.views.health import HealthView
from lab.gui.views.microscope import MicroscopeView
from lab.gui.views.program import ProgramView
from lab.gui.views.settings import ELSEWHERE, copy_settings, from_text, set_settings, settings_of, to_text
from lab.gui.views.surface import SurfaceView
from lab.gui.views.view import View
from lab.gui.widgets.runs.split import BY_RUN, SplitView, split_of
from lab.network.activations import AnyActivation
from lab.training.probes import Probe
from lab.training.snapshot import Snapshot

__all__ = ["STATE_VERSION", "Workspace"]


class Workspace(DockSpace):
    """Hands every open view what it shows, and names what the open views together want to see.

    Only views in sight are shown snapshots; one that comes into sight is shown the newest at once. A view can be
    doubled, and pinned to a selection and a run of its own: then it is asked and shown by those.
    """

    watching_changed = Signal()
    run_picked = Signal(int)
    copy_wanted = Signal(object, bool, bool)
    """A dock; as a picture, as a table."""

    def __init__(
        self, document: Document, views: Iterable[Callable[[], View]], parent: QWidget | None = None
    ) -> None:
        super().__init__(kind_of(document.draft), parent)
        self._document = document
        self._snapshot: Snapshot | None = None
        self._theme = LIGHT
        self._used = ""  # the key of the view that had the focus last
        self._showing = Showing(lambda: filter(self._is_seen, self.docks.values()), self)
        for make in views:
            self.add_view(make)
        self.arrange(self.kind)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._note_use)

    @Slot(QWidget, QWidget)
    def _note_use(self, _before: QWidget | None, now: QWidget | None) -> None:
        while now is not None and not isinstance(now, ViewDock):
            now = now.parentWidget()
        if now is not None and self.docks.get(now.key) is now:
            self._used = now.key

    def arrange(self, kind: Kind) -> None:
        """Put the views where they belong for this kind of problem; the others are closed, doubles taken away, and
        all follow what is selected."""
        for dock in self.docks.values():
            if dock.pin is not None:
                self._set_pin(dock, None)
        super().arrange(kind)
        if "architecture" in self.docks and has_branches(self._document.draft):
            self.docks["architecture"].raise_()
        self.watching_changed.emit()

    # --- which views there are

    def _connect(self, dock: ViewDock) -> None:
        view = dock.view
        dock.show_theme(self._theme)
        if view.name in BY_RUN and isinstance(view, FramedView):
            dock.by_run = view.controls.switch(
                "by run", "The same picture for each run, side by side", lambda on: self._split(dock, on)
            )
            dock.by_run.setProperty(ELSEWHERE, True)
            dock.by_run.hide()
        dock.visibilityChanged.connect(lambda seen: self._show_or_hide(dock, seen))
        dock.pin_wanted.connect(lambda selection, run: self.pin(dock, selection, run))
        dock.double_wanted.connect(lambda: self.double(dock))
        dock.copy_wanted.connect(lambda picture, table: self.copy_wanted.emit(dock, picture, table))
        if dock.is_double:  # two actions of one window on one key, and neither would do
            for action in view.findChildren(QAction):
                if action.shortcutContext() == Qt.ShortcutContext.WindowShortcut:
                    action.setShortcuts([])
        self._listen(dock, view)
        if isinstance(view, SurfaceView):
            view.start_dragged.connect(self._document.runs.start_from)
        if isinstance(view, ProgramView):
            view.run_to.connect(self._document.playback.run_to_operation)
            view.step_by.connect(self._document.playback.step_operations)
        if isinstance(view, MicroscopeView):
            view.number_set.connect(partial(self._set_number, dock))
        if isinstance(view, HealthView):
            view.activation_set.connect(partial(self._set_activation, dock))
        if isinstance(view, DecisionView):
            view.points_edited.connect(partial(self._edit_points, dock))

    def _disconnect(self, dock: ViewDock) -> None:
        self._showing.forget(dock)
        self.watching_changed.emit()

    def _listen(self, dock: ViewDock, view: View) -> None:
        view.picked.connect(lambda selection: self._pick(dock, selection))
        view.run_picked.connect(self.run_picked)
        view.watching_changed.connect(self.watching_changed)

    def _pick(self, dock: ViewDock, selection: Selection) -> None:
        """What is pointed at in a pinned view turns that view alone."""
        if dock.pin is None or dock.pin.selection is None:
            self._document.select(selection)
        elif selection != dock.pin.selection:
            self._set_pin(dock, Pin(selection, dock.pin.run))

    def _set_number(self, dock: ViewDock, weight: int, value: float) -> None:
        self._turn_to_run_of(dock)
        set_weight(self._document, weight, value)

    def _edit_points(self, dock: ViewDock, change: Change, text: str, merge_key: str) -> None:
        self._turn_to_run_of(dock)
        edit_points(self._document, change, text, merge_key)

    def _set_activation(self, dock: ViewDock, layer: str, activation: AnyActivation) -> None:
        self._turn_to_run_of(dock)
        set_activation(self._document, layer, activation)

    def _turn_to_run_of(self, dock: ViewDock) -> None:
        """What is changed by hand is changed in the run that the view shows."""
        if dock.pin is not None and dock.pin.run is not None:
            self._document.runs.activate(dock.pin.run)

    def double(self, dock: ViewDock) -> ViewDock | None:
        """A second view of the same kind, with the same settings, beside the first."""
        if not dock.view.can_be_doubled:
            return None
        self.restore_all()
        number = self._free_number(dock.view.name)
        if number > MOST_DOUBLES:
            return None
        double = self._make_double(dock.view.name, number)
        ours, theirs = double.view, whole(dock.view)
        if isinstance(ours, FramedView) and isinstance(theirs, FramedView):
            copy_settings(theirs, ours)
        place_beside(self, double, dock)
        if dock.pin is not None:
            self._set_pin(double, dock.pin)
        self._tidy_titles()
        self._refresh(double)
        double.view.setFocus(Qt.FocusReason.OtherFocusReason)
        self.docks_changed.emit()
        return double

    # --- what they are pinned to

    def pin(self, dock: ViewDock, selection: bool, run: bool) -> None:
        """Pin a view to what is selected, to the active run, or both; with neither it follows again."""
        chosen = dock.selection(self._document.selection) if selection else None
        number = None
        if run and self._snapshot is not None:
            number = dock.snapshot(self._snapshot).run
        self._set_pin(dock, Pin(chosen, number) if selection or run else None)

    def _set_pin(self, dock: ViewDock, pin: Pin | None) -> None:
        dock.pin = pin
        self._name(dock)
        self._refresh(dock)
        self._tidy_titles()
        self.watching_changed.emit()
        self.docks_changed.emit()

    def _name(self, dock: ViewDock) -> None:
        dock.rename("" if dock.pin is None else dock.pin.words(self._snapshot))

    def _refresh(self, dock: ViewDock) -> None:
        """Show it what it is to see now."""
        dock.view.show_selection(dock.selection(self._document.selection))
        if self._snapshot is not None:
            snapshot = dock.snapshot(self._snapshot)
            if dock.view.suits(snapshot):
                dock.view.show_snapshot(snapshot)

    @property
    def pins(self) -> str:
        """What is pinned to what, for a document."""
        return pins_to_text({key: dock.pin for key, dock in self.docks.items() if dock.pin is not None})

    def restore_pins(self, text: str) -> None:
        pins = pins_from_text(text)
        for key, dock in self.docks.items():
            if dock.pin != pins.get(key):
                self._set_pin(dock, pins.get(key))

    # --- what is chosen in them

    @property
    def settings(self) -> str:
        """What is chosen in the views, for a document."""
        views = {key: whole(dock.view) for key, dock in self.docks.items()}
        return to_text(
            {key: settings_of(view) for key, view in views.items() if isinstance(view, FramedView)}
        )

    def restore_settings(self, text: str) -> None:
        for key, settings in from_text(text).items():
            view = whole(self.docks[key].view) if key in self.docks else None
            if isinstance(view, FramedView):
                set_settings(view, settings)

    def save_to(self, settings: QSettings) -> None:
        super().save_to(settings)
        settings.setValue("workspace/settings", self.settings)

    def restore_from(self, settings: QSettings) -> bool:
        done = super().restore_from(settings)
        self.restore_settings(str(settings.value("workspace/settings", "")))
        return done

    # --- runs side by side in one view

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
            self._listen(dock, view)
        self._name(dock)
        self._refresh(dock)
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

    # --- what the views see

    @property
    def open_docks(self) -> list[ViewDock]:
        """Of views in sight, in the order of the table."""
        return [dock for dock in self.docks.values() if self._is_seen(dock)]

    @property
    def open_views(self) -> list[View]:
        """Views in sight, in the order of the table."""
        return [dock.view for dock in self.open_docks]

    @property
    def is_awaited(self) -> bool:
        """Whether a hand waits for what a view shows."""
        return any(view.is_awaited for view in self.open_views)

    def dock_in_use(self) -> ViewDock | None:
        """The view that has the focus, or had it last; else the first in sight."""
        focus, seen = QApplication.focusWidget(), self.open_docks
        inside = [dock for dock in seen if focus is not None and dock.isAncestorOf(focus)]
        used = [dock for dock in seen if dock.key == self._used]
        return next(iter(inside or used or seen), None)

    @staticmethod
    def _is_seen(dock: ViewDock) -> bool:
        # not isVisible(): before the window is up, and in a window that is only drawn to a file, it is False
        return not dock.isHidden() and not dock.view.property("covered")

    def probes(self) -> frozenset[Probe]:
        """The union of what the open views ask of the active run."""
        return self._asked().get(None, frozenset())

    def probes_of_runs(self) -> Mapping[int, frozenset[Probe]]:
        """What views ask of single runs: those that are split by run, and those that are pinned to one."""
        return {run: probes for run, probes in self._asked().items() if run is not None}

    def _asked(self) -> dict[int | None, frozenset[Probe]]:
        asked = dict[int | None, frozenset[Probe]]()
        for dock in self.open_docks if self._snapshot is not None else ():
            assert self._snapshot is not None
            snapshot = dock.snapshot(self._snapshot)
            if not dock.view.suits(snapshot):
                continue
            run = None if dock.pin is None else dock.pin.run
            own = dock.view.probes(snapshot, dock.selection(self._document.selection))
            for number, probes in ((run, own), *dock.view.probes_of_runs(snapshot).items()):
                asked[number] = asked.get(number, frozenset()) | probes
        return asked

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show it to the views in sight, as far as the frame's time goes."""
        self._offer_splits(len(snapshot.runs) > 1)
        is_new = self._snapshot is None or snapshot.experiment is not self._snapshot.experiment
        runs = () if self._snapshot is None else tuple((r.run, r.name) for r in self._snapshot.runs)
        self._snapshot = snapshot
        if is_new or runs != tuple((r.run, r.name) for r in snapshot.runs):
            self._keep_pins_real(snapshot)
        if is_new:
            for dock in self.docks.values():
                seen = dock.snapshot(snapshot)
                suits = dock.view.suits(seen)
                dock.toggleViewAction().setEnabled(suits)
                if not suits and self._is_seen(dock):
                    dock.view.show_snapshot(seen)  # it says why it shows nothing
            self.tabs.tidy()
        self._showing.show(snapshot)

    def _keep_pins_real(self, snapshot: Snapshot) -> None:
        for dock in self.docks.values():
            if dock.pin is not None:
                self._set_pin(dock, dock.pin.kept_real(snapshot))

    def show_all(self) -> None:
        """Show the newest snapshot to every view in sight, however long it takes: for pictures."""
        if self._snapshot is not None:
            for dock in self.open_docks:
                snapshot = dock.snapshot(self._snapshot)
                if dock.view.suits(snapshot):
                    dock.view.show_snapshot(snapshot)
                if isinstance(dock.view, SplitView):
                    dock.view.show_all()

    def show_selection(self, selection: Selection) -> None:
        for dock in self.open_docks:
            if dock.pin is None or dock.pin.selection is None:
                dock.view.show_selection(selection)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.tabs.show_theme(theme)
        for dock in self.docks.values():
            dock.show_theme(theme)

    def _show_or_hide(self, dock: ViewDock, seen: bool) -> None:
        if not all(isValid(dock) and isValid(dock.view) for dock in self.docks.values()):
            return  # the window is being taken down, dock by dock
        dock.view.setProperty("covered", not seen)
        if seen:
            self._refresh(dock)
        self._tidy_titles()
        self.watching_changed.emit()


def whole(view: View) -> View:
    """The view itself, where it is split by run."""
    return view.whole if isinstance(view, SplitView) else view
