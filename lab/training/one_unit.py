"""One unit and many inputs: its maps of many examples, its strongest examples, and the input that excites it most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.training.probes import PartOf
from lab.training.question import Question

Array = NDArray[np.float32]
Beginning = Literal["noise", "grey", "example"]


@dataclass(frozen=True)
class UnitMapsProbe(Question["UnitMaps"]):
    """The maps of one unit, channel `unit` of `layer`, for `count` examples of a part from number `first` on.

    With `before`, of what its activation function is given.
    """

    layer: str
    unit: int
    part: PartOf = "validation"
    first: int = 0
    count: int = 24
    before: bool = False


@dataclass(frozen=True, eq=False)
class UnitMaps:
    """`inputs` [n, C, H, W] as the network sees them, `raw` [n, C, H, W] as they came, `maps` [n, h, w].

    `indices` [n] are the examples' numbers in their part, `labels` [n] their classes, None where they have none.
    """

    inputs: Array
    raw: Array
    maps: Array
    indices: NDArray[np.int64]
    labels: NDArray[np.int64] | None


@dataclass(frozen=True)
class StrongestProbe(Question["Strongest"]):
    """The `many` examples of a part that excite a unit most, of the first `examples`, or fewer where that would be
    too much work. An example counts by the largest number of the unit's map."""

    layer: str
    unit: int
    part: PartOf = "validation"
    many: int = 9
    examples: int = 1000
    before: bool = False


@dataclass(frozen=True, eq=False)
class Strongest:
    """The strongest first; of examples that are equally strong, those with lower numbers.

    `found` are their inputs and maps, `values` [many] what the unit says at `rows`, `columns` of its map, where it is
    largest. So many examples were `looked_at`, of so many that `there` are in the part.
    """

    found: UnitMaps
    values: Array
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    looked_at: int
    there: int


@dataclass(frozen=True)
class ExcitingProbe(Question["Exciting"]):
    """The input that excites a unit most, by gradient ascent on the objective

    J(u) = a / s - decay / 2 mean(u^2) - variation mean(|grad u|)

    of u = (x - mean) / deviation of the training examples. a is the unit's number at `spot` (row, column), or the mean
    of its map, and s its deviation over the data, so that what costs are compared with is alike for all units; |grad u|
    at a pixel is the length sqrt(right^2 + down^2 + e^2) of its differences to its neighbours. An ascent moves u by
    `step` times the gradient over its root mean square, and by half as much where J would fall.

    It starts from `beginning`: "noise" by `seed`, "grey" (0 everywhere), or example `example` of `part`. Where it is
    `bounded`, numbers stay within those that the training examples have, channel by channel. `steps` is the number of
    passes through the network; `pace` so many are made between two pictures, while the run stands.
    """

    asks = "climber"

    layer: str
    unit: int
    spot: tuple[int, int] | None = None
    before: bool = True
    beginning: Beginning = "noise"
    part: PartOf = "validation"
    example: int = 0
    seed: int = 0
    step: float = 0.1
    decay: float = 1.0
    variation: float = 5.0
    bounded: bool = True
    steps: int = 200
    pace: int = 4
    again: int = 0
    """Counts how often a person wanted it from the beginning."""


@dataclass(frozen=True, eq=False)
class Exciting:
    """`x` [C, H, W] as the network sees it, `raw` as data come. `objective` [n] and `answers` [n] are J and a after
    each pass that was taken up, the first at the beginning; `passes` [n] says after how many. `deviation` is s.

    The weights are those of step `at`. It is `done` after all passes, or where no step leads further up (`stuck`).
    `gradient` is the root mean square of the gradient: 0 where the unit does not answer to this input.
    """

    x: Array
    raw: Array
    objective: NDArray[np.float64]
    answers: NDArray[np.float64]
    passes: NDArray[np.int64]
    at: int
    done: bool
    stuck: bool
    gradient: float
    step: float
    deviation: float = 1.0
