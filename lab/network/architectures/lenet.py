"""LeNet-5: digits read by convolutions that are learned. As published, and as it is built today."""

from __future__ import annotations

from lab.network.activations import ReLU, ScaledTanh
from lab.network.architectures.architecture import Architecture, chain
from lab.network.initializers import FanIn, He, Xavier
from lab.network.layers import Conv2D, Dense, Flatten, MaxPool2D, Subsample
from lab.network.network import Network
from lab.network.shape import Shape

SOURCE = (
    "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-Based Learning Applied to Document Recognition, "
    "Proceedings of the IEEE 86, 1998"
)

C3 = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
)  # fmt: skip
"""Table I of the paper: the maps of S2 that each map of C3 sees."""


def as_published() -> Network:
    """C1 to F6 as in section II.B: 60,000 parameters, and 340,908 connections with the output's.

    Every layer up to F6 ends in the scaled tanh. The paper's output has no parameters that are learned: each of its
    ten units measures how far F6's 84 numbers are from a picture of its digit drawn by hand, |x - w|², with w of
    ±1. All w are equally long, so that a softmax over -|x - w|²/2 is a softmax over the products w x: a dense layer
    without biases. This is what stands here, with 840 weights that are learned where the paper draws them. A rate
    of 0 for the layer keeps them as they start.
    """
    f, start = ScaledTanh(), FanIn("uniform")
    return chain(
        ("C1", Conv2D(6, 5, activation=f, start=start)),
        ("S2", Subsample(activation=f)),
        ("C3", Conv2D(16, 5, activation=f, start=start, connections=C3)),
        ("S4", Subsample(activation=f)),
        ("C5", Conv2D(120, 5, activation=f, start=start)),
        ("F6", Dense(84, f, start)),
        ("output", Dense(10, start=start, bias=False)),
    )


def as_built_today() -> Network:
    """All maps connected, pooling with nothing to learn, and a plain linear output."""
    f, start = ReLU(), He()
    return chain(
        ("conv1", Conv2D(6, 5, activation=f, start=start)),
        ("pool1", MaxPool2D()),
        ("conv2", Conv2D(16, 5, activation=f, start=start)),
        ("pool2", MaxPool2D()),
        ("flatten1", Flatten()),
        ("dense1", Dense(120, f, start)),
        ("dense2", Dense(84, f, start)),
        ("dense3", Dense(10, start=Xavier())),
    )


LENET_5 = Architecture(
    name="lenet-5-1998",
    title="LeNet-5 of 1998",
    year=1998,
    source=SOURCE,
    summary="Reads digits: convolutions, subsampling that is learned, and a second layer that sees some maps only",
    network=as_published(),
    input=Shape(1, 32, 32),
    unpublished=("output",),
)
MODERN_LENET = Architecture(
    name="lenet",
    title="LeNet-5 as it is built today",
    year=1998,
    source=SOURCE,
    summary="All maps connected, max pooling, ReLU",
    network=as_built_today(),
    input=Shape(1, 32, 32),
)
