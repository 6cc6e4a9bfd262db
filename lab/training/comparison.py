"""Runs side by side: their figures at the same point, what tells them apart, and whether the comparison is fair.

Everything here is read off snapshots. What differs is said in words from a real difference of two experiments.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.experiment.diff import REWRITTEN, brief, differences
from lab.experiment.experiment import Experiment
from lab.experiment.fairness import fairness as conditions
from lab.training.history import Curves
from lab.training.level import MEAN_OVER, Levels, Reached, span_of
from lab.training.probes import DistancesProbe
from lab.training.snapshot import Snapshot
from lab.training.timeline import Edit

At = Literal["present", "examples", "seconds"]
"""Where runs are compared: where each stands, or at the most examples or seconds that all of them have reached."""

Sense = Literal[-1, 1]
BETTER: Mapping[str, Sense] = {
    "reached_step": -1,
    "reached_examples": -1,
    "to_minimum": -1,
    "training_error": -1,
    "validation_error": -1,
    "accuracy": 1,
    "best_error": -1,
    "seconds": -1,
    "examples": 1,
}
"""Figures of which one is the best: the largest (1) or the smallest (-1)."""
ERRORS = ("training_error", "validation_error", "best_error", "reached_step", "reached_examples")


@dataclass(frozen=True)
class Row:
    """The figures of one run. NaN where a number is not known; `best_step` is -1 then.

    `accuracy` is a share 0..1 of the validation part, `training_error` the mean over the last MEAN_OVER examples
    that were trained on, or over one pass. The best error is of the validation part, or where there is none of
    training. `reached_step` and `reached_examples` tell when the error came down to the level, -1 where it has not.
    `from_start` is how far the weights have come, `to_minimum` how far they are from a known minimum.
    `parameters` and `multiply_adds` (of one example, forwards) are None while the network has a problem.
    """

    run: int
    name: str
    colour: int
    difference: str
    step: int
    examples: int
    epochs: float
    seconds: float
    training_error: float
    validation_error: float
    accuracy: float
    best_error: float
    best_step: int
    parameters: int | None
    multiply_adds: int | None
    state: str
    reached_step: int = -1
    reached_examples: int = -1
    from_start: float = math.nan
    to_minimum: float = math.nan


def together(snapshot: Snapshot) -> tuple[Snapshot, ...]:
    """All runs of the document; the only one where there are no others."""
    return snapshot.runs or (snapshot,)


def compare(runs: Sequence[Snapshot], at: At = "present", levels: Levels | None = None) -> tuple[Row, ...]:
    """One row a run, in their order. `levels` looks for a level that errors are to come down to."""
    limit = shared_limit(runs, at)
    return tuple(_row(run, runs, at, limit, levels) for run in runs)


def shared_limit(runs: Sequence[Snapshot], at: At) -> float:
    """The most examples, or seconds of training, that all runs have reached; infinite for the present."""
    if at == "present" or not runs:
        return float("inf")
    return float(min(run.examples if at == "examples" else run.seconds for run in runs))


def best(rows: Sequence[Row], runs: Sequence[Snapshot], at: At = "present") -> Mapping[str, frozenset[int]]:
    """The runs that have the best figure of each column where the figures can be compared and are not all the same."""
    found: dict[str, frozenset[int]] = {}
    for column, sense in BETTER.items():
        if column in ERRORS and not errors_compare(runs):
            continue
        if (column, at) in (("seconds", "present"), ("seconds", "seconds")) or (
            column == "examples" and at != "seconds"
        ):
            continue  # further is not better, and what all have in common is nobody's merit
        values = {row.run: float(getattr(row, column)) for row in rows}
        if column.startswith("reached"):
            values = {run: value if value >= 0 else math.inf for run, value in values.items()}
        known = [value for value in values.values() if np.isfinite(value)]
        if len(set(values.values())) > 1 and known:
            top = max(known) if sense > 0 else min(known)
            found[column] = frozenset(run for run, value in values.items() if value == top)
    return found


def errors_compare(runs: Sequence[Snapshot]) -> bool:
    """Whether an error means the same in all runs: one loss, one set of examples."""
    kinds = {(e.loss, e.data, e.split, e.seed) for e in (run.experiment for run in runs)}
    return len(kinds) <= 1


# --- one run


def _row(run: Snapshot, runs: Sequence[Snapshot], at: At, limit: float, levels: Levels | None) -> Row:
    curves, row = run.curves, run.row
    step, examples, seconds = run.step, run.examples, run.seconds
    if at != "present":
        along = curves.examples if at == "examples" else curves.seconds
        row = int(np.searchsorted(along[: row + 1], limit, side="right")) - 1
        if not (row == run.row and limit == (run.examples if at == "examples" else run.seconds)):
            step = int(curves.step[row]) if row >= 0 else 0
            examples = int(curves.examples[row]) if row >= 0 else 0
            seconds = float(curves.seconds[row]) if row >= 0 else 0.0
    judged = int(np.searchsorted(curves.validation_step, step, side="right"))
    losses = curves.validation_loss[:judged]
    analysis = run.experiment.analysis
    reached = None if levels is None else levels.see(run).found
    if reached is None or reached.step > step:
        reached = Reached(-1, -1)
    distances = run.reading(DistancesProbe())
    best_error, best_step = _best(run, step)
    return Row(
        run=run.run,
        name=run.name,
        colour=run.colour,
        difference=difference(run, runs),
        step=step,
        examples=examples,
        epochs=run.epoch * examples / run.examples if run.examples else 0.0,
        seconds=seconds,
        training_error=_mean_of_last(curves.loss, curves.examples, row, span_of(run)),
        validation_error=float(losses[-1]) if judged else float("nan"),
        accuracy=float(curves.validation_accuracy[judged - 1]) if judged else float("nan"),
        best_error=best_error,
        best_step=best_step,
        parameters=analysis.parameter_count,
        multiply_adds=analysis.multiply_adds,
        state=_state(run),
        reached_step=reached.step,
        reached_examples=reached.examples,
        from_start=math.nan if distances is None else distances.from_start,
        to_minimum=math.nan if distances is None else distances.to_minimum,
    )


def _best(run: Snapshot, step: int) -> tuple[float, int]:
    """The lowest error up to a step, and where: on the validation part, or where there is none of a batch that is the
    whole training part. NaN and -1 where there is none.
    """
    curves = run.curves
    steps, losses = curves.validation_step, curves.validation_loss
    if not len(steps) and len(curves.step) and curves.examples[0] >= span_of(run):
        steps, losses = curves.step, curves.loss
    losses = losses[: int(np.searchsorted(steps, step, side="right"))]
    if not np.isfinite(losses).any():
        return math.nan, -1
    lowest = int(np.nanargmin(losses))
    return float(losses[lowest]), int(steps[lowest])


def final_training_error(curves: Curves, whole: int) -> float:
    """The training error where the curves end, of a run with so many training examples: as in a Row."""
    return _mean_of_last(curves.loss, curves.examples, len(curves.loss) - 1, min(MEAN_OVER, whole))


def _mean_of_last(loss: NDArray[np.float64], examples: NDArray[np.int64], row: int, span: int) -> float:
    """The mean error of the batches of the last `span` examples up to `row`; NaN before the first."""
    if row < 0:
        return math.nan
    first = int(np.searchsorted(examples[: row + 1], examples[row] - span, side="right"))
    return float(loss[min(first, row) : row + 1].mean())


def _state(run: Snapshot) -> str:
    if run.stopped:
        return f"diverged: {run.stopped}"
    return "in the past" if run.is_past else "goes on"


# --- what tells them apart


def reference(run: Snapshot, runs: Sequence[Snapshot]) -> Snapshot | None:
    """What a run is told apart from: the run it was branched from on the way, else the first; None of that one."""
    if run.origin is not None and run.origin[1] > 0:
        origin = next((other for other in runs if other.run == run.origin[0]), None)
        if origin is not None and origin.run != run.run:
            return origin
    return None if not runs or runs[0].run == run.run else runs[0]


def difference(run: Snapshot, runs: Sequence[Snapshot], most: int | None = None) -> str:
    """In words, what the run does otherwise than the one it is compared with: "learning rate 0.1 → 0.01".

    `most` phrases are written out, the rest is counted; without it all are.
    """
    other = reference(run, runs)
    if other is None:
        return "the beginning"
    found = ", ".join(phrases(other.experiment, run.experiment))
    if most is not None:
        found = brief(other.experiment, run.experiment, most)
    since = run.origin[1] if run.origin is not None else 0
    if since > 0:
        source = other.name if run.origin is not None and other.run == run.origin[0] else "a closed run"
        aside = "" if source == other.name else f", compared with {other.name}"
        return f"from {source} at step {since:,}{aside}: {found or 'nothing changed yet'}"
    return found or f"the same as {other.name}"


def phrases(a: Experiment, b: Experiment) -> tuple[str, ...]:
    """How `b` runs otherwise than `a`: what is only called, described or written otherwise is left out."""
    alike = msgspec.structs.replace(b, name=a.name, description=a.description)
    return tuple(phrase for phrase in differences(a, alike) if phrase != REWRITTEN)


# --- whether it is fair

CONDITIONS = ("seed", "start", "batches")
BREAKS: Mapping[str, tuple[str, ...]] = {
    "other seed": CONDITIONS,
    "other start": ("start",),
    "other data": ("batches",),
    "other preprocessing": ("batches",),
    "other split": ("batches",),
    "other batch size": ("batches",),
}
"""Which conditions are not met where experiments differ in this way."""


def fairness(runs: Sequence[Snapshot], at: At = "present") -> tuple[str, ...]:
    """Sentences: what is alike, then each thing that makes the comparison less than fair. Empty for a single run."""
    if len(runs) < 2:
        return ()
    first = runs[0]
    notes, broken = apart([(run.name, run.experiment) for run in runs])
    by_hand = [run for run in runs if _sets_weights_at_start(run)]
    if by_hand and len({_start_by_hand(run) for run in runs}) > 1:
        names = listed([run.name for run in by_hand])
        notes.append(f"{names} {'start' if by_hand[1:] else 'starts'} from weights that were set by hand.")
        broken.add("start")
    notes += [_changed(run, edit) for run in runs for edit in edits_on_the_way(run, runs)]
    if at == "present" and len({run.examples for run in runs}) > 1:
        notes.append(f"They stand at different points: {_seen(runs)}.")
    notes += [
        f"{run.name} stopped at step {run.step:,}: {run.stopped.rstrip('.')}." for run in runs if run.stopped
    ]
    notes += [_dearer(run, first) for run in runs[1:] if _cost(run) != _cost(first)]
    return verdict(notes, broken)


def apart(named: Sequence[tuple[str, Experiment]]) -> tuple[list[str], set[str]]:
    """Of experiments by the names of their runs: sentences on what sets the others apart from the first besides the
    one thing that is compared, and the conditions that they break.
    """
    broken = set[str]()
    told: dict[str, list[str]] = {}
    for name, experiment in named[1:]:
        for phrase in conditions(named[0][1], experiment):
            told.setdefault(phrase, []).append(name)
            broken.update(BREAKS.get(phrase.split(":")[0], ()))
    return [f"{listed(names)}: {_in_brackets(phrase)}." for phrase, names in _gathered(told).items()], broken


def _gathered(told: Mapping[str, list[str]]) -> Mapping[str, list[str]]:
    """Where several runs differ in many things at once, that is said of all of them, without the things."""
    found: dict[str, list[str]] = {}
    for phrase, names in told.items():
        head = phrase.partition(":")[0]
        alike = [one for one in told if one.partition(":")[0] == head]
        many = head.endswith("at once") and len(alike) > 1
        found.setdefault(head if many else phrase, []).extend(names)
    return found


def verdict(notes: Sequence[str], broken: set[str]) -> tuple[str, ...]:
    """What is alike, and then the notes."""
    same = ", ".join(f"same {what}" for what in CONDITIONS if what not in broken)
    if not same:
        return tuple(notes)
    return (f"{same[0].upper()}{same[1:]}{'.' if notes else ': a fair comparison.'}", *notes)


def _start_by_hand(run: Snapshot) -> frozenset[tuple[str, bytes]]:
    """By which weights that were set by hand at the start are told from others."""
    weights = (run.edits[0].weights if run.edits else None) or {}
    return frozenset((name, values.tobytes()) for name, values in weights.items())


def edits_on_the_way(run: Snapshot, runs: Sequence[Snapshot]) -> tuple[Edit, ...]:
    """Changes after the start that not all runs have been through, and that are not where it was branched off.

    A branch is meant to differ from its first step on; what is changed later is another experiment from there.
    """
    since = run.origin[1] if run.origin is not None else 0
    shared = set.intersection(*({_key(edit) for edit in other.edits} for other in runs))
    return tuple(
        edit
        for edit in run.edits[1:]
        if edit.step > since and edit.step <= run.step and _key(edit) not in shared
    )


def _seen(runs: Sequence[Snapshot]) -> str:
    """A has seen 6,400 examples, B 3,200; or, where most agree, C has seen 3,200 examples, the others 6,400."""
    groups: dict[int, list[str]] = {}
    for run in runs:
        groups.setdefault(run.examples, []).append(run.name)
    said = [(listed(names), len(names), examples) for examples, names in groups.items()]
    largest = max(said, key=lambda group: group[1])
    if largest[1] > 1:
        said.remove(largest)
        said.append(("the others", largest[1], largest[2]))
    (who, many, most), *rest = said
    first = f"{who} {'have' if many > 1 else 'has'} seen {most:,} examples"
    return ", ".join([first, *(f"{names} {examples:,}" for names, _, examples in rest)])


def _key(edit: Edit) -> tuple[int, int, int]:
    """What is the same edit in two runs: branches share the past's objects."""
    return edit.step, id(edit.experiment), id(edit.weights)


def _changed(run: Snapshot, edit: Edit) -> str:
    before = max((e for e in run.edits if e.step < edit.step), key=lambda e: e.step, default=run.edits[0])
    words = "weights set by hand" if edit.weights is not None else ""
    words = ", ".join(filter(None, [*phrases(before.experiment, edit.experiment), words]))
    return f"{run.name} was changed at step {edit.step:,}{f': {words}' if words else ''}."


def _sets_weights_at_start(run: Snapshot) -> bool:
    return any(edit.step == 0 and edit.weights is not None for edit in run.edits)


def _in_brackets(phrase: str) -> str:
    """other seed (another start)"""
    what, _, how = phrase.partition(": ")
    return f"{what} ({how})" if how else what


def _cost(run: Snapshot) -> int:
    return run.experiment.analysis.multiply_adds or 0


def _dearer(run: Snapshot, first: Snapshot) -> str:
    times = f"{_cost(run) / max(_cost(first), 1):.2g} times as much for an example as {first.name}"
    return f"{run.name} computes {times}: compare at equal seconds too."


def listed(words: Sequence[str]) -> str:
    """A, B and C."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
