"""Dropout: in training, units are left out at random."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Annotated

import msgspec

from lab.kernels import opcodes as op
from lab.network.layers.layer import Layer
from lab.network.shape import Shape

if TYPE_CHECKING:
    from lab.network.layout import Buffer
    from lab.network.program import Lowering


class Dropout(Layer, frozen=True, tag="dropout"):
    """In training each number is set to 0 with the probability `rate`, or else divided by 1 − rate. In use: nothing.

    What a unit gives stays the same on average (inverted dropout). Units cannot rely on one another (Srivastava et
    al., 2014). The draws are named by the run's seed, the layer's name and the example's number in the run: the
    same run drops the same units.
    """

    rate: Annotated[float, msgspec.Meta(ge=0, lt=1, description="Which share is dropped at a time")] = 0.5

    title = "Dropout"
    summary = "Leaves units out at random while training, so that none relies on another"
    stem = "dropout"
    group = "Normalization and dropout"

    def output_shape(self, x: Shape) -> Shape:
        return x

    def lower(self, to: Lowering, x: Buffer) -> Buffer:
        drops = to.training and self.rate > 0
        if to.lean and not drops:
            return x
        y = to.buffer(x.shape, "y")
        name = zlib.crc32(to.layer.encode())
        to.row(op.DROPOUT, x, y, constants=(self.rate,), TRAINING=int(drops), NAME=name)
        return y
