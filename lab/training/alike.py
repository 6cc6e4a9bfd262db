"""Finds units that are one and the same: with equal weights and biases, which get equal gradients for ever (F3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.network.layers.layer import Parameter
from lab.network.network import Analysis, Facts
from lab.network.origins import coming, origins
from lab.network.shape import Shape
from lab.training.conditions import ALIKE, Alike, AlikeProbe, Twins
from lab.training.moment import Moment

Matrix = NDArray[np.float32]
MOST = 20_000_000
"""Parameters of a network among which copies are looked for."""


def alike(probe: AlikeProbe, moment: Moment) -> Alike | None:
    """None of a network with too many parameters."""
    if moment.params.size > MOST:
        return None
    analysis = moment.experiment.analysis
    parameters = moment.program.split(moment.params)
    readers = _readers(analysis, parameters)
    found = {}
    for facts in analysis.nodes:
        into = incoming(facts, parameters)
        if into is not None and facts.output is not None:
            groups = same_rows(into, ALIKE)
            out = readers.get(facts.name)
            found[facts.name] = tuple(Twins(units, _same(out, units)) for units in groups)
    return Alike(found)


def incoming(facts: Facts, parameters: dict[str, Matrix]) -> Matrix | None:
    """[units, weights and bias] that lead into each unit; None of a layer without weights of its units."""
    own = {p.name: p for p in facts.parameters}
    weight = own.get("weight")
    if weight is None or facts.input is None or not {"unit", "link"} & set(weight.axes):
        return None
    columns = [_by_axis(facts, weight, parameters[f"{facts.name}.weight"], "unit")]
    if "bias" in own:
        columns.append(parameters[f"{facts.name}.bias"][:, None])
    return np.concatenate(columns, axis=1)


def _by_axis(facts: Facts, weight: Parameter, values: Matrix, axis: str) -> Matrix:
    """The weights [units, …] or [channels that come in, …] as a matrix; where there is no connection they are 0."""
    assert facts.input is not None
    assert facts.output is not None
    if "link" in weight.axes:
        links = facts.layer.links(Shape(facts.input.channels))
        whole = np.zeros((facts.output.channels, facts.input.channels, *values.shape[-2:]), np.float32)
        whole[links[:, 0], links[:, 1]] = values.reshape(-1, *values.shape[-2:])
        moved = whole if axis == "unit" else whole.swapaxes(0, 1)
    else:
        moved = np.moveaxis(values, weight.axes.index(axis), 0)
    return np.ascontiguousarray(moved.reshape(len(moved), -1))


def _readers(analysis: Analysis, parameters: dict[str, Matrix]) -> dict[str, list[Matrix]]:
    """By layer, matrices [units, weights] of all that reads its units with weights."""
    flows = origins(analysis)
    found: dict[str, list[Matrix]] = {}
    for facts in analysis.nodes:
        weight = next((p for p in facts.parameters if p.name == "weight" and "input" in p.axes), None)
        linked = next((p for p in facts.parameters if p.name == "weight" and "link" in p.axes), None)
        reads = weight or linked
        if reads is None:
            continue
        into, at = _by_axis(facts, reads, parameters[f"{facts.name}.weight"], "input"), 0
        flow = coming(facts, flows)
        if sum(stretch.size for stretch in flow) != len(into):  # grouped filters read channels by turns
            continue
        for stretch in flow:
            rows = into[at : at + stretch.size].reshape(stretch.count, -1)
            found.setdefault(stretch.origin, []).append(rows)
            at += stretch.size
    return found


def _same(readers: list[Matrix] | None, units: tuple[int, ...]) -> bool:
    """Whether all that reads these units reads them alike; where nothing does with weights, they are not."""
    if not readers:
        return False
    some = list(units)
    return all(
        max(units) < len(rows) and np.ptp(rows[some], axis=0).max(initial=0.0) <= ALIKE * np.abs(rows).max(initial=0.0)
        for rows in readers
    )  # fmt: skip


def same_rows(rows: Matrix, tolerance: float) -> tuple[tuple[int, ...], ...]:
    """Groups of rows that differ from the first of the group by at most `tolerance` times the largest number of all.

    Rows are put in order by a sum with fixed random factors: rows that are alike are neighbours then.
    """
    if len(rows) < 2 or not np.isfinite(rows).all():
        return ()
    limit = tolerance * float(np.abs(rows).max(initial=0.0))
    factors = np.random.default_rng(0).standard_normal(rows.shape[1], dtype=np.float32)
    sums = rows @ factors
    reach = 2 * limit * float(np.abs(factors).sum())  # rounding is far below the tolerance
    order = np.argsort(sums, kind="stable")
    groups: list[list[int]] = []
    free = dict.fromkeys(order.tolist())
    for place, first in enumerate(order.tolist()):
        if first not in free:
            continue
        group = [first]
        for other in order[place + 1 :].tolist():
            if sums[other] - sums[first] > reach:
                break
            if other in free and np.abs(rows[other] - rows[first]).max(initial=0.0) <= limit:
                group.append(other)
        for unit in group:
            free.pop(unit, None)
        if len(group) > 1:
            groups.append(sorted(group))
    return tuple(tuple(group) for group in sorted(groups))
