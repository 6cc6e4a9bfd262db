"""Experiments that go wrong on purpose, each in one way, from which their presets are written.

`python -m lab.experiment.fault_presets` writes the files of this table into resources/presets. A new one is an entry
here, its name in `lab.experiment.presets.GROUPS`, and a test that its fault is there, in tests/training/test_faults.py.
"""

from __future__ import annotations

from lab.data.datasets.two_classes import XOR, Rings
from lab.data.preprocessing import Preprocessing, Split
from lab.experiment.experiment import Experiment
from lab.experiment.files import save_experiment
from lab.files import resource
from lab.learning.losses import SquaredError
from lab.learning.optimizers import SGD, AnyOptimizer, Momentum
from lab.network.activations import AnyActivation, Linear, ReLU, Sigmoid, Tanh
from lab.network.initializers import AnyInitializer, Constant, He, Normal, Xavier
from lab.network.layers import Dense
from lab.network.network import Network, Node


def in_the_plane(
    name: str,
    description: str,
    data: XOR | Rings,
    hidden: tuple[int, ...],
    activation: AnyActivation,
    start: AnyInitializer,
    last: AnyActivation,
    optimizer: AnyOptimizer,
) -> Experiment:
    """Two classes in the plane, dense layers of so many `hidden` units, and one output that is to say ±1."""
    units = [*((many, activation) for many in hidden), (1, last)]
    nodes = (Node(f"dense{k}", Dense(many, f, start)) for k, (many, f) in enumerate(units, 1))
    return Experiment(
        name=name,
        description=description,
        data=data,
        preprocessing=Preprocessing(shift="mean", scale="deviation", per="feature"),
        split=Split(0.5, 0.25, 0.25),
        network=Network(tuple(nodes)),
        loss=SquaredError(low=-1.0, high=1.0),
        optimizer=optimizer,
        batch_size=10,
    )


FAULTS: dict[str, Experiment] = {
    "all-equal-start": in_the_plane(
        "All weights start equal",
        "Every weight starts at 0.3. Units of a layer then give the same numbers, get the same gradients, and stay one "
        "and the same for ever: eight units do the work of one, which no single unit can do for XOR. The view Health "
        "finds them. Give the layers another start, small and random, and it learns.",
        XOR(points=400),
        (8, 8),
        Tanh(),
        Constant(0.3),
        Tanh(),
        SGD(rate=0.03),
    ),
    "dying-relus": in_the_plane(
        "Dying ReLUs",
        "A rate that is too large throws units to where their z is negative for every example. There a ReLU is 0 and "
        "level, no gradient passes, and they never come back. Step by update and watch them die in the view Health: "
        "with all of a layer the network gives one number for all inputs. Lower the rate, or choose leaky ReLU.",
        Rings(points=400, noise=0.2),
        (16, 16),
        ReLU(),
        He(),
        Linear(),
        Momentum(rate=0.08),
    ),
    "vanishing-gradients": in_the_plane(
        "Vanishing gradients",
        "Eight layers of sigmoids, whose slope is ¼ at most: on its way back the gradient shrinks in every layer, and "
        "what reaches the first is a hundred thousandth of what leaves the last. The view Health shows its spread "
        "layer by layer. Choose tanh or ReLU, or fewer layers, and it learns.",
        Rings(points=400, noise=0.2),
        (8,) * 8,
        Sigmoid(),
        Xavier(),
        Tanh(),
        SGD(rate=0.03),
    ),
    "exploding-gradients": in_the_plane(
        "Exploding gradients",
        "Eight layers of ReLUs whose weights start more than twice too large: numbers grow in every layer on the way "
        "up, gradients on the way back, and the first update throws the weights away; the loss is no longer finite. "
        "The view Health shows both before it. Start with He, or clip the gradient, and it learns.",
        Rings(points=400, noise=0.2),
        (16,) * 8,
        ReLU(),
        Normal(0.8),
        Linear(),
        SGD(rate=0.01),
    ),
}


def write() -> None:
    for name, experiment in FAULTS.items():
        save_experiment(experiment, resource("presets", f"{name}.json"))


if __name__ == "__main__":
    write()
