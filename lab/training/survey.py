"""Surveys of the error surface: a plane is chosen, then its errors are filled in, coarse first, then finer.

A survey outlives the moment it was begun at: the surface over a plane stays true while training goes on, only the
path on it grows. A new plane is chosen when the path has left the old one behind. Other runs that walk through the
same space are drawn on the same plane, and it is chosen and framed for all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.kernels import interpreter
from lab.kernels.interpreter import TALLY
from lab.kernels.memory import aligned
from lab.landscape.plane import Plane, path_plane, random_plane, weights_plane
from lab.network.program import lower
from lab.training.moment import Moment, OtherPath
from lab.training.readings import NEVER
from lab.training.surfaces import Footprints, Surface, SurfaceProbe

MARGIN = 0.35
"""Room around the path, as a share of its extent."""
LEVELS = (8, 4, 2, 1)
"""First every eighth point of every eighth row is computed, then every fourth, and so on."""
DEAREST, FEWEST = 40e9, 8
"""Multiply-adds a whole surface may cost: larger networks are surveyed on fewer examples, down to so few."""
TOO_DEAR = 4e12, 2e10
"""Multiply-adds, and numbers to be written down (points times parameters), beyond which there is no surface."""
AT_A_TIME = 64 << 20
"""Bytes of points that are evaluated in one call, if it is not a single one."""

OTHER_POINTS = 100
"""Of another run's path so many points are projected."""
MAIN_DIRECTIONS_OF = 64
"""So many points, of all paths together, tell the main directions as well as all do."""
OUTLIER = 30
"""A run that has gone so many times as far as the weights are long here does not decide the frame."""

AT_ONCE = 4
"""Surveys that are kept."""
FARTHEST = 1e9
"""A weight as large as this is beyond any picture."""

Evaluate = Callable[[NDArray[np.float32], NDArray[np.int64]], NDArray[np.float64]]
"""(points [k, P], stop) -> errors [k], or fewer where stopped."""


@dataclass(frozen=True)
class Footprint:
    """A point of the path as the survey sees it. `vector` is kept so that it can be recognised."""

    vector: NDArray[np.float32]
    x: float
    y: float
    distance: float
    error: float


@dataclass(eq=False)
class Survey:
    """One surface in the making."""

    probe: SurfaceProbe
    plane: Plane
    begun: Moment
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    errors: NDArray[np.float64]
    examples: int
    framed: frozenset[int] = frozenset()
    """The other runs whose paths lie within the frame."""
    footprints: dict[int, Footprint] = field(default_factory=dict)

    @property
    def plane_is_random(self) -> bool:
        return "random" in self.plane.axes[0]

    @property
    def level(self) -> int:
        """The finest of LEVELS of which every point is known; the coarsest while none is."""
        whole = (level for level in reversed(LEVELS) if not np.isnan(self.errors[::level, ::level]).any())
        return next(whole, LEVELS[0])


