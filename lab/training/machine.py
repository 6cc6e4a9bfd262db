"""What a run stands on: an experiment lowered, with its data encoded and its memory laid out.

A machine is built whole or not at all. Only what lies in its `memory` changes afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lab.data.prepare import Part, Prepared, prepare
from lab.experiment.experiment import Experiment, problems
from lab.experiment.memory import memory_problem
from lab.experiment.plan import plan
from lab.kernels import interpreter, schedule
from lab.kernels.interpreter import LINE, TALLY, Cases, Memory, Rule
from lab.kernels.memory import aligned
from lab.kernels.update import BLOCK, NUMBERS
from lab.network.initializers import stream
from lab.network.layers import Parameter
from lab.network.program import Program
from lab.problem import ProblemError
from lab.training.batches import Batches
from lab.training.moment import targets_of
from lab.training.probes import PartName
from lab.training.surgery import Kept, survivors
from lab.training.timeline import State
from lab.value import validated

VALIDATION_SHARE = 0.04
"""Validation may cost this share of training."""
REPLAY, SPEED, UPDATE = 0.03, 50e9, 2e-6
"""Seconds that the way from one checkpoint to the next should take, at so many operations a second, and what an update
takes besides.
"""
POINTS = 256
"""Validations and points of the path at full density; then every second one, and so on: see `spacing`."""


NO_ORDER = np.full(2, -2, np.int64)
"""Epoch and seed of examples that have not been put in order."""


class Marks(NamedTuple):
    """Every so many steps a validation and a point of the path; and so many, or up to twice as many, from one
    checkpoint to the next.
    """

    validation: int
    path: int
    checkpoint: int


@dataclass(frozen=True, eq=False)
class Machine:
    """`program` trains and `check` evaluates; `cases` are the parts of the data as kernels take them.

    `surgery` says which parameters were taken over from an earlier state and which drawn anew.
    """

    experiment: Experiment
    prepared: Prepared
    program: Program
    check: Program
    memory: Memory
    check_arenas: NDArray[np.float32]
    cases: dict[PartName, Cases]
    rule: Rule
    surgery: Kept

    @property
    def shards(self) -> int:
        """Into how many shares each batch is cut."""
        return len(self.memory.grads)

    @property
    def batches(self) -> Batches:
        """Those that an epoch of training is cut into."""
        N = len(self.prepared.training)
        return Batches(N, min(self.experiment.batch_size, N))

    def marks(self, step: int) -> Marks:
        """Every so many steps it is time for something: functions of the step alone."""
        units = self._units
        return Marks(spacing(step, units.validation), spacing(step, units.path), units.checkpoint)

    @cached_property
    def _units(self) -> Marks:
        """The shortest of these distances."""
        validation = math.ceil(len(self.prepared.validation) / (3 * self.batches.size * VALIDATION_SHARE))
        work = 6.0 * (self.experiment.analysis.multiply_adds or 1) * self.batches.size
        return Marks(max(1, validation), 1, max(1, int(REPLAY / (work / SPEED + UPDATE))))

    def path_marks(self, after: int, upto: int) -> list[int]:
        """The steps after one, up to another, at which a point of the path is kept."""
        return multiples(self._units.path, after, upto)

    def validations(self, after: int, upto: int) -> list[int]:
        """The steps after one, up to another, at which it is validated."""
        return multiples(self._units.validation, after, upto)


def build(experiment: Experiment, threads: int, old: State | None = None) -> Machine:
    """The machine of an experiment, with what survives of `old`; ProblemError if there cannot be one."""
    if found := problems(validated(experiment)):
        raise ProblemError(*found)
    if too_large := memory_problem(experiment):
        raise ProblemError(too_large)
    output = experiment.analysis.output
    assert output is not None  # the network has no problems
    prepared = prepare(experiment.data, experiment.preprocessing, experiment.split, experiment.seed)
    N = len(prepared.training)
    planned = plan(experiment, N)
    program, check, shards, P = (
        planned.program,
        planned.check,
        planned.shards,
        planned.program.parameter_count,
    )
    memory = Memory(
        params=aligned(P),
        slots=np.zeros(max(len(experiment.optimizer.slots), 1) * P, np.float32),
        grads=np.zeros((shards, P), np.float32),
        arenas=aligned(shards * program.arena_size).reshape(shards, -1),
        tally=np.zeros((shards, TALLY)),
        counters=np.zeros((shards, LINE), np.int64),
        order=np.zeros(N, np.int64),
        marks=NO_ORDER.copy(),
        progress=schedule.beginning(),
        before=np.zeros(P, np.float32),
    )
    surviving = survivors(old, experiment, program)
    _draw(memory, program, experiment, surviving.kept.whole)
    if old is not None:
        surviving.move_in(memory, program, old, keeps_memory(old.experiment, experiment))
        if keeps_progress(old.experiment, experiment):
            memory.progress[:] = old.progress
    parts: dict[PartName, Part] = {
        "training": prepared.training,
        "validation": prepared.validation,
        "test": prepared.test,
    }
    return Machine(
        experiment=experiment,
        prepared=prepared,
        program=program,
        check=check,
        memory=memory,
        check_arenas=aligned(threads * check.arena_size).reshape(threads, -1),
        cases={
            name: interpreter.cases(part.inputs, targets_of(experiment, part, output))
            for name, part in parts.items()
        },
        rule=rule(experiment, program),
        surgery=surviving.kept,
    )


def begun_again(machine: Machine, known: Collection[str] = ()) -> Machine:
    """The same as it was built without an old state, in the same memory: the old one is not to be used any more.

    Parameters that are `known` are not drawn: somebody sets them.
    """
    memory = machine.memory
    memory.slots[:], memory.grads[:], memory.before[:] = 0, 0, 0
    memory.marks[:], memory.progress[:] = NO_ORDER, schedule.beginning()
    _draw(memory, machine.program, machine.experiment, known)
    return replace(machine, surgery=survivors(None, machine.experiment, machine.program).kept)


def _draw(memory: Memory, program: Program, experiment: Experiment, but: Collection[str]) -> None:
    """Give all parameters but some their first values."""
    named = program.split(memory.params)
    for p in program.parameters:
        if p.name not in but:
            named[p.name][...] = start(p, experiment.seed)


def set_by_hand(machine: Machine, weights: Mapping[str, NDArray[np.float32]]) -> bool:
    """Set parameters by name. What the optimizer remembers of a number that changed is as at a beginning.

    True where all parameters are set: then everything is as at a beginning.
    """
    memory, program = machine.memory, machine.program
    slots = memory.slots.reshape(-1, program.parameter_count)
    for name, values in weights.items():
        at = program.offsets[name]
        here = slice(at, at + values.size)
        slots[:, here][:, memory.params[here] != values.ravel()] = 0
        memory.params[here] = values.ravel()
    is_all = all(p.name in weights for p in program.parameters)
    if is_all:
        slots[:] = 0
        memory.progress[:] = schedule.beginning()
    return is_all


def start(parameter: Parameter, seed: int) -> NDArray[np.float32]:
    """The first value of a parameter in a run with `seed`."""
    draw = stream(seed, parameter.name)
    return parameter.start.draw(parameter.shape, parameter.fan_in, parameter.fan_out, draw)


def keeps_memory(old: Experiment, new: Experiment) -> bool:
    """Whether what the optimizer remembers under `old` means the same under `new`."""
    return old.optimizer.meaning == new.optimizer.meaning


def keeps_progress(old: Experiment, new: Experiment) -> bool:
    """Whether what the schedule has seen under `old` means the same under `new`: the same rule, the same error."""
    return (old.schedule, old.loss, old.data) == (new.schedule, new.loss, new.data)


def rule(experiment: Experiment, program: Program) -> Rule:
    """The optimizer as the machine takes it: neighbours with the same setting are one stretch."""
    blocks: list[list[int]] = []
    numbers: list[tuple[float, float, float, float]] = []
    for p in program.parameters:
        factor = experiment.rates.factor(p) if p.learned else p.momentum
        setting = (factor, *experiment.regularization.penalties(p), float(p.penalised))
        statistic = int(not p.learned)
        if numbers and numbers[-1] == setting and blocks[-1][2] == statistic:
            blocks[-1][1] += p.size
        else:
            blocks.append([program.offsets[p.name], p.size, statistic])
            numbers.append(setting)
    return Rule(
        int(experiment.optimizer.kind),
        np.array(experiment.optimizer.constants, np.float64),
        np.array(blocks, np.int64).reshape(-1, BLOCK),
        np.array(numbers, np.float64).reshape(-1, NUMBERS),
        clipping=np.array(experiment.clipping.constants, np.float64),
        reaction=np.array(experiment.schedule.reaction, np.float64),
    )


def spacing(step: int, unit: int) -> int:
    """The smallest unit * 2**j of which at most POINTS have been passed by `step`: dense first, then ever sparser."""
    return unit << (max(-(-step // (unit * POINTS)), 1) - 1).bit_length()


def multiples(unit: int, after: int, upto: int) -> list[int]:
    """The steps after one, up to another, that are multiples of the spacing there."""
    found: list[int] = []
    while after < upto:
        every = spacing(after + 2, unit)
        end = min(upto, POINTS * every - 1)  # up to where it is the same
        found += range((after // every + 1) * every, end + 1, every)
        after = end
    return found
