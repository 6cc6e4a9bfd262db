"""How much work a surface may be: over how many examples it is, and of which networks there is none."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from lab.experiment.experiment import Experiment
from lab.training.readings import Stop
from lab.training.surfaces import SurfaceProbe

LEVELS = (8, 4, 2, 1)
"""First every eighth point of every eighth row is computed, then every fourth, and so on."""
DEAREST, FEWEST = 4e11, 8
"""Multiply-adds a whole surface may cost: larger networks are surveyed on fewer examples, down to so few."""
TOO_DEAR = 4e12, 2e10
"""Multiply-adds, and numbers to be written down (points times parameters), beyond which there is no surface."""
SPEED = 20e9
"""Multiply-adds a second that are reckoned with; a core that is to itself does twice as many."""
AT_A_TIME, IN_ONE_CALL = 64 << 20, 0.004
"""Bytes of points that are evaluated in one call, and the seconds that it may take, if it is not a single point."""
FIRST_LOOK, IN_HASTE = 0.05, 0.03
"""Where the coarsest picture would take longer than so many seconds, there is one before it on fewer examples, which
takes about so many.
"""


def too_dear(experiment: Experiment, probe: SurfaceProbe) -> bool:
    """Whether a surface of this network would take many minutes: each point is a whole set of parameters."""
    analysis = experiment.analysis
    work, numbers = FEWEST * (analysis.multiply_adds or 0), analysis.parameter_count or 0
    return probe.points * work > TOO_DEAR[0] or probe.points * numbers > TOO_DEAR[1]


def most_examples(experiment: Experiment, probe: SurfaceProbe) -> int:
    """Over how many examples the surface can be; never fewer than `FEWEST`, whatever is asked for."""
    work = max(experiment.analysis.multiply_adds or 1, 1) * probe.points
    return max(min(probe.examples, FEWEST), min(probe.examples, int(DEAREST / work)))


def first_look(experiment: Experiment, probe: SurfaceProbe, examples: int) -> int:
    """On how many examples the coarsest picture is made first; 0 where it need not be."""
    points = (-(-probe.resolution // LEVELS[0])) ** (1 if probe.line else 2)
    work = max(experiment.analysis.multiply_adds or 1, 1) * points
    if work * examples <= FIRST_LOOK * SPEED:
        return 0
    few = max(FEWEST, int(IN_HASTE * SPEED / work) // 8 * 8)
    return few if few <= examples // 2 else 0


def points_in_a_call(multiply_adds: float, nbytes: int) -> int:
    """How many points are evaluated together: each costs so many multiply-adds, and is so many bytes."""
    return max(1, min(int(IN_ONE_CALL * SPEED / max(multiply_adds, 1.0)), AT_A_TIME // max(nbytes, 1)))


@dataclass(frozen=True, eq=False)
class Clock:
    """When work is to pause. Its `stop` is set from another thread."""

    began: float
    until: float
    stop: Stop

    @classmethod
    def of(cls, seconds: float, stop: Stop) -> Clock:
        now = time.perf_counter()
        return cls(now, now + seconds, stop)

    def with_as_much_again(self, at_most: float) -> Clock:
        """The same, but from now on for as long as it has run, if that is not more than so many seconds."""
        now = time.perf_counter()
        return replace(self, until=max(self.until, now + min(now - self.began, at_most)))

    @property
    def is_over(self) -> bool:
        return bool(self.stop[0]) or time.perf_counter() > self.until
