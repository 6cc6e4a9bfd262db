"""What the optimizer had in hand when it made the last update, number by number."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.experiment.experiment import Experiment
from lab.network.program import Program

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Internals:
    """Copies, so that they can be looked at while the run goes on.

    `slots` is [slots, parameters], the optimizer's memory after the last update; `rate` the learning rate that it
    used, without the factors of layers; `age` counts the updates since the memory was empty. `gradient` is what the
    optimizer saw, after clipping and penalties; `last_update` how each parameter moved, to the last bit. Those two
    are None where they are not known: at the start, after an edit, and on a checkpoint that was gone back to. Of a
    loss that is not finite no update is made, but its gradient has taken the place of the last one.

    `slots_before` is the memory as that update found it, where the run was told to keep it (`Run.remembers`), and
    `norm` the length of the whole gradient before it was clipped; NaN where no update is known.
    """

    experiment: Experiment
    program: Program
    slots: Array
    rate: float
    age: int
    gradient: Array | None
    last_update: Array | None
    slots_before: Array | None = None
    norm: float = math.nan

    def named(self) -> dict[str, dict[str, Array]]:
        """For each parameter by name "gradient", the optimizer's slots under their own names, "step size" and
        "last update", each of the parameter's shape. What is not known is left out.

        The step size is by what the gradient, or the direction that the rule makes of it, was multiplied: see
        `Optimizer.step_size`.
        """
        optimizer = self.experiment.optimizer
        vectors = dict(zip(optimizer.slots, self.slots, strict=True))
        if self.gradient is not None:
            vectors = {"gradient": self.gradient, **vectors, "step size": self._step_sizes(self.gradient)}
        if self.last_update is not None:
            vectors["last update"] = self.last_update
        split = {name: self.program.split(vector) for name, vector in vectors.items()}
        return {
            p.name: {name: parts[p.name] for name, parts in split.items()} for p in self.program.parameters
        }

    def _step_sizes(self, gradient: Array) -> Array:
        steps = np.empty_like(gradient)
        for p in self.program.parameters:
            at = slice(self.program.offsets[p.name], self.program.offsets[p.name] + p.size)
            steps[at] = self.experiment.optimizer.step_size(
                self.rate * self.experiment.rates.factor(p),
                gradient[at].astype(np.float64),
                self.slots[:, at].astype(np.float64),
                self.age,
            )
        return steps
