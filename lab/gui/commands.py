"""What the undo stack holds: edits of the experiment, weights set by hand, other starts, runs opened and closed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtGui import QUndoCommand, QUndoStack

from lab.experiment.experiment import Experiment
from lab.training.conductor import Field, Named
from lab.training.race import Entrant
from lab.training.restart import Start
from lab.training.run import Run

if TYPE_CHECKING:
    from lab.gui.document import Document

MERGE_WITHIN = 1.0
"""Seconds within which edits of one field become one entry of the undo stack: a drag, a run of arrow keys."""


class Entry(QUndoCommand):
    """An entry of the undo stack that knows which commands it gave the trainer: what is refused is no entry."""

    def __init__(self, document: Document, text: str) -> None:
        super().__init__(text)
        self.document = document
        self.given: set[int] = set()

    def redo(self) -> None:
        self._give(self.do)

    def undo(self) -> None:
        self._give(self.take_back)

    def do(self) -> None:
        raise NotImplementedError  # each entry has its own: a Qt class cannot be an ABC as well

    def take_back(self) -> None:
        raise NotImplementedError  # each entry has its own: a Qt class cannot be an ABC as well

    def refuse(self, command: int) -> bool:
        """Hear that the trainer refused a command; whether it was one of these. An empty entry is obsolete then."""
        is_ours = command in self.given
        if is_ours:
            self.setObsolete(True)
        return is_ours

    def _give(self, work: Callable[[], None]) -> None:
        trainer = self.document.trainer
        before = trainer.sent
        work()
        self.given.update(range(before + 1, trainer.sent + 1))


class Edit(Entry):
    """The experiment before and after, and the run that it was of."""

    def __init__(
        self, document: Document, before: Experiment, after: Experiment, text: str, merge_key: str | None
    ) -> None:
        super().__init__(document, text)
        self.before, self.after, self.merge_key = before, after, merge_key
        self.parts: list[
            tuple[set[int], Experiment]
        ] = []  # what was merged: its commands, and what it led to
        self.run = document.runs.active
        self.at = time.monotonic()

    def id(self) -> int:
        # Qt asks mergeWith only of commands with one id; -1 means never
        return -1 if self.merge_key is None else 1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, Edit) or other.merge_key != self.merge_key:
            return False
        if other.at - self.at > MERGE_WITHIN:
            return False
        self.after, self.at, self.run = other.after, other.at, other.run
        self.parts += other.parts
        self.setObsolete(self.after == self.before)
        return True

    def take_back(self) -> None:
        self.run = self.document.turn_run(self.run, self.before)

    def do(self) -> None:
        self.run = self.document.turn_run(self.run, self.after)

    def _give(self, work: Callable[[], None]) -> None:
        self.given = set()
        super()._give(work)
        self.parts = [(self.given, self.after)]

    def refuse(self, command: int) -> bool:
        """Of what was merged, only the part that was refused is left out."""
        kept = [part for part in self.parts if command not in part[0]]
        is_ours = len(kept) < len(self.parts)
        if is_ours:
            self.parts = kept
            self.after = kept[-1][1] if kept else self.before
            self.setObsolete(self.after == self.before)
        return is_ours


class Presence(Entry):
    """A run that is opened, or closed: undone by the other."""

    def __init__(self, document: Document, run: int, origin: int | None, text: str) -> None:
        super().__init__(document, text)
        self.run, self.origin, self.is_new = run, origin, True

    def take_back(self) -> None:
        self._close() if self.origin is not None else self._open()

    def do(self) -> None:
        self._open() if self.origin is not None else self._close()

    def _open(self) -> None:
        self.document.runs.open(self.run, self.origin if self.is_new else None)
        self.is_new = False

    def _close(self) -> None:
        self.document.trainer.close_run(self.run)
        if self.origin is not None:
            self.document.runs.activate(self.origin)


class Raced(Entry):
    """All runs replaced by those of a race. Undone, those that were there are back as they stood, and the race is
    kept: done again, it goes on where it was left.
    """

    def __init__(
        self, document: Document, entrants: tuple[Entrant, ...], active: int, from_here: bool, text: str
    ) -> None:
        super().__init__(document, text)
        self.entrants, self.from_here, self.is_new = entrants, from_here, True
        self.before = document.runs.active, document.draft
        self.after = active, next(one.experiment for one in entrants if one.number == active)
        self.old: Field | None = None  # what was there; the trainer's thread writes it
        self.new: Field | None = None

    def do(self) -> None:
        active, experiment = self.after
        trainer = self.document.trainer
        if self.is_new:
            trainer.race(self.entrants, active, self.from_here, self._keep_old)
        else:
            trainer.swap(lambda: self.new, self._keep_old)
        self.is_new = False
        self.document.turn_to_runs(active, experiment)

    def take_back(self) -> None:
        self.after = self.document.runs.active, self.document.draft
        self.document.trainer.swap(lambda: self.old, self._keep_new)
        self.document.turn_to_runs(*self.before)

    # the trainer's thread calls these

    def _keep_old(self, runs: Field) -> None:
        self.old = runs

    def _keep_new(self, runs: Field) -> None:
        self.new = runs


class Starts(Entry):
    """Another start of runs, by their numbers, and the ones before. A row of small moves is one entry."""

    def __init__(self, document: Document, before: Mapping[int, Start], after: Mapping[int, Start]) -> None:
        super().__init__(document, "Move the start")
        self.before, self.after = before, after
        self.at = time.monotonic()

    def id(self) -> int:
        return 2

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, Starts) or other.at - self.at > MERGE_WITHIN:
            return False
        self.after, self.at = other.after, other.at
        return True

    def take_back(self) -> None:
        self.document.trainer.start_from(self.before)

    def do(self) -> None:
        self.document.trainer.start_from(self.after)


class Weights(Entry):
    """Weights set by hand. Undone at the same step nothing of it is left; later their old values are set again."""

    def __init__(self, document: Document, read: Callable[[Named], Named], text: str) -> None:
        super().__init__(document, text)
        self.read = read
        self.run = document.runs.active
        self.before: Named = {}
        self.after: Named = {}
        self.at = -1

    def do(self) -> None:
        self._turn()
        self.document.runs.leave_past()
        self.run = self.document.runs.active
        self.document.trainer.change(self._set)

    def take_back(self) -> None:
        self._turn()
        self.document.runs.leave_past()
        self.document.trainer.change(self._unset)

    def _turn(self) -> None:
        if self.run != self.document.runs.active:
            self.document.runs.activate(self.run)

    # the trainer's thread calls these

    def _set(self, run: Run) -> None:
        now = run.parameters
        self.after = self.after or self.read({name: values.copy() for name, values in now.items()})
        self.before = {name: now[name] for name in self.after}
        run.set_parameters(self.after)
        self.at = run.step

    def _unset(self, run: Run) -> None:
        if not self.before:
            return  # what was read did not fit, and nothing was set
        if run.step == self.at:
            run.unset_parameters(self.before)
        else:
            run.set_parameters(self.before)


def drop_refused(stack: QUndoStack, command: int) -> None:
    """What the trainer refused, by its number, has changed nothing, so it is nothing to undo."""
    for place in range(stack.count()):
        entry = stack.command(place)
        parts = [entry.child(k) for k in range(entry.childCount())] or [entry]
        if not any(isinstance(part, Entry) and part.refuse(command) for part in parts):
            continue
        # Qt lets go of what is obsolete, and does not carry it out, when it would pass over it
        if all(part.isObsolete() for part in parts):
            entry.setObsolete(True)
            if place == stack.index() - 1:
                stack.undo()
            elif place == stack.index():
                stack.redo()
        return
