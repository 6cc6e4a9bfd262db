"""Reading a formula: a person's text becomes a tree, or an error that names the character. Nothing is ever executed.

    sum      = product { ("+" | "-") product }
    product  = factor { ("*" | "/") factor }
    factor   = ("-" | "+") factor | power
    power    = atom { raised digits } [ "^" factor ]
    atom     = number | constant | x | y | function "(" sum { "," sum } ")" | "(" sum ")"

As in mathematics −x² is −(x²), and 2^3^2 is 2^(3^2).
"""

from __future__ import annotations

import difflib
from functools import lru_cache

from lab.network.formula.elementary import CONSTANTS, FUNCTIONS, Elementary
from lab.network.formula.errors import FormulaError
from lab.network.formula.terms import terms
from lab.network.formula.tokens import Token, tokens
from lab.network.formula.tree import NotANumberError, Number, Tree, Variable, X, Y, apply, negative

LONGEST, DEEPEST, MOST_TERMS = 500, 40, 120
"""Characters; parentheses, powers and signs within each other; elementary operations."""
LARGEST = 1e30
"""What a constant may be: beyond 3.4e38 single precision has no numbers."""
VARIABLES: dict[str, Variable] = {"x": X, "y": Y}
FUNCTIONS_TOO = {"√": FUNCTIONS["sqrt"]}
EXAMPLE = "(1 - x)^2 + 100*(y - x^2)^2"


@lru_cache(maxsize=256)
def read(text: str) -> Tree:
    """The tree of a formula; FormulaError where it is none."""
    if not text.strip():
        raise FormulaError("there is nothing yet", f"Write a formula in x and y, such as {EXAMPLE}", 0)
    if len(text) > LONGEST:
        what = f"the formula goes on: it has {len(text):,} characters"
        raise FormulaError(what, f"Write it in at most {LONGEST}", LONGEST, len(text) - LONGEST)
    reader = _Reader(text)
    tree = reader.whole()
    if len(terms(tree)) > MOST_TERMS:
        what = f"the formula begins, and comes to {len(terms(tree))} operations"
        raise FormulaError(what, f"Write one of at most {MOST_TERMS}", 0, len(text))
    return tree


