"""What an optimizer has in hand, as it is drawn at a run's marker: directions, and scales of two weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lab.landscape.plane import Plane
from lab.training.internals import Internals
from lab.training.survey.error import Values, Vector

LOST = 12 * float(np.finfo(np.float32).eps)
"""A step that is shorter than this share of the weights is mostly rounding: it has no direction."""
SQUARES = ("mean square", "second moment", "mean square gradient", "sum of squares")
"""Slots that are running squares of the gradient, by what optimizers call them."""


def last_step(inside: Internals | None, weights: Vector) -> Values | None:
    """How the weights moved last; None where that is not known, or lost in rounding."""
    update = None if inside is None else inside.last_update
    if update is None or len(update) != len(weights):
        return None
    step: Values = update.astype(np.float64)
    return step if float(np.linalg.norm(step)) > LOST * float(np.linalg.norm(weights)) else None


def velocity(inside: Internals | None) -> Values | None:
    """The optimizer's velocity as a move of the weights; None where it has none."""
    if inside is None or inside.age == 0 or len(inside.slots) == 0:
        return None
    optimizer = inside.experiment.optimizer
    if "velocity" not in optimizer.slots:
        return None
    slot: Values = inside.slots[optimizer.slots.index("velocity")].astype(np.float64)
    if getattr(optimizer, "velocity_of", "weights") == "weights":
        return slot
    factors = [
        np.full(p.size, inside.experiment.rates.factor(p) if p.learned else 0.0)
        for p in inside.program.parameters
    ]
    return -inside.rate * np.concatenate(factors) * slot


def scales(inside: Internals | None, plane: Plane) -> Mapping[str, tuple[float, float]]:
    """Of the two weights that a plane's axes are: "step size", by what their gradients were multiplied last, and
    "running square", the root of the optimizer's running square. What it does not have, and all of it on other planes,
    is left out.
    """
    axes = [np.flatnonzero(direction) for direction in (plane.d1, plane.d2)]
    if inside is None or inside.gradient is None or inside.age == 0 or any(len(axis) != 1 for axis in axes):
        return {}
    at = np.concatenate(axes)
    optimizer, found = inside.experiment.optimizer, {}
    factors = [
        inside.experiment.rates.factor(p)
        for index in at.tolist()
        for p in inside.program.parameters
        if 0 <= index - inside.program.offsets[p.name] < p.size
    ]
    slots = inside.slots[:, at].astype(np.float64)
    steps = [
        optimizer.step_size(
            inside.rate * factor,
            inside.gradient[at[k : k + 1]].astype(np.float64),
            slots[:, k : k + 1],
            inside.age,
        )
        for k, factor in enumerate(factors)
    ]
    found["step size"] = np.concatenate(steps)
    for name, slot in zip(optimizer.slots, slots, strict=True):
        if name in SQUARES:
            found["running square"] = np.sqrt(slot)
    return {name: (float(a), float(b)) for name, (a, b) in found.items() if a + b > 0}
