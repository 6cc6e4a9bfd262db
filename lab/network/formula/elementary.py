"""The table of elementary operations: what each is called, computes, and has for derivatives.

`plain` is for constants; `value`, and the first and second derivatives, are for arrays of float64. Derivatives at
kinks are those of lab.kernels.elementary.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.kernels import elementary as kernel

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Elementary:
    """An operation. `first` and `second` are f′ and f″ from the operand u and the value f, of one operand only.

    `spelled` is how a formula names it: a function's name, or an operator.
    """

    name: str
    spelled: str
    kind: int
    operands: int
    plain: Callable[..., float]
    value: Callable[..., Values]
    first: Callable[[Values, Values], Values | float] = lambda u, f: math.nan
    second: Callable[[Values, Values], Values | float] = lambda u, f: math.nan

    @property
    def is_function(self) -> bool:
        """Whether it is written as a name with its operands in parentheses."""
        return self.spelled.isalpha()


def _square(u: Any) -> Any:
    return u * u


TABLE = (
    Elementary("plus", "+", kernel.PLUS, 2, lambda a, b: a + b, np.add),
    Elementary("minus", "-", kernel.MINUS, 2, lambda a, b: a - b, np.subtract),
    Elementary("times", "*", kernel.TIMES, 2, lambda a, b: a * b, np.multiply),
    Elementary("divide", "/", kernel.DIVIDE, 2, lambda a, b: a / b, np.divide),
    Elementary("power", "^", kernel.POWER, 2, math.pow, np.power),
    Elementary("least", "min", kernel.LEAST, 2, min, np.minimum),
    Elementary("greatest", "max", kernel.GREATEST, 2, max, np.maximum),
    Elementary(
        "negative", "-", kernel.NEGATE, 1, lambda u: -u, np.negative, lambda u, f: -1.0, lambda u, f: 0.0
    ),
    Elementary("square", "^2", kernel.SQUARE, 1, _square, _square, lambda u, f: 2 * u, lambda u, f: 2.0),
    Elementary(
        "sqrt", "sqrt", kernel.ROOT, 1, math.sqrt, np.sqrt, lambda u, f: 0.5 / f, lambda u, f: -0.25 / (u * f)
    ),
    Elementary("abs", "abs", kernel.ABSOLUTE, 1, abs, np.abs, lambda u, f: np.sign(u), lambda u, f: 0.0),
    Elementary("exp", "exp", kernel.EXP, 1, math.exp, np.exp, lambda u, f: f, lambda u, f: f),
    Elementary("log", "log", kernel.LOG, 1, math.log, np.log, lambda u, f: 1 / u, lambda u, f: -1 / (u * u)),
    Elementary("sin", "sin", kernel.SINE, 1, math.sin, np.sin, lambda u, f: np.cos(u), lambda u, f: -f),
    Elementary("cos", "cos", kernel.COSINE, 1, math.cos, np.cos, lambda u, f: -np.sin(u), lambda u, f: -f),
    Elementary(
        "tan",
        "tan",
        kernel.TANGENT,
        1,
        math.tan,
        np.tan,
        lambda u, f: 1 + f * f,
        lambda u, f: 2 * f * (1 + f * f),
    ),
    Elementary("sinh", "sinh", kernel.SINH, 1, math.sinh, np.sinh, lambda u, f: np.cosh(u), lambda u, f: f),
    Elementary("cosh", "cosh", kernel.COSH, 1, math.cosh, np.cosh, lambda u, f: np.sinh(u), lambda u, f: f),
    Elementary(
        "tanh",
        "tanh",
        kernel.TANH,
        1,
        math.tanh,
        np.tanh,
        lambda u, f: 1 - f * f,
        lambda u, f: -2 * f * (1 - f * f),
    ),
    Elementary(
        "atan",
        "atan",
        kernel.ARCTAN,
        1,
        math.atan,
        np.arctan,
        lambda u, f: 1 / (1 + u * u),
        lambda u, f: -2 * u / (1 + u * u) ** 2,
    ),
)
ELEMENTARY: dict[str, Elementary] = {each.name: each for each in TABLE}
FUNCTIONS: dict[str, Elementary] = {each.spelled: each for each in TABLE if each.is_function} | {
    "ln": ELEMENTARY["log"]
}
"""By the names that a formula may use."""
CONSTANTS: dict[str, float] = {"pi": math.pi, "π": math.pi, "e": math.e}
