"""Upsampling, crop and flatten: where on what comes in a number is taken from."""

from __future__ import annotations

import numpy as np

from lab.gui.widgets.microscope.face import Face, named
from lab.gui.widgets.microscope.picture import Scene
from lab.network.network import Facts
from lab.training.microscope import Choice, Forward, Slide, Sum


class ResizingFace(Face):
    """The places that have a share in the number are outlined."""

    def scenes(self, slide: Slide, facts: Facts, forward: Forward, chosen: Choice) -> tuple[Scene, ...]:
        name = facts.inputs[0]
        if slide.shape(name).is_vector:
            return ()
        (line,) = forward.lines
        if isinstance(line, Sum):
            spots = line.right.spots if line.right is not None else line.left.spots
        else:
            spots = np.array([token.spot.at for token in line.numbers if token.spot is not None])
        if spots is None or not len(spots):
            return ()
        channel = int(spots[0][0])
        at = chosen.pixel if chosen.pixel is not None and chosen.pixel.unit == channel else None
        title = f"{named(name)}, channel"
        return (Scene(title, name, slide.y(name), (channel,), spots=spots, chosen=at),)
