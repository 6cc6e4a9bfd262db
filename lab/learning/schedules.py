"""How the learning rate changes with the steps: one class a schedule, and the table of all of them."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray


class Schedule(msgspec.Struct, frozen=True, tag_field="schedule", forbid_unknown_fields=True):
    """A factor on the optimizer's learning rate, as a function of the step alone."""

    title: ClassVar[str]
    formula: ClassVar[str]

    def factors(self, first: int, count: int) -> NDArray[np.float64]:
        """The factors of steps `first` to `first + count - 1`."""
        raise NotImplementedError


class Constant(Schedule, frozen=True, tag="constant"):
    title = "constant"
    formula = "ε(t) = ε"

    def factors(self, first: int, count: int) -> NDArray[np.float64]:
        return np.ones(count)


class Exponential(Schedule, frozen=True, tag="exponential"):
    """Lower towards the end (F1), but not too early (F2)."""

    half_life: Annotated[
        float, msgspec.Meta(gt=0, le=1e9, description="Steps after which the rate is half")
    ] = 1000.0

    title = "exponential decay"
    formula = "ε(t) = ε · 2^(−t / half-life)"

    def factors(self, first: int, count: int) -> NDArray[np.float64]:
        return np.exp2(-np.arange(first, first + count) / self.half_life)


AnySchedule = Constant | Exponential
SCHEDULES: tuple[type[Schedule], ...] = (Constant, Exponential)
