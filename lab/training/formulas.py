"""What each operation of an update computes, in one line: x flows in and y out, dX and dY are E's derivatives by them.

Asterisks are cross-correlations, as deep learning's convolutions are. Sums in dW and db also run over the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lab.kernels import opcodes as op
from lab.network.formula.derivatives import derivative, product
from lab.network.formula.tree import Apply, Number, Tree, Variable, parts
from lab.network.formula.words import words
from lab.network.layers import Formula
from lab.network.layers.layer import Layer
from lab.value import told

Row = NDArray[np.int64]
"""A row of a program, by the columns of lab.kernels.opcodes."""
Say = Callable[[Row, Layer], str]


class Names(NamedTuple):
    """What formulas call a row's inputs, its output, and the derivatives by them."""

    x: str = "x"
    y: str = "y"
    dx: str = "dX"
    dy: str = "dY"
    second: str = ""
    d_second: str = ""


USUAL, OF_TERMS, OF_TILT = (
    Names(),
    Names("a", "c", "dA", "dC", "b", "dB"),
    Names("a", "c", "dA", "dC", "n", "dN"),
)
NAMES = {op.ELEMENTARY: OF_TERMS, op.WEIGHT: OF_TERMS, op.TILT: OF_TILT}
"""Of rows of a formula: x and y are its weights, and can be nothing else."""


def names_of(row: Row) -> Names:
    return NAMES.get(int(row[op.OP]), USUAL)


def formula_of(row: Row, layer: Layer, backward: bool) -> str:
    """The formula of a row that is not the loss."""
    if not backward:
        return FORWARD[int(row[op.OP])](row, layer)
    said, names = BACKWARD[int(row[op.OP])](row, layer), names_of(row)
    begun = " and ".join(
        name for name, does in ((names.dx, adds(row)), (names.d_second, adds_second(row))) if does
    )
    return f"{said};  added to the {begun} that is there" if begun else said


def adds(row: Row) -> bool:
    """Whether a backward row adds to a dX that other rows have begun; one that works in place does not."""
    return bool(row[op.DX] >= 0 and row[op.ADD] and row[op.DX] != row[op.DY])


def adds_second(row: Row) -> bool:
    """The same of the derivative by a second input that is not the first."""
    return bool(row[op.D_SECOND] >= 0 and row[op.ADD_SECOND] and row[op.D_SECOND] != row[op.DX])


def _bias(row: Row, said: str) -> str:
    return said if row[op.B] >= 0 else ""


def _parts(row: Row, into: str, *others: str) -> str:
    """Derivatives side by side: dX first, where somebody asks for it."""
    return ",  ".join(part for part in ((into if row[op.DX] >= 0 else ""), *others) if part)


def _pair(row: Row, down: int, across: int) -> str:
    high, wide = int(row[down]), int(row[across])
    return told(high if high == wide else (high, wide))


def taps(row: Row) -> str:
    """5×5 taps, stride 1, and what else a window has that is not as usual."""
    words = [f"{row[op.KH]}×{row[op.KW]} taps", f"stride {_pair(row, op.SH, op.SW)}"]
    if row[op.PH] or row[op.PW]:
        words.append(f"padding {_pair(row, op.PH, op.PW)}")
    if row[op.DH] > 1 or row[op.DW] > 1:
        words.append(f"dilation {_pair(row, op.DH, op.DW)}")
    if row[op.GROUPS] > 1:
        words.append(f"{row[op.GROUPS]} groups")
    if row[op.LENGTH]:
        words.append("k by the table of connections")
    return ", ".join(words)


def _window(row: Row) -> str:
    return f"windows of {row[op.KH]}×{row[op.KW]}, stride {_pair(row, op.SH, op.SW)}"


def _copy(row: Row, layer: Layer) -> str:
    if row[op.PLUS]:
        return "y ← y + x"
    cut = f",  cut by {row[op.TOP]} rows and {row[op.LEFT]} columns" if row[op.TOP] or row[op.LEFT] else ""
    if row[op.CI] == row[op.CO]:
        return f"y = x{cut}"
    last = row[op.CHANNEL] + row[op.CI] - 1
    return f"y[{row[op.CHANNEL]}…{last}] = x{cut}: these channels of {row[op.CO]}"


