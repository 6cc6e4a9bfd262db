"""Planes that are found at once: two weights, random directions, those of the path, through chosen moments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lab.landscape.filters import moves, random_direction, random_plane
from lab.landscape.main_directions import main_directions, path_plane
from lab.landscape.plane import Plane, Values, Vector, across, plane_through, weights_plane
from lab.training.moment import Moment
from lab.training.survey.by_formula import worth_seeing
from lab.training.survey.framing import MARGIN, is_gone, start_of
from lab.training.survey.linear import exact
from lab.training.survey.wish import Choice, Choosing, UndefinedError, Wish, links_of, weight_name

MAIN_DIRECTIONS_OF = 64
"""So many points, of all paths together, tell the main directions as well as all do."""
ACROSS = 0x52
"""Names the draws of a direction that is wanted because there is no other."""
NOTHING, HERE = np.empty((0, 2)), np.zeros((1, 2))


def one_weight(wish: Wish) -> Choice:
    origin = np.zeros_like(wish.here)
    return Choice(Plane(origin, np.ones_like(origin), origin, (weight_name(wish.moment, 0), "")), NOTHING)


def both_weights(wish: Wish) -> Choice:
    """Both weights there are; a minimum that is known lies in the frame, and what is as far behind it, and of a known
    surface what is worth seeing.
    """
    names = weight_name(wish.moment, 0), weight_name(wish.moment, 1)
    plane = weights_plane(wish.here, 0, 1, names)
    neuron = exact(wish.moment, wish.error)
    if neuron is None:
        return Choice(plane, NOTHING)
    start = start_of(wish.moment)
    here = start if is_gone(wish.here, start, wish.error) else wish.here
    minimum = here + neuron.way_to_minimum(here.astype(np.float64))
    held = np.stack([minimum, 2 * minimum - here])
    seen = worth_seeing(wish.moment, 1 / (1 + 2 * MARGIN))
    # the frame of a known surface is wide enough as it is
    return Choice(plane, seen if len(seen) else held[np.isfinite(held).all(axis=1)])


def two_weights(wish: Wish) -> Choosing:
    last = len(wish.here) - 1
    first, second = (min(max(i, 0), last) for i in (wish.probe.first, wish.probe.second))
    if first == second:
        second = first + 1 if first < last else first - 1
    names = weight_name(wish.moment, first), weight_name(wish.moment, second)
    plane = weights_plane(wish.here, first, second, names)
    if wish.probe.line:  # through where the run stands
        plane.origin[second] = wish.here[second]
    yield Choice(plane, NOTHING)


def random_directions(wish: Wish) -> Choosing:
    """The neighbourhood of here, in units of the weights' own size."""
    yield _random_choice(wish)


def _random_choice(wish: Wish) -> Choice:
    parameters = wish.moment.program.parameters
    # of a network without any filter, biases and the like are all there is
    set_aside = wish.probe.set_aside and any(moves(p, True) for p in parameters)
    plane, why = random_plane(wish.here, parameters, wish.seed, set_aside, links_of(wish.moment)), ""
    if not (plane.d1.any() and plane.d2.any()):
        why = "the weights have no size yet that a direction could be scaled to: two random ones of length 1"
        d1 = drawn_across(wish, np.empty((0, wish.here.size)))
        d2 = drawn_across(wish, d1[None])
        plane = replace(plane, d1=d1.astype(np.float32), d2=d2.astype(np.float32))
    return Choice(plane, HERE, alone=True, why=why)


def path_directions(wish: Wish) -> Choosing:
    yield main_plane(wish)


def main_plane(wish: Wish) -> Choice:
    """The main directions of all paths; random ones while there are none."""
    points = [*_some_points(wish.moment), wish.here]
    if plane := path_plane(points, 1 if wish.probe.line else 2):
        return Choice(plane, NOTHING)
    why = "the path has not gone in two directions yet: two random ones are shown"
    if wish.probe.line:
        why = "nothing has moved yet: a random direction is shown"
    found = _random_choice(wish)
    return replace(found, why="; ".join(filter(None, (why, found.why))), makeshift=True)


def _some_points(moment: Moment) -> list[Vector]:
    """Some of all paths, and where the other runs stand."""
    paths = [moment.path_vectors, *(other.path_vectors for other in moment.others)]
    each = max(MAIN_DIRECTIONS_OF // len(paths), 8)
    some = [vector for path in paths for vector in path[:: max(1, len(path) // each)]]
    return [*some, *(other.params for other in moment.others)]


def through_moments(wish: Wish) -> Choosing:
    """Through the first two anchors, and the third, or else to where the paths go off the line between them."""
    if len(wish.anchors) < 2 or np.array_equal(wish.anchors[0].vector, wish.anchors[1].vector):
        raise UndefinedError("two moments at least are wanted, at which the weights differ")
    first, second = (anchor.vector for anchor in wish.anchors[:2])
    origin = first.astype(np.float64)
    unit = (second - origin) / np.linalg.norm(second - origin)
    along = f"{wish.anchors[0].title} → {wish.anchors[1].title}"
    if len(wish.anchors) > 2:
        away, beside = wish.anchors[2].vector - origin, f"towards {wish.anchors[2].title}"
    else:
        points = np.stack([*_some_points(wish.moment), wish.here]).astype(np.float64) - origin
        off_line, _ = main_directions(points - (points @ unit)[:, None] * unit, 1)
        away = off_line[0] if len(off_line) else np.zeros_like(unit)
        beside = "where the paths go off the line"
    plane, why = plane_through(first, second, away, (along, beside)), ""
    if plane.is_line and not wish.probe.line:
        why = "the moments lie on one line: the other direction is a random one"
        plane = plane_through(first, second, drawn_across(wish, unit[None]), (along, "random direction"))
    held = plane.project([anchor.vector for anchor in wish.anchors[:3]])[0]
    yield Choice(plane, held, alone=True, why=why)


def drawn_across(wish: Wish, others: Values) -> Values:
    """A random direction at right angles to `others`, orthonormal [n, P]."""
    parameters, chance = wish.moment.program.parameters, np.random.default_rng([wish.seed, ACROSS])
    drawn = random_direction(wish.here, parameters, chance, False, links_of(wish.moment)).astype(np.float64)
    found = across(drawn, others)
    if not found.any():  # no weight has a size yet, or all of them lie along the others
        learned = np.concatenate([np.full(p.size, p.learned) for p in parameters])
        found = across(chance.standard_normal(learned.size) * learned, others)
    return found
