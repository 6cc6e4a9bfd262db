"""A formula as text, as a person writes it by hand: (1 − x)² + 100·(y − x²)². `read` reads it back."""

from __future__ import annotations

import math

from lab.network.formula.elementary import ELEMENTARY
from lab.network.formula.tree import Number, Tree, Variable

SUM, PRODUCT, SIGN, POWER, ATOM = range(5)
"""How strongly a part holds together: one that holds less than its place asks for stands in parentheses."""
SIGNS = {"plus": (" + ", SUM), "minus": (" − ", SUM), "times": ("·", PRODUCT), "divide": ("/", PRODUCT)}
DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
MOST_RAISED = 99
"""Exponents up to here are raised digits."""


def words(tree: Tree, digits: int | None = None) -> str:
    """The formula; numbers to so many significant digits, or, where that is None, to their last bit."""
    return _said(tree, digits)[0]


def _said(tree: Tree, digits: int | None) -> tuple[str, int]:
    """The text, and how strongly it holds together."""
    if isinstance(tree, Number):
        return _number(tree.value, digits)
    if isinstance(tree, Variable):
        return tree.name, ATOM
    name, operands = tree.operation, tree.operands
    if name in SIGNS:
        sign, strength = SIGNS[name]
        left = _in_place(operands[0], strength, digits)
        # what stands right of a sign is done first only where it holds more; a sign there would meet the other
        right = _in_place(operands[1], strength + 1, digits)
        return left + sign + (f"({right})" if right.startswith("−") else right), strength
    if name == "negative":
        return "−" + _in_place(operands[0], POWER, digits), SIGN
    if name == "square":
        return _in_place(operands[0], ATOM, digits) + _raised(2), POWER
    if name == "power":
        base, exponent = operands
        if isinstance(exponent, Number) and exponent.value == int(exponent.value) and _is_short(exponent):
            return _in_place(base, ATOM, digits) + _raised(int(exponent.value)), POWER
        return f"{_in_place(base, ATOM, digits)}^{_in_place(exponent, SIGN, digits)}", POWER
    spelled = "√" if name == "sqrt" else ELEMENTARY[name].spelled
    return f"{spelled}({', '.join(words(each, digits) for each in operands)})", ATOM


def _is_short(exponent: Number) -> bool:
    return abs(exponent.value) <= MOST_RAISED


def _in_place(tree: Tree, strength: int, digits: int | None) -> str:
    """The text in a place where only what holds at least so strongly needs no parentheses."""
    text, own = _said(tree, digits)
    return text if own >= strength else f"({text})"


def _number(value: float, digits: int | None) -> tuple[str, int]:
    for known, letter in ((math.pi, "π"), (math.e, "e")):
        if value == known:
            return letter, ATOM
    if digits is None:
        text = repr(value).removesuffix(".0")
    else:
        text = f"{value:.{digits}g}"
    return text.replace("-", "−"), SIGN if value < 0 or text.startswith("-") else ATOM


def _raised(number: int) -> str:
    sign = "⁻" if number < 0 else ""
    return sign + "".join(DIGITS[int(digit)] for digit in str(abs(number)))
