"""What the user's files have in common: found and measured before they are opened, read once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.data.dataset import Dataset
from lab.data.source import Bounds, DataSource
from lab.files import plain_file
from lab.problem import Problem, ProblemError

MOST_BYTES = 512 * 2**20
"""What the inputs of one dataset may take as float32; preparing them takes several times as much."""

MOST_CLASSES = 1000
LARGEST_NUMBER = 1e18
"""Its square, which a squared error needs, still fits a float32."""

FilePath = Annotated[str, msgspec.Meta(max_length=4096, title="File", description="Where the file lies")]
Task = Annotated[
    Literal["classification", "regression"],
    msgspec.Meta(title="Task", description="Whether the answer is one of several classes or numbers"),
]


Facts = tuple[tuple[int, int, int], tuple[str, ...], int, tuple[int, int, int] | None]


class OwnFile(DataSource, frozen=True):
    """A file of the user's. Abstract. Everything it answers is read from the file, once for as long as the
    file does not change; everything raises ProblemError where the file never was, or is malformed.
    """

    path: FilePath = ""
    task: Task = "classification"

    def _read(self) -> Dataset:
        """The file's content, checked."""
        raise NotImplementedError  # each kind of file has its own

    def load(self, seed: int) -> Dataset:
        return _remembered(self, self.version())

    def shape(self) -> tuple[int, int, int]:
        return self._facts()[0]

    def classes(self) -> tuple[str, ...]:
        return self._facts()[1]

    def outputs(self) -> int:
        return self._facts()[2]

    def target_shape(self) -> tuple[int, int, int] | None:
        return self._facts()[3]

    def _facts(self) -> Facts:
        """(shape, classes, outputs, target_shape) of the file; once it is gone or spoilt, as they were: a run has
        its examples in memory and goes on.
        """
        try:
            dataset = self.load(0)
        except ProblemError:
            if self not in _seen:
                raise
        else:
            outputs = len(dataset.classes) if dataset.targets is None else dataset.targets.shape[1]
            _seen[self] = dataset.shape, dataset.classes, outputs, dataset.target_shape
        return _seen[self]

    def bounds(self) -> Bounds | None:
        """Of two plain inputs, all that occurs and a tenth more on each side."""
        dataset = self.load(0)
        if dataset.shape != (2, 1, 1):
            return None
        low, high = dataset.inputs.min(axis=0).ravel(), dataset.inputs.max(axis=0).ravel()
        margin = [0.1 * float(b - a) or 1.0 for a, b in zip(low, high, strict=True)]
        (a, c), (b, d) = (tuple(map(float, ends)) for ends in (low, high))
        return (a - margin[0], b + margin[0]), (c - margin[1], d + margin[1])

    def version(self) -> tuple[int, ...]:
        status = examine(self.path)
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


_seen: dict[OwnFile, Facts] = {}


@lru_cache(maxsize=2)
def _remembered(source: OwnFile, version: tuple[int, ...]) -> Dataset:
    return source._read()


def expanded(path: str) -> Path:
    return Path(os.path.expanduser(path))


def examine(path: str) -> os.stat_result:
    """The status of a plain file that is chosen and there; ProblemError otherwise."""
    if not path:
        refuse("file", "no file is chosen", "Choose a file")
    return plain_file(expanded(path))


def refuse(where: str, what: str, mend: str) -> NoReturn:
    raise ProblemError(Problem(where, what, mend)) from None


def memory_limit() -> int:
    """Bytes that a dataset's inputs may take here: MOST_BYTES, or a sixteenth of a small machine's memory."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on every system
        return MOST_BYTES
    return min(MOST_BYTES, machine // 16)


def as_classes(where: str, names: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """(labels, classes) for one name for each example. Whole numbers are put in numerical order, else
    the alphabet's.
    """
    distinct = set(names)
    check_classes(where, len(distinct), names[0])
    try:
        classes = tuple(sorted(distinct, key=lambda name: (int(name), name)))
    except ValueError:
        classes = tuple(sorted(distinct))
    number = {name: label for label, name in enumerate(classes)}
    return np.array([number[name] for name in names], np.int64), classes


def check_classes(where: str, count: int, first: object) -> None:
    """Refuses so many different labels, of which `first` is one, if they are one or too many."""
    if count < 2:
        refuse(where, f"there is only one class, '{first}'", "Give examples of two classes or more")
    if count > MOST_CLASSES:
        refuse(
            where,
            f"there are {count:,} different labels, and {MOST_CLASSES:,} classes at most",
            "Choose regression if the label is a quantity, or another column",
        )
