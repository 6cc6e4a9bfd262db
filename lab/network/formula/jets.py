"""A formula's value, gradient and second derivatives at any points, in float64, exact to rounding.

Second-order forward mode: each part of the formula carries its value, two first and three second derivatives. They are
kept one by one, so that a single point costs six numbers a part and no arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab.network.formula.elementary import ELEMENTARY
from lab.network.formula.tree import Apply, Number, Tree

Values = NDArray[np.float64]


class Jet(NamedTuple):
    """A value [...], of any shape, and its derivatives by x and y, each of that shape."""

    value: Values
    x: Values
    y: Values
    xx: Values
    xy: Values
    yy: Values

    @property
    def gradient(self) -> Values:
        """[2, ...]"""
        return np.array([self.x, self.y])

    @property
    def second(self) -> Values:
        """[3, ...], by xx, xy and yy."""
        return np.array([self.xx, self.xy, self.yy])

    @property
    def hessian(self) -> Values:
        """[2, 2, ...]"""
        return np.array([[self.xx, self.xy], [self.xy, self.yy]])

    @property
    def is_finite(self) -> bool:
        """Everywhere, with all derivatives."""
        return all(bool(np.isfinite(part).all()) for part in self)


def value(tree: Tree, x: ArrayLike, y: ArrayLike) -> Values:
    """The formula at points [...]; not finite where it has no value."""
    places = {"x": np.asarray(x, np.float64)[()], "y": np.asarray(y, np.float64)[()]}
    found: dict[Tree, Values] = {}

    def of(part: Tree) -> Values:
        if isinstance(part, Number):
            return _number(part.value)
        if not isinstance(part, Apply):
            return places[part.name]
        if part not in found:
            found[part] = ELEMENTARY[part.operation].value(*map(of, part.operands))
        return found[part]

    with np.errstate(all="ignore"):
        return np.array(np.broadcast_to(of(tree), np.broadcast(*places.values()).shape))


def jet(tree: Tree, x: ArrayLike, y: ArrayLike) -> Jet:
    """The formula and its derivatives at points [...]; of a single point they are numbers."""
    at = [np.asarray(each, np.float64)[()] for each in (x, y)]
    zero = 0 * at[0] + 0 * at[1]
    one = zero + 1
    places = {
        "x": Jet(zero + at[0], one, zero, zero, zero, zero),
        "y": Jet(zero + at[1], zero, one, zero, zero, zero),
    }
    found: dict[Tree, Jet] = {}

    def of(part: Tree) -> Jet:
        if isinstance(part, Number):
            return Jet(zero + part.value, zero, zero, zero, zero, zero)
        if not isinstance(part, Apply):
            return places[part.name]
        if part not in found:
            found[part] = _applied(part, *map(of, part.operands))
        return found[part]

    with np.errstate(all="ignore"):
        return of(tree)


def _number(number: float) -> Values:
    """Of NumPy's kind, whose division by 0 is an infinity."""
    return np.float64(number)  # type: ignore[return-value]


def _applied(part: Apply, a: Jet, b: Jet | None = None) -> Jet:
    operation = ELEMENTARY[part.operation]
    if b is None:
        f = operation.value(a.value)
        return _through(a, f, operation.first(a.value, f), operation.second(a.value, f))
    match part.operation:
        case "plus":
            return Jet(*(p + q for p, q in zip(a, b, strict=True)))
        case "minus":
            return Jet(*(p - q for p, q in zip(a, b, strict=True)))
        case "times":
            return _product(a, b)
        case "divide":
            u = b.value
            quotient = _product(a, _through(b, 1 / u, -1 / u**2, 2 / u**3))
            return quotient._replace(value=a.value / u)  # rounded once
        case "power":
            return _power(part, a, b)
    taken = np.where(a.value == b.value, 0.5, (a.value < b.value) == (part.operation == "least"))
    mixed = (taken * p + (1 - taken) * q for p, q in zip(a, b, strict=True))
    return Jet(*mixed)._replace(value=operation.value(a.value, b.value))


def _through(u: Jet, f: Values, first: Values | float, second: Values | float) -> Jet:
    """f(u), from f, f′ and f″ at u."""
    return Jet(
        f,
        first * u.x,
        first * u.y,
        first * u.xx + second * u.x * u.x,
        first * u.xy + second * u.x * u.y,
        first * u.yy + second * u.y * u.y,
    )


def _product(a: Jet, b: Jet) -> Jet:
    return Jet(
        a.value * b.value,
        a.x * b.value + a.value * b.x,
        a.y * b.value + a.value * b.y,
        a.xx * b.value + a.value * b.xx + 2 * a.x * b.x,
        a.xy * b.value + a.value * b.xy + a.x * b.y + a.y * b.x,
        a.yy * b.value + a.value * b.yy + 2 * a.y * b.y,
    )


def _power(part: Apply, a: Jet, b: Jet) -> Jet:
    """With a constant exponent p: p a^(p−1), p (p−1) a^(p−2); else e^(b log a)."""
    exponent = part.operands[1]
    if isinstance(exponent, Number):
        p, u = exponent.value, a.value
        return _through(a, np.power(u, p), p * u ** (p - 1), p * (p - 1) * u ** (p - 2))
    log = _through(a, np.log(a.value), 1 / a.value, -1 / a.value**2)
    product = _product(b, log)
    f = np.power(a.value, b.value)
    return _through(product, f, f, f)
