"""A run: the only thing that changes. One experiment, the numbers it has learned, and how they advance.

State at step n is a function of the experiment, its edits and n: the order of the examples and the start of the
weights come from counters. So a step can always be had again: take the nearest checkpoint, run forward.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.data.prepare import Prepared
from lab.experiment.experiment import Experiment
from lab.kernels import schedule
from lab.kernels.threads import cores
from lab.network.program import Program
from lab.training.batches import Batches
from lab.training.evaluation import Evaluation, evaluate, goes_together
from lab.training.history import Curves, History
from lab.training.internals import Internals
from lab.training.machine import Machine, begun_again, build, keeps_memory, set_by_hand, spacing
from lab.training.mailbox import Diverged
from lab.training.moment import Moment
from lab.training.path import Path
from lab.training.postmortem import diagnose
from lab.training.probes import PartName
from lab.training.stretch import Standing, make_updates
from lab.training.timeline import Edit, State, Timeline
from lab.training.watches import Watched

VERSIONS = itertools.count()
AGAIN = 0.25
"""Seconds that it may take to make the last update again, so that it can be told."""
IN_HAND = 4 << 20
"""Bytes of points of the path that are taken on the way of one call."""
REMEMBERED = 16 << 20
"""Bytes of a state that is kept besides the checkpoints; a larger one is made again where it is wanted."""


@dataclass(frozen=True)
class Advance:
    """How many updates were made, and whether the loss of the next one is not finite."""

    done: int
    diverged: bool


class Run:
    """Training of one experiment, from its start to the furthest step it has come to. It stands at `step`.

    Belongs to one thread: nobody else calls it. `threads` is how many cores a step may use. The numbers do not
    depend on it.
    """

    def __init__(self, experiment: Experiment, threads: int = 1) -> None:
        """Stands at the start. ProblemError if the experiment cannot run."""
        self.threads = max(1, min(threads, cores()))
        self.touch()
        self.step = 0
        self.examples = 0
        self._age = 0  # updates the optimizer has made since its memory was empty
        self._moved = False  # whether the memory holds the parameters of one update ago
        self._known = False  # whether it holds the gradient of the last update
        self._rate, self._norm = 0.0, math.nan  # of the last update
        self.remembers = False
        """Whether the optimizer's memory is kept as the last update found it, so that the update can be told."""
        self._slots_before: NDArray[np.float32] | None = None
        self._unedited: State | None = None  # how it stood before the edit at this step
        self.machine = build(experiment, self.threads)
        self.timeline = Timeline(Edit(0, experiment))
        self.history = History()
        self.path = Path()
        self.watched = Watched()
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

    def touch(self) -> None:
        """There is something else to see: `version` is one that no run has had."""
        self.version = next(VERSIONS)

    # -- advancing --------------------------------------------------------------------------------------

    @property
    def batches(self) -> Batches:
        return self.machine.batches

    @property
    def epoch(self) -> float:
        """How often the training set has been seen."""
        return self.examples / len(self.prepared.training)

    @property
    def rate(self) -> float:
        """The learning rate of the next update."""
        known = float(self.experiment.schedule.factors(self.step, 1)[0])
        return self.experiment.optimizer.rate * known * float(self.machine.memory.progress[schedule.FACTOR])

    @property
    def furthest(self) -> int:
        """The furthest step that it has come to. Up to there everything is known."""
        return self.timeline.furthest

    @property
    def seconds(self) -> float:
        """Of training up to here, when the steps were made for the first time."""
        return self.history.seconds(self.step)

    def advance(self, steps: int) -> Advance:
        """Make up to `steps` updates; fewer if the loss stops being finite. Validation happens on the way.

        Before its furthest step the run goes the way that it went before, and its edits are made again.
        """
        made = 0
        self._mark()
        self.watched.look(self)
        while made < steps:
            edit = self.timeline.edit_after(self.step)
            known, look = self.furthest - self.step, self.watched.next_look(self)
            ends = [end - self.step for end in (edit.step if edit else None, look) if end is not None]
            left = steps - made
            slice_ = min(left, *((known,) if known else self._to_marks(left)), *ends)
            done = self._train(slice_) if known else self._train(slice_, path=True, validates=True)
            made += done
            if edit is not None and self.step == edit.step:
                self._make_again(edit)
            self._mark()
            self.watched.look(self)
            if done < slice_:
                return Advance(made, True)
        return Advance(made, False)

    def _to_marks(self, left: int) -> Iterator[int]:
        """Updates to what a call of training does not do on its way: checkpoints, and validations by several cores; and
        to where it has as many points of the path in hand as there is room for. A checkpoint waits for the end, where
        few updates are left to make: each call takes its time of Python.
        """
        marks = self.machine.marks(self.step + 1)
        checkpoint = max((self.timeline.last or 0) + marks.checkpoint - self.step, 1)
        if left >= checkpoint + marks.checkpoint:
            yield checkpoint
        at_once = max(1, IN_HAND // self.params.nbytes)
        yield marks.path * at_once - self.step % marks.path
        if goes_together(self.machine, len(self.prepared.validation), self.threads):
            yield marks.validation - self.step % marks.validation

    def hurry(self, steps: int) -> Advance:
        """The same updates and nothing besides: nothing is validated or kept to go back to, and no path is drawn."""
        done = self._train(steps)
        return Advance(done, done < steps)

    def _train(self, steps: int, path: bool = False, validates: bool = False) -> int:
        """Updates without a look left or right, but for points of the `path` and validations where they are due."""
        self._slots_before = None
        if not self.remembers or steps < 1:
            return self._update(steps, path, validates)
        done = self._update(steps - 1, path, validates) if steps > 1 else 0
        if done < steps - 1:
            return done
        before = self._slots.copy()
        last = self._update(1, path, validates)
        self._slots_before = before if last else None
        return done + last

    def _update(self, steps: int, path: bool, validates: bool) -> int:
        """So many updates in one call; logged where they are made for the first time."""
        here = self.step
        standing = Standing(here, self.examples, self._age)
        made = make_updates(self.machine, standing, steps, self.threads, path, validates)
        done = made.done
        self._moved = done == steps or (self._moved and done == 0)
        self._known = done == steps
        if done:
            self._rate, self._norm = float(made.rates[-1]), float(made.norms[-1])
        if here >= self.furthest and done:
            self.history.append(
                step=np.arange(here + 1, here + done + 1),
                examples=self.examples + np.cumsum(made.counts),
                loss=made.losses,
                accuracy=made.accuracies,
                rate=made.rates,
                gradient_norm=made.norms,
                seconds=self.seconds + made.seconds * np.arange(1, done + 1) / done,
            )
            self.timeline.furthest = here + done
        self.step += done
        self._age += done
        self.examples += int(made.counts.sum())
        if made.kept_at:
            self.path.extend(made.kept_at, made.points, spacing(made.kept_at[-1] + 1, 1))
        for validation in made.validations:
            self._validated(*validation)
        self._unedited = None if done else self._unedited
        self.touch()
        return done

    def _mark(self) -> None:
        """Validate, and keep the moment for the path and the way back, where it is time to; once a moment."""
        if self.step < self.furthest:
            return
        marks = self.machine.marks(self.step + 1)
        if self.step % marks.path == 0:
            self.path.append(self.step, self.params, marks.path)
        last = self.timeline.last
        if last is None or self.step - last >= marks.checkpoint:
            self.timeline.keep(self.state(), self.step)
        if self.step % marks.validation:
            return
        if len(self.prepared.validation) and not self.history.validated(self.step):
            found = self.evaluate("validation")
            self._validated(self.step, found.loss, found.accuracy)

    def _validated(self, step: int, loss: float, accuracy: float | None) -> None:
        self.history.append(
            validation_step=np.array([step]),
            validation_loss=np.array([loss]),
            validation_accuracy=np.array([np.nan if accuracy is None else accuracy]),
        )

    def evaluate(self, part: PartName) -> Evaluation:
        """The loss, accuracy and outputs on a whole part; NaN where the part is empty."""
        return evaluate(self.machine, part, self.threads)

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
        return Internals(
            experiment=self.experiment,
            program=self.program,
            slots=self._slots.copy(),
            rate=self._rate,
            age=self._age,
            gradient=self.machine.memory.grads[0].copy() if self._known else None,
            last_update=self.last_update,
            slots_before=self._slots_before if self._known and self._moved else None,
            norm=self._norm,
        )

    @property
    def _slots(self) -> NDArray[np.float32]:
        """The optimizer's memory itself, [slots, parameters]."""
        P = self.program.parameter_count
        slots: NDArray[np.float32] = self.machine.memory.slots[: len(self.experiment.optimizer.slots) * P]
        return slots.reshape(-1, P)

    def make_last_update_again(self) -> None:
        """Have everything of the last update at hand, which then was made before one was looking, or lies before a
        checkpoint that was gone back to. Nothing happens where that would take long, or an edit came in between.
        """
        here = self.step
        if here == 0 or self._slots_before is not None or self.timeline.edit_at(here) is not None:
            return
        way = here - self.timeline.before(here - 1).step
        if way * self.seconds / here < AGAIN:
            self.remembers = True
            self.go_to(here - 1)
            self._train(1)

    @property
    def parameters(self) -> dict[str, NDArray[np.float32]]:
        """Copies of all parameters by name."""
        return self.program.split(self.machine.memory.params.copy())

    def set_parameters(self, parameters: Mapping[str, NDArray[np.float32]]) -> None:
        """Set parameters by name, from this step on. The shapes must be the network's own.

        What the optimizer remembers of the numbers that changed is as at a beginning; where all parameters are set,
        everything is.
        """
        known = self.timeline.edit_at(self.step)
        set_before = dict(known.weights) if known is not None and known.weights else {}
        copies = {name: np.array(values, np.float32) for name, values in parameters.items()}
        self.apply(Edit(self.step, self.experiment, {**set_before, **copies}))

    def unset_parameters(self, names: Collection[str]) -> None:
        """Take back that these were set at this step: they are again what they were before."""
        edit = self.timeline.edit_at(self.step)
        if edit is not None and edit.weights:
            left = {name: values for name, values in edit.weights.items() if name not in names}
            self.apply(Edit(self.step, self.experiment, left or None))

    def curves(self) -> Curves:
        return self.history.curves()

    def moment(self, internals: bool = False, whole: bool = False) -> Moment:
        """A frozen copy of what others may look at; with what the optimizer remembers only where it is asked for."""
        steps, vectors = self.path.points(self.step)
        params = self.machine.memory.params.copy()
        inside = self.internals() if internals else None
        return Moment(
            self.experiment, self.prepared, self.program, self.step, params, steps, vectors, inside,
            examples=self.examples, state=self.state() if whole else None,
        )  # fmt: skip

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
        """Change the experiment from this step on. What survives keeps its numbers; a recorded future is forgotten.

        Edits at one step are one edit: each starts from how the run stood before the first of them. Gives the new
        machine, which tells what it kept. ProblemError leaves the run as it was.
        """
        known = self.timeline.edit_at(self.step)
        weights = None if known is None else known.weights
        if weights:
            shapes = {p.name: p.shape for p in experiment.analysis.parameters}
            weights = {name: w for name, w in weights.items() if shapes.get(name) == w.shape}
        return self.apply(Edit(self.step, experiment, weights or None))

    def apply(self, edit: Edit) -> Machine:
        """Make an edit at this step, in place of one that was made here; a recorded future is forgotten."""
        before = self._before_edits()
        self._make(edit, before)
        self._unedited = before if before is not None and before.nbytes <= REMEMBERED else None
        self.forget_future()
        self.timeline.record(edit)
        self.timeline.keep(self.state(), self.step)
        is_new = not self.machine.surgery.unmoved or bool(edit.weights) or not self.step
        self.path.turn(self.step, self.machine.memory.params, is_new)
        return self.machine

    def _before_edits(self) -> State | None:
        """How the run stood at this step before it was edited; None at the start."""
        if self.step == 0:
            return None
        if self.timeline.edit_at(self.step) is None:
            return self.state()
        if self._unedited is None:
            here = self.step
            self._restore(self.timeline.before(here - 1))
            self._replay(here, edits_there=False)
            self._unedited = self.state()
        return self._unedited

    def _make(self, edit: Edit, before: State | None) -> None:
        """Stand on the machine of an edit. ProblemError leaves the run as it was."""
        if before is None and edit.experiment is self.experiment:
            machine = begun_again(self.machine, edit.weights or ())
        else:
            machine = build(edit.experiment, self.threads, before)
        age = 0 if before is None or not keeps_memory(before.experiment, edit.experiment) else before.age
        if edit.weights:
            age = 0 if set_by_hand(machine, edit.weights) else age
        self._stand_on(machine, age)

    def begin_again(self, beginning: Edit) -> None:
        """Stand at a start, with no past and no future. ProblemError leaves the run as it was."""
        self._make(beginning, None)
        self.step = self.examples = 0
        self._unedited = None
        limit, self.timeline = self.timeline.limit, Timeline(beginning)
        self.timeline.limit = limit
        self.history, self.path = History(), Path()
        self.watched.forget_after(-1)
        self._mark()

    def walk(self, steps: int) -> int:
        """As `hurry`, and the path is drawn.

        Past no edit that is recorded. Gives how many updates were made.
        """
        return self._train(steps, path=True)

    def _make_again(self, edit: Edit) -> None:
        self._unedited = self.state()
        self._make(edit, self._unedited)

    def _stand_on(self, machine: Machine, age: int) -> None:
        self.machine, self._age = machine, age
        self._moved = self._known = False
        self._slots_before = None
        self.touch()

    def forget_future(self) -> None:
        """What was seen after this step no longer follows."""
        self.watched.forget_after(self.step)
        self.timeline.forget_after(self.step)
        self.history.forget_after(self.step)
        self.path.forget_after(self.step)

    def go_to(self, step: int) -> int:
        """Stand at a step up to the furthest, exactly as the run stood there. Its future stays."""
        step = max(0, min(step, self.furthest))
        if step == self.step:
            return step
        if self.step == self.furthest and not self.timeline.has(self.step):
            self.timeline.keep(self.state(), step)  # so that the way back here is short
        near = self.timeline.before(step)
        if not near.step <= self.step <= step:
            self._restore(near)
        self._replay(step)
        return step

    def _restore(self, state: State) -> None:
        """Stand on a checkpoint."""
        if state.experiment == self.experiment:
            memory = self.machine.memory
            memory.params[:], memory.slots[:], memory.progress[:] = state.params, state.slots, state.progress
            machine = self.machine
        else:
            machine = build(state.experiment, self.threads, state)
        self._stand_on(machine, state.age)
        self.step, self.examples, self._unedited = state.step, state.examples, None

    def _replay(self, step: int, edits_there: bool = True) -> None:
        """Run forward to a step that has been seen already; of a long way some checkpoints stay."""
        stride = max(16, (step - self.step) // 8)
        while self.step < step:
            edit = self.timeline.edit_after(self.step)
            upto = min(step, self.step + stride, edit.step if edit else step)
            if not self._train(upto - self.step):
                break
            if edit is not None and self.step == edit.step and (self.step < step or edits_there):
                self._make_again(edit)
            elif self.step < step and not self.timeline.has(self.step):
                self.timeline.keep(self.state(), step)

    def diagnose(self) -> Diverged:
        """Which operation first gives a number that is not finite on the batch that comes next, and why."""
        return diagnose(self)