def _copy_back(row: Row, layer: Layer) -> str:
    if row[op.CI] == row[op.CO]:
        return "dX = dY"
    return f"dX = dY[{row[op.CHANNEL]}…{row[op.CHANNEL] + row[op.CI] - 1}]"


def _activation(layer: Layer, name: str) -> str:
    return str(getattr(getattr(layer, "activation", None), name, ""))


def _activate(row: Row, layer: Layer) -> str:
    return f"y = f(x),  {_activation(layer, 'formula')}"


def _activate_back(row: Row, layer: Layer) -> str:
    return f"dX = f′(x) dY,  {_activation(layer, 'derivative')}"


def _symbols(row: Row, layer: Layer) -> tuple[Apply | None, Tree | None]:
    """A term of a formula with a and b for its operands, as far as they are no numbers, and the term itself."""
    term = layer.term(int(row[op.TERM])) if isinstance(layer, Formula) else None
    if not isinstance(term, Apply):
        return None, term
    letters: dict[Tree, Tree] = {}
    for operand in term.operands:
        if not isinstance(operand, Number):
            letters.setdefault(operand, (A, B)[len(letters)])
    return Apply(term.operation, tuple(letters.get(each, each) for each in term.operands)), term


def _elementary(row: Row, layer: Layer) -> str:
    symbols, term = _symbols(row, layer)
    whole = "" if term is None else words(term, DIGITS)
    # what is made of numbers and weights alone says itself what it is
    return f"c = {whole}" if symbols is None else f"c = {words(symbols, DIGITS)},  here {whole}"


def _elementary_back(row: Row, layer: Layer) -> str:
    symbols, _ = _symbols(row, layer)
    if symbols is None:
        return "nothing: it is a number"
    asked = [(A, "dA", row[op.DX]), (B, "dB", row[op.D_SECOND])]
    return ",  ".join(
        f"{name} = {words(product(derivative(symbols, by), D), DIGITS)}"
        for by, name, at in asked
        if at >= 0 and by in parts(symbols)
    )


def _weight(row: Row, layer: Layer) -> str:
    term = layer.term(int(row[op.TERM])) if isinstance(layer, Formula) else None
    return "w" if term is None else words(term)


A, B, D = Variable("a"), Variable("b"), Variable("dC")
DIGITS = 4
"""Of the numbers in a formula."""

FORWARD: dict[int, Say] = {
    op.DENSE: lambda row, layer: f"y[c] = {_bias(row, 'b[c] + ')}Σₖ W[c,k] x[k]",
    op.CONV2D: lambda row, layer: f"y[c] = {_bias(row, 'b[c] + ')}Σₖ W[c,k] ∗ x[k],  {taps(row)}",
    op.TRANSPOSED_CONV2D: lambda row, layer: (
        f"y[c] = {_bias(row, 'b[c] + ')}Σₖ x[k] stamps W[k,c],  {taps(row)}"
    ),
    op.MAX_POOL: lambda row, layer: f"y = max x,  {_window(row)}",
    op.AVERAGE_POOL: lambda row, layer: f"y = mean x,  {_window(row)}",
    op.FLATTEN: lambda row, layer: "y = x as a vector, channel by channel, row by row",
    op.ACTIVATION: _activate,
    op.COPY: _copy,
    op.UPSAMPLE: lambda row, layer: f"y = x,  each pixel {row[op.KH]}×{row[op.KW]} times",
    op.BILINEAR: lambda row, layer: f"y = x between its pixels,  {row[op.KH]}×{row[op.KW]} times as many",
    op.SUBSAMPLE: lambda row, layer: f"y[c] = coefficient[c] Σ x[c] + bias[c],  {_window(row)}",
    op.DROPOUT: lambda row, layer: (
        f"y = x / {1 - getattr(layer, 'rate', 0.0):.4g} or 0,  0 for a share of {getattr(layer, 'rate', 0.0):.4g} "
        "drawn at random"
    ),
    op.LOCAL_RESPONSE_NORM: lambda row, layer: f"y[c] = x[c] / (k + α Σ x[j]²)^β,  {row[op.KH]} channels j",
    op.PRELU: lambda row, layer: "y = x for x > 0, else slope · x",
    op.SOFTMAX: lambda row, layer: "y[c] = eˣ[c] / Σⱼ eˣ[j]",
    op.BATCH_NORM: lambda row, layer: (
        "y[c] = scale[c] (x[c] − mean) / √(variance + ε) + shift[c],  mean and variance of the batch"
    ),
    op.LAYER_NORM: lambda row, layer: (
        "y = scale (x − mean) / √(variance + ε) + shift,  mean and variance of the example"
    ),
    op.ELEMENTARY: _elementary,
    op.WEIGHT: lambda row, layer: f"c = {_weight(row, layer)},  for every example",
    op.TILT: lambda row, layer: "c = a + n₁·x + n₂·y",
}

