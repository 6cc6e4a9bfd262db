"""A progress bar for a terminal; silent where the output is not one."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import Self

EVERY = 0.1  # seconds between two drawings
LEAST_BAR = 12  # characters; the title gives way to it


class Progress:
    """One line that is drawn over itself on standard error, and wiped at the end.

    Use it as a context manager and call `show` as often as you like.
    """

    def __init__(self, title: str, total: int) -> None:
        self._title, self._total = title, total
        self._stream = sys.stderr
        self._on = self._stream.isatty()
        full = (self._stream.encoding or "ascii").lower().startswith("utf")
        self._done_mark, self._left_mark = ("━", "─") if full else ("#", "-")
        self._start = self._last = 0.0

    def __enter__(self) -> Self:
        self._start = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._on and self._last:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def count(self, done: int, total: int) -> None:
        """`show` where the total may change."""
        self._total = total
        self.show(done)

    def show(self, done: int, facts: str = "") -> None:
        """`done` of the total; `facts` are a few words behind the bar."""
        now = time.monotonic()
        if not self._on or (now - self._last < EVERY and done < self._total):
            return
        self._last = now
        columns = shutil.get_terminal_size().columns - 1
        share = done / max(self._total, 1)
        left = (now - self._start) * (1 - share) / share if share > 0.01 else None
        said = [f"{100 * share:3.0f} %", facts, _time_left(left) if left is not None else ""]
        tail = "".join(f"  {words}" for words in said if words)
        title = f"{self._title}  "
        if len(title) + LEAST_BAR + len(tail) > columns:
            title = ""
        room = max(0, min(40, columns - len(title) - len(tail)))
        filled = round(room * share)
        line = f"{title}{self._done_mark * filled}{self._left_mark * (room - filled)}{tail}"
        self._stream.write(f"\r{line[:columns]}\x1b[K")
        self._stream.flush()


def _time_left(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02} left"
