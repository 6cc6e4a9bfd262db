"""Penalties on large weights, for all layers and for single ones."""

from __future__ import annotations

from typing import Annotated

import msgspec

from lab.network.layers.layer import Parameter

L1 = Annotated[
    float,
    msgspec.Meta(ge=0, le=100, title="L1", description="Pulls weights towards zero by a constant pull"),
]
L2 = Annotated[
    float,
    msgspec.Meta(
        ge=0, le=100, title="L2", description="Pulls weights towards zero in proportion to their size"
    ),
]


class LayerPenalty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The penalties of one layer, by the layer's name. None is what all layers have."""

    layer: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    l1: L1 | None = None
    l2: L2 | None = None


class Regularization(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Added to the error: l1 * sum |w| + l2 / 2 * sum w**2 over all weights, biases left out.

    The gradient gains l1 * sign(w) + l2 * w; the reported error is without the penalty. A layer that is named in
    `layers` has penalties of its own.
    """

    l1: L1 = 0.0
    l2: L2 = 0.0
    layers: tuple[LayerPenalty, ...] = ()

    def penalties(self, parameter: Parameter) -> tuple[float, float]:
        """L1 and L2 of a parameter under its full name, as "conv1.weight"; 0 and 0 for biases."""
        if not parameter.penalised:
            return 0.0, 0.0
        layer = parameter.name.rpartition(".")[0]
        own = next((each for each in self.layers if each.layer == layer), LayerPenalty(layer))
        return self.l1 if own.l1 is None else own.l1, self.l2 if own.l2 is None else own.l2
