"""A run: the only thing that changes. One experiment, the numbers it has learned, and how they advance.

State at step n is a function of the experiment, its edits and n: the order of the examples and the start of the
weights come from counters. So a step can always be had again (lab.training.timeline).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.data.prepare import Part, Prepared, prepare
from lab.experiment.experiment import Experiment, problems
from lab.experiment.memory import memory_problem
from lab.kernels import interpreter, schedule
from lab.kernels import opcodes as op
from lab.kernels.interpreter import PARTS, TALLY, Memory, Rule
from lab.kernels.memory import aligned
from lab.kernels.threads import ENTRANCE, cores, use
from lab.kernels.update import NUMBERS
from lab.network.initializers import stream
from lab.network.layers import Parameter
from lab.network.program import Program, lower
from lab.network.shape import Shape
from lab.problem import ProblemError
from lab.training.history import Curves, History
from lab.training.mailbox import Diverged
from lab.training.moment import Moment, targets_of
from lab.training.path import Path
from lab.training.probes import PartName
from lab.training.timeline import State, Timeline

VALIDATION_SHARE = 0.04
"""Validation may cost this share of training."""
POINTS = 256
"""Validations and points of the path at full density; then every second one, and so on: see `spacing`."""


@dataclass(frozen=True)
class Advance:
    """How many updates were made, and whether the loss of the next one is not finite."""

    done: int
    diverged: bool


@dataclass(frozen=True)
class Evaluation:
    """`accuracy` is None in regression; `outputs` is [n, outputs], as the network's last layer gives them."""

    loss: float
    accuracy: float | None
    outputs: NDArray[np.float32]


@dataclass(frozen=True)
class Kept:
    """The parameters that an edit kept, and those that it drew anew, by name."""

    kept: tuple[str, ...]
    renewed: tuple[str, ...]


