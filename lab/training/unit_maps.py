"""What one unit makes of many examples, and which of them it makes the most of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lab.data.prepare import Part
from lab.problem import ProblemError
from lab.training.moment import Moment
from lab.training.one_unit import Strongest, StrongestProbe, UnitMaps, UnitMapsProbe
from lab.training.unit_gradient import Numbers, Stop, Unit, UnitPass

WORK = 2e10
"""Multiply-adds of all passes for one answer: a fraction of a second."""
FEW = 4
"""Examples that are shown, however much work they are."""


def unit_maps(probe: UnitMapsProbe, moment: Moment, stop: Stop) -> UnitMaps | None:
    """None where there is no such unit, or nobody waits any more."""
    part, ready = moment.part(probe.part), ready_for(probe, moment)
    first = min(max(probe.first, 0), max(len(part) - 1, 0))
    most = max(FEW, int(WORK / max(moment.experiment.analysis.multiply_adds or 0, 1)))
    indices = np.arange(first, min(first + min(probe.count, most), len(part)))
    return None if ready is None else seen(part, indices, ready, moment, stop)


def strongest(probe: StrongestProbe, moment: Moment, stop: Stop) -> Strongest | None:
    """None where there is no such unit, or nobody waits any more."""
    part, ready = moment.part(probe.part), ready_for(probe, moment)
    if ready is None:
        return None
    work = max(moment.experiment.analysis.multiply_adds or 0, 1)
    count = min(len(part), probe.examples, max(probe.many, int(WORK / work)))
    peaks, places = np.empty(count, np.float32), np.empty(count, np.int64)
    for some, maps in passes(part.inputs[:count], ready, moment, stop):
        flat = np.where(np.isfinite(maps), maps, -np.inf).reshape(len(maps), -1)
        places[some] = flat.argmax(1)
        peaks[some] = flat.max(1)
    if stop[0]:
        return None
    best = np.argsort(-peaks, kind="stable")[: probe.many]
    found = seen(part, best, ready, moment, stop)
    if found is None:
        return None
    rows, columns = np.divmod(places[best], found.maps.shape[2])
    return Strongest(found, peaks[best], rows, columns, count, len(part))


def ready_for(probe: UnitMapsProbe | StrongestProbe, moment: Moment) -> UnitPass | None:
    e = moment.experiment
    try:
        return UnitPass(e.network, moment.shape, e.loss, Unit(probe.layer, probe.unit, None, probe.before))
    except ProblemError:
        return None


def passes(
    inputs: NDArray[np.float32], ready: UnitPass, moment: Moment, stop: Stop
) -> Iterator[tuple[slice, Numbers]]:
    """The unit's maps of as many inputs at a time as there is room for, as long as somebody waits."""
    for first in range(0, len(inputs), ready.capacity):
        if stop[0]:
            return
        some = slice(first, min(first + ready.capacity, len(inputs)))
        yield some, ready.maps(moment.params, inputs[some])


def seen(
    part: Part, indices: NDArray[np.int64], ready: UnitPass, moment: Moment, stop: Stop
) -> UnitMaps | None:
    inputs = part.inputs[indices]
    maps = [found for _, found in passes(inputs, ready, moment, stop)]
    if stop[0] or not maps:
        return None
    return UnitMaps(
        inputs=inputs,
        raw=part.raw[indices],
        maps=np.concatenate(maps).astype(np.float32),
        indices=indices,
        labels=None if part.labels is None else part.labels[indices],
    )
