"""Documents as files: a zip of `descent.json`, which names everything, and safetensors beside it.

    descent.json                        experiments, runs, edits, which checkpoints, the window's layout
    run1/curves.safetensors             the columns of lab.training.history.Curves
    run1/checkpoint-000123.safetensors  parameters by name, `slots` and `progress`
    run1/edit3.safetensors              parameters that were set by hand
    run1/path.safetensors               `steps0` and `vectors0` of the first era, and so on
    run1/watched.safetensors            `steps0` and `values0` of the first quantity that was followed, and so on

Everything is checked before memory is taken for it; nothing in a file can be run.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.experiment.files import MOST_BYTES, anchored, load_experiment
from lab.files import plain_file, read_bytes, write_atomically
from lab.kernels.schedule import PROGRESS
from lab.network.layers import Parameter
from lab.network.network import analyse
from lab.network.shape import Shape
from lab.problem import Problem, ProblemError
from lab.training.archive import VERSION, Archive
from lab.training.history import TRAINING, VALIDATION, Curves
from lab.training.manifest import CheckpointEntry, EditEntry, Manifest, RunEntry, read_manifest
from lab.training.members import Arrays, Members, write_arrays, write_text
from lab.training.path import Era
from lab.training.quantities import Seen
from lab.training.record import Record
from lab.training.snapshot import Series
from lab.training.timeline import Edit, State
from lab.value import from_json, to_json, validated

SUFFIX = ".descent"
MANIFEST = "descent.json"
MOST_MANIFEST = 64_000_000
"""Bytes of the list of contents; an experiment takes a few thousand."""
MOST_PARAMETERS = 1 << 40

Shapes = Mapping[str, tuple[type[np.generic], tuple[int, ...]]]


def save_archive(archive: Archive, path: Path) -> None:
    """Writes the document so that `load_archive` gives it again, bit for bit, whole or not at all."""
    table = _Table()
    draft = table.place(archive.draft)
    runs = tuple(_entry(record, table) for record in archive.records)
    manifest = Manifest(
        experiments=tuple(table.experiments),
        inputs=tuple(_input_of(experiment) for experiment in table.experiments),
        draft=draft,
        runs=runs,
        active=archive.active,
        layout=dict(archive.layout),
        breakpoints=archive.breakpoints,
        quantities=archive.quantities,
    )
    text = to_json(validated(manifest))

    def write(stream: BinaryIO) -> None:
        with zipfile.ZipFile(stream, "w") as file:
            write_text(file, MANIFEST, text)
            for record in archive.records:
                _write_record(file, record)

    write_atomically(path, write)


def load_archive(path: Path, beside: Path | None = None) -> Archive:
    """The document in the file, or the experiment that it is alone. ProblemError says what is wrong with it.

    A relative path to the person's own data is meant from the folder of `beside`, by default of `path`.
    """
    size = plain_file(path).st_size
    if not _is_zip(path):
        return Archive(_alone(path, beside), version=1)
    try:
        with path.open("rb") as stream:
            members = Members(path, stream, size)
            manifest = _manifest(members, path)
            reader = _Reader(members, manifest, path, size, beside or path)
            return Archive(
                draft=reader.experiments[manifest.draft],
                records=tuple(reader.record(run) for run in manifest.runs),
                active=manifest.active,
                layout=manifest.layout,
                breakpoints=manifest.breakpoints,
                quantities=manifest.quantities,
            )
    except OSError as error:
        what = f"it cannot be read ({error.strerror or error})"
        raise ProblemError(Problem(str(path), what, "Choose another file")) from None


def load_draft(path: Path) -> Experiment:
    """The experiment that the document was about when it was saved, without its runs. ProblemError otherwise."""
    size = plain_file(path).st_size
    if not _is_zip(path):
        return _alone(path, None)
    with path.open("rb") as stream:
        manifest = _manifest(Members(path, stream, size), path)
    return anchored(manifest.experiments[manifest.draft], path)


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except OSError as error:
        what = f"it cannot be read ({error.strerror or error})"
        raise ProblemError(Problem(str(path), what, "Choose another file")) from None
    if start[:2] == b"PK":
        return True
    if start.lstrip()[:1] not in (b"{", b"[", b""):
        what = "this is neither a document of Descent nor an experiment"
        raise ProblemError(Problem(str(path), what, "Choose another file"))
    return False


def _alone(path: Path, beside: Path | None) -> Experiment:
    """Format 1, by way of the list of contents that it becomes."""
    text = read_bytes(path, MOST_BYTES)
    try:
        version = from_json(text, dict[str, Any], str(path)).get("descent")
    except ProblemError:
        version = None  # what is wrong is said where an experiment is expected
    if type(version) is int and version >= VERSION:
        read_manifest(text, str(path))
        what = "this is the list of contents of a document, without the document"
        raise ProblemError(Problem(str(path), what, "Choose the file that it was taken from"))
    manifest = read_manifest(to_json(load_experiment(path, beside)), str(path))
    return manifest.experiments[manifest.draft]


def _manifest(members: Members, path: Path) -> Manifest:
    if MANIFEST not in members:
        members.refuse("this zip is no document of Descent: “descent.json” is missing in it")
    return read_manifest(members.text(MANIFEST, MOST_MANIFEST), str(path))


# -- writing ------------------------------------------------------------------------------------------------


class _Table:
    """Experiments, each once."""

    def __init__(self) -> None:
        self.experiments: list[Experiment] = []
        self._places: dict[bytes, int] = {}
        self._seen: dict[
            int, int
        ] = {}  # by identity, which spares writing it out: there may be a checkpoint for each

    def place(self, experiment: Experiment) -> int:
        if id(experiment) not in self._seen:
            text = msgspec.json.encode(experiment)
            if text not in self._places:
                self._places[text] = len(self.experiments)
                self.experiments.append(validated(experiment))
            self._seen[id(experiment)] = self._places[text]
        return self._seen[id(experiment)]


def _input_of(experiment: Experiment) -> tuple[int, int, int] | None:
    try:
        return experiment.data.shape()
    except ProblemError:  # the person's own file is not there
        return None


def _entry(record: Record, table: _Table) -> RunEntry:
    return RunEntry(
        run=record.run,
        name=record.name,
        colour=record.colour,
        origin=record.origin,
        step=record.step,
        furthest=record.furthest,
        edits=tuple(
            EditEntry(edit.step, table.place(edit.experiment), edit.weights is not None)
            for edit in record.edits
        ),
        checkpoints=tuple(
            CheckpointEntry(state.step, table.place(state.experiment), state.examples, state.age)
            for state in record.checkpoints
        ),
        eras=tuple(era.first for era in record.path),
        watched=tuple(record.watched),  # type: ignore[arg-type]  # Seen is what they are all made from
    )


def _write_record(file: zipfile.ZipFile, record: Record) -> None:
    run = record.run
    write_arrays(file, _curves(run), asdict(record.curves))
    for number, edit in enumerate(record.edits):
        if edit.weights is not None:
            write_arrays(file, _edit(run, number), edit.weights)
    for state in record.checkpoints:
        named: Arrays = {**state.split(state.params), "slots": state.slots, "progress": state.progress}
        write_arrays(file, _checkpoint(run, state.step), named)
    path: Arrays = {}
    for number, era in enumerate(record.path):
        if era.steps:
            path[f"steps{number}"] = np.array(era.steps, np.int64)
            path[f"vectors{number}"] = np.stack(era.vectors)
    write_arrays(file, _path(run), path)
    if record.watched:
        seen: Arrays = {}
        for number, series in enumerate(record.watched.values()):
            seen[f"steps{number}"], seen[f"values{number}"] = series.steps, series.values
        write_arrays(file, _watched(run), seen)


def _curves(run: int) -> str:
    return f"run{run}/curves.safetensors"


def _edit(run: int, number: int) -> str:
    return f"run{run}/edit{number}.safetensors"


def _checkpoint(run: int, step: int) -> str:
    return f"run{run}/checkpoint-{step:06}.safetensors"


def _path(run: int) -> str:
    return f"run{run}/path.safetensors"


def _watched(run: int) -> str:
    return f"run{run}/watched.safetensors"


# -- reading ------------------------------------------------------------------------------------------------


class _Reader:
    """Reads the runs that a list of contents names, and refuses whatever does not fit it."""

    def __init__(self, members: Members, manifest: Manifest, path: Path, size: int, beside: Path) -> None:
        self._members, self._manifest, self._where, self._size = members, manifest, str(path), size
        self.experiments = [anchored(experiment, beside) for experiment in manifest.experiments]
        self._known: dict[int, tuple[Parameter, ...]] = {}

    def record(self, entry: RunEntry) -> Record:
        run = entry.run
        return Record(
            step=entry.step,
            furthest=entry.furthest,
            edits=tuple(self._edit_of(run, number, edit) for number, edit in enumerate(entry.edits)),
            checkpoints=tuple(self._state(run, each) for each in entry.checkpoints),
            curves=self._curves_of(entry),
            path=self._path_of(entry),
            run=run,
            name=entry.name,
            colour=entry.colour,
            origin=entry.origin,
            watched=self._watched_of(entry),
        )

    def parameters(self, place: int) -> tuple[Parameter, ...]:
        """Those of an experiment; ProblemError where its network cannot be."""
        if place not in self._known:
            experiment, shape = self.experiments[place], self._manifest.inputs[place]
            try:
                # the person's own file may be gone, or another one by now: what it was then is written down
                own = Shape(*(shape or experiment.data.shape()))
                analysis = analyse(experiment.network, own)
            except ProblemError as error:
                raise ProblemError(*(self._at_home(problem) for problem in error.problems)) from None
            if analysis.problems:
                raise ProblemError(self._at_home(analysis.problems[0]))
            self._known[place] = analysis.parameters
            if sum(p.size for p in analysis.parameters) > MOST_PARAMETERS:
                self._members.refuse("it is damaged: a network in it has more weights than there can be")
        return self._known[place]

    def _at_home(self, problem: Problem) -> Problem:
        return Problem(f"{self._where}, {problem.where}", problem.what, problem.mend)

    def _state(self, run: int, entry: CheckpointEntry) -> State:
        experiment, parameters = self.experiments[entry.experiment], self.parameters(entry.experiment)
        P = sum(p.size for p in parameters)
        slots = max(len(experiment.optimizer.slots), 1) * P
        expected: Shapes = {
            **{p.name: (np.float32, p.shape) for p in parameters},
            "slots": (np.float32, (slots,)),
            "progress": (np.float64, (PROGRESS,)),
        }
        found = self._arrays(_checkpoint(run, entry.step), expected)
        params = [found[p.name].ravel() for p in parameters]
        return State(
            experiment=experiment,
            parameters=parameters,
            step=entry.step,
            examples=entry.examples,
            age=entry.age,
            params=np.concatenate(params) if params else np.empty(0, np.float32),
            slots=found["slots"],
            progress=found["progress"],
        )

    def _edit_of(self, run: int, number: int, entry: EditEntry) -> Edit:
        experiment = self.experiments[entry.experiment]
        if not entry.weights:
            return Edit(entry.step, experiment)
        known: Shapes = {p.name: (np.float32, p.shape) for p in self.parameters(entry.experiment)}
        return Edit(entry.step, experiment, self._arrays(_edit(run, number), known, all_of_them=False))

    def _curves_of(self, entry: RunEntry) -> Curves:
        name = _curves(entry.run)
        found = self._members.arrays(name, self._size)
        if set(found) != {*TRAINING, *VALIDATION}:
            self._members.refuse(f"“{name}” is damaged: it has not the columns of curves")
        for columns in (TRAINING, VALIDATION):
            rows = found[columns[0]].shape
            for column in columns:
                whole = column in ("step", "examples", "validation_step")
                self._check(name, column, found[column], np.int64 if whole else np.float64, rows)
            self._check_order(name, found[columns[0]], int(columns is TRAINING), entry.furthest)
        return Curves(**found)

    def _path_of(self, entry: RunEntry) -> tuple[Era, ...]:
        name = _path(entry.run)
        found = self._members.arrays(name, self._size)
        lengths = {sum(p.size for p in self.parameters(edit.experiment)) for edit in entry.edits}
        eras = []
        for number, first in enumerate(entry.eras):
            if (steps := found.pop(f"steps{number}", None)) is None:
                eras.append(Era(first))
                continue
            vectors = found.pop(f"vectors{number}", np.empty(0, np.float32))
            self._check(name, "steps", steps, np.int64, steps.shape[:1])
            self._check_order(name, steps, first, entry.furthest)
            length = vectors.shape[-1] if vectors.ndim else 0
            self._check(name, "vectors", vectors, np.float32, (len(steps), length))
            if length not in lengths:
                self._members.refuse(f"“{name}” is damaged: its points are not those of a network in it")
            eras.append(Era(first, tuple(steps.tolist()), tuple(vectors)))
        if found:
            self._members.refuse(f"“{name}” is damaged: it has more than the path that is named")
        return tuple(eras)

    def _watched_of(self, entry: RunEntry) -> dict[Seen, Series]:
        if not entry.watched:
            return {}
        name = _watched(entry.run)
        found = self._members.arrays(name, self._size)
        watched: dict[Seen, Series] = {}
        for number, quantity in enumerate(entry.watched):
            names = f"steps{number}", f"values{number}"
            if not isinstance(quantity, Seen) or not found.keys() >= set(names):
                self._members.refuse(f"“{name}” is damaged: it has not all that was followed")
            steps, values = found[names[0]], found[names[1]]
            self._check(name, names[0], steps, np.int64, steps.shape[:1])
            self._check_order(name, steps, 0, entry.furthest)
            self._check(name, names[1], values, np.float64, steps.shape)
            watched[quantity] = Series(steps, values)
        return watched

    def _arrays(self, name: str, expected: Shapes, all_of_them: bool = True) -> Arrays:
        """Arrays of these names, types and shapes, no others; some may be missing unless it is `all_of_them`."""
        bytes_ = sum(math.prod(shape) * np.dtype(kind).itemsize for kind, shape in expected.values())
        found = self._members.arrays(name, bytes_)
        for key in expected if all_of_them else ():
            if key not in found:
                self._members.refuse(f"“{name}” has no “{key}”, which its network has")
        for key, values in found.items():
            if key not in expected:
                self._members.refuse(f"“{name}” has “{key[:80]}”, which its network does not have")
            self._check(name, key, values, *expected[key])
        return found

    def _check(
        self, name: str, key: str, values: NDArray[Any], kind: type[np.generic], shape: tuple[int, ...]
    ) -> None:
        if values.dtype != kind:
            self._members.refuse(f"“{key}” in “{name}” holds {values.dtype}, not {np.dtype(kind)}")
        if values.shape != shape or (kind == np.int64 and values.ndim != 1):
            sizes = ["×".join(map(str, s)) or "a single number" for s in (values.shape, shape)]
            self._members.refuse(f"“{key}” in “{name}” is {sizes[0]}, and {sizes[1]} belongs there")

    def _check_order(self, name: str, steps: NDArray[np.int64], first: int, last: int) -> None:
        if len(steps) and (steps[0] < first or steps[-1] > last or (steps[1:] <= steps[:-1]).any()):
            self._members.refuse(f"“{name}” is damaged: its steps are not in order")
