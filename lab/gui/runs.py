"""The runs of the open document: which one is active, which were branched off others, and what is done to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lab.experiment.experiment import Experiment, runs_differently
from lab.experiment.variants import Variant
from lab.gui.commands import Presence, Raced, Starts, Weights
from lab.training.conductor import Named
from lab.training.race import MOST_RUNS, Entrant
from lab.training.record import Record
from lab.training.restart import Start
from lab.training.snapshot import Snapshot
from lab.wording import counted

if TYPE_CHECKING:
    from lab.gui.document import Document

MOST_LETTERS = 40
"""Of a run's name."""


class Runs:
    """Part of a document. Whatever changes which runs there are is an entry of its undo stack."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._trainer, self._playback = document.trainer, document.playback
        self.active: int = 1
        """The number of the run that panels, transport and probes are for."""
        self._last = 1  # the highest number that a run has had
        self._branched: dict[int, tuple[int, int]] = {}  # runs that a change in the past made: origin, step
        self._starts: dict[int, Start] | None = None  # of all runs, before one is dragged

    @property
    def seen(self) -> tuple[Snapshot, ...]:
        """All runs as last seen; empty before the first snapshot."""
        snapshot = self._document.snapshot
        return () if snapshot is None else snapshot.runs

    def _as_seen(self, run: int) -> Snapshot | None:
        return next((one for one in self.seen if one.run == run), None)

    # --- other runs come in place of those there are

    def forget(self) -> None:
        """Another document is opened: it has one run, number 1."""
        self.active = self._last = 1
        self._branched = {}

    def restore(self, records: tuple[Record, ...], active: int) -> None:
        """Those of a document that was kept."""
        self._last = max(one.run for one in records)
        self.active = active

    def follow(self, snapshot: Snapshot) -> None:
        """The trainer has carried out all that it was told, and this is how things stand."""
        self.active = snapshot.run
        self._last = max(self._last, *(one.run for one in snapshot.runs), snapshot.run)

    def race(self, variants: Sequence[Variant], from_here: bool = False, own_start: bool = False) -> None:
        """Runs of these in place of all there are, named after them, as one entry of the undo stack.

        Each begins at the start, or where the active run stands. Weights that were set by hand at the start are taken
        over unless the variants have an `own_start`. The one that is as the active run is becomes active.
        """
        if not variants or len(variants) > MOST_RUNS:
            return
        first = self._last + 1
        self._last += len(variants)
        entrants = tuple(
            Entrant(first + k, one.name[:MOST_LETTERS], one.experiment, own_start)
            for k, one in enumerate(variants)
        )
        running = self._document.running
        active = next((e.number for e in entrants if not runs_differently(e.experiment, running)), first)
        text = f"Race {counted(len(entrants), 'run')}"
        self._document.undo_stack.push(Raced(self._document, entrants, active, from_here, text))

    # --- one more, one less, another

    def duplicate(self, origin: int | None = None) -> None:
        """A new run beside, that stands where `origin`, or the active one, stands. There may be MOST_RUNS."""
        if len(self.seen) >= MOST_RUNS:
            return
        self._last += 1
        origin = self.active if origin is None else origin
        self._document.undo_stack.push(Presence(self._document, self._last, origin, "Duplicate run"))

    def open(self, run: int, origin: int | None) -> None:
        """Have the trainer branch a new run off `origin`, or open one again that was closed, and turn to it."""
        if origin is not None:
            self._trainer.branch(run, None, origin)
        else:
            self._trainer.reopen_run(run)
        self._turn_to(run)

    def close(self, run: int) -> None:
        """Take a run away; undo brings it back. The last one stays."""
        if len(self.seen) > 1:
            self._document.undo_stack.push(Presence(self._document, run, None, "Close run"))

    def activate(self, run: int) -> None:
        """Turn panels, transport and views to another run."""
        if run != self.active:
            self._turn_to(run)
            self._trainer.activate(run)

    def _turn_to(self, run: int) -> None:
        self.active = run
        there = self._as_seen(run)
        self._playback.is_past = there is not None and there.is_past

    def rename(self, run: int, name: str) -> None:
        self._trainer.rename_run(run, name.strip()[:MOST_LETTERS])

    # --- what runs is changed

    def go_on(self, experiment: Experiment) -> None:
        """Let the active run go on under another experiment: in the past as a run of its own, where there is room.

        If that takes back at once what made this run, the one that it was branched off goes on.
        """
        origin, step = self._branched.get(self.active, (0, 0))
        if self._playback.is_past and len(self.seen) < MOST_RUNS:
            self._branch(experiment)
        elif origin and self._has_not_moved(origin, step, experiment):
            self._trainer.close_run(self.active)
            self.activate(origin)
        else:
            self._trainer.edit(experiment)

    def leave_past(self) -> None:
        """What is changed in the past is changed in a run of its own, where there is room for one."""
        if self._playback.is_past and len(self.seen) < MOST_RUNS:
            self._branch(self._document.running)

    def _branch(self, experiment: Experiment) -> None:
        origin, step = self.active, self._playback.step_number
        self._last += 1
        self.active = self._last
        self._branched[self.active] = origin, step
        self._trainer.branch(self.active, experiment, origin)
        self._playback.is_past = False

    def _has_not_moved(self, origin: int, step: int, experiment: Experiment) -> bool:
        """Whether the active run stands where it was branched off, and would run on as its origin did there."""
        there = self._as_seen(origin)
        if there is None or self._playback.step_number != step or there.step != step:
            return False
        return not runs_differently(there.experiment, experiment)

    def set_weights(self, read: Callable[[Named], Named], text: str) -> None:
        """Set weights of the active run by hand, as an entry `text` of the undo stack.

        `read` gets all parameters by name and gives those to set; it is called on the trainer's thread, and may raise
        ProblemError.
        """
        self._document.undo_stack.push(Weights(self._document, read, text))

    def start_from(self, values: Named | None, final: bool) -> None:
        """Let every run begin with these weights, by their names, and go its way again to where it stands.

        While a start is dragged none is `final`; the last one is, and is one entry of the undo stack. None: it is let
        go again, and all is as it was.
        """
        if self._starts is None:
            self._starts = {run.run: run.edits[0].weights if run.edits else None for run in self.seen}
        before = self._starts
        if values is None:
            self._starts = None
            self._trainer.start_from(before)
            return
        moved = {run: {**(old or {}), **values} for run, old in before.items()}
        self._document.pace.make_haste()
        if final:
            self._starts = None
            self._document.undo_stack.push(Starts(self._document, before, moved))
        else:
            self._trainer.start_from(moved, False)
