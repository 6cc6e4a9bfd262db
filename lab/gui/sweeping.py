"""Sweeps of learning rates: from what the view asks for to a thread of their own, and back to the view."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Slot

from lab.experiment.variants import ASPECTS, Aspect, Variant, variants
from lab.gui.document import Document
from lab.gui.views.sweep import SweepView
from lab.training.race import MOST_RUNS
from lab.training.snapshot import Snapshot
from lab.training.sweep import Contestant, Order, Sweeper, grid, suggested_steps

EVERY = 60
"""Milliseconds between two looks at what has been found."""


class Sweeping(QObject):
    """Belongs to the window. There is a thread while a sweep goes on."""

    def __init__(self, document: Document, view: SweepView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._view = document, view
        self.sweeper = Sweeper()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self.look)
        self._suggested_for: object = None
        self._own_start = False
        view.wanted.connect(self._want)
        view.stopped.connect(self.sweeper.cancel)
        view.raced.connect(lambda found: document.runs.race(found, own_start=self._own_start))
        document.playback.playing_changed.connect(self._mind)
        document.playback.ready_changed.connect(view.allow)
        document.snapshot_changed.connect(self._suggest)
        view.allow(document.playback.ready)

    def close(self) -> None:
        self._timer.stop()
        self.sweeper.close()

    @Slot(bool)
    def _mind(self, playing: bool) -> None:
        self.sweeper.training = playing

    @Slot(object)
    def _suggest(self, snapshot: Snapshot) -> None:
        """As many updates as take about half a second a trial."""
        if snapshot.experiment is not self._suggested_for and self._document.prepared is not None:
            self._suggested_for = snapshot.experiment
            examples = len(self._document.prepared.training)
            self._view.suggest_steps(suggested_steps(snapshot.experiment, examples))

    @Slot(str, int)
    def _want(self, key: str, steps: int) -> None:
        """Sweep those in which the aspect differs and that are suggested."""
        aspect = next(aspect for aspect in ASPECTS if aspect.key == key)
        prepared = self._document.prepared
        if prepared is None:
            return
        found = variants(self._document.running, aspect, len(prepared.training))
        chosen = [one for one in found if one.suggested or one.experiment == self._document.running]
        self.start(aspect, chosen[:MOST_RUNS], steps)

    def start(self, aspect: Aspect, chosen: Sequence[Variant], steps: int | None = None) -> None:
        """Sweep the rates of these variants, for so many updates of the running experiment."""
        prepared, base = self._document.prepared, self._document.running
        if prepared is None or not chosen:
            return
        whole = len(prepared.training)
        steps = steps or suggested_steps(base, whole)
        budget = max(steps * min(base.batch_size, whole), max(_batch(v, whole) for v in chosen))
        rates = [grid(one.experiment.optimizer.rate or 0.01, *self._view.grid) for one in chosen]
        contestants = tuple(
            Contestant(one.name, one.experiment, tried, aspect.other_start)
            for one, tried in zip(chosen, rates, strict=True)
        )
        snapshot = self._document.snapshot
        beginning = snapshot.edits[0] if snapshot is not None and snapshot.edits else None
        place = self._view.aspect.findData(aspect.key)
        if place >= 0:
            self._view.aspect.setCurrentIndex(place)
        self._view.suggest_steps(steps)
        self._own_start = aspect.other_start
        self.sweeper.training = self._document.playback.playing
        self.sweeper.start(Order(contestants, budget, beginning))
        self._timer.start()

    @Slot()
    def look(self) -> None:
        """Show what has been found since."""
        if failure := self.sweeper.take_failure():
            self._timer.stop()
            raise RuntimeError(failure)  # a bug: it goes to the crash dialog
        has_ended = self.sweeper.has_ended  # asked before: what came last is taken then
        found = self.sweeper.results.take()
        if found is not None:
            self._view.show_sweep(found)
        if has_ended:
            self._timer.stop()


def _batch(variant: Variant, whole: int) -> int:
    return min(variant.experiment.batch_size, whole)
