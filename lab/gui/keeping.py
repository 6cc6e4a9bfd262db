"""What keeps a document on disk: its records taken from the trainer, written beside the window, and brought back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal, Slot

from lab.experiment.experiment import Experiment, problems, runs_differently
from lab.gui.document import Document
from lab.gui.file_work import FileWork
from lab.training.archive import IN_A_DOCUMENT, Archive, condensed
from lab.training.archive_file import save_archive
from lab.training.breakpoints import AnyBreakpoint
from lab.training.mailbox import Event, Refused
from lab.training.quantities import AnyQuantity
from lab.training.record import Record
from lab.training.snapshot import Snapshot

WORTH_ASKING = 60.0
"""Seconds of training since the last save that a person would rather not lose without a question."""
ANSWER_WITHIN = 20_000
"""Milliseconds that the trainer has to hand over its records: an update of a huge network takes long."""

NO_ANSWER = (
    "The runs could not be had: training has not answered for 20 s. "
    "Try again, or save the experiment only, as a .json file."
)

Stamp = tuple[object, ...]


class Keeping(QObject):
    """The document's file. Dirty is what was edited, and more than a minute of training since it was saved: a run that
    has gone on is worth keeping, while a few steps can be had again any time and are worth no question.

    Nothing here waits but `finish`: records are taken on the trainer's thread and written on another.
    """

    changed = Signal()  # the dirty mark
    saving = Signal(object)  # Path, when it begins
    saved = Signal(object)  # Path
    failed = Signal(str)
    opened = Signal(object)  # Archive: what lies in it beyond the runs is for whoever it concerns
    restored = Signal()  # its runs are there again
    not_restored = Signal()
    _settled = Signal()

    def __init__(
        self,
        document: Document,
        layout: Callable[[], Mapping[str, str]] = dict,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.document, self.work = document, FileWork(self)
        self._layout = layout
        self._under_way = 0
        self._went_well = True
        self._coming: Archive | None = None  # handed to the trainer, which does not have it yet
        self._is_refused = False
        self._left: Path | None = None  # the file that was open before
        self._known: dict[int, float] | None = {}  # seconds of training of each run when it was saved
        self._saved_stamp: Stamp | None = None
        self._was_dirty = False
        self._is_recovered = False  # opened from an autosave, and in no file of the person's yet
        document.snapshot_changed.connect(self._see)
        document.file_changed.connect(self._report)
        document.event_arrived.connect(self._hear)

    # --- what is unsaved

    @property
    def is_dirty(self) -> bool:
        return self._is_recovered or self.document.is_dirty or self.has_unsaved_training

    @property
    def has_unsaved_training(self) -> bool:
        return self.unsaved_training > WORTH_ASKING

    @property
    def unsaved_training(self) -> float:
        """Seconds of training, of all runs together, since the last save."""
        known = self._known or {}
        return sum(
            max(0.0, now - known.get(run, 0.0)) for run, now in _trained(self.document.snapshot).items()
        )

    @property
    def stamp(self) -> Stamp:
        """Something that is another whenever there is something new to be kept."""
        snapshot, stack = self.document.snapshot, self.document.undo_stack
        runs = () if snapshot is None else tuple((r.run, r.step, r.furthest, r.name) for r in _runs(snapshot))
        document = self.document
        return (document.draft, stack.index(), runs, document.breakpoints, document.quantities)

    @property
    def has_news(self) -> bool:
        """Whether anything at all has changed since it was saved or opened."""
        return self._is_recovered or (self._saved_stamp is not None and self.stamp != self._saved_stamp)

    @property
    def is_saving(self) -> bool:
        return self._under_way > 0

    # --- out

    def collect(self, receive: Callable[[Archive], None], refuse: Callable[[str], None]) -> None:
        """Call `receive`, on any thread, with the document as it is now, or `refuse` if the trainer does not answer."""
        archive = Archive(
            draft=self.document.draft,
            layout=self._layout(),
            breakpoints=msgspec.to_builtins(self.document.breakpoints),
            quantities=msgspec.to_builtins(self.document.quantities),
        )
        snapshot = self.document.snapshot
        if self._coming is not None:
            receive(replace(archive, records=self._coming.records, active=self._coming.active))
            return
        if snapshot is None:  # nothing has run yet
            receive(archive)
            return
        active, turn = snapshot.run, deque([None])  # the one who takes the turn is the one who answers

        def take(records: tuple[Record, ...]) -> None:
            if _taken(turn):
                there = [record.run for record in records]
                receive(
                    replace(
                        archive, records=records, active=active if active in there else max(there, default=0)
                    )
                )

        def give_up() -> None:
            if _taken(turn):
                refuse(NO_ANSWER)

        QTimer.singleShot(ANSWER_WITHIN, self, give_up)
        self.document.trainer.record(take)

    def save(self, path: Path) -> None:
        """Write the document to `path`, beside the window; `saved` or `failed` says how it went."""
        draft, stamp, trained = self.document.draft, self.stamp, _trained(self.document.snapshot)
        self._under_way += 1
        self.saving.emit(path)

        def done(_: None) -> None:
            self.document.path = path
            self._call_clean(trained, stamp)
            if self.document.draft is draft and self.document.undo_stack.index() == stamp[1]:
                self.document.undo_stack.setClean()
            self._settle(True)
            self.document.file_changed.emit()
            self.saved.emit(path)

        def refused(said: str) -> None:
            self._settle(False)
            self.failed.emit(said)

        def write(archive: Archive) -> None:
            records = archive.records
            self.work.do(
                lambda: save_archive(
                    replace(archive, records=tuple(condensed(r, IN_A_DOCUMENT) for r in records)), path
                ),
                done,
                refused,
            )

        self.collect(write, refused)

    def save_experiment(self, path: Path) -> None:
        """Write the experiment alone, at once (ProblemError). Training counts as unsaved still."""
        self.document.save(path)
        self.saved.emit(path)

    def finish(self) -> bool:
        """Wait for what is being saved, while the window goes on painting; whether the last save went well."""
        while self._under_way:
            loop = QEventLoop()
            self._settled.connect(loop.quit)
            loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        return self._went_well

    def discard(self) -> None:
        """Nothing of what is unsaved is wanted."""
        self._call_clean(_trained(self.document.snapshot), self.stamp)
        self.document.undo_stack.setClean()

    def _call_clean(self, trained: dict[int, float], stamp: Stamp) -> None:
        self._known, self._saved_stamp, self._is_recovered = trained, stamp, False

    def _settle(self, went_well: bool) -> None:
        self._under_way -= 1
        self._went_well = went_well
        self._settled.emit()

    # --- in

    def open(self, archive: Archive, path: Path | None, is_recovered: bool = False) -> None:
        """Put the document in place of the one that is open, with its runs. What was recovered is dirty until saved."""
        document, self._left = self.document, self.document.path
        self._is_recovered = is_recovered
        self._known = self._saved_stamp = None
        self._coming, self._is_refused = (archive if archive.records else None), False
        self.opened.emit(archive)
        # those of a kind that this version does not know are left out
        stops = _known(archive.breakpoints, AnyBreakpoint), _known(archive.quantities, AnyQuantity)
        if not archive.records:
            document.open(archive.draft, path, stops)
            return
        document.restore(archive.records, archive.active, path, stops)
        # it was being edited, and what ran is the last one without problems; or it has another name by now, which no
        # run knows of
        draft = archive.draft
        if draft != document.draft and (problems(draft) or not runs_differently(draft, document.draft)):
            document.edit(draft, "Edit")
            document.undo_stack.clear()

    def open_experiment(self, experiment: Experiment, path: Path | None = None) -> None:
        """Begin anew with an experiment."""
        self.open(Archive(experiment), path)

    @Slot(object)
    def _hear(self, event: Event) -> None:
        self._is_refused |= self._coming is not None and isinstance(event, Refused)

    @Slot(object)
    def _see(self, snapshot: Snapshot) -> None:
        if self._coming is not None and self._is_refused and snapshot.experiment is not to_open(self._coming):
            # what was open before still is; the file of the other one is not to be written over with it
            self._is_recovered = False
            self.document.path = self._left
            self.not_restored.emit()
            self.document.file_changed.emit()
        elif self._coming is not None:
            self.restored.emit()
        self._coming = None
        if self._known is None:
            self._known = _trained(snapshot)
        if self._saved_stamp is None:
            self._saved_stamp = self.stamp
        self._report()

    @Slot()
    def _report(self) -> None:
        if self.is_dirty != self._was_dirty:
            self._was_dirty = self.is_dirty
            self.changed.emit()


def to_open(archive: Archive) -> Experiment:
    """What the active run stands on; the draft where nothing has run."""
    record = archive.active_record
    if record is None:
        return archive.draft
    return [edit.experiment for edit in record.edits if edit.step <= record.step][-1]


def _known(values: tuple[Any, ...], kind: Any) -> list[Any]:
    """Those that are of a kind there is."""
    found = []
    for value in values:
        with suppress(msgspec.ValidationError):
            found.append(msgspec.convert(value, kind))
    return found


def _runs(snapshot: Snapshot) -> tuple[Snapshot, ...]:
    return snapshot.runs or (snapshot,)


def _trained(snapshot: Snapshot | None) -> dict[int, float]:
    """Seconds of training that lie behind each run, to its furthest step."""
    if snapshot is None:
        return {}
    return {
        run.run: float(run.curves.seconds[-1]) if len(run.curves.seconds) else 0.0 for run in _runs(snapshot)
    }


def _taken(turn: deque[None]) -> bool:
    try:
        turn.pop()
    except IndexError:
        return False
    return True
