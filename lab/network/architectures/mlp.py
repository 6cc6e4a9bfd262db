"""Multilayer perceptrons for digits: no convolution, every unit sees every pixel."""

from __future__ import annotations

from lab.network.activations import ScaledTanh
from lab.network.architectures.architecture import Architecture, chain
from lab.network.architectures.lenet import SOURCE
from lab.network.initializers import FanIn
from lab.network.layers import Dense, Flatten
from lab.network.network import Network
from lab.network.shape import Shape


def mlp(*hidden: int, classes: int = 10) -> Network:
    """Hidden layers of so many units, and an output; on an image of any size."""
    f, start = ScaledTanh(), FanIn()
    layers = [(f"dense{number}", Dense(units, f, start)) for number, units in enumerate(hidden, 1)]
    return chain(("flatten", Flatten()), *layers, ("output", Dense(classes, start=start)))


def _of_1998(error: str, *hidden: int) -> Architecture:
    between = "-".join(map(str, hidden))
    return Architecture(
        name=f"mlp-{between}" if hidden else "linear-classifier",
        title=f"784-{between}-10" if hidden else "Linear classifier, 784-10",
        year=1998,
        source=SOURCE,
        summary=f"One of those that LeNet-5 was compared with: {error} % of MNIST's test digits misread",
        network=mlp(*hidden),
        input=Shape(1, 28, 28),
    )


MLPS = (
    _of_1998("12.0"),
    _of_1998("4.7", 300),
    _of_1998("4.5", 1000),
    _of_1998("3.05", 300, 100),
    _of_1998("2.95", 500, 150),
)
