"""Where an arrow key leads: along the edges up and down, to the next block of a row left and right."""

from __future__ import annotations

from lab.gui.widgets.graph.scene import GraphScene
from lab.network.diagram import Box


def neighbour(graph: GraphScene, current: str | None, way: tuple[int, int]) -> str | None:
    """The layer that lies next to `current` that way, as it is drawn; the first layer where nothing is chosen.

    `way` is (x, y), y downwards. None where there is nothing.
    """
    boxes = [block.box for block in graph.blocks if block.box is not None and block.is_layer]
    here = next((box for box in boxes if box.name == current), None)
    if here is None:
        return boxes[0].name if boxes else None
    if way[1]:
        ends = [(item.edge.source, item.edge.target) for item in graph.edges if item.edge is not None]
        linked = {b for a, b in ends if a == current} | {a for a, b in ends if b == current}
        found = [box for box in boxes if box.name in linked and way[1] * (box.y - here.y) > 0]
    else:
        found = [box for box in boxes if box.y == here.y and way[0] * (box.x - here.x) > 0]
    nearest = min(found, key=lambda box: _distance(here, box), default=None)
    return None if nearest is None else nearest.name


def _distance(a: Box, b: Box) -> tuple[float, float]:
    """The nearest row first: a skip leads past layers that lie between."""
    return abs(a.y - b.y), abs(a.x - b.x)