class Surveyor:
    """Fills in the surfaces that are asked for. Belongs to one thread."""

    def __init__(self) -> None:
        self._surveys: dict[SurfaceProbe, Survey] = {}

    def look(
        self, probe: SurfaceProbe, moment: Moment, seconds: float, stop: NDArray[np.int64]
    ) -> Surface | None:
        """The surface of `probe` after up to `seconds` of work on it, or less if `stop[0]` is set.

        Points that were done are not done again: look again to go on. None for a network that is too large.
        """
        if too_dear(moment.experiment, probe):
            return None
        moment = within_reason(moment)
        survey = self._surveys.pop(probe, None)
        if survey is None or not still_good(survey, probe, moment):
            survey = begin(probe, moment)
        # the last one asked for stands last; those that nobody has asked for lately go
        self._surveys[probe] = survey
        while len(self._surveys) > AT_ONCE:
            del self._surveys[next(iter(self._surveys))]
        evaluate = self._evaluator(survey, moment)
        until = time.perf_counter() + seconds
        most = max(1, AT_A_TIME // moment.params.nbytes)
        for level in LEVELS:
            for row in range(0, len(survey.y), level):
                columns = np.arange(0, len(survey.x), level)
                columns = columns[np.isnan(survey.errors[row, columns])]
                for some in np.split(columns, range(most, len(columns), most)):
                    if not len(some):
                        continue
                    if stop[0] or time.perf_counter() > until:
                        return self._surface(survey, moment, evaluate, until)
                    found = evaluate(survey.plane.points(survey.x[some], survey.y[row]), stop)
                    # an error that is not finite is drawn as the highest there is, not as a hole
                    survey.errors[row, some[: len(found)]] = np.nan_to_num(found, nan=np.inf, posinf=np.inf)
        return self._surface(survey, moment, evaluate, until)

    def _evaluator(self, survey: Survey, moment: Moment) -> Evaluate:
        e = moment.experiment
        program = lower(e.network, moment.shape, e.loss, gradients=False)
        part = moment.prepared.training
        count = survey.examples
        cases = interpreter.cases(part.inputs[:count], moment.targets(part, slice(count)))
        arena, order, tally = aligned(program.arena_size), np.arange(count), np.zeros(TALLY)

        def evaluate(points: NDArray[np.float32], stop: NDArray[np.int64]) -> NDArray[np.float64]:
            errors = np.empty(len(points))
            done = interpreter.evaluate_many(program.code, cases, order, arena, points, errors, tally, stop)
            return errors[:done] if e.loss.sums_examples else errors[:done] / count

        return evaluate

    def _surface(self, survey: Survey, moment: Moment, evaluate: Evaluate, until: float) -> Surface:
        path = [self._footprint(survey, vector, evaluate) for vector in moment.path_vectors]
        path.append(self._footprint(survey, moment.params, evaluate))
        others = self._others(survey, moment, evaluate, until)
        survey.footprints = {id(f.vector): f for f in (*path, *(f for each in others.values() for f in each))}
        every = survey.level
        return Surface(
            x=survey.x[::every],
            y=survey.y[::every],
            errors=survey.errors[::every, ::every].copy(),
            path=np.array([(f.x, f.y) for f in path]),
            path_errors=np.array([f.error for f in path]),
            path_steps=np.array([*moment.path_steps.tolist(), moment.step], np.int64),
            path_distances=np.array([f.distance for f in path]),
            axes=survey.plane.axes,
            cosine=survey.plane.cosine,
            examples=survey.examples,
            minimum=closed_form_minimum(moment) if len(moment.params) == 2 else None,
            complete=every == 1,
            others=tuple(seen_on_plane(other, others[other.run]) for other in moment.others),
        )

    def _others(
        self, survey: Survey, moment: Moment, evaluate: Evaluate, until: float
    ) -> dict[int, list[Footprint]]:
        """The other runs' points on the plane; their errors, the newest first, as far as the time goes."""
        found = {
            other.run: [
                self._footprint(survey, vector, None) for vector in (*other.path_vectors, other.params)
            ]
            for other in moment.others
        }
        longest = max(map(len, found.values()), default=0)
        for back in range(1, longest + 1):
            for points in found.values():
                if back <= len(points) and np.isnan(points[-back].error):
                    if time.perf_counter() > until:
                        return found
                    points[-back] = self._footprint(survey, points[-back].vector, evaluate)
        return found

    def _footprint(self, survey: Survey, vector: NDArray[np.float32], evaluate: Evaluate | None) -> Footprint:
        """Where a point of a path lies and its true error, each computed once; the error is NaN without `evaluate`."""
        known = survey.footprints.get(id(vector))
        if known is None or known.vector is not vector:
            coordinates, distances = survey.plane.project([vector])
            x, y = coordinates[0].tolist()
            known = Footprint(vector, x, y, float(distances[0]), float("nan"))
        if evaluate is None or not np.isnan(known.error):
            return known
        # not finite where the error is not: that is known then, and not worked out again
        error = float(np.nan_to_num(evaluate(vector[None], NEVER)[0], nan=np.inf, posinf=np.inf))
        return replace(known, error=error)


def seen_on_plane(other: OtherPath, points: list[Footprint]) -> Footprints:
    return Footprints(
        run=other.run,
        name=other.name,
        colour=other.colour,
        path=np.array([(f.x, f.y) for f in points]),
        path_errors=np.array([f.error for f in points]),
        path_steps=np.array([*other.path_steps.tolist(), other.step], np.int64),
        path_distances=np.array([f.distance for f in points]),
    )


def too_dear(experiment: Experiment, probe: SurfaceProbe) -> bool:
    """Whether a surface of this network would take many minutes: each point is a whole set of parameters."""
    points, analysis = probe.resolution**2, experiment.analysis
    work, numbers = FEWEST * (analysis.multiply_adds or 0), analysis.parameter_count or 0
    return points * work > TOO_DEAR[0] or points * numbers > TOO_DEAR[1]


def within_reason(moment: Moment) -> Moment:
    """The moment without points too far out to be drawn: a run that diverges leaves the picture, and the rest stays.

    Where the run stands that far out itself, the last point that can be drawn takes its place. Of other runs' paths
    there are fewer points.
    """
    steps, vectors, params = drawable(moment.path_steps, moment.path_vectors, moment.params)
    others = []
    for other in moment.others:
        if len(other.params) == len(params):
            every = -(-len(other.path_vectors) // OTHER_POINTS) or 1
            theirs = drawable(other.path_steps[::every], other.path_vectors[::every], other.params)
            others.append(replace(other, path_steps=theirs[0], path_vectors=theirs[1], params=theirs[2]))
    return replace(moment, params=params, path_steps=steps, path_vectors=vectors, others=tuple(others))


def drawable(
    steps: NDArray[np.int64], vectors: list[NDArray[np.float32]], params: NDArray[np.float32]
) -> tuple[NDArray[np.int64], list[NDArray[np.float32]], NDArray[np.float32]]:
    kept = [i for i, v in enumerate(vectors) if len(v) == len(params) and reasonable(v)]
    vectors = [vectors[i] for i in kept]
    if not reasonable(params):
        params = vectors[-1] if vectors else np.zeros_like(params)
    return steps[kept], vectors, params


def reasonable(vector: NDArray[np.float32]) -> bool:
    return bool(np.abs(vector).max(initial=0.0) < FARTHEST)  # False for NaN too


def begin(probe: SurfaceProbe, moment: Moment) -> Survey:
    """Choose the plane and the frame for a moment."""
    plane = choose_plane(probe, moment)
    points, _ = plane.project([*moment.path_vectors, moment.params])
    framed: frozenset[int] = frozenset()
    if probe.plane == "random" and len(moment.params) > 2:
        points = np.zeros((1, 2))  # the neighbourhood of here, in units of the weights' own size
    else:
        points, framed = with_others(points, plane, moment)
    extra = closed_form_minimum(moment) if len(moment.params) == 2 else None
    if extra is not None:
        points = np.concatenate([points, np.array([extra]), 2 * np.array([extra]) - points[-1:]])
    low, high = points.min(0), points.max(0)
    half = (high - low) / 2 * (1 + 2 * MARGIN)
    # a path that has hardly moved in one direction still gets a picture: at least a third of the other's extent
    half = np.maximum(half, max(float(half.max()) / 3, 1e-6))
    if probe.extent > 0:
        half = np.full(2, probe.extent)
    elif half.max() < 1e-3:
        half = np.full(2, 1.0)
    centre = (low + high) / 2
    x, y = (np.linspace(c - h, c + h, probe.resolution) for c, h in zip(centre, half, strict=True))
    macs = max(moment.experiment.analysis.multiply_adds or 1, 1)
    examples = min(
        len(moment.prepared.training),
        max(FEWEST, min(probe.examples, int(DEAREST / (macs * probe.resolution**2)))),
    )
    return Survey(probe, plane, moment, x, y, np.full((len(y), len(x)), np.nan), examples, framed)


def with_others(
    points: NDArray[np.float64], plane: Plane, moment: Moment
) -> tuple[NDArray[np.float64], frozenset[int]]:
    """The points of the path and before them those of other runs, and which these are.

    A run that has gone off very far leaves the picture rather than make it too small for the others.
    """
    theirs = {o.run: plane.project([*o.path_vectors, o.params])[0] for o in moment.others}
    most = OUTLIER * max(float(np.linalg.norm(moment.params)), float(np.ptp(points, axis=0).max()), 1.0)
    framed = [run for run, each in theirs.items() if float(np.ptp(each, axis=0).max()) <= most]
    return np.concatenate([*(theirs[run] for run in framed), points]), frozenset(framed)


def choose_plane(probe: SurfaceProbe, moment: Moment) -> Plane:
    params, parameters = moment.params, moment.program.parameters
    if len(params) == 1:
        return Plane(
            np.zeros_like(params), np.ones_like(params), np.zeros_like(params), (weight_name(moment, 0), "")
        )
    if len(params) == 2:
        return weights_plane(params, 0, 1, (weight_name(moment, 0), weight_name(moment, 1)))
    if probe.plane == "weights":
        first, second = (min(max(i, 0), len(params) - 1) for i in (probe.first, probe.second))
        return weights_plane(params, first, second, (weight_name(moment, first), weight_name(moment, second)))
    paths = [moment.path_vectors, *(other.path_vectors for other in moment.others)]
    each = max(MAIN_DIRECTIONS_OF // len(paths), 8)
    some = [vector for path in paths for vector in path[:: max(1, len(path) // each)]]
    some += [other.params for other in moment.others]
    if probe.plane == "path" and (plane := path_plane([*some, params])):
        return plane
    return random_plane(params, parameters, moment.experiment.seed)


def still_good(survey: Survey, probe: SurfaceProbe, moment: Moment) -> bool:
    """Whether the survey's plane still serves: the same question, the same error, and the path within its frame."""
    a, b = survey.begun.experiment, moment.experiment
    same = survey.probe == probe and moment.prepared is survey.begun.prepared
    if not same or (a.network, a.loss) != (b.network, b.loss):
        return False
    standing = [moment.params, *(o.params for o in moment.others if o.run in survey.framed)]
    coordinates, distances = survey.plane.project(standing)
    x, y = coordinates.T
    inside = bool(np.all((survey.x[0] <= x) & (x <= survey.x[-1]) & (survey.y[0] <= y) & (y <= survey.y[-1])))
    if len(moment.params) <= 2:
        return inside
    points = len(moment.path_vectors) + sum(len(other.path_vectors) for other in moment.others)
    if probe.plane == "path" and survey.plane_is_random and points >= 3:
        return moment.step == survey.begun.step  # there has been no more to see yet
    begun = survey.begun.step
    if probe.plane == "weights":
        # the other weights move on: the section through them is another one by and by
        return inside and begun / 1.5 <= moment.step <= max(20, 1.5 * begun)
    grown = moment.step > max(10, 1.5 * begun) or moment.step < begun
    span = max(np.ptp(survey.x), np.ptp(survey.y)) * float(np.linalg.norm(survey.plane.d1))
    return inside and not (grown and bool(distances.max() > 0.05 * span))


def weight_name(moment: Moment, index: int) -> str:
    """A weight as a person reads it: "dense1.weight [0, 1]"."""
    for p in moment.program.parameters:
        at = moment.program.offsets[p.name]
        if at <= index < at + p.size:
            place = ", ".join(str(int(i)) for i in np.unravel_index(index - at, p.shape))
            return f"{p.name} [{place}]"
    return f"weight {index}"


def closed_form_minimum(moment: Moment) -> tuple[float, float] | None:
    """The minimum of a linear neuron with two weights, by least squares; None for anything else."""
    nodes = moment.experiment.network.nodes
    part = moment.prepared.training
    linear = len(nodes) == 1 and getattr(nodes[0].layer, "activation", None).__class__.__name__ == "Linear"
    if not linear or part.targets is None or part.targets.shape[1] != 1 or moment.experiment.loss.kind != 1:
        return None
    X = part.inputs.reshape(len(part), -1).astype(np.float64)
    w, *_ = np.linalg.lstsq(X, part.targets[:, 0].astype(np.float64), rcond=None)
    return (float(w[0]), float(w[1])) if len(w) == 2 else None
