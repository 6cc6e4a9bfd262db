"""A run: the only thing that changes. One experiment, the numbers it has learned, and how they advance.

State at step n is a function of the experiment, its edits and n: the order of the examples and the start of the
weights come from counters. So a step can always be had again (lab.training.timeline).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.data.prepare import Prepared
from lab.experiment.experiment import Experiment
from lab.kernels import interpreter, schedule
from lab.kernels import opcodes as op
from lab.kernels.interpreter import PARTS, TALLY
from lab.kernels.memory import aligned
from lab.kernels.operations import SHARED
from lab.kernels.threads import ENTRANCE, cores, use
from lab.network.program import Program, lower
from lab.network.shape import Shape
from lab.training.history import Curves, History
from lab.training.internals import Internals
from lab.training.machine import Machine, build, keeps_memory
from lab.training.mailbox import Diverged
from lab.training.moment import Moment
from lab.training.path import Path
from lab.training.probes import PartName
from lab.training.timeline import State, Timeline


@dataclass(frozen=True)
class Advance:
    """How many updates were made, and whether the loss of the next one is not finite."""

    done: int
    diverged: bool


@dataclass(frozen=True)
class Evaluation:
    """`accuracy` is the share of examples, or of pixels, that are right; None in regression. `outputs` is
    [n, outputs], as the network's last layer gives them; an image lies channel by channel, each row by row.
    """

    loss: float
    accuracy: float | None
    outputs: NDArray[np.float32]


class Run:
    """Training of one experiment. Belongs to one thread: nobody else calls it.

    `threads` is how many cores a step may use. The numbers do not depend on it.
    """

    def __init__(self, experiment: Experiment, threads: int = 1) -> None:
        """Stands at the start. ProblemError if the experiment cannot run."""
        self.threads = max(1, min(threads, cores()))
        self.step = 0
        self.examples = 0
        self._age = 0  # updates the optimizer has made since its memory was empty
        self._moved = False  # whether the memory holds the parameters of one update ago
        self._known = False  # whether it holds the gradient of the last update
        self._rate = 0.0  # of the last update
        self.machine = build(experiment, self.threads)
        self.timeline = Timeline(experiment)
        self.history = History()
        self.path = Path(self.program.parameter_count)
        self._mark()

    @property
    def experiment(self) -> Experiment:
        return self.machine.experiment

    @property
    def prepared(self) -> Prepared:
        return self.machine.prepared

    @property
    def program(self) -> Program:
        return self.machine.program

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
        return self.experiment.optimizer.rate * known * float(self.machine.memory.progress[schedule.FACTOR])

    def steps_to_epoch_end(self) -> int:
        N = len(self.prepared.training)
        return -(-(N - self.examples % N) // min(self.experiment.batch_size, N))

    def advance(self, steps: int) -> Advance:
        """Make up to `steps` updates; fewer if the loss stops being finite. Validation happens on the way."""
        made = 0
        self._mark()
        while made < steps:
            until_mark = min(every - self.step % every for every in self.machine.marks(self.step + 1))
            slice_ = min(steps - made, until_mark)
            done = self._train(slice_)
            made += done
            self._mark()
            if done < slice_:
                return Advance(made, True)
        return Advance(made, False)

    def _train(self, steps: int) -> int:
        e, m = self.experiment, self.machine
        rates = e.schedule.factors(self.step, steps) * e.optimizer.rate
        losses, rights, counts = np.empty(steps), np.empty(steps), np.empty(steps, np.int64)
        arguments = (
            m.program.code, m.cases["training"], m.rule, m.memory, e.seed, self.examples, self._age,
            e.batch_size, e.loss.sums_examples, rates, losses, rights, counts,
        )  # fmt: skip
        if self.threads > 1 and m.shards > 1:
            with ENTRANCE:
                use(self.threads)
                done = int(interpreter.train(*arguments, True))
        else:
            done = int(interpreter.train(*arguments, False))
        self._moved = done == steps or (self._moved and done == 0)
        self._known = done == steps
        self._rate = float(rates[done - 1]) if done else self._rate
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
        return right if self.prepared.dataset.classes else np.full_like(right, np.nan)

    def _mark(self) -> None:
        """Validate, and keep the moment for the path and the way back, where it is time to; once a moment."""
        validation, path = self.machine.marks(self.step + 1)
        if self.step % path == 0:
            self.path.append(self.step, self.machine.memory.params, path)
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
        m, cases = self.machine, self.machine.cases[part]
        N = len(cases.inputs)
        outputs = np.empty((N, m.check.outputs), np.float32)
        macs = (self.experiment.analysis.multiply_adds or 0) * N
        tally = np.zeros((PARTS, TALLY))
        arguments = m.check.code, cases, np.arange(N), m.check_arenas, m.memory.params, outputs, tally
        if self.threads > 1 and macs > 4_000_000:
            with ENTRANCE:
                use(self.threads)
                if m.check.capacity >= N:
                    interpreter.evaluate_together(*arguments, SHARED)
                else:
                    interpreter.evaluate_shards(*arguments)
        else:
            interpreter.evaluate(*arguments)
        error, right = tally[:, 0].sum(), tally[:, 1].sum()
        labelled = bool(self.prepared.dataset.classes)
        if N == 0:
            return Evaluation(math.nan, math.nan if labelled else None, outputs)
        loss = error if self.experiment.loss.sums_examples else error / N
        return Evaluation(float(loss), float(right / N) if labelled else None, outputs)

    # -- numbers in and out -----------------------------------------------------------------------------

    @property
    def params(self) -> NDArray[np.float32]:
        """The live parameter vector. Copy before keeping."""
        params: NDArray[np.float32] = self.machine.memory.params
        return params

    @property
    def last_update(self) -> NDArray[np.float32] | None:
        """How the last update moved each parameter, to the last bit.

        None where it is not known: at the start, after an edit, and on a checkpoint that was gone back to.
        """
        return self.machine.memory.params - self.machine.memory.before if self._moved else None

    def internals(self) -> Internals:
        """A copy of what the optimizer had in hand at the last update; `named` gives it by parameters."""
        m = self.machine
        slots = m.memory.slots[: len(self.experiment.optimizer.slots) * self.program.parameter_count]
        return Internals(
            experiment=self.experiment,
            program=self.program,
            slots=slots.reshape(-1, self.program.parameter_count).copy(),
            rate=self._rate,
            age=self._age,
            gradient=m.memory.grads[0].copy() if self._known else None,
            last_update=self.last_update,
        )

    @property
    def parameters(self) -> dict[str, NDArray[np.float32]]:
        """Copies of all parameters by name."""
        return self.program.split(self.machine.memory.params.copy())

    def set_parameters(self, parameters: dict[str, NDArray[np.float32]]) -> None:
        """Replace parameters by name; the optimizer starts afresh. The shapes must be the network's own."""
        for p in self.program.parameters:
            at = self.program.offsets[p.name]
            self.machine.memory.params[at : at + p.size] = parameters[p.name].ravel()
        self.machine.memory.slots[:] = 0
        self.machine.memory.progress[:] = schedule.beginning()
        self._age, self._moved, self._known = 0, False, False
        # what was learned no longer follows from the start: the way back begins here
        self.timeline.begin_again(self.state())

    def curves(self) -> Curves:
        return self.history.curves()

    def moment(self, internals: bool = False) -> Moment:
        """A frozen copy of what others may look at; with what the optimizer remembers only where it is asked for."""
        steps, vectors = self.path.points()
        params = self.machine.memory.params.copy()
        inside = self.internals() if internals else None
        return Moment(self.experiment, self.prepared, self.program, self.step, params, steps, vectors, inside)

    # -- time -------------------------------------------------------------------------------------------

    def state(self) -> State:
        """A copy of everything that changes."""
        return State(
            experiment=self.experiment,
            parameters=self.program.parameters,
            step=self.step,
            examples=self.examples,
            age=self._age,
            params=self.machine.memory.params.copy(),
            slots=self.machine.memory.slots.copy(),
            progress=self.machine.memory.progress.copy(),
        )

    def edit(self, experiment: Experiment) -> Machine:
        """Change the experiment from this step on. What survives of its layers keeps its numbers.

        Gives the new machine, which tells what it kept. ProblemError leaves the run as it was.
        """
        self._stand_on(build(experiment, self.threads, self.state()))
        self.timeline.edit(self.state())
        if not self.machine.surgery.unmoved:
            self.path = Path(self.program.parameter_count)
        return self.machine

    def _stand_on(self, machine: Machine) -> None:
        if not keeps_memory(self.experiment, machine.experiment):
            self._age = 0
        self.machine, self._moved, self._known = machine, False, False

    def rewind(self, step: int) -> int:
        """Go back to `step`, exactly as it was, or to the nearest later one that can still be had."""
        step = max(min(step, self.step), self.timeline.first)
        past = self.timeline.before(step)
        edits = self.timeline.edits_between(past.step, step)
        self.timeline.forget_after(step)
        self.history.rewind(step)
        self.path.rewind(step, past.params.size)
        self._stand_on(build(past.experiment, self.threads, past))
        self.step, self.examples, self._age = past.step, past.examples, past.age
        for edit in edits:
            self._replay(edit.step)
            self._stand_on(build(edit.experiment, self.threads, self.state()))
        self._replay(step)
        return self.step

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
        at_once = self.machine.batch if e.network.whole_batch else 8
        program = lower(e.network, shape, e.loss, at_once, lean=False)
        order = np.zeros(N, np.int64)
        memory = self.machine.memory._replace(order=order, marks=np.full(2, -2, np.int64))
        interpreter.order_of(memory, e.seed, self.examples // N, e.batch_size < N)
        position = self.examples % N
        arena = aligned(program.arena_size)
        nothing = np.zeros(0, np.float32)
        layer, operation = "", ""
        for first in range(position, min(position + e.batch_size, N), program.capacity):
            n = min(program.capacity, min(position + e.batch_size, N) - first)
            interpreter.gather(program.code, self.machine.cases["training"], order, first, n, arena)
            for r in range(int(program.code.plan[op.BACKWARD])):
                interpreter.run_rows(
                    program.code,
                    r,
                    r + 1,
                    n,
                    arena,
                    self.machine.memory.params,
                    nothing,
                    1.0,
                    np.zeros(TALLY),
                    np.array([e.seed, self.examples + first - position]),
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
