"""What the window gets to see of a run: frozen, and complete in itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.landscape.plane import Plane
from lab.training.history import Curves
from lab.training.question import Probe, Question
from lab.training.timeline import Edit

R = TypeVar("R")


@dataclass(frozen=True)
class Series:
    """A quantity over the steps at which it was looked at, NaN where it was not a number."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Walk:
    """The path of a run on a `plane`: `points` [n, 2], oldest first, the last where the run stands.

    Of a network of two weights it is all of the path, in the plane of those: None. Else it is what came since the
    surface over the plane was looked at, or where the run was before that and stands again.
    """

    steps: NDArray[np.int64]
    points: NDArray[np.float64]
    plane: Plane | None = None


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment. `readings` answers the probes that were watched, each as soon as it is there.

    `curves` and `edits` go to the `furthest` step, also where the run stands before it: what lies behind `step` is
    its recorded future.
    """

    experiment: Experiment
    step: int
    examples: int
    epoch: float
    rate: float
    steps_per_second: float
    curves: Curves
    readings: Mapping[Probe, Any] = field(default_factory=dict)
    furthest: int = 0
    seconds: float = 0.0
    """Of training, up to `step`."""
    edits: tuple[Edit, ...] = ()
    """All changes, oldest first; the first is the experiment that the run began with."""
    checkpoints: tuple[int, ...] = ()
    """The steps that are kept whole, to go back to."""
    history_bytes: int = 0
    history_limit: int = 0
    """Bytes that the checkpoints take, and may take."""
    operation: int = 0
    """Within the update that comes next, how many operations of the listing have been made; 0 between updates."""
    stopped: str = ""
    """Why this run does not go on with the others; "" if it does."""
    watched: Mapping[str, Series] = field(default_factory=dict)
    """What is on the watch list, by its words."""
    run: int = 1
    name: str = "A"
    colour: int = 0
    """Which of the theme's `runs`."""
    origin: tuple[int, int] | None = None
    """The run that this one was branched from, and at which step."""
    walks: tuple[Walk, ...] = ()
    """On the planes of the surfaces that are watched; see `walk_on`."""
    heard: int = 0
    """So many of the trainer's commands had been carried out."""
    runs: tuple[Snapshot, ...] = ()
    """All runs of the document in their order, this one among them; theirs are empty."""

    @property
    def is_past(self) -> bool:
        """Whether it stands before what has been seen of it already."""
        return self.step < self.furthest

    @property
    def row(self) -> int:
        """The row of the training columns of `curves` that belongs to `step`; -1 at the start."""
        return int(np.searchsorted(self.curves.step, self.step, side="right")) - 1

    @property
    def validation_row(self) -> int:
        """The row of the last validation up to `step`; -1 where there is none."""
        return int(np.searchsorted(self.curves.validation_step, self.step, side="right")) - 1

    def walk_on(self, plane: Plane | None) -> Walk | None:
        """Where the run has gone on the plane of a surface, as it is known at this moment."""
        return next((walk for walk in self.walks if walk.plane is None or walk.plane is plane), None)

    def turned_to(self, run: int) -> Snapshot | None:
        """The same moment seen from another run; None if it is not there."""
        found = next((one for one in self.runs if one.run == run), None)
        return None if found is None else replace(found, runs=self.runs)

    def reading(self, probe: Question[R]) -> R | None:
        """The answer to `probe`, or None while there is none."""
        found: R | None = self.readings.get(probe)
        return found
