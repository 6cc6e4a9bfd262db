"""A network of two inputs over the whole plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.data.source import Bounds
from lab.training.looking import as_scores, outputs_at
from lab.training.moment import Moment
from lab.training.probes import Array, Decision, DecisionProbe


def is_plane(moment: Moment) -> bool:
    """Whether the network makes of each point of a plane a vector."""
    return moment.shape.size == 2 and moment.output.is_vector


def maps_of(moment: Moment, bounds: Bounds, n: int) -> dict[str, Array]:
    """Every layer's outputs [units, n, n] on a lattice of the plane, row 0 at the lowest second input."""
    x, y = (np.linspace(*limits, n, dtype=np.float32) for limits in bounds)
    raw = np.stack(np.broadcast_arrays(x[None, :], y[:, None]), -1).reshape(-1, 2, 1, 1)
    return {name: values.reshape(-1, n, n) for name, values in outputs_at(moment, raw).items()}


def decision(probe: DecisionProbe, moment: Moment) -> Decision | None:
    bounds = moment.experiment.data.bounds()
    if bounds is None or not is_plane(moment):
        return None
    layers = maps_of(moment, bounds, probe.resolution)
    output = layers[moment.experiment.network.nodes[-1].name]
    score, winner = lean(moment, output)
    return Decision(layers=layers, bounds=bounds, score=score, winner=winner)


def lean(moment: Moment, output: Array) -> tuple[Array | None, NDArray[np.int64] | None]:
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
