"""Concat and Add: every input as an image, with the place that is taken from it."""

from __future__ import annotations

import numpy as np

from lab.gui.widgets.microscope.face import Face, named
from lab.gui.widgets.microscope.picture import Scene
from lab.network.network import Facts
from lab.training.microscope import Choice, Forward, Slide, Spot, Sum


class JoiningFace(Face):
    """Of a concat one input has the channel, of a sum all have their part."""

    def scenes(self, slide: Slide, facts: Facts, forward: Forward, chosen: Choice) -> tuple[Scene, ...]:
        found = []
        for name, spot in origins(forward).items():
            if slide.shape(name).is_vector:
                continue
            title = f"{named(name)}, channel"
            found.append(
                Scene(title, name, slide.y(name), (spot.unit,), spots=np.array([spot.at]), chosen=spot)
            )
        return tuple(found)


def origins(forward: Forward) -> dict[str, Spot]:
    """From where the number is taken, by layer."""
    found: dict[str, Spot] = {}
    for line in forward.lines:
        if isinstance(line, Sum):
            spots = [line.left.spot(k) for k in range(len(line.left.values))]
        else:
            spots = [token.spot for token in line.numbers]
        found |= {spot.layer: spot for spot in spots if spot is not None}
    return found
