"""What is to be made small: one class a loss, and the table of all of them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.kernels import loss as kernel
from lab.problem import Problem


class Loss(msgspec.Struct, frozen=True, tag_field="loss", forbid_unknown_fields=True):
    """The error of a batch, from the network's outputs Y and the targets T, both [examples, outputs]."""

    title: ClassVar[str]
    formula: ClassVar[str]
    kind: ClassVar[int]

    @property
    def constants(self) -> tuple[float, ...]:
        """What the kernel is told besides its kind: threshold between two classes of a single output."""
        return (0.0,)

    @property
    def sums_examples(self) -> bool:
        """True where the error of a batch is the sum over its examples, False where it is their mean."""
        return False

    def encode(self, labels: NDArray[np.int64], classes: int, outputs: int) -> NDArray[np.float32]:
        """Class numbers [n] as targets [n, outputs]."""
        raise NotImplementedError

    def problem(self, classes: int, targets: int, outputs: int) -> Problem | None:
        """Why a network with `outputs` outputs cannot be trained on this task with this loss; None if it can.

        `classes` is 0 for regression, where `targets` counts the numbers to be predicted.
        """
        if classes and outputs not in ((classes, 1) if classes == 2 else (classes,)):
            wanted = "1 or 2" if classes == 2 else f"{classes}"
            return Problem(
                "",
                f"the data has {classes} classes, the network {outputs} outputs",
                f"Give the last layer {wanted} units",
            )
        if not classes and outputs != targets:
            return Problem(
                "",
                f"the data has {targets} target values, the network {outputs} outputs",
                f"Give the last layer {targets} units",
            )
        return None


class SoftmaxCrossEntropy(Loss, frozen=True, tag="softmax_cross_entropy"):
    """The network's outputs are logits; softmax makes them probabilities inside the loss."""

    title = "softmax cross-entropy"
    formula = "E = −Σⱼ tⱼ log pⱼ,  p = softmax(y)"
    kind = kernel.SOFTMAX_CROSS_ENTROPY

    def encode(self, labels: NDArray[np.int64], classes: int, outputs: int) -> NDArray[np.float32]:
        return np.eye(outputs, dtype=np.float32)[labels]

    def problem(self, classes: int, targets: int, outputs: int) -> Problem | None:
        if not classes:
            return Problem(
                "", "softmax cross-entropy is for classes, and this data has none", "Choose squared error"
            )
        if outputs == 1:
            return Problem(
                "",
                "softmax over a single output is always 1",
                f"Give the last layer {classes} units or choose squared error",
            )
        return super().problem(classes, targets, outputs)


class SquaredError(Loss, frozen=True, tag="squared_error"):
    """E = 1/2 sum over the outputs of (t - y)^2, as in the lecture; over examples the mean or the sum.

    Classes become targets: `high` for the right one and `low` for the others; a single output between two
    classes is `low` for the first and `high` for the second.
    """

    over_examples: Annotated[
        Literal["mean", "sum"],
        msgspec.Meta(description="Whether a batch's error is the mean or the sum over its examples"),
    ] = "mean"
    low: Annotated[float, msgspec.Meta(ge=-10, le=10, description="Target of a wrong class")] = 0.0
    high: Annotated[float, msgspec.Meta(ge=-10, le=10, description="Target of the right class")] = 1.0

    title = "squared error"
    formula = "E = ½ Σⱼ (tⱼ − yⱼ)²"
    kind = kernel.SQUARED_ERROR

    @property
    def constants(self) -> tuple[float, ...]:
        return ((self.low + self.high) / 2,)

    @property
    def sums_examples(self) -> bool:
        return self.over_examples == "sum"

    def encode(self, labels: NDArray[np.int64], classes: int, outputs: int) -> NDArray[np.float32]:
        right = labels[:, None] == (np.arange(outputs) if outputs > 1 else np.array([1]))
        return np.where(right, np.float32(self.high), np.float32(self.low))


AnyLoss = SoftmaxCrossEntropy | SquaredError
LOSSES: tuple[type[Loss], ...] = (SoftmaxCrossEntropy, SquaredError)
