"""Views are shown snapshots in their turn, as far as a frame's time goes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Qt, QTimer, Slot

from lab.experiment.experiment import Experiment
from lab.gui.view_dock import ViewDock
from lab.training.snapshot import Snapshot

SHOW_BUDGET = 0.005
"""Seconds of a frame that views may take; those that did not get their turn come first in the next."""
NEXT_FRAME = 0.016
EYE = 0.02
"""Seconds for which a view stands while runs train, if it does not say otherwise: more would not be seen."""


class Showing(QObject):
    """`seen` says which docks are in sight. Each is shown its own snapshot: of the run that it is pinned to."""

    def __init__(self, seen: Callable[[], Iterable[ViewDock]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._seen = seen
        self._snapshot: Snapshot | None = None
        self._turn: list[ViewDock] = []  # views that have not been shown the newest snapshot yet
        self._shown: dict[str, tuple[Experiment, float]] = {}  # what each was shown last, and when
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setTimerType(Qt.TimerType.PreciseTimer)
        self._rest.timeout.connect(self._show_some)

    def show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        # those left over from the snapshot before have waited longest
        seen = list(self._seen())
        self._turn = [dock for dock in self._turn if dock in seen] + [d for d in seen if d not in self._turn]
        self._turn.sort(key=lambda dock: not dock.view.is_awaited)
        self._show_some()

    def forget(self, dock: ViewDock) -> None:
        self._turn = [other for other in self._turn if other is not dock]
        self._shown.pop(dock.key, None)

    @Slot()
    def _show_some(self) -> None:
        if self._snapshot is None:
            return
        now = time.perf_counter()
        turn = [(dock, dock.snapshot(self._snapshot)) for dock in self._turn]
        rests = {dock.key: self._rest_of(dock, snapshot, now) for dock, snapshot in turn}
        resting = [dock for dock, _ in turn if rests[dock.key] > 0]
        waiting = [(dock, snapshot) for dock, snapshot in turn if rests[dock.key] <= 0]
        seen = set(map(id, self._seen()))
        while waiting:
            dock, snapshot = waiting.pop(0)
            if id(dock) in seen and dock.view.suits(snapshot):
                self._shown[dock.key] = (snapshot.experiment, now)
                dock.view.show_snapshot(snapshot)
                if time.perf_counter() > now + SHOW_BUDGET:
                    break
        self._turn = [dock for dock, _ in waiting] + resting
        if self._turn:  # a snapshot that comes first brings its own turn
            soonest = min([NEXT_FRAME] * bool(waiting) + [rests[dock.key] for dock in resting])
            left = now + soonest - time.perf_counter()
            self._rest.start(max(math.ceil(1000 * left), 0))

    def _rest_of(self, dock: ViewDock, snapshot: Snapshot, now: float) -> float:
        """Seconds until it is to be shown something again."""
        experiment, at = self._shown.get(dock.key, (None, 0.0))
        if experiment is not snapshot.experiment or dock.view.is_awaited:
            return 0.0
        return at + (dock.view.rest or (EYE if snapshot.steps_per_second else 0.0)) - now
