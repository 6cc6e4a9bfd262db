"""The error of a linear neuron, a quadratic whose every fact is known exactly."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from lab.learning.losses import SquaredError
from lab.network.activations import Linear
from lab.network.layers import Dense
from lab.training.moment import Moment
from lab.training.survey.error import ErrorOf, Values, Vector

MOST = 1024
"""Weights up to which the Hessian is written down."""


class LinearNeuron:
    """E(w) = s/2 |t - X w|**2 + sum l2/2 w**2, X [n, P], in float64. Of a neuron with a bias the last column is 1.

    s is 1/n or 1, as examples are averaged or added up, and twice that where the loss leaves out the 1/2.
    """

    def __init__(self, inputs: Values, targets: Values, scale: float, l2: Values) -> None:
        self.inputs, self.targets, self.scale, self.l2 = inputs, targets, scale, l2

    @cached_property
    def hessian(self) -> Values:
        """s X'X + diag(l2), [P, P]."""
        found: Values = self.scale * self.inputs.T @ self.inputs + np.diag(self.l2)
        return found

    @cached_property
    def eigenvalues(self) -> Values:
        """The largest first."""
        return np.asarray(np.linalg.eigvalsh(self.hessian), np.float64)[::-1]

    def gradient(self, weights: Vector) -> Values:
        w = weights.astype(np.float64)
        found: Values = self.scale * self.inputs.T @ (self.inputs @ w - self.targets) + self.l2 * w
        return found

    def way_to_minimum(self, weights: Vector) -> Values:
        """To the nearest minimum: there may be a whole plane of them."""
        rows = [np.sqrt(self.scale) * self.inputs, np.diag(np.sqrt(self.l2))[self.l2 > 0]]
        w = weights.astype(np.float64)
        left = [np.sqrt(self.scale) * (self.targets - self.inputs @ w), -(np.sqrt(self.l2) * w)[self.l2 > 0]]
        found: Values = np.linalg.lstsq(np.concatenate(rows), np.concatenate(left), rcond=None)[0]
        return found


def linear_neuron(moment: Moment, error: ErrorOf) -> LinearNeuron | None:
    """The linear neuron that a network is on these examples; None if it is none, or its error no quadratic."""
    e = moment.experiment
    nodes, loss = e.network.nodes, e.loss
    if len(nodes) != 1 or not isinstance(loss, SquaredError):
        return None
    layer = nodes[0].layer
    if not (isinstance(layer, Dense) and layer.units == 1 and isinstance(layer.activation, Linear)):
        return None
    if moment.params.size > MOST:
        return None
    l2 = np.zeros(moment.params.size)
    if error.height == "objective" and not error.penalty.l1.any():
        l2 = error.penalty.l2
    elif error.height != "loss":
        return None
    examples = error.examples
    inputs = examples.part.inputs[examples.indices].reshape(len(examples.indices), -1).astype(np.float64)
    if layer.bias:
        inputs = np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)
    targets = moment.targets(examples.part, examples.indices)[:, 0].astype(np.float64)
    whole = loss.constants[2] or 1.0
    return LinearNeuron(inputs, targets, whole if loss.sums_examples else whole / len(inputs), l2)
