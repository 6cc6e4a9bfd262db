"""Memory layout: a place in the arena for each buffer of a program."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.network.shape import Shape

ALIGNMENT = 16  # float32 numbers in a cache line


@dataclass(eq=False)
class Buffer:
    """A place for one array. `uses` are the rows that read or write it.

    `role` is "x" (the network's input), "z" (before the activation), "y", "winner", "target"; "dz" and the like
    are derivatives of the loss.
    """

    layer: str
    role: str
    shape: Shape
    offset: int = 0
    uses: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Numbers in one example."""
        return self.shape.size


def lay_out(buffers: list[Buffer], lean: bool) -> int:
    """Give each used buffer an offset, in numbers of one example; the room they need in all.

    In a lean program buffers whose lives do not overlap may share a place. First fit by size: the largest buffer
    first, each at the lowest place that is free for the whole of its life.
    """
    placed: list[Buffer] = []
    height = 0
    for buffer in sorted((b for b in buffers if b.uses), key=lambda b: -b.size):
        if lean:
            buffer.offset = _lowest_free(buffer, placed)
        else:
            buffer.offset = -(-height // ALIGNMENT) * ALIGNMENT
        placed.append(buffer)
        height = max(height, buffer.offset + buffer.size)
    return height


def _lowest_free(buffer: Buffer, placed: list[Buffer]) -> int:
    first, last = min(buffer.uses), max(buffer.uses)
    rivals = sorted(
        (b.offset, b.offset + b.size) for b in placed if min(b.uses) <= last and first <= max(b.uses)
    )
    offset = 0
    for low, high in rivals:
        if offset + buffer.size <= low:
            break
        offset = max(offset, high)
    return offset
