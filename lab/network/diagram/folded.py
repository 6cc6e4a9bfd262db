"""The folded arrangement: down on the left, up again on the right, skips straight across. The U of a U-Net."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import msgspec

from lab.network.diagram.drawing import COLUMN_GAP, HEIGHT, LANE, WIDTH, Box, Point, Way
from lab.network.diagram.graph import Graph, Link, spine_of
from lab.network.diagram.layered import name_of, sizes_of, tops_of
from lab.network.network import Analysis

LEVELS = 2
"""Fewer skips across do not make a U."""
ACROSS = 1.55
"""Columns from the one arm to the other where nothing lies on the skips between them."""
APART = 1.32
"""Columns from an arm to what lies on a skip: room for an arrow and a shape."""


class Skip(msgspec.Struct, frozen=True):
    """From place `out` to place `back` of the main way; `boxes` lie on it."""

    out: int
    back: int
    boxes: tuple[int, ...] = ()


def folded(
    graph: Graph, analysis: Analysis, heights: Mapping[str, float]
) -> tuple[tuple[Box, ...], list[Way]] | None:
    """A box for each of the graph's and a way for each of its links; None where the network is no U."""
    spine = spine_of(graph)
    skips = _skips(graph, spine)
    levels = None if skips is None else _levels(skips)
    if skips is None or levels is None:
        return None
    cells = _cells(spine, levels)
    sizes = sizes_of(analysis, heights)
    rows = tuple(cells[number][0] for number in range(len(graph.ranks)))
    tops = tops_of(rows, [height for _, height in sizes])
    boxes = tuple(
        Box(
            name=name_of(analysis, number),
            index=number - 1,
            rank=graph.ranks[number],
            column=cells[number][1],
            x=cells[number][1] * (WIDTH + COLUMN_GAP) - sizes[number][0] / 2,
            y=tops[rows[number]],
            width=sizes[number][0],
            height=sizes[number][1],
        )
        for number in range(len(graph.ranks))
    )
    return boxes, _ways(graph, boxes, rows)


def _skips(graph: Graph, spine: list[int]) -> list[Skip] | None:
    """All that leaves the main way and comes back to it; None where something branches in another way."""
    places = {box: place for place, box in enumerate(spine)}
    found = [
        Skip(places[link.start], places[link.end])
        for link in graph.links
        if link.start in places and link.end in places and places[link.end] - places[link.start] > 1
    ]
    for box in range(len(graph.ranks)):
        sources = graph.sources[box]
        if box in places or not sources or sources[0] not in places:
            continue
        chain = [box]
        while chain[-1] not in places:
            if len(graph.sources[chain[-1]]) != 1 or len(graph.targets[chain[-1]]) != 1:
                return None
            chain.append(graph.targets[chain[-1]][0])
        found.append(Skip(places[sources[0]], places[chain[-1]], tuple(chain[:-1])))
    in_it = len(spine) + sum(len(skip.boxes) for skip in found)
    return found if in_it == len(graph.ranks) and spine[0] == 0 else None


def _levels(skips: list[Skip]) -> list[Skip] | None:
    """The skips across, outermost first: each within the one before, and all others within one arm."""
    best: list[Skip] = []
    for each in skips:
        around = [s for s in skips if s.out <= each.out and each.back <= s.back]
        if len(around) > len(best):
            best = around
    best.sort(key=lambda s: s.out)
    if len(best) < LEVELS or any(a.out >= b.out or a.back <= b.back for a, b in pairwise(best)):
        return None
    inner = best[-1]
    for skip in skips:
        in_an_arm = skip.back <= inner.out or skip.out >= inner.back
        if skip not in best and (skip.boxes or not in_an_arm):
            return None
    return best


