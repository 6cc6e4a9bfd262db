"""Receptive fields as they are measured: what can be asked about one, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.training.drawing import Drawing
from lab.training.question import Question

Of = Literal["preactivation", "output"]
"""Of which number of the unit: z, or y = f(z)."""
ABOVE = 1 - 0.9545
"""A pixel belongs to the effective field where its mean |gradient| is above this share of the greatest: 95.45 % of a
normal distribution lie within two standard deviations of its middle. W. Luo, Y. Li, R. Urtasun, R. Zemel, Understanding
the Effective Receptive Field in Deep Convolutional Neural Networks, NIPS 2016, take that share of the middle pixel."""

DEAR = 20e9
"""Multiply-adds of one example beyond which gradients of it are not worked out unasked: other answers would wait for
seconds."""


@dataclass(frozen=True)
class FieldProbe(Question["Field"]):
    """The gradient of one unit by the input: unit `unit` of `layer` at `row` and `column` of its map, as in use.

    Over the first `examples` of a part, or as many as are looked at in good time, and number `example` of it besides.
    """

    layer: str
    unit: int = 0
    row: int = 0
    column: int = 0
    part: Literal["training", "validation", "test"] | Drawing = "validation"
    example: int = 0
    examples: int = 64
    of: Of = "preactivation"


@dataclass(frozen=True)
class Effective:
    """How large a measured field is, in pixels of the input; all is NaN, or 0, where no gradient comes through.

    `pixels` have a mean |gradient| above ABOVE of the greatest, `side` is the square root of their number: the side of
    a square as large. Of |gradient| as a distribution over the pixels, `centre` is the middle and `deviation` the
    standard deviation, each (vertical, horizontal).
    """

    pixels: int
    side: float
    centre: tuple[float, float]
    deviation: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Field:
    """All maps are [height, width] of the input; g = dz/dx, or dy/dx, of one example is [channels, height, width].

    `magnitude` is the mean over the examples of sum over channels |g|, `signed` the mean of sum over channels g, and
    `one` is sum over channels g of the one example. So many `examples` were looked at, of which in `silent` no
    gradient came through at all.
    """

    magnitude: NDArray[np.float32]
    signed: NDArray[np.float32]
    one: NDArray[np.float32]
    examples: int
    silent: int
    effective: Effective
