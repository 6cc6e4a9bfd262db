"""What a probe is: a frozen question about a moment of a run, which says of what type its answer is."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

R = TypeVar("R", covariant=True)


class Question(Generic[R]):
    """Derived from by each probe, a frozen value, with the type of the reading that answers it: `Question[Weights]`."""

    fresh_for: ClassVar[float] = 0.0
    """Seconds for which an answer is new enough while runs train: of what is costly, and read rather than watched."""


Probe = Question[Any]
Reading = object
"""What answers some probe; `Snapshot.reading` knows of which type it is."""
