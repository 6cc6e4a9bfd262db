"""The layered arrangement: rows from the input down to the output, each box a row below all that it takes from."""

from __future__ import annotations

from collections.abc import Mapping

from lab.network.diagram.columns import columns_of
from lab.network.diagram.drawing import (
    COLUMN_GAP,
    GAP,
    HEIGHT,
    INPUT_HEIGHT,
    INPUT_WIDTH,
    OUTPUT_HEIGHT,
    OUTPUT_WIDTH,
    WIDTH,
    Box,
    Way,
)
from lab.network.diagram.graph import Graph
from lab.network.diagram.routes import ways_of
from lab.network.network import INPUT, Analysis


def layered(
    graph: Graph, analysis: Analysis, heights: Mapping[str, float]
) -> tuple[tuple[Box, ...], list[Way]]:
    """A box for each of the graph's and a way for each of its links. Every way goes down."""
    sizes = sizes_of(analysis, heights)
    tops = tops_of(graph.ranks, [height for _, height in sizes])
    boxes = tuple(
        Box(
            name=name_of(analysis, number),
            index=number - 1,
            rank=graph.ranks[number],
            column=column,
            x=column * (WIDTH + COLUMN_GAP) - sizes[number][0] / 2,
            y=tops[graph.ranks[number]],
            width=sizes[number][0],
            height=sizes[number][1],
        )
        for number, column in enumerate(columns_of(graph))
    )
    return boxes, ways_of(graph, boxes)


def name_of(analysis: Analysis, number: int) -> str:
    """The name of the box of this number: the output has none."""
    if number == 0:
        return INPUT
    return analysis.nodes[number - 1].name if number <= len(analysis.nodes) else ""


def sizes_of(analysis: Analysis, heights: Mapping[str, float]) -> list[tuple[float, float]]:
    """(width, height) of every box."""
    layers = [(WIDTH, heights.get(facts.name, HEIGHT)) for facts in analysis.nodes]
    return [(INPUT_WIDTH, heights.get(INPUT, INPUT_HEIGHT)), *layers, (OUTPUT_WIDTH, OUTPUT_HEIGHT)]


def tops_of(rows: tuple[int, ...], heights: list[float]) -> list[float]:
    """The y of each row, when `rows` says in which each box lies. A row is as high as its highest box."""
    tall = [0.0] * (max(rows) + 1)
    for row, height in zip(rows, heights, strict=True):
        tall[row] = max(tall[row], height)
    tops, y = [], 0.0
    for height in tall:
        tops.append(y)
        y += height + GAP if height else 0.0
    return tops
