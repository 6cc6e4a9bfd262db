"""A formula in x and y as a frozen tree, built by functions that work out what is constant on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from lab.network.formula.elementary import ELEMENTARY


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Variable:
    """A weight; in the words of a listing also what an operation is applied to."""

    name: str


@dataclass(frozen=True)
class Apply:
    """An elementary operation, by its name in the table, on one or two operands."""

    operation: str
    operands: tuple[Tree, ...]


Tree: TypeAlias = Number | Variable | Apply
X, Y = Variable("x"), Variable("y")
ZERO, ONE = Number(0.0), Number(1.0)


class NotANumberError(ArithmeticError):
    """Constants that give no finite number: 1 / 0, log(0)."""


def apply(operation: str, *operands: Tree) -> Tree:
    """The operation on these operands, simpler where that is plain to see: constants are worked out, nothing is
    added, subtracted or multiplied that changes nothing.

    NotANumberError where constants give no finite number.
    """
    numbers = [tree.value for tree in operands if isinstance(tree, Number)]
    if len(numbers) == len(operands):
        return Number(_worked_out(operation, numbers))
    return _simpler(operation, operands) or Apply(operation, operands)


def _worked_out(operation: str, numbers: list[float]) -> float:
    try:
        value = float(ELEMENTARY[operation].plain(*numbers))
    except (ArithmeticError, ValueError) as error:
        raise NotANumberError(operation) from error
    if not math.isfinite(value):
        raise NotANumberError(operation)
    return value


def _simpler(operation: str, operands: tuple[Tree, ...]) -> Tree | None:
    """An equal tree that is smaller, for what is neither a number nor has one operand too many."""
    a, b = operands[0], operands[-1]
    match operation:
        case "plus":
            return b if a == ZERO else a if b == ZERO else None
        case "minus":
            return a if b == ZERO else negative(b) if a == ZERO else None
        case "times":
            if ZERO in operands:
                return ZERO
            return b if a == ONE else a if b == ONE else None
        case "divide":
            return a if b == ONE else ZERO if a == ZERO else None
        case "power":
            if b == ZERO:
                return ONE
            return a if b == ONE else Apply("square", (a,)) if b == Number(2.0) else None
        case "negative" if isinstance(a, Apply) and a.operation == "negative":
            return a.operands[0]
    return None


def plus(a: Tree, b: Tree) -> Tree:
    return apply("plus", a, b)


def minus(a: Tree, b: Tree) -> Tree:
    return apply("minus", a, b)


def times(a: Tree, b: Tree) -> Tree:
    return apply("times", a, b)


def divide(a: Tree, b: Tree) -> Tree:
    return apply("divide", a, b)


def power(a: Tree, b: Tree) -> Tree:
    return apply("power", a, b)


def negative(a: Tree) -> Tree:
    return apply("negative", a)


def square(a: Tree) -> Tree:
    return apply("square", a)


def parts(tree: Tree) -> Iterator[Tree]:
    """Every part of a tree, each as often as it stands there, operands before what is made of them; the tree last."""
    if isinstance(tree, Apply):
        for operand in tree.operands:
            yield from parts(operand)
    yield tree


def depth(tree: Tree) -> int:
    return 1 + max(map(depth, tree.operands)) if isinstance(tree, Apply) else 1
