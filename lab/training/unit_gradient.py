"""How one unit answers to inputs, and the derivative of its answer by every number of them.

An open program is run forwards up to the layer, the derivative of the unit's own number is set to one, and the rows
that lead from there to the input are run backwards. No error and no target has a part in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY
from lab.kernels.memory import aligned
from lab.kernels.operations import ready
from lab.learning.losses import Loss
from lab.network.network import INPUT, Network
from lab.network.program import Place, Program, lower
from lab.network.shape import Shape
from lab.problem import Problem, ProblemError
from lab.training.moment import Moment
from lab.training.one_example import last_places

Numbers = NDArray[np.floating[Any]]
Stop = NDArray[np.int64]
Spot = tuple[int, int]
"""Row and column within a unit's map."""

ROOM = 1 << 23
"""Numbers that an arena may hold, 32 MiB, where a single example does not need more."""
MOST = 64
"""Examples that go through at once."""


@dataclass(frozen=True, eq=False)
class UnitGradients:
    """`values` [n] is what the unit says of each input, `gradients` [n, C, H, W] its derivative by the input."""

    values: Numbers
    gradients: Numbers


@dataclass(frozen=True)
class Unit:
    """A channel of a layer's output, or of what its activation function is given where it is `before` it.

    Of its map one number at `spot` (row, column), or without one the mean over the whole map. A layer without an
    activation function has the same numbers before and after it.
    """

    layer: str
    channel: int
    spot: Spot | None = None
    before: bool = False

    def place(self, program: Program) -> Place:
        """Where the layer's maps lie. ProblemError where the network has no such layer or the layer no such unit."""
        known = last_places(program).get(self.layer)
        found = (program.place(self.layer, "z") if self.before else None) or known
        if found is None or self.layer == INPUT:
            raise ProblemError(Problem(self.layer, "is no layer of this network", "Choose one of its layers"))
        s = found.shape
        row, column = self.spot or (0, 0)
        if not (0 <= self.channel < s.channels and 0 <= row < s.height and 0 <= column < s.width):
            raise ProblemError(
                Problem(self.layer, f"has no such unit: {self.words}", "Choose one of its units")
            )
        return found

    @property
    def words(self) -> str:
        at = "" if self.spot is None else f", row {self.spot[0]}, column {self.spot[1]}"
        return f"{self.layer}, unit {self.channel}{at}"


