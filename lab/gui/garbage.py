"""Garbage is collected on the window's thread alone.

A cycle that holds Qt objects must not be freed on another thread: Qt aborts. So Python's own collection, which
runs wherever the next object happens to be made, is off, and a timer does its work in small pieces.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer, Slot

EVERY = 1000
YOUNG = 2000
"""Objects made since the last collection that make the next worth its time."""


class Collector(QObject):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ticks = 0
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self._collect)

    def start(self) -> None:
        """Take over from Python. What exists by now, modules mostly, is never looked at again."""
        gc.disable()
        gc.collect()
        gc.freeze()
        self._timer.start()

    @Slot()
    def _collect(self) -> None:
        self._ticks += 1
        if self._ticks % 60 == 0:
            gc.collect()
        elif self._ticks % 10 == 0:
            gc.collect(1)
        elif gc.get_count()[0] > YOUNG:
            gc.collect(0)
