"""What a view may ask to see: one frozen value a question, one reading an answer.

A view names its probes; only probes that open views name are answered. A probe is answered on an observer's
thread from a copy of the parameters, so watching never disturbs training, and the answer is frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.learning.told import Term
from lab.training.drawing import Drawing
from lab.training.question import Probe as Probe
from lab.training.question import Question
from lab.training.question import Reading as Reading

PartName = Literal["training", "validation", "test"]
PartOf = PartName | Drawing
"""What an example may be of."""
Array = NDArray[np.float32]
Change = tuple[int, int, int, float]
"""Channel, row and column of an input, and another number for it, as the network sees it."""


@dataclass(frozen=True)
class ActivationsProbe(Question["Activations"]):
    """Every layer's numbers for one example, as in use.

    Where it is of the `batch`, `example` counts in the batch that comes next and `part` says nothing: then the numbers
    are as training will make them, units dropped and batches normalized by their own statistics. What is `changed`
    is so on a copy of the example.
    """

    part: PartOf = "validation"
    example: int = 0
    changed: tuple[Change, ...] = ()
    batch: bool = False


@dataclass(frozen=True)
class Activations:
    """`outputs[name]` and `preactivations[name]` are [channels, height, width]; `input` is as the network sees it.

    `raw` is the example before preprocessing, and before anything was changed. `scores` are the network's outputs as
    a person reads them: probabilities where the loss is a cross-entropy, else the outputs themselves. They and
    `target` are [outputs], or [C, H, W] where the answer is an image; the target is NaN where nobody knows it, as of
    a drawing. `label` is None there, in regression, and where each pixel has its own class. `peaks` has the largest
    magnitude of each unit, so that who draws need not go through millions of numbers. `index` is the example's number
    in its part. `statistics[name]` [2, channels] are the mean and the variance by which a batch was normalized, where
    it was by its own.
    """

    input: Array
    raw: Array
    outputs: dict[str, Array]
    preactivations: dict[str, Array]
    scores: Array
    target: Array
    label: int | None
    peaks: dict[str, Array] = field(default_factory=dict)
    index: int = 0
    statistics: dict[str, Array] = field(default_factory=dict)

    def peak(self, name: str) -> Array:
        """The largest magnitude of each unit of a layer."""
        known = self.peaks.get(name)
        return largest(self.outputs[name], (1, 2)) if known is None else known


@dataclass(frozen=True)
class GradientsProbe(Question["Gradients"]):
    """The derivatives of one example's own error E, not of a batch's mean, and without penalties.

    The fields are those of ActivationsProbe.
    """

    part: PartOf = "validation"
    example: int = 0
    changed: tuple[Change, ...] = ()
    batch: bool = False


@dataclass(frozen=True)
class Gradients:
    """`outputs[name]`, dE/dy, and `preactivations[name]`, dE/dz, are shaped as those of Activations; `input` is dE/dx.

    A layer without an activation function has the same numbers in both. `parameters` has dE/dW, dE/db and the like of
    all that is learned, by name, in PyTorch's order. `peaks` has the largest |dE/dy| of each unit. Where the example
    is of a batch that is normalized as a whole, E is the sum over all of it, and so are `parameters`.
    """

    error: float
    input: Array
    outputs: dict[str, Array]
    preactivations: dict[str, Array]
    parameters: dict[str, Array]
    peaks: dict[str, Array] = field(default_factory=dict)


AGREES, UNCERTAIN = 1e-3, 0.25
"""Relative error up to which two derivatives are one: a wrong one is off by far more. And the share of what a shake of
all weights makes of it: rounding shakes less."""


@dataclass(frozen=True)
class GradientCheckProbe(Question["GradientCheck"]):
    """One derivative of one example's error, by backpropagation and by differences, as in use.

    By the parameter with the flat index `weight`, or by the number `pixel`, channel, row and column, of the input.
    """

    part: PartOf = "validation"
    example: int = 0
    changed: tuple[Change, ...] = ()
    weight: int = -1
    pixel: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class GradientCheck:
    """`backpropagated` is the engine's number, `difference` = (E(w + h) - E(w - h)) / 2h from a network in float64.

    `value` is w, `below` and `above` are E(w - h) and E(w + h). `kinks` names the layers of which a number goes over a
    kink between the two, even with the smallest h: there the difference is no derivative. `shake` is by how much the
    engine's number moves when all weights do by their last digit: so uncertain are numbers of 32 bits here.
    """

    value: float
    step: float
    below: float
    above: float
    backpropagated: float
    kinks: tuple[str, ...] = ()
    shake: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether the two are the same number, as far as 32 bits go."""
        apart = abs(self.backpropagated - self.difference)
        return self.relative <= AGREES or apart <= max(self.uncertain, self.rounding)

    @property
    def uncertain(self) -> float:
        """By how much rounding may have moved the engine's number."""
        return UNCERTAIN * self.shake

    @property
    def difference(self) -> float:
        return (self.above - self.below) / (2 * self.step)

    @property
    def rounding(self) -> float:
        """How far the difference is off at least, because errors have 16 digits."""
        return 16 * float(np.finfo(np.float64).eps) * max(abs(self.below), abs(self.above), 1.0) / self.step

    @property
    def relative(self) -> float:
        """How far the two are apart, as a share of the larger one; 0 where both are 0."""
        size = max(abs(self.backpropagated), abs(self.difference))
        return abs(self.backpropagated - self.difference) / size if size else 0.0


@dataclass(frozen=True)
class WeightsProbe(Question["Weights"]):
    """All parameters."""


