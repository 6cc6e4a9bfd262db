"""Random directions, as long filter by filter as the filters themselves: Li et al., 2018, section 4."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lab.landscape.plane import Plane, Vector
from lab.network.layers import Parameter

STREAM = 0x51
"""Names these draws among all that have the same seed."""

Links = Mapping[str, NDArray[np.int64]]
"""By the name of a parameter whose weights are single links: the unit that each of them leads into."""


def filter_numbers(parameter: Parameter, links: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """For each number of a parameter, in order, which filter it belongs to.

    The filter of a unit is all weights that lead into it. A parameter with one number a unit, a bias or a scale, is
    one filter as a whole.
    """
    shape, axes = parameter.shape, parameter.axes
    if len(shape) < 2:
        return np.zeros(parameter.size, np.int64)
    # axes before those that are named go together with the first of them
    joined = len(shape) - len(axes) + 1 if axes else 1
    shape = (math.prod(shape[:joined]), *shape[joined:])
    if links is not None and "link" in axes:
        axis, units = axes.index("link"), links
    else:
        axis = axes.index("unit") if "unit" in axes else 0
        units = np.arange(shape[axis])
    along = [1] * len(shape)
    along[axis] = -1
    return np.broadcast_to(units.reshape(along), shape).ravel()


def moves(parameter: Parameter, set_aside: bool) -> bool:
    """Whether a random direction changes a parameter. Running statistics are never changed.

    Biases and what normalisation scales and shifts by are not penalised; `set_aside` leaves them as they are.
    """
    if set_aside:
        return parameter.penalised and len(parameter.shape) > 1
    return parameter.learned


def random_direction(
    origin: Vector,
    parameters: Sequence[Parameter],
    chance: np.random.Generator,
    set_aside: bool = True,
    links: Links | None = None,
) -> Vector:
    """One direction: normal draws, each filter then scaled to the norm of the same filter of `origin`."""
    d = np.zeros_like(origin)
    for p, at in _places(parameters):
        if not moves(p, set_aside):
            continue
        w, draw = origin[at], chance.standard_normal(p.size, dtype=np.float32)
        number = filter_numbers(p, (links or {}).get(p.name))
        wanted, drawn = (np.sqrt(np.bincount(number, np.square(v, dtype=np.float64))) for v in (w, draw))
        # a unit without any weight draws none either
        factor = np.divide(wanted, drawn, out=np.zeros_like(drawn), where=drawn > 0)
        d[at] = draw * factor[number]
    return d


def random_plane(
    origin: Vector,
    parameters: Sequence[Parameter],
    seed: int,
    set_aside: bool = True,
    links: Links | None = None,
) -> Plane:
    """The plane of two random directions through `origin`."""
    chance = np.random.Generator(np.random.Philox(key=[seed, STREAM]))
    d1, d2 = (random_direction(origin, parameters, chance, set_aside, links) for _ in range(2))
    return Plane(origin.copy(), d1, d2, ("1st random direction", "2nd random direction"))


def _places(parameters: Sequence[Parameter]) -> Iterator[tuple[Parameter, slice]]:
    at = 0
    for p in parameters:
        yield p, slice(at, at + p.size)
        at += p.size
