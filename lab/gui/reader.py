"""Reads a user's own file beside the window, so that what asks for its shape later finds it read."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import QObject

from lab.data.files.own_file import OwnFile
from lab.problem import ProblemError

PATIENCE = 0.05
"""Seconds that the window waits itself: most files are read by then."""


class Reader(QObject):
    """One file at a time; a newer wish takes the place of an older one."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wish: object = None
        self._done: deque[object] = deque()
        self._then: Callable[[], None] | None = None

    def read(self, source: OwnFile, then: Callable[[], None]) -> None:
        """Read the file on a thread, then call `then` on this one, at once or at the next `deliver`."""
        wish = self._wish = object()
        self._then = then
        thread = threading.Thread(target=self._read, args=(source, wish), name="reader", daemon=True)
        thread.start()
        thread.join(PATIENCE)
        self.deliver()

    def _read(self, source: OwnFile, wish: object) -> None:
        # what is wrong with the file is said again, and then heard, where the experiment is checked
        with suppress(ProblemError, MemoryError):
            source.load(0)
        self._done.append(wish)

    def deliver(self) -> None:
        """Call what waits for a file that has been read. Asked every frame."""
        while self._done:
            if self._done.popleft() is self._wish and self._then is not None:
                then, self._then = self._then, None
                then()
