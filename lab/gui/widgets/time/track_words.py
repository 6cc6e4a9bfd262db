"""What there is to say of a place on the timeline."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from html import escape

import numpy as np

from lab.gui.widgets.time.edit_words import edit_words
from lab.gui.widgets.time.run_clock import Alongside, RunClock
from lab.gui.widgets.time.track_layout import Marks
from lab.gui.widgets.wording import number, share
from lab.training.snapshot import Snapshot


def marks_of(snapshot: Snapshot, others: tuple[Alongside, ...], breakpoints: tuple[int, ...]) -> Marks:
    """What there is to mark of a run; the first of its edits is its beginning."""
    return Marks(
        tuple(edit.step for edit in snapshot.edits[1:]),
        snapshot.checkpoints,
        breakpoints,
        _branches(snapshot),
        others,
    )


def _branches(snapshot: Snapshot) -> tuple[tuple[int, str, int, str], ...]:
    found = []
    named = {one.run: one for one in snapshot.runs}
    if snapshot.origin is not None and (parent := named.get(snapshot.origin[0])) is not None:
        step = snapshot.origin[1]
        words = f"{snapshot.name} left {parent.name} at step {step:,}"
        found.append((step, parent.name, parent.colour, words))
    for one in snapshot.runs:
        if one.origin is not None and one.origin[0] == snapshot.run:
            found.append(
                (one.origin[1], one.name, one.colour, f"{one.name} begins at step {one.origin[1]:,}")
            )
    return tuple(sorted(found))


def words_at(
    snapshot: Snapshot, marks: Marks, clock: RunClock, step: int, within: float, other: int | None = None,
    more: str = "",
) -> str:  # fmt: skip
    """Lines about `step`: epoch and loss there; below, all that is marked `within` so many steps of it; and `more`."""
    if other is not None:
        return _of_run(snapshot, marks, other)
    curves = snapshot.curves
    parts = [f"step {step:,}"]
    if clock.epoch_size:
        parts.append(f"epoch {clock.epoch_at(step):,.2f}")
    row = int(np.searchsorted(curves.step, step, side="right")) - 1
    if row >= 0:
        parts.append(f"loss {number(float(curves.loss[row]))}")
    judged = int(np.searchsorted(curves.validation_step, step, side="right")) - 1
    if judged >= 0:
        accuracy = float(curves.validation_accuracy[judged])
        said = share(accuracy) if np.isfinite(accuracy) else number(float(curves.validation_loss[judged]))
        parts.append(f"validation {said}")
    lines = [" · ".join(parts).replace(" ", "\u00a0")]
    first, last = (
        bisect_left(marks.edits, step - within) + 1,
        bisect_right(marks.edits, step + within) + 1,
    )
    if last > first:
        steps = sorted({marks.edits[k - 1] for k in (first, last - 1)})
        where = " to ".join(f"{s:,}" for s in steps)
        lines.append(f"◆ {where}: {edit_words(snapshot.edits, first, last)}")
    lines += [f"⑂ {words}" for at, _, _, words in marks.branches if abs(at - step) <= within]
    lines += [f"● breakpoint at step {at:,}" for at in marks.breakpoints if abs(at - step) <= within]
    return _rich(*lines, *more.splitlines())


def _of_run(snapshot: Snapshot, marks: Marks, run: int) -> str:
    shot = next(one for one in snapshot.runs if one.run == run)
    line = f"{shot.name}: step {shot.step:,} of {max(shot.furthest, shot.step):,}"
    if shot.origin is not None:
        named = {one.run: one.name for one in snapshot.runs}
        line += f", from {named.get(shot.origin[0], 'a run that is closed')} at step {shot.origin[1]:,}"
    if shot.stopped:
        line += f"; {shot.stopped}"
    return _rich(f"{line}. Click to turn to it")


def _rich(*lines: str) -> str:
    """For a tool tip that breaks long lines; names in them are never taken for markup."""
    return f"<qt>{'<br>'.join(map(escape, lines))}</qt>"
