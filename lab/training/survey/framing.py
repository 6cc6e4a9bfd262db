"""The frame of a surface: a plane, and which part of it is shown. It serves until the path has left it behind."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lab.training.moment import Moment, OtherPath
from lab.training.readings import NEVER
from lab.training.surfaces import SurfaceProbe
from lab.training.survey.anchors import Anchor
from lab.training.survey.error import ErrorOf
from lab.training.survey.wish import Choice, Wish

Values = NDArray[np.float64]
Vector = NDArray[np.float32]

MARGIN = 0.35
"""Room around the path, as a share of its extent."""
OTHER_POINTS = 100
"""Of another run's path so many points are projected."""
FAR, GONE = 30, 1000
"""A run that has gone so many times as far as the weights were long at its start, to no good, does not decide the
frame; nor does one that has gone this far to whatever.
"""
FARTHEST = 1e9
"""A weight as large as this is beyond any picture."""
OFF_PATH, OFF_SLOPE = 0.05, 0.5
"""How far off the plane, as shares of the frame's extent, a run may be before the plane is chosen anew: of planes that
show where a path goes, and of the one that shows where the gradient points.
"""


@dataclass(frozen=True, eq=False)
class Place:
    """Where a vector lies. It is kept so that it can be recognised."""

    vector: Vector
    x: float
    y: float
    distance: float


class Frame:
    """`x` and `y` are the places of columns and rows. `framed` are the other runs whose paths lie within it."""

    def __init__(self, choice: Choice, wish: Wish) -> None:
        self.choice, self.plane, self.begun = choice, choice.plane, wish.moment
        self.error, self.anchors = wish.error, wish.anchors
        self._places: dict[int, Place] = {}
        held = choice.held
        self.framed: frozenset[int] = frozenset()
        if not choice.alone:
            held = np.concatenate([held, self._path(wish.moment)])
        self.x, self.y = self._axes(held, wish.probe)
        self._stood = [wish.here, *(o.params for o in wish.moment.others if o.run in self.framed)]

    @property
    def step(self) -> int:
        """At which it was chosen."""
        return self.begun.step

    def places(self, vectors: list[Vector]) -> list[Place]:
        """Where vectors lie on the plane, each worked out once."""
        known = [self._places.get(id(v)) for v in vectors]
        new = [v for v, k in zip(vectors, known, strict=True) if k is None or k.vector is not v]
        coordinates, distances = self.plane.project(new)
        for v, (x, y), d in zip(new, coordinates.tolist(), distances.tolist(), strict=True):
            self._places[id(v)] = Place(v, x, y, d)
        return [self._places[id(v)] for v in vectors]

    def forget_but(self, vectors: list[Vector]) -> None:
        """Keep the places of these alone."""
        self._places = {id(v): place for v in vectors if (place := self._places.get(id(v))) is not None}

    def _path(self, moment: Moment) -> Values:
        """The points of the path, and before them those of other runs.

        A run that has gone off very far leaves the picture rather than make it too small for the others.
        """
        start = start_of(moment)
        own = [*moment.path_vectors, moment.params]
        if is_gone(moment.params, start, self.error):
            own = [v for v in own if not is_far(v, start)] or [start]
        paths = [own]
        for other in moment.others:
            if not is_gone(other.params, start, self.error):
                paths.insert(0, [*other.path_vectors, other.params])
                self.framed |= {other.run}
        found = self.places([v for path in paths for v in path])
        return np.array([(p.x, p.y) for p in found])

    def _axes(self, held: Values, probe: SurfaceProbe) -> tuple[Values, Values]:
        low, high = held.min(0), held.max(0)
        half = (high - low) / 2 * (1 + 2 * MARGIN)
        if not half.any() or (half.max() < 1e-3 and not self.choice.alone):
            half = np.ones(2)
        # a path that has hardly moved in one direction still gets a picture: at least a third of the other's extent
        half = np.maximum(half, float(half.max()) / 3)
        if probe.extent > 0:
            half = np.full(2, probe.extent)
        centre = (low + high) / 2
        x, y = (np.linspace(c - h, c + h, probe.resolution) for c, h in zip(centre, half, strict=True))
        return x, y if not self.plane.is_line else np.zeros(1)

    def holds(self, x: Values, y: Values) -> bool:
        """Whether points lie within it."""
        across = self.plane.is_line or bool(np.all((self.y[0] <= y) & (y <= self.y[-1])))
        return across and bool(np.all((self.x[0] <= x) & (x <= self.x[-1])))

    def is_of(self, moment: Moment) -> bool:
        """Whether it lies in the space of the moment's weights."""
        same_network = self.begun.experiment.network == moment.experiment.network
        return same_network and len(moment.params) == len(self.plane.origin)

    def still_serves(self, probe: SurfaceProbe, moment: Moment, anchors: tuple[Anchor, ...]) -> bool:
        """Whether it is still the answer: the same network and data, and the path within it."""
        if not self.is_of(moment):
            return False
        if probe.pinned:
            return True
        a, b = self.begun.experiment, moment.experiment
        if moment.prepared is not self.begun.prepared or a.loss != b.loss:
            return False
        if probe.plane == "moments" and not self._is_whole_space(moment) and not self.choice.makeshift:
            return len(anchors) == len(self.anchors) and all(
                np.array_equal(now.vector, then.vector)
                for now, then in zip(anchors, self.anchors, strict=True)
            )
        standing = [moment.params, *(o.params for o in moment.others if o.run in self.framed)]
        if len(standing) == len(self._stood) and all(map(np.array_equal, standing, self._stood)):
            return True  # there is no better one to be had
        start = start_of(moment)
        standing = [v for v in standing if not is_gone(v, start, self.error)]
        coordinates, distances = self.plane.project(standing)
        inside = self.holds(coordinates[:, 0], coordinates[:, 1])
        if self._is_whole_space(moment) or not len(standing):
            return inside
        return inside and self._is_near(probe, moment, float(distances.max()))

    def _is_near(self, probe: SurfaceProbe, moment: Moment, distance: float) -> bool:
        """Whether the plane still shows where the run goes, which is so far off it."""
        points, begun = len(moment.path_vectors) + sum(len(o.path_vectors) for o in moment.others), self.step
        if self.choice.makeshift and points >= 3:
            return moment.step == begun  # there has been no more to see yet
        if probe.plane == "weights":
            # the other weights move on: the section through them is another one by and by
            return begun / 1.5 <= moment.step <= max(20, 1.5 * begun)
        span = float(max(np.ptp(self.x), np.ptp(self.y)) * np.sqrt(self.plane.gram[0, 0]))
        if probe.plane == "gradient":
            return distance <= OFF_SLOPE * span
        grown = moment.step > max(10, 1.5 * begun) or moment.step < begun
        return not (grown and distance > OFF_PATH * span)

    def _is_whole_space(self, moment: Moment) -> bool:
        return len(moment.params) <= (1 if self.plane.is_line else 2)


