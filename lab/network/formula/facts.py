"""Exact facts of a surface that is given by a formula: its Hessian at a point, and the minimum below a point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lab.network.formula.jets import Jet, jet, value
from lab.network.formula.tree import Tree

Values = NDArray[np.float64]
STEPS = 300
FAR = 1e6
"""A point out there is no minimum, but the way down a slope without end."""


@dataclass(frozen=True, eq=False)
class Curvature:
    """A surface at a point, exact to rounding. `eigenvalues` are the Hessian's, the larger first, `eigenvectors`
    [2, 2] theirs in rows. `condition` is the ratio of the eigenvalues, NaN unless both are above 0; `largest_rate`
    that of plain steepest descent, 2 / the larger eigenvalue, NaN unless that is above 0.
    """

    value: float
    gradient: Values
    hessian: Values
    eigenvalues: Values
    eigenvectors: Values
    condition: float
    largest_rate: float


def curvature(tree: Tree, x: float, y: float) -> Curvature:
    """All numbers are NaN where the formula, or a derivative, is not finite."""
    at = jet(tree, x, y)
    hessian = at.hessian
    if not at.is_finite:
        nan = math.nan
        nothing = np.full(2, nan)
        return Curvature(nan, nothing, np.full((2, 2), nan), nothing, np.full((2, 2), nan), nan, nan)
    eigenvalues, columns = np.linalg.eigh(hessian)
    least, most = float(eigenvalues[0]), float(eigenvalues[1])
    return Curvature(
        value=float(at.value),
        gradient=at.gradient,
        hessian=hessian,
        eigenvalues=eigenvalues[::-1].copy(),
        eigenvectors=columns.T[::-1].copy(),
        condition=most / least if least > 0 else math.nan,
        largest_rate=2 / most if most > 0 else math.nan,
    )


@lru_cache(maxsize=256)
def minimum_below(tree: Tree, x: float, y: float) -> tuple[float, float] | None:
    """A minimum that the way down from (x, y) leads to; None where there is none, or it is not found.

    Newton's steps, by the Hessian with its eigenvalues made positive, no longer than its parabola is to be trusted
    (Nocedal and Wright, 2006, algorithm 4.1). A saddle, a level place and the floor of a trough are no minima.
    """
    here, reach = np.array([x, y], np.float64), 0.5
    at = jet(tree, *here)
    for _ in range(STEPS):
        if not at.is_finite or np.linalg.norm(here) > FAR:
            return None
        if not np.linalg.norm(at.gradient) > _rounding(at, here):
            break
        step, promised = _step(at, reach)
        there = jet(tree, *(here + step))
        trusted = _trusted(at, there, promised)
        if trusted > 0.9:
            reach *= 2
        elif not trusted > 0.5:
            reach = float(np.linalg.norm(step)) / 4
        if trusted > 0.1:
            here, at = here + step, there
        elif reach < 1e-16 * (1 + np.linalg.norm(here)):
            break
    return (float(here[0]), float(here[1])) if _is_lowest(tree, here) else None


def _step(at: Jet, reach: float) -> tuple[Values, float]:
    """A step no longer than `reach`, and by how much the parabola says that it leads down."""
    eigenvalues, vectors = np.linalg.eigh(at.hessian)
    most = float(np.abs(eigenvalues).max())
    lengths = np.maximum(np.abs(eigenvalues), 1e-12 * max(1.0, most))
    step: Values = -vectors @ ((vectors.T @ at.gradient) / lengths)
    step *= min(1.0, reach / float(np.linalg.norm(step)))
    return step, -float(at.gradient @ step + step @ at.hessian @ step / 2)


def _trusted(here: Jet, there: Jet, promised: float) -> float:
    """Which share of the way down that was promised was found. At a pole it is NaN, which is above nothing.

    Where the way is so short that rounding hides it in the value, the gradient says whether it leads to the minimum.
    """
    if promised <= 1e-12 * abs(float(here.value)):
        return float(np.linalg.norm(there.gradient) < np.linalg.norm(here.gradient))
    return float(here.value - there.value) / promised if promised > 0 else 0.0


def _is_lowest(tree: Tree, here: Values) -> bool:
    """Whether all places around lie higher, and the ground is level."""
    at = jet(tree, *here)
    if not at.is_finite or np.linalg.norm(at.gradient) > 1e-6 * (1 + float(np.abs(at.second).max())):
        return False
    turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    ring = here[:, None] + 1e-3 * (1 + np.linalg.norm(here)) * np.stack([np.cos(turn), np.sin(turn)])
    return bool((value(tree, *ring) > at.value).all())


def _rounding(at: Jet, here: Values) -> float:
    """A gradient so small is rounding alone."""
    return 1e-15 * float(np.abs(at.second).max()) * max(1.0, float(np.linalg.norm(here)))
