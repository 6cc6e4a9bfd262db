"""What is to be made small: one class a loss, and the table of all of them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.kernels import loss as kernel
from lab.network.shape import Shape
from lab.problem import Problem

OverExamples = Annotated[
    Literal["mean", "sum"],
    msgspec.Meta(description="Whether a batch's error is the mean or the sum over its examples"),
]
OverOutputs = Annotated[
    Literal["sum", "mean"],
    msgspec.Meta(description="Whether an example's error is the sum or the mean over its outputs"),
]
Low = Annotated[float, msgspec.Meta(ge=-10, le=10, description="Target of a wrong class")]
High = Annotated[float, msgspec.Meta(ge=-10, le=10, description="Target of the right class")]


class Loss(msgspec.Struct, frozen=True, tag_field="loss", forbid_unknown_fields=True):
    """The error of a batch, from the network's outputs Y and the targets T, both [examples, outputs].

    Where the output is an image, outputs are all its numbers: pixels of all channels.
    """

    title: ClassVar[str]
    formula: ClassVar[str]
    compares: ClassVar[bool] = True
    """Whether the output is compared with an answer."""

    @property
    def kind(self) -> int:
        """Which arithmetic of lab.kernels.loss."""
        raise NotImplementedError

    @property
    def constants(self) -> tuple[float, float, float]:
        """What the kernel is told besides its kind.

        The threshold between two classes of a single output; the loss's own number; and 0 for a sum over the
        outputs, else what their mean is multiplied by. Softmax sums its outputs and says this of an image's pixels.
        """
        return (0.0, 0.0, 0.0)

    @property
    def sums_examples(self) -> bool:
        """True where the error of a batch is the sum over its examples, False where it is their mean."""
        return False

    def encode(self, labels: NDArray[np.int64], classes: int, outputs: int) -> NDArray[np.float32]:
        """Class numbers [...] as targets [..., outputs]."""
        raise NotImplementedError

    def scores(self, outputs: NDArray[np.float32], axis: int = -1) -> NDArray[np.float32]:
        """Outputs, or the channels of an output image, along `axis` as a person reads them: probabilities where
        they are logits.
        """
        return outputs

    def problem(self, classes: int, target: Shape, output: Shape) -> Problem | None:
        """Why a network with this output cannot be trained on this task with this loss; None if it can.

        `classes` is 0 for regression. `target` is an answer's shape: of classes one channel each, of numbers one
        channel each, or an image, of classes for each pixel or of numbers.
        """
        if not target.is_vector:
            return image_problem(classes, target, output)
        if not output.is_vector:
            what = f"the output is an image of {output}, the task wants a vector"
            return Problem("", what, "Add a Flatten and a Dense")
        outputs = output.size
        if classes and outputs not in ((classes, 1) if classes == 2 else (classes,)):
            wanted = "1 or 2" if classes == 2 else f"{classes}"
            return Problem(
                "",
                f"the data has {classes} classes, the network {outputs} outputs",
                f"Give the last layer {wanted} units",
            )
        if not classes and outputs != target.size:
            return Problem(
                "",
                f"the data has {target.size} target values, the network {outputs} outputs",
                f"Give the last layer {target.size} units",
            )
        return None


def image_problem(classes: int, target: Shape, output: Shape) -> Problem | None:
    """In what an output differs from the image that is wanted; of two classes one channel will do."""
    channels = {1, 2} if classes == 2 else {classes or target.channels}
    rows, columns = output.height - target.height, output.width - target.width
    if output.channels in channels and not rows and not columns:
        return None
    wanted, size = " or ".join(map(str, sorted(channels))), f"{target.height}×{target.width}"
    if output.is_vector:
        what = f"the output is a vector of {output}, the task wants an image of {target}"
        return Problem("", what, f"End with a convolution of {wanted} filters, without a Flatten before it")
    mends = []
    if rows == columns and rows > 0 and rows % 2 == 0:
        mends.append(f"crop a border of {rows // 2} from every side")
    elif rows > 0 or columns > 0:
        mends.append(f"crop or pool it to {size}")
    elif rows or columns:
        mends.append(
            f"give the convolutions a padding of (kernel − 1) / 2, upsample what was pooled, or take targets of "
            f"{output.height}×{output.width}"
        )
    if output.channels not in channels:
        mends.append(f"give the last layer {wanted} filters")
    mend = "; ".join(mends)
    return Problem("", f"the network gives {output}, the targets are {target}", mend[0].upper() + mend[1:])


def one_of(labels: NDArray[np.int64], outputs: int, low: float, high: float) -> NDArray[np.float32]:
    """`high` at the output of the right class and `low` elsewhere; a single output is `high` for the second."""
    right = labels[..., None] == (np.arange(outputs) if outputs > 1 else np.array([1]))
    return np.where(right, np.float32(high), np.float32(low))


class SoftmaxCrossEntropy(Loss, frozen=True, tag="softmax_cross_entropy"):
    """The network's outputs are logits; softmax makes them probabilities inside the loss.

    Of an image the channels of each pixel are: each pixel is of a class of its own.
    """

    over_pixels: Annotated[
        Literal["mean", "sum"],
        msgspec.Meta(description="Whether an image's error is the mean or the sum over its pixels"),
    ] = "mean"

    title = "softmax cross-entropy"
    formula = "E = −Σⱼ tⱼ log pⱼ,  p = softmax(y)"
    kind = kernel.SOFTMAX_CROSS_ENTROPY

    @property
    def constants(self) -> tuple[float, float, float]:
        return (0.0, 0.0, float(self.over_pixels == "mean"))

    def scores(self, outputs: NDArray[np.float32], axis: int = -1) -> NDArray[np.float32]:
        with np.errstate(invalid="ignore"):  # outputs that are not finite have no probabilities: NaN
            e = np.exp(outputs - outputs.max(axis, keepdims=True))
            softmax: NDArray[np.float32] = e / e.sum(axis, keepdims=True)
        return softmax

    def encode(self, labels: NDArray[np.int64], classes: int, outputs: int) -> NDArray[np.float32]:
        return one_of(labels, outputs, 0, 1)

    def problem(self, classes: int, target: Shape, output: Shape) -> Problem | None:
        if not classes:
            return Problem(
                "", "softmax cross-entropy is for classes, and this data has none", "Choose squared error"
            )
        found = super().problem(classes, target, output)
        if found is None and output.channels == 1:
            what, units = ("channel", "filters") if not target.is_vector else ("output", "units")
            return Problem(
                "",
                f"softmax over a single {what} is always 1",
                f"Give the last layer {classes} {units} or choose binary cross-entropy",
            )
        return found


class BinaryCrossEntropy(Loss, frozen=True, tag="binary_cross_entropy"):
    """Each output is a question of its own: a logit, which a sigmoid inside the loss makes a probability.

    With one output between two classes, with one a class (one against the rest), or with numbers from 0 to 1 to
    be met, as the pixels of an image. PyTorch's binary_cross_entropy_with_logits.
    """

    over_examples: OverExamples = "mean"
    over_outputs: OverOutputs = "sum"

    title = "binary cross-entropy"
    formula = "E = −Σⱼ tⱼ log pⱼ + (1 − tⱼ) log(1 − pⱼ),  p = 1 / (1 + e⁻ʸ)"
    kind = kernel.BINARY_CROSS_ENTROPY

    @property
    def constants(self) -> tuple[float, float, float]:
        return (0.0, 0.0, float(self.over_outputs == "mean"))

    @property
    def sums_examples(self) -> bool:
        return self.over_examples == "sum"

    def encode(self, labels: NDArray[np.int64], classes: int, outputs: int) -> NDArray[np.float32]:
        return one_of(labels, outputs, 0, 1)

    def scores(self, outputs: NDArray[np.float32], axis: int = -1) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):  # e**-y is infinite where the sigmoid is 0
            return (1 / (1 + np.exp(-outputs))).astype(np.float32)


class Hinge(Loss, frozen=True, tag="hinge"):
    """The right class is to lead every other by a margin; beyond it nothing pulls any more.

    Against "all" others that come too near, their shortfalls added up (Weston and Watkins, 1999): K times
    PyTorch's MultiMarginLoss, which divides by the number of classes. Against the "worst" of them alone: Crammer
    and Singer, 2001. A single output between two classes is to be beyond the margin on its own side,
    max(0, m − t y) with t = ±1 (Cortes and Vapnik, 1995). With L2 on its weights a Dense layer becomes a support
    vector machine.
    """

    margin: Annotated[
        float,
        msgspec.Meta(gt=0, le=1000, title="margin m", description="By how much the right class is to lead"),
    ] = 1.0
    against: Annotated[
        Literal["all", "worst"],
        msgspec.Meta(description="Which of the other classes count: all that come too near, or the worst"),
    ] = "all"
    over_examples: OverExamples = "mean"

    title = "hinge"
    formula = "E = Σⱼ≠c max(0, m − yc + yⱼ)"

    @property
    def kind(self) -> int:
        return kernel.HINGE_WORST if self.against == "worst" else kernel.HINGE

    @property
    def constants(self) -> tuple[float, float, float]:
        return (0.0, self.margin, 0.0)

    @property
    def sums_examples(self) -> bool:
        return self.over_examples == "sum"

    def encode(self, labels: NDArray[np.int64], classes: int, outputs: int) -> NDArray[np.float32]:
        return one_of(labels, outputs, -1, 1)

    def problem(self, classes: int, target: Shape, output: Shape) -> Problem | None:
        if not classes:
            return Problem("", "hinge loss is for classes, and this data has none", "Choose squared error")
        if not target.is_vector:
            what = "hinge loss is for one answer an example, and this data asks for one a pixel"
            return Problem("", what, "Choose softmax cross-entropy")
        return super().problem(classes, target, output)


class SquaredError(Loss, frozen=True, tag="squared_error"):
    """E = 1/2 sum over the outputs of (t - y)^2, as in the lecture; over examples the mean or the sum.

    As a mean over the outputs it has no 1/2: the mean squared error, PyTorch's MSELoss.

    Classes become targets: `high` for the right one and `low` for the others; a single output between two
    classes is `low` for the first and `high` for the second.
    """

    over_examples: OverExamples = "mean"
    low: Low = 0.0
    high: High = 1.0
    over_outputs: OverOutputs = "sum"

    title = "squared error"
    formula = "E = ½ Σⱼ (tⱼ − yⱼ)²"
    kind = kernel.SQUARED_ERROR

    @property
    def constants(self) -> tuple[float, float, float]:
        return ((self.low + self.high) / 2, 0.0, 2.0 if self.over_outputs == "mean" else 0.0)

    @property
    def sums_examples(self) -> bool:
        return self.over_examples == "sum"

    def encode(self, labels: NDArray[np.int64], classes: int, outputs: int) -> NDArray[np.float32]:
        return one_of(labels, outputs, self.low, self.high)


class AbsoluteError(Loss, frozen=True, tag="absolute_error"):
    """Every output pulls with the same strength, however far it is off: outliers count less, images stay sharper.

    Classes become targets as with the squared error.
    """

    over_examples: OverExamples = "mean"
    low: Low = 0.0
    high: High = 1.0
    over_outputs: OverOutputs = "sum"

    title = "absolute error"
    formula = "E = Σⱼ |tⱼ − yⱼ|"
    kind = kernel.ABSOLUTE_ERROR

    @property
    def constants(self) -> tuple[float, float, float]:
        return ((self.low + self.high) / 2, 0.0, float(self.over_outputs == "mean"))

    @property
    def sums_examples(self) -> bool:
        return self.over_examples == "sum"

    def encode(self, labels: NDArray[np.int64], classes: int, outputs: int) -> NDArray[np.float32]:
        return one_of(labels, outputs, self.low, self.high)


class Huber(Loss, frozen=True, tag="huber"):
    """Squared near the target, absolute beyond δ: Huber, 1964. PyTorch's HuberLoss.

    Classes become targets as with the squared error.
    """

    delta: Annotated[
        float, msgspec.Meta(gt=0, le=1000, title="δ", description="Where the parabola goes over into lines")
    ] = 1.0
    over_examples: OverExamples = "mean"
    low: Low = 0.0
    high: High = 1.0
    over_outputs: OverOutputs = "sum"

    title = "Huber"
    formula = "E = Σⱼ ½ d² for |d| ≤ δ, else δ (|d| − ½ δ),  d = tⱼ − yⱼ"
    kind = kernel.HUBER

    @property
    def constants(self) -> tuple[float, float, float]:
        return ((self.low + self.high) / 2, self.delta, float(self.over_outputs == "mean"))

    @property
    def sums_examples(self) -> bool:
        return self.over_examples == "sum"

    def encode(self, labels: NDArray[np.int64], classes: int, outputs: int) -> NDArray[np.float32]:
        return one_of(labels, outputs, self.low, self.high)


class OutputItself(Loss, frozen=True, tag="output"):
    """The network's output is what is to be made small: of a formula. No answer is compared with it.

    Examples are told apart by nothing but their inputs; the error of a batch is their mean.
    """

    title = "the output itself"
    formula = "E = Σⱼ yⱼ"
    kind = kernel.OUTPUT
    compares = False

    def encode(self, labels: NDArray[np.int64], classes: int, outputs: int) -> NDArray[np.float32]:
        return np.zeros((*labels.shape, outputs), np.float32)

    def problem(self, classes: int, target: Shape, output: Shape) -> Problem | None:
        if classes:
            what = "“the output itself” tells no classes apart, and this data has classes"
            return Problem("", what, "Choose softmax cross-entropy")
        return super().problem(classes, target, output)


AnyLoss = (
    SoftmaxCrossEntropy | BinaryCrossEntropy | Hinge | SquaredError | AbsoluteError | Huber | OutputItself
)
LOSSES: tuple[type[Loss], ...] = (
    SoftmaxCrossEntropy,
    BinaryCrossEntropy,
    Hinge,
    SquaredError,
    AbsoluteError,
    Huber,
    OutputItself,
)
