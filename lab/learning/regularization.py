"""Penalties on large weights."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Regularization(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Added to the error: l1 * sum |w| + l2 / 2 * sum w**2 over all weights, biases left out.

    The gradient gains l1 * sign(w) + l2 * w; the reported error is without the penalty.
    """

    l1: Annotated[
        float,
        msgspec.Meta(ge=0, le=100, title="L1", description="Pulls weights towards zero by a constant pull"),
    ] = 0.0
    l2: Annotated[
        float,
        msgspec.Meta(
            ge=0, le=100, title="L2", description="Pulls weights towards zero in proportion to their size"
        ),
    ] = 0.0
