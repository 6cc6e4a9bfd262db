"""Formula: a surface over two weights x and y, given by a person's own formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from lab.kernels import opcodes as op
from lab.kernels.elementary import HELD_FIRST, HELD_SECOND, NUMBER
from lab.network.formula.elementary import ELEMENTARY
from lab.network.formula.errors import FormulaError
from lab.network.formula.reading import EXAMPLE, LONGEST, read
from lab.network.formula.terms import terms
from lab.network.formula.tree import Apply, Number, Tree, Variable
from lab.network.initializers import Constant
from lab.network.layers.layer import Layer, Parameter
from lab.network.shape import Shape
from lab.problem import Problem

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering

Start = Annotated[float, msgspec.Meta(ge=-1000, le=1000, description="Where the weight begins")]


class Formula(Layer, frozen=True, tag="formula"):
    """The output is f(x, y) + n₁ x + n₂ y. x and y are the only weights; an example is its tilt (n₁, n₂).

    Each elementary operation of the formula is a row of the program, so the derivative is exact. Tilts whose mean is 0
    leave the surface as it is, and give the gradients of batches the noise that mini-batches have.
    """

    f: Annotated[
        str,
        msgspec.Meta(
            max_length=LONGEST,
            title="formula f(x, y)",
            description="In x and y, with + − * / ^, parentheses, pi, e and the functions sin, cos, tan, exp, log, "
            "sqrt, abs, sinh, cosh, tanh, atan, min and max",
            extra={"kind": "formula"},
        ),
    ] = EXAMPLE
    x: Annotated[Start, msgspec.Meta(title="start x")] = -1.2
    y: Annotated[Start, msgspec.Meta(title="start y")] = 1.0

    title = "Formula"
    summary = "The error as your own formula in two weights x and y"
    stem = "f"
    group = "Formula"
    alone = True

    @property
    def tree(self) -> Tree:
        """FormulaError where the formula is none."""
        return read(self.f)

    def output_shape(self, x: Shape) -> Shape | Problem:
        try:
            _ = self.tree
        except FormulaError as error:
            return error.problem
        if x != Shape(2):
            return Problem(
                "", f"an example of a formula is two tilts, but {x} comes in", "Choose “Tilts” as data"
            )
        return Shape(1)

    def parameters(self, x: Shape) -> tuple[Parameter, ...]:
        return Parameter("x", (1,), 1, 1, Constant(self.x)), Parameter("y", (1,), 1, 1, Constant(self.y))

    def multiply_adds(self, x: Shape) -> int:
        return 2

    def term(self, number: int) -> Tree | None:
        """What a row computes, by its column TERM; None of the last, which is the whole formula tilted."""
        steps = terms(self.tree)
        return steps[number] if number < len(steps) else None

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        steps = terms(self.tree)
        made: dict[Tree, Buffer] = {}
        for number, step in enumerate(steps):
            made[step] = to.buffer(Shape(1), "term")
            if isinstance(step, Variable):
                to.row(op.WEIGHT, x, made[step], W=to.parameter(step.name), TERM=number)
            elif isinstance(step, Number):
                to.row(op.ELEMENTARY, x, made[step], constants=(step.value,), KIND=NUMBER, TERM=number)
            else:
                _apply(to, step, made, number)
        y, f = to.buffer(Shape(1), "y"), made[steps[-1]]
        to.row(op.TILT, f, y, second=x, W=to.parameter("x"), B=to.parameter("y"), TERM=len(steps))
        return y


def _apply(to: Lowering, step: Apply, made: dict[Tree, Buffer], number: int) -> None:
    """One operation; an operand that is a number is the row's own."""
    held, constants, buffers = 0, (0.0,), []
    for place, operand in zip((HELD_FIRST, HELD_SECOND), step.operands, strict=False):
        if isinstance(operand, Number):
            held, constants = place, (operand.value,)
        else:
            buffers.append(made[operand])
    to.row(
        op.ELEMENTARY,
        buffers[0],
        made[step],
        constants=constants,
        second=buffers[1] if len(buffers) == 2 else None,
        KIND=ELEMENTARY[step.operation].kind,
        HELD=held,
        TERM=number,
    )
