"""Where training stops by itself, and what is followed while it goes on."""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec
import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QStyle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.gui.document import Document
from lab.gui.panels.watch_menu import fill_watch_menu, of_selection
from lab.gui.theme import number_font
from lab.gui.widgets.copied import as_lines
from lab.gui.widgets.forms import Switch, ValueForm
from lab.gui.widgets.sections import Column, Section
from lab.gui.widgets.wording import number
from lab.training.breakpoints import BREAKPOINTS, AnyBreakpoint, LossNotFinite
from lab.training.quantities import AnyQuantity
from lab.training.snapshot import Snapshot

EVERY = 0.1
"""Seconds between two looks at numbers that a person reads."""
ENABLED = frozenset({"enabled"})


class WatchPanel(Column):
    """Every change goes to the document and comes back from it; the panel itself remembers only what is unfolded."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._shown_at = 0.0
        self._stops: list[StopLine] = []
        self._lines: list[WatchLine] = []
        self._unfolded = -1  # which breakpoint shows its form

        stops = Section("Stops", "Training stops where one of these strikes, at that very step")
        self._stop_rows = rows_in(stops)
        self.add_stop = adder("Add a stop", "Another condition at which training stops")
        stop_menu = QMenu(self.add_stop)
        stop_menu.setToolTipsVisible(True)
        for cls in BREAKPOINTS:
            if cls is not LossNotFinite:
                action = stop_menu.addAction(cls.title)
                action.setToolTip(cls.summary)
                action.triggered.connect(lambda _=False, cls=cls: self._add_stop(cls()))
        self.add_stop.setMenu(stop_menu)
        stops.add_wide(self.add_stop)

        watches = Section("Watch list", "Followed while training goes on, and plotted in the view Watches")
        self._watch_rows = rows_in(watches)
        self._nothing = QLabel("Nothing is followed yet. What is added here is plotted in the view Watches.")
        self._nothing.setProperty("caption", True)
        self._nothing.setWordWrap(True)
        watches.add_wide(self._nothing)
        self.add_watch = adder("Add to the list", "A quantity of the run, of a layer or of its weights")
        self._menu = QMenu(self.add_watch)
        self._menu.setToolTipsVisible(True)
        self._menu.aboutToShow.connect(self._fill_menu)
        self.add_watch.setMenu(self._menu)
        self.add_selected = QToolButton()
        self.add_selected.clicked.connect(self._add_selected)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.add_watch)
        row.addWidget(self.add_selected)
        row.addStretch(1)
        watches.add_wide(both)

        self.column.addWidget(stops)
        self.column.addWidget(watches)
        self.column.addStretch(1)
        document.breakpoints_changed.connect(self.show_breakpoints)
        document.quantities_changed.connect(self.show_quantities)
        document.selection_changed.connect(self._show_selection)
        document.experiment_changed.connect(self._show_selection)
        document.snapshot_changed.connect(self._see)
        self.show_breakpoints(document.breakpoints)
        self.show_quantities(document.quantities)
        self._show_selection()

    # --- stops

    @Slot(object)
    def show_breakpoints(self, breakpoints: tuple[AnyBreakpoint, ...]) -> None:
        """Lines of the same kinds stay, so that a field keeps its caret while it is edited."""
        if [type(b) for b in breakpoints] != [type(line.value) for line in self._stops]:
            for line in self._stops:
                discard(self._stop_rows, line)
            self._stops = [StopLine(type(b)) for b in breakpoints]
            for index, line in enumerate(self._stops):
                line.edited.connect(lambda value, index=index: self._edit_stop(index, value))
                line.removed.connect(lambda index=index: self._remove_stop(index))
                line.unfolded.connect(lambda open_, index=index: self._unfold(index if open_ else -1))
                self._stop_rows.addWidget(line)
        for line, value in zip(self._stops, breakpoints, strict=True):
            line.show_value(value)
        self._unfold(self._unfolded if self._unfolded < len(self._stops) else -1)

    def _unfold(self, which: int) -> None:
        self._unfolded = which
        for index, line in enumerate(self._stops):
            line.unfold(index == which)

    def _add_stop(self, value: AnyBreakpoint) -> None:
        stops = self._document.breakpoints
        if value in stops:
            self._unfold(stops.index(value))
            return
        self._unfolded = len(stops)
        self._document.set_breakpoints((*stops, value))
        self._stops[-1].form.setFocus(Qt.FocusReason.OtherFocusReason)

    def _edit_stop(self, index: int, value: AnyBreakpoint) -> None:
        stops = self._document.breakpoints
        if value in stops[:index] or value in stops[index + 1 :]:  # two of a kind are one
            self.show_breakpoints(stops)
            return
        self._document.set_breakpoints((*stops[:index], value, *stops[index + 1 :]))

    def _remove_stop(self, index: int) -> None:
        self._unfolded = -1
        stops = self._document.breakpoints
        self._document.set_breakpoints((*stops[:index], *stops[index + 1 :]))
        self.add_stop.setFocus(Qt.FocusReason.OtherFocusReason)

    # --- the watch list

    @Slot(object)
    def show_quantities(self, quantities: tuple[AnyQuantity, ...]) -> None:
        for line in self._lines:
            discard(self._watch_rows, line)
        self._lines = [WatchLine(quantity) for quantity in quantities]
        for line in self._lines:
            line.removed.connect(self._remove_watch)
            self._watch_rows.addWidget(line)
        self._nothing.setVisible(not quantities)
        self._shown_at = 0.0
        if self._document.snapshot is not None:
            self._see(self._document.snapshot)

    @Slot()
    def _fill_menu(self) -> None:
        fill_watch_menu(self._menu, self._document.draft, self._document.quantities, self._add_watches)

    @Slot()
    def _show_selection(self) -> None:
        """Offer to follow what is selected, as far as it is not followed yet."""
        name, wanted = of_selection(self._document.draft.analysis, self._document.selection)
        self.add_selected.setVisible(bool(wanted))
        self.add_selected.setText(f"Watch {name}")
        words = "\n".join(quantity.words for quantity in wanted)
        self.add_selected.setToolTip(f"Follow what is selected:\n{words}")

    @Slot()
    def _add_selected(self) -> None:
        self._add_watches(of_selection(self._document.draft.analysis, self._document.selection)[1])

    def _add_watches(self, quantities: Iterable[AnyQuantity]) -> None:
        self._document.set_quantities((*self._document.quantities, *quantities))

    @Slot(object)
    def _remove_watch(self, quantity: AnyQuantity) -> None:
        self._document.set_quantities(one for one in self._document.quantities if one != quantity)
        self.add_watch.setFocus(Qt.FocusReason.OtherFocusReason)

    def as_text(self) -> str:
        """The watch list with its newest values, for the clipboard."""
        rows = [[line.quantity.words, line.value.text()] for line in self._lines]
        return as_lines([["Watch list", "newest value"], *rows]) if rows else ""

    @Slot(object)
    def _see(self, snapshot: Snapshot) -> None:
        """The newest numbers, as often as they can be read."""
        now = time.monotonic()
        if not self._lines or (now < self._shown_at + EVERY and snapshot.steps_per_second):
            return
        self._shown_at = now
        for line in self._lines:
            line.see(snapshot)


class StopLine(QWidget):
    """A breakpoint: its switch, in words; its form, while it is unfolded; the button that takes it away."""

    edited = Signal(object)
    removed = Signal()
    unfolded = Signal(bool)

    def __init__(self, cls: type[AnyBreakpoint], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.value: AnyBreakpoint = cls()
        is_fixed = cls is LossNotFinite
        self.switch = Switch()
        self.switch.setEnabled(not is_fixed)
        self.switch.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.switch.edited.connect(self._enable)
        self.change = flat_button("Edit", "Change its numbers")
        self.change.setCheckable(True)
        self.change.clicked.connect(self.unfolded)
        self.remove = flat_button("✕", "Remove")
        self.remove.clicked.connect(self.removed)
        self.form = ValueForm(cls, ENABLED)
        self.form.edited.connect(lambda value, _: self.edited.emit(value))
        self.form.setContentsMargins(22, 0, 0, 4)
        self.form.hide()
        for button in (self.change, self.remove):
            button.setVisible(not is_fixed)
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(self.switch, 1)
        row.addWidget(self.change)
        row.addWidget(self.remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.form)

    def show_value(self, value: AnyBreakpoint) -> None:
        self.value = value
        told = value.told[0].upper() + value.told[1:]
        self.switch.setAccessibleName(told)
        self.switch.setToolTip(f"{told}\n{type(value).title}. {type(value).summary}")
        self._write()
        self.switch.show_value(value.enabled)
        self.change.setAccessibleName(f"Change: {told}")
        self.remove.setAccessibleName(f"Remove: {told}")
        self.form.show_value(value)

    def unfold(self, is_open: bool) -> None:
        is_open = is_open and not self.form.is_empty and self.switch.isEnabled()
        self.change.setChecked(is_open)
        self.form.setVisible(is_open)

    def _write(self) -> None:
        """As much of the words as there is room for."""
        style, told = self.switch.style(), self.switch.accessibleName()
        mark = style.pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth) + self.switch.iconSize().width()
        room = self.switch.width() - mark
        self.switch.setText(self.switch.fontMetrics().elidedText(told, Qt.TextElideMode.ElideRight, room))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._write()

    @Slot(object)
    def _enable(self, enabled: bool) -> None:
        self.edited.emit(msgspec.structs.replace(self.value, enabled=enabled))


class WatchLine(QWidget):
    """A quantity, its newest value, and the button that takes it off the list."""

    removed = Signal(object)

    def __init__(self, quantity: AnyQuantity, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.quantity = quantity
        words = QLabel(quantity.words)
        words.setToolTip(f"{quantity.title}. {quantity.summary}")
        words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.value = QLabel()
        self.value.setFont(number_font())
        self.value.setProperty("caption", True)
        self.value.setAccessibleName(f"{quantity.words}, newest value")
        self.remove = flat_button("✕", "Take it off the list")
        self.remove.setAccessibleName(f"Take {quantity.words} off the list")
        self.remove.clicked.connect(lambda: self.removed.emit(self.quantity))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(words, 1)
        row.addWidget(self.value)
        row.addWidget(self.remove)

    def see(self, snapshot: Snapshot) -> None:
        series, text = snapshot.watched.get(self.quantity.words), ""
        if series is not None:
            row = int(np.searchsorted(series.steps, snapshot.step, side="right")) - 1
            value = float(series.values[row]) if row >= 0 else float("nan")
            text = "–" if np.isnan(value) else number(value)
        if text != self.value.text():
            self.value.setText(text)


def rows_in(section: Section) -> QVBoxLayout:
    """Lines under one another, across the section."""
    holder = QWidget()
    rows = QVBoxLayout(holder)
    rows.setContentsMargins(0, 0, 0, 0)
    rows.setSpacing(4)
    section.add_wide(holder)
    return rows


def discard(rows: QVBoxLayout, line: QWidget) -> None:
    rows.removeWidget(line)
    line.hide()
    line.deleteLater()


def adder(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    return button


def flat_button(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setProperty("link", True)
    return button
