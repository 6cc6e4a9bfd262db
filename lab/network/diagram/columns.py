"""Which column each box of a layered drawing stands in: the main way in the middle, branches beside it."""

from __future__ import annotations

import msgspec

from lab.network.diagram.graph import Graph, spine_of

STRAIGHT_FOR = 4
"""Rows for which a branch that has ended keeps its column free, so that its line runs straight down to the join."""
ALIKE = 0.6
"""A branch this long, as a share of the other's length, is one of two towers, and no shortcut beside the main way."""


class Branch(msgspec.Struct, frozen=True):
    """A chain of boxes beside the main way, the box it leaves from and the first one that takes its end."""

    boxes: tuple[int, ...]
    fork: int | None
    join: int | None
    first: int
    last: int
    """The rows that it takes."""


def columns_of(graph: Graph) -> list[float]:
    """A column for each box: 0 is the middle; two boxes of one rank are at least 1 apart.

    Three and more branches between the same two boxes, or two of about one length, lie evenly about the middle, in
    the order of the join's inputs. Others stand beside what they leave from, right before left.
    """
    spine = spine_of(graph)
    columns = [0.0] * len(graph.ranks)
    taken: list[list[float]] = [[] for _ in range(graph.rows)]
    branches = _branches(graph, set(spine))
    even = _evenly(graph, spine, branches)
    for box, column in even.items():
        columns[box] = column
    for box in spine:
        taken[graph.ranks[box]].append(columns[box])
    placed = set()
    for branch in branches:
        if branch.boxes[0] in even:
            placed.add(branch)
            _take(branch, even[branch.boxes[0]], columns, taken)
    for branch in sorted(branches, key=lambda b: (b.first, b.boxes[0])):
        if branch not in placed:
            home = 0.0 if branch.fork is None else columns[branch.fork]
            _take(branch, _free(branch, home, taken), columns, taken)
    return columns


def _branches(graph: Graph, spine: set[int]) -> list[Branch]:
    left = set(range(len(graph.ranks))) - spine
    found = []
    for end in range(graph.output, -1, -1):
        if end not in left:
            continue
        chain = [end]
        left.discard(end)
        while free := [box for box in graph.sources[chain[-1]] if box in left]:
            chain.append(max(free, key=lambda box: graph.ranks[box]))
            left.discard(chain[-1])
        chain.reverse()
        ranks, sources, targets = graph.ranks, graph.sources[chain[0]], graph.targets[end]
        join = min(targets, key=lambda box: ranks[box]) if targets else None
        last = ranks[end]
        if join is not None and ranks[join] - last <= STRAIGHT_FOR:
            last = ranks[join] - 1
        fork = max(sources, key=lambda box: ranks[box]) if sources else None
        found.append(Branch(tuple(chain), fork, join, ranks[chain[0]], last))
    return found


def _evenly(graph: Graph, spine: list[int], branches: list[Branch]) -> dict[int, float]:
    """Columns of what lies evenly about the middle: of branches, and of the stretch of main way between them."""
    places = {box: place for place, box in enumerate(spine)}
    groups: dict[tuple[int, int], list[Branch]] = {}
    for branch in branches:
        if branch.fork in places and branch.join in places:
            groups.setdefault((places[branch.fork], places[branch.join]), []).append(branch)
    found: dict[int, float] = {}
    for (fork, join), group in sorted(groups.items()):
        stretch = tuple(spine[fork + 1 : join])
        longest = max(len(branch.boxes) for branch in group)
        if not stretch or (len(group) == 1 and longest < ALIKE * len(stretch)):
            continue
        if any(box in found for box in stretch):
            continue
        order = graph.sources[spine[join]]
        chains = sorted((stretch, *(b.boxes for b in group)), key=lambda chain: order.index(chain[-1]))
        for place, chain in enumerate(chains):
            found |= dict.fromkeys(chain, place - (len(chains) - 1) / 2)
    return found


def _free(branch: Branch, home: float, taken: list[list[float]]) -> float:
    """The nearest column beside `home` that nothing stands in or near, in any of the branch's rows."""
    busy = {column for row in taken[branch.first : branch.last + 1] for column in row}
    away = 1.0
    while True:
        for column in (home + away, home - away):
            if all(abs(column - other) >= 1 for other in busy):
                return column
        away += 0.5 if any(other % 1 for other in busy) else 1.0


def _take(branch: Branch, column: float, columns: list[float], taken: list[list[float]]) -> None:
    for box in branch.boxes:
        columns[box] = column
    for row in taken[branch.first : branch.last + 1]:
        row.append(column)
