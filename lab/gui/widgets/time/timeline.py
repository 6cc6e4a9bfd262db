"""Time, from the start of a run to the furthest step that it has reached, in a row of its own."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lab.gui.theme import Theme, number_font
from lab.gui.widgets.time.track import Track
from lab.training.snapshot import Snapshot

HISTORY = (
    "Memory that kept moments of this run take, of what they may. Where it is full they are kept more sparsely: "
    "every step can still be had again, exactly; it only takes a little longer. The start and the newest of them are "
    "kept even where they alone take more."
)
HOW = (
    "Drag: any step again, exactly as it was\n"
    "Wheel, + and −: zoom. Double click, 0: all\n"
    "Arrows: a stride. Page Up and Down: an epoch\n"
    "Home and End: the ends"
)


class Timeline(QWidget):
    """The track, and at its right where the run stands and what its history takes."""

    scrubbed = Signal(int)
    """While it is dragged: the newest step, no faster than the run gets there."""
    chosen = Signal(int)
    """The step at which the handle was let go, or that a key chose."""
    stepped = Signal(int)
    """One stride forwards (+1) or back (-1)."""
    run_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.track = Track()
        self.track.setToolTip(HOW)
        for name in ("scrubbed", "chosen", "stepped", "run_chosen"):
            getattr(self.track, name).connect(getattr(self, name))
        self.position, self.history = QLabel("step 0"), QLabel()
        self.history.setProperty("caption", True)
        self.history.setToolTip(HISTORY)
        self.position.setToolTip("Where the run stands, and the furthest step it has reached")
        column = QVBoxLayout()
        column.setContentsMargins(0, 2, 0, 2)
        column.setSpacing(0)
        for label in (self.position, self.history):
            label.setFont(number_font())
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            column.addWidget(label)
        column.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 4, 14, 0)
        row.setSpacing(8)
        row.addWidget(self.track, 1)
        row.addLayout(column)
        self._room = 0
        self._lengths: tuple[int, ...] = (0, 0)
        self._take_room("step 9,999 / 9,999", "history 999 of 999 MB")

    def show_snapshot(self, snapshot: Snapshot) -> None:
        furthest = max(snapshot.furthest, snapshot.step)
        self.track.show_snapshot(snapshot)
        self._say(self.position, f"step {snapshot.step:,} / {furthest:,}")
        self._say(self.history, history_words(snapshot.history_bytes, snapshot.history_limit))
        self._take_room(f"step {furthest:,} / {furthest:,}", self.history.text())

    def show_breakpoints(self, steps: tuple[int, ...]) -> None:
        """Mark these steps."""
        self.track.show_breakpoints(steps)

    def show_theme(self, theme: Theme) -> None:
        self.track.show_theme(theme)

    @staticmethod
    def _say(label: QLabel, text: str) -> None:
        if text != label.text():
            label.setText(text)

    def _take_room(self, *texts: str) -> None:
        """Room only grows: the track would jump with every digit. So it is found anew where one of them has a letter
        more: figures are equally wide, and to measure takes long.
        """
        lengths = tuple(map(len, texts))
        if all(now <= before for now, before in zip(lengths, self._lengths, strict=True)):
            return
        self._lengths = tuple(map(max, lengths, self._lengths))
        room = max(QFontMetrics(self.position.font()).horizontalAdvance(text) for text in texts) + 2
        if room > self._room:
            self._room = room
            self.position.setMinimumWidth(room)


def history_words(taken: int, limit: int) -> str:
    """ "history 18 of 201 MB"; "" where nothing is kept. What is always kept may be more: "history 488 MB"."""
    if not limit:
        return ""
    if taken > limit:
        return f"history {taken / 1e6:,.0f} MB"
    digits = 0 if limit >= 20_000_000 else 1
    return f"history {taken / 1e6:,.{digits}f} of {limit / 1e6:,.{digits}f} MB"
