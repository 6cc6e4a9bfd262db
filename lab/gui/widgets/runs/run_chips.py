"""The runs of the document in the header: one chip each, with its colour and name, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QFontMetrics,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QToolButton, QWidget

from lab.gui.icons import DOT, icon, run_dot
from lab.gui.theme import LIGHT, Theme, number_font
from lab.gui.widgets.words import Words
from lab.training.comparison import difference, together
from lab.training.race import MOST_RUNS
from lab.training.snapshot import Snapshot

LONGEST_NAME, SHORTEN_TO = 24, (10, 8, 7, 6, 5, 4, 3)
"""Characters that a name may have, and that a chip shows of it, fewer where there is less room."""
BESIDE_NAME = DOT + 26
"""Pixels of a chip besides its name."""
ENOUGH = 90
"""Pixels from which on the words beside the chips are worth their room."""


class Chip(QToolButton):
    """One run. `wanted` asks for its menu, `closed` comes of a click with the middle button."""

    wanted = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setProperty("chip", True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(DOT + 6, DOT))

    def sizeHint(self) -> QSize:
        size = super().sizeHint()
        return QSize(wide(self.text()), size.height())  # what Qt leaves beside an icon is for a toolbar

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.wanted.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self.closed.emit()
        else:
            super().mousePressEvent(event)


class NameLine(QLineEdit):
    """A name being written on its chip: Return takes it, Escape leaves it."""

    left = Signal(bool)
    """Whether the name is to be taken."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            self.left.emit(event.key() != Qt.Key.Key_Escape)
        else:
            super().keyPressEvent(event)


