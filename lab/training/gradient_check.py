"""A derivative checked: backpropagation's number against a central difference of the error.

The difference is taken in float64, of a twin of the network in plain NumPy: in float32 the error itself is known to
seven digits, of which a difference leaves three.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lab.network.network import INPUT
from lab.training.microscope.twin import Twin, knows
from lab.training.moment import Moment
from lab.training.one_example import Passed, pass_example, places_of
from lab.training.probes import GradientCheck, GradientCheckProbe, GradientsProbe

STEPS = (1e-4, 1e-5, 1e-6, 1e-7)
"""Times the number itself where that is larger than 1: the first at which no kink lies between is taken."""
SHAKEN = 2
"""Times that the weights are moved by their last digit."""


def check(probe: GradientCheckProbe, moment: Moment) -> GradientCheck | None:
    """None where there is no such number, or no twin of some layer."""
    e = moment.experiment
    if not knows(e):
        return None
    passed = _backpropagated(probe, moment)
    split = moment.program.split(moment.params)
    parameters = {name: values.astype(np.float64) for name, values in split.items()}
    twin = Twin(e, passed.input.astype(np.float64), passed.target.astype(np.float64), parameters)
    if probe.pixel is not None:
        if not all(0 <= k < n for k, n in zip(probe.pixel, twin.x.shape, strict=True)):
            return None
        vector, at, first = twin.x.reshape(-1), int(np.ravel_multi_index(probe.pixel, twin.x.shape)), 0
    else:
        place = _place_of(probe.weight, moment)
        if place is None:
            return None
        name, at = place
        vector = twin.parameters[name].reshape(-1)
        layers = [facts.name for facts in e.analysis.nodes]
        first = layers.index(name.rpartition(".")[0])
    slope = _derivative(probe, passed)
    shake = _shake(probe, moment, slope)
    twin.error()
    value = float(vector[at])
    answer: GradientCheck | None = None
    for step in STEPS:
        h = step * max(1.0, abs(value))
        errors = []
        for way in (-h, h):
            vector[at] = value + way
            errors.append(twin.error(first))
        vector[at] = value
        (below, one), (above, other) = errors
        pairs = zip(one, other, strict=True)
        kinks = tuple(layer for (layer, a), (_, b) in pairs if not np.array_equal(a, b))
        answer = GradientCheck(value, h, below, above, slope, kinks, shake)
        if not kinks:
            break
    return answer


def _place_of(weight: int, moment: Moment) -> tuple[str, int] | None:
    """The parameter that a flat index lies in, and where in it; None of what is not learned."""
    for p in moment.program.parameters:
        start = moment.program.offsets[p.name]
        if p.learned and start <= weight < start + p.size:
            return p.name, weight - start
    return None


def _backpropagated(probe: GradientCheckProbe, moment: Moment) -> Passed:
    return pass_example(moment, GradientsProbe(probe.part, probe.example, probe.changed), gradients=True)


def _derivative(probe: GradientCheckProbe, passed: Passed) -> float:
    if probe.pixel is None:
        return float(passed.gradient[probe.weight])
    return float(passed.read(places_of(passed.program, "dx")[INPUT])[probe.pixel])


def _shake(probe: GradientCheckProbe, moment: Moment, slope: float) -> float:
    """How far the engine's number moves when every weight moves by its last digit."""
    rng, moved = np.random.default_rng(1), []
    for _ in range(SHAKEN):
        ways = np.where(rng.random(moment.params.size) < 0.5, np.float32(-np.inf), np.float32(np.inf))
        shaken = replace(moment, params=np.nextafter(moment.params, ways))
        moved.append(abs(_derivative(probe, _backpropagated(probe, shaken)) - slope))
    return max(moved)
