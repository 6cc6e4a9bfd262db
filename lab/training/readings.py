"""Answers to the quick probes: what a network shows of itself at one moment.

Everything here runs on whatever thread asks, through serial kernels and an open program of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.data.dataset import pixel_labels
from lab.data.prepare import Part
from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import PARTS, TALLY
from lab.kernels.memory import aligned
from lab.network.layers import BatchNorm
from lab.network.network import INPUT
from lab.network.program import Program, lower
from lab.training.alike import alike
from lab.training.changes import changes
from lab.training.comparing import ChangesProbe
from lab.training.conditions import AlikeProbe, ConditionProbe, PreactivationsProbe, StartsProbe
from lab.training.course import condition
from lab.training.fields import FieldProbe
from lab.training.filter_numbers import filters
from lab.training.filters import FiltersProbe
from lab.training.gradient_check import check
from lab.training.measured_field import measured_field
from lab.training.minima import known_minima
from lab.training.moment import Moment
from lab.training.one_example import last_places, pass_example, places_of
from lab.training.one_unit import StrongestProbe, UnitMapsProbe
from lab.training.operations import operation
from lab.training.preactivations import preactivations
from lab.training.probes import (
    Activations,
    ActivationsProbe,
    Array,
    Decision,
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
PIECE = 20e9
"""Multiply-adds between two looks at that."""


def answer(probe: Probe, moment: Moment, stop: Stop = NEVER) -> Reading | None:
    """The reading that answers `probe`, or None where it makes no sense for this network, or nobody waits for it."""
    if type(probe) in LONG:
        return LONG[type(probe)](probe, moment, stop)
    return ANSWERS[type(probe)](probe, moment)


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
    part = moment.part(probe.part)
    program = lower(moment.experiment.network, moment.shape, moment.experiment.loss, gradients=False)
    targets = moment.targets(part)
    raw = np.empty((len(part), targets.shape[1]), np.float32)
    arenas, tally = aligned(program.arena_size)[None], np.zeros((PARTS, TALLY))
    cases = interpreter.cases(part.inputs, targets)
    error = right = 0.0
    each = max(1, int(PIECE // max(moment.experiment.analysis.multiply_adds or 1, 1)))
    for first in range(0, len(part), each):
        if stop[0]:
            return None
        some = np.arange(first, min(first + each, len(part)))
        interpreter.evaluate(
            program.code, cases, some, arenas, moment.params, raw[first : first + each], tally
        )
        error, right = error + tally[:, 0].sum(), right + tally[:, 1].sum()
    shape = answer_shape(moment)
    raw, targets = raw.reshape(-1, *shape), targets.reshape(-1, *shape)
    classes = len(moment.experiment.data.classes())
    predicted = labels = confusion = None
    if classes:
        middle = moment.experiment.loss.constants[0]
        predicted = raw.argmax(1) if raw.shape[1] > 1 else (raw[:, 0] > middle).astype(np.int64)
        said = np.isfinite(raw).all(1)  # an output that is not finite says nothing
        predicted = np.where(said, predicted, -1)
        labels = _labels(moment, part)
        if classes <= MOST_COUNTED:
            pairs = labels[said] * classes + predicted[said]
            confusion = np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    return Outputs(
        scores=as_scores(moment, raw),
        targets=targets,
        predicted=predicted,
        labels=labels,
        confusion=confusion,
        loss=error if moment.experiment.loss.sums_examples else error / len(part),
        accuracy=right / len(part) if classes else float("nan"),
    )


def answer_shape(moment: Moment) -> tuple[int, ...]:
    """An output's shape as readings show it: (outputs,) of a vector, (C, H, W) of an image."""
    s = moment.output
    return (s.size,) if s.is_vector else (s.channels, s.height, s.width)


def _labels(moment: Moment, part: Part) -> NDArray[np.int64]:
    """The true class of each example [n], or of each pixel [n, H, W]."""
    if part.labels is not None:
        return part.labels
    assert part.targets is not None
    s = moment.experiment.target
    labels = pixel_labels(part.targets.reshape(-1, s.channels, s.height, s.width))
    return labels.reshape(len(part)) if s.is_vector else labels


def decision(probe: DecisionProbe, moment: Moment) -> Decision | None:
    bounds = moment.experiment.data.bounds()
    if bounds is None or moment.shape.size != 2 or not moment.output.is_vector:
        return None
    n = probe.resolution
    x, y = (np.linspace(*limits, n, dtype=np.float32) for limits in bounds)
    raw = np.stack(np.broadcast_arrays(x[None, :], y[:, None]), -1).reshape(-1, 2, 1, 1)
    inputs = moment.prepared.preprocess(raw)
    K = moment.program.outputs
    maps: dict[str, list[Array]] = {}
    for program, arena, count in look(moment, inputs, np.zeros((len(inputs), K), np.float32), capacity=512):
        for name, place in last_places(program).items():
            maps.setdefault(name, []).append(place.read(arena, count).reshape(count, -1))
    layers = {name: np.concatenate(parts).T.reshape(-1, n, n) for name, parts in maps.items()}
    output = layers[moment.experiment.network.nodes[-1].name]
    score, winner = _lean(moment, output)
    return Decision(layers=layers, bounds=bounds, score=score, winner=winner)


def _lean(moment: Moment, output: Array) -> tuple[Array | None, NDArray[np.int64] | None]:
    """How much the network leans to the second of two classes, -1..1; which of several classes wins."""
    classes = len(moment.experiment.data.classes())
    if not classes:
        return output[0], None
    if len(output) == 1:
        low, high = moment.experiment.loss.encode(np.array([0, 1]), 2, 1)[:, 0].tolist()
        half = (high - low) / 2 or 1.0
        score = as_scores(moment, output[0])
        return np.clip((score - (low + high) / 2) / half, -1, 1), None
    if classes == 2:
        scores = as_scores(moment, output.reshape(2, -1).T)
        return np.clip(scores[:, 1] - scores[:, 0], -1, 1).reshape(output.shape[1:]), None
    return None, output.argmax(0)


def as_scores(moment: Moment, outputs: Array) -> Array:
    """Outputs [n, outputs] or [n, C, H, W] as a person reads them: probabilities where they are logits."""
    return moment.experiment.loss.scores(outputs, axis=1 if outputs.ndim > 1 else -1)


def look(
    moment: Moment, inputs: Array, targets: Array, capacity: int
) -> Iterator[tuple[Program, NDArray[np.float32], int]]:
    """Run inputs forward through an open program, `capacity` at a time: (program, arena, how many)."""
    e = moment.experiment
    program = lower(e.network, moment.shape, e.loss, capacity, gradients=False, lean=False)
    arena, cases, order = (
        aligned(program.arena_size),
        interpreter.cases(inputs, targets),
        np.arange(len(inputs)),
    )
    nothing, tally = np.zeros(0, np.float32), np.zeros(TALLY)
    for first in range(0, len(inputs), capacity):
        n = min(capacity, len(inputs) - first)
        interpreter.gather(program.code, cases, order, first, n, arena)
        interpreter.run_rows(
            program.code, 0, int(program.code.plan[op.LOSS_ROW]), n, arena, moment.params, nothing, 1.0, tally,
            np.zeros(op.COUNTERS, np.int64),
        )  # fmt: skip
        yield program, arena, n


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
}
LONG: dict[type, Callable[[Any, Moment, Stop], Reading | None]] = {
    OutputsProbe: outputs,
    OperationProbe: operation,
    FiltersProbe: filters,
    UnitMapsProbe: unit_maps,
    StrongestProbe: strongest,
}
"""What may be broken off."""