BACKWARD: dict[int, Say] = {
    op.DENSE: lambda row, layer: _parts(
        row, "dX = Wᵀ dY", "dW[c,k] = Σ dY[c] x[k]", _bias(row, "db[c] = Σ dY[c]")
    ),
    op.CONV2D: lambda row, layer: _parts(
        row,
        "dX[k] = Σ over c of W[c,k], turned by 180°, ∗ dY[c]",
        "dW[c,k] = Σ dY[c] ∗ x[k]",
        _bias(row, "db[c] = Σ dY[c]"),
    ),
    op.TRANSPOSED_CONV2D: lambda row, layer: _parts(
        row, "dX[k] = Σ over c of W[k,c] ∗ dY[c]", "dW[k,c] = Σ x[k] ∗ dY[c]", _bias(row, "db[c] = Σ dY[c]")
    ),
    op.MAX_POOL: lambda row, layer: "dX = dY where x was its window's largest, else 0",
    op.AVERAGE_POOL: lambda row, layer: f"dX = dY / {row[op.KH] * row[op.KW]} for each number of the window",
    op.FLATTEN: lambda row, layer: "dX = dY as an image again",
    op.ACTIVATION: _activate_back,
    op.COPY: _copy_back,
    op.UPSAMPLE: lambda row, layer: f"dX = Σ dY over the {row[op.KH]}×{row[op.KW]} copies of each pixel",
    op.BILINEAR: lambda row, layer: "dX = Σ dY, each by the share that x had in y",
    op.SUBSAMPLE: lambda row, layer: _parts(
        row,
        "dX = coefficient dY for each number of the window",
        "d coefficient = Σ dY Σ x",
        "d bias = Σ dY",
    ),
    op.DROPOUT: lambda row, layer: (
        f"dX = dY / {1 - getattr(layer, 'rate', 0.0):.4g} where x was kept, else 0"
    ),
    op.LOCAL_RESPONSE_NORM: lambda row, layer: (
        "dX[c] = dY[c] / s[c]^β − 2αβ x[c] Σ dY[j] y[j] / s[j],  s = k + α Σ x²"
    ),
    op.PRELU: lambda row, layer: _parts(row, "dX = dY for x > 0, else slope · dY", "d slope = Σ x dY, x ≤ 0"),
    op.SOFTMAX: lambda row, layer: "dX[c] = y[c] (dY[c] − Σⱼ y[j] dY[j])",
    op.BATCH_NORM: lambda row, layer: _parts(
        row,
        "dX = r (g − mean g − x̂ mean g x̂)",
        "g = scale dY, r = 1 / √(variance + ε), x̂ = r (x − mean)",
        "d scale = Σ dY x̂,  d shift = Σ dY",
    ),
    op.LAYER_NORM: lambda row, layer: _parts(
        row,
        "dX = r (g − mean g − x̂ mean g x̂)",
        "g = scale dY, r = 1 / √(variance + ε), x̂ = r (x − mean)",
        "d scale = Σ dY x̂,  d shift = Σ dY",
    ),
    op.ELEMENTARY: _elementary_back,
    op.WEIGHT: lambda row, layer: f"d{_weight(row, layer)} = Σ dC",
    op.TILT: lambda row, layer: _parts(row, "dA = dC", "dx = Σ n₁ dC", "dy = Σ n₂ dC"),
}
