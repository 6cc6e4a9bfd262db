"""What can be followed while a run goes on: one class a quantity, and the table of all of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.training.conditions import Health, LayerHealth
from lab.training.health import health, layer_norm, norm
from lab.training.history import Curves
from lab.training.snapshot import Series

if TYPE_CHECKING:
    from lab.training.run import Run

NAN = float("nan")

Looking = Literal["numbers", "units", "gradients"]
"""What has to be looked at: numbers that are there anyway; units, on examples; or gradients through them, too."""

LayerName = Annotated[str, msgspec.Meta(min_length=1, max_length=60, description="Of which layer")]
ParameterName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=120, description="Of which weights: dense1.weight")
]


class Look:
    """A run at the step at which it stands. What is made of it is made once, for all quantities that ask."""

    def __init__(self, run: Run, gradients: bool) -> None:
        self.run = run
        self._gradients = gradients

    @cached_property
    def health(self) -> Health:
        return health(self.run, self._gradients)

    @cached_property
    def gradient(self) -> NDArray[np.float32] | None:
        """Of the last update, as the optimizer saw it: after clipping and penalties."""
        return self.run.internals().gradient

    def layer(self, name: str) -> LayerHealth | None:
        return self.health.of(name)

    def parameter(self, name: str) -> NDArray[np.float32] | None:
        program = self.run.program
        found = next((p for p in program.parameters if p.name == name), None)
        if found is None:
            return None
        at = program.offsets[name]
        values: NDArray[np.float32] = self.run.params[at : at + found.size].reshape(found.shape)
        return values


class Quantity(msgspec.Struct, frozen=True, tag_field="quantity", forbid_unknown_fields=True):
    """A number of a run at a step. `words` name it with its unit; shares are in per cent."""

    title: ClassVar[str]
    summary: ClassVar[str]

    @property
    def words(self) -> str:
        raise NotImplementedError


class Logged(Quantity, frozen=True):
    """Taken at every update, or validation, anyway."""

    axis: ClassVar[Literal["step", "validation_step"]] = "step"
    column: ClassVar[str]
    factor: ClassVar[float] = 1.0

    @property
    def words(self) -> str:
        return self.title

    def series(self, curves: Curves) -> Series:
        values: NDArray[np.float64] = getattr(curves, self.column)
        return Series(getattr(curves, self.axis), values if self.factor == 1 else self.factor * values)


class BatchLoss(Logged, frozen=True, tag="batch_loss"):
    title = "batch loss"
    summary = "The error of each batch, before its update"
    column = "loss"


class BatchAccuracy(Logged, frozen=True, tag="batch_accuracy"):
    title = "batch accuracy (%)"
    summary = "How many of each batch are right, before its update"
    column, factor = "accuracy", 100.0


class ValidationLoss(Logged, frozen=True, tag="validation_loss"):
    title = "validation loss"
    summary = "The error of the validation part"
    axis, column = "validation_step", "validation_loss"


class ValidationAccuracy(Logged, frozen=True, tag="validation_accuracy"):
    title = "validation accuracy (%)"
    summary = "How many of the validation part are right"
    axis, column, factor = "validation_step", "validation_accuracy", 100.0


class LearningRate(Logged, frozen=True, tag="learning_rate"):
    title = "learning rate"
    summary = "The rate of each update, as the schedule makes it"
    column = "rate"


class WholeGradientNorm(Logged, frozen=True, tag="gradient_norm"):
    title = "gradient norm"
    summary = "|g| of all that is learned, before clipping and penalties"
    column = "gradient_norm"


class Seen(Quantity, frozen=True):
    """Has to be looked at. NaN where it is not known, or the network has no such thing."""

    looks: ClassVar[Looking]

    def value(self, at: Look) -> float:
        raise NotImplementedError


class WeightValue(Seen, frozen=True, tag="weight_value"):
    """One number of a parameter, by its indices there, as in w[unit, input]."""

    parameter: ParameterName
    index: tuple[int, ...]

    title = "a single weight"
    summary = "One number: a weight of a unit or filter, or a bias"
    looks = "numbers"

    @property
    def words(self) -> str:
        return f"{self.parameter}[{', '.join(map(str, self.index))}]"

    def value(self, at: Look) -> float:
        values = at.parameter(self.parameter)
        is_there = values is not None and len(self.index) == values.ndim
        if not is_there or any(i >= extent for i, extent in zip(self.index, values.shape, strict=True)):  # type: ignore[union-attr]
            return NAN
        return float(values[self.index])  # type: ignore[index]


class ParameterNorm(Seen, frozen=True, tag="parameter_norm"):
    parameter: ParameterName

    title = "size of weights"
    summary = "|w|, the root of the sum of squares of a parameter"
    looks = "numbers"

    @property
    def words(self) -> str:
        return f"|{self.parameter}|"

    def value(self, at: Look) -> float:
        values = at.parameter(self.parameter)
        return NAN if values is None else norm(values)


class LayerGradientNorm(Seen, frozen=True, tag="layer_gradient_norm"):
    layer: LayerName

    title = "gradient norm of a layer"
    summary = (
        "|g| of a layer's weights at the last update, as the optimizer saw it: after clipping and penalties"
    )
    looks = "numbers"

    @property
    def words(self) -> str:
        return f"|g| of {self.layer}"

    def value(self, at: Look) -> float:
        return NAN if at.gradient is None else layer_norm(at.run.program, at.gradient, self.layer)


class UpdateRatio(Seen, frozen=True, tag="update_ratio"):
    layer: LayerName

    title = "update to weight"
    summary = (
        "|Δw| / |w|: by which share of themselves the last update moved a layer's weights; 10⁻³ is usual"
    )
    looks = "numbers"

    @property
    def words(self) -> str:
        return f"|Δw| / |w| of {self.layer}"

    def value(self, at: Look) -> float:
        update = at.run.last_update
        if update is None:
            return NAN
        weights = layer_norm(at.run.program, at.run.params, self.layer)
        return layer_norm(at.run.program, update, self.layer) / weights if weights > 0 else NAN


class DeadShare(Seen, frozen=True, tag="dead_share"):
    layer: LayerName

    title = "dead units"
    summary = "Units of a ReLU that give 0 for all examples looked at, so that no gradient passes"
    looks = "units"

    @property
    def words(self) -> str:
        return f"dead units of {self.layer} (%)"

    def value(self, at: Look) -> float:
        found = at.layer(self.layer)
        return NAN if found is None else 100 * found.dead_share


class SaturatedShare(Seen, frozen=True, tag="saturated_share"):
    layer: LayerName

    title = "saturated units"
    summary = (
        "Units of tanh, sigmoid and their like that are in the flat tail for more than 90 % of what they see"
    )
    looks = "units"

    @property
    def words(self) -> str:
        return f"saturated units of {self.layer} (%)"

    def value(self, at: Look) -> float:
        found = at.layer(self.layer)
        return NAN if found is None else 100 * found.saturated_share


class ActivationSpread(Seen, frozen=True, tag="activation_spread"):
    layer: LayerName

    title = "spread of activations"
    summary = "Standard deviation of a layer's outputs over units and examples"
    looks = "units"

    @property
    def words(self) -> str:
        return f"spread of {self.layer}"

    def value(self, at: Look) -> float:
        found = at.layer(self.layer)
        return NAN if found is None else found.spread


class GradientSpread(Seen, frozen=True, tag="gradient_spread"):
    layer: LayerName

    title = "spread of gradients"
    summary = "Standard deviation of dE/dy over a layer's units and examples"
    looks = "gradients"

    @property
    def words(self) -> str:
        return f"spread of dE/dy of {self.layer}"

    def value(self, at: Look) -> float:
        found = at.layer(self.layer)
        return NAN if found is None else found.gradient_spread


AnyQuantity = (
    BatchLoss
    | BatchAccuracy
    | ValidationLoss
    | ValidationAccuracy
    | LearningRate
    | WholeGradientNorm
    | WeightValue
    | ParameterNorm
    | LayerGradientNorm
    | UpdateRatio
    | DeadShare
    | SaturatedShare
    | ActivationSpread
    | GradientSpread
)
OF_RUN: tuple[type[Logged], ...] = (
    BatchLoss,
    BatchAccuracy,
    ValidationLoss,
    ValidationAccuracy,
    LearningRate,
    WholeGradientNorm,
)
"""Of the run as a whole."""
OF_LAYER: tuple[type[Seen], ...] = (
    LayerGradientNorm,
    UpdateRatio,
    DeadShare,
    SaturatedShare,
    ActivationSpread,
    GradientSpread,
)
"""Of a layer, by its name in the field `layer`."""
OF_PARAMETER: tuple[type[Seen], ...] = (ParameterNorm,)
"""Of weights, by their name in the field `parameter`."""
QUANTITIES: tuple[type[Quantity], ...] = (*OF_RUN, *OF_LAYER, *OF_PARAMETER, WeightValue)
