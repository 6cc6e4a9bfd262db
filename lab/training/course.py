"""How the units have fared since the start: health at points of the path that a run has walked.

Health is a function of the parameters, so that the path is enough, and nothing has to be looked at while a run trains.
"""

from __future__ import annotations

import weakref
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.training.conditions import Condition, ConditionProbe, Health
from lab.training.fields import DEAR
from lab.training.health import examples_looked_at, health
from lab.training.moment import Moment

POINTS = 24
"""Of the path, at most."""
WORK = 1e9
"""Multiply-adds of all their forward passes, at most; the start is looked at in any case."""

Vector = NDArray[np.float32]


def condition(probe: ConditionProbe, moment: Moment) -> Condition | None:
    """Now, and at points of the path that stay the same while it grows; None where one example is too much work."""
    e = moment.experiment
    cost = e.analysis.multiply_adds or 1
    if cost > DEAR:
        return None
    most = int(WORK / (cost * examples_looked_at(e, len(moment.prepared.training))))
    before = [
        (step, vector)
        for step, vector in zip(moment.path_steps.tolist(), moment.path_vectors, strict=True)
        if step < moment.step and vector.size == moment.params.size
    ]
    course = tuple(
        _known.health(moment, int(before[k][0]), before[k][1]) for k in chosen([s for s, _ in before], most)
    )
    return Condition(health(moment), course)


def chosen(steps: list[int], most: int = POINTS) -> list[int]:
    """Which points are looked at: the first, and those at multiples of the smallest power of two of which at most
    POINTS are there, or `most`. What was looked at before is mostly looked at again."""
    unit = 1
    while True:
        found = [k for k, step in enumerate(steps) if k == 0 or step % unit == 0]
        if len(found) <= max(min(most, POINTS), 1):
            return found
        unit *= 2


class _Known:
    """Remembers what was seen of vectors, as long as a path holds them."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[weakref.ref[Any], object, Health]] = {}

    def health(self, moment: Moment, step: int, vector: Vector) -> Health:
        key, meaning = id(vector), _meaning(moment.experiment)
        known = self._seen.get(key)
        if known is not None and known[0]() is vector and known[1] == meaning:
            return replace(known[2], step=step)
        found = health(replace(moment, step=step, params=vector, internals=None))
        self._seen[key] = weakref.ref(vector, lambda _: self._seen.pop(key, None)), meaning, found
        return found


_known = _Known()


def _meaning(e: Experiment) -> object:
    """What health depends on besides the parameters."""
    return e.network, e.loss, e.data, e.preprocessing, e.split, e.seed
