"""A formula in words for panels: as it is read, and with its derivatives."""

from __future__ import annotations

from lab.network.formula.derivatives import derivative
from lab.network.formula.errors import FormulaError
from lab.network.formula.reading import read
from lab.network.formula.tree import X, Y
from lab.network.formula.words import words
from lab.network.layers import Formula
from lab.network.layers.layer import Layer

DIGITS = 4
"""Of its numbers."""
LONGEST = 240
"""Characters of a derivative that are shown: a longer one tells nothing."""


def told_formula(text: str) -> str:
    """A formula as it is read; as it is written where it makes no sense."""
    try:
        return words(read(text), DIGITS)
    except FormulaError:
        return text


def formula_of(layer: Layer) -> str:
    """What a layer computes and its derivative, with a semicolon between; "" where a form says it all."""
    if isinstance(layer, Formula):
        try:
            tree = layer.tree
        except FormulaError:
            return ""
        slopes = (f"∂f/∂{by.name} = {words(derivative(tree, by), DIGITS)}" for by in (X, Y))
        return ";".join((f"f = {words(tree, DIGITS)}", *(slope for slope in slopes if len(slope) <= LONGEST)))
    activation = getattr(layer, "activation", None)
    return "" if activation is None else f"{activation.formula};{activation.derivative}"
