"""How the units of a network are: which are dead or saturated, and how far activations and gradients spread.

It is seen on the first examples of the training part, in the order in which they are stored: a function of the
parameters alone, so that it is the same whenever a step is had again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.kernels import interpreter
from lab.kernels import opcodes as op
from lab.kernels.interpreter import TALLY
from lab.kernels.memory import aligned
from lab.network.layers import Softmax
from lab.network.layers.layer import Layer
from lab.network.program import Place, Program, lower
from lab.network.shape import Shape
from lab.training.conditions import FLAT, MOSTLY, NAN, Health, LayerHealth
from lab.training.moment import Moment, targets_of

if TYPE_CHECKING:
    from lab.training.run import Run

EXAMPLES = 128
"""So many are looked at, where they fit."""
ROOM = 1 << 24
"""Numbers that all that is looked at may take: 64 MiB. One example is looked at in any case."""
WORK = 3e7
"""Multiply-adds of all their forward passes: some milliseconds. One example is looked at in any case."""
Numbers = NDArray[np.float32]


def examples_looked_at(experiment: Experiment, training: int) -> int:
    """How many of the `training` examples are looked at: fewer of a large network."""
    x = experiment.analysis.input
    room = ROOM // max(_program(experiment, x, 1).arena_size, 1)
    work = int(WORK / max(experiment.analysis.multiply_adds or 1, 1))
    return max(1, min(EXAMPLES, training, room, work))


def health(of: Run | Moment, gradients: bool = True) -> Health:
    """The health of a run as it stands. Without `gradients` their spread is not known, and a third of the work done."""
    e, prepared = of.experiment, of.prepared
    n = examples_looked_at(e, len(prepared.training))
    shape = Shape(*prepared.dataset.inputs.shape[1:])
    program = _program(e, shape, n)
    output = e.analysis.output
    assert output is not None  # it runs
    part = prepared.training
    arena = aligned(program.arena_size)
    cases = interpreter.cases(part.inputs[:n], targets_of(e, part, output, slice(0, n)))
    interpreter.gather(program.code, cases, np.arange(n), 0, n, arena)
    run = _runner(program, arena, of.params, n)
    run(0, int(program.code.plan[op.LOSS_ROW]))
    slopes = {layer: _slopes(program, row, arena, n, run) for row, layer in _activations(program)}
    if gradients:
        run(int(program.code.plan[op.LOSS_ROW]), int(program.code.plan[op.END]))
    update = _last_update(of)
    seen = _Seen(program, arena, n, gradients)
    return Health(
        of.step,
        n,
        tuple(
            seen.layer(
                node.name,
                node.layer,
                slopes.get(node.name),
                _norm(program, of.params, node.name),
                _norm(program, update, node.name),
            )
            for node in e.network.nodes
        ),
    )


def _program(experiment: Experiment, shape: Shape, capacity: int) -> Program:
    """As in training, so that a batch is normalised by its own statistics; every buffer kept."""
    return lower(experiment.network, shape, experiment.loss, capacity, lean=False)


Runner = Callable[[int, int], None]


def _runner(program: Program, arena: Numbers, params: Numbers, n: int) -> Runner:
    """What runs rows first..last-1 on the examples in the arena."""
    gradient, tally = np.zeros(program.parameter_count, np.float32), np.zeros(TALLY)
    counters = np.zeros(op.COUNTERS, np.int64)

    def run(first: int, last: int) -> None:
        interpreter.run_rows(program.code, first, last, n, arena, params, gradient, 1.0, tally, counters)

    return run


def _activations(program: Program) -> list[tuple[int, str]]:
    """The backward rows of activation functions, with the layer of each."""
    rows, first = program.code.rows, int(program.code.plan[op.BACKWARD])
    return [
        (r, program.rows[r].layer) for r in range(first, len(program.rows)) if rows[r, op.OP] == op.ACTIVATION
    ]


def _slopes(program: Program, row: int, arena: Numbers, n: int, run: Runner) -> Numbers:
    """|f′(z)| [units, numbers]: what the activation's own backward row makes of ones."""
    columns = program.code.rows[row]
    size = int(np.prod(columns[[op.CO, op.HO, op.WO]])) * n
    dy, dz = int(columns[op.DY]), int(columns[op.DX])
    arena[dy : dy + size] = 1
    run(row, row + 1)
    return np.abs(arena[dz : dz + size]).reshape(
        int(columns[op.CO]), -1
    )  # a copy: the place is written again


@dataclass(frozen=True, eq=False)
class _Seen:
    """What the rows have left behind."""

    program: Program
    arena: Numbers
    n: int
    gradients: bool

    def layer(
        self, name: str, layer: Layer, slopes: Numbers | None, weights: float, update: float
    ) -> LayerHealth:
        place = self.program.place(name, "y") or self.program.place(name, "z")
        assert place is not None  # in an open program every layer writes somewhere
        y, activation = self._numbers(place), getattr(layer, "activation", None)
        dies, steepest = getattr(activation, "dies", False), getattr(activation, "steepest", None)
        z = self.program.place(name, "z")
        derivative = self.program.place(name, f"d{place.role}") if self.gradients else None
        with np.errstate(invalid="ignore", over="ignore"):
            if isinstance(layer, Softmax):
                slopes, steepest = y * (1 - y), 0.25
            dead = (slopes == 0).all(axis=1) if slopes is not None and dies else None
            saturated = None
            if slopes is not None and steepest:
                saturated = (slopes < FLAT * steepest).mean(axis=1) > MOSTLY
            return LayerHealth(
                layer=name,
                units=place.shape.channels,
                dead=dead,
                saturated=saturated,
                mean=float(y.mean()),
                spread=float(y.std()),
                gradient_spread=float(self._numbers(derivative).std()) if derivative else NAN,
                weights=weights,
                update=update,
                preactivation_spread=float(self._numbers(z).std()) if z else NAN,
            )

    def _numbers(self, place: Place) -> Numbers:
        """[units, numbers]"""
        flat = self.arena[place.offset : place.offset + place.shape.size * self.n]
        return flat.reshape(place.shape.channels, -1)


def _last_update(of: Run | Moment) -> Numbers | None:
    if isinstance(of, Moment):
        return None if of.internals is None else of.internals.last_update
    return of.last_update


def norm(values: Numbers) -> float:
    """Euclidean, summed in float64."""
    flat = values.ravel()
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.sqrt(np.sum(np.square(flat, dtype=np.float64))))


def _norm(program: Program, vector: Numbers | None, layer: str) -> float:
    """Euclidean, of what a layer learns."""
    return float("nan") if vector is None else layer_norm(program, vector, layer)


def layer_norm(program: Program, vector: Numbers, layer: str) -> float:
    """The Euclidean norm of the part of a vector, as long as all parameters, that a layer learns; NaN if nothing."""
    own = [p for p in program.parameters if p.learned and p.name.rpartition(".")[0] == layer]
    if not own:
        return float("nan")
    parts = [norm(vector[program.offsets[p.name] : program.offsets[p.name] + p.size]) for p in own]
    return float(np.sqrt(np.sum(np.square(parts))))
