"""AlexNet: the network that won ILSVRC in 2012, and with it the field."""

from __future__ import annotations

from lab.network.activations import ReLU
from lab.network.architectures.architecture import Architecture, chain
from lab.network.initializers import Normal
from lab.network.layers import Conv2D, Dense, Dropout, Flatten, LocalResponseNorm, MaxPool2D
from lab.network.network import Network
from lab.network.shape import Shape

SOURCE = (
    "A. Krizhevsky, I. Sutskever, G. Hinton, ImageNet Classification with Deep Convolutional Neural Networks, "
    "NeurIPS 2012"
)


def alexnet(groups: int, classes: int = 1000) -> Network:
    """With 2 groups as published: two towers on two cards, which see each other's maps only at conv3 and fc6.

    The paper says 224 x 224 pixels; its numbers come out with 227. It starts the biases of conv2, conv4, conv5,
    fc6 and fc7 at 1, here they start at 0.
    """
    f, start = ReLU(), Normal(0.01)
    return chain(
        ("conv1", Conv2D(96, 11, 4, activation=f, start=start)),
        ("norm1", LocalResponseNorm(5, 1e-4, 0.75, 2.0)),
        ("pool1", MaxPool2D(3, 2)),
        ("conv2", Conv2D(256, 5, padding=2, activation=f, start=start, groups=groups)),
        ("norm2", LocalResponseNorm(5, 1e-4, 0.75, 2.0)),
        ("pool2", MaxPool2D(3, 2)),
        ("conv3", Conv2D(384, 3, padding=1, activation=f, start=start)),
        ("conv4", Conv2D(384, 3, padding=1, activation=f, start=start, groups=groups)),
        ("conv5", Conv2D(256, 3, padding=1, activation=f, start=start, groups=groups)),
        ("pool5", MaxPool2D(3, 2)),
        ("flatten", Flatten()),
        ("fc6", Dense(4096, f, start)),
        ("drop6", Dropout(0.5)),
        ("fc7", Dense(4096, f, start)),
        ("drop7", Dropout(0.5)),
        ("fc8", Dense(classes, start=start)),
    )


ALEXNET = Architecture(
    name="alexnet",
    title="AlexNet of 2012",
    year=2012,
    source=SOURCE,
    summary="Eight layers in two towers, 1,000 classes: an error of 16.4 % where 25.8 % had been the best",
    network=alexnet(groups=2),
    input=Shape(3, 227, 227),
)
ALEXNET_ONE_TOWER = Architecture(
    name="alexnet-one-tower",
    title="AlexNet, one tower",
    year=2012,
    source=SOURCE,
    summary="AlexNet without groups, as it fits on one card",
    network=alexnet(groups=1),
    input=Shape(3, 227, 227),
)
