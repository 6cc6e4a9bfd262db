"""Which plane a surface is over. Some are found at once, others take many passes through the network: in slices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lab.training.surfaces import PlaneName
from lab.training.survey.planes import (
    both_weights,
    main_plane,
    one_weight,
    path_directions,
    random_directions,
    through_moments,
    two_weights,
)
from lab.training.survey.slopes import along_the_curvature, down_the_gradient
from lab.training.survey.wish import Choosing, UndefinedError, Wish

KINDS: dict[PlaneName, Callable[[Wish], Choosing]] = {
    "path": path_directions,
    "random": random_directions,
    "weights": two_weights,
    "gradient": down_the_gradient,
    "curvature": along_the_curvature,
    "moments": through_moments,
}


def choosing(wish: Wish) -> Choosing:
    """Find the plane of a probe, for a moment: None after each part of the work, the choice at the end.

    Where the plane is not defined there is the one of the main directions, and a word why.
    """
    if len(wish.here) == 1:
        yield one_weight(wish)
        return
    if len(wish.here) == 2 and not wish.probe.line:
        yield both_weights(wish)
        return
    try:
        for choice in KINDS[wish.probe.plane](wish):
            yield choice.line() if choice is not None and wish.probe.line else choice
    except UndefinedError as reason:
        other = replace(main_plane(wish), why=f"{reason}", makeshift=True)
        yield other.line() if wish.probe.line else other
