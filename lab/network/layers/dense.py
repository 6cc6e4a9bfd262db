"""Dense: every unit sees every input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from lab.kernels import opcodes as op
from lab.network.activations import AnyActivation, Linear
from lab.network.initializers import AnyInitializer, FanIn
from lab.network.layers.layer import Layer, Parameter
from lab.network.shape import Shape
from lab.problem import Problem

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering


class Dense(Layer, frozen=True, tag="dense"):
    """z = W x + b, y = f(z). W is [units, inputs]."""

    units: Annotated[int, msgspec.Meta(ge=1, le=1_000_000, description="How many units the layer has")] = 10
    activation: Annotated[AnyActivation, msgspec.Meta(description="The function f applied to each z")] = (
        Linear()
    )
    start: Annotated[
        AnyInitializer,
        msgspec.Meta(title="initial weights", description="How the weights start; biases start at zero"),
    ] = FanIn()
    bias: Annotated[bool, msgspec.Meta(description="Whether each unit adds a number of its own")] = True

    title = "Dense"
    summary = "Every unit sees every input: z = W x + b"
    stem = "dense"
    group = "Units and filters"

    def output_shape(self, x: Shape) -> Shape | Problem:
        if not x.is_vector:
            return Problem("", f"a dense layer takes a vector, but {x} comes in", "Put a Flatten before it")
        return Shape(self.units)

    def parameters(self, x: Shape) -> tuple[Parameter, ...]:
        weight = Parameter(
            "weight", (self.units, x.size), x.size, self.units, self.start, axes=("unit", "input")
        )
        biases = self.start.of_biases
        bias = Parameter("bias", (self.units,), x.size, self.units, biases, penalised=False, axes=("unit",))
        return (weight, bias) if self.bias else (weight,)

    def multiply_adds(self, x: Shape) -> int:
        return self.units * x.size

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        z = to.buffer(Shape(self.units), "z")
        to.row(op.DENSE, x, z, W=to.parameter("weight"), B=to.parameter("bias") if self.bias else -1)
        return to.activate(z, self.activation)
