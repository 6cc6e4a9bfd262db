"""A derivative checked: backpropagation's number against a central difference of the error.

The difference is taken in float64, of a twin of the network in plain NumPy: in float32 the error itself is known to
seven digits, of which a difference leaves three.
"""

from __future__ import annotations

import numpy as np

from lab.training.microscope.twin import Twin, knows
from lab.training.moment import Moment
from lab.training.one_example import pass_example, places_of
from lab.training.probes import GradientCheck, GradientCheckProbe, GradientsProbe

STEPS = (1e-4, 1e-5, 1e-6, 1e-7)
"""Times the number itself where that is larger than 1: the first at which no kink lies between is taken."""


def check(probe: GradientCheckProbe, moment: Moment) -> GradientCheck | None:
    """None where there is no such number, or no twin of some layer."""
    e = moment.experiment
    if not knows(e):
        return None
    passed = pass_example(moment, GradientsProbe(probe.part, probe.example, probe.changed), gradients=True)
    split = moment.program.split(moment.params)
    parameters = {name: values.astype(np.float64) for name, values in split.items()}
    twin = Twin(e, passed.input.astype(np.float64), passed.target.astype(np.float64), parameters)
    if probe.pixel is not None:
        if not all(0 <= k < n for k, n in zip(probe.pixel, twin.x.shape, strict=True)):
            return None
        slope = passed.read(places_of(passed.program, "dx")["input"])[probe.pixel]
        vector, at, first = twin.x.reshape(-1), int(np.ravel_multi_index(probe.pixel, twin.x.shape)), 0
    else:
        found = next(
            (
                (p.name, probe.weight - start)
                for p in moment.program.parameters
                for start in (moment.program.offsets[p.name],)
                if p.learned and start <= probe.weight < start + p.size
            ),
            None,
        )
        if found is None:
            return None
        name, at = found
        slope = passed.gradient[probe.weight]
        vector = twin.parameters[name].reshape(-1)
        layers = [facts.name for facts in e.analysis.nodes]
        first = layers.index(name.rpartition(".")[0])
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
        answer = GradientCheck(value, h, below, above, float(slope), kinks)
        if not kinks:
            break
    return answer
