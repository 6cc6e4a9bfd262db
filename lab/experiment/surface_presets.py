"""Experiments on known surfaces and on the linear neuron's bowls, from which their presets are written.

`python -m lab.experiment.surface_presets` writes the files of this table into resources/presets. A new one is an entry
here and its name in `lab.experiment.presets.GROUPS`.
"""

from __future__ import annotations

from lab.data.datasets.linear import LinearCases, LinearCloud
from lab.data.datasets.tilts import Tilts
from lab.experiment.experiment import Experiment
from lab.experiment.files import save_experiment
from lab.files import resource
from lab.learning.losses import OutputItself, SquaredError
from lab.learning.optimizers import SGD, Adam, AnyOptimizer, Momentum, Rprop
from lab.network.formula.known import KNOWN
from lab.network.initializers import Zero
from lab.network.layers import Dense, Formula
from lab.network.network import Network, Node

ALL = 10_000
"""A batch that is always the whole set."""
NO_NOISE = Tilts()


def on_formula(
    name: str,
    description: str,
    formula: Formula,
    optimizer: AnyOptimizer,
    data: Tilts = NO_NOISE,
    batch_size: int = ALL,
) -> Experiment:
    """An experiment whose error is a formula; alone without noise, unless `data` has tilts and batches are small."""
    return Experiment(
        name=name,
        description=description,
        data=data,
        network=Network((Node("f", formula),)),
        loss=OutputItself(),
        optimizer=optimizer,
        batch_size=batch_size,
    )


def on_known(name: str, description: str, optimizer: AnyOptimizer) -> Experiment:
    one = KNOWN[name]
    return on_formula(one.title, description, Formula(one.formula, *one.start), optimizer)


def on_bowl(
    name: str, description: str, data: LinearCases | LinearCloud, rate: float, batch_size: int = ALL
) -> Experiment:
    """A linear neuron without bias, from (0, 0), its error summed over the cases as in the lecture."""
    return Experiment(
        name=name,
        description=description,
        data=data,
        network=Network((Node("neuron", Dense(1, start=Zero(), bias=False)),)),
        loss=SquaredError(over_examples="sum"),
        optimizer=SGD(rate=rate),
        batch_size=batch_size,
    )