class Run:
    """Training of one experiment. Belongs to one thread: nobody else calls it.

    `cores` is how many cores a step may use. The numbers do not depend on it.
    """

    def __init__(self, experiment: Experiment, threads: int = 1) -> None:
        """Stands at the start. ProblemError if the experiment cannot run."""
        self.threads = max(1, min(threads, cores()))
        self.step = 0
        self.examples = 0
        self._age = 0  # updates the optimizer has made since its memory was empty
        self._moved = False  # whether the memory holds the parameters of one update ago
        self._install(experiment, None)
        self.timeline = Timeline(experiment)
        self.history = History()
        self.path = Path(self.program.parameter_count)
        self._mark()

    # -- what it stands on ------------------------------------------------------------------------------

    def _install(self, experiment: Experiment, old: State | None) -> Kept:
        """Lower the experiment and take over what survives of `old`; nothing changes if that fails."""
        if found := problems(experiment):
            raise ProblemError(*found)
        if too_large := memory_problem(experiment):
            raise ProblemError(too_large)
        prepared = prepare(experiment.data, experiment.preprocessing, experiment.split, experiment.seed)
        shape = Shape(*prepared.dataset.inputs.shape[1:])
        program = lower(experiment.network, shape, experiment.loss)
        check = lower(experiment.network, shape, experiment.loss, gradients=False)
        P = program.parameter_count
        slots = len(experiment.optimizer.slots)
        params, memory = aligned(P), np.zeros(max(slots, 1) * P, np.float32)
        kept = self._fill(experiment, program, params, memory, old)
        N = len(prepared.training)
        batch = min(experiment.batch_size, N)
        shards = shard_count(batch, experiment.analysis.multiply_adds or 0, P)
        arena, check_arena = (-(-p.arena_size // 16) * 16 for p in (program, check))
        room = Memory(
            params=params,
            slots=memory,
            grads=np.zeros((shards, P), np.float32),
            arenas=aligned(shards * arena).reshape(shards, arena),
            tally=np.zeros((shards, TALLY)),
            order=np.zeros(N, np.int64),
            marks=np.full(2, -2, np.int64),
            progress=schedule.beginning(),
            before=np.zeros(P, np.float32),
        )
        if old is not None and keeps_progress(old.experiment, experiment):
            room.progress[:] = old.progress
        check_arenas = aligned(self.threads * check_arena).reshape(-1, check_arena)
        cases = {
            name: interpreter.cases(part.inputs, targets_of(experiment, part, program))
            for name, part in parts(prepared).items()
        }

        # from here on nothing can fail
        if old is None or not keeps_memory(old.experiment, experiment):
            self._age = 0
        self._moved = False
        self.experiment, self.prepared, self.program, self._check = experiment, prepared, program, check
        self._shards, self._memory, self._check_arenas, self._cases = shards, room, check_arenas, cases
        self._rule = rule(experiment, program)
        self._validation_unit = max(1, math.ceil(len(prepared.validation) / (3 * batch * VALIDATION_SHARE)))
        return kept

    def _fill(
        self,
        experiment: Experiment,
        program: Program,
        params: NDArray[np.float32],
        slots: NDArray[np.float32],
        old: State | None,
    ) -> Kept:
        """Parameters and optimizer memory: what survives of `old` by name and shape, the rest at its start."""
        kept, renewed = [], []
        survives = {p.name: p.shape for p in old.parameters} if old else {}
        P, count = program.parameter_count, len(experiment.optimizer.slots)
        same_rule = old is not None and keeps_memory(old.experiment, experiment)
        offset_of = {}
        if old:
            at = 0
            for p in old.parameters:
                offset_of[p.name] = at
                at += p.size
        for p in program.parameters:
            to = program.offsets[p.name]
            if old is not None and survives.get(p.name) == p.shape:
                kept.append(p.name)
                at = offset_of[p.name]
                params[to : to + p.size] = old.params[at : at + p.size]
                if same_rule:
                    whole = len(old.params)
                    for s in range(count):
                        slots[s * P + to : s * P + to + p.size] = old.slots[
                            s * whole + at : s * whole + at + p.size
                        ]
            else:
                renewed.append(p.name)
                params[to : to + p.size] = start(p, experiment.seed).ravel()
        return Kept(tuple(kept), tuple(renewed))

    # -- advancing --------------------------------------------------------------------------------------

    @property
    def steps_per_epoch(self) -> int:
        N = len(self.prepared.training)
        return -(-N // min(self.experiment.batch_size, N))

    @property
    def epoch(self) -> float:
        """How often the training set has been seen."""
        return self.examples / len(self.prepared.training)

    @property
    def rate(self) -> float:
        """The learning rate of the next update."""
        known = float(self.experiment.schedule.factors(self.step, 1)[0])
        return self.experiment.optimizer.rate * known * float(self._memory.progress[schedule.FACTOR])

    def steps_to_epoch_end(self) -> int:
        N = len(self.prepared.training)
        return -(-(N - self.examples % N) // min(self.experiment.batch_size, N))

    def advance(self, steps: int) -> Advance:
        """Make up to `steps` updates; fewer if the loss stops being finite. Validation happens on the way."""
        made = 0
        self._mark()
        while made < steps:
            until_mark = min(every - self.step % every for every in self._marks())
            slice_ = min(steps - made, until_mark)
            done = self._train(slice_)
            made += done
            self._mark()
            if done < slice_:
                return Advance(made, True)
        return Advance(made, False)

    def _marks(self) -> tuple[int, int]:
        """Every so many steps a validation, and a point of the path: functions of the step alone."""
        return spacing(self.step + 1, self._validation_unit), spacing(self.step + 1, 1)

    def _train(self, steps: int) -> int:
        e = self.experiment
        rates = e.schedule.factors(self.step, steps) * e.optimizer.rate
        losses, rights, counts = np.empty(steps), np.empty(steps), np.empty(steps, np.int64)
        arguments = (
            self.program.code, self._cases["training"], self._rule, self._memory, e.seed, self.examples, self._age,
            e.batch_size, e.loss.sums_examples, rates, losses, rights, counts,
        )  # fmt: skip
        if self.threads > 1 and self._shards > 1:
            with ENTRANCE:
                use(self.threads)
                done = int(interpreter.train(*arguments, True))
        else:
            done = int(interpreter.train(*arguments, False))
        self._moved = done == steps or (self._moved and done == 0)
        step = np.arange(self.step + 1, self.step + done + 1)
        seen = self.examples + np.cumsum(counts[:done])
        self.history.append(
            step=step,
            examples=seen,
            loss=losses[:done],
            accuracy=self._shares(rights[:done]),
            rate=rates[:done],
        )
        self.step += done
        self._age += done
        self.examples += int(counts[:done].sum())
        return done

    def _shares(self, right: NDArray[np.float64]) -> NDArray[np.float64]:
        return right if self.prepared.training.labels is not None else np.full_like(right, np.nan)

    def _mark(self) -> None:
        """Validate, and keep the moment for the path and the way back, where it is time to; once a moment."""
        validation, path = self._marks()
        if self.step % path == 0:
            self.path.append(self.step, self._memory.params, path)
        if self.step % validation:
            return
        if not self.timeline.has(self.step):
            self.timeline.keep(self.state())
        if len(self.prepared.validation) and not self.history.validated(self.step):
            found = self.evaluate("validation")
            self.history.append(
                validation_step=np.array([self.step]),
                validation_loss=np.array([found.loss]),
                validation_accuracy=np.array([np.nan if found.accuracy is None else found.accuracy]),
            )

    def evaluate(self, part: PartName) -> Evaluation:
        """The loss, accuracy and outputs on a whole part; NaN where the part is empty."""
        cases = self._cases[part]
        N = len(cases.inputs)
        outputs = np.empty((N, int(self._check.code.plan[op.OUTPUTS])), np.float32)
        order = np.arange(N)
        macs = (self.experiment.analysis.multiply_adds or 0) * N
        tally = np.zeros((PARTS, TALLY))
        arguments = self._check.code, cases, order, self._check_arenas, self._memory.params, outputs, tally
        if self.threads > 1 and macs > 4_000_000:
            with ENTRANCE:
                use(self.threads)
                interpreter.evaluate_shards(*arguments)
        else:
            interpreter.evaluate(*arguments)
        error, right = tally[:, 0].sum(), tally[:, 1].sum()
        labelled = self.prepared.training.labels is not None
        if N == 0:
            return Evaluation(math.nan, math.nan if labelled else None, outputs)
        loss = error if self.experiment.loss.sums_examples else error / N
        return Evaluation(float(loss), float(right / N) if labelled else None, outputs)

    # -- numbers in and out -----------------------------------------------------------------------------

    @property
    def params(self) -> NDArray[np.float32]:
        """The live parameter vector. Copy before keeping."""
        params: NDArray[np.float32] = self._memory.params
        return params

    @property
    def last_update(self) -> NDArray[np.float32] | None:
        """How the last update moved each parameter, to the last bit.

        None where it is not known: at the start, after an edit, and on a checkpoint that was gone back to.
        """
        return self._memory.params - self._memory.before if self._moved else None

    @property
    def parameters(self) -> dict[str, NDArray[np.float32]]:
        """Copies of all parameters by name."""
        return self.program.split(self._memory.params.copy())

    def set_parameters(self, parameters: dict[str, NDArray[np.float32]]) -> None:
        """Replace parameters by name; the optimizer starts afresh. The shapes must be the network's own."""
        for p in self.program.parameters:
            at = self.program.offsets[p.name]
            self._memory.params[at : at + p.size] = parameters[p.name].ravel()
        self._memory.slots[:] = 0
        self._memory.progress[:] = schedule.beginning()
        self._age, self._moved = 0, False
        # what was learned no longer follows from the start: the way back begins here
        self.timeline.begin_again(self.state())

    def curves(self) -> Curves:
        return self.history.curves()

    def moment(self) -> Moment:
        """A frozen copy of what others may look at."""
        steps, vectors = self.path.points()
        params = self._memory.params.copy()
        return Moment(self.experiment, self.prepared, self.program, self.step, params, steps, vectors)

    # -- time -------------------------------------------------------------------------------------------

    def state(self) -> State:
        """A copy of everything that changes."""
        return State(
            experiment=self.experiment,
            parameters=self.program.parameters,
            step=self.step,
            examples=self.examples,
            age=self._age,
            params=self._memory.params.copy(),
            slots=self._memory.slots.copy(),
            progress=self._memory.progress.copy(),
        )

    def edit(self, experiment: Experiment) -> Kept:
        """Change the experiment from this step on. What survives by name and shape keeps its numbers.

        ProblemError leaves the run as it was.
        """
        before = self.program.parameter_count
        kept = self._install(experiment, self.state())
        self.timeline.edit(self.state())
        if kept.renewed or self.program.parameter_count != before:
            self.path = Path(self.program.parameter_count)
        return kept

    def rewind(self, step: int) -> int:
        """Go back to `step`, exactly as it was, or to the nearest later one that can still be had."""
        step = max(min(step, self.step), self.timeline.first)
        kept = self.timeline.before(step)
        edits = self.timeline.edits_between(kept.step, step)
        self.timeline.forget_after(step)
        self.history.rewind(step)
        self.path.rewind(step, kept.params.size)
        self._restore(kept)
        for edit in edits:
            self._replay(edit.step)
            self._install(edit.experiment, self.state())
        self._replay(step)
        return self.step

    def _restore(self, state: State) -> None:
        self._install(state.experiment, state)
        self._memory.slots[:] = state.slots
        self._memory.progress[:] = state.progress
        self.step, self.examples, self._age = state.step, state.examples, state.age

    def _replay(self, step: int) -> None:
        """Run forward to a step that has been logged already."""
        log, self.history = self.history, History()
        try:
            while self.step < step and self._train(min(step - self.step, 4096)):
                pass
        finally:
            self.history = log

    def diagnose(self) -> Diverged:
        """Which layer first gives a number that is not finite on the batch that comes next."""
        e, N = self.experiment, len(self.prepared.training)
        shape = Shape(*self.prepared.dataset.inputs.shape[1:])
        program = lower(e.network, shape, e.loss, 8, lean=False)
        order = np.zeros(N, np.int64)
        memory = self._memory._replace(order=order, marks=np.full(2, -2, np.int64))
        interpreter.order_of(memory, e.seed, self.examples // N, e.batch_size < N)
        position = self.examples % N
        arena = aligned(program.arena_size)
        nothing = np.zeros(0, np.float32)
        layer, operation = "", ""
        for first in range(position, min(position + e.batch_size, N), program.capacity):
            n = min(program.capacity, min(position + e.batch_size, N) - first)
            interpreter.gather(program.code, self._cases["training"], order, first, n, arena)
            for r in range(int(program.code.plan[op.BACKWARD])):
                interpreter.run_rows(
                    program.code, r, r + 1, n, arena, self._memory.params, nothing, 1.0, np.zeros(TALLY)
                )
                at = int(program.code.rows[r, op.Y])
                size = int(np.prod(program.code.rows[r, [op.CO, op.HO, op.WO]])) * n
                if not np.isfinite(arena[at : at + size]).all():
                    layer, operation = program.rows[r].layer, program.rows[r].operation
                    break
            if layer:
                break
        return Diverged(
            self.step, layer or "loss", operation or "loss", max(self.timeline.first, self.step - 20)
        )


def parts(prepared: Prepared) -> dict[PartName, Part]:
    return {"training": prepared.training, "validation": prepared.validation, "test": prepared.test}


def start(parameter: Parameter, seed: int) -> NDArray[np.float32]:
    """The first value of a parameter in a run with `seed`."""
    return parameter.start.draw(
        parameter.shape, parameter.fan_in, parameter.fan_out, stream(seed, parameter.name)
    )


def keeps_memory(old: Experiment, new: Experiment) -> bool:
    """Whether what the optimizer remembers under `old` means the same under `new`."""
    return old.optimizer.meaning == new.optimizer.meaning


def keeps_progress(old: Experiment, new: Experiment) -> bool:
    """Whether what the schedule has seen under `old` means the same under `new`: the same rule, the same error."""
    return (old.schedule, old.loss, old.data) == (new.schedule, new.loss, new.data)


def rule(experiment: Experiment, program: Program) -> Rule:
    """The optimizer as the machine takes it: neighbours with the same setting are one stretch."""
    r = experiment.regularization
    blocks: list[list[int]] = []
    numbers: list[tuple[float, float, float, float]] = []
    for p in program.parameters:
        factor = experiment.rates.factor(p)
        setting = (factor, r.l1, r.l2, 1.0) if p.penalised else (factor, 0.0, 0.0, 0.0)
        if numbers and numbers[-1] == setting:
            blocks[-1][1] += p.size
        else:
            blocks.append([program.offsets[p.name], p.size])
            numbers.append(setting)
    return Rule(
        int(experiment.optimizer.kind),
        np.array(experiment.optimizer.constants, np.float64),
        np.array(blocks, np.int64).reshape(-1, 2),
        np.array(numbers, np.float64).reshape(-1, NUMBERS),
        clipping=np.array(experiment.clipping.constants, np.float64),
        reaction=np.array(experiment.schedule.reaction, np.float64),
    )


def spacing(step: int, unit: int) -> int:
    """The smallest unit * 2**j of which at most POINTS have been passed by `step`: dense first, then ever sparser."""
    return unit << max(0, math.ceil(math.log2(max(step, 1) / (unit * POINTS))))


def shard_count(batch: int, macs: int, parameters: int) -> int:
    """Into how many shares a batch is cut, each with a gradient of its own. It depends on no machine.

    More shares occupy more cores; each costs a pass over a gradient and makes the matrix products narrower.
    """
    most = min(8, batch // 16, int(batch * macs / 1e6), int(0.05 * batch * macs / max(parameters, 1)))
    return 1 << max(0, most.bit_length() - 1)
