"""The text of a formula cut into its signs, names and numbers, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from lab.network.formula.errors import FormulaError

Kind = Literal["number", "name", "sign", "raised", "end"]
SIGNS = {"−": "-", "–": "-", "·": "*", "×": "*", "∗": "*", "÷": "/", "**": "^"}
"""Other ways to write a sign."""
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
LETTER = f"(?![{RAISED}])[^\\W\\d_]"
PATTERN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+\-−]?\d+)?)"
    rf"|(?P<name>(?:{LETTER})(?:{LETTER}|[0-9_])*|√)"
    rf"|(?P<raised>⁻?[{RAISED}]+)"
    r"|(?P<sign>\*\*|[-+*/^(),−–·×∗÷])"
)


@dataclass(frozen=True)
class Token:
    """`text` as it stands in the formula, from character `start` on, counted from 0; `sign` in its usual spelling."""

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def sign(self) -> str:
        return SIGNS.get(self.text, self.text) if self.kind == "sign" else ""

    @property
    def value(self) -> float:
        """Of a number, or of a raised exponent."""
        if self.kind == "raised":
            digits = "".join(str(RAISED.index(c)) for c in self.text.lstrip("⁻"))
            return float(digits) * (-1 if self.text.startswith("⁻") else 1)
        return float(self.text.replace("−", "-"))

    def __str__(self) -> str:
        return f"“{self.text}”"


def tokens(text: str) -> tuple[Token, ...]:
    """All of them; the last is the end. FormulaError at what can be none of them."""
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = PATTERN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _foreign(text, at)
        kind: Kind = match.lastgroup  # type: ignore[assignment]
        found.append(Token(kind, match.group(), at))
        at = match.end()
    return (*found, Token("end", "", len(text)))


def _foreign(text: str, at: int) -> FormulaError:
    character = text[at]
    if character == "=":
        return FormulaError("“=” has no place in it", "Write only what stands right of the “=”", at)
    if character in "[]{}":
        return FormulaError(f"“{character}” has no place in it", "Write ( and )", at)
    if character == "|":
        return FormulaError("“|” has no place in it", "Write abs( ) for what stands between two of them", at)
    return FormulaError(f"“{character}” has no meaning in a formula", "Take it out", at)
