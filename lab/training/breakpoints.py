"""Where a run stops by itself: one class a breakpoint, and the table of all of them.

A breakpoint strikes at a step: when the update of that step, or a look at the network after it, makes its condition
true. It is read off what was logged or looked at, so it is exact even if training ran on beyond that step, and the
run can go back to it. A condition that stays true strikes once, not at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.network.layers import Softmax
from lab.network.layers.layer import Layer
from lab.training.history import Curves
from lab.training.quantities import DeadShare, SaturatedShare
from lab.training.snapshot import Series
from lab.training.watches import Watched
from lab.wording import number, share, tick

Part = Literal["training", "validation"]
Of = Annotated[
    Part, msgspec.Meta(description="Each training batch, or the validation part whenever it is taken")
]
OfLayer = Annotated[str, msgspec.Meta(max_length=60, description="The layer's name; empty: any layer")]
Share = Annotated[float, msgspec.Meta(ge=0, lt=1, description="Strikes when more than this share is")]
Values = NDArray[np.float64]
Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class Hit:
    """A breakpoint strikes at `step`; `sentence` says why, for a person."""

    step: int
    sentence: str


class Breakpoint(msgspec.Struct, frozen=True, tag_field="breakpoint", forbid_unknown_fields=True):
    """`summary` is for a menu; `told` says a breakpoint with its numbers, for a list."""

    title: ClassVar[str]
    summary: ClassVar[str]
    enabled: Annotated[bool, msgspec.Meta(description="Whether training stops there")] = True

    @property
    def told(self) -> str:
        return self.title

    def find(self, curves: Curves, watched: Watched, after: int, upto: int) -> Hit | None:
        """The first step in after + 1 .. upto at which it strikes."""
        raise NotImplementedError


class LossNotFinite(Breakpoint, frozen=True, tag="loss_not_finite"):
    """Is always there and cannot be switched off: with NaN there is no way on.

    Training itself stops before an update whose batch has no finite loss; here stands what it does not see.
    """

    title = "Loss is not finite"
    summary = "NaN or infinite: there is no way on"

    def find(self, curves: Curves, watched: Watched, after: int, upto: int) -> Hit | None:
        series = loss_of(curves, "validation")
        hit = first_edge(series, after, upto, lambda v: ~np.isfinite(v))
        return hit and Hit(hit[0], f"the validation loss is {number(hit[1])}")


class LossRises(Breakpoint, frozen=True, tag="loss_rises"):
    """Strikes again when it has risen as many times more."""

    times: Annotated[int, msgspec.Meta(ge=1, le=1_000_000, description="So many times in a row")] = 5
    of: Of = "validation"

    title = "Loss rises"
    summary = "Several times in a row. Of the validation part it is a sign of overfitting"

    @property
    def told(self) -> str:
        return f"{self.of} loss rises {self.times:,}× in a row"

    def find(self, curves: Curves, watched: Watched, after: int, upto: int) -> Hit | None:
        series = loss_of(curves, self.of)
        first, last = rows_between(series, after, upto)
        start = start_of_rise(series.values, first)
        rises = np.diff(series.values[start:last]) > 0
        rows = np.arange(start + 1, last)
        # how many rises in a row there have been at each row
        times = rows - np.maximum.accumulate(np.where(rises, start, rows))
        strikes = np.flatnonzero((times > 0) & (times % self.times == 0) & (rows >= first))
        if not len(strikes):
            return None
        row, many = int(rows[strikes[0]]), int(times[strikes[0]])
        low, high = number(series.values[row - many]), number(series.values[row])
        often = "once" if many == 1 else f"{many:,} times in a row"
        return Hit(int(series.steps[row]), f"the {self.of} loss rose {often} ({low} → {high})")


class LossBelow(Breakpoint, frozen=True, tag="loss_below"):
    value: Annotated[float, msgspec.Meta(description="Strikes when the loss falls below it")] = 0.1
    of: Of = "training"

    title = "Loss falls below a value"
    summary = "Good enough"

    @property
    def told(self) -> str:
        return f"{self.of} loss below {tick(self.value, 6)}"

    def find(self, curves: Curves, watched: Watched, after: int, upto: int) -> Hit | None:
        hit = first_edge(loss_of(curves, self.of), after, upto, lambda v: v < self.value)
        return hit and Hit(hit[0], f"the {self.of} loss is {number(hit[1])}, below {tick(self.value, 6)}")


class LossAbove(Breakpoint, frozen=True, tag="loss_above"):
    value: Annotated[float, msgspec.Meta(description="Strikes when the loss rises above it")] = 10.0
    of: Of = "training"

    title = "Loss rises above a value"
    summary = "Before it runs away"

    @property
    def told(self) -> str:
        return f"{self.of} loss above {tick(self.value, 6)}"

    def find(self, curves: Curves, watched: Watched, after: int, upto: int) -> Hit | None:
        hit = first_edge(loss_of(curves, self.of), after, upto, lambda v: v > self.value)
        return hit and Hit(hit[0], f"the {self.of} loss is {number(hit[1])}, above {tick(self.value, 6)}")


class AccuracyReaches(Breakpoint, frozen=True, tag="accuracy_reaches"):
    value: Annotated[float, msgspec.Meta(gt=0, le=1, title="share", description="Share that is right")] = 0.95
    of: Of = "validation"

    title = "Accuracy reaches a value"
    summary = "Share of right answers; there is none in regression"

    @property
    def told(self) -> str:
        return f"{self.of} accuracy reaches {100 * self.value:g} %"

    def find(self, curves: Curves, watched: Watched, after: int, upto: int) -> Hit | None:
        hit = first_edge(accuracy_of(curves, self.of), after, upto, lambda v: v >= self.value)
        return hit and Hit(hit[0], f"the {self.of} accuracy is {share(hit[1])}")


class GradientNormLeaves(Breakpoint, frozen=True, tag="gradient_norm_leaves"):
    low: Annotated[float, msgspec.Meta(ge=0, description="Strikes below it: the gradient vanishes")] = 1e-6
    high: Annotated[float, msgspec.Meta(gt=0, description="Strikes above it: the gradient explodes")] = 100.0

    title = "Gradient norm leaves a range"
    summary = "|g| before clipping: too small, it vanishes; too large, it explodes"

    @property
    def told(self) -> str:
        return f"gradient norm leaves {tick(self.low, 6)} … {tick(self.high, 6)}"

    def find(self, curves: Curves, watched: Watched, after: int, upto: int) -> Hit | None:
        series = Series(curves.step, curves.gradient_norm)
        hit = first_edge(series, after, upto, lambda v: ~((v >= self.low) & (v <= self.high)))
        if hit is None:
            return None
        side = f"below {tick(self.low, 6)}" if hit[1] < self.low else f"above {tick(self.high, 6)}"
        return Hit(hit[0], f"the gradient norm is {number(hit[1])}, {side}")


class DeadUnits(Breakpoint, frozen=True, tag="dead_units"):
    """What a dead unit is: `lab.training.health.LayerHealth`."""

    share: Share = 0.5
    layer: OfLayer = ""

    title = "Units are dead"
    summary = "Units of a ReLU that give 0 for every example: they learn no more"

    @property
    def told(self) -> str:
        return f"more than {100 * self.share:g} % dead in {self.layer or 'any layer'}"

    def needs(self, experiment: Experiment) -> tuple[DeadShare, ...]:
        return tuple(DeadShare(name) for name in layers_where(experiment, self.layer, can_die))

    def find(self, curves: Curves, watched: Watched, after: int, upto: int) -> Hit | None:
        return first_share(watched.of(DeadShare), self, after, upto, "dead")


class SaturatedUnits(Breakpoint, frozen=True, tag="saturated_units"):
    """What a saturated unit is: `lab.training.health.LayerHealth`."""

    share: Share = 0.5
    layer: OfLayer = ""

    title = "Units are saturated"
    summary = "Units of tanh, sigmoid and their like in the flat tails: hardly any gradient passes"

    @property
    def told(self) -> str:
        return f"more than {100 * self.share:g} % saturated in {self.layer or 'any layer'}"

    def needs(self, experiment: Experiment) -> tuple[SaturatedShare, ...]:
        return tuple(SaturatedShare(name) for name in layers_where(experiment, self.layer, can_saturate))

    def find(self, curves: Curves, watched: Watched, after: int, upto: int) -> Hit | None:
        return first_share(watched.of(SaturatedShare), self, after, upto, "saturated")


class AtStep(Breakpoint, frozen=True, tag="at_step"):
    step: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1, description="After so many updates")] = 1000

    title = "At a step"
    summary = "After so many updates"

    @property
    def told(self) -> str:
        return f"at step {self.step:,}"

    def find(self, curves: Curves, watched: Watched, after: int, upto: int) -> Hit | None:
        return Hit(self.step, "this step was asked for") if after < self.step <= upto else None


AnyBreakpoint = (
    LossNotFinite
    | LossRises
    | LossBelow
    | LossAbove
    | AccuracyReaches
    | GradientNormLeaves
    | DeadUnits
    | SaturatedUnits
    | AtStep
)
BREAKPOINTS: tuple[type[Breakpoint], ...] = (
    LossNotFinite,
    LossRises,
    LossBelow,
    LossAbove,
    AccuracyReaches,
    GradientNormLeaves,
    DeadUnits,
    SaturatedUnits,
    AtStep,
)
ALWAYS: tuple[AnyBreakpoint, ...] = (LossNotFinite(),)
"""What there is where nobody has set any."""


def settled(breakpoints: Iterable[AnyBreakpoint]) -> tuple[AnyBreakpoint, ...]:
    """As given, each once, with the one that is always there in front."""
    return tuple(dict.fromkeys((*ALWAYS, *(b for b in breakpoints if not isinstance(b, LossNotFinite)))))


def strikes(
    curves: Curves, watched: Watched, after: int, upto: int, breakpoints: Iterable[AnyBreakpoint]
) -> Hit | None:
    """Where a run that went on from step `after` to `upto` should have stopped: the earliest hit of all.

    At the step `after` itself nothing strikes: there the run stood already, perhaps because of it.
    """
    hits = [b.find(curves, watched, after, upto) for b in breakpoints if b.enabled]
    return min((hit for hit in hits if hit is not None), key=lambda hit: hit.step, default=None)


# -- what was logged ------------------------------------------------------------------------------------


def loss_of(curves: Curves, part: Part) -> Series:
    if part == "training":
        return Series(curves.step, curves.loss)
    return Series(curves.validation_step, curves.validation_loss)


def accuracy_of(curves: Curves, part: Part) -> Series:
    if part == "training":
        return Series(curves.step, curves.accuracy)
    return Series(curves.validation_step, curves.validation_accuracy)


def rows_between(series: Series, after: int, upto: int) -> tuple[int, int]:
    """The rows of steps after + 1 .. upto: the first, and one past the last."""
    first, last = np.searchsorted(series.steps, [after, upto], side="right")
    return int(first), int(last)


def first_edge(
    series: Series, after: int, upto: int, condition: Callable[[Values], Rows]
) -> tuple[int, float] | None:
    """The first step in after + 1 .. upto at which the condition holds and did not hold before, and the value."""
    first, last = rows_between(series, after, upto)
    before = max(first - 1, 0)
    holds = condition(series.values[before:last])
    edges = holds & ~np.concatenate([[False], holds[:-1]]) if len(holds) else holds
    rows = np.flatnonzero(edges[first - before :])
    if not len(rows):
        return None
    row = first + int(rows[0])
    return int(series.steps[row]), float(series.values[row])


def start_of_rise(values: Values, row: int) -> int:
    """The row from which on values have risen without a break up to the one before `row`."""
    start, span = max(row - 1, 0), 64
    while start > 0:
        low = max(start - span, 0)
        falls = np.flatnonzero(~(np.diff(values[low : start + 1]) > 0))
        if len(falls):
            return low + int(falls[-1]) + 1
        start, span = low, 2 * span
    return start


# -- what was looked at ---------------------------------------------------------------------------------


def first_share(
    known: Iterable[tuple[DeadShare | SaturatedShare, Series]],
    of: DeadUnits | SaturatedUnits,
    after: int,
    upto: int,
    word: str,
) -> Hit | None:
    """The first layer with more than the share of such units."""
    hits = []
    for quantity, series in known:
        if of.layer in ("", quantity.layer):
            edge = first_edge(series, after, upto, lambda v: v > 100 * of.share)
            if edge is not None:
                hits.append(Hit(edge[0], f"{quantity.layer}: {edge[1]:.0f} % of the units are {word}"))
    return min(hits, key=lambda hit: hit.step, default=None)


def layers_where(experiment: Experiment, name: str, holds: Callable[[Layer], bool]) -> tuple[str, ...]:
    """The layers of this name, or all, for which it holds."""
    nodes = experiment.network.nodes
    return tuple(node.name for node in nodes if name in ("", node.name) and holds(node.layer))


def can_die(layer: Layer) -> bool:
    return bool(getattr(getattr(layer, "activation", None), "dies", False))


def can_saturate(layer: Layer) -> bool:
    activation = getattr(layer, "activation", None)
    return isinstance(layer, Softmax) or getattr(activation, "steepest", None) is not None
