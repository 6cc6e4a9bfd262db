"""How the learning rate changes with the steps and with the error: one class a schedule, and the table of all."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.kernels import schedule as kernel

Steps = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000, description="In updates")]
Window = Annotated[
    int,
    msgspec.Meta(
        ge=0,
        le=1_000_000_000,
        title="error over",
        description="Updates whose mean error is judged; 0: one pass over the training set",
    ),
]
Least = Annotated[
    float,
    msgspec.Meta(ge=0, le=1, title="least factor", description="The rate does not fall below this share"),
]


class Schedule(msgspec.Struct, frozen=True, tag_field="schedule", forbid_unknown_fields=True):
    """A factor on the optimizer's learning rate: `factors`, of the step alone, times what `reaction` makes of the
    errors of the batches.

    The reaction is computed by lab.kernels.schedule within each update, so that the rate at a step depends on the
    experiment and the step, and on nothing else. It sees the error of each batch before its update, as logged.
    """

    title: ClassVar[str]
    formula: ClassVar[str]

    def factors(self, first: int, count: int) -> NDArray[np.float64]:
        """The factors of steps `first` to `first + count - 1` that are known beforehand."""
        return np.ones(count)

    @property
    def reaction(self) -> tuple[float, ...]:
        """What lab.kernels.schedule is told, as many numbers as its SETTINGS; all 0 for no reaction."""
        return (0.0,) * kernel.SETTINGS


class Constant(Schedule, frozen=True, tag="constant"):
    title = "constant"
    formula = "ε(t) = ε"


class Exponential(Schedule, frozen=True, tag="exponential"):
    """Lower towards the end (F1), but not too early (F2)."""

    half_life: Annotated[
        float, msgspec.Meta(gt=0, le=1e9, description="Steps after which the rate is half")
    ] = 1000.0

    title = "exponential decay"
    formula = "ε(t) = ε · 2^(−t / half-life)"

    def factors(self, first: int, count: int) -> NDArray[np.float64]:
        return np.exp2(-np.arange(first, first + count) / self.half_life)


class Step(Schedule, frozen=True, tag="step"):
    """Stairs: the rate is cut every so many updates."""

    every: Annotated[
        int, msgspec.Meta(ge=1, le=1_000_000_000, description="Updates from one cut to the next")
    ] = 1000
    factor: Annotated[float, msgspec.Meta(gt=0, le=1, description="What each cut leaves of the rate")] = 0.5

    title = "steps"
    formula = "ε(t) = ε · γ^⌊t / every⌋"

    def factors(self, first: int, count: int) -> NDArray[np.float64]:
        return self.factor ** np.floor_divide(np.arange(first, first + count), self.every).astype(float)


class Cosine(Schedule, frozen=True, tag="cosine"):
    """Half a wave from the full rate to the least: Loshchilov and Hutter, 2017, equation 5.

    After `steps` updates the rate stays where it is, or springs back and falls again (their warm restarts), each
    time over `stretch` times as many updates.
    """

    steps: Annotated[
        int, msgspec.Meta(ge=1, le=1_000_000_000, description="Updates until the rate is at its least")
    ] = 10_000
    least: Least = 0.0
    restart: Annotated[bool, msgspec.Meta(description="Begin again at the full rate")] = False
    stretch: Annotated[
        int, msgspec.Meta(ge=1, le=10, description="How much longer each wave is than the one before")
    ] = 1

    title = "cosine"
    formula = "ε(t) = ε · (a + (1 − a) · ½ (1 + cos(π t / T)))"

    def factors(self, first: int, count: int) -> NDArray[np.float64]:
        t = np.arange(first, first + count, dtype=np.float64)
        length = np.full(count, self.steps, np.float64)
        if not self.restart:
            t = np.minimum(t, self.steps)
        elif self.stretch == 1:
            t %= self.steps
        else:
            # wave after wave is left behind, until each step is in its own
            while (later := t >= length).any():
                t[later] -= length[later]
                length[later] *= self.stretch
        wave: NDArray[np.float64] = 0.5 * (1 + np.cos(np.pi * t / length))
        return self.least + (1 - self.least) * wave


class Plateau(Schedule, frozen=True, tag="plateau"):
    """Cut the rate when the training error no longer gets better.

    Every so many updates their mean error is judged; `patience` judgements in a row that do not better the best
    error are borne, at the next one the rate is cut. As torch.optim.lr_scheduler.ReduceLROnPlateau, told the
    mean training error at the end of each window.
    """

    factor: Annotated[float, msgspec.Meta(gt=0, lt=1, description="What each cut leaves of the rate")] = 0.1
    patience: Annotated[
        int, msgspec.Meta(ge=0, le=1_000_000, description="Judgements without a gain that are borne")
    ] = 10
    threshold: Annotated[
        float, msgspec.Meta(ge=0, lt=1, description="Share of the best error by which a gain must better it")
    ] = 1e-4
    rest: Annotated[int, msgspec.Meta(ge=0, le=1_000_000, description="Judgements left out after a cut")] = 0
    least: Least = 0.0
    window: Window = 0

    title = "cut on a plateau"
    formula = "ε ← γ ε when the error has stopped falling"

    @property
    def reaction(self) -> tuple[float, ...]:
        numbers = (self.factor, self.threshold, float(self.patience), float(self.rest))
        return (kernel.PLATEAU, self.window, 0.0, self.least, 1.0, *numbers)


class RiseAndFall(Schedule, frozen=True, tag="rise_and_fall"):
    """The lecture's rule (F1): raise the rate while the error falls steadily, cut it when it rises or oscillates.

    Every so many updates their mean error is compared with the one before. One that is higher, by more than
    `tolerance`, cuts the rate; an error that goes up and down is higher every other time, and never falls
    `steady` times in a row, after which each further fall raises the rate. Known as the bold driver (Vogl et al.,
    1988; Battiti, 1989, with 1.1 and 0.5), though these also take back the update that raised the error.
    """

    raised: Annotated[
        float,
        msgspec.Meta(ge=1, le=10, title="raise by", description="Factor while the error falls steadily"),
    ] = 1.05
    cut: Annotated[
        float,
        msgspec.Meta(gt=0, le=1, title="cut to", description="Factor when the error rises or oscillates"),
    ] = 0.5
    steady: Annotated[
        int, msgspec.Meta(ge=1, le=1_000_000, description="Falls in a row that count as steady")
    ] = 3
    tolerance: Annotated[
        float, msgspec.Meta(ge=0, le=10, description="A rise by up to this share of the error is borne")
    ] = 0.0
    least: Least = 1e-4
    most: Annotated[
        float,
        msgspec.Meta(ge=1, le=1e6, title="greatest factor", description="The rate does not rise above this"),
    ] = 100.0
    window: Window = 0

    title = "raise and cut"
    formula = "ε ← 1.05 ε while the error falls steadily, ½ ε when it rises"

    @property
    def reaction(self) -> tuple[float, ...]:
        numbers = (self.cut, self.tolerance, float(self.steady), self.raised)
        return (kernel.RISE_AND_FALL, self.window, 0.0, self.least, self.most, *numbers)


class WarmUp(Schedule, frozen=True, tag="warm_up"):
    """A straight rise from a small rate to the full one, then another schedule, which begins at its own step 0.

    Update t < steps has the factor start + (1 − start) t / steps; a schedule that answers to the error looks
    away until the rise is over.
    """

    steps: Annotated[
        int, msgspec.Meta(ge=1, le=1_000_000_000, description="Updates until the rate is full")
    ] = 100
    start: Annotated[
        float, msgspec.Meta(ge=0, le=1, title="start at", description="Share of the rate at the first update")
    ] = 0.01
    then: Annotated[
        Constant | Exponential | Step | Cosine | Plateau | RiseAndFall,
        msgspec.Meta(description="What follows the rise"),
    ] = Constant()

    title = "warm-up"
    formula = "ε(t) = ε · (s + (1 − s) t / T) for t < T, then as chosen"

    def factors(self, first: int, count: int) -> NDArray[np.float64]:
        t = np.arange(first, first + count)
        rise = self.start + (1 - self.start) * np.minimum(t, self.steps) / self.steps
        after = min(max(first + count - self.steps, 0), count)
        if after:
            rise[count - after :] = self.then.factors(max(first - self.steps, 0), after)
        return rise

    @property
    def reaction(self) -> tuple[float, ...]:
        then = list(self.then.reaction)
        then[kernel.WAIT] = self.steps
        return tuple(then) if then[kernel.KIND] else super().reaction


AnySchedule = Constant | Exponential | Step | Cosine | WarmUp | Plateau | RiseAndFall
SCHEDULES: tuple[type[Schedule], ...] = (Constant, Exponential, Step, Cosine, WarmUp, Plateau, RiseAndFall)
