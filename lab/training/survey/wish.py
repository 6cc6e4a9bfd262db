"""What is asked for when a plane is to be chosen, and what is answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lab.landscape.filters import Links
from lab.landscape.plane import Plane, Values, Vector
from lab.training.moment import Moment
from lab.training.readings import Stop
from lab.training.surfaces import SurfaceProbe
from lab.training.survey.anchors import Anchor
from lab.training.survey.error import ErrorOf


@dataclass(frozen=True, eq=False)
class Choice:
    """A plane, and points of it [n, 2] that the frame must hold besides the path, or, if they are `alone`, instead.

    `why` says why it is not the one asked for. A `makeshift` stands for another one that there was not enough to see
    for yet.
    """

    plane: Plane
    held: Values
    alone: bool = False
    why: str = ""
    makeshift: bool = False

    def line(self) -> Choice:
        """The line along its first direction."""
        return replace(self, plane=self.plane.line(), held=self.held * np.array([1.0, 0.0]))


@dataclass(frozen=True, eq=False)
class Wish:
    """What is asked for, and of which moment. `error` is that of training: planes do not depend on what is shown."""

    probe: SurfaceProbe
    moment: Moment
    error: ErrorOf
    anchors: tuple[Anchor, ...]
    stop: Stop

    @property
    def here(self) -> Vector:
        return self.moment.params

    @property
    def seed(self) -> int:
        return self.probe.seed or self.moment.experiment.seed


class UndefinedError(Exception):
    """A plane that there is not, at this moment. Its words say why."""


Choosing = Iterator[Choice | None]
"""None after each part of the work, the choice at the end; it ends without one where it was broken off."""


def links_of(moment: Moment) -> Links:
    """The unit that each weight leads into, of layers whose weights are single links."""
    return {
        f"{facts.name}.{p.name}": facts.layer.links(facts.input)[:, 0]
        for facts in moment.experiment.analysis.nodes
        for p in facts.parameters
        if "link" in p.axes and facts.input is not None
    }


def weight_name(moment: Moment, index: int) -> str:
    """A weight as a person reads it: "dense1.weight [0, 1]"; a parameter of one number by its name alone."""
    for p in moment.program.parameters:
        at = moment.program.offsets[p.name]
        if at <= index < at + p.size:
            if p.size == 1:  # of the only layer there is it need not be said whose it is
                alone = len(moment.experiment.network.nodes) == 1
                return p.name.rpartition(".")[2] if alone else p.name
            place = ", ".join(str(int(i)) for i in np.unravel_index(index - at, p.shape))
            return f"{p.name} [{place}]"
    return f"weight {index}"
