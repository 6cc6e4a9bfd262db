"""A moment of a run: frozen, and all that an observer needs to answer questions about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lab.data.dataset import pixel_labels
from lab.data.prepare import Part, Prepared
from lab.experiment.experiment import Experiment
from lab.network.program import Program
from lab.network.shape import Shape
from lab.training.conditions import ConditionProbe
from lab.training.drawing import Drawing
from lab.training.internals import Internals
from lab.training.probes import PartOf, ToldProbe, UpdateProbe
from lab.training.timeline import State

Some = slice | NDArray[np.int64]
"""Which examples of a part."""
OF_THE_UPDATE: tuple[type, ...] = (UpdateProbe, ToldProbe, ConditionProbe)
"""Probes that ask for what the optimizer had in hand at the last update."""


@dataclass(frozen=True, eq=False)
class OtherPath:
    """Where another run has been in the same weight space: its parameters have the same names and shapes.

    `params` and `step` are where it stands, `path_vectors` are its own, which nobody writes to.
    """

    run: int
    name: str
    colour: int
    step: int
    params: NDArray[np.float32]
    path_steps: NDArray[np.int64]
    path_vectors: list[NDArray[np.float32]]
    internals: Internals | None = None


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
    examples: int = 0
    """Seen so far: they say which batch comes next."""
    state: State | None = None
    """All that changes, where somebody asked for it."""
    others: tuple[OtherPath, ...] = ()
    """The other runs of the document that walk through the same space."""
    run: int = 1
    name: str = "A"
    """Its number and its name among the runs of the document."""
    anchors: Mapping[tuple[int, int], NDArray[np.float32]] = field(default_factory=dict)
    """The parameters of runs at steps (run, step) that a plane is wanted through, where they are to be had exactly."""

    @property
    def shape(self) -> Shape:
        """The shape of one input."""
        return Shape(*self.prepared.dataset.inputs.shape[1:])

    def part(self, name: PartOf) -> Part:
        """The examples of a part; those of the training part where it is empty."""
        if isinstance(name, Drawing):
            return name.part(self.prepared)
        part: Part = getattr(self.prepared, name)
        return part if len(part) else self.prepared.training

    @property
    def output(self) -> Shape:
        """The shape of one output."""
        shape = self.experiment.analysis.output
        assert shape is not None  # the network runs
        return shape

    def targets(self, part: Part, examples: Some = slice(None)) -> NDArray[np.float32]:
        return targets_of(self.experiment, part, self.output, examples)


def targets_of(
    experiment: Experiment, part: Part, output: Shape, examples: Some = slice(None)
) -> NDArray[np.float32]:
    """What a network with this output should say to some examples of a part, float32 [n, outputs].

    An image is flat: channel by channel, each row by row. NaN where nobody knows the answer.
    """
    if part.labels is None and part.targets is None:
        return np.full((len(part.indices[examples]), output.size), np.nan, np.float32)
    classes = len(experiment.data.classes())
    if part.labels is not None:
        return experiment.loss.encode(part.labels[examples], classes, output.size)
    assert part.targets is not None
    targets = part.targets[examples]
    if not classes:
        return targets
    target = experiment.target
    low_high = experiment.loss.encode(np.array([1]), 2, 2)
    if output.channels == target.channels and low_high.tolist() == [[0, 1]]:
        return targets  # as the loss wants them
    labels = pixel_labels(targets.reshape(-1, target.channels, target.height, target.width))
    encoded = experiment.loss.encode(labels, classes, output.channels)
    return np.ascontiguousarray(np.moveaxis(encoded, -1, 1)).reshape(len(targets), output.size)
