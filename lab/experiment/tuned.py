"""For known surfaces: a setting of each optimizer with which it comes to the minimum, and in how many steps."""

from __future__ import annotations

from dataclasses import dataclass

from lab.experiment.experiment import Experiment
from lab.learning.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    AnyOptimizer,
    Momentum,
    Nesterov,
    RMSprop,
    Rprop,
)
from lab.learning.schedules import AnySchedule, Constant, Cosine
from lab.network.formula.errors import FormulaError
from lab.network.formula.known import KNOWN, known
from lab.network.layers import Formula

NEAR = 1e-3
"""So near to a minimum, as the distance of (x, y), each of them comes from the surface's own start."""


@dataclass(frozen=True)
class Tuned:
    """An optimizer, its schedule, and steps after which it stands within NEAR of a minimum.

    Rules whose steps are as large as the rate, however small the gradient (RMSprop), or grow without end on level
    ground (Adadelta), come to rest only where the schedule takes the rate to 0. AdamW's weight decay draws the
    weights from the minimum to 0: it is nearly off.
    """

    optimizer: AnyOptimizer
    schedule: AnySchedule
    steps: int


STEADY = Constant()

TUNED: dict[str, tuple[Tuned, ...]] = {
    "ravine": (
        Tuned(SGD(rate=0.015), STEADY, 600),
        Tuned(Momentum(rate=0.01, momentum=0.9), STEADY, 300),
        Tuned(Nesterov(rate=0.01, momentum=0.9), STEADY, 300),
        Tuned(Rprop(rate=0.1), STEADY, 1000),
        Tuned(RMSprop(rate=0.03), Cosine(steps=2000), 2000),
        Tuned(Adam(rate=0.3), STEADY, 600),
        Tuned(AdamW(rate=0.3, decay=1e-5), STEADY, 600),
        Tuned(Adadelta(rate=3.0), Cosine(steps=2000), 2000),
        Tuned(Adagrad(rate=2.0), STEADY, 1000),
    ),
    "rosenbrock": (
        Tuned(SGD(rate=0.0015), STEADY, 15_000),
        Tuned(Momentum(rate=0.002, momentum=0.95), STEADY, 800),
        Tuned(Nesterov(rate=0.001, momentum=0.95), STEADY, 1200),
        Tuned(Rprop(rate=0.01), STEADY, 12_000),
        Tuned(RMSprop(rate=0.01), Cosine(steps=12_000), 12_000),
        Tuned(Adam(rate=0.1), STEADY, 2000),
        Tuned(AdamW(rate=0.1, decay=1e-5), STEADY, 2000),
        Tuned(Adadelta(rate=1.0), Cosine(steps=15_000), 15_000),
        Tuned(Adagrad(rate=0.5), STEADY, 12_000),
    ),
    "beale": (
        Tuned(SGD(rate=0.015), STEADY, 2000),
        Tuned(Momentum(rate=0.01, momentum=0.9), STEADY, 300),
        Tuned(Nesterov(rate=0.01, momentum=0.9), STEADY, 300),
        Tuned(Rprop(rate=0.1), STEADY, 500),
        Tuned(RMSprop(rate=0.03), Cosine(steps=2000), 2000),
        Tuned(Adam(rate=0.1), STEADY, 500),
        Tuned(AdamW(rate=0.1, decay=1e-5), STEADY, 500),
        Tuned(Adadelta(rate=1.0), Cosine(steps=2000), 2000),
        Tuned(Adagrad(rate=0.3), STEADY, 1500),
    ),
}
"""One of each kind, in the order of the table of optimizers."""


def tuned(experiment: Experiment) -> tuple[Tuned, ...]:
    """The settings for the experiment's surface; none where it is not one of these."""
    layers = [node.layer for node in experiment.network.nodes]
    if len(layers) != 1 or not isinstance(layers[0], Formula):
        return ()
    try:
        found = known(layers[0].tree)
    except FormulaError:
        return ()
    return next((settings for name, settings in TUNED.items() if KNOWN[name] is found), ())
