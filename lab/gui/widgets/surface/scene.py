"""What the faces of an error surface are given: one frozen value, the same for each of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.gui.widgets.surface.terrain import Look, Terrain
from lab.gui.widgets.surface.trails import Trail
from lab.training.surfaces import Compass, Surface


@dataclass(frozen=True)
class Marks:
    """What of the present point is drawn: `arrows` and `scales` by their keys, the ellipse's axes, the constraint line;
    rings where a point's true error is another than the surface's.
    """

    arrows: frozenset[str] = frozenset({"descent", "step", "minimum"})
    scales: frozenset[str] = frozenset()
    ellipse: bool = True
    constraint: bool = True
    truth: bool = True


@dataclass(frozen=True, eq=False)
class Scene:
    """A surface and all that is drawn on it; the last of the `trails` is that of the run whose it is.

    `over` is another surface of the same frame whose lines are laid over it. `is_whole` says that the plane is all of
    weight space: two weights; then the start can be moved where it is `movable`. With `equal` units on both axes
    steepest descent crosses the lines at right angles, as it should.
    """

    surface: Surface
    land: Terrain
    trails: tuple[Trail, ...]
    look: Look = field(default_factory=Look)
    marks: Marks = field(default_factory=Marks)
    title: str = ""
    over: Terrain | None = None
    is_whole: bool = False
    equal: bool = False
    movable: bool = False

    @property
    def compass(self) -> Compass | None:
        return self.surface.compass

    @property
    def front(self) -> Trail | None:
        """Of the run whose surface it is."""
        return self.trails[-1] if self.trails else None
