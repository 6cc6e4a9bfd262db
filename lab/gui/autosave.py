"""Twice a minute, whatever has changed is kept in a place of its own, for the start after a crash."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from lab.gui.keeping import Keeping
from lab.training.archive import Archive
from lab.training.recovery import LeftBehind, Place, discard

INTERVAL = 25_000
"""Milliseconds. With the time that writing takes, what is found after a crash is at most 30 s old."""


class Autosave(QObject):
    """Keeps what is new since the last save, and since the last autosave. Never two at once: one that takes long lets
    the next wait.

    What goes wrong is said once, until it goes well again.
    """

    failed = Signal(str)
    written = Signal()

    def __init__(
        self, keeping: Keeping, place: Place, interval: int = INTERVAL, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._keeping, self._place = keeping, place
        self._kept: object = None  # the stamp of what lies there
        self._is_busy = self._has_failed = False
        self._is_stale = False  # what is being written is of a document that is not open any more
        self._taken_over: LeftBehind | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(interval)
        self._timer.timeout.connect(self.keep)
        keeping.saved.connect(self._clear_if_saved)
        keeping.opened.connect(self._clear)

    def start(self) -> None:
        self._timer.start()

    @Slot()
    def keep(self) -> None:
        """Keep the document now, if it has anything new."""
        stamp, path = self._keeping.stamp, self._keeping.document.path
        if self._is_busy or not self._keeping.has_news or stamp == self._kept:
            return
        self._is_busy, self._is_stale = True, False

        def done(_: None) -> None:
            self._is_busy, self._has_failed, self._kept = False, False, stamp
            if self._is_stale:
                self._clear()
                return
            if self._taken_over is not None:
                discard(self._taken_over)
                self._taken_over = None
            self.written.emit()

        def refused(said: str) -> None:
            self._is_busy = False
            if not self._has_failed:
                self._has_failed = True
                self.failed.emit(f"No autosave for now: {said}")

        def write(archive: Archive) -> None:
            self._keeping.work.do(lambda: self._place.write(archive, path), done, refused)

        self._keeping.collect(write, refused)

    def take_over(self, left: LeftBehind) -> None:
        """What another process left behind is open here: it may go as soon as it is kept again."""
        self._taken_over = left
        self.keep()

    def close(self) -> None:
        """The end is an orderly one: nothing is left behind. After the trainer's end, which may have handed over."""
        self._timer.stop()
        self._keeping.work.wait()
        self._place.clear()

    @Slot()
    def _clear(self) -> None:
        """What was kept has been saved, or is not wanted."""
        self._kept, self._is_stale = None, True
        self._keeping.work.do(self._place.clear, lambda _: None, lambda _: None)

    @Slot()
    def _clear_if_saved(self) -> None:
        if not self._keeping.has_news:
            self._clear()
