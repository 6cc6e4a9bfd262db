"""Which maps a filter sees: a table, where it is not all of them. LeNet-5's C3 is the example."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from lab.network.initializers import AnyInitializer, Initializer
from lab.problem import Problem

Connections = Annotated[
    tuple[tuple[Annotated[int, msgspec.Meta(ge=0, le=65_535)], ...], ...],
    msgspec.Meta(
        description="For each filter the input maps that it sees, counted from 0; none at all: every map"
    ),
]


def table_problem(connections: Connections, filters: int, channels: int) -> Problem | None:
    """What keeps a table from connecting so many input channels with so many filters."""
    if len(connections) != filters:
        what = f"the table of connections has {len(connections)} rows, and there are {filters} filters"
        return Problem("", what, f"Give each filter a row, or make it {len(connections)} filters")
    for number, maps in enumerate(connections):
        if not maps:
            return Problem("", f"filter {number} is connected to no map", "Name the maps that it sees")
        if max(maps) >= channels:
            what = f"filter {number} is connected to map {max(maps)}, and {channels} maps come in"
            return Problem("", what, f"Use maps from 0 to {channels - 1}")
        if len(set(maps)) < len(maps):
            return Problem("", f"filter {number} is connected to one map twice", "Name each map once")
    return None


def pairs(connections: Connections) -> list[int]:
    """The table as the machine reads it: (filter, channel) of each connection, flat."""
    return [number for o, maps in enumerate(connections) for c in maps for number in (o, c)]


class FilterByFilter(Initializer, frozen=True, tag="filter_by_filter"):
    """The start of filters that see different numbers of maps, `counts`: each is drawn with its own fan-in."""

    rule: AnyInitializer
    counts: tuple[int, ...]

    title = "filter by filter"
    formula = "by each filter's own fan-in"

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return self.rule.deviation(fan_in, fan_out)

    def draw(
        self, shape: tuple[int, ...], fan_in: int, fan_out: int, stream: np.random.Generator
    ) -> NDArray[np.float32]:
        taps = math.prod(shape[1:])
        rows = [self.rule.draw((1, n * taps), n * taps, fan_out, stream) for n in self.counts]
        return np.concatenate(rows, axis=1).reshape(shape)
