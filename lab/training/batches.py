"""How many updates lead where: an epoch is cut into batches, of which the last may be smaller."""

from __future__ import annotations

from typing import NamedTuple


class Batches(NamedTuple):
    """`examples` that are trained on, in batches of `size`, which is never more than there are."""

    examples: int
    size: int

    @property
    def per_epoch(self) -> int:
        """Updates of an epoch."""
        return -(-self.examples // self.size)

    def to_epoch_end(self, seen: int) -> int:
        """Updates to the end of the epoch, once so many examples have been seen."""
        return -(-(self.examples - seen % self.examples) // self.size)

    def between(self, seen: int, wanted: int) -> int:
        """How many updates can be made before more than the wanted examples have been seen."""
        left = wanted - seen
        to_end = self.examples - seen % self.examples
        if left < to_end:
            return max(left, 0) // self.size
        epochs, rest = divmod(left - to_end, self.examples)
        return self.to_epoch_end(seen) + epochs * self.per_epoch + rest // self.size
