"""Surfaces that optimizers are tried on: their formulas, where to start, where their minima are, what to look at."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lab.network.formula.reading import read
from lab.network.formula.tree import Tree

Spot = tuple[float, float]
Frame = tuple[Spot, Spot]
"""((x lowest, x highest), (y lowest, y highest))."""


@dataclass(frozen=True)
class Known:
    """`minima` are to the last bit; none where the surface has no lowest point."""

    title: str
    formula: str
    start: Spot
    minima: tuple[Spot, ...]
    frame: Frame
    summary: str

    @property
    def tree(self) -> Tree:
        return read(self.formula)


def ravine(condition: float, angle: float) -> str:
    """The formula of a valley whose Hessian has the eigenvalues 1 and `condition` (above 0), its floor turned by
    `angle` degrees from the x axis.

    Sine and cosine are rounded to four places: both axes keep one length, so the condition stays what it is.
    """
    turn = math.radians(angle)
    c, s = round(math.cos(turn), 4), round(math.sin(turn), 4)
    return f"0.5*{_along(c, s)}^2 + {condition / 2:.12g}*{_along(-s, c)}^2"


def _along(a: float, b: float) -> str:
    """a x + b y in parentheses, without what is 0."""
    terms = [f"{abs(k):g}*{name}" if abs(k) != 1 else name for k, name in ((a, "x"), (b, "y")) if k]
    signs = [k < 0 for k in (a, b) if k]
    text = ("-" if signs[0] else "") + terms[0]
    return f"({text}{' - ' if signs[-1] else ' + '}{terms[1]})" if len(terms) == 2 else f"({text})"


# of Himmelblau's function, by Newton's method in 50 digits
HIMMELBLAU = (
    (3.0, 2.0),
    (-2.805118086952745, 3.131312518250573),
    (-3.779310253377747, -3.283185991286170),
    (3.584428340330492, -1.848126526964404),
)

KNOWN: dict[str, Known] = {
    "ravine": Known(
        "Ravine",
        ravine(100, 30),
        (-3.0, 1.5),
        ((0.0, 0.0),),
        ((-4.0, 4.0), (-3.0, 3.0)),
        "A long valley aslant, 100 times steeper across than along",
    ),
    "rosenbrock": Known(
        "Rosenbrock",
        "(1 - x)^2 + 100*(y - x^2)^2",
        (-1.2, 1.0),
        ((1.0, 1.0),),
        ((-2.0, 2.0), (-1.0, 3.0)),
        "A bent valley with a nearly level floor: Rosenbrock, 1960",
    ),
    "beale": Known(
        "Beale",
        "(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2",
        (1.0, 1.0),
        ((3.0, 0.5),),
        ((-1.0, 4.5), (-1.5, 1.5)),
        "Steep walls around a level floor: Beale, 1958",
    ),
    "himmelblau": Known(
        "Himmelblau",
        "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        (-0.5, -1.0),
        HIMMELBLAU,
        ((-5.5, 5.5), (-5.5, 5.5)),
        "Four minima, all of error 0: Himmelblau, 1972",
    ),
    "saddle": Known(
        "Saddle",
        "0.25 + 0.5*x^2 - 0.5*y^2 + 0.25*y^4",
        (-1.5, 0.001),
        ((0.0, 1.0), (0.0, -1.0)),
        ((-2.0, 2.0), (-1.6, 1.6)),
        "A pass between two minima: on its ridge the gradient leads to the pass, and vanishes there",
    ),
    "plateau": Known(
        "Plateau",
        "1 - exp(-(x^2 + 2*y^2)/4)",
        (-3.0, 2.0),
        ((0.0, 0.0),),
        ((-4.0, 4.0), (-3.0, 3.0)),
        "Level ground around a hollow: far out there is hardly any gradient to go by",
    ),
    "many-minima": Known(
        "Many minima",
        "20 + x^2 - 10*cos(2*pi*x) + y^2 - 10*cos(2*pi*y)",
        (3.3, -2.6),
        ((0.0, 0.0),),
        ((-4.5, 4.5), (-4.5, 4.5)),
        "A minimum near every pair of whole numbers, the lowest at 0: Rastrigin, 1974",
    ),
}
"""Of the surface with many minima the lowest alone is named."""


def known(tree: Tree) -> Known | None:
    """The known surface that this is, in whatever way its formula is written."""
    return next((one for one in KNOWN.values() if one.tree == tree), None)
