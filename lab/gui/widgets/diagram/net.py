"""Which networks can be drawn unit by unit, and as which columns."""

from __future__ import annotations

from dataclasses import dataclass

from lab.experiment.experiment import Experiment
from lab.gui.views.examples import class_names, data_of
from lab.network.layers import ActivationLayer, BatchNorm, Dense, Dropout, Flatten, PReLU
from lab.network.network import INPUT, Facts

MOST_UNITS, MOST_WEIGHTS = 420, 300_000
"""Hidden and output units, and weights, up to which a network is drawn unit by unit of itself."""
LARGEST = 4_000_000
"""Weights that are drawn unit by unit where a person wants it so."""
UNIT_BY_UNIT = (ActivationLayer, BatchNorm, Dropout, PReLU)
"""Layers each unit of which takes from its own one alone."""
NAMED = 16
"""Units of a column that has a name beside each at most."""


@dataclass(frozen=True)
class Column:
    """The units of a layer, or the input. `image` is [channels, height, width] of an input shown as one picture.

    `weight` and `bias` are the names of its parameters; empty where each unit takes from its own one alone.
    """

    name: str
    count: int
    detail: str
    labels: tuple[str, ...] = ()
    image: tuple[int, int, int] | None = None
    weight: str = ""
    bias: str = ""


@dataclass(frozen=True)
class Net:
    """Columns from the input to the output. `on_plane`: each unit is a function of two inputs, and can be a map."""

    columns: tuple[Column, ...]
    on_plane: bool

    @property
    def units(self) -> int:
        """Without the input."""
        return sum(column.count for column in self.columns[1:])

    @property
    def weights(self) -> int:
        pairs = zip(self.columns, self.columns[1:], strict=False)
        return sum(a.count * b.count for a, b in pairs if b.weight)

    @property
    def is_small(self) -> bool:
        return self.units <= MOST_UNITS and self.weights <= MOST_WEIGHTS


def net_of(experiment: Experiment) -> Net | None:
    """The network as columns of units; None where it is no chain of vectors, or far too large."""
    analysis = experiment.analysis
    if not experiment.data.answers or analysis.problems or not analysis.nodes:
        return None
    shape = analysis.input
    image = None if shape.is_vector else (shape.channels, shape.height, shape.width)
    columns = [Column(INPUT, shape.size, str(shape), _features(experiment, shape.size), image)]
    before = INPUT
    for facts in analysis.nodes:
        if facts.inputs != (before,) or facts.output is None:
            return None
        before = facts.name
        if isinstance(facts.layer, Flatten) and len(columns) == 1:
            continue  # the same numbers, one after the other
        if not facts.output.is_vector or not isinstance(facts.layer, (Dense, *UNIT_BY_UNIT)):
            return None
        columns.append(_column(facts))
    if len(columns) < 2:
        return None
    names = class_names(experiment)
    last = columns[-1]
    if len(names) == last.count and last.count <= NAMED:
        columns[-1] = Column(last.name, last.count, last.detail, names, None, last.weight, last.bias)
    on_plane = shape.is_vector and shape.size == 2 and experiment.data.bounds() is not None
    net = Net(tuple(columns), on_plane)
    return net if net.weights <= LARGEST else None


def _column(facts: Facts) -> Column:
    assert facts.output is not None
    function = getattr(facts.layer, "activation", None)
    detail = f"{facts.output.size} · {function.title if function is not None else facts.layer.title.lower()}"
    names = {p.name for p in facts.parameters} if isinstance(facts.layer, Dense) else set()
    return Column(
        facts.name,
        facts.output.size,
        detail,
        weight=f"{facts.name}.weight" if "weight" in names else "",
        bias=f"{facts.name}.bias" if "bias" in names else "",
    )


def _features(experiment: Experiment, count: int) -> tuple[str, ...]:
    data = data_of(experiment) if count <= NAMED else None
    names = data.dataset.features if data is not None else ()
    return tuple(names) if len(names) == count else ()
