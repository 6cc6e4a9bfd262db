"""The moments that a plane goes through: weights of runs at steps, as exactly as they are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.training.moment import Moment
from lab.training.run import Run
from lab.training.surfaces import SurfaceProbe

Vector = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Anchor:
    """Weights of a run, called `name`, at a step: `step` is the one that they are of."""

    run: int
    name: str
    step: int
    vector: Vector

    @property
    def title(self) -> str:
        return f"run {self.name}, step {self.step:,}"


def anchors_of(probe: SurfaceProbe, moment: Moment) -> tuple[tuple[Anchor, ...], str]:
    """The anchors that are to be had, and what is to be said of them; of each the nearest step that is kept."""
    found, said = [], []
    for run, step in probe.anchors:
        anchor = _anchor(run, step, moment)
        if anchor is None:
            said.append(f"run {run} is not there, or has other weights")
            continue
        if anchor.step != step:
            said.append(f"of run {anchor.name}, step {anchor.step:,} is kept, and step {step:,} is not")
        found.append(anchor)
    return tuple(found), "; ".join(said)


def _anchor(run: int, step: int, moment: Moment) -> Anchor | None:
    walks = {
        moment.run: (moment.name, moment.path_steps, moment.path_vectors, moment.step, moment.params),
        **{o.run: (o.name, o.path_steps, o.path_vectors, o.step, o.params) for o in moment.others},
    }
    if run not in walks:
        return None
    name, path_steps, path_vectors, here, params = walks[run]
    exact = moment.anchors.get((run, step))
    if exact is not None and len(exact) == len(moment.params):
        return Anchor(run, name, step, exact)
    steps = np.append(path_steps, here)
    nearest = int(np.argmin(np.abs(steps - step)))
    vector = params if nearest == len(path_steps) else path_vectors[nearest]
    return Anchor(run, name, int(steps[nearest]), vector)


def weights_at(run: Run, step: int) -> Vector | None:
    """A run's weights at a step, where it holds them and they are of the network that it has now."""
    if step == run.step:
        return run.params.copy()
    steps, vectors = run.path.points(run.step)
    at = int(np.searchsorted(steps, step))
    if at < len(steps) and steps[at] == step:
        return vectors[at]
    if run.timeline.has(step):
        state = run.timeline.before(step)
        if state.parameters == run.program.parameters:
            return state.params
    return None
