"""A moment of a run: frozen, and all that an observer needs to answer questions about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.data.prepare import Part, Prepared
from lab.experiment.experiment import Experiment
from lab.network.program import Program
from lab.network.shape import Shape
from lab.training.internals import Internals
from lab.training.probes import PartName


@dataclass(frozen=True, eq=False)
class Moment:
    """`params` is a copy; `path_vectors` are the run's own, which nobody writes to."""

    experiment: Experiment
    prepared: Prepared
    program: Program
    step: int
    params: NDArray[np.float32]
    path_steps: NDArray[np.int64]
    path_vectors: list[NDArray[np.float32]]
    internals: Internals | None = None

    @property
    def shape(self) -> Shape:
        """The shape of one input."""
        return Shape(*self.prepared.dataset.inputs.shape[1:])

    def part(self, name: PartName) -> Part:
        """The examples of a part; those of the training part where it is empty."""
        part: Part = getattr(self.prepared, name)
        return part if len(part) else self.prepared.training

    def targets(self, part: Part) -> NDArray[np.float32]:
        return targets_of(self.experiment, part, self.program)


def targets_of(experiment: Experiment, part: Part, program: Program) -> NDArray[np.float32]:
    """What the network should say, float32 [n, outputs]."""
    if part.targets is not None:
        return part.targets
    assert part.labels is not None
    return experiment.loss.encode(part.labels, len(experiment.data.classes()), program.outputs)