def _cells(spine: list[int], levels: list[Skip]) -> dict[int, tuple[int, float]]:
    """The row and the column of each box. Both ends of a level are in one row, with what lies on it between."""
    between = max(len(skip.boxes) for skip in levels)
    right = (between + 1) * APART if between else ACROSS
    found: dict[int, tuple[int, float]] = {}
    row, left_from, right_to = -1, 0, len(spine)
    for skip in levels:
        downs, ups = spine[left_from : skip.out + 1], spine[skip.back : right_to]
        row += max(len(downs), len(ups))
        for above, box in enumerate(reversed(downs)):
            found[box] = row - above, 0.0
        for above, box in enumerate(ups):
            found[box] = row - above, right
        for place, box in enumerate(skip.boxes, 1):
            found[box] = row, right * place / (len(skip.boxes) + 1)
        left_from, right_to = skip.out + 1, skip.back
    deepest = spine[left_from:right_to]
    half = len(deepest) // 2
    for below, box in enumerate(deepest[:half], 1):
        found[box] = row + below, 0.0
    for below, box in enumerate(reversed(deepest[len(deepest) - half :]), 1):
        found[box] = row + below, right
    if len(deepest) % 2:
        found[deepest[half]] = row + half + 1, right / 2
    return found


def _ways(graph: Graph, boxes: tuple[Box, ...], rows: tuple[int, ...]) -> list[Way]:
    arcs = _arcs(graph, boxes, rows)
    return [
        arcs[number] if number in arcs else _between(boxes[link.start], boxes[link.end])
        for number, link in enumerate(graph.links)
    ]


def _between(start: Box, end: Box) -> Way:
    """From box to box: along the row, along the column, or around a lower corner of the U."""
    height = min(start.height, end.height, HEIGHT) / 2
    if start.y == end.y:
        y = start.y + height
        points: tuple[Point, ...] = ((start.x + start.width, y), (end.x, y))
        return Way(points, ((points[0][0] + end.x) / 2, y), "on", is_skip=end.rank - start.rank > 1)
    if start.column == end.column:
        y, to = (start.bottom, end.y) if start.y < end.y else (start.y, end.bottom)
        return Way(((start.middle, y), (end.middle, to)), (start.middle, (y + to) / 2))
    if start.y < end.y:  # into the middle of the bottom
        y = end.y + height
        points = (start.middle, start.bottom), (start.middle, y), (end.x, y)
    else:
        y = start.y + height
        points = (start.x + start.width, y), (end.middle, y), (end.middle, end.bottom)
    corner = points[1][0]
    return Way(points, ((points[0][0] + corner) / 2 if start.y > end.y else (corner + end.x) / 2, y), "on")


def _arcs(graph: Graph, boxes: tuple[Box, ...], rows: tuple[int, ...]) -> dict[int, Way]:
    """Skips within one arm, as arcs at its outer side, shorter ones within longer ones."""
    arm = max(box.column for box in boxes)
    within = [
        (abs(rows[link.start] - rows[link.end]), number, link)
        for number, link in enumerate(graph.links)
        if boxes[link.start].column == boxes[link.end].column
        and boxes[link.start].column in (0.0, arm)
        and graph.ranks[link.end] - graph.ranks[link.start] > 1
    ]
    reach = {side: [WIDTH / 2] * (2 * max(rows) + 2) for side in (-1, 1)}
    found = {}
    for _, number, link in sorted(within, key=lambda each: each[:2]):
        side = -1 if boxes[link.start].column == 0.0 else 1
        found[number] = _arc(link, boxes, rows, side, reach[side])
    return found


def _arc(link: Link, boxes: tuple[Box, ...], rows: tuple[int, ...], side: int, reach: list[float]) -> Way:
    start, end = boxes[link.start], boxes[link.end]
    upper, lower = sorted((rows[link.start], rows[link.end]))
    away = max(reach[2 * upper + 1 : 2 * lower + 1]) + LANE
    reach[2 * upper + 1 : 2 * lower + 1] = [away] * (2 * (lower - upper))
    column = start.column * (WIDTH + COLUMN_GAP)
    x = column + side * away
    leaves, enters = (0.68, 0.32) if rows[link.start] < rows[link.end] else (0.32, 0.68)
    y, to = start.y + leaves * start.height, end.y + enters * end.height
    edges = start.middle + side * start.width / 2, end.middle + side * end.width / 2
    points = (edges[0], y), (x, y), (x, to), (edges[1], to)
    return Way(points, (x, (y + to) / 2), lettering="along", is_skip=True)
