"""Where runs have gone on the planes of surfaces, up to the moment: surfaces are looked at now and then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lab.landscape.plane import Plane
from lab.training.run import Run
from lab.training.snapshot import Walk
from lab.training.surfaces import Surface

MOST, NUMBERS = 8, 1 << 19
"""Points that are projected at most for a snapshot, beside the one where the run stands; and the numbers that they may
have in all: what takes longer waits for the surface to be looked at.
"""
REMEMBERED = 512
"""Points whose places are remembered, of all runs together."""
Values = NDArray[np.float64]
Vector = NDArray[np.float32]


class Trodden:
    """Where points of paths lie on planes, each worked out once. Belongs to one thread."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[Plane, Vector, Values]] = {}

    def places(self, plane: Plane, vectors: Sequence[Vector]) -> list[Values]:
        """The coordinates [2] of each."""
        if len(self._known) > REMEMBERED:
            self._known.clear()
        found = []
        for vector in vectors:
            key = id(plane), id(vector)
            known = self._known.get(key)
            if known is None or known[0] is not plane or known[1] is not vector:
                known = self._known[key] = plane, vector, plane.places([vector])[0]
            found.append(known[2])
        return found


def walks_of(run: Run, number: int, surfaces: Iterable[Surface], trodden: Trodden) -> tuple[Walk, ...]:
    """The walks of a run, by its number, on the planes of some surfaces.

    Two weights are few enough numbers for all of the path to be there in any case.
    """
    if run.program.parameter_count == 2:
        steps, vectors = run.path.points(run.step)
        points = np.concatenate([*vectors, run.params]).astype(np.float64).reshape(-1, 2)
        return (Walk(np.append(steps, run.step), points),)
    if run.params.size > NUMBERS:
        return ()
    found: dict[int, Walk] = {}
    for surface in surfaces:
        plane = surface.plane
        if plane is not None and id(plane) not in found and plane.origin.size == run.params.size:
            found[id(plane)] = _since(surface, run, number, trodden)
    return tuple(found.values())


def _since(surface: Surface, run: Run, number: int, trodden: Trodden) -> Walk:
    assert surface.plane is not None
    seen = next((other.path_steps for other in surface.others if other.run == number), surface.path_steps)
    steps, vectors = run.path.points_after(int(seen[-1]) if len(seen) else -1, run.step)
    most = min(MOST, NUMBERS // run.params.size)
    every = -(-len(steps) // most) if most else 0
    steps, vectors = (steps[::-every][::-1], vectors[::-every][::-1]) if every else ([], [])
    here = surface.plane.places([run.params])[0]
    points = np.array([*trodden.places(surface.plane, vectors), here])
    return Walk(np.array([*steps, run.step], np.int64), points, surface.plane)
