"""A formula's value, gradient and second derivatives at any points, in float64, exact to rounding.

Second-order forward mode: each part of the formula carries its value, two first and three second derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab.network.formula.elementary import ELEMENTARY
from lab.network.formula.tree import Apply, Number, Tree

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Jet:
    """`value` is [...], of any shape, `gradient` [2, ...] by x and y, `second` [3, ...] by xx, xy and yy."""

    value: Values
    gradient: Values
    second: Values

    @property
    def hessian(self) -> Values:
        """[2, 2, ...]"""
        xx, xy, yy = self.second
        return np.array([[xx, xy], [xy, yy]])


def value(tree: Tree, x: ArrayLike, y: ArrayLike) -> Values:
    """The formula at points [...]; not finite where it has no value."""
    places = {"x": np.asarray(x, np.float64), "y": np.asarray(y, np.float64)}
    shape = np.broadcast_shapes(places["x"].shape, places["y"].shape)
    found: dict[Tree, Values] = {}

    def of(part: Tree) -> Values:
        if isinstance(part, Number):
            return np.float64(part.value)  # type: ignore[return-value]
        if not isinstance(part, Apply):
            return places[part.name]
        if part not in found:
            found[part] = ELEMENTARY[part.operation].value(*map(of, part.operands))
        return found[part]

    with np.errstate(all="ignore"):
        return np.array(np.broadcast_to(of(tree), shape))


def jet(tree: Tree, x: ArrayLike, y: ArrayLike) -> Jet:
    """The formula and its derivatives at points [...]."""
    at = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    zero, one = np.zeros(at[0].shape), np.ones(at[0].shape)
    flat = np.stack([zero, zero, zero])
    places = {"x": Jet(at[0], np.stack([one, zero]), flat), "y": Jet(at[1], np.stack([zero, one]), flat)}
    found: dict[Tree, Jet] = {}

    def of(part: Tree) -> Jet:
        if isinstance(part, Number):
            return Jet(zero + part.value, np.stack([zero, zero]), flat)
        if not isinstance(part, Apply):
            return places[part.name]
        if part not in found:
            found[part] = _applied(part, *map(of, part.operands))
        return found[part]

    with np.errstate(all="ignore"):
        return of(tree)


def _applied(part: Apply, a: Jet, b: Jet | None = None) -> Jet:
    operation = ELEMENTARY[part.operation]
    if b is None:
        f = operation.value(a.value)
        return _through(a, f, operation.first(a.value, f), operation.second(a.value, f))
    match part.operation:
        case "plus":
            return Jet(a.value + b.value, a.gradient + b.gradient, a.second + b.second)
        case "minus":
            return Jet(a.value - b.value, a.gradient - b.gradient, a.second - b.second)
        case "times":
            return _product(a, b)
        case "divide":
            u = b.value
            quotient = _product(a, _through(b, 1 / u, -1 / u**2, 2 / u**3))
            return replace(quotient, value=a.value / u)  # rounded once
        case "power":
            return _power(part, a, b)
    taken = np.where(a.value == b.value, 0.5, (a.value < b.value) == (part.operation == "least"))
    rest = 1 - taken
    return Jet(
        operation.value(a.value, b.value),
        taken * a.gradient + rest * b.gradient,
        taken * a.second + rest * b.second,
    )


def _through(u: Jet, f: Values, first: Values | float, second: Values | float) -> Jet:
    """f(u), from f, f′ and f″ at u."""
    return Jet(f, first * u.gradient, first * u.second + second * _squares(u.gradient, u.gradient))


def _squares(a: Values, b: Values) -> Values:
    """The symmetric product of two gradients [2, ...] as second derivatives [3, ...]."""
    return np.stack([a[0] * b[0], (a[0] * b[1] + a[1] * b[0]) / 2, a[1] * b[1]])


def _product(a: Jet, b: Jet) -> Jet:
    return Jet(
        a.value * b.value,
        a.gradient * b.value + a.value * b.gradient,
        a.second * b.value + a.value * b.second + 2 * _squares(a.gradient, b.gradient),
    )


def _power(part: Apply, a: Jet, b: Jet) -> Jet:
    """With a constant exponent p: p a^(p−1), p (p−1) a^(p−2); else e^(b log a)."""
    exponent = part.operands[1]
    if isinstance(exponent, Number):
        p, u = exponent.value, a.value
        return _through(a, u**p, p * u ** (p - 1), p * (p - 1) * u ** (p - 2))
    log = _through(a, np.log(a.value), 1 / a.value, -1 / a.value**2)
    product = _product(b, log)
    f = np.power(a.value, b.value)
    return _through(product, f, f, f)
