"""VGG-16: nothing but 3 x 3 windows, deeper than anything before."""

from __future__ import annotations

from lab.network.activations import ReLU
from lab.network.architectures.architecture import Architecture, chain
from lab.network.initializers import He
from lab.network.layers import AnyLayer, Conv2D, Dense, Dropout, Flatten, MaxPool2D
from lab.network.network import Network
from lab.network.shape import Shape

BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
"""(convolutions, filters) of each."""


def vgg_16(classes: int = 1000) -> Network:
    """Configuration D. The paper starts it from a shallower one that is learned first; here it starts by He."""
    f, start = ReLU(), He()
    layers: list[tuple[str, AnyLayer]] = []
    for block, (count, filters) in enumerate(BLOCKS, 1):
        for number in range(1, count + 1):
            layers.append((f"conv{block}_{number}", Conv2D(filters, 3, padding=1, activation=f, start=start)))
        layers.append((f"pool{block}", MaxPool2D()))
    return chain(
        *layers,
        ("flatten", Flatten()),
        ("fc6", Dense(4096, f, start)),
        ("drop6", Dropout(0.5)),
        ("fc7", Dense(4096, f, start)),
        ("drop7", Dropout(0.5)),
        ("fc8", Dense(classes, start=start)),
    )


VGG_16 = Architecture(
    name="vgg-16",
    title="VGG-16 of 2014",
    year=2014,
    source="K. Simonyan, A. Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015",
    summary="Sixteen layers of 3×3 windows: two of them see what one of 5×5 sees, with fewer weights",
    network=vgg_16(),
    input=Shape(3, 224, 224),
)
