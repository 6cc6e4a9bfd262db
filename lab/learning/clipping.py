"""A bound on the gradient, against the cliffs of an error surface."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from lab.kernels import update as kernel

KINDS = {"none": kernel.NONE, "value": kernel.BY_VALUE, "norm": kernel.BY_NORM}


class Clipping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is done to a batch's gradient before penalties are added and the optimizer sees it.

    By value each number is held within [−limit, limit]. By norm the whole gradient, all layers together, is
    shortened to the limit's length where it is longer, and keeps its direction: g ← g · limit / |g| (Pascanu,
    Mikolov and Bengio, 2013, algorithm 1). PyTorch's clip_grad_norm_ divides by |g| + 10⁻⁶ instead.
    """

    by: Annotated[
        Literal["none", "value", "norm"],
        msgspec.Meta(
            title="clip gradient", description="Each number by itself, or the whole gradient's length"
        ),
    ] = "none"
    limit: Annotated[
        float, msgspec.Meta(gt=0, le=1e6, description="The greatest number or length that is let through")
    ] = 1.0

    @property
    def constants(self) -> tuple[float, float]:
        """As lab.kernels.update.clip takes them."""
        return (KINDS[self.by], self.limit)
