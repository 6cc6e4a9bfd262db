"""Formulas drawn at random, for hypothesis: as trees, as a plain Python function of their own, and for others."""

from __future__ import annotations

import math

from hypothesis import strategies as st

from lab.network.formula.jets import value
from lab.network.formula.tree import Apply, Number, Tree, X, Y, apply

ONE_OPERAND = (
    "negative",
    "square",
    "sin",
    "cos",
    "exp",
    "tanh",
    "atan",
    "sinh",
    "cosh",
    "abs",
    "sqrt",
    "log",
    "tan",
)
TWO_OPERANDS = ("plus", "minus", "times", "divide", "power", "least", "greatest")

numbers = st.one_of(
    st.sampled_from([0.5, 1.0, 2.0, 3.0, -1.0, -2.0, 10.0, math.pi, math.e, 100.0]),
    st.floats(-4, 4, width=16).filter(lambda v: v == 0 or abs(v) > 1e-3),
)
leaves = st.one_of(st.sampled_from([X, Y]), numbers.map(Number))


def _applied(operation: str, operands: tuple[Tree, ...]) -> Tree:
    try:
        return apply(operation, *operands)
    except ArithmeticError:
        return operands[0]


def _grown(smaller: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.one_of(
        st.builds(_applied, st.sampled_from(ONE_OPERAND), st.tuples(smaller)),
        st.builds(_applied, st.sampled_from(TWO_OPERANDS), st.tuples(smaller, smaller)),
        st.builds(
            lambda base, p: _applied("power", (base, Number(p))),
            smaller,
            st.sampled_from([2.0, 3.0, -1.0, 0.5]),
        ),
    )


trees = st.recursive(leaves, _grown, max_leaves=10)

PLAIN = {
    "plus": lambda a, b: a + b,
    "minus": lambda a, b: a - b,
    "times": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "negative": lambda a: -a,
    "square": lambda a: a * a,
}
"""What no library has a name for."""


def by(library: object, tree: Tree, x: object, y: object, names: dict[str, str]) -> object:
    """The formula in another library's functions, which `names` renames."""
    if isinstance(tree, Number):
        return tree.value
    if not isinstance(tree, Apply):
        return x if tree.name == "x" else y
    operands = [by(library, each, x, y, names) for each in tree.operands]
    plain = PLAIN.get(tree.operation)
    return (
        plain(*operands) if plain else getattr(library, names.get(tree.operation, tree.operation))(*operands)
    )


def is_near_a_kink(part: Tree, x: float, y: float, gap: float = 0.01) -> bool:
    """Whether an operation stands so near to where it has a kink, a pole or an end."""
    if not isinstance(part, Apply):
        return False
    a, b = (float(value(each, x, y)) for each in (part.operands[0], part.operands[-1]))
    whole = isinstance(part.operands[-1], Number) and b == int(b)
    return {
        "abs": abs(a) < gap,
        "least": abs(a - b) < gap,
        "greatest": abs(a - b) < gap,
        "sqrt": a < gap,
        "log": a < gap,
        "divide": abs(b) < gap,
        "tan": abs(math.cos(a)) < gap,
        "power": (abs(a) if whole else a) < gap,
    }.get(part.operation, False)
