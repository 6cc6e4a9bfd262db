"""The only thing in the window that remembers: experiment, undo, selection, file, and the trainer behind."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoStack

from lab.data.files.own_file import OwnFile
from lab.data.prepare import Prepared, prepare
from lab.experiment.experiment import Experiment, problems, runs_differently
from lab.experiment.files import save_experiment
from lab.gui.commands import Edit, drop_refused
from lab.gui.pace import Pace
from lab.gui.playback import Playback
from lab.gui.reader import Reader
from lab.gui.runs import Runs
from lab.gui.selection import Selection
from lab.problem import Problem, ProblemError
from lab.training.breakpoints import ALWAYS, AnyBreakpoint, settled
from lab.training.mailbox import Compiling, Event, Refused
from lab.training.observer import Asked
from lab.training.probes import Probe
from lab.training.quantities import AnyQuantity
from lab.training.record import Record
from lab.training.snapshot import Snapshot
from lab.training.trainer import Trainer

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
        self.runs = Runs(self)
        self.pace = Pace(self)
        self.pace.due.connect(self.pull)

    # --- life

    def start(self) -> None:
        """Start the trainer on the experiment, and look into its mailbox from now on."""
        self.trainer.start()
        self._hand_over()
        self.pace.start()

    def close(self) -> None:
        """Stop looking, stop the trainer and wait for its threads."""
        self.pace.stop()
        self.trainer.close()

    @Slot()
    def pull(self) -> None:
        """One frame: all events since the last, then the newest snapshot if there is one."""
        self._reader.deliver()
        # the snapshot first: what the trainer said before it published it is then among the events. The other way
        # round a first snapshot could come in between, be taken for one of the run that was left, and be the last
        snapshot = self.trainer.snapshots.take()
        self.pace.looked(snapshot is not None, self.playback.playing)
        for event in self.trainer.events():
            self._receive(event)
        # a late snapshot of runs that are left would show the wrong network for a frame
        if snapshot is not None and snapshot.heard >= max(self.opened_at, self._raced_at):
            self._follow(snapshot)
            self.snapshot = snapshot
            self.playback.see(snapshot)
            self.snapshot_changed.emit(snapshot)

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
        self.runs.follow(snapshot)
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
        self.runs.restore(records, record.run)
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
        self.runs.forget()
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
        self.runs.activate(run)
        self._turn_to(experiment)
        return self.runs.active

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
            self.runs.go_on(self.running)

    def turn_to_runs(self, active: int, experiment: Experiment) -> None:
        """Other runs have taken the place of all there were: what was seen before is not of them."""
        self._raced_at = self.trainer.sent
        self.playback.forget_time()
        self.runs.active = active
        self._show_draft(experiment)
        if not self.problems:
            self.running = experiment

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
            self.pace.make_haste()
