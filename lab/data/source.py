"""What every source of examples answers, the built-in ones and the user's files alike."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab.data.dataset import Dataset

Bounds = tuple[tuple[float, float], tuple[float, float]]


class DataSource(msgspec.Struct, frozen=True, tag_field="dataset", kw_only=True, forbid_unknown_fields=True):
    """A description of data: a small value that is saved with the experiment. Abstract.

    `shape`, `outputs` and `classes` cost next to nothing, so an architecture can be checked before the
    data is there. (The user's files are the exception: they have to be read once to be known.)
    """

    title: ClassVar[str]
    summary: ClassVar[str]

    def load(self, seed: int) -> Dataset:
        """The examples. Made-up problems draw them from `seed`; collected data ignores it."""
        raise NotImplementedError

    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one example; plain features are (C, 1, 1)."""
        raise NotImplementedError

    def classes(self) -> tuple[str, ...]:
        """The names of the classes in the order of their labels; () for regression."""
        return ()

    def outputs(self) -> int:
        """How many numbers describe an answer: one for each class, or one for each target."""
        return len(self.classes()) or 1

    def bounds(self) -> Bounds | None:
        """For two plain inputs: the raw range ((low, high), (low, high)) that a decision map shows."""
        return None

    def version(self) -> tuple[int, ...]:
        """Changes when what `load` gives changes though the description does not: a file written anew."""
        return ()