SURFACES: dict[str, Experiment] = {
    "shift-the-inputs": on_bowl(
        "Shift the inputs",
        "Two cases for a linear neuron: (101, 101) is to give 2 and (101, 99) is to give 0. The inputs lie far from "
        "0, so that the bowl over the two weights is a ravine of condition number 40,006, and steps that do not climb"
        " its walls get nowhere along its floor. Choose the cases “shifted” in the data panel, (1, 1) and (1, −1), "
        "and set the rate to 0.5: the bowl is round, and the first step goes to its bottom.",
        LinearCases(cases="unshifted"),
        0.00004,
    ),
    "scale-the-inputs": on_bowl(
        "Scale the inputs",
        "Two cases for a linear neuron: (0.1, 10) is to give 2 and (0.1, −10) is to give 0. One input is a hundred "
        "times as large as the other, and the bowl over the two weights is 10,000 times steeper along one axis than "
        "along the other. Scale the inputs by their deviation in the data panel and set the rate to 0.5: (1, 1) and "
        "(1, −1), a round bowl, and one step.",
        LinearCases(cases="unscaled"),
        0.009,
    ),
    "case-by-case": on_bowl(
        "One case at a time",
        "A linear neuron that learns from one case at a time. Each case alone is content anywhere on a line through "
        "the plane of the two weights, and pulls towards that line: the path zigzags about the direction of steepest "
        "descent. Raise the batch size to all of them, lower the rate to 0.01, and it goes at right angles to "
        "the contour lines.",
        LinearCloud(),
        0.1,
        batch_size=1,
    ),
    "ravine": on_known(
        "ravine",
        "A long valley that lies aslant, a hundred times steeper across than along. Steepest descent leaps from wall "
        "to wall and hardly moves along the floor; above a rate of 0.02 it climbs out. Momentum adds up what the "
        "steps have in common. Rules with a rate for each weight see nothing of the valley, for it does not run along"
        " an axis.",
        SGD(rate=0.015),
    ),
    "rosenbrock": on_known(
        "rosenbrock",
        "A bent valley whose floor is nearly level: it is soon found, and followed for ever. At the minimum (1, 1) "
        "the surface is 2,500 times steeper across than along, and steepest descent takes some ten thousand steps. "
        "Rosenbrock made it in 1960 to try methods on; see what momentum makes of it.",
        Momentum(rate=0.001, momentum=0.95),
    ),
    "beale": on_known(
        "beale",
        "Steep walls in the corners, a nearly level floor with a bend, and a minimum at (3, 0.5) at the end of a long"
        " trough. Where the walls are steep, gradients are thousands of times larger than at the bottom: no one rate "
        "suits both. Drag the start up a wall and see who survives.",
        Momentum(rate=0.01, momentum=0.9),
    ),
    "himmelblau": on_known(
        "himmelblau",
        "Four hollows, all of error 0, and a hill between them. Into which of them a run comes is decided by its "
        "start, its rate and its momentum, sometimes by a hair: drag the start about the hill, and see how the same "
        "descent ends in another place.",
        SGD(rate=0.01),
    ),
    "saddle": on_known(
        "saddle",
        "A pass between two hollows. The start lies almost on the ridge, from where the gradient leads straight to "
        "the pass and vanishes there; the way out is sideways, where the slope begins as next to nothing. See how "
        "long each method rests on the pass, and what noise in the gradients does for it.",
        SGD(rate=0.1),
    ),
    "plateau": on_known(
        "plateau",
        "Level ground around a hollow. Out here the gradient is a thousandth of what it is at the rim: plain descent "
        "hardly stirs for a hundred steps. Rules that divide by the size of the gradient (RMSprop, Adam, rprop) walk "
        "at their own pace, however little slope there is.",
        SGD(rate=0.5),
    ),
    "many-minima": on_known(
        "many-minima",
        "A bowl full of dents: a minimum near every pair of whole numbers, and the lowest of all at (0, 0). Small "
        "steps end in the nearest dent. Large ones, or momentum, roll over some of them. What is best here says "
        "little about a large network, whose surface has few dents and many saddles.",
        Momentum(rate=0.002, momentum=0.9),
    ),
    "noisy-ravine": on_formula(
        "Ravine with noise",
        "The ravine as mini-batches see it: each of 64 cases tilts the surface a little, in all directions, and a "
        "batch has the mean tilt of its cases. The steps lead downhill on average and rattle about the minimum, less "
        "the larger the batch and the smaller the rate. With all 64 in a batch the tilts cancel, and the noise is "
        "gone.",
        Formula(KNOWN["ravine"].formula, *KNOWN["ravine"].start),
        Momentum(rate=0.002, momentum=0.9),
        Tilts(cases=64, noise=4.0),
        batch_size=4,
    ),
    "nine-and-one": on_formula(
        "Why rprop wants whole batches",
        "Level ground, and ten cases: nine pull a weight with a gradient of +0.1, one with −0.9. On average there is "
        "no slope, and the weights should stay where they are. rprop looks at the sign alone: nine times it goes the "
        "same way, with growing steps, and once it goes back. Race it (Ctrl+R, “Rprop and mini-batches”) against "
        "RMSprop, which divides by the size of many gradients, and both against themselves with all ten cases at "
        "once; the view Optimizers tells each update term by term.",
        Formula("0", 0.0, 0.0),
        Rprop(rate=0.01),
        Tilts(cases=10, noise=0.3, pattern="nine and one"),
        batch_size=1,
    ),
    "your-own-formula": on_formula(
        "Your own formula",
        "The error is a formula in two weights, x and y. Write another one in the architecture panel: + − * / ^, "
        "parentheses, pi, e, sin, cos, tan, exp, log, sqrt, abs, tanh, sinh, cosh, atan, min and max. It is "
        "differentiated exactly, an operation a row, and x and y go on from where they are.",
        Formula("1 + x^2/4 + y^2 + sin(3*x)*cos(2*y)", 2.5, -1.5),
        Adam(rate=0.05),
    ),
}


def write() -> None:
    for name, experiment in SURFACES.items():
        save_experiment(experiment, resource("presets", f"{name}.json"))


if __name__ == "__main__":
    write()
