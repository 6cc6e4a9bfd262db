"""What a layer has of its own in learning: a factor on its rate, and penalties on its weights.

An experiment keeps them by the layer's name, in `rates.layers` and `regularization.layers`. Here they are read and
changed as one value a layer, and kept in step with the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeVar

import msgspec

from lab.experiment.experiment import Experiment
from lab.learning.rates import Factor, LayerRate
from lab.learning.regularization import L1, L2, LayerPenalty
from lab.network.network import Network

Own = TypeVar("Own", LayerRate, LayerPenalty)


class OfLayer(msgspec.Struct, frozen=True):
    """The settings of one layer. None is what all layers have."""

    factor: Factor = 1.0
    l1: Annotated[L1 | None, msgspec.Meta(description="On this layer's weights. Empty: as all layers")] = None
    l2: Annotated[L2 | None, msgspec.Meta(description="On this layer's weights. Empty: as all layers")] = None


def of_layer(experiment: Experiment, layer: str) -> OfLayer:
    """What the layer of this name has of its own."""
    rate = next((each for each in experiment.rates.layers if each.layer == layer), LayerRate(layer))
    penalties = experiment.regularization.layers
    penalty = next((each for each in penalties if each.layer == layer), LayerPenalty(layer))
    return OfLayer(rate.factor, penalty.l1, penalty.l2)


def with_layer(experiment: Experiment, layer: str, own: OfLayer) -> Experiment:
    """The experiment with `own` for the layer of this name; what is as for all layers is not written down."""
    rates = tuple(each for each in experiment.rates.layers if each.layer != layer)
    penalties = tuple(each for each in experiment.regularization.layers if each.layer != layer)
    if own.factor != 1:
        rates += (LayerRate(layer, own.factor),)
    if own.l1 is not None or own.l2 is not None:
        penalties += (LayerPenalty(layer, own.l1, own.l2),)
    return _with(experiment, rates, penalties)


def with_network(
    experiment: Experiment, network: Network, renamed: Mapping[str, str] | None = None
) -> Experiment:
    """The experiment with another network; `renamed` says how layers of the old one are called in it.

    A renamed layer takes its settings along. Those of a layer that is not there any more are left out.
    """
    there = {node.name for node in network.nodes}
    rates = _kept(experiment.rates.layers, there, renamed or {})
    penalties = _kept(experiment.regularization.layers, there, renamed or {})
    return _with(msgspec.structs.replace(experiment, network=network), rates, penalties)


def _kept(settings: tuple[Own, ...], there: set[str], renamed: Mapping[str, str]) -> tuple[Own, ...]:
    """One for each layer that is there."""
    kept: dict[str, Own] = {}
    for each in settings:
        name = renamed.get(each.layer, each.layer)
        if name in there:
            kept.setdefault(name, msgspec.structs.replace(each, layer=name))
    return tuple(kept.values())


def _with(
    experiment: Experiment, rates: tuple[LayerRate, ...], penalties: tuple[LayerPenalty, ...]
) -> Experiment:
    return msgspec.structs.replace(
        experiment,
        rates=msgspec.structs.replace(experiment.rates, layers=rates),
        regularization=msgspec.structs.replace(experiment.regularization, layers=penalties),
    )