class RunChips(QWidget):
    """Snapshots in, intentions out. The actions are the window's too: its menu Run shows them."""

    activated = Signal(int)
    duplicated = Signal(int)
    renamed = Signal(int, str)
    closed = Signal(int)
    race_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._runs: tuple[Snapshot, ...] = ()
        self._active = -1
        self._shown: tuple[object, ...] = ()
        self.chips: list[Chip] = []
        self.duplicate_action = self._action(
            "Duplicate run", "Ctrl+Shift+D", lambda: self.duplicated.emit(self._active)
        )
        self.rename_action = self._action("Rename run…", "Shift+F2", lambda: self._write_name(self._active))
        self.close_action = self._action("Close run", "Ctrl+Shift+W", lambda: self._close(self._active))
        self.race_action = self._action("Race…", "Ctrl+R", self.race_wanted.emit)
        self.next_action = self._action("Next run", "Ctrl+PgDown", lambda: self._walk(1))
        self.previous_action = self._action("Previous run", "Ctrl+PgUp", lambda: self._walk(-1))
        self.actions_in_order = (
            self.duplicate_action,
            self.race_action,
            self.rename_action,
            self.close_action,
            self.previous_action,
            self.next_action,
        )
        self.menu = QMenu("Run", self)
        self.menu.setToolTipsVisible(True)
        self.menu.addActions(list(self.actions_in_order))
        self.add = QToolButton()
        self.add.setProperty("flat", True)
        self.add.setIconSize(QSize(14, 14))
        self.add.clicked.connect(self.duplicate_action.trigger)
        self.add.setAccessibleName("Duplicate run")
        self.race = QToolButton()
        self.race.setProperty("flat", True)
        self.race.setIconSize(QSize(15, 15))
        self.race.clicked.connect(self.race_action.trigger)
        self.race.setAccessibleName("Race")
        self.more = QToolButton()
        self.more.setProperty("link", True)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(self.menu)
        self.more.setFixedWidth(20)
        self.more.setToolTip("What can be done with the active run")
        self.more.setAccessibleName("Active run")
        self.words = Words()
        self._line = NameLine(self)
        self._line.setMaxLength(LONGEST_NAME)
        self._line.setAccessibleName("Name of the run")
        self._line.left.connect(self._leave_name)
        self._line.editingFinished.connect(lambda: self._leave_name(True))
        self._line.hide()
        self._named = -1
        self.setAccessibleName("Runs")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(3)
        self._row.addWidget(self.add)
        self._row.addWidget(self.race)
        self._row.addWidget(self.more)
        self._row.addSpacing(6)
        self._row.addWidget(self.words)
        self.set_theme(LIGHT)

    def _action(self, text: str, keys: str, slot: Callable[[], object]) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda *_: slot())
        return action

    # what is shown

    def show_snapshot(self, snapshot: Snapshot) -> None:
        self._runs, self._active = together(snapshot), snapshot.run
        state = (
            self._active,
            *((run.run, run.name, run.colour, bool(run.stopped), id(run.experiment)) for run in self._runs),
        )
        if state != self._shown:
            self._shown = state
            self._show_runs()

    def _show_runs(self) -> None:
        while len(self.chips) < len(self._runs):
            self._add_chip()
        while len(self.chips) > len(self._runs):
            chip = self.chips.pop()
            self._row.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        for chip, run in zip(self.chips, self._runs, strict=True):
            self._dress(chip, run)
        active = next((run for run in self._runs if run.run == self._active), None)
        several = len(self._runs) > 1
        words = difference(active, self._runs) if active is not None and several else ""
        self.words.setText(words)
        self.words.setToolTip(words)
        self._shorten()
        self.updateGeometry()
        for action in (self.close_action, self.next_action, self.previous_action):
            action.setEnabled(several)
        self.duplicate_action.setEnabled(len(self._runs) < MOST_RUNS)
        self._show_tips()

    def _add_chip(self) -> None:
        chip = Chip()
        place = len(self.chips)
        chip.clicked.connect(lambda: self._choose(place))
        chip.wanted.connect(lambda: self._ask(place))
        chip.closed.connect(lambda: self._close(self._runs[place].run))
        self.chips.append(chip)
        self._row.insertWidget(place, chip)

    def _shorten(self) -> None:
        """Names as long as there is room for all of them."""
        taken = 0
        for letters in SHORTEN_TO:
            for chip, run in zip(self.chips, self._runs, strict=True):
                chip.setText(shortened(run.name, letters))
            taken = self._wide(chip.sizeHint().width() for chip in self.chips)
            if taken <= self.width():
                break
        # a few letters of a sentence say nothing
        self.words.setVisible(self.width() - taken >= min(ENOUGH, self.words.sizeHint().width()))

    def _wide(self, chips: Iterable[int]) -> int:
        """Pixels of so many chips of these widths, and of the buttons beside them."""
        buttons = (widget.sizeHint().width() for widget in (self.add, self.race, self.more))
        return sum(width + self._row.spacing() for width in (*chips, *buttons))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._shorten()

    def minimumSizeHint(self) -> QSize:
        """With the shortest names."""
        return QSize(self._wide(self._wanted(SHORTEN_TO[-1])), super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        """With names as they are where there is room, and the words."""
        wide = self._wide(self._wanted(SHORTEN_TO[0])) + 12 + self.words.sizeHint().width()
        return QSize(wide, super().sizeHint().height())

    def _wanted(self, letters: int) -> list[int]:
        """Pixels of each chip with so many letters of its name."""
        texts = (shortened(run.name, letters) for run in self._runs)
        return [wide(text) for text in texts]

    def _dress(self, chip: Chip, run: Snapshot) -> None:
        chip.setIcon(run_dot(self._theme, run.colour, hollow=bool(run.stopped)))
        chip.setChecked(run.run == self._active)
        words = difference(run, self._runs) if len(self._runs) > 1 else run.experiment.name
        stopped = f"\nStopped: {run.stopped}" if run.stopped else ""
        chip.setToolTip(f"Run {run.name}: {words}{stopped}")
        chip.setAccessibleName(f"Run {run.name}{', stopped' if run.stopped else ''}")
        chip.setAccessibleDescription(words)

    def _show_tips(self) -> None:
        native = QKeySequence.SequenceFormat.NativeText
        full = len(self._runs) >= MOST_RUNS
        tips = {
            self.duplicate_action: f"There can be {MOST_RUNS} runs, and there are; close one first"
            if full
            else "Duplicate run: the same past and the same batches; then change one thing",
            self.race_action: "Race: variants of this experiment side by side, in place of these runs",
            self.rename_action: "Give the active run another name",
            self.close_action: "Forget the active run" if len(self._runs) > 1 else "The last run stays",
            self.next_action: "Make the next run the active one",
            self.previous_action: "Make the run before the active one",
        }
        for action, text in tips.items():
            action.setToolTip(f"{text} ({action.shortcut().toString(native)})")
        self.add.setToolTip(self.duplicate_action.toolTip())
        self.race.setToolTip(self.race_action.toolTip())
        self.race.setIcon(icon("race", self._theme))
        self.add.setIcon(icon("add", self._theme))
        self.add.setEnabled(self.duplicate_action.isEnabled())

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._show_runs()

    # intentions

    def _choose(self, place: int) -> None:
        run = self._runs[place].run
        self.chips[place].setChecked(run == self._active)  # until the next snapshot says so
        if run != self._active:
            self.activated.emit(run)

    def _ask(self, place: int) -> None:
        chip = self.chips[place]
        self.menu_of(place).popup(chip.mapToGlobal(chip.rect().bottomLeft()))

    def menu_of(self, place: int) -> QMenu:
        """What can be done with the run of a chip, which need not be the active one."""
        run, several = self._runs[place].run, len(self._runs) > 1
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for like, slot, able in (
            (self.duplicate_action, lambda: self.duplicated.emit(run), len(self._runs) < MOST_RUNS),
            (self.rename_action, lambda: self._write_name(run), True),
            (self.close_action, lambda: self._close(run), several),
        ):
            action = menu.addAction(like.text())
            action.triggered.connect(slot)
            action.setEnabled(able)
        return menu

    def _close(self, run: int) -> None:
        if len(self._runs) > 1:
            self.closed.emit(run)

    def _walk(self, by: int) -> None:
        place = next((k for k, run in enumerate(self._runs) if run.run == self._active), 0)
        self.activated.emit(self._runs[(place + by) % len(self._runs)].run)

    def _write_name(self, number: int) -> None:
        place = next((k for k, run in enumerate(self._runs) if run.run == number), None)
        if place is None:
            return
        chip, run = self.chips[place], self._runs[place]
        self._named = run.run
        area = chip.geometry()
        area.setWidth(max(area.width(), 130))
        self._line.setGeometry(area)
        self._line.setText(run.name)
        self._line.selectAll()
        self._line.show()
        self._line.raise_()
        self._line.setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave_name(self, take: bool) -> None:
        if self._line.isHidden():
            return
        self._line.hide()
        name = " ".join(self._line.text().split())
        known = {run.run: run.name for run in self._runs}
        if take and name and known.get(self._named, name) != name:
            self.renamed.emit(self._named, name)


def wide(text: str) -> int:
    """Pixels of a chip: the name of the active run is bold, and the others take as much room."""
    return QFontMetrics(number_font(bold=True)).horizontalAdvance(text) + BESIDE_NAME


def shortened(name: str, letters: int) -> str:
    """The name in at most so many characters."""
    return name if len(name) <= letters else f"{name[: letters - 1]}…"