class _Reader:
    """One token of sight ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0
        self._open: list[Token] = []

    # --- the grammar

    def whole(self) -> Tree:
        tree = self._sum()
        token = self._next
        if token.kind == "end":
            return tree
        if token.sign == ")":
            raise _wrong(token, "“)” closes nothing", "Take it out, or open a “(” before it")
        if token.sign == ",":
            raise self._comma(token)
        raise self._nothing_between(token)

    def _sum(self) -> Tree:
        tree = self._product()
        while (sign := self._next).sign in ("+", "-"):
            self._at += 1
            tree = self._applied("plus" if sign.sign == "+" else "minus", sign, tree, self._product())
        return tree

    def _product(self) -> Tree:
        tree = self._factor()
        while (sign := self._next).sign in ("*", "/"):
            self._at += 1
            tree = self._applied("times" if sign.sign == "*" else "divide", sign, tree, self._factor())
        return tree

    def _factor(self) -> Tree:
        sign = self._next
        if sign.sign in ("+", "-"):
            self._at += 1
            self._deeper(sign)
            tree = self._factor()
            self._depth -= 1
            return negative(tree) if sign.sign == "-" else tree
        return self._power()

    def _power(self) -> Tree:
        tree = self._atom()
        while (raised := self._next).kind == "raised":
            self._at += 1
            tree = self._applied("power", raised, tree, Number(raised.value))
        sign = self._next
        if sign.sign == "^":
            self._at += 1
            self._deeper(sign)
            tree = self._applied("power", sign, tree, self._factor())
            self._depth -= 1
        return tree

    def _atom(self) -> Tree:
        token = self._next
        if token.kind == "number":
            self._at += 1
            return self._number(token)
        if token.kind == "name":
            self._at += 1
            return self._named(token)
        if token.sign == "(":
            self._at += 1
            return self._closed(token)
        raise self._missing(token)

    # --- the parts of an atom

    def _number(self, token: Token) -> Number:
        if token.value > LARGEST:
            raise _wrong(token, f"{token} is too large", f"Write at most {LARGEST:g}")
        return Number(token.value)

    def _named(self, token: Token) -> Tree:
        name = token.text
        if function := FUNCTIONS.get(name) or FUNCTIONS_TOO.get(name):
            return self._function(token, function)
        if name in VARIABLES:
            return VARIABLES[name]
        if name in CONSTANTS:
            return Number(CONSTANTS[name])
        raise _unknown(token)

    def _function(self, token: Token, function: Elementary) -> Tree:
        opening = self._next
        if opening.sign != "(":
            example = f"{token.text}(x, y)" if function.operands == 2 else f"{token.text}(x)"
            what = f"{token} is not followed by “(”"
            raise _wrong(token, what, f"Write what it is of in parentheses: {example}")
        self._at += 1
        self._deeper(opening)
        operands = [self._sum()]
        while self._next.sign == ",":
            comma = self._next
            if len(operands) == function.operands:
                what = f"“,” begins another number, and {token.text} takes {_many(function.operands)}"
                raise _wrong(comma, what, _decimal(self._text, comma) or "Take it out")
            self._at += 1
            operands.append(self._sum())
        self._close(opening)
        if len(operands) < function.operands:
            what = f"{token} takes {_many(function.operands)}, and {_many(len(operands))} stands there"
            raise _wrong(token, what, f"Write {token.text}(…, …)")
        return self._applied(function.name, token, *operands)

    def _closed(self, opening: Token) -> Tree:
        self._deeper(opening)
        tree = self._sum()
        self._close(opening)
        return tree

    def _close(self, opening: Token) -> None:
        token = self._next
        if token.sign != ")":
            if token.sign == ",":
                raise self._comma(token)
            if token.kind != "end":
                raise self._nothing_between(token)
            what = f"the formula ends, and the “(” at character {opening.start + 1} is still open"
            raise _wrong(token, what, "Write a “)”")
        self._at += 1
        self._depth -= 1

    # --- what holds everywhere

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    @property
    def _last(self) -> Token:
        return self._tokens[self._at - 1]

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _wrong(token, f"more than {DEEPEST} parts stand within each other", "Write it more simply")

    def _applied(self, operation: str, token: Token, *operands: Tree) -> Tree:
        try:
            tree = apply(operation, *operands)
        except NotANumberError:
            raise _wrong(
                token, f"{token} is applied to constants and gives no number", "Change them"
            ) from None
        if isinstance(tree, Number) and abs(tree.value) > LARGEST:
            raise _wrong(
                token, f"{token} gives a constant of {tree.value:.3g}", f"Keep it within {LARGEST:g}"
            )
        return tree

    # --- what can be wrong

    def _missing(self, token: Token) -> FormulaError:
        """Where a number, a name or a parenthesis is to stand."""
        if token.kind == "end":
            after = f" after {self._last}" if self._at else ""
            return _wrong(token, f"the formula ends{after}", "Write a number, x, y or a “(” there")
        if token.sign == ")" and self._at and self._last.sign == "(":
            return _wrong(token, "there is nothing between “(” and “)”", "Write a number, x or y there")
        if token.sign in ("*", "/", "^") and self._at and self._last.kind == "sign":
            what = f"{token} follows {self._last}"
            return _wrong(token, what, "Take one of the two out, or write what stands between them")
        return _wrong(
            token, f"{token} stands where a number, x, y or a “(” is expected", "Write one of these there"
        )

    def _nothing_between(self, token: Token) -> FormulaError:
        """Two things beside each other, as in 2x: they are to be multiplied, and that is to be written."""
        before = self._last
        what = f"there is no sign between {before} and {token}"
        is_plain = before.sign != ")" and token.sign != "("
        return _wrong(
            token, what, f"Write {before.text} * {token.text}" if is_plain else "Write “*” between them"
        )

    def _comma(self, token: Token) -> FormulaError:
        what = "“,” has a place in min and max alone"
        return _wrong(token, what, _decimal(self._text, token) or "Take it out")


def _wrong(token: Token, what: str, mend: str) -> FormulaError:
    return FormulaError(what, mend, token.start, max(1, len(token.text)))


def _many(count: int) -> str:
    return "one number" if count == 1 else "two numbers"


def _decimal(text: str, comma: Token) -> str:
    """How a number with a decimal comma is written, if it is one."""
    before, after = text[: comma.start], text[comma.end :]
    is_decimal = before[-1:].isdigit() and after[:1].isdigit()
    return "Write decimals with a point: 0.5" if is_decimal else ""


def _unknown(token: Token) -> FormulaError:
    name = token.text
    letters = [VARIABLES.get(c) for c in name]
    if all(letters):
        return _wrong(token, f"{token} is no name", f"Write {' * '.join(name)}")
    if name.lower() in VARIABLES or name.lower() in FUNCTIONS or name.lower() in CONSTANTS:
        return _wrong(token, f"{token} is no name", f"Write {name.lower()}")
    near = difflib.get_close_matches(name.lower(), [*FUNCTIONS, *CONSTANTS], n=1, cutoff=0.6)
    known = f"There are x, y, pi, e, {', '.join(FUNCTIONS)}"
    return _wrong(token, f"{token} is not known", f"Write {near[0]}" if near else known)
