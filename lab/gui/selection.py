"""What is selected: one value, shared by all views. Click a unit anywhere and every view turns to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.training.probes import PartOf


@dataclass(frozen=True)
class Selection:
    """Everything a person can point at. `None` and -1 mean: nothing chosen.

    `unit` is a channel of `layer` (a feature map, or a unit of a dense layer); `row` and `column` a place in its map.
    `example` is an index into `part`, or 0 where that is what a person drew. `weight` is a flat index into the
    parameter vector. `cell` is one of the confusion matrix: (true, predicted).
    """

    layer: str | None = None
    unit: int = -1
    row: int = -1
    column: int = -1
    part: PartOf = "validation"
    example: int = 0
    weight: int = -1
    cell: tuple[int, int] | None = None

    def at_layer(self, layer: str | None) -> Selection:
        """A layer as a whole, of the same example."""
        return replace(self, layer=layer, unit=-1, row=-1, column=-1, weight=-1)

    @property
    def place(self) -> tuple[str | None, int, int, int, int]:
        """Where in the network it is, whatever the example."""
        return self.layer, self.unit, self.row, self.column, self.weight