class UnitPass:
    """A network made ready for one unit, for up to `capacity` inputs at a time. It belongs to one thread.

    Layers are as in use: nothing is dropped, and batches are normalised by running statistics.
    """

    def __init__(
        self,
        network: Network,
        x: Shape,
        loss: Loss,
        unit: Unit,
        capacity: int = 0,
        dtype: type[np.floating[Any]] = np.float32,
    ) -> None:
        """`capacity` 0 chooses as many inputs as there is room for."""

        def lowered(count: int) -> Program:
            return lower(network, x, loss, count, lean=False, training=False)

        capacity = capacity or max(1, min(MOST, ROOM // lowered(1).arena_size))
        self.capacity = capacity
        self.program = lowered(capacity)
        self.unit, self.shape = unit, x
        self._place = unit.place(self.program)
        self._derivative = self.program.place(self._place.layer, f"d{self._place.role}")
        self._input = self.program.place(INPUT, "dx")
        code = self.program.code
        ready(code.rows[:, op.OP].tolist(), np.dtype(dtype).name)
        rows = code.rows
        forward = np.arange(int(code.plan[op.LOSS_ROW]))
        self._until = 1 + int(forward[self._within(rows[forward, op.Y], self._place)][-1])
        self._from = self._end = int(code.plan[op.END])
        if self._derivative is not None:
            back = np.arange(int(code.plan[op.BACKWARD]), self._end)
            into = [self._within(rows[back, column], self._derivative) for column in (op.DX, op.D_SECOND)]
            # whoever reads this layer adds to its derivative before the layer itself passes it on
            self._from = 1 + int(back[into[0] | into[1]].max(initial=int(code.plan[op.LOSS_ROW])))
        self._arena = aligned(self.program.arena_size, dtype)
        self._grads = aligned(self.program.parameter_count, dtype)
        self._params = aligned(self.program.parameter_count, dtype)  # behind which kernels may read
        self._given: Numbers | None = None
        self._order = np.arange(capacity)
        self._targets = np.zeros((capacity, self.program.outputs), dtype)
        self._tally, self._counters = np.zeros(TALLY), np.zeros(op.COUNTERS, np.int64)

    def _within(self, offsets: NDArray[np.int64], place: Place) -> NDArray[np.bool_]:
        return (offsets >= place.offset) & (offsets < place.offset + place.shape.size * self.capacity)

    def maps(self, params: Numbers, inputs: Numbers) -> Numbers:
        """The unit's whole maps [n, H, W] of inputs [n, C, H, W], n up to the capacity."""
        n = self._forward(params, inputs)
        return self._place.read(self._arena, n)[:, self.unit.channel]

    def __call__(self, params: Numbers, inputs: Numbers) -> UnitGradients:
        """What the unit says of inputs [n, C, H, W], n up to the capacity, and its derivatives by them."""
        n = self._forward(params, inputs)
        maps = self._place.read(self._arena, n)[:, self.unit.channel]
        values = (
            maps.mean((1, 2)) if self.unit.spot is None else maps[:, self.unit.spot[0], self.unit.spot[1]]
        )
        if self._derivative is None or self._input is None:
            return UnitGradients(values, np.zeros_like(inputs))
        for place in self.program.places:
            if place.role.startswith("d"):
                self._view(place, n)[:] = 0
        seed = self._view(self._derivative, n)[self.unit.channel]
        if self.unit.spot is None:
            seed[:] = 1 / maps[0].size
        else:
            seed[self.unit.spot[0], :, self.unit.spot[1]] = 1
        self._run(self._from, self._end, n)
        return UnitGradients(values, self._input.read(self._arena, n))

    def _forward(self, params: Numbers, inputs: Numbers) -> int:
        n = len(inputs)
        if not 0 < n <= self.capacity:
            raise ValueError(f"{n} inputs for a pass of up to {self.capacity}")
        if params is not self._given:
            self._params[:], self._given = params, params
        cases = interpreter.cases(inputs, self._targets[:n])
        interpreter.gather(self.program.code, cases, self._order, 0, n, self._arena)
        self._run(0, self._until, n)
        return n

    def _run(self, first: int, last: int, n: int) -> None:
        interpreter.run_rows(
            self.program.code, first, last, n, self._arena, self._params, self._grads, 1.0, self._tally, self._counters
        )  # fmt: skip

    def _view(self, place: Place, n: int) -> Numbers:
        """A place as it lies in the arena, [channels, height, examples, width]."""
        s = place.shape
        flat = self._arena[place.offset : place.offset + s.size * n]
        return flat.reshape(s.channels, s.height, n, s.width)


def unit_gradients(
    moment: Moment, unit: Unit, inputs: NDArray[np.float32], stop: Stop | None = None
) -> UnitGradients | None:
    """Values and gradients of one unit for inputs [n, C, H, W], as the network sees them, at a moment.

    As many go through at once as there is room for. None where `stop` [1] is not 0 before the last of them went.
    ProblemError where there is no such unit.
    """
    e = moment.experiment
    one = UnitPass(e.network, moment.shape, e.loss, unit)
    values, gradients = np.empty(len(inputs), np.float32), np.empty_like(inputs)
    for first in range(0, len(inputs), one.capacity):
        if stop is not None and stop[0]:
            return None
        some = slice(first, first + one.capacity)
        found = one(moment.params, inputs[some])
        values[some], gradients[some] = found.values, found.gradients
    return UnitGradients(values, gradients)
