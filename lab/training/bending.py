"""How a layer folds the plane: what can be asked, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.training.question import Question

Points = NDArray[np.float64]


@dataclass(frozen=True)
class BentGridProbe(Question["BentGrid"]):
    """The grid of the input plane in the space of a layer's outputs, seen along two of its `units`.

    None: along both, where the layer has two, else in the plane of the two main directions of what the layer makes of
    the training examples. There are so many `lines` each way, with so many pieces `between` two crossings.
    """

    layer: str
    units: tuple[int, int] | None = None
    lines: int = 21
    between: int = 6


@dataclass(frozen=True, eq=False)
class BentGrid:
    """Places in the plane, in raw units, and where the layer puts them: pairs of arrays of one shape.

    `lines` are [2 `lines`, points, 2], first those along which the first input stays as it is, from left to right, then
    those of the second, from below. `points` are the training examples [n, 2], of classes `labels` [n], None in
    regression. `border` [m, 2] is where the network turns from one class to another, gaps NaN, empty in regression.

    `units` are those that were looked along, None for the main directions: then `share` is how much of the variance
    lies in their plane, which is turned, and mirrored if need be, so that the points lie as in the input plane.
    """

    layer: str
    width: int
    units: tuple[int, int] | None
    share: float
    lines: tuple[Points, Points]
    points: tuple[Points, Points]
    border: tuple[Points, Points]
    labels: NDArray[np.int64] | None
    targets: NDArray[np.float32] | None
