"""How the edges of a layered drawing run: straight down where that is free, else as arcs beside the boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lab.network.diagram.drawing import LANE, WIDTH, Box, Point, Way
from lab.network.diagram.graph import Graph

STRAIGHT = 12
"""Rows over which a free straight way is looked for; longer skips are arcs in any case."""
CLEAR = 10.0
"""At least this far from a box that a line passes."""
TURN = 13.0
"""How far from a box's edge a line turns that leaves below or comes in from above."""
FORK = 28.0
"""Between two lines that come in from above."""
WORDS = 10.0
"""From a box to the middle of the words beside a line that comes from it or goes to it."""
Side = int
"""1 is right, -1 left."""


def ways_of(graph: Graph, boxes: Sequence[Box]) -> list[Way]:
    """A way for each link of the graph, in their order."""
    return _Router(graph, boxes).ways()


class _Router:
    def __init__(self, graph: Graph, boxes: Sequence[Box]) -> None:
        self.graph, self.boxes = graph, boxes
        self.rows: list[list[Box]] = [[] for _ in range(graph.rows)]
        for box in boxes:
            self.rows[box.rank].append(box)
        self.lines: list[list[tuple[float, int]]] = [[] for _ in self.rows]  # (x, from which box) in each row
        # how far right, and how far left, each half of a row is taken: an arc ends in the upper half of a row, and
        # the next one may begin in its lower half
        self.extent: dict[Side, np.ndarray] = {}
        for side in (1, -1):
            ends = [max((side * b.middle + b.width / 2 for b in row), default=-np.inf) for row in self.rows]
            self.extent[side] = np.repeat(np.array(ends), 2)
        self.arcs: dict[Side, list[tuple[int, int]]] = {1: [], -1: []}

    def ways(self) -> list[Way]:
        straight: dict[int, float] = {}  # link: x of its way past other rows
        arcs: dict[int, tuple[Side, float]] = {}
        order = sorted(range(len(self.graph.links)), key=lambda n: (self._span(n), self.graph.links[n].ends))
        for number in order:
            if self._span(number) > 1:
                x = self._free_way(number)
                if x is not None:
                    straight[number] = x
                else:
                    arcs[number] = self._lane(number)
        ports = self._ports(arcs)
        above = self._entries(straight, arcs, ports)
        return [
            self._arc(n, *arcs[n], ports, above[n]) if n in arcs else self._down(n, straight.get(n), above[n])
            for n in range(len(self.graph.links))
        ]

    def _span(self, number: int) -> int:
        start, end = self.graph.links[number].ends
        return self.boxes[end].rank - self.boxes[start].rank

    # --- which way

    def _free_way(self, number: int) -> float | None:
        """The x of a straight way down that meets no box and no other line."""
        if self._span(number) > STRAIGHT:
            return None
        link = self.graph.links[number]
        start, end = self.boxes[link.start], self.boxes[link.end]
        rows = range(start.rank + 1, end.rank)
        for x in (start.middle, end.middle):
            free = all(
                all(abs(box.middle - x) > box.width / 2 + CLEAR for box in self.rows[row])
                and all(abs(other - x) > CLEAR or by == link.start for other, by in self.lines[row])
                for row in rows
            )
            if free:
                for row in rows:
                    self.lines[row].append((x, link.start))
                    for side in (1, -1):
                        half = self.extent[side][2 * row : 2 * row + 2]
                        np.maximum(half, side * x, out=half)
                return x
        return None

    def _lane(self, number: int) -> tuple[Side, float]:
        """The side and the x of an arc: where it crosses fewer others, then where it is nearer, then right."""
        link = self.graph.links[number]
        start, end = self.boxes[link.start], self.boxes[link.end]
        first, last = 2 * start.rank + 1, 2 * end.rank + 1
        best: tuple[tuple[int, float], Side, float] | None = None
        for side in (1, -1):
            reach = float(self.extent[side][first:last].max()) + LANE
            crossed = sum(a < first < b < last or first < a < last < b for a, b in self.arcs[side])
            away = reach - side * (start.middle + end.middle) / 2
            cost = crossed, away if side == 1 else away + WIDTH / 4
            if best is None or cost < best[0]:
                best = cost, side, reach
        assert best is not None
        _, side, reach = best
        self.extent[side][first:last] = reach
        self.arcs[side].append((first, last))
        return side, side * reach

    # --- where it leaves and comes in

    def _is_open(self, box: Box, side: Side) -> bool:
        """Whether nothing stands beside the box on that side."""
        return all(side * other.middle <= side * box.middle for other in self.rows[box.rank])

    def _ports(self, arcs: dict[int, tuple[Side, float]]) -> dict[tuple[int, bool], float]:
        """The y at which an arc (by its number) leaves (False) or enters (True) a box by its side.

        On one side of a box arcs come in above and leave below; of those that come in the innermost is the highest,
        of those that leave the outermost: so none crosses another.
        """
        at: dict[tuple[int, Side, bool], list[tuple[float, int]]] = {}
        for number, (side, x) in arcs.items():
            link = self.graph.links[number]
            for box, enters in ((link.start, False), (link.end, True)):
                if self._is_open(self.boxes[box], side):
                    at.setdefault((box, side, enters), []).append((side * x, number))
        found = {}
        for (box, _, enters), reaching in at.items():
            high, low = (0.18, 0.46) if enters else (0.54, 0.82)
            reaching.sort(key=lambda pair: pair if enters else (-pair[0], -pair[1]))
            for place, (_, number) in enumerate(reaching):
                share = high + (low - high) * (place + 0.5) / len(reaching)
                found[number, enters] = self.boxes[box].y + share * self.boxes[box].height
        return found

    def _entries(
        self,
        straight: dict[int, float],
        arcs: dict[int, tuple[Side, float]],
        ports: dict[tuple[int, bool], float],
    ) -> list[float]:
        """The x at which each link that comes from above enters its box: from left to right as they come."""
        coming: dict[int, list[tuple[float, int]]] = {}
        for number, link in enumerate(self.graph.links):
            if (number, True) not in ports:
                x = straight.get(number, self.boxes[link.start].middle)
                if number in arcs:
                    x = arcs[number][1]
                coming.setdefault(link.end, []).append((x, number))
        found = [0.0] * len(self.graph.links)
        for box, entering in coming.items():
            entering.sort()
            width = min(FORK, (self.boxes[box].width - 40) / len(entering))
            for place, (_, number) in enumerate(entering):
                found[number] = self.boxes[box].middle + (place - (len(entering) - 1) / 2) * width
        return found

    # --- the ways themselves

    def _down(self, number: int, x: float | None, enters: float) -> Way:
        link = self.graph.links[number]
        start, end = self.boxes[link.start], self.boxes[link.end]
        if x is None:
            return down(start, end, enters, alone=len(self.graph.targets[link.start]) == 1)
        first = self._row_top(start.rank + 1)
        last = self._row_bottom(end.rank - 1)
        points: list[Point] = [(start.middle, start.bottom)]
        if x != start.middle:
            turn = (start.bottom + first) / 2
            points += [(start.middle, turn), (x, turn)]
        if x != enters:
            turn = (last + end.y) / 2
            points += [(x, turn), (enters, turn)]
        points.append((enters, end.y))
        return Way(tuple(points), (x, (first + last) / 2))

    def _arc(
        self, number: int, side: Side, x: float, ports: dict[tuple[int, bool], float], enters: float
    ) -> Way:
        link = self.graph.links[number]
        start, end = self.boxes[link.start], self.boxes[link.end]
        points: list[Point] = []
        if (leave := ports.get((number, False))) is not None:
            points.append((start.middle + side * start.width / 2, leave))
        else:
            leave = self._row_bottom(start.rank) + TURN
            points += [(start.middle, start.bottom), (start.middle, leave)]
        points.append((x, leave))
        if (enter := ports.get((number, True))) is not None:
            points += [(x, enter), (end.middle + side * end.width / 2, enter)]
        else:
            enter = end.y - TURN
            points += [(x, enter), (enters, enter), (enters, end.y)]
        return Way(tuple(points), (x, (leave + enter) / 2), lettering="along", is_skip=True)

    def _row_top(self, rank: int) -> float:
        return min((box.y for box in self.rows[rank]), default=0.0)

    def _row_bottom(self, rank: int) -> float:
        return max((box.bottom for box in self.rows[rank]), default=0.0)


def down(start: Box, end: Box, enters: float, *, alone: bool) -> Way:
    """From one row to the next, `alone` or with others from the same box: then the words stand at its end."""
    x, turn = start.middle, (start.bottom + end.y) / 2
    if abs(x - enters) < 0.5:
        return Way(((x, start.bottom), (x, end.y)), (x, turn if alone else end.y - WORDS))
    points = ((x, start.bottom), (x, turn), (enters, turn), (enters, end.y))
    return Way(points, (x, start.bottom + WORDS) if alone else (enters, end.y - WORDS))
