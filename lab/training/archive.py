"""A document as a value: all that a file of Descent holds, and what of a long run is worth its room in one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.training.history import Curves
from lab.training.record import Record
from lab.training.timeline import State

VERSION = 2
"""Of the file format: the value of the field `descent` in a document. 1 is an experiment alone, as JSON."""
MOST_RUNS = 8


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
    """The id of the run that commands are for; 0 where there is none."""
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


IN_A_DOCUMENT = Room(checkpoints=64 << 20, rows=500_000, path=32 << 20)
IN_AN_AUTOSAVE = Room(checkpoints=16 << 20, rows=200_000, path=8 << 20)
"""Less, since it is written twice a minute: any step can be computed again from the checkpoints that there are."""


def condensed(record: Record, room: Room) -> Record:
    """The record with no more than fits the room; the same steps can be had from it, some of them more slowly."""
    path = _every(len(record.path_steps), room.path // max(1, *(v.nbytes for v in record.path_vectors), 1))
    return replace(
        record,
        checkpoints=key_checkpoints(record.checkpoints, room.checkpoints, {e.step for e in record.edits}),
        curves=thinned(record.curves, room.rows),
        path_steps=record.path_steps[path],
        path_vectors=tuple(record.path_vectors[i] for i in path),
    )


def key_checkpoints(states: tuple[State, ...], most: int, edits: Collection[int] = ()) -> tuple[State, ...]:
    """Of `states`, in the order of their steps, those worth keeping in `most` bytes: always the last; then those at
    the steps of `edits`, the newest first; then whichever lies farthest from all that are kept already.
    """
    if not states:
        return ()
    steps = np.array([state.step for state in states], np.float64)
    sizes = np.array([state.nbytes for state in states], np.int64)
    kept, room = {len(states) - 1}, most - int(sizes[-1])
    for i in reversed(range(len(states) - 1)):
        if states[i].step in edits and sizes[i] <= room:
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


TRAINING = ("step", "examples", "loss", "accuracy", "rate", "gradient_norm", "seconds")
VALIDATION = ("validation_step", "validation_loss", "validation_accuracy")


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


def _every(count: int, most: int) -> NDArray[np.int64]:
    """Places 0, 2**j, 2 * 2**j, … of `count`, and the last: at most `most` of them, or the last alone."""
    places = np.arange(count)
    while len(places) > max(most, 1):
        places = np.union1d(places[::2], places[-1:]) if len(places) > 2 else places[-1:]
    return places.astype(np.int64)


assert {f.name for f in fields(Curves)} == {*TRAINING, *VALIDATION}
