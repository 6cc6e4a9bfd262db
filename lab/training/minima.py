"""Minima of the error that are known exactly, without looking for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.learning.losses import SquaredError
from lab.learning.regularization import Regularization
from lab.network.activations import Linear
from lab.network.layers import Dense
from lab.training.moment import Moment

MOST = 512
"""Weights of a linear neuron whose minimum is worked out."""


def known_minima(moment: Moment) -> tuple[NDArray[np.float64], ...]:
    """Parameter vectors where the training error is lowest; none where that is not known."""
    neuron = _linear_neuron(moment)
    return () if neuron is None else (neuron,)


def _linear_neuron(moment: Moment) -> NDArray[np.float64] | None:
    """Least squares over the training part, without penalties. Where several solutions are as good, there is none."""
    experiment = moment.experiment
    nodes = experiment.network.nodes
    if len(nodes) != 1 or not isinstance(nodes[0].layer, Dense) or moment.params.size > MOST:
        return None
    layer = nodes[0].layer
    if not isinstance(layer.activation, Linear) or not isinstance(experiment.loss, SquaredError):
        return None
    if experiment.regularization != Regularization():
        return None
    part = moment.prepared.training
    X = part.inputs.reshape(len(part), -1).astype(np.float64)
    X = np.hstack([X, np.ones((len(X), 1))]) if layer.bias else X
    W, _, rank, _ = np.linalg.lstsq(X, moment.targets(part).astype(np.float64), rcond=None)
    if rank < X.shape[1]:
        return None
    weights = W[:-1] if layer.bias else W
    return np.concatenate([weights.T.ravel(), W[-1] if layer.bias else np.zeros(0)])
