"""Steps that are compared with: the weights that runs had there, kept for as long as somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lab.network.layers import Parameter
from lab.training.comparing import ChangesProbe
from lab.training.filters import FiltersProbe
from lab.training.probes import Probe
from lab.training.recording import recorded, restored
from lab.training.run import Run
from lab.training.survey.anchors import weights_at

Vector = NDArray[np.float32]
Mark = tuple[int, int]
"""A run's number, and a step."""
PATIENCE = 1.5
"""Seconds that a way back to a step may take at most: commands wait for it."""


def since(probe: Probe) -> int | None:
    """The step that a probe compares with; None where it compares nothing."""
    if isinstance(probe, ChangesProbe):
        return probe.since
    if isinstance(probe, FiltersProbe) and probe.what == "change":
        return probe.since
    return None


class Marks:
    """Belongs to the trainer's thread.

    The start is looked up whenever it is asked for: it is always kept, and may be set anew. Other steps are copied
    when they are asked for first, from the run where it stands there or remembers it, else from a twin of the run that
    goes back there, exactly.
    """

    def __init__(self) -> None:
        self._kept: dict[Mark, tuple[tuple[Parameter, ...], Vector]] = {}

    def follow(self, asked: Mapping[int, Iterable[Probe]], runs: Mapping[int, Run]) -> None:
        """Keep what these probes compare with, by the numbers of the runs that they are for, and nothing else."""
        wanted = {(run, step) for run, probes in asked.items() for probe in probes if (step := since(probe))}
        self._kept = {mark: kept for mark, kept in self._kept.items() if mark in wanted}
        for number, step in wanted - self._kept.keys():
            run = runs.get(number)
            if run is not None and (vector := weights_of(run, step)) is not None:
                self._kept[number, step] = run.program.parameters, vector

    def forget(self) -> None:
        self._kept = {}

    def of(self, number: int, run: Run, probes: Iterable[Probe]) -> dict[Mark, Vector]:
        """What these probes of a run compare with, as far as it is of the network that the run has now."""
        found: dict[Mark, Vector] = {}
        for step in {step for probe in probes if (step := since(probe)) is not None}:
            parameters, vector = self._kept.get((number, step), (run.program.parameters, None))
            if step == 0:
                vector = weights_at(run, 0)
            if vector is not None and same_space(parameters, run.program.parameters):
                found[number, step] = vector
        return found


def same_space(some: tuple[Parameter, ...], others: tuple[Parameter, ...]) -> bool:
    return [(p.name, p.shape) for p in some] == [(p.name, p.shape) for p in others]


def weights_of(run: Run, step: int) -> Vector | None:
    """The weights of a run at a step that it has seen, to the last bit; None where the way there is too long."""
    if (known := weights_at(run, step)) is not None:
        return known
    if not 0 <= step <= run.furthest:
        return None
    way = step - run.timeline.before(step).step
    if way * run.seconds / max(run.step, 1) > PATIENCE:
        return None
    twin = restored(replace(recorded(run), step=step), run.threads)
    return twin.params.copy() if same_space(twin.program.parameters, run.program.parameters) else None
