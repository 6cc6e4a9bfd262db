"""A run as it can be kept: all that is needed to have it again, in values that nobody writes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.training.history import Curves
from lab.training.path import Era
from lab.training.quantities import Seen
from lab.training.snapshot import Series
from lab.training.timeline import Edit, State


@dataclass(frozen=True, eq=False)
class Record:
    """`edits` and the start make any step; `checkpoints` spare the way there, `curves` and the path show it.

    The run stands at `step`; `checkpoints` are in the order of their steps, none is after `furthest`. Of an era whose
    points were not kept, nothing is drawn. `watched` is what was looked at of quantities that are not in the curves.
    """

    step: int
    furthest: int
    edits: tuple[Edit, ...]
    checkpoints: tuple[State, ...]
    curves: Curves
    path: tuple[Era, ...] = (Era(0),)
    run: int = 1
    name: str = "A"
    colour: int = 0
    origin: tuple[int, int] | None = None
    watched: Mapping[Seen, Series] = field(default_factory=dict)
