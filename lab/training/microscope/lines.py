"""What the microscope shows, as values: lines of arithmetic with their real numbers, ready to be read or pointed at.

A line says in symbols what it computes, then the same in numbers. It is worked out in float64 from the numbers that
the engine has in float32, and carries the engine's own result beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.wording import number

Real = NDArray[np.float64]
Whole = NDArray[np.int64]
Role = Literal["step", "z", "y", "E", "dy", "dz", "dw", "db", "dx"]
"""What a line is about; a "step" is on the way to one of the others."""

TERMS = 4
"""Of a long sum so many terms are written out, the largest ones."""


@dataclass(frozen=True)
class Spot:
    """One number that flows: of a layer's output, or of the network's input."""

    layer: str
    unit: int
    row: int = 0
    column: int = 0

    @property
    def at(self) -> tuple[int, int, int]:
        return self.unit, self.row, self.column


@dataclass(frozen=True)
class Token:
    """A piece of a line. What it is of, where it is of something: a number that flows, or a flat index of a weight.

    `folded` stands for so many terms that are not written out.
    """

    text: str
    spot: Spot | None = None
    weight: int = -1
    folded: int = 0


def said(value: float, digits: int = 4) -> str:
    """Whole numbers as such, others with so many significant digits: −25, 0.5, 0.3127, 1.302·10⁻⁵."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}".replace("-", "−")
    text = number(value, digits)
    if "·" in text or "." not in text:
        return text
    short = text.rstrip("0")
    return short if float(short.replace("−", "-").replace(",", "")) == value else text


def bracketed(value: float, digits: int = 4) -> str:
    """As a factor, or behind a sign: (−0.5)."""
    text = said(value, digits)
    return f"({text})" if text.startswith("−") or "·" in text else text


@dataclass(frozen=True, eq=False)
class Factors:
    """The numbers `values` [n] on one side of the products of a sum, and what each of them is.

    Numbers that flow are of `layer`, or each of its own layer in `layers`, at `spots` [n, 3]: unit, row, column.
    Weights have their flat `indices` [n] in the parameter vector.
    """

    values: Real
    layer: str = ""
    spots: Whole | None = None
    indices: Whole | None = None
    layers: tuple[str, ...] = ()

    def spot(self, k: int) -> Spot | None:
        if self.spots is None:
            return None
        return Spot(self.layers[k] if self.layers else self.layer, *map(int, self.spots[k]))

    def token(self, k: int, text: str) -> Token:
        return Token(text, self.spot(k), -1 if self.indices is None else int(self.indices[k]))


@dataclass(frozen=True)
class Addend:
    """What a sum has besides its products: a bias."""

    name: str
    value: float
    weight: int = -1


@dataclass(frozen=True, eq=False)
class Sum:
    """The sum over k of left[k] · right[k], or of left[k] alone, and of what is added besides, all times `factor`.

    `engine` is what the engine has, NaN where it does not keep it.
    """

    symbols: str
    left: Factors
    right: Factors | None = None
    more: tuple[Addend, ...] = ()
    engine: float = math.nan
    role: Role = "step"
    tip: str = ""
    factor: float = 1.0

    @property
    def products(self) -> Real:
        return self.left.values if self.right is None else self.left.values * self.right.values

    @property
    def value(self) -> float:
        return self.factor * float(self.products.sum() + sum(a.value for a in self.more))

    @property
    def scale(self) -> float:
        """What rounding goes by: the sum of the magnitudes."""
        return abs(self.factor) * float(np.abs(self.products).sum() + sum(abs(a.value) for a in self.more))

    def largest(self, most: int) -> Whole:
        """So many of the terms: in their order where there are no more, else the largest first."""
        products = self.products
        if len(products) <= most:
            return np.arange(len(products))
        sizes = np.nan_to_num(np.abs(products), nan=np.inf)
        found = np.argpartition(-sizes, most - 1)[:most] if most else np.zeros(0, np.int64)
        return found[np.argsort(-sizes[found], kind="stable")].astype(np.int64)

    def rest(self, most: int) -> tuple[int, float]:
        """How many terms are not among the largest, and their sum."""
        left_out = np.delete(self.products, self.largest(most))
        return len(left_out), float(left_out.sum())

    def tokens(self, most: int = TERMS) -> tuple[Token, ...]:
        found: list[Token] = []

        def add(value: float, *pieces: Token) -> None:
            negative = value < 0
            sign = ("− " if found else "−") if negative else ("+ " if found else "")
            found.append(Token(f" {sign}" if found else sign))
            found.extend(pieces)

        for k in self.largest(most).tolist():
            left = float(self.left.values[k])
            first = self.left.token(k, said(abs(left)))
            if self.right is None:
                add(left, first)
            else:
                second = self.right.token(k, bracketed(float(self.right.values[k])))
                add(left, first, Token(" × "), second)
        count, rest = self.rest(most)
        if count:
            many = f"the other {count:,}" if found else f"all {count:,}"
            add(rest, Token(f"[{many}: {said(abs(rest))}]", folded=count))
        for addend in self.more:
            add(addend.value, Token(said(abs(addend.value)), weight=addend.weight))
        if not found:
            found = [Token("0")]
        if self.factor != 1:
            found = [Token(f"{said(self.factor)} × ("), *found, Token(")")]
        return tuple(t for t in found if t.text)


