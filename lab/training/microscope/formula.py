"""A formula, term by term, and its derivatives by the two weights."""

from __future__ import annotations

from typing import cast

import numpy as np

from lab.network.formula.derivatives import derivative
from lab.network.formula.jets import value
from lab.network.formula.terms import terms
from lab.network.formula.tree import Apply, Number, Tree, Variable, X, Y, parts
from lab.network.formula.words import words
from lab.network.layers import Formula
from lab.network.network import Facts
from lab.training.microscope.arithmetic import Arithmetic, alone, chosen_weight, learned, others_too
from lab.training.microscope.lines import Choice, Forward, Line, Spot, Token, bracketed, said, step
from lab.training.microscope.slide import Slide

DIGITS = 4
LONGEST = 160
"""Letters of a derivative in numbers that are still read."""
WEIGHTS: dict[str, Variable] = {"x": X, "y": Y}
TILTS = {"x": ("n₁", 0), "y": ("n₂", 1)}


class FormulaArithmetic(Arithmetic):
    weight = "x"

    def forward(self, slide: Slide, facts: Facts, spot: Spot) -> Forward:
        tree, at = _tree(facts), _at(slide, facts)
        lines: list[Line] = []
        for term in terms(tree):
            if isinstance(term, Apply):
                lines.append(step(words(term, DIGITS), _in_numbers(term, at), float(value(term, *at))))
        f = float(value(tree, *at))
        total, numbers = f, [Token(said(f))]
        for name, (_, unit) in TILTS.items():
            n = float(slide.y(facts.inputs[0])[unit, 0, 0])
            w = float(slide.parameter(facts.name, name)[0])
            total += n * w
            numbers += [
                Token(" + "),
                slide.token(Spot(facts.inputs[0], unit), bracketed(n)),
                Token(" × "),
                _weight(slide, facts, name),
            ]
        largest = max((abs(float(value(part, *at))) for part in parts(tree)), default=0.0)
        engine = float(slide.y(facts.name)[spot.at])
        symbols = f"y = f + n₁ x + n₂ y,  f = {words(tree, DIGITS)}"
        lines.append(step(symbols, tuple(numbers), total, engine, "y", size=largest))
        return Forward(spot, tuple(lines))

    def share(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> tuple[Line, ...]:
        name = "xy"[pixel.unit]
        dy, w = _slope(slide, facts), float(slide.parameter(facts.name, name)[0])
        numbers = (Token(said(dy), Spot(facts.name, 0)), Token(" × "), _weight(slide, facts, name))
        return (step(f"dE/d{TILTS[name][0]} = dE/dy · {name}", numbers, dy * w, alone(slide, pixel), "dx"),)

    def fed(self, slide: Slide, facts: Facts, source: int, pixel: Spot) -> np.ndarray:
        return np.zeros((1, 3), np.int64)

    def learning(
        self, slide: Slide, facts: Facts, parameter: str, place: tuple[int, ...]
    ) -> tuple[Line, ...]:
        at, (tilt, unit) = _at(slide, facts), TILTS[parameter]
        slope = derivative(_tree(facts), WEIGHTS[parameter])
        steep = float(value(slope, *at))
        n, dy = float(slide.y(facts.inputs[0])[unit, 0, 0]), _slope(slide, facts)
        largest = max(abs(float(value(part, *at))) for part in parts(slope))
        numbers = (
            Token(said(dy), Spot(facts.name, 0)),
            Token(f" × ({said(steep)} + "),
            slide.token(Spot(facts.inputs[0], unit), bracketed(n)),
            Token(")"),
        )
        return (
            step(f"∂f/∂{parameter} = {words(slope, DIGITS)}", _in_numbers(slope, at), steep),
            step(
                f"dE/d{parameter} = dE/dy (∂f/∂{parameter} + {tilt})",
                numbers,
                dy * (steep + n),
                learned(slide, facts.name, parameter, (0,)),
                "dw",
                others_too(slide),
                abs(dy) * largest,
            ),
        )

    def default(self, slide: Slide, facts: Facts, spot: Spot) -> Choice:
        return chosen_weight(slide, slide.index(facts.name, "x", (0,)), Spot(facts.inputs[0], 0))

    def others(self, slide: Slide, facts: Facts, spot: Spot) -> tuple[tuple[str, tuple[int, ...]], ...]:
        return (("y", (0,)),)


def _tree(facts: Facts) -> Tree:
    return cast(Formula, facts.layer).tree


def _at(slide: Slide, facts: Facts) -> tuple[float, float]:
    """The weights."""
    x, y = (float(slide.parameter(facts.name, name)[0]) for name in ("x", "y"))
    return x, y


def _slope(slide: Slide, facts: Facts) -> float:
    return float(slide.dy(facts.name)[0, 0, 0])


def _weight(slide: Slide, facts: Facts, name: str) -> Token:
    w = float(slide.parameter(facts.name, name)[0])
    return Token(bracketed(w), weight=slide.index(facts.name, name, (0,)))


def _in_numbers(tree: Tree, at: tuple[float, float]) -> str:
    """A term with the numbers that it is applied to; a long one as what it comes to."""
    if isinstance(tree, Apply):
        operands = tuple(Number(float(value(each, *at))) for each in tree.operands)
        text = words(Apply(tree.operation, operands), DIGITS)
        if len(text) <= LONGEST:
            return text
    return said(float(value(tree, *at)))


def sides(tree: Tree, x: float, y: float) -> np.ndarray:
    """On which side of its kinks each |a|, min and max of a formula is."""
    found = []
    for part in parts(tree):
        if isinstance(part, Apply) and part.operation in ("abs", "least", "greatest"):
            a, b = (float(value(each, x, y)) for each in (part.operands[0], part.operands[-1]))
            found.append(np.sign(a if part.operation == "abs" else a - b))
    return np.array(found)
