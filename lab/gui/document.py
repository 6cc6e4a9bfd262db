"""The only thing in the window that remembers: experiment, undo, selection, file, and the trainer behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QUndoStack

from lab.data.files.own_file import OwnFile
from lab.data.prepare import Prepared, prepare
from lab.experiment.experiment import Experiment, problems
from lab.experiment.files import save_experiment
from lab.experiment.variants import Variant
from lab.gui.commands import Edit, Presence, Raced, Starts, Weights, drop_refused
from lab.gui.playback import Playback
from lab.gui.reader import Reader
from lab.gui.selection import Selection
from lab.problem import Problem, ProblemError
from lab.training.breakpoints import ALWAYS, AnyBreakpoint, settled
from lab.training.conductor import Named
from lab.training.mailbox import Compiling, Event, Refused
from lab.training.observer import Asked
from lab.training.probes import Probe
from lab.training.quantities import AnyQuantity
from lab.training.race import MOST_RUNS, Entrant
from lab.training.record import Record
from lab.training.restart import Start
from lab.training.snapshot import Snapshot
from lab.training.trainer import Trainer
from lab.wording import counted

FRAME, LIVELY = 16, 4
"""Milliseconds between two looks into the trainer's mailbox: 60 frames a second, and more often while runs train and
the next snapshot is to be expected.
"""
HASTE, HASTY_LOOKS = 1, 32
"""Milliseconds between two looks while an answer is awaited, and how many of them: a hand draws or drags meanwhile."""

MOST_LETTERS = 40
"""Of a run's name."""
Stops = tuple[Iterable[AnyBreakpoint], Iterable[AnyQuantity]]
"""Where runs stop by themselves, and what is followed of them."""
NO_STOPS: Stops = (), ()


