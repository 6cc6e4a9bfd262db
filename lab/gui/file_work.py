"""Files are read and written on a thread of their own, one after the other; the window hears of it when it is done."""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from lab.problem import ProblemError

T = TypeVar("T")

NO_MEMORY = "There is not enough memory for this. Close other programs."
PATIENCE = 0.05
"""Seconds that the window waits itself for what is mostly done by then."""


class FileWork(QObject):
    """`do` may be called from any thread; what follows is called on the window's.

    There is a thread while there is something to do.
    """

    _news = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._jobs: deque[Callable[[], Callable[[], None]]] = deque()
        self._thread: threading.Thread | None = None
        self._done: deque[Callable[[], None]] = deque()
        self._news.connect(self.deliver)

    def do(self, work: Callable[[], T], then: Callable[[T], None], refuse: Callable[[str], None]) -> None:
        """Do `work` on the thread, then call `then` with its answer, or `refuse` with a sentence of what was wrong."""

        def job() -> Callable[[], None]:
            try:
                answer = work()
            except ProblemError as error:
                said = str(error)
                return lambda: refuse(said)
            except MemoryError:
                return lambda: refuse(NO_MEMORY)
            except (
                Exception
            ):  # a bug: it goes to the window's crash dialog, and who waits is not left waiting
                text = traceback.format_exc()
                return lambda: _fail(text, refuse)
            return lambda: then(answer)

        with self._lock:
            self._jobs.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="files", daemon=True)
                self._thread.start()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until all is done, at most so long, and deliver. On the window's thread."""
        end = None if seconds is None else time.monotonic() + seconds
        while (thread := self._thread) is not None:
            thread.join(None if end is None else max(0.0, end - time.monotonic()))
            if end is not None and time.monotonic() >= end:
                break
        self.deliver()

    @Slot()
    def deliver(self) -> None:
        while self._done:
            self._done.popleft()()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._thread = None
                    return
                job = self._jobs.popleft()
            self._done.append(job())
            self._news.emit()


def _fail(text: str, refuse: Callable[[str], None]) -> None:
    refuse("Something went wrong in Descent.")
    raise RuntimeError(text)
