"""How a weight starts: one class each, and the table of all of them.

Draws come from counters: the stream of a parameter is named by the run's seed and the parameter's own name,
so adding a layer leaves the start of every other layer as it was.
"""

from __future__ import annotations

import math
import zlib
from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Distribution = Literal["uniform", "normal"]
_Distribution = Annotated[
    Distribution, msgspec.Meta(description="Shape of the draw; its spread is the same for both")
]


class Initializer(msgspec.Struct, frozen=True, tag_field="start", forbid_unknown_fields=True):
    """A rule for the first value of a weight."""

    title: ClassVar[str]
    formula: ClassVar[str]

    def deviation(self, fan_in: int, fan_out: int) -> float:
        """Standard deviation of the draw."""
        raise NotImplementedError

    def draw(
        self, shape: tuple[int, ...], fan_in: int, fan_out: int, stream: np.random.Generator
    ) -> NDArray[np.float32]:
        """float32 values of `shape`; normal unless the initializer has a `distribution` that says otherwise."""
        deviation = self.deviation(fan_in, fan_out)
        if getattr(self, "distribution", "normal") == "uniform":
            # a uniform draw on [-a, a] has standard deviation a / sqrt(3)
            return (stream.random(shape, dtype=np.float32) * 2 - 1) * np.float32(deviation * math.sqrt(3))
        return stream.standard_normal(shape, dtype=np.float32) * np.float32(deviation)

    @property
    def of_biases(self) -> Initializer:
        """How the biases start beside the weights."""
        return Zero()


class Zero(Initializer, frozen=True, tag="zero"):
    """All units of a layer stay alike for ever: their gradients are equal (F3)."""

    title = "zero"
    formula = "w = 0"

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return 0.0


class Constant(Initializer, frozen=True, tag="constant"):
    """Like zero, all units of a layer stay alike for ever (F3)."""

    value: Annotated[
        float, msgspec.Meta(ge=-100, le=100, description="The value every weight starts from")
    ] = 0.1

    title = "constant"
    formula = "w = c"

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return 0.0

    def draw(
        self, shape: tuple[int, ...], fan_in: int, fan_out: int, stream: np.random.Generator
    ) -> NDArray[np.float32]:
        return np.full(shape, self.value, np.float32)


class Normal(Initializer, frozen=True, tag="normal"):
    spread: Annotated[
        float, msgspec.Meta(ge=0, le=100, title="spread σ", description="Standard deviation")
    ] = 0.01

    title = "small normal"
    formula = "w ~ N(0, σ²)"

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return self.spread


class Uniform(Initializer, frozen=True, tag="uniform"):
    reach: Annotated[
        float, msgspec.Meta(ge=0, le=100, title="reach a", description="Weights start between −a and a")
    ] = 0.05

    title = "uniform"
    formula = "w ~ U(−a, a),  σ = a / √3"
    distribution: ClassVar[Distribution] = "uniform"

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return self.reach / math.sqrt(3)


class FanIn(Initializer, frozen=True, tag="fan_in"):
    """Spread 1/sqrt(fan-in), so that a unit's input does not grow with the number of its weights (F4)."""

    distribution: _Distribution = "normal"

    title = "1/√fan-in"
    formula = "σ = 1 / √fan-in"

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return 1 / math.sqrt(fan_in)


class Xavier(Initializer, frozen=True, tag="xavier"):
    """Glorot and Bengio, 2010, equation 16."""

    distribution: _Distribution = "uniform"

    title = "Xavier"
    formula = "σ = √(2 / (fan-in + fan-out))"

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return math.sqrt(2 / (fan_in + fan_out))


class He(Initializer, frozen=True, tag="he"):
    """He et al., 2015, equation 10: made for ReLU."""

    distribution: _Distribution = "normal"

    title = "He"
    formula = "σ = √(2 / fan-in)"

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return math.sqrt(2 / fan_in)


class Orthogonal(Initializer, frozen=True, tag="orthogonal"):
    """A matrix that turns and mirrors but does not stretch: Saxe, McClelland and Ganguli, 2014.

    The weights as a matrix [units or filters, the rest] have rows, or columns if these are fewer, that are
    orthogonal and of length `gain`. It is the Q of a QR decomposition of normal numbers, R's diagonal made
    positive, so that every such matrix is as likely as any other; as in PyTorch's orthogonal_.
    """

    gain: Annotated[
        float, msgspec.Meta(gt=0, le=100, description="Length of the rows; √2 makes up for ReLU's lost half")
    ] = 1.0

    title = "orthogonal"
    formula = "W Wᵀ = g² I  or  Wᵀ W = g² I"

    def deviation(self, fan_in: int, fan_out: int) -> float:
        """Of a dense layer's weights. A convolution's have the deviation g / √max(filters, fan-in)."""
        return self.gain / math.sqrt(max(fan_in, fan_out))

    def draw(
        self, shape: tuple[int, ...], fan_in: int, fan_out: int, stream: np.random.Generator
    ) -> NDArray[np.float32]:
        rows, columns = shape[0], math.prod(shape[1:])
        tall = stream.standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(tall)
        q *= np.where(np.diag(r) < 0, -self.gain, self.gain)
        matrix = q if rows >= columns else q.T
        return np.ascontiguousarray(matrix, np.float32).reshape(shape)


class Given(Initializer, frozen=True, tag="given"):
    """Numbers that stand in the experiment's file: a filter out of a book, or one that was worked out by hand."""

    weights: Annotated[
        tuple[float, ...],
        msgspec.Meta(
            max_length=100_000, description="The weights in their order; where the list ends they are 0"
        ),
    ] = ()
    biases: Annotated[
        tuple[float, ...],
        msgspec.Meta(max_length=100_000, description="The biases; where the list ends they are 0"),
    ] = ()

    title = "given numbers"
    formula = "w as listed in the file, else 0"

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return 0.0

    def draw(
        self, shape: tuple[int, ...], fan_in: int, fan_out: int, stream: np.random.Generator
    ) -> NDArray[np.float32]:
        numbers = np.zeros(math.prod(shape), np.float32)
        listed = np.array(self.weights[: numbers.size], np.float32)
        numbers[: listed.size] = listed
        return numbers.reshape(shape)

    @property
    def of_biases(self) -> Initializer:
        return Given(self.biases)


AnyInitializer = Zero | Constant | Uniform | Normal | FanIn | Xavier | He | Orthogonal | Given
INITIALIZERS: tuple[type[Initializer], ...] = (
    Zero,
    Constant,
    Uniform,
    Normal,
    FanIn,
    Xavier,
    He,
    Orthogonal,
    Given,
)


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream of the parameter called `name` in a run with `seed`."""
    return np.random.Generator(np.random.Philox(key=[seed & 0xFFFFFFFFFFFFFFFF, zlib.crc32(name.encode())]))
