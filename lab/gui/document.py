"""The only thing in the window that remembers: experiment, undo, selection, file, and the trainer behind."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QUndoCommand, QUndoStack

from lab.data.files.own_file import OwnFile
from lab.data.prepare import Prepared, prepare
from lab.experiment.experiment import Experiment, problems
from lab.experiment.files import save_experiment
from lab.gui.playback import Playback
from lab.gui.reader import Reader
from lab.gui.selection import Selection
from lab.problem import Problem, ProblemError
from lab.training.mailbox import Compiling, Event, Loaded, Refused
from lab.training.probes import Probe
from lab.training.snapshot import Snapshot
from lab.training.trainer import Trainer

FRAME = 16
"""Milliseconds between two looks into the trainer's mailbox: 60 frames a second."""

MERGE_WITHIN = 1.0
"""Seconds within which edits of one field become one entry of the undo stack: a drag, a run of arrow keys."""


class Edit(QUndoCommand):
    """One entry of the undo stack: the experiment before and after."""

    def __init__(
        self, document: Document, before: Experiment, after: Experiment, text: str, merge_key: str | None
    ) -> None:
        super().__init__(text)
        self.document, self.before, self.after, self.merge_key = document, before, after, merge_key
        self.at = time.monotonic()

    def id(self) -> int:
        # Qt asks mergeWith only of commands with one id; -1 means never
        return -1 if self.merge_key is None else 1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, Edit) or other.merge_key != self.merge_key:
            return False
        if other.at - self.at > MERGE_WITHIN:
            return False
        self.after, self.at = other.after, other.at
        self.setObsolete(self.after == self.before)
        return True

    def undo(self) -> None:
        self.document._turn_to(self.before)

    def redo(self) -> None:
        self.document._turn_to(self.after)


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
        self._watched: frozenset[Probe] = frozenset()
        self._prepared: Prepared | None = None
        self._prepared_for: object = None
        self._reader = Reader(self)
        self._starts_anew = True  # the draft has not been loaded yet, so no run of it can be edited
        self._left: Experiment | None = None  # what ran before a new run
        self._awaited: Experiment | None = None  # handed over for a new run, which has not begun yet
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME)
        self._timer.timeout.connect(self.pull)

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
        # the snapshot first: what the trainer said before it published it is then among the events. The other way
        # round a first snapshot could come in between, be taken for one of the run that was left, and be the last
        snapshot = self.trainer.snapshots.take()
        for event in self.trainer.events():
            self._receive(event)
        if snapshot is not None and self._awaited is None and snapshot.experiment is not self._left:
            self.snapshot = snapshot
            self.playback.see(snapshot)
            self.snapshot_changed.emit(snapshot)

    def _receive(self, event: Event) -> None:
        if isinstance(event, Compiling):
            self.compiling.emit(event.done, event.total)
        elif isinstance(event, Refused) or (isinstance(event, Loaded) and event.experiment is self._awaited):
            self._awaited = None
        self.playback.receive(event)
        self.event_arrived.emit(event)

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

    def open(self, experiment: Experiment, path: Path | None = None) -> None:
        """Replace everything by another experiment: a new run from its start."""
        if isinstance(experiment.data, OwnFile):
            self._reader.read(experiment.data, lambda: self._open(experiment, path))
        else:
            self._open(experiment, path)

    def _open(self, experiment: Experiment, path: Path | None) -> None:
        self.undo_stack.clear()
        self.path = path
        self.selection = Selection()
        self.playback.forget()
        self._starts_anew = True
        self._turn_to(experiment)
        self.selection_changed.emit(self.selection)
        self.file_changed.emit()

    def save(self, path: Path) -> None:
        """Write the draft to `path` (ProblemError) and call it clean."""
        save_experiment(self.draft, path)
        self.path = path
        self.undo_stack.setClean()
        self.file_changed.emit()

    def _turn_to(self, experiment: Experiment) -> None:
        """Make it the draft, and hand it to the trainer unless something about it is wrong."""
        self.draft = experiment
        self.problems = problems(experiment)
        self.experiment_changed.emit(experiment)
        self.problems_changed.emit(self.problems)
        if not self.problems:
            self._keep_selection_real()
            self._hand_over()

    def _hand_over(self) -> None:
        if self.problems:
            return
        if self._starts_anew:
            self._starts_anew = False
            # a late snapshot of the run that is left would show the wrong network for a frame
            self._left = None if self.draft is self.running else self.running
            self.running = self._awaited = self.draft
            self.trainer.load(self.running)
        elif runs_differently(self.running, self.draft):
            self.running, self._left = self.draft, None
            self.trainer.edit(self.running)

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

    # --- the selection and the views

    def select(self, selection: Selection) -> None:
        """Turn every view to `selection`."""
        if selection != self.selection:
            self.selection = selection
            self.selection_changed.emit(selection)

    def select_layer(self, name: str | None) -> None:
        """Point at a layer as a whole."""
        if name != self.selection.layer or self.selection.unit >= 0:
            self.select(Selection(layer=name, part=self.selection.part, example=self.selection.example))

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
            self.select(Selection(layer=chosen.layer, part=chosen.part, example=chosen.example))

    def watch(self, probes: frozenset[Probe]) -> None:
        """Have the trainer answer these probes, the union of what the open views ask."""
        if probes != self._watched:
            self._watched = probes
            self.trainer.watch(probes)


def runs_differently(a: Experiment, b: Experiment) -> bool:
    """Whether the two differ in more than their name and description."""
    return msgspec.structs.replace(a, name=b.name, description=b.description) != b