class Document(QObject):
    """What is open in the window.

    `draft` is the experiment as edited, perhaps with `problems`; `running` the last one without. Only the
    running one is known to the trainer. Snapshots and events are pulled on a timer of the window's thread:
    nothing else couples the two.
    """

    experiment_changed = Signal(object)  # Experiment: the draft
    problems_changed = Signal(object)  # tuple[Problem, ...]
    snapshot_changed = Signal(object)  # Snapshot
    selection_changed = Signal(object)  # Selection
    event_arrived = Signal(object)  # Event
    file_changed = Signal()  # path or dirty mark
    compiling = Signal(int, int)  # done, total
    breakpoints_changed = Signal(object)  # tuple[AnyBreakpoint, ...]
    quantities_changed = Signal(object)  # tuple[AnyQuantity, ...]

    def __init__(
        self,
        trainer: Trainer,
        experiment: Experiment,
        path: Path | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.trainer = trainer
        self.draft = experiment
        self.running = experiment
        self.problems: tuple[Problem, ...] = problems(experiment)
        self.snapshot: Snapshot | None = None
        self.selection = Selection()
        self.path = path
        self.undo_stack = QUndoStack(self)
        self.undo_stack.cleanChanged.connect(self._report_clean)
        self.playback = Playback(trainer, self)
        self.breakpoints: tuple[AnyBreakpoint, ...] = ALWAYS
        self.quantities: tuple[AnyQuantity, ...] = ()
        self._watched: tuple[frozenset[Probe], Asked | None] = frozenset(), None
        self._prepared: Prepared | None = None
        self._prepared_for: object = None
        self._reader = Reader(self)
        self._starts_anew = True  # the draft has not been loaded yet, so no run of it can be edited
        # the trainer's commands that opened this document, and that began these runs: what was seen before is of others
        self.opened_at = self._raced_at = 0
        self._active = 1
        self._last_run = 1  # the highest number that a run has had
        self._starts: dict[int, Start] | None = None  # of all runs, before one is dragged
        self._branched: dict[int, tuple[int, int]] = {}  # runs that a change in the past made: origin, step
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME)
        self._timer.timeout.connect(self.pull)
        self._hasty_looks = 0

    # --- life

    def start(self) -> None:
        """Start the trainer on the experiment, and look into its mailbox from now on."""
        self.trainer.start()
        self._hand_over()
        self._timer.start()

    def close(self) -> None:
        """Stop looking, stop the trainer and wait for its threads."""
        self._timer.stop()
        self.trainer.close()

    @Slot()
    def pull(self) -> None:
        """One frame: all events since the last, then the newest snapshot if there is one."""
        self._reader.deliver()
        self._hasty_looks = max(self._hasty_looks - 1, 0)
        # the snapshot first: what the trainer said before it published it is then among the events. The other way
        # round a first snapshot could come in between, be taken for one of the run that was left, and be the last
        snapshot = self.trainer.snapshots.take()
        self._find_pace(is_new=snapshot is not None)
        for event in self.trainer.events():
            self._receive(event)
        # a late snapshot of runs that are left would show the wrong network for a frame
        if snapshot is not None and snapshot.heard >= max(self.opened_at, self._raced_at):
            self._follow(snapshot)
            self.snapshot = snapshot
            self.playback.see(snapshot)
            self.snapshot_changed.emit(snapshot)

    def _make_haste(self) -> None:
        """Look for an answer sooner than once a frame, for a while."""
        self._hasty_looks = HASTY_LOOKS
        self._find_pace()

    def _find_pace(self, is_new: bool = False) -> None:
        """How soon to look again, where the last look has found a new snapshot or none."""
        pace = HASTE if self._hasty_looks else LIVELY if self.playback.playing and not is_new else FRAME
        if pace != self._timer.interval():
            self._timer.setInterval(pace)

    def _receive(self, event: Event) -> None:
        if isinstance(event, Compiling):
            self.compiling.emit(event.done, event.total)
        elif isinstance(event, Refused):
            drop_refused(self.undo_stack, event.command)
        self.playback.receive(event)
        self.event_arrived.emit(event)

    def _follow(self, snapshot: Snapshot) -> None:
        """Show in the panels what ran at this moment: another run is active, or time went over an edit.

        Only once the trainer has carried out all that it was told: before, the draft is ahead of it.
        """
        if snapshot.heard < self.trainer.sent:
            return
        self._active = snapshot.run
        self._last_run = max(self._last_run, *(one.run for one in snapshot.runs), snapshot.run)
        if runs_differently(snapshot.experiment, self.running):
            self.running = snapshot.experiment
            self._show_draft(
                msgspec.structs.replace(
                    snapshot.experiment, name=self.draft.name, description=self.draft.description
                )
            )

    # --- the experiment

    @property
    def is_dirty(self) -> bool:
        return not self.undo_stack.isClean()

    def edit(self, experiment: Experiment, text: str, merge_key: str | None = None) -> None:
        """Make `experiment` the draft, as an entry `text` of the undo stack.

        Edits with the same `merge_key` in quick succession become one entry.
        """
        if experiment.data != self.draft.data and isinstance(experiment.data, OwnFile):
            # only the data: other fields may be edited while the file is being read
            data = experiment.data
            self._reader.read(
                data, lambda: self._push(msgspec.structs.replace(self.draft, data=data), text, merge_key)
            )
        else:
            self._push(experiment, text, merge_key)

    def _push(self, experiment: Experiment, text: str, merge_key: str | None) -> None:
        if experiment != self.draft:
            self.undo_stack.push(Edit(self, self.draft, experiment, text, merge_key))

    def open(self, experiment: Experiment, path: Path | None = None, stops: Stops = NO_STOPS) -> None:
        """Replace everything by another experiment: a new run from its start."""
        if isinstance(experiment.data, OwnFile):
            self._reader.read(experiment.data, lambda: self._open(experiment, path, stops))
        else:
            self._open(experiment, path, stops)

    def _open(self, experiment: Experiment, path: Path | None, stops: Stops) -> None:
        self._clear(path, stops)
        self._starts_anew = True
        self._turn_to(experiment)
        self.selection_changed.emit(self.selection)
        self.file_changed.emit()

    def restore(
        self, records: tuple[Record, ...], active: int, path: Path | None = None, stops: Stops = NO_STOPS
    ) -> None:
        """Replace everything by the runs of a document."""
        record = next((one for one in records if one.run == active), records[0])
        experiment = next(e for e in reversed(record.edits) if e.step <= record.step).experiment
        self._clear(path, stops)
        self._starts_anew = False
        self._last_run = max(one.run for one in records)
        self._active = record.run
        self.running = experiment
        self.trainer.restore(records, active)
        self.opened_at = self.trainer.sent
        self._show_draft(experiment)
        self.selection_changed.emit(self.selection)
        self.file_changed.emit()

    def _clear(self, path: Path | None, stops: Stops) -> None:
        """What runs of a document follow is said before they come: what they have seen of it stays with them."""
        self.undo_stack.clear()
        self.path = path
        self.selection = Selection()
        self.playback.forget()
        self._active = self._last_run = 1
        self._branched = {}
        breakpoints, quantities = stops
        self.set_breakpoints(breakpoints)
        self.set_quantities(quantities)

    def save(self, path: Path) -> None:
        """Write the draft to `path` (ProblemError) and call it clean."""
        save_experiment(self.draft, path)
        self.path = path
        self.undo_stack.setClean()
        self.file_changed.emit()

    def turn_run(self, run: int, experiment: Experiment) -> int:
        """Let `run` go on under the experiment; the run that does: in the past a change makes a new one."""
        if run != self._active:
            self.activate(run)
        self._turn_to(experiment)
        return self._active

    def _turn_to(self, experiment: Experiment) -> None:
        """Make it the draft, and hand it to the trainer unless something about it is wrong."""
        self._show_draft(experiment)
        if not self.problems:
            self._hand_over()

    def _show_draft(self, experiment: Experiment) -> None:
        self.draft = experiment
        self.problems = problems(experiment)
        self.experiment_changed.emit(experiment)
        self.problems_changed.emit(self.problems)
        if not self.problems:
            self._keep_selection_real()

    def _hand_over(self) -> None:
        if self.problems:
            return
        if self._starts_anew:
            self._starts_anew = False
            self.running = self.draft
            self.trainer.load(self.running)
            self.opened_at = self.trainer.sent
        elif runs_differently(self.running, self.draft):
            self.running = self.draft
            origin, step = self._branched.get(self._active, (0, 0))
            if self.playback.is_past and len(self.runs) < MOST_RUNS:
                self._branch()
            elif origin and self._has_not_moved(origin, step):
                # what made this run is undone at once: it goes again
                self.trainer.close_run(self._active)
                self.activate(origin)
            else:
                self.trainer.edit(self.running)

    def _branch(self) -> None:
        origin, step = self._active, self.playback.step_number
        self._last_run += 1
        self._active = self._last_run
        self._branched[self._active] = origin, step
        self.trainer.branch(self._active, self.running, origin)
        self.playback.is_past = False

    def _has_not_moved(self, origin: int, step: int) -> bool:
        """Whether the active run stands where it was branched off, and would run on as its origin did there."""
        there = next((one for one in self.runs if one.run == origin), None)
        if there is None or self.playback.step_number != step or there.step != step:
            return False
        return not runs_differently(there.experiment, self.draft)

    def set_weights(self, read: Callable[[Named], Named], text: str) -> None:
        """Set weights by hand, as an entry `text` of the undo stack. `read` gets all parameters by name and gives
        those to set; it is called on the trainer's thread, and may raise ProblemError."""
        self.undo_stack.push(Weights(self, read, text))

    def start_from(self, values: Named | None, final: bool) -> None:
        """Let every run begin with these weights, by their names, and go its way again to where it stands.

        While a start is dragged none is `final`; the last one is, and is one entry of the undo stack. None: it is let
        go again, and all is as it was.
        """
        if self._starts is None:
            self._starts = {run.run: run.edits[0].weights if run.edits else None for run in self.runs}
        before = self._starts
        if values is None:
            self._starts = None
            self.trainer.start_from(before)
            return
        moved = {run: {**(old or {}), **values} for run, old in before.items()}
        self._make_haste()
        if final:
            self._starts = None
            self.undo_stack.push(Starts(self, before, moved))
        else:
            self.trainer.start_from(moved, False)

    def leave_past(self) -> None:
        """What is changed in the past is changed in a run of its own, where there is room for one."""
        if self.playback.is_past and len(self.runs) < MOST_RUNS:
            self._branch()

    # --- the runs

    @property
    def active(self) -> int:
        """The number of the run that panels, transport and probes are for."""
        return self._active

    @property
    def runs(self) -> tuple[Snapshot, ...]:
        """All runs as last seen; empty before the first snapshot."""
        return () if self.snapshot is None else self.snapshot.runs

    def duplicate_run(self, origin: int | None = None) -> None:
        """A new run beside, that stands where `origin`, or the active one, stands. There may be MOST_RUNS."""
        if len(self.runs) >= MOST_RUNS:
            return
        self._last_run += 1
        origin = self._active if origin is None else origin
        self.undo_stack.push(Presence(self, self._last_run, origin, "Duplicate run"))

    def race(self, variants: Sequence[Variant], from_here: bool = False, own_start: bool = False) -> None:
        """Runs of these in place of all there are, named after them, as one entry of the undo stack.

        Each begins at the start, or where the active run stands. Weights that were set by hand at the start are taken
        over unless the variants have an `own_start`. The one that is as the active run is becomes active.
        """
        if not variants or len(variants) > MOST_RUNS:
            return
        first = self._last_run + 1
        self._last_run += len(variants)
        entrants = tuple(
            Entrant(first + k, one.name[:MOST_LETTERS], one.experiment, own_start)
            for k, one in enumerate(variants)
        )
        active = next((e.number for e in entrants if not runs_differently(e.experiment, self.running)), first)
        self.undo_stack.push(
            Raced(self, entrants, active, from_here, f"Race {counted(len(entrants), 'run')}")
        )

    def turn_to_runs(self, active: int, experiment: Experiment) -> None:
        """Other runs have taken the place of all there were: what was seen before is not of them."""
        self._raced_at = self.trainer.sent
        self.playback.forget_time()
        self._active = active
        self._show_draft(experiment)
        if not self.problems:
            self.running = experiment

    def open_run(self, run: int, origin: int | None) -> None:
        """Have the trainer branch a new run off `origin`, or open one again that was closed, and turn to it."""
        if origin is not None:
            self.trainer.branch(run, None, origin)
        else:
            self.trainer.reopen_run(run)
        self._turn_to_run(run)

    def close_run(self, run: int) -> None:
        """Take a run away; undo brings it back. The last one stays."""
        if len(self.runs) > 1:
            self.undo_stack.push(Presence(self, run, None, "Close run"))

    def activate(self, run: int) -> None:
        """Turn panels, transport and views to another run."""
        if run != self._active:
            self._turn_to_run(run)
            self.trainer.activate(run)

    def _turn_to_run(self, run: int) -> None:
        self._active = run
        there = next((one for one in self.runs if one.run == run), None)
        self.playback.is_past = there is not None and there.is_past

    def rename_run(self, run: int, name: str) -> None:
        self.trainer.rename_run(run, name.strip()[:MOST_LETTERS])

    @Slot(bool)
    def _report_clean(self, _clean: bool) -> None:
        self.file_changed.emit()

    @property
    def prepared(self) -> Prepared | None:
        """The data of what is running, as the network gets it; None until its first snapshot."""
        if self.snapshot is None:
            return None
        seen = self.snapshot.experiment
        key = (seen.data, seen.preprocessing, seen.split, seen.seed)
        if key != self._prepared_for:
            # the trainer has prepared it before its first snapshot, so this is a look into the cache
            try:
                self._prepared = prepare(*key)
            except ProblemError:
                self._prepared = None
            self._prepared_for = key
        return self._prepared

    # --- where it stops by itself, and what is followed

    def set_breakpoints(self, breakpoints: Iterable[AnyBreakpoint]) -> None:
        """Stop where one of these strikes; that of a loss that is not finite is always among them."""
        wanted = settled(breakpoints)
        if wanted != self.breakpoints:
            self.breakpoints = wanted
            self.trainer.guard(wanted)
            self.breakpoints_changed.emit(wanted)

    def set_quantities(self, quantities: Iterable[AnyQuantity]) -> None:
        """Follow these in every run, each once."""
        wanted = tuple(dict.fromkeys(quantities))
        if wanted != self.quantities:
            self.quantities = wanted
            self.trainer.watch_list(wanted)
            self.quantities_changed.emit(wanted)

    # --- the selection and the views

    def select(self, selection: Selection) -> None:
        """Turn every view to `selection`."""
        if selection != self.selection:
            self.selection = selection
            self.selection_changed.emit(selection)

    def select_layer(self, name: str | None) -> None:
        """Point at a layer as a whole."""
        if name != self.selection.layer or self.selection.unit >= 0:
            self.select(self.selection.at_layer(name))

    def _keep_selection_real(self) -> None:
        chosen = self.selection
        if chosen.layer is None:
            return
        facts = [f for f in self.draft.analysis.nodes if f.name == chosen.layer]
        if not facts:
            self.select_layer(None)
        elif (output := facts[0].output) and (
            chosen.unit >= output.channels or chosen.row >= output.height or chosen.column >= output.width
        ):
            self.select(chosen.at_layer(chosen.layer))

    def watch(self, probes: frozenset[Probe], of_runs: Asked | None = None) -> None:
        """Have the trainer answer these probes, the union of what the open views ask of the active run; and of
        others what views that are split by run ask."""
        if (probes, of_runs) != self._watched:
            self._watched = probes, of_runs
            self.trainer.watch(probes, of_runs)
            self._make_haste()


def runs_differently(a: Experiment, b: Experiment) -> bool:
    """Whether the two differ in more than their name and description."""
    return msgspec.structs.replace(a, name=b.name, description=b.description) != b
