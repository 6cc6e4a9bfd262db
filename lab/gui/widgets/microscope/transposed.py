"""A transposed convolution: which pixels stamp on a place of the output, and with which weight each."""

from __future__ import annotations

from lab.gui.widgets.microscope.dense import SumFace
from lab.gui.widgets.microscope.face import named
from lab.gui.widgets.microscope.picture import Scene, shown_channels
from lab.network.network import Facts
from lab.training.microscope import Choice, Forward, Slide, Sum


class TransposedFace(SumFace):
    """The pixels that stamp are outlined on what comes in."""

    def scenes(self, slide: Slide, facts: Facts, forward: Forward, chosen: Choice) -> tuple[Scene, ...]:
        name = facts.inputs[0]
        if slide.shape(name).is_vector:
            return ()
        line = next((line for line in forward.lines if isinstance(line, Sum)), None)
        right = None if line is None or line.right is None else line.right.spots
        pixel = chosen.pixel
        channels = shown_channels(slide.shape(name).channels, () if pixel is None else (pixel.unit,))
        scene = Scene(f"{named(name)}, channel", name, slide.y(name), channels, chosen=pixel)
        if right is None:
            return (scene,)
        return (Scene(scene.title, name, scene.values, channels, spots=right, chosen=pixel),)