@dataclass(frozen=True)
class Step:
    """One step whose numbers are written out: "max(0, −25)"."""

    symbols: str
    numbers: tuple[Token, ...]
    value: float
    engine: float = math.nan
    role: Role = "step"
    tip: str = ""
    size: float = 0.0
    """What rounding goes by, where that is more than the value itself: the sum of the magnitudes of what went in."""

    @property
    def scale(self) -> float:
        return max(abs(self.value), self.size)

    def tokens(self, most: int = TERMS) -> tuple[Token, ...]:
        return self.numbers


Line = Sum | Step


def written(line: Line, most: int = TERMS) -> str:
    """The line in numbers: "0.3 × 1.2 − 0.5 × 0.8 + 1 = 0.96"."""
    left = "".join(token.text for token in line.tokens(most))
    right = said(line.value)
    return right if left == right else f"{left} = {right}"


def step(
    symbols: str, numbers: str | tuple[Token, ...], value: float, engine: float = math.nan, role: Role = "step",
    tip: str = "", size: float = 0.0,
) -> Step:  # fmt: skip
    return Step(
        symbols, (Token(numbers),) if isinstance(numbers, str) else numbers, value, engine, role, tip, size
    )


@dataclass(frozen=True, eq=False)
class Patches:
    """A convolution's window, channel by channel: patch, kernel and what their products add up to.

    `patch`, `kernel` and `weights`, flat indices, are [channels, kernel height, kernel width]; `channels` are numbers
    of the input's. `rows` and `columns` say where in the input the window's numbers lie, also where that is outside:
    there `inside` is False and the patch 0, padding.
    """

    source: str
    channels: Whole
    patch: Real
    kernel: Real
    weights: Whole
    rows: Whole
    columns: Whole
    inside: NDArray[np.bool_]
    bias: Addend | None

    @property
    def products(self) -> Real:
        return self.patch * self.kernel

    @property
    def sums(self) -> Real:
        """[channels]"""
        found: Real = self.products.sum((1, 2))
        return found

    def spot(self, channel: int, row: int, column: int) -> Spot | None:
        """Of the input, by its place in the patch; None in the padding."""
        if not self.inside[row, column]:
            return None
        return Spot(self.source, int(self.channels[channel]), int(self.rows[row]), int(self.columns[column]))


@dataclass(frozen=True, eq=False)
class Pane:
    """A window of one channel, for pooling: `values` [height, width] and which of them count, by how much.

    `winner` is the place in the window that won, None where all have their share.
    """

    source: str
    channel: int
    values: Real
    rows: Whole
    columns: Whole
    inside: NDArray[np.bool_]
    winner: tuple[int, int] | None = None

    def spot(self, row: int, column: int) -> Spot | None:
        if not self.inside[row, column]:
            return None
        return Spot(self.source, self.channel, int(self.rows[row]), int(self.columns[column]))


@dataclass(frozen=True, eq=False)
class Forward:
    """How the number at `spot` is made: the lines in order, and for kinds that look through a window that window."""

    spot: Spot
    lines: tuple[Line, ...]
    patches: Patches | None = None
    pane: Pane | None = None
    size: tuple[Step, ...] = ()
    """How the output's height and width follow from the input's."""

    @property
    def value(self) -> float:
        return self.lines[-1].value if self.lines else math.nan


@dataclass(frozen=True, eq=False)
class Choice:
    """What the equations backwards are written for besides the unit: one of its weights, and one number that it reads.

    `weight` is flat; -1 where the layer has none. `name` and `place` are of its parameter.
    """

    weight: int = -1
    name: str = ""
    place: tuple[int, ...] = ()
    pixel: Spot | None = None


@dataclass(frozen=True, eq=False)
class Backward:
    """How the error flows back through `spot`, to the chosen weight and the chosen number that comes in.

    `fed` are the outputs [n, 3] of this layer that the chosen number has a say in; `used` the places [n, 3] of the
    input that the chosen weight multiplies, and `made` [n, 3] the outputs that it does so for.
    """

    spot: Spot
    lines: tuple[Line, ...]
    chosen: Choice
    fed: Whole = field(default_factory=lambda: np.zeros((0, 3), np.int64))
    used: Whole = field(default_factory=lambda: np.zeros((0, 3), np.int64))
    made: Whole = field(default_factory=lambda: np.zeros((0, 3), np.int64))
