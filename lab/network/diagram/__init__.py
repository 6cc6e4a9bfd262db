"""A network drawn: boxes in rows, edges between them, skips as arcs. No Qt here."""

from __future__ import annotations

from collections.abc import Mapping

from lab.network.diagram.drawing import GAP, HEIGHT, LANE, WIDTH, Box, Diagram, Edge, Lettering, Point
from lab.network.diagram.folded import folded
from lab.network.diagram.graph import graph_of
from lab.network.diagram.layered import layered
from lab.network.network import INPUT, Analysis

Heights = Mapping[str, float]
"""Of layers whose boxes have more to say than others, and of the input, by their names, in pixels."""

ROOM = 6.0
"""For arrows and rounded corners, around everything that is drawn."""


def diagram(analysis: Analysis, heights: Heights | None = None, *, fold: bool = True) -> Diagram:
    """The same drawing for the same network, every time.

    With `fold`, a network that goes down and up again, with skips from each level of the one to the same level of
    the other, is drawn as a U, as people draw it; all others run from the top to the bottom.
    """
    graph = graph_of(analysis)
    found = folded(graph, analysis, heights or {}) if fold else None
    boxes, ways = found or layered(graph, analysis, heights or {})
    shapes = ["" if s is None else str(s) for s in (analysis.input, *(f.output for f in analysis.nodes))]
    edges = tuple(
        Edge(
            source=boxes[link.start].name,
            target=boxes[link.end].name,
            place=link.place,
            start=link.start,
            end=link.end,
            text=shapes[link.start],
            points=way.points,
            label=way.label,
            lettering=way.lettering,
            is_skip=way.is_skip,
        )
        for link, way in zip(graph.links, ways, strict=True)
    )
    return _framed(boxes, edges, found is not None)


def _framed(boxes: tuple[Box, ...], edges: tuple[Edge, ...], is_folded: bool) -> Diagram:
    xs = [x for box in boxes for x in (box.x, box.x + box.width)] + [x for e in edges for x, _ in e.points]
    ys = [y for box in boxes for y in (box.y, box.bottom)] + [y for e in edges for _, y in e.points]
    left, top = min(xs) - ROOM, min(ys) - ROOM
    return Diagram(boxes, edges, left, top, max(xs) + ROOM - left, max(ys) + ROOM - top, is_folded)


__all__ = [
    "GAP",
    "HEIGHT",
    "INPUT",
    "LANE",
    "WIDTH",
    "Box",
    "Diagram",
    "Edge",
    "Heights",
    "Lettering",
    "Point",
    "diagram",
]
