"""What the undo stack holds: edits of the experiment, weights set by hand, runs opened and closed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QUndoCommand

from lab.experiment.experiment import Experiment
from lab.training.race import Entrant
from lab.training.run import Run
from lab.training.trainer import Field

if TYPE_CHECKING:
    from lab.gui.document import Document

Named = dict[str, NDArray[np.float32]]
"""Parameters by name."""

MERGE_WITHIN = 1.0
"""Seconds within which edits of one field become one entry of the undo stack: a drag, a run of arrow keys."""


class Edit(QUndoCommand):
    """One entry of the undo stack: the experiment before and after, and the run that it was of."""

    def __init__(
        self, document: Document, before: Experiment, after: Experiment, text: str, merge_key: str | None
    ) -> None:
        super().__init__(text)
        self.document, self.before, self.after, self.merge_key = document, before, after, merge_key
        self.run = document.active
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
        self.setObsolete(self.after == self.before)
        return True

    def undo(self) -> None:
        self.run = self.document.turn_run(self.run, self.before)

    def redo(self) -> None:
        self.run = self.document.turn_run(self.run, self.after)


class Presence(QUndoCommand):
    """A run that is opened, or closed: undone by the other."""

    def __init__(self, document: Document, run: int, origin: int | None, text: str) -> None:
        super().__init__(text)
        self.document, self.run, self.origin, self.is_new = document, run, origin, True

    def undo(self) -> None:
        self._close() if self.origin is not None else self._open()

    def redo(self) -> None:
        self._open() if self.origin is not None else self._close()

    def _open(self) -> None:
        trainer = self.document.trainer
        if self.is_new and self.origin is not None:
            trainer.branch(self.run, None, self.origin)
        else:
            trainer.reopen_run(self.run)
        self.is_new = False
        self.document.activate(self.run)

    def _close(self) -> None:
        self.document.trainer.close_run(self.run)
        if self.origin is not None:
            self.document.activate(self.origin)


class Raced(QUndoCommand):
    """All runs replaced by those of a race. Undone, those that were there are back as they stood, and the race is
    kept: done again, it goes on where it was left.
    """

    def __init__(
        self, document: Document, entrants: tuple[Entrant, ...], active: int, from_here: bool, text: str
    ) -> None:
        super().__init__(text)
        self.document, self.entrants, self.active, self.from_here = document, entrants, active, from_here
        self.before = document.active, document.draft
        self.old: Field | None = None  # what was there; the trainer's thread writes it
        self.new: Field | None = None
        self.is_new = True
        self.after: tuple[int, Experiment] = (
            active,
            next(e.experiment for e in entrants if e.number == active),
        )

    def redo(self) -> None:
        trainer = self.document.trainer
        if self.is_new:
            trainer.race(self.entrants, self.active, self.from_here, self._keep_old)
        else:
            trainer.swap(lambda: self.new, self._keep_old)
        self.is_new = False
        self.document.turn_to_runs(*self.after)

    def undo(self) -> None:
        self.after = self.document.active, self.document.draft
        self.document.trainer.swap(lambda: self.old, self._keep_new)
        self.document.turn_to_runs(*self.before)

    # the trainer's thread calls these

    def _keep_old(self, runs: Field) -> None:
        self.old = runs

    def _keep_new(self, runs: Field) -> None:
        self.new = runs


class Weights(QUndoCommand):
    """Weights set by hand. Undone at the same step nothing of it is left; later their old values are set again."""

    def __init__(self, document: Document, read: Callable[[Named], Named], text: str) -> None:
        super().__init__(text)
        self.document, self.read = document, read
        self.run = document.active
        self.before: Named = {}
        self.after: Named = {}
        self.at = -1

    def redo(self) -> None:
        self._turn()
        self.document.leave_past()
        self.run = self.document.active
        self.document.trainer.change(self._set)

    def undo(self) -> None:
        self._turn()
        self.document.leave_past()
        self.document.trainer.change(self._unset)

    def _turn(self) -> None:
        if self.run != self.document.active:
            self.document.activate(self.run)

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
