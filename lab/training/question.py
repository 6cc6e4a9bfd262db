"""What a probe is: a frozen question about a moment of a run, which says of what type its answer is."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Literal, TypeVar

R = TypeVar("R", covariant=True)
Who = Literal["watcher", "reader", "surveyor", "climber"]


class Question(Generic[R]):
    """Derived from by each probe, a frozen value, with the type of the reading that answers it: `Question[Weights]`."""

    asks: ClassVar[Who] = "watcher"
    """The observer that answers: for what is watched as it moves, for what is costly and read rather than watched, for
    error surfaces, and for gradient ascent. Nobody who watches has to wait for an answer of the others.
    """


Probe = Question[Any]
Reading = object
"""What answers some probe; `Snapshot.reading` knows of which type it is."""
