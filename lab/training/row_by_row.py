"""The update that comes next, made row by row on its own batch with every buffer kept, until a number is not finite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY
from lab.kernels.memory import aligned
from lab.network.network import INPUT
from lab.network.program import Program, Row, lower
from lab.network.shape import Shape

if TYPE_CHECKING:
    from lab.training.run import Run

ROOM = 1 << 24
"""Numbers that all buffers may take: 64 MiB. One example is looked at at a time in any case."""
OUTPUT, INPUTS = (op.CO, op.HO, op.WO), (op.CI, op.HI, op.WI)
SYMBOLS = {
    "x": "input", "target": "targets", "term": "a term", "dx": "dE/dx", "dz": "dE/dz", "dy": "dE/dy",
    "dterm": "dE/d term",
}  # fmt: skip

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Values:
    """An array in a few numbers: of its finite ones the least, the greatest and the mean magnitude, NaN if there are
    none; how many are not finite, and how many there are.
    """

    name: str
    least: float
    greatest: float
    magnitude: float
    broken: int
    size: int

    @staticmethod
    def of(name: str, array: Array) -> Values:
        finite = array[np.isfinite(array)].astype(np.float64)
        nan = float("nan")
        least, greatest, magnitude = (
            (float(finite.min()), float(finite.max()), float(np.abs(finite).mean()))
            if finite.size
            else (nan,) * 3
        )
        return Values(name, least, greatest, magnitude, array.size - finite.size, array.size)

    @property
    def reach(self) -> float:
        """The greatest finite magnitude; 0 if there is none."""
        return 0.0 if np.isnan(self.least) else max(abs(self.least), abs(self.greatest))


@dataclass(frozen=True, eq=False)
class Broken:
    """A row that gave a number that is not finite: what it took, and of that the names that are weights; what it
    made; and the outputs of the layers that had been come to, by name. `is_loss`: the summed loss is not finite.
    """

    row: Row
    is_loss: bool
    taken: tuple[Values, ...]
    weights: tuple[str, ...]
    made: tuple[Values, ...]
    outputs: dict[str, Array]


def batch_of(run: Run) -> NDArray[np.int64]:
    """The training examples of the batch that comes next, in its order."""
    N, e = len(run.prepared.training), run.experiment
    memory = run.machine.memory._replace(order=np.zeros(N, np.int64), marks=np.full(2, -2, np.int64))
    interpreter.order_of(memory, e.seed, run.examples // N, e.batch_size < N)
    position = run.examples % N
    batch: NDArray[np.int64] = memory.order[position : min(position + e.batch_size, N)]
    return batch


class RowByRow:
    """The batch that comes next on an open program, as many examples at a time as fit. The run stays as it is."""

    def __init__(self, run: Run) -> None:
        e = run.experiment
        shape = Shape(*run.prepared.dataset.inputs.shape[1:])
        self._run, self._batch = run, batch_of(run)
        at_once = run.machine.batches.size
        if not e.network.whole_batch:
            at_once = max(1, min(at_once, ROOM // lower(e.network, shape, e.loss, 1, lean=False).arena_size))
        self._program: Program = lower(e.network, shape, e.loss, at_once, lean=False)
        self._arena = aligned(self._program.arena_size)
        self._tally = np.zeros(TALLY)
        self._scale = 1.0 if e.loss.sums_examples else 1.0 / len(self._batch)
        self._loss_row = int(self._program.code.plan[op.LOSS_ROW])
        self.gradient = np.zeros(self._program.parameter_count, np.float32)
        """Of the whole batch, once `backward` has come to its end."""

    def forward(self) -> Broken | None:
        """The first forward row that gives a number that is not finite, or the loss."""
        return self._first(self._loss_row + 1, self._output_is_broken)

    def backward(self) -> Broken | None:
        """The first row of all that does; None if the gradient is finite."""
        return self._first(len(self._program.rows), self._gradient_is_broken)

    def _first(self, end: int, is_broken: Callable[[int, int], bool]) -> Broken | None:
        """The lowest row before `end` that is broken on any of the examples."""
        found, params = None, self._run.params
        for n, counters in self._pieces():
            for r in range(end):
                interpreter.run_rows(
                    self._program.code, r, r + 1, n, self._arena, params, self.gradient, self._scale,
                    self._tally, counters,
                )  # fmt: skip
                if is_broken(r, n):
                    found, end = self._told(r, n), r
                    break
        return found

    def _pieces(self) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Gather the examples, so many at a time; with what names their random draws."""
        cases, code = self._run.machine.cases["training"], self._program.code
        for first in range(0, len(self._batch), self._program.capacity):
            n = min(self._program.capacity, len(self._batch) - first)
            self._arena[:] = 0  # where two rows fill one buffer, the first leaves the rest of it as it was
            interpreter.gather(code, cases, self._batch, first, n, self._arena)
            yield n, np.array([self._run.experiment.seed, self._run.examples + first])

    def _output_is_broken(self, r: int, n: int) -> bool:
        if r == self._loss_row:
            return not np.isfinite(self._tally[0])
        return not np.isfinite(self._array(r, op.Y, OUTPUT, n)).all()

    def _gradient_is_broken(self, r: int, n: int) -> bool:
        if r < self._loss_row:
            return self._output_is_broken(r, n)
        passed = [self._array(r, op.DX, INPUTS, n), self._array(r, op.D_SECOND, INPUTS, n)]
        own = self._own(self.gradient, r).values()
        return not all(bool(np.isfinite(a).all()) for a in (*passed, *own))

    def _array(self, r: int, column: int, sizes: tuple[int, int, int], n: int) -> Array:
        """What a column of a row points at; of size 0 where there is nothing."""
        row = self._program.code.rows[r]
        at = int(row[column])
        return self._arena[at : at + int(np.prod(row[list(sizes)])) * n] if at >= 0 else self._arena[:0]

    def _own(self, vector: Array, r: int) -> dict[str, Array]:
        """The part of a vector, as long as all parameters, that belongs to those of a row, by name."""
        if self._program.code.rows[r, op.W] < 0:
            return {}
        layer = self._program.rows[r].layer
        return {k: a for k, a in self._program.split(vector).items() if k.rpartition(".")[0] == layer}

    def _told(self, r: int, n: int) -> Broken:
        row, weights = self._program.rows[r], self._own(self._run.params, r)
        is_back = row.direction == "backward"
        taken = [*self._named(r, op.DY, OUTPUT, n)] if is_back else []
        taken += self._named(r, op.X, INPUTS, n) + self._named(r, op.SECOND, INPUTS, n)
        taken += self._named(r, op.AUX, OUTPUT, n) if row.direction == "loss" else []
        taken += [Values.of(name, a) for name, a in weights.items()]
        made = (
            self._named(r, op.Y, OUTPUT, n)
            if row.direction == "forward"
            else self._named(r, op.DX, INPUTS, n) + self._named(r, op.D_SECOND, INPUTS, n)
        )
        if is_back:
            made += [Values.of(f"gradient of {name}", a) for name, a in self._own(self.gradient, r).items()]
        is_loss = r == self._loss_row and not np.isfinite(self._tally[0])
        return Broken(row, is_loss, tuple(taken), tuple(weights), tuple(made), self._outputs(r, n))

    def _named(self, r: int, column: int, sizes: tuple[int, int, int], n: int) -> list[Values]:
        """A buffer of a row, under a name that says whose it is."""
        array, at = self._array(r, column, sizes, n), int(self._program.code.rows[r, column])
        place = next((p for p in self._program.places if p.offset == at), None)
        if not array.size or place is None:
            return []
        whose = {INPUT: "the network", "loss": "the batch"}.get(place.layer, place.layer)
        return [Values.of(f"{SYMBOLS.get(place.role, place.role)} of {whose}", array)]

    def _outputs(self, upto: int, n: int) -> dict[str, Array]:
        """What each layer had given after row `upto`."""
        rows = enumerate(self._program.rows[: upto + 1])
        return {
            row.layer: self._array(r, op.Y, OUTPUT, n).copy() for r, row in rows if row.direction == "forward"
        }
