"""An update as a listing: the operations that it is made of, one a line, in the order in which they are made.

    0 the batch | forward rows | loss | backward rows | clipping, where it is on | an update for each layer that learns

The rows are those of the program that trains. How many of the lines have been made says where within an update a run
stands: `Snapshot.operation`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.kernels import elementary
from lab.kernels import opcodes as op
from lab.learning.clipping import Clipping
from lab.learning.losses import AnyLoss
from lab.network.formula.words import words
from lab.network.layers import Formula, Parameter
from lab.network.layers.layer import Layer
from lab.network.network import Analysis, Network, analyse
from lab.network.program import Row, lower
from lab.network.shape import Shape
from lab.training.formulas import DIGITS, formula_of

LONGEST = 40
"""Letters of a term of a formula that is called by its own words."""
SHORT = {"weight": "W", "bias": "b"}
"""What formulas call a parameter, where not by its name."""
Direction = Literal["batch", "forward", "loss", "backward", "clip", "update"]


@dataclass(frozen=True)
class Line:
    """One operation. `layer` is "" where it belongs to none; `row` its row in the program, -1 where it has none.

    `inputs` and `output` are shapes of one example; the output is None where nothing flows on. `multiply_adds` are of
    one example: of a batch they are that many times its examples. A backward line's count those of dW and of dX.
    """

    number: int
    direction: Direction
    layer: str
    operation: str
    formula: str
    inputs: tuple[Shape, ...] = ()
    output: Shape | None = None
    parameters: tuple[Parameter, ...] = ()
    multiply_adds: int = 0
    row: int = -1


def listing(experiment: Experiment) -> tuple[Line, ...]:
    """The lines of an update; `len` of it operations make one. ProblemError if the network has problems.

    One value for experiments that do not differ in it.
    """
    e = experiment
    optimizer = e.optimizer.title, e.optimizer.formula
    return _listing(e.network, e.analysis.input, e.loss, optimizer, e.clipping)


@lru_cache(maxsize=16)
def _listing(
    network: Network, x: Shape, loss: AnyLoss, optimizer: tuple[str, str], clipping: Clipping
) -> tuple[Line, ...]:
    analysis = analyse(network, x)
    program, facts = lower(network, x, loss), {f.name: f for f in analysis.nodes}
    owners = {program.offsets[p.name]: p for p in program.parameters}
    output = analysis.output
    assert output is not None  # it can be lowered
    formula = "x and its target t for each example of the batch, in the order of this epoch"
    lines = [Line(0, "batch", "", "gather the batch", formula, (), x)]
    for r, (row, said) in enumerate(zip(program.table.rows, program.rows, strict=True)):
        number = len(lines)
        if said.direction == "loss":
            whole = "sum" if loss.sums_examples else "mean"
            words = f"{loss.formula},  the {whole} over the batch"
            lines.append(Line(number, "loss", "loss", loss.title, words, (output, output), Shape(1), row=r))
            continue
        fact, backward = facts[said.layer], said.direction == "backward"
        flows = tuple(Shape(*map(int, row[at])) for at in ([op.CI, op.HI, op.WI], [op.CO, op.HO, op.WO]))
        written = flows[1]
        if row[op.OP] == op.COPY:  # into some of the channels
            written = Shape(flows[0].channels, written.height, written.width)
        parameters = tuple(parameters_of(row, owners))
        taken = () if reads_nothing(row) else (flows[0], *second_of(row))
        cost = (fact.multiply_adds or 0) if row[op.W] >= 0 and taken else 0
        asked = row[op.DX] >= 0
        lines.append(
            Line(
                number,
                "backward" if backward else "forward",
                said.layer,
                words_of(row, said, fact.layer),
                formula_of(row, fact.layer, backward),
                (written,) if backward else taken,
                (flows[0] if asked else None) if backward else written,
                parameters,
                cost * (1 + int(asked)) if backward else cost,
                r,
            )
        )
    if clipping.by != "none":
        lines.append(Line(len(lines), "clip", "", f"clip by {clipping.by}", clipping_formula(clipping)))
    lines += _updates(analysis, optimizer, len(lines))
    return tuple(lines)


def _updates(analysis: Analysis, optimizer: tuple[str, str], first: int) -> Iterator[Line]:
    learning = [fact.name for fact in analysis.nodes if fact.parameters]
    for number, layer in enumerate(learning, first):
        own = tuple(p for p in analysis.parameters if p.name.rpartition(".")[0] == layer)
        title, words = optimizer
        if any(not p.learned for p in own):
            words += ";  running statistics s ← s − momentum (s − the batch's)"
        yield Line(number, "update", layer, title, words, parameters=own)


def parameters_of(row: NDArray[np.int64], owners: dict[int, Parameter]) -> Iterator[Parameter]:
    """The parameters that a row works with; `owners` has them by where they lie in the flat vector."""
    for column in (op.W, op.B, op.MEAN, op.VARIANCE):
        if row[column] >= 0:
            yield owners[int(row[column])]


def reads_nothing(row: NDArray[np.int64]) -> bool:
    """Whether a row makes its output of a parameter or a number alone: whatever its input is."""
    return bool(
        row[op.OP] == op.WEIGHT or (row[op.OP] == op.ELEMENTARY and row[op.KIND] == elementary.NUMBER)
    )


def second_of(row: NDArray[np.int64]) -> tuple[Shape, ...]:
    """The shape of a second input, where a row has one: the tilts of both weights, or as the first."""
    if row[op.SECOND] < 0:
        return ()
    return (Shape(2),) if row[op.OP] == op.TILT else (Shape(*map(int, row[[op.CI, op.HI, op.WI]])),)


def words_of(row: NDArray[np.int64], said: Row, layer: Layer) -> str:
    """What a row is called, by its layer where that knows better."""
    if row[op.OP] == op.ACTIVATION:
        return str(getattr(getattr(layer, "activation", None), "title", said.operation))
    if row[op.OP] == op.COPY and layer.takes_many:
        if row[op.PLUS]:
            return "add"
        many = int(row[op.CI] < row[op.CO])
        return f"copy to {row[op.CHANNEL]}…{row[op.CHANNEL] + row[op.CI] - 1}" if many else "copy"
    if row[op.OP] == op.COPY and layer.stem == "crop":
        return "crop"
    if isinstance(layer, Formula) and (term := layer.term(int(row[op.TERM]))) is not None:
        text = words(term, DIGITS)
        return text if len(text) <= LONGEST else said.operation
    return said.operation


def short(parameter: Parameter) -> str:
    """What formulas call it: W, b, or by its own name."""
    own = parameter.name.rpartition(".")[2]
    return SHORT.get(own, own)


def derivative(parameter: Parameter) -> str:
    """What formulas call the loss's derivative by it: dW, d scale."""
    name = short(parameter)
    return f"d{name}" if len(name) == 1 else f"d {name}"


def clipping_formula(clipping: Clipping) -> str:
    if clipping.by == "value":
        return f"g ← each number held within ±{clipping.limit:g}"
    return f"g ← g · {clipping.limit:g} / |g| where |g| > {clipping.limit:g},  of all layers together"


def group_of(lines: tuple[Line, ...], number: int) -> range:
    """The lines around line `number` that belong to the same layer in the same direction, itself among them."""
    here = lines[number]

    def belongs(k: int) -> bool:
        return (lines[k].layer, lines[k].direction) == (here.layer, here.direction)

    first, end = number, number + 1
    while first > 0 and belongs(first - 1):
        first -= 1
    while end < len(lines) and belongs(end):
        end += 1
    return range(first, end)


def groups(lines: tuple[Line, ...]) -> tuple[range, ...]:
    """All lines, layer by layer."""
    found: list[range] = []
    while not found or found[-1].stop < len(lines):
        found.append(group_of(lines, found[-1].stop if found else 0))
    return tuple(found)