@dataclass(frozen=True)
class Weights:
    """`parameters["conv1.weight"]` in PyTorch's order: [out, in, kernel height, kernel width] or [out, in]."""

    parameters: dict[str, Array]


@dataclass(frozen=True)
class UpdateProbe(Question["Update"]):
    """What the optimizer had in hand at the last update, for all parameters."""


@dataclass(frozen=True)
class Update:
    """`parameters["conv1.weight"]["velocity"]`: see `Internals.named` for the names."""

    parameters: dict[str, dict[str, Array]]


@dataclass(frozen=True)
class ToldProbe(Question["Told"]):
    """The last update of single weights, by their flat indices, told term by term."""

    weights: tuple[int, ...]


@dataclass(frozen=True)
class ToldUpdate:
    """The weight `name`, and its `value` after the update. `numbers` has the weight, its gradient, what the optimizer
    remembers, its step size and the last update, as far as they are known: see `Internals.named`.

    The value of the last of `terms` is the weight after the update, that of the one before it the change. There are
    none where the update is not known: then `why` says what to do.
    """

    index: int
    name: str
    value: float
    numbers: Mapping[str, float]
    terms: tuple[Term, ...]
    why: str = ""


@dataclass(frozen=True)
class Told:
    """One for each weight of the probe that the network has."""

    updates: tuple[ToldUpdate, ...]


@dataclass(frozen=True)
class DistancesProbe(Question["Distances"]):
    """How far the weights have come."""


@dataclass(frozen=True)
class Distances:
    """Euclidean, of all parameters: `from_start` from where they began, `to_minimum` to a minimum of the error that is
    known exactly, the nearest one. NaN where the start has not been kept, and where no minimum is known.
    """

    from_start: float
    to_minimum: float


@dataclass(frozen=True)
class OutputsProbe(Question["Outputs"]):
    """What the network says to every example of a part."""

    asks = "reader"
    part: PartName = "validation"


@dataclass(frozen=True)
class Outputs:
    """`scores` and `targets` are [n, outputs]; `predicted` and `labels` are class numbers [n], None in regression.

    Where the answer is an image they are [n, C, H, W] and, of a class for each pixel, [n, H, W].
    `confusion[true, predicted]` counts examples, or pixels; None in regression and of very many classes. Where the
    outputs are not finite, `predicted` is -1 and nothing is counted.
    """

    scores: Array
    targets: Array
    predicted: NDArray[np.int64] | None
    labels: NDArray[np.int64] | None
    confusion: NDArray[np.int64] | None
    loss: float
    accuracy: float


@dataclass(frozen=True)
class DecisionProbe(Question["Decision"]):
    """The network as a function of its two inputs: its output and every hidden unit as a map."""

    resolution: int = 100


@dataclass(frozen=True)
class Decision:
    """`layers[name]` is [units, resolution, resolution], row 0 at the lowest second input.

    `bounds` is ((x lowest, x highest), (y lowest, y highest)) in raw units of the data. The last layer's map is
    the output; `score` is [resolution, resolution]: for two classes how much the network leans to the second
    (-1..1), for regression the output itself; None with more than two classes, where `winner` says which.
    """

    layers: dict[str, Array]
    bounds: tuple[tuple[float, float], tuple[float, float]]
    score: Array | None
    winner: NDArray[np.int64] | None


@dataclass(frozen=True)
class OperationProbe(Question["Operation"]):
    """What goes into one operation of the update that comes next, and what comes out of it.

    `line` is its number in the listing (lab.training.listing), `example` which of the batch is shown in full.
    `operation` says how many operations have been made: what comes later is not there yet. None: up to this one.
    The moment that answers it must carry its `state`.
    """

    line: int
    example: int = 0
    operation: int | None = None

    @property
    def made(self) -> int:
        """How many operations have been made."""
        return self.line + 1 if self.operation is None else self.operation


@dataclass(frozen=True, eq=False)
class Spread:
    """How numbers are spread: `counts` [bins] between `edges` [bins + 1], of so many numbers as they add up to.

    `least`, `mean` and `greatest` are of the finite ones, NaN where there is none; `total` counts all numbers, of
    which so many are exactly 0 and so many not finite.
    """

    counts: NDArray[np.int64]
    edges: NDArray[np.float64]
    least: float
    mean: float
    greatest: float
    zeros: int
    not_finite: int
    total: int


@dataclass(frozen=True, eq=False)
class Operand:
    """An array that an operation reads or makes. `name` is what it is in the formula: "x", "W", "dY", "w before".

    `values` is that of one example, [C, H, W], or a parameter's, in its own shape; `spread` is of all examples looked
    at. Both are None while the operation that makes it is still to come. `parameter` is the full name of the parameter
    that it is of, "" where it is of none.
    """

    name: str
    shape: tuple[int, ...]
    parameter: str = ""
    values: Array | None = None
    spread: Spread | None = None


@dataclass(frozen=True, eq=False)
class Operation:
    """`made` says whether the operation has been made. `index` is the shown example's number in the training part.

    Spreads of what flows are over the first `examples` of the batch of `batch`; derivatives by parameters are always
    the sum over all of it.
    """

    line: int
    made: bool
    example: int
    index: int
    examples: int
    batch: int
    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]


def largest(values: Array, axis: tuple[int, ...] | None = None) -> Array:
    """The largest magnitude along some axes, or of all; NaN where there is one. It makes no copy of the values."""
    found: Array = np.maximum(values.max(axis, initial=0.0), -values.min(axis, initial=0.0))
    return found
