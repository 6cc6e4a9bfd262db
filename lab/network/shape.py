"""The shape of what flows between layers, one example at a time."""

from __future__ import annotations

from typing import Annotated

import msgspec

Extent = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class Shape(msgspec.Struct, frozen=True):
    """Channels x height x width of one example; a plain vector of n units is n x 1 x 1."""

    channels: Extent
    height: Extent = 1
    width: Extent = 1

    @property
    def size(self) -> int:
        """Numbers in one example."""
        return self.channels * self.height * self.width

    @property
    def is_vector(self) -> bool:
        return self.height == 1 and self.width == 1

    def __str__(self) -> str:
        return f"{self.channels}" if self.is_vector else f"{self.channels}×{self.height}×{self.width}"
