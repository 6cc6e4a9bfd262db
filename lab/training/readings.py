"""Answers to the quick probes: what a network shows of itself at one moment.

Everything here runs on whatever thread asks, through serial kernels and an open program of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.network.layers import BatchNorm
from lab.network.network import INPUT
from lab.training.alike import alike
from lab.training.ascent import climbed
from lab.training.bending import BentGridProbe
from lab.training.bent_grid import bent_grid
from lab.training.changes import changes
from lab.training.comparing import ChangesProbe
from lab.training.conditions import AlikeProbe, ConditionProbe, PreactivationsProbe, StartsProbe
from lab.training.course import condition
from lab.training.drawing import Drawing
from lab.training.evaluated import evaluated
from lab.training.fields import FieldProbe
from lab.training.filter_numbers import filters
from lab.training.filters import FiltersProbe
from lab.training.gradient_check import check
from lab.training.looking import answer_shape, as_scores
from lab.training.measured_field import measured_field
from lab.training.minima import known_minima
from lab.training.mistaken import MistakesProbe
from lab.training.mistakes import mistakes
from lab.training.moment import Moment
from lab.training.one_example import last_places, pass_example, places_of
from lab.training.one_unit import ExcitingProbe, StrongestProbe, UnitMapsProbe
from lab.training.operations import operation
from lab.training.plane import decision
from lab.training.preactivations import preactivations
from lab.training.probes import (
    Activations,
    ActivationsProbe,
    DecisionProbe,
    Distances,
    DistancesProbe,
    GradientCheckProbe,
    Gradients,
    GradientsProbe,
    OperationProbe,
    Outputs,
    OutputsProbe,
    Probe,
    Reading,
    ToldProbe,
    Update,
    UpdateProbe,
    Weights,
    WeightsProbe,
    largest,
)
from lab.training.starts import starts
from lab.training.told import told
from lab.training.unit_maps import strongest, unit_maps

MOST_COUNTED = 200
"""Classes: the counts of which is taken for which are as many as their square."""


Stop = NDArray[np.int64]
"""[1], not 0 once nobody waits for the answer any more."""
NEVER: Stop = np.zeros(1, np.int64)


def answer(probe: Probe, moment: Moment, stop: Stop = NEVER) -> Reading | None:
    """The reading that answers `probe`, or None where it makes no sense for this network, or nobody waits for it."""
    if not makes_sense(probe, moment):
        return None
    if type(probe) in LONG:
        return LONG[type(probe)](probe, moment, stop)
    return ANSWERS[type(probe)](probe, moment)


def makes_sense(probe: Probe, moment: Moment) -> bool:
    """Whether what was drawn, where it asks about a drawing, can be an input here."""
    part, s = getattr(probe, "part", None), moment.shape
    if not isinstance(part, Drawing):
        return True
    return part.fits((s.channels, s.height, s.width), len(moment.experiment.data.classes()))


def activations(probe: ActivationsProbe, moment: Moment) -> Activations:
    passed = pass_example(moment, probe, gradients=False)
    part, index, program = passed.part, passed.index, passed.program
    outputs = {name: passed.read(place) for name, place in last_places(program).items()}
    shape = answer_shape(moment)
    output = outputs[moment.experiment.network.nodes[-1].name].reshape(1, *shape)
    normed = {n.name for n in moment.experiment.network.nodes if isinstance(n.layer, BatchNorm)}
    moments = {name: p for name, p in places_of(program, "moments").items() if name in normed}
    return Activations(
        input=passed.input,
        raw=part.raw[index],
        outputs=outputs,
        preactivations={name: passed.read(place) for name, place in places_of(program, "z").items()},
        scores=as_scores(moment, output)[0],
        target=passed.target.reshape(shape),
        label=None if part.labels is None else int(part.labels[index]),
        peaks={name: largest(values, (1, 2)) for name, values in outputs.items()},
        index=index,
        statistics={
            name: passed.arena[p.offset : p.offset + p.shape.size].reshape(2, -1).copy()
            for name, p in moments.items()
        },
    )


def gradients(probe: GradientsProbe, moment: Moment) -> Gradients:
    """All NaN where nobody knows the answer: there is no error then."""
    passed = pass_example(moment, probe, gradients=True)
    program = passed.program
    places = {(p.layer, p.role): p for p in program.places}
    outputs = {
        name: passed.read(places[name, f"d{place.role}"]) for name, place in last_places(program).items()
    }
    learned = program.split(passed.gradient)
    return Gradients(
        error=passed.error,
        input=passed.read(places[INPUT, "dx"]),
        outputs=outputs,
        preactivations={name: passed.read(place) for name, place in places_of(program, "dz").items()},
        parameters={p.name: learned[p.name] for p in program.parameters if p.learned},
        peaks={name: largest(values, (1, 2)) for name, values in outputs.items()},
    )


def weights(probe: WeightsProbe, moment: Moment) -> Weights:
    return Weights(moment.program.split(moment.params))


def update(probe: UpdateProbe, moment: Moment) -> Update | None:
    return None if moment.internals is None else Update(moment.internals.named())


def distances(probe: DistancesProbe, moment: Moment) -> Distances:
    has_start = len(moment.path_steps) > 0 and int(moment.path_steps[0]) == 0
    start = moment.path_vectors[0] if has_start else None
    minima = known_minima(moment)
    return Distances(
        from_start=math.nan if start is None else _apart(moment.params, start),
        to_minimum=min((_apart(moment.params, one) for one in minima), default=math.nan),
    )


def _apart(a: NDArray[np.floating[Any]], b: NDArray[np.floating[Any]]) -> float:
    return float(np.linalg.norm(a.astype(np.float64) - b))


def outputs(probe: OutputsProbe, moment: Moment, stop: Stop) -> Outputs | None:
    seen = evaluated(probe.part, moment, stop)
    if seen is None:
        return None
    many, classes, confusion = len(seen.raw), len(moment.experiment.data.classes()), None
    if seen.labels is not None and seen.predicted is not None and classes <= MOST_COUNTED:
        said = seen.predicted >= 0
        pairs = seen.labels[said] * classes + seen.predicted[said]
        confusion = np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    return Outputs(
        scores=seen.scores,
        targets=seen.targets,
        predicted=seen.predicted,
        labels=seen.labels,
        confusion=confusion,
        loss=seen.error if moment.experiment.loss.sums_examples else seen.error / many,
        accuracy=seen.right / many if classes else float("nan"),
    )


ANSWERS: dict[type, Callable[[Any, Moment], Reading | None]] = {
    ActivationsProbe: activations,
    GradientsProbe: gradients,
    GradientCheckProbe: check,
    WeightsProbe: weights,
    UpdateProbe: update,
    ToldProbe: told,
    DistancesProbe: distances,
    DecisionProbe: decision,
    FieldProbe: measured_field,
    ConditionProbe: condition,
    PreactivationsProbe: preactivations,
    StartsProbe: starts,
    AlikeProbe: alike,
    ChangesProbe: changes,
    BentGridProbe: bent_grid,
}
LONG: dict[type, Callable[[Any, Moment, Stop], Reading | None]] = {
    OutputsProbe: outputs,
    MistakesProbe: mistakes,
    OperationProbe: operation,
    FiltersProbe: filters,
    UnitMapsProbe: unit_maps,
    StrongestProbe: strongest,
    ExcitingProbe: climbed,
}
"""What may be broken off."""
