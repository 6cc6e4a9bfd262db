"""When the window looks into the trainer's mailbox."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer, Signal

FRAME, LIVELY = 16, 4
"""Milliseconds between two looks: 60 frames a second, and more often while runs train and the next snapshot is to be
expected.
"""
HASTE, HASTY_LOOKS = 1, 32
"""Milliseconds between two looks while an answer is awaited, and how many of them: a hand draws or drags meanwhile."""


class Pace(QObject):
    """`due` comes whenever it is time for a look, on the window's thread; `looked` tells what the look has found."""

    due = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hasty_looks = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME)
        self._timer.timeout.connect(self.due)

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def make_haste(self) -> None:
        """Look for an answer sooner than once a frame, for a while."""
        self._hasty_looks = HASTY_LOOKS
        self._take(HASTE)

    def looked(self, is_new: bool, is_playing: bool) -> None:
        """Whether there was a new snapshot, and whether runs train: how soon to look again."""
        self._hasty_looks = max(self._hasty_looks - 1, 0)
        self._take(HASTE if self._hasty_looks else LIVELY if is_playing and not is_new else FRAME)

    def _take(self, interval: int) -> None:
        if interval != self._timer.interval():
            self._timer.setInterval(interval)
