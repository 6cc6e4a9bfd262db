"""The list of contents of a document, `descent.json`: everything in it but the arrays."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec

from lab.experiment.experiment import PRINTABLE, Experiment
from lab.problem import Problem, ProblemError
from lab.training.archive import VERSION
from lab.training.quantities import AnyQuantity
from lab.training.race import MOST_RUNS
from lab.value import from_json

Step = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Place = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
"""Of an experiment in `experiments`."""
Id = Annotated[int, msgspec.Meta(ge=1, le=2**31)]
Name = Annotated[str, msgspec.Meta(max_length=120, pattern=PRINTABLE)]
Extent = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Text = Annotated[str, msgspec.Meta(max_length=2_000_000)]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something in the list."""


class EditEntry(Entry, frozen=True):
    """`weights` says whether parameters were set by hand; they are in `run1/edit3.safetensors`."""

    step: Step
    experiment: Place
    weights: bool = False


class CheckpointEntry(Entry, frozen=True):
    """Its arrays are in `run1/checkpoint-000123.safetensors`, where 123 is the step."""

    step: Step
    experiment: Place
    examples: Step
    age: Step


class RunEntry(Entry, frozen=True):
    run: Id
    name: Name
    colour: Annotated[int, msgspec.Meta(ge=0, lt=MOST_RUNS)]
    origin: tuple[Id, Step] | None
    step: Step
    furthest: Step
    edits: Annotated[tuple[EditEntry, ...], msgspec.Meta(min_length=1, max_length=100_000)]
    checkpoints: Annotated[tuple[CheckpointEntry, ...], msgspec.Meta(max_length=10_000)]
    eras: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1, max_length=10_000)]
    """The first step of each era of the path; `steps0` and `vectors0` in `run1/path.safetensors` are the first's."""
    watched: Annotated[tuple[AnyQuantity, ...], msgspec.Meta(max_length=10_000)] = ()
    """Followed quantities that are not in the curves; `steps0` and `values0` in `run1/watched.safetensors` are the
    first's.
    """


class Manifest(Entry, frozen=True, kw_only=True):
    """Each experiment stands once in `experiments`, at the same place in `inputs` the shape of its examples, or None
    where it is not known; with it, weights can be checked where the person's own data is not there.
    """

    descent: Literal[2] = 2
    experiments: Annotated[tuple[Experiment, ...], msgspec.Meta(min_length=1, max_length=100_000)]
    inputs: tuple[tuple[Extent, Extent, Extent] | None, ...]
    draft: Place
    runs: Annotated[tuple[RunEntry, ...], msgspec.Meta(max_length=MOST_RUNS)] = ()
    active: Annotated[int, msgspec.Meta(ge=0, le=2**31)] = 0
    layout: Annotated[dict[str, Text], msgspec.Meta(max_length=1000)] = msgspec.field(default_factory=dict)
    breakpoints: Annotated[tuple[Any, ...], msgspec.Meta(max_length=1000)] = ()
    quantities: Annotated[tuple[Any, ...], msgspec.Meta(max_length=1000)] = ()


def of_an_experiment(experiment: dict[str, Any]) -> dict[str, Any]:
    """Format 1 was an experiment alone."""
    return {"descent": 2, "experiments": [experiment], "inputs": [None], "draft": 0}


MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: of_an_experiment}
"""For each older format, from its plain values to those of the next."""

NEWEST = f"this one reads {', '.join(map(str, MIGRATIONS))} and {VERSION}"


def read_manifest(text: bytes, where: str) -> Manifest:
    """The list of contents, of any format so far, checked field by field; ProblemError names `where`."""
    raw = from_json(text, dict[str, Any], where)
    version = raw.get("descent")
    if type(version) is not int or not min(MIGRATIONS) <= version:
        raise ProblemError(
            Problem(
                where, "this is no document of Descent: it does not say its format", "Choose another file"
            )
        )
    if version > VERSION:
        what = f"this was written by a newer Descent (format {version}; {NEWEST})"
        raise ProblemError(Problem(where, what, "Update Descent"))
    while raw["descent"] in MIGRATIONS:
        raw = MIGRATIONS[raw["descent"]](raw)
    manifest = from_json(text if version == VERSION else msgspec.json.encode(raw), Manifest, where)
    if wrong := _disorder(manifest):
        raise ProblemError(Problem(where, f"it is damaged: {wrong}", "Choose another file"))
    return manifest


def _disorder(manifest: Manifest) -> str:
    """What does not fit together in a list whose fields are each within their limits; "" if nothing."""
    there = len(manifest.experiments)
    if len(manifest.inputs) != there:
        return "there is not one shape for each experiment"
    places = [entry.experiment for run in manifest.runs for entry in run.edits]
    places += [entry.experiment for run in manifest.runs for entry in run.checkpoints]
    if max([manifest.draft, *places]) >= there:
        return "an experiment is named that is not there"
    ids = [run.run for run in manifest.runs]
    if len(set(ids)) < len(ids):
        return "two runs have one number"
    if manifest.active not in (ids or [0]):
        return "the active run is not there"
    for run in manifest.runs:
        edits = [edit.step for edit in run.edits]
        checkpoints = [checkpoint.step for checkpoint in run.checkpoints]
        for what, steps in (("edits", edits), ("checkpoints", checkpoints), ("eras", list(run.eras))):
            if any(b <= a for a, b in pairwise(steps)):
                return f"the {what} of run {run.name} are not in order"
        if edits[0] != 0:
            return f"run {run.name} has no beginning"
        if run.furthest < max(run.step, edits[-1], *checkpoints, 0):
            return f"run {run.name} has been farther than it says"
    return ""
