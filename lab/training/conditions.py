"""How the units of a network fare: what can be asked about it, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.network.activations import Activation
from lab.training.question import Question

FLAT = 0.05
"""Where |f′| is below this share of its greatest, a number is in the tail of its activation function."""
MOSTLY = 0.9
"""A unit is saturated when more than this share of its numbers is in the tail."""
ALIKE = 1e-5
"""Units are one and the same whose weights differ by at most this share of the layer's largest."""

Flags = NDArray[np.bool_]
NAN = float("nan")


@dataclass(frozen=True, eq=False)
class LayerHealth:
    """One layer. Its units are its output's channels: a unit of a dense layer, a filter of a convolution.

    - A unit is `dead` when its activation function is flat on one side (`Activation.dies`: a ReLU) and f′(z) is 0 at
      every place of every example: no gradient passes, so it can only come back if the layers before it change.
    - A unit is `saturated` when its function fades away in a tail (`Activation.steepest`: tanh, sigmoid, and ELU,
      softplus, SiLU and GELU on their left), and |f′(z)| is below 5 % of the greatest |f′| at more than 90 % of its
      numbers: hardly any gradient passes. Of a softmax, dy/dx = y (1 − y) of each output is taken for f′.

    `dead` and `saturated` are [units], None where the layer has no such function. `mean` and `spread` are the mean
    and standard deviation of all outputs, `preactivation_spread` is that of z where the layer has one;
    `gradient_spread` is the standard deviation of dE/dy, E being each example's own error; `weights` is the Euclidean
    norm of what the layer has learned, `update` that of the last update. What is not known, or not asked for, is NaN.
    """

    layer: str
    units: int
    dead: Flags | None
    saturated: Flags | None
    mean: float
    spread: float
    gradient_spread: float
    weights: float
    update: float
    preactivation_spread: float = NAN

    @property
    def dead_share(self) -> float:
        """0..1; NaN where no unit can die."""
        return NAN if self.dead is None else float(self.dead.mean())

    @property
    def saturated_share(self) -> float:
        """0..1; NaN where no unit can be saturated."""
        return NAN if self.saturated is None else float(self.saturated.mean())

    @property
    def update_ratio(self) -> float:
        """|Δw| / |w| of the last update; about 10⁻³ is usual."""
        return self.update / self.weights if self.weights > 0 else NAN


@dataclass(frozen=True, eq=False)
class Health:
    """All layers in their order, seen on so many `examples` at one step."""

    step: int
    examples: int
    layers: tuple[LayerHealth, ...]

    def of(self, layer: str) -> LayerHealth | None:
        return next((one for one in self.layers if one.layer == layer), None)


@dataclass(frozen=True)
class ConditionProbe(Question["Condition"]):
    """The health of all layers, now and at points of the path walked so far."""


@dataclass(frozen=True, eq=False)
class Condition:
    """`course` are points before `now` since the architecture was last changed, oldest first, with the functions that
    the layers have now; of the updates made there nothing is known any more. The first is the start, if that is kept.
    """

    now: Health
    course: tuple[Health, ...]

    @property
    def start(self) -> Health | None:
        return self.course[0] if self.course and self.course[0].step == 0 else None


@dataclass(frozen=True)
class PreactivationsProbe(Question["Preactivations"]):
    """What a layer's activation function gets, over the first training examples, as training makes it."""

    layer: str


@dataclass(frozen=True, eq=False)
class Preactivations:
    """All z of a layer: `counts` [bins] between `edges` [bins + 1], and the function over the same stretch.

    `z`, `y` and `slope` are [points] of the curve. `flat` is the share of numbers with |f′(z)| below 5 % of the
    greatest |f′|, NaN where f′ does not fade; `closed` the share of those with f′(z) = 0, NaN where it never is all
    along a side. `tails` are the shares left of 0 and right of it of those that are either. Of `total` numbers,
    `beyond` are not finite and are not counted.
    """

    layer: str
    activation: Activation
    counts: NDArray[np.int64]
    edges: NDArray[np.float64]
    z: NDArray[np.float64]
    y: NDArray[np.float64]
    slope: NDArray[np.float64]
    mean: float
    spread: float
    flat: float
    closed: float
    tails: tuple[float, float]
    total: int
    beyond: int
    examples: int


@dataclass(frozen=True)
class StartsProbe(Question["Starts"]):
    """How far numbers would spread at the start, before the first update, with each initializer."""


@dataclass(frozen=True, eq=False)
class Starts:
    """By the initializers' names, in order: the health of the network with those weights, drawn with the run's seed.

    The first is the network as the experiment has it.
    """

    by_name: Mapping[str, Health]
    formulas: Mapping[str, str]


@dataclass(frozen=True)
class AlikeProbe(Question["Alike"]):
    """Which units of a layer are one and the same (F3)."""


@dataclass(frozen=True)
class Twins:
    """Units of one layer with the same incoming weights and bias: they give the same numbers for every input.

    Where what reads them is `read_alike`, too, their gradients are the same, and they stay the same for ever.
    """

    units: tuple[int, ...]
    read_alike: bool


@dataclass(frozen=True, eq=False)
class Alike:
    """By the layers' names, those with weights; `tolerance` is ALIKE."""

    layers: Mapping[str, tuple[Twins, ...]]
    tolerance: float = ALIKE

    @property
    def count(self) -> int:
        """How many units are a copy of another one."""
        return sum(len(twins.units) - 1 for groups in self.layers.values() for twins in groups)
