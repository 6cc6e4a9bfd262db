"""The error that a formula gives, known exactly at every place: gradient, Hessian, and the minimum that lies below."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.network.formula.errors import FormulaError
from lab.network.formula.facts import Curvature, curvature, minimum_below
from lab.network.formula.jets import jet
from lab.network.formula.known import known
from lab.network.formula.tree import Number, Tree, X, Y, apply, plus, square, times
from lab.network.layers import Formula
from lab.training.moment import Moment
from lab.training.survey.penalty import Penalty

if TYPE_CHECKING:
    from lab.training.survey.error import ErrorOf

Values = NDArray[np.float64]
NOWHERE = np.full(2, np.nan)


class ByFormula:
    """The error as a formula, with the tilts of its examples and its penalty in it, at a place `here`."""

    def __init__(self, tree: Tree, here: Values) -> None:
        self.tree, self.here = tree, here

    @property
    def _curvature(self) -> Curvature:
        return curvature(self.tree, *self.here.tolist())

    @property
    def hessian(self) -> Values:
        """[2, 2], here; NaN where there is none."""
        return self._curvature.hessian

    @property
    def largest_rate(self) -> float:
        return self._curvature.largest_rate

    def gradient(self, weights: Values) -> Values:
        """[2], anywhere."""
        return jet(self.tree, *weights.tolist()).gradient

    def way_to_minimum(self, weights: Values) -> Values:
        """[2], to the nearest minimum of a known surface, else to the one below; NaN where none is found."""
        surface = known(self.tree)
        if surface is not None and surface.minima:
            ways = np.array(surface.minima) - weights
            nearest: Values = ways[np.square(ways).sum(1).argmin()]
            return nearest
        found = minimum_below(self.tree, *weights.tolist())
        return NOWHERE if found is None else np.array(found) - weights


def by_formula(moment: Moment, error: ErrorOf) -> ByFormula | None:
    """None where the network is no formula, or the height no error."""
    return None if error.tree is None else ByFormula(error.tree, moment.params.astype(np.float64))


def tree_of(experiment: Experiment, inputs: NDArray[np.float32], penalty: Penalty | None) -> Tree | None:
    """The mean error over examples [n, 2, 1, 1] of an experiment's formula, and its penalty, if it has one; None where
    the network is no formula.
    """
    layer = formula_of(experiment)
    if layer is None:
        return None
    n1, n2 = inputs.reshape(len(inputs), 2).mean(0, dtype=np.float64).tolist()
    l1, l2 = (np.zeros(2), np.zeros(2)) if penalty is None else (penalty.l1, penalty.l2)
    return _whole(layer.tree, (n1, n2), (*l1.tolist(), *l2.tolist()))


@lru_cache(maxsize=64)
def _whole(tree: Tree, tilt: tuple[float, ...], penalty: tuple[float, ...]) -> Tree:
    """f + n1 x + n2 y + l1 |w| + l2 / 2 w**2; what is 0 is left out."""
    for k, weight in enumerate((X, Y)):
        tree = plus(tree, times(Number(tilt[k]), weight))
        tree = plus(tree, times(Number(penalty[k]), apply("abs", weight)))
        tree = plus(tree, times(Number(penalty[2 + k] / 2), square(weight)))
    return tree


def formula_of(experiment: Experiment) -> Formula | None:
    """The formula that the network is, if it is one."""
    layers = [node.layer for node in experiment.network.nodes]
    return layers[0] if len(layers) == 1 and isinstance(layers[0], Formula) else None


def worth_seeing(moment: Moment, shrink: float) -> Values:
    """Corners [n, 2] of what is worth seeing of a known surface, drawn in about its middle; none of another."""
    layer = formula_of(moment.experiment)
    try:
        found = None if layer is None else known(layer.tree)
    except FormulaError:
        found = None
    if found is None:
        return np.empty((0, 2))
    corners = np.array(found.frame).T
    middle = corners.mean(0)
    seen: Values = middle + shrink * (corners - middle)
    return seen
