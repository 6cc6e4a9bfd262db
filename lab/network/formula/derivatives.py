"""The derivative of a formula as a formula."""

from __future__ import annotations

from collections.abc import Callable

from lab.network.formula.tree import (
    ONE,
    ZERO,
    Apply,
    Number,
    Tree,
    Variable,
    apply,
    divide,
    minus,
    negative,
    plus,
    power,
    square,
    times,
)

HALF, TWO, MINUS_ONE = Number(0.5), Number(2.0), Number(-1.0)

SLOPES: dict[str, Callable[[Tree, Tree], Tree]] = {
    # f′ from the operand u and the whole f, of one operand
    "negative": lambda u, f: Number(-1.0),
    "square": lambda u, f: times(TWO, u),
    "sqrt": lambda u, f: divide(HALF, f),
    "abs": lambda u, f: divide(u, f),
    "exp": lambda u, f: f,
    "log": lambda u, f: divide(ONE, u),
    "sin": lambda u, f: apply("cos", u),
    "cos": lambda u, f: negative(apply("sin", u)),
    "tan": lambda u, f: plus(ONE, square(f)),
    "sinh": lambda u, f: apply("cosh", u),
    "cosh": lambda u, f: apply("sinh", u),
    "tanh": lambda u, f: minus(ONE, square(f)),
    "atan": lambda u, f: divide(ONE, plus(ONE, square(u))),
}


def derivative(tree: Tree, by: Variable) -> Tree:
    """∂tree/∂by. That of |u| is u/|u|; of min and max it is that of the one that is taken, by half sums."""
    if not isinstance(tree, Apply):
        return ONE if tree == by else ZERO
    slopes = [derivative(operand, by) for operand in tree.operands]
    if all(slope == ZERO for slope in slopes):
        return ZERO
    if len(slopes) == 1:
        return product(SLOPES[tree.operation](tree.operands[0], tree), slopes[0])
    (a, b), (da, db) = tree.operands, slopes
    match tree.operation:
        case "plus":
            return _sum(da, db)
        case "minus":
            return _sum(da, product(MINUS_ONE, db))
        case "times":
            return _sum(product(da, b), product(a, db))
        case "divide":
            return divide(_sum(da, product(MINUS_ONE, product(tree, db))), b)
        case "power":
            return _of_power(tree, a, b, da, db)
    # min and max of a and b are (a + b ∓ |a − b|) / 2
    difference = minus(a, b)
    half = product(divide(difference, apply("abs", difference)), _sum(da, product(MINUS_ONE, db)))
    sign = MINUS_ONE if tree.operation == "least" else ONE
    return product(HALF, _sum(_sum(da, db), product(sign, half)))


def _of_power(whole: Tree, a: Tree, b: Tree, da: Tree, db: Tree) -> Tree:
    """a^b: b a^(b−1) a′ + a^b log(a) b′."""
    by_base = product(times(b, power(a, minus(b, ONE))), da) if da != ZERO else ZERO
    by_exponent = product(times(whole, apply("log", a)), db) if db != ZERO else ZERO
    return _sum(by_base, by_exponent)


def product(a: Tree, b: Tree) -> Tree:
    """a · b, its numbers and signs gathered in front."""
    (first, a), (second, b) = _factored(a), _factored(b)
    factor, rest = first * second, times(a, b)
    return negative(rest) if factor == -1 else times(Number(factor), rest)


def _factored(tree: Tree) -> tuple[float, Tree]:
    """A number, and what it is to be multiplied with."""
    if isinstance(tree, Number):
        return tree.value, ONE
    if isinstance(tree, Apply):
        if tree.operation == "negative":
            factor, rest = _factored(tree.operands[0])
            return -factor, rest
        if tree.operation == "times" and isinstance(tree.operands[0], Number):
            factor, rest = _factored(tree.operands[1])
            return tree.operands[0].value * factor, rest
        if tree.operation == "divide" and isinstance(tree.operands[1], Number):
            factor, rest = _factored(tree.operands[0])
            return factor / tree.operands[1].value, rest
    return 1.0, tree


def _sum(a: Tree, b: Tree) -> Tree:
    """a + b, as a difference where b has a sign."""
    factor, rest = _factored(b)
    if factor < 0 and a != ZERO:
        return minus(a, product(Number(-factor), rest))
    return plus(a, b)
