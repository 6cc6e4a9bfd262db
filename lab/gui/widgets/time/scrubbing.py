"""Dragging through time no faster than it can be shown."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

FRAME, PATIENCE = 0.016, 0.1
"""Seconds between two steps that are asked for, at least; and until the next where the last is not answered."""


class Scrubbing(QObject):
    """Asks for the newest wanted step once the last one asked for is there: nothing queues up."""

    asked = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted: int | None = None
        self._awaited: int | None = None
        self._asked_at = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._ask)

    def want(self, step: int) -> None:
        self._wanted = step
        self._ask()

    def seen(self, step: int) -> None:
        """The run is shown at `step`."""
        if step == self._awaited:
            self._awaited = None
            self._ask()

    def stop(self) -> None:
        """What is wanted is asked for in another way, or not at all."""
        self._wanted = self._awaited = None
        self._timer.stop()

    @Slot()
    def _ask(self) -> None:
        if self._wanted is None:
            return
        rest = self._asked_at + (FRAME if self._awaited is None else PATIENCE) - time.monotonic()
        if rest > 0:
            self._timer.start(max(round(rest * 1000), 1))
            return
        self._timer.stop()
        self._awaited, self._wanted, self._asked_at = self._wanted, None, time.monotonic()
        self.asked.emit(self._awaited)
