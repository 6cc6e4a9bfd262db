"""The frozen description of everything that decides a run's numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from lab.data.datasets import AnyDataSource
from lab.data.datasets.digits import Digits
from lab.data.files.own_file import OwnFile
from lab.data.preprocessing import Preprocessing, Split
from lab.learning.clipping import Clipping
from lab.learning.losses import AnyLoss, OutputItself, SoftmaxCrossEntropy
from lab.learning.optimizers import AnyOptimizer, Momentum
from lab.learning.rates import LayerRates
from lab.learning.regularization import Regularization
from lab.learning.schedules import AnySchedule, Constant
from lab.network.layers import Formula
from lab.network.network import Analysis, Network, analyse
from lab.network.shape import Shape
from lab.problem import Problem, ProblemError

VERSION = 1
"""Of the file format: the value of the field `descent`."""

PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]+$"
"""A name is one line, and does not steer the terminal that it is printed on."""


class Experiment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Same experiment, same seed, same numbers, bit for bit."""

    descent: Literal[1] = 1
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PRINTABLE)] = "Untitled"
    description: Annotated[str, msgspec.Meta(max_length=4000)] = ""
    seed: Annotated[
        int,
        msgspec.Meta(
            ge=0, le=2**31 - 1, description="Names every random draw: split, start, order of the examples"
        ),
    ] = 1
    data: AnyDataSource = msgspec.field(default_factory=Digits)
    preprocessing: Preprocessing = msgspec.field(default_factory=Preprocessing)
    split: Split = msgspec.field(default_factory=Split)
    network: Network = msgspec.field(default_factory=Network)
    loss: AnyLoss = SoftmaxCrossEntropy()
    optimizer: AnyOptimizer = Momentum()
    schedule: AnySchedule = Constant()
    regularization: Regularization = Regularization()
    clipping: Clipping = Clipping()
    rates: LayerRates = LayerRates()
    batch_size: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=10_000_000,
            title="batch size",
            description="Examples per update: 1 is online learning, the whole set is batch learning",
        ),
    ] = 64

    @property
    def analysis(self) -> Analysis:
        """Shapes, parameters and cost of the network on this data."""
        return analyse(self.network, Shape(*self.data.shape()))

    @property
    def target(self) -> Shape:
        """The shape of an answer: what the data wants the network's output to be."""
        return Shape(*(self.data.target_shape() or (self.data.outputs(),)))


def runs_differently(a: Experiment, b: Experiment) -> bool:
    """Whether the two differ in more than their name and description."""
    return msgspec.structs.replace(a, name=b.name, description=b.description) != b


def problems(experiment: Experiment) -> tuple[Problem, ...]:
    """All that keeps the experiment from running, each with its place and its mend."""
    try:
        if isinstance(experiment.data, OwnFile):
            experiment.data.load(experiment.seed)  # what it was once is not enough to begin with
        analysis = experiment.analysis
        classes, target = len(experiment.data.classes()), experiment.target
    except ProblemError as error:  # the user's own file cannot be read
        return error.problems
    found = [*experiment.data.problems(), *analysis.problems]
    nodes = experiment.network.nodes
    if not nodes:
        found.append(Problem("network", "has no layers", "Add a layer"))
    elif not found and analysis.output is not None:
        last, output = nodes[-1].name, analysis.output
        if not analysis.parameter_count:
            found.append(
                Problem(last, "no layer of the network has weights to learn", "Add a Dense or a convolution")
            )
        problem = experiment.loss.problem(classes, target, output) or mismatch(experiment)
        if problem is not None:
            found.append(msgspec.structs.replace(problem, where=last))
    return (*found, *_of_no_layer(experiment), *experiment.split.problems())


def mismatch(experiment: Experiment) -> Problem | None:
    """A formula, tilts of it as data, and its output as the error go together, and with nothing else."""
    formula = any(isinstance(node.layer, Formula) for node in experiment.network.nodes)
    answers, compares = experiment.data.answers, experiment.loss.compares
    if formula and answers:
        what = f"a formula is tilted by its examples, and “{experiment.data.title}” are none for that"
        return Problem("", what, "Choose “Tilts” as data")
    if formula and compares:
        what = (
            f"the error of a formula is its output, and {experiment.loss.title} compares that with an answer"
        )
        return Problem("", what, f"Choose “{OutputItself.title}” as loss")
    if not formula and not answers:
        what = f"“{experiment.data.title}” tilt the surface of a formula, and this network has none"
        return Problem("", what, "Choose other data, or a Formula as the network")
    if not compares and answers:
        what = f"“{OutputItself.title}” has no regard for the answers that the data has"
        return Problem("", what, "Choose squared error as loss")
    if formula and experiment.preprocessing.scale != "none":
        what = "the tilts are scaled, so that their noise is not what the data says"
        return Problem("", what, "Set the scaling of the data to “none”")
    return None


def _of_no_layer(experiment: Experiment) -> Iterator[Problem]:
    """Settings of layers that are not there, or that have two."""
    there = {node.name for node in experiment.network.nodes}
    for what, settings in (
        ("rate factor", experiment.rates.layers),
        ("penalty", experiment.regularization.layers),
    ):
        names = [each.layer for each in settings]
        for name in dict.fromkeys(names):
            if name not in there:
                mend = "Rename a layer, or take it out of the file"
                yield Problem("training", f"there is a {what} for “{name}”, and no such layer", mend)
            elif names.count(name) > 1:
                mend = "Take all but one out of the file"
                yield Problem("training", f"there are two {what} entries for “{name}”", mend)
