"""Minima of the error that are known exactly: of a surface that is given by a formula, and of a linear neuron."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lab.data.prepare import Prepared
from lab.experiment.experiment import Experiment
from lab.landscape.linear_neuron import linear_neuron
from lab.learning.losses import AnyLoss
from lab.learning.regularization import Regularization
from lab.network.formula.facts import minimum_below
from lab.network.formula.known import known
from lab.network.layers import Formula
from lab.network.network import Network
from lab.training.moment import Moment

MOST = 64
"""Weights up to which the minimum of a linear neuron is worked out."""

Point = NDArray[np.float64]


def known_minima(moment: Moment) -> tuple[Point, ...]:
    """Parameter vectors where the training error is lowest; none where that is not known, or penalties move it."""
    experiment = moment.experiment
    if experiment.regularization != Regularization() or moment.params.size > MOST:
        return ()
    formula = formula_of(experiment)
    if formula is not None:
        return _of_formula(formula)
    return _of_neuron(experiment.network, experiment.loss, moment.prepared)


def formula_of(experiment: Experiment) -> Formula | None:
    """The formula that an experiment's error is."""
    layers = [node.layer for node in experiment.network.nodes]
    return layers[0] if len(layers) == 1 and isinstance(layers[0], Formula) else None


def _of_formula(formula: Formula) -> tuple[Point, ...]:
    """Those of a known surface; of another the one that lies below its start."""
    surface = known(formula.tree)
    if surface is not None:
        return tuple(np.array(spot) for spot in surface.minima)
    spot = minimum_below(formula.tree, formula.x, formula.y)
    return () if spot is None else (np.array(spot),)


@lru_cache(maxsize=8)
def _of_neuron(network: Network, loss: AnyLoss, prepared: Prepared) -> tuple[Point, ...]:
    """That of the bowl over all training examples; of a trough none, for it has no lowest point."""
    neuron = linear_neuron(network, loss, prepared.training)
    return () if neuron is None or not math.isfinite(neuron.condition) else (neuron.minimum,)
