"""Learning rates that differ from layer to layer (F4)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from lab.network.layers.layer import Parameter

Factor = Annotated[
    float,
    msgspec.Meta(
        ge=0, le=1000, title="rate factor", description="Factor on this layer's learning rate; 0 freezes it"
    ),
]


class LayerRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The factor on the learning rate of one layer, by the layer's name."""

    layer: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    factor: Factor = 1.0


class LayerRates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Factors on the learning rate. A layer that is not named has 1.

    A unit with a large fan-in overshoots: small changes of many weights add up. So the rate of a unit's weights
    and bias may be divided by the root of its fan-in, like the weights' start (Hinton's lecture 6b, 2012), or by
    the fan-in itself, which is how the curvature of the error along all of a unit's weights together grows.

    All rules multiply their step by the rate, and rprop the first step size: the factor acts on all of them.
    """

    scaling: Annotated[
        Literal["none", "1/√fan-in", "1/fan-in"],
        msgspec.Meta(title="scale rates by", description="Smaller steps for units with many inputs"),
    ] = "none"
    layers: tuple[LayerRate, ...] = ()

    def factor(self, parameter: Parameter) -> float:
        """The factor of a parameter under its full name, as "conv1.weight"."""
        layer = parameter.name.rpartition(".")[0]
        own = math.prod(each.factor for each in self.layers if each.layer == layer)
        if self.scaling == "1/√fan-in":
            return own / math.sqrt(parameter.fan_in)
        if self.scaling == "1/fan-in":
            return own / parameter.fan_in
        return own

    def factors(self, parameters: Iterable[Parameter]) -> tuple[float, ...]:
        return tuple(self.factor(p) for p in parameters)
