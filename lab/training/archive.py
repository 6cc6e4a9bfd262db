"""A document as a value: all that a file of Descent holds, and what of a long run is worth its room in one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lab.experiment.experiment import Experiment
from lab.training.history import TRAINING, Curves
from lab.training.path import Era
from lab.training.record import Record
from lab.training.timeline import State

VERSION = 2
"""Of the file format: the value of the field `descent` in a document. 1 is an experiment alone, as JSON."""


@dataclass(frozen=True, eq=False)
class Archive:
    """What one document is. `draft` is the experiment as edited last, perhaps with problems; without `records`
    nothing has run yet.

    `layout` is opaque to everything but the window. `breakpoints` and `quantities` are plain JSON values, carried along
    untouched. `version` is the format that the archive was read from.
    """

    draft: Experiment
    records: tuple[Record, ...] = ()
    active: int = 0
    """The number of the run that commands are for; 0 where there is none."""
    layout: Mapping[str, str] = field(default_factory=dict)
    breakpoints: tuple[Any, ...] = ()
    quantities: tuple[Any, ...] = ()
    version: int = VERSION

    @property
    def name(self) -> str:
        return self.draft.name

    @property
    def active_record(self) -> Record | None:
        return next((record for record in self.records if record.run == self.active), None)


@dataclass(frozen=True)
class Room:
    """What each run may take in a file: bytes of checkpoints, rows of its curves, bytes of its path."""

    checkpoints: int
    rows: int
    path: int


IN_A_DOCUMENT = Room(checkpoints=64 << 20, rows=1_000_000, path=32 << 20)
IN_AN_AUTOSAVE = Room(checkpoints=16 << 20, rows=250_000, path=8 << 20)
"""Less, since it is written twice a minute: any step can be computed again from the checkpoints that there are."""


def condensed(record: Record, room: Room) -> Record:
    """The record with no more than fits the room; the same steps can be had from it, some of them more slowly."""
    edits = {edit.step for edit in record.edits}
    return replace(
        record,
        checkpoints=key_checkpoints(record.checkpoints, room.checkpoints, record.step, edits),
        curves=thinned(record.curves, room.rows),
        path=sparse(record.path, room.path),
    )


def key_checkpoints(
    states: tuple[State, ...], most: int, present: int = -1, edits: Collection[int] = ()
) -> tuple[State, ...]:
    """Of `states`, in the order of their steps, those worth keeping in `most` bytes: always the last, and the one that
    the run stands on or after; then those at `edits`, the newest first; then whichever lies farthest from all these.
    """
    if not states:
        return ()
    steps = np.array([state.step for state in states], np.float64)
    sizes = np.array([state.nbytes for state in states], np.int64)
    kept = {len(states) - 1, max(0, int(np.searchsorted(steps, present, side="right")) - 1)}
    if present < 0:
        kept = {len(states) - 1}
    room = most - int(sizes[sorted(kept)].sum())
    for i in reversed(range(len(states))):
        if states[i].step in edits and i not in kept and sizes[i] <= room:
            kept.add(i)
            room -= int(sizes[i])
    distance = np.min(np.abs(steps[:, None] - steps[sorted(kept)]), axis=1)
    distance[sorted(kept)] = -1
    while (fits := (distance >= 0) & (sizes <= room)).any():
        i = int(np.argmax(np.where(fits, distance, -1)))
        kept.add(i)
        room -= int(sizes[i])
        distance = np.minimum(distance, np.abs(steps - steps[i]))
        distance[sorted(kept)] = -1
    return tuple(states[i] for i in sorted(kept))


def thinned(curves: Curves, most: int) -> Curves:
    """At most `most` training rows, and the last one: those at multiples of a power of two, so that what is thinned
    again loses no row that it need not.
    """
    stride = 1
    keep = np.ones(len(curves.step), np.bool_)
    while int(keep.sum()) > most:
        stride *= 2
        keep = curves.step % stride == 0
    if stride == 1:
        return curves
    keep[-1] = True
    return replace(curves, **{name: getattr(curves, name)[keep] for name in TRAINING})


def sparse(path: tuple[Era, ...], most: int) -> tuple[Era, ...]:
    """Every second point, and so on, and the last of each era, until the path takes `most` bytes."""
    while sum(v.nbytes for era in path for v in era.vectors) > most and any(len(e.steps) > 2 for e in path):
        path = tuple(
            era.keeping(sorted({*range(0, len(era.steps), 2), *range(len(era.steps))[-1:]})) for era in path
        )
    return path
