"""The bowl of a linear neuron, exactly: its Hessian, axes, condition, largest stable rate, and its minimum.

E(w) = factor · Σ (t − w·x)² over the cases: a parabola in w, whose Hessian 2 · factor · Σ x xᵀ is the same everywhere.
A bias is one more weight, whose input is 1. All in float64, from the inputs as the neuron gets them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lab.data.prepare import Part
from lab.learning.losses import Loss, SquaredError
from lab.network.activations import Linear
from lab.network.layers import Dense
from lab.network.network import Network

Values = NDArray[np.float64]
NEGLIGIBLE = 1e-12
"""Below this share of the largest, an eigenvalue is 0 but for rounding: the bowl is a trough."""


@dataclass(frozen=True, eq=False)
class LinearNeuron:
    """`inputs` are [n, P], with a column of ones at the end for a bias, `targets` [n]; E = factor · Σ (t − w·x)²."""

    inputs: Values
    targets: Values
    factor: float

    @cached_property
    def hessian(self) -> Values:
        """[P, P]"""
        return 2 * self.factor * (self.inputs.T @ self.inputs)

    @cached_property
    def _axes(self) -> tuple[Values, Values]:
        """By the inputs' own singular values: their squares lose nothing, as an eigenvalue of XᵀX would."""
        _, singular, rows = np.linalg.svd(self.inputs)
        squares = np.zeros(len(rows))
        squares[: len(singular)] = singular**2
        return 2 * self.factor * squares, rows

    @property
    def eigenvalues(self) -> Values:
        """[P], the largest first."""
        return self._axes[0]

    @property
    def eigenvectors(self) -> Values:
        """[P, P] in rows, in the order of the eigenvalues: the axes of the ellipses, the shortest first."""
        return self._axes[1]

    @property
    def condition(self) -> float:
        """The largest eigenvalue by the smallest; infinite where the bowl is a trough."""
        most, least = float(self.eigenvalues[0]), float(self.eigenvalues[-1])
        return most / least if least > NEGLIGIBLE * most else math.inf

    @property
    def largest_rate(self) -> float:
        """Below it plain descent on all cases comes to the minimum: 2 / the largest eigenvalue."""
        most = float(self.eigenvalues[0])
        return 2 / most if most > 0 else math.inf

    @cached_property
    def minimum(self) -> Values:
        """[P]; of a trough that which lies nearest to 0."""
        return np.asarray(np.linalg.lstsq(self.inputs, self.targets, rcond=None)[0], np.float64)

    def way_to_minimum(self, weights: Values) -> Values:
        """[P], from weights [P] to the minimum; of a trough to the nearest."""
        left = self.targets - self.inputs @ weights
        return np.asarray(np.linalg.lstsq(self.inputs, left, rcond=None)[0], np.float64)

    def error(self, weights: Values) -> Values:
        """At weights [..., P]."""
        away = self.targets - weights @ self.inputs.T
        total: Values = self.factor * np.square(away).sum(-1)
        return total

    def gradient(self, weights: Values) -> Values:
        """[P] at weights [P]."""
        found: Values = -2 * self.factor * (self.targets - self.inputs @ weights) @ self.inputs
        return found

    def constraint(self, case: int) -> tuple[float, ...]:
        """(x₁, …, x_P, t): the case is content wherever x·w = t. Of two weights that is a line (A3)."""
        return (*self.inputs[case].tolist(), float(self.targets[case]))


def linear_neuron(network: Network, loss: Loss, part: Part) -> LinearNeuron | None:
    """The linear neuron that a network is on some examples; None where it is none, or its error is not squared.

    The order of the weights is that of the flat vector.
    """
    layers = [node.layer for node in network.nodes]
    if len(layers) != 1 or not isinstance(layers[0], Dense) or not isinstance(loss, SquaredError):
        return None
    neuron, targets = layers[0], part.targets
    if neuron.units != 1 or not isinstance(neuron.activation, Linear) or targets is None or not len(part):
        return None
    inputs = part.inputs.reshape(len(part), -1).astype(np.float64)
    if neuron.bias:
        inputs = np.concatenate([inputs, np.ones((len(part), 1))], axis=1)
    # over the outputs, of which there is one, a sum has a half before it and a mean has none
    factor = (0.5 if loss.over_outputs == "sum" else 1.0) / (1 if loss.sums_examples else len(part))
    return LinearNeuron(inputs, targets[:, 0].astype(np.float64), factor)
