"""ConvNetJS's network for CIFAR-10: small colour images told apart while one looks on, in a browser, in 2014."""

from __future__ import annotations

from lab.network.activations import ReLU
from lab.network.architectures.architecture import Architecture, chain
from lab.network.initializers import FanIn
from lab.network.layers import Conv2D, Dense, Flatten, MaxPool2D
from lab.network.network import Network
from lab.network.shape import Shape


def convnetjs_cifar(classes: int = 10) -> Network:
    """ConvNetJS starts the biases of layers with a ReLU at 0.1, here they start at 0."""
    f = ReLU()
    return chain(
        ("conv1", Conv2D(16, 5, padding="same", activation=f, start=FanIn())),
        ("pool1", MaxPool2D()),
        ("conv2", Conv2D(20, 5, padding="same", activation=f, start=FanIn())),
        ("pool2", MaxPool2D()),
        ("conv3", Conv2D(20, 5, padding="same", activation=f, start=FanIn())),
        ("pool3", MaxPool2D()),
        ("flatten", Flatten()),
        ("dense", Dense(classes, start=FanIn())),
    )


CONVNETJS_CIFAR = Architecture(
    name="convnetjs-cifar-10",
    title="ConvNetJS's network for CIFAR-10",
    year=2014,
    source="A. Karpathy, ConvNetJS, demo “CIFAR-10”, cs.stanford.edu/people/karpathy/convnetjs/demo/cifar10.html",
    summary="Three convolutions of 5×5, each with a pooling, and ten classes of small colour images",
    network=convnetjs_cifar(),
    input=Shape(3, 32, 32),
)
