"""Planes that the slope decides: down the gradient and its conjugate, and along the largest curvature."""

from __future__ import annotations

import numpy as np

from lab.landscape.conjugate import conjugate_directions, second_distance
from lab.landscape.curvature import MOST, Lanczos, Leading
from lab.landscape.differences import HessianTimes
from lab.landscape.plane import Plane, Values, Vector
from lab.training.survey.linear import exact
from lab.training.survey.planes import drawn_across
from lab.training.survey.wish import Choice, Choosing, UndefinedError, Wish
from lab.wording import number, share

SETTLED, MOST_PRODUCTS = 0.01, 60
"""A direction of curvature is good where |H v - value v| is below this share of the largest eigenvalue; after so many
products it is taken as it is.
"""
UNSURE, VAGUE = 0.05, 0.3
"""A curvature, and a product of the Hessian, that changes by more than this share with the step that it is taken at is
reported.
"""
BYTES = 256 << 20
"""What the vectors of a search for curvature may take."""
START = 0x53
"""Names the draw of the part of its start that is at random."""


def down_the_gradient(wish: Wish) -> Choosing:
    """Down the gradient, and the direction conjugate to it."""
    gradient = wish.error.gradient(wish.here, wish.stop)
    if gradient is None:
        return
    length = float(np.linalg.norm(gradient))
    if not np.isfinite(length) or length == 0:
        raise UndefinedError(
            "the gradient vanishes here" if length == 0 else "the gradient is not finite here"
        )
    yield None
    times = hessian_times(wish)
    yield from times.settling(gradient / -length)
    along = times(gradient / -length)
    if along is None:
        return
    yield None
    found = conjugate_directions(gradient, along)
    first, second, d2 = found.distance, float("nan"), found.second
    why, name = "", "conjugate direction"
    if times.disagreement > VAGUE:
        why = (
            f"the error has kinks here: the Hessian differs by {share(times.disagreement)} from step to step"
        )
    if d2.any():
        curved = times(d2)
        if curved is None:
            return
        second = second_distance(gradient, d2, curved)
    elif not wish.probe.line:
        why = "the gradient is an eigenvector of the Hessian: the other direction is a random one"
        name, d2 = "random direction", drawn_across(wish, found.first[None])
    axes = "down the gradient", name
    plane = Plane(wish.here.copy(), found.first.astype(np.float32), d2.astype(np.float32), axes)
    held = around((first, second), wish.here, exact(wish.moment, wish.error) is not None)
    yield Choice(plane, held, alone=True, why=why)


def along_the_curvature(wish: Wish) -> Choosing:
    """The two eigenvectors of the Hessian with the largest eigenvalues."""
    search = begun(wish)
    if search is None:
        return
    times = hessian_times(wish)
    yield from times.settling(search.next)
    while not search.is_done and search.products < MOST_PRODUCTS:
        product = times(search.next)
        if product is None:
            return
        if not np.isfinite(product).all():
            raise UndefinedError("the curvature is not finite here")
        search.take(product)
        if search.products > 2 and off(search.leading(2)) < SETTLED:
            break
        yield None
    found = search.leading(2)
    checks = [times.check(vector) for vector in found.vectors]
    differs = [check for check in checks if check is not None]
    if len(differs) < len(checks):
        return
    first, second = (
        f"{nth} curvature direction (λ = {number(float(value))})"
        for nth, value in zip(("1st", "2nd"), found.values, strict=True)
    )
    d1, d2 = found.vectors.astype(np.float32)
    why = (
        f"λ differs by {share(max(differs))} with the step it is measured at" if max(differs) > UNSURE else ""
    )
    if off(found) > SETTLED:
        why = f"the directions are settled to {share(off(found))} only"
    # so far that the curvature alone would double the error
    height = float(wish.error.at(wish.here[None], wish.stop).sum())
    reach = [float(np.sqrt(2 * height / abs(value))) if value else float("nan") for value in found.values]
    held = around((reach[0] / 2, reach[1] / 2), wish.here)
    plane = Plane(wish.here.copy(), d1, d2, (first, second))
    yield Choice(plane, np.concatenate([held, -held]), alone=True, why=why)


def hessian_times(wish: Wish) -> HessianTimes:
    return HessianTimes(lambda at: wish.error.gradient(at, wish.stop), wish.here)


def begun(wish: Wish) -> Lanczos | None:
    """The search begins with the gradient, which lies mostly along the steep directions, and a little of all others, so
    that none is missed. None where it was broken off.
    """
    gradient = wish.error.gradient(wish.here, wish.stop)
    if gradient is None:
        return None
    length = float(np.linalg.norm(gradient))
    if not np.isfinite(length):
        raise UndefinedError("the gradient is not finite here")
    free = np.concatenate([np.full(p.size, p.learned) for p in wish.moment.program.parameters])
    drawn = np.random.default_rng([wish.seed, START]).standard_normal(free.size) * free
    drawn /= np.linalg.norm(drawn)
    start = gradient / length + 0.1 * drawn if length > 0 else drawn
    return Lanczos(start, free, min(MOST, BYTES // (8 * free.size)))


def off(found: Leading) -> float:
    """By how much the pairs miss, as a share of the largest eigenvalue."""
    most = float(np.abs(found.values).max())
    return float(found.residuals.max()) / most if most > 0 else 0.0


def around(distances: tuple[float, float], weights: Vector, certain: bool = False) -> Values:
    """Here, and twice as far as minima that lie so far along each direction.

    Where these are not `certain`, but those of a model, no farther than the weights are long.
    """
    length = float(np.linalg.norm(weights)) or 1.0
    most = np.inf if certain else length
    reach = np.array([min(abs(d), most) if np.isfinite(d) and d else np.nan for d in distances])
    least = float(np.nanmin(reach)) if np.isfinite(reach).any() else 0.1 * length
    return np.stack([np.zeros(2), 2 * np.nan_to_num(reach, nan=least)])