def start_of(moment: Moment) -> Vector:
    """Where the path begins."""
    return moment.path_vectors[0] if moment.path_vectors else moment.params


def is_far(vector: Vector, start: Vector, times: float = FAR) -> bool:
    """Whether a vector is so many times as far from the start as the start is long, or 1."""
    return float(np.linalg.norm(vector - start)) > times * max(float(np.linalg.norm(start)), 1.0)


def is_gone(vector: Vector, start: Vector, error: ErrorOf) -> bool:
    """Whether a run that stands here has left the picture: far off, and worse than at the start."""
    if not is_far(vector, start):
        return False
    before, now = error.at(np.stack([start, vector]), NEVER)
    return is_far(vector, start, GONE) or not now < before


def within_reason(moment: Moment) -> Moment:
    """The moment without points too far out to be drawn: a run that diverges leaves the picture, and the rest stays.

    Where the run stands that far out itself, the last point that can be drawn takes its place. Of other runs' paths
    there are fewer points.
    """
    steps, vectors, params = _drawable(moment.path_steps, moment.path_vectors, moment.params)
    others: list[OtherPath] = []
    for other in moment.others:
        if len(other.params) == len(params):
            every = -(-len(other.path_vectors) // OTHER_POINTS) or 1
            theirs = _drawable(other.path_steps[::every], other.path_vectors[::every], other.params)
            others.append(replace(other, path_steps=theirs[0], path_vectors=theirs[1], params=theirs[2]))
    internals = moment.internals if params is moment.params else None
    return replace(
        moment,
        params=params,
        path_steps=steps,
        path_vectors=vectors,
        others=tuple(others),
        internals=internals,
    )


def _drawable(
    steps: NDArray[np.int64], vectors: list[Vector], params: Vector
) -> tuple[NDArray[np.int64], list[Vector], Vector]:
    kept = [i for i, v in enumerate(vectors) if len(v) == len(params) and is_reasonable(v)]
    vectors = [vectors[i] for i in kept]
    if not is_reasonable(params):
        params = vectors[-1] if vectors else np.zeros_like(params)
    return steps[kept], vectors, params


def is_reasonable(vector: Vector) -> bool:
    # False for NaN too; without the copy that np.abs makes: each look goes through all of the path
    return bool(vector.max(initial=0.0) < FARTHEST and vector.min(initial=0.0) > -FARTHEST)
