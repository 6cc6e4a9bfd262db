"""From a description of data to the arrays that training sees: loaded, split, preprocessed, shared."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.data import chance
from lab.data.dataset import Dataset
from lab.data.preprocessing import Preprocessing, Split
from lab.data.source import DataSource
from lab.problem import Problem, ProblemError

WHOLE_BELOW = 10
"""A set with fewer examples than this is not split: the lecture's two cases are all for training."""


@dataclass(frozen=True, eq=False)
class Part:
    """The examples of one part, in an order that mixes the classes. All arrays are read-only."""

    inputs: NDArray[np.float32]  # [n, C, H, W], C-contiguous, preprocessed
    raw: NDArray[np.float32]  # [n, C, H, W], as they came; the same array as `inputs` where nothing is done
    labels: NDArray[np.int64] | None  # [n]
    targets: NDArray[np.float32] | None  # [n, T]
    indices: NDArray[np.int64]  # [n], the place of each example in the dataset

    def __len__(self) -> int:
        return len(self.indices)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Data ready for training. `validation` and `test` may have no examples, `training` always has some."""

    dataset: Dataset
    training: Part
    validation: Part
    test: Part
    shift: NDArray[np.float32]  # [C, H, W]
    scale: NDArray[np.float32]  # [C, H, W]

    def preprocess(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """(raw - shift) / scale in float32 for any raw inputs [..., C, H, W]: what the parts went through."""
        result: NDArray[np.float32] = (raw - self.shift) / self.scale
        return result


def prepare(source: DataSource, preprocessing: Preprocessing, split: Split, seed: int) -> Prepared:
    """Loads, splits and preprocesses. The same arguments give the same object while it is remembered.

    The split depends on the seed, the fractions and the labels alone, and is the same for ever. Raises
    ProblemError for values out of range, fractions that do not add up to 1, and files that cannot be read.
    """
    for value in (source, preprocessing, split):
        _check_ranges(value)
    if problems := split.problems():
        raise ProblemError(*problems)
    with _one_at_a_time:  # else two threads would make the same data twice and not share it
        return _prepare(source, source.version(), preprocessing, split, seed)


_one_at_a_time = threading.Lock()


@lru_cache(maxsize=4)
def _prepare(
    source: DataSource, version: tuple[int, ...], preprocessing: Preprocessing, split: Split, seed: int
) -> Prepared:
    dataset = source.load(seed)
    whole = Split(training=1.0, validation=0.0, test=0.0)
    split = whole if source.whole else split
    if dataset.parts is not None:
        parts = tuple(np.flatnonzero(dataset.parts == part) for part in range(3))
    else:
        parts = divide(len(dataset), dataset.labels, split, seed, dataset.groups)
    shift, scale = preprocessing.fit(dataset.inputs[parts[0]])
    shift.setflags(write=False)
    scale.setflags(write=False)
    training, validation, test = (_part(dataset, indices, shift, scale) for indices in parts)
    return Prepared(dataset, training, validation, test, shift, scale)


def _part(
    dataset: Dataset, indices: NDArray[np.int64], shift: NDArray[np.float32], scale: NDArray[np.float32]
) -> Part:
    raw = np.ascontiguousarray(dataset.inputs[indices])
    untouched = not shift.any() and bool((scale == 1).all())
    inputs = raw if untouched else np.ascontiguousarray((raw - shift) / scale)
    labels = None if dataset.labels is None else dataset.labels[indices]
    targets = None if dataset.targets is None else dataset.targets[indices]
    for array in (inputs, raw, labels, targets, indices):
        if array is not None:
            array.setflags(write=False)
    return Part(inputs, raw, labels, targets, indices)


def divide(
    count: int,
    labels: NDArray[np.int64] | None,
    split: Split,
    seed: int,
    groups: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The indices 0..count-1 shared out to training, validation and test: disjoint and complete.

    With labels each class is shared out on its own, so every part has the classes in the same proportions,
    and each class is in every part that has a fraction, as far as its examples go: training first, then
    validation. Sets of fewer than WHOLE_BELOW examples go to training whole.

    With `groups` it is these that are shared out: the examples of one go to one part, and the fractions are of
    the number of groups. All examples of a group have one label, if they have any.
    """
    mixed = chance.order(seed, "split", count)
    if count < WHOLE_BELOW:
        return mixed, mixed[:0], mixed[:0]
    fractions = (split.training, split.validation, split.test)
    if groups is None:
        part_of = _parts(mixed, labels, fractions)
    else:
        _, first, group_of = np.unique(groups, return_index=True, return_inverse=True)
        order = chance.order(seed, "split.groups", len(first))
        part_of = _parts(order, None if labels is None else labels[first], fractions)[group_of]
    training, validation, test = (mixed[part_of[mixed] == part] for part in range(3))
    return training, validation, test


def _parts(
    mixed: NDArray[np.int64], labels: NDArray[np.int64] | None, fractions: Sequence[float]
) -> NDArray[np.int64]:
    """The part, 0 to 2, of each of len(mixed) things, in the order `mixed`, each class shared out on its own."""
    part_of = np.empty(len(mixed), np.int64)
    classes = [mixed] if labels is None else [mixed[labels[mixed] == k] for k in np.unique(labels)]
    for members in classes:
        part_of[members] = np.repeat((0, 1, 2), apportion(len(members), fractions))
    return part_of


def apportion(count: int, fractions: Sequence[float]) -> list[int]:
    """How many of `count` each part gets: the largest remainders are rounded up, at a tie the earlier part.

    A part with a fraction that would go empty takes one from the largest part that can spare it, and the
    first part never goes empty.
    """
    exact = [count * fraction for fraction in fractions]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(shares)), key=lambda part: shares[part] - exact[part])
    for part in by_remainder[: count - sum(shares)]:
        shares[part] += 1
    for part, fraction in enumerate(fractions):
        if fraction > 0 and shares[part] == 0:
            giver = shares.index(max(shares))
            if shares[giver] > 1 or (part == 0 and shares[giver] > 0):
                shares[giver] -= 1
                shares[part] += 1
    return shares


def _check_ranges(value: msgspec.Struct) -> None:
    """Values read from a file were checked by msgspec, values built in code were not."""
    try:
        msgspec.convert(msgspec.to_builtins(value), type(value))
    except msgspec.ValidationError as error:
        what = str(error).replace(" - at `$.", ", at `").rstrip(".")
        where = getattr(type(value), "title", type(value).__name__.lower())
        raise ProblemError(Problem(where, what, "Choose a value in this range")) from error
