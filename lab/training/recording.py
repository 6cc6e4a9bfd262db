"""Runs as records and back: all that is needed to have one again, the same one anew, or another with the same past."""

from __future__ import annotations

from dataclasses import replace

from lab.training.history import History
from lab.training.path import Path
from lab.training.record import Record
from lab.training.run import Run
from lab.training.timeline import Edit
from lab.training.watches import Watched


def restored(record: Record, threads: int = 1) -> Run:
    """The run that was recorded. ProblemError if its experiments cannot run here."""
    run = Run(record.edits[0].experiment, threads)
    if weights := record.edits[0].weights:
        run.set_parameters(weights)
    run.timeline.edits = list(record.edits)
    for state in record.checkpoints:
        if state.step > 0:
            run.timeline.keep(state, record.step)
    run.timeline.furthest = record.furthest
    run.history, run.path = History(record.curves), Path(record.path)
    run.watched = Watched(record.watched)
    run.go_to(record.step)
    return run


def replayed(edits: tuple[Edit, ...], step: int, threads: int = 1) -> Run:
    """A new run that was led through these edits, and to `step`, by the straight way: no checkpoint helps."""
    run = Run(edits[0].experiment, threads)
    for edit in edits:
        if edit.step > step:
            break
        run.advance(edit.step - run.step)
        run.edit(edit.experiment)
        if edit.weights:
            run.set_parameters(edit.weights)
    run.advance(step - run.step)
    return run


def recorded(run: Run) -> Record:
    """All that is needed to have it again. What it shares with the run is never written to."""
    checkpoints = run.timeline.checkpoints
    if not run.timeline.has(run.step):
        checkpoints = tuple(sorted((*checkpoints, run.state()), key=lambda state: state.step))
    return Record(
        step=run.step,
        furthest=run.timeline.furthest,
        edits=tuple(run.timeline.edits),
        checkpoints=checkpoints,
        curves=run.curves(),
        path=run.path.eras,
        watched=run.watched.recorded(),
    )


def twin(run: Run) -> Run:
    """Another run that stands where this one stands, with the same past and no future."""
    whole = recorded(run)
    past = replace(
        whole,
        furthest=run.step,
        edits=tuple(edit for edit in whole.edits if edit.step <= run.step),
        checkpoints=tuple(state for state in whole.checkpoints if state.step <= run.step),
    )
    other = restored(past, run.threads)
    other.forget_future()
    other.watched = run.watched.twin(run.step)
    return other
