"""Error surfaces: what can be asked about one, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.landscape.plane import Plane
from lab.training.question import Question

Values = NDArray[np.float64]
PlaneName = Literal["path", "random", "weights", "gradient", "curvature", "moments"]
Over = Literal["training", "validation", "batch", "case"]
Height = Literal["loss", "objective", "accuracy"]


@dataclass(frozen=True)
class SurfaceProbe(Question["Surface"]):
    """The error over a plane, or along a line, through weight space.

    `plane` chooses the two directions:

    - "random": two random ones, filter-normalised (Li et al., 2018); biases and parameters of normalisation are set
      aside where `set_aside` says so, and `seed` draws others (0: the experiment's);
    - "path": the two main directions of the path walked;
    - "weights": the two weights with the flat indices `first` and `second`;
    - "gradient": down the gradient, and its conjugate direction (of A5: A-orthogonal to it, by the Hessian);
    - "curvature": the Hessian's two eigenvectors of largest eigenvalues;
    - "moments": through two or three `anchors`, each (run, step).

    A network with just two weights has its own plane, whatever is asked. A `line` goes along the first direction
    alone. `extent` is the half-width in units of the directions; 0 lets the lab choose. A plane that is `pinned` stays
    while training goes on; otherwise a new one is chosen when the path has left it.

    The error is `over` the training set, the validation set, the batch that comes next, or one training `case`; of a
    set `examples` limits how many (the first so many). `height` is the loss, the objective (the loss and what
    regularisation adds), or the accuracy as a share of 1. Probes that differ only in `over`, `case` and `height` have
    the same plane and frame.
    """

    asks = "surveyor"

    plane: PlaneName = "path"
    first: int = 0
    second: int = 1
    resolution: int = 41
    extent: float = 0.0
    examples: int = 256
    over: Over = "training"
    case: int = 0
    height: Height = "loss"
    set_aside: bool = True
    seed: int = 0
    anchors: tuple[tuple[int, int], ...] = ()
    line: bool = False
    pinned: bool = False

    @property
    def points(self) -> int:
        """Of the whole surface."""
        return self.resolution if self.line else self.resolution**2


@dataclass(frozen=True)
class Footprints:
    """The path of another run on a surface, as `Surface` has that of its own.

    `path_errors` are NaN where there was no time to work them out; of the last point they are the first to be.
    `arrows` are "step", "velocity" and "descent", and `scales`, as in a `Compass`.
    """

    run: int
    name: str
    colour: int
    path: Values
    path_errors: Values
    path_steps: NDArray[np.int64]
    path_distances: Values
    arrows: Mapping[str, Arrow] = field(default_factory=dict)
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Arrow:
    """A direction at the current point: its shadow on the plane in the plane's coordinates, its whole length in weight
    space, and which share of the length lies in the plane (0 to 1).
    """

    shadow: tuple[float, float]
    length: float
    share: float


@dataclass(frozen=True, eq=False)
class Compass:
    """Directions and numbers at the point where the run stands. What is not known, or is not defined, is NaN or None.

    `arrows` are of "descent" (minus the gradient of the error that the surface shows), "batch descent" (minus that of
    the batch that comes next), "step" (the update made last), "velocity" (the optimizer's, where it has one) and
    "minimum" (the way to the known minimum). Angles are in degrees, in whole weight space: `step_to_contour` between
    the step and the contour (90 for plain batch descent, A2), `descent_to_minimum` (A5). `batch_cosine` is between the
    batch's gradient and that of all training examples (A4).

    `eigenvalues` are those of the Hessian within the plane, the larger first, with their directions [2, 2] in rows, in
    the plane's coordinates and of length 1 in weight space; of a line there is one. `condition` is their ratio, NaN
    where there is no bowl and infinite where it is a trough for certain. `largest_rate` of plain descent is 2 / the
    largest eigenvalue: of the whole Hessian where that is `exact`, else of the plane's; the true rate may be smaller.
    `constraint` is the line a x + b y = c on which the current case's error of a linear neuron is 0 (A3).
    `scales`, where the axes are two weights, are what the optimizer keeps of each: "step size", by what it multiplied
    its gradient last, and "running square", the root of that.
    `exact` says whether slopes, eigenvalues and the minimum come from a closed form, and not from passes through the
    network and differences of them.
    """

    arrows: Mapping[str, Arrow]
    step_to_contour: float = float("nan")
    descent_to_minimum: float = float("nan")
    batch_cosine: float = float("nan")
    eigenvalues: tuple[float, float] = (float("nan"), float("nan"))
    eigenvectors: Values | None = None
    condition: float = float("nan")
    largest_rate: float = float("nan")
    constraint: tuple[float, float, float] | None = None
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    exact: bool = False


@dataclass(frozen=True)
class Surface:
    """`errors[row, column]` is the error at `origin + x[column] * d1 + y[row] * d2`.

    A surface is computed coarse first: while `complete` is False, `x` and `y` are fewer than asked for. NaN
    where nothing is known yet. Of a line there is one row, and `y` is [0].

    `path` is [points, 2]: the run projected on the plane, oldest first; `path_errors` its true errors on the
    same examples, `path_steps` the steps and `path_distances` how far off the plane each point lies.
    `axes` names the two directions ("weight w₁", "1st main direction (83 %)"), `cosine` is between them.
    `minimum` is the plane's known minimum (x, y) where there is a closed form, else None. `others` are the paths of
    the document's other runs of the same network, projected on the same plane. The error is over so many `examples`.
    `why` says why there is not what was asked for, where something else is shown instead ("" otherwise). The plane was
    chosen at step `chosen_at`; other points lie on `plane`. Of a line there is a path too, its y being 0; its distances
    are those from the line.

    Errors of the path are NaN where there was no time for them yet; that of the point where the run stands is there in
    any case. A surface is `complete` when the grid and all errors of paths are there; the compass may still grow.
    """

    x: Values
    y: Values
    errors: Values
    path: Values
    path_errors: Values
    path_steps: NDArray[np.int64]
    path_distances: Values
    axes: tuple[str, str]
    cosine: float
    examples: int
    minimum: tuple[float, float] | None = None
    complete: bool = True
    others: tuple[Footprints, ...] = ()
    compass: Compass | None = None
    why: str = ""
    chosen_at: int = 0
    plane: Plane | None = None
