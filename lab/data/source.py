"""What every source of examples answers, the built-in ones and the user's files alike."""

from __future__ import annotations

import math
from typing import ClassVar

import msgspec

from lab.data.dataset import Dataset
from lab.problem import Problem

Bounds = tuple[tuple[float, float], tuple[float, float]]


class DataSource(msgspec.Struct, frozen=True, tag_field="dataset", kw_only=True, forbid_unknown_fields=True):
    """A description of data: a small value that is saved with the experiment. Abstract.

    `shape`, `target_shape`, `outputs`, `classes` and `problems` cost next to nothing, so an architecture can be
    checked before the data is there. (The user's files are the exception: they have to be read once to be known.)
    """

    title: ClassVar[str]
    summary: ClassVar[str]
    answers: ClassVar[bool] = True
    """Whether an example has an answer that an output can be compared with."""
    whole: ClassVar[bool] = False
    """Whether its examples have a meaning only together: all are for training, whatever the split."""
    divided: ClassVar[bool] = False
    """Whether each of its examples says itself to which part it belongs, whatever the split."""

    def load(self, seed: int) -> Dataset:
        """The examples. Made-up problems draw them from `seed`; collected data ignores it. ProblemError where
        there are `problems`.
        """
        raise NotImplementedError  # each source has its own: a Struct cannot be an ABC as well

    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one example; plain features are (C, 1, 1)."""
        raise NotImplementedError  # each source has its own: a Struct cannot be an ABC as well

    def target_shape(self) -> tuple[int, int, int] | None:
        """(C, H, W) of an answer that is an image, for each pixel numbers or a class; None for a plain vector."""
        return None

    def classes(self) -> tuple[str, ...]:
        """The names of the classes in the order of their labels, of examples or of pixels; () for regression."""
        return ()

    def outputs(self) -> int:
        """How many numbers describe an answer: one for each class, or one for each target."""
        shape = self.target_shape()
        return math.prod(shape) if shape else len(self.classes()) or 1

    def problems(self) -> tuple[Problem, ...]:
        """What keeps `load` from answering though every field keeps its limits: fields that do not go together."""
        return ()

    def bounds(self) -> Bounds | None:
        """For two plain inputs: the raw range ((low, high), (low, high)) that a decision map shows."""
        return None

    def version(self) -> tuple[int, ...]:
        """Changes when what `load` gives changes though the description does not: a file written anew."""
        return ()
