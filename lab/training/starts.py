"""How far numbers would spread through the layers at the start, with one initializer or another (F4)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

import msgspec
import numpy as np

from lab.experiment.experiment import Experiment
from lab.network.initializers import AnyInitializer, Constant, FanIn, He, Normal, Xavier, Zero
from lab.network.network import Network
from lab.training.conditions import Health, Starts, StartsProbe
from lab.training.fields import DEAR
from lab.training.health import health
from lab.training.machine import start
from lab.training.moment import Moment

MOST = 4_000_000
"""Parameters of a network of which so many starts are drawn."""
OWN = "as it is"
TRIED: dict[str, AnyInitializer] = {
    "zero": Zero(),
    "constant 0.1": Constant(0.1),
    "small: σ = 0.01": Normal(0.01),
    "too large: σ = 1": Normal(1.0),
    "1/√fan-in": FanIn(),
    "Xavier": Xavier(),
    "He": He(),
}


@dataclass(frozen=True)
class _Asked:
    """What the answer depends on, and the moment that it is worked out from."""

    network: Network
    rest: tuple[object, ...]
    moment: Moment = field(compare=False, repr=False)


def starts(probe: StartsProbe, moment: Moment) -> Starts | None:
    """None of a network with too many parameters, or of which one example is too much work."""
    e = moment.experiment
    if moment.params.size > MOST or (e.analysis.multiply_adds or 0) > DEAR / len(TRIED):
        return None
    bare = replace(
        moment, path_steps=np.zeros(0, np.int64), path_vectors=[], internals=None, state=None, others=()
    )
    return _starts(_Asked(e.network, (e.loss, e.data, e.preprocessing, e.split, e.seed), bare))


@lru_cache(maxsize=2)
def _starts(asked: _Asked) -> Starts:
    moment = asked.moment
    by_name = {OWN: _at_start(moment, moment.experiment)}
    formulas = {OWN: "the initial weights that the experiment has"}
    for name, initializer in TRIED.items():
        by_name[name] = _at_start(moment, with_initializer(moment.experiment, initializer))
        formulas[name] = initializer.formula
    return Starts(by_name, formulas)


def with_initializer(experiment: Experiment, initializer: AnyInitializer) -> Experiment:
    """Every layer that draws its weights draws them like this."""
    nodes = tuple(
        msgspec.structs.replace(node, layer=msgspec.structs.replace(node.layer, start=initializer))
        if hasattr(node.layer, "start")
        else node
        for node in experiment.network.nodes
    )
    return msgspec.structs.replace(experiment, network=Network(nodes))


def _at_start(moment: Moment, experiment: Experiment) -> Health:
    """Of the network as it would stand before its first update."""
    parameters = experiment.analysis.parameters
    drawn = [start(p, experiment.seed).ravel() for p in parameters]
    params = np.concatenate(drawn) if drawn else np.zeros(0, np.float32)
    return health(replace(moment, experiment=experiment, step=0, params=params.astype(np.float32)))
