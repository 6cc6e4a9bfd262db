"""The linear neuron that a network is, on the examples that an error is over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lab.landscape.linear_neuron import LinearNeuron, linear_neuron
from lab.training.moment import Moment
from lab.training.survey.by_formula import ByFormula, by_formula
from lab.training.survey.error import ErrorOf

MOST = 1024
"""Weights up to which its Hessian is written down."""


def exact(moment: Moment, error: ErrorOf) -> LinearNeuron | ByFormula | None:
    """What is known exactly of an error: of a linear neuron's, and of one that is a formula. None of another."""
    return by_formula(moment, error) or of_neuron(moment, error)


def of_neuron(moment: Moment, error: ErrorOf) -> LinearNeuron | None:
    """None where the network is no linear neuron, or its error no quadratic.

    A penalty of l2 / 2 * w**2 is a case more: one whose input is the weight's alone, and whose target is 0.
    """
    if len(moment.experiment.network.nodes) != 1 or moment.params.size > MOST or not error.has_slope:
        return None
    part, at = error.examples.part, error.examples.indices
    targets = moment.targets(part, at)
    examples = replace(part, inputs=part.inputs[at], targets=targets, indices=part.indices[at])
    found = linear_neuron(moment.experiment.network, moment.experiment.loss, examples)
    if found is None or error.height == "loss" or error.penalty.is_none:
        return found
    if error.penalty.l1.any():
        return None
    pulled = np.flatnonzero(error.penalty.l2)
    rows = np.zeros((len(pulled), found.inputs.shape[1]))
    rows[np.arange(len(pulled)), pulled] = np.sqrt(error.penalty.l2[pulled] / (2 * found.factor))
    return LinearNeuron(
        np.concatenate([found.inputs, rows]),
        np.concatenate([found.targets, np.zeros(len(pulled))]),
        found.factor,
    )
